/*
 * A job: a connection of its own that goes through the stages below, from top to bottom. Whatever happens, it
 * ends in `finish`, where my_verdict says from the facts what is left of it.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "driver/mysql_driver.h"
#include "driver/mysql_link.h"
#include "driver/mysql_settings.h"
#include "driver/mysql_watch.h"

#define SETTINGS_MAX 512
#define SERVER_ENDS_US                                                                                       \
    (2 * SECOND_US) /* a server that ends statements by itself is given so long to do it                     \
                     */

enum stage {
    STAGE_CONNECT,
    STAGE_SET,       /* the ends of waits and statements, and what is not to be copied */
    STAGE_READ_BACK, /* what the server has made of them */
    STAGE_BEGIN,
    STAGE_STATEMENT, /* one after the other */
    STAGE_UNBOUND,   /* the server's own end of statements is none of what ends the transaction */
    STAGE_COMMIT,
    STAGE_ROLLBACK, /* after a failure in a transaction */
    STAGE_DONE,
};

struct my_job {
    struct driver_job base; /* first */
    struct server_driver *driver;
    struct server_item item;
    const struct driver_sql *sql;
    const struct driver_events *events;
    void *data;
    struct my_link *link;
    const struct driver_target *target;
    struct my_watch *watch; /* NULL: nobody wants to know */
    uv_timer_t limit;       /* of the statement that is out; or ends the job later */
    uv_timer_t again;       /* repeats the cancel */
    int handles;
    enum stage stage;
    size_t at; /* the statement that is out */
    bool dropped;
    uint64_t started_ns;
    struct my_facts facts;
    struct failure failure;
    char *value; /* of the last statement that counts rows */
    int64_t rows, notices;
};

static const struct my_link_events link_events;

static void on_timer_closed(uv_handle_t *handle)
{
    struct my_job *job = handle->data;
    if (--job->handles > 0)
        return;
    failure_finish(&job->failure);
    free(job->value);
    free(job);
}

static void drop(void *data)
{
    struct my_job *job = data;
    server_item_remove(&job->item);
    job->dropped = true;
    my_link_close(job->link);
    my_watch_close(job->watch);
    job->link = NULL;
    job->watch = NULL;
    uv_close((uv_handle_t *)&job->limit, on_timer_closed);
    uv_close((uv_handle_t *)&job->again, on_timer_closed);
}

static void notice(struct my_job *job, const char *text)
{
    if (job->events->notice != NULL)
        job->events->notice(job->data, text);
}

static void tell_watched(struct my_job *job)
{
    const char *trouble = my_watch_trouble(job->watch);
    struct buf text;
    buf_init(&text, ERR_MESSAGE_MAX);
    if (trouble != NULL)
        buf_format(&text, "not all of its locks were seen: %.300s", trouble);
    else
        buf_text(&text, my_watch_untold(job->watch));
    notice(job, buf_str(&text));
    buf_finish(&text);
    if (!job->dropped && job->events->locked != NULL)
        my_watch_tell(job->watch, job->events->locked, job->data);
}

static void finish(struct my_job *job)
{
    struct driver_result result = {
        .leftover = "",
        .statements_done = job->facts.done,
        .rows = job->rows,
        .value = job->value,
        .elapsed_us = (int64_t)((uv_hrtime() - job->started_ns) / 1000),
    };
    failure_tell(&job->failure, &result);
    job->facts.number = my_failure_number(&job->failure);
    result.status = my_verdict(&job->facts, &result.clean);
    if (job->stage == STAGE_CONNECT && job->link != NULL)
        result.status = my_connect_status(&job->failure);

    const struct driver_events *events = job->events;
    void *data = job->data;
    uv_timer_stop(&job->limit);
    uv_timer_stop(&job->again);
    my_link_close(job->link);
    job->link = NULL;
    if (job->watch != NULL)
        tell_watched(job);
    if (job->dropped)
        return;
    server_tell_lost_notices(events, data, job->notices);
    if (job->dropped)
        return;
    events->done(data, &result);
    if (!job->dropped)
        drop(job);
}

static void on_finish(uv_timer_t *timer)
{
    finish(timer->data);
}

static void fail(struct my_job *job, const char *message)
{
    job->facts.failed = true;
    my_failure_set(&job->failure, 0, message);
}

/* ---- what is sent in a stage ---- */

static void send_text(struct my_job *job, const char *sql)
{
    static const struct my_keep keep = { .rows = 1, .warnings = true };
    my_link_send(job->link, sql, &keep);
}

static void send_made(struct my_job *job, void (*make)(struct buf *ret, const struct driver_sql *sql,
                                                       const struct my_server *server))
{
    struct buf text;
    buf_init(&text, SETTINGS_MAX);
    make(&text, job->sql, my_link_server(job->link));
    send_text(job, buf_str(&text));
    buf_finish(&text);
}

static void send_settings(struct my_job *job)
{
    send_made(job, my_settings_set);
}

static void send_read_back(struct my_job *job)
{
    send_made(job, my_settings_ask);
}

static void send_begin(struct my_job *job)
{
    send_text(job, "START TRANSACTION");
}

/* A COMMIT that is stopped is one of which nobody knows. */
static void send_unbound(struct my_job *job)
{
    send_text(job, "SET SESSION max_statement_time = 0");
}

static void send_commit(struct my_job *job)
{
    job->facts.commit_out = true;
    job->facts.answered = false;
    send_text(job, "COMMIT");
}

static void send_rollback(struct my_job *job)
{
    send_text(job, "ROLLBACK");
}

static void on_cancel_again(uv_timer_t *timer)
{
    struct my_job *job = timer->data;
    if (job->stage == STAGE_STATEMENT)
        my_link_cancel(job->link);
}

/* The request can overtake the statement that it is for, and then stops nothing: so it is repeated. */
static void ask_to_stop(struct my_job *job)
{
    static const uint64_t again_ms = 500;
    uv_timer_start(&job->again, on_cancel_again, 0, again_ms);
}

static void on_time_over(uv_timer_t *timer)
{
    struct my_job *job = timer->data;
    job->facts.time_over = true;
    ask_to_stop(job);
}

static void send_statement(struct my_job *job)
{
    const char *text = job->sql->statements[job->at];
    int64_t limit_us = job->sql->statement_timeout_us;
    job->facts.sent = true;
    job->facts.answered = job->facts.time_over = false;
    job->facts.class = my_statement_of(text);
    if (limit_us > 0 && my_settings_limits(my_link_server(job->link)))
        limit_us += SERVER_ENDS_US;
    if (limit_us > 0)
        uv_timer_start(&job->limit, on_time_over, (uint64_t)((limit_us + MS_US - 1) / MS_US), 0);
    send_text(job, text);
}

/* ---- what comes back ---- */

static void take_read_back(struct my_job *job, const struct my_answer *said)
{
    struct buf told;
    buf_init(&told, SETTINGS_MAX);
    const char *why = my_settings_judge(&told, job->sql, my_link_server(job->link), said);
    if (why != NULL)
        fail(job, why);
    else if (job->events->settings != NULL)
        job->events->settings(job->data, buf_str(&told));
    buf_finish(&told);
}

static void take_value(struct my_job *job, const struct my_answer *said)
{
    enum my_statement class = job->facts.class;
    if (!said->rows_asked && class != MY_READS && class != MY_ROWS && class != MY_OPAQUE)
        return; /* one that counts nothing leaves the last count */
    const char *cell = said->row_count > 0 && said->column_count > 0 ? said->cells[0] : NULL;
    free(job->value);
    job->value = mem_text(cell);
    job->rows = said->counted;
    if (cell != NULL && strlen(cell) != said->first_len)
        fail(job, "the value that it gave holds a zero byte: ask for HEX() of it");
}

/* A statement was answered without an error: is the job still where it has to be? */
static void take_statement(struct my_job *job, const struct my_answer *said)
{
    const struct driver_sql *sql = job->sql;
    job->facts.done++;
    take_value(job, said);
    if (sql->transaction && !said->in_transaction) {
        job->facts.broke_out = true;
        fail(job, "a statement ended the transaction of the step by itself");
    } else if (!sql->transaction && job->facts.done == sql->count && said->in_transaction) {
        job->facts.broke_out = true;
        fail(job, "the statements left a transaction open, which was rolled back");
    }
}

static void take_begin(struct my_job *job, const struct my_answer *said)
{
    if (!said->in_transaction)
        fail(job, "the server has begun no transaction");
}

/* 1196: "Some non-transactional changed tables couldn't be rolled back". */
static void take_rollback(struct my_job *job, const struct my_answer *said)
{
    static const char kept[] = "Warning 1196:";
    for (size_t i = 0; i < said->notice_count; i++)
        job->facts.kept |= strncmp(said->notices[i], kept, sizeof(kept) - 1) == 0;
}

static const struct {
    void (*send)(struct my_job *job);
    void (*take)(struct my_job *job, const struct my_answer *said); /* NULL: nobody has to */
} stages[] = {
    [STAGE_SET] = { send_settings, NULL },
    [STAGE_READ_BACK] = { send_read_back, take_read_back },
    [STAGE_BEGIN] = { send_begin, take_begin },
    [STAGE_STATEMENT] = { send_statement, take_statement },
    [STAGE_UNBOUND] = { send_unbound, NULL },
    [STAGE_COMMIT] = { send_commit, NULL },
    [STAGE_ROLLBACK] = { send_rollback, take_rollback },
};

/* Of a transaction, when its last statement was answered or one of them failed. */
static enum stage stage_of_end(const struct my_job *job)
{
    bool bound = job->sql->statement_timeout_us > 0 && my_settings_limits(my_link_server(job->link));
    if (bound && job->stage == STAGE_STATEMENT)
        return STAGE_UNBOUND;
    return job->facts.failed ? STAGE_ROLLBACK : STAGE_COMMIT;
}

/* The stage that comes when this one went well. */
static enum stage stage_after(const struct my_job *job)
{
    const struct driver_sql *sql = job->sql;
    switch (job->stage) {
    case STAGE_CONNECT:
        return STAGE_SET;
    case STAGE_SET:
        return STAGE_READ_BACK;
    case STAGE_READ_BACK:
        return sql->transaction ? STAGE_BEGIN : STAGE_STATEMENT;
    case STAGE_BEGIN:
        return STAGE_STATEMENT;
    case STAGE_STATEMENT:
        if (job->facts.done < sql->count)
            return STAGE_STATEMENT;
        return sql->transaction ? stage_of_end(job) : STAGE_DONE;
    case STAGE_UNBOUND:
        return stage_of_end(job);
    case STAGE_COMMIT:
    case STAGE_ROLLBACK:
    case STAGE_DONE:
        break;
    }
    return STAGE_DONE;
}

static void advance(struct my_job *job)
{
    enum stage next = job->facts.failed ? STAGE_DONE : stage_after(job);
    if (next != STAGE_DONE && job->facts.cancel_asked) {
        job->facts.stopped = true;
        fail(job,
             job->facts.sent ? "cancelled between two statements" : "cancelled before anything was sent");
        next = STAGE_DONE;
    }
    if (job->facts.failed && job->sql->transaction && job->facts.sent &&
        (job->stage == STAGE_STATEMENT || job->stage == STAGE_UNBOUND))
        next = stage_of_end(job);
    if (next == STAGE_DONE) {
        finish(job);
        return;
    }
    job->stage = next;
    job->at = job->facts.done < job->sql->count ? job->facts.done : job->at;
    stages[next].send(job);
}

/* ---- what the link says ---- */

static void on_watching(void *data)
{
    struct my_job *job = data;
    if (job->link != NULL && !job->facts.failed) /* else it has its end */
        advance(job);
}

static void on_up(void *data)
{
    struct my_job *job = data;
    const struct my_server *server = my_link_server(job->link);
    job->item.pid = server->id;
    job->facts.atomic_ddl = server->version >= (server->mariadb ? 100600 : 80000);
    if (job->events->identified != NULL)
        job->events->identified(job->data, server->id);
    if (job->dropped)
        return;
    if (job->sql->look_at_locks)
        job->watch = my_watch_open(job->limit.loop, job->target, server->id, on_watching, job);
    else
        advance(job);
}

static void on_down(void *data, const struct failure *failure)
{
    struct my_job *job = data;
    if (job->stage == STAGE_CONNECT)
        job->facts.failed = true;
    else if (!job->facts.failed) /* else the server rolls back, as what has no connection any more */
        job->facts.lost = true;
    if (job->failure.message == NULL)
        failure_copy(&job->failure, failure);
    finish(job);
}

static void tell_notices(struct my_job *job, const struct my_answer *said)
{
    for (size_t i = 0; i < said->notice_count && !job->dropped; i++) {
        if (++job->notices <= SERVER_NOTICES_MAX)
            notice(job, said->notices[i]);
    }
    if (said->warnings > (int64_t)said->notice_count)
        job->notices += said->warnings - (int64_t)said->notice_count;
}

static void on_answered(void *data, const struct my_answer *said)
{
    struct my_job *job = data;
    job->facts.answered = true;
    uv_timer_stop(&job->limit);
    uv_timer_stop(&job->again);
    tell_notices(job, said);
    if (job->dropped)
        return;
    if (said->failed && !job->facts.failed) { /* the first failure counts */
        job->facts.failed = true;
        job->facts.commit_refused = job->stage == STAGE_COMMIT;
        failure_copy(&job->failure, &said->failure);
    } else if (!said->failed && stages[job->stage].take != NULL) {
        stages[job->stage].take(job, said);
    }
    if (job->dropped)
        return;
    if (job->stage == STAGE_ROLLBACK)
        finish(job);
    else
        advance(job);
}

static const struct my_link_events link_events = { on_up, on_down, on_answered, NULL };

/* ---- start and cancel ---- */

/* What cannot be one of a transaction is known before anything is sent. */
static bool refuse(struct my_job *job)
{
    for (size_t i = 0; job->sql->transaction && i < job->sql->count; i++) {
        const char *why = my_not_in_transaction(job->sql->statements[i]);
        struct buf text;
        if (why == NULL)
            continue;
        buf_init(&text, ERR_MESSAGE_MAX);
        buf_format(&text, "statement %zu cannot be in a transaction: %s; nothing was sent", i + 1, why);
        fail(job, buf_str(&text));
        buf_finish(&text);
        return true;
    }
    return false;
}

int my_job_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err)
{
    struct server_driver *server = (struct server_driver *)driver;
    struct my_job *job = mem_alloc(sizeof(*job));
    (void)err; /* what the library and the loop refuse arrives in `done` */
    assert(sql->count > 0);
    job->base.impl = driver->impl;
    job->driver = server;
    job->sql = sql;
    job->events = events;
    job->data = data;
    job->started_ns = uv_hrtime();
    job->facts.transaction = sql->transaction;
    job->facts.answered = true;
    job->handles = 2;
    uv_timer_init(server->loop, &job->limit);
    uv_timer_init(server->loop, &job->again);
    job->limit.data = job->again.data = job;
    server_item_add(&server->jobs, &job->item, drop, job);
    *ret = &job->base;
    if (refuse(job)) {
        uv_timer_start(&job->limit, on_finish, 0, 0);
        return 0;
    }
    const struct my_manner manner = { .application_name = server->target->application_name };
    job->target = server->target;
    job->link = my_link_open(server->loop, server->target, &manner, &link_events, job);
    return 0;
}

void my_job_cancel(struct driver_job *base)
{
    struct my_job *job = (struct my_job *)base;
    if (job->facts.cancel_asked || job->stage == STAGE_ROLLBACK || job->facts.failed)
        return;
    job->facts.cancel_asked = true;
    if (job->stage == STAGE_CONNECT) {
        job->facts.stopped = true;
        fail(job, "cancelled before anything was sent");
        my_link_close(job->link);
        job->link = NULL;
        uv_timer_start(&job->limit, on_finish, 0, 0);
        return;
    }
    ask_to_stop(job);
}
