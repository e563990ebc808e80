/* Private to the room: ssh-keygen as a child, from beginning to end. */
#ifndef SIGN_CHILD_H
#define SIGN_CHILD_H

#include "base/buf.h"
#include "base/err.h"

/* What it says on either of its outputs, bytes. */
#define CHILD_OUTPUT_MAX (256 * 1024)

struct child_result {
    int status; /* its exit status; -1: ended by a signal */
    struct buf output, errors;
};

/* Runs ssh-keygen with these arguments (NULL-terminated, the first one is the program's name), `input` on its
 * standard input. ERR_ENVIRONMENT when there is no such program, ERR_TIMEOUT when it took too long and was
 * ended, ERR_IO. The result is to be finished in every case. */
int child_run(const char *const *argv, const void *input, size_t len, struct child_result *ret,
              struct err *err) MUST_CHECK;
void child_finish(struct child_result *result);

/* The last line of what it said on stderr, made visible; in `buf`. */
void child_reason(const struct child_result *result, struct buf *buf);

#endif
