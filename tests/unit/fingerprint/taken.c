/* What a fingerprint is made of: data, rights that are missing, servers that are busy or large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "printed.h"
#include "support/pg_group.h"

static void test_order(void **state)
{
    struct arena *arena = arena_create();
    struct fingerprint *made = taken(arena);
    (void)state;
    assert_true(made->count > 10);
    check_order(made);
    assert_string_equal(made->target, "primary");
    assert_in_range(made->version, 120000, 999999);
    assert_int_equal(strncmp(made->server, "PostgreSQL 1", 12), 0);
    assert_null(strchr(made->server, '('));
    assert_null(made->marked);
    (void)pg_value(admin, "ALTER DATABASE postgres SET tminus.environment = 'live'");
    assert_string_equal(taken(arena)->marked, "live");
    (void)pg_value(admin, "ALTER DATABASE postgres RESET tminus.environment");
    arena_destroy(arena);
}

/* ---- data ---- */

static void test_data(void **state)
{
    static const struct fingerprint_data data[] = {
        { .name = "table", .table = "public.things" },
        { .name = "by path", .table = "things" },
        { .name = "mixed", .table = "public.\"Odd Name\"" },
        { .name = "up", .sql = "SELECT a FROM things ORDER BY a; " },
        { .name = "down", .sql = "SELECT a FROM public.things ORDER BY a DESC -- the other way" },
        { .name = "one", .sql = "SELECT count(*) FROM things" },
        { .name = "none", .sql = "SELECT 1, 1 WHERE false" },
        { .name = "with", .sql = "WITH w AS (SELECT 1 AS x, 2 AS x) TABLE w" },
        { .name = "one", .sql = "SELECT 'same name'" },
    };
    struct arena *arena = arena_create();
    const struct difference *found;
    (void)state;
    (void)pg_value(admin, "CREATE TABLE public.things (a int, b bytea, c timestamptz, d float8, e money)");
    (void)pg_value(admin, "CREATE TABLE public.\"Odd Name\" (a int)");
    (void)pg_value(admin,
                   "INSERT INTO things SELECT g, 'x', 'epoch', 0.1 * g, 1 FROM generate_series(1, 50) g");
    struct fingerprint *made = taken_with(arena, pair.dsn[PG_PRIMARY], data, ARRAY_LEN(data));
    assert_int_equal(strncmp(value_of(made, "data", "table"), "50 rows, sum of hashes ", 23), 0);
    assert_string_equal(value_of(made, "data", "by path"), value_of(made, "data", "table"));
    assert_string_equal(value_of(made, "data", "mixed"), "0 rows, sum of hashes 0");
    assert_string_not_equal(value_of(made, "data", "up"), value_of(made, "data", "down"));
    assert_non_null(strstr(value_of(made, "data", "one"), ": 50"));
    assert_non_null(strstr(value_of(made, "data", "one (2)"), "same name"));
    assert_string_equal(value_of(made, "data", "none"), "0 rows, hash 0");
    assert_non_null(strstr(value_of(made, "data", "with"), ": 1,2"));
    /* however the session likes to write its values */
    const char *dsn = arena_format(arena, "%s options='%s'", pair.dsn[PG_PRIMARY],
                                   "-cTimeZone=Asia/Tokyo -cDateStyle=SQL -cbytea_output=escape"
                                   " -cextra_float_digits=-3 -clc_messages=C -cjit=on");
    struct fingerprint *other = taken_with(arena, dsn, data, ARRAY_LEN(data));
    size_t count = fingerprint_compare(arena, made, other, &found);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(found[i].what, "setting"); /* of this session */
    /* one value of one row; rows that came in another order are the same table */
    (void)pg_value(admin, "UPDATE things SET d = d WHERE a = 7");
    assert_int_equal(
        fingerprint_compare(arena, made, taken_with(arena, pair.dsn[PG_PRIMARY], data, 2), &found),
        ARRAY_LEN(data) - 2);
    (void)pg_value(admin, "UPDATE things SET b = 'y' WHERE a = 7");
    struct fingerprint *now = taken_with(arena, pair.dsn[PG_PRIMARY], data, ARRAY_LEN(data));
    assert_int_equal(fingerprint_compare(arena, made, now, &found), 2);
    assert_string_equal(found[0].name, "by path");
    assert_int_equal(found[0].kind, DIFFERENCE_CHANGED);
    arena_destroy(arena);
}

static void test_tables(void **state)
{
    const struct fingerprint_data data[] = { { .name = "all", .tables = "shelf.a_*" } };
    struct arena *arena = arena_create();
    (void)state;
    (void)pg_value(admin, "CREATE SCHEMA shelf");
    (void)pg_value(admin, "CREATE TABLE shelf.a_1 (n int) PARTITION BY RANGE (n)");
    (void)pg_value(admin, "CREATE TABLE shelf.\"a_X\" PARTITION OF shelf.a_1 DEFAULT");
    (void)pg_value(admin, "CREATE TABLE shelf.a_2 AS SELECT 1 AS n");
    (void)pg_value(admin, "CREATE TABLE shelf.ab2 AS SELECT 1 AS n"); /* "_" stands for itself */
    (void)pg_value(admin, "INSERT INTO shelf.a_1 VALUES (1), (2)");
    struct fingerprint *made = taken_with(arena, pair.dsn[PG_PRIMARY], data, 1);
    size_t lines = 0;
    for (size_t i = 0; i < made->count; i++)
        lines += strcmp(made->lines[i].what, "data") == 0;
    assert_int_equal(lines, 2);
    assert_non_null(strstr(value_of(made, "data", "shelf.\"a_X\""), "2 rows"));
    assert_non_null(strstr(value_of(made, "data", "shelf.a_2"), "1 rows"));
    (void)pg_value(admin, "DROP SCHEMA shelf CASCADE");
    arena_destroy(arena);
}

static void test_no_database(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    check_no_database(arena_format(arena, "%s dbname=moved", pair.dsn[PG_PRIMARY]));
    arena_destroy(arena);
}

/* ---- what goes wrong ---- */

static void test_refused(void **state)
{
    static const struct {
        struct fingerprint_data data;
        int code;
        const char *message;
    } rows[] = {
        { { .name = "d", .table = "public.nowhere" },
          ERR_INVALID,
          "data d: primary: there is no table public.nowhere" },
        { { .name = "d", .table = "a b" }, ERR_INVALID, "invalid name syntax" },
        { { .name = "d", .tables = "nowhere.*" }, ERR_INVALID, "there is no table nowhere.*" },
        { { .name = "d", .sql = "SELECT nothing" }, ERR_INVALID, "column \"nothing\" does not exist" },
        { { .name = "d", .sql = "DELETE FROM pg_class" }, ERR_INVALID, "syntax error" },
        { { .name = "d", .sql = "SELECT nextval('counted')" }, ERR_INVALID, "read-only transaction" },
    };
    (void)state;
    (void)pg_value(admin, "CREATE SEQUENCE counted");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_refused(pair.dsn[PG_PRIMARY], &rows[i].data, rows[i].code, rows[i].message);
    check_refused("host=/nowhere dbname=x", NULL, ERR_ENVIRONMENT, "/nowhere");
}

/* Never a line less because of a role that may not read. */
static void test_rights(void **state)
{
    static const char *const roles[] = {
        "CREATE ROLE plain LOGIN",
        "CREATE TABLE public.guarded (a int)",
        "CREATE TABLE public.closed (a int)",
        "ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY",
        NULL,
    };
    struct fingerprint_data data = { .name = "d", .table = "public.guarded" };
    struct fingerprint_data closed = { .name = "d", .sql = "SELECT * FROM public.closed" };
    struct arena *arena = arena_create();
    char dsn[300];
    (void)state;
    on_server(roles);
    (void)snprintf(dsn, sizeof(dsn), "%s user=plain", pair.dsn[PG_PRIMARY]);
    check_refused(dsn, NULL, ERR_ENVIRONMENT,
                  "role plain may not read all settings: GRANT pg_read_all_settings");
    (void)pg_value(admin, "GRANT pg_read_all_settings TO plain");
    struct fingerprint *made = taken_with(arena, dsn, NULL, 0);
    assert_non_null(strstr(value_of(made, "role", "plain"), "password not readable"));
    assert_string_equal(value_of(made, "setting", "in files"), "not readable");
    check_refused(dsn, &closed, ERR_ENVIRONMENT, "permission denied for table closed");
    (void)pg_value(admin, "GRANT SELECT ON public.guarded TO plain");
    check_refused(dsn, &data, ERR_ENVIRONMENT, "row-level security");
    arena_destroy(arena);
}

/* ---- servers ---- */

/* While others write, two are the same. */
static void test_busy(void **state)
{
    struct arena *arena = arena_create();
    const struct difference *found;
    (void)state;
    (void)pg_value(admin, "CREATE TABLE busy (id serial PRIMARY KEY, n int)");
    (void)pg_value(admin, "INSERT INTO busy (n) SELECT 0 FROM generate_series(1, 1000)");
    PGconn *writer = pg_pair_connect(&pair, PG_PRIMARY, "");
    struct fingerprint *before = taken(arena);
    assert_int_equal(PQsendQuery(writer, "DO $$ BEGIN LOOP UPDATE busy SET n = n + 1 WHERE id = 1 + n % 1000;"
                                         " INSERT INTO busy (n) VALUES (1); COMMIT; END LOOP; END $$"),
                     1);
    for (int i = 0; i < 2; i++) {
        struct fingerprint *now = taken(arena);
        if (fingerprint_compare(arena, before, now, &found) != 0)
            fail_msg("%s %s: %s", found[0].what, found[0].name, found[0].after);
        assert_int_equal(PQconsumeInput(writer), 1);
        assert_true(PQisBusy(writer));
    }
    (void)pg_value(admin,
                   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO %busy%'");
    PQfinish(writer);
    arena_destroy(arena);
}

static int64_t take_us(struct arena *arena, size_t *ret_lines)
{
    int64_t began_ns = (int64_t)uv_hrtime();
    *ret_lines = taken(arena)->count;
    return ((int64_t)uv_hrtime() - began_ns) / 1000;
}

/* What is dropped while it is read is read anew, and when it never ends that is said. */
static void test_moving(void **state)
{
    static const struct fingerprint_data data[] = { { .name = "moving", .sql = "SELECT moves()" } };
    struct arena *arena = arena_create();
    (void)state;
    (void)pg_value(admin, "CREATE TABLE until AS SELECT clock_timestamp() + interval '150 ms' AS at");
    (void)pg_value(admin, "CREATE FUNCTION moves() RETURNS int LANGUAGE plpgsql AS $$ BEGIN"
                          " IF clock_timestamp() < (SELECT at FROM public.until) THEN RAISE EXCEPTION"
                          " 'cache lookup failed for index 25359' USING ERRCODE = 'XX000'; END IF;"
                          " RETURN 1; END $$");
    (void)pg_value(admin, "UPDATE until SET at = clock_timestamp() + interval '150 ms'");
    struct fingerprint *made = taken_with(arena, pair.dsn[PG_PRIMARY], data, ARRAY_LEN(data));
    assert_non_null(strstr(value_of(made, "data", "moving"), ": 1"));
    (void)pg_value(admin, "UPDATE until SET at = 'infinity'");
    check_refused(pair.dsn[PG_PRIMARY], data, ERR_BUSY,
                  "somebody changes what is being read (tried 5 times)");
    (void)pg_value(admin, "DROP FUNCTION moves()");
    (void)pg_value(admin, "DROP TABLE until");
    arena_destroy(arena);
}

/* What is wanted is 0.1 s and 2 s: what it took is told. */
static void test_large(void **state)
{
    struct arena *arena = arena_create();
    size_t few, many;
    (void)state;
    (void)taken(arena);
    int64_t small_us = take_us(arena, &few);
    (void)pg_value(admin,
                   "DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE many_%s (id int"
                   " PRIMARY KEY, a int, b text, c int, d text, e int, f text, g int NOT NULL DEFAULT 0,"
                   " h text, i timestamptz)', i); END LOOP; END $$");
    int64_t large_us = take_us(arena, &many);
    print_message("%zu lines: %lld ms; %zu lines: %lld ms\n", few, (long long)small_us / 1000, many,
                  (long long)large_us / 1000);
    assert_true(many >= few + 12000);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),       cmocka_unit_test(test_data),    cmocka_unit_test(test_tables),
        cmocka_unit_test(test_no_database), cmocka_unit_test(test_refused), cmocka_unit_test(test_rights),
        cmocka_unit_test(test_busy),        cmocka_unit_test(test_moving),  cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, pg_group_set_up, pg_group_tear_down);
}
