/*
 * Records of an imagined run, for measuring what keeps them.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include "journal/journal.h"

/* The record with that seq, about 400 bytes in the journal. */
struct event record(uint64_t seq);
/* first..last, in one append. */
void records_append(struct journal *journal, uint64_t first, uint64_t last);

#endif
