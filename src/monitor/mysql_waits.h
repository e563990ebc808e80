/*
 * Who waits for whom on MySQL and MariaDB, out of what their views tell. Pure.
 *
 * Rows of InnoDB come as edges. Metadata locks come as rows: those that are held and, from
 * performance_schema.metadata_locks only, those that are wanted. Where what is wanted is not told it is
 * worked out: a session that holds an upgradable lock of a table waits to make it exclusive; another one
 * waits for a table that its statement names. Edges follow from the conflict matrix, and from which waiting
 * requests go before which (sql/mdl.cc of either server has both tables).
 *
 * Who waits and has no edge stands under a node that says that the holder is not known, and why: nobody who
 * waits is left out.
 */
#ifndef MONITOR_MYSQL_WAITS_H
#define MONITOR_MYSQL_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/lock_rows.h"

struct mysql_session {
    struct lock_session said; /* `object` is filled in for who waits */
    int64_t pid, waited_us;
    const char *database, *statement; /* NULL: none */
    const char *row_lock;             /* the row lock that it waits for; NULL: for none */
    bool ours, waits_metadata;
};

/* "SHARED_READ" of the TABLE shop.users; the pid's. */
struct mysql_metadata_lock {
    int64_t pid;
    const char *kind, *schema, *name, *mode;
    bool held;
};

struct mysql_row_wait {
    int64_t waiter, blocker;
    const char *row_lock;      /* as in mysql_session, by which it is known to be still the same wait */
    const char *mode, *object; /* NULL: not told */
};

struct mysql_waits {
    struct mysql_session *sessions;
    size_t session_count;
    const struct mysql_metadata_lock *metadata;
    size_t metadata_count;
    const struct mysql_row_wait *rows;
    size_t row_count;
    const char *no_metadata, *no_rows; /* why a holder is not known */
};

/* Fills in the tree and builds it. Its sessions are borrowed. */
void mysql_waits_tree(const struct mysql_waits *waits, struct lock_tree *tree, struct arena *arena);

/* Whether a request of that mode waits for a lock that is held, or behind one that is waited for. Unknown
 * modes conflict with all. */
bool mysql_metadata_conflicts(const char *wanted, const char *held);
bool mysql_metadata_behind(const char *wanted, const char *waiting);

/* Whether the text has that name as a word, outside quotes of a string. */
bool mysql_names(const char *statement, const char *name);

#endif
