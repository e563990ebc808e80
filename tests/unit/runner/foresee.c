/* What is foreseen of a step when its server does not answer as it should: why it cannot be told, and never
 * that it is fine. The server is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "runner.h"
#include "sql/sql.h"

#define CELLS_MAX 8

struct row {
    const char *cells[CELLS_MAX];
};

/* The session of a server. */
static struct fake {
    struct session session;
    bool connected, full;
    const char *trouble;
    char sql[64 * 1024];
    session_answered answered; /* of the question that is out; NULL */
    void *data;
    size_t asked;
} fake;

static struct heard {
    size_t told;
    enum choice choice;
    char text[8192];
} heard;

/* ---- what it calls ---- */

static int ask(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
               void *data, struct err *err)
{
    (void)session;
    assert_true(timeout_us > 0);
    assert_null(fake.answered);
    if (fake.full)
        return err_set(err, ERR_BUSY, "16 questions are waiting");
    (void)snprintf(fake.sql, sizeof(fake.sql), "%s", sql);
    fake.answered = answered;
    fake.data = data;
    fake.asked++;
    return 0;
}

static bool connected(const struct session *session)
{
    (void)session;
    return fake.connected;
}

static int server_version(const struct session *session)
{
    (void)session;
    return fake.connected ? 150020 : 0;
}

static const char *trouble(const struct session *session)
{
    (void)session;
    return fake.trouble;
}

static const struct session_impl impl = {
    .ask = ask, .connected = connected, .server_version = server_version, .trouble = trouble
};

void runner_take(struct runner *runner, struct input *input)
{
    assert_int_equal(input->type, INPUT_FORESEEN);
    heard.told++;
    heard.choice = input->choice;
    (void)snprintf(heard.text, sizeof(heard.text), "%s", input->text);
    runner->run->steps[input->step].foreseen = input->choice;
}

int runner_fill(const struct runner *runner, struct arena *arena, const struct work_place *place,
                const char *text, enum fill_in in, const char **ret, struct err *err)
{
    const char *at = strstr(text, "${item}");
    (void)runner;
    (void)in;
    *ret = text;
    if (at && !place->item)
        return err_set(err, ERR_NOT_FOUND, "\"item\" is not known yet");
    if (at)
        *ret = arena_format(arena, "%.*s%s%s", (int)(at - text), text, place->item, at + strlen("${item}"));
    return 0;
}

int runner_fill_all(const struct runner *runner, struct arena *arena, const struct work_place *place,
                    const char *const *texts, size_t count, enum fill_in in, const char *const **ret,
                    struct err *err)
{
    const char **list = arena_array(arena, count + 1, sizeof(*list));
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = runner_fill(runner, arena, place, texts[i], in, &list[i], err);
    *ret = list;
    return r;
}

/* ---- scenes ---- */

static const char *const statement[] = { "ALTER TABLE shop.users ADD COLUMN a int" };
static const char *const per_item[] = { "ALTER TABLE ${item}.users ADD COLUMN a int" };
static const struct each each = { .query = { .target = 0, .sql = "SELECT tenant FROM tenants" },
                                  .as = "item" };

struct scene {
    struct target targets[1];
    struct step steps[2];
    struct phase phase;
    struct book book;
    struct run_step states[2];
    size_t complete[1], begun[1];
    struct run run;
    struct server servers[1];
    struct runner runner;
    struct execution execution;
    int64_t at_us;
};

static void begin(struct scene *s)
{
    fake = (struct fake){ .session = { &impl }, .connected = true, .trouble = "" };
    heard = (struct heard){ 0 };
    *s = (struct scene){ .targets = { { .id = "primary" } },
                         .phase = { .step_count = 2, .mark = BOOK_NONE, .gate = BOOK_NONE, .parallel = true },
                         .servers = { { .senses = &fake.session } },
                         .at_us = clock_now().boot_us };
    for (size_t i = 0; i < 2; i++)
        s->steps[i] = (struct step){
            .id = i == 0 ? "add" : "other", .kind = STEP_SQL, .index = i, .sql_count = 1, .sql = statement
        };
    s->book = (struct book){ .targets = s->targets,
                             .target_count = 1,
                             .steps = s->steps,
                             .step_count = 2,
                             .phases = &s->phase,
                             .phase_count = 1 };
    s->run = (struct run){ .book = &s->book, .steps = s->states };
    s->run.counts.complete = s->complete;
    s->run.counts.begun = s->begun;
    s->runner =
        (struct runner){ .book = &s->book, .run = &s->run, .servers = s->servers, .arena = arena_create() };
    foresight_create(&s->runner);
}

static void finish(struct scene *s)
{
    foresight_destroy(&s->runner);
    arena_destroy(s->runner.arena);
}

/* Time passes, by seconds. */
static void tick(struct scene *s, int64_t seconds)
{
    s->at_us += seconds * SECOND_US;
    foresight_tick(&s->runner, (struct instant){ s->at_us, s->at_us });
}

static const char *cell(const struct answer *answer, size_t row, size_t column)
{
    const struct row *rows = answer->private_data;
    return rows[row].cells[column];
}

static void answer(enum driver_status status, const char *message, size_t rows, size_t columns,
                   const struct row *cells)
{
    const struct driver_result result = { .status = status, .message = message };
    const struct answer told = {
        .result = &result, .row_count = rows, .column_count = columns, .cell = cell, .private_data = cells
    };
    session_answered answered = fake.answered;
    assert_non_null(answered);
    fake.answered = NULL;
    answered(fake.data, &told);
}

static void fails(enum driver_status status, const char *message)
{
    answer(status, message, 0, 0, NULL);
}

static void answer_catalog(void)
{
    static const struct row rows[] = {
        { { "setting", "TimeZone", "UTC", "0", "0", "0" } },
        { { "ddl", "", "CREATE TABLE shop.users (id bigint NOT NULL)", "0", "0", "0" } },
    };
    assert_true(text_starts(fake.sql, "SET LOCAL lock_timeout = '100ms'; WITH n AS "));
    answer(DRIVER_OK, NULL, 2, SQL_CATALOG_FIELDS, rows);
}

static void answer_count(const char *table)
{
    const struct row rows[] = { { { table, "8192", "10", "5", "7", "1000000" } } };
    assert_true(text_starts(fake.sql, "SET LOCAL lock_timeout = '100ms'; SELECT nspname || "));
    answer(DRIVER_OK, NULL, 1, 6, rows);
}

static void assert_untold(const char *why)
{
    assert_int_equal(heard.told, 1);
    assert_int_equal(heard.choice, CHOICE_UNKNOWN);
    if (!text_starts(heard.text, "cannot be told: ") || !strstr(heard.text, why))
        fail_msg("it says \"%s\", and not why: %s", heard.text, why);
}

/* So it goes when all is well: else the rest shows nothing. */
static void test_told(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    tick(&s, 1);
    answer_catalog();
    answer_count("shop.users");
    tick(&s, 2);
    answer_count("shop.users");
    assert_int_equal(heard.told, 1);
    assert_int_equal(heard.choice, CHOICE_YES);
    assert_non_null(strstr(heard.text, "AccessExclusiveLock on shop.users: blocks reads and writes ("));
    assert_non_null(strstr(heard.text, "about 10 rows"));
    finish(&s);
}

static void test_not_connected(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    fake.connected = false;
    tick(&s, 1);
    assert_int_equal(heard.told, 0); /* it is still connecting */
    fake.trouble = "connection refused";
    tick(&s, 1);
    assert_untold("connection refused");
    assert_int_equal(fake.asked, 0);
    fake.connected = true;
    fake.trouble = "";
    tick(&s, 10);
    assert_int_equal(fake.asked, 1); /* and it is looked at again */
    fails(DRIVER_LOST, "the end");
    finish(&s);
}

static const struct {
    enum driver_status status;
    const char *message, *why;
} failures[] = {
    { DRIVER_LOST, "server closed the connection unexpectedly", "closed the connection" },
    { DRIVER_AMBIGUOUS, "the connection broke", "the connection broke" },
    { DRIVER_TIMED_OUT, "no answer within 2s", "no answer within 2s" },
    { DRIVER_TIMED_OUT, NULL, "" },
    { DRIVER_REJECTED, "permission denied for table pg_class", "permission denied" },
    { DRIVER_AUTH, "role \"watcher\" is not permitted to log in", "not permitted" },
};

static void test_no_catalog(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        struct scene s;
        begin(&s);
        tick(&s, 1);
        fails(failures[i].status, failures[i].message);
        assert_untold(failures[i].why);
        assert_null(fake.answered);
        finish(&s);
    }
}

/* The connection is gone by the time at which the answer comes. */
static void test_catalog_and_gone(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    tick(&s, 1);
    fake.connected = false;
    answer_catalog();
    assert_untold("the connection was lost");
    finish(&s);
}

/* An answer that is none: no rows, for a catalog always has some, and rows of something else. */
static void test_odd_catalog(void **state)
{
    static const struct row odd[] = { { { "1" } } };
    struct scene s;
    (void)state;
    for (int columns = 0; columns < 2; columns++) {
        begin(&s);
        tick(&s, 1);
        answer(DRIVER_OK, NULL, columns > 0 ? 1 : 0, (size_t)columns, odd);
        assert_untold("something else than its catalog");
        finish(&s);
    }
}

static void test_full(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    fake.full = true;
    tick(&s, 1);
    assert_untold("16 questions are waiting");
    finish(&s);
}

/* The locks are known then; their tables are not said to be small or quiet. */
static void test_no_counts(void **state)
{
    (void)state;
    for (int second = 0; second < 2; second++) {
        for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
            struct scene s;
            begin(&s);
            tick(&s, 1);
            answer_catalog();
            if (second) {
                answer_count("shop.users");
                tick(&s, 2);
            }
            fails(failures[i].status, failures[i].message);
            assert_int_equal(heard.told, 1);
            assert_int_equal(heard.choice, CHOICE_UNKNOWN);
            assert_non_null(strstr(heard.text, "size and traffic cannot be told: "));
            assert_non_null(strstr(heard.text, failures[i].why));
            assert_null(strstr(heard.text, "about 10 rows"));
            finish(&s);
        }
    }
}

/* What a function does is not known because the function is. */
static void test_unknown_code(void **state)
{
    static const char *const calls[] = { "SELECT shop.purge()" };
    static const struct row rows[] = {
        { { "setting", "TimeZone", "UTC", "0", "0", "0" } },
        { { "function", "shop.purge", "v", "0", "0", "0" } },
    };
    struct scene s;
    (void)state;
    begin(&s);
    s.steps[0].sql = calls;
    tick(&s, 1);
    answer(DRIVER_OK, NULL, 2, SQL_CATALOG_FIELDS, rows);
    assert_untold("calls shop.purge()");
    finish(&s);
}

/* What runs on the server is not disturbed; what is next is said to be not known, once. */
static void test_busy(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    s.states[0].work.state = STEP_RUNNING;
    s.run.counts.running = 1;
    s.execution = (struct execution){ .definition = &s.steps[0] };
    s.runner.executions = &s.execution;
    tick(&s, 1);
    tick(&s, 1);
    tick(&s, 30);
    assert_untold("\"add\" is at work on its server");
    assert_int_equal(fake.asked, 0);
    s.runner.executions = NULL;
    tick(&s, 1);
    assert_int_equal(fake.asked, 1); /* at once */
    fails(DRIVER_LOST, "the end");
    finish(&s);
}

/* What was foreseen before keeps its words and its age. */
static void test_busy_after_told(void **state)
{
    struct scene s;
    (void)state;
    begin(&s);
    s.states[0].work.state = STEP_RUNNING;
    s.states[1].foreseen = CHOICE_YES;
    s.execution = (struct execution){ .definition = &s.steps[0] };
    s.runner.executions = &s.execution;
    tick(&s, 1);
    assert_int_equal(heard.told, 0);
    finish(&s);
}

/* ---- done for each of many ---- */

static void begin_each(struct scene *s)
{
    begin(s);
    s->steps[0].each = &each;
    s->steps[0].sql = per_item;
    tick(s, 1);
    assert_string_equal(fake.sql, each.query.sql);
}

static void test_each(void **state)
{
    static const struct row tenants[] = { { { "done" } }, { { "shop" } }, { { "left" } } };
    struct run_item done[] = { { .name = "done", .done = true } };
    struct scene s;
    (void)state;
    begin_each(&s);
    s.states[0].work.items = done;
    s.states[0].work.item_count = 1;
    answer(DRIVER_OK, NULL, 3, 1, tenants);
    answer_catalog();
    answer_count("shop.users");
    tick(&s, 2);
    answer_count("shop.users");
    assert_int_equal(heard.choice, CHOICE_YES);
    if (!text_starts(heard.text, "for shop, the first of 2: AccessExclusiveLock on shop.users: "))
        fail_msg("%s", heard.text);
    finish(&s);
}

static void test_each_untold(void **state)
{
    static const struct row null[] = { { { "shop" } }, { { NULL } } };
    struct scene s;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
        begin_each(&s);
        fails(failures[i].status, failures[i].message);
        assert_untold(failures[i].why);
        finish(&s);
    }
    begin_each(&s);
    answer(DRIVER_OK, NULL, 2, 1, null);
    assert_untold("NULL");
    finish(&s);
}

static void test_each_of_none(void **state)
{
    struct scene s;
    (void)state;
    begin_each(&s);
    answer(DRIVER_OK, NULL, 0, 1, NULL);
    assert_int_equal(heard.choice, CHOICE_YES);
    assert_string_equal(heard.text, "nothing is left for which it would be done");
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),         cmocka_unit_test(test_not_connected),
        cmocka_unit_test(test_no_catalog),   cmocka_unit_test(test_catalog_and_gone),
        cmocka_unit_test(test_odd_catalog),  cmocka_unit_test(test_full),
        cmocka_unit_test(test_no_counts),    cmocka_unit_test(test_unknown_code),
        cmocka_unit_test(test_busy),         cmocka_unit_test(test_busy_after_told),
        cmocka_unit_test(test_each),         cmocka_unit_test(test_each_untold),
        cmocka_unit_test(test_each_of_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
