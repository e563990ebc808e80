/*
 * A worker: the thread of one connection. The client libraries have only calls that block in common, so each
 * connection has a thread that makes them; what comes of them is fetched in the loop, after `wake`.
 *
 * A worker ends by itself when its connection is down. One that is told to end does so within moments: its
 * socket is shut down under it. While the library connects there is no socket yet; such a worker is let go,
 * and ends on its own when the library gives up, without waking anybody.
 */
#ifndef DRIVER_MYSQL_WORKER_H
#define DRIVER_MYSQL_WORKER_H

#include <stdbool.h>

#include "driver/mysql_answer.h"
#include "driver/mysql_connect.h"

struct my_worker;

/* What is new since the last time. */
struct my_news {
    bool up; /* connected, to `server` */
    struct my_server server;
    bool large;               /* the answer that is being read is more than is to be kept */
    struct my_answer *answer; /* yours; NULL: none */
    bool down;                /* could not be made, or is lost; also the answer that is out will not come */
    struct failure failure;   /* why; yours */
    bool ended;               /* nothing comes any more: release it */
};

/* Begins to connect; takes over what is in `place`. `wake` is called in the thread. NULL when there can be no
 * thread, with its errno. */
struct my_worker *my_worker_start(struct my_place *place, void (*wake)(void *data), void *data,
                                  int *ret_errno);

/* Hands over one query, once it is up and the last one was answered. */
void my_worker_ask(struct my_worker *worker, const char *sql, size_t len, const struct my_keep *keep);

void my_worker_take(struct my_worker *worker, struct my_news *ret);

/* Tells it to end. True: it says that it `ended`, soon. False: it was let go, and is not to be used any more.
 */
bool my_worker_end(struct my_worker *worker);

/* Of one that ended. */
void my_worker_release(struct my_worker *worker);

#endif
