#include "monitor/monitor.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"
#include "monitor/kind.h"
#include "monitor/mysql.h"

static const struct monitor_kind *const kinds[MONITOR_ENGINE_COUNT][MONITOR_TYPE_COUNT] = {
    [MONITOR_ENGINE_POSTGRESQL] = {
        [MONITOR_TYPE_LAG] = &monitor_lag,
        [MONITOR_TYPE_LOCKS] = &monitor_locks,
        [MONITOR_TYPE_TRANSACTIONS] = &monitor_transactions,
        [MONITOR_TYPE_PROGRESS] = &monitor_progress,
        [MONITOR_TYPE_QUERY] = &monitor_query,
        [MONITOR_TYPE_HTTP] = &monitor_http,
    },
    [MONITOR_ENGINE_MYSQL] = {
        [MONITOR_TYPE_LAG] = &monitor_lag,
        [MONITOR_TYPE_LOCKS] = &monitor_mysql_locks,
        [MONITOR_TYPE_TRANSACTIONS] = &monitor_mysql_transactions,
        [MONITOR_TYPE_PROGRESS] = &monitor_mysql_progress,
        [MONITOR_TYPE_QUERY] = &monitor_query,
        [MONITOR_TYPE_HTTP] = &monitor_http,
    },
};

bool monitor_identity(struct buf *sql, enum monitor_engine engine, const struct session *session)
{
    size_t len = sql->len;
    if (engine == MONITOR_ENGINE_POSTGRESQL)
        buf_text(sql, SQL_BACKEND_START);
    else
        mysql_sql_server(sql, session);
    return sql->len > len;
}

/* ---- samples ---- */

void monitor_emit(struct monitor *monitor, struct draft *draft)
{
    if (!monitor->stopping && !monitor->closed)
        monitor->sampled(monitor->data, &draft->sample);
    draft_finish(draft);
}

void monitor_emit_unknown(struct monitor *monitor, const char *format, ...)
{
    struct buf text;
    struct draft draft;
    va_list args;
    buf_init(&text, QUESTION_MAX);
    va_start(args, format);
    buf_formatv(&text, format, args);
    va_end(args);
    draft_init(&draft, monitor->config->id);
    draft_unknown(&draft, "%s", buf_str(&text));
    buf_finish(&text);
    monitor_emit(monitor, &draft);
}

/* ---- questions ---- */

static void emit_trouble(struct monitor *monitor, const struct driver_result *result)
{
    static const char no_such_statement[] = "26000";
    if (strcmp(result->code, no_such_statement) == 0)
        monitor->prepared_pid[0] = monitor->prepared_pid[1] = 0;
    if (result->status == DRIVER_TIMED_OUT)
        monitor_emit_unknown(monitor, "no answer within 900 ms");
    else if (monitor->kind->denied != NULL && strcmp(result->code, monitor->kind->denied_code) == 0)
        monitor_emit_unknown(monitor, "%s", monitor->kind->denied);
    else
        monitor_emit_unknown(monitor, "%s", result->message);
}

static void on_answer(void *data, const struct answer *answer)
{
    struct monitor *monitor = data;
    void (*read)(struct monitor *, const struct answer *) = monitor->read;
    monitor->read = NULL;
    if (monitor->closed || monitor->stopping)
        return;
    monitor->reached = true;
    if (answer->result->status == DRIVER_OK)
        read(monitor, answer);
    else
        emit_trouble(monitor, answer->result);
}

void monitor_ask(struct monitor *monitor, const char *sql,
                 void (*read)(struct monitor *, const struct answer *))
{
    struct err err = ERR_INIT;
    if (monitor->read != NULL)
        return;
    monitor->read = read;
    if (session_ask(monitor->session, sql, QUESTION_TIMEOUT_US, on_answer, monitor, &err) < 0) {
        monitor->read = NULL;
        monitor_emit_unknown(monitor, "%s", err.message);
    }
}

static void execute(struct monitor *monitor, int number,
                    void (*read)(struct monitor *, const struct answer *))
{
    static const char *const questions[] = { "EXECUTE tminus_0", "EXECUTE tminus_1" };
    monitor_ask(monitor, questions[number], read);
}

static void read_preparation(struct monitor *monitor, const struct answer *answer)
{
    (void)answer;
    monitor->prepared_pid[monitor->preparing] = session_pid(monitor->session);
    execute(monitor, monitor->preparing, monitor->read_prepared);
}

void monitor_ask_prepared(struct monitor *monitor, int number, const char *sql,
                          void (*read)(struct monitor *, const struct answer *))
{
    struct buf text;
    if (monitor->prepared_pid[number] == session_pid(monitor->session)) {
        execute(monitor, number, read);
        return;
    }
    if (monitor->read != NULL)
        return;
    monitor->read_prepared = read;
    monitor->preparing = number;
    buf_init(&text, QUESTION_MAX);
    buf_format(&text, "PREPARE tminus_%d AS %s", number, sql);
    monitor_ask(monitor, buf_str(&text), read_preparation);
    buf_finish(&text);
}

/* Which version it is was not known before. */
static void read_hello(struct monitor *monitor, const struct answer *answer)
{
    (void)answer;
    monitor->kind->tick(monitor);
}

static const struct oldest {
    enum monitor_engine engine;
    bool mariadb;
    int version; /* as session_server_version has it */
    const char *name, *needed;
} oldest_servers[] = {
    { MONITOR_ENGINE_POSTGRESQL, false, 120000, "PostgreSQL", "12" },
    { MONITOR_ENGINE_MYSQL, false, 50600, "MySQL", "5.6" },
    { MONITOR_ENGINE_MYSQL, true, 100200, "MariaDB", "10.2" },
};

/* NULL for a server that is new enough. */
static const struct oldest *too_old(const struct monitor *monitor, int version)
{
    enum monitor_engine engine = monitor->config->engine;
    bool mariadb = engine == MONITOR_ENGINE_MYSQL && mysql_is_mariadb(monitor->session);
    for (size_t i = 0; i < ARRAY_LEN(oldest_servers); i++) {
        if (oldest_servers[i].engine == engine && oldest_servers[i].mariadb == mariadb)
            return version < oldest_servers[i].version ? &oldest_servers[i] : NULL;
    }
    return NULL;
}

static void on_tick(uv_timer_t *timer)
{
    struct monitor *monitor = timer->data;
    int version = monitor->session != NULL ? session_server_version(monitor->session) : 0;
    bool hurried = monitor->hurried;
    monitor->hurried = false;
    if (monitor->kind->no_server ||
        monitor->kind->stop != NULL) /* it has more than one session, and asks them by itself */
        monitor->kind->tick(monitor);
    else if (monitor->read != NULL)
        return;
    else if (version == 0 && monitor->reached && !hurried)
        monitor_emit_unknown(monitor, "not connected: %s", session_trouble(monitor->session));
    else if (version == 0)
        monitor_ask(monitor, "SELECT 1", read_hello);
    else if (too_old(monitor, version) != NULL)
        monitor_emit_unknown(monitor, "the server is %s %d.%d; %s or newer is needed",
                             too_old(monitor, version)->name, version / 10000, version / 100 % 100,
                             too_old(monitor, version)->needed);
    else
        monitor->kind->tick(monitor);
}

/* ---- life ---- */

void monitor_application_name(const struct monitor *monitor, struct buf *buf)
{
    buf_format(buf, "%smonitor:%s", monitor->config->application_prefix, monitor->config->id);
}

static int open_session(struct monitor *monitor, struct err *err)
{
    struct buf name;
    int r = 0;
    if (monitor->kind->no_server)
        return 0;
    buf_init(&name, QUESTION_MAX);
    monitor_application_name(monitor, &name);
    if (monitor->kind->begins_with_pin != NULL)
        monitor->session = mysql_session_open_begins(monitor->config->driver, buf_str(&name),
                                                     monitor->kind->begins_with_pin);
    else
        r = session_open(monitor->config->driver, buf_str(&name), SESSION_READS, &monitor->session, err);
    buf_finish(&name);
    if (r == 0 && monitor->kind->begin != NULL)
        r = monitor->kind->begin(monitor, err);
    return r;
}

int monitor_create(uv_loop_t *loop, const struct monitor_config *config, monitor_sampled sampled, void *data,
                   struct monitor **ret, struct err *err)
{
    struct monitor *monitor = mem_alloc(sizeof(*monitor));
    assert(config->engine < MONITOR_ENGINE_COUNT && config->type < MONITOR_TYPE_COUNT &&
           config->every_us > 0);
    *monitor = (struct monitor){ .loop = loop,
                                 .config = config,
                                 .kind = kinds[config->engine][config->type],
                                 .sampled = sampled,
                                 .data = data };
    int r = open_session(monitor, err);
    if (r < 0) {
        session_close(monitor->session);
        free(monitor);
        return r;
    }
    uv_timer_init(loop, &monitor->timer);
    monitor->timer.data = monitor;
    uv_timer_start(&monitor->timer, on_tick, 0, (uint64_t)(config->every_us / MS_US));
    *ret = monitor;
    return 0;
}

void monitor_pace(struct monitor *monitor, int64_t every_us)
{
    uint64_t ms = (uint64_t)((every_us > 0 ? every_us : monitor->config->every_us) / MS_US);
    if (!monitor->stopping)
        uv_timer_start(&monitor->timer, on_tick, ms, ms);
}

void monitor_hurry(struct monitor *monitor, int64_t in_us)
{
    monitor->hurried = true;
    if (!monitor->stopping)
        uv_timer_start(&monitor->timer, on_tick, (uint64_t)((in_us + MS_US - 1) / MS_US),
                       uv_timer_get_repeat(&monitor->timer));
}

void monitor_stopped(struct monitor *monitor, const char *left_behind)
{
    void (*stopped)(void *, const char *) = monitor->stopped;
    monitor->stopped = NULL;
    if (stopped != NULL && !monitor->closed)
        stopped(monitor->stopped_data, left_behind);
}

static void on_nothing_to_remove(uv_timer_t *timer)
{
    monitor_stopped(timer->data, NULL);
}

void monitor_stop(struct monitor *monitor, int64_t limit_us,
                  void (*stopped)(void *data, const char *left_behind), void *data)
{
    assert(!monitor->stopping);
    monitor->stopping = true;
    monitor->stopped = stopped;
    monitor->stopped_data = data;
    uv_timer_stop(&monitor->timer);
    if (monitor->kind->stop != NULL)
        monitor->kind->stop(monitor, limit_us);
    else
        uv_timer_start(&monitor->timer, on_nothing_to_remove, 0, 0);
}

void monitor_freed(struct monitor *monitor)
{
    if (monitor->handle_closed && !monitor->asked)
        free(monitor);
}

static void on_closed(uv_handle_t *handle)
{
    struct monitor *monitor = handle->data;
    monitor->handle_closed = true;
    monitor_freed(monitor);
}

void monitor_destroy(struct monitor *monitor)
{
    if (monitor == NULL || monitor->closed)
        return;
    monitor->closed = true;
    session_close(monitor->session);
    if (monitor->kind->end != NULL)
        monitor->kind->end(monitor);
    uv_close((uv_handle_t *)&monitor->timer, on_closed);
}

/* ---- pieces of questions ---- */

static void starts_with(struct buf *buf, const struct monitor *monitor, const char *more)
{
    struct buf prefix;
    buf_init(&prefix, QUESTION_MAX);
    buf_format(&prefix, "%s%s", monitor->config->application_prefix, more);
    buf_text(buf, "coalesce(starts_with(a.application_name, ");
    postgresql_literal(buf, buf_str(&prefix));
    buf_text(buf, "), false)");
    buf_finish(&prefix);
}

void sql_monitors(struct buf *buf, const struct monitor *monitor)
{
    starts_with(buf, monitor, "monitor:");
}

void sql_ours(struct buf *buf, const struct monitor *monitor)
{
    starts_with(buf, monitor, "");
}

bool answer_true(const struct answer *answer, size_t row, size_t column)
{
    const char *text = answer->cell(answer, row, column);
    return text != NULL && text[0] == 't';
}

bool draft_sees(struct draft *draft, const struct answer *answer, size_t column)
{
    if (answer->row_count > 0 && answer_true(answer, 0, column))
        return true;
    const char *role = answer->row_count > 0 ? answer->cell(answer, 0, column + 1) : "";
    draft_unknown(draft, "blind: role %s needs pg_monitor (GRANT pg_monitor TO %s)", role, role);
    return false;
}

const char *versioned_text(const struct versioned *rows, size_t count, int version)
{
    const char *text = rows[0].text;
    for (size_t i = 0; i < count && rows[i].version <= version; i++)
        text = rows[i].text;
    return text;
}
