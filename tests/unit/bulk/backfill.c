/* Backfills on a real server: every row is changed, once, whatever comes between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filled.h"

static struct fill_server server;

/* ---- shapes of tables ---- */

static const struct fill_shape shapes[] = {
    { "id bigint PRIMARY KEY", "g FROM generate_series(1, 1000) g", { "id" }, 1, 100, 1000 },
    { "id bigint PRIMARY KEY", "g FROM generate_series(1, 1000) g", { "id" }, 1, 333, 1000 },
    { "id bigint PRIMARY KEY", "g FROM generate_series(1, 1000) g", { "id" }, 1, 5000, 1000 },
    { "id bigint PRIMARY KEY", "g FROM generate_series(1, 10) g", { "id" }, 1, 1, 10 },
    { "id bigint PRIMARY KEY", "g FROM generate_series(1, 0) g", { "id" }, 1, 100, 0 },
    { "id bigint PRIMARY KEY", "g * g * g - 5000 FROM generate_series(-300, 300) g", { "id" }, 1, 100, 601 },
    { "\"The Id\" int PRIMARY KEY", "g FROM generate_series(1, 1000) g", { "\"The Id\"" }, 1, 100, 1000 },
    { "x int, y text, PRIMARY KEY (x, y)",
      "g % 7, 'it''s ' || g FROM generate_series(1, 1000) g",
      { "x", "y" },
      2,
      90,
      1000 },
    { "id text PRIMARY KEY",
      "CASE g WHEN 1 THEN '' WHEN 2 THEN E'a\\nb' ELSE E'k\\\\' || g END FROM generate_series(1, "
      "1000) g",
      { "id" },
      1,
      100,
      1000 },
    { "id timestamptz PRIMARY KEY",
      "'2026-01-01'::timestamptz + g * interval '1 microsecond' FROM generate_series(1, "
      "1000) g",
      { "id" },
      1,
      100,
      1000 },
    { "id uuid PRIMARY KEY", "md5(g::text)::uuid FROM generate_series(1, 1000) g", { "id" }, 1, 100, 1000 },
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        struct filled filled;
        table_make(&server, shapes[i].columns, shapes[i].rows);
        filled_open(&filled, &server);
        filled_run_shape(&filled, &shapes[i], "lock_timeout 100ms, statement_timeout 10000ms");
        table_check(&server);
        filled_close(&filled);
    }
}

/* ---- statements of their own ---- */

static void make_copy(const char *columns)
{
    char sql[300];
    snprintf(sql, sizeof(sql),
             "SET client_min_messages = warning; DROP TABLE IF EXISTS copy; CREATE TABLE copy (%s, n int)",
             columns);
    pg_value(server.admin, sql);
}

static const struct {
    size_t shape;
    const char *columns, *statement;
} statements[] = {
    { 0, "id bigint PRIMARY KEY",
      "INSERT INTO copy SELECT t.id, n FROM t JOIN tminus_batch USING (id) ON CONFLICT DO NOTHING" },
    { 6, "id int PRIMARY KEY",
      "WITH few AS (SELECT \"The Id\" AS id FROM tminus_batch) INSERT INTO copy SELECT id, 0 FROM few ON "
      "CONFLICT DO NOTHING" },
    { 7, "x int, y text, PRIMARY KEY (x, y)",
      "INSERT INTO copy SELECT x, y, 0 FROM tminus_batch ON CONFLICT DO NOTHING" },
};

/* Every row is copied once, and a second time there is nothing to do. */
static void test_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        struct filled filled;
        size_t shape = statements[i].shape;
        table_make(&server, shapes[shape].columns, shapes[shape].rows);
        make_copy(statements[i].columns);
        filled_open(&filled, &server);
        memcpy(filled.key, shapes[shape].key, sizeof(filled.key));
        filled.config.key_count = shapes[shape].key_count;
        filled.config.set = filled.config.where = NULL;
        filled.config.statement = statements[i].statement;
        filled_run(&filled, DRIVER_OK, 1000, 1000);
        assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM copy"), "1000");
        filled_run(&filled, DRIVER_OK, 0, 1000);
        assert_true(filled.clean);
        filled_close(&filled);
    }
}

/* What a batch changes is what belongs to its keys. */
static void test_statement_goes_on(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    make_copy("id bigint PRIMARY KEY");
    filled_open(&filled, &server);
    filled.config.set = filled.config.where = NULL;
    filled.config.statement = "INSERT INTO copy SELECT id, 0 FROM tminus_batch ON CONFLICT DO NOTHING";
    filled_stop_after(&filled, 4);
    filled_check(&filled, DRIVER_CANCELLED, filled.state.seen, filled.state.seen);
    assert_true(filled.state.seen > 0 && filled.state.seen < 1000);
    filled_resume(&filled, DRIVER_OK, 1000, 1000);
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM copy"), "1000");
    /* Another one begins anew. */
    filled.config.statement = "UPDATE copy SET n = 1 FROM tminus_batch b WHERE b.id = copy.id";
    filled_run(&filled, DRIVER_OK, 1000, 1000);
    filled_close(&filled);
}

/* Rows that are done already are passed and not changed. */
static void test_done_before(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    pg_value(server.admin, "UPDATE t SET b = 'done' WHERE id % 3 = 0");
    filled_open(&filled, &server);
    filled_run(&filled, DRIVER_OK, 667, 1000);
    assert_int_equal(filled.state.total, 1000);
    table_check(&server);
    filled_close(&filled);
}

/* Where sessions are told of a commit before it is written down, batches wait for it all the same: what is
 * counted, and recorded as passed, no crash takes back. */
static void test_commits_are_waited_for(void **state)
{
    static const char *const modes[][2] = { { "off", "on" }, { "local", "local" }, { "on", "on" } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct filled filled;
        char sql[100];
        table_make_plain(&server);
        snprintf(sql, sizeof(sql), "ALTER ROLE ALL SET synchronous_commit = %s", modes[i][0]);
        pg_value(server.admin, sql);
        filled_open(&filled, &server);
        filled.config.set = "b = current_setting('synchronous_commit')";
        filled_run(&filled, DRIVER_OK, 1000, 1000);
        assert_string_equal(pg_value(server.admin, "SELECT min(b) FROM t"), modes[i][1]);
        assert_string_equal(pg_value(server.admin, "SELECT max(b) FROM t"), modes[i][1]);
        filled_close(&filled);
    }
}

static int set_as_usual(void **state)
{
    (void)state;
    pg_value(server.admin, "ALTER ROLE ALL RESET synchronous_commit");
    return 0;
}

/* Of a table that nobody has analysed it is not said that it is empty. */
static void test_never_analysed(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    pg_value(server.admin, "UPDATE pg_class SET reltuples = -1 WHERE oid = 't'::regclass");
    filled_open(&filled, &server);
    filled_run(&filled, DRIVER_OK, 1000, 1000);
    assert_int_equal(filled.state.total, -1);
    table_check(&server);
    filled_close(&filled);
}

/* ---- keys that are none ---- */

static const char *const no_keys[] = {
    "id bigint",
    "id bigint UNIQUE",
    "id bigint NOT NULL, x int, UNIQUE (id, x)",
    "id bigint NOT NULL, EXCLUDE USING btree (id WITH =)",
};

static void test_no_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no_keys); i++) {
        struct filled filled;
        table_make(&server, no_keys[i], "g FROM generate_series(1, 100) g");
        filled_open(&filled, &server);
        filled_run(&filled, DRIVER_REJECTED, 0, 0);
        assert_true(filled.clean);
        assert_non_null(strstr(filled.message, "unique"));
        assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b IS NOT NULL"), "0");
        filled_close(&filled);
    }
}

/* ---- checkpoints ---- */

/* Cancelled in the middle: what comes with the end is where it was. */
static void stop_in_the_middle(struct filled *filled)
{
    table_make_plain(&server);
    filled_open(filled, &server);
    uint64_t begun = uv_hrtime();
    filled_stop_after(filled, 4);
    int seconds = (int)((uv_hrtime() - begun) / 1000000000); /* each has one of its own */
    assert_true(filled->state.rows > 0 && filled->state.rows < 1000);
    assert_in_range(filled->checkpoints, 1, 1 + seconds);
    char changed[30];
    snprintf(changed, sizeof(changed), "%d", (int)filled->state.rows);
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b = 'done'"), changed);
}

/* It goes on behind the checkpoint, and then looks at what stands before it, too: the server may have lost
 * that, as it has row 1. */
static void row_1_is_later(struct filled *filled)
{
    if (filled->passes == 0)
        assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE id = 1 AND b IS NULL"), "1");
}

static void test_resume(void **state)
{
    struct filled filled;
    (void)state;
    stop_in_the_middle(&filled);
    pg_value(server.admin, "UPDATE t SET b = NULL WHERE id = 1");
    filled.at_batch = row_1_is_later;
    filled_resume(&filled, DRIVER_OK, 1001, 1000);
    assert_int_equal(filled.passes, 1);
    assert_string_equal(pg_value(server.admin, "SELECT string_agg(id::text, ' ') FROM t WHERE n <> 1"), "1");
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b = 'done'"), "1000");
    filled_close(&filled);
}

static void test_checkpoint_of_another(void **state)
{
    struct filled filled;
    (void)state;
    stop_in_the_middle(&filled);
    filled.config.set = "b = 'other'";
    filled.config.where = "b IS DISTINCT FROM 'other'";
    filled_resume(&filled, DRIVER_OK, 1000, 1000);
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b = 'other'"), "1000");
    filled_close(&filled);
}

/* Destroyed while a batch may be out; the next one does the rest, and nothing twice. */
static void test_destroy_and_resume(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.hold_after = 4;
    filled_begin(&filled);
    filled_until_waits(&filled);
    backfill_destroy(filled.backfill);
    run_for(&filled.loop, 20);
    assert_int_equal(filled.done, 0);
    filled.hold_after = 0;
    filled_begin(&filled);
    filled_end(&filled);
    assert_int_equal(filled.status, DRIVER_OK);
    assert_int_equal(filled.state.seen, 1000);
    table_check(&server);
    filled_close(&filled);
}

/* ---- what comes between ---- */

static int asked_before;

static bool was_asked_thrice(void *data)
{
    return ((struct filled *)data)->asked >= asked_before + 3;
}

static void test_nothing_is_sent_while_it_may_not(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.why_not = "the replica is behind";
    filled_begin(&filled);
    filled_until_waits(&filled);
    asked_before = filled.asked;
    uint64_t begun = uv_hrtime();
    assert_true(run_until(&filled.loop, was_asked_thrice, &filled, 20000));
    assert_true(uv_hrtime() - begun > UINT64_C(400000000)); /* four times a second, and not more */
    assert_string_equal(filled.waits, "the replica is behind");
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b IS NOT NULL"), "0");
    assert_string_equal(
        pg_value(server.admin, "SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass"), "0");
    filled.why_not = NULL;
    filled_end(&filled);
    filled_check(&filled, DRIVER_OK, 1000, 1000);
    table_check(&server);
    filled_close(&filled);
}

/* The reason is borrowed from a text that moves as it grows. */
static void give_other_reason(struct filled *filled)
{
    free(filled->reason);
    filled->reason = filled->asked > 8 ? NULL : strdup(filled->asked % 2 > 0 ? "one" : "another reason");
    filled->why_not = filled->reason;
}

static void test_reasons_that_change(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.at_batch = give_other_reason;
    filled_run(&filled, DRIVER_OK, 1000, 1000);
    assert_string_equal(filled.waits, "another reason");
    filled_close(&filled);
}

static void test_a_lock(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    pg_value(server.admin, "BEGIN; SELECT 1 FROM t WHERE id = 450 FOR UPDATE");
    filled_begin(&filled);
    filled_until_waits(&filled);
    assert_non_null(strstr(filled.waits, "waits for a lock on public.t (lock_timeout "));
    assert_non_null(strstr(filled.waits, "), try 2 of "));
    pg_value(server.admin, "ROLLBACK");
    filled_end(&filled);
    filled_check(&filled, DRIVER_OK, 1000, 1000);
    table_check(&server);
    filled_close(&filled);
}

static void test_a_lock_that_stays(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.config.attempts = 2;
    pg_value(server.admin, "BEGIN; SELECT 1 FROM t WHERE id = 450 FOR UPDATE");
    filled_begin(&filled);
    filled_end(&filled);
    pg_value(server.admin, "ROLLBACK");
    filled_check(&filled, DRIVER_RETRYABLE, 400, 400);
    assert_string_equal(filled.code, "55P03");
    assert_false(filled.clean);
    filled_close(&filled);
}

static void terminate(struct filled *filled)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d, 20000)", (int)filled->pid);
    assert_string_equal(pg_value(server.admin, sql), "t");
}

static void kill_at_third(struct filled *filled)
{
    if (filled->asked == 3)
        terminate(filled);
}

static void test_a_lost_connection(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.at_batch = kill_at_third;
    filled_begin(&filled);
    filled_until_waits(&filled);
    assert_non_null(strstr(filled.waits, "connection was lost"));
    int64_t pid = filled.pid;
    filled_end(&filled);
    filled_check(&filled, DRIVER_OK, 1000, 1000);
    assert_true(pid != filled.pid);
    table_check(&server);
    assert_int_equal(filled.ended_pid, filled.pid);
    assert_int_equal(filled.passes, 1);
    filled_close(&filled);
}

/* The first batch was confirmed, and is not there when the server is again. */
static void lose_at_third(struct filled *filled)
{
    if (filled->asked == 3)
        pg_value(server.admin, "UPDATE t SET b = NULL WHERE id <= 100");
    kill_at_third(filled);
}

static void test_what_was_confirmed_is_lost(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.at_batch = lose_at_third;
    filled_run(&filled, DRIVER_OK, 1100, 1000);
    assert_int_equal(filled.passes, 1);
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b = 'done'"), "1000");
    filled_close(&filled);
}

/* While it waits nobody asks, and the session has connected again by the time it goes on. */
static void lose_while_it_waits(struct filled *filled)
{
    if (filled->asked == 3) {
        pg_value(server.admin, "UPDATE t SET b = NULL WHERE id <= 100");
        terminate(filled);
    }
    filled->why_not = filled->asked >= 3 && filled->asked < 8 ? "wait" : NULL;
}

static void test_lost_while_it_waits(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.at_batch = lose_while_it_waits;
    filled_run(&filled, DRIVER_OK, 1100, 1000);
    assert_int_equal(filled.passes, 1);
    filled_close(&filled);
}

static bool is_in_the_next_pass(void *data)
{
    return ((struct filled *)data)->passes > 0;
}

static void hold_in_the_next_pass(struct filled *filled)
{
    lose_at_third(filled);
    filled->why_not = filled->passes > 0 ? "held" : NULL;
}

/* Stopped where the next pass begins, or in it: what the first has done is recorded, and looked at once more.
 */
static void test_stopped_in_the_next_pass(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.at_batch = hold_in_the_next_pass;
    filled_begin(&filled);
    assert_true(run_until(&filled.loop, is_in_the_next_pass, &filled, 20000));
    backfill_cancel(filled.backfill);
    filled_end(&filled);
    filled_check(&filled, DRIVER_CANCELLED, 1000, 0);
    assert_false(filled.clean);
    filled.at_batch = NULL;
    filled.why_not = NULL;
    pg_value(server.admin, "UPDATE t SET b = NULL WHERE id = 900");
    filled_resume(&filled, DRIVER_OK, 1101, 1000);
    assert_int_equal(filled.passes, 1);
    assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b = 'done'"), "1000");
    filled_close(&filled);
}

/* Where nothing is to be done it does not dawdle. */
static void test_no_pause_without_a_change(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.config.pause_us = SECOND_US / 4;
    uint64_t begun = uv_hrtime();
    filled_run(&filled, DRIVER_OK, 1000, 1000);
    assert_true(uv_hrtime() - begun >= UINT64_C(9) * 250000000);
    filled.config.pause_us = 3600 * SECOND_US;
    filled_run(&filled, DRIVER_OK, 0, 1000);
    filled_close(&filled);
}

static void kill_in_each_pass(struct filled *filled)
{
    if (filled->asked % 10 == 5)
        terminate(filled);
}

/* A connection that never lasts for a whole pass: it is not said that all is there. */
static void test_lost_again_and_again(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.config.attempts = 2;
    filled.at_batch = kill_in_each_pass;
    filled_run(&filled, DRIVER_LOST, 1000, 1000);
    assert_int_equal(filled.passes, 2);
    assert_non_null(strstr(filled.message, "it is not known whether all is there"));
    filled.at_batch = NULL;
    filled_resume(&filled, DRIVER_OK, 1000, 1000);
    assert_int_equal(filled.passes, 1);
    table_check(&server);
    filled_close(&filled);
}

static bool is_asleep(void *data)
{
    (void)data;
    return strcmp(pg_value(server.admin, "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = "
                                         "'tminus:r1:fill' AND wait_event = 'PgSleep'"),
                  "t") == 0;
}

/* What became of the batch nobody knows: that it is stopped then says nothing of it. */
static void test_stopped_while_a_batch_is_lost(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.config.set = "b = 'done' || pg_sleep(20)";
    filled_begin(&filled);
    assert_true(run_until(&filled.loop, is_asleep, NULL, 20000));
    backfill_cancel(filled.backfill);
    pg_value(server.admin, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                           "application_name = 'tminus:r1:fill'");
    filled_end(&filled);
    filled_check(&filled, DRIVER_CANCELLED, 0, 0);
    assert_false(filled.clean);
    assert_int_not_equal(filled.ended_pid, filled.pid); /* on that one it may still be at work */
    filled_close(&filled);
}

static void test_an_error(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.config.set = "b = (1 / (id - 450))::text";
    filled_run(&filled, DRIVER_REJECTED, 400, 400);
    assert_string_equal(filled.code, "22012");
    filled_close(&filled);
}

/* No statement of a book gets around the bounds of its batch. */
static void test_texts_that_would_break_out(void **state)
{
    static const char *const texts[][2] = {
        { "b = 'done' -- ", "b IS NULL" },
        { "b = 'done'; SELECT 1", "b IS NULL" },
        { "b = 'done'", "true) OR (true); SELECT 1 WHERE (true" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct filled filled;
        table_make_plain(&server);
        filled_open(&filled, &server);
        filled.config.set = texts[i][0];
        filled.config.where = texts[i][1];
        filled_begin(&filled);
        filled_end(&filled);
        assert_int_equal(filled.status, DRIVER_REJECTED);
        assert_string_equal(pg_value(server.admin, "SELECT count(*) FROM t WHERE b IS NOT NULL"), "0");
        filled_close(&filled);
    }
}

/* A batch that takes longer than it should makes the next one smaller, to a tenth and not less. */
static void test_batches_follow_the_time(void **state)
{
    struct filled filled;
    (void)state;
    table_make_plain(&server);
    filled_open(&filled, &server);
    filled.config.target_us = 20 * MS_US;
    filled.config.set = "b = 'done' || left(pg_sleep(0.001)::text, 0)";
    filled_run(&filled, DRIVER_OK, 1000, 1000);
    assert_in_range(filled.asked, 20, 110); /* with 100 rows each it would be 12 */
    table_check(&server);
    filled_close(&filled);
}

static int set_up(void **state)
{
    (void)state;
    return fill_server_set_up(&server);
}

static int tear_down(void **state)
{
    (void)state;
    fill_server_tear_down(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_statement_goes_on),
        cmocka_unit_test(test_done_before),
        cmocka_unit_test_teardown(test_commits_are_waited_for, set_as_usual),
        cmocka_unit_test(test_never_analysed),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_checkpoint_of_another),
        cmocka_unit_test(test_destroy_and_resume),
        cmocka_unit_test(test_nothing_is_sent_while_it_may_not),
        cmocka_unit_test(test_reasons_that_change),
        cmocka_unit_test(test_a_lock),
        cmocka_unit_test(test_a_lock_that_stays),
        cmocka_unit_test(test_a_lost_connection),
        cmocka_unit_test(test_what_was_confirmed_is_lost),
        cmocka_unit_test(test_lost_while_it_waits),
        cmocka_unit_test(test_stopped_in_the_next_pass),
        cmocka_unit_test(test_lost_again_and_again),
        cmocka_unit_test(test_no_pause_without_a_change),
        cmocka_unit_test(test_stopped_while_a_batch_is_lost),
        cmocka_unit_test(test_an_error),
        cmocka_unit_test(test_texts_that_would_break_out),
        cmocka_unit_test(test_batches_follow_the_time),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
