/* What the tests of this room share: a directory of their own, and sockets by plain system calls. */
#ifndef TEST_WIRE_HELPER_H
#define TEST_WIRE_HELPER_H

/* A new directory under /tmp; one at a time. Its name is valid until scratch_remove. */
const char *scratch_make(void);
/* Fails the test when it cannot be removed. */
void scratch_remove(void);

/* A blocking socket, connected to or listening at a path of any length; -1. */
int connect_long(const char *path);
int listen_long(const char *path);

#endif
