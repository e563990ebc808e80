/*
 * Commits that are signed, judged by the git that people use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../sign/keys.h"
#include "base/file.h"
#include "fixture.h"
#include "git.h"

static void allow(const char *path, const char *key)
{
    struct arena *arena = arena_create();
    const char *line = arena_format(arena, "dana namespaces=\"git\" %s\n", keys_public(arena, key));
    struct err err = ERR_INIT;

    assert_int_equal(file_write(path, line, strlen(line), 0600, &err), 0);
    arena_destroy(arena);
}

static struct buf verify_commit(const char *allowed, const char *commit)
{
    struct arena *arena = arena_create();
    struct buf said;
    const char *words[] = {
        "-c",   "gpg.format=ssh",
        "-c",   arena_format(arena, "gpg.ssh.allowedSignersFile=%s", allowed),
        "-C",   "audit.git",
        "log",  "--format=%G? %GS",
        commit, NULL,
    };

    said = git_output(words);
    arena_destroy(arena);
    return said;
}

static void test_git_agrees(void **state)
{
    struct audit *audit;
    struct buf said;

    (void)state;
    keys_make("key", "ed25519", "");
    keys_make("other", "ed25519", "");
    allow("allowed", "key");
    allow("others", "other");
    fixture_journal("journal", 6);
    audit = trail_open();
    audit_set_signer(audit, "key");
    trail_publish(audit, 1, 6, 2);
    trail_expect(audit, 6);
    git_expect_sound();
    said = verify_commit("../allowed", "refs/heads/runs/r1");
    assert_string_equal(buf_str(&said), "G dana\nG dana\nG dana\n");
    buf_finish(&said);
    said = verify_commit("../others", "refs/heads/runs/r1");
    assert_null(strstr(buf_str(&said), "G"));
    buf_finish(&said);
    audit_close(audit);
}

/* While the key cannot be used nothing is published, and the same batch goes through afterwards. */
static void test_key_is_gone(void **state)
{
    struct audit *audit;
    struct batch batch;
    struct err err = ERR_INIT;

    (void)state;
    keys_make("key", "ed25519", "");
    fixture_journal("journal", 4);
    audit = trail_open();
    audit_set_signer(audit, "key");
    trail_publish(audit, 1, 2, 2);
    assert_int_equal(rename("key", "key.away"), 0);
    batch_make(&batch, 3, 4);
    assert_int_equal(audit_publish(audit, &batch.audit, &err), ERR_NOT_FOUND);
    assert_string_equal(err.message, "there is no key key");
    trail_expect(audit, 2);
    assert_int_equal(rename("key.away", "key"), 0);
    assert_int_equal(audit_publish(audit, &batch.audit, &err), 0);
    trail_expect(audit, 4);
    batch_finish(&batch);
    audit_close(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_git_agrees, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_key_is_gone, fixture_enter, fixture_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
