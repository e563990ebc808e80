/* The PostgreSQL driver: the only files that include libpq are src/driver/postgresql*.c. */
#ifndef DRIVER_POSTGRESQL_H
#define DRIVER_POSTGRESQL_H

#include <uv.h>

#include "driver/driver.h"

/* `target` is borrowed as long as the driver lives. Connects to nothing yet. */
struct driver *driver_postgresql_create(uv_loop_t *loop, const struct driver_target *target);

/* Quoted for use in SQL text, in `buf`; the text must be UTF-8. Independent of a connection: the driver pins
 * standard_conforming_strings. */
void postgresql_identifier(struct buf *buf, const char *name);
void postgresql_literal(struct buf *buf, const char *text);

#endif
