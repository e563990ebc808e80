/* A run that goes on, on a screen. */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include <stdbool.h>

#include "base/err.h"

struct live_options {
    const char *dir;   /* of the run; NULL: `begin` tells it */
    const char *name;  /* who sits here */
    const char *key;   /* with which they sign; NULL */
    const char *title; /* of the book, shown while nothing is known yet */
    const char *theme; /* a name in themes/, or a path; NULL: dark */
    bool watch, ascii;
    int answer;     /* descriptor on which a runner that is starting answers; -1: it is there already */
    bool *ret_over; /* set to whether the run is over when the person leaves; NULL: not asked */
    /* What begins the run, once the first frame stands: disks and processes take longer than a frame may. It
     * sets `dir`, `title` and `answer`. NULL: they are set already. */
    int (*begin)(void *data, struct live_options *options, struct err *err);
    void *data; /* of `begin` */
};

/* Shows the run until the person leaves. Returns 0, or what kept it from showing anything. */
int live_run(struct live_options *options, struct err *err) MUST_CHECK;

#endif
