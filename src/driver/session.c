#include "driver/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define QUESTIONS_MAX  16
#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 5000
#define PIN_LIMIT_MS   5000
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
    SESSION_LIMIT,    /* the server's limit for the next question is out */
    SESSION_QUESTION, /* the first question is out */
    SESSION_DRAIN,    /* a question that nobody waits for is out, or one is being answered */
};

struct session_core {
    struct session base; /* first */
    const struct session_engine *engine;
    void *state;
    struct server_driver *driver;
    struct server_item item;
    enum session_access access;
    uv_timer_t timer; /* the next connection, or the end of the wait for the pins or for a cancel */
    uv_timer_t ends;  /* the first end among the questions */
    enum session_stage stage;
    uint64_t backoff_ms, connections;
    int64_t limit_ms; /* as set on the connection; -1: not known */
    bool closed;
    int handles;
    struct failure trouble; /* message NULL while connected */
    enum driver_status trouble_status;
    struct question queue[QUESTIONS_MAX];
    size_t count;
    uint64_t sent_ns; /* the first question; 0: it was not */
};

static bool is_connected(const struct session_core *core)
{
    return core->stage > SESSION_PIN;
}

/* ---- answers ---- */

/* Answers the question at `at` with what was `said`, and takes it out of the queue. */
static void answer_question(struct session_core *core, size_t at, const struct session_said *said)
{
    static const struct failure none;
    struct question question = core->queue[at];
    struct driver_result result = {
        .status = said->status,
        .clean = said->status == DRIVER_LOST || said->status == DRIVER_AUTH,
        .leftover = "",
    };
    struct answer answer = {
        .result = &result, .cell = said->cell, .column = said->column, .private_data = said->private_data
    };
    failure_tell(said->status == DRIVER_OK ? &none : said->failure, &result);
    if (said->status == DRIVER_OK) {
        result.rows = said->counted;
        answer.row_count = said->row_count;
        answer.column_count = said->column_count;
    }
    if (answer.row_count > 0 && answer.column_count > 0)
        result.value = answer.cell(&answer, 0, 0);
    if (at == 0 && core->sent_ns != 0) {
        result.elapsed_us = (int64_t)((uv_hrtime() - core->sent_ns) / 1000);
        core->sent_ns = 0;
    }
    core->count--;
    memmove(&core->queue[at], &core->queue[at + 1], (core->count - at) * sizeof(question));
    question.answered(question.data, &answer);
    free(question.sql);
}

static void answer_with(struct session_core *core, size_t at, enum driver_status status, const char *message)
{
    struct failure failure = { 0 };
    failure_set(&failure, "", message);
    answer_question(core, at, &(struct session_said){ .status = status, .failure = &failure });
    failure_finish(&failure);
}

static void answer_trouble(struct session_core *core, size_t at, enum driver_status status)
{
    answer_question(core, at, &(struct session_said){ .status = status, .failure = &core->trouble });
}

/* ---- the ends of questions ---- */

static void on_ends(uv_timer_t *timer);

static void watch_ends(struct session_core *core)
{
    uint64_t first = UINT64_MAX, now = uv_now(core->driver->loop);
    for (size_t i = 0; i < core->count; i++)
        first = core->queue[i].end_ms < first ? core->queue[i].end_ms : first;
    if (core->closed || first == UINT64_MAX)
        uv_timer_stop(&core->ends);
    else
        uv_timer_start(&core->ends, on_ends, first > now ? first - now : 0, 0);
}

static void on_no_answer(uv_timer_t *timer)
{
    session_core_give_up(timer->data, "the server does not answer");
}

/* Nobody waits for it any more: let the server stop, and throw away what still comes. */
static void drain_question(struct session_core *core)
{
    core->stage = SESSION_DRAIN;
    core->limit_ms = -1; /* it may have been what did not answer */
    core->engine->cancel(core->state);
    uv_timer_start(&core->timer, on_no_answer, CANCEL_HELP_MS, 0);
}

static void end_question(struct session_core *core, size_t at)
{
    if (!is_connected(core) && core->trouble.message != NULL) {
        answer_trouble(core, at, DRIVER_LOST);
        return;
    }
    if (at == 0 && (core->stage == SESSION_QUESTION || core->stage == SESSION_LIMIT))
        drain_question(core);
    answer_with(core, at, DRIVER_TIMED_OUT, "no answer in time");
}

static void on_ends(uv_timer_t *timer)
{
    struct session_core *core = timer->data;
    uint64_t now = uv_now(core->driver->loop);
    for (size_t i = 0; i < core->count && !core->closed;) {
        if (core->queue[i].end_ms <= now)
            end_question(core, i);
        else
            i++;
    }
    watch_ends(core);
}

bool session_core_listens(const struct session_core *core)
{
    return core->stage == SESSION_QUESTION;
}

void session_core_too_large(struct session_core *core)
{
    if (!session_core_listens(core))
        return;
    drain_question(core);
    answer_with(core, 0, DRIVER_REJECTED, "the answer is larger than 8 MiB");
}

/* ---- the connection ---- */

static void connect_now(uv_timer_t *timer)
{
    struct session_core *core = timer->data;
    core->engine->connect(core->state);
}

/* Whoever asks does not wait seconds for the next attempt: what was not there may be there by now. A server
 * that does not let us in is not pressed, for some lock the account then. */
static void connect_sooner(struct session_core *core)
{
    bool waits = core->stage == SESSION_DOWN && uv_is_active((uv_handle_t *)&core->timer) != 0;
    if (waits && core->trouble_status != DRIVER_AUTH && uv_timer_get_due_in(&core->timer) > BACKOFF_MIN_MS)
        uv_timer_start(&core->timer, connect_now, BACKOFF_MIN_MS, 0);
}

/* Everything that was out or cannot be is answered, and a new connection is made after a while. */
static void go_down(struct session_core *core, enum driver_status status)
{
    bool out = core->stage == SESSION_QUESTION;
    bool snapshot = core->access == SESSION_SNAPSHOT;
    bool over = snapshot && is_connected(core);
    /* Who takes a snapshot wants to know that there is no such database, not to wait until there is one. */
    bool refused = status == DRIVER_AUTH || (snapshot && status == DRIVER_REJECTED);
    core->engine->disconnect(core->state);
    core->stage = SESSION_DOWN;
    core->item.pid = 0;
    core->trouble_status = status;
    if (over)
        uv_timer_stop(&core->timer);
    else
        uv_timer_start(&core->timer, connect_now, core->backoff_ms, 0);
    core->backoff_ms = core->backoff_ms * 2 < BACKOFF_MAX_MS ? core->backoff_ms * 2 : BACKOFF_MAX_MS;
    size_t waiting = over || refused ? core->count - (out ? 1 : 0) : 0; /* not what is asked from here on */
    if (out)
        answer_trouble(core, 0, DRIVER_AMBIGUOUS);
    for (; waiting > 0 && !core->closed; waiting--)
        answer_trouble(core, 0, status);
    watch_ends(core);
}

void session_core_give_up(struct session_core *core, const char *why)
{
    failure_set(&core->trouble, "", why);
    go_down(core, DRIVER_LOST);
}

void session_core_down(struct session_core *core, const struct failure *failure,
                       enum driver_status connecting)
{
    failure_copy(&core->trouble, failure);
    if (core->trouble.message == NULL) /* it tells who waits that there is trouble */
        core->trouble.message = mem_text("");
    go_down(core, is_connected(core) ? DRIVER_LOST : connecting);
}

static int64_t whole_ms(int64_t us)
{
    return (us + MS_US - 1) / MS_US;
}

/* Sends the next question, and before it the server's own limit for it where that is another than the last.
 */
static void go_on(struct session_core *core)
{
    core->stage = SESSION_IDLE;
    if (core->count == 0 || core->closed)
        return;
    const struct question *question = &core->queue[0];
    int64_t limit_ms = whole_ms(question->timeout_us);
    struct buf text;
    buf_init(&text, 128);
    bool limit = limit_ms != core->limit_ms && core->engine->limit(core->state, limit_ms, &text);
    core->limit_ms = limit_ms;
    core->stage = limit ? SESSION_LIMIT : SESSION_QUESTION;
    core->sent_ns = uv_hrtime();
    core->engine->send(core->state, limit ? buf_str(&text) : question->sql);
    buf_finish(&text);
}

static void begin(struct session_core *core)
{
    core->item.pid = core->engine->pid(core->state);
    core->connections++;
    core->backoff_ms = BACKOFF_MIN_MS;
    core->limit_ms = -1;
    failure_finish(&core->trouble);
    go_on(core);
    watch_ends(core);
}

void session_core_up(struct session_core *core)
{
    if (core->engine->pin == NULL) {
        begin(core);
        return;
    }
    core->stage = SESSION_PIN;
    uv_timer_start(&core->timer, on_no_answer, PIN_LIMIT_MS, 0);
    core->engine->send(core->state, core->engine->pin(core->access));
}

/* A connection without its settings could change something, or see another state: it is none. */
static void pinned(struct session_core *core, const struct session_said *said)
{
    if (said->status == DRIVER_OK)
        begin(core);
    else
        session_core_down(core, said->failure, DRIVER_LOST);
}

/* While a question is answered the session is not idle yet, so that one that is asked meanwhile waits. A
 * question that leaves a transaction open would hold locks and an old snapshot, and one that ends that of a
 * snapshot would let the next ones see another state: its connection is given up. */
void session_core_answered(struct session_core *core, const struct session_said *said)
{
    enum session_stage was = core->stage;
    struct session_said kept = *said;
    uv_timer_stop(&core->timer);
    if (was == SESSION_PIN) {
        pinned(core, said);
        return;
    }
    core->stage = SESSION_DRAIN;
    if (kept.status == DRIVER_CANCELLED) /* by whoever else: as if by its time */
        kept.status = DRIVER_TIMED_OUT;
    if (was == SESSION_QUESTION)
        answer_question(core, 0, &kept);
    if (core->closed)
        return;
    if (said->in_transaction != (core->access == SESSION_SNAPSHOT))
        session_core_give_up(core, "a question left a transaction open, or ended that of a snapshot");
    else
        go_on(core);
    watch_ends(core);
}

/* ---- the contract ---- */

static int ask(struct session *base, const char *sql, int64_t timeout_us, session_answered answered_by,
               void *data, struct err *err)
{
    struct session_core *core = (struct session_core *)base;
    const char *id = core->driver->target->id;
    if (core->closed)
        return err_set(err, ERR_CLOSED, "the session with %s is closed", id);
    if (core->count == QUESTIONS_MAX)
        return err_set(err, ERR_BUSY, "%d questions to %s are waiting already", QUESTIONS_MAX, id);
    uv_update_time(core->driver->loop);
    core->queue[core->count++] = (struct question){
        .sql = mem_text(sql),
        .timeout_us = timeout_us,
        .end_ms = uv_now(core->driver->loop) + (uint64_t)whole_ms(timeout_us),
        .answered = answered_by,
        .data = data,
    };
    if (core->stage == SESSION_IDLE)
        go_on(core);
    else
        connect_sooner(core);
    watch_ends(core);
    return 0;
}

static bool connected(const struct session *base)
{
    return is_connected((const struct session_core *)base);
}

static int64_t pid(const struct session *base)
{
    const struct session_core *core = (const struct session_core *)base;
    return is_connected(core) ? core->engine->pid(core->state) : 0;
}

static uint64_t connections(const struct session *base)
{
    return ((const struct session_core *)base)->connections;
}

static int server_version(const struct session *base)
{
    const struct session_core *core = (const struct session_core *)base;
    return is_connected(core) ? core->engine->server_version(core->state) : 0;
}

static const char *trouble(const struct session *base)
{
    const struct session_core *core = (const struct session_core *)base;
    if (is_connected(core))
        return "";
    return core->trouble.message != NULL ? core->trouble.message : "not connected yet";
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct session_core *core = handle->data;
    if (--core->handles > 0)
        return;
    core->engine->release(core->state);
    failure_finish(&core->trouble);
    free(core);
}

static void drop(void *owner)
{
    struct session_core *core = owner;
    if (core->closed)
        return;
    core->closed = true;
    server_item_remove(&core->item);
    core->engine->disconnect(core->state);
    core->stage = SESSION_DOWN;
    while (core->count > 0)
        answer_with(core, 0, DRIVER_LOST, "the session was closed");
    uv_close((uv_handle_t *)&core->timer, on_handle_closed);
    uv_close((uv_handle_t *)&core->ends, on_handle_closed);
}

static void close_session(struct session *base)
{
    drop((struct session_core *)base);
}

static const struct session_impl impl = { ask,     connected,    pid, connections, server_version,
                                          trouble, close_session };

void session_core_open(struct server_driver *driver, enum session_access access,
                       const struct session_engine *engine, void *state, struct session_core **ret_core)
{
    struct session_core *core = mem_alloc(sizeof(*core));
    *core = (struct session_core){
        .base.impl = &impl,
        .engine = engine,
        .state = state,
        .driver = driver,
        .access = access,
        .backoff_ms = BACKOFF_MIN_MS,
        .handles = 2,
    };
    uv_timer_init(driver->loop, &core->timer);
    uv_timer_init(driver->loop, &core->ends);
    core->timer.data = core->ends.data = core;
    server_item_add(&driver->sessions, &core->item, drop, core);
    *ret_core = core;
    engine->connect(state);
}

struct session *session_core_session(struct session_core *core)
{
    return &core->base;
}

const void *session_core_state(const struct session *session, const struct session_engine *engine)
{
    const struct session_core *core = (const struct session_core *)session;
    return session->impl == &impl && core->engine == engine && is_connected(core) ? core->state : NULL;
}
