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

/* A server of the book. */
struct reached {
    struct driver driver; /* first: what the runner holds */
    bool in_recovery;
};

/* What a session was asked. */
struct question {
    struct question *next;
    struct session *session;
    session_answered answered;
    void *data;
    char *sql;
    enum driver_status status;
    const char *code;
    size_t rows, columns;
    char values[3][32];
    bool null[3];
    const struct def *list; /* it is answered with the items of this */
    struct batch *batch;    /* NULL: it changes nothing, or the connection broke */
};

/* Answers it now, as it says, and frees it. */
void question_answer(struct question *question);
/* The connection broke: the session has another backend the next time. */
void session_broke(struct session *session);

/* ---- batches.c ---- */

/* A session that writes is asked something: the batch goes out, or it is answered in a while. */
void batch_ask(struct question *question, int64_t pid);
/* Nobody waits for its batch any more. */
void batch_leave(struct question *question);

int64_t backends_next_pid(void);
/* Whether a question for survivors leaves that pid out. */
bool backends_leave_out(const char *but, int64_t pid);

/* The least pid of a backend of the run's steps that the text does not name; 0: there is none. */
int64_t backends_find(const char *but);

/* Each backend of a step that a runner is attached to; of the next one, after `before` (NULL: the first). */
const struct backend *backends_next(const struct backend *before);

int sessions_open(struct driver *driver, const char *application_name, enum session_access access,
                  struct session **ret, struct err *err);
void sessions_forget(void); /* those who asked are gone */

#endif
