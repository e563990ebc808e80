/*
 * Addresses of other repositories: what may be spoken to, before it is written down anywhere.
 */
#ifndef WIRE_REMOTE_H
#define WIRE_REMOTE_H

#include "base/err.h"
#include "base/mem.h"

/* ssh, https, file or a path, which is made absolute. ERR_USAGE for another protocol, a password (or, of
 * https, any name) in it, or nothing; the message never repeats what was given. What comes back is in
 * `arena`. */
int remote_check(struct arena *arena, const char *remote, const char **ret, struct err *err) MUST_CHECK;

#endif
