#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "wire/remote.h"

static void test_taken(void **state)
{
    static const char *const taken[] = { "/srv/witness.git", "ssh://git@host/srv/w.git", "git@host:w.git",
                                         "host:w.git",       "https://host/w.git",       "file:///srv/w.git",
                                         "/srv/a:b.git",     "ssh://host:2222/w.git" };
    struct arena *arena = arena_create();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        const char *got = NULL;

        if (remote_check(arena, taken[i], &got, NULL) < 0)
            fail_msg("%s is refused", taken[i]);
        assert_string_equal(got, taken[i]);
    }
    arena_destroy(arena);
}

static void test_made_absolute(void **state)
{
    struct arena *arena = arena_create();
    const char *got = NULL;
    char cwd[4096];

    (void)state;
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    assert_int_equal(remote_check(arena, "./w:1.git", &got, NULL), 0);
    assert_string_equal(got, arena_format(arena, "%s/./w:1.git", cwd));
    assert_int_equal(remote_check(arena, "w.git", &got, NULL), 0);
    assert_string_equal(got, arena_format(arena, "%s/w.git", cwd));
    arena_destroy(arena);
}

/* Neither kept nor repeated. */
static void test_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "--upload-pack=s3cret",
        "https://dana:s3cret@host/w.git",
        "https://s3cret@host/w.git",
        "ssh://git:s3cret@host/w.git",
        "https://dana@corp:s3cret@host/w.git",
        "http://host/s3cret",
        "git://host/s3cret",
        "ext::sh -c s3cret",
        "fd::3 s3cret",
        "ftp://host/s3cret",
        "HTTPS://host/s3cret",
        "host:w.git\ns3cret",
        "/w\033[2J s3cret",
        "/w\xff s3cret",
    };
    struct arena *arena = arena_create();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct err err = ERR_INIT;
        const char *got = NULL;

        if (remote_check(arena, refused[i], &got, &err) != ERR_USAGE)
            fail_msg("%s is taken", refused[i]);
        assert_null(strstr(err.message, "s3cret"));
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_made_absolute),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
