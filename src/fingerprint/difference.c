#include <string.h>

#include "base/text.h"
#include "fingerprint/fingerprint.h"

#define VALUE_MAX 240 /* bytes of a value that are shown to people */
#define BEFORE_IT 40  /* bytes that are shown before the first that differs */

/* ---- what differs ---- */

static int order(const struct fingerprint_line *a, const struct fingerprint_line *b)
{
    int r = strcmp(a->what, b->what);
    return r != 0 ? r : strcmp(a->name, b->name);
}

/* What else changed of a table says what of its definition did. */
static bool says_no_more(const struct difference *difference, const struct difference *found, size_t count)
{
    size_t len = strlen(difference->name);
    if (strcmp(difference->what, "definition") != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].what, "definition") != 0 && strncmp(found[i].name, difference->name, len) == 0 &&
            (found[i].name[len] == '\0' || found[i].name[len] == '.'))
            return true;
    }
    return false;
}

static size_t leave_out_definitions(struct difference *found, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!says_no_more(&found[i], found, count))
            found[kept++] = found[i];
    }
    return kept;
}

size_t fingerprint_compare(struct arena *arena, const struct fingerprint *before,
                           const struct fingerprint *after, const struct difference **ret)
{
    struct difference *found = arena_array(arena, before->count + after->count + 1, sizeof(*found));
    size_t count = 0;
    for (size_t i = 0, j = 0; i < before->count || j < after->count;) {
        const struct fingerprint_line *old = i < before->count ? &before->lines[i] : NULL;
        const struct fingerprint_line *now = j < after->count ? &after->lines[j] : NULL;
        int which = old == NULL ? 1 : now == NULL ? -1 : order(old, now);
        old = which > 0 ? NULL : old;
        now = which < 0 ? NULL : now;
        i += old != NULL;
        j += now != NULL;
        if (which == 0 && strcmp(old->value, now->value) == 0)
            continue;
        const struct fingerprint_line *line = old != NULL ? old : now;
        found[count++] = (struct difference){
            .kind = which < 0   ? DIFFERENCE_GONE
                    : which > 0 ? DIFFERENCE_NEW
                                : DIFFERENCE_CHANGED,
            .target = before->target,
            .what = line->what,
            .name = line->name,
            .before = old != NULL ? old->value : NULL,
            .after = now != NULL ? now->value : NULL,
        };
    }
    *ret = found;
    return leave_out_definitions(found, count);
}

/* ---- for people ---- */

/* Not in the middle of a character. */
static size_t boundary(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static void put_value(struct buf *buf, const char *value, size_t from)
{
    size_t len = strlen(value + from);
    size_t shown = len > VALUE_MAX ? boundary(value + from, VALUE_MAX) : len;
    buf_text(buf, from > 0 ? "..." : "");
    text_visible(buf, value + from, shown, false);
    buf_text(buf, shown < len ? "..." : "");
}

/* Of long values what is shown begins near the first difference. */
static size_t where_different(const char *before, const char *after)
{
    size_t same = 0;
    while (before[same] != '\0' && before[same] == after[same])
        same++;
    if (strlen(before) <= VALUE_MAX && strlen(after) <= VALUE_MAX)
        return 0;
    return same > BEFORE_IT ? boundary(before, same - BEFORE_IT) : 0;
}

void difference_text(struct buf *buf, const struct difference *difference)
{
    const char *what[] = { difference->target, difference->what, difference->name };
    for (size_t i = 0; i < ARRAY_LEN(what); i++) {
        text_visible(buf, what[i], strlen(what[i]), false);
        buf_text(buf, i == 0 ? ": " : " ");
    }
    if (difference->kind == DIFFERENCE_CHANGED) {
        size_t from = where_different(difference->before, difference->after);
        buf_text(buf, "has changed: it was ");
        put_value(buf, difference->before, from);
        buf_text(buf, "; it is ");
        put_value(buf, difference->after, from);
        return;
    }
    bool gone = difference->kind == DIFFERENCE_GONE;
    buf_text(buf, gone ? "is gone (" : "is new (");
    put_value(buf, gone ? difference->before : difference->after, 0);
    buf_text(buf, ")");
}
