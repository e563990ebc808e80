/* Sessions: questions, their ends, and what happens when the server goes away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "driver/postgresql.h"
#include "support/pg_group.h"

struct world {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    struct session *session;
};

static void open_as(struct world *world, const char *dsn, enum session_access access)
{
    struct err err = ERR_INIT;
    uv_loop_init(&world->loop);
    world->target = (struct driver_target){ .id = "primary", .dsn = dsn, .application_name = "tminus:r1:x" };
    world->driver = driver_postgresql_create(&world->loop, &world->target);
    assert_int_equal(session_open(world->driver, "tminus:r1:session", access, &world->session, &err), 0);
    assert_false(session_connected(world->session));
}

static void open_world(struct world *world, const char *dsn)
{
    open_as(world, dsn, SESSION_READS);
}

static void close_world(struct world *world)
{
    session_close(world->session);
    driver_destroy(world->driver);
    run_out(&world->loop);
}

struct heard {
    int times;
    enum driver_status status;
    char code[16], message[300], value[300], last[100];
    size_t rows, columns;
    int64_t counted;
};

static void on_answer(void *data, const struct answer *answer)
{
    struct heard *heard = data;
    heard->times++;
    heard->status = answer->result->status;
    heard->rows = answer->row_count;
    heard->columns = answer->column_count;
    heard->counted = answer->result->rows;
    snprintf(heard->code, sizeof(heard->code), "%s", answer->result->code);
    snprintf(heard->message, sizeof(heard->message), "%s", answer->result->message);
    const char *value = answer->result->value;
    snprintf(heard->value, sizeof(heard->value), "%s", value != NULL ? value : "(null)");
    if (answer->row_count > 0) {
        const char *last = answer->cell(answer, answer->row_count - 1, answer->column_count - 1);
        snprintf(heard->last, sizeof(heard->last), "%s", last != NULL ? last : "(null)");
    }
}

static bool has_heard(void *data)
{
    return ((struct heard *)data)->times > 0;
}

static void ask(struct world *world, struct heard *heard, const char *sql, int64_t timeout_us)
{
    struct err err = ERR_INIT;
    *heard = (struct heard){ 0 };
    if (session_ask(world->session, sql, timeout_us, on_answer, heard, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(heard->times, 0);
}

static void hear(struct world *world, struct heard *heard)
{
    if (!run_until(&world->loop, has_heard, heard, 25000))
        fail_msg("no answer");
    assert_int_equal(heard->times, 1);
}

static void ask_and_hear(struct world *world, struct heard *heard, const char *sql)
{
    ask(world, heard, sql, 20 * SECOND_US);
    hear(world, heard);
}

static void test_answers(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    open_world(&world, pair.dsn[PG_PRIMARY]);
    ask_and_hear(&world, &heard, "SELECT g, g * 2 FROM generate_series(1, 300) g");
    assert_int_equal(heard.status, DRIVER_OK);
    assert_int_equal(heard.rows, 300);
    assert_int_equal(heard.columns, 2);
    assert_int_equal(heard.counted, 300);
    assert_string_equal(heard.value, "1");
    assert_string_equal(heard.last, "600");
    assert_true(session_connected(world.session));
    assert_string_equal(session_trouble(world.session), "");
    assert_in_range(session_server_version(world.session), 120000, 999999);
    ask_and_hear(&world, &heard, "SELECT pg_backend_pid()");
    assert_int_equal(strtol(heard.value, NULL, 10), session_pid(world.session));

    ask_and_hear(&world, &heard, "SELECT NULL");
    assert_string_equal(heard.value, "(null)");
    assert_int_equal(heard.rows, 1);
    ask_and_hear(&world, &heard, "SELECT 1 WHERE false");
    assert_int_equal(heard.rows, 0);
    ask_and_hear(&world, &heard, "SELECT 1, 2; SELECT 3");
    assert_int_equal(heard.columns, 1);
    assert_string_equal(heard.value, "3");
    ask_and_hear(&world, &heard, "SELECT 1; SELECT 2 WHERE false");
    assert_int_equal(heard.rows, 0);
    ask_and_hear(&world, &heard, "");
    assert_int_equal(heard.status, DRIVER_OK);
    ask_and_hear(&world, &heard, "SELECT current_setting('application_name')");
    assert_string_equal(heard.value, "tminus:r1:session");
    close_world(&world);
}

static bool is_down(void *data)
{
    return !session_connected(data);
}

static void test_errors(void **state)
{
    static const struct {
        const char *sql, *code;
        enum driver_status want;
    } cases[] = {
        { "SELECT 1/0", "22012", DRIVER_REJECTED },
        { "SELECT g FROM generate_series(1, 10) g WHERE 10 / (10 - g) > 0", "22012", DRIVER_REJECTED },
        { "SELEC", "42601", DRIVER_REJECTED },
        { "SELECT 1; SELECT nothing", "42703", DRIVER_REJECTED },
        { "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", "40001", DRIVER_RETRYABLE },
    };
    struct world world;
    struct heard heard;
    (void)state;
    open_world(&world, pair.dsn[PG_PRIMARY]);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ask_and_hear(&world, &heard, cases[i].sql);
        assert_string_equal(heard.code, cases[i].code);
        assert_int_equal(heard.status, cases[i].want);
        assert_int_equal(heard.rows, 0);
        ask_and_hear(&world, &heard, "SELECT 'next'");
        assert_string_equal(heard.value, "next");
    }
    ask_and_hear(&world, &heard, "COPY (SELECT 1) TO STDOUT");
    assert_int_equal(heard.status, DRIVER_AMBIGUOUS);
    ask_and_hear(&world, &heard, "SELECT repeat('x', 9000000)");
    assert_int_equal(heard.status, DRIVER_REJECTED);
    ask_and_hear(&world, &heard, "SELECT repeat('x', 100) FROM generate_series(1, 200000)");
    assert_int_equal(heard.status, DRIVER_REJECTED);
    assert_string_equal(heard.message, "the answer is larger than 8 MiB");
    ask_and_hear(&world, &heard, "BEGIN");
    ask_and_hear(&world, &heard, "SELECT now() = statement_timestamp()"); /* not in that transaction */
    assert_int_equal(heard.status, DRIVER_OK);
    close_world(&world);
}

static void test_order_and_limit(void **state)
{
    struct world world;
    struct heard heard[17];
    struct err err = ERR_INIT;
    char sql[40];
    (void)state;
    open_world(&world, pair.dsn[PG_PRIMARY]);
    for (int i = 0; i < 16; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        ask(&world, &heard[i], sql, (i % 3 + 15) * SECOND_US); /* the server's limit changes between them */
    }
    assert_int_equal(session_ask(world.session, "SELECT 1", SECOND_US, on_answer, &heard[16], &err),
                     ERR_BUSY);
    hear(&world, &heard[15]);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(heard[i].times, 1);
        assert_int_equal(strtol(heard[i].value, NULL, 10), i);
    }
    close_world(&world);
}

#define CANCEL_HELPS_MS 500 /* a cancel that takes longer costs the connection */

/* Whether the cancel was enough, and the connection is the one of before. */
static bool times_out(struct world *world)
{
    struct heard slow, behind, next;
    uint64_t before = uv_hrtime();
    int64_t pid = session_pid(world->session);
    ask(world, &slow, "SELECT pg_sleep(30)", 200 * MS_US);
    ask(world, &behind, "SELECT 2", 100 * MS_US);
    hear(world, &behind);
    assert_int_equal(behind.status, DRIVER_TIMED_OUT);
    hear(world, &slow);
    assert_int_equal(slow.status, DRIVER_TIMED_OUT);
    assert_in_range((uv_hrtime() - before) / 1000000, 195, 15000); /* it would sleep for 30 s */
    ask_and_hear(world, &next, "SELECT 3");
    assert_string_equal(next.value, "3");
    bool kept = session_pid(world->session) == pid;
    assert_true(kept || (uv_hrtime() - before) / 1000000 >= 200 + CANCEL_HELPS_MS);
    return kept;
}

/* A machine that is too busy for a cancel in time loses the connection, as it should: not ten times over. */
static void test_timeout(void **state)
{
    struct world world;
    struct heard first;
    bool kept = false;
    (void)state;
    open_world(&world, pair.dsn[PG_PRIMARY]);
    ask_and_hear(&world, &first, "SELECT 1");
    for (int i = 0; i < 10 && !kept; i++)
        kept = times_out(&world);
    assert_true(kept);
    close_world(&world);
}

/* A server that does not even take the cancel. */
static void test_timeout_when_frozen(void **state)
{
    struct world world;
    struct heard slow, next;
    (void)state;
    open_world(&world, pair.dsn[PG_PRIMARY]);
    ask_and_hear(&world, &next, "SELECT 1");
    pid_t pid = (pid_t)session_pid(world.session);
    kill(pid, SIGSTOP);
    ask(&world, &slow, "SELECT 1", 200 * MS_US);
    hear(&world, &slow);
    assert_int_equal(slow.status, DRIVER_TIMED_OUT);
    ask_and_hear(&world, &next, "SELECT 4");
    kill(pid, SIGCONT);
    assert_string_equal(next.value, "4");
    assert_int_not_equal(session_pid(world.session), pid);
    close_world(&world);
}

static void test_reconnects(void **state)
{
    struct world world;
    struct heard heard;
    char sql[100];
    (void)state;
    open_world(&world, pair.dsn[PG_PRIMARY]);
    ask_and_hear(&world, &heard, "SELECT 1");
    int64_t pid = session_pid(world.session);
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%d)", (int)pid);

    pg_value(admin, sql); /* while it is idle */
    assert_true(run_until(&world.loop, is_down, world.session, 20000));
    assert_string_equal(session_trouble(world.session),
                        "terminating connection due to administrator command");
    assert_int_equal(session_pid(world.session), 0);
    ask_and_hear(&world, &heard, "SELECT 'again'");
    assert_string_equal(heard.value, "again");
    assert_int_not_equal(session_pid(world.session), pid);

    ask_and_hear(&world, &heard,
                 "SELECT pg_terminate_backend(pg_backend_pid())"); /* while a question is out */
    assert_int_equal(heard.status, DRIVER_AMBIGUOUS);
    assert_string_equal(heard.code, "57P01");
    ask_and_hear(&world, &heard, "SELECT 'and again'");
    assert_string_equal(heard.value, "and again");
    close_world(&world);
}

static void test_not_connected(void **state)
{
    struct world world;
    struct heard heard;
    char dsn[300];
    (void)state;
    snprintf(dsn, sizeof(dsn), "%s port=1", pair.dsn[PG_PRIMARY]);
    open_world(&world, dsn);
    ask(&world, &heard, "SELECT 1", 400 * MS_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_LOST);
    assert_non_null(strstr(heard.message, ".s.PGSQL.1"));
    assert_non_null(strstr(session_trouble(world.session), ".s.PGSQL.1"));
    close_world(&world);

    snprintf(dsn, sizeof(dsn), "%s user=nobody_here", pair.dsn[PG_PRIMARY]);
    open_world(&world, dsn);
    ask(&world, &heard, "SELECT 1", 10 * SECOND_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_AUTH);
    assert_string_equal(heard.code, "28000");
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_order_and_limit),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_timeout_when_frozen),
        cmocka_unit_test(test_reconnects),
        cmocka_unit_test(test_not_connected),
    };
    return cmocka_run_group_tests(tests, pg_group_one_set_up, pg_group_tear_down);
}
