/* What is on its way, what ends a comparison, and how it goes on. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compared.h"

/* ---- what is on its way ---- */

static void test_rechecks(void **state)
{
    (void)state;
    sides_fresh(items);
    pg_value(sides.conn[1], "UPDATE shop.items SET note = '' WHERE id IN (5, 400, 700)");
    for (int catches_up = 0; catches_up < 2; catches_up++) {
        compared_open_pair("shop.items", "shop.items");
        compared.config.rechecks = 2;
        compared.config.recheck_wait_us = 800 * MS_US;
        compared.config.chunk = 1000;
        compared_begin();
        run_for(&compared.loop, 350);
        if (catches_up == 1)
            pg_value(sides.conn[1], "UPDATE shop.items SET note = 'n' || id WHERE id IN (5, 400)");
        compared_end();
        compared_close();
        if (catches_up == 1)
            compared_check(COMPARE_DIFFERENT, 1, "shop.items: 1 row differs (id 700: note)");
        else
            compared_check(COMPARE_DIFFERENT, 3, "(id 5: note; id 400: note; id 700: note)");
    }
}

/* Rows that come and go, others at each look: none differs for good. */
static void test_flicker(void **state)
{
    (void)state;
    sides_fresh(
        "CREATE TABLE shop.hot (id int PRIMARY KEY); INSERT INTO shop.hot SELECT generate_series(1, 50000);"
        "CREATE FUNCTION shop.there(id int) RETURNS bool LANGUAGE sql STABLE AS 'SELECT true'");
    pg_value(sides.conn[1],
             "CREATE OR REPLACE FUNCTION shop.there(id int) RETURNS bool LANGUAGE sql STABLE AS"
             " 'SELECT id % 20 <> extract(epoch FROM now())::bigint % 20'");
    compared_open_pair("shop.hot", "shop.hot");
    compared.config.where = "shop.there(id)";
    compared.config.chunk = 100000;
    compared.config.rechecks = 1;
    compared.config.recheck_wait_us = 1200 * MS_US;
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "1 table, 50,000 rows equal");
    compared_open_pair("shop.hot", "shop.hot");
    compared.config.where = "shop.there(id)";
    compared.config.chunk = 100000;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 2500, "2,500 rows only on old");
}

/* ---- going on ---- */

static void cancel_now(struct compared *heard)
{
    compare_cancel(heard->compare);
}

static void test_resume(void **state)
{
    char checkpoint[1000];
    (void)state;
    sides_fresh(items);
    on_both("CREATE TABLE shop.first (id int PRIMARY KEY); INSERT INTO shop.first VALUES (1)");
    pg_value(sides.conn[1],
             "DELETE FROM shop.first; UPDATE shop.items SET note = '|%' WHERE id IN (50, 950)");
    compared_open_pair("shop.items", "shop.items");
    compared.at_checkpoint = cancel_now;
    compared_begin();
    compared_end();
    compared_check(COMPARE_FAILED, 0, "cancelled");
    assert_true(compared.cancelled && compared.rows < 500);
    snprintf(checkpoint, sizeof(checkpoint), "%s", compared.checkpoint);
    assert_non_null(strstr(checkpoint, "shop.items"));

    /* what was found there before still counts; what happens there now is not looked at */
    pg_value(sides.conn[1],
             "UPDATE shop.items SET note = CASE id WHEN 50 THEN 'n50' END WHERE id IN (20, 50)");
    compared.config.checkpoint = checkpoint;
    compared.at_checkpoint = NULL;
    compared_begin();
    compared_end();
    compared_check(COMPARE_DIFFERENT, 2,
                   "shop.items: 2 rows differ (id 50: note; id 950: note); 100 rows were "
                   "compared before an interruption, the first of them ");
    assert_non_null(strstr(compared.message, "s ago"));
    assert_int_equal(compared.rows, 1000);

    compared.config.where = "id > 0"; /* another comparison */
    compared_begin();
    compared_end();
    compared_check(COMPARE_DIFFERENT, 2, "(id 20: note; id 950: note)");
    assert_non_null(strstr(compared.report, "the checkpoint is of another comparison"));
    compared.config.where = NULL;

    char whole[1000];
    memcpy(whole, checkpoint, sizeof(whole));
    for (size_t len = strlen(whole); len > 0; len -= len < 7 ? len : 7) {
        checkpoint[len - 1] = '\0';
        compared_begin();
        compared_end();
        assert_int_equal(compared.verdict, COMPARE_DIFFERENT);
        assert_non_null(strstr(compared.message, "id 950: note"));
    }
    compared_close();
}

/* What was written before there was a time in it. */
static void test_old_checkpoint(void **state)
{
    char checkpoint[1000];
    (void)state;
    sides_fresh(items);
    on_both("ANALYZE shop.items");
    pg_value(sides.conn[1], "UPDATE shop.items SET note = '' WHERE id = 950");
    compared_open_pair("shop.items", "shop.items");
    compared.at_checkpoint = cancel_now;
    compared_begin();
    compared_end();
    char *form = strstr(compared.checkpoint, "compare 2|"), *at = form;
    assert_non_null(form);
    form[strlen("compare ")] = '1';
    for (int field = 0; field < 9; field++)
        at = strchr(at, '|') + 1;
    snprintf(checkpoint, sizeof(checkpoint), "%.*s%s", (int)(at - form), form, strchr(at, '|') + 1);
    pg_value(sides.conn[1], "UPDATE shop.items SET note = '' WHERE id = 20"); /* was compared before */
    compared.config.checkpoint = checkpoint;
    compared.at_checkpoint = NULL;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1,
                   "(id 950: note); 100 rows were compared before an interruption, the "
                   "first of them at a time that is not known");
}

/* As a whole it takes longer than a question may; its parts do not. */
static void test_slow_whole(void **state)
{
    (void)state;
    sides_fresh(items);
    on_both("ANALYZE shop.items");
    for (int differs = 0; differs < 2; differs++) {
        compared_open_pair("shop.items", "shop.items");
        compared.config.where = "id % 50 <> 0 OR pg_sleep(0.2) IS NOT NULL";
        compared.config.timeout_us = 2500 * MS_US;
        compared_run();
        if (differs)
            compared_check(COMPARE_DIFFERENT, 1, "(id 7: note)");
        else
            compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
        pg_value(sides.conn[1], "UPDATE shop.items SET note = '' WHERE id = 7");
    }
}

static void test_resume_tables(void **state)
{
    static const char *const patterns[] = { "shop.*" };
    char checkpoint[1000];
    (void)state;
    sides_fresh(items);
    on_both("CREATE TABLE shop.a (id int PRIMARY KEY); INSERT INTO shop.a VALUES (1);"
            "CREATE TABLE shop.b (id int)");
    pg_value(sides.conn[1], "DELETE FROM shop.a; DROP TABLE shop.b; DELETE FROM shop.items WHERE id = 1000");
    compared_open();
    compared.config.patterns = patterns;
    compared.at_checkpoint = cancel_now; /* behind shop.a */
    compared_begin();
    compared_end();
    assert_true(compared.cancelled);
    snprintf(checkpoint, sizeof(checkpoint), "%s", compared.checkpoint);
    pg_value(sides.conn[1], "INSERT INTO shop.a VALUES (1)");
    compared.config.checkpoint = checkpoint;
    compared.at_checkpoint = NULL;
    compared_begin();
    compared_end();
    compared_check(COMPARE_DIFFERENT, 3,
                   "3 differences: shop.a: 1 row only on old (id 1 only on old); table shop.b only on old; "
                   "shop.items: 1 row only on old (id 1000 only on old)");
    assert_int_equal(compared.tables, 2);
    assert_int_equal(compared.rows, 1001);
    compared_close();
}

/* No checkpoint of a table whose keys are too long for one. */
static void test_long_key(void **state)
{
    (void)state;
    sides_fresh(
        "CREATE TABLE shop.a (k text COLLATE \"C\" PRIMARY KEY); INSERT INTO shop.a SELECT repeat('k', "
        "1000) || g"
        " FROM generate_series(1, 500) g");
    compared_open_pair("shop.a", "shop.a");
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "500 rows");
    assert_int_equal(compared.checkpoints, 1);
    assert_non_null(strstr(compared.checkpoint, "|shop.a|behind|1|500|0|"));
}

/* ---- the end ---- */

static bool nobody_works(void)
{
    return strcmp(pg_value(sides.conn[0], "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND"
                                          " application_name = 'tminus:r1:compare'"),
                  "0") == 0;
}

static bool both_work(void)
{
    return strcmp(
               pg_value(sides.conn[0], "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"),
               "2") == 0;
}

/* Something that the loop does not hear of. */
static void wait_until(bool (*is_so)(void))
{
    for (int i = 0; i < 1500 && !is_so(); i++)
        run_for(&compared.loop, 20);
    assert_true(is_so());
}

static void test_cancel(void **state)
{
    (void)state;
    sides_fresh(items);
    compared_open_pair("shop.items", "shop.items");
    compared.config.where = "pg_sleep(20) IS NOT NULL";
    compared_begin();
    wait_until(both_work);
    uint64_t before = uv_hrtime();
    compare_cancel(compared.compare);
    compare_cancel(compared.compare);
    assert_int_equal(compared.done, 0);
    compared_end();
    assert_in_range((uv_hrtime() - before) / 1000000, 0, 15000);
    compared_check(COMPARE_FAILED, 0, "cancelled");
    assert_true(compared.cancelled);
    wait_until(nobody_works);

    compared.config.where = "id <= 100 OR pg_sleep(20) IS NOT NULL"; /* inside of an event */
    compared.at_checkpoint = cancel_now;
    before = uv_hrtime();
    compared_begin();
    compared_end();
    assert_in_range((uv_hrtime() - before) / 1000000, 0, 15000);
    wait_until(nobody_works);

    compared.config.where = "pg_sleep(20) IS NOT NULL";
    compared_begin(); /* destroyed in the middle */
    wait_until(both_work);
    compare_destroy(compared.compare);
    compared_begin(); /* at once */
    compare_cancel(compared.compare);
    compared_end();
    assert_true(compared.cancelled);
    compared_close();
    assert_int_equal(compared.done, 1);
    compare_destroy(NULL);
    pg_value(sides.conn[0],
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
}

static void test_refused(void **state)
{
    char dsn[400];
    (void)state;
    sides_fresh(items);
    pg_value(sides.conn[1],
             "DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA shop TO reader");
    snprintf(dsn, sizeof(dsn), "%s user=reader", sides.dsn[1]);
    compared_open_pair("shop.items", "shop.items");
    compared.targets[1].dsn = dsn;
    compared_run();
    compared_check(COMPARE_FAILED, 0, "shop.items on new: permission denied for table items");
    assert_string_equal(compared.code, "42501");
    /* it sees only some rows: that is no difference, and no match */
    pg_value(sides.conn[1],
             "GRANT SELECT ON shop.items TO reader; ALTER TABLE shop.items ENABLE ROW LEVEL SECURITY;"
             "CREATE POLICY few ON shop.items USING (tenant = 1)");
    compared_open_pair("shop.items", "shop.items");
    compared.targets[1].dsn = dsn;
    compared_run();
    compared_check(COMPARE_FAILED, 0, "row-level security");
    pg_value(sides.conn[1], "DROP OWNED BY reader; DROP ROLE reader");

    compared_open_pair("shop.items", "shop.items");
    /* Of that time the sleep alone is to take too much, also where to connect takes long. */
    compared.config.where = "pg_sleep(9) IS NOT NULL";
    compared.config.timeout_us = 3 * SECOND_US;
    compared_run();
    compared_check(COMPARE_FAILED, 0, "shop.items on ");
    compared_open_pair("shop.items", "shop.items");
    compared.config.where = "nonsense";
    compared_run();
    compared_check(COMPARE_FAILED, 0, "column \"nonsense\" does not exist");
    compared_open_pair("shop.items", "shop.items");
    snprintf(dsn, sizeof(dsn), "%s port=1", sides.dsn[1]);
    compared.targets[1].dsn = dsn;
    compared.config.timeout_us = 3 * SECOND_US;
    compared_run();
    compared_check(COMPARE_FAILED, 0, "new: ");
    pg_value(sides.conn[1], "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0");
    snprintf(dsn, sizeof(dsn), "%s dbname=latin", sides.dsn[1]);
    compared_open();
    compared.targets[1].dsn = dsn;
    compared_run();
    compared_check(COMPARE_FAILED, 0, "the encodings differ: UTF8 on old, LATIN1 on new");
}

/* Connections that break, and come back. */
static void break_connections(struct compared *heard)
{
    heard->at_checkpoint = NULL;
    pg_value(sides.conn[0], "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE application_name = 'tminus:r1:compare'");
}

static void test_broken(void **state)
{
    (void)state;
    sides_fresh(items);
    pg_value(sides.conn[1], "DELETE FROM shop.items WHERE id IN (50, 999)");
    compared_open_pair("shop.items", "shop.items");
    compared.at_checkpoint = break_connections;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 2, "(id 50 only on old; id 999 only on old)");
}

static PGconn *replica;

static bool replica_has_all(void)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "SELECT pg_last_wal_replay_lsn() >= '%s'",
             pg_value(sides.conn[0], "SELECT pg_current_wal_lsn()"));
    return strcmp(pg_value(replica, sql), "t") == 0;
}

static void stop_replica(struct compared *heard)
{
    (void)heard;
    (void)kill(pg_pair_pid(&sides.pair, PG_REPLICA), SIGQUIT);
}

/* A replica: as it is, and gone. The last test. */
static void test_replica(void **state)
{
    char dsn[300];
    (void)state;
    sides_fresh(items);
    snprintf(dsn, sizeof(dsn), "%s dbname=old", sides.pair.dsn[PG_REPLICA]);
    for (int goes = 0; goes < 2; goes++) {
        compared_open_pair("shop.items", "shop.items");
        replica = pg_pair_connect(&sides.pair, PG_REPLICA, "");
        wait_until(replica_has_all);
        PQfinish(replica);
        compared.targets[1].dsn = dsn;
        compared.config.sequences = true;
        compared.config.rechecks = 20;
        compared.config.recheck_wait_us = 100 * MS_US;
        compared.config.timeout_us = 5 * SECOND_US;
        compared.at_checkpoint = goes ? stop_replica : NULL;
        compared_run();
        if (goes)
            compared_check(COMPARE_FAILED, 0, "shop.items on new: ");
        else
            compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal, 1 sequence not behind");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rechecks),   cmocka_unit_test(test_flicker),
        cmocka_unit_test(test_resume),     cmocka_unit_test(test_old_checkpoint),
        cmocka_unit_test(test_slow_whole), cmocka_unit_test(test_resume_tables),
        cmocka_unit_test(test_long_key),   cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_broken),
        cmocka_unit_test(test_replica),
    };
    return cmocka_run_group_tests(tests, sides_set_up, sides_tear_down);
}
