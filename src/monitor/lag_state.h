/* What the files of the lag monitor share: lag.c (sessions and pace), lag_beat.c (the heartbeat),
 * lag_sample.c (what is made of it); and of each engine lag_postgresql.c, lag_mysql.c. */
#ifndef MONITOR_LAG_STATE_H
#define MONITOR_LAG_STATE_H

#include "monitor/beats.h"
#include "monitor/kind.h"

/* The last answer to one question, or why there was none. */
struct lag_view {
    struct arena *arena;
    bool known;
    size_t row_count, column_count;
    const char **cells; /* NULL for SQL NULL */
    const char **names; /* of the columns; NULL where the engine gives none */
    const char *trouble;
};

/* One end of the heartbeat. */
struct lag_end {
    bool out;         /* a question is */
    int64_t heard_us; /* boot clock: the last good answer, or the beginning */
    char *trouble;    /* why the last answer was not good; NULL */
};

struct lag;

/* What differs by engine. */
struct lag_dialect {
    const char *distance; /* what there is without a heartbeat: "bytes" */
    const char *no_table; /* the code for a table that is not there */
    /* The heartbeat's row is made by so many questions; the last one answers its number. */
    int make_steps;
    void (*make_text)(const struct lag *lag, int step, struct buf *sql);
    /* What the primary and the replica are asked for each sample; NULL while that is not known. */
    const char *(*primary_question)(const struct lag *lag);
    const char *(*replica_question)(const struct lag *lag);
    /* Adds the other metrics and the rows, after "seconds". */
    void (*add)(struct draft *draft, const struct lag *lag);
};
extern const struct lag_dialect lag_postgresql, lag_mysql;

struct lag {
    struct monitor *monitor;
    const struct lag_dialect *dialect;
    struct session *primary; /* the replica's is monitor->session */
    uv_timer_t timer;
    /* heartbeat */
    struct buf table;
    int32_t row_id;
    bool table_made;   /* the server may have made it */
    int make_step;     /* the question that is out, of those that make the row */
    int64_t ready_pid; /* the primary's backend that has the row; 0: to be made */
    /* Of the last beat. It begins with the time of day in milliseconds, since a replica can still have the
     * row of a run that is over: with a number of ours it would say that what it never got had come back. */
    int64_t seq;
    bool read_next; /* beat and read take turns */
    struct lag_end writer, reader;
    struct beats beats;
    int64_t said_us; /* the lag in the last sample; -1: it had none */
    /* the rest */
    int views_out;
    struct lag_view on_primary, on_replica;
    char *left_behind;
};

static inline const char *lag_cell_of(const struct lag_view *view, size_t row, size_t column)
{
    return view->cells[row * view->column_count + column];
}

/* Beats, or reads what the replica shows. Twice for each beat. */
void lag_beat(struct lag *lag);

/* Emits a sample from all that is known now. */
void lag_emit(struct lag *lag);

#endif
