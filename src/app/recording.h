/*
 * What was recorded of a run, in the order in which it came: its records, and between them what the panes
 * showed and what the steps wrote. From the run's directory or from any clone of its trail.
 *
 * The boot-time clock tells what came before what, or where the machine was started anew the wall clock; a
 * record never comes before one with a lower seq.
 */
#ifndef APP_RECORDING_H
#define APP_RECORDING_H

#include "engine/event.h"
#include "wire/rundir.h"

struct recording_reader {
    /* First of all: what the run was begun with. The texts live as long as the arena. */
    int (*frozen)(void *data, const struct frozen *frozen, const struct book *book, struct err *err);
    /* `line` is the same as it stands in the journal, without its newline; its JSON begins after
     * JOURNAL_LINE_PREFIX bytes. */
    int (*record)(void *data, const struct event *event, const char *line, size_t len, struct err *err);
    /* A passing event as it was written. One that cannot be read says nothing. */
    int (*passing)(void *data, const char *json, size_t len, struct err *err);
    /* What a step wrote, or its end, made visible; comes before the event that ends the step. */
    int (*output)(void *data, const char *step, const char *bytes, struct err *err);
};

/* Reads all of it. `where`: a run of this machine, or "REPOSITORY:RUN". Whatever a reader returns below 0
 * ends it. ERR_NOT_FOUND, ERR_CORRUPT with the place; what was read before was handed out. */
int recording_read(struct arena *arena, const char *where, const struct recording_reader *reader, void *data,
                   struct err *err) MUST_CHECK;

#endif
