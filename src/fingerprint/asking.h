/*
 * A conversation with one server that waits for each answer: a loop, a driver and a snapshot of its own.
 * What was asked for is read while the answer lasts; the caller owns what it makes of it.
 */
#ifndef FINGERPRINT_ASKING_H
#define FINGERPRINT_ASKING_H

#include <uv.h>

#include "driver/driver.h"
#include "fingerprint/fingerprint.h"

struct asking {
    uv_loop_t loop;
    enum fingerprint_engine engine;
    const struct driver_target *target;
    struct driver *driver;
    struct session *session;
    bool begun;       /* a question was answered */
    bool no_database; /* the server has none of that name: what is asked is answered by nothing */
};

typedef void (*asking_read)(void *data, const struct answer *answer);

int asking_open(struct asking *asking, enum fingerprint_engine engine, const struct driver_target *target,
                struct err *err) MUST_CHECK;
void asking_close(struct asking *asking);

/* Asks and waits. `refused` is what a text means that the server does not take: ERR_INVALID where it is
 * somebody's own. ERR_ENVIRONMENT: not there, not let in, or not allowed; ERR_TIMEOUT; ERR_BUSY: what was
 * read changed meanwhile, so that it has to be read anew. */
int asking_ask(struct asking *asking, const char *sql, int64_t timeout_us, enum err_code refused,
               asking_read read, void *data, struct err *err) MUST_CHECK;

#endif
