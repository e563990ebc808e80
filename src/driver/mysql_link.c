#include "driver/mysql_link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "driver/mysql.h"
#include "driver/mysql_worker.h"

#define MARK_MAX     1024
#define KILL_WAIT_MS 2000 /* for the KILL's own answer, once there is nothing left for it to stop */
#define SETTLES_MAX  3

struct my_link {
    uv_loop_t *loop;
    const struct driver_target *target;
    const struct my_link_events *events;
    void *data;
    char *application_name;
    int64_t connect_timeout_us;
    struct my_worker *worker; /* NULL: ended, or let go */
    uv_async_t async;
    uv_timer_t timer; /* connecting has its end, and so has the wait for a KILL */
    int handles;
    struct my_server server;
    struct failure failure;
    bool up, busy, closed, reported;
    struct my_answer *held; /* not told yet */
    struct my_link *killer;
    bool kill_sent; /* the killer has said it, and has no answer */
    bool killed;    /* a KILL may have left something in the connection */
    bool doubtful;  /* a KILL may still come */
    int settles;
};

static void close_handles(struct my_link *link);

static void report_down(struct my_link *link)
{
    uv_timer_stop(&link->timer);
    if (link->closed || link->reported)
        return;
    link->reported = true;
    link->up = false;
    link->events->down(link->data, &link->failure);
}

static void down_with(struct my_link *link, const char *message)
{
    my_failure_set(&link->failure, 0, message);
    report_down(link);
}

/* ---- the answer, and what has to come before it can be told ---- */

static void hand_over(struct my_link *link, const char *sql, const struct my_keep *keep)
{
    struct buf text;
    buf_init(&text, strlen(sql) + MARK_MAX);
    mysql_mark(&text, link->application_name);
    buf_text(&text, sql);
    my_worker_ask(link->worker, buf_str(&text), text.len, keep);
    buf_finish(&text);
}

static void tell_answer(struct my_link *link)
{
    struct my_answer *answer = link->held;
    link->held = NULL;
    link->busy = link->killed = false;
    link->settles = 0;
    uv_timer_stop(&link->timer);
    if (link->events->answered != NULL)
        link->events->answered(link->data, answer);
    my_answer_free(answer);
    if (link->doubtful && !link->closed)
        down_with(link, "whether a statement was to be stopped is not known: its connection is given up");
}

static void on_kill_too_slow(uv_timer_t *timer);

/* A failed query leaves open whether a transaction is, which is asked with a query that does nothing; the
 * same one takes what a KILL may have left. */
static void settle(struct my_link *link)
{
    static const struct my_keep keep = { .rows = 1 };
    if (link->killer != NULL) {
        uv_timer_start(&link->timer, on_kill_too_slow, KILL_WAIT_MS, 0);
        return;
    }
    if (link->doubtful || !(link->held->failed || link->killed) || link->settles == SETTLES_MAX) {
        tell_answer(link);
        return;
    }
    link->settles++;
    hand_over(link, "DO 0", &keep);
}

static void on_answer(struct my_link *link, struct my_answer *answer)
{
    if (link->settles == 0) {
        link->held = answer;
        settle(link);
        return;
    }
    if (answer->failed) {
        link->doubtful = link->settles == SETTLES_MAX;
        my_answer_free(answer);
        settle(link);
        return;
    }
    link->held->in_transaction = answer->in_transaction;
    my_answer_free(answer);
    tell_answer(link);
}

/* ---- stopping a query ---- */

static void kill_over(struct my_link *link, bool doubtful)
{
    my_link_close(link->killer);
    link->killer = NULL;
    link->doubtful |= doubtful;
    if (link->held != NULL && !link->closed)
        settle(link);
}

static void on_kill_too_slow(uv_timer_t *timer)
{
    struct my_link *link = timer->data;
    kill_over(link, link->kill_sent);
}

static void on_killer_up(void *data)
{
    static const struct my_keep keep = { .rows = 1 };
    struct my_link *link = data;
    struct buf text;
    bool elsewhere = strcmp(link->killer->server.identity, link->server.identity) != 0;
    if (link->held != NULL || elsewhere) { /* it was answered meanwhile, or is not to be reached from here */
        kill_over(link, false);
        return;
    }
    buf_init(&text, 64);
    buf_format(&text, "KILL QUERY %" PRId64, link->server.id);
    link->kill_sent = link->killed = true;
    my_link_send(link->killer, buf_str(&text), &keep);
    buf_finish(&text);
}

static void on_killer_down(void *data, const struct failure *failure)
{
    struct my_link *link = data;
    (void)failure; /* whoever wants it asks again */
    kill_over(link, link->kill_sent);
}

static void on_killer_answered(void *data, const struct my_answer *answer)
{
    (void)answer; /* also an error is an answer: it will not come later */
    kill_over(data, false);
}

void my_link_cancel(struct my_link *link)
{
    static const struct my_link_events events = { on_killer_up, on_killer_down, on_killer_answered, NULL };
    const struct my_manner manner = { .application_name = link->application_name };
    if (!link->up || !link->busy || link->held != NULL || link->killer != NULL)
        return;
    link->kill_sent = false;
    link->killer = my_link_open(link->loop, link->target, &manner, &events, link);
}

/* ---- what the worker says ---- */

static void tell_news(struct my_link *link, struct my_news *news)
{
    if (news->up && !link->reported) {
        link->server = news->server;
        link->up = true;
        uv_timer_stop(&link->timer);
        link->events->up(link->data);
    }
    if (news->large && !link->closed && link->events->large != NULL)
        link->events->large(link->data);
    if (news->answer != NULL && !link->closed && !link->reported) {
        on_answer(link, news->answer);
        news->answer = NULL;
    }
    if (!news->down || link->closed)
        return;
    if (link->held != NULL) { /* it has its answer, and was lost behind it */
        link->held->in_transaction = false;
        link->doubtful = false;
        tell_answer(link);
    }
    if (!link->closed) {
        failure_copy(&link->failure, &news->failure);
        report_down(link);
    }
}

static void on_news(uv_async_t *async)
{
    struct my_link *link = async->data;
    struct my_news news;
    if (link->worker == NULL)
        return;
    my_worker_take(link->worker, &news);
    bool ended = news.ended;
    if (ended) {
        my_worker_release(link->worker);
        link->worker = NULL;
    }
    if (!link->closed)
        tell_news(link, &news);
    else if (ended)
        close_handles(link);
    my_answer_free(news.answer);
    failure_finish(&news.failure);
}

static void wake(void *data)
{
    struct my_link *link = data;
    (void)uv_async_send(&link->async);
}

/* ---- begin and end ---- */

static void on_connect_timeout(uv_timer_t *timer)
{
    struct my_link *link = timer->data;
    struct buf text;
    buf_init(&text, ERR_MESSAGE_MAX);
    buf_text(&text, "no connection within ");
    duration_text(&text, link->connect_timeout_us);
    down_with(link, buf_str(&text));
    buf_finish(&text);
}

static void on_no_thread(uv_timer_t *timer)
{
    down_with(timer->data, "no thread can be had for a connection");
}

struct my_link *my_link_open(uv_loop_t *loop, const struct driver_target *target,
                             const struct my_manner *manner, const struct my_link_events *events, void *data)
{
    static const int64_t usual_timeout_us = 10 * SECOND_US;
    struct my_link *link = mem_alloc(sizeof(*link));
    int64_t timeout_us = target->connect_timeout_us > 0 ? target->connect_timeout_us : usual_timeout_us;
    struct my_place place = {
        .dsn = mem_text(target->dsn),
        .password = mem_text(target->password),
        .application_name = mem_text(manner->application_name),
        .timeout_us = timeout_us,
        .pins = manner->pins,
        .own_pin = mem_text(manner->own_pin),
    };
    int error = 0;
    link->loop = loop;
    link->target = target;
    link->events = events;
    link->data = data;
    link->application_name = mem_text(manner->application_name);
    link->connect_timeout_us = timeout_us;
    link->handles = 2;
    (void)uv_async_init(loop, &link->async, on_news); /* can fail only for the first of a loop: a pipe */
    uv_timer_init(loop, &link->timer);
    link->async.data = link->timer.data = link;
    link->worker = my_worker_start(&place, wake, link, &error);
    if (link->worker == NULL)
        uv_timer_start(&link->timer, on_no_thread, 0, 0);
    else
        uv_timer_start(&link->timer, on_connect_timeout, (uint64_t)(timeout_us / MS_US), 0);
    return link;
}

void my_link_send(struct my_link *link, const char *sql, const struct my_keep *keep)
{
    assert(link->up && !link->busy);
    link->busy = true;
    if (link->worker != NULL) /* else it is down, and about to say so */
        hand_over(link, sql, keep);
}

const struct my_server *my_link_server(const struct my_link *link)
{
    return &link->server;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct my_link *link = handle->data;
    if (--link->handles > 0)
        return;
    failure_finish(&link->failure);
    my_answer_free(link->held);
    free(link->application_name);
    free(link);
}

static void close_handles(struct my_link *link)
{
    uv_close((uv_handle_t *)&link->async, on_handle_closed);
    uv_close((uv_handle_t *)&link->timer, on_handle_closed);
}

void my_link_close(struct my_link *link)
{
    if (link == NULL || link->closed)
        return;
    link->closed = true;
    uv_timer_stop(&link->timer);
    my_link_close(link->killer);
    link->killer = NULL;
    if (link->worker != NULL && my_worker_end(link->worker))
        return; /* it says when it has ended */
    link->worker = NULL;
    close_handles(link);
}
