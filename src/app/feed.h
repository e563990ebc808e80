/*
 * A feed: what was recorded of a run, as it comes in from the runner's program, which can read it. To a
 * replay it is what a follower is to a run that goes on.
 */
#ifndef APP_FEED_H
#define APP_FEED_H

#include <uv.h>

#include "engine/event.h"
#include "wire/rundir.h"
#include "wire/wire.h"

struct feed_events {
    void (*book)(void *data, const struct book *book); /* first, once; lives as long as the feed */
    void (*event)(void *data, const struct event *event);
    void (*output)(void *data, const char *step, const char *bytes);
    /* Last, once. NULL: that was all; else why there is not more. */
    void (*over)(void *data, const struct err *why);
};

struct feed {
    const struct feed_events *events;
    void *data;
    /* The rest is its own. */
    struct arena *arena;
    const char *program;
    uv_process_t reader;
    uv_pipe_t pipe;
    bool running, is_over;
    struct buf unread;
    bool sized; /* how much was frozen is known: */
    struct wire_message sizes;
    struct frozen frozen;
    const struct book *book; /* NULL: not there yet */
};

/* `where`: a run of this machine, or "REPOSITORY:RUN". The events are called from the loop. Finish it, also
 * after a failure: ERR_ENVIRONMENT. */
int feed_start(struct feed *feed, uv_loop_t *loop, const char *where, const struct feed_events *events,
               void *data, struct err *err) MUST_CHECK;
/* Nothing comes any more. Its handles are the loop's owner's to close. */
void feed_stop(struct feed *feed);
/* When they are closed. Also one that was never started, as zeros. */
void feed_finish(struct feed *feed);

#endif
