#include "app/tools.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"

/* Made-up programs in a directory that is all of PATH. */
static const struct {
    const char *name, *text;
} programs[] = {
    { "pg_dump", "echo 'pg_dump (PostgreSQL) 14.9 (Debian 14.9-1)'\n" },
    { "mysql", "echo 'mysql  Ver 8.0.35 for Linux on x86_64'\n" },
    { "h2load", "echo 'h2load nghttp2/1.52.0'\n" },
    { "less", "echo 'less 590 (GNU regular expressions)'; echo 1.2\n" },
    { "java", "echo >&2; echo 'openjdk version \"17.0.9\"' >&2\n" },
    { "failing", "echo 'failing 3.1'; exit 1\n" },
    { "asked", "[ \"$*\" = --version ] && echo 'asked 1.0'\n" },
    { "mute", "exit 0\n" },
    { "wordy", "echo 'utf8 and base64'; echo 9.9\n" },
    { "endless", "while :; do printf 'x '; done\n" },
    { "staying", "echo 'staying 2.5'; exec sleep 1000\n" },
    { "hanging", "exec sleep 1000\n" },
};

struct place {
    char dir[32];
    struct arena *arena;
    char *path;
};

static int enter(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    place->arena = arena_create();
    place->path = mem_text(getenv("PATH"));
    snprintf(place->dir, sizeof(place->dir), "/tmp/tminus-tools.XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        const char *name = arena_format(place->arena, "%s/%s", place->dir, programs[i].name);
        FILE *file = fopen(name, "w");

        assert_non_null(file);
        fprintf(file, "#!/bin/sh\nPATH=/bin:/usr/bin\n%s", programs[i].text);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(name, 0755), 0);
    }
    assert_int_equal(mkdir(arena_format(place->arena, "%s/directory", place->dir), 0755), 0);
    assert_int_equal(symlink("/dev/null", arena_format(place->arena, "%s/device", place->dir)), 0);
    assert_int_equal(setenv("PATH", arena_format(place->arena, "/nowhere::%s", place->dir), 1), 0);
    *state = place;
    return 0;
}

static int leave(void **state)
{
    struct place *place = *state;

    assert_int_equal(setenv("PATH", place->path, 1), 0);
    free(place->path);
    assert_int_equal(dir_remove(place->dir, NULL), 0);
    arena_destroy(place->arena);
    free(place);
    return 0;
}

static const struct {
    struct tool tool;
    const char *lacks; /* NULL: it fits; in it, @ is the directory */
} cases[] = {
    { { "pg_dump", ">=14" }, NULL },
    { { "pg_dump", NULL }, NULL },
    { { "pg_dump", ">=15" }, "pg_dump >=15 (found 14.9 in @/pg_dump)" },
    { { "mysql", "8.0.35" }, NULL },
    { { "mysql", "8.0.36" }, "mysql 8.0.36 (found 8.0.35 in @/mysql)" },
    { { "h2load", "1.52" }, NULL },
    { { "less", ">=590" }, NULL },
    { { "less", "<590" }, "less <590 (found 590 in @/less)" },
    { { "java", "17" }, NULL },
    { { "failing", "3.1" }, NULL },
    { { "asked", "1" }, NULL },
    { { "mute", NULL }, NULL },
    { { "mute", ">=1" }, "mute >=1 (@/mute does not say its version)" },
    { { "wordy", ">=1" }, "wordy >=1 (@/wordy does not say its version)" },
    { { "endless", "1" }, "endless 1 (@/endless does not say its version)" },
    { { "staying", "2.5" }, NULL },
    { { "foo", NULL }, "foo (not found in PATH)" },
    { { "foo", ">=2" }, "foo >=2 (not found in PATH)" },
    { { "directory", NULL }, "directory (not found in PATH)" },
    { { "device", NULL }, "device (not found in PATH)" },
};

static const char *at_place(const struct place *place, const char *text)
{
    const char *at = strchr(text, '@');

    if (!at)
        return text;
    return arena_format(place->arena, "%.*s%s%s", (int)(at - text), text, place->dir, at + 1);
}

#define LACKS "the environment lacks what this book needs: "

static void test_each(void **state)
{
    struct place *place = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct book book = { .tool_count = 1, .tools = &cases[i].tool };
        struct err err = ERR_INIT;
        int r = tools_check(&book, &err);

        assert_int_equal(r, cases[i].lacks ? ERR_ENVIRONMENT : 0);
        assert_string_equal(
            err.message,
            cases[i].lacks ? arena_format(place->arena, LACKS "%s", at_place(place, cases[i].lacks)) : "");
    }
}

static void test_all_is_told_at_once(void **state)
{
    struct place *place = *state;
    static const struct tool tools[] = { { "pg_dump", ">=15" }, { "mysql", ">=8" }, { "foo", NULL } };
    const struct book book = { .tool_count = ARRAY_LEN(tools), .tools = tools };
    struct err err = ERR_INIT;

    assert_int_equal(tools_check(&book, &err), ERR_ENVIRONMENT);
    assert_string_equal(err.message,
                        at_place(place, LACKS "pg_dump >=15 (found 14.9 in @/pg_dump), foo (not found in "
                                              "PATH)"));
}

/* Five seconds, and a wide margin for a machine that is busy: it hangs for a thousand. */
static void test_one_that_hangs(void **state)
{
    struct place *place = *state;
    static const struct tool tool = { "hanging", "1" };
    const struct book book = { .tool_count = 1, .tools = &tool };
    int64_t began_us = clock_now().boot_us;
    struct err err = ERR_INIT;

    assert_int_equal(tools_check(&book, &err), ERR_ENVIRONMENT);
    assert_string_equal(err.message, at_place(place, LACKS "hanging 1 (@/hanging does not say its version)"));
    assert_in_range(clock_now().boot_us - began_us, 5 * SECOND_US, 60 * SECOND_US);
}

static void test_nothing_is_needed(void **state)
{
    const struct book book = { 0 };
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(tools_check(&book, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each, enter, leave),
        cmocka_unit_test_setup_teardown(test_all_is_told_at_once, enter, leave),
        cmocka_unit_test_setup_teardown(test_one_that_hangs, enter, leave),
        cmocka_unit_test(test_nothing_is_needed),
    };
    return cmocka_run_group_tests_name("tools", tests, NULL, NULL);
}
