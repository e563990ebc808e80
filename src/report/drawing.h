/* What drawings of a run share: time from left to right, and marks in it. Private to the room. */
#ifndef REPORT_DRAWING_H
#define REPORT_DRAWING_H

#include "base/buf.h"
#include "base/time.h"

#define DRAWING_MAX  ((size_t)16 * 1024 * 1024)
#define DRAWING_HEAD 42 /* pixels above the drawing, for the marks and the clock */

struct drawing_mark {
    int64_t us;
    size_t number; /* of the list that explains it */
};

struct drawing {
    int left, width;  /* in pixels, of the part in which time goes by */
    int height;       /* to the lower end of that */
    int64_t wall_us;  /* at its beginning */
    int64_t total_us; /* that it shows */
    size_t mark_count;
    const struct drawing_mark *marks; /* in the order of time */
};

double drawing_x(const struct drawing *drawing, int64_t us);
/* The opening tag, the grid with the time of day, and its closing tag. */
void drawing_begin(struct buf *svg, const struct drawing *drawing, int total_width, const char *label);
void drawing_end(struct buf *svg);
/* A line for each mark, with its number above; numbers that would stand over each other are said as one:
 * "3-5". */
void drawing_marks(struct buf *svg, const struct drawing *drawing);

/* Round to whoever reads it, so that at most `ticks` of them fill the time. */
int64_t drawing_tick_us(int64_t total_us, int ticks);
/* A text at most that many cells wide, cut with a sign of it, escaped. */
void drawing_cut(struct buf *svg, const char *text, size_t cells);

#endif
