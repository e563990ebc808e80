/* Fetching a password: what is found, and what goes wrong in how much time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "runner/secret.h"

static void test_found(void **state)
{
    static const struct {
        const char *from, *want;
    } cases[] = {
        { "command: printf %s\\n open", "open" },
        { "command: printf two\\n\\n", "two\n" },
        { "command: true", "" },
        { "env:TMINUS_TEST_SECRET", "sesame" },
    };
    struct arena *arena = arena_create();
    (void)state;

    assert_int_equal(setenv("TMINUS_TEST_SECRET", "sesame", 1), 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *found;
        struct err err = ERR_INIT;

        if (secret_fetch(arena, cases[i].from, &found, &err) < 0)
            fail_msg("%s: %s", cases[i].from, err.message);
        assert_string_equal(found, cases[i].want);
    }
    arena_destroy(arena);
}

/* A file of this test's own, of `mode`. */
static const char *make_file(struct arena *arena, const char *text, size_t len, mode_t mode)
{
    char *path = arena_text(arena, "/tmp/tminus-secret.XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    return path;
}

static void test_files(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        mode_t mode;
        const char *want, *why;
    } cases[] = {
        { "open sesame\n", 12, 0600, "open sesame", NULL },
        { "a\nb\n\n", 5, 0400, "a\nb\n", NULL },
        { "sesame", 6, 0604, NULL, "others than its owner may read or change" },
        { "sesame", 6, 0620, NULL, "others than its owner may read or change" },
        { "ses\0me", 6, 0600, NULL, "a NUL byte stands in it" },
    };
    struct arena *arena = arena_create();
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *path = make_file(arena, cases[i].text, cases[i].len, cases[i].mode), *found;
        struct err err = ERR_INIT;
        int r = secret_fetch(arena, arena_format(arena, "file:%s", path), &found, &err);

        (void)unlink(path);
        if (cases[i].want) {
            assert_int_equal(r, 0);
            assert_string_equal(found, cases[i].want);
            continue;
        }
        assert_int_equal(r, ERR_ENVIRONMENT);
        assert_non_null(strstr(err.message, cases[i].why));
        assert_null(strstr(err.message, "sesame"));
    }
    arena_destroy(arena);
}

/* What a command says when it fails is told; never what it printed. */
static void test_command_says(void **state)
{
    static const char script[] = "echo first >&2\necho sesame\necho no sesame here >&2\nexit 3\n";
    struct arena *arena = arena_create();
    const char *path = make_file(arena, script, sizeof(script) - 1, 0600), *found;
    struct err err = ERR_INIT;
    int r = secret_fetch(arena, arena_format(arena, "command: sh %s", path), &found, &err);

    (void)state;
    (void)unlink(path);
    assert_int_equal(r, ERR_ENVIRONMENT);
    assert_string_equal(err.message, "sh, which is to print it, failed: no [secret value] here");
    arena_destroy(arena);
}

static void test_not_found(void **state)
{
    static const char *const cases[] = { "command: false",
                                         "command: /no/such/program",
                                         "command: ",
                                         "command: head -c 100000 /dev/zero",
                                         "env:TMINUS_TEST_NO_SUCH",
                                         "file:/no/such/file",
                                         "file:/dev/null",
                                         "hunter2" };
    struct arena *arena = arena_create();
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *found;
        struct err err = ERR_INIT;

        assert_int_equal(secret_fetch(arena, cases[i], &found, &err), ERR_ENVIRONMENT);
        assert_null(found);
    }
    arena_destroy(arena);
}

/* One that waits for somebody who is not there. */
static void test_time_limit(void **state)
{
    static const char *const cases[] = { "command: sleep 60" };
    struct arena *arena = arena_create();
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t began_us = clock_now().boot_us;
        const char *found;
        struct err err = ERR_INIT;

        assert_int_equal(secret_fetch(arena, cases[i], &found, &err), ERR_ENVIRONMENT);
        assert_non_null(strstr(err.message, "has not ended in 10 s"));
        assert_in_range(clock_now().boot_us - began_us, 10 * SECOND_US, 50 * SECOND_US);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_command_says), cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_time_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
