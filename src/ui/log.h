/*
 * What was said so far: lines about events, and the last lines of what steps wrote. Two bounded rings with
 * one order, so that a flood of output cannot push the events away.
 */
#ifndef UI_PRIVATE_LOG_H
#define UI_PRIVATE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "ui/canvas.h"

#define LOG_EVENT_LINES  2000
#define LOG_OUTPUT_LINES 500
#define LOG_OUTPUT_BYTES ((size_t)64 * 1024)
#define LOG_LINE_MAX     ((size_t)4096)

struct log_line {
    uint64_t order;  /* over both rings */
    int64_t wall_us; /* 0: output, which has no time of its own */
    uint8_t style;   /* enum role_style */
    char *text;      /* visible */
};

struct log_ring {
    struct log_line *lines;
    size_t max, first, count;
    size_t bytes;     /* of the texts */
    size_t bytes_max; /* 0: no limit of its own */
};

struct log {
    uint64_t next_order;
    struct log_ring events, output;
    struct buf partial; /* last line of output so far, without its end */
    bool returned;      /* a carriage return came: the next byte begins the line anew */
    uint64_t left_out;  /* bytes of output that were never shown: they came faster than anyone reads */
};

void log_init(struct log *log);
void log_finish(struct log *log);

void log_event(struct log *log, int64_t wall_us, enum role_style style, const char *text);

/* Takes bytes as they came: cut at newlines; a carriage return begins the line anew. */
void log_output(struct log *log, const char *bytes, size_t len);

size_t log_count(const struct log *log);

/* From the last line (which may be one of output that has not ended, then it is not made visible yet) back to
 * the first; NULL when there is none before. */
struct log_walk {
    const struct log *log;
    size_t events, output; /* how many of each are still before the walk */
    bool partial;
    struct log_line line;
};
struct log_walk log_walk_back(const struct log *log);
const struct log_line *log_walk_next(struct log_walk *walk);

#endif
