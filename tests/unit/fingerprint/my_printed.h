/* Fingerprints of one real MariaDB: of each one for a program. */
#ifndef TESTS_UNIT_FINGERPRINT_MY_PRINTED_H
#define TESTS_UNIT_FINGERPRINT_MY_PRINTED_H

#include "lines.h"
#include "support/my_pair.h"

extern struct my_pair pair;
extern MYSQL *admin;

int my_group_set_up(void **state);
int my_group_tear_down(void **state);

/* Each statement by itself. */
void on_server(const char *const *statements);

/* Ends the test when it cannot be taken. */
struct fingerprint *taken_with(struct arena *arena, const char *dsn, const struct fingerprint_data *data,
                               size_t count);
struct fingerprint *taken(struct arena *arena);

#endif
