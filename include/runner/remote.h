/*
 * Another repository, reached with git's own program: pushing one commit to a branch of it, fetching what has
 * one prefix from it.
 *
 * Always so: the child's arguments are a list, no shell sees them. Nothing is ever forced on a remote. Only
 * ssh, https and paths are spoken, whatever a configuration says, and nothing asks for a password. Git is
 * shown a repository of its own (remote_place), with our configuration and no hooks, which borrows the
 * objects of the one that is meant: what somebody has put into that one's configuration is never run. The
 * configuration of the user is read, for it may say how to get through. A child that takes too long is ended.
 * Addresses have passed remote_check (wire/remote.h).
 */
#ifndef RUNNER_REMOTE_H
#define RUNNER_REMOTE_H

#include <uv.h>

#include "base/err.h"

/* How it went; what it means for whoever pushed. */
enum remote_outcome {
    REMOTE_HOLDS,       /* the remote has what was pushed, or what was asked for was fetched */
    REMOTE_CREATED,     /* the same, and it had no such branch before */
    REMOTE_DIVERGED,    /* it holds other commits than ours: nothing was changed there */
    REMOTE_REFUSED,     /* it was reached and did not take it: a hook, a rule, a lock */
    REMOTE_UNREACHABLE, /* not reached, or not let in, or not in time */
};

/* Makes, or makes anew, the repository at `place` (a path that is ours) through which `repository` (bare, or
 * the .git of a checkout) is pushed. */
int remote_place(const char *place, const char *repository, struct err *err) MUST_CHECK;

struct remote_job;
/* `why`: one line, "" when all is well; borrowed during the call. Called exactly once, later. */
typedef void (*remote_done)(void *data, enum remote_outcome outcome, const char *why);

/* Pushes `commit` (40 hex) to `branch` ("refs/heads/...") of `remote`. ERR_IO when git cannot be started. */
int remote_push(uv_loop_t *loop, const char *place, const char *remote, const char *commit,
                const char *branch, remote_done done, void *data, struct remote_job **ret,
                struct err *err) MUST_CHECK;

/* Brings what the remote has below `prefix` ("refs/heads/approvals/<run>/") into `place`, under the same
 * names, and forgets there what the remote does not have any more. */
int remote_fetch(uv_loop_t *loop, const char *place, const char *remote, const char *prefix, remote_done done,
                 void *data, struct remote_job **ret, struct err *err) MUST_CHECK;

/* Ends it at once; `done` is not called any more. NULL-safe. */
void remote_cancel(struct remote_job *job);

#endif
