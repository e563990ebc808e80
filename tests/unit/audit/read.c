#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fixture.h"
#include "git.h"

#define RECORDS 150

/* Gathers the lines and checks the order. */
struct gathering {
    uint64_t seq;
    struct buf lines;
};

static int gather(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct gathering *gathering = data;
    (void)err;
    assert_int_equal(event->seq, ++gathering->seq);
    assert_string_equal(event->actor, fixture_event(event->seq).actor);
    buf_add(&gathering->lines, line, len);
    return 0;
}

static void expect_journal(const char *path)
{
    struct gathering gathering = { .seq = 0 };
    struct err err = ERR_INIT;
    buf_init(&gathering.lines, JOURNAL_RESERVE);
    if (audit_read(path, "r1", gather, &gathering, &err) < 0)
        fail_msg("%s", err.message);
    struct buf journal = fixture_bytes("journal");
    assert_int_equal(gathering.lines.len, journal.len);
    assert_memory_equal(gathering.lines.data, journal.data, journal.len);
    buf_finish(&journal);
    buf_finish(&gathering.lines);
}

static void publish(void)
{
    static const struct audit_file book = { .path = "book.json", .bytes = "{\"book\":\"x\"}", .len = 12 };
    struct batch batch;
    fixture_journal("journal", RECORDS);
    struct audit *audit = trail_open();
    batch_make(&batch, 1, RECORDS);
    batch.audit.files = &book;
    batch.audit.file_count = 1;
    assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
    batch_finish(&batch);
    audit_close(audit);
}

static void test_read(void **state)
{
    (void)state;
    publish();
    expect_journal("audit.git");
    struct audit *audit = trail_open();
    expect_journal("audit.git"); /* also while it is written */
    audit_close(audit);
    git_quiet("clone --quiet --bare audit.git clone.git");
    expect_journal("clone.git");
    git_quiet("-C clone.git gc --quiet");
    expect_journal("clone.git");
}

static void test_file(void **state)
{
    (void)state;
    struct buf text;
    struct err err = ERR_INIT;
    publish();
    buf_init(&text, 12);
    assert_int_equal(audit_read_file("audit.git", "r1", "book.json", &text, NULL), 0);
    assert_string_equal(text.data, "{\"book\":\"x\"}");
    buf_clear(&text);
    assert_int_equal(audit_read_file("audit.git", "r1", "targets.json", &text, &err), ERR_NOT_FOUND);
    assert_int_equal(audit_read_file("audit.git", "r2", "book.json", &text, &err), ERR_NOT_FOUND);
    assert_int_equal(audit_read_file("missing.git", "r1", "book.json", &text, &err), ERR_NOT_FOUND);
    assert_int_equal(audit_read_file("audit.git", "r1", "journal", &text, &err), ERR_CORRUPT);
    assert_int_equal(audit_read_file("audit.git", "r1", "journal/000/000001.jsonl", &text, &err), ERR_LIMIT);
    buf_finish(&text);
}

static int stop_at_hundred(void *data, const struct event *event, const char *line, size_t len,
                           struct err *err)
{
    uint64_t *seq = data;
    (void)line, (void)len;
    *seq = event->seq;
    return event->seq < 100 ? 0 : err_set(err, ERR_REFUSED, "enough");
}

static void test_refused(void **state)
{
    (void)state;
    uint64_t seq = 0;
    struct err err = ERR_INIT;
    publish();
    assert_int_equal(audit_read("missing.git", "r1", NULL, NULL, &err), ERR_NOT_FOUND);
    assert_int_equal(audit_read("audit.git", "r2", NULL, NULL, &err), ERR_NOT_FOUND);
    assert_int_equal(audit_read("audit.git", "../r1", NULL, NULL, &err), ERR_CORRUPT);
    assert_int_equal(audit_read(".", "r1", NULL, NULL, &err), ERR_ENVIRONMENT);
    assert_int_equal(audit_read("journal", "r1", NULL, NULL, &err), ERR_ENVIRONMENT);
    assert_int_equal(audit_read("audit.git", "r1", stop_at_hundred, &seq, &err), ERR_REFUSED);
    assert_string_equal(err.message, "enough");
    assert_int_equal(seq, 100);
}

/* ---- a branch that somebody wrote anew, with git's own tools and in good form ---- */

/* The branch with `bytes` in the place of a file (NULL: without the file). */
static void rewrite(const char *file, const char *bytes, size_t len)
{
    assert_int_equal(dir_remove("work", NULL), 0);
    git_quiet("clone --quiet audit.git work");
    char path[128];
    snprintf(path, sizeof(path), "work/%s", file);
    if (bytes != NULL)
        fixture_put(path, bytes, len);
    else
        assert_int_equal(unlink(path), 0);
    git_quiet("-C work add --all");
    git_quiet("-C work -c user.name=eve -c user.email=eve@x commit --quiet --amend --no-edit");
    git_quiet("-C work push --quiet --force ../edited.git HEAD:refs/heads/runs/r1");
}

static void expect_corrupt(const char *want)
{
    struct err err = ERR_INIT;
    assert_int_equal(audit_read("edited.git", "r1", NULL, NULL, &err), ERR_CORRUPT);
    if (strstr(err.message, want) == NULL)
        fail_msg("\"%s\" is not in: %s", want, err.message);
}

static void test_rewritten(void **state)
{
    (void)state;
    publish();
    git_quiet("clone --quiet --bare audit.git edited.git");
    git_quiet("clone --quiet audit.git work");
    struct buf second = fixture_bytes("work/journal/000/000002.jsonl");
    struct buf third = fixture_bytes("work/journal/000/000003.jsonl");
    second.data[fixture_line(&second, 5) + 60] ^= 1;
    rewrite("journal/000/000002.jsonl", second.data, second.len);
    expect_corrupt("journal/000/000002.jsonl: line 70 (seq 70)");
    second.data[fixture_line(&second, 5) + 60] ^= 1;
    rewrite("journal/000/000002.jsonl", second.data, second.len - 1);
    expect_corrupt("journal/000/000002.jsonl: its last line is cut short");
    rewrite("journal/000/000002.jsonl", second.data, fixture_line(&second, 63));
    expect_corrupt("journal/000/000003.jsonl: line 128 (seq 128)");
    rewrite("journal/000/000002.jsonl", third.data, third.len);
    expect_corrupt("journal/000/000002.jsonl: line 65 (seq 65)");
    rewrite("journal/000/000002.jsonl", NULL, 0);
    expect_corrupt("cannot read journal/000/000002.jsonl");
    rewrite("journal/000/000001.jsonl", NULL, 0);
    expect_corrupt("cannot read journal/000/000001.jsonl");
    rewrite("journal/000/notes.txt", "x", 1);
    expect_corrupt("journal/000/notes.txt is no file of the trail");
    rewrite("journal/000/000004.json", "x", 1);
    expect_corrupt("journal/000/000004.json is no file of the trail");
    rewrite("journal/000/4.jsonl", "x", 1);
    expect_corrupt("journal/000/4.jsonl is no file of the trail");
    rewrite("journal/zzz", "x", 1);
    expect_corrupt("cannot read a directory");
    rewrite("book.json", "{}", 2);
    expect_journal("edited.git");
    buf_finish(&second);
    buf_finish(&third);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_read), TEST(test_file), TEST(test_refused),
                                        TEST(test_rewritten) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
