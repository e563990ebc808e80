/*
 * A line made of segments that gives up what matters least when it is narrow: each segment has its text in a
 * long, a shorter and a shortest form, and a rank. First all but rank 0 become shorter, the highest rank
 * first; then they go, in the same order; rank 0 becomes shorter last and never goes.
 */
#ifndef UI_PRIVATE_SEGMENTS_H
#define UI_PRIVATE_SEGMENTS_H

#include "draw.h"

#define SEGMENTS_MAX  16
#define SEGMENT_FORMS 3

struct segment {
    int rank;
    enum role_style style;
    struct buf forms[SEGMENT_FORMS]; /* an empty form: as the one before */
    int form;                        /* as chosen; SEGMENT_FORMS: not shown */
    int bar_width;                   /* > 0: a bar of that many cells at least stands here instead of text */
};

struct segments {
    size_t count;
    struct segment list[SEGMENTS_MAX];
};

void segments_init(struct segments *segments);
void segments_finish(struct segments *segments);

/* A new segment; add its forms with segment_form. Must not be called more than SEGMENTS_MAX times. */
struct segment *segments_add(struct segments *segments, int rank, enum role_style style);
void segment_form(struct segment *segment, int form, const char *format, ...) PRINTF_LIKE(3, 4);

/* Chooses the forms so that all, with `gap` cells between two, take at most `width`. Returns what they take.
 */
int segments_fit(struct segments *segments, int width, int gap);
/* What is drawn of a segment after the fit; NULL when it went. */
const char *segment_text(const struct segment *segment);

#endif
