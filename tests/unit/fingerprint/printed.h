/* Fingerprints of one real server: of each one for a program. */
#ifndef TESTS_UNIT_FINGERPRINT_PRINTED_H
#define TESTS_UNIT_FINGERPRINT_PRINTED_H

#include "lines.h"
#include "support/pg_group.h"

/* Each statement by itself: no transaction around them. */
void on_server(PGconn *conn, const char *const *statements);

/* Ends the test when it cannot be taken. */
struct fingerprint *taken_with(struct arena *arena, const char *dsn, const struct fingerprint_data *data,
                               size_t count);
struct fingerprint *taken(struct arena *arena);

#endif
