/*
 * The PostgreSQL driver: the only files that include libpq are src/driver/postgresql*.
 *
 * A job sets its timeouts on a fresh connection, reads them back, and fails with nothing sent when they are
 * not what was asked for. Then BEGIN, the statements, COMMIT; or the statements, each by itself.
 *
 * In a transaction an error, also one to COMMIT, is clean; a connection lost before COMMIT went out is LOST,
 * after it AMBIGUOUS. A text that ends the transaction by itself is REJECTED and not clean.
 *
 * Outside an error of the first statement is clean, unless it is one that works in parts (CONCURRENTLY,
 * VACUUM, CALL, ...); a connection lost while a statement was out is AMBIGUOUS. After a failure of
 * CONCURRENTLY the indexes that are invalid now, and were not before, are the `leftover`; a CREATE INDEX
 * CONCURRENTLY that left none is clean.
 *
 * RETRYABLE is said only of what is clean: a lock timeout (55P03) that left something is REJECTED. A cancel
 * by somebody else is REJECTED too. COPY from or to the client is refused. The first row's first column is
 * kept; rows are not, so that a result of any size needs the memory of one row.
 */
#ifndef DRIVER_POSTGRESQL_H
#define DRIVER_POSTGRESQL_H

#include <uv.h>

#include "driver/driver.h"

/* Bytes that a server keeps of an identifier and of an application_name; it cuts the rest without an error.
 */
#define POSTGRESQL_NAME_MAX 63

/* Whether libpq knows every word of a connection string. 0, or ERR_INVALID and what libpq says of it. */
int postgresql_dsn_check(const char *dsn, struct err *err) MUST_CHECK;

/* `target` is borrowed as long as the driver lives. Connects to nothing yet. */
struct driver *driver_postgresql_create(uv_loop_t *loop, const struct driver_target *target);

/* Quoted for use in SQL text, in `buf`; the text must be UTF-8. Independent of a connection: the driver pins
 * standard_conforming_strings. */
void postgresql_identifier(struct buf *buf, const char *name);
void postgresql_literal(struct buf *buf, const char *text);
/* A literal for LIKE, in which "*" of `pattern` stands for any number of characters and all else for itself.
 */
void postgresql_pattern(struct buf *buf, const char *pattern);

#endif
