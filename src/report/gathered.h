/* What a chronicle has gathered. All times named *_us here are since the beginning of the run unless they are
 * said to be something else. Private to the room. */
#ifndef REPORT_GATHERED_H
#define REPORT_GATHERED_H

#include "base/mem.h"
#include "report/chronicle.h"

#define NOT_YET INT64_MIN /* an end that has not come */

/* A list that grows. */
struct list {
    void *items;
    size_t count, room;
};
/* Room for one more, zeroed, at its end. */
void *list_add(struct list *list, size_t size);

struct entry {
    const struct event *event; /* a record */
    int64_t us;
    const char *sensed; /* of a gate's decision: what the sensed checks had answered, a line each */
};

/* One time that a step, or an entry of a rollback, was carried out, with its attempts. */
struct span {
    size_t step, entry;
    int64_t from_us, to_us;
    struct instant began;
    int64_t elapsed_us, attempts, last_attempt;
    enum step_state state;    /* to what it came; RUNNING: it has not ended */
    const char *text, *value; /* how it ended, and what was read */
};

struct hold {
    int64_t from_us, to_us;
    struct instant began;
    const char *by, *why;
    const char *end; /* how it ended: "released by mia" */
};

/* Somebody waited for a lock: a step of ours by what the runner saw, or anybody by a monitor of locks. */
struct wait {
    size_t step, entry; /* step BOOK_NONE: by the monitor */
    size_t monitor;
    int64_t from_us, to_us;
    struct instant began;
    const char *whom; /* who was waited for, as last seen or as when most waited */
    double most, behind;
    int64_t seen_us; /* the last sample that told of it */
    bool lost;       /* it ended because nothing more was known */
};

struct unknown {
    size_t step, entry;
    int64_t from_us;
    struct instant began;
    const char *why;
    const struct event *ruled; /* NULL: not yet */
    int64_t to_us;
};

struct undoing {
    const struct event *started, *ended; /* ended NULL: it is under way */
    int64_t from_us, to_us;
    size_t first_span; /* spans from here on, up to `last_span`, can be its own */
    size_t last_span;
    const char *remains; /* ids of steps whose effect stood at its end, or stands; "" none */
};

struct point {
    int64_t us;
    double value;
    bool after_gap; /* what was between the one before and this is not known */
};
struct gap {
    int64_t from_us, to_us;
    const char *why;
};
/* A metric of a monitor over the run. */
struct series {
    size_t monitor;
    const char *metric;
    struct list points, gaps;
    const char *why;    /* of the gap that is open; NULL: none is */
    int64_t gap_us;     /* since when */
    int64_t stopped_us; /* when the monitor was stopped, NOT_YET while it is not */
};

struct chronicle {
    struct arena *arena;
    const struct book *book;
    struct run *run;
    struct instant last; /* of the newest event */
    int64_t us;          /* of the same */
    struct instant opened;
    struct list entries, spans, holds, waits, unknowns, undoings, series;
};

/* series.c */
void series_make(struct chronicle *chronicle); /* those that the book asks for */
/* Samples of a monitor that are further from each other do not belong together. */
int64_t series_joined_us(const struct chronicle *chronicle, size_t monitor);
void series_take(struct chronicle *chronicle, const struct event *event);
/* What is not known up to `end_us` as well: copies of the gaps, in `arena`. */
const struct gap *series_gaps(const struct chronicle *chronicle, const struct series *series,
                              struct arena *arena, int64_t end_us, size_t *ret_count);
struct figures {
    size_t count; /* of values; 0: nothing is known */
    double least, median, most;
    int64_t most_us;
};
void series_figures(const struct series *series, int64_t from_us, int64_t to_us, struct figures *ret);

/* waits.c */
void waits_take(struct chronicle *chronicle, const struct event *event);
void waits_end(struct chronicle *chronicle, size_t step, size_t entry);

#endif
