/* What the drivers for servers share: where they connect to, and what they have open. */
#ifndef DRIVER_SERVER_H
#define DRIVER_SERVER_H

#include <uv.h>

#include "driver/driver.h"

/* A job or a session, in its driver's list for as long as it is open. */
struct server_item {
    struct server_item *next, **back;
    void (*drop)(void *owner); /* closes it without a word, and takes it out of the list */
    void *owner;
    int64_t pid; /* of its backend; 0: it is not connected */
};

struct server_driver {
    struct driver base; /* first */
    uv_loop_t *loop;
    const struct driver_target *target;
    struct server_item *jobs, *sessions;
};

/* Whoever hears a notice may make it durable, one by one: a loop that raises them must not go at that pace.
 */
#define SERVER_NOTICES_MAX 100

struct driver *server_driver_create(const struct driver_impl *impl, uv_loop_t *loop,
                                    const struct driver_target *target);

/* The slot `has`. */
bool server_driver_has(const struct driver *driver, int64_t pid);

/* The slot `destroy`: the jobs first, so that none ends because of what a session's answers lead to. */
void server_driver_destroy(struct driver *driver);

void server_item_add(struct server_item **list, struct server_item *item, void (*drop)(void *owner),
                     void *owner);
void server_item_remove(struct server_item *item);

/* Of a job that ends after that many notices: how many were more than are told. */
void server_tell_lost_notices(const struct driver_events *events, void *data, int64_t notices);

#endif
