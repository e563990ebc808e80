/*
 * Drives a live run with nobody there: the unattended operator (rehearse/unattended.h), and as many others as
 * the book's roles ask for, by the same actions and under the same rules as people. What a command adds to
 * that (the scenes of the demonstration, what a rehearsal looks at) comes in by hooks.
 */
#ifndef APP_AUTOPILOT_H
#define APP_AUTOPILOT_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/run.h"
#include "rehearse/unattended.h"
#include "wire/wire.h"

/* What a hook that may choose the next action says. */
enum autopilot_scene { SCENE_NONE, SCENE_ACTS, SCENE_WAITS };

/* Each may be NULL; they block the run's driver, not the run. */
struct autopilot_hooks {
    /* The event has been applied; `backlog`: it happened before the driver was there. */
    void (*event)(void *data, const struct run *run, const struct event *event, bool backlog);
    /* Asked before the unattended operator is. */
    enum autopilot_scene (*scene)(void *data, const struct run *run, size_t *person, struct action *action);
    /* Carries out what stands in for a person ("unattended"). Without it nothing does. */
    int (*stand_in)(void *data, const struct step *step, struct err *err);
    /* Looks at the servers before the step is done again, or afterwards (mover->course). */
    int (*look)(void *data, const struct unattended_operator *mover, struct err *err);
    /* How often somebody has asked for an end: first it turns, then it is left as it is. */
    int (*interrupted)(void *data);
};

struct autopilot_options {
    const char *second;      /* name of whoever is not the operator; a third gets "-3" behind it */
    enum wire_client others; /* how they attach */
    struct unattended_plan plan;
    int64_t limit_us; /* of the way forward, and of the way back */
    bool ends_stuck;  /* a runner whose run is stuck is asked to end; else it stays for a person */
    const struct autopilot_hooks *hooks;
    void *data;
};

/* Drives the live run in `dir` until it is closed and its runner gone, or until it is stuck: what became of
 * it is in `ret`. ERR_CLOSED when the runner goes away before, ERR_IO when it halts, ERR_TIMEOUT when it does
 * not end. */
int autopilot_drive(const char *dir, const struct autopilot_options *options, struct unattended_operator *ret,
                    struct err *err) MUST_CHECK;

#endif
