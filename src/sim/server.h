/* Private to the room: a made-up server's backends, and the sessions that ask it. */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "driver/driver.h"
#include "sim.h"

enum plan { PLAN_OK, PLAN_LOCK, PLAN_ERROR, PLAN_TIMEOUT };

enum backend_stage {
    BACKEND_CONNECTING,
    BACKEND_IDLE, /* connected; nothing is out */
    BACKEND_WORKING,
    BACKEND_GONE
};

struct backend {
    struct driver_job job; /* first: what the runner holds */
    struct backend *next;
    const struct driver_events *events;
    void *data;
    struct def *def;
    bool cleans; /* removes what the step left behind */
    bool transaction, parts;
    enum backend_stage stage;
    int64_t pid;
    bool attached;  /* somebody waits for `done` */
    bool committed; /* COMMIT was sent */
    bool stopped;   /* a cancel reached it in time */
    enum plan plan;
    bool waits; /* for a lock that somebody else has */
    bool left;  /* it left an invalid index */
    struct driver_result result;
};

/* The least pid of a backend of the run's steps that the text does not name; 0: there is none. */
int64_t backends_find(const char *but);

/* Each backend of a step that a runner is attached to; of the next one, after `before` (NULL: the first). */
const struct backend *backends_next(const struct backend *before);

int sessions_open(struct driver *driver, const char *application_name, enum session_access access,
                  struct session **ret, struct err *err);
void sessions_forget(void); /* those who asked are gone */

#endif
