#include "runner.h"

#include <stdio.h>

#include "base/text.h"

static void on_answered(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;
    char message[ERR_MESSAGE_MAX];
    struct outcome outcome = { .status = OUTCOME_FAILED, .clean = true, .value = value, .message = message };
    struct buf expected;

    execution->asking = false;
    buf_init(&expected, ERR_MESSAGE_MAX);
    expect_text(&expected, &execution->definition->query.expect);
    if (answer == CHOICE_YES)
        outcome.status = OUTCOME_OK;
    /* A message that is cut is still a failure. */
    if (answer == CHOICE_UNKNOWN)
        (void)snprintf(message, sizeof(message), "no answer: %s", why);
    else
        (void)snprintf(message, sizeof(message), "answered %s, expected %s", value ? value : "NULL",
                       buf_str(&expected));
    buf_finish(&expected);
    execution_end(execution, &outcome);
}

void verify_begin(struct execution *execution)
{
    const struct query *query = &execution->definition->query;

    execution->asking = true;
    question_ask(execution->runner, execution->runner->servers[query->target].steps, query, on_answered,
                 execution);
}
