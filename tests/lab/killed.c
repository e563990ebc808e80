/* A lab whose parts die at the wrong moment: `down` leaves nothing all the same. */
#include "helper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What `up` makes, in its order: being there means that it is in the middle of that. */
static const char *const milestones[] = {
    ".tminus-lab", "initdb.log",           "primary/PG_VERSION",     "primary/postmaster.pid",
    "fill.log",    "replica/backup_label", "replica/postmaster.pid", "targets.json",
};

static void test_up_killed(void **state)
{
    (void)state;
    up_killed("pg-pair", milestones, ARRAY_LEN(milestones));
}

/* How `up` ended that was asked to at that milestone. On a busy machine it may have come to its end before it was
 * asked: what was asked of nobody says nothing, and is asked of another one. */
static int up_asked_to_end(const char *dir, const char *milestone, int signal)
{
    int status = 0;
    for (int i = 0; i < 5 && status == 0; i++) {
        if (i > 0)
            assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
        pid_t pid = up_until("pg-pair", dir, milestone);
        assert_int_equal(kill(pid, signal), 0);
        status = lab_end(pid);
    }
    return status;
}

/* Asked to end, `up` takes down itself what it made. */
static void test_up_interrupted(void **state)
{
    static const struct {
        const char *milestone;
        int signal;
    } cases[] = { { "primary/PG_VERSION", SIGINT },
                  { "fill.log", SIGTERM },
                  { "replica/postmaster.pid", SIGHUP } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *dir = in_base("interrupted");
        assert_int_equal(up_asked_to_end(dir, cases[i].milestone, cases[i].signal), -cases[i].signal);
        assert_nothing_left(dir);
    }
}

/* Under nohup a hangup is nothing. */
static void test_hangup_ignored(void **state)
{
    const char *dir = in_base("nohup");
    (void)state;
    (void)signal(SIGHUP, SIG_IGN);
    pid_t pid = up_until("pg-pair", dir, "initdb.log");
    (void)signal(SIGHUP, SIG_DFL);
    assert_int_equal(kill(pid, SIGHUP), 0);
    assert_int_equal(lab_end(pid), 0);
    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_nothing_left(dir);
}

static pid_t server_pid(const char *dir, const char *data)
{
    char path[300];
    int pid;
    (void)snprintf(path, sizeof(path), "%s/%s/postmaster.pid", dir, data);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    (void)fclose(file);
    return pid;
}

static void kill_server(const char *dir, const char *data)
{
    char path[64];
    pid_t pid = server_pid(dir, data);
    assert_int_equal(kill(pid, SIGKILL), 0);
    (void)snprintf(path, sizeof(path), "/proc/%d/exe", pid);
    while (access(path, F_OK) == 0)
        sleep_ms(2);
}

static void test_servers_killed(void **state)
{
    const char *dir = in_base("crashed");
    (void)state;
    assert_int_equal(lab("up", "pg-pair", "--load", "--dir", dir, NULL).status, 0);
    struct segments segments = segments_of(dir);
    kill_server(dir, "primary");

    struct said status = lab("status", "--dir", dir, NULL);
    assert_int_equal(status.status, 1);
    assert_non_null(strstr(status.out, "primary  port 5432: does not answer"));
    assert_non_null(strstr(status.out, "replica  port 5433: replica, following"));

    kill_server(dir, "replica");
    struct said up = lab("up", "pg-pair", "--dir", dir, NULL);
    assert_int_equal(up.status, 1);
    assert_string_equal(up.out, "");
    assert_non_null(strstr(up.err, "not whole any more: run \"tminus lab down --dir"));

    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_nothing_left(dir);
    assert_segments_gone(&segments);
}

/* A server that is stopped does not keep `status` or `down` waiting for ever. */
static void test_server_stopped(void **state)
{
    const char *dir = in_base("stopped");
    (void)state;
    assert_int_equal(lab("up", "pg-pair", "--dir", dir, NULL).status, 0);
    assert_int_equal(kill(server_pid(dir, "primary"), SIGSTOP), 0);
    assert_int_equal(lab("status", "--dir", dir, NULL).status, 1);
    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_nothing_left(dir);
}

/* Somebody who looks around in the directory is not ended with it. */
static void test_bystander(void **state)
{
    const char *dir = in_base("visited");
    (void)state;
    assert_int_equal(lab("up", "pg-pair", "--dir", dir, NULL).status, 0);
    int there[2];
    char byte = 'n';
    assert_int_equal(pipe2(there, O_CLOEXEC), 0);
    pid_t visitor = fork();
    if (visitor == 0) {
        if (chdir(dir) < 0 || write(there[1], "y", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    (void)close(there[1]);
    assert_int_equal(read(there[0], &byte, 1), 1);
    (void)close(there[0]);
    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_false(exists(dir));
    assert_int_equal(waitpid(visitor, NULL, WNOHANG), 0);
    assert_int_equal(kill(visitor, SIGKILL), 0);
    assert_int_equal(waitpid(visitor, NULL, 0), visitor);
    assert_nothing_left(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_up_killed, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_up_interrupted, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_hangup_ignored, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_servers_killed, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_server_stopped, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_bystander, make_base, remove_base),
    };
    return lab_test_main(argc, argv, "lab-killed", tests, ARRAY_LEN(tests));
}
