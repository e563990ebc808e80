/*
 * A session: a link that is made again when it is lost, and a queue of questions. One question is out at a
 * time; each has its own end, which is watched also while it waits for its turn or for the link.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/postgresql_driver.h"
#include "driver/postgresql_rows.h"

#define QUESTIONS_MAX  16
#define ANSWER_MAX     (8 * 1024 * 1024)
#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 5000
#define CANCEL_HELP_MS 500 /* a question whose cancel does not help by then takes the connection with it */

struct question {
    char *sql;
    int64_t timeout_us;
    uint64_t end_ms; /* of the loop's clock */
    session_answered answered;
    void *data;
};

enum session_stage {
    SESSION_DOWN, /* connecting, or waiting to */
    SESSION_PIN,  /* the settings of a new connection are out */
    SESSION_IDLE,
    SESSION_TIMEOUT,  /* the statement_timeout for the next question is out */
    SESSION_QUESTION, /* the first question is out */
    SESSION_DRAIN,    /* a question that nobody waits for is out */
};

struct pg_session {
    struct session base; /* first */
    struct pg_driver *driver;
    struct pg_session *next, **back;
    char *application_name;
    enum session_access access;
    struct pg_link *link;
    uv_timer_t timer; /* the next connection, or the end of a cancelled question */
    uv_timer_t ends;  /* the first end among the questions */
    enum session_stage stage;
    uint64_t backoff_ms;
    int64_t statement_timeout_ms; /* as set on the connection */
    bool closed;
    int handles;
    struct pg_failure trouble; /* message NULL while connected */
    enum driver_status trouble_status;
    struct question queue[QUESTIONS_MAX];
    size_t count;
    /* the answer to the question that is out */
    struct pg_rows rows;
    int64_t counted; /* as the server says; -1 in the middle of the rows */
    struct pg_failure failure;
    bool failed;
    uint64_t sent_ns;
};

static const struct pg_link_events link_events;
static void go_on(struct pg_session *session);

/* ---- answers ---- */

static void forget_rows(struct pg_session *session)
{
    pg_rows_clear(&session->rows);
    session->counted = 0;
}

static const char *cell(const struct answer *answer, size_t row, size_t column)
{
    const struct pg_session *session = answer->private_data;
    return session->rows.cells[row * answer->column_count + column];
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* Answers the question at `at` and takes it out of the queue. With a failure there are no rows. */
static void answer_question(struct pg_session *session, size_t at, enum driver_status status,
                            const struct pg_failure *failure)
{
    struct question question = session->queue[at];
    bool fine = status == DRIVER_OK;
    struct driver_result result = {
        .status = status,
        .clean = status == DRIVER_LOST || status == DRIVER_AUTH,
        .message = fine ? "" : or_empty(failure->message),
        .detail = fine ? "" : or_empty(failure->detail),
        .hint = fine ? "" : or_empty(failure->hint),
        .leftover = "",
        .rows = fine ? session->counted : 0,
        .elapsed_us =
            at == 0 && session->sent_ns != 0 ? (int64_t)((uv_hrtime() - session->sent_ns) / 1000) : 0,
    };
    if (!fine)
        memcpy(result.code, failure->code, sizeof(result.code));
    if (fine && session->rows.row_count > 0 && session->rows.column_count > 0)
        result.value = session->rows.cells[0];
    struct answer answer = {
        .result = &result,
        .row_count = fine ? session->rows.row_count : 0,
        .column_count = fine ? session->rows.column_count : 0,
        .cell = cell,
        .private_data = session,
    };
    session->count--;
    memmove(&session->queue[at], &session->queue[at + 1], (session->count - at) * sizeof(question));
    question.answered(question.data, &answer);
    free(question.sql);
}

static void answer_with(struct pg_session *session, size_t at, enum driver_status status, const char *message)
{
    struct pg_failure failure = { 0 };
    pg_failure_set(&failure, "", message);
    answer_question(session, at, status, &failure);
    pg_failure_finish(&failure);
}

/* ---- the ends of questions ---- */

static void on_ends(uv_timer_t *timer);

static void watch_ends(struct pg_session *session)
{
    uint64_t first = UINT64_MAX, now = uv_now(session->driver->loop);
    for (size_t i = 0; i < session->count; i++)
        first = session->queue[i].end_ms < first ? session->queue[i].end_ms : first;
    if (session->closed || first == UINT64_MAX)
        uv_timer_stop(&session->ends);
    else
        uv_timer_start(&session->ends, on_ends, first > now ? first - now : 0, 0);
}

static void reset_link(struct pg_session *session, const char *why);

static void on_no_answer(uv_timer_t *timer)
{
    reset_link(timer->data, "the server does not answer");
}

/* Nobody waits for it any more: let the server stop, and throw away what still comes. */
static void drain_question(struct pg_session *session)
{
    session->stage = SESSION_DRAIN;
    session->statement_timeout_ms = -1; /* it may have been what did not answer */
    pg_link_cancel(session->link);
    uv_timer_start(&session->timer, on_no_answer, CANCEL_HELP_MS, 0);
}

static void end_question(struct pg_session *session, size_t at)
{
    bool out = at == 0 && (session->stage == SESSION_QUESTION || session->stage == SESSION_TIMEOUT);
    if (session->stage == SESSION_DOWN && session->trouble.message != NULL) {
        answer_question(session, at, DRIVER_LOST, &session->trouble);
        return;
    }
    if (out)
        drain_question(session);
    answer_with(session, at, DRIVER_TIMED_OUT, "no answer in time");
}

static void on_ends(uv_timer_t *timer)
{
    struct pg_session *session = timer->data;
    uint64_t now = uv_now(session->driver->loop);
    for (size_t i = 0; i < session->count && !session->closed;) {
        if (session->queue[i].end_ms <= now)
            end_question(session, i);
        else
            i++;
    }
    watch_ends(session);
}

/* ---- the link ---- */

static void connect_now(uv_timer_t *timer)
{
    struct pg_session *session = timer->data;
    session->link = pg_link_open(session->driver->loop, session->driver->target, session->application_name,
                                 &link_events, session);
}

/* Everything that was out or cannot be is answered, and a new connection is made after a while. */
static void go_down(struct pg_session *session, enum driver_status status)
{
    bool out = session->stage == SESSION_QUESTION;
    pg_link_close(session->link);
    session->link = NULL;
    session->stage = SESSION_DOWN;
    session->trouble_status = status;
    uv_timer_start(&session->timer, connect_now, session->backoff_ms, 0);
    session->backoff_ms = session->backoff_ms * 2 < BACKOFF_MAX_MS ? session->backoff_ms * 2 : BACKOFF_MAX_MS;
    if (out)
        answer_question(session, 0, DRIVER_AMBIGUOUS, &session->trouble);
    while (status == DRIVER_AUTH && session->count > 0 && !session->closed)
        answer_question(session, 0, status, &session->trouble);
    watch_ends(session);
}

static void reset_link(struct pg_session *session, const char *why)
{
    pg_failure_set(&session->trouble, "", why);
    go_down(session, DRIVER_LOST);
}

static void on_down(void *data, const struct pg_failure *failure)
{
    struct pg_session *session = data;
    bool connecting = session->stage == SESSION_DOWN;
    /* The server's last words (an administrator's command, a crash) say more than that the socket is closed.
     */
    if (session->failed && session->failure.message != NULL && !connecting) {
        pg_failure_set(&session->trouble, session->failure.code, session->failure.message);
    } else {
        pg_failure_set(&session->trouble, failure->code, or_empty(failure->message));
    }
    session->failed = false;
    go_down(session, connecting ? pg_connect_status(&session->trouble) : DRIVER_LOST);
}

static void send_text(struct pg_session *session, enum session_stage stage, const char *sql)
{
    session->stage = stage;
    session->failed = false;
    session->sent_ns = uv_hrtime();
    forget_rows(session);
    pg_link_send(session->link, sql);
}

static int64_t whole_ms(int64_t us)
{
    return (us + MS_US - 1) / MS_US;
}

/* Sends the next question, and before it the server's own limit for it where that is another than the last.
 */
static void go_on(struct pg_session *session)
{
    session->stage = SESSION_IDLE;
    session->failed = false;
    session->sent_ns = 0;
    if (session->count == 0 || session->closed)
        return;
    const struct question *question = &session->queue[0];
    if (whole_ms(question->timeout_us) == session->statement_timeout_ms) {
        send_text(session, SESSION_QUESTION, question->sql);
        return;
    }
    session->statement_timeout_ms = whole_ms(question->timeout_us);
    struct buf buf;
    buf_init(&buf, 64);
    buf_format(&buf, "SET statement_timeout = %" PRId64, session->statement_timeout_ms);
    send_text(session, SESSION_TIMEOUT, buf_str(&buf));
    buf_finish(&buf);
}

static void on_up(void *data)
{
    static const uint64_t limit_ms = 5000;
    static const char *const pins[] = {
        [SESSION_READS] = "SET standard_conforming_strings = on; SET default_transaction_read_only = on",
        [SESSION_WRITES] = "SET standard_conforming_strings = on",
    };
    struct pg_session *session = data;
    send_text(session, SESSION_PIN, pins[session->access]);
    uv_timer_start(&session->timer, on_no_answer, limit_ms, 0);
}

static void take_error(struct pg_session *session, const PGresult *res)
{
    if (session->failed)
        return;
    session->failed = true;
    pg_failure_from_result(&session->failure, res);
}

/* Rows of the last command of the question count; an earlier command's are forgotten when the next one's
 * come. */
static void on_row(struct pg_session *session, const PGresult *res)
{
    if (session->counted >= 0)
        forget_rows(session);
    session->counted = -1;
    if (session->stage != SESSION_QUESTION)
        return;
    pg_rows_add(&session->rows, res);
    if (pg_rows_size(&session->rows) > ANSWER_MAX) {
        drain_question(session);
        forget_rows(session);
        answer_with(session, 0, DRIVER_REJECTED, "the answer is larger than 8 MiB");
    }
}

static void on_result(void *data, PGresult *res)
{
    struct pg_session *session = data;
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_SINGLE_TUPLE) {
        on_row(session, res);
    } else if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        if (status == PGRES_TUPLES_OK && session->counted >= 0)
            forget_rows(session);
        session->counted = strtoll(PQcmdTuples(res), NULL, 10);
    } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        reset_link(session, "COPY to or from the client cannot be a question");
    } else if (status != PGRES_EMPTY_QUERY) {
        take_error(session, res);
    }
}

/* A question that leaves a transaction open would hold locks and an old snapshot: its connection is given up.
 */
static bool left_transaction_open(const struct pg_session *session)
{
    return PQtransactionStatus(pg_link_connection(session->link)) != PQTRANS_IDLE;
}

static void answered(struct pg_session *session)
{
    static const struct {
        const char *code;
        enum driver_status status;
    } rows[] = { { "57014", DRIVER_TIMED_OUT },
                 { "40001", DRIVER_RETRYABLE },
                 { "40P01", DRIVER_RETRYABLE },
                 { "55P03", DRIVER_RETRYABLE } };
    enum driver_status status = session->failed ? DRIVER_REJECTED : DRIVER_OK;
    for (size_t i = 0; session->failed && i < ARRAY_LEN(rows); i++) {
        if (strcmp(session->failure.code, rows[i].code) == 0)
            status = rows[i].status;
    }
    answer_question(session, 0, status, &session->failure);
}

/* While a question is answered the session is not idle yet, so that one that is asked meanwhile waits. */
static void on_ready(void *data)
{
    struct pg_session *session = data;
    enum session_stage was = session->stage;
    uv_timer_stop(&session->timer);
    if (was == SESSION_PIN) {
        session->backoff_ms = BACKOFF_MIN_MS;
        session->statement_timeout_ms = -1;
        pg_failure_finish(&session->trouble);
    }
    session->stage = SESSION_DRAIN;
    if (was == SESSION_QUESTION)
        answered(session);
    if (session->closed)
        return;
    if (left_transaction_open(session))
        reset_link(session, "a question left a transaction open");
    else
        go_on(session);
    watch_ends(session);
}

/* Only of a connection that nothing is asked of: the server's last words before it closes. */
static void on_notice(void *data, const PGresult *res)
{
    struct pg_session *session = data;
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (session->stage == SESSION_IDLE && severity != NULL && strcmp(severity, "FATAL") == 0)
        take_error(session, res);
}

static const struct pg_link_events link_events = { on_up, on_down, on_result, on_ready, on_notice };

/* ---- the contract ---- */

static int ask(struct session *base, const char *sql, int64_t timeout_us, session_answered answered_by,
               void *data, struct err *err)
{
    struct pg_session *session = (struct pg_session *)base;
    if (session->closed)
        return err_set(err, ERR_CLOSED, "the session with %s is closed", session->driver->target->id);
    if (session->count == QUESTIONS_MAX)
        return err_set(err, ERR_BUSY, "%d questions to %s are waiting already", QUESTIONS_MAX,
                       session->driver->target->id);
    uv_update_time(session->driver->loop);
    session->queue[session->count++] = (struct question){
        .sql = mem_text(sql),
        .timeout_us = timeout_us,
        .end_ms = uv_now(session->driver->loop) + (uint64_t)whole_ms(timeout_us),
        .answered = answered_by,
        .data = data,
    };
    if (session->stage == SESSION_IDLE)
        go_on(session);
    watch_ends(session);
    return 0;
}

static bool connected(const struct session *base)
{
    const struct pg_session *session = (const struct pg_session *)base;
    return session->stage != SESSION_DOWN && session->stage != SESSION_PIN;
}

static int64_t pid(const struct session *base)
{
    return connected(base) ? PQbackendPID(pg_link_connection(((const struct pg_session *)base)->link)) : 0;
}

static int server_version(const struct session *base)
{
    return connected(base) ? PQserverVersion(pg_link_connection(((const struct pg_session *)base)->link)) : 0;
}

static const char *trouble(const struct session *base)
{
    const struct pg_session *session = (const struct pg_session *)base;
    if (connected(base))
        return "";
    return session->trouble.message != NULL ? session->trouble.message : "not connected yet";
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct pg_session *session = handle->data;
    if (--session->handles > 0)
        return;
    pg_rows_finish(&session->rows);
    pg_failure_finish(&session->failure);
    pg_failure_finish(&session->trouble);
    free(session->application_name);
    free(session);
}

void pg_session_drop(struct pg_session *session)
{
    if (session->closed)
        return;
    session->closed = true;
    if (session->next != NULL)
        session->next->back = session->back;
    *session->back = session->next;
    pg_link_close(session->link);
    session->link = NULL;
    session->stage = SESSION_DOWN;
    while (session->count > 0)
        answer_with(session, 0, DRIVER_LOST, "the session was closed");
    uv_close((uv_handle_t *)&session->timer, on_handle_closed);
    uv_close((uv_handle_t *)&session->ends, on_handle_closed);
}

static void close_session(struct session *base)
{
    pg_session_drop((struct pg_session *)base);
}

int pg_session_open(struct driver *driver, const char *application_name, enum session_access access,
                    struct session **ret, struct err *err)
{
    static const struct session_impl impl = { ask, connected, pid, server_version, trouble, close_session };
    struct pg_driver *pg = (struct pg_driver *)driver;
    struct pg_session *session = mem_alloc(sizeof(*session));
    (void)err; /* what goes wrong arrives with the answers */
    session->base.impl = &impl;
    session->driver = pg;
    session->application_name = mem_text(application_name);
    session->access = access;
    session->backoff_ms = BACKOFF_MIN_MS;
    session->handles = 2;
    uv_timer_init(pg->loop, &session->timer);
    uv_timer_init(pg->loop, &session->ends);
    session->timer.data = session->ends.data = session;
    session->next = pg->sessions;
    session->back = &pg->sessions;
    if (session->next != NULL)
        session->next->back = &session->next;
    pg->sessions = session;
    connect_now(&session->timer);
    *ret = &session->base;
    return 0;
}
