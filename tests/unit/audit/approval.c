#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/approval.h"
#include "base/mem.h"
#include "fixture.h"
#include "git.h"

#define STATEMENT "{\"subject\":\"go-swap\",\"text\":\"\xc3\xa4 \\\"quoted\\\"\"}"
#define SIGNATURE "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"

struct seen {
    size_t count, faults;
    char ref[256], statement[1024], signature[1024], fault[1024];
};

static int see(void *data, const struct approval *approval, struct err *err)
{
    struct seen *seen = data;
    (void)err;
    seen->count++;
    (void)snprintf(seen->ref, sizeof(seen->ref), "%s", approval->ref);
    if (approval->fault != NULL) {
        seen->faults++;
        assert_null(approval->statement);
        (void)snprintf(seen->fault, sizeof(seen->fault), "%s", approval->fault);
        return 0;
    }
    (void)snprintf(seen->statement, sizeof(seen->statement), "%s", approval->statement);
    (void)snprintf(seen->signature, sizeof(seen->signature), "%s", approval->signature);
    return 0;
}

static struct seen look(const char *run)
{
    struct seen seen;
    struct err err = ERR_INIT;
    memset(&seen, 0, sizeof(seen));
    if (approvals_read("a.git", run, see, &seen, &err) < 0)
        fail_msg("%s", err.message);
    return seen;
}

static void test_there_and_back(void **state)
{
    (void)state;
    struct approval_written written, again;
    struct err err = ERR_INIT;
    git_quiet("init --quiet --bare a.git");
    if (approval_write("a.git", "r1", "go-swap", "jo", STATEMENT, SIGNATURE, &written, &err) < 0)
        fail_msg("%s", err.message);
    assert_memory_equal(written.ref, "refs/heads/approvals/r1/go-swap-", 32);
    assert_int_equal(strlen(written.ref), 40);
    struct seen seen = look("r1");
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.faults, 0);
    assert_string_equal(seen.ref, written.ref);
    assert_string_equal(seen.statement, STATEMENT);
    assert_string_equal(seen.signature, SIGNATURE);
    assert_int_equal(look("r2").count, 0);
    assert_int_equal(look("r").count, 0);
    /* the same is one, another one is another */
    assert_int_equal(approval_write("a.git", "r1", "go-swap", "jo", STATEMENT, SIGNATURE, &again, &err), 0);
    assert_int_equal(look("r1").count, 1);
    assert_int_equal(approval_write("a.git", "r1", "go-swap", "jo", "{}", SIGNATURE, &again, &err), 0);
    assert_int_equal(look("r1").count, 2);
    git_quiet("-C a.git fsck --strict");
    git_quiet("clone --quiet --mirror a.git b.git");
}

/* Whatever somebody pushes there is told as a fault of its own, and the others are read. */
static void test_faults(void **state)
{
    (void)state;
    struct approval_written written;
    struct err err = ERR_INIT;
    git_quiet("init --quiet --bare a.git");
    git_quiet("init --quiet c");
    git_quiet("-C c -c user.name=x -c user.email=x commit --quiet --allow-empty -m empty");
    git_quiet("-C c push --quiet ../a.git HEAD:refs/heads/approvals/r1/empty");
    struct seen seen = look("r1");
    assert_int_equal(seen.faults, 1);
    assert_string_equal(seen.fault, "it has no approval.json");
    struct {
        const char *text;
    } bad[] = { { "" },
                { "[]" },
                { "{\"statement\":\"x\"}" },
                { "{\"statement\":\"x\",\"signature\":\"\"}" },
                { "{\"statement\":\"x\",\"signature\":\"y\",\"more\":1}" },
                { "{\"statement\":\"x\",\"statement\":\"x\",\"signature\":\"y\"}" } };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        FILE *file = fopen("c/approval.json", "w");
        assert_non_null(file);
        assert_int_equal(fputs(bad[i].text, file) < 0, 0);
        assert_int_equal(fclose(file), 0);
        git_quiet("-C c add approval.json");
        git_quiet("-C c -c user.name=x -c user.email=x commit --quiet -m bad");
        git_quiet("-C c push --quiet -f ../a.git HEAD:refs/heads/approvals/r1/bad");
        seen = look("r1");
        assert_int_equal(seen.count, 2);
        assert_int_equal(seen.faults, 2);
    }
    assert_int_equal(approval_write("a.git", "r1", "g", "jo", STATEMENT, SIGNATURE, &written, &err), 0);
    seen = look("r1");
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.faults, 2);
    assert_string_equal(seen.statement, STATEMENT);
}

static void test_refused(void **state)
{
    (void)state;
    struct approval_written written;
    struct seen seen = { .count = 0 };
    assert_int_equal(approvals_read("nowhere.git", "r1", see, &seen, NULL), ERR_NOT_FOUND);
    git_quiet("init --quiet --bare a.git");
    assert_int_equal(approval_write("a.git", "../r", "g", "jo", "{}", "s", &written, NULL), ERR_INVALID);
    assert_int_equal(approval_write("a.git", "r1", "g/h", "jo", "{}", "s", &written, NULL), ERR_INVALID);
    char *text = mem_alloc(APPROVAL_TEXT_MAX + 2);
    memset(text, 'x', APPROVAL_TEXT_MAX + 1);
    assert_int_equal(approval_write("a.git", "r1", "g", "jo", text, "s", &written, NULL), ERR_LIMIT);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, fixture_enter_memory, fixture_leave),
        cmocka_unit_test_setup_teardown(test_faults, fixture_enter_memory, fixture_leave),
        cmocka_unit_test_setup_teardown(test_refused, fixture_enter_memory, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
