/* Fetching a password: what is found, and what goes wrong in how much time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "secret.h"

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

static void test_not_found(void **state)
{
    static const char *const cases[] = { "command: false",
                                         "command: /no/such/program",
                                         "command: ",
                                         "command: head -c 100000 /dev/zero",
                                         "env:TMINUS_TEST_NO_SUCH",
                                         "file:/no/such/file",
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
        assert_in_range(clock_now().boot_us - began_us, 10 * SECOND_US, 20 * SECOND_US);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_time_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
