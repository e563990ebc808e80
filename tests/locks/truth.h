/*
 * What a PostgreSQL does when it is asked to: the locks that another session sees, the files that are new,
 * the tables whose rows were all read. One server for all rows.
 */
#ifndef TESTS_LOCKS_TRUTH_H
#define TESTS_LOCKS_TRUTH_H

#include <libpq-fe.h>

#include "effect.h"
#include "rows.h"
#include "support/pg_pair.h"

struct truth_index {
    const char *name, *table;
};

struct truth {
    struct arena *arena; /* what effects borrow from */
    PGconn *actor;       /* carries out */
    PGconn *looker;      /* sees what the actor holds and waits for */
    PGconn *holders[ROW_HOLDERS_MAX];
    char actor_pid[16];
    size_t index_count;
    struct truth_index indexes[EFFECT_MAX]; /* of all that stand there before */
    bool stale;                             /* the last row was committed */
};

/* Connects, and sets up what stands there before. Ends the test when it cannot. */
void truth_begin(struct truth *truth, const struct pg_pair *pair, struct arena *arena);
/* What each of the row's statements did, in `ret[ROW_STATEMENTS_MAX]`. */
void truth_of(struct truth *truth, const struct row *row, struct effect *ret);
/* The schema as pg_dump writes it: what a person gives. */
const char *truth_dump(struct truth *truth, const struct pg_pair *pair);
/* See effect_index_weigh. */
void truth_weigh_indexes(const struct truth *truth, struct effect *effect);
void truth_end(struct truth *truth);

#endif
