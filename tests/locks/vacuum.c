/*
 * That VACUUM wants AccessExclusiveLock for the end of a table, and only for that: it is the one lock that
 * stands against a reader's, who keeps it from giving pages back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/pg_pair.h"

static struct pg_pair pair;
static PGconn *admin;

static int begin(void **state)
{
    (void)state;
    return pg_pair_open(&pair, 1, &admin);
}

static int end(void **state)
{
    (void)state;
    pg_pair_close(&pair, admin);
    return 0;
}

static void make_empty_end(void)
{
    (void)pg_value(admin, "SET client_min_messages = warning");
    (void)pg_value(admin, "DROP TABLE IF EXISTS t");
    (void)pg_value(admin, "CREATE TABLE t WITH (autovacuum_enabled = false) AS SELECT g FROM "
                          "generate_series(1, 20000) g");
    (void)pg_value(admin, "DELETE FROM t WHERE g > 1");
}

/* Pages of the table after `statement`. */
static long pages_after(const char *statement)
{
    (void)pg_value(admin, statement);
    return strtol(pg_value(admin, "SELECT pg_relation_size('t') / current_setting('block_size')::int"), NULL,
                  10);
}

/* It tries for five seconds (VACUUM_TRUNCATE_LOCK_TIMEOUT of vacuumlazy.c). */
static void test_a_reader_keeps_the_end(void **state)
{
    PGconn *reader = pg_pair_connect(&pair, PG_PRIMARY, "");
    (void)state;
    make_empty_end();
    (void)pg_value(reader, "BEGIN");
    (void)pg_value(reader, "LOCK TABLE t IN ACCESS SHARE MODE");
    assert_true(pages_after("VACUUM t") > 50);
    PQfinish(reader);
    assert_int_equal(pages_after("VACUUM t"), 1);
}

static void test_it_is_told_not_to(void **state)
{
    (void)state;
    make_empty_end();
    assert_true(pages_after("VACUUM (TRUNCATE false) t") > 50);
    assert_int_equal(pages_after("VACUUM t"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reader_keeps_the_end),
        cmocka_unit_test(test_it_is_told_not_to),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
