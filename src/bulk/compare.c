#include "bulk/comparison.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_MS 250
#define CANCEL_MS   2000 /* a question that goes on after a cancel is left alone by then */

/* ---- the end ---- */

static void on_end(uv_timer_t *timer)
{
    struct compare *compare = timer->data;
    struct compare_result result = {
        .verdict = compare->verdict,
        .cancelled = compare->cancelled,
        .tables = compare->tables,
        .rows = compare->rows + compare->table.tally.totals[LEFT].rows,
        .differences = compare->differences,
        .message = buf_str(&compare->message),
        .code = compare->code,
    };
    compare->events.done(compare->data, &result);
}

static void close_sessions(struct compare *compare)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &compare->sides[i];
        session_close(side->session);
        session_close(side->canceller);
        side->session = side->canceller = NULL;
        side->read = NULL;
        uv_timer_stop(&side->retry);
    }
}

void compare_end(struct compare *compare)
{
    if (compare->over)
        return;
    compare->over = true;
    if (compare->cancelled) {
        compare->verdict = COMPARE_FAILED;
        buf_clear(&compare->message);
        buf_text(&compare->message, "cancelled");
    }
    uv_timer_stop(&compare->wait);
    close_sessions(compare);
    uv_timer_start(&compare->end, on_end, 0, 0);
}

void compare_fail(struct compare *compare, const char *code, const char *format, ...)
{
    va_list args;
    if (compare->over)
        return;
    compare->verdict = COMPARE_FAILED;
    (void)snprintf(compare->code, sizeof(compare->code), "%s", code);
    buf_clear(&compare->message);
    va_start(args, format);
    buf_formatv(&compare->message, format, args);
    va_end(args);
    compare_end(compare);
}

void compare_finish(struct compare *compare)
{
    if (compare->over)
        return;
    compare->verdict = compare->differences > 0 ? COMPARE_DIFFERENT : COMPARE_EQUAL;
    tell_verdict(compare);
    compare_end(compare);
}

static void on_cancel_is_over(uv_timer_t *timer)
{
    compare_end(timer->data);
}

void compare_cancel(struct compare *compare)
{
    if (compare->over || compare->cancelled)
        return;
    compare->cancelled = true;
    side_stop(&compare->sides[LEFT]);
    side_stop(&compare->sides[RIGHT]);
    bool stopping = compare->sides[LEFT].canceller != NULL || compare->sides[RIGHT].canceller != NULL;
    uv_timer_start(&compare->wait, on_cancel_is_over, stopping ? CANCEL_MS : 0, 0);
}

/* ---- time ---- */

static void on_wait_is_over(uv_timer_t *timer)
{
    struct compare *compare = timer->data;
    compare->after_wait(compare);
}

void compare_wait(struct compare *compare, int64_t wait_us, compare_then then)
{
    if (compare->over || compare->cancelled)
        return;
    compare->after_wait = then;
    uv_timer_start(&compare->wait, on_wait_is_over, (uint64_t)((wait_us + MS_US - 1) / MS_US), 0);
}

void compare_progress(struct compare *compare)
{
    uint64_t now = uv_now(compare->loop);
    int64_t rows = compare->rows + compare->table.tally.totals[LEFT].rows;
    if (compare->over || now - compare->progress_ms < PROGRESS_MS)
        return;
    compare->progress_ms = now;
    rows = rows > compare->progress_rows ? rows : compare->progress_rows; /* a table can be begun again */
    compare->progress_rows = rows;
    compare->events.progress(compare->data, rows, compare->total > rows ? compare->total : rows,
                             compare->table.shown);
}

/* ---- table after table ---- */

static void begin_table(struct compare *compare, const struct listed *left, const struct listed *right)
{
    struct table *table = &compare->table;
    *table = (struct table){ .arena = arena_create(), .listed = { left, right }, .shown = left->shown };
    if (strcmp(left->shown, right->shown) != 0)
        table->shown = arena_format(table->arena, "%s / %s", left->shown, right->shown);
    buf_init(&table->tally.story, LINE_MAX_);
    buf_init(&table->oddity, LINE_MAX_);
    plan_start(compare);
}

static bool is_done_before(const struct compare *compare, const char *shown)
{
    int order = compare->resume_table == NULL ? 1 : strcmp(shown, compare->resume_table);
    return order < 0 || (order == 0 && !compare->resume_inside);
}

void compare_next(struct compare *compare)
{
    const struct list *left = &compare->sides[LEFT].tables, *right = &compare->sides[RIGHT].tables;
    table_finish(compare);
    while (!compare->over) {
        const struct listed *one = compare->at[LEFT] < left->count ? &left->items[compare->at[LEFT]] : NULL;
        const struct listed *two =
            compare->at[RIGHT] < right->count ? &right->items[compare->at[RIGHT]] : NULL;
        if (one == NULL && two == NULL) {
            sequences_start(compare);
            return;
        }
        int order = one == NULL ? 1 : two == NULL ? -1 : strcmp(one->shown, two->shown);
        if (compare->config->left.table != NULL)
            order = 0; /* a pair may have two names */
        compare->at[LEFT] += order <= 0;
        compare->at[RIGHT] += order >= 0;
        if (is_done_before(compare, order <= 0 ? one->shown : two->shown))
            continue;
        if (order == 0) {
            begin_table(compare, one, two);
            return;
        }
        tell_difference(compare, "table %s only on %s", order < 0 ? one->shown : two->shown,
                        compare->sides[order < 0 ? LEFT : RIGHT].config->name);
    }
}

/* ---- beginning and destroying ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct side *side = handle->data;
    struct compare *compare = side->compare;
    if (--compare->handles > 0)
        return;
    for (int i = 0; i < SIDES; i++) {
        buf_finish(&compare->sides[i].question);
        free(compare->sides[i].encoding);
    }
    arena_destroy(compare->lists);
    free(compare->resume_table);
    buf_finish(&compare->summary);
    buf_finish(&compare->message);
    free(compare);
}

static void close_timer(struct compare *compare, uv_timer_t *timer)
{
    timer->data = &compare->sides[LEFT];
    uv_close((uv_handle_t *)timer, on_handle_closed);
}

void compare_destroy(struct compare *compare)
{
    if (compare == NULL)
        return;
    compare->over = true;
    close_sessions(compare);
    table_finish(compare);
    close_timer(compare, &compare->end);
    close_timer(compare, &compare->wait);
    close_timer(compare, &compare->sides[LEFT].retry);
    close_timer(compare, &compare->sides[RIGHT].retry);
}

static void init_timer(struct compare *compare, uv_timer_t *timer, void *data)
{
    uv_timer_init(compare->loop, timer);
    timer->data = data;
    compare->handles++;
}

static int init_side(struct compare *compare, enum which which, struct err *err)
{
    static const struct compare_sql *const engines[BULK_ENGINE_COUNT] = {
        [BULK_POSTGRESQL] = &compare_postgresql,
        [BULK_MYSQL] = &compare_mysql,
    };
    struct side *side = &compare->sides[which];
    side->compare = compare;
    side->which = which;
    side->config = which == LEFT ? &compare->config->left : &compare->config->right;
    side->sql = engines[side->config->engine];
    buf_init(&side->question, QUESTION_MAX);
    init_timer(compare, &side->retry, side);
    return session_open(side->config->driver, compare->config->application_name, SESSION_READS,
                        &side->session, err);
}

int compare_start(uv_loop_t *loop, const struct compare_config *config, const struct compare_events *events,
                  void *data, struct compare **ret, struct err *err)
{
    assert(config->chunk > 0 && (config->left.table == NULL) == (config->right.table == NULL));
    struct compare *compare = mem_alloc(sizeof(*compare));
    compare->loop = loop;
    compare->config = config;
    compare->events = *events;
    compare->data = data;
    compare->began_us = clock_now().wall_us;
    compare->lists = arena_create();
    buf_init(&compare->summary, ERR_MESSAGE_MAX);
    buf_init(&compare->message, LINE_MAX_);
    init_timer(compare, &compare->end, compare);
    init_timer(compare, &compare->wait, compare);
    int r = init_side(compare, LEFT, err), s = init_side(compare, RIGHT, err);
    if (r < 0 || s < 0) {
        for (int i = 0; i < SIDES; i++)
            compare->sides[i].compare = compare;
        compare_destroy(compare);
        return r < 0 ? r : s;
    }
    *ret = compare;
    list_start(compare);
    return 0;
}
