/*
 * What is found while statements for MySQL and MariaDB are judged.
 */
#ifndef CHECK_MYSQL_H
#define CHECK_MYSQL_H

#include "script.h"

/* Whether it was told that the statement could copy a table, which its step does not say. */
bool see_copying(struct checking *c, const struct statement *seen);
/* After all statements of a step: `could` is whether one of them could. */
void see_copies_nothing(struct checking *c, const struct step *work, bool could);

#endif
