/* `status` beside a runner that is halted: here a child that says what such a runner says, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/file.h"
#include "../../../include/wire/link.h" /* not the private one of that name */
#include "wire/rundir.h"
#include "wire/wire.h"

static pid_t runner; /* ends with the test, however that ends */
static char scratch[] = "/tmp/tminus-app-XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(scratch) ? setenv("XDG_STATE_HOME", scratch, 1) : -1;
}

static int leave(void **state)
{
    (void)state;
    if (runner > 0) {
        (void)kill(runner, SIGKILL);
        (void)waitpid(runner, NULL, 0);
    }
    return dir_remove(scratch, NULL);
}

/* ---- the runner ---- */

static const char *run_id;

static void say(struct link *link, const struct wire_message *message)
{
    struct buf line;

    buf_init(&line, LINK_LINE_MAX);
    wire_write(&line, message);
    link_send(link, buf_str(&line), line.len);
    buf_finish(&line);
}

static void on_line(void *data, struct link *link, const char *line, size_t len)
{
    const struct wire_message messages[] = {
        { .type = WIRE_WELCOME, .version = WIRE_VERSION, .run = run_id, .name = "mia" },
        { .type = WIRE_HALT, .text = "no \x1b[31mspace" },
        { .type = WIRE_EVENT,
          .event = { .seq = 1,
                     .type = EVENT_RUN_OPENED,
                     .actor = "mia",
                     .run = run_id,
                     .subject = "demo",
                     .boot = "boot-1",
                     .environment = "live" } },
        { .type = WIRE_LIVE },
    };

    (void)data;
    (void)line;
    (void)len;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        say(link, &messages[i]);
}

static void on_closed(void *data, struct link *link, const char *why)
{
    (void)data;
    (void)link;
    (void)why;
}

static void on_accepted(void *data, struct link *link)
{
    (void)data;
    (void)link;
}

/* Does not return. `ready` is closed once it listens. */
static void serve(const char *dir, int ready)
{
    static const struct link_events events = { on_line, on_closed };
    struct arena *arena = arena_create();
    struct listener *listener;
    struct err err = ERR_INIT;
    uv_loop_t loop;
    int lock;

    uv_loop_init(&loop);
    if (rundir_lock(dir, &lock, &err) < 0 || listener_create(&loop, rundir_path(arena, dir, "socket"),
                                                             &events, on_accepted, NULL, &listener, &err) < 0)
        _exit(1);
    close(ready);
    uv_run(&loop, UV_RUN_DEFAULT);
    _exit(0);
}

/* ---- what is printed ---- */

static const char *program; /* the one in which `status` is */
static char printed[65536];

/* Returns the exit status. */
static int status_of(const char *option)
{
    FILE *out = tmpfile();
    pid_t child;
    int status;

    assert_non_null(out);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(fileno(out), STDOUT_FILENO) >= 0)
            (void)execl(program, "tminus-runner", "status", option, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    rewind(out);
    printed[fread(printed, 1, sizeof(printed) - 1, out)] = '\0';
    (void)fclose(out);
    return WEXITSTATUS(status);
}

static void test_status(void **state)
{
    static const char book[] = "{\"tminus\":1,\"id\":\"demo\",\"title\":\"T\",\"phases\":[{\"id\":\"p\","
                               "\"kind\":\"preflight\",\"title\":\"P\",\"steps\":[{\"id\":\"c\",\"kind\":"
                               "\"check\",\"title\":\"C\"}]}]}";
    struct frozen frozen = { .book_text = book,
                             .book_len = sizeof(book) - 1,
                             .operator= "mia",
                             .environment = "live",
                             .book_path = "/tmp/demo.json",
                             .audit = "/tmp/audit.git" };
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    char byte;
    int ready[2];

    (void)state;
    if (rundir_create(arena, "demo", clock_now(), &frozen, &err) < 0)
        fail_msg("%s", err.message);
    run_id = frozen.run;
    assert_int_equal(pipe(ready), 0);
    runner = fork();
    assert_true(runner >= 0);
    if (runner == 0) {
        close(ready[0]);
        serve(frozen.dir, ready[1]);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 0);
    close(ready[0]);

    assert_int_equal(status_of(NULL), 1);
    assert_ptr_equal(strstr(printed, "HALTED   no "), printed);
    assert_null(strchr(printed, '\x1b'));
    assert_non_null(strstr(printed, ", environment live, operator mia, live\n"));
    assert_int_equal(status_of("--json"), 1);
    assert_non_null(strstr(printed, "\"live\":true,\"halted\":\"no "));
    assert_null(strchr(printed, '\x1b'));
    arena_destroy(arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_status, enter, leave) };

    if (argc != 2)
        return 2;
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
