/*
 * A sample: what a monitor read at one moment, as a value that travels from the monitor through the runner
 * to the engine, the screen and the trail.
 *
 * A sample is either known or not. An unknown sample says why ("no privilege: ...", "connection lost") and
 * has no metrics: nothing in the program may read 0 out of it. A metric that one sample could not tell has
 * `known == false` (for example lag while no beat has come back yet).
 */
#ifndef BASE_SAMPLE_H
#define BASE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define SAMPLE_METRICS_MAX 12
#define SAMPLE_CELLS_MAX   12
#define SAMPLE_ROWS_MAX    64

/* What the cells of a row mean, by the monitor's kind. All are text for people; times are clock faces. */
/* A session that waits, or that others wait for. */
enum lock_cell {
    LOCK_PID,
    LOCK_WHO,    /* application, user@client */
    LOCK_STATE,  /* "active", "idle in tx" */
    LOCK_XACT,   /* age of its transaction */
    LOCK_WAIT,   /* how long it has waited; "" for a root */
    LOCK_MODE,   /* the mode it wants, or "AccessShare held" */
    LOCK_OBJECT, /* schema.table */
    LOCK_WHY,    /* "root", "hard" (conflicts with what is held), "queue" (behind one that waits) */
    LOCK_BEHIND, /* sessions behind it */
    LOCK_QUERY,
    LOCK_BACKEND_START, /* with LOCK_PID: which session exactly; of MySQL, since when its server is up */
    LOCK_CELLS
};
/* A replica as its primary sees it, or a slot. */
enum lag_cell {
    LAG_NAME,
    LAG_KIND,   /* "physical", "logical", "slot"; "binlog" of MySQL and MariaDB */
    LAG_STATE,  /* "streaming", "paused"; "IO Yes, SQL Yes, says 0 s behind" */
    LAG_SENT,   /* bytes not yet sent */
    LAG_REPLAY, /* bytes not yet replayed */
    LAG_REPLY,  /* age of its last reply */
    LAG_RETAINED,
    LAG_CELLS
};
enum tx_cell {
    TX_PID,
    TX_WHO,
    TX_STATE,
    TX_AGE,
    TX_STATE_AGE,
    TX_XMIN_AGE,
    TX_QUERY,
    TX_BACKEND_START, /* with TX_PID, as LOCK_BACKEND_START */
    TX_CELLS
};
enum progress_cell {
    PROGRESS_PID,
    PROGRESS_WHAT,
    PROGRESS_OBJECT,
    PROGRESS_PHASE,
    PROGRESS_PERCENT,
    PROGRESS_BLOCKER,
    PROGRESS_CELLS
};

struct sample_metric {
    const char *name; /* "seconds", "bytes", "waiting" */
    double value;     /* unit in the name: seconds, bytes, a count */
    bool known;
};

struct sample_row {
    int depth;                           /* 0 for a root, 1 for what waits for it, ... */
    bool ours;                           /* a session of this run */
    const char *cells[SAMPLE_CELLS_MAX]; /* what each means depends on the monitor's kind; "" if nothing */
};

struct sample {
    const char *monitor; /* the monitor's id in the book */
    struct instant at;   /* when the answer came */
    bool known;
    const char *why; /* when not known: one sentence; when known: a remark or "" */
    size_t metric_count;
    struct sample_metric metrics[SAMPLE_METRICS_MAX];
    size_t row_count;
    size_t rows_left_out; /* how many more rows there were than fit: never silent */
    const struct sample_row *rows;
};

/* The metric of that name, NULL if the sample has none or is not known. */
const struct sample_metric *sample_metric(const struct sample *sample, const char *name);

struct arena;
/* A deep copy in `arena`. */
const struct sample *sample_copy(struct arena *arena, const struct sample *sample);

#endif
