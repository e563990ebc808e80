/*
 * A recording as an asciinema file: what the screen would have painted, with its times.
 * Format: https://docs.asciinema.org/manual/asciicast/v2/
 */
#ifndef APP_CAST_H
#define APP_CAST_H

#include "base/err.h"
#include "base/mem.h"

#define CAST_COLUMNS 120
#define CAST_ROWS    40

struct cast_options {
    const char *where; /* as recording_read takes it */
    const char *theme; /* NULL: dark */
    int columns, rows;
};

/* Writes it to standard output. What can be read of a damaged recording is written before the error. */
int cast_write(struct arena *arena, const struct cast_options *options, struct err *err) MUST_CHECK;

#endif
