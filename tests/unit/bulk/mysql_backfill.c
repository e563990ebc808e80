/* Backfills on a real MariaDB: every row is changed, once, whatever comes between; and what only these
 * servers have. What does not depend on the engine is in backfill.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filled.h"
#include "support/my_pair.h"

static struct my_pair pair;
static MYSQL *admin, *other;

/* ---- a table ---- */

/* t with a row for each number up to `count`, made by `values` of seq; `n` says how often each was changed.
 */
static void make(const char *columns, const char *values, int count)
{
    char sql[1500];
    my_value(admin, "DROP TABLE IF EXISTS t");
    snprintf(sql, sizeof(sql), "CREATE TABLE t (%s, b varchar(50), n int NOT NULL DEFAULT 0)", columns);
    my_value(admin, sql);
    snprintf(sql, sizeof(sql), "INSERT INTO t SELECT %s, NULL, 0 FROM seq_1_to_1000 WHERE seq <= %d", values,
             count);
    my_value(admin, sql);
    my_value(admin, "ANALYZE TABLE t");
    my_value(admin, "CREATE TRIGGER counted BEFORE UPDATE ON t FOR EACH ROW SET NEW.n = OLD.n + 1");
}

static void make_plain(void)
{
    make("id bigint PRIMARY KEY", "seq", 1000);
}

static void check_done(void)
{
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE NOT b <=> 'done' OR n <> 1"), "0");
}

static void check_untouched(void)
{
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE b IS NOT NULL OR n <> 0"), "0");
}

static void open_one(struct filled *filled)
{
    filled_open_mysql(filled, pair.dsn[MY_PRIMARY]);
}

/* ---- shapes of tables ---- */

static const struct fill_shape shapes[] = {
    { "id bigint PRIMARY KEY", "seq", { "id" }, 1, 100, 1000 },
    { "id bigint PRIMARY KEY", "seq", { "id" }, 1, 333, 1000 },
    { "id bigint PRIMARY KEY", "seq", { "id" }, 1, 5000, 1000 },
    { "id bigint PRIMARY KEY", "seq", { "id" }, 1, 1, 10 },
    { "id bigint PRIMARY KEY", "seq", { "id" }, 1, 100, 0 },
    { "id bigint unsigned PRIMARY KEY", "18446744073709551615 - seq * seq", { "id" }, 1, 100, 1000 },
    { "id decimal(30, 8) PRIMARY KEY", "(CAST(seq AS SIGNED) - 500) / 7", { "id" }, 1, 100, 1000 },
    { "`The \"Id\"` int NOT NULL UNIQUE", "seq", { "\"The \"\"Id\"\"\"" }, 1, 100, 1000 },
    { "x int, y varchar(30), PRIMARY KEY (x, y)",
      "seq % 7, CONCAT('it''s \\\\', seq)",
      { "x", "y" },
      2,
      90,
      1000 },
    /* ordered and compared alike whatever the collation says is the same letter */
    { "id varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci PRIMARY KEY",
      "CONCAT(ELT(seq % 5 + 1, 'a', 'A', 'ä', 'Z', 'z '), IF(seq = 7, '', seq))",
      { "id" },
      1,
      7,
      1000 },
    { "id varchar(40) CHARACTER SET latin1 COLLATE latin1_german2_ci PRIMARY KEY",
      "CONCAT(ELT(seq % 5 + 1, 'a', 'Ä', 'ß', 'Z', 'ss'), seq)",
      { "id" },
      1,
      7,
      1000 },
    { "id char(9) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin PRIMARY KEY",
      "CONCAT('\n', ELT(seq % 3 + 1, 'é', 'È', 'e'), seq)",
      { "id" },
      1,
      100,
      1000 },
    { "id binary(16) PRIMARY KEY", "UNHEX(LEFT(SHA2(seq, 256), 32))", { "id" }, 1, 100, 1000 },
    { "id varbinary(9) PRIMARY KEY",
      "CONCAT(CHAR(0), IF(seq % 2, '', CHAR(0)), seq)",
      { "id" },
      1,
      100,
      1000 },
    { "id datetime(6) PRIMARY KEY",
      "TIMESTAMP'2026-01-01 00:00:00' + INTERVAL seq MICROSECOND",
      { "id" },
      1,
      100,
      1000 },
    { "id timestamp(3) NOT NULL, PRIMARY KEY (id)",
      "FROM_UNIXTIME(1761436800 + seq * 7)",
      { "id" },
      1,
      100,
      1000 },
    { "id date PRIMARY KEY", "DATE'0001-01-01' + INTERVAL seq DAY", { "id" }, 1, 100, 1000 },
    { "id uuid PRIMARY KEY",
      "CONCAT(LPAD(HEX(seq * 7919 % 65536), 8, '0'), '-0000-1000-8000-', LPAD(seq, 12, '0'))",
      { "id" },
      1,
      100,
      1000 },
};

static void test_shapes(void **state)
{
    (void)state;
    /* The last is of a type that MySQL has not. */
    for (size_t i = 0; i < ARRAY_LEN(shapes) - my_pair_is_mysql(); i++) {
        struct filled filled;
        make(shapes[i].columns, shapes[i].rows, shapes[i].count);
        open_one(&filled);
        filled_run_shape(&filled, &shapes[i], "innodb_lock_wait_timeout 1s, statement_timeout 10000ms");
        check_done();
        filled_close(&filled);
    }
}

/* ---- what it does not go along ---- */

static const struct {
    const char *columns, *values, *message;
} refused[] = {
    { "id bigint NOT NULL", "seq", "unique" },
    { "id bigint UNIQUE", "seq", "unique" },
    { "id bigint NOT NULL, x int, UNIQUE (id, x)", "seq, 1", "unique" },
    { "id varchar(20) NOT NULL, UNIQUE (id(10))", "seq", "unique" },
    { "x int PRIMARY KEY", "seq", "t has no column id" },
    { "id float PRIMARY KEY", "seq", "id is of type float" },
    { "id enum('b', 'a') PRIMARY KEY", "ELT(seq, 'a', 'b')", "id is of type enum" },
    { "id year PRIMARY KEY", "1970 + seq", "id is of type year" },
};

static void check_refused(struct filled *filled, const char *message)
{
    filled_run(filled, DRIVER_REJECTED, 0, 0);
    assert_true(filled->clean);
    if (!strstr(filled->message, message))
        fail_msg("\"%s\" lacks \"%s\"", filled->message, message);
    filled_close(filled);
}

static void test_refused(void **state)
{
    struct filled filled;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        make(refused[i].columns, refused[i].values, 2);
        open_one(&filled);
        check_refused(&filled, refused[i].message);
        check_untouched();
    }
    make("id int PRIMARY KEY", "seq", 2);
    my_value(admin, "DROP TRIGGER counted");
    my_value(admin, "ALTER TABLE t ENGINE = MyISAM");
    open_one(&filled);
    check_refused(&filled, "t is of engine MyISAM, which has no transactions");
    check_untouched();
    open_one(&filled);
    filled.config.table = "gone";
    check_refused(&filled, "there is no table gone");
}

/* No part of a book gets around the bounds of its batch. */
static void test_texts_that_would_break_out(void **state)
{
    static const char *const texts[][2] = {
        { "b = 'done' -- ", "b IS NULL /*" },
        { "b = 'done' /* ", "*/ b IS NULL" },
        { "b = 'done' /*! */", "b IS NULL" },
        { "b = 'done'; SELECT 1", "b IS NULL" },
        { "b = (SELECT 'done'", "b IS NULL) OR (true" },
        { "b = 'done'", "true) OR (true" },
        { "b = 'done", "' OR b IS NULL" },
        { "b = 'done' WHERE true -- ", "b IS NULL" },
    };
    (void)state;
    make_plain();
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct filled filled;
        open_one(&filled);
        filled.config.set = texts[i][0];
        filled.config.where = texts[i][1];
        filled_begin(&filled);
        filled_end(&filled);
        assert_int_equal(filled.status, DRIVER_REJECTED);
        check_untouched();
        filled_close(&filled);
    }
}

/* What ends with its line, or stands in quotes, is no way around. */
static void test_comments(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.set = "b = 'done' /* (' */ -- ) the \"rest\"";
    filled.config.where = "b IS NULL AND ';)' <> '(\\' # )";
    filled_run(&filled, DRIVER_OK, 1000, 1000);
    check_done();
    filled_close(&filled);
}

/* ---- checkpoints ---- */

static void first_is_later(struct filled *filled)
{
    if (filled->passes == 0)
        assert_string_equal(my_value(admin, "SELECT b IS NULL FROM t ORDER BY id LIMIT 1"), "1");
}

/* Cancelled in the middle; tried again it goes on behind its last key, by the server's order, and then looks
 * at what stands before that. */
static void test_resume(void **state)
{
    struct filled filled;
    (void)state;
    make(shapes[9].columns, shapes[9].rows, 1000);
    open_one(&filled);
    filled_stop_after(&filled, 6);
    filled_check(&filled, DRIVER_CANCELLED, 300, 300);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE b = 'done'"), "300");
    my_value(admin, "UPDATE t SET b = NULL ORDER BY id LIMIT 1");
    filled.at_batch = first_is_later;
    filled_resume(&filled, DRIVER_OK, 1001, 1000);
    assert_int_equal(filled.passes, 1);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE b = 'done'"), "1000");
    filled_close(&filled);
}

/* ---- what comes between ---- */

static bool is_locked(void *data)
{
    return strstr(((struct filled *)data)->waits, "waits for a lock on t") != NULL;
}

/* Row 450 is another's; a batch that met that keeps nothing of what it had locked or changed. */
static void test_a_lock(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.attempts = 20;
    my_value(other, "BEGIN");
    my_value(other, "SELECT 1 FROM t WHERE id = 450 FOR UPDATE");
    filled_begin(&filled);
    assert_true(run_until(&filled.loop, is_locked, &filled, 20000));
    assert_non_null(strstr(filled.waits, "(innodb_lock_wait_timeout 1s), try 2 of 20"));
    assert_string_equal(
        my_value(admin, "SELECT count(*) FROM t WHERE id BETWEEN 401 AND 449 AND b IS NOT NULL"), "0");
    my_value(admin, "SELECT 1 FROM t WHERE id = 410 FOR UPDATE NOWAIT");
    my_value(other, "ROLLBACK");
    filled_end(&filled);
    filled_check(&filled, DRIVER_OK, 1000, 1000);
    check_done();
    filled_close(&filled);
}

/* The server keeps what it has told of its transactions for as long as somebody asks within 100 ms. */
static bool is_waiting(void *data)
{
    uint64_t *last = data;
    if (uv_hrtime() - *last < UINT64_C(200000000))
        return false;
    *last = uv_hrtime();
    return strcmp(
               my_value(admin,
                        "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"),
               "1") == 0;
}

/* The batch is the larger transaction's victim: it is tried again, and changes each row once. */
static void test_a_deadlock(void **state)
{
    struct filled filled;
    uint64_t last = 0;
    (void)state;
    make_plain();
    my_value(admin, "DROP TABLE IF EXISTS weight");
    my_value(admin, "CREATE TABLE weight (id int PRIMARY KEY) SELECT seq AS id FROM seq_1_to_20000");
    open_one(&filled);
    filled.config.lock_timeout_us = 20 * SECOND_US;
    my_value(other, "BEGIN");
    my_value(other, "DELETE FROM weight");
    my_value(other, "SELECT 1 FROM t WHERE id = 450 FOR UPDATE");
    filled_begin(&filled);
    assert_true(run_until(&filled.loop, is_waiting, &last, 20000));
    my_value(other, "SELECT 1 FROM t WHERE id = 449 FOR UPDATE"); /* which the batch has */
    filled_until_waits(&filled);
    if (!strstr(filled.waits, "deadlock, try 2 of 5"))
        fail_msg("%s", filled.waits);
    my_value(other, "ROLLBACK");
    filled_end(&filled);
    filled_check(&filled, DRIVER_OK, 1000, 1000);
    check_done();
    filled_close(&filled);
    my_value(admin, "DROP TABLE weight");
}

/* What was confirmed is not there when the server is again: the first row. */
static void kill_at_third(struct filled *filled)
{
    char sql[100];
    if (filled->asked != 5)
        return;
    my_value(admin, "UPDATE t SET b = NULL WHERE id = 1");
    snprintf(sql, sizeof(sql), "KILL %d", (int)filled->pid);
    my_value(admin, sql);
}

/* The next connection has the same timeouts before it sends anything. */
static void test_a_lost_connection(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.set = my_pair_is_mysql()
                            ? "b = IF(@@innodb_lock_wait_timeout = 1 AND @@lock_wait_timeout = 1 AND "
                              "@@transaction_isolation = 'READ-COMMITTED', 'done', 'undone')"
                            : "b = IF(@@innodb_lock_wait_timeout = 1 AND @@lock_wait_timeout = 1 AND "
                              "@@tx_isolation = 'READ-COMMITTED', 'done', 'undone')";
    filled.at_batch = kill_at_third;
    filled_begin(&filled);
    filled_until_waits(&filled);
    assert_non_null(strstr(filled.waits, "connection was lost"));
    int64_t pid = filled.pid;
    filled_end(&filled);
    filled_check(&filled, DRIVER_OK, 1001, 1000);
    assert_int_equal(filled.passes, 1);
    assert_true(pid != filled.pid);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE b = 'done'"), "1000");
    assert_string_equal(my_value(admin, "SELECT GROUP_CONCAT(id) FROM t WHERE n <> 1"), "1");
    assert_int_equal(filled.ended_pid, filled.pid);
    filled_close(&filled);
}

static bool is_asleep(void *data)
{
    (void)data;
    return strcmp(my_value(admin,
                           "SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep'"),
                  "1") == 0;
}

/* What became of the batch nobody knows: that it is stopped then says nothing of it. */
static void test_stopped_while_a_batch_is_lost(void **state)
{
    struct filled filled;
    char sql[100];
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.set = "b = CONCAT('done', SLEEP(20))";
    filled_begin(&filled);
    assert_true(run_until(&filled.loop, is_asleep, NULL, 20000));
    backfill_cancel(filled.backfill);
    snprintf(sql, sizeof(sql), "KILL %d", (int)filled.pid);
    my_value(admin, sql);
    filled_end(&filled);
    filled_check(&filled, DRIVER_CANCELLED, 0, 0);
    assert_false(filled.clean);
    assert_int_not_equal(filled.ended_pid, filled.pid); /* on that one it may still be at work */
    filled_close(&filled);
}

/* A batch that takes longer than it may is undone whole, tried again, and given up. */
static void test_too_slow(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.set = "b = CONCAT('done', SLEEP(IF(id = 50, 20, 0)))";
    filled.config.statement_timeout_us = 300 * MS_US;
    filled.config.attempts = 2;
    filled_run(&filled, DRIVER_TIMED_OUT, 0, 0);
    assert_non_null(strstr(filled.waits, "a batch took too long (statement_timeout 300ms), try 2 of 2"));
    filled_close(&filled);
    check_untouched();
}

static void test_an_error(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.set = "b = IF(id = 450, REPEAT('x', 51), 'done')";
    filled_run(&filled, DRIVER_REJECTED, 400, 400);
    assert_string_equal(filled.code, "1406");
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE b IS NOT NULL"), "400");
    filled_close(&filled);
}

/* Where the log has statements, READ COMMITTED would be refused: then it goes without. */
static void test_log_of_statements(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    my_value(admin, "SET GLOBAL binlog_format = 'STATEMENT'");
    open_one(&filled);
    filled.config.set = my_pair_is_mysql()
                            ? "b = IF(@@transaction_isolation = 'REPEATABLE-READ', 'done', 'undone')"
                            : "b = IF(@@tx_isolation = 'REPEATABLE-READ', 'done', 'undone')";
    filled_begin(&filled);
    filled_end(&filled);
    my_value(admin, "SET GLOBAL binlog_format = 'ROW'");
    filled_check(&filled, DRIVER_OK, 1000, 1000);
    check_done();
    filled_close(&filled);
}

static void test_a_statement_is_refused(void **state)
{
    struct filled filled;
    (void)state;
    make_plain();
    open_one(&filled);
    filled.config.set = filled.config.where = NULL;
    filled.config.statement = "DELETE FROM t WHERE id IN (SELECT id FROM tminus_batch)";
    check_refused(&filled, "PostgreSQL");
    check_untouched();
}

static int set_up(void **state)
{
    (void)state;
    if (my_pair_start(&pair, 1) < 0)
        return -1;
    admin = my_pair_connect(&pair, MY_PRIMARY);
    other = my_pair_connect(&pair, MY_PRIMARY);
    my_value(admin, "SET NAMES utf8mb4");
    my_make_sequences(admin);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mysql_close(other);
    mysql_close(admin);
    my_pair_stop(&pair);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_texts_that_would_break_out),
        cmocka_unit_test(test_comments),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_a_lock),
        cmocka_unit_test(test_a_deadlock),
        cmocka_unit_test(test_a_lost_connection),
        cmocka_unit_test(test_stopped_while_a_batch_is_lost),
        cmocka_unit_test(test_too_slow),
        cmocka_unit_test(test_an_error),
        cmocka_unit_test(test_log_of_statements),
        cmocka_unit_test(test_a_statement_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
