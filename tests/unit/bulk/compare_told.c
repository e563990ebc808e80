/* What a comparison can be told: patterns, pairs, columns, sums, sequences; and large parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compared.h"

static void test_patterns(void **state)
{
    static const char *const patterns[] = { "*.a*", "sh*.b_", "!*.ab", "!shop.bx" };
    (void)state;
    sides_fresh(
        "CREATE TABLE shop.a1 (id int PRIMARY KEY); CREATE TABLE shop.ab (id int); CREATE TABLE shop.b_ "
        "(id int);"
        "CREATE TABLE shop.bx (id int); CREATE TABLE public.a (id int); CREATE TABLE shop.c (id int);"
        "CREATE TABLE shop.p (id int) PARTITION BY LIST (id); CREATE TABLE shop.p1 PARTITION OF shop.p "
        "DEFAULT");
    compared_open();
    compared.config.pattern_count = ARRAY_LEN(patterns);
    compared.config.patterns = patterns;
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "3 tables, 0 rows equal");
    assert_non_null(strstr(compared.report, "public.a: "));
    assert_non_null(strstr(compared.report, "shop.a1: "));
    assert_non_null(strstr(compared.report, "shop.b_: "));
    compare_all("shop.p"); /* its leaf */
    compared_check(COMPARE_EQUAL, 0, "1 table, 0 rows equal");
    compare_all("shop.p%");
    compared_check(COMPARE_FAILED, 0, "nothing fits");
    compare_all("!shop.*");
    compared_check(COMPARE_FAILED, 0, "nothing fits");
}

static void test_pair(void **state)
{
    static const char *const key[] = { "tenant", "ID" }, *const columns[] = { "Price" };
    (void)state;
    sides_fresh(items);
    pg_value(sides.conn[1],
             "ALTER TABLE shop.items RENAME TO \"Items 2\"; UPDATE shop.\"Items 2\" SET note = 'x'");
    compared_open_pair("Shop.Items", "shop.\"Items 2\"");
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1000, "shop.items / shop.Items 2: 1,000 rows differ (id 1: note; ");
    pg_value(sides.conn[1], "UPDATE shop.\"Items 2\" SET price = 0 WHERE id IN (30, 31, 32)");
    compared_open_pair("shop.items", "shop.\"Items 2\"");
    compared.config.key_count = 2;
    compared.config.key = key;
    compared.config.column_count = 1;
    compared.config.columns = columns;
    compared.config.where = "tenant <> 1 -- not these";
    compared_run();
    compared_check(COMPARE_DIFFERENT, 2, "2 rows differ (tenant 0, id 30: price; tenant 2, id 32: price)");
    assert_int_equal(compared.rows, 666);

    compared_open_pair("shop.items", "items");
    compared_run();
    compared_check(COMPARE_FAILED, 0, "new: there is no table items");
    pg_value(sides.conn[0], "CREATE VIEW shop.v AS SELECT * FROM shop.items");
    compared_open_pair("shop.v", "shop.\"Items 2\"");
    compared_run();
    compared_check(COMPARE_FAILED, 0, "old: shop.v is not a table");
    compared_open_pair("shop.items", "shop.\"Items 2\"");
    compared.config.column_count = 1;
    compared.config.columns = &compared.config.left.table;
    compared_run();
    assert_int_equal(compared.verdict, COMPARE_FAILED); /* not the name of a column */
}

/* The parent of partitions with a table that is not partitioned. */
static void test_partitioned_pair(void **state)
{
    (void)state;
    sides_fresh(items);
    pg_value(sides.conn[1],
             "CREATE TABLE shop.p (LIKE shop.items) PARTITION BY HASH (id);"
             "CREATE TABLE shop.p0 PARTITION OF shop.p FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
             "CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
             "INSERT INTO shop.p SELECT * FROM shop.items WHERE id <> 450");
    compared_open_pair("shop.items", "shop.p");
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1, "1 row only on old (id 450 only on old)");
}

static void test_sums(void **state)
{
    static const char *const sums[] = { "price", "id" }, *const columns[] = { "note" };
    (void)state;
    sides_fresh(items);
    compared_open_pair("shop.items", "shop.items");
    compared.config.sum_count = 2;
    compared.config.sums = sums;
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
    assert_non_null(strstr(compared.report, "shop.items: sum of price 500750.00"));
    pg_value(sides.conn[1], "UPDATE shop.items SET price = price - 0.01 WHERE id = 1");
    compared_open_pair("shop.items", "shop.items");
    compared.config.sum_count = 2;
    compared.config.sums = sums;
    compared.config.column_count = 1;
    compared.config.columns = columns;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1, "shop.items: sum of price 500750.00 on old, 500749.99 on new");
}

static void test_sequences(void **state)
{
    static const struct {
        const char *old, *new, *message;
        int64_t margin;
        int differences;
    } cases[] = {
        { "SELECT 1", "SELECT 1", "1 table, 1,000 rows equal, 2 sequences not behind", 0, 0 },
        { "SELECT nextval('shop.items_id_seq')", "SELECT 1",
          "sequence shop.items_id_seq is at 1000 on new, behind 1001 on old", 0, 1 },
        { "SELECT nextval('shop.items_id_seq')", "SELECT setval('shop.items_id_seq', 1010)", "far enough", 9,
          0 },
        { "SELECT nextval('shop.items_id_seq')", "SELECT setval('shop.items_id_seq', 1010)",
          "sequence shop.items_id_seq is at 1001 on old and at 1010 on new, has to be 10 ahead", 10, 1 },
        { "SELECT setval('shop.items_id_seq', 1001, false)", "SELECT 1", "not behind", 0, 0 },
        { "SELECT nextval('shop.down')", "SELECT 1", "sequence shop.down is at 10 on new, behind 5 on old", 0,
          1 },
        { "SELECT 1", "SELECT setval('shop.down', 0)", "2 sequences not behind", 0, 0 },
        { "SELECT 1", "DROP SEQUENCE shop.down", "sequence shop.down only on old", 0, 1 },
        { "ALTER TABLE shop.items ALTER id DROP DEFAULT; DROP SEQUENCE shop.items_id_seq", "SELECT 1",
          "sequence shop.items_id_seq only on new", 0, 1 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        sides_fresh(items);
        on_both("CREATE SEQUENCE shop.down INCREMENT -5 START 10 MAXVALUE 10 MINVALUE -100;"
                "SELECT nextval('shop.down')");
        if (cases[i].margin > 0)
            on_both("DROP SEQUENCE shop.down");
        pg_value(sides.conn[0], cases[i].old);
        pg_value(sides.conn[1], cases[i].new);
        compared_open();
        compared.config.patterns = &(const char *){ "shop.*" };
        compared.config.sequences = true;
        compared.config.sequence_margin = cases[i].margin;
        compared_run();
        compared_check(cases[i].differences > 0 ? COMPARE_DIFFERENT : COMPARE_EQUAL, cases[i].differences,
                       cases[i].message);
    }
    sides_fresh(items); /* of a pair: by the column */
    pg_value(sides.conn[1],
             "ALTER SEQUENCE shop.items_id_seq RENAME TO other; SELECT setval('shop.other', 7);"
             "CREATE SEQUENCE shop.free");
    compared_open_pair("shop.items", "shop.items");
    compared.config.sequences = true;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 1, "sequence shop.other is at 7 on new, behind 1000 on old");
}

/* What somebody put into "public" takes the place of no function of the server. */
static void test_public(void **state)
{
    static const char *const names[] = { "parse_ident(text)", "array_position(text[], text)",
                                         "hashint8extended(int, bigint)", "format_type(oid, int)",
                                         "quote_ident(name)" };
    static const char *const key[] = { "id" };
    char sql[300];
    (void)state;
    sides_fresh(items);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(sql, sizeof(sql),
                 "CREATE OR REPLACE FUNCTION public.%s RETURNS bigint LANGUAGE plpgsql AS"
                 " 'BEGIN RAISE EXCEPTION ''not ours''; END'",
                 names[i]);
        pg_value(sides.conn[1], sql);
    }
    compared_open_pair("shop.items", "shop.items");
    compared.config.key_count = 1;
    compared.config.key = key;
    compared.config.sequences = true;
    compared_run();
    compared_check(COMPARE_EQUAL, 0, "1,000 rows equal");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        snprintf(sql, sizeof(sql), "DROP FUNCTION public.%s", names[i]);
        pg_value(sides.conn[1], sql);
    }
}

/* ---- large parts ---- */

static void test_buckets(void **state)
{
    (void)state;
    sides_fresh("CREATE TABLE shop.big (id int PRIMARY KEY, x int); INSERT INTO shop.big SELECT g, g FROM"
                " generate_series(1, 60000) g; CREATE TABLE shop.free AS SELECT * FROM shop.big");
    pg_value(sides.conn[1],
             "UPDATE shop.big SET x = 0 WHERE id % 15000 = 1; UPDATE shop.free SET x = 0 WHERE id = 9");
    compared_open();
    compared.config.patterns = &(const char *){ "shop.*" };
    compared.config.chunk = 1000000;
    compared_run();
    compared_check(COMPARE_DIFFERENT, 6, "6 differences: shop.big: 4 rows differ (");
    assert_non_null(strstr(compared.report, "shop.big: id 45001: x\n"));
    assert_non_null(strstr(compared.message, "; shop.free: 1 row only on old, 1 row only on new"));
    pg_value(sides.conn[0], "DELETE FROM shop.big; DELETE FROM shop.free");
    compare_all("shop.*");
    compared_check(COMPARE_DIFFERENT, 120000, "shop.big: 60,000 rows only on new");
}

static void test_wide(void **state)
{
    (void)state;
    sides_fresh(
        "DO $$ BEGIN EXECUTE 'CREATE TABLE shop.wide (' || (SELECT string_agg('column_' || g || ' int', ', ')"
        " FROM generate_series(1, 1600) g) || ')'; END $$; ALTER TABLE shop.wide ADD PRIMARY KEY (column_1);"
        "INSERT INTO shop.wide VALUES (1, 2, 3), (2, 3, 4)");
    compare_all("shop.*");
    compared_check(COMPARE_EQUAL, 0, "1 table, 2 rows equal");
    pg_value(sides.conn[1], "UPDATE shop.wide SET column_1600 = 0 WHERE column_1 = 2");
    compare_all("shop.*");
    compared_check(COMPARE_DIFFERENT, 1, "(column_1 2: column_1600)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),         cmocka_unit_test(test_pair),
        cmocka_unit_test(test_partitioned_pair), cmocka_unit_test(test_sums),
        cmocka_unit_test(test_sequences),        cmocka_unit_test(test_public),
        cmocka_unit_test(test_buckets),          cmocka_unit_test(test_wide),
    };
    return cmocka_run_group_tests(tests, sides_set_up, sides_tear_down);
}
