/*
 * Heartbeats: numbers written on the primary, each with the moment of our own clock when its write was
 * acknowledged, until the replica has shown them. Pure. Bounded: when there are too many, two neighbours
 * become one, which counts from the first one's moment (lag is rather stated too high than too low).
 */
#ifndef MONITOR_BEATS_H
#define MONITOR_BEATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BEATS_MAX 1024

struct beats {
    struct {
        int64_t last_seq;
        int64_t first_us;
    } waiting[BEATS_MAX]; /* oldest first */
    size_t count;
    int64_t first_seq; /* of ours; 0 before the first */
    bool any_shown;
};

/* `seq` is larger than all before. */
void beats_acknowledged(struct beats *beats, int64_t seq, int64_t at_us);

/* The replica shows `seq`: all up to it have come back. An older number changes nothing. */
void beats_shown(struct beats *beats, int64_t seq);

/* How long ago the oldest beat that the replica has not shown was acknowledged; 0 when it has shown them all.
 * False as long as none has come back. */
bool beats_lag(const struct beats *beats, int64_t now_us, int64_t *ret_us);

#endif
