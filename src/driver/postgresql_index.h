/*
 * Invalid indexes: what CREATE, DROP and REINDEX ... CONCURRENTLY leave behind when they fail, `..._ccnew`
 * and
 * `..._ccold` of REINDEX among them. Known by their oid, since a name can be used again.
 */
#ifndef DRIVER_POSTGRESQL_INDEX_H
#define DRIVER_POSTGRESQL_INDEX_H

#include <libpq-fe.h>
#include <stdint.h>

#include "base/buf.h"

struct pg_indexes {
    uint32_t *oids;
    size_t count;
};

/* The question, for the three below: oid, quoted name, the backend that is building it. */
const char *pg_indexes_question(void);

/* Adds those of `res` (one row or many) to the list. */
void pg_indexes_add(struct pg_indexes *indexes, const PGresult *res);

/* Appends the names of those in `res` that are not in `before`, with ", " between. One that another backend
 * than `pid` is building at this moment is not ours. */
void pg_indexes_difference(const struct pg_indexes *before, const PGresult *res, int64_t pid,
                           struct buf *names);

void pg_indexes_finish(struct pg_indexes *indexes);

#endif
