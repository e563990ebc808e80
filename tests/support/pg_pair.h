/*
 * A throwaway PostgreSQL primary with a streaming replica, on Unix sockets in a fresh directory, for tests
 * that judge what real servers do. A keeper process owns both; it stops them and removes the directory when
 * the test ends, however it ends.
 */
#ifndef TESTS_SUPPORT_PG_PAIR_H
#define TESTS_SUPPORT_PG_PAIR_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

enum pg_side { PG_PRIMARY, PG_REPLICA };

struct pg_pair {
    char dir[80];
    char dsn[2][160];
    pid_t keeper;
    int control; /* the keeper ends when this is closed */
};

/* 0, or -1 after saying why on stderr. Takes some seconds. */
int pg_pair_start(struct pg_pair *pair);
void pg_pair_stop(struct pg_pair *pair);

/* The postmaster's pid. */
pid_t pg_pair_pid(const struct pg_pair *pair, enum pg_side side);

/* A plain blocking connection as postgres; `more` is added to the DSN ("" for nothing). Ends the test when it
 * cannot be made. */
PGconn *pg_pair_connect(const struct pg_pair *pair, enum pg_side side, const char *more);

/* For a group of tests: both servers, and a connection to the primary. 0, or -1 as pg_pair_start. */
int pg_pair_open(struct pg_pair *pair, PGconn **ret_admin);
void pg_pair_close(struct pg_pair *pair, PGconn *admin);

/* Runs it and gives the first column of the first row, "" for none or NULL. Valid until the next call. Ends
 * the test on an error. */
const char *pg_value(PGconn *conn, const char *sql);

/* Turns the loop until `done` says so; false when it did not within `limit_ms`. */
bool run_until(uv_loop_t *loop, bool (*done)(void *data), void *data, int limit_ms);

/* Turns the loop for that long. */
void run_for(uv_loop_t *loop, int ms);

/* Turns the loop until nothing is left in it, and closes it; ends the test when that takes over 10 s. */
void run_out(uv_loop_t *loop);

#endif
