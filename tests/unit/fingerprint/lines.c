#include "lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void differences(struct arena *arena, const struct fingerprint *before, const struct fingerprint *after,
                 struct buf *ret)
{
    const struct difference *found;
    size_t count = fingerprint_compare(arena, before, after, &found);
    for (size_t i = 0; i < count; i++) {
        difference_text(ret, &found[i]);
        buf_char(ret, '\n');
    }
}

const char *value_of(const struct fingerprint *fingerprint, const char *what, const char *name)
{
    for (size_t i = 0; i < fingerprint->count; i++) {
        const struct fingerprint_line *line = &fingerprint->lines[i];
        if (strcmp(line->what, what) == 0 && strcmp(line->name, name) == 0)
            return line->value;
    }
    fail_msg("no line %s %s", what, name);
    return NULL;
}

void check_order(const struct fingerprint *fingerprint)
{
    const struct fingerprint_line *lines = fingerprint->lines;
    for (size_t i = 1; i < fingerprint->count; i++) {
        int what = strcmp(lines[i - 1].what, lines[i].what);
        if (what > 0 || (what == 0 && strcmp(lines[i - 1].name, lines[i].name) >= 0))
            fail_msg("%s %s stands before %s", lines[i].what, lines[i - 1].name, lines[i].name);
    }
}
