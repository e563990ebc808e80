/* Who somebody is: by the key that they have, where a policy says whose it is. */
#ifndef APP_IDENTITY_H
#define APP_IDENTITY_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "wire/rundir.h"

/* The key that was said, else that of $TMINUS_KEY, as an absolute path; NULL when there is neither. */
int identity_key(struct arena *arena, const char *said, const char **ret, struct err *err) MUST_CHECK;

/* Whose key that is by a policy's text; `path` is for messages. ERR_REFUSED when there is no key (NULL), when
 * it is nobody's, and when `as` (NULL: not said) is another name. */
int identity_of(struct arena *arena, const char *path, const char *text, size_t len, const char *key,
                const char *as, const char **ret_name, struct err *err) MUST_CHECK;

/* Who attaches to the run in `dir`: by its policy and a key, without either as whom they say. */
int identity_here(struct arena *arena, const char *dir, const char *key, const char *as,
                  const char **ret_name, struct err *err) MUST_CHECK;

#endif
