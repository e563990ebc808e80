/* Comparing tables: every damage is found and told, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compared.h"

static const char orders[] =
    "SET client_min_messages = warning; DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint PRIMARY "
    "KEY, customer int NOT NULL,"
    " big bigint, small int, price numeric, state text, other text, at timestamptz, day date, took interval,"
    " doc jsonb, tags text[], raw bytea, ratio float8, ok bool, who uuid, \"Weird Name\" varchar(40),"
    " twice bigint GENERATED ALWAYS AS (customer * 2) STORED);"
    "INSERT INTO orders SELECT g, g % 10, CASE WHEN g % 2 = 0 THEN g END, CASE WHEN g % 2 = 0 THEN 0 END, g "
    "+ 0.50,"
    " CASE g WHEN 3 THEN '' WHEN 4 THEN NULL ELSE 'paid' END, 'open',"
    " '2026-01-01 00:00:00Z'::timestamptz + g * interval '1 second', '2026-01-01'::date + g, g * interval '1 "
    "day',"
    " jsonb_build_object('n', g), ARRAY['a', NULL, g::text], decode(md5(g::text), 'hex'), g / 7.0, g % 2 = 0,"
    " md5(g::text)::uuid, 'Grün ' || g FROM generate_series(1, 1000) g";

static void test_equal(void **state)
{
    (void)state;
    on_both(orders);
    compare_all("public.orders");
    compared_check(COMPARE_EQUAL, 0, "1 table, 1,000 rows equal");
    assert_int_equal(compared.rows, 1000);
    assert_int_equal(compared.tables, 1);
    assert_non_null(strstr(compared.report, "public.orders: equal; old 1,000 rows, hash "));
    assert_in_range(compared.progresses, 1, 100); /* four a second: of a busy machine some more */
}

/* What is done to the right side, and what is to be said of it. */
static const struct {
    const char *damage, *message;
    int differences;
} damages[] = {
    { "UPDATE orders SET price = price + 0.01 WHERE id = 17",
      "1 difference: public.orders: 1 row differs (id 17: price)", 1 },
    { "UPDATE orders SET state = NULL WHERE id = 3", "(id 3: state)", 1 },
    { "UPDATE orders SET state = '' WHERE id = 4", "(id 4: state)", 1 },
    { "UPDATE orders SET small = NULL WHERE id = 4", "(id 4: small)", 1 },
    { "UPDATE orders SET small = 0 WHERE id = 3", "(id 3: small)", 1 },
    { "UPDATE orders SET state = '' WHERE id = 1000", "(id 1000: state)", 1 },
    { "UPDATE orders SET at = at + interval '1 microsecond' WHERE id = 400", "(id 400: at)", 1 },
    { "UPDATE orders SET state = other, other = state WHERE id = 2", "(id 2: other, state)", 1 },
    { "UPDATE orders SET price = 11.50 - id WHERE id IN (5, 6)", "(id 5: price; id 6: price)", 2 },
    { "UPDATE orders SET price = 12.00 - price WHERE id IN (5, 6)", "(id 5: price; id 6: price)", 2 },
    { "UPDATE orders SET price = price + CASE id WHEN 7 THEN 0.01 ELSE -0.01 END WHERE id IN (7, 8)",
      "2 rows differ (id 7: price; id 8: price)", 2 },
    { "UPDATE orders SET id = -id WHERE id = 500", "(id -500 only on new; id 500 only on old)", 2 },
    { "DELETE FROM orders WHERE id = 500", "1 row only on old (id 500 only on old)", 1 },
    { "DELETE FROM orders WHERE id = 1000", "(id 1000 only on old)", 1 },
    { "DELETE FROM orders WHERE id = 100", "(id 100 only on old)", 1 },
    { "INSERT INTO orders (id, customer) VALUES (0, 1)", "1 row only on new (id 0 only on new)", 1 },
    { "INSERT INTO orders (id, customer) VALUES (4000000000, 1)", "(id 4000000000 only on new)", 1 },
    { "UPDATE orders SET id = 1001 WHERE id = 999",
      "1 row only on old, 1 row only on new (id 999 only on old; id 1001 only on new)", 2 },
    { "UPDATE orders SET price = 10.500 WHERE id = 10", "(id 10: price)", 1 },
    { "UPDATE orders SET price = 'NaN' WHERE id = 10", "(id 10: price)", 1 },
    { "UPDATE orders SET at = 'infinity' WHERE id = 10", "(id 10: at)", 1 },
    { "UPDATE orders SET day = '-infinity' WHERE id = 10", "(id 10: day)", 1 },
    { "UPDATE orders SET took = '24:00:00' WHERE id = 1", "(id 1: took)", 1 },
    { "UPDATE orders SET doc = doc || '{\"m\": null}' WHERE id = 10", "(id 10: doc)", 1 },
    { "UPDATE orders SET tags[2] = 'NULL' WHERE id = 10", "(id 10: tags)", 1 },
    { "UPDATE orders SET raw = raw || '\\x00' WHERE id = 10", "(id 10: raw)", 1 },
    { "UPDATE orders SET ratio = ratio + 1e-14 WHERE id = 10", "(id 10: ratio)", 1 },
    { "UPDATE orders SET ok = NULL WHERE id = 11", "(id 11: ok)", 1 },
    { "UPDATE orders SET who = '00000000-0000-0000-0000-000000000000' WHERE id = 11", "(id 11: who)", 1 },
    { "UPDATE orders SET \"Weird Name\" = U&'Gru\\0308n 12' WHERE id = 12", "(id 12: Weird Name)", 1 },
    { "UPDATE orders SET customer = 3 WHERE id = 12", "(id 12: customer, twice)", 1 },
    { "UPDATE orders SET big = 0 WHERE id = 13", "(id 13: big)", 1 },
    { "UPDATE orders SET big = 14::bigint << 32 WHERE id = 14", "(id 14: big)", 1 },
    { "UPDATE orders SET big = -16 WHERE id = 16", "(id 16: big)", 1 },
    { "DELETE FROM orders", "1,000 rows only on old (id ", 1000 },
    { "UPDATE orders SET state = 'sent'", "1,000 rows differ (id ", 1000 },
};

static void test_damages(void **state)
{
    (void)state;
    on_both(orders);
    pg_value(sides.conn[0], "ANALYZE orders"); /* asked for as a whole first */
    pg_value(sides.conn[1], "CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM orders");
    pg_value(sides.conn[1], "ALTER TABLE kept DROP COLUMN twice");
    for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
        pg_value(sides.conn[1], damages[i].damage);
        compare_all("public.orders");
        compared_check(COMPARE_DIFFERENT, damages[i].differences, damages[i].message);
        pg_value(sides.conn[1], "TRUNCATE orders; INSERT INTO orders SELECT * FROM kept");
    }
    compare_all("public.orders");
    compared_check(COMPARE_EQUAL, 0, "");
    on_both("DROP TABLE IF EXISTS kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_damages),
    };
    return cmocka_run_group_tests(tests, sides_set_up, sides_tear_down);
}
