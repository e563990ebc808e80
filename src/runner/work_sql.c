#include "runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/*
 * A step of statements: its probe is asked whether it is done already; the statements run on a connection of
 * their own; the probe has to confirm them. A probe that cannot be answered is a failure before, and leaves
 * the step unknown after.
 */

static void end_plain(struct execution *execution, enum outcome_status status, bool clean, const char *value,
                      const char *what, const char *why)
{
    char message[ERR_MESSAGE_MAX];
    struct outcome outcome = { .status = status, .clean = clean, .value = value, .message = message };

    /* A sentence cut at the size of a message is still the sentence. */
    (void)snprintf(message, sizeof(message), "%s%s", what, why);
    execution_end(execution, &outcome);
}

/* ---- after: does the probe confirm? ---- */

static void on_confirmed(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;

    execution->asking = false;
    if (answer == CHOICE_YES)
        end_plain(execution, OUTCOME_OK, false, execution->done_value, "", "");
    else if (answer == CHOICE_NO)
        end_plain(execution, OUTCOME_FAILED, false, value,
                  "the server said that it was done, but the probe does not confirm it: it answered ",
                  value ? value : "NULL");
    else
        end_plain(execution, OUTCOME_AMBIGUOUS, false, NULL,
                  "the server said that it was done, but the probe could not be asked: ", why);
}

static void on_done_ok(struct execution *execution, const struct driver_result *result)
{
    const struct query *probe = &execution->definition->probe;
    struct outcome outcome = { .status = OUTCOME_OK, .value = result->value };

    if (!probe->sql) {
        execution_end(execution, &outcome);
        return;
    }
    execution->done_value = arena_text(execution->arena, result->value);
    execution->asking = true;
    question_ask(execution->runner, execution->runner->servers[probe->target].steps, probe, on_confirmed,
                 execution);
}

/* ---- the statements ---- */

/* What a driver's status means for the step. Lost without an effect is worth another try; so is nothing else
 * that may have left something behind. */
static enum outcome_status outcome_of(const struct driver_result *result)
{
    switch (result->status) {
    case DRIVER_OK:
        return OUTCOME_OK;
    case DRIVER_RETRYABLE:
    case DRIVER_LOST:
        return result->clean ? OUTCOME_RETRYABLE : OUTCOME_FAILED;
    case DRIVER_AMBIGUOUS:
        return OUTCOME_AMBIGUOUS;
    case DRIVER_REJECTED:
    case DRIVER_AUTH:
    case DRIVER_CANCELLED:
    case DRIVER_TIMED_OUT:
    case DRIVER_STATUS_COUNT:
        break;
    }
    return OUTCOME_FAILED;
}

static void on_done(void *data, const struct driver_result *result)
{
    struct execution *execution = data;
    struct outcome outcome = {
        .status = outcome_of(result),
        .clean = result->clean,
        .code = result->code,
        .message = result->message,
        .detail = result->detail,
        .hint = result->hint,
        .leftover = result->leftover,
    };

    execution->job = NULL;
    if (result->status == DRIVER_OK)
        on_done_ok(execution, result);
    else
        execution_end(execution, &outcome);
}

static void on_identified(void *data, int64_t pid)
{
    struct execution *execution = data;
    char text[64];

    execution->pid = pid;
    /* The journal broke while we were connecting: what this does could not be recorded. */
    if (execution->runner->halted)
        driver_cancel(execution->job);
    (void)snprintf(text, sizeof(text), "backend %" PRId64, pid);
    execution_note(execution, text);
}

static void on_text(void *data, const char *text)
{
    execution_note(data, text);
}

static void start(struct execution *execution)
{
    static const struct driver_events events = {
        .identified = on_identified, .settings = on_text, .notice = on_text, .done = on_done
    };
    const struct step *step = execution->definition;
    struct err err = ERR_INIT;

    execution->sql = (struct driver_sql){ step->sql_count, step->sql, step->transaction,
                                          step->lock_timeout_us, step->statement_timeout_us };
    if (driver_start(execution->runner->servers[step->target].driver, &execution->sql, &events, execution,
                     &execution->job, &err) < 0)
        end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", err.message);
    else
        watches_pace(execution->runner);
}

/* ---- before: is it done already? ---- */

static void on_probed(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;

    execution->asking = false;
    if (execution->runner->halted)
        end_plain(execution, OUTCOME_FAILED, true, NULL, "halted before it began", "");
    else if (execution->cancelled)
        end_plain(execution, OUTCOME_FAILED, true, NULL, "cancelled before it began", "");
    else if (execution->runner->run->held)
        end_plain(execution, OUTCOME_RETRYABLE, true, NULL, "held before it began", "");
    else if (answer == CHOICE_YES)
        end_plain(execution, OUTCOME_SKIPPED, true, value, "done already, says its probe", "");
    else if (answer == CHOICE_NO)
        start(execution);
    else
        end_plain(execution, OUTCOME_RETRYABLE, true, NULL,
                  "not started: its probe cannot tell whether it is done: ", why);
}

static void ask_probe(struct execution *execution)
{
    const struct query *probe = &execution->definition->probe;

    if (!probe->sql) {
        on_probed(execution, CHOICE_NO, NULL, "");
        return;
    }
    execution->asking = true;
    question_ask(execution->runner, execution->runner->servers[probe->target].steps, probe, on_probed,
                 execution);
}

static void on_survivor(void *data, const char *text)
{
    struct execution *execution = data;

    execution->asking = false;
    if (text)
        end_plain(execution, OUTCOME_RETRYABLE, true, NULL, "not started: ", text);
    else
        ask_probe(execution);
}

void sql_begin(struct execution *execution)
{
    struct runner *runner = execution->runner;

    /* Only an earlier attempt or an earlier runner can have left something at work. */
    if (execution->attempt == 1 && !runner->options->resume) {
        ask_probe(execution);
        return;
    }
    execution->asking = true;
    survivor_ask(runner, runner->servers[execution->definition->target].steps, on_survivor, execution);
}
