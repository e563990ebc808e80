/* A runner that ends while questions are out: whoever asked is told once, and then is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runner.h"

/* ---- a server that does not answer before it is left ---- */

#define QUESTIONS_MAX 8

struct silent {
    struct session session; /* first */
    size_t count, told;
    session_answered answered[QUESTIONS_MAX];
    void *data[QUESTIONS_MAX];
};

static int ask(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
               void *data, struct err *err)
{
    struct silent *silent = (struct silent *)session;
    (void)sql;
    (void)timeout_us;
    (void)err;
    assert_true(silent->count < QUESTIONS_MAX);
    silent->answered[silent->count] = answered;
    silent->data[silent->count++] = data;
    return 0;
}

static void leave(struct session *session)
{
    struct silent *silent = (struct silent *)session;
    const struct driver_result lost = { .status = DRIVER_LOST, .message = "the session was closed" };
    const struct answer answer = { .result = &lost };

    for (; silent->told < silent->count; silent->told++)
        silent->answered[silent->told](silent->data[silent->told], &answer);
}

static const struct session_impl impl = { .ask = ask, .close = leave };

/* ---- executions ---- */

#define MAX_SQL "SELECT max(id) FROM t"

static const struct query other = { .target = 1, .sql = MAX_SQL };
static const struct query queries[] = {
    { .target = 0, .sql = "SELECT true", .expect = { .kind = EXPECT_VALUE, .value = "true" } },
    { .target = 1, .sql = MAX_SQL, .expect = { .kind = EXPECT_EQUALS, .other = &other } },
};
static struct step steps[] = {
    { .id = "judged",
      .kind = STEP_VERIFY,
      .query = { .target = 0, .sql = MAX_SQL, .expect = { .kind = EXPECT_EQUALS, .other = &other } } },
    { .id = "drained", .kind = STEP_WAIT, .until_count = 2, .until_queries = queries },
};
static struct target targets[] = { { .id = "old" }, { .id = "new" } };

static void test_who_has_asked_is_told(void **state)
{
    struct silent silent[4] = { 0 };
    struct server servers[2] = { 0 };
    struct book book = { .targets = targets, .target_count = 2, .steps = steps, .step_count = 2 };
    struct runner runner = { .book = &book, .servers = servers };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        silent[i].session.impl = &impl;
    for (size_t i = 0; i < ARRAY_LEN(servers); i++) {
        servers[i].steps = &silent[2 * i].session;
        servers[i].senses = &silent[2 * i + 1].session;
    }
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        work_begin(&runner, i, 0, 1);
    assert_int_equal(silent[0].count, 2);
    assert_non_null(runner.executions);
    runner.finishing = true;
    executions_destroy(&runner);
    assert_null(runner.executions);
    assert_int_equal(silent[0].told, 2);
    for (size_t i = 1; i < ARRAY_LEN(silent); i++)
        assert_int_equal(silent[i].count, 0); /* nothing was asked of what is left already */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_who_has_asked_is_told) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
