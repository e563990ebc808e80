#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fixture.h"
#include "git.h"

#define RECORDS 150
#define REF     "audit.git/refs/heads/runs/r1"

/* Where the loose object is that a name stands for. */
static void object_path(const char *name, char ret_path[64])
{
    const char *const words[] = { "-C", "audit.git", "rev-parse", name, NULL };
    struct buf hex = git_output(words);
    assert_int_equal(hex.len, 41);
    snprintf(ret_path, 64, "audit.git/objects/%.2s/%.38s", hex.data, hex.data + 2);
    buf_finish(&hex);
}

static void empty_file(const char *path)
{
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 0), 0);
}

static void empty_object(const char *name)
{
    char path[64];
    object_path(name, path);
    empty_file(path);
}

static void remove_object(const char *name)
{
    char path[64];
    object_path(name, path);
    assert_int_equal(unlink(path), 0);
}

static void empty_ref(const char *unused)
{
    (void)unused;
    empty_file(REF);
}

static void other_ref(const char *text)
{
    fixture_put(REF, text, strlen(text));
}

/* The bytes in the middle of an object are others, as after a bad block. */
static void garble_object(const char *name)
{
    char path[64];
    object_path(name, path);
    struct buf bytes = fixture_bytes(path);
    for (size_t i = bytes.len / 2; i < bytes.len; i++)
        bytes.data[i] = (char)~bytes.data[i];
    assert_int_equal(chmod(path, 0600), 0);
    fixture_put(path, bytes.data, bytes.len);
    buf_finish(&bytes);
}

/* The ref is a packed one, and what it names is gone. */
static void pack_and_empty(const char *name)
{
    git_quiet("-C audit.git pack-refs --all");
    assert_int_equal(access(REF, F_OK), -1);
    empty_object(name);
}

/* A loose ref over a packed one: moving only the loose one aside would bring the old one back. */
static void pack_older_and_empty(const char *name)
{
    struct buf tip = fixture_bytes(REF);
    git_quiet("-C audit.git update-ref refs/heads/runs/r1 refs/heads/runs/r1~2");
    git_quiet("-C audit.git pack-refs --all");
    assert_int_equal(mkdir("audit.git/refs/heads/runs", 0700), 0); /* git removes it when it is empty */
    fixture_put(REF, tip.data, tip.len);
    empty_object(name);
    buf_finish(&tip);
}

static const struct {
    void (*harm)(const char *what);
    const char *what;
} harms[] = {
    { empty_ref, NULL },
    { other_ref, "nonsense\n" },
    { other_ref, "ref: refs/heads/runs/r1\n" },
    { other_ref, "ref: refs/heads/runs/r2\n" },
    { other_ref, "ref: refs/heads/nowhere\n" },
    { other_ref, "0123456789012345678901234567890123456789\n" },
    { empty_object, "runs/r1" },
    { remove_object, "runs/r1" },
    { garble_object, "runs/r1" },
    { empty_object, "runs/r1^{tree}" },
    { remove_object, "runs/r1^{tree}" },
    { empty_object, "runs/r1:journal" },
    { remove_object, "runs/r1:journal/000" },
    { empty_object, "runs/r1:journal/000/000003.jsonl" },
    { remove_object, "runs/r1:journal/000/000003.jsonl" },
    { garble_object, "runs/r1:journal/000/000003.jsonl" },
    { empty_object, "runs/r1:journal/000/000002.jsonl" },
    { empty_object, "runs/r1:samples/000/000001.jsonl" },
    { pack_and_empty, "runs/r1" },
    { pack_older_and_empty, "runs/r1" },
};

/* Another run in the same repository, which is to be left alone. */
static void publish_other(uint64_t first, uint64_t last)
{
    struct audit *other;
    assert_int_equal(audit_open("audit.git", "r2", &other, NULL), 0);
    trail_publish(other, first, last, 10);
    audit_close(other);
}

static void publish_all(void)
{
    struct audit *audit = trail_open();
    struct batch batch;
    trail_publish(audit, 1, RECORDS - 10, 50);
    batch_make(&batch, RECORDS - 9, RECORDS);
    batch.audit.samples = "{\"sample\":1}\n";
    batch.audit.samples_len = strlen(batch.audit.samples);
    assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
    batch_finish(&batch);
    audit_close(audit);
    publish_other(1, 20);
}

/* The branch is moved aside, published again from the journal, and git finds nothing wrong with what is
 * reachable. */
static void expect_rebuilt(void)
{
    uint64_t last = 99;
    struct sha256 head;
    struct err err = ERR_INIT;
    struct audit *audit = trail_open();
    if (audit_last(audit, &last, &head, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(last, 0);
    assert_non_null(strstr(audit_remark(audit), "runs/r1 was moved aside to tminus-runs"));
    assert_int_equal(access("audit.git/tminus-runs/r1.ref.1", F_OK), 0);
    trail_publish(audit, 1, RECORDS, 60);
    git_quiet("-C audit.git prune --expire=now");
    trail_expect(audit, RECORDS);
    audit_close(audit);
    publish_other(21, 25);
    git_expect_sound();
}

static void test_damage(void **state)
{
    (void)state;
    fixture_journal("journal", RECORDS);
    for (size_t i = 0; i < ARRAY_LEN(harms); i++) {
        publish_all();
        harms[i].harm(harms[i].what);
        expect_rebuilt();
        assert_int_equal(dir_remove("audit.git", NULL), 0);
    }
}

/* Without damage nothing is moved, also when all is packed. */
static void test_no_damage(void **state)
{
    (void)state;
    fixture_journal("journal", RECORDS);
    publish_all();
    git_quiet("-C audit.git gc --quiet --prune=now");
    struct audit *audit = trail_open();
    trail_expect(audit, RECORDS);
    assert_int_equal(access("audit.git/tminus-runs/r1.ref.1", F_OK), -1);
    audit_close(audit);
    publish_other(21, 25);
    git_expect_sound();
}

static void test_deleted(void **state)
{
    (void)state;
    uint64_t last = 99;
    struct sha256 head;
    struct err err = ERR_INIT;
    struct batch batch;
    fixture_journal("journal", RECORDS);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 100, 20);
    assert_int_equal(dir_remove("audit.git", NULL), 0);
    batch_make(&batch, 101, 110);
    assert_int_equal(audit_publish(audit, &batch.audit, &err), ERR_ENVIRONMENT);
    assert_non_null(strstr(err.message, "audit.git was taken away"));
    assert_int_equal(audit_last(audit, &last, &head, NULL), ERR_ENVIRONMENT);
    assert_int_equal(access("audit.git", F_OK), -1);
    git_quiet("init --quiet --bare audit.git"); /* another one in its place */
    assert_int_equal(audit_publish(audit, &batch.audit, &err), ERR_ENVIRONMENT);
    assert_int_equal(dir_remove("audit.git", NULL), 0);
    audit_close(audit);
    audit = trail_open();
    assert_int_equal(audit_last(audit, &last, &head, NULL), 0);
    assert_int_equal(last, 0);
    assert_string_equal(audit_remark(audit), "");
    trail_publish(audit, 1, RECORDS, RECORDS);
    trail_expect(audit, RECORDS);
    audit_close(audit);
    batch_finish(&batch);
}

/* The same history however it was published: rebuilt in one go, it reads as it did. */
static void test_reads_the_same(void **state)
{
    (void)state;
    fixture_journal("journal", 90);
    struct audit *audit = trail_open();
    uint64_t first = 1;
    for (uint64_t seq = 1; seq <= 90; seq++) {
        struct event event = fixture_event(seq);
        if (!audit_is_milestone(&event) && seq < 90)
            continue;
        trail_publish(audit, first, seq, 90);
        first = seq + 1;
    }
    audit_close(audit);
    struct buf live = git_line("-C audit.git log --format=%an%n%ad%n%B runs/r1");
    assert_int_equal(dir_remove("audit.git", NULL), 0);
    audit = trail_open();
    trail_publish(audit, 1, 90, 90);
    audit_close(audit);
    struct buf rebuilt = git_line("-C audit.git log --format=%an%n%ad%n%B runs/r1");
    assert_string_equal(buf_str(&rebuilt), buf_str(&live));
    buf_finish(&live);
    buf_finish(&rebuilt);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_damage),
        TEST(test_no_damage),
        TEST(test_deleted),
        TEST(test_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
