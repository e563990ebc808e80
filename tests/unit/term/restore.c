/*
 * On every way out the terminal is as it was: modes, screen, cursor, mouse.
 */
#include "../ui/unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tty.h"
#include "term/term.h"

#define TIMEOUT_MS 20000

enum way { WAY_CLOSE, WAY_TWICE, WAY_EXIT, WAY_ABORT, WAY_SEGV, WAY_STACK, WAY_RAISE, WAY_KILLED, WAY_FORK };

struct job {
    enum way way;
    int signal_number;
    uintptr_t nowhere; /* an address where nothing is */
};

static int overflow(int depth)
{
    volatile char block[4096];
    block[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + block[0];
}

static void fork_and_exit(void)
{
    pid_t child = fork();
    if (child == 0)
        exit(0); /* its atexit must not touch the terminal of its parent */
    (void)waitpid(child, NULL, 0);
    if (write(STDOUT_FILENO, "\033]9;forked\007", 11) < 0)
        _exit(4);
    pause();
}

static int leave(void *data)
{
    const struct job *job = data;
    struct term_options options = { .theme = theme_monochrome() };
    struct canvas canvas;
    struct err err = ERR_INIT;
    struct rlimit none = { 0, 0 };
    (void)setrlimit(RLIMIT_CORE, &none);
    if (term_open(&options, &err) < 0)
        return 2;
    canvas_init(&canvas);
    canvas_resize(&canvas, 24, 80);
    canvas_put(&canvas, 0, 0, 80, ROLE_TEXT, "on the screen");
    if (term_paint(&canvas, &err) < 0 || write(STDOUT_FILENO, "\033]9;ready\007", 10) < 0)
        return 3;
    char byte;
    if (read(STDIN_FILENO, &byte, 1) < 0) /* until the test has looked */
        return 4;
    switch (job->way) {
    case WAY_TWICE:
        term_close();
        break;
    case WAY_EXIT:
        exit(0);
    case WAY_ABORT:
        abort();
    case WAY_SEGV:
        *(volatile int *)job->nowhere = 1;
        break;
    case WAY_STACK:
        return overflow(1);
    case WAY_RAISE:
        raise(job->signal_number);
        break;
    case WAY_KILLED:
        pause();
        break;
    case WAY_FORK:
        fork_and_exit();
        break;
    case WAY_CLOSE:
        break;
    }
    term_close();
    return 0;
}

static const struct {
    struct job job;
    int signal_number; /* that it is to die of; 0: it ends with 0 */
} cases[] = {
    { { WAY_CLOSE, 0, 8 }, 0 },
    { { WAY_TWICE, 0, 8 }, 0 },
    { { WAY_EXIT, 0, 8 }, 0 },
    { { WAY_ABORT, 0, 8 }, SIGABRT },
    { { WAY_SEGV, 0, 8 }, SIGSEGV },
    { { WAY_STACK, 0, 8 }, SIGSEGV },
    { { WAY_RAISE, SIGBUS, 8 }, SIGBUS },
    { { WAY_RAISE, SIGFPE, 8 }, SIGFPE },
    { { WAY_RAISE, SIGILL, 8 }, SIGILL },
    { { WAY_RAISE, SIGQUIT, 8 }, SIGQUIT },
    { { WAY_RAISE, SIGHUP, 8 }, SIGHUP },
    { { WAY_KILLED, SIGTERM, 8 }, SIGTERM },
};

static struct pty *start(const struct job *job)
{
    struct pty_options options = { 24, 80, "xterm-256color", "C.UTF-8" };
    struct pty *pty = pty_start(&options, leave, (void *)(uintptr_t)job);
    assert_true(pty_read(pty, TIMEOUT_MS, "\033]9;ready\007"));
    assert_true(pty->alternate);
    assert_true(pty->cursor_hidden);
    assert_true(pty_mouse(pty));
    assert_false(pty_restored(pty));
    pty_type(pty, "x", 1);
    return pty;
}

static void test_ways_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pty *pty = start(&cases[i].job);
        if (cases[i].job.way == WAY_KILLED) {
            usleep(50000);
            kill(pty->child, cases[i].job.signal_number);
        }
        assert_true(pty_read(pty, TIMEOUT_MS, NULL));
        int status = pty_wait(pty);
        if (cases[i].signal_number == 0)
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        else if (!WIFSIGNALED(status) || WTERMSIG(status) != cases[i].signal_number)
            fail_msg("case %zu: status %x", i, (unsigned)status);
        if (!pty_restored(pty))
            fail_msg("case %zu: not restored", i);
        pty_destroy(pty);
    }
}

/* A child process that ends does not take the terminal from under its parent. */
static void test_fork(void **state)
{
    (void)state;
    struct job job = { WAY_FORK, 0, 8 };
    struct pty *pty = start(&job);
    assert_true(pty_read(pty, TIMEOUT_MS, "\033]9;forked\007"));
    assert_true(pty->alternate);
    assert_false(pty_restored(pty));
    pty_destroy(pty);
}

static int paint_until_gone(void *data)
{
    (void)data;
    struct term_options options = { .theme = theme_monochrome() };
    struct canvas canvas;
    struct err err = ERR_INIT;
    signal(SIGHUP, SIG_IGN); /* nohup stays nohup; then the write tells */
    if (term_open(&options, &err) < 0)
        return 2;
    canvas_init(&canvas);
    canvas_resize(&canvas, 24, 80);
    if (write(STDOUT_FILENO, "\033]9;ready\007", 10) < 0)
        return 4;
    for (int i = 0; i < 10000; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "frame %d", i);
        canvas_put(&canvas, 0, 0, 80, ROLE_TEXT, text);
        if (term_paint(&canvas, &err) < 0) {
            term_close();
            return err.code == ERR_CLOSED ? 42 : 5;
        }
        usleep(1000);
    }
    return 3;
}

static void test_gone(void **state)
{
    (void)state;
    struct pty_options options = { 24, 80, "xterm-256color", "C.UTF-8" };
    struct pty *pty = pty_start(&options, paint_until_gone, NULL);
    assert_true(pty_read(pty, TIMEOUT_MS, "\033]9;ready\007"));
    pty_hang_up(pty);
    int status = pty_wait(pty);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    pty_destroy(pty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ways_out),
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
