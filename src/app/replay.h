/* A run that was recorded, on a screen. */
#ifndef APP_REPLAY_H
#define APP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define REPLAY_SPEED_MIN 0.125
#define REPLAY_SPEED_MAX 4096.0

struct replay_options {
    const char *where; /* a run of this machine, or "REPOSITORY:RUN" */
    const char *theme; /* NULL: dark */
    bool ascii;
    double speed; /* how many times as fast as it was */
    bool stopped; /* it begins paused, after the record `at` */
    uint64_t at;
};

/* Shows it until the person leaves. Returns 0, or what kept it from showing anything. */
int replay_run(const struct replay_options *options, struct err *err) MUST_CHECK;

#endif
