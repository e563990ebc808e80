/* Old transactions, and the progress of long commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/pg_group.h"
#include "watched.h"

static bool nobody_is_old(const struct sample *sample)
{
    return sample->known && metric(sample, "oldest_seconds") == 0;
}

static bool idle_and_prepared(const struct sample *sample)
{
    return metric(sample, "idle_in_transaction") == 2 && metric(sample, "prepared") == 1 &&
           metric(sample, "oldest_seconds") > 0.2;
}

static void test_transactions(void **state)
{
    struct watched watched;
    char pid[20];
    (void)state;
    watch(&watched, MONITOR_TYPE_TRANSACTIONS, pair.dsn[PG_PRIMARY], NULL);
    until_sample(&watched, nobody_is_old);
    assert_int_equal(watched.last->row_count, 0);

    PGconn *old = pg_pair_connect(&pair, PG_PRIMARY, "application_name=web");
    PGconn *ours = pg_pair_connect(&pair, PG_PRIMARY, "application_name=tminus:r1:step");
    pg_value(old, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    pg_value(ours, "BEGIN; SELECT 2");
    pg_value(admin, "BEGIN; CREATE TABLE p (a int); PREPARE TRANSACTION 'one'");
    pg_value(admin, "CREATE TABLE q (a int)"); /* so that there are newer transactions */
    until_sample(&watched, idle_and_prepared);
    const struct sample *sample = watched.last;
    snprintf(pid, sizeof(pid), "%d", PQbackendPID(old));
    assert_int_equal(sample->row_count, 3);
    assert_string_equal(cell_of(sample, 0, TX_PID), pid);
    assert_string_equal(cell_of(sample, 0, TX_WHO), "web, postgres@local");
    assert_string_equal(cell_of(sample, 0, TX_STATE), "idle in tx");
    assert_int_equal(strncmp(cell_of(sample, 0, TX_AGE), "00:0", 4), 0); /* seconds on a busy machine */
    assert_string_equal(cell_of(sample, 0, TX_QUERY), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    assert_true(strtol(cell_of(sample, 0, TX_XMIN_AGE), NULL, 10) >= 1);
    assert_true(sample->rows[1].ours);
    assert_false(sample->rows[0].ours);
    assert_string_equal(cell_of(sample, 2, TX_WHO), "prepared 'one', postgres");
    assert_true(metric(sample, "oldest_xmin_age") >= 1);

    pg_value(admin, "ROLLBACK PREPARED 'one'");
    PQfinish(old);
    PQfinish(ours);
    until_sample(&watched, nobody_is_old);
    stop_watching(&watched);
}

static bool is_blind(const struct sample *sample)
{
    return !sample->known && strncmp(sample->why, "blind: role plain", 17) == 0;
}

static void test_blind(void **state)
{
    static const enum monitor_type types[] = { MONITOR_TYPE_TRANSACTIONS, MONITOR_TYPE_PROGRESS };
    char dsn[300];
    (void)state;
    snprintf(dsn, sizeof(dsn), "%s user=plain", pair.dsn[PG_PRIMARY]);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct watched watched;
        watch(&watched, types[i], dsn, NULL);
        until_sample(&watched, is_blind);
        stop_watching(&watched);
    }
}

static bool one_runs(const struct sample *sample)
{
    return metric(sample, "running") == 1 &&
           strstr(cell_of(sample, 0, PROGRESS_PHASE), "old snapshots") != NULL;
}

static bool none_runs(const struct sample *sample)
{
    return sample->known && metric(sample, "running") == 0;
}

static void test_progress(void **state)
{
    struct watched watched;
    char blocker[100];
    (void)state;
    pg_value(admin, "CREATE TABLE big AS SELECT generate_series(1, 1000) AS a");
    watch(&watched, MONITOR_TYPE_PROGRESS, pair.dsn[PG_PRIMARY], NULL);
    until_sample(&watched, none_runs);
    assert_true(metric(watched.last, "percent") < 0);
    assert_int_equal(watched.last->row_count, 0);

    PGconn *old = pg_pair_connect(&pair, PG_PRIMARY, "application_name=report");
    PGconn *builder = pg_pair_connect(&pair, PG_PRIMARY, "application_name=tminus:r1:index");
    pg_value(old, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    assert_int_equal(PQsendQuery(builder, "CREATE INDEX CONCURRENTLY big_a ON big (a)"), 1);
    until_sample(&watched, one_runs);
    const struct sample *sample = watched.last;
    snprintf(blocker, sizeof(blocker), "pid %d (report, postgres@local, idle in tx)", PQbackendPID(old));
    assert_string_equal(cell_of(sample, 0, PROGRESS_WHAT), "CREATE INDEX CONCURRENTLY");
    assert_string_equal(cell_of(sample, 0, PROGRESS_OBJECT), "public.big");
    assert_string_equal(cell_of(sample, 0, PROGRESS_PHASE), "waiting for old snapshots");
    assert_string_equal(cell_of(sample, 0, PROGRESS_BLOCKER), blocker);
    assert_true(sample->rows[0].ours);
    double percent = metric(sample, "percent");
    assert_true(percent >= 0 && percent <= 100);
    pg_value(old, "COMMIT");
    until_sample(&watched, none_runs);
    PQfinish(old);
    PQfinish(builder);
    stop_watching(&watched);
}

/* Also on a standby, where some functions are not to be had. */
static void test_standby(void **state)
{
    static const enum monitor_type types[] = { MONITOR_TYPE_TRANSACTIONS, MONITOR_TYPE_PROGRESS,
                                               MONITOR_TYPE_LOCKS };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct watched watched;
        watch(&watched, types[i], pair.dsn[PG_REPLICA], NULL);
        until_sample(&watched, is_known);
        stop_watching(&watched);
    }
}

/* In the middle of everything. */
static void test_destroy(void **state)
{
    static const enum monitor_type types[] = { MONITOR_TYPE_LAG, MONITOR_TYPE_LOCKS,
                                               MONITOR_TYPE_TRANSACTIONS };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        for (int ms = 0; ms < 40; ms += 3) {
            struct watched watched;
            watch(&watched, types[i], pair.dsn[PG_REPLICA], pair.dsn[PG_PRIMARY]);
            if (ms > 0)
                run_for(&watched.loop, ms);
            unwatch(&watched);
        }
    }
    monitor_destroy(NULL);
    pg_value(admin, "DROP TABLE IF EXISTS public.\"tminus heartbeat r1\"");
}

static int set_up(void **state)
{
    if (pg_group_set_up(state) < 0)
        return -1;
    pg_value(admin, "CREATE ROLE plain LOGIN");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transactions), cmocka_unit_test(test_blind),   cmocka_unit_test(test_progress),
        cmocka_unit_test(test_standby),      cmocka_unit_test(test_destroy),
    };
    return cmocka_run_group_tests(tests, set_up, pg_group_tear_down);
}
