#include "batches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backfill_pace.h"
#include "base/text.h"

#define SQL_MAX       (256 * 1024)
#define CHECKPOINT_US SECOND_US
#define PROGRESS_US   (250 * MS_US)
#define LOOK_AGAIN_MS 250 /* while no batch may be sent */
#define LOOK_US       (30 * SECOND_US)

struct backfill {
    uv_loop_t *loop;
    const struct backfill_config *config;
    const struct backfill_events *events;
    void *data;
    const struct batch_engine *engine;
    struct batch_plan plan;
    struct session *session;
    bool prepared;             /* `session` is the one that sends batches */
    uv_timer_cb again;         /* asks once more what was asked last */
    uv_timer_t timer;          /* when to go on, or to end */
    struct batch_key from, to; /* of the batch that is next or out; `from` is committed */
    int64_t to_keys;           /* keys from `from` up to `to` */
    int64_t changed;           /* rows, by the last batch */
    struct pace pace;          /* of the batches after it */
    bool cancelled, ended, closed, out;
    bool unsure;                       /* a batch may have been committed that nobody has counted */
    int tries;                         /* of this batch, that failed */
    int passes;                        /* over the rows, that came to their end */
    const char *doubt;                 /* why not all that this pass has passed is sure to be there; NULL */
    int64_t pid, lost_pid;             /* the backend; the last one that may be at work and never answers */
    uint64_t connections;              /* of `session`, with the last answer; 0: none came yet */
    int64_t sent_us, told_us, kept_us; /* monotonic */
    struct backfill_state state;
    struct backfill_result result;
    struct buf message;
    char waits[ERR_MESSAGE_MAX]; /* state.waits, which is borrowed where it comes from */
};

static int64_t now_us(void)
{
    return (int64_t)(uv_hrtime() / 1000);
}

/* ---- ending ---- */

static void on_closed(uv_handle_t *handle)
{
    struct backfill *b = handle->data;
    batch_key_forget(&b->from);
    batch_key_forget(&b->to);
    buf_finish(&b->message);
    free(b->plan.index);
    free(b);
}

void backfill_destroy(struct backfill *b)
{
    if (b == NULL || b->closed)
        return;
    b->closed = true;
    session_close(b->session);
    b->session = NULL;
    uv_close((uv_handle_t *)&b->timer, on_closed);
}

static void keep(struct backfill *b)
{
    struct buf text;
    if (!b->from.there)
        return;
    buf_init(&text, 64 * 1024);
    b->kept_us = now_us();
    if (backfill_checkpoint_write(&text, b->config, b->state.rows, b->state.seen, batch_key_values(&b->from)))
        b->events->checkpoint(b->data, buf_str(&text), &b->state);
    buf_finish(&text);
}

static void on_end(uv_timer_t *timer)
{
    struct backfill *b = timer->data;
    if (b->closed)
        return;
    keep(b);
    b->result.state = b->state;
    b->result.clean = b->state.rows == 0 && !b->unsure && b->result.status != DRIVER_AMBIGUOUS;
    b->result.pid = session_pid(b->session) != b->lost_pid ? session_pid(b->session) : 0;
    b->events->done(b->data, &b->result);
    backfill_destroy(b);
}

/* Later than whatever led to it. */
static void end(struct backfill *b, enum driver_status status, const char *code, const char *message,
                const char *hint)
{
    if (b->ended)
        return;
    b->ended = true;
    b->result.status = status;
    buf_text(&b->message, code);
    buf_char(&b->message, '\0');
    buf_text(&b->message, message);
    buf_char(&b->message, '\0');
    buf_text(&b->message, hint);
    const char *texts = buf_str(&b->message);
    b->result.code = texts;
    b->result.message = texts + strlen(texts) + 1;
    b->result.hint = b->result.message + strlen(b->result.message) + 1;
    uv_timer_start(&b->timer, on_end, 0, 0);
}

/* ---- going on ---- */

static void go_on(uv_timer_t *timer);

static void tell(struct backfill *b, const char *waits)
{
    int64_t now = now_us();
    if (!text_equal(waits, b->state.waits) || now - b->told_us >= PROGRESS_US) {
        b->told_us = now;
        /* Cut, it still says what it waits for. */
        (void)snprintf(b->waits, sizeof(b->waits), "%s", waits);
        b->state.rate = pace_rate(&b->pace, now, b->state.seen);
        b->state.left_us = b->state.total >= 0 && b->state.rate > 0 && b->state.total > b->state.seen
                               ? (b->state.total - b->state.seen) * SECOND_US / b->state.rate
                               : -1;
        b->events->progress(b->data, &b->state);
    }
}

static void ask(struct backfill *b, struct buf *sql, int64_t timeout_us, session_answered answered)
{
    struct err err = ERR_INIT;
    b->sent_us = now_us();
    b->out = true;
    if (sql->overflow || session_ask(b->session, buf_str(sql), timeout_us, answered, b, &err) < 0) {
        b->out = false;
        end(b, DRIVER_REJECTED, "", sql->overflow ? "the statement is too long" : err.message, "");
    }
}

/* Why the next try is one, and which it is. Whose lock it is the monitor of locks sees, while it waits. */
static void tell_try(struct backfill *b, const struct driver_result *result)
{
    struct buf text;
    buf_init(&text, sizeof(b->waits));
    batch_why(&text, b->config, &b->plan, result);
    buf_format(&text, ", try %d of %d", b->tries + 1, b->config->attempts);
    tell(b, buf_str(&text));
    buf_finish(&text);
}

/* Whether what was asked can be asked again: nothing in it does anything twice. */
static bool try_again(struct backfill *b, const struct driver_result *result)
{
    static const bool again[DRIVER_STATUS_COUNT] = {
        [DRIVER_RETRYABLE] = true, [DRIVER_LOST] = true, [DRIVER_AMBIGUOUS] = true, [DRIVER_TIMED_OUT] = true
    };
    if (b->cancelled || !again[result->status] || ++b->tries >= b->config->attempts)
        return false;
    pace_shrink(&b->pace, b->config);
    tell_try(b, result);
    uv_timer_start(&b->timer, b->again, pace_backoff_ms(b->tries), 0);
    return true;
}

/* One row of so many columns; without any, no row. */
static bool is_shaped(const struct answer *answer, size_t columns)
{
    return answer->row_count == (columns > 0) && (columns == 0 || answer->column_count == columns);
}

/* Whether what was sent may have been committed although its answer does not count it: tried again it finds
 * nothing to change, so this is not forgotten. An error that the server told has undone the batch. */
static bool may_have_committed(const struct backfill *b, const struct answer *answer, size_t columns)
{
    const struct driver_result *result = answer->result;
    bool is_batch = b->to.there;
    if (result->status == DRIVER_OK)
        return is_batch && !is_shaped(answer, columns);
    return is_batch && (result->status == DRIVER_AMBIGUOUS ||
                        (result->status == DRIVER_TIMED_OUT && result->code[0] == '\0'));
}

/* A server that crashed, or a replica that was promoted, can have lost what was confirmed; its connections
 * are lost then, too. */
static void take_backend(struct backfill *b)
{
    int64_t pid = session_pid(b->session);
    uint64_t connections = session_connections(b->session);
    if (b->from.there && b->connections != 0 && connections != b->connections)
        b->doubt = "the connection was lost";
    b->connections = connections;
    if (b->prepared && pid != 0 && pid != b->pid) {
        b->pid = pid;
        b->events->identified(b->data, pid);
    }
}

/* False when there was no answer, and all that follows from it is done. */
static bool is_answered(struct backfill *b, const struct answer *answer, size_t columns)
{
    const struct driver_result *result = answer->result;
    b->out = false;
    if (b->closed)
        return false;
    if (may_have_committed(b, answer, columns)) {
        b->unsure = true;
        b->lost_pid = b->pid;
    }
    take_backend(b);
    if (b->cancelled && result->status != DRIVER_OK)
        end(b, DRIVER_CANCELLED, "", "cancelled", "");
    else if (result->status != DRIVER_OK && !try_again(b, result))
        end(b, result->status, result->code, result->message, result->hint);
    else if (result->status == DRIVER_OK && !is_shaped(answer, columns))
        end(b, DRIVER_REJECTED, "", "the server did not answer as it should", "");
    else if (result->status == DRIVER_OK)
        return true;
    return false;
}

/* ---- batches ---- */

static void take_next(struct backfill *b, const struct answer *answer)
{
    b->to_keys = strtoll(answer->cell(answer, 0, 1), NULL, 10);
    batch_key_take(&b->to, answer, 2, b->config->key_count);
}

/* The batch is committed; what comes next its answer says, or has to be asked. */
static void pass_batch(struct backfill *b, const struct answer *answer)
{
    b->tries = 0;
    pace_adapt(&b->pace, b->config, now_us() - b->sent_us);
    b->changed = b->engine->tells_next ? strtoll(answer->cell(answer, 0, 0), NULL, 10) : answer->result->rows;
    b->state.rows += b->changed;
    b->state.seen += b->to_keys;
    if (b->state.total >= 0 && b->state.seen > b->state.total)
        b->state.total = b->state.seen;
    batch_key_forget(&b->from);
    b->from = b->to;
    b->to = (struct batch_key){ .there = false };
    if (b->engine->tells_next)
        take_next(b, answer);
    if (!b->to.there)
        b->to_keys = -1; /* fewer than a batch, or none, or not told */
}

static void on_batch(void *data, const struct answer *answer)
{
    struct backfill *b = data;
    if (!is_answered(b, answer, b->engine->tells_next ? 2 + b->config->key_count : 0))
        return;
    pass_batch(b, answer);
    tell(b, "");
    if (now_us() - b->kept_us >= CHECKPOINT_US)
        keep(b);
    if (!b->closed && b->config->pause_us > 0 && b->changed > 0)
        uv_timer_start(&b->timer, go_on, (uint64_t)(b->config->pause_us / MS_US), 0);
    else if (!b->closed)
        go_on(&b->timer);
}

static void on_first(void *data, const struct answer *answer)
{
    struct backfill *b = data;
    if (!is_answered(b, answer, 2 + b->config->key_count))
        return;
    b->tries = 0;
    take_next(b, answer);
    go_on(&b->timer);
}

static void send_batch(struct backfill *b)
{
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    b->again = go_on;
    if (b->to.there)
        b->engine->batch(&sql, b->config, &b->plan, batch_key_values(&b->from), batch_key_values(&b->to),
                         b->pace.size);
    else
        b->engine->first(&sql, b->config, &b->plan, batch_key_values(&b->from), b->pace.size);
    ask(b, &sql, b->config->statement_timeout_us, b->to.there ? on_batch : on_first);
    buf_finish(&sql);
}

/* ---- passes ---- */

/* What is doubted is looked at once more, which changes only what is not there. */
static void pass_again(struct backfill *b)
{
    char text[160];
    (void)snprintf(text, sizeof(text),
                   "once more from the first row: %s, and a server can lose what it has confirmed", b->doubt);
    b->doubt = NULL;
    keep(b);
    batch_key_forget(&b->from);
    b->to_keys = -1;
    b->state.seen = 0;
    b->state.again = true;
    pace_from(&b->pace, now_us(), 0);
    b->events->note(b->data, text);
    uv_timer_start(&b->timer, go_on, 0, 0);
}

static void end_pass(struct backfill *b)
{
    tell(b, "");
    b->passes++;
    if (!b->doubt)
        end(b, DRIVER_OK, "", "", "");
    else if (b->passes <= b->config->attempts)
        pass_again(b);
    else
        end(b, DRIVER_LOST, "",
            "the connection was lost whenever it went over the rows: it is not known whether all is there",
            "tried again, it goes over them once more");
}

static void go_on(uv_timer_t *timer)
{
    struct backfill *b = timer->data;
    if (b->closed || b->ended || b->out)
        return;
    if (b->cancelled) {
        end(b, DRIVER_CANCELLED, "", "cancelled between two batches: tried again, it goes on", "");
        return;
    }
    if (b->to_keys == 0) { /* the last answer told of no further key */
        end_pass(b);
        return;
    }
    const char *waits = b->events->may_go_on(b->data);
    if (b->closed)
        return;
    if (waits) {
        tell(b, waits);
        uv_timer_start(&b->timer, go_on, LOOK_AGAIN_MS, 0);
        return;
    }
    send_batch(b);
}

/* ---- looking first ---- */

static void tell_settings(struct backfill *b)
{
    char settings[160];
    /* The other one the session sets for each question. */
    (void)snprintf(settings, sizeof(settings), "%s, statement_timeout %" PRId64 "ms", b->plan.lock,
                   b->config->statement_timeout_us / MS_US);
    b->events->note(b->data, settings);
    if (!b->closed)
        go_on(&b->timer);
}

static void on_set(void *data, const struct answer *answer)
{
    struct backfill *b = data;
    struct buf trouble;
    if (!is_answered(b, answer, b->engine->settings_columns))
        return;
    b->tries = 0;
    buf_init(&trouble, ERR_MESSAGE_MAX);
    if (b->engine->set(&b->plan, answer, &trouble))
        tell_settings(b);
    else
        end(b, DRIVER_REJECTED, "", buf_str(&trouble), "");
    buf_finish(&trouble);
}

static void read_settings(uv_timer_t *timer)
{
    struct backfill *b = timer->data;
    struct buf sql;
    if (b->closed || b->ended)
        return;
    buf_init(&sql, SQL_MAX);
    b->engine->settings(&sql);
    b->again = read_settings;
    ask(b, &sql, LOOK_US, on_set);
    buf_finish(&sql);
}

static void prepare(struct backfill *b)
{
    b->tries = 0;
    if (!b->engine->open) {
        tell_settings(b);
        return;
    }
    session_close(b->session);
    b->session = b->engine->open(b->config, &b->plan);
    b->connections = 0;
    b->prepared = true;
    read_settings(&b->timer);
}

static void on_looked(void *data, const struct answer *answer)
{
    struct backfill *b = data;
    const struct batch_engine *engine = b->engine;
    struct buf trouble;
    if (!is_answered(b, answer, engine->look_columns + (engine->look_at_keys ? b->config->key_count : 0)))
        return;
    buf_init(&trouble, ERR_MESSAGE_MAX);
    bool fine = engine->looked(&b->plan, b->config, b->session, answer, &trouble);
    b->state.total = b->plan.total;
    if (fine)
        prepare(b);
    else
        end(b, DRIVER_REJECTED, "", buf_str(&trouble), "");
    buf_finish(&trouble);
}

static void look(uv_timer_t *timer)
{
    struct backfill *b = timer->data;
    struct buf sql;
    if (b->closed || b->ended)
        return;
    buf_init(&sql, SQL_MAX);
    b->engine->look(&sql, b->config);
    b->again = look;
    ask(b, &sql, LOOK_US, on_looked);
    buf_finish(&sql);
}

static void take_checkpoint(struct backfill *b)
{
    struct arena *arena = arena_create();
    const char *values[KEYS_MAX];
    if (backfill_checkpoint_read(arena, b->config, &b->state.rows, &b->state.seen, values)) {
        b->from.there = true;
        b->doubt = "an earlier attempt had ended";
        for (size_t i = 0; i < b->config->key_count; i++)
            b->from.values[i] = mem_text(values[i]);
    }
    pace_from(&b->pace, now_us(), b->state.seen);
    arena_destroy(arena);
}

int backfill_start(uv_loop_t *loop, const struct backfill_config *config,
                   const struct backfill_events *events, void *data, struct backfill **ret, struct err *err)
{
    struct backfill *b;
    struct session *session;
    int r;
    if (config->key_count == 0 || config->key_count > KEYS_MAX || config->batch < 1 || config->attempts < 1)
        return err_set(err, ERR_INVALID, "a backfill has a key of 1 to %d columns, a batch and attempts",
                       KEYS_MAX);
    r = batch_open_to_look(config, &session, err);
    if (r < 0)
        return r;
    b = mem_alloc(sizeof(*b));
    b->loop = loop;
    b->config = config;
    b->events = events;
    b->data = data;
    b->session = session;
    b->engine = batch_engine(config);
    b->prepared = !b->engine->open;
    batch_plan_init(&b->plan, config);
    b->pace.size = config->batch;
    b->to_keys = -1; /* not known yet */
    b->state = (struct backfill_state){ .total = -1, .left_us = -1, .waits = b->waits };
    b->kept_us = now_us();
    buf_init(&b->message, 256 * 1024);
    take_checkpoint(b);
    uv_timer_init(loop, &b->timer);
    b->timer.data = b;
    uv_timer_start(&b->timer, look, 0, 0);
    *ret = b;
    return 0;
}

int64_t backfill_pid(const struct backfill *b)
{
    return session_pid(b->session);
}

/* What is out takes its connection with it: the server ends it, or it is done, and both are harmless. */
void backfill_cancel(struct backfill *b)
{
    if (b->closed || b->ended || b->cancelled)
        return;
    b->cancelled = true;
    if (!b->out)
        uv_timer_start(&b->timer, go_on, 0, 0);
}
