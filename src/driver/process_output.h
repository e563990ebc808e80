/* What a command wrote, kept in a file up to a maximum. What does not fit is counted and said at the file's
 * end. */
#ifndef DRIVER_PROCESS_OUTPUT_H
#define DRIVER_PROCESS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct process_output {
    int fd; /* -1: not kept */
    int64_t max, kept, total;
    int trouble; /* errno of the first write that failed; nothing is kept after it */
};

/* Creates the file (0600; must not be there). NULL: nothing is kept, which is no cut. ERR_IO. */
int process_output_open(struct process_output *output, const char *path, int64_t max,
                        struct err *err) MUST_CHECK;
void process_output_add(struct process_output *output, const char *bytes, size_t len);
/* Writes the last line where something is missing. The file stays open. */
void process_output_mark(struct process_output *output);
/* True when a file was asked for and lacks something. */
bool process_output_cut(const struct process_output *output);
void process_output_close(struct process_output *output);

#endif
