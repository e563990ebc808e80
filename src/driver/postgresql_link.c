#include "driver/postgresql_link.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

struct pg_link {
    uv_loop_t *loop;
    const struct pg_link_events *events;
    void *data;
    char *dsn, *password, *application_name; /* copies: the pool may still read them after pg_link_close */
    int64_t connect_timeout_us;
    PGconn *conn;
    uv_poll_t *poll; /* NULL while nothing is waited for */
    uv_timer_t timer;
    uv_work_t work; /* one step of connecting */
    PostgresPollingStatusType step;
    struct pg_cancel *cancel; /* on its way */
    bool working, up, busy, closed, reported;
    bool inside;    /* libpq is at work on what came */
    bool ready_due; /* the query is over, but its cancel is still on its way and would meet the next one */
    struct failure failure;
};

/* A cancel outlives its link: PQcancel can take as long as the network lets it. */
struct pg_cancel {
    uv_work_t work;
    PGcancel *cancel;
    struct pg_link *link; /* NULL when the link went first */
};

static void on_readable(uv_poll_t *poll, int status, int events);
static void release(struct pg_link *link);

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

/* A handle for each socket and step: while it connects, libpq closes its socket and opens another one, often
 * with the same number. */
static void unwatch(struct pg_link *link)
{
    if (link->poll != NULL)
        uv_close((uv_handle_t *)link->poll, free_handle);
    link->poll = NULL;
}

static void report_down(struct pg_link *link)
{
    unwatch(link);
    uv_timer_stop(&link->timer);
    if (link->closed || link->reported)
        return;
    link->reported = true;
    link->up = false;
    link->events->down(link->data, &link->failure);
}

static void down_with(struct pg_link *link, const char *message)
{
    failure_set(&link->failure, "", message);
    report_down(link);
}

static void watch(struct pg_link *link, int events)
{
    if (link->poll == NULL) {
        link->poll = mem_alloc(sizeof(*link->poll));
        int r = uv_poll_init(link->loop, link->poll, PQsocket(link->conn));
        if (r < 0) {
            free(link->poll);
            link->poll = NULL;
            down_with(link, uv_strerror(r));
            return;
        }
        link->poll->data = link;
    }
    int r = uv_poll_start(link->poll, events, on_readable);
    if (r < 0)
        down_with(link, uv_strerror(r));
}

static void on_notice(void *data, const PGresult *res)
{
    struct pg_link *link = data;
    if (!link->closed && link->up)
        link->events->notice(link->data, res);
}

/* ---- connecting ---- */

/* Defaults before the DSN and what we insist on after it: of two values libpq takes the later one. A network
 * that swallows everything is noticed after 25 s instead of two hours. */
static PGconn *connect_start(const struct pg_link *link)
{
    const char *const keywords[] = { "keepalives_idle",
                                     "keepalives_interval",
                                     "keepalives_count",
                                     "tcp_user_timeout",
                                     "dbname",
                                     "application_name",
                                     "client_encoding",
                                     "password",
                                     NULL };
    const char *const values[] = {
        "10", "5", "3", "25000", link->dsn, link->application_name, "UTF8", link->password, NULL
    };
    return PQconnectStartParams(keywords, values, 1);
}

/* On the pool. */
static void connect_step(uv_work_t *work)
{
    struct pg_link *link = work->data;
    if (link->conn != NULL) {
        link->step = PQconnectPoll(link->conn);
        return;
    }
    link->conn = connect_start(link);
    link->step = PGRES_POLLING_FAILED;
    if (link->conn == NULL || PQstatus(link->conn) == CONNECTION_BAD)
        return;
    /* libpq keeps no SQLSTATE of a refused connection, but writes it into a verbose message. */
    (void)PQsetErrorVerbosity(link->conn, PQERRORS_VERBOSE);
    (void)PQsetNoticeReceiver(link->conn, on_notice, link);
    link->step = PGRES_POLLING_WRITING;
}

static void connect_failed(struct pg_link *link)
{
    if (link->conn == NULL) {
        down_with(link, "out of memory");
        return;
    }
    pg_failure_from_connection(&link->failure, PQerrorMessage(link->conn));
    if (link->failure.code[0] == '\0' && PQconnectionNeedsPassword(link->conn))
        failure_set(&link->failure, "28P01", "the server wants a password and none was given");
    report_down(link);
}

static void connected(struct pg_link *link)
{
    uv_timer_stop(&link->timer);
    if (PQsetnonblocking(link->conn, 1) != 0) {
        connect_failed(link);
        return;
    }
    link->up = true;
    watch(link, UV_READABLE);
    if (!link->reported)
        link->events->up(link->data);
}

static void connect_stepped(uv_work_t *work, int status)
{
    struct pg_link *link = work->data;
    link->working = false;
    if (link->closed) {
        release(link);
        return;
    }
    if (link->reported)
        return;
    if (status < 0) {
        down_with(link, uv_strerror(status));
        return;
    }
    switch (link->step) {
    case PGRES_POLLING_READING:
        watch(link, UV_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        watch(link, UV_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        connected(link);
        break;
    case PGRES_POLLING_FAILED:
    case PGRES_POLLING_ACTIVE: /* unused since PostgreSQL 8 */
        connect_failed(link);
        break;
    }
}

static void connect_go_on(struct pg_link *link)
{
    unwatch(link);
    link->work.data = link;
    int r = uv_queue_work(link->loop, &link->work, connect_step, connect_stepped);
    if (r < 0) {
        down_with(link, uv_strerror(r));
        return;
    }
    link->working = true;
}

static void on_connect_timeout(uv_timer_t *timer)
{
    struct pg_link *link = timer->data;
    struct buf text;
    buf_init(&text, ERR_MESSAGE_MAX);
    buf_text(&text, "no connection within ");
    duration_text(&text, link->connect_timeout_us);
    down_with(link, buf_str(&text));
    buf_finish(&text);
}

struct pg_link *pg_link_open(uv_loop_t *loop, const struct driver_target *target,
                             const char *application_name, const struct pg_link_events *events, void *data)
{
    static const int64_t usual_timeout_us = 10 * SECOND_US;
    struct pg_link *link = mem_alloc(sizeof(*link));
    *link = (struct pg_link){
        .loop = loop,
        .events = events,
        .data = data,
        .dsn = mem_text(target->dsn),
        .password = mem_text(target->password),
        .application_name = mem_text(application_name),
        .connect_timeout_us = target->connect_timeout_us > 0 ? target->connect_timeout_us : usual_timeout_us,
    };
    uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    uv_timer_start(&link->timer, on_connect_timeout, (uint64_t)(link->connect_timeout_us / MS_US), 0);
    connect_go_on(link);
    return link;
}

/* ---- queries ---- */

static void lost(struct pg_link *link)
{
    pg_failure_from_connection(&link->failure, PQerrorMessage(link->conn));
    report_down(link);
}

static void on_cancel_too_slow(uv_timer_t *timer)
{
    struct pg_link *link = timer->data;
    link->ready_due = false;
    link->events->ready(link->data);
}

static void ready(struct pg_link *link)
{
    static const uint64_t cancel_wait_ms = 2000;
    link->ready_due = link->cancel != NULL;
    if (link->ready_due)
        uv_timer_start(&link->timer, on_cancel_too_slow, cancel_wait_ms, 0);
    else
        link->events->ready(link->data);
}

/* Takes what libpq has. The callbacks may close the link; its memory stays until the loop has turned. */
static void drain(struct pg_link *link)
{
    while (!link->closed && link->busy && (PQstatus(link->conn) == CONNECTION_BAD || !PQisBusy(link->conn))) {
        PGresult *res = PQgetResult(link->conn);
        if (res == NULL) {
            link->busy = false;
            if (PQstatus(link->conn) != CONNECTION_BAD)
                ready(link);
            return;
        }
        link->events->result(link->data, res);
        PQclear(res);
    }
}

static void take_input(struct pg_link *link)
{
    bool whole = PQconsumeInput(link->conn) == 1;
    if (!whole)
        pg_failure_from_connection(&link->failure, PQerrorMessage(link->conn));
    if (!link->busy)
        (void)PQisBusy(link->conn); /* makes libpq look at notices that came unasked */
    drain(link);
    if (link->closed)
        return;
    if (!whole)
        report_down(link);
    else if (PQstatus(link->conn) == CONNECTION_BAD)
        lost(link);
}

/* A notice is reported from inside of libpq, and may be the reason to close the link. */
static void receive(struct pg_link *link)
{
    link->inside = true;
    take_input(link);
    link->inside = false;
    if (link->closed)
        release(link);
}

static void flush(struct pg_link *link)
{
    int left = PQflush(link->conn);
    /* When it cannot be written, what the server said last may still be there to read. */
    watch(link, left == 1 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct pg_link *link = poll->data;
    (void)status; /* libpq meets the same error on the socket and has words for it */
    if (!link->up) {
        connect_go_on(link);
        return;
    }
    if (events & UV_WRITABLE)
        flush(link);
    if (!link->closed && link->up)
        receive(link);
}

static void on_send_failed(uv_timer_t *timer)
{
    lost(timer->data);
}

void pg_link_send(struct pg_link *link, const char *sql)
{
    assert(link->up && !link->busy);
    if (PQsendQuery(link->conn, sql) != 1) {
        uv_timer_start(&link->timer, on_send_failed, 0, 0);
        return;
    }
    /* Row by row, so that an answer of any size needs the memory of one row. */
    (void)PQsetSingleRowMode(link->conn);
    link->busy = true;
    flush(link);
}

PGconn *pg_link_connection(const struct pg_link *link)
{
    return link->conn;
}

/* ---- cancel ---- */

/* On the pool: PQcancel makes a connection of its own and waits. */
static void cancel_send(uv_work_t *work)
{
    struct pg_cancel *cancel = work->data;
    char trouble[256];
    /* The protocol has no answer to it, so there is nothing to report; whoever wants it asks again. */
    (void)PQcancel(cancel->cancel, trouble, sizeof(trouble));
}

static void cancel_sent(uv_work_t *work, int status)
{
    struct pg_cancel *cancel = work->data;
    (void)status;
    struct pg_link *link = cancel->link;
    PQfreeCancel(cancel->cancel);
    free(cancel);
    if (link == NULL)
        return;
    link->cancel = NULL;
    if (link->ready_due && link->up) {
        uv_timer_stop(&link->timer);
        on_cancel_too_slow(&link->timer);
    }
}

void pg_link_cancel(struct pg_link *link)
{
    if (!link->up || link->cancel != NULL)
        return;
    PGcancel *key = PQgetCancel(link->conn);
    if (key == NULL)
        return;
    struct pg_cancel *cancel = mem_alloc(sizeof(*cancel));
    cancel->work.data = cancel;
    cancel->cancel = key;
    cancel->link = link;
    if (uv_queue_work(link->loop, &cancel->work, cancel_send, cancel_sent) < 0) {
        PQfreeCancel(key);
        free(cancel);
        return;
    }
    link->cancel = cancel;
}

/* ---- end ---- */

static void on_timer_closed(uv_handle_t *handle)
{
    struct pg_link *link = handle->data;
    failure_finish(&link->failure);
    free(link->dsn);
    free(link->password);
    free(link->application_name);
    free(link);
}

static void release(struct pg_link *link)
{
    unwatch(link);
    if (link->conn != NULL)
        PQfinish(link->conn);
    link->conn = NULL;
    uv_close((uv_handle_t *)&link->timer, on_timer_closed);
}

void pg_link_close(struct pg_link *link)
{
    if (link == NULL || link->closed)
        return;
    link->closed = true;
    if (link->cancel != NULL)
        link->cancel->link = NULL;
    uv_timer_stop(&link->timer);
    if (!link->working && !link->inside)
        release(link);
}
