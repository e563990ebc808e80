/* Sessions with a MariaDB: what only this driver promises; what all do is in conformance.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cmocka.h>

#include "driver/mysql.h"
#include "support/my_pair.h"
#include "support/pg_pair.h"

static struct my_pair pair;
static MYSQL *admin;

struct world {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    struct session *session;
};

static void open_as(struct world *world, const char *dsn, enum session_access access)
{
    struct err err = ERR_INIT;
    uv_loop_init(&world->loop);
    world->target = (struct driver_target){ .id = "primary", .dsn = dsn, .application_name = "tminus:r1:x" };
    world->driver = driver_mysql_create(&world->loop, &world->target);
    assert_int_equal(session_open(world->driver, "tminus:r1:session", access, &world->session, &err), 0);
    assert_false(session_connected(world->session));
}

static void close_world(struct world *world)
{
    session_close(world->session);
    driver_destroy(world->driver);
    run_out(&world->loop);
}

struct heard {
    int times;
    enum driver_status status;
    char code[16], message[300], value[300];
    size_t rows, columns;
};

static void on_answer(void *data, const struct answer *answer)
{
    struct heard *heard = data;
    heard->times++;
    heard->status = answer->result->status;
    heard->rows = answer->row_count;
    heard->columns = answer->column_count;
    snprintf(heard->code, sizeof(heard->code), "%s", answer->result->code);
    snprintf(heard->message, sizeof(heard->message), "%s", answer->result->message);
    snprintf(heard->value, sizeof(heard->value), "%s",
             answer->result->value ? answer->result->value : "(null)");
}

static bool has_heard(void *data)
{
    return ((struct heard *)data)->times > 0;
}

static void ask(struct world *world, struct heard *heard, const char *sql, int64_t timeout_us)
{
    struct err err = ERR_INIT;
    *heard = (struct heard){ 0 };
    if (session_ask(world->session, sql, timeout_us, on_answer, heard, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(heard->times, 0);
}

static void hear(struct world *world, struct heard *heard)
{
    if (!run_until(&world->loop, has_heard, heard, 25000))
        fail_msg("no answer");
    assert_int_equal(heard->times, 1);
}

static const char *value_of(struct world *world, struct heard *heard, const char *sql)
{
    ask(world, heard, sql, 20 * SECOND_US);
    hear(world, heard);
    if (heard->status != DRIVER_OK)
        fail_msg("%s: %s: %s", sql, driver_status_word(heard->status), heard->message);
    return heard->value;
}

/* What texts mean does not depend on what the server was told. */
static void test_pins(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    my_value(admin, "SET GLOBAL sql_mode = '', GLOBAL time_zone = '+03:00', GLOBAL autocommit = 0, "
                    "GLOBAL sql_select_limit = 1");
    open_as(&world, pair.dsn[MY_PRIMARY], SESSION_READS);
    assert_string_equal(value_of(&world, &heard, "SELECT @@sql_mode"),
                        "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
                        "NO_ENGINE_SUBSTITUTION");
    assert_string_equal(value_of(&world, &heard, "SELECT @@time_zone"), "+00:00");
    assert_string_equal(value_of(&world, &heard, "SELECT @@autocommit"), "1");
    assert_string_equal(value_of(&world, &heard, "SELECT @@character_set_client"), "utf8mb4");
    assert_string_equal(value_of(&world, &heard, "SELECT @@sql_select_limit"), "18446744073709551615");
    assert_string_equal(value_of(&world, &heard, "SELECT '\\'"), "\\");
    my_value(admin, "SET GLOBAL sql_mode = DEFAULT, GLOBAL time_zone = DEFAULT, GLOBAL autocommit = 1, "
                    "GLOBAL sql_select_limit = DEFAULT");
    close_world(&world);
}

/* A table of MariaDB that keeps its past is read as it is now, whatever the server is set to. */
static void test_now(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    if (my_pair_is_mysql())
        return; /* it has no such tables */
    my_value(admin, "CREATE OR REPLACE TABLE shop.past (n int) WITH SYSTEM VERSIONING");
    my_value(admin, "INSERT INTO shop.past VALUES (1)");
    my_value(admin, "SET GLOBAL system_versioning_asof = '2001-01-01 00:00:00'");
    open_as(&world, pair.dsn[MY_PRIMARY], SESSION_READS);
    assert_string_equal(value_of(&world, &heard, "SELECT count(*) FROM shop.past"), "1");
    my_value(admin, "SET GLOBAL system_versioning_asof = DEFAULT");
    my_value(admin, "DROP TABLE shop.past");
    close_world(&world);
}

static void test_identity(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    open_as(&world, pair.tcp_dsn[MY_PRIMARY], SESSION_READS);
    assert_false(mysql_is_mariadb(world.session));
    assert_int_equal(session_server_version(world.session), 0);
    value_of(&world, &heard, "SELECT CONNECTION_ID()");
    assert_int_equal(strtol(heard.value, NULL, 10), session_pid(world.session));
    assert_int_equal(mysql_is_mariadb(world.session), !my_pair_is_mysql());
    if (my_pair_is_mysql())
        assert_in_range(session_server_version(world.session), 80000, 100000);
    else
        assert_in_range(session_server_version(world.session), 100500, 130000);
    value_of(&world, &heard,
             "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '/* tminus:r1:%' AND id = "
             "CONNECTION_ID()");
    assert_string_equal(heard.value, "1");
    close_world(&world);
}

static void test_one_text_is_one_statement(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    open_as(&world, pair.dsn[MY_PRIMARY], SESSION_WRITES);
    ask(&world, &heard, "SELECT 1; SELECT 2", 20 * SECOND_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_REJECTED);
    assert_string_equal(heard.code, "1064");
    ask(&world, &heard, "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE nowhere", 20 * SECOND_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_REJECTED);
    close_world(&world);
}

#define KILL_HELPS_MS 500 /* a KILL that takes longer costs the connection */

/* A KILL hits the question that is over its time, and never the next one. A machine that is too busy for a
 * KILL in time loses the connection, as it should, and is on another one then: not each time. */
static void test_kill_hits_only_its_own(void **state)
{
    struct world world;
    struct heard slow, quick;
    int kept = 0;
    (void)state;
    open_as(&world, pair.tcp_dsn[MY_PRIMARY], SESSION_READS);
    value_of(&world, &quick, "SELECT CONNECTION_ID()");
    char id[300];
    snprintf(id, sizeof(id), "%s", quick.value);
    for (int i = 0; i < 20; i++) {
        int limit_ms = (i % 7 + 1) * 20;
        uint64_t before = uv_hrtime();
        ask(&world, &slow, "SELECT SLEEP(0.05), BENCHMARK(20000000, 1 + 1)", limit_ms * MS_US);
        ask(&world, &quick, "SELECT CONNECTION_ID(), SLEEP(0.01)", 20 * SECOND_US);
        hear(&world, &slow);
        hear(&world, &quick);
        assert_int_equal(quick.status, DRIVER_OK);
        bool same = strcmp(quick.value, id) == 0;
        assert_true(same || (slow.status == DRIVER_TIMED_OUT &&
                             uv_hrtime() - before >= (uint64_t)(limit_ms + KILL_HELPS_MS) * 1000000));
        snprintf(id, sizeof(id), "%s", quick.value);
        assert_true(slow.status == DRIVER_TIMED_OUT || slow.status == DRIVER_OK);
        kept += same && slow.status == DRIVER_TIMED_OUT;
    }
    assert_true(kept > 0);
    close_world(&world);
}

static void test_zero_bytes_are_not_cut(void **state)
{
    struct world world;
    struct heard heard;
    (void)state;
    open_as(&world, pair.dsn[MY_PRIMARY], SESSION_READS);
    ask(&world, &heard, "SELECT CAST(X'610062' AS BINARY)", 20 * SECOND_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_REJECTED);
    assert_non_null(strstr(heard.message, "zero byte"));
    assert_string_equal(value_of(&world, &heard, "SELECT HEX(X'610062')"), "610062");
    close_world(&world);
}

static int listen_silently(char dsn[100])
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(dsn, 100, "host=127.0.0.1 port=%d user=root", ntohs(at.sin_port));
    return fd;
}

/* Somebody listens, and never says a word. Nobody waits for that at the end. */
static void test_silent_server(void **state)
{
    struct world world;
    struct heard heard;
    char dsn[100];
    int fd = listen_silently(dsn);
    (void)state;
    open_as(&world, dsn, SESSION_READS);
    ask(&world, &heard, "SELECT 1", 200 * MS_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_TIMED_OUT);
    close_world(&world);
    close(fd);
}

/* A server that says nothing any more, in the middle of a question, of its KILL, and of connecting. */
static void test_frozen_server(void **state)
{
    struct world world, fresh;
    struct heard heard;
    (void)state;
    open_as(&world, pair.tcp_dsn[MY_PRIMARY], SESSION_READS);
    value_of(&world, &heard, "SELECT 1");
    keeper_freeze(my_pair_pid(&pair, MY_PRIMARY));
    ask(&world, &heard, "SELECT 2", 200 * MS_US);
    hear(&world, &heard);
    open_as(&fresh, pair.tcp_dsn[MY_PRIMARY], SESSION_READS);
    run_for(&fresh.loop, 50);
    close_world(&fresh); /* which ends the test when something is left in the loop */
    close_world(&world);
    kill(my_pair_pid(&pair, MY_PRIMARY), SIGCONT);
    assert_int_equal(heard.status, DRIVER_TIMED_OUT);
}

static void test_not_let_in(void **state)
{
    struct world world;
    struct heard heard;
    char dsn[300];
    (void)state;
    my_value(admin, "CREATE USER app@'%' IDENTIFIED BY 'geheim'");
    snprintf(dsn, sizeof(dsn), "host=127.0.0.1 port=%d user=app", pair.port[MY_PRIMARY]);
    open_as(&world, dsn, SESSION_READS);
    ask(&world, &heard, "SELECT 1", 20 * SECOND_US);
    hear(&world, &heard);
    assert_int_equal(heard.status, DRIVER_AUTH);
    assert_string_equal(heard.code, "1045");
    close_world(&world);

    char path[200];
    snprintf(path, sizeof(path), "%s/my.cnf", pair.dir);
    FILE *file = fopen(path, "we");
    fputs("[client]\npassword=geheim\nlocal-infile=1\n", file);
    fclose(file);
    snprintf(dsn, sizeof(dsn), "host=127.0.0.1 port=%d user=app defaults-file=%s", pair.port[MY_PRIMARY],
             path);
    open_as(&world, dsn, SESSION_READS);
    assert_string_equal(value_of(&world, &heard, "SELECT USER()"), "app@127.0.0.1");
    close_world(&world);

    snprintf(dsn, sizeof(dsn), "host=127.0.0.1 port=%d user=root ssl-mode=required", pair.port[MY_PRIMARY]);
    open_as(&world, dsn, SESSION_READS);
    ask(&world, &heard, "SELECT 1", (my_pair_is_mysql() ? 20 : 4) * SECOND_US);
    hear(&world, &heard); /* MySQL makes itself a certificate, MariaDB 10.11 does not */
    assert_int_equal(heard.status, my_pair_is_mysql() ? DRIVER_OK : DRIVER_LOST);
    close_world(&world);
    my_value(admin, "DROP USER app@'%'");
}

static int set_up(void **state)
{
    (void)state;
    if (my_pair_start(&pair, 1) < 0)
        return -1;
    admin = my_pair_connect(&pair, MY_PRIMARY);
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
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_now),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_one_text_is_one_statement),
        cmocka_unit_test(test_kill_hits_only_its_own),
        cmocka_unit_test(test_zero_bytes_are_not_cut),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_frozen_server),
        cmocka_unit_test(test_not_let_in),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
