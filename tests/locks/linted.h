/*
 * Forms of the table of facts beside what squawk 2.66 says of them, a linter of migrations that knows no
 * catalog. Each is the last statement of a row.
 */
#ifndef TESTS_LOCKS_LINTED_H
#define TESTS_LOCKS_LINTED_H

#include <stdbool.h>
#include <stddef.h>

struct linted {
    const char *statement;
    bool flagged; /* squawk 2.66 names it */
};

/* These rewrite, read all of or build under a lock that blocks writes; and these do not. */
extern const struct linted linted_working[], linted_harmless[];
extern const size_t linted_working_count, linted_harmless_count;

#endif
