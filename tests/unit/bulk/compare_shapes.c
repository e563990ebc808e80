/* Comparing tables of many shapes, and what ends a comparison. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compared.h"

/* ---- shapes ---- */

/* `both`, then `old` and `new`; what the comparison of all in the schema says. */
static const struct {
    const char *both, *left, *right, *message;
    int differences;
} shapes[] = {
    { "", "CREATE TABLE shop.a (id int PRIMARY KEY)", "", "table shop.a only on old", 1 },
    { "", "", "CREATE TABLE shop.b (id int)", "table shop.b only on new", 1 },
    { "CREATE TABLE shop.a (id int PRIMARY KEY, x text); INSERT INTO shop.a SELECT generate_series(1, 250)",
      "ALTER TABLE shop.a ADD extra int",
      "ALTER TABLE shop.a ADD y int DEFAULT 1; UPDATE shop.a SET x = '' "
      "WHERE id = 3",
      "shop.a: column extra only on old, column y only on new, 1 row differs (id 3: x)", 3 },
    /* another place in the row, and a column that is gone */
    { "",
      "CREATE TABLE shop.a (id int PRIMARY KEY, gone int, x text, y text); ALTER TABLE shop.a DROP gone;"
      "INSERT INTO shop.a VALUES (1, 'x', 'y')",
      "CREATE TABLE shop.a (y varchar(9), x text, id int PRIMARY KEY); INSERT INTO shop.a VALUES ('y', 'x', "
      "1)",
      "1 table, 1 row equal", 0 },
    /* int to bigint, also in the key; a key that only the left side can have */
    { "",
      "CREATE TABLE shop.a (id int PRIMARY KEY, n int); INSERT INTO shop.a VALUES (1, NULL), (-2, -5), (3, "
      "0)",
      "CREATE TABLE shop.a (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0); INSERT INTO shop.a VALUES "
      "(-2, -5),"
      " (3, 0), (1, 0)",
      "1 row differs (id 1: n)", 1 },
    { "",
      "CREATE TABLE shop.a (id bigint PRIMARY KEY); INSERT INTO shop.a SELECT generate_series(5000000001,"
      " 5000000300)",
      "CREATE TABLE shop.a (id int PRIMARY KEY)", "300 rows only on old (id 5000000001 only on old; ", 300 },
    { "", "CREATE TABLE shop.a (id int PRIMARY KEY, n int); INSERT INTO shop.a VALUES (1, 1), (2, 2)",
      "CREATE TABLE shop.a (id int PRIMARY KEY, n text); INSERT INTO shop.a VALUES (1, '1'), (2, ' 2')",
      "1 row differs (id 2: n)", 1 },
    { "", "CREATE TABLE shop.a (id int PRIMARY KEY); INSERT INTO shop.a VALUES (1), (2), (10)",
      "CREATE TABLE shop.a (id text PRIMARY KEY); INSERT INTO shop.a VALUES ('1'), ('2'), ('10')",
      "3 rows equal", 0 },
    /* no key: rows as often as they are there */
    { "CREATE TABLE shop.a (x int, y text); INSERT INTO shop.a SELECT g % 7, NULL FROM generate_series(1, "
      "700) g",
      "", "INSERT INTO shop.a VALUES (3, NULL), (3, NULL), (9, ''); DELETE FROM shop.a WHERE x = 5",
      "100 rows only on old, 3 rows only on new", 103 },
    { "CREATE TABLE shop.a (x int, y int); INSERT INTO shop.a VALUES (1, 1), (1, 1), (2, 2), (2, 2)", "",
      "TRUNCATE shop.a; INSERT INTO shop.a VALUES (1, 2), (1, 2), (2, 1), (2, 1)",
      "4 rows only on old, 4 rows only on new", 8 },
    { "CREATE TABLE shop.a (); INSERT INTO shop.a DEFAULT VALUES", "", "INSERT INTO shop.a DEFAULT VALUES",
      "1 row only on new", 1 },
    /* a unique index instead of a primary key, and one that does not count */
    { "CREATE TABLE shop.a (a text NOT NULL, b int NOT NULL, c int); CREATE UNIQUE INDEX ON shop.a (c);"
      "CREATE UNIQUE INDEX ON shop.a (a, b);"
      "INSERT INTO shop.a SELECT 'k' || g % 3, g, NULL FROM generate_series(1, 1000) g",
      "", "DELETE FROM shop.a WHERE b = 500; UPDATE shop.a SET c = 1 WHERE b = 77",
      "1 row differs, 1 row only on old (a k2, b 77: c; a k2, b 500 only on old)", 2 },
    /* the right side has NULLs in the key, and a key twice */
    { "CREATE TABLE shop.a (a int, b int); INSERT INTO shop.a SELECT g, g FROM generate_series(1, 300) g",
      "ALTER TABLE shop.a ADD PRIMARY KEY (a, b)",
      "INSERT INTO shop.a VALUES (NULL, 1), (5, NULL), (100, 100), (300, NULL)",
      "4 rows only on new (a 100, b 100 only on new; a 5, b NULL only on new; a 300, b NULL only on new; "
      "a NULL, b 1 only on new)",
      4 },
    /* orders that are not the same on both sides */
    { "",
      "CREATE TABLE shop.a (k text COLLATE \"C\" PRIMARY KEY); INSERT INTO shop.a SELECT chr(65 + g % 2 * 32 "
      "+ g / 20)"
      " || g FROM generate_series(0, 499) g",
      "CREATE TABLE shop.a (k text COLLATE \"en-x-icu\" PRIMARY KEY); INSERT INTO shop.a SELECT"
      " chr(65 + g % 2 * 32 + g / 20) || g FROM generate_series(0, 499) g",
      "500 rows equal", 0 },
    { "",
      "CREATE TABLE shop.a (k text COLLATE \"en-x-icu\" PRIMARY KEY, v int); INSERT INTO shop.a SELECT"
      " chr(65 + g % 2 * 32 + g / 20) || g, g FROM generate_series(0, 499) g",
      "CREATE TABLE shop.a (k text COLLATE \"C\" PRIMARY KEY, v int); INSERT INTO shop.a SELECT"
      " chr(65 + g % 2 * 32 + g / 20) || g, g FROM generate_series(0, 499) g; UPDATE shop.a SET v = 0 WHERE "
      "k = 'A2';"
      "DELETE FROM shop.a WHERE k = 'A4'; INSERT INTO shop.a VALUES ('zz', 1)",
      "1 row differs, 1 row only on old, 1 row only on new (k A2: v; k A4 only on old; k zz only on new)",
      3 },
    { "CREATE TABLE shop.a (k text COLLATE \"en-x-icu\" PRIMARY KEY, v int); INSERT INTO shop.a SELECT 'k' "
      "|| g, g"
      " FROM generate_series(0, 499) g",
      "", "UPDATE shop.a SET v = 0 WHERE k = 'k77'", "1 row differs (k k77: v)", 1 },
    { "",
      "CREATE TYPE shop.e AS ENUM ('a', 'b', 'c'); CREATE TABLE shop.a (k shop.e, n int, PRIMARY KEY (k, n));"
      "INSERT INTO shop.a SELECT (enum_range(NULL::shop.e))[g % 3 + 1], g FROM generate_series(0, 599) g",
      "CREATE TYPE shop.e AS ENUM ('c', 'b', 'a'); CREATE TABLE shop.a (k shop.e, n int, PRIMARY KEY (k, n));"
      "INSERT INTO shop.a SELECT (enum_range(NULL::shop.e))[3 - g % 3], g FROM generate_series(0, 599) g",
      "600 rows equal", 0 },
    /* keys of other types */
    { "CREATE DOMAIN shop.d AS int; CREATE TABLE shop.a (k shop.d PRIMARY KEY); INSERT INTO shop.a SELECT"
      " generate_series(1, 300)",
      "", "DELETE FROM shop.a WHERE k = 150", "(k 150 only on old)", 1 },
    { "CREATE TYPE shop.c AS (x int, y text); CREATE TABLE shop.a (k shop.c PRIMARY KEY); INSERT INTO shop.a "
      "SELECT"
      " ROW(g, NULL)::shop.c FROM generate_series(1, 300) g",
      "", "DELETE FROM shop.a WHERE (k).x = 150", "(k (150,) only on old)", 1 },
    { "CREATE TABLE shop.a (k int[] PRIMARY KEY); INSERT INTO shop.a SELECT ARRAY[g, NULL] FROM"
      " generate_series(1, 300) g",
      "", "DELETE FROM shop.a WHERE k[1] = 150", "(k {150,NULL} only on old)", 1 },
    { "CREATE TABLE shop.a (k uuid PRIMARY KEY); INSERT INTO shop.a SELECT md5(g::text)::uuid FROM"
      " generate_series(1, 500) g",
      "", "DELETE FROM shop.a WHERE k = md5('7')::uuid",
      "(k 8f14e45f-ceea-167a-5a36-dedd4bea2543 only on old)", 1 },
    { "CREATE TABLE shop.a (k timestamptz, c char(4), PRIMARY KEY (k, c)); INSERT INTO shop.a SELECT"
      " '2026-03-29 00:00:00Z'::timestamptz + g * interval '1 minute', 'a' FROM generate_series(1, 500) g",
      "", "DELETE FROM shop.a WHERE k = '2026-03-29 02:30:00Z'",
      "(k 2026-03-29 02:30:00+00, c a only on old)", 1 },
    { "CREATE TABLE shop.a (\"Weird \"\"Key\" text PRIMARY KEY); INSERT INTO shop.a SELECT 'it''s \\ ' || "
      "chr(10) || g"
      " FROM generate_series(1, 300) g",
      "", "DELETE FROM shop.a WHERE \"Weird \"\"Key\" LIKE '%' || chr(10) || '9'", "(Weird \"Key it's \\",
      1 },
    { "CREATE TABLE shop.\"Weird.Name\" (\"id\" int PRIMARY KEY, \"%\" text); INSERT INTO shop.\"Weird.Name\""
      " SELECT g FROM generate_series(1, 300) g",
      "", "UPDATE shop.\"Weird.Name\" SET \"%\" = 'x' WHERE id = 300",
      "shop.Weird.Name: 1 row differs (id 300: %)", 1 },
    /* leaves, inherited rows, and what is not compared */
    { "CREATE TABLE shop.p (id int, x int, PRIMARY KEY (id)) PARTITION BY RANGE (id);"
      "CREATE TABLE shop.p1 PARTITION OF shop.p FOR VALUES FROM (0) TO (100);"
      "CREATE TABLE shop.p2 PARTITION OF shop.p FOR VALUES FROM (100) TO (1000);"
      "INSERT INTO shop.p SELECT generate_series(1, 400); CREATE VIEW shop.v AS SELECT 1;"
      "CREATE TABLE shop.q (id int PRIMARY KEY); CREATE TABLE shop.r () INHERITS (shop.q); INSERT INTO "
      "shop.r VALUES (1)",
      "", "UPDATE shop.p SET x = 1 WHERE id = 101; INSERT INTO shop.r VALUES (2)",
      "2 differences: shop.p2: 1 row differs (id 101: x); shop.r: 1 row only on new", 2 },
    { "CREATE TABLE shop.a (u int NOT NULL UNIQUE, a int, b int, PRIMARY KEY (a, b)); INSERT INTO shop.a "
      "VALUES (1, 2, 3)",
      "", "UPDATE shop.a SET u = 9", "(a 2, b 3: u)", 1 },
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        sides_fresh(shapes[i].both);
        on_one(0, shapes[i].left);
        on_one(1, shapes[i].right);
        compare_all("shop.*");
        compared_check(shapes[i].differences > 0 ? COMPARE_DIFFERENT : COMPARE_EQUAL, shapes[i].differences,
                       shapes[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests(tests, sides_set_up, sides_tear_down);
}
