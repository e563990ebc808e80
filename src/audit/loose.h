/*
 * Reading loose objects, instead of libgit2. Its own reader believes the length that a damaged object claims,
 * and writes beyond it (1.5.1: an object whose header says less than it holds). A trail is read exactly when
 * somebody may have changed it, so each object is taken apart here first: wholly, or not at all. Private to
 * the room.
 */
#ifndef AUDIT_LOOSE_H
#define AUDIT_LOOSE_H

#include <git2.h>

#include "base/err.h"

/* From now on, loose objects of the repository at `path` are read by us; the library still judges whether the
 * hash is that of the name. ERR_ENVIRONMENT. */
int loose_take_over(git_repository *repo, const char *path, struct err *err) MUST_CHECK;

/* Whether all packs of the repository at `path` and their indexes are as git wrote them, by their checksums:
 * the library looks things up in a damaged index without asking. ERR_CORRUPT, ERR_IO, ERR_LIMIT. */
int packs_check(const char *path, struct err *err) MUST_CHECK;

#endif
