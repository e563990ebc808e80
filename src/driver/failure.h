/* What went wrong with a server, as a value; and what that means for a job. The same for every engine. */
#ifndef DRIVER_FAILURE_H
#define DRIVER_FAILURE_H

#include "driver/driver.h"

struct failure {
    char code[DRIVER_CODE_MAX];    /* the engine's own; "" when the trouble is on our side of the wire */
    char *message, *detail, *hint; /* owned; NULL for nothing */
};

/* These replace what stands in `failure` (zeroed at first); what they are given may be part of it. */
void failure_set(struct failure *failure, const char *code, const char *message);
void failure_copy(struct failure *failure, const struct failure *from);
void failure_finish(struct failure *failure); /* can be set again */

/* The code and the texts of a result, borrowed from `failure`. */
void failure_tell(const struct failure *failure, struct driver_result *ret);

/* What is known about a job when it ends, as far as every engine judges by it. */
struct job_end {
    bool failed;    /* the server said so, or we gave up */
    bool lost;      /* the connection broke */
    bool clean;     /* certainly nothing of it remains: the engine's own judgement */
    bool broke_out; /* the text itself committed or rolled back */
    bool cancel_asked;
    bool stopped;             /* ... and we stopped it ourselves before something went out */
    bool time_over;           /* the statement had all of its time */
    enum driver_status asked; /* what the failure means for a statement */
};
enum driver_status job_end_status(const struct job_end *end);

#endif
