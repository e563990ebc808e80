#include "runner.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void on_answered(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;
    const struct step *step = execution->definition;
    char message[ERR_MESSAGE_MAX];
    struct outcome outcome = { .status = OUTCOME_FAILED, .clean = true, .value = value, .message = message };
    struct buf expected;

    execution->asking = false;
    buf_init(&expected, ERR_MESSAGE_MAX);
    expect_text(&expected, &step->query.expect, execution->runner->book);
    if (answer == CHOICE_YES)
        outcome.status = OUTCOME_OK;
    /* A message that is cut is still a failure. */
    if (answer == CHOICE_UNKNOWN)
        (void)snprintf(message, sizeof(message), "no answer: %s", why);
    else
        (void)snprintf(message, sizeof(message), "answered %s, expected %s%s%s", value ? value : "NULL",
                       buf_str(&expected), *why ? "; " : "", why);
    /* What later steps are to use has to be there, and whole. */
    if (answer == CHOICE_YES && step->as && (!value || strlen(value) > VALUE_MAX)) {
        outcome.status = OUTCOME_FAILED;
        (void)snprintf(message, sizeof(message), "its answer is %s: it cannot be ${%s}",
                       value ? "too long" : "NULL", step->as);
    }
    buf_finish(&expected);
    execution_end(execution, &outcome);
}

/* An answer of another server than the one that is meant would prove nothing. */
static void on_fit(void *data, const char *text)
{
    struct execution *execution = data;
    struct work_place place = { execution->step, NULL };

    if (text)
        on_answered(execution, CHOICE_UNKNOWN, NULL, text);
    else
        question_ask(execution->runner, &place, &execution->definition->query, false, on_answered, execution);
}

void verify_begin(struct execution *execution)
{
    size_t target = execution->definition->query.target;

    execution->asking = true;
    if (target != BOOK_NONE)
        fit_ask(execution->runner, target, on_fit, execution);
    else
        on_fit(execution, NULL);
}
