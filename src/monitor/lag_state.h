/* What the files of the lag monitor share: lag.c (sessions and pace), lag_beat.c (the heartbeat),
 * lag_sample.c (what is made of it). */
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
    const char *trouble;
};

/* One end of the heartbeat. */
struct lag_end {
    bool out;         /* a question is */
    int64_t heard_us; /* boot clock: the last good answer, or the beginning */
    char *trouble;    /* why the last answer was not good; NULL */
};

struct lag {
    struct monitor *monitor;
    struct session *primary; /* the replica's is monitor->session */
    uv_timer_t timer;
    /* heartbeat */
    struct buf table;
    int32_t row_id;
    bool table_made;   /* the server may have made it */
    int64_t ready_pid; /* the primary's backend that has the row; 0: to be made */
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

enum lag_primary_column {
    P_SEES,
    P_ROLE,
    P_LSN,
    P_NAME,
    P_KIND,
    P_STATE,
    P_SENT,
    P_REPLAY,
    P_REPLY,
    P_RETAINED,
    P_SLOT,
    P_APPLICATION
};
enum lag_replica_column { R_RECOVERY, R_PAUSED, R_LSN, R_SLOT, R_CLUSTER };

/* Beats, or reads what the replica shows. Twice for each beat. */
void lag_beat(struct lag *lag);

/* Emits a sample from all that is known now. */
void lag_emit(struct lag *lag);

#endif
