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
#include "fixture.h"
#include "git.h"

static void expect_refused(const char *path, const char *run, int want, const char *message)
{
    struct audit *audit = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(audit_open(path, run, &audit, &err), want);
    if (strstr(err.message, message) == NULL)
        fail_msg("\"%s\" is not in: %s", message, err.message);
    assert_null(audit);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_made(void **state)
{
    (void)state;
    struct audit *audit;
    assert_int_equal(audit_open("state/tminus/audit.git", "r1", &audit, NULL), 0);
    assert_int_equal(mode_of("state"), 0700);
    assert_int_equal(mode_of("state/tminus/audit.git"), 0700);
    assert_int_equal(mode_of("state/tminus/audit.git/objects/ff"), 0700);
    assert_int_equal(mode_of("state/tminus/audit.git/tminus-runs/r1.lock"), 0600);
    audit_close(audit);
    static const struct {
        const char *line, *want;
    } cases[] = {
        { "-C state/tminus/audit.git rev-parse --is-bare-repository", "true\n" },
        { "-C state/tminus/audit.git config gc.auto", "0\n" },
        { "-C state/tminus/audit.git config receive.denyNonFastForwards", "true\n" },
        { "-C state/tminus/audit.git for-each-ref", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text = git_line(cases[i].line);
        assert_string_equal(buf_str(&text), cases[i].want);
        buf_finish(&text);
    }
    assert_int_equal(audit_open("state/tminus/audit.git/", "r1", &audit, NULL), 0);
    audit_close(audit);
}

/* A clone of the bare repository shows the newest run without being told which. */
static void test_head(void **state)
{
    (void)state;
    fixture_journal("journal", 3);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 3, 3);
    audit_close(audit);
    struct buf text = git_line("-C audit.git log --format=%s -1");
    assert_true(text.len > 0);
    buf_finish(&text);
    text = git_line("-C audit.git symbolic-ref HEAD");
    assert_string_equal(buf_str(&text), "refs/heads/runs/r1\n");
    buf_finish(&text);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = { "", ".", "..", "a b", "../r", "r/1", "a..b", "r.lock", "R", "r." };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        expect_refused("audit.git", names[i], ERR_INVALID, "cannot be the name of a run");
        assert_int_equal(access("audit.git", F_OK), -1);
    }
}

static void test_no_repository(void **state)
{
    (void)state;
    fixture_put("file", "x", 1);
    assert_int_equal(mkdir("directory", 0700), 0);
    assert_int_equal(mkdir("other", 0700), 0);
    fixture_put("other/file", "x", 1);
    struct audit *audit = trail_open();
    audit_close(audit);
    assert_int_equal(symlink("audit.git", "link"), 0);
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    expect_refused("file", "r1", ERR_ENVIRONMENT, "file is no directory");
    expect_refused("file/audit.git", "r1", ERR_IO, "file/audit.git");
    expect_refused("directory", "r1", ERR_ENVIRONMENT, "no git repository");
    expect_refused("other", "r1", ERR_ENVIRONMENT, "no git repository");
    expect_refused("link", "r1", ERR_ENVIRONMENT, "symbolic link");
    expect_refused("link/", "r1", ERR_ENVIRONMENT, "symbolic link");
    expect_refused("dangling", "r1", ERR_ENVIRONMENT, "symbolic link");
    assert_int_equal(access("nowhere", F_OK), -1);
    assert_int_equal(access("other/refs", F_OK), -1);
    assert_int_equal(chmod("audit.git", 0770), 0);
    expect_refused("audit.git", "r1", ERR_ENVIRONMENT, "chmod");
    assert_int_equal(chmod("audit.git", 0700), 0);
    audit = trail_open();
    audit_close(audit);
}

/* Only root can give a directory away. */
static void test_foreign_owner(void **state)
{
    (void)state;
    struct audit *audit = trail_open();
    audit_close(audit);
    if (geteuid() == 0) {
        assert_int_equal(chown("audit.git", 1, 1), 0);
        expect_refused("audit.git", "r1", ERR_ENVIRONMENT, "belongs to another user (uid 1)");
    } else {
        expect_refused("/", "r1", ERR_ENVIRONMENT, "belongs to another user (uid 0)");
    }
}

static void test_links_inside(void **state)
{
    (void)state;
    static const char *const names[] = { "objects", "refs", "refs/heads", "refs/heads/runs", "tminus-runs" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[64] = "audit.git/";
        struct audit *audit = trail_open();
        audit_close(audit);
        memcpy(path + strlen(path), names[i], strlen(names[i]) + 1);
        assert_int_equal(rename(path, "elsewhere"), 0);
        assert_int_equal(symlink("../elsewhere", path), 0);
        expect_refused("audit.git", "r1", ERR_ENVIRONMENT, "symbolic link");
        assert_int_equal(dir_remove("audit.git", NULL), 0);
        assert_int_equal(dir_remove("elsewhere", NULL), 0);
    }
}

/* What would make git show something else than what is stored. */
static void test_other_history(void **state)
{
    (void)state;
    static const char *const names[] = { "shallow", "commondir", "info/grafts", "objects/info/alternates",
                                         "objects/info/http-alternates" };
    fixture_journal("journal", 4);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 4, 2);
    audit_close(audit);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[64] = "audit.git/";
        memcpy(path + strlen(path), names[i], strlen(names[i]) + 1);
        fixture_put(path, "x\n", 2);
        expect_refused("audit.git", "r1", ERR_ENVIRONMENT, path);
        assert_int_equal(unlink(path), 0);
    }
    git_quiet("-C audit.git replace runs/r1 runs/r1~1");
    expect_refused("audit.git", "r1", ERR_ENVIRONMENT, "refs/replace/");
    git_quiet("-C audit.git pack-refs --all");
    expect_refused("audit.git", "r1", ERR_ENVIRONMENT, "refs/replace/");
    git_quiet("-C audit.git replace -d runs/r1");
    audit = trail_open();
    trail_expect(audit, 4);
    audit_close(audit);
}

static void put_script(const char *path)
{
    static const char script[] = "#!/bin/sh\ntouch hook-ran\nexit 1\n";
    assert_int_equal(file_write(path, script, sizeof(script) - 1, 0755, NULL), 0);
}

/* Configuration, hooks and environment that are meant for git change nothing of what is written. */
static void test_ignored(void **state)
{
    (void)state;
    static const char *const hooks[] = { "reference-transaction", "post-commit", "pre-commit", "update",
                                         "post-update",           "post-rewrite" };
    static const char nonsense[] = "[core\n]]] this is no configuration\n";
    static const char planted[] =
        "[core]\n\tbare = false\n\tworktree = /tmp\n\trepositoryformatversion = 99\n"
        "\tlogAllRefUpdates = always\n[extensions]\n\tobjectFormat = sha999\n"
        "[include]\n\tpath = ../nowhere\n[user]\n\tname = eve\n";
    fixture_journal("journal", 20);
    assert_int_equal(mkdir("home", 0700), 0);
    fixture_put("home/.gitconfig", nonsense, sizeof(nonsense) - 1);
    assert_int_equal(setenv("HOME", "home", 1), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", "home", 1), 0);
    assert_int_equal(setenv("GIT_DIR", "/nowhere", 1), 0);
    assert_int_equal(setenv("GIT_OBJECT_DIRECTORY", "/nowhere", 1), 0);
    assert_int_equal(setenv("GIT_AUTHOR_NAME", "eve", 1), 0);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 5, 2);
    audit_close(audit);
    for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
        char path[64] = "audit.git/hooks/";
        memcpy(path + strlen(path), hooks[i], strlen(hooks[i]) + 1);
        put_script(path);
    }
    struct buf config = fixture_bytes("audit.git/config");
    fixture_put("audit.git/config", planted, sizeof(planted) - 1);
    audit = trail_open();
    trail_publish(audit, 6, 10, 2);
    audit_close(audit);
    fixture_put("audit.git/config", nonsense, sizeof(nonsense) - 1);
    audit = trail_open();
    trail_publish(audit, 11, 20, 2);
    audit_close(audit);
    struct buf kept = fixture_bytes("audit.git/config");
    assert_string_equal(buf_str(&kept), nonsense);
    fixture_put("audit.git/config", config.data, config.len);
    assert_int_equal(unsetenv("GIT_DIR"), 0);
    assert_int_equal(unsetenv("GIT_OBJECT_DIRECTORY"), 0);
    assert_int_equal(access("hook-ran", F_OK), -1);
    assert_int_equal(access("audit.git/hook-ran", F_OK), -1);
    assert_int_equal(access("audit.git/logs", F_OK), -1);
    audit = trail_open();
    trail_expect(audit, 20);
    audit_close(audit);
    struct buf log = git_line("-C audit.git log --format=%an%ae%cn%ce runs/r1");
    assert_null(strstr(buf_str(&log), "eve"));
    buf_finish(&log);
    buf_finish(&kept);
    buf_finish(&config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_made),          TEST(test_head),         TEST(test_names),         TEST(test_no_repository),
        TEST(test_foreign_owner), TEST(test_links_inside), TEST(test_other_history), TEST(test_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
