#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "driver/process.h"

/* How each kind is carried out. The others are the engine's alone: a box, a person's work, a wait. */
static void (*const begins[STEP_KIND_COUNT])(struct execution *) = {
    [STEP_SQL] = sql_begin,
    [STEP_COMMAND] = command_begin,
    [STEP_VERIFY] = verify_begin,
};

void work_begin(struct runner *runner, size_t step, size_t entry, int64_t attempt)
{
    const struct step *definition = book_work(runner->book, step, entry);
    struct execution *execution;

    if (!begins[definition->kind])
        return;
    execution = mem_alloc(sizeof(*execution));
    execution->arena = arena_create();
    execution->runner = runner;
    execution->step = step;
    execution->entry = entry;
    execution->attempt = attempt;
    execution->definition = definition;
    execution->next = runner->executions;
    runner->executions = execution;
    begins[definition->kind](execution);
}

static void execution_free(struct execution *execution)
{
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
        if (e->process)
            process_cancel(e->process);
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

bool sql_is_running(const struct runner *runner)
{
    for (const struct execution *e = runner->executions; e; e = e->next) {
        if (e->job)
            return true;
    }
    return false;
}

void executions_destroy(struct runner *runner)
{
    while (runner->executions) {
        struct execution *execution = runner->executions;

        unlink_execution(execution);
        process_destroy(execution->process);
        execution_free(execution);
    }
}
