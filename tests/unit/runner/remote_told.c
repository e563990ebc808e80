#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "remote_told.h"

#define BRANCH              "refs/heads/runs/r1"
#define LINE(flag, summary) "To /w.git\n" flag "\t1234:" BRANCH "\t" summary "\nDone\n"

/* As git 2.39 says it, stderr and stdout in one. */
static const struct {
    const char *text;
    bool ok;
    enum remote_outcome outcome;
    const char *why;
} cases[] = {
    { LINE(" ", "1234..5678"), true, REMOTE_HOLDS, "" },
    { LINE("=", "[up to date]"), true, REMOTE_HOLDS, "" },
    { LINE("*", "[new branch]"), true, REMOTE_CREATED, "" },
    /* Only both make it held: the line, and the end. */
    { LINE(" ", "1234..5678"), false, REMOTE_UNREACHABLE, "To /w.git" },
    { "", true, REMOTE_UNREACHABLE, "git said nothing" },
    { "To /w.git\n \t1234:refs/heads/runs/r2\t1..2\nDone\n", true, REMOTE_UNREACHABLE, "To /w.git" },
    { "To /w.git\n \t1234:" BRANCH "x\t1..2\nDone\n", true, REMOTE_UNREACHABLE, "To /w.git" },
    { "remote:  \t1234:" BRANCH "\t1..2\n", true, REMOTE_UNREACHABLE, "  1234:" BRANCH " 1..2" },
    { LINE("!", "[rejected] (fetch first)") "error: failed to push some refs to '/w.git'\nhint: x\n", false,
      REMOTE_DIVERGED, "[rejected] (fetch first)" },
    { LINE("!", "[rejected] (non-fast-forward)"), false, REMOTE_DIVERGED, "[rejected] (non-fast-forward)" },
    { LINE("!", "[remote rejected] (non-fast-forward)"), false, REMOTE_DIVERGED,
      "[remote rejected] (non-fast-forward)" },
    { LINE("+", "1234...5678 (forced update)"), true, REMOTE_DIVERGED, "the branch was replaced" },
    { "remote: no thanks        \n" LINE("!", "[remote rejected] (pre-receive hook declined)"), false,
      REMOTE_REFUSED, "[remote rejected] (pre-receive hook declined): no thanks" },
    { LINE("!", "[remote rejected] (failed to update ref)"), false, REMOTE_REFUSED,
      "[remote rejected] (failed to update ref)" },
    { "fatal: '/w.git' does not appear to be a git repository\n"
      "fatal: Could not read from remote repository.\n\nPlease make sure\n",
      false, REMOTE_UNREACHABLE, "'/w.git' does not appear to be a git repository" },
    { "ssh: connect to host w port 22: Connection refused\r\n"
      "fatal: Could not read from remote repository.\n",
      false, REMOTE_UNREACHABLE, "connect to host w port 22: Connection refused" },
    { "git@w: Permission denied (publickey).\nfatal: Could not read from remote repository.\n", false,
      REMOTE_UNREACHABLE, "git@w: Permission denied (publickey)." },
    { "fatal: transport 'ext' not allowed\n", false, REMOTE_UNREACHABLE, "transport 'ext' not allowed" },
    /* A configuration of the user's can put a password where we refuse one. */
    { "fatal: unable to access 'https://dana:s3cret@w/a.git/': 403\n", false, REMOTE_UNREACHABLE,
      "unable to access 'https://***@w/a.git/': 403" },
    { "fatal: https://t0ken@w https://b@c@d/e\n", false, REMOTE_UNREACHABLE,
      "https://***@w https://***@d/e" },
    { "fatal: a \033[2J b\n", false, REMOTE_UNREACHABLE, NULL },
};

static void test_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf why;

        buf_init(&why, 4096);
        if (remote_told_push(cases[i].text, cases[i].ok, BRANCH, &why) != cases[i].outcome)
            fail_msg("case %zu: another outcome, \"%s\"", i, buf_str(&why));
        assert_null(strchr(buf_str(&why), '\033'));
        if (cases[i].why)
            assert_string_equal(buf_str(&why), cases[i].why);
        buf_finish(&why);
    }
}

/* No line, however long, and no cut of any text makes more of it than a failure. */
static void test_cut(void **state)
{
    const char *whole = LINE("*", "[new branch]");
    char text[256];
    struct buf why;

    (void)state;
    for (size_t len = 0; len < strlen(whole) - strlen("[new branch]\nDone\n"); len++) {
        memcpy(text, whole, len);
        text[len] = '\0';
        buf_init(&why, 4096);
        assert_int_equal(remote_told_push(text, true, BRANCH, &why), REMOTE_UNREACHABLE);
        buf_finish(&why);
    }
}

static void test_long(void **state)
{
    char *text = mem_alloc(100001);
    struct buf why;

    (void)state;
    memset(text, 'x', 100000);
    memcpy(text, "fatal: ", 7);
    buf_init(&why, 4096);
    assert_int_equal(remote_told_push(text, false, BRANCH, &why), REMOTE_UNREACHABLE);
    assert_int_equal(why.len, 300);
    buf_finish(&why);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
