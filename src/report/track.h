/* What was carried out in a run, and when, drawn and as text. Private to the room. */
#ifndef REPORT_TRACK_H
#define REPORT_TRACK_H

#include "drawing.h"
#include "gathered.h"

/* `drawing`: the times and the marks; its place is set here. */
void track_svg(struct buf *svg, const struct chronicle *chronicle, const struct drawing *drawing);
void track_text(struct buf *text, const struct chronicle *chronicle, const struct drawing *drawing);

#endif
