/* Parts of what is said to MySQL and MariaDB (mysql_parts.c). Private to the room. */
#ifndef BULK_MYSQL_PARTS_H
#define BULK_MYSQL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* How a value of a key, which was read as a text, is written. */
enum literal_form {
    LITERAL_TEXT,   /* in quotes */
    LITERAL_NUMBER, /* without */
    LITERAL_BYTES,  /* read as HEX(), written as X'...' */
};

/* "(a, b) > (x, y)" in words for which these servers look into an index: a > x OR (a = x AND (b > y)).
 * `before` is how all columns but the last are compared, `last` how that one is: ">" and ">", or "<" and
 * "<=". */
void mysql_bound(struct buf *sql, size_t count, const char *const *columns, const enum literal_form *forms,
                 const char *const *values, const char *before, const char *last);

#endif
