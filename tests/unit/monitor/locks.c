/* Lock waits of real sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/pg_group.h"
#include "watched.h"

#define SESSIONS_MAX 24

/* Sessions whose statements wait. */
static PGconn *sessions[SESSIONS_MAX];
static size_t session_count;

static PGconn *connect_as(const char *application_name)
{
    char more[100];
    snprintf(more, sizeof(more), "application_name=%s", application_name);
    assert_true(session_count < SESSIONS_MAX);
    return sessions[session_count++] = pg_pair_connect(&pair, PG_PRIMARY, more);
}

/* Sends it and comes back when it waits for a lock. */
static void wait_with(PGconn *conn, const char *sql)
{
    char question[150];
    assert_int_equal(PQsendQuery(conn, sql), 1);
    snprintf(question, sizeof(question),
             "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event_type = 'Lock'",
             PQbackendPID(conn));
    uint64_t begun = uv_hrtime();
    while (strcmp(pg_value(admin, question), "1") != 0) {
        if (uv_hrtime() - begun > UINT64_C(20000000000))
            fail_msg("%s does not wait", sql);
        uv_sleep(1);
    }
}

static int end_sessions(void **state)
{
    (void)state;
    for (size_t i = 0; i < session_count; i++) {
        char text[80];
        snprintf(text, sizeof(text), "SELECT pg_terminate_backend(%d, 5000)", PQbackendPID(sessions[i]));
        pg_value(admin, text);
        PQfinish(sessions[i]);
    }
    session_count = 0;
    return 0;
}

static bool is_quiet(const struct sample *sample)
{
    return sample->known && metric(sample, "waiting") == 0;
}

static bool three_wait(const struct sample *sample)
{
    return metric(sample, "waiting") == 3;
}

static bool two_wait(const struct sample *sample)
{
    return metric(sample, "waiting") == 2;
}

static bool one_waits(const struct sample *sample)
{
    return metric(sample, "waiting") == 1;
}

static void expect_row(const struct sample *sample, size_t at, PGconn *conn, int depth, bool ours,
                       const char *mode, const char *why, const char *behind)
{
    char pid[20];
    snprintf(pid, sizeof(pid), "%d", PQbackendPID(conn));
    assert_true(at < sample->row_count);
    assert_string_equal(cell_of(sample, at, LOCK_PID), pid);
    assert_int_equal(sample->rows[at].depth, depth);
    assert_int_equal(sample->rows[at].ours, ours);
    assert_string_equal(cell_of(sample, at, LOCK_MODE), mode);
    assert_string_equal(cell_of(sample, at, LOCK_OBJECT), "public.\"T\"");
    assert_string_equal(cell_of(sample, at, LOCK_WHY), why);
    assert_string_equal(cell_of(sample, at, LOCK_BEHIND), behind);
}

static void test_queue(void **state)
{
    struct watched watched;
    (void)state;
    watch(&watched, MONITOR_TYPE_LOCKS, pair.dsn[PG_PRIMARY], NULL);
    until_sample(&watched, is_quiet);
    assert_int_equal(watched.last->row_count, 0);
    assert_true(metric(watched.last, "behind_us") == 0);

    PGconn *holder = connect_as("reporting"), *alter = connect_as("tminus:r1:add-column");
    PGconn *reader = connect_as("web"), *other = connect_as("web");
    pg_value(holder, "BEGIN; SELECT count(*) FROM \"T\"");
    wait_with(alter, "ALTER TABLE \"T\" ADD COLUMN c int");
    wait_with(reader, "SELECT * FROM \"T\" -- \x1b[31m");
    wait_with(other, "SELECT 1 FROM \"T\"");
    until_sample(&watched, three_wait);
    const struct sample *sample = watched.last;
    assert_int_equal(sample->row_count, 4);
    assert_int_equal(sample->rows_left_out, 0);
    expect_row(sample, 0, holder, 0, false, "AccessShare held", "root", "3");
    expect_row(sample, 1, alter, 1, true, "AccessExclusive", "hard", "2");
    expect_row(sample, 2, reader, 2, false, "AccessShare", "queue", "0");
    expect_row(sample, 3, other, 2, false, "AccessShare", "queue", "0");
    assert_string_equal(cell_of(sample, 0, LOCK_STATE), "idle in tx");
    assert_string_equal(cell_of(sample, 0, LOCK_WHO), "reporting, postgres@local");
    assert_string_equal(cell_of(sample, 0, LOCK_WAIT), "");
    assert_int_equal(strncmp(cell_of(sample, 1, LOCK_WAIT), "00:0", 4), 0); /* seconds on a busy machine */
    assert_string_equal(cell_of(sample, 2, LOCK_QUERY), "SELECT * FROM \"T\" -- ^[[31m");
    assert_true(strlen(cell_of(sample, 1, LOCK_BACKEND_START)) > 20);
    assert_true(metric(sample, "roots") == 1);
    assert_true(metric(sample, "behind_us") == 2);
    assert_true(metric(sample, "longest_wait_seconds") > 0);

    pg_value(holder, "COMMIT");
    until_sample(&watched, is_quiet);
    stop_watching(&watched);
}

static void test_rows_of_a_table(void **state)
{
    struct watched watched;
    (void)state;
    PGconn *holder = connect_as("tminus:r1:backfill"), *waiter = connect_as("web"), *next = connect_as("web");
    pg_value(holder, "BEGIN; UPDATE \"T\" SET a = a");
    wait_with(waiter, "UPDATE \"T\" SET a = 2 WHERE a = 1");
    wait_with(next, "UPDATE \"T\" SET a = 3 WHERE a = 1");
    watch(&watched, MONITOR_TYPE_LOCKS, pair.dsn[PG_PRIMARY], NULL);
    until_sample(&watched, two_wait);
    assert_true(metric(watched.last, "behind_us") == 2);
    assert_true(metric(watched.last, "roots") == 1);
    assert_true(watched.last->rows[0].ours);
    assert_non_null(strstr(cell_of(watched.last, 1, LOCK_OBJECT), "transaction "));
    assert_string_equal(cell_of(watched.last, 2, LOCK_OBJECT), "public.\"T\" row (0,1)");
    assert_string_equal(cell_of(watched.last, 2, LOCK_WHY), "hard");
    assert_int_equal(watched.last->rows[2].depth, 2);
    stop_watching(&watched);
}

static void test_prepared(void **state)
{
    struct watched watched;
    (void)state;
    PGconn *waiter = connect_as("web");
    pg_value(admin, "BEGIN; LOCK TABLE \"T\"; PREPARE TRANSACTION 'it''s one'");
    wait_with(waiter, "SELECT * FROM \"T\"");
    watch(&watched, MONITOR_TYPE_LOCKS, pair.dsn[PG_PRIMARY], NULL);
    until_sample(&watched, one_waits);
    pg_value(admin, "ROLLBACK PREPARED 'it''s one'");
    assert_string_equal(cell_of(watched.last, 0, LOCK_PID), "0");
    assert_string_equal(cell_of(watched.last, 0, LOCK_WHO), "prepared 'it''s one'");
    assert_string_equal(cell_of(watched.last, 0, LOCK_MODE), "AccessExclusive held");
    assert_string_equal(cell_of(watched.last, 0, LOCK_BEHIND), "1");
    expect_row(watched.last, 1, waiter, 1, false, "AccessShare", "hard", "0");
    stop_watching(&watched);
}

static bool has_a_blind_spot(const struct sample *sample)
{
    return !sample->known &&
           strcmp(sample->why, "blind: role plain needs pg_monitor (GRANT pg_monitor TO plain)") == 0;
}

static void test_blind(void **state)
{
    struct watched watched;
    char dsn[300];
    (void)state;
    PGconn *holder = connect_as("web"), *waiter = connect_as("web");
    pg_value(holder, "BEGIN; LOCK TABLE \"T\"");
    wait_with(waiter, "SELECT * FROM \"T\"");
    snprintf(dsn, sizeof(dsn), "%s user=plain", pair.dsn[PG_PRIMARY]);
    watch(&watched, MONITOR_TYPE_LOCKS, dsn, NULL);
    until_sample(&watched, has_a_blind_spot);
    pg_value(admin, "GRANT pg_monitor TO plain");
    until_sample(&watched, one_waits);
    stop_watching(&watched);
}

/* Samples a second at a pace, over so many samples: the clock of a busy machine stretches both. */
static double samples_a_second(struct watched *watched, int64_t pace_us, int count)
{
    monitor_pace(watched->monitor, pace_us);
    until_sample(watched, is_quiet); /* one may be on its way at the pace of before */
    uint64_t begun = uv_hrtime();
    for (int i = 0; i < count; i++)
        until_sample(watched, is_quiet);
    return count * 1e9 / (double)(uv_hrtime() - begun);
}

static void test_pace(void **state)
{
    struct watched watched;
    (void)state;
    watch(&watched, MONITOR_TYPE_LOCKS, pair.dsn[PG_PRIMARY], NULL);
    until_sample(&watched, is_quiet);
    double fast = samples_a_second(&watched, 50 * MS_US, 16);
    double usual = samples_a_second(&watched, 0, 4);
    if (fast < 1.5 * usual || usual > 7) /* 20 and 5 on a machine with nothing else to do */
        fail_msg("%.1f samples a second at 50 ms, %.1f at 200 ms", fast, usual);
    stop_watching(&watched);
}

static bool twenty_wait(const struct sample *sample)
{
    return metric(sample, "waiting") == 20;
}

/* What a sample with twenty waiters costs, from question to sample. */
static void test_cost(void **state)
{
    struct watched watched;
    (void)state;
    PGconn *holder = connect_as("web"), *alter = connect_as("tminus:r1:alter");
    pg_value(holder, "BEGIN; SELECT * FROM \"T\"");
    wait_with(alter, "ALTER TABLE \"T\" ADD COLUMN d int");
    for (int i = 0; i < 19; i++)
        wait_with(connect_as("web"), "SELECT * FROM \"T\"");
    watch(&watched, MONITOR_TYPE_LOCKS, pair.dsn[PG_PRIMARY], NULL);
    monitor_pace(watched.monitor, 10 * MS_US);
    until_sample(&watched, twenty_wait);
    uint64_t begun = uv_hrtime();
    for (int i = 0; i < 30; i++)
        until_sample(&watched, twenty_wait);
    assert_true(metric(watched.last, "behind_us") == 19);
    print_message("20 waiters: a sample each %.1f ms at a pace of 10 ms\n",
                  (double)(uv_hrtime() - begun) / 30e6);
    stop_watching(&watched);
}

static void test_server_killed(void **state)
{
    struct watched watched;
    (void)state;
    watch(&watched, MONITOR_TYPE_LOCKS, pair.dsn[PG_REPLICA], NULL);
    until_sample(&watched, is_quiet);
    kill(pg_pair_pid(&pair, PG_REPLICA), SIGQUIT);
    until_sample(&watched, is_unknown);
    for (int i = 0; i < 5; i++)
        until_sample(&watched, is_unknown);
    assert_non_null(strstr(watched.last->why, "not connected: "));
    stop_watching(&watched);
}

static int set_up(void **state)
{
    if (pg_group_set_up(state) < 0)
        return -1;
    pg_value(admin, "CREATE TABLE \"T\" (a int); INSERT INTO \"T\" VALUES (1); CREATE ROLE plain LOGIN");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_queue, end_sessions),
        cmocka_unit_test_teardown(test_rows_of_a_table, end_sessions),
        cmocka_unit_test_teardown(test_prepared, end_sessions),
        cmocka_unit_test_teardown(test_blind, end_sessions),
        cmocka_unit_test_teardown(test_pace, end_sessions),
        cmocka_unit_test_teardown(test_cost, end_sessions),
        cmocka_unit_test_teardown(test_server_killed, end_sessions),
    };
    return cmocka_run_group_tests(tests, set_up, pg_group_tear_down);
}
