/*
 * A page: lines that are laid one under the other into an area, of which some may have scrolled away above
 * and below. Drawing a page into an area without rows only counts its lines.
 */
#ifndef UI_PRIVATE_PAGE_H
#define UI_PRIVATE_PAGE_H

#include "draw.h"

struct page {
    struct area area;
    int top;         /* lines that scrolled away above */
    int line;        /* the next one; in the end: how many there are */
    int label_width; /* cells kept for labels at the left */
};

struct page page_begin(const struct area *area, int top, int label_width);

/* The row in the area where the next line goes (may lie outside, then nothing shows); counts it. */
int page_next(struct page *page);

/* One line, cut at the edge. A NULL label leaves the space for it. */
void page_line(struct page *page, const char *label, enum role_style style, const char *text);
void page_format(struct page *page, const char *label, enum role_style style, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* As many lines as it takes, broken at blanks and at newlines, at most `lines_max` (what is left out is
 * counted on the last one: "+12 lines" at its end). */
void page_wrap(struct page *page, const char *label, enum role_style style, const char *text, int lines_max);

#endif
