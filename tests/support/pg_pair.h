/*
 * A throwaway PostgreSQL, alone or as a primary with a streaming replica, on Unix sockets in a fresh
 * directory, for tests that judge what real servers do. They have a keeper.
 */
#ifndef TESTS_SUPPORT_PG_PAIR_H
#define TESTS_SUPPORT_PG_PAIR_H

#include <libpq-fe.h>
#include <sys/types.h>

#include "support/keeper.h"
#include "support/loop.h"

enum pg_side { PG_PRIMARY, PG_REPLICA };

struct pg_pair {
    char dir[KEEPER_DIR_MAX];
    char dsn[2][160];
    struct keeper keeper;
};

/* One server, or two, of which the second follows the first. 0, or -1 after saying why on stderr. Takes some
 * seconds. */
int pg_pair_start(struct pg_pair *pair, int servers);
/* Only the primary, a PostgreSQL 12: that of TMINUS_PG12. */
int pg_old_start(struct pg_pair *pair);
void pg_pair_stop(struct pg_pair *pair);

/* The postmaster's pid. */
pid_t pg_pair_pid(const struct pg_pair *pair, enum pg_side side);

/* A plain blocking connection as postgres; `more` is added to the DSN ("" for nothing). Ends the test when it
 * cannot be made. */
PGconn *pg_pair_connect(const struct pg_pair *pair, enum pg_side side, const char *more);

/* For a group of tests: servers, and a connection to the primary. 0, or -1 as pg_pair_start. */
int pg_pair_open(struct pg_pair *pair, int servers, PGconn **ret_admin);
void pg_pair_close(struct pg_pair *pair, PGconn *admin);

/* Runs it and gives the first column of the first row, "" for none or NULL. Valid until the next call. Ends
 * the test on an error. */
const char *pg_value(PGconn *conn, const char *sql);

#endif
