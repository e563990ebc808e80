/* Patterns of names in SQL. */
#ifndef DRIVER_SQL_PATTERN_H
#define DRIVER_SQL_PATTERN_H

#include "base/buf.h"

/* A literal for LIKE, in which "*" of `pattern` stands for any number of characters and all else for itself:
 * what LIKE would read otherwise comes behind `escape`. */
void sql_pattern(struct buf *buf, const char *pattern, char escape);

#endif
