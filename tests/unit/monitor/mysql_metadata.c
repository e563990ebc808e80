/* The matrix of metadata locks against what a real server does (a MySQL, by hand): whoever asks for a lock
 * beside others waits exactly when the matrix says so of the locks that these hold and wait for. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "monitor/mysql_waits.h"
#include "support/my_pair.h"

#define LOCKS_MAX 40
/* MariaDB 10.11 has no word for it. */
#define MODE "coalesce(nullif(m.lock_type, ''), 'SHARED_READ_ONLY')"

static struct my_pair pair;
static MYSQL *admin;

/* What others have done, and may wait for, when somebody asks. */
static const struct {
    const char *texts[2][2];
} scenes[] = {
    { { { "BEGIN", "SELECT * FROM t" } } },
    { { { "BEGIN", "UPDATE t SET v = 5 WHERE id = 1" } } },
    { { { "BEGIN", "UPDATE LOW_PRIORITY t SET v = 5 WHERE id = 1" } } },
    { { { "LOCK TABLES t READ" } } },
    { { { "LOCK TABLES t WRITE" } } },
    { { { "FLUSH TABLES t WITH READ LOCK" } } },
    { { { "BEGIN", "SELECT * FROM t" }, { "ALTER TABLE t COMMENT = 'a'" } } },
    { { { "BEGIN", "SELECT * FROM t" }, { "LOCK TABLES t WRITE" } } },
    { { { "BEGIN", "SELECT * FROM t" }, { "RENAME TABLE t TO t2" } } },
    { { { "BEGIN", "UPDATE t SET v = 5 WHERE id = 1" }, { "LOCK TABLES t READ" } } },
    { { { "LOCK TABLES t READ" }, { "UPDATE t SET v = 6 WHERE id = 2" } } },
    { { { "LOCK TABLES t READ" }, { "UPDATE LOW_PRIORITY t SET v = 6 WHERE id = 2" } } },
    { { { "BEGIN", "SELECT * FROM u" }, { "RENAME TABLE t TO t2, u TO u2" } } }, /* it has t already */
};

/* What is asked, and the first lock of t that it takes, where a wait does not tell it. */
static const struct {
    const char *text, *mode;
} asked[] = {
    { "SELECT * FROM t", "SHARED_READ" },          { "UPDATE t SET v = 7 WHERE id = 3", "SHARED_WRITE" },
    { "LOCK TABLES t READ", "SHARED_READ_ONLY" },  { "LOCK TABLES t WRITE", "SHARED_NO_READ_WRITE" },
    { "SHOW COLUMNS FROM t", "SHARED_HIGH_PRIO" }, { "ALTER TABLE t COMMENT = 'b'", "SHARED_UPGRADABLE" },
};

struct held {
    char mode[40];
    bool granted;
};

/* Of t, by all but that connection. */
static size_t locks_of_others(MYSQL *mysql, struct held ret[LOCKS_MAX])
{
    char sql[400];
    size_t count = 0;
    snprintf(
        sql, sizeof(sql),
        "SELECT " MODE ", m.lock_status = 'GRANTED' FROM performance_schema.metadata_locks m JOIN"
        " performance_schema.threads t ON t.thread_id = m.owner_thread_id WHERE m.object_type = 'TABLE' AND"
        " m.object_name = 't' AND t.processlist_id NOT IN (%lu, connection_id())",
        mysql_thread_id(mysql));
    assert_int_equal(mysql_query(admin, sql), 0);
    MYSQL_RES *res = mysql_store_result(admin);
    for (MYSQL_ROW row; (row = mysql_fetch_row(res)) != NULL && count < LOCKS_MAX; count++) {
        snprintf(ret[count].mode, sizeof(ret[count].mode), "%s", row[0]);
        ret[count].granted = row[1][0] == '1';
    }
    mysql_free_result(res);
    return count;
}

static bool should_wait(const char *mode, const struct held *locks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (locks[i].granted ? mysql_metadata_conflicts(mode, locks[i].mode)
                             : mysql_metadata_behind(mode, locks[i].mode))
            return true;
    }
    return false;
}

/* The mode of a lock that the connection waits for, or one of t that it holds; "" when there is none. */
static const char *mode_of(MYSQL *mysql, const char *status)
{
    char sql[400];
    snprintf(sql, sizeof(sql),
             "SELECT " MODE " FROM performance_schema.metadata_locks m JOIN performance_schema.threads t ON"
             " t.thread_id = m.owner_thread_id WHERE (m.lock_status = 'PENDING' OR m.object_name = 't') AND"
             " m.lock_status = '%s' AND t.processlist_id = %lu",
             status, mysql_thread_id(mysql));
    return my_value(admin, sql);
}

/* A lock that is had at once is pending, too, for a moment. */
static bool is_waiting(MYSQL *mysql)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM information_schema.processlist WHERE id = %lu AND state LIKE 'Waiting for "
             "%%lock'",
             mysql_thread_id(mysql));
    return strcmp(my_value(admin, sql), "0") != 0;
}

/* What the connection waits for; "" when its statement has ended. */
static const char *wanted_by(MYSQL *mysql)
{
    struct pollfd fd = { .fd = (int)mysql->net.fd, .events = POLLIN };
    for (int i = 0; i < 10000; i++) {
        if (poll(&fd, 1, 2) > 0)
            return "";
        const char *mode = is_waiting(mysql) ? mode_of(mysql, "PENDING") : "";
        if (mode[0] != '\0')
            return mode;
    }
    fail_msg("a statement neither waits nor ends");
    return NULL;
}

static void send_to(MYSQL *mysql, const char *sql)
{
    assert_int_equal(mysql_send_query(mysql, sql, strlen(sql)), 0);
}

static void ask_beside(size_t scene, size_t question)
{
    struct held locks[LOCKS_MAX];
    MYSQL *others[2], *asker = my_pair_connect(&pair, MY_PRIMARY);
    for (size_t i = 0; i < 2; i++) {
        others[i] = my_pair_connect(&pair, MY_PRIMARY);
        for (size_t k = 0; k < 2 && scenes[scene].texts[i][k] != NULL; k++) {
            send_to(others[i], scenes[scene].texts[i][k]);
            if (wanted_by(others[i])[0] == '\0') {
                assert_int_equal(mysql_read_query_result(others[i]), 0);
                mysql_free_result(mysql_store_result(others[i]));
            }
        }
    }
    size_t count = locks_of_others(asker, locks);
    assert_in_range(count, 1, LOCKS_MAX - 1);
    send_to(asker, asked[question].text);
    char wants[40];
    snprintf(wants, sizeof(wants), "%s", wanted_by(asker));
    bool waits = wants[0] != '\0';
    if (!waits) /* LOCK TABLES ... READ is not the same everywhere */
        snprintf(wants, sizeof(wants), "%s", mode_of(asker, "GRANTED"));
    const char *mode = wants[0] != '\0' ? wants : asked[question].mode;
    if (should_wait(mode, locks, count) != waits)
        fail_msg("%s, %s: %s beside %s%s: it %s", scenes[scene].texts[0][0],
                 scenes[scene].texts[1][0] ? scenes[scene].texts[1][0] : "", mode, locks[0].mode,
                 locks[0].granted ? "" : " (waiting)", waits ? "waits" : "does not wait");
    for (size_t i = 0; i < 3; i++) {
        char sql[40];
        snprintf(sql, sizeof(sql), "KILL %lu", mysql_thread_id(i < 2 ? others[1 - i] : asker));
        my_value(admin, sql);
        mysql_close(i < 2 ? others[1 - i] : asker);
    }
    for (int i = 0;
         i < 10000 && strcmp(my_value(admin, "SELECT count(*) FROM performance_schema.metadata_locks m"
                                             " WHERE m.object_schema = 'shop'"),
                             "0") != 0;
         i++)
        usleep(2000);
}

/* MariaDB 10.11 goes on to show such a lock as SHARED_READ, which it was before it was strengthened. */
static bool locks_for_reading(size_t scene)
{
    for (size_t i = 0; i < 2; i++) {
        if (scenes[scene].texts[i][0] != NULL && strcmp(scenes[scene].texts[i][0], "LOCK TABLES t READ") == 0)
            return true;
    }
    return false;
}

static void test_matrix(void **state)
{
    (void)state;
    for (size_t s = 0; s < ARRAY_LEN(scenes); s++) {
        if (!my_pair_is_mysql() && locks_for_reading(s))
            continue;
        for (size_t q = 0; q < ARRAY_LEN(asked); q++) {
            my_value(admin, "DROP TABLE IF EXISTS t, u, t2, u2");
            my_value(admin, "CREATE TABLE t (id int PRIMARY KEY, v int)");
            my_value(admin, "CREATE TABLE u (id int PRIMARY KEY, v int)");
            my_value(admin, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)");
            ask_beside(s, q);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    pair.options[0] = "--performance-schema=ON";
    pair.options[1] = "--performance-schema-instrument=wait/lock/metadata/sql/mdl=ON";
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
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_matrix) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
