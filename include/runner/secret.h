/* Fetching a secret from where the book or the targets file says that it is. */
#ifndef RUNNER_SECRET_H
#define RUNNER_SECRET_H

#include "base/err.h"
#include "base/mem.h"

/* `from` is "env:NAME", "file:PATH" or "command: PROGRAM ARGUMENTS" (split at blanks, no shell); NULL: there
 * is none, and NULL is returned. One trailing newline is cut; a file must be
 * private (file_read_private). Blocks, at most 10 s for a command; called once
 * at the start. ERR_ENVIRONMENT, with where it was looked for and never with what was found. */
int secret_fetch(struct arena *arena, const char *from, const char **ret, struct err *err) MUST_CHECK;

#endif
