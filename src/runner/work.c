#include "osc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "driver/process.h"

/* How each kind is carried out. The others are the engine's alone: a box, a person's work, a wait. */
static void (*const begins[STEP_KIND_COUNT])(struct execution *) = {
    [STEP_SQL] = sql_begin,       [STEP_COMMAND] = command_begin,   [STEP_VERIFY] = verify_begin,
    [STEP_WAIT] = wait_begin,     [STEP_BACKFILL] = backfill_begin, [STEP_COMPARE] = compare_begin,
    [STEP_NOTIFY] = notify_begin, [STEP_OSC] = osc_begin,
};

/* A wait for a metric is the engine's. */
static bool is_carried_out(const struct step *step)
{
    return begins[step->kind] && (step->kind != STEP_WAIT || step->until_count > 0);
}

void work_begin(struct runner *runner, size_t step, size_t entry, int64_t attempt)
{
    const struct step *definition = book_work(runner->book, step, entry);
    struct execution *execution;

    if (!is_carried_out(definition))
        return;
    execution = mem_alloc(sizeof(*execution));
    execution->arena = arena_create();
    execution->runner = runner;
    execution->step = step;
    execution->entry = entry;
    execution->attempt = attempt;
    execution->definition = definition;
    execution->report = -1;
    execution->next = runner->executions;
    runner->executions = execution;
    begins[definition->kind](execution);
}

static void execution_free(struct execution *execution)
{
    osc_finish(execution->osc);
    buf_finish(&execution->pause);
    if (execution->report >= 0)
        close(execution->report);
    redact_stream_finish(&execution->clean);
    arena_destroy(execution->arena);
    free(execution);
}

static void unlink_execution(struct execution *execution)
{
    struct execution **at = &execution->runner->executions;

    while (*at != execution)
        at = &(*at)->next;
    *at = execution->next;
}

void execution_end(struct execution *execution, const struct outcome *outcome)
{
    struct runner *runner = execution->runner;
    struct input input = { .type = INPUT_OUTCOME,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .outcome = *outcome };

    locks_tell(execution);
    unlink_execution(execution);
    watches_pace(runner);
    runner_take(runner, &input);
    execution_free(execution);
}

void work_cancel(struct runner *runner, size_t step, size_t entry)
{
    for (struct execution *e = runner->executions; e; e = e->next) {
        if (e->step != step || e->entry != entry)
            continue;
        e->cancelled = true;
        if (e->job)
            driver_cancel(e->job);
        if (e->osc)
            osc_cancel(e);
        else if (e->process)
            process_cancel(e->process);
        if (e->backfill)
            backfill_cancel(e->backfill);
        if (e->compare)
            compare_cancel(e->compare);
        if (e->paused)
            each_next(e);
        else if (e->definition->kind == STEP_WAIT)
            wait_cancel(e);
        return;
    }
}

void execution_note(struct execution *execution, const char *text)
{
    struct input input = { .type = INPUT_NOTED,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .text = text };

    runner_take(execution->runner, &input);
}

/* A runner that is asked to stop waits for what runs: what could run for hours is stopped, and goes on with
 * the next one. */
static bool is_to_stop(const struct execution *execution)
{
    return execution->runner->stopping && !execution->cancelled &&
           (execution->backfill || execution->osc || execution->compare || execution->paused ||
            execution->definition->kind == STEP_WAIT);
}

static void (*const ticks[STEP_KIND_COUNT])(struct execution *, struct instant now) = {
    [STEP_WAIT] = wait_tick,
    [STEP_OSC] = osc_tick,
};

/* The first that has something to do; ends may change the list. A runner that is halted begins nothing more,
 * but what runs for hours has to end when it is to stop. */
static bool tick_one(struct runner *runner, struct instant now)
{
    for (struct execution *e = runner->executions; e; e = e->next) {
        if (is_to_stop(e)) {
            work_cancel(runner, e->step, e->entry);
            return true;
        }
        if (runner->halted)
            continue;
        if (e->paused && !runner->run->held) {
            each_next(e);
            return true;
        }
        if (ticks[e->definition->kind] && e->ticked_boot_us != now.boot_us) {
            e->ticked_boot_us = now.boot_us;
            ticks[e->definition->kind](e, now);
            return true;
        }
    }
    return false;
}

void works_tick(struct runner *runner, struct instant now)
{
    while (tick_one(runner, now))
        ;
}

const char *work_pauses(struct execution *execution)
{
    const struct runner *runner = execution->runner;
    size_t count;
    const struct condition *conditions = step_conditions(execution->definition, &count);

    if (runner->halted)
        return "halted";
    if (runner->run->held)
        return "the run is held";
    for (size_t i = 0; i < count; i++) {
        buf_clear(&execution->pause);
        if (!run_condition_now(runner->run, &conditions[i], clock_now(), &execution->pause))
            return buf_str(&execution->pause);
    }
    return NULL;
}

bool execution_is_at_work(const struct execution *execution)
{
    return execution->job || execution->backfill;
}

bool sql_is_running(const struct runner *runner)
{
    for (const struct execution *e = runner->executions; e; e = e->next) {
        if (execution_is_at_work(e))
            return true;
    }
    return false;
}

/* What is out is answered, before whoever asked is gone. */
void executions_destroy(struct runner *runner)
{
    http_client_destroy(runner->http);
    runner->http = NULL;
    servers_close(runner);
    while (runner->executions) {
        struct execution *execution = runner->executions;

        unlink_execution(execution);
        process_destroy(execution->process);
        backfill_destroy(execution->backfill);
        compare_destroy(execution->compare);
        execution_free(execution);
    }
}
