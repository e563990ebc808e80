/*
 * What the tests of the lab share. Each test program is also the command: run with "lab" as its first word it
 * is `tminus lab`, so that it can be started, watched and killed as people do.
 */
#ifndef TESTS_LAB_HELPER_H
#define TESTS_LAB_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/buf.h"

/* The tests of a group, or the command. */
int lab_test_main(int argc, char **argv, const char *name, const struct CMUnitTest *tests, size_t count);

/* A directory for labs under /tmp, which a server's user can pass through; and its removal, which fails where
 * anything is left in it. */
int make_base(void **state);
int remove_base(void **state);
/* A name in it; valid until the next base. */
const char *in_base(const char *name);

/* What one `tminus lab WORD...` said and how it ended. */
struct said {
    int status; /* exit status, or the signal's number as a negative one */
    char out[2048];
    char err[2048];
};
/* Words end with NULL. */
struct said lab(const char *word, ...) __attribute__((sentinel));
pid_t lab_begin(const char *word, ...) __attribute__((sentinel)); /* without waiting; says it to /dev/null */
int lab_end(pid_t pid);                                           /* its status, as in struct said */

bool exists(const char *path);

/* Starts `lab up KIND --load` in `dir` and waits until it has made `name` there; its pid. */
pid_t up_until(const char *kind, const char *dir, const char *name);

/* Kills `up` at each of the milestones, names that it makes; `down` has to leave nothing each time. */
void up_killed(const char *kind, const char *const *milestones, size_t count);

/* Fails unless the directory is gone and no process has anything to do with it. */
void assert_nothing_left(const char *dir);
/* The shared memory that the servers in `dir` have, for a look after they are gone. */
struct segments {
    int ids[4]; /* of each name that a server of a kind has; -1 */
};
struct segments segments_of(const char *dir);
void assert_segments_gone(const struct segments *segments);

/* First column of the first row that `target` of the lab in `dir` answers through its targets file, "" for
 * none; valid until the next call. Fails the test when it does not answer. */
const char *ask(const char *dir, const char *target, const char *sql);

/* Asks until the answer is `want`; fails after 30 s. */
void await(const char *dir, const char *target, const char *sql, const char *want);

int64_t now_ms(void);
void sleep_ms(int ms);

#endif
