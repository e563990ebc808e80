/*
 * A job: a connection of its own that goes through the stages below, from top to bottom. Whatever happens, it
 * ends in `finish`, where pg_verdict says from the facts what is left of it.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "driver/postgresql_job.h"
#include "driver/sql_words.h"

#define NOTICE_MAX (1024 * 1024)
static const struct pg_link_events link_events;

static void on_timer_closed(uv_handle_t *handle)
{
    struct pg_job *job = handle->data;
    failure_finish(&job->failure);
    pg_indexes_finish(&job->invalid);
    buf_finish(&job->leftover);
    buf_finish(&job->settings);
    PQclear(job->value);
    free(job);
}

static void drop(void *data)
{
    struct pg_job *job = data;
    server_item_remove(&job->item);
    job->dropped = true;
    pg_link_close(job->link);
    job->link = NULL;
    pg_watch_close(job->watch);
    uv_close((uv_handle_t *)&job->timer, on_timer_closed);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static bool builds_one_index(const char *text)
{
    return sql_begins(text, "create index concurrently") ||
           sql_begins(text, "create unique index concurrently");
}

static void tell_locks(struct pg_job *job)
{
    const char *trouble = job->watch != NULL ? pg_watch_trouble(job->watch) : NULL;
    struct buf text;
    if (job->watch == NULL)
        return;
    if (job->events->locked != NULL)
        pg_watch_tell(job->watch, job->events->locked, job->data);
    if (trouble == NULL || job->events->notice == NULL)
        return;
    buf_init(&text, NOTICE_MAX);
    buf_format(&text, "not all of its locks were seen: %s", trouble);
    job->events->notice(job->data, buf_str(&text));
    buf_finish(&text);
}

/* What the job did to files can be told only now; its transaction is not to be held open for that. */
static bool waits_for_watch(struct pg_job *job)
{
    if (job->over)
        return false;
    job->over = true;
    job->ended_ns = uv_hrtime();
    if (job->watch == NULL)
        return false;
    uv_timer_stop(&job->timer);
    pg_link_close(job->link);
    job->link = NULL;
    pg_watch_go(job->watch, WATCH_AFTER);
    return true;
}

static void finish(struct pg_job *job)
{
    if (waits_for_watch(job))
        return;
    const PGresult *value = job->value;
    struct driver_result result = {
        .leftover = buf_str(&job->leftover),
        .statements_done = job->facts.done,
        .rows = job->rows,
        .elapsed_us = (int64_t)((job->ended_ns - job->started_ns) / 1000),
    };
    failure_tell(&job->failure, &result);
    job->facts.code = job->failure.code;
    /* The build of an index that failed has left an invalid one, or nothing. */
    if (job->looked && job->leftover.len == 0 && builds_one_index(job->sql->statements[job->at]))
        job->facts.parts = false;
    result.status = pg_verdict(&job->facts, &result.clean);
    if (job->stage == STAGE_CONNECT && !job->facts.stopped)
        result.status = pg_connect_status(&job->failure);
    if (value != NULL && PQntuples(value) > 0 && PQnfields(value) > 0 && !PQgetisnull(value, 0, 0))
        result.value = PQgetvalue(value, 0, 0);

    const struct driver_events *events = job->events;
    void *data = job->data;
    pg_link_close(job->link);
    job->link = NULL;
    server_tell_lost_notices(events, data, job->notices);
    tell_locks(job);
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

/* ---- after a failure ---- */

/* The look for leftovers must not keep the result back for long. */
static void look_for_leftovers(struct pg_job *job)
{
    static const uint64_t limit_ms = 15000;
    bool usable = job->link != NULL && !job->facts.lost &&
                  PQtransactionStatus(pg_link_connection(job->link)) == PQTRANS_IDLE;
    job->stage = STAGE_LEFTOVER;
    uv_timer_start(&job->timer, on_finish, limit_ms, 0);
    if (usable) {
        pg_stage_send(job);
        return;
    }
    pg_link_close(job->link);
    job->link = pg_link_open(job->driver->loop, job->driver->target, job->driver->target->application_name,
                             &link_events, job);
}

static void end(struct pg_job *job)
{
    bool fine = !job->facts.failed && !job->facts.lost;
    if (!fine && job->concurrent && job->facts.sent) {
        look_for_leftovers(job);
        return;
    }
    finish(job);
}

void pg_job_fail(struct pg_job *job, const char *code, const char *message)
{
    job->facts.failed = true;
    failure_set(&job->failure, code, message);
}

/* A statement was answered without an error: is the job still where it has to be? */
static void check_transaction(struct pg_job *job)
{
    PGTransactionStatusType is = PQtransactionStatus(pg_link_connection(job->link));
    job->facts.answered = true;
    job->facts.done++;
    if (job->sql->transaction && is != PQTRANS_INTRANS)
        job->facts.broke_out = true;
    if (job->sql->transaction && job->facts.broke_out) {
        pg_job_fail(
            job, "",
            "a statement ended the transaction of the step by itself (it has BEGIN, COMMIT or ROLLBACK)");
    } else if (!job->sql->transaction && job->facts.done == job->sql->count && is != PQTRANS_IDLE) {
        job->facts.broke_out = true;
        pg_job_fail(job, "", "the statements left a transaction open, which was rolled back");
    }
}

static void check_read_back(struct pg_job *job)
{
    if (job->read_back != 2)
        pg_job_fail(job, "", "the server did not say which timeouts it has; nothing was sent");
    else if (job->events->settings != NULL)
        job->events->settings(job->data, buf_str(&job->settings));
}

static void advance(struct pg_job *job)
{
    enum stage next = job->facts.failed ? STAGE_DONE : pg_stage_after(job);
    if (next != STAGE_DONE && job->facts.cancel_asked) {
        job->facts.stopped = true;
        pg_job_fail(job, "",
                    job->facts.sent ? "cancelled between two statements"
                                    : "cancelled before anything was sent");
        next = STAGE_DONE;
    }
    if (next == STAGE_DONE) {
        end(job);
        return;
    }
    job->stage = next;
    job->at = job->facts.done < job->sql->count ? job->facts.done : job->at;
    pg_stage_send(job);
}

void pg_job_watched(void *data)
{
    struct pg_job *job = data;
    if (job->over) {
        finish(job);
    } else if (job->stage == STAGE_LOOK || job->stage == STAGE_LOCKS) {
        job->started_ns += uv_hrtime() - job->watch_ns;
        advance(job);
    }
}

/* ---- what the link says ---- */

static void on_up(void *data)
{
    struct pg_job *job = data;
    if (job->stage == STAGE_LEFTOVER) {
        pg_stage_send(job);
        return;
    }
    job->pid = job->item.pid = PQbackendPID(pg_link_connection(job->link));
    if (job->events->identified != NULL)
        job->events->identified(job->data, job->pid);
    if (!job->dropped)
        advance(job);
}

static void on_down(void *data, const struct failure *failure)
{
    struct pg_job *job = data;
    if (job->stage == STAGE_LEFTOVER) {
        if (job->failure.hint == NULL)
            job->failure.hint = mem_text("it was not possible to look for invalid indexes afterwards");
        finish(job);
        return;
    }
    if (job->stage == STAGE_CONNECT)
        job->facts.failed = true;
    else
        job->facts.lost = true;
    if (!job->facts.failed || job->failure.message == NULL)
        failure_copy(&job->failure, failure);
    end(job);
}

static void on_error(struct pg_job *job, const PGresult *res)
{
    /* The first failure counts: after the server's last words libpq adds that the connection is closed. */
    if (job->stage == STAGE_LEFTOVER || job->facts.failed)
        return;
    job->facts.failed = true;
    pg_failure_from_result(&job->failure, res);
    job->facts.time_over = job->facts.sent && job->statement_timeout_ms > 0 &&
                           uv_hrtime() - job->sent_ns >= (uint64_t)job->statement_timeout_ms * 1000000;
}

/* The protocol waits for data now, or is full of it. Closing is the way out that has no effect. */
static void on_copy(struct pg_job *job)
{
    pg_job_fail(
        job, "",
        "COPY to or from the client cannot be a statement of a step: use a file on the server, or a command");
    pg_link_close(job->link);
    job->link = NULL;
    end(job);
}

static void on_result(void *data, PGresult *res)
{
    struct pg_job *job = data;
    switch (PQresultStatus(res)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE:
        pg_stage_take(job, res);
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        on_copy(job);
        break;
    case PGRES_EMPTY_QUERY:
        break;
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR:
    case PGRES_NONFATAL_ERROR:
    case PGRES_PIPELINE_SYNC:
    case PGRES_PIPELINE_ABORTED:
        on_error(job, res);
        break;
    }
}

static void on_ready(void *data)
{
    struct pg_job *job = data;
    if (job->stage == STAGE_LEFTOVER) {
        job->looked = true;
        finish(job);
        return;
    }
    job->facts.answered = true;
    if (!job->facts.failed && job->stage == STAGE_STATEMENT)
        check_transaction(job);
    if (!job->facts.failed && job->stage == STAGE_READ_BACK)
        check_read_back(job);
    if (!job->dropped)
        advance(job);
}

static void on_notice(void *data, const PGresult *res)
{
    struct pg_job *job = data;
    if (job->events->notice == NULL || job->stage == STAGE_LEFTOVER)
        return;
    if (++job->notices > SERVER_NOTICES_MAX)
        return;
    struct buf text;
    buf_init(&text, NOTICE_MAX);
    buf_format(&text, "%s %s: ", or_empty(PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED)),
               or_empty(PQresultErrorField(res, PG_DIAG_SQLSTATE)));
    buf_text(&text, or_empty(PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY)));
    if (text.overflow)
        buf_text(&text, "(a message of more than 1 MiB)");
    job->events->notice(job->data, buf_str(&text));
    buf_finish(&text);
}

static const struct pg_link_events link_events = { on_up, on_down, on_result, on_ready, on_notice };

/* ---- start and cancel ---- */

int pg_job_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err)
{
    struct server_driver *server = (struct server_driver *)driver;
    struct pg_job *job = mem_alloc(sizeof(*job));
    (void)err; /* what libpq and the loop refuse arrives in `done` */
    assert(sql->count > 0);
    job->base.impl = driver->impl;
    job->driver = server;
    job->sql = sql;
    job->events = events;
    job->data = data;
    job->started_ns = uv_hrtime();
    job->facts.transaction = sql->transaction;
    job->facts.answered = true;
    buf_init(&job->leftover, NOTICE_MAX);
    buf_init(&job->settings, SETTINGS_MAX);
    for (size_t i = 0; i < sql->count; i++)
        job->concurrent |= sql_has_word(sql->statements[i], "concurrently");
    uv_timer_init(server->loop, &job->timer);
    job->timer.data = job;
    server_item_add(&server->jobs, &job->item, drop, job);
    job->link =
        pg_link_open(server->loop, server->target, server->target->application_name, &link_events, job);
    *ret = &job->base;
    return 0;
}

/* The request can overtake the statement that it is for, and then stops nothing: so it is repeated. */
static void on_cancel_again(uv_timer_t *timer)
{
    struct pg_job *job = timer->data;
    pg_link_cancel(job->link);
}

void pg_job_cancel(struct driver_job *base)
{
    static const uint64_t again_ms = 500;
    struct pg_job *job = (struct pg_job *)base;
    if (job->facts.cancel_asked || job->stage == STAGE_LEFTOVER || job->over)
        return;
    job->facts.cancel_asked = true;
    if (job->stage == STAGE_CONNECT) {
        job->facts.stopped = true;
        pg_job_fail(job, "", "cancelled before anything was sent");
        pg_link_close(job->link);
        job->link = NULL;
        uv_timer_start(&job->timer, on_finish, 0, 0);
        return;
    }
    uv_timer_start(&job->timer, on_cancel_again, 0, again_ms);
}
