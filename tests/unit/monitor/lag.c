/* Lag of a real replica, with its faults. */
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

static PGconn *replica;

static bool is_large(const struct sample *sample)
{
    return metric(sample, "seconds") > 0.9;
}

static bool is_paused(const struct sample *sample)
{
    return is_large(sample) && strcmp(cell_of(sample, 0, LAG_STATE), "paused") == 0;
}

static bool is_larger(const struct sample *sample)
{
    return metric(sample, "seconds") > 1.3;
}

static int ms_since(uint64_t ns)
{
    return (int)((uv_hrtime() - ns) / 1000000);
}

static bool table_is_there(void)
{
    return strcmp(pg_value(admin, "SELECT to_regclass('public.\"tminus heartbeat r1\"')"), "") != 0;
}

static void start(struct watched *watched)
{
    watch(watched, MONITOR_TYPE_LAG, pair.dsn[PG_REPLICA], pair.dsn[PG_PRIMARY]);
}

static void test_idle(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    assert_true(table_is_there());
    for (int i = 0; i < 10; i++)
        until_sample(&watched, is_known);
    until_sample(&watched, is_small); /* it stays so: a reading that only grew would not come back */
    assert_in_range((int)metric(watched.last, "bytes"), 0, 10000);
    assert_true(metric(watched.last, "reply_seconds") >= 0);
    assert_string_equal(cell_of(watched.last, 0, LAG_NAME), "two");
    assert_string_equal(cell_of(watched.last, 0, LAG_KIND), "physical");
    assert_string_equal(cell_of(watched.last, 0, LAG_STATE), "streaming");
    assert_true(watched.last->rows[0].ours);
    assert_int_equal(watched.last->row_count, 1);
    stop_watching(&watched);
    assert_string_equal(watched.left_behind, "");
    assert_false(table_is_there());
}

static void test_paused(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    uint64_t since = uv_hrtime();
    run_for(&watched.loop, 400);
    until_sample(&watched, is_small); /* so that no beat of before counts */
    pg_value(replica, "SELECT pg_wal_replay_pause()");
    until_sample(&watched, is_paused);
    double first = metric(watched.last, "seconds");
    run_for(&watched.loop, 1000);
    until_sample(&watched, is_paused);
    double later = metric(watched.last, "seconds"), really = ms_since(since) / 1e3;
    if (later < first + 0.8 || later > really || later < really - 10)
        fail_msg("it read %.2f, then %.2f, after %.2f s", first, later, really);
    pg_value(replica, "SELECT pg_wal_replay_resume()");
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

/* The receiver does not move: every column of the server looks well, or is NULL. */
static void test_frozen_receiver(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    pid_t pid = (pid_t)strtol(pg_value(replica, "SELECT pid FROM pg_stat_wal_receiver"), NULL, 10);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    until_sample(&watched, is_large);
    until_sample(&watched, is_larger); /* and grows */
    kill(pid, SIGCONT);
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

/* Replay stands still from the start: not a word of the table. */
static void test_never_came_back(void **state)
{
    struct watched watched;
    (void)state;
    pg_value(replica, "SELECT pg_wal_replay_pause()");
    start(&watched);
    expect_no_beat(&watched);
    pg_value(replica, "SELECT pg_wal_replay_resume()");
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

static void test_primary_does_not_answer(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    const char *name = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tminus:r1:monitor:m'";
    pid_t pid = (pid_t)strtol(pg_value(admin, name), NULL, 10);
    kill(pid, SIGSTOP);
    until_sample(&watched, is_unknown_of_the_primary);
    kill(pid, SIGCONT);
    until_sample(&watched, is_small);
    stop_watching(&watched);
    assert_string_equal(watched.left_behind, "");
}

static void test_table_dropped_by_somebody(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    pg_value(admin, "DROP TABLE public.\"tminus heartbeat r1\"");
    until_sample(&watched, is_unknown);
    until_sample(&watched, is_small); /* made again */
    stop_watching(&watched);
}

static void test_no_right_to_make_it(void **state)
{
    struct watched watched;
    char dsn[300];
    (void)state;
    snprintf(dsn, sizeof(dsn), "%s user=plain", pair.dsn[PG_PRIMARY]);
    watch(&watched, MONITOR_TYPE_LAG, pair.dsn[PG_REPLICA], dsn);
    until_sample(&watched, is_without_heartbeat);
    assert_string_equal(watched.last->why,
                        "no heartbeat on the primary: permission denied for schema public");
    stop_watching(&watched);
}

static bool has_many_bytes(const struct sample *sample)
{
    return metric(sample, "bytes") > 30000;
}

static bool has_no_bytes(const struct sample *sample)
{
    return sample->known && metric(sample, "bytes") >= 0 && metric(sample, "bytes") < 1000;
}

static void test_without_heartbeat(void **state)
{
    struct watched watched;
    (void)state;
    watch_bytes(&watched, pair.dsn[PG_REPLICA], pair.dsn[PG_PRIMARY]);
    until_sample(&watched, has_no_bytes);
    assert_false(table_is_there());
    pg_value(replica, "SELECT pg_wal_replay_pause()");
    pg_value(admin, "CREATE TABLE filler AS SELECT generate_series(1, 1000)");
    until_sample(&watched, has_many_bytes);
    assert_true(metric(watched.last, "seconds") < 0); /* nobody can tell */
    assert_string_equal(cell_of(watched.last, 0, LAG_STATE), "paused");
    pg_value(replica, "SELECT pg_wal_replay_resume()");
    until_sample(&watched, has_no_bytes);
    stop_watching(&watched);
    pg_value(admin, "DROP TABLE filler");
}

/* The replica still has the row of a run that is over, and gets no other. */
static void test_old_row_on_the_replica(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    pg_value(replica, "SELECT pg_wal_replay_pause()");
    stop_watching(&watched);
    start(&watched);
    expect_no_beat(&watched);
    pg_value(replica, "SELECT pg_wal_replay_resume()");
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

/* The table may be left from a run that was killed, with a higher number than ours. */
static void test_table_of_an_earlier_run(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    unwatch(&watched); /* destroyed, not stopped: it stays */
    assert_true(table_is_there());
    pg_value(admin, "UPDATE public.\"tminus heartbeat r1\" SET seq = 9000000000000000");
    start(&watched);
    until_sample(&watched, is_small);
    assert_true(strtol(pg_value(admin, "SELECT seq FROM public.\"tminus heartbeat r1\""), NULL, 10) >
                9000000000000000);
    stop_watching(&watched);
    assert_false(table_is_there());
}

static void test_left_behind(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    pg_value(admin, "BEGIN; SELECT * FROM public.\"tminus heartbeat r1\"");
    stop_watching_within(&watched, 3 * SECOND_US);
    pg_value(admin, "ROLLBACK");
    assert_string_equal(watched.left_behind,
                        "table public.\"tminus heartbeat r1\" on the primary: not removed in time");
    pg_value(admin, "DROP TABLE public.\"tminus heartbeat r1\"");
}

/* Last: the server is gone for good. */
static void test_replica_killed(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    kill(pg_pair_pid(&pair, PG_REPLICA), SIGQUIT);
    until_sample(&watched, is_unknown_of_the_replica);
    for (int i = 0; i < 5; i++) /* and stays so */
        until_sample(&watched, is_unknown);
    stop_watching(&watched);
    assert_string_equal(watched.left_behind, "");
}

static int set_up(void **state)
{
    if (pg_group_set_up(state) < 0)
        return -1;
    replica = pg_pair_connect(&pair, PG_REPLICA, "");
    pg_value(admin, "CREATE ROLE plain LOGIN");
    return 0;
}

static int tear_down(void **state)
{
    PQfinish(replica);
    return pg_group_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_frozen_receiver),
        cmocka_unit_test(test_never_came_back),
        cmocka_unit_test(test_primary_does_not_answer),
        cmocka_unit_test(test_table_dropped_by_somebody),
        cmocka_unit_test(test_no_right_to_make_it),
        cmocka_unit_test(test_without_heartbeat),
        cmocka_unit_test(test_old_row_on_the_replica),
        cmocka_unit_test(test_table_of_an_earlier_run),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_replica_killed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
