/*
 * What goes into one commit of the trail: records with their lines, the samples that came with them, and
 * files: what was frozen, what commands wrote. Private to the room; publish.c owns all of them.
 */
#ifndef RUNNER_BATCH_H
#define RUNNER_BATCH_H

#include "runner.h"

struct batch {
    struct batch *next;
    struct arena *arena;
    struct event *events;
    size_t count, capacity;
    struct buf lines, samples;
    struct audit_file *files;
    size_t file_count, file_capacity;
    bool milestone;
    int64_t begun_boot_us; /* 0: empty */
};

struct batch *batch_create(void);
void batch_destroy(struct batch *batch); /* NULL-safe */

/* `attempts`: the last of each step of the book, kept by batch_see and batch_add: which one a ruling is
 * about. */
void batch_see(const struct runner *runner, int64_t *attempts, const struct event *event);
/* A record, and the output of the command that ended by it or that a person has ruled about. */
void batch_add(const struct runner *runner, struct batch *batch, int64_t *attempts, const struct event *event,
               const char *line, size_t len);
/* `bytes` are borrowed; of `source` they are read when it is published. */
void batch_file(struct batch *batch, const char *path, const char *source, const char *bytes, size_t len);

/* An output that is not there any more, or is no file that may be read, never will be: a line that says so
 * takes its place, so that the rest can be published. The path of the last one, in the batch's arena; NULL:
 * none. */
const char *batch_mark_missing(struct batch *batch);

#endif
