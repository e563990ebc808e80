#include "runner.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

/* A backfill: whether the next batch may be sent is said here, by what the monitors see now. */

static struct progress progress_of(const struct backfill_state *state)
{
    return (struct progress){ state->seen, state->total, state->rate, state->left_us, state->again };
}

static const char *may_go_on(void *data)
{
    return work_pauses(data);
}

static void tell(struct execution *execution, const struct backfill_state *state, const char *checkpoint)
{
    struct input input = { .type = INPUT_PROGRESS,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .progress = progress_of(state),
                           .text = state->waits,
                           .value = checkpoint };

    runner_take(execution->runner, &input);
}

static void on_progress(void *data, const struct backfill_state *state)
{
    tell(data, state, NULL);
}

static void on_checkpoint(void *data, const char *text, const struct backfill_state *state)
{
    tell(data, state, text);
}

static void on_identified(void *data, int64_t pid)
{
    struct execution *execution = data;
    char text[64];

    if (execution->pid > 0)
        execution->runner->adrift = true; /* another one before it, of which nobody knows */
    execution->pid = pid;
    (void)snprintf(text, sizeof(text), "backend %" PRId64, pid);
    execution_note(execution, text);
}

static void on_note(void *data, const char *text)
{
    execution_note(data, text);
}

static void on_done(void *data, const struct backfill_result *result)
{
    struct execution *execution = data;
    char value[64];
    struct outcome outcome = { .status = OUTCOME_FAILED,
                               .clean = result->clean,
                               .code = result->code,
                               .message = result->message,
                               .hint = result->hint };

    execution->backfill = NULL;
    if (result->pid != execution->pid)
        execution->runner->adrift = true;
    survivor_never(execution->runner, result->pid, DRIVER_OK);
    if (result->status != DRIVER_OK) {
        execution_end(execution, &outcome);
        return;
    }
    (void)snprintf(value, sizeof(value), "%" PRId64, result->state.rows);
    outcome.status = OUTCOME_OK;
    outcome.value = value;
    probe_after(execution, &outcome);
}

/* ---- before ---- */

static int configure(struct execution *execution, struct err *err)
{
    const struct runner *runner = execution->runner;
    const struct step *step = execution->definition;
    const struct backfill_def *def = step->backfill;
    struct work_place place = { execution->step, NULL };
    struct backfill_config *config = &execution->backfill_config;
    enum fill_in in = fill_in_sql(runner->book, step->target);
    int r;

    *config = (struct backfill_config){
        .engine = runner->servers[step->target].bulk,
        .driver = runner->servers[step->target].driver,
        .key_count = def->key_count,
        .key = def->key,
        .batch = def->batch,
        .target_us = def->batch_time_us,
        .pause_us = def->pause_us,
        .lock_timeout_us = step->lock_timeout_us,
        .statement_timeout_us = step->statement_timeout_us,
        .attempts = def->attempts,
        .application_name = runner->step_name,
        .checkpoint = arena_text(execution->arena,
                                 run_work(runner->run, execution->step, execution->entry)->checkpoint),
    };
    r = runner_fill(runner, execution->arena, &place, def->table, in, &config->table, err);
    if (r == 0)
        r = runner_fill(runner, execution->arena, &place, def->set, in, &config->set, err);
    if (r == 0)
        r = runner_fill(runner, execution->arena, &place, def->where, in, &config->where, err);
    if (r == 0)
        r = runner_fill(runner, execution->arena, &place, def->statement, in, &config->statement, err);
    return r;
}

static void start(struct execution *execution)
{
    static const struct backfill_events events = { .may_go_on = may_go_on,
                                                   .identified = on_identified,
                                                   .note = on_note,
                                                   .progress = on_progress,
                                                   .checkpoint = on_checkpoint,
                                                   .done = on_done };
    struct err err = ERR_INIT;
    int r = configure(execution, &err);

    if (r == 0)
        r = backfill_start(&execution->runner->loop, &execution->backfill_config, &events, execution,
                           &execution->backfill, &err);
    if (r < 0)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", err.message);
    else
        watches_pace(execution->runner);
}

static void on_survivor(void *data, const char *text)
{
    struct execution *execution = data;

    execution->asking = false;
    if (text)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", text);
    else
        probe_before(execution, start);
}

static void on_fit(void *data, const char *text)
{
    struct execution *execution = data;
    struct runner *runner = execution->runner;

    execution->asking = false;
    if (text) {
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", text);
        return;
    }
    execution->asking = true;
    survivor_ask(runner, execution->definition->target, on_survivor, execution);
}

void backfill_begin(struct execution *execution)
{
    buf_init(&execution->pause, ERR_MESSAGE_MAX);
    execution->asking = true;
    fit_ask(execution->runner, execution->definition->target, on_fit, execution);
}
