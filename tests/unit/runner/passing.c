/* The file of samples after a crash: what is whole stays, half a line goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "runner.h"

static void check(const char *dir, const char *before, const char *want)
{
    struct frozen frozen = { .dir = dir };
    struct runner_options options = { .frozen = &frozen };
    struct runner runner = { .options = &options, .arena = arena_create() };
    const char *path = rundir_path(runner.arena, dir, "samples");
    struct err err = ERR_INIT;
    struct buf after;

    if (before && file_write(path, before, strlen(before), 0600, &err) < 0)
        fail_msg("%s", err.message);
    if (passing_open(&runner, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(runner.samples_len, strlen(want));
    assert_int_equal(fd_write_all(runner.samples_fd, "next\n", 5, &err), 0);
    passing_close(&runner);
    buf_init(&after, 100000);
    assert_int_equal(file_read(path, &after, &err), 0);
    assert_string_equal(buf_str(&after), arena_format(runner.arena, "%snext\n", want));
    buf_finish(&after);
    assert_int_equal(unlink(path), 0);
    arena_destroy(runner.arena);
}

static void test_half_a_line_goes(void **state)
{
    char dir[] = "/tmp/tminus-passing.XXXXXX";
    char big[9001];
    (void)state;

    assert_non_null(mkdtemp(dir));
    check(dir, NULL, "");
    check(dir, "", "");
    check(dir, "one\ntwo\n", "one\ntwo\n");
    check(dir, "one\ntwo\n{\"ha", "one\ntwo\n");
    check(dir, "{\"ha", "");
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    check(dir, big, "");
    memcpy(big, "one\n", 4);
    check(dir, big, "one\n");
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_half_a_line_goes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
