/* The timeline of a book, drawn and as text. Private to the room. */
#ifndef REPORT_TIMELINE_H
#define REPORT_TIMELINE_H

#include "base/buf.h"
#include "report/schedule.h"

void timeline_svg(struct buf *svg, const struct book *book, const struct schedule *schedule);
void timeline_text(struct buf *text, const struct book *book, const struct schedule *schedule);

#endif
