/*
 * A book carried out by the engine in time that is made up (walk.c says how), so that what refuses and what
 * the clocks say is the engine's own word.
 */
#ifndef CHECK_WALK_H
#define CHECK_WALK_H

#include "checking.h"
#include "engine/decide.h"

/* More than this are not run side by side. */
#define WALK_OPEN_MAX 64

struct walk {
    struct arena *arena;
    const struct book *written;
    const struct book *book; /* the same without what only passing time brings */
    struct run *run;
    struct instant now;
    int64_t *ends; /* by step, of those that run: boot time */
    size_t open_count;
    size_t open[WALK_OPEN_MAX];
    size_t at; /* the step at which it was refused */
    struct err err;
    struct decision decision;
};

/* Sees a step that has just ended. */
typedef void (*walk_seen)(void *data, const struct walk *walk, size_t step);

/* The run is opened. Each of these returns 0, or what the engine refused, with its words in `walk->err`. */
int walk_open(struct walk *walk, struct arena *arena, const struct book *book) MUST_CHECK;
int walk_phase(struct walk *walk, size_t phase, walk_seen seen, void *data) MUST_CHECK;
/* ERR_INVALID: its criteria are against each other, and no sample could be made. */
int walk_gate(struct walk *walk, const struct gate *gate) MUST_CHECK;
void walk_close(struct walk *walk);

#endif
