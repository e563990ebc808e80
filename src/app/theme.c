#include "theme.h"

#include <stdio.h>
#include <string.h>

#include "app.h"
#include "launch.h"

int theme_of(struct arena *arena, const char *given, const struct theme **ret, struct err *err)
{
    const char *name = given ? given : "dark", *path = name, *text;
    struct json_faults *faults;
    struct buf report;
    size_t len;
    int r = 0;

    if (!strchr(name, '/'))
        r = data_file(arena, arena_format(arena, "themes/%s.json", name), &path, err);
    if (r < 0 && !given) {
        /* The program works without any file beside it. */
        *ret = theme_monochrome();
        return 0;
    }
    if (r < 0)
        return err_set(
            err, ERR_USAGE,
            "there is no theme \"%s\": say dark, light, high-contrast, monochrome or the path of one", name);
    if (r == 0)
        r = read_document(arena, path, &text, &len, err);
    if (r < 0)
        return r;
    faults = arena_alloc(arena, sizeof(*faults));
    json_faults_init(faults, arena);
    *ret = theme_load(arena, text, len, faults);
    if (*ret)
        return 0;
    buf_init(&report, REPORT_MAX);
    report_faults(&report, path, faults);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    return err_set(err, ERR_INVALID, "the theme is refused");
}
