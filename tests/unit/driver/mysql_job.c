/* Jobs with a MariaDB: what only this driver promises; what all do is in conformance.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/mysql.h"
#include "support/my_pair.h"
#include "support/pg_pair.h"

static struct my_pair pair;
static MYSQL *admin;

struct ran {
    int times, notices;
    int64_t pid;
    struct driver_result result;
    char message[300], value[100], settings[200], notice[300];
};

static void on_identified(void *data, int64_t pid)
{
    ((struct ran *)data)->pid = pid;
}

static void on_settings(void *data, const char *text)
{
    struct ran *ran = data;
    snprintf(ran->settings, sizeof(ran->settings), "%s", text);
}

static void on_notice(void *data, const char *text)
{
    struct ran *ran = data;
    ran->notices++;
    snprintf(ran->notice, sizeof(ran->notice), "%s", text);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct ran *ran = data;
    ran->times++;
    ran->result = *result;
    snprintf(ran->message, sizeof(ran->message), "%s", result->message);
    snprintf(ran->value, sizeof(ran->value), "%s", result->value != NULL ? result->value : "(null)");
}

static bool is_done(void *data)
{
    return ((struct ran *)data)->times > 0;
}

static void run(struct ran *ran, const struct driver_sql *sql)
{
    static const struct driver_events events = {
        .identified = on_identified, .settings = on_settings, .notice = on_notice, .done = on_done
    };
    const struct driver_target target = { .id = "t",
                                          .dsn = pair.dsn[MY_PRIMARY],
                                          .application_name = "tminus:r1:step" };
    struct err err = ERR_INIT;
    struct driver_job *job;
    uv_loop_t loop;
    uv_loop_init(&loop);
    memset(ran, 0, sizeof(*ran));
    struct driver *driver = driver_mysql_create(&loop, &target);
    assert_int_equal(driver_start(driver, sql, &events, ran, &job, &err), 0);
    assert_true(run_until(&loop, is_done, ran, 20000));
    driver_destroy(driver);
    run_out(&loop);
    assert_int_equal(ran->times, 1);
}

static void expect(const struct ran *ran, enum driver_status status, const char *code, bool clean)
{
    if (ran->result.status != status || ran->result.clean != clean || strcmp(ran->result.code, code) != 0)
        fail_msg("%s %s %s: %s", driver_status_word(ran->result.status), ran->result.code,
                 ran->result.clean ? "clean" : "not clean", ran->message);
}

#define SQL(in_transaction, ...)                                                                             \
    {                                                                                                        \
        .count = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),                              \
        .statements = (const char *const[]){ __VA_ARGS__ }, .transaction = (in_transaction),                 \
    }

/* Nothing of it: not even the first statement is sent. */
static void test_implicit_commits(void **state)
{
    static const char *const refused[] = { "ALTER TABLE t ADD COLUMN b INT", "CALL p()", "COMMIT",
                                           "/*! DROP TABLE t */", "SET autocommit = 1" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        const struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (1)", refused[i]);
        struct ran ran;
        run(&ran, &sql);
        expect(&ran, DRIVER_REJECTED, "", true);
        assert_non_null(strstr(ran.message, "statement 2 cannot be in a transaction"));
        assert_int_equal(ran.pid, 0);
    }
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t"), "0");
}

static void test_settings(void **state)
{
    struct driver_sql sql = SQL(false, "SELECT CONCAT(@@lock_wait_timeout, ' ', @@innodb_lock_wait_timeout)");
    struct ran ran;
    (void)state;
    sql.lock_timeout_us = 1200 * MS_US; /* whole seconds, never less than what was asked for */
    sql.statement_timeout_us = 30 * SECOND_US;
    run(&ran, &sql);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.value, "2 2");
    assert_string_equal(ran.settings,
                        "lock_wait_timeout 2s, innodb_lock_wait_timeout 2s, max_statement_time 30s");
}

/* What needs a copy is refused by the server, and nothing of it happened; what does not is done, also where
 * only the server knows that it does not. With leave it is copied. */
static void test_no_copy(void **state)
{
    static const char *const copies[] = { "ALTER TABLE wide MODIFY a BIGINT",
                                          "ALTER TABLE elder ADD COLUMN c INT",
                                          "CREATE INDEX i ON elder (id)", "CALL widen()" };
    struct ran ran;
    (void)state;
    my_value(admin, "CREATE TABLE wide (id INT PRIMARY KEY, a INT, b VARCHAR(20))");
    my_value(admin, "CREATE TABLE elder (id INT, a INT) ENGINE=MyISAM");
    my_value(admin, "CREATE PROCEDURE widen() ALTER TABLE wide MODIFY a BIGINT");
    for (size_t i = 0; i < ARRAY_LEN(copies); i++) {
        struct driver_sql sql = SQL(false, copies[i]);
        sql.no_copy = true;
        run(&ran, &sql);
        if (ran.result.status != DRIVER_REJECTED || strncmp(ran.result.code, "184", 3) != 0)
            fail_msg("%s: %s %s", copies[i], driver_status_word(ran.result.status), ran.message);
        assert_int_equal(ran.result.clean, strncmp(copies[i], "CALL", 4) != 0);
    }
    assert_string_equal(my_value(admin,
                                 "SELECT GROUP_CONCAT(data_type, extra) FROM information_schema.columns "
                                 "WHERE table_schema = DATABASE() AND table_name IN ('wide', 'elder') AND "
                                 "column_name = 'a'"),
                        "int,int");
    struct driver_sql fine = SQL(false, "ALTER TABLE wide MODIFY b VARCHAR(40)", "CREATE INDEX i ON wide (b)",
                                 "ALTER TABLE wide ADD COLUMN c INT", "DROP INDEX i ON wide");
    fine.no_copy = true;
    run(&ran, &fine);
    expect(&ran, DRIVER_OK, "", false);
    assert_non_null(strstr(ran.settings, ", alter_algorithm INPLACE"));
    struct driver_sql with_leave = SQL(false, "ALTER TABLE wide MODIFY a BIGINT");
    run(&ran, &with_leave);
    expect(&ran, DRIVER_OK, "", false);
    assert_null(strstr(ran.settings, "alter_algorithm"));
}

#define LONG                                                                                                 \
    "(SELECT SUM(a.seq * b.seq) % 7 FROM seq_1_to_1000000 a JOIN seq_1_to_1000000 b ON a.seq <> b.seq)"

/* The server ends it by itself, in a transaction with nothing left of it; the end of a transaction has no
 * end of its own. */
static void test_statement_time(void **state)
{
    struct driver_sql sql = SQL(true, "INSERT INTO t VALUES (1)", "UPDATE t SET id = " LONG);
    struct driver_sql quick = SQL(true, "INSERT INTO t VALUES (1)");
    struct driver_sql alone = SQL(false, "INSERT INTO t SELECT " LONG);
    struct ran ran;
    (void)state;
    sql.statement_timeout_us = alone.statement_timeout_us = 300 * MS_US;
    run(&ran, &sql);
    expect(&ran, DRIVER_TIMED_OUT, "1969", true);
    run(&ran, &alone); /* the table may be of an engine without transactions */
    expect(&ran, DRIVER_TIMED_OUT, "1969", false);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t"), "0");
    struct driver_sql defines = SQL(false, "ALTER TABLE t ADD COLUMN late INT");
    defines.statement_timeout_us = 300 * MS_US; /* waiting for its lock, which is time, too */
    my_value(admin, "START TRANSACTION");
    my_value(admin, "SELECT count(*) FROM t");
    run(&ran, &defines);
    my_value(admin, "COMMIT");
    expect(&ran, DRIVER_TIMED_OUT, "1969", true);
    quick.statement_timeout_us = 20 * SECOND_US;
    run(&ran, &quick);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t"), "1");
    my_value(admin, "DELETE FROM t");
}

static void test_warnings(void **state)
{
    const struct driver_sql sql = SQL(false, "DROP TABLE IF EXISTS nowhere");
    const struct driver_sql locks = { .count = 1,
                                      .statements = (const char *const[]){ "SELECT 1" },
                                      .look_at_locks = true };
    struct ran ran;
    (void)state;
    run(&ran, &sql);
    expect(&ran, DRIVER_OK, "", false);
    assert_int_equal(ran.notices, 1);
    assert_string_equal(ran.notice, "Note 1051: Unknown table 'shop.nowhere'");
    run(&ran, &locks);
    expect(&ran, DRIVER_OK, "", false);
    assert_int_equal(ran.notices, 1);
    assert_non_null(strstr(ran.notice, "not all of its locks were seen"));
}

/* What a table without transactions has stays. */
static void test_kept(void **state)
{
    const struct driver_sql sql = SQL(true, "INSERT INTO old VALUES (1)", "INSERT INTO nowhere VALUES (1)");
    struct ran ran;
    (void)state;
    my_value(admin, "CREATE TABLE old (id INT) ENGINE=MyISAM");
    run(&ran, &sql);
    expect(&ran, DRIVER_REJECTED, "1146", false);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM old"), "1");
    my_value(admin, "DROP TABLE old");
}

static void test_left_open(void **state)
{
    const struct driver_sql open = SQL(false, "BEGIN", "INSERT INTO t VALUES (5)");
    const struct driver_sql call = SQL(false, "CALL p()");
    struct ran ran;
    (void)state;
    run(&ran, &open);
    expect(&ran, DRIVER_REJECTED, "", false);
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE id = 5"), "0");
    my_value(admin, "CREATE PROCEDURE p() BEGIN SELECT 7; INSERT INTO t VALUES (6); END");
    run(&ran, &call);
    expect(&ran, DRIVER_OK, "", false);
    assert_string_equal(ran.value, "7");
    assert_string_equal(my_value(admin, "SELECT count(*) FROM t WHERE id = 6"), "1");
}

/* ---- a name that leads to another server by the time that a statement is to be stopped ---- */

struct moved {
    struct ran ran;      /* first */
    MYSQL *stranger;     /* on the other server, with the number that the job's connection has */
    const char *name;    /* a Unix socket by another name */
    const char *replica; /* where it leads in the end */
};

static void find_stranger(void *data, int64_t pid)
{
    struct moved *moved = data;
    on_identified(data, pid);
    for (;;) {
        moved->stranger = my_pair_connect(&pair, MY_REPLICA);
        if ((int64_t)mysql_thread_id(moved->stranger) >= pid)
            break;
        mysql_close(moved->stranger);
    }
    assert_int_equal(mysql_thread_id(moved->stranger), pid);
    assert_int_equal(mysql_send_query(moved->stranger, "SELECT SLEEP(3)", 15), 0);
    assert_int_equal(unlink(moved->name), 0);
    assert_int_equal(symlink(moved->replica, moved->name), 0);
}

static bool is_asleep(void *data)
{
    char question[150];
    int64_t pid = ((struct moved *)data)->ran.pid;
    if (pid == 0)
        return false;
    snprintf(question, sizeof(question),
             "SELECT count(*) FROM information_schema.processlist WHERE id = %lld AND info LIKE '%%SLEEP%%'",
             (long long)pid);
    return strcmp(my_value(admin, question), "1") == 0;
}

/* The other server's number is behind, so that it can be brought up to the job's. */
static void be_ahead(void)
{
    MYSQL *replica = my_pair_connect(&pair, MY_REPLICA), *primary = my_pair_connect(&pair, MY_PRIMARY);
    while (mysql_thread_id(primary) < mysql_thread_id(replica) + 20) {
        mysql_close(primary);
        primary = my_pair_connect(&pair, MY_PRIMARY);
    }
    mysql_close(primary);
    mysql_close(replica);
}

static void test_kill_stays_on_its_server(void **state)
{
    static const struct driver_events events = { .identified = find_stranger, .done = on_done };
    const struct driver_sql sql = SQL(false, "SELECT SLEEP(2)");
    char name[100], primary[100], replica[100], dsn[150];
    struct moved moved = { .name = name, .replica = replica };
    const struct driver_target target = { .id = "t", .dsn = dsn, .application_name = "tminus:r1:step" };
    struct err err = ERR_INIT;
    struct driver_job *job;
    uv_loop_t loop;
    (void)state;
    snprintf(name, sizeof(name), "%s/here", pair.dir);
    snprintf(primary, sizeof(primary), "%s/s%d", pair.dir, MY_PRIMARY);
    snprintf(replica, sizeof(replica), "%s/s%d", pair.dir, MY_REPLICA);
    snprintf(dsn, sizeof(dsn), "unix_socket=%s user=root dbname=shop", name);
    be_ahead();
    assert_int_equal(symlink(primary, name), 0);
    uv_loop_init(&loop);
    struct driver *driver = driver_mysql_create(&loop, &target);
    assert_int_equal(driver_start(driver, &sql, &events, &moved, &job, &err), 0);
    assert_true(run_until(&loop, is_asleep, &moved, 20000));
    driver_cancel(job);
    assert_true(run_until(&loop, is_done, &moved, 20000));
    driver_destroy(driver);
    run_out(&loop);
    expect(&moved.ran, DRIVER_OK, "", false); /* it was not to be reached, and has done what it should */
    assert_int_equal(mysql_read_query_result(moved.stranger), 0);
    MYSQL_RES *result = mysql_store_result(moved.stranger);
    assert_non_null(result);
    assert_string_equal(mysql_fetch_row(result)[0], "0");
    mysql_free_result(result);
    mysql_close(moved.stranger);
}

static int set_up(void **state)
{
    (void)state;
    if (my_pair_start(&pair, 2) < 0)
        return -1;
    admin = my_pair_connect(&pair, MY_PRIMARY);
    my_value(admin, "CREATE TABLE t (id INT)");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mysql_close(admin);
    my_pair_stop(&pair);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_implicit_commits),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_no_copy),
        cmocka_unit_test(test_statement_time),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kill_stays_on_its_server),
        cmocka_unit_test(test_left_open),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
