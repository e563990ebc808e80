/* Locks, transactions and progress on a real MariaDB (or MySQL, by hand), by each of the ways in which it can
 * tell of metadata locks: not at all, by its plugin, by performance_schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "support/my_pair.h"
#include "watched.h"

#define CROWD 64

static struct my_pair plain, instrumented;
static MYSQL *admin, *others[3]; /* of the server that a test has: `use` */
static const struct my_pair *used;

static void use(const struct my_pair *pair)
{
    for (size_t i = 0; i < ARRAY_LEN(others) && used != NULL; i++)
        mysql_close(others[i]);
    if (used != NULL)
        mysql_close(admin);
    used = pair;
    admin = my_pair_connect(pair, MY_PRIMARY);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        others[i] = my_pair_connect(pair, MY_PRIMARY);
    my_value(admin, "DROP TABLE IF EXISTS t");
    my_value(admin, "CREATE TABLE t (id int PRIMARY KEY, v int) ENGINE = InnoDB");
    my_value(admin, "INSERT INTO t VALUES (1, 1), (2, 2)");
}

/* MySQL tells of row locks in performance_schema alone. */
static const struct my_pair *tells_rows(void)
{
    return my_pair_is_mysql() ? &instrumented : &plain;
}

/* Without waiting for what it answers. */
static void ask(MYSQL *mysql, const char *sql)
{
    assert_int_equal(mysql_send_query(mysql, sql, strlen(sql)), 0);
}

static void hear(MYSQL *mysql)
{
    if (mysql_read_query_result(mysql) != 0)
        fail_msg("%s", mysql_error(mysql));
    mysql_free_result(mysql_store_result(mysql));
}

static bool is_pid(const struct sample *sample, size_t row, MYSQL *mysql)
{
    return strtoull(cell_of(sample, row, LOCK_PID), NULL, 10) == mysql_thread_id(mysql);
}

static bool is_calm(const struct sample *sample)
{
    return sample->known && metric(sample, "waiting") == 0 && sample->row_count == 0;
}

static bool two_wait(const struct sample *sample)
{
    return metric(sample, "waiting") == 2;
}

static bool two_wait_known(const struct sample *sample)
{
    return metric(sample, "waiting") == 2 && is_pid(sample, 0, others[0]) && sample->row_count == 3;
}

/* ---- rows ---- */

static void test_rows(void **state)
{
    struct watched watched;
    (void)state;
    use(tells_rows());
    watch_mysql(&watched, MONITOR_TYPE_LOCKS, used->dsn[MY_PRIMARY], NULL);
    until_sample(&watched, is_calm);
    my_value(others[0], "BEGIN");
    my_value(others[0], "UPDATE t SET v = 2 WHERE id = 1");
    ask(others[1], "/* tminus:r1:step */ UPDATE t SET v = 3 WHERE id = 1");
    ask(others[2], "UPDATE t SET v = 4 WHERE id = 1");
    until_sample(&watched, two_wait_known);
    const struct sample *sample = watched.last;
    assert_string_equal(cell_of(sample, 0, LOCK_STATE), "idle in tx");
    assert_string_equal(cell_of(sample, 0, LOCK_WHY), "root");
    assert_string_equal(cell_of(sample, 0, LOCK_MODE), "row lock held");
    assert_string_equal(cell_of(sample, 0, LOCK_BEHIND), "2");
    for (size_t i = 1; i < 3; i++) {
        assert_in_range(sample->rows[i].depth, 1, 2); /* the later one may be said to wait for the earlier */
        assert_string_equal(cell_of(sample, i, LOCK_WHY), "hard");
        assert_string_equal(cell_of(sample, i, LOCK_OBJECT), my_pair_is_mysql() ? "a row" : "shop.t row");
        assert_string_equal(cell_of(sample, i, LOCK_MODE), my_pair_is_mysql() ? "row" : "X");
        assert_string_not_equal(cell_of(sample, i, LOCK_WAIT), "");
        assert_int_equal(sample->rows[i].ours, is_pid(sample, i, others[1]));
    }
    /* MySQL's process list has whole seconds. */
    assert_true(metric(sample, "roots") == 1 &&
                (my_pair_is_mysql() || metric(sample, "longest_wait_seconds") > 0));
    my_value(others[0], "ROLLBACK");
    hear(others[1]);
    hear(others[2]);
    until_sample(&watched, is_calm);
    stop_watching(&watched);
}

static void until_value(const char *sql, const char *want)
{
    for (int i = 0; i < 2000 && strcmp(my_value(admin, sql), want) != 0; i++)
        (void)usleep(10000);
    assert_string_equal(my_value(admin, sql), want);
}

/* ---- metadata ---- */

/* An ALTER that waits for an open transaction, and a SELECT that queues behind it. */
static void queue_up(const char *alter, const char *select)
{
    my_value(others[0], "BEGIN");
    my_value(others[0], "SELECT * FROM t");
    ask(others[1], alter);
    until_value("SELECT count(*) FROM information_schema.processlist"
                " WHERE state = 'Waiting for table metadata lock'",
                "1");
    ask(others[2], select);
}

static void let_go(struct watched *watched)
{
    my_value(others[0], "COMMIT");
    hear(others[1]);
    hear(others[2]);
    until_sample(watched, is_calm);
}

static void check_queue(const struct sample *sample)
{
    assert_true(is_pid(sample, 1, others[1]) && is_pid(sample, 2, others[2]));
    assert_string_equal(cell_of(sample, 0, LOCK_MODE), "SHARED_READ held");
    assert_string_equal(cell_of(sample, 0, LOCK_OBJECT), "shop.t");
    assert_string_equal(cell_of(sample, 0, LOCK_BEHIND), "2");
    assert_string_equal(cell_of(sample, 1, LOCK_MODE), "EXCLUSIVE");
    assert_string_equal(cell_of(sample, 1, LOCK_WHY), "hard");
    assert_int_equal(sample->rows[1].depth, 1);
    assert_string_equal(cell_of(sample, 2, LOCK_MODE), "SHARED_READ");
    assert_string_equal(cell_of(sample, 2, LOCK_WHY), "queue");
    assert_string_equal(cell_of(sample, 2, LOCK_OBJECT), "shop.t");
    assert_int_equal(sample->rows[2].depth, 2);
    assert_true(metric(sample, "roots") == 1);
}

static void queue_is_seen(const struct my_pair *pair)
{
    struct watched watched;
    use(pair);
    watch_mysql(&watched, MONITOR_TYPE_LOCKS, pair->dsn[MY_PRIMARY], NULL);
    until_sample(&watched, is_calm);
    queue_up("/* tminus:r1:step */ ALTER TABLE t ADD a int", "SELECT * FROM t");
    until_sample(&watched, two_wait_known);
    check_queue(watched.last);
    assert_true(watched.last->rows[1].ours && !watched.last->rows[2].ours);
    assert_true(metric(watched.last, "behind_us") == 1);
    let_go(&watched);
    queue_up("ALTER TABLE t ADD b int", "/* tminus:r1:probe */ SELECT * FROM t");
    until_sample(&watched, two_wait_known);
    check_queue(watched.last);
    assert_true(!watched.last->rows[1].ours && watched.last->rows[2].ours);
    assert_true(metric(watched.last, "behind_us") == 0);
    let_go(&watched);
    stop_watching(&watched);
}

/* Nobody tells who it is: the tree says so, and is not empty. */
static void test_nothing_tells(void **state)
{
    struct watched watched;
    (void)state;
    use(&plain);
    watch_mysql(&watched, MONITOR_TYPE_LOCKS, plain.dsn[MY_PRIMARY], NULL);
    queue_up("ALTER TABLE t ADD a int", "SELECT * FROM t");
    until_sample(&watched, two_wait);
    assert_int_equal(watched.last->row_count, 3);
    assert_string_equal(
        cell_of(watched.last, 0, LOCK_WHO),
        my_pair_is_mysql() ? "holder not known: performance_schema is off or not to be read (GRANT SELECT ON "
                             "performance_schema.*)"
                           : "holder not known: performance_schema is off or not to be read, and there is no "
                             "metadata_lock_info");
    assert_string_equal(cell_of(watched.last, 0, LOCK_PID), "");
    assert_string_equal(cell_of(watched.last, 0, LOCK_BEHIND), "2");
    assert_int_equal(watched.last->rows[1].depth, 1);
    assert_int_equal(watched.last->rows[2].depth, 1);
    let_go(&watched);
    stop_watching(&watched);
}

static void test_plugin(void **state)
{
    (void)state;
    if (my_pair_is_mysql())
        return; /* which has none */
    use(&plain);
    my_value(admin, "INSTALL SONAME 'metadata_lock_info'");
    queue_is_seen(&plain);
}

static void test_performance_schema(void **state)
{
    (void)state;
    queue_is_seen(&instrumented);
}

/* As we say it, or the server. */
static bool is_denied(const struct sample *sample)
{
    return !sample->known &&
           (strstr(sample->why, "PROCESS") != NULL || strstr(sample->why, "XA_RECOVER_ADMIN") != NULL);
}

static void test_blind(void **state)
{
    struct watched watched;
    char dsn[250];
    static const enum monitor_type types[] = { MONITOR_TYPE_LOCKS, MONITOR_TYPE_TRANSACTIONS,
                                               MONITOR_TYPE_PROGRESS };
    (void)state;
    use(&plain);
    my_value(admin, "CREATE USER blind@localhost");
    my_value(admin, "GRANT SELECT ON *.* TO blind@localhost");
    snprintf(dsn, sizeof(dsn), "unix_socket=%s/s0 user=blind", plain.dir);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        watch_mysql(&watched, types[i], dsn, NULL);
        until_sample(&watched, is_denied);
        stop_watching(&watched);
    }
}

/* ---- beside somebody who asks for transactions all the time ---- */

/* It has asked once when this returns, and ends with the test, whose servers are not to wait for it. */
static pid_t start_poller(void)
{
    int ready[2];
    char byte = 'y';
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid != 0) {
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(plain.keeper.control);
    close(instrumented.keeper.control);
    close(ready[0]);
    MYSQL *mysql = my_pair_connect(used, MY_PRIMARY);
    for (int i = 0;; i++) {
        (void)my_value(mysql, "SELECT count(*) FROM information_schema.innodb_trx");
        if (i == 0 && write(ready[1], &byte, 1) != 1)
            _exit(1);
        (void)usleep(20000);
    }
}

static bool is_said_or_known_to_wait(const struct sample *sample)
{
    if (sample->known && metric(sample, "waiting") < 1)
        fail_msg("somebody waits, and the sample says %g", metric(sample, "waiting"));
    return sample->known || strstr(sample->why, "old copy") != NULL;
}

static bool is_said_or_known_to_idle(const struct sample *sample)
{
    if (sample->known && metric(sample, "idle_in_transaction") < 1)
        fail_msg("a transaction idles, and the sample says %g", metric(sample, "idle_in_transaction"));
    return sample->known || strstr(sample->why, "old copy") != NULL;
}

static bool one_waits(const struct sample *sample)
{
    return metric(sample, "waiting") == 1;
}

/* The server's answer does not change while somebody asks every 20 ms. */
static void test_old_copy(void **state)
{
    struct watched watched;
    (void)state;
    use(tells_rows());
    pid_t poller = start_poller();
    my_value(others[0], "BEGIN");
    my_value(others[0], "UPDATE t SET v = 2 WHERE id = 1");
    watch_mysql(&watched, MONITOR_TYPE_TRANSACTIONS, used->dsn[MY_PRIMARY], NULL);
    for (int i = 0; i < 3; i++)
        until_sample(&watched, is_said_or_known_to_idle);
    stop_watching(&watched);
    ask(others[1], "UPDATE t SET v = 3 WHERE id = 1");
    until_value("SHOW GLOBAL STATUS WHERE variable_name = 'Innodb_row_lock_current_waits' AND value = '1'",
                "Innodb_row_lock_current_waits");
    watch_mysql(&watched, MONITOR_TYPE_LOCKS, used->dsn[MY_PRIMARY], NULL);
    for (int i = 0; i < 3; i++)
        until_sample(&watched, is_said_or_known_to_wait);
    (void)kill(poller, SIGKILL);
    (void)waitpid(poller, NULL, 0);
    until_sample(&watched, one_waits);
    my_value(others[0], "ROLLBACK");
    hear(others[1]);
    until_sample(&watched, is_calm);
    stop_watching(&watched);
}

/* ---- what it costs ---- */

/* Seconds of processor time that the server has used. */
static double server_seconds(void)
{
    char path[64], line[1024];
    unsigned long user = 0, sys = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)my_pair_pid(used, MY_PRIMARY));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    (void)fclose(file);
    const char *at = strrchr(line, ')');
    assert_int_equal(sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys), 2);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static bool crowd_waits(const struct sample *sample)
{
    return metric(sample, "waiting") == CROWD;
}

static double load_over(struct watched *watched, int ms)
{
    uint64_t since = uv_hrtime();
    double before = server_seconds();
    run_for(&watched->loop, ms);
    return (server_seconds() - before) / ((double)(uv_hrtime() - since) / 1e9);
}

/* At the pace that a book has when it says none. */
static void test_cost(void **state)
{
    struct watched watched;
    MYSQL *crowd[CROWD];
    (void)state;
    use(tells_rows());
    my_value(others[0], "BEGIN");
    my_value(others[0], "UPDATE t SET v = 2 WHERE id = 1");
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = my_pair_connect(used, MY_PRIMARY);
        ask(crowd[i], "UPDATE t SET v = 3 WHERE id = 1");
    }
    watch_mysql(&watched, MONITOR_TYPE_LOCKS, used->dsn[MY_PRIMARY], NULL);
    until_sample(&watched, crowd_waits);
    double first = metric(watched.last, "roots");
    monitor_pace(watched.monitor, SECOND_US);
    double with = load_over(&watched, 10000);
    assert_true(crowd_waits(watched.last));
    stop_watching(&watched);
    uv_loop_init(&watched.loop);
    double without = load_over(&watched, 3000);
    run_out(&watched.loop);
    print_message("%d waiters: the server uses %.2f %% of a core, %.2f %% unwatched\n", CROWD, with * 100,
                  without * 100);
    assert_true(first >= 1);
    assert_true(with - without < 0.2);
    my_value(others[0], "ROLLBACK");
    for (size_t i = 0; i < CROWD; i++) {
        hear(crowd[i]);
        mysql_close(crowd[i]);
    }
}

/* ---- transactions, progress ---- */

static bool one_idles(const struct sample *sample)
{
    return metric(sample, "idle_in_transaction") == 1 && metric(sample, "oldest_seconds") >= 1;
}

static bool one_is_prepared(const struct sample *sample)
{
    return metric(sample, "prepared") == 1;
}

static bool nothing_is_old(const struct sample *sample)
{
    return sample->known && metric(sample, "oldest_seconds") == 0 && metric(sample, "prepared") == 0;
}

static void test_transactions(void **state)
{
    struct watched watched;
    (void)state;
    use(&plain);
    watch_mysql(&watched, MONITOR_TYPE_TRANSACTIONS, plain.dsn[MY_PRIMARY], NULL);
    until_sample(&watched, nothing_is_old);
    my_value(others[0], "BEGIN");
    my_value(others[0], "SELECT * FROM t");
    until_sample(&watched, one_idles);
    assert_true(is_pid(watched.last, 0, others[0])); /* TX_PID is the first cell, too */
    assert_string_equal(cell_of(watched.last, 0, TX_STATE), "idle in tx");
    my_value(others[0], "COMMIT");
    my_value(others[1], "XA START 'moved'");
    my_value(others[1], "UPDATE t SET v = 9 WHERE id = 2");
    my_value(others[1], "XA END 'moved'");
    my_value(others[1], "XA PREPARE 'moved'");
    until_sample(&watched, one_is_prepared);
    assert_string_equal(watched.last->why, "prepared (XA): 'moved'");
    my_value(others[1], "XA ROLLBACK 'moved'");
    until_sample(&watched, nothing_is_old);
    stop_watching(&watched);
}

static bool runs(const struct sample *sample)
{
    return metric(sample, "running") == 1;
}

static bool rests(const struct sample *sample)
{
    return sample->known && metric(sample, "running") == 0;
}

static bool does_not_tell_stages(const struct sample *sample)
{
    return !sample->known && strstr(sample->why, "events_stages_current") != NULL;
}

static void test_progress(void **state)
{
    struct watched watched;
    (void)state;
    use(tells_rows());
    if (my_pair_is_mysql())
        my_value(admin, "SET cte_max_recursion_depth = 400000");
    my_value(admin, my_pair_is_mysql()
                        ? "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1"
                          " FROM n WHERE i < 400000) SELECT i, i FROM n"
                        : "INSERT INTO t SELECT seq, seq FROM seq_3_to_400000");
    watch_mysql(&watched, MONITOR_TYPE_PROGRESS, used->dsn[MY_PRIMARY], NULL);
    if (my_pair_is_mysql()) {
        until_sample(&watched, does_not_tell_stages);
        my_value(admin, "UPDATE performance_schema.setup_consumers SET enabled = 'YES'"
                        " WHERE name = 'events_stages_current'");
    }
    until_sample(&watched, rests);
    monitor_pace(watched.monitor, 50 * MS_US);
    ask(others[0], "/* tminus:r1:step */ ALTER TABLE t ADD c int FIRST, ALGORITHM = COPY");
    until_sample(&watched, runs);
    assert_true(watched.last->rows[0].ours);
    assert_non_null(strstr(cell_of(watched.last, 0, PROGRESS_WHAT), "ALTER TABLE t"));
    assert_non_null(
        strstr(cell_of(watched.last, 0, PROGRESS_PHASE), my_pair_is_mysql() ? "copy to tmp table" : "1/2 "));
    assert_true(metric(watched.last, "percent") >= 0 && metric(watched.last, "percent") <= 100);
    hear(others[0]);
    until_sample(&watched, rests);
    stop_watching(&watched);
}

static int set_up(void **state)
{
    (void)state;
    plain.options[0] = instrumented.options[0] = "--max-connections=150";
    instrumented.options[1] = "--performance-schema=ON";
    instrumented.options[2] = "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON";
    return my_pair_start(&plain, 1) < 0 || my_pair_start(&instrumented, 1) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    use(&plain);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        mysql_close(others[i]);
    mysql_close(admin);
    my_pair_stop(&instrumented); /* its keeper, which was started later, has the other one's pipe open */
    my_pair_stop(&plain);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_nothing_tells),
        cmocka_unit_test(test_plugin),   cmocka_unit_test(test_performance_schema),
        cmocka_unit_test(test_blind),    cmocka_unit_test(test_old_copy),
        cmocka_unit_test(test_cost),     cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
