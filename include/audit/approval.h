/*
 * Approvals that were given in another clone: a signed statement about a gate of a run, as a commit of its
 * own on refs/heads/approvals/<run>/<gate>-<8 hex>, which anybody may push to where the runner looks. The
 * commit has no parent, and one file, approval.json: {"statement": "...", "signature": "..."}.
 *
 * What is here only carries the two texts. Neither the ref, nor the author, nor who could push it says whose
 * the approval is or whether it counts: the signature does, and the runner judges it.
 */
#ifndef AUDIT_APPROVAL_H
#define AUDIT_APPROVAL_H

#include "base/err.h"

#define APPROVAL_TEXT_MAX (64 * 1024)
#define APPROVALS_MAX     200 /* of a run; whoever can push could push any number */
#define APPROVAL_ID_MAX   65

/* All of it is borrowed during the call. */
struct approval {
    const char *ref;       /* "refs/heads/approvals/<run>/<gate>-<8 hex>" */
    const char *id;        /* of the commit, hex */
    const char *statement; /* NULL when it cannot be read: then `fault` says why */
    const char *signature;
    const char *fault;
};

/* Less than 0 ends the reading and is what approvals_read returns. */
typedef int (*approval_reader)(void *data, const struct approval *approval, struct err *err);

/* Hands all approvals of a run in the bare repository at `path` to `reader`; at most
 * APPROVALS_MAX of them. ERR_NOT_FOUND when there is no repository; ERR_CORRUPT, ERR_IO. */
int approvals_read(const char *path, const char *run, approval_reader reader, void *data,
                   struct err *err) MUST_CHECK;

struct approval_written {
    char ref[256];
    char id[APPROVAL_ID_MAX];
};

/* Commits one to the bare repository at `path`; the author is `person`. The same approval again is the same
 * ref. ERR_NOT_FOUND, ERR_INVALID when run or gate cannot be part of a ref's name, ERR_LIMIT, ERR_IO. */
int approval_write(const char *path, const char *run, const char *gate, const char *person,
                   const char *statement, const char *signature, struct approval_written *ret,
                   struct err *err) MUST_CHECK;

#endif
