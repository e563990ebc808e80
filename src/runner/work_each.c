#include "runner.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/*
 * A step that is done for each of many: the list is asked for once in an attempt, each item is recorded
 * before it begins and when it is done, and one that was done is not done again. Its rollback is done for
 * what had begun, newest first.
 */

static const struct work *work_of(const struct execution *execution)
{
    return run_work(execution->runner->run, execution->step, execution->entry);
}

static bool is_done(const struct work *work, const char *name)
{
    for (size_t i = 0; i < work->item_count; i++) {
        if (work->items[i].done && text_equal(work->items[i].name, name))
            return true;
    }
    return false;
}

static bool has_begun(const struct work *work, const char *name)
{
    for (size_t i = 0; i < work->item_count; i++) {
        if (text_equal(work->items[i].name, name))
            return true;
    }
    return false;
}

/* Whether something of an item is there, or may be: of another than the one that it is at, or of that one
 * since an earlier attempt. */
static bool is_any_left(const struct execution *execution)
{
    const struct work *work = work_of(execution);

    for (size_t i = 0; i < work->item_count; i++) {
        if (work->items[i].done || execution->item_was_begun ||
            !text_equal(work->items[i].name, execution->item))
            return true;
    }
    return false;
}

static void end(struct execution *execution, enum outcome_status status, const char *message)
{
    struct outcome outcome = { .status = status, .clean = !is_any_left(execution), .message = message };

    outcome.output = execution->output_hash.hex; /* of what was generated for all of them; "" */
    execution_end(execution, &outcome);
}

static bool tell(struct execution *execution, enum choice choice)
{
    struct runner *runner = execution->runner;
    struct input input = { .type = INPUT_ITEM,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .choice = choice,
                           .value = execution->item };

    runner_take(runner, &input);
    return !runner->halted;
}

/* Whether nothing new begins now: the tick looks again. */
static bool is_paused(struct execution *execution)
{
    struct runner *runner = execution->runner;

    execution->paused = runner->run->held && !runner->stopping && !execution->cancelled;
    return execution->paused;
}

void each_next(struct execution *execution)
{
    bool put_off;

    if (is_paused(execution))
        return;
    while (execution->item_at < execution->item_count &&
           is_done(work_of(execution), execution->items[execution->item_at]))
        execution->item_at++;
    /* a hold came when it was recorded, and before it began */
    put_off =
        execution->item_at < execution->item_count && execution->item == execution->items[execution->item_at];
    if (execution->cancelled || execution->runner->stopping || execution->runner->halted) {
        if (put_off && !execution->item_was_begun)
            (void)tell(execution, CHOICE_FAILED);
        end(execution, OUTCOME_FAILED, "stopped between two items: tried again, it goes on");
    } else if (execution->item_at == execution->item_count) {
        end(execution, OUTCOME_OK, "");
    } else if (put_off) {
        execution->begin_item(execution);
    } else {
        execution->item = execution->items[execution->item_at];
        execution->item_was_begun = has_begun(work_of(execution), execution->item);
        if (tell(execution, CHOICE_NONE))
            execution->begin_item(execution);
        else
            end(execution, OUTCOME_FAILED, "halted before it began");
    }
}

void each_ended(struct execution *execution, const struct outcome *outcome)
{
    struct outcome whole = *outcome;

    if (outcome->status == OUTCOME_OK || outcome->status == OUTCOME_SKIPPED) {
        (void)tell(execution, outcome->status == OUTCOME_OK ? CHOICE_DONE : CHOICE_SKIPPED);
        execution->item_at++;
        each_next(execution);
        return;
    }
    /* What an earlier attempt left of it this one does not take away. */
    if (outcome->clean && !execution->item_was_begun)
        (void)tell(execution, CHOICE_FAILED);
    whole.message =
        arena_format(execution->arena, "%s: %s", execution->item, outcome->message ? outcome->message : "");
    whole.clean = outcome->clean && !is_any_left(execution);
    whole.output = execution->output_hash.hex;
    execution_end(execution, &whole);
}

static void on_list(void *data, const struct answer *answer)
{
    struct execution *execution = data;
    const struct driver_result *result = answer->result;
    const char **items;

    execution->asking = false;
    if (result->status != DRIVER_OK) {
        end(execution, OUTCOME_FAILED,
            arena_format(execution->arena, "not started: what it is to be done for cannot be told: %s",
                         result->message));
        return;
    }
    items = arena_array(execution->arena, answer->row_count + 1, sizeof(*items));
    for (size_t i = 0; i < answer->row_count; i++) {
        const char *name = answer->column_count > 0 ? answer->cell(answer, i, 0) : NULL;

        if (!name) {
            end(execution, OUTCOME_FAILED, "not started: an item of what it is to be done for is NULL");
            return;
        }
        items[i] = arena_text(execution->arena, name);
    }
    execution->items = items;
    execution->item_count = answer->row_count;
    each_next(execution);
}

/* What the step had begun, newest first; not what it found done, as a step that was found done is not undone.
 */
static void list_begun(struct execution *execution)
{
    const struct work *forward = run_work(execution->runner->run, execution->step, 0);
    const char **items = arena_array(execution->arena, forward->item_count + 1, sizeof(*items));
    size_t count = 0;

    for (size_t i = forward->item_count; i-- > 0;) {
        if (!forward->items[i].found)
            items[count++] = arena_text(execution->arena, forward->items[i].name);
    }
    execution->items = items;
    execution->item_count = count;
    each_next(execution);
}

void each_begin(struct execution *execution, void (*begin_item)(struct execution *))
{
    const struct query *query = &execution->definition->each->query;
    struct runner *runner = execution->runner;
    struct work_place place = { execution->step, NULL };
    const char *sql;
    struct err err = ERR_INIT;

    execution->begin_item = begin_item;
    if (execution->entry > 0) {
        list_begun(execution);
        return;
    }
    execution->asking = true;
    if (runner_fill(runner, execution->arena, &place, query->sql, fill_in_sql(runner->book, query->target),
                    &sql, &err) < 0 ||
        session_ask(runner->servers[query->target].steps, sql, query->timeout_us, on_list, execution, &err) <
            0) {
        execution->asking = false;
        end(execution, OUTCOME_FAILED, arena_text(execution->arena, err.message));
    }
}
