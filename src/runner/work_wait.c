#include "runner.h"

#include <stdio.h>

#include "base/text.h"

/*
 * A wait for queries: all of them are asked, one after the other, and again, until each was answered as
 * expected in every round for as long as the book says. An answer that does not come is no answer.
 */

static void ask_next(struct execution *execution);

static void end(struct execution *execution, enum outcome_status status, const char *what)
{
    struct outcome outcome = { .status = status, .clean = true, .message = what };

    if (execution->seen[0])
        outcome.message = arena_format(execution->arena, "%s: %s", what, execution->seen);
    execution_end(execution, &outcome);
}

/* A round is over. */
static void judge(struct execution *execution, bool met)
{
    const struct step *step = execution->definition;
    int64_t now_us = clock_now().boot_us;

    if (!met)
        execution->since_boot_us = 0;
    else if (execution->since_boot_us == 0)
        execution->since_boot_us = now_us;
    /* from the end of the first round that was met to the beginning of this one: what lies between was seen
     */
    bool long_enough =
        step->until_for_us == 0 || execution->asked_boot_us - execution->since_boot_us >= step->until_for_us;
    if (met && long_enough) {
        execution->seen[0] = '\0';
        end(execution, OUTCOME_OK, "");
    } else if (execution->cancelled) {
        end(execution, OUTCOME_FAILED, "cancelled");
    }
}

static void on_answered(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;
    struct buf asked;

    execution->asking = false;
    if (answer == CHOICE_YES) {
        execution->waited++;
        ask_next(execution);
        return;
    }
    buf_init(&asked, 200);
    query_text(&asked, &execution->definition->until_queries[execution->waited]);
    /* Cut at the size of a message. */
    (void)snprintf(execution->seen, sizeof(execution->seen), "%s%s: %.300s%s",
                   answer == CHOICE_NO ? "answered " : "no answer: ",
                   answer == CHOICE_NO ? (value ? value : "NULL") : why, buf_str(&asked),
                   asked.overflow ? "..." : "");
    buf_finish(&asked);
    judge(execution, false);
}

static void ask_next(struct execution *execution)
{
    const struct step *step = execution->definition;
    struct work_place place = { execution->step, NULL };

    if (execution->waited == step->until_count) {
        judge(execution, true);
        return;
    }
    execution->asking = true;
    question_ask(execution->runner, &place, &step->until_queries[execution->waited], false, on_answered,
                 execution);
}

void wait_tick(struct execution *execution, struct instant now)
{
    const struct step *step = execution->definition;

    if (execution->asking)
        return;
    if (step->timeout_us > 0 && now.boot_us - execution->began_boot_us >= step->timeout_us) {
        end(execution, OUTCOME_FAILED, "timed out");
        return;
    }
    if (now.boot_us - execution->asked_boot_us < step->until_every_us)
        return;
    execution->asked_boot_us = now.boot_us;
    execution->waited = 0;
    ask_next(execution);
}

void wait_cancel(struct execution *execution)
{
    if (!execution->asking)
        end(execution, OUTCOME_FAILED, "cancelled");
}

void wait_begin(struct execution *execution)
{
    struct instant now = clock_now();

    execution->began_boot_us = now.boot_us;
    execution->asked_boot_us = now.boot_us;
    ask_next(execution);
}
