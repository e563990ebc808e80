/* What the room says of a row's statements, as effects. */
#ifndef TESTS_LOCKS_CLAIM_H
#define TESTS_LOCKS_CLAIM_H

#include "effect.h"
#include "rows.h"

/* `dump`: what the catalog knows, NULL for nothing. Fills `ret[ROW_STATEMENTS_MAX]`; what is left in `arena`
 * lives as long as they do. */
void claim_of(struct arena *arena, const struct row *row, const char *dump, struct effect *ret);

#endif
