/*
 * The runner: carries a run through. One process without a terminal for each run; it holds the run's lock,
 * its journal, the connections, the children, the monitors and the publisher, and serves screens on a socket.
 *
 *     input → decide (engine) → journal, durable → apply → carry out → the outcome comes back as an input
 *
 * With a policy (sign/policy.h) a decision of a person counts only with a signature, and the person is whose
 * key that is; the operator's key has to be the policy's too.
 *
 * Nothing is carried out for an event that is not durable. When the journal cannot be written the runner
 * *halts*: what runs is left to end, nothing new is begun, and every client is told.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include <stdbool.h>

#include "base/err.h"
#include "wire/rundir.h"

struct runner_options {
    const struct frozen *frozen; /* of a directory whose lock the caller holds */
    const struct book *book;
    bool resume;         /* fold the journal that is there; else begin a new one */
    const char *version; /* of the program */
    const char *key;     /* of the operator: signs the trail (sign/sign.h); NULL: nothing is signed */
    const char *note;    /* of a new run, told in the trail when it is open; NULL */
    /* Called once when clients can connect. */
    void (*ready)(void *data);
    void *data;
};

/* Runs until the run is closed, or until SIGTERM when nothing is running any more. Returns 0, or why it could
 * not begin (nothing was executed), or ERR_IO when it ended halted. */
int runner_serve(const struct runner_options *options, struct err *err) MUST_CHECK;

#endif
