/* Fingerprints of one real server: of each one for a program, of the engine that it is linked with. */
#ifndef TESTS_UNIT_FINGERPRINT_PRINTED_H
#define TESTS_UNIT_FINGERPRINT_PRINTED_H

#include "lines.h"

/* ---- of the engine: pg_printed.c, my_printed.c ---- */

extern const enum fingerprint_engine printed_engine;
const char *printed_dsn(void);
/* Each statement by itself: no transaction around them. */
void on_server(const char *const *statements);

/* ---- of any ---- */

/* Ends the test when it cannot be taken. */
struct fingerprint *taken_with(struct arena *arena, const char *dsn, const struct fingerprint_data *data,
                               size_t count);
struct fingerprint *taken(struct arena *arena);

/* It is not taken, with that code, and with a message that has `message` in it and names the target; `data`
 * may be NULL. */
void check_refused(const char *dsn, const struct fingerprint_data *data, int code, const char *message);
/* `dsn` leads to a database "moved", which is not there: a state like others, as a book may be there to make
 * it. */
void check_no_database(const char *dsn);

#define STATEMENTS 5

struct change {
    const char *make[STATEMENTS];
    const char *want; /* in one of the differences; NULL: there is none */
    const char *undo[STATEMENTS];
};

/* What is made is seen, and no secret is. */
void check_made(struct arena *arena, const struct fingerprint *before, const struct change *change);
/* The same of each, one after the other, and nothing of it is seen once it is undone. */
void check_changes(const struct change *changes, size_t count);

#endif
