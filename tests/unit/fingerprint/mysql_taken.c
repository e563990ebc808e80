/* What a fingerprint of MariaDB is made of: data, rights that are missing, servers that are busy or large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "my_printed.h"

static void test_about(void **state)
{
    struct arena *arena = arena_create();
    struct fingerprint *made = taken(arena);
    (void)state;
    check_order(made);
    assert_in_range(made->version, 100200, 999999);
    assert_int_equal(strncmp(made->server, "MariaDB 1", 9), 0);
    assert_null(strchr(made->server, '-'));
    assert_false(made->in_recovery);
    assert_null(made->at_work);
    assert_string_equal(made->identity, taken_with(arena, pair.tcp_dsn[MY_PRIMARY], NULL, 0)->identity);
    (void)my_value(admin, "CREATE DATABASE elsewhere");
    const char *dsn = arena_format(arena, "unix_socket=%s/s0 user=root dbname=elsewhere", pair.dir);
    assert_string_not_equal(made->identity, taken_with(arena, dsn, NULL, 0)->identity);
    (void)my_value(admin, "DROP DATABASE elsewhere");
    arena_destroy(arena);
}

/* A statement of a run that is out there is seen, and whose it is. */
static void test_at_work(void **state)
{
    MYSQL *other = my_pair_connect(&pair, MY_PRIMARY);
    struct arena *arena = arena_create();
    (void)state;
    static const char sql[] = "/* tminus:20260101-1:steps */ SELECT SLEEP(60)";
    assert_int_equal(mysql_send_query(other, sql, sizeof(sql) - 1), 0);
    struct fingerprint *made = taken(arena);
    for (int i = 0; i < 200 && made->at_work == NULL; i++)
        made = taken(arena);
    assert_string_equal(made->at_work, "20260101-1");
    char kill[64];
    (void)snprintf(kill, sizeof(kill), "KILL %lu", mysql_thread_id(other));
    (void)my_value(admin, kill);
    mysql_close(other);
    arena_destroy(arena);
}

/* ---- data ---- */

static const struct fingerprint_data data[] = {
    { .name = "table", .table = "shop.things" },
    { .name = "by itself", .table = "`things`" },
    { .name = "none", .table = "`Odd ``Name`" },
    { .name = "up", .sql = "SELECT a FROM things ORDER BY a; " },
    { .name = "down", .sql = "SELECT a FROM things ORDER BY a DESC" },
    { .name = "one", .sql = "SELECT count(*) FROM things" },
    { .name = "one", .sql = "SELECT 'same name', NULL" },
    { .name = "nothing", .sql = "SELECT 1 FROM things WHERE a < 0" },
    { .name = "all", .tables = "shop.th*" },
};

static void test_data(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    (void)my_value(admin,
                   "CREATE TABLE things (a int, b blob, c timestamp(3) NULL, d float, e bit(9), f json,"
                   " g enum('x', 'y'), h char(5), i decimal(20, 4))");
    (void)my_value(admin, "CREATE TABLE `Odd ``Name` (a int)");
    (void)my_value(admin,
                   "INSERT INTO things SELECT seq, 'x', '2020-01-01 00:00:00.123', 0.1 * seq, seq, '{}',"
                   " 'x', 'h', 1.5 FROM mysql.seq_1_to_50");
    struct fingerprint *made = taken_with(arena, pair.dsn[MY_PRIMARY], data, ARRAY_LEN(data));
    assert_int_equal(strncmp(value_of(made, "data", "table"), "50 rows, sum of hashes ", 23), 0);
    assert_string_equal(value_of(made, "data", "by itself"), value_of(made, "data", "table"));
    assert_string_equal(value_of(made, "data", "shop.things"), value_of(made, "data", "table"));
    assert_string_equal(value_of(made, "data", "none"), "0 rows, sum of hashes 0");
    assert_string_not_equal(value_of(made, "data", "up"), value_of(made, "data", "down"));
    assert_non_null(strstr(value_of(made, "data", "one"), ": 50"));
    assert_non_null(strstr(value_of(made, "data", "one (2)"), "same name"));
    assert_int_equal(strncmp(value_of(made, "data", "nothing"), "0 rows", 6), 0);
    arena_destroy(arena);
}

/* Each value, NULL beside the empty text, and the last digit of a float, change the sum; rows that come in
 * another order do not. */
static void test_values(void **state)
{
    static const char *const changes[] = {
        "a = NULL",       "b = ''",  "b = NULL", "b = X'00'", "c = '2020-01-01 00:00:00.124'",
        "d = 0.70000005", "e = 511", "f = '[]'", "g = 'y'",   "h = 'H'",
        "i = 1.5001",
    };
    struct arena *arena = arena_create();
    struct fingerprint *before = taken_with(arena, pair.dsn[MY_PRIMARY], data, 1);
    const struct difference *found;
    char sql[200];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        (void)my_value(admin, "CREATE TABLE kept AS SELECT * FROM things WHERE a = 7");
        (void)snprintf(sql, sizeof(sql), "UPDATE things SET c = c, %s WHERE a = 7", changes[i]);
        (void)my_value(admin, sql);
        (void)my_value(admin, "DROP TABLE kept");
        if (fingerprint_compare(arena, before, taken_with(arena, pair.dsn[MY_PRIMARY], data, 1), &found) != 1)
            fail_msg("%s is not seen", changes[i]);
        (void)my_value(admin, "DELETE FROM things WHERE a = 7 OR a IS NULL");
        (void)my_value(admin,
                       "INSERT INTO things VALUES (7, 'x', '2020-01-01 00:00:00.123', 0.1 * 7, 7, '{}', 'x',"
                       " 'h', 1.5)");
        assert_int_equal(
            fingerprint_compare(arena, before, taken_with(arena, pair.dsn[MY_PRIMARY], data, 1), &found), 0);
    }
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
        { { .name = "d", .table = "nowhere" }, ERR_INVALID, "data d: primary: there is no table nowhere" },
        { { .name = "d", .table = "a b" }, ERR_INVALID, "is no name of a table" },
        { { .name = "d", .tables = "nowhere.*" }, ERR_INVALID, "there is no table nowhere.*" },
        { { .name = "d", .sql = "SELECT nothing" }, ERR_INVALID, "nothing" },
        { { .name = "d", .sql = "SELECT * FROM nowhere.t" }, ERR_INVALID, "nowhere" },
        { { .name = "d", .sql = "SET GLOBAL read_only = 1" }, ERR_INVALID, "only SELECT" },
        { { .name = "d", .sql = "SELECT NEXT VALUE FOR counted" }, ERR_INVALID, "READ ONLY transaction" },
        { { .name = "d", .sql = "SELECT X'00'" }, ERR_INVALID, "zero byte" },
    };
    (void)state;
    (void)my_value(admin, "CREATE SEQUENCE counted");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_refused(pair.dsn[MY_PRIMARY], &rows[i].data, rows[i].code, rows[i].message);
    check_refused("unix_socket=/nowhere user=root", NULL, ERR_ENVIRONMENT, "/nowhere");
}

static void test_no_database(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    check_no_database(arena_format(arena, "unix_socket=%s/s0 user=root dbname=moved", pair.dir));
    arena_destroy(arena);
}

/* Never a line less because of an account to which the server shows a part. */
static void test_rights(void **state)
{
    static const char *const needed[] = { "SELECT", "SHOW VIEW", "TRIGGER", "EVENT", "PROCESS" };
    struct arena *arena = arena_create();
    const char *dsn = arena_format(arena, "unix_socket=%s/s0 user=plain dbname=shop", pair.dir);
    char sql[200];
    (void)state;
    (void)my_value(admin, "CREATE USER plain@localhost");
    (void)my_value(admin, "GRANT REPLICA MONITOR, BINLOG MONITOR ON *.* TO plain@localhost");
    (void)my_value(admin, "GRANT ALL ON shop.* TO plain@localhost");
    for (size_t without = 0; without < ARRAY_LEN(needed); without++) {
        for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
            (void)snprintf(sql, sizeof(sql), "%s %s ON *.* %s plain@localhost",
                           i != without ? "GRANT" : "REVOKE", needed[i], i != without ? "TO" : "FROM");
            (void)my_value(admin, sql);
        }
        check_refused(dsn, NULL, ERR_ENVIRONMENT, "a part of what it has");
    }
    (void)my_value(admin, "GRANT PROCESS ON *.* TO plain@localhost");
    struct fingerprint *all = taken(arena), *made = taken_with(arena, dsn, NULL, 0);
    const struct difference *found;
    size_t count = fingerprint_compare(arena, all, made, &found);
    for (size_t i = 0; i < count; i++)
        fail_msg("%s %s: %s, but %s", found[i].what, found[i].name, found[i].before, found[i].after);
    (void)my_value(admin, "REVOKE REPLICA MONITOR ON *.* FROM plain@localhost");
    check_refused(dsn, NULL, ERR_ENVIRONMENT, "needs a role that may read it");
    arena_destroy(arena);
}

/* More than one answer's worth, and no line twice or lost. */
static void test_large(void **state)
{
    struct arena *arena = arena_create();
    size_t few = taken(arena)->count;
    char sql[8000] = "";
    (void)state;
    (void)my_value(admin, "CREATE DATABASE many");
    for (size_t i = 0, len = 0; i < 700; i++)
        len += (size_t)snprintf(sql + len, sizeof(sql) - len, "%sc%zu int", i > 0 ? ", " : "", i);
    for (int i = 0; i < 20; i++) {
        char text[9000];
        (void)snprintf(text, sizeof(text), "CREATE TABLE many.t%d (%s)", i, sql);
        (void)my_value(admin, text);
    }
    for (int i = 0; i < 120; i++) {
        (void)snprintf(sql, sizeof(sql), "CREATE PROCEDURE many.p%d() SET @a = %d", i, i);
        (void)my_value(admin, sql);
    }
    struct fingerprint *made = taken(arena);
    assert_int_equal(made->count, few + 1 + 20 * 702 + 120);
    check_order(made);
    (void)my_value(admin, "DROP DATABASE many");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_about),  cmocka_unit_test(test_at_work),     cmocka_unit_test(test_data),
        cmocka_unit_test(test_values), cmocka_unit_test(test_no_database), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_rights), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, my_group_set_up, my_group_tear_down);
}
