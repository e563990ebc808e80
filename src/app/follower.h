/*
 * A follower: the client's side of a run. Connects to its runner, folds the events that arrive into a run of
 * its own, and asks for actions. Screens, scripts and `do` are all one of these.
 */
#ifndef APP_FOLLOWER_H
#define APP_FOLLOWER_H

#include <uv.h>

#include "engine/run.h"
#include "wire/link.h"
#include "wire/rundir.h"
#include "wire/wire.h"

struct follower;

/* Each may be NULL. */
struct follower_events {
    /* The event has been applied. */
    void (*event)(void *data, const struct event *event, bool backlog);
    void (*live)(void *data); /* the backlog is over */
    void (*output)(void *data, const char *step, const char *bytes);
    void (*reply)(void *data, int64_t number, bool ok, const char *rule, const char *text);
    void (*halt)(void *data, const char *text);
    /* The runner went away, or what it says does not fold. Nothing else comes after it. */
    void (*lost)(void *data, const char *why);
};

struct follower_options {
    const char *name;
    enum wire_client client;
    bool watch;
    const char *key; /* with which decisions are signed where a policy is in force; NULL. Borrowed */
};

/* Loads the frozen book of the run in `dir` and connects. ERR_CLOSED when no runner is there. */
int follower_open(uv_loop_t *loop, const char *dir, const struct follower_options *options,
                  const struct follower_events *events, void *data, struct follower **ret,
                  struct err *err) MUST_CHECK;
void follower_close(struct follower *follower); /* NULL-safe */

/* Asks; the reply comes with the number that is returned. What a policy wants signed is signed first, by a
 * worker; when that cannot be the reply says why, perhaps before this returns. */
int64_t follower_act(struct follower *follower, const struct action *action);

const struct run *follower_run(const struct follower *follower);
const struct book *follower_book(const struct follower *follower);
const struct frozen *follower_frozen(const struct follower *follower);
/* The runner's process; 0 when it cannot be told, or is gone. */
pid_t follower_runner(const struct follower *follower);
bool follower_is_live(const struct follower *follower);

#endif
