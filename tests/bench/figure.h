/*
 * What the measuring programs share: a clock, timings, and figures on standard output, one a
 * line:
 * "<name> <value>". `run` gathers them; where a name comes several times it takes the median.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include <stddef.h>

#include "base/err.h"

double now_us(void); /* monotonic */

struct measured {
    size_t count, capacity;
    double *values;
};
void measured_add(struct measured *measured, double value);
/* The value below which `part` (0..1) of the timings lie; sorts it. 0 for an empty one. */
double measured_part(struct measured *measured, double part);
void measured_finish(struct measured *measured);

/* "<prefix>.<name> <value>" */
void figure(const char *prefix, const char *name, double value);
/* p50 and p99 of timings, as "<name>_p50" and "<name>_p99". */
void figure_measured(const char *prefix, const char *name, struct measured *measured);
/* The median, the least and the most of the ratios of rounds: "ratio", "ratio_least", "ratio_most". Ends
 * them.
 */
void figure_ratios(const char *prefix, struct measured *ratios);

/* Says why nothing can be measured, and ends with 1. */
_Noreturn void cannot(const char *format, ...) PRINTF_LIKE(1, 2);
/* The same for a failed call of ours. */
void must(int result, const struct err *err);

#endif
