/*
 * Lag of a replica. What a gate may trust is the heartbeat (lag_beat.c), timed by our own clock: the servers'
 * own columns are NULL, or stuck, or small when they should be large. They are shown, and the distance in
 * bytes is a metric of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/lag_state.h"

#define BEAT_MS 250

/* ---- the two answers ---- */

static void view_finish(struct lag_view *view)
{
    arena_destroy(view->arena);
    *view = (struct lag_view){ 0 };
}

static void view_take(struct lag_view *view, const struct answer *answer)
{
    view_finish(view);
    view->arena = arena_create();
    view->known = answer->result->status == DRIVER_OK && answer->row_count > 0;
    view->row_count = answer->row_count;
    view->column_count = answer->column_count;
    view->trouble =
        arena_text(view->arena, answer->result->status == DRIVER_TIMED_OUT ? "no answer within 900 ms"
                                                                           : answer->result->message);
    view->cells = arena_array(view->arena, view->row_count * view->column_count + 1, sizeof(*view->cells));
    for (size_t row = 0; row < view->row_count; row++) {
        for (size_t column = 0; column < view->column_count; column++)
            view->cells[row * view->column_count + column] =
                arena_text(view->arena, answer->cell(answer, row, column));
    }
    if (answer->column == NULL)
        return;
    view->names = arena_array(view->arena, view->column_count + 1, sizeof(*view->names));
    for (size_t column = 0; column < view->column_count; column++)
        view->names[column] = arena_text(view->arena, answer->column(answer, column));
}

static void take(struct lag *lag, struct lag_view *view, const struct answer *answer)
{
    lag->views_out--;
    if (lag->monitor->closed || lag->monitor->stopping)
        return;
    view_take(view, answer);
    if (lag->views_out == 0)
        lag_emit(lag);
}

static void on_primary(void *data, const struct answer *answer)
{
    struct lag *lag = data;
    take(lag, &lag->on_primary, answer);
}

static void on_replica(void *data, const struct answer *answer)
{
    struct lag *lag = data;
    take(lag, &lag->on_replica, answer);
}

static void view_fail(struct lag_view *view, const char *why)
{
    view_finish(view);
    view->arena = arena_create();
    view->trouble = arena_text(view->arena, why);
}

static void ask(struct lag *lag, struct session *session, const char *sql, struct lag_view *view,
                session_answered answered)
{
    struct err err = ERR_INIT;
    if (sql == NULL)
        view_fail(view, session_trouble(session)[0] != '\0' ? session_trouble(session) : "no answer yet");
    else if (session_ask(session, sql, QUESTION_TIMEOUT_US, answered, lag, &err) == 0)
        lag->views_out++;
    else
        view_fail(view, err.message);
}

static void tick(struct monitor *monitor)
{
    struct lag *lag = monitor->state;
    if (lag->views_out > 0)
        return; /* the sample comes with their answers, or when their time is over */
    ask(lag, lag->primary, lag->dialect->primary_question(lag), &lag->on_primary, on_primary);
    ask(lag, monitor->session, lag->dialect->replica_question(lag), &lag->on_replica, on_replica);
    if (lag->views_out == 0)
        lag_emit(lag);
}

/* ---- life ---- */

static void on_beat(uv_timer_t *timer)
{
    lag_beat(timer->data);
}

/* The book gives the table's name as it would stand in SQL text; two monitors of one run share the table. */
static int32_t row_id_of(const char *id)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619U;
    return (int32_t)(hash & 0x7fffffff);
}

static const struct lag_dialect *const dialects[] = {
    [MONITOR_ENGINE_POSTGRESQL] = &lag_postgresql,
    [MONITOR_ENGINE_MYSQL] = &lag_mysql,
};

static int begin(struct monitor *monitor, struct err *err)
{
    struct session *primary;
    struct buf name;
    buf_init(&name, QUESTION_MAX);
    monitor_application_name(monitor, &name);
    enum session_access access = monitor->config->heartbeat ? SESSION_WRITES : SESSION_READS;
    int r = session_open(monitor->config->primary, buf_str(&name), access, &primary, err);
    buf_finish(&name);
    if (r < 0)
        return r;
    struct lag *lag = mem_alloc(sizeof(*lag));
    monitor->state = lag;
    lag->monitor = monitor;
    lag->dialect = dialects[monitor->config->engine];
    lag->primary = primary;
    lag->row_id = row_id_of(monitor->config->id);
    lag->seq = clock_now().wall_us / MS_US;
    lag->said_us = -1;
    lag->writer.heard_us = lag->reader.heard_us = clock_now().boot_us;
    buf_init(&lag->table, QUESTION_MAX);
    buf_text(&lag->table, monitor->config->heartbeat_table != NULL ? monitor->config->heartbeat_table : "");
    uv_timer_init(monitor->loop, &lag->timer);
    lag->timer.data = lag;
    if (monitor->config->heartbeat)
        uv_timer_start(&lag->timer, on_beat, 0, BEAT_MS / 2);
    return 0;
}

static void on_lag_closed(uv_handle_t *handle)
{
    struct lag *lag = handle->data;
    view_finish(&lag->on_primary);
    view_finish(&lag->on_replica);
    buf_finish(&lag->table);
    free(lag->writer.trouble);
    free(lag->reader.trouble);
    free(lag->left_behind);
    free(lag);
}

static void end(struct monitor *monitor)
{
    struct lag *lag = monitor->state;
    session_close(lag->primary);
    uv_close((uv_handle_t *)&lag->timer, on_lag_closed);
}

static void on_stopped(uv_timer_t *timer)
{
    struct lag *lag = timer->data;
    monitor_stopped(lag->monitor, lag->left_behind);
}

static void say_stopped(struct lag *lag, const char *trouble)
{
    struct buf text;
    if (trouble != NULL) {
        buf_init(&text, QUESTION_MAX);
        buf_format(&text, "table %s on the primary: %s", buf_str(&lag->table), trouble);
        lag->left_behind = mem_text(buf_str(&text));
        buf_finish(&text);
    }
    uv_timer_start(&lag->timer, on_stopped, 0, 0);
}

static void on_dropped(void *data, const struct answer *answer)
{
    struct lag *lag = data;
    if (lag->monitor->closed)
        return;
    if (answer->result->status == DRIVER_OK)
        say_stopped(lag, NULL);
    else
        say_stopped(lag, answer->result->status == DRIVER_TIMED_OUT ? "not removed in time"
                                                                    : answer->result->message);
}

static void stop(struct monitor *monitor, int64_t limit_us)
{
    struct lag *lag = monitor->state;
    struct buf sql;
    struct err err = ERR_INIT;
    uv_timer_stop(&lag->timer);
    if (!lag->table_made) {
        say_stopped(lag, NULL);
        return;
    }
    buf_init(&sql, QUESTION_MAX);
    buf_format(&sql, "DROP TABLE IF EXISTS %s", buf_str(&lag->table));
    if (session_ask(lag->primary, buf_str(&sql), limit_us, on_dropped, lag, &err) < 0)
        say_stopped(lag, err.message);
    buf_finish(&sql);
}

const struct monitor_kind monitor_lag = { .begin = begin, .tick = tick, .stop = stop, .end = end };
