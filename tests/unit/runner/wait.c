/* A wait for queries: what it asks, when it ends, and what it tells meanwhile. The queries are answered here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner.h"

#define QUERIES 3

static struct target targets[] = { { .id = "primary" }, { .id = "standby" } };
static const struct http_query http = { .method = "GET", .url = "http://shop.test/up", .status = 200 };
static const struct query maximum = { .target = 0, .sql = "SELECT max(id) FROM jobs" };
static const struct query queries[QUERIES] = {
    { .target = 0,
      .sql = "SELECT count(*)\n  FROM jobs\n WHERE state = 'open' AND owner IS NOT NULL AND taken < now()",
      .expect = { .kind = EXPECT_VALUE, .is = IS_EQUAL, .value = "0", .numeric = true } },
    { .target = 1,
      .sql = "SELECT max(id) FROM jobs",
      .expect = { .kind = EXPECT_EQUALS, .other = &maximum } },
    { .target = BOOK_NONE, .http = &http, .expect = { .kind = EXPECT_NOTHING } },
};

static struct {
    size_t asked[64], asked_count; /* which, in order */
    question_answered answered;    /* of the one that is out; NULL */
    void *data;
    size_t told;
    char text[ERR_MESSAGE_MAX];
    struct progress progress;
    bool ended;
    enum outcome_status status;
    char message[ERR_MESSAGE_MAX];
} heard;

/* ---- what the wait calls ---- */

void question_ask(struct runner *runner, const struct work_place *place, const struct query *query,
                  bool for_sense, question_answered answered, void *data)
{
    (void)runner;
    (void)place;
    assert_false(for_sense);
    assert_null(heard.answered);
    heard.asked[heard.asked_count++] = (size_t)(query - queries);
    heard.answered = answered;
    heard.data = data;
}

void runner_take(struct runner *runner, struct input *input)
{
    (void)runner;
    assert_int_equal(input->type, INPUT_PROGRESS);
    heard.told++;
    heard.progress = input->progress;
    (void)snprintf(heard.text, sizeof(heard.text), "%s", input->text);
}

void execution_end(struct execution *execution, const struct outcome *outcome)
{
    (void)execution;
    heard.ended = true;
    heard.status = outcome->status;
    (void)snprintf(heard.message, sizeof(heard.message), "%s", outcome->message);
}

/* ---- scenes ---- */

struct scene {
    struct book book;
    struct runner runner;
    struct step step;
    struct execution execution;
};

static void begin(struct scene *s)
{
    memset(&heard, 0, sizeof(heard));
    *s = (struct scene){ .book = { .targets = targets, .target_count = 2 },
                         .step = { .kind = STEP_WAIT, .until_count = QUERIES, .until_queries = queries } };
    s->runner.book = &s->book;
    s->execution.runner = &s->runner;
    s->execution.definition = &s->step;
    s->execution.arena = arena_create();
    wait_begin(&s->execution);
}

static void finish(struct scene *s)
{
    arena_destroy(s->execution.arena);
}

static void answer(enum choice choice, const char *value, const char *why)
{
    question_answered answered = heard.answered;
    assert_non_null(answered);
    heard.answered = NULL;
    answered(heard.data, choice, value, why);
}

static void next_round(struct scene *s)
{
    size_t before = heard.asked_count;
    assert_null(heard.answered);
    s->execution.asked_boot_us = 0; /* long ago */
    wait_tick(&s->execution, clock_now());
    assert_int_equal(heard.asked_count, before + 1);
}

/* As if that much time had passed since something was told. */
static void told_ago(struct scene *s, int64_t us)
{
    s->execution.told_boot_us -= us;
}

static void assert_told(size_t times, int64_t met, const char *text)
{
    assert_int_equal(heard.told, times);
    assert_int_equal(heard.progress.rows, met);
    assert_int_equal(heard.progress.total, QUERIES);
    assert_string_equal(heard.text, text);
}

/* All are asked in every round, and it is the first that fails which is told. */
static void test_tells(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    answer(CHOICE_NO, "4", "");
    answer(CHOICE_YES, "17", "");
    answer(CHOICE_YES, "status 200", "");
    assert_int_equal(heard.asked_count, QUERIES);
    assert_told(1, 2,
                "`SELECT count(*) FROM jobs WHERE state = 'open' AND owner IS...` on primary answered 4, "
                "expected = 0");

    next_round(&s); /* nothing new */
    answer(CHOICE_NO, "4", "");
    answer(CHOICE_YES, "17", "");
    answer(CHOICE_YES, "status 200", "");
    assert_int_equal(heard.told, 1);

    next_round(&s); /* new, but too soon: told in the next round */
    answer(CHOICE_YES, "0", "");
    answer(CHOICE_NO, "17", "the other one answered 18");
    answer(CHOICE_NO, "status 503", "");
    assert_int_equal(heard.told, 1);
    told_ago(&s, SECOND_US);
    next_round(&s);
    answer(CHOICE_YES, "0", "");
    answer(CHOICE_NO, "17", "the other one answered 18");
    answer(CHOICE_NO, "status 503", "");
    assert_told(2, 1,
                "`SELECT max(id) FROM jobs` on standby answered 17, the other one answered 18; and 1 more");

    told_ago(&s, SECOND_US);
    next_round(&s);
    answer(CHOICE_YES, "0", "");
    answer(CHOICE_UNKNOWN, NULL, "lost");
    answer(CHOICE_NO, "status 503", "");
    assert_told(3, 1, "`SELECT max(id) FROM jobs` on standby gave no answer: lost; and 1 more");
    told_ago(&s, SECOND_US);
    next_round(&s);
    answer(CHOICE_YES, "0", "");
    answer(CHOICE_YES, "18", "");
    answer(CHOICE_NO, "status 503", "");
    assert_told(4, 2, "`GET http://shop.test/up` answered status 503, expected status 200");
    finish(&s);
}

/* Whoever attaches later has to see it too. */
static void test_tells_again(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    for (size_t told = 1; told < 3; told++) {
        for (size_t i = 0; i < QUERIES; i++)
            answer(CHOICE_NO, NULL, "");
        assert_int_equal(heard.told, told);
        told_ago(&s, MINUTE_US);
        next_round(&s);
    }
    finish(&s);
}

static void answer_all(void)
{
    for (size_t i = 0; i < QUERIES; i++)
        answer(CHOICE_YES, "0", "");
}

static void test_ends(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    answer_all();
    assert_true(heard.ended);
    assert_int_equal(heard.status, OUTCOME_OK);
    assert_int_equal(heard.told, 0); /* that it is done is told by its end */
    finish(&s);

    begin(&s);
    s.step.until_for_us = SECOND_US;
    answer_all();
    assert_false(heard.ended); /* nobody has looked twice */
    assert_told(1, 3, "");
    s.execution.since_boot_us -= SECOND_US;
    wait_tick(&s.execution, clock_now());
    answer(CHOICE_YES, "0", "");
    answer(CHOICE_NO, "16", "the other one answered 17");
    answer(CHOICE_YES, "status 200", "");
    assert_false(heard.ended);
    wait_tick(&s.execution, clock_now());
    answer_all();
    assert_false(heard.ended);              /* it has begun anew */
    s.execution.since_boot_us -= SECOND_US; /* as if so much time had passed since */
    wait_tick(&s.execution, clock_now());
    answer_all();
    assert_true(heard.ended);
    assert_int_equal(heard.status, OUTCOME_OK);
    finish(&s);
}

/* What was met is looked at again when it has been for long enough, however seldom the queries are asked. */
static void test_looks_in_time(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    s.step.until_for_us = MINUTE_US;
    s.step.until_every_us = 60 * MINUTE_US;
    answer_all();
    wait_tick(&s.execution, clock_now());
    assert_int_equal(heard.asked_count, QUERIES); /* not yet */
    s.execution.since_boot_us -= MINUTE_US;
    wait_tick(&s.execution, clock_now());
    assert_int_equal(heard.asked_count, QUERIES + 1);
    answer_all();
    assert_true(heard.ended);
    finish(&s);

    begin(&s);
    s.step.until_every_us = 60 * MINUTE_US;
    for (size_t i = 0; i < QUERIES; i++)
        answer(CHOICE_NO, "5", "");
    wait_tick(&s.execution, clock_now());
    assert_int_equal(heard.asked_count, QUERIES); /* what is not met has its pace */
    finish(&s);
}

/* What it lacked stands in its end, and who wants it to stop does not wait for the rest of the round. */
static void test_fails(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    s.execution.cancelled = true;
    wait_cancel(&s.execution);
    assert_false(heard.ended);
    answer(CHOICE_NO, "4", "");
    assert_true(heard.ended);
    assert_int_equal(heard.asked_count, 1);
    assert_int_equal(heard.status, OUTCOME_FAILED);
    assert_non_null(strstr(heard.message, "cancelled: `SELECT count(*) FROM jobs"));
    finish(&s);

    begin(&s);
    s.step.timeout_us = SECOND_US;
    for (size_t i = 0; i < QUERIES; i++)
        answer(CHOICE_NO, "5", "");
    s.execution.began_boot_us -= SECOND_US;
    wait_tick(&s.execution, clock_now());
    assert_true(heard.ended);
    assert_int_equal(heard.status, OUTCOME_FAILED);
    assert_non_null(strstr(heard.message, "timed out: `SELECT count(*) FROM jobs"));
    assert_non_null(strstr(heard.message, "expected = 0; and 2 more"));
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells),         cmocka_unit_test(test_tells_again), cmocka_unit_test(test_ends),
        cmocka_unit_test(test_looks_in_time), cmocka_unit_test(test_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
