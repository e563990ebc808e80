/*
 * The scripted demonstration: the unattended operator goes through the book, and on the way the second person
 * holds the run once, what ran so far is rolled back, and it goes forward again. For `tminus demo` without a
 * terminal.
 */
#ifndef APP_SCENES_H
#define APP_SCENES_H

#include <stdint.h>

#include "base/err.h"

/* Plays it in the live run in `dir` and prints each record. ERR_TIMEOUT, ERR_REFUSED: it did not come to its
 * end; what became of the run is for people to see. */
int scenes_play(const char *dir, int64_t limit_us, struct err *err) MUST_CHECK;

#endif
