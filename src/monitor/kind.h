/* What the kinds of monitors share: the monitor itself, and a table for each kind. One file for each kind. */
#ifndef MONITOR_KIND_H
#define MONITOR_KIND_H

#include <uv.h>

#include "base/buf.h"
#include "monitor/draft.h"
#include "monitor/monitor.h"

/* A question of a monitor has less time than the shortest time between two samples that count. */
#define QUESTION_TIMEOUT_US (900 * MS_US)
#define QUESTION_MAX        16384

struct monitor_kind {
    /* The session is open. When it fails nothing of it is left. NULL: nothing to do. */
    int (*begin)(struct monitor *monitor, struct err *err);
    /* It is time for a sample. */
    void (*tick)(struct monitor *monitor);
    /* Removes what the monitor made, and calls monitor_stopped. NULL: it made nothing. */
    void (*stop)(struct monitor *monitor, int64_t limit_us);
    /* Frees `state`; sessions of its own are closed. NULL: nothing to do. */
    void (*end)(struct monitor *monitor);
    bool no_server; /* it asks something else than a server: there is no session */
    /* The session's questions begin transactions of their own; NULL: they do not. MySQL, MariaDB only. */
    const char *begins_with_pin;
    const char *denied_code,
        *denied; /* an error that does not name the right which is missing, and what does */
};

extern const struct monitor_kind monitor_lag, monitor_locks, monitor_transactions, monitor_progress,
    monitor_query, monitor_http;
extern const struct monitor_kind monitor_mysql_locks, monitor_mysql_transactions, monitor_mysql_progress;

struct monitor {
    uv_loop_t *loop;
    const struct monitor_config *config;
    const struct monitor_kind *kind;
    monitor_sampled sampled;
    void *data;
    uv_timer_t timer;
    struct session *session; /* with config->driver */
    void (*read)(struct monitor *monitor,
                 const struct answer *answer); /* of the question that is out, or NULL */
    void (*read_prepared)(struct monitor *monitor, const struct answer *answer);
    int preparing;
    int64_t prepared_pid[2]; /* the backend that has the prepared question */
    bool hurried;            /* the next sample is wanted now: a question is worth another connection */
    bool reached;            /* the session has answered, or said why not, at least once */
    bool stopping, closed;
    bool asked; /* a request is out, which holds the monitor in memory */
    bool handle_closed;
    void (*stopped)(void *data, const char *left_behind);
    void *stopped_data;
    void *state; /* the kind's */
};

/* Asks on the monitor's session; `read` gets only good answers. Everything else becomes an unknown sample.
 * Does nothing while an earlier question is out. */
void monitor_ask(struct monitor *monitor, const char *sql,
                 void (*read)(struct monitor *, const struct answer *));

/* As monitor_ask, for the questions of a kind that are asked again and again and do not change while a
 * connection lasts: each is prepared once, since planning it costs the server several times what carrying it
 * out does. `number` is 0 or 1: which question it is. */
void monitor_ask_prepared(struct monitor *monitor, int number, const char *sql,
                          void (*read)(struct monitor *, const struct answer *));

/* Gives the sample to whoever wants it, and finishes the draft. The monitor may be destroyed by that. */
void monitor_emit(struct monitor *monitor, struct draft *draft);

/* An unknown sample. */
void monitor_emit_unknown(struct monitor *monitor, const char *format, ...) PRINTF_LIKE(2, 3);

/* After the end, when nothing is out any more. */
void monitor_freed(struct monitor *monitor);

/* The end of monitor_stop: NULL or what was left behind. */
void monitor_stopped(struct monitor *monitor, const char *left_behind);

/* The name that the monitor's sessions have, in `buf`. */
void monitor_application_name(const struct monitor *monitor, struct buf *buf);

/* ---- pieces of questions ---- */

/* Age of a timestamp in microseconds, of the server's clock on both ends. */
#define SQL_AGE(timestamp) "(extract(epoch FROM clock_timestamp() - " timestamp ") * 1000000)::bigint"
/* Columns of pg_stat_activity as `a`. */
#define SQL_WHO                                                                                              \
    "coalesce(nullif(a.application_name, '') || ', ', '') || coalesce(a.usename, '') || '@' ||"              \
    " coalesce(host(a.client_addr), 'local')"
#define SQL_STATE "replace(a.state, 'idle in transaction', 'idle in tx')"
#define SQL_QUERY "left(a.query, 300)"
/* Whatever the settings of who asks. */
#define SQL_BACKEND_START                                                                                    \
    "to_char(a.backend_start AT TIME ZONE 'UTC', '\"since \"YYYY-MM-DD HH24:MI:SS.US\" UTC\"')"
/* Whether we see other sessions at all, and who we are. */
#define SQL_SEES "pg_has_role('pg_read_all_stats', 'USAGE'), quote_ident(current_user)"

/* "starts_with(...)": a is a session of this run; a is a monitor's session of this run. */
void sql_ours(struct buf *buf, const struct monitor *monitor);
void sql_monitors(struct buf *buf, const struct monitor *monitor);

/* True when the two columns of SQL_SEES, from `column` on, say that we see; else the draft says why not.
 * Without the privilege the server answers all the same, and leaves out what would count. */
bool draft_sees(struct draft *draft, const struct answer *answer, size_t column);

/* "t" of a boolean column. */
bool answer_true(const struct answer *answer, size_t row, size_t column);

/* A text for servers from `version` (130000 for 13) on. */
struct versioned {
    int version;
    const char *text;
};
/* The last of the rows, which are in order, that a server of `version` may be asked. */
const char *versioned_text(const struct versioned *rows, size_t count, int version);

#endif
