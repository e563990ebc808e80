/* What a job locks, seen on a MariaDB that tells by performance_schema, by its plugin, and not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/mysql.h"
#include "support/loop.h"
#include "support/my_pair.h"

static struct my_pair pair = { .options = { "--performance-schema=ON" } };
static MYSQL *admin;

struct ran {
    int times;
    enum driver_status status;
    char told[600], notices[600];
};

static void on_notice(void *data, const char *text)
{
    struct ran *ran = data;
    size_t len = strlen(ran->notices);
    snprintf(ran->notices + len, sizeof(ran->notices) - len, "%s\n", text);
}

static void on_locked(void *data, const struct driver_lock *lock)
{
    struct ran *ran = data;
    size_t len = strlen(ran->told);
    snprintf(ran->told + len, sizeof(ran->told) - len, "%s %s %d %s\n", lock->relation, lock->mode,
             (int)lock->queued, lock->seen);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct ran *ran = data;
    ran->times++;
    ran->status = result->status;
    if (result->status != DRIVER_OK)
        print_error("%s\n", result->message);
}

static bool is_done(void *data)
{
    return ((struct ran *)data)->times > 0;
}

/* Each lock is held until somebody waits behind it, and until the watch, whose connection is the one that
 * came last, has asked three times from then on. */
#define UNTIL_ASKED                                                                                          \
    "SELECT MAX(query_id) INTO @was FROM information_schema.processlist WHERE id > CONNECTION_ID(); "        \
    "REPEAT DO SLEEP(0.02); SELECT MAX(query_id) INTO @is FROM information_schema.processlist "              \
    "WHERE id > CONNECTION_ID(); UNTIL @is > @was OR @is IS NULL END REPEAT; "
#define UNTIL_QUEUED                                                                                         \
    "BEGIN NOT ATOMIC REPEAT DO SLEEP(0.02); UNTIL (SELECT count(*) FROM information_schema.processlist "    \
    "WHERE state LIKE 'Waiting for table metadata%') > 0 END REPEAT; " UNTIL_ASKED UNTIL_ASKED UNTIL_ASKED   \
    "END"

static void run(struct ran *ran)
{
    static const struct driver_events events = { .notice = on_notice, .locked = on_locked, .done = on_done };
    static const char *const statements[] = { "CREATE TABLE fresh (id INT)", "DROP TABLE fresh",
                                              "LOCK TABLES t WRITE, r READ", UNTIL_QUEUED, "UNLOCK TABLES" };
    const struct driver_sql sql = { .count = ARRAY_LEN(statements),
                                    .statements = statements,
                                    .look_at_locks = true };
    const struct driver_target target = { .id = "t",
                                          .dsn = pair.dsn[MY_PRIMARY],
                                          .application_name = "tminus:r1:step" };
    static const char reads[] =
        "BEGIN NOT ATOMIC REPEAT SELECT count(*) INTO @n FROM t; DO SLEEP(0.01); SELECT "
        "count(*) INTO @s FROM stop; UNTIL @s > 0 END REPEAT; END";
    struct err err = ERR_INIT;
    struct driver_job *job;
    uv_loop_t loop;
    memset(ran, 0, sizeof(*ran));
    my_value(admin, "DELETE FROM stop");
    MYSQL *reader = my_pair_connect(&pair, MY_PRIMARY);
    assert_int_equal(mysql_send_query(reader, reads, sizeof(reads) - 1), 0);
    uv_loop_init(&loop);
    struct driver *driver = driver_mysql_create(&loop, &target);
    assert_int_equal(driver_start(driver, &sql, &events, ran, &job, &err), 0);
    assert_true(run_until(&loop, is_done, ran, 30000));
    driver_destroy(driver);
    run_out(&loop);
    my_value(admin, "INSERT INTO stop VALUES (1)");
    assert_int_equal(mysql_read_query_result(reader), 0);
    mysql_close(reader);
    assert_int_equal(ran->times, 1);
    assert_int_equal(ran->status, DRIVER_OK);
}

static void set_instrument(const char *enabled)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
             "UPDATE performance_schema.setup_instruments SET enabled = '%s' WHERE name = "
             "'wait/lock/metadata/sql/mdl'",
             enabled);
    my_value(admin, sql);
}

static void test_events(void **state)
{
    struct ran ran;
    (void)state;
    set_instrument("YES");
    run(&ran);
    assert_non_null(strstr(ran.told, "shop.t EXCLUSIVE 1 sampled\n"));
    assert_null(strstr(ran.told, "fresh"));
    assert_non_null(strstr(ran.notices, "locks were seen as they were first asked for"));
}

static void test_plugin(void **state)
{
    struct ran ran;
    (void)state;
    set_instrument("YES"); /* the plugin says more */
    my_value(admin, "INSTALL SONAME 'metadata_lock_info'");
    run(&ran);
    my_value(admin, "UNINSTALL SONAME 'metadata_lock_info'");
    assert_non_null(strstr(ran.told, "shop.t EXCLUSIVE 0 sampled\n"));
    if (!strstr(ran.told, "shop.r SHARED 0 sampled\n"))
        fail_msg("%s", ran.told);
    assert_non_null(strstr(ran.notices, "who waited behind its locks, is not told by metadata_lock_info"));
}

static void test_neither(void **state)
{
    struct ran ran;
    (void)state;
    set_instrument("NO");
    run(&ran);
    assert_string_equal(ran.told, "");
    assert_non_null(strstr(ran.notices, "not all of its locks were seen: neither performance_schema"));
}

static int set_up(void **state)
{
    (void)state;
    if (my_pair_start(&pair, 1) < 0)
        return -1;
    admin = my_pair_connect(&pair, MY_PRIMARY);
    my_value(admin, "CREATE TABLE t (id INT)");
    my_value(admin, "CREATE TABLE r (id INT)");
    my_value(admin, "CREATE TABLE stop (id INT)");
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_events), cmocka_unit_test(test_plugin),
                                        cmocka_unit_test(test_neither) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
