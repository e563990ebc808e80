/*
 * A link: one connection to a MySQL or MariaDB server in a libuv loop. It connects, carries one query at a
 * time, and reports once that it is down; after that it is only good for my_link_close. Nobody is called back
 * from inside my_link_open, my_link_send, my_link_cancel or my_link_close.
 *
 * A query is stopped by KILL QUERY on a second connection, which a server carries out against whatever runs
 * then. So an answer is held back until the KILL was answered too, and then what may be left of the KILL is
 * used up by a query that does nothing: the next query cannot be hit by it. Where the fate of the KILL is not
 * known, the link is down after the answer. A name that leads to another server by now, on which the number
 * of the connection is somebody else's, is not asked to kill it.
 */
#ifndef DRIVER_MYSQL_LINK_H
#define DRIVER_MYSQL_LINK_H

#include <uv.h>

#include "driver/mysql_answer.h"
#include "driver/mysql_connect.h"

struct my_link;

struct my_link_events {
    void (*up)(void *data);
    /* Could not be made, or is lost; what was out may or may not have been done. Borrowed during the call. */
    void (*down)(void *data, const struct failure *failure);
    /* The answer to the query; another can be sent. Borrowed during the call. NULL: nobody wants to know. */
    void (*answered)(void *data, const struct my_answer *answer);
    /* The answer is more than is to be kept, and still comes. NULL: it may. */
    void (*large)(void *data);
};

/* What beside the target says how to connect. */
struct my_manner {
    const char *application_name;
    const char *const *pins; /* as in struct my_place; NULL: none */
    const char *own_pin;     /* NULL: none */
};

/* Begins to connect; without a connect timeout in `target` it has 10 s. `target` is borrowed until the link
 * is closed, all else is copied. */
struct my_link *my_link_open(uv_loop_t *loop, const struct driver_target *target,
                             const struct my_manner *manner, const struct my_link_events *events, void *data);

/* Sends one query, behind the link's mark. A failure to send is reported as down, later. */
void my_link_send(struct my_link *link, const char *sql, const struct my_keep *keep);

/* Asks the server to stop what runs; can come too late. Does nothing while an earlier one is on its way, or
 * nothing runs. */
void my_link_cancel(struct my_link *link);

const struct my_server *my_link_server(const struct my_link *link); /* once it is up */

/* Closes without waiting; no callback any more. What the loop holds goes away with its next turns. NULL-safe.
 */
void my_link_close(struct my_link *link);

#endif
