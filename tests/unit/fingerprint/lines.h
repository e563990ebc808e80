/* What the lines of fingerprints say. */
#ifndef TESTS_UNIT_FINGERPRINT_LINES_H
#define TESTS_UNIT_FINGERPRINT_LINES_H

#include "fingerprint/fingerprint.h"

/* What is different, a line each. */
void differences(struct arena *arena, const struct fingerprint *before, const struct fingerprint *after,
                 struct buf *ret);
/* Ends the test when there is no such line. */
const char *value_of(const struct fingerprint *fingerprint, const char *what, const char *name);
/* By what, then name, and none twice. */
void check_order(const struct fingerprint *fingerprint);

#endif
