/* One metric over a run, drawn and as text. Private to the room. */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "drawing.h"
#include "gathered.h"

struct chart_limit {
    double value;
    const char *text; /* "trigger lag-runaway: > 2" */
};

struct chart {
    const struct series *series;
    size_t gap_count, limit_count;
    const struct gap *gaps; /* up to the end of the drawing */
    const struct chart_limit *limits;
    struct drawing drawing; /* chart_svg sets its place */
};

/* In at most as many points as it is wide: of each column the least, the most, the first and the last value.
 */
void chart_svg(struct buf *svg, const struct chart *chart);
void chart_text(struct buf *text, const struct chart *chart);

/* "0.35", "1.2M" where the metric is bytes. */
void chart_value(struct buf *buf, const char *metric, double value);

#endif
