/*
 * Filling a column of the table `people`, whose key "id" goes from 1 to `rows`: the backfill that is
 * measured, the statements of what is measured beside it, and the figures of both.
 */
#ifndef BENCH_FILL_H
#define BENCH_FILL_H

#include "bulk/backfill.h"
#include "figure.h"

#define FILL_SET   "status = 'active'"
#define FILL_WHERE "status IS NULL"

struct fill {
    const char *prefix; /* of the figures */
    enum bulk_engine engine;
    const char *dsn;
    int64_t rows, batch;
    struct measured batches; /* of ours, ms; on MySQL each with asking for its range */
};

/* By the room's own API. Cannot go on when it changed another number of rows. */
void fill_ours(struct fill *fill);

/* The UPDATE of the keys behind `from`, as many as a batch has. */
void fill_batch_text(const struct fill *fill, char *sql, size_t size, int64_t from);
/* All of them, each in a transaction, into a file. */
void fill_write_script(const struct fill *fill, const char *path);

/* How long the batches of ours took. Ends `batches`. */
void fill_figures(struct fill *fill);

#endif
