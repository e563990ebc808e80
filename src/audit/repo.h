/*
 * The repository as a whole: how libgit2 is set up, how a repository is made, checked and opened. Private to
 * the room.
 *
 * An opened repository has no configuration at all, so that nothing that stands in a file changes what we do.
 */
#ifndef AUDIT_REPO_H
#define AUDIT_REPO_H

#include <git2.h>
#include <stdbool.h>

#include "base/err.h"

/* Where a run's lock and what was moved aside are, in the repository. */
#define REPO_RUNS "tminus-runs"

/* Takes libgit2 into use, with our settings; to be given back. */
int repo_begin(struct err *err) MUST_CHECK;
void repo_end(void);

/* Makes the repository, wholly or not at all, unless something is at `path` already. */
int repo_make(const char *path, struct err *err) MUST_CHECK;

/* Whether we may write there: ours, no symbolic link, and nothing in it that would show other history than is
 * there. ERR_ENVIRONMENT. */
int repo_check(const char *path, struct err *err) MUST_CHECK;

/* Directories that a repository may have lost on the way (git removes empty ones). */
int repo_complete(const char *path, struct err *err) MUST_CHECK;

/* ERR_NOT_FOUND when nothing is there, ERR_ENVIRONMENT when it is no repository, ERR_CORRUPT when a pack of
 * it is damaged. */
int repo_open(const char *path, git_repository **ret, struct err *err) MUST_CHECK;

/* Turns the last error of libgit2, which returned `code`, into ours: ERR_BUSY for a lock or a ref that moved,
 * ERR_IO when the system refused, else `otherwise`. */
int repo_failed(int code, enum err_code otherwise, struct err *err, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
