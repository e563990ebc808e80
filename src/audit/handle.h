/*
 * An opened trail. Private to the room.
 *
 * Whatever `trail` says is true of the branch as long as `loaded`; a failure on the way to a commit clears
 * that, and the next call reads the branch again.
 */
#ifndef AUDIT_HANDLE_H
#define AUDIT_HANDLE_H

#include <sys/types.h>

#include "audit/audit.h"
#include "audit/trail.h"

struct audit {
    char *key; /* with which commits are signed; NULL */
    char *path;
    char *run;
    char *branch; /* "refs/heads/runs/<id>" */
    git_repository *repo;
    int lock_fd;
    dev_t device; /* of the repository's directory: */
    ino_t inode;  /* another one in its place is not ours */
    struct trail trail;
    bool loaded;
    struct buf remark;
};

/* Makes sure that `trail` is true. ERR_ENVIRONMENT when the repository was taken away. */
int audit_load(struct audit *audit, struct err *err) MUST_CHECK;

/* Adds a sentence to what audit_remark says. */
void audit_add_remark(struct audit *audit, const char *format, ...) PRINTF_LIKE(2, 3);

/* Writes the files of a batch as blobs and notes them in `changes`. ERR_INVALID, ERR_NOT_FOUND, ERR_IO. */
int store_files(struct audit *audit, const struct audit_batch *batch, struct changes *changes,
                struct err *err) MUST_CHECK;

/* Writes tree and commit, and moves the branch to it. */
int commit_batch(struct audit *audit, const struct audit_batch *batch, const struct changes *changes,
                 struct err *err) MUST_CHECK;

/* The author of a commit of what `person` (NULL: tminus) did; git_signature_free it. */
int commit_author(const char *person, int64_t wall_us, git_signature **ret, struct err *err) MUST_CHECK;

/* Makes `commit` the tip of the branch, if its tip is still what `trail` says. A lock that nobody holds any
 * more is moved aside, with a remark. ERR_BUSY when somebody else holds it or the tip has moved. */
int branch_move(struct audit *audit, const git_oid *commit, struct err *err) MUST_CHECK;

/* A name that is free in the directory of runs, for what is to be moved aside: "<run>.<what>.<n>", with its
 * path. The text is to be freed. */
int aside_name(const struct audit *audit, const char *what, char **ret_path, struct err *err) MUST_CHECK;

/* Moves a branch that cannot be read out of the way, and with it all objects that are damaged, because an
 * object that is there is not written again. `why` goes into the remark. */
int aside_branch(struct audit *audit, const char *why, struct err *err) MUST_CHECK;

#endif
