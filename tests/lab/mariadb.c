/* A MariaDB primary and its replica: up, used, down, and killed in the middle. */
#include "helper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 60000 /* it takes 2 s; a machine that does other things, too, takes longer */

/* What MariaDB's client says of that server; valid until the next call. */
static const char *client(const char *dir, const char *server, const char *user, const char *sql)
{
    static char said[512];
    char socket[200];
    int out = memfd_create("out", MFD_CLOEXEC);
    (void)snprintf(socket, sizeof(socket), "--socket=%s/sockets/%s", dir, server);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out, 1);
        dup2(out, 2);
        execlp("mariadb", "mariadb", "--no-defaults", "--batch", "--skip-column-names", socket, "--user",
               user, "--execute", sql, "shop", (char *)NULL);
        _exit(126);
    }
    (void)lab_end(pid); /* what went wrong stands in what it said */
    ssize_t len = pread(out, said, sizeof(said) - 1, 0);
    close(out);
    said[len > 0 ? len : 0] = '\0';
    said[strcspn(said, "\n")] = '\0';
    return said;
}

static void await_row(const char *dir, const char *server, const char *sql, const char *want)
{
    for (int64_t end = now_ms() + LIMIT_MS; now_ms() < end; sleep_ms(20)) {
        if (strcmp(client(dir, server, "operator", sql), want) == 0)
            return;
    }
    assert_string_equal(client(dir, server, "operator", sql), want);
}

static void check_contents(const char *dir)
{
    static const struct {
        const char *server, *user, *sql, *want;
    } cases[] = {
        { "primary", "operator", "SELECT count(*) FROM users", "200000" },
        { "replica", "operator", "SELECT count(*) FROM orders", "50000" },
        { "primary", "operator", "SELECT count(*) FROM orders WHERE user_id NOT BETWEEN 1 AND 200000", "0" },
        { "replica", "operator", "SELECT @@read_only", "1" },
        { "primary", "operator", "SELECT @@gtid_strict_mode, @@binlog_format", "1\tROW" },
        { "replica", "operator", "SELECT @@skip_networking", "1" },
        { "primary", "operator", "SELECT @@bind_address", "127.0.0.1" },
        { "primary", "operator",
          "SELECT group_concat(user ORDER BY user) FROM mysql.user WHERE host <> 'localhost'", "replica" },
        { "primary", "app", "INSERT INTO users (email) VALUES ('new') RETURNING id", "200001" },
        { "primary", "app", "INSERT INTO orders (user_id, total) VALUES (1, 2.5) RETURNING id", "50001" },
        { "primary", "app", "SELECT group_concat(schema_name) FROM information_schema.schemata",
          "information_schema,shop" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(client(dir, cases[i].server, cases[i].user, cases[i].sql), cases[i].want);
}

static void kill_server(const char *dir, const char *data)
{
    char path[300];
    int pid = 0;
    (void)snprintf(path, sizeof(path), "%s/%s/server.pid", dir, data);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    (void)fclose(file);
    assert_int_equal(kill(pid, SIGKILL), 0);
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    while (access(path, F_OK) == 0)
        sleep_ms(2);
}

/* The password of the replica is nobody's to read. */
static void check_modes(const char *dir)
{
    static const char *const names[] = { "private", "sockets", "primary", "replica" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[300];
        struct stat st;
        (void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0700);
    }
}

static void test_up_and_down(void **state)
{
    const char *dir = in_base("lab");
    (void)state;
    int64_t began = now_ms();
    struct said up = lab("up", "mariadb-pair", "--dir", dir, NULL);
    int64_t took = now_ms() - began;
    print_message("lab up: %d ms\n", (int)took);
    assert_string_equal(up.err, "");
    assert_int_equal(up.status, 0);
    assert_true(took < LIMIT_MS);
    assert_int_equal(strncmp(up.out, dir, strlen(dir)), 0);
    assert_string_equal(up.out + strlen(dir), "/targets.json\n");

    check_contents(dir);
    check_modes(dir);
    await_row(dir, "replica", "SELECT count(*) FROM users", "200001");
    struct said status = lab("status", "--dir", dir, NULL);
    assert_int_equal(status.status, 0);
    assert_non_null(strstr(status.out, "up, without load\nprimary  primary, streaming\n"
                                       "replica  replica, following\n"));

    struct said again = lab("up", "mariadb-pair", "--load", "--dir", dir, NULL);
    assert_int_equal(again.status, 0);
    assert_non_null(strstr(again.err, "up already"));
    assert_non_null(strstr(lab("status", "--dir", dir, NULL).out, "up, with load"));
    await_row(dir, "replica", "SELECT count(*) > 50020 FROM orders", "1");
    await_row(dir, "replica", "SELECT count(*) > 200005 FROM users", "1");

    kill_server(dir, "primary");
    status = lab("status", "--dir", dir, NULL);
    assert_int_equal(status.status, 1);
    assert_non_null(strstr(status.out, "primary  does not answer\n"));
    again = lab("up", "mariadb-pair", "--dir", dir, NULL);
    assert_int_equal(again.status, 1);
    assert_non_null(strstr(again.err, "not whole any more: run \"tminus lab down --dir"));
    struct said down = lab("down", "--dir", dir, NULL);
    assert_string_equal(down.err, "");
    assert_int_equal(down.status, 0);
    assert_nothing_left(dir);
}

/* What `up` makes, in its order: being there means that it is in the middle of that. */
static void test_up_killed(void **state)
{
    static const char *const milestones[] = { "primary/mysql", "replica/mysql", "replica/server.pid" };
    (void)state;
    up_killed("mariadb-pair", milestones, ARRAY_LEN(milestones));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_up_and_down, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_up_killed, make_base, remove_base),
    };
    return lab_test_main(argc, argv, "lab-mariadb", tests, ARRAY_LEN(tests));
}
