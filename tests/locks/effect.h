/*
 * What one statement did, or is said to do: the same shape for the server's word and for ours, so that they
 * can be held against each other.
 */
#ifndef TESTS_LOCKS_EFFECT_H
#define TESTS_LOCKS_EFFECT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sql/sql.h"

#define EFFECT_MAX 128

struct effect_lock {
    const char *relation;
    enum sql_lock_mode mode;
};

struct effect_names {
    size_t count;
    const char *list[EFFECT_MAX];
};

/* Only what stood there before: what a script creates is nobody's to wait for. Names are "schema.name". */
struct effect {
    size_t lock_count;
    struct effect_lock locks[EFFECT_MAX]; /* the strongest on each relation */
    struct effect_names rewrites;         /* new files */
    struct effect_names emptied; /* of these the ones without rows: TRUNCATE; known of the server only */
    struct effect_names scans;   /* read from end to end, and not written anew */
    struct effect_names builds;  /* indexes, "name" or, where it has a new name, also "table(columns)" */
    const char *failure;         /* of the server; NULL */
    bool dangerous, wants_timeout, understood; /* of ours */
    const char *rule;
};

/* Adds, or makes what is there stronger. */
void effect_lock_add(struct effect *effect, const char *relation, enum sql_lock_mode mode);
void effect_name_add(struct effect_names *names, const char *name); /* once */
bool effect_name_in(const struct effect_names *names, const char *name);
enum sql_lock_mode effect_lock_on(const struct effect *effect,
                                  const char *relation); /* SQL_LOCK_NONE without one */
/* An index counts where it is locked more strongly than its table, because only there somebody waits who does
 * not wait for the table: takes away the lock on `index` if it is not so. */
void effect_index_weigh(struct effect *effect, const char *index, const char *table);
enum sql_lock_mode effect_strongest(const struct effect *effect);
/* "locks public.t AccessExclusiveLock; rewrites public.t; ..." */
void effect_text(struct buf *buf, const struct effect *effect);

#endif
