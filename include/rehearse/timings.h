/*
 * How long steps, and the entries of their rollbacks, took: gathered from the events of runs, given back as
 * estimates.
 *
 * Counted is what was carried out and ended done, waits between attempts included; what its probe skipped,
 * what a person did by hand in place of a machine, and what stood in a hold is not.
 */
#ifndef REHEARSE_TIMINGS_H
#define REHEARSE_TIMINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/run.h"
#include "rehearse/certificate.h"

struct timings;

struct timings *timings_create(const struct book *book); /* borrowed */
void timings_destroy(struct timings *timings);           /* NULL-safe */
/* Every event of a run, in order; runs one after the other. */
void timings_add(struct timings *timings, const struct event *event);
/* In `arena`, in the order of the book: only what was measured. Median and p95 by the nearest rank. */
size_t timings_of(const struct timings *timings, struct arena *arena, const struct certificate_timing **ret);

/* How far what was measured is from what the book says: >1: it takes longer than the upper end (2.0: twice);
 * <1: it takes less than the lower end; 1: inside. Told to people from 1.2 and to 0.8. 1 where nothing is
 * known. */
double rehearsed_against(const struct duration_range *stated, const struct rehearsed *rehearsed);
/* "rehearsed 12 times: median 2.1 s, p95 3.0 s, estimate 1s..5s", and where people are told of it in place of
 * the last ", 2.4 times the estimate of 1s..5s" or "under a tenth of ..."; nothing where nothing was
 * rehearsed. Returns whether they are. */
bool rehearsed_text(struct buf *buf, const struct step *step);

#endif
