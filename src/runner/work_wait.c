#include "runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/*
 * A wait for queries: all of them are asked, one after the other, and again, until each was answered as
 * expected in every round for as long as the book says. An answer that does not come is no answer.
 */

#define TOLD_US       SECOND_US /* what changes is told so often at most */
#define TOLD_AGAIN_US MINUTE_US /* what does not change is told again: for screens that came since */
#define QUERY_CELLS   60        /* of a query, where it is only to be recognised */

static void ask_next(struct execution *execution);

static void end(struct execution *execution, enum outcome_status status, const char *what)
{
    struct outcome outcome = { .status = status, .clean = true, .message = what };

    if (execution->seen[0])
        outcome.message = arena_format(execution->arena, "%s: %s", what, execution->seen);
    execution_end(execution, &outcome);
}

/* Last of what a round does: something may follow from it that ends the wait. */
static void tell(struct execution *execution)
{
    const struct step *step = execution->definition;
    int64_t now_us = clock_now().boot_us, age_us = now_us - execution->told_boot_us;
    bool same = execution->met == execution->told_met && text_equal(execution->seen, execution->told);
    struct input input = {
        .type = INPUT_PROGRESS,
        .now = clock_now(),
        .step = execution->step,
        .entry = execution->entry,
        .text = execution->seen,
        .progress = { .rows = (int64_t)execution->met, .total = (int64_t)step->until_count, .left_us = -1 }
    };

    if (execution->told_boot_us > 0 && age_us < (same ? TOLD_AGAIN_US : TOLD_US))
        return;
    execution->told_boot_us = now_us;
    execution->told_met = execution->met;
    memcpy(execution->told, execution->seen, sizeof(execution->told));
    runner_take(execution->runner, &input);
}

/* A round is over. */
static void judge(struct execution *execution)
{
    const struct step *step = execution->definition;
    int64_t now_us = clock_now().boot_us;
    bool met = execution->met == step->until_count;

    if (!met)
        execution->since_boot_us = 0;
    else if (execution->since_boot_us == 0)
        execution->since_boot_us = now_us;
    /* from the end of the first round that was met to the beginning of this one: what lies between was seen
     */
    bool long_enough =
        step->until_for_us == 0 || execution->asked_boot_us - execution->since_boot_us >= step->until_for_us;
    if (met && long_enough)
        end(execution, OUTCOME_OK, "");
    else if (execution->cancelled)
        end(execution, OUTCOME_FAILED, "cancelled");
    else
        tell(execution);
}

/* One line of it, cut. */
static void put_query(struct buf *buf, const struct query *query)
{
    struct buf text, line;
    size_t len;

    buf_init(&text, JSON_MAX_BYTES);
    buf_init(&line, JSON_MAX_BYTES);
    query_text(&text, query);
    for (const char *at = buf_str(&text); *at; at++) {
        bool blank = strchr(" \t\r\n", *at) != NULL;

        if (!blank)
            buf_char(&line, *at);
        else if (line.len > 0 && line.data[line.len - 1] != ' ')
            buf_char(&line, ' ');
    }
    len = text_cut(buf_str(&line), QUERY_CELLS);
    while (len > 0 && line.data[len - 1] == ' ')
        len--;
    buf_format(buf, "`%.*s%s`", (int)len, buf_str(&line), len < line.len ? "..." : "");
    buf_finish(&line);
    buf_finish(&text);
}

/* "`select count(*) from jobs` on primary answered 4, expected = 0". Cut at the size of a message. */
static void describe(struct execution *execution, const struct query *query, enum choice answer,
                     const char *value, const char *why)
{
    const struct book *book = execution->runner->book;
    struct buf text;

    buf_init(&text, JSON_MAX_BYTES);
    put_query(&text, query);
    if (query->target != BOOK_NONE)
        buf_format(&text, " on %s", book->targets[query->target].id);
    if (answer == CHOICE_UNKNOWN)
        buf_format(&text, " gave no answer: %s", why);
    else
        buf_format(&text, " answered %s, %s", value ? value : "NULL", *why ? why : "expected ");
    if (answer == CHOICE_NO && !*why && query->expect.kind == EXPECT_NOTHING)
        buf_format(&text, "status %" PRId64, query->http->status);
    else if (answer == CHOICE_NO && !*why)
        expect_text(&text, &query->expect, book);
    (void)snprintf(execution->seen, sizeof(execution->seen), "%s", buf_str(&text));
    buf_finish(&text);
}

/* Of more than one the first is described. */
static void count_others(struct execution *execution)
{
    size_t others = execution->waited - execution->met - 1;
    size_t len = strlen(execution->seen);

    if (execution->seen[0] && others > 0)
        (void)snprintf(execution->seen + len, sizeof(execution->seen) - len, "; and %zu more", others);
}

static void on_answered(void *data, enum choice answer, const char *value, const char *why)
{
    struct execution *execution = data;
    const struct query *query = &execution->definition->until_queries[execution->waited++];

    execution->asking = false;
    if (answer == CHOICE_YES)
        execution->met++;
    else if (!execution->seen[0])
        describe(execution, query, answer, value, why);
    ask_next(execution);
}

/* Nobody waits for the rest of a round whose wait is to stop. */
static void ask_next(struct execution *execution)
{
    const struct step *step = execution->definition;
    struct work_place place = { execution->step, NULL };

    if (execution->waited == step->until_count || execution->cancelled) {
        count_others(execution);
        judge(execution);
        return;
    }
    execution->asking = true;
    question_ask(execution->runner, &place, &step->until_queries[execution->waited], false, on_answered,
                 execution);
}

static void ask_all(struct execution *execution, struct instant now)
{
    execution->asked_boot_us = now.boot_us;
    execution->waited = execution->met = 0;
    execution->seen[0] = '\0';
    ask_next(execution);
}

/* What was met is looked at again at the latest when it has been for as long as the book says. */
static bool is_due(const struct execution *execution, struct instant now)
{
    const struct step *step = execution->definition;
    int64_t since_us = execution->since_boot_us;

    return now.boot_us - execution->asked_boot_us >= step->until_every_us ||
           (since_us != 0 && now.boot_us - since_us >= step->until_for_us);
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
    if (is_due(execution, now))
        ask_all(execution, now);
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
    ask_all(execution, now);
}
