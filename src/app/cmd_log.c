#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "journal/journal.h"
#include "lines.h"
#include "wire/rundir.h"

/* `<16 hex> ` before the JSON of a journal's line. */
#define LINE_PREFIX 17

static int print_text(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)data;
    (void)line;
    (void)len;
    (void)err;
    print_event_line(event);
    return 0;
}

static int print_json(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)data;
    (void)event;
    (void)err;
    printf("%.*s\n", (int)(strcspn(line, "\n") < len ? strcspn(line, "\n") : len) - LINE_PREFIX,
           line + LINE_PREFIX);
    return 0;
}

static const struct {
    const char *name;
    journal_reader print;
} formats[] = { { "text", print_text }, { "json", print_json } };

static int print_log(struct arena *arena, const char *run, const char *format, struct err *err)
{
    struct rundir_entry entry;
    size_t torn;
    int r;

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (!text_equal(format, formats[i].name))
            continue;
        r = rundir_find(arena, run, false, &entry, err);
        if (r == 0)
            r = journal_read(rundir_path(arena, entry.dir, "journal"), formats[i].print, NULL, &torn, err);
        return r;
    }
    return err_set(err, ERR_USAGE, "--format is text or json, not \"%s\"", format);
}

int cmd_log(int argc, char **argv)
{
    struct arena *arena = arena_create();
    const char *format = "text";
    const struct option_row options[] = { { "--format", OPTION_VALUE, &format },
                                          { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 1, "log", &err);
    if (r == 0)
        r = print_log(arena, arguments.count > 0 ? arguments.list[0] : NULL, format, &err);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
