/*
 * Real keys for tests: a new directory as the current one, with ssh-keygen's help.
 */
#ifndef TESTS_SIGN_KEYS_H
#define TESTS_SIGN_KEYS_H

#include "base/mem.h"

/* cmocka's setup and teardown. */
int keys_enter(void **state);
int keys_leave(void **state);

/* Makes `name` and `name`.pub. `passphrase` "" for none. */
void keys_make(const char *name, const char *type, const char *passphrase);
/* The line of a .pub file without its comment and newline. */
const char *keys_public(struct arena *arena, const char *name);

#endif
