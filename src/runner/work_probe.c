#include "runner.h"

#include <stdio.h>

#include "base/text.h"

/*
 * "done_when", before and after what changes something: what is done already is skipped, and what was done
 * has to be confirmed. A probe that cannot be answered is a failure before, and leaves unknown what was done.
 */

void work_end(struct execution *execution, const struct outcome *outcome)
{
    if (execution->definition->each)
        each_ended(execution, outcome);
    else
        execution_end(execution, outcome);
}

void work_end_plain(struct execution *execution, enum outcome_status status, bool clean, const char *value,
                    const char *what, const char *why)
{
    char message[ERR_MESSAGE_MAX];
    struct outcome outcome = { .status = status, .clean = clean, .value = value, .message = message };

    /* A sentence cut at the size of a message is still the sentence. */
    (void)snprintf(message, sizeof(message), "%s%s", what, why);
    work_end(execution, &outcome);
}

static void ask(struct execution *execution, question_answered answered)
{
    struct work_place place = { execution->step, execution->item };

    execution->asking = true;
    question_ask(execution->runner, &place, &execution->definition->probe, false, answered, execution);
}

/* ---- before ---- */

static void on_probed(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;

    execution->asking = false;
    if (execution->runner->halted)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "halted before it began", "");
    else if (execution->cancelled)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "cancelled before it began", "");
    else if (execution->runner->run->held && execution->definition->each)
        each_next(execution); /* waits until it is released, and asks again */
    else if (execution->runner->run->held)
        work_end_plain(execution, OUTCOME_RETRYABLE, true, NULL, "held before it began", "");
    else if (answer == CHOICE_YES)
        work_end_plain(execution, OUTCOME_SKIPPED, true, value, "done already, says its probe", "");
    else if (answer == CHOICE_NO)
        execution->start(execution);
    else
        work_end_plain(execution, OUTCOME_RETRYABLE, true, NULL,
                       "not started: its probe cannot tell whether it is done: ", why);
}

/* It is done, and done once more to see that this changes nothing: its probe would only skip it. */
static bool is_tried_once_more(const struct execution *execution)
{
    return execution->definition->idempotent &&
           run_work(execution->runner->run, execution->step, execution->entry)->again;
}

void probe_before(struct execution *execution, void (*start)(struct execution *))
{
    execution->start = start;
    if (query_is_there(&execution->definition->probe) && !is_tried_once_more(execution))
        ask(execution, on_probed);
    else
        on_probed(execution, CHOICE_NO, NULL, "");
}

/* ---- after ---- */

static void on_confirmed(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;

    execution->asking = false;
    if (answer == CHOICE_YES)
        work_end(execution, &execution->done);
    else if (answer == CHOICE_NO)
        work_end_plain(execution, OUTCOME_FAILED, false, value ? value : "NULL",
                       "it said that it was done, but the probe does not confirm it: it answered ",
                       value ? value : "NULL");
    else
        work_end_plain(execution, OUTCOME_AMBIGUOUS, false, NULL,
                       "it said that it was done, but the probe could not be asked: ", why);
}

void probe_after(struct execution *execution, const struct outcome *done)
{
    if (!query_is_there(&execution->definition->probe)) {
        work_end(execution, done);
        return;
    }
    execution->done = (struct outcome){ .status = OUTCOME_OK,
                                        .code = arena_text(execution->arena, done->code),
                                        .value = arena_text(execution->arena, done->value),
                                        .message = arena_text(execution->arena, done->message),
                                        .output = arena_text(execution->arena, done->output) };
    ask(execution, on_confirmed);
}
