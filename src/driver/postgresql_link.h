/*
 * A link: one libpq connection in a libuv loop. It connects, carries one query at a time, and reports once
 * that it is down; after that it is only good for pg_link_close. Nobody is called back from inside
 * pg_link_open, pg_link_send or pg_link_close.
 *
 * libpq resolves host names inside of its "non-blocking" calls (PQconnectPoll), so every step of connecting
 * runs on libuv's pool; only one thread has the connection at any time.
 */
#ifndef DRIVER_POSTGRESQL_LINK_H
#define DRIVER_POSTGRESQL_LINK_H

#include <libpq-fe.h>
#include <uv.h>

#include "driver/postgresql_failure.h"

struct pg_link;

struct pg_link_events {
    void (*up)(void *data);
    /* Could not be made, or is lost. The texts are borrowed during the call. */
    void (*down)(void *data, const struct failure *failure);
    /* One result of the query, in single-row mode; borrowed during the call. */
    void (*result)(void *data, PGresult *res);
    /* The query is over, and another can be sent. */
    void (*ready)(void *data);
    void (*notice)(void *data, const PGresult *res);
};

/* Begins to connect; without a connect timeout in `target` it has 10 s. Everything is copied. */
struct pg_link *pg_link_open(uv_loop_t *loop, const struct driver_target *target,
                             const char *application_name, const struct pg_link_events *events, void *data);

/* Sends one query. A failure to send is reported as down, later. */
void pg_link_send(struct pg_link *link, const char *sql);

/* Asks the server to cancel what runs, from another thread; can come too late. Only while it is up. Does
 * nothing while an earlier cancel is still on its way. */
void pg_link_cancel(struct pg_link *link);

PGconn *pg_link_connection(const struct pg_link *link); /* once it is up */

/* Closes without waiting; no callback any more. What the loop holds goes away with its next turns. NULL-safe.
 */
void pg_link_close(struct pg_link *link);

#endif
