/* What a lab refuses, and that it says so and changes nothing. */
#include "helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_30 "a-name-that-has-thirty-bytes--"

static void test_usage(void **state)
{
    const struct {
        const char *words[5];
        int status;
        const char *says;
    } cases[] = {
        { { "up" }, 2, "usage: tminus lab" },
        { { "up", "mongo" },
          2,
          "there is no kind of lab \"mongo\"; there are \"pg-pair\", \"pg-upgrade\" and \"mariadb-pair\"" },
        { { "sideways" }, 2, "there is no \"lab sideways\"" },
        { { "down", "pg-pair", "pg-upgrade" }, 2, "usage: tminus lab" },
        { { "status", "pg-par" }, 2, "there is no kind of lab \"pg-par\"" },
        { { "status", "--jsn" }, 2, "did you mean \"--json\"?" },
        { { "up", "pg-pair", "--dir", "/tmp/a,b" }, 2, "comma" },
        { { "down", "--dir", "/tmp/it's" }, 2, "quote" },
        { { "up", "pg-pair", "--dir", "/tmp/new\nline" }, 2, "control character" },
        { { "up", "pg-pair", "--dir", "/tmp/" NAME_30 NAME_30 NAME_30 }, 2, "95 bytes long, at most 90" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *const *words = cases[i].words;
        struct said said = lab(words[0], words[1], words[2], words[3], NULL);
        assert_int_equal(said.status, cases[i].status);
        assert_string_equal(said.out, "");
        assert_int_equal(strncmp(said.err, "tminus lab: ", 12), 0);
        if (strstr(said.err, cases[i].says) == NULL)
            fail_msg("%s does not have %s", said.err, cases[i].says);
    }
}

static void test_foreign_directory(void **state)
{
    const char *dir = in_base("foreign");
    const char *file = in_base("foreign/letter");
    (void)state;
    assert_int_equal(mkdir(dir, 0755), 0);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(fd);
    struct said up = lab("up", "pg-pair", "--dir", dir, NULL);
    struct said down = lab("down", "--dir", dir, NULL);
    struct said status = lab("status", "--dir", dir, NULL);
    assert_int_equal(up.status, 1);
    assert_non_null(strstr(up.err, "is no lab"));
    assert_int_equal(down.status, 1);
    assert_non_null(strstr(down.err, "is no lab"));
    assert_int_equal(status.status, 1);
    assert_true(exists(file));
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void test_file_in_the_place(void **state)
{
    const char *file = in_base("file");
    (void)state;
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(lab("up", "pg-pair", "--dir", file, NULL).status, 1);
    assert_int_equal(lab("down", "--dir", file, NULL).status, 1);
    assert_true(exists(file));
    assert_int_equal(unlink(file), 0);
}

static void test_nothing_there(void **state)
{
    const char *dir = in_base("nothing");
    (void)state;
    struct said down = lab("down", "--dir", dir, NULL);
    assert_int_equal(down.status, 0);
    assert_non_null(strstr(down.err, "nothing to take down"));
    struct said status = lab("status", "--dir", dir, NULL);
    assert_int_equal(status.status, 1);
    assert_non_null(strstr(status.out, "there is no lab"));
    assert_non_null(strstr(lab("status", "--json", "--dir", dir, NULL).out, "\"up\":false"));
    assert_false(exists(dir));
}

static void test_no_server(void **state)
{
    static const struct {
        const char *kind, *variable, *says;
    } cases[] = {
        { "pg-pair", "TMINUS_POSTGRESQL_BIN", "no PostgreSQL server in /nonexistent" },
        { "mariadb-pair", "TMINUS_MARIADB_BIN", "no MariaDB server in /nonexistent" },
    };
    const char *dir = in_base("no-server");
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(setenv(cases[i].variable, "/nonexistent", 1), 0);
        struct said up = lab("up", cases[i].kind, "--dir", dir, NULL);
        assert_int_equal(unsetenv(cases[i].variable), 0);
        assert_int_equal(up.status, 3);
        assert_non_null(strstr(up.err, cases[i].says));
        assert_false(exists(dir));
    }
}

/* A server that cannot start: what it said is told, and nothing is left. */
static void test_broken_tools(void **state)
{
    static const char *const names[] = { "initdb", "postgres", "pg_basebackup", "psql", "pgbench" };
    static const char script[] = "#!/bin/sh\necho first line\necho it is broken >&2\nexit 1\n";
    const char *tools = in_base("tools");
    const char *dir = in_base("broken");
    (void)state;
    assert_int_equal(mkdir(tools, 0755), 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s/%s", tools, names[i]);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        assert_int_equal(write(fd, script, sizeof(script) - 1), sizeof(script) - 1);
        assert_int_equal(fchmod(fd, 0755), 0);
        close(fd);
    }
    assert_int_equal(setenv("TMINUS_POSTGRESQL_BIN", tools, 1), 0);
    struct said up = lab("up", "pg-pair", "--dir", dir, NULL);
    assert_int_equal(unsetenv("TMINUS_POSTGRESQL_BIN"), 0);
    assert_int_equal(up.status, 3);
    assert_string_equal(up.err, "tminus lab: initdb failed: it is broken\n");
    assert_nothing_left(dir);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s/%s", tools, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(tools), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test_setup_teardown(test_foreign_directory, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_file_in_the_place, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_nothing_there, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_no_server, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_broken_tools, make_base, remove_base),
    };
    return lab_test_main(argc, argv, "lab-refused", tests, ARRAY_LEN(tests));
}
