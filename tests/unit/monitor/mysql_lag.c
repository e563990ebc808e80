/* Lag of a real replica, with its faults: a MariaDB, or by hand a MySQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "support/my_pair.h"
#include "watched.h"

#define TABLE "`tminus heartbeat r1`"

static struct my_pair pair;
static MYSQL *admin, *replica;

static bool is_small_and_denied(const struct sample *sample)
{
    return is_small(sample) && strstr(sample->why, "denied") != NULL;
}

static bool is_over_half(const struct sample *sample)
{
    return metric(sample, "seconds") > 0.5;
}

static bool is_over_two(const struct sample *sample)
{
    return metric(sample, "seconds") > 2;
}

static bool table_is_there(void)
{
    return strcmp(my_value(admin, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'shop'"
                                  " AND table_name = 'tminus heartbeat r1'"),
                  "0") != 0;
}

static void start(struct watched *watched)
{
    watch_mysql(watched, MONITOR_TYPE_LAG, pair.dsn[MY_REPLICA], pair.dsn[MY_PRIMARY]);
}

/* ---- a link that can be cut without being closed: a proxy that is stopped ---- */

static int loopback(int port, bool listening)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int r = listening ? bind(fd, (struct sockaddr *)&at, sizeof(at))
                      : connect(fd, (struct sockaddr *)&at, sizeof(at));
    return r == 0 && (!listening || listen(fd, 8) == 0) ? fd : -1;
}

static bool copy(int from, int to)
{
    char bytes[65536];
    ssize_t len = read(from, bytes, sizeof(bytes));
    for (ssize_t at = 0, sent; at < len; at += sent) {
        sent = write(to, bytes + at, (size_t)(len - at));
        if (sent < 0)
            return false;
    }
    return len > 0;
}

static void forward(int client, int server)
{
    struct pollfd fds[] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
    while (poll(fds, 2, -1) > 0) {
        if ((fds[0].revents != 0 && !copy(client, server)) || (fds[1].revents != 0 && !copy(server, client)))
            break;
    }
    close(client);
    close(server);
}

static pid_t start_proxy(int to, int *ret_port)
{
    struct sockaddr_in at;
    socklen_t len = sizeof(at);
    int listener = loopback(0, true);
    assert_true(listener >= 0 && getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    *ret_port = ntohs(at.sin_port);
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)signal(SIGPIPE, SIG_IGN);
        for (;;)
            forward(accept(listener, NULL, NULL), loopback(to, false));
    }
    close(listener);
    return pid;
}

static void follow_through(int port)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "CHANGE %s_port = %d",
             my_pair_is_mysql() ? "REPLICATION SOURCE TO source" : "MASTER TO master", port);
    my_value(replica, "STOP REPLICA");
    my_value(replica, sql);
    my_value(replica, "START REPLICA");
}

/* ---- tests ---- */

static void test_idle(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    assert_true(table_is_there());
    for (int i = 0; i < 10; i++)
        until_sample(&watched, is_known);
    until_sample(&watched, is_small);
    assert_true(metric(watched.last, "transactions") >= 0);
    assert_true(metric(watched.last, "bytes") < 0);
    assert_int_equal(watched.last->row_count, 1);
    assert_true(watched.last->rows[0].ours);
    assert_string_equal(cell_of(watched.last, 0, LAG_KIND), "binlog");
    assert_non_null(strstr(cell_of(watched.last, 0, LAG_NAME), "from 127.0.0.1:"));
    assert_non_null(strstr(cell_of(watched.last, 0, LAG_STATE), "IO Yes, SQL Yes, says "));
    stop_watching(&watched);
    assert_string_equal(watched.left_behind, "");
    assert_false(table_is_there());
}

/* The replica says that it is not behind, for as long as it has not noticed. */
static void test_link_cut(void **state)
{
    struct watched watched;
    int port;
    (void)state;
    pid_t proxy = start_proxy(pair.port[MY_PRIMARY], &port);
    follow_through(port);
    start(&watched);
    until_sample(&watched, is_small);
    uint64_t since = uv_hrtime();
    run_for(&watched.loop, 400);
    until_sample(&watched, is_small); /* so that no beat of before counts */
    assert_int_equal(kill(proxy, SIGSTOP), 0);
    uint64_t cut = uv_hrtime();
    until_sample(&watched, is_over_half);
    print_message("cut: %.2f s later it read %.2f s\n", (double)(uv_hrtime() - cut) / 1e9,
                  metric(watched.last, "seconds"));
    until_sample(&watched, is_over_two);
    double really = (double)(uv_hrtime() - since) / 1e9;
    assert_true(metric(watched.last, "seconds") <= really);
    assert_string_equal(cell_of(watched.last, 0, LAG_STATE), "IO Yes, SQL Yes, says 0 s behind");
    assert_int_equal(kill(proxy, SIGCONT), 0);
    until_sample(&watched, is_small);
    stop_watching(&watched);
    follow_through(pair.port[MY_PRIMARY]);
    kill(proxy, SIGKILL);
    waitpid(proxy, NULL, 0);
}

static void test_sql_thread_stopped(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    my_value(replica, "STOP REPLICA SQL_THREAD");
    until_sample(&watched, is_over_half);
    until_sample(&watched, is_over_two);
    assert_string_equal(cell_of(watched.last, 0, LAG_STATE), "IO Yes, SQL No, says NULL s behind");
    assert_true(metric(watched.last, "transactions") > 0);
    my_value(replica, "START REPLICA");
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

static void test_never_came_back(void **state)
{
    struct watched watched;
    (void)state;
    my_value(replica, "STOP REPLICA");
    start(&watched);
    expect_no_beat(&watched);
    my_value(replica, "START REPLICA");
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

static void test_rights(void **state)
{
    struct watched watched;
    char dsn[2][250];
    (void)state;
    my_value(admin, "CREATE USER plain@localhost");
    my_value(admin, "GRANT SELECT ON shop.* TO plain@localhost");
    for (int i = 0; i < 2; i++)
        snprintf(dsn[i], sizeof(dsn[i]), "unix_socket=%s/s%d user=plain dbname=shop", pair.dir, i);
    /* It may not make the table. */
    watch_mysql(&watched, MONITOR_TYPE_LAG, pair.dsn[MY_REPLICA], dsn[MY_PRIMARY]);
    until_sample(&watched, is_without_heartbeat);
    stop_watching(&watched);
    /* It may read the table on the replica, and not what the replica says of itself. */
    watch_mysql(&watched, MONITOR_TYPE_LAG, dsn[MY_REPLICA], pair.dsn[MY_PRIMARY]);
    until_sample(&watched, is_small_and_denied);
    assert_int_equal(watched.last->row_count, 0);
    assert_true(metric(watched.last, "transactions") < 0);
    stop_watching(&watched);
}

/* The replica still has the row of a run that is over, and gets no other. */
static void test_old_row_on_the_replica(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    my_value(replica, "STOP REPLICA SQL_THREAD");
    stop_watching(&watched);
    start(&watched);
    expect_no_beat(&watched);
    my_value(replica, "START REPLICA SQL_THREAD");
    until_sample(&watched, is_small);
    stop_watching(&watched);
}

/* The table may be left from a run that was killed, with a higher number than ours. */
static void test_table_of_an_earlier_run(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    unwatch(&watched); /* destroyed, not stopped: it stays */
    assert_true(table_is_there());
    my_value(admin, "UPDATE " TABLE " SET seq = 9000000000000000");
    start(&watched);
    until_sample(&watched, is_small);
    assert_true(strtol(my_value(admin, "SELECT seq FROM " TABLE), NULL, 10) > 9000000000000000);
    my_value(admin, "DROP TABLE " TABLE);
    until_sample(&watched, is_unknown);
    until_sample(&watched, is_small); /* made again */
    stop_watching(&watched);
    assert_false(table_is_there());
}

/* Last: the server is gone for good. */
static void test_replica_killed(void **state)
{
    struct watched watched;
    (void)state;
    start(&watched);
    until_sample(&watched, is_small);
    kill(my_pair_pid(&pair, MY_REPLICA), SIGKILL);
    until_sample(&watched, is_unknown_of_the_replica);
    for (int i = 0; i < 3; i++) /* and stays so */
        until_sample(&watched, is_unknown);
    stop_watching(&watched);
    assert_string_equal(watched.left_behind, "");
}

static int set_up(void **state)
{
    (void)state;
    if (my_pair_start(&pair, 2) < 0)
        return -1;
    admin = my_pair_connect(&pair, MY_PRIMARY);
    replica = my_pair_connect(&pair, MY_REPLICA);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mysql_close(admin);
    mysql_close(replica);
    my_pair_stop(&pair);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_link_cut),
        cmocka_unit_test(test_sql_thread_stopped),
        cmocka_unit_test(test_never_came_back),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_old_row_on_the_replica),
        cmocka_unit_test(test_table_of_an_earlier_run),
        cmocka_unit_test(test_replica_killed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
