#include "segments.h"

#include <assert.h>

#define SEGMENT_TEXT_MAX ((size_t)2048)

void segments_init(struct segments *segments)
{
    segments->count = 0;
}

void segments_finish(struct segments *segments)
{
    for (size_t i = 0; i < segments->count; i++) {
        for (int form = 0; form < SEGMENT_FORMS; form++)
            buf_finish(&segments->list[i].forms[form]);
    }
    segments->count = 0;
}

struct segment *segments_add(struct segments *segments, int rank, enum role_style style)
{
    assert(segments->count < SEGMENTS_MAX);
    struct segment *segment = &segments->list[segments->count++];
    *segment = (struct segment){ .rank = rank, .style = style };
    for (int form = 0; form < SEGMENT_FORMS; form++)
        buf_init(&segment->forms[form], SEGMENT_TEXT_MAX);
    return segment;
}

void segment_form(struct segment *segment, int form, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_formatv(&segment->forms[form], format, args);
    va_end(args);
}

const char *segment_text(const struct segment *segment)
{
    if (segment->form == SEGMENT_FORMS)
        return NULL;
    int form = segment->form;
    while (form > 0 && segment->forms[form].len == 0)
        form--;
    return buf_str(&segment->forms[form]);
}

static int width_of(const struct segments *segments, int gap)
{
    int width = 0;
    for (size_t i = 0; i < segments->count; i++) {
        const struct segment *segment = &segments->list[i];
        const char *text = segment_text(segment);
        if (text == NULL)
            continue;
        width += (width > 0 ? gap : 0) + (segment->bar_width > 0 ? segment->bar_width : visible_width(text));
    }
    return width;
}

/* The shortest form that has a text of its own. */
static int last_form(const struct segment *segment)
{
    int form = SEGMENT_FORMS - 1;
    while (form > 0 && segment->forms[form].len == 0)
        form--;
    return form;
}

enum sacrifice { SHORTEN, DROP, SHORTEN_FIRST_RANK };

static bool can_give(const struct segment *segment, enum sacrifice how)
{
    bool shorter = segment->form < last_form(segment);
    if (how == DROP)
        return segment->rank > 0 && segment->form < SEGMENT_FORMS;
    return shorter && (segment->rank > 0) == (how == SHORTEN);
}

/* The next segment to give something up: the highest rank that can; the rightmost of these. */
static struct segment *least_needed(struct segments *segments, enum sacrifice how)
{
    struct segment *found = NULL;
    for (size_t i = 0; i < segments->count; i++) {
        struct segment *segment = &segments->list[i];
        if (can_give(segment, how) && (found == NULL || segment->rank >= found->rank))
            found = segment;
    }
    return found;
}

int segments_fit(struct segments *segments, int width, int gap)
{
    int taken = width_of(segments, gap);
    for (int how = SHORTEN; how <= SHORTEN_FIRST_RANK && taken > width;) {
        struct segment *segment = least_needed(segments, (enum sacrifice)how);
        if (segment == NULL) {
            how++;
            continue;
        }
        segment->form = how == DROP ? SEGMENT_FORMS : segment->form + 1;
        taken = width_of(segments, gap);
    }
    return taken;
}
