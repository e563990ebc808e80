/*
 * The heartbeat: one row for each monitor in a table on the primary, whose number is raised four times a
 * second, and read on the replica as often.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/lag_state.h"

#define WORTH_SAYING_US                                                                                      \
    (300 * MS_US) /* lag above this is said with every read, so that a gate turns within a second */

static int64_t now_us(void)
{
    return clock_now().boot_us;
}

/* A change for the worse is said at once. */
static void set_trouble(struct lag *lag, struct lag_end *end, const char *trouble)
{
    bool was_well = end->trouble == NULL;
    free(end->trouble);
    end->trouble = mem_text(trouble);
    if (was_well)
        lag_emit(lag);
}

static void set_well(struct lag_end *end)
{
    free(end->trouble);
    end->trouble = NULL;
    end->heard_us = now_us();
}

static void ask(struct lag *lag, struct session *session, struct lag_end *end, const char *sql,
                session_answered answered)
{
    struct err err = ERR_INIT;
    end->out = session_ask(session, sql, QUESTION_TIMEOUT_US, answered, lag, &err) == 0;
    if (!end->out)
        set_trouble(lag, end, err.message);
}

/* False when the monitor is going away, or there is nothing to take. */
static bool is_good(struct lag *lag, struct lag_end *end, const struct answer *answer)
{
    end->out = false;
    if (lag->monitor->closed || lag->monitor->stopping)
        return false;
    if (answer->result->status == DRIVER_OK)
        return true;
    set_trouble(lag, end,
                answer->result->status == DRIVER_TIMED_OUT ? "no answer within 900 ms"
                                                           : answer->result->message);
    return false;
}

/* ---- the primary ---- */

static void make(struct lag *lag);

static void on_made(void *data, const struct answer *answer)
{
    struct lag *lag = data;
    if (!is_good(lag, &lag->writer, answer))
        return;
    if (++lag->make_step < lag->dialect->make_steps) {
        make(lag);
        return;
    }
    if (answer->result->value == NULL)
        return;
    lag->ready_pid = session_pid(lag->primary);
    lag->seq = strtoll(answer->result->value, NULL, 10);
    set_well(&lag->writer);
    beats_acknowledged(&lag->beats, lag->seq, lag->writer.heard_us);
}

/* The row goes on from the larger number, ours or the one that is there: a table can be left from an earlier
 * run, and a failover can have lost our last ones. */
static void make(struct lag *lag)
{
    struct buf sql;
    buf_init(&sql, QUESTION_MAX);
    lag->dialect->make_text(lag, lag->make_step, &sql);
    lag->table_made = true;
    ask(lag, lag->primary, &lag->writer, buf_str(&sql), on_made);
    buf_finish(&sql);
}

static void on_beaten(void *data, const struct answer *answer)
{
    struct lag *lag = data;
    if (!is_good(lag, &lag->writer, answer)) {
        lag->ready_pid = 0; /* whatever it was, it begins with making sure of the row */
        return;
    }
    if (answer->result->rows != 1) {
        lag->ready_pid = 0;
        set_trouble(lag, &lag->writer, "the heartbeat's row is gone");
        return;
    }
    set_well(&lag->writer);
    beats_acknowledged(&lag->beats, lag->seq, lag->writer.heard_us);
}

static void beat(struct lag *lag)
{
    struct buf sql;
    if (lag->ready_pid == 0 || lag->ready_pid != session_pid(lag->primary)) {
        lag->make_step = 0;
        make(lag);
        return;
    }
    buf_init(&sql, QUESTION_MAX);
    buf_format(&sql, "UPDATE %s SET seq = %" PRId64 " WHERE id = %" PRId32, buf_str(&lag->table), ++lag->seq,
               lag->row_id);
    ask(lag, lag->primary, &lag->writer, buf_str(&sql), on_beaten);
    buf_finish(&sql);
}

/* ---- the replica ---- */

static void on_read(void *data, const struct answer *answer)
{
    struct lag *lag = data;
    /* The replica has not got as far as the table: an answer, and an old one. */
    bool no_table_yet = strcmp(answer->result->code, lag->dialect->no_table) == 0 && !lag->beats.any_shown;
    if (no_table_yet && !lag->monitor->closed && !lag->monitor->stopping) {
        lag->reader.out = false;
        set_well(&lag->reader);
        return;
    }
    if (!is_good(lag, &lag->reader, answer))
        return;
    set_well(&lag->reader);
    if (answer->result->value != NULL)
        beats_shown(&lag->beats, strtoll(answer->result->value, NULL, 10));

    int64_t lag_us;
    bool known = beats_lag(&lag->beats, now_us(), &lag_us);
    if (known && (lag_us > WORTH_SAYING_US || lag->said_us > WORTH_SAYING_US || lag->said_us < 0))
        lag_emit(lag);
}

static void read_shown(struct lag *lag)
{
    struct buf sql;
    buf_init(&sql, QUESTION_MAX);
    buf_format(&sql, "SELECT seq FROM %s WHERE id = %" PRId32, buf_str(&lag->table), lag->row_id);
    ask(lag, lag->monitor->session, &lag->reader, buf_str(&sql), on_read);
    buf_finish(&sql);
}

void lag_beat(struct lag *lag)
{
    lag->read_next = !lag->read_next;
    if (lag->read_next && !lag->writer.out)
        beat(lag);
    else if (!lag->read_next && !lag->reader.out)
        read_shown(lag);
}
