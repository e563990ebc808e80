/* Commands: real children that end well, badly, late, or not by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "driver/process.h"
#include "support/pg_pair.h"

static char dir[64], out_path[100];

struct ran {
    uv_loop_t loop;
    struct process *process;
    int64_t pid;
    bool done;
    struct driver_result result;
    char message[1000], output[2000];
    size_t output_len;
    int64_t heard;
};

static void on_identified(void *data, int64_t pid)
{
    struct ran *ran = data;
    assert_false(ran->done);
    ran->pid = pid;
}

static void on_output(void *data, const char *bytes, size_t len)
{
    struct ran *ran = data;
    size_t room = sizeof(ran->output) - 1 - ran->output_len, take = len < room ? len : room;
    assert_in_range(len, 1, 65536);
    memcpy(ran->output + ran->output_len, bytes, take);
    ran->output_len += take;
    ran->heard += (int64_t)len;
}

static void on_done(void *data, const struct driver_result *result)
{
    struct ran *ran = data;
    assert_false(ran->done);
    ran->done = true;
    ran->result = *result;
    snprintf(ran->message, sizeof(ran->message), "%s", result->message);
}

static const struct driver_events events = { .identified = on_identified,
                                             .output = on_output,
                                             .done = on_done };

static bool is_done(void *data)
{
    return ((struct ran *)data)->done;
}

static bool has_output(void *data)
{
    return strchr(((struct ran *)data)->output, '\n') != NULL;
}

static void begin(struct ran *ran, const struct driver_command *command)
{
    struct err err = ERR_INIT;
    memset(ran, 0, sizeof(*ran));
    assert_int_equal(uv_loop_init(&ran->loop), 0);
    if (process_start(&ran->loop, command, &events, ran, &ran->process, &err) < 0)
        fail_msg("%s", err.message);
    assert_false(ran->done);
}

static void end(struct ran *ran)
{
    if (!run_until(&ran->loop, is_done, ran, 60000))
        fail_msg("the command did not end");
    run_out(&ran->loop);
}

#define ARGV(...)                                                                                            \
    .argc = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), .argv = (const char *const[])     \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static void run_shell(struct ran *ran, const char *text)
{
    const struct driver_command command = { ARGV("sh", "-c", text), .grace_us = SECOND_US,
                                            .timeout_us = 20 * SECOND_US };
    begin(ran, &command);
    end(ran);
}

static void test_ends(void **state)
{
    static const struct {
        const char *text;
        enum driver_status want;
        const char *code, *message, *output;
    } cases[] = {
        { "echo fine; echo also >&2", DRIVER_OK, "", "", "fine\nalso\n" },
        { "exit 3", DRIVER_REJECTED, "exit 3", "exit status 3", "" },
        { "kill -KILL $$", DRIVER_REJECTED, "SIGKILL", "ended by SIGKILL", "" },
        { "kill -SEGV $$", DRIVER_REJECTED, "SIGSEGV", "ended by SIGSEGV", "" },
        { "cat; echo end", DRIVER_OK, "", "", "end\n" }, /* stdin is at its end */
        { "(: < /dev/tty) 2>/dev/null && echo tty; echo no", DRIVER_OK, "", "", "no\n" },
        { "true & true & wait; echo x", DRIVER_OK, "", "", "x\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ran ran;
        run_shell(&ran, cases[i].text);
        if (ran.result.status != cases[i].want || ran.result.clean ||
            strcmp(ran.message, cases[i].message) != 0 || strcmp(ran.result.code, cases[i].code) != 0 ||
            strcmp(ran.output, cases[i].output) != 0)
            fail_msg("%s: %s %s %s: %s", cases[i].text, driver_status_word(ran.result.status),
                     ran.result.code, ran.message, ran.output);
        assert_true(ran.pid > 0);
        assert_int_equal(ran.result.output_bytes, strlen(cases[i].output));
    }
}

static void test_not_started(void **state)
{
    struct ran ran = { .done = false };
    struct err err = ERR_INIT;
    struct driver_command command = { ARGV("/no/such/program"), .output_path = out_path, .output_max = 10 };
    (void)state;
    uv_loop_init(&ran.loop);
    assert_int_equal(process_start(&ran.loop, &command, &events, &ran, &ran.process, &err), ERR_IO);
    assert_string_equal(err.message, "cannot start /no/such/program: no such file or directory");
    assert_int_equal(access(out_path, F_OK), -1);

    command.directory = "/no/such/directory";
    assert_int_equal(process_start(&ran.loop, &command, &events, &ran, &ran.process, &err), ERR_IO);

    /* Not even a descriptor for its output. */
    struct rlimit limit, none;
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    int next = dup(0);
    close(next);
    none.rlim_cur = (rlim_t)next;
    setrlimit(RLIMIT_NOFILE, &none);
    const struct driver_command fine = { ARGV("true") };
    assert_int_equal(process_start(&ran.loop, &fine, &events, &ran, &ran.process, &err), ERR_IO);
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_non_null(strstr(err.message, "too many open files"));
    run_out(&ran.loop);
    assert_false(ran.done);
}

static void test_output_file(void **state)
{
    const struct driver_command command = { ARGV("printf", "0123456789"), .output_path = out_path,
                                            .output_max = 4 };
    struct ran ran;
    struct err err = ERR_INIT;
    struct buf text;
    struct stat about;
    (void)state;
    begin(&ran, &command);
    end(&ran);
    assert_true(ran.result.output_cut);
    assert_int_equal(ran.result.output_bytes, 10);
    assert_int_equal(stat(out_path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    buf_init(&text, 1000);
    assert_int_equal(file_read(out_path, &text, NULL), 0);
    assert_string_equal(buf_str(&text), "0123\n[tminus: 6 more bytes not kept]\n");

    /* What is there already is not written over. */
    assert_int_equal(process_start(&ran.loop, &command, &events, &ran, &ran.process, &err), ERR_IO);
    assert_non_null(strstr(err.message, out_path));
    unlink(out_path);

    struct driver_command whole = command;
    whole.output_max = 10;
    begin(&ran, &whole);
    end(&ran);
    assert_false(ran.result.output_cut);
    buf_clear(&text);
    assert_int_equal(file_read(out_path, &text, NULL), 0);
    assert_string_equal(buf_str(&text), "0123456789");
    buf_finish(&text);
    unlink(out_path);
}

static void test_full_disk(void **state)
{
    struct ran ran;
    const struct driver_command command = { ARGV("head", "-c", "300000", "/dev/zero"),
                                            .output_path = out_path, .output_max = 1000000 };
    struct rlimit limit, small;
    (void)state;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    begin(&ran, &command);
    end(&ran);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(ran.result.status, DRIVER_OK);
    assert_true(ran.result.output_cut);
    assert_int_equal(ran.heard, 300000);
    assert_non_null(strstr(ran.message, "File too large"));
    unlink(out_path);
}

static void test_flood(void **state)
{
    static const int64_t bytes = INT64_C(300) * 1024 * 1024, kept = 1024 * 1024;
    const struct driver_command command = { ARGV("head", "-c", "314572800", "/dev/zero"),
                                            .output_path = out_path, .output_max = kept };
    struct rusage before, after;
    struct stat about;
    struct ran ran;
    (void)state;
    getrusage(RUSAGE_SELF, &before);
    begin(&ran, &command);
    end(&ran);
    getrusage(RUSAGE_SELF, &after);
    assert_int_equal(ran.result.status, DRIVER_OK);
    assert_int_equal(ran.result.output_bytes, bytes);
    assert_int_equal(ran.heard, bytes);
    assert_true(ran.result.output_cut);
    assert_int_equal(stat(out_path, &about), 0);
    assert_in_range(about.st_size, kept, kept + 100);
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 20000); /* kB */
    print_message("300 MiB drained in %.2f s\n", (double)ran.result.elapsed_us / 1e6);
    unlink(out_path);
}

/* Whether a process still does something: a dead one waits for a reaper, which may be slow or not there at
 * all where the first process of a container is no init. */
static bool is_alive(long pid)
{
    char path[40], line[200] = "";
    const char *state;
    FILE *file;
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    file = fopen(path, "r");
    if (!file)
        return false;
    if (!fgets(line, sizeof(line), file))
        line[0] = '\0';
    fclose(file);
    state = strrchr(line, ')'); /* "pid (name) state": proc(5) */
    return state != NULL && state[1] == ' ' && state[2] != 'Z' && state[2] != 'X';
}

/* Everybody named in the output has to be gone: "pid pid ...". */
static void assert_gone(const char *pids)
{
    char *end_at;
    for (long pid = strtol(pids, &end_at, 10); pid > 0; pid = strtol(end_at, &end_at, 10)) {
        for (int tries = 0; is_alive(pid); tries++) { /* the kernel takes it down after the signal */
            if (tries == 3000)
                fail_msg("%ld is still there", pid);
            usleep(5000);
        }
    }
}

static void test_timeout_takes_the_whole_group(void **state)
{
    struct driver_command command = { ARGV("sh", "-c", "sleep 60 & (sleep 61 & echo $! $$; wait); wait"),
                                      .timeout_us = 200 * MS_US, .grace_us = 20 * SECOND_US };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    end(&ran);
    assert_int_equal(ran.result.status, DRIVER_TIMED_OUT);
    assert_string_equal(ran.result.code, "SIGTERM");
    assert_string_equal(ran.message, "ended by SIGTERM; its timeout was over");
    assert_in_range(ran.result.elapsed_us, 200 * MS_US, 30 * SECOND_US); /* it would sleep for 60 s */
    assert_gone(ran.output);
}

static void test_ignores_sigterm(void **state)
{
    struct driver_command command = { ARGV("sh", "-c", "trap '' TERM; echo $$; while :; do sleep 0.1; done"),
                                      .timeout_us = 20 * SECOND_US, .grace_us = 300 * MS_US };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    assert_true(run_until(&ran.loop, has_output, &ran, 20000));
    process_cancel(ran.process);
    process_cancel(ran.process);
    assert_false(ran.done);
    end(&ran);
    assert_int_equal(ran.result.status, DRIVER_CANCELLED);
    assert_string_equal(ran.result.code, "SIGKILL");
    assert_in_range(ran.result.elapsed_us, 300 * MS_US, 20 * SECOND_US);
    assert_gone(ran.output);
}

/* The first process goes at SIGTERM, the one beside it does not. */
static void test_ignores_sigterm_behind_the_first(void **state)
{
    struct driver_command command = { ARGV("sh", "-c",
                                           "(trap '' TERM; echo $$; while :; do sleep 0.1; done) & sleep 60"),
                                      .grace_us = 300 * MS_US };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    assert_true(run_until(&ran.loop, has_output, &ran, 20000));
    process_cancel(ran.process);
    end(&ran);
    assert_int_equal(ran.result.status, DRIVER_CANCELLED);
    assert_null(strstr(ran.message, "left running"));
    assert_gone(ran.output);
}

static void test_ends_well_when_told(void **state)
{
    struct driver_command command = {
        ARGV("sh", "-c", "trap 'exit 0' TERM; echo; while :; do sleep 0.1; done"), .grace_us = 20 * SECOND_US
    };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    assert_true(run_until(&ran.loop, has_output, &ran, 20000));
    process_cancel(ran.process);
    end(&ran);
    assert_int_equal(ran.result.status, DRIVER_CANCELLED);
    assert_string_equal(ran.result.code, "exit 0");
}

static void test_stopped_one(void **state)
{
    struct driver_command command = { ARGV("sh", "-c", "echo; kill -STOP $$"), .timeout_us = 200 * MS_US,
                                      .grace_us = 20 * SECOND_US };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    end(&ran);
    assert_int_equal(ran.result.status, DRIVER_TIMED_OUT);
    assert_string_equal(ran.result.code, "SIGTERM");
}

/* Daemons: their own session, their parent gone; with the pipe in hand or not. */
static void test_daemon_is_named(void **state)
{
    static const char *const texts[] = {
        "setsid sh -c 'echo $$; exec sleep 71' & until grep -qsx sleep /proc/$!/comm; do sleep 0.02; done",
        "setsid sh -c 'echo $$; exec sleep 72 >/dev/null 2>&1' &"
        " until grep -qsx sleep /proc/$!/comm; do sleep 0.02; done",
        "f=$(mktemp); (setsid sh -c 'sleep 73 & echo $$ $! | tee \"$1\"; exec sleep 74' sh \"$f\" &);"
        " until set -- $(cat \"$f\"); grep -qsx sleep /proc/$1/comm && grep -qsx sleep /proc/$2/comm;"
        " do sleep 0.02; done; rm \"$f\"",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct ran ran;
        char want[100];
        run_shell(&ran, texts[i]);
        bool named = ran.output[0] != '\0' && strstr(ran.message, "left running: ") != NULL;
        char *end_at = ran.output;
        for (long pid = strtol(end_at, &end_at, 10); pid > 0; pid = strtol(end_at, &end_at, 10)) {
            snprintf(want, sizeof(want), "pid %ld sleep", pid);
            named = named && strstr(ran.message, want) != NULL;
            kill((pid_t)pid, SIGKILL);
            (void)waitpid((pid_t)pid, NULL, 0); /* we are their reaper */
        }
        if (!named)
            fail_msg("%s: %s", texts[i], ran.message);
        assert_int_equal(ran.result.status, DRIVER_OK);
        assert_in_range(ran.result.elapsed_us, 0, 30 * SECOND_US);
    }
}

static void test_daemon_is_ended_with_its_command(void **state)
{
    struct driver_command command = { ARGV("sh", "-c",
                                           "(setsid sh -c 'exec sleep 75 >/dev/null' & echo $!); sleep 60"),
                                      .timeout_us = 400 * MS_US, .grace_us = SECOND_US };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    end(&ran);
    assert_int_equal(ran.result.status, DRIVER_TIMED_OUT);
    assert_gone(ran.output);
}

static void test_two_at_once_do_not_mix(void **state)
{
    const struct driver_command quick = { ARGV("true") };
    const struct driver_command daemon = {
        ARGV("sh", "-c", "(setsid sh -c 'exec sleep 76 >/dev/null' & echo $!); sleep 60"),
        .grace_us = SECOND_US
    };
    struct ran one, two;
    (void)state;
    begin(&one, &daemon);
    assert_true(run_until(&one.loop, has_output, &one, 20000));
    begin(&two, &quick);
    end(&two);
    assert_string_equal(two.message, "");
    process_cancel(one.process);
    end(&one);
    assert_gone(one.output);
}

/* One that goes on becoming another program has no environment to be known by, again and again. */
static void test_daemon_that_goes_on_changing(void **state)
{
    static const char again[] = "#!/bin/sh\ntrap '' TERM\nexec \"$0\"\n";
    char text[300], script[100];
    snprintf(script, sizeof(script), "%s/again", dir);
    snprintf(text, sizeof(text), "(setsid %s >/dev/null & echo $!); sleep 60", script);
    const struct driver_command command = { ARGV("sh", "-c", text), .grace_us = 300 * MS_US };
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(file_write(script, again, sizeof(again) - 1, 0700, &err), 0);
    for (int i = 0; i < 5; i++) {
        struct ran ran;
        begin(&ran, &command);
        assert_true(run_until(&ran.loop, has_output, &ran, 20000));
        process_cancel(ran.process);
        end(&ran);
        assert_gone(ran.output);
    }
    unlink(script);
}

static void test_destroy(void **state)
{
    struct driver_command command = { ARGV("sh", "-c", "trap '' TERM; echo $$; sleep 60"),
                                      .grace_us = 60 * SECOND_US };
    struct ran ran;
    (void)state;
    begin(&ran, &command);
    assert_true(run_until(&ran.loop, has_output, &ran, 20000));
    process_destroy(ran.process);
    run_out(&ran.loop);
    assert_false(ran.done);
    assert_gone(ran.output);
    process_destroy(NULL);
}

static void test_environment_and_descriptors(void **state)
{
    static const char *const env[] = { "STEP=one two", "PATH=/usr/bin:/bin" };
    struct driver_command command = {
        ARGV("sh", "-c", "echo $STEP,$SECRET,$LC_TEST,$PATH,$PWD; ls /proc/self/fd | tr '\\n' ' '"),
        .env = env, .env_count = 2, .directory = "/usr"
    };
    struct ran ran;
    (void)state;
    setenv("SECRET", "no", 1);
    setenv("LC_TEST", "yes", 1);
    int open_one = open("/dev/null", O_RDONLY); /* without CLOEXEC, as a library might */
    begin(&ran, &command);
    end(&ran);
    close(open_one);
    assert_string_equal(ran.output, "one two,,yes,/usr/bin:/bin,/usr\n0 1 2 3 ");
}

static void test_large_argument(void **state)
{
    static char large[120000];
    const struct driver_command command = { ARGV("sh", "-c", "printf %s \"$1\" | wc -c", "sh", large) };
    struct ran ran;
    (void)state;
    memset(large, 'a', sizeof(large) - 1);
    begin(&ran, &command);
    end(&ran);
    assert_string_equal(ran.output, "119999\n");

    static char too_large[300000];
    const struct driver_command refused = { ARGV("echo", too_large) };
    struct err err = ERR_INIT;
    memset(too_large, 'a', sizeof(too_large) - 1);
    uv_loop_init(&ran.loop);
    assert_int_equal(process_start(&ran.loop, &refused, &events, &ran, &ran.process, &err), ERR_IO);
    assert_non_null(strstr(err.message, "argument list too long"));
    run_out(&ran.loop);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tminus-process-XXXXXX");
    if (mkdtemp(dir) == NULL || process_init(NULL) < 0)
        return -1;
    snprintf(out_path, sizeof(out_path), "%s/out", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return dir_remove(dir, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_not_started),
        cmocka_unit_test(test_output_file),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_timeout_takes_the_whole_group),
        cmocka_unit_test(test_ignores_sigterm),
        cmocka_unit_test(test_ignores_sigterm_behind_the_first),
        cmocka_unit_test(test_ends_well_when_told),
        cmocka_unit_test(test_stopped_one),
        cmocka_unit_test(test_daemon_is_named),
        cmocka_unit_test(test_daemon_is_ended_with_its_command),
        cmocka_unit_test(test_two_at_once_do_not_mix),
        cmocka_unit_test(test_daemon_that_goes_on_changing),
        cmocka_unit_test(test_destroy),
        cmocka_unit_test(test_environment_and_descriptors),
        cmocka_unit_test(test_large_argument),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
