/* Jobs against a real server: what is left of them, and what the result says about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "driver/postgresql.h"
#include "support/pg_pair.h"

static struct pg_pair pair;
static PGconn *admin;

/* One job and what it said. */
struct ran {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    struct driver_job *job;
    bool identified_first, done;
    int64_t pid;
    char settings[200], notices[8000];
    struct driver_result result;
    char message[1000], detail[1000], hint[500], leftover[500], value[200];
    bool has_value;
};

static void on_identified(void *data, int64_t pid)
{
    struct ran *ran = data;
    ran->pid = pid;
    ran->identified_first = ran->settings[0] == '\0';
}

static void on_settings(void *data, const char *text)
{
    struct ran *ran = data;
    snprintf(ran->settings, sizeof(ran->settings), "%s", text);
}

static void on_notice(void *data, const char *text)
{
    struct ran *ran = data;
    size_t len = strlen(ran->notices);
    snprintf(ran->notices + len, sizeof(ran->notices) - len, "%s\n", text);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct ran *ran = data;
    assert_false(ran->done);
    ran->done = true;
    ran->result = *result;
    snprintf(ran->message, sizeof(ran->message), "%s", result->message);
    snprintf(ran->detail, sizeof(ran->detail), "%s", result->detail);
    snprintf(ran->hint, sizeof(ran->hint), "%s", result->hint);
    snprintf(ran->leftover, sizeof(ran->leftover), "%s", result->leftover);
    ran->has_value = result->value != NULL;
    snprintf(ran->value, sizeof(ran->value), "%s", result->value != NULL ? result->value : "");
}

static const struct driver_events events = {
    .identified = on_identified, .settings = on_settings, .notice = on_notice, .done = on_done
};

static bool is_done(void *data)
{
    return ((struct ran *)data)->done;
}

static void begin_at(struct ran *ran, const char *dsn, const struct driver_sql *sql)
{
    struct err err = ERR_INIT;
    memset(ran, 0, sizeof(*ran));
    assert_int_equal(uv_loop_init(&ran->loop), 0);
    ran->target = (struct driver_target){ .id = "t", .dsn = dsn, .application_name = "tminus:r1:step" };
    ran->driver = driver_postgresql_create(&ran->loop, &ran->target);
    assert_int_equal(driver_start(ran->driver, sql, &events, ran, &ran->job, &err), 0);
    assert_false(ran->done);
}

static void begin(struct ran *ran, const struct driver_sql *sql)
{
    begin_at(ran, pair.dsn[PG_PRIMARY], sql);
}

static void end(struct ran *ran)
{
    if (!run_until(&ran->loop, is_done, ran, 20000))
        fail_msg("the job did not end");
    driver_destroy(ran->driver);
    run_out(&ran->loop);
}

static void run(struct ran *ran, const struct driver_sql *sql)
{
    begin(ran, sql);
    end(ran);
}

static void expect(const struct ran *ran, enum driver_status status, const char *code, bool clean)
{
    if (ran->result.status != status || ran->result.clean != clean || strcmp(ran->result.code, code) != 0)
        fail_msg("%s %s %s: %s", driver_status_word(ran->result.status), ran->result.code,
                 ran->result.clean ? "clean" : "not clean", ran->message);
}

/* Waits until the job's backend is in that state of pg_stat_activity. */
struct waiting {
    struct ran *ran;
    const char *condition;
};

static bool backend_is(void *data)
{
    struct waiting *waiting = data;
    char sql[400];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND %s",
             (int)waiting->ran->pid, waiting->condition);
    return waiting->ran->pid != 0 && strcmp(pg_value(admin, sql), "1") == 0;
}

static void on_tick(uv_timer_t *tick)
{
    (void)tick;
}

static void until_backend(struct ran *ran, const char *condition)
{
    struct waiting waiting = { ran, condition };
    uv_timer_t tick; /* so that the loop turns and the condition is looked at */
    uv_timer_init(&ran->loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    bool fine = run_until(&ran->loop, backend_is, &waiting, 20000);
    uv_close((uv_handle_t *)&tick, NULL);
    run_for(&ran->loop, 1);
    if (!fine)
        fail_msg("the backend never was %s; %s", condition, ran->message);
}

#define SQL(in_transaction, ...)                                                                             \
    {                                                                                                        \
        .count = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),                              \
        .statements = (const char *const[]){ __VA_ARGS__ }, .transaction = (in_transaction)                  \
    }

static void fresh_table(void)
{
    pg_value(
        admin,
        "DROP TABLE IF EXISTS t; CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (1, 'y')");
}

static void test_commits(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (2, 'z')",
                                      "UPDATE t SET b = 'q' WHERE a = 1", "SET LOCAL work_mem = '1MB'");
    struct ran ran;
    (void)state;
    fresh_table();
    run(&ran, &sql);
    expect(&ran, DRIVER_OK, "", false);
    assert_int_equal(ran.result.rows, 2);
    assert_int_equal(ran.result.statements_done, 3);
    assert_false(ran.has_value);
    assert_true(ran.pid > 0);
    assert_true(ran.identified_first);
    assert_string_equal(pg_value(admin, "SELECT string_agg(a || b, ',' ORDER BY a) FROM t"), "1q,1q,2z");
}

static void test_error_rolls_all_back(void **state)
{
    const struct driver_sql sql =
        SQL(true, "INSERT INTO t VALUES (2, 'z')", "INSERT INTO t SELECT 1/0, 'never'");
    struct ran ran;
    (void)state;
    fresh_table();
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, "22012", true);
    assert_string_equal(ran.message, "division by zero");
    assert_int_equal(ran.result.statements_done, 1);
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "2");
}

static void test_alone_keeps_what_was_done(void **state)
{
    const struct driver_sql second = SQL(false, "INSERT INTO t VALUES (2, 'z')", "SELECT 1/0");
    const struct driver_sql first = SQL(false, "INSERT INTO t SELECT 1/0, 'never'", "SELECT 1");
    struct ran ran;
    (void)state;
    fresh_table();
    run(&ran, &second);
    expect(&ran, DRIVER_REJECTED, "22012", false);
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "3");
    run(&ran, &first);
    expect(&ran, DRIVER_REJECTED, "22012", true);
}

static void test_error_fields(void **state)
{
    const struct driver_sql sql = SQL(true, "DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'the detail', "
                                            "HINT = 'the hint', ERRCODE = 'P0042'; END $$");
    struct ran ran;
    (void)state;
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, "P0042", true);
    assert_string_equal(ran.message, "no");
    assert_string_equal(ran.detail, "the detail");
    assert_string_equal(ran.hint, "the hint");
}

static void test_value_and_rows(void **state)
{
    static const struct {
        const char *first, *second, *value; /* NULL: none */
        int64_t rows;
    } cases[] = {
        { "SELECT 1", "SELECT g + 6 FROM generate_series(1, 5000) g", "7", 5000 },
        { "SELECT 1", "SELECT NULL::int", NULL, 1 },
        { "SELECT 1", "SELECT 1 WHERE false", NULL, 0 },
        { "SELECT 'kept'", "SET LOCAL work_mem = '2MB'", "kept", 1 },
        { "SELECT 1", "UPDATE t SET b = b", NULL, 2 },
        { "SELECT 1", "UPDATE t SET b = 'n' RETURNING b", "n", 2 },
        { "SELECT 1", "", "1", 1 },
        { "SELECT 1", "SELECT 2; SELECT 3 UNION ALL SELECT 4", "3", 2 },
    };
    (void)state;
    fresh_table();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct driver_sql sql = SQL(true, cases[i].first, cases[i].second);
        struct ran ran;
        run(&ran, &sql);
        expect(&ran, DRIVER_OK, "", false);
        if (ran.result.rows != cases[i].rows || ran.has_value != (cases[i].value != NULL) ||
            (cases[i].value != NULL && strcmp(ran.value, cases[i].value) != 0))
            fail_msg("%s: %s, %d rows", cases[i].second, ran.value, (int)ran.result.rows);
    }
}

static void test_notices(void **state)
{
    const struct driver_sql sql =
        SQL(true, "CREATE TABLE IF NOT EXISTS t (a int)", "DO $$ BEGIN RAISE WARNING 'look out'; END $$");
    struct ran ran;
    (void)state;
    fresh_table();
    run(&ran, &sql);
    assert_string_equal(ran.notices,
                        "NOTICE 42P07: relation \"t\" already exists, skipping\nWARNING 01000: look out\n");
}

static void test_too_many_notices(void **state)
{
    static const char *const texts[] = {
        "DO $$ BEGIN FOR i IN 1..100 LOOP RAISE NOTICE '%', i; END LOOP; END $$",
        "DO $$ BEGIN FOR i IN 1..207 LOOP RAISE NOTICE '%', i; END LOOP; END $$",
    };
    static const char *const ends[] = { "\nNOTICE 00000: 100\n",
                                        "\nNOTICE 00000: 100\n107 more notices were not kept\n" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct driver_sql sql = SQL(true, texts[i]);
        struct ran ran;
        run(&ran, &sql);
        expect(&ran, DRIVER_OK, "", false);
        assert_true(strlen(ran.notices) > strlen(ends[i]));
        assert_string_equal(ran.notices + strlen(ran.notices) - strlen(ends[i]), ends[i]);
    }
}

static void test_settings_are_read_back(void **state)
{
    struct driver_sql sql = SQL(true, "SELECT current_setting('lock_timeout') || ' ' ||"
                                      " current_setting('statement_timeout') || ' ' ||"
                                      " current_setting('application_name') || ' ' ||"
                                      " current_setting('standard_conforming_strings')");
    struct ran ran;
    (void)state;
    sql.lock_timeout_us = 500 * MS_US + 1; /* rounded up: never shorter than asked for, never 0 */
    sql.statement_timeout_us = 30 * SECOND_US;
    run(&ran, &sql);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.settings, "lock_timeout 501ms, statement_timeout 30s");
    assert_string_equal(ran.value, "501ms 30s tminus:r1:step on");
    sql.lock_timeout_us = sql.statement_timeout_us = 0;
    run(&ran, &sql);
    assert_string_equal(ran.settings, "lock_timeout 0, statement_timeout 0");
}

/* What was said to be done is recorded: a server that says so before it has written it down is not believed,
 * one that asks its replicas, too, is left to. */
static void test_commits_are_waited_for(void **state)
{
    static const char *const modes[][2] = { { "off", "on" },
                                            { "local", "local" },
                                            { "remote_apply", "remote_apply" } };
    struct driver_sql sql = SQL(true, "SELECT current_setting('synchronous_commit')");
    struct ran ran;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        char set[100];
        snprintf(set, sizeof(set), "ALTER ROLE ALL SET synchronous_commit = %s", modes[i][0]);
        pg_value(admin, set);
        run(&ran, &sql);
        expect(&ran, DRIVER_OK, "", false);
        assert_string_equal(ran.value, modes[i][1]);
    }
}

static int set_as_usual(void **state)
{
    (void)state;
    pg_value(admin, "ALTER ROLE ALL RESET synchronous_commit");
    return 0;
}

static void test_setting_refused(void **state)
{
    struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (9, '')");
    struct ran ran;
    (void)state;
    fresh_table();
    sql.lock_timeout_us = INT64_C(3000000000) * MS_US; /* more milliseconds than the server has room for */
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, "22023", true);
    assert_string_equal(ran.settings, "");
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "2");
}

/* A role that sees a pg_settings of its own before the real one. */
static void test_settings_are_the_servers(void **state)
{
    struct driver_sql sql = SQL(true, "SELECT 1");
    struct ran ran;
    char dsn[300];
    (void)state;
    pg_value(admin, "CREATE SCHEMA evil; CREATE VIEW evil.pg_settings AS SELECT 'lock_timeout'::text AS name,"
                    " '1'::text AS setting; CREATE ROLE fooled SUPERUSER LOGIN;"
                    " ALTER ROLE fooled SET search_path = evil, pg_catalog;"
                    " ALTER ROLE fooled SET standard_conforming_strings = off");
    snprintf(dsn, sizeof(dsn), "%s user=fooled", pair.dsn[PG_PRIMARY]);
    sql.lock_timeout_us = 2 * SECOND_US;
    begin_at(&ran, dsn, &sql);
    end(&ran);
    pg_value(admin, "DROP SCHEMA evil CASCADE; DROP ROLE fooled");
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.settings, "lock_timeout 2s, statement_timeout 0");
}

static void test_lock_timeout(void **state)
{
    struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (3, '')", "ALTER TABLE t ADD COLUMN c int");
    struct ran ran;
    (void)state;
    fresh_table();
    sql.lock_timeout_us = 100 * MS_US;
    PGconn *holder = pg_pair_connect(&pair, PG_PRIMARY, "");
    pg_value(holder, "BEGIN; SELECT * FROM t");
    run(&ran, &sql);
    PQfinish(holder);
    expect(&ran, DRIVER_RETRYABLE, "55P03", true);
}

static void test_statement_timeout(void **state)
{
    struct driver_sql sql = SQL(true, "SELECT pg_sleep(30)");
    struct ran ran;
    (void)state;
    sql.statement_timeout_us = 150 * MS_US;
    run(&ran, &sql);
    expect(&ran, DRIVER_TIMED_OUT, "57014", true);
    assert_in_range(ran.result.elapsed_us, 150 * MS_US, 15 * SECOND_US);
}

static void test_cancel(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (2, 'z')", "SELECT pg_sleep(30)");
    struct ran ran;
    (void)state;
    fresh_table();
    begin(&ran, &sql);
    until_backend(&ran, "wait_event = 'PgSleep'");
    driver_cancel(ran.job);
    assert_false(ran.done);
    end(&ran);
    expect(&ran, DRIVER_CANCELLED, "57014", true);
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "2");
}

static void test_cancelled_by_somebody_else(void **state)
{
    const struct driver_sql sql = SQL(true, "SELECT pg_sleep(30)");
    struct ran ran;
    char text[100];
    (void)state;
    begin(&ran, &sql);
    until_backend(&ran, "wait_event = 'PgSleep'");
    snprintf(text, sizeof(text), "SELECT pg_cancel_backend(%d)", (int)ran.pid);
    pg_value(admin, text);
    end(&ran);
    expect(&ran, DRIVER_REJECTED, "57014", true);
}

static void test_cancel_while_connecting(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (2, 'z')");
    struct ran ran;
    (void)state;
    fresh_table();
    begin(&ran, &sql);
    driver_cancel(ran.job);
    assert_false(ran.done);
    end(&ran);
    expect(&ran, DRIVER_CANCELLED, "", true);
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "2");
}

/* Whichever wins, the result and the table tell the same story. */
static void test_cancel_race(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO t SELECT g, '' FROM generate_series(1, 1000) g");
    (void)state;
    for (int i = 0; i < 30; i++) {
        struct ran ran;
        fresh_table();
        begin(&ran, &sql);
        for (int turns = 0; turns < i && !ran.done; turns++)
            (void)uv_run(&ran.loop, UV_RUN_ONCE);
        if (!ran.done)
            driver_cancel(ran.job);
        end(&ran);
        bool there = strcmp(pg_value(admin, "SELECT count(*) FROM t"), "1002") == 0;
        if (ran.result.status == DRIVER_OK)
            assert_true(there);
        else
            assert_true(ran.result.status == DRIVER_CANCELLED && ran.result.clean && !there);
    }
}

static void test_terminated_in_transaction(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (2, 'z')", "SELECT pg_sleep(30)");
    struct ran ran;
    char text[100];
    (void)state;
    fresh_table();
    begin(&ran, &sql);
    until_backend(&ran, "wait_event = 'PgSleep'");
    snprintf(text, sizeof(text), "SELECT pg_terminate_backend(%d)", (int)ran.pid);
    pg_value(admin, text);
    end(&ran);
    expect(&ran, DRIVER_LOST, "57P01", true);
    assert_string_equal(ran.message, "terminating connection due to administrator command");
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "2");
}

static void test_terminated_alone(void **state)
{
    const struct driver_sql sql = SQL(false, "SELECT pg_sleep(30)");
    struct ran ran;
    char text[100];
    (void)state;
    begin(&ran, &sql);
    until_backend(&ran, "wait_event = 'PgSleep'");
    snprintf(text, sizeof(text), "SELECT pg_terminate_backend(%d)", (int)ran.pid);
    pg_value(admin, text);
    end(&ran);
    expect(&ran, DRIVER_AMBIGUOUS, "57P01", false);
}

/* A deferred trigger keeps COMMIT busy, so that the connection can be lost while it is out. */
static void test_lost_in_commit(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO slow VALUES (1)");
    struct ran ran;
    char text[100];
    (void)state;
    pg_value(admin, "DROP TABLE IF EXISTS slow; CREATE TABLE slow (a int);"
                    " CREATE OR REPLACE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;"
                    " CREATE CONSTRAINT TRIGGER slowly AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED"
                    " FOR EACH ROW EXECUTE FUNCTION slowly()");
    begin(&ran, &sql);
    until_backend(&ran, "wait_event = 'PgSleep' AND query = 'COMMIT'");
    snprintf(text, sizeof(text), "SELECT pg_terminate_backend(%d)", (int)ran.pid);
    pg_value(admin, text);
    end(&ran);
    expect(&ran, DRIVER_AMBIGUOUS, "57P01", false);

    begin(&ran, &sql);
    until_backend(&ran, "wait_event = 'PgSleep' AND query = 'COMMIT'");
    driver_cancel(ran.job);
    end(&ran);
    expect(&ran, DRIVER_CANCELLED, "57014", true);
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM slow"), "0");
}

static void test_text_that_breaks_out(void **state)
{
    static const struct {
        const char *text;
        enum driver_status want;
        bool remains;
    } cases[] = {
        { "INSERT INTO t VALUES (2, ''); COMMIT", DRIVER_REJECTED, true },
        { "INSERT INTO t VALUES (2, ''); COMMIT; BEGIN", DRIVER_REJECTED, true },
        { "INSERT INTO t VALUES (2, ''); COMMIT AND CHAIN", DRIVER_REJECTED, true },
        { "INSERT INTO t VALUES (2, ''); ROLLBACK AND CHAIN", DRIVER_REJECTED, false },
        { "INSERT INTO t VALUES (2, ''); COMMIT; SELECT 1/0", DRIVER_REJECTED, true },
        { "SAVEPOINT s; INSERT INTO t VALUES (2, ''); ROLLBACK TO s", DRIVER_OK, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct driver_sql sql = SQL(true, cases[i].text, "INSERT INTO t VALUES (7, '')");
        struct ran ran;
        fresh_table();
        run(&ran, &sql);
        bool remains = strcmp(pg_value(admin, "SELECT count(*) FROM t WHERE a = 2"), "0") != 0;
        if (ran.result.status != cases[i].want || ran.result.clean || remains != cases[i].remains)
            fail_msg("%s: %s, %s", cases[i].text, driver_status_word(ran.result.status), ran.message);
    }
}

static void test_open_transaction_left(void **state)
{
    const struct driver_sql sql = SQL(false, "BEGIN; INSERT INTO t VALUES (2, '')");
    struct ran ran;
    (void)state;
    fresh_table();
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, "", false);
    assert_string_equal(pg_value(admin, "SELECT count(*) FROM t"), "2");
}

static void test_copy_does_not_hang(void **state)
{
    static const char *const texts[] = { "COPY t FROM STDIN", "COPY t TO STDOUT",
                                         "SELECT 1; COPY t TO STDOUT" };
    (void)state;
    fresh_table();
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct driver_sql sql = SQL(true, texts[i]);
        struct ran ran;
        run(&ran, &sql);
        expect(&ran, DRIVER_REJECTED, "", true);
        assert_non_null(strstr(ran.message, "COPY"));
    }
}

static void test_concurrently_unique_violation(void **state)
{
    const struct driver_sql sql = SQL(false, "CREATE UNIQUE INDEX CONCURRENTLY \"T u\" ON t (a)");
    struct ran ran;
    (void)state;
    fresh_table();
    pg_value(admin, "CREATE INDEX was_invalid ON t (b);"
                    " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'was_invalid'::regclass");
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, "23505", false);
    assert_string_equal(ran.leftover, "public.\"T u\"");
}

static void test_concurrently_lock_timeout(void **state)
{
    struct driver_sql build = SQL(false, "CREATE INDEX CONCURRENTLY t_b ON t (b)");
    struct driver_sql drop = SQL(false, "DROP INDEX CONCURRENTLY t_b");
    struct driver_sql rebuild = SQL(false, "REINDEX INDEX CONCURRENTLY t_b");
    struct ran ran;
    (void)state;
    fresh_table();
    build.lock_timeout_us = drop.lock_timeout_us = rebuild.lock_timeout_us = 200 * MS_US;
    PGconn *holder = pg_pair_connect(&pair, PG_PRIMARY, "");
    pg_value(holder, "BEGIN; INSERT INTO t VALUES (5, '')");
    run(&ran, &build);
    expect(&ran, DRIVER_REJECTED, "55P03", false);
    assert_string_equal(ran.leftover, "public.t_b");

    /* Nothing was made when not even the first lock was had: then it can be tried again. */
    pg_value(holder, "COMMIT");
    pg_value(holder, "DROP INDEX t_b");
    pg_value(holder, "BEGIN; LOCK TABLE t");
    run(&ran, &build);
    expect(&ran, DRIVER_RETRYABLE, "55P03", true);
    assert_string_equal(ran.leftover, "");

    pg_value(holder, "COMMIT");
    pg_value(holder, "CREATE INDEX t_b ON t (b)");
    pg_value(holder, "BEGIN; INSERT INTO t VALUES (6, '')");
    run(&ran, &rebuild);
    assert_string_equal(ran.leftover, "public.t_b_ccnew");
    assert_false(ran.result.clean);
    run(&ran, &drop);
    assert_string_equal(ran.leftover, "public.t_b");
    PQfinish(holder);
}

static void test_concurrently_cancelled_and_lost(void **state)
{
    const struct driver_sql sql = SQL(false, "CREATE INDEX CONCURRENTLY t_c ON t (b)");
    struct ran ran;
    char text[100];
    (void)state;
    fresh_table();
    PGconn *holder = pg_pair_connect(&pair, PG_PRIMARY, "");
    pg_value(holder, "BEGIN; INSERT INTO t VALUES (5, '')");
    begin(&ran, &sql);
    until_backend(&ran, "wait_event_type = 'Lock'");
    driver_cancel(ran.job);
    end(&ran);
    expect(&ran, DRIVER_CANCELLED, "57014", false);
    assert_string_equal(ran.leftover, "public.t_c");

    pg_value(holder, "COMMIT");
    pg_value(holder, "DROP INDEX t_c");
    pg_value(holder, "BEGIN; INSERT INTO t VALUES (5, '')");
    begin(&ran, &sql);
    until_backend(&ran, "wait_event_type = 'Lock'");
    snprintf(text, sizeof(text), "SELECT pg_terminate_backend(%d)", (int)ran.pid);
    pg_value(admin, text);
    end(&ran);
    expect(&ran, DRIVER_AMBIGUOUS, "57P01", false);
    assert_string_equal(ran.hint, "");
    assert_string_equal(ran.leftover, "public.t_c");
    PQfinish(holder);
}

static void test_no_connection(void **state)
{
    static const struct {
        const char *more;
        enum driver_status want;
        const char *code, *says;
    } cases[] = {
        { "port=1", DRIVER_LOST, "", ".s.PGSQL.1" }, /* the socket is not there */
        { "host=127.0.0.1 port=1", DRIVER_LOST, "", "Connection refused" },
        { "user=nobody_at_all", DRIVER_AUTH, "28000", "nobody_at_all" },
        { "dbname=not_there", DRIVER_REJECTED, "3D000", "not_there" },
        { "user=secretive password=wrong", DRIVER_AUTH, "28P01", "password authentication failed" },
        { "user=secretive", DRIVER_AUTH, "28P01", "password" },
        { "user=crowded", DRIVER_RETRYABLE, "53300", "too many connections" },
        { "host=127.0.0.1 sslmode=nonsense", DRIVER_LOST, "", "sslmode" },
    };
    const struct driver_sql sql = SQL(true, "SELECT 1");
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ran ran;
        char dsn[400];
        snprintf(dsn, sizeof(dsn), "%s %s", pair.dsn[PG_PRIMARY], cases[i].more);
        begin_at(&ran, dsn, &sql);
        end(&ran);
        if (strstr(ran.message, cases[i].says) == NULL || strchr(ran.message, '\n') != NULL)
            fail_msg("%s: %s", cases[i].more, ran.message);
        expect(&ran, cases[i].want, cases[i].code, true);
        assert_int_equal(ran.pid, 0);
    }
}

/* A listener that never answers. */
static void test_connect_timeout(void **state)
{
    const struct driver_sql sql = SQL(true, "SELECT 1");
    struct ran ran;
    char dsn[100];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(dsn, sizeof(dsn), "host=127.0.0.1 port=%d user=x", ntohs(address.sin_port));
    begin_at(&ran, dsn, &sql);
    driver_cancel(ran.job);
    end(&ran);
    expect(&ran, DRIVER_CANCELLED, "", true);

    memset(&ran, 0, sizeof(ran));
    struct err err = ERR_INIT;
    uv_loop_init(&ran.loop);
    ran.target = (struct driver_target){
        .id = "t", .dsn = dsn, .application_name = "x", .connect_timeout_us = 300 * MS_US
    };
    ran.driver = driver_postgresql_create(&ran.loop, &ran.target);
    assert_int_equal(driver_start(ran.driver, &sql, &events, &ran, &ran.job, &err), 0);
    end(&ran);
    expect(&ran, DRIVER_LOST, "", true);
    assert_string_equal(ran.message, "no connection within 300 ms");
    close(fd);
}

static void test_password(void **state)
{
    const struct driver_sql sql = SQL(true, "SELECT current_user");
    struct ran ran;
    char dsn[300];
    (void)state;
    snprintf(dsn, sizeof(dsn), "%s user=secretive", pair.dsn[PG_PRIMARY]);
    memset(&ran, 0, sizeof(ran));
    struct err err = ERR_INIT;
    uv_loop_init(&ran.loop);
    ran.target =
        (struct driver_target){ .id = "t", .dsn = dsn, .password = "open 'sesame'", .application_name = "x" };
    ran.driver = driver_postgresql_create(&ran.loop, &ran.target);
    assert_int_equal(driver_start(ran.driver, &sql, &events, &ran, &ran.job, &err), 0);
    end(&ran);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.value, "secretive");
}

static void test_read_only(void **state)
{
    const struct driver_sql sql = SQL(true, "CREATE TABLE never (a int)");
    struct ran ran;
    (void)state;
    begin_at(&ran, pair.dsn[PG_REPLICA], &sql);
    end(&ran);
    expect(&ran, DRIVER_REJECTED, "25006", true);
}

static void test_large_text(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 4 * 1024 * 1024);
    buf_format(&text, "SELECT length('%*s')", 3 * 1024 * 1024, "");
    const struct driver_sql sql = SQL(true, buf_str(&text));
    struct ran ran;
    run(&ran, &sql);
    buf_finish(&text);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.value, "3145728");
}

/* In the middle of everything. */
static void test_destroy(void **state)
{
    const struct driver_sql sql = SQL(true, "SELECT pg_sleep(30)");
    (void)state;
    for (int ms = 0; ms < 16; ms++) {
        struct ran ran;
        begin(&ran, &sql);
        if (ms > 0)
            run_for(&ran.loop, ms);
        driver_destroy(ran.driver);
        run_out(&ran.loop);
        assert_false(ran.done);
    }
}

static void destroy_at_notice(void *data, const char *text)
{
    struct ran *ran = data;
    assert_string_equal(text, "NOTICE 00000: now");
    driver_destroy(ran->driver);
    ran->driver = NULL;
}

static bool is_destroyed(void *data)
{
    return ((struct ran *)data)->driver == NULL;
}

/* From inside of a callback that libpq is in the middle of. */
static void test_destroy_at_notice(void **state)
{
    static const struct driver_events destroying = { .notice = destroy_at_notice, .done = on_done };
    const struct driver_sql sql = SQL(true, "DO $$ BEGIN RAISE NOTICE 'now'; RAISE NOTICE 'then'; END $$");
    struct ran ran;
    struct err err = ERR_INIT;
    (void)state;
    memset(&ran, 0, sizeof(ran));
    uv_loop_init(&ran.loop);
    ran.target = (struct driver_target){ .id = "t", .dsn = pair.dsn[PG_PRIMARY], .application_name = "x" };
    ran.driver = driver_postgresql_create(&ran.loop, &ran.target);
    assert_int_equal(driver_start(ran.driver, &sql, &destroying, &ran, &ran.job, &err), 0);
    assert_true(run_until(&ran.loop, is_destroyed, &ran, 20000));
    run_out(&ran.loop);
    assert_false(ran.done);
}

static void test_quoting(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, 1000);
    postgresql_identifier(&buf, "a \"b\"");
    buf_char(&buf, ' ');
    postgresql_literal(&buf, "it's \\ all");
    assert_string_equal(buf_str(&buf), "\"a \"\"b\"\"\" 'it''s \\ all'");
    buf_finish(&buf);
}

static int set_up(void **state)
{
    (void)state;
    if (pg_pair_start(&pair, 2) < 0)
        return -1;
    admin =
        pg_pair_connect(&pair, PG_PRIMARY, "application_name=admin options='-c client_min_messages=error'");
    pg_value(admin, "ALTER SYSTEM SET allow_system_table_mods = on");
    pg_value(admin, "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    pg_value(admin, "CREATE ROLE secretive LOGIN PASSWORD 'open ''sesame'''");
    /* The first matching line of pg_hba.conf counts. */
    pg_value(
        admin,
        "COPY (SELECT 'local all secretive scram-sha-256' UNION ALL SELECT 'local all all trust') TO PROGRAM"
        " 'cat > pg_hba.conf'");
    pg_value(admin, "SELECT pg_reload_conf()");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    PQfinish(admin);
    pg_pair_stop(&pair);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commits),
        cmocka_unit_test(test_error_rolls_all_back),
        cmocka_unit_test(test_alone_keeps_what_was_done),
        cmocka_unit_test(test_error_fields),
        cmocka_unit_test(test_value_and_rows),
        cmocka_unit_test(test_notices),
        cmocka_unit_test(test_too_many_notices),
        cmocka_unit_test(test_settings_are_read_back),
        cmocka_unit_test_teardown(test_commits_are_waited_for, set_as_usual),
        cmocka_unit_test(test_setting_refused),
        cmocka_unit_test(test_settings_are_the_servers),
        cmocka_unit_test(test_lock_timeout),
        cmocka_unit_test(test_statement_timeout),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancelled_by_somebody_else),
        cmocka_unit_test(test_cancel_while_connecting),
        cmocka_unit_test(test_cancel_race),
        cmocka_unit_test(test_terminated_in_transaction),
        cmocka_unit_test(test_terminated_alone),
        cmocka_unit_test(test_lost_in_commit),
        cmocka_unit_test(test_text_that_breaks_out),
        cmocka_unit_test(test_open_transaction_left),
        cmocka_unit_test(test_copy_does_not_hang),
        cmocka_unit_test(test_concurrently_unique_violation),
        cmocka_unit_test(test_concurrently_lock_timeout),
        cmocka_unit_test(test_concurrently_cancelled_and_lost),
        cmocka_unit_test(test_no_connection),
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_large_text),
        cmocka_unit_test(test_destroy),
        cmocka_unit_test(test_destroy_at_notice),
        cmocka_unit_test(test_quoting),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
