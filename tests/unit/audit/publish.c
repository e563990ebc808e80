#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "fixture.h"
#include "git.h"

static void expect_output(const char *line, const char *want)
{
    struct buf text = git_line(line);
    assert_string_equal(buf_str(&text), want);
    buf_finish(&text);
}

/* What the branch holds is the journal, however it came there. */
static void test_batches(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { 1, 7, 63, 64, 130 };
    fixture_journal("journal", 130);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct audit *audit = trail_open();
        uint64_t seq = 99;
        struct sha256 head;
        assert_int_equal(audit_last(audit, &seq, &head, NULL), 0);
        assert_int_equal(seq, 0);
        assert_string_equal(head.hex, "0000000000000000000000000000000000000000000000000000000000000000");
        trail_publish(audit, 1, 130, sizes[i]);
        trail_expect(audit, 130);
        audit_close(audit);
        expect_output("-C audit.git ls-tree -r --name-only runs/r1",
                      "journal/000/000001.jsonl\njournal/000/000002.jsonl\njournal/000/000003.jsonl\n");
        assert_int_equal(dir_remove("audit.git", NULL), 0);
    }
}

/* Each time the trail is opened anew, as after a crash. */
static void test_reopened(void **state)
{
    (void)state;
    fixture_journal("journal", 140);
    for (uint64_t first = 1; first < 140; first += 20) {
        struct audit *audit = trail_open();
        trail_publish(audit, first, first + 19, 20);
        audit_close(audit);
        audit = trail_open();
        trail_expect(audit, first + 19);
        audit_close(audit);
    }
}

static void test_second_directory(void **state)
{
    (void)state;
    fixture_journal("journal", 101 * 64);
    struct audit *audit = trail_open();
    struct batch batch;
    batch_make(&batch, 1, 99 * 64);
    for (size_t i = 0; i < batch.audit.count; i++)
        batch.events[i].type = EVENT_RUN_NOTE; /* no milestone: 64 records a commit */
    assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
    batch_finish(&batch);
    trail_publish(audit, 99 * 64 + 1, 101 * 64, 50);
    audit_close(audit);
    audit = trail_open();
    trail_expect(audit, 101 * 64);
    audit_close(audit);
    expect_output("-C audit.git ls-tree -r --name-only runs/r1 journal/001/",
                  "journal/001/000100.jsonl\njournal/001/000101.jsonl\n");
}

/* A segment that is full is the same blob for ever. */
static void test_full_segments_stay(void **state)
{
    (void)state;
    fixture_journal("journal", 300);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 70, 10);
    struct buf before = git_line("-C audit.git rev-parse runs/r1:journal/000/000001.jsonl");
    trail_publish(audit, 71, 300, 10);
    audit_close(audit);
    expect_output("-C audit.git rev-parse runs/r1:journal/000/000001.jsonl", buf_str(&before));
    buf_finish(&before);
}

/* ---- order ---- */

static void expect_refused(struct audit *audit, const struct audit_batch *batch, int want,
                           const char *message)
{
    struct err err = ERR_INIT;
    struct buf before = git_line("-C audit.git rev-parse runs/r1");
    assert_int_equal(audit_publish(audit, batch, &err), want);
    if (strstr(err.message, message) == NULL)
        fail_msg("\"%s\" is not in: %s", message, err.message);
    struct buf after = git_line("-C audit.git rev-parse runs/r1");
    assert_string_equal(buf_str(&before), buf_str(&after));
    buf_finish(&before);
    buf_finish(&after);
}

static void test_order(void **state)
{
    (void)state;
    struct batch batch;
    fixture_journal("journal", 30);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 10, 10);
    batch_make(&batch, 12, 14);
    expect_refused(audit, &batch.audit, ERR_CORRUPT, "record 12 does not follow record 10");
    batch_finish(&batch);
    batch_make(&batch, 3, 8);
    expect_refused(audit, &batch.audit, ERR_CORRUPT, "it is ahead");
    batch_finish(&batch);
    batch_make(&batch, 11, 13);
    batch.events[2].seq = 14;
    expect_refused(audit, &batch.audit, ERR_INVALID, "not those of its lines");
    batch.events[2].seq = 13;
    batch.audit.count = 2;
    expect_refused(audit, &batch.audit, ERR_INVALID, "another number of lines");
    batch.audit.count = 3;
    batch.audit.lines_len--;
    expect_refused(audit, &batch.audit, ERR_INVALID, "another number of lines");
    batch.audit.lines_len++;
    batch.journal.data[fixture_line(&batch.journal, 11) + 40] ^= 1;
    expect_refused(audit, &batch.audit, ERR_CORRUPT, "line 12 (seq 12) is not as it was written");
    batch_finish(&batch);
    trail_publish(audit, 11, 30, 3);
    trail_expect(audit, 30);
    audit_close(audit);
}

/* A batch that was committed, and whose failure was reported all the same, comes again. */
static void test_again(void **state)
{
    (void)state;
    fixture_journal("journal", 200);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 10, 10);
    struct buf before = git_line("-C audit.git rev-parse runs/r1");
    trail_publish(audit, 1, 10, 10);
    trail_publish(audit, 10, 10, 1);
    expect_output("-C audit.git rev-parse runs/r1", buf_str(&before));
    trail_publish(audit, 5, 15, 11);
    trail_publish(audit, 1, 200, 200);
    trail_expect(audit, 200);
    audit_close(audit);
    buf_finish(&before);
}

/* Another run's records are never taken for those that are there. */
static void test_other_journal(void **state)
{
    (void)state;
    struct journal *journal;
    struct event event = fixture_event(1);
    fixture_journal("journal", 10);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 10, 10);
    assert_int_equal(unlink("journal"), 0);
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    event.actor = "eve";
    assert_int_equal(journal_append(journal, &event, 1, NULL), 0);
    fixture_append(journal, 2, 12);
    journal_close(journal);
    struct batch batch;
    batch_make(&batch, 5, 12);
    expect_refused(audit, &batch.audit, ERR_CORRUPT, "another record 10 than the journal");
    batch_finish(&batch);
    batch_make(&batch, 11, 12);
    expect_refused(audit, &batch.audit, ERR_CORRUPT, "hash of the line before");
    batch_finish(&batch);
    audit_close(audit);
}

/* ---- files and samples ---- */

static void test_files(void **state)
{
    (void)state;
    size_t big_len = 3 * 1000 * 1000;
    char *big = mem_alloc(big_len);
    for (size_t i = 0; i < big_len; i++)
        big[i] = (char)(i * i >> 7);
    fixture_put("big", big, big_len);
    fixture_put("empty", "", 0);
    fixture_journal("journal", 3);
    const struct audit_file files[] = {
        { .path = "book.json", .bytes = "{\"a\":1}", .len = 7 },
        { .path = "output/add-column.1.log", .source = "big" },
        { .path = "output/add-column.2.log", .source = "empty" },
    };
    struct batch batch;
    struct audit *audit = trail_open();
    batch_make(&batch, 1, 3);
    batch.audit.files = files;
    batch.audit.file_count = 2;
    assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
    struct audit_batch only_files = { .files = files + 2, .file_count = 1 };
    assert_int_equal(audit_publish(audit, &only_files, NULL), 0);
    struct audit_batch nothing = { .count = 0 };
    assert_int_equal(audit_publish(audit, &nothing, NULL), 0);
    trail_expect(audit, 3);
    audit_close(audit);
    expect_output("-C audit.git ls-tree -r --name-only runs/r1",
                  "book.json\njournal/000/000001.jsonl\noutput/add-column.1.log\noutput/add-column.2.log\n");
    expect_output("-C audit.git cat-file blob runs/r1:book.json", "{\"a\":1}");
    expect_output("-C audit.git rev-list --count runs/r1", "2\n");
    expect_output("-C audit.git log -1 --format=%s runs/r1", "output/add-column.2.log\n");
    struct buf output = git_line("-C audit.git cat-file blob runs/r1:output/add-column.1.log");
    assert_int_equal(output.len, big_len);
    assert_memory_equal(output.data, big, big_len);
    buf_finish(&output);
    batch_finish(&batch);
    free(big);
}

static void test_bad_files(void **state)
{
    (void)state;
    assert_int_equal(symlink("/etc/passwd", "link"), 0);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    static const struct {
        struct audit_file file;
        int want;
    } cases[] = {
        { { .path = "", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "/book.json", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "output/", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "output//a", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "../a", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "output/..", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = ".git/config", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "a\nb", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "journal", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "journal/000/000001.jsonl", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "samples/000/000001.jsonl", .bytes = "x", .len = 1 }, ERR_INVALID },
        { { .path = "output/a.log", .source = "missing" }, ERR_NOT_FOUND },
        { { .path = "output/a.log", .source = "link" }, ERR_IO },
        { { .path = "output/a.log", .source = "fifo" }, ERR_IO },
        { { .path = "output/a.log", .source = "." }, ERR_IO },
    };
    fixture_journal("journal", 4);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 1, 1);
    struct batch batch;
    batch_make(&batch, 2, 4);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        batch.audit.files = &cases[i].file;
        batch.audit.file_count = 1;
        expect_refused(audit, &batch.audit, cases[i].want, "");
    }
    batch.audit.file_count = 0;
    assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
    trail_expect(audit, 4);
    audit_close(audit);
    batch_finish(&batch);
}

/* Samples come with records, in lines of any length; a file of them is closed by lines or by bytes. */
static void test_samples(void **state)
{
    (void)state;
    struct buf all;
    buf_init(&all, (size_t)64 * 1024 * 1024);
    fixture_journal("journal", 60);
    struct audit *audit = trail_open();
    for (uint64_t seq = 1; seq <= 60; seq++) {
        struct batch batch;
        size_t start = all.len;
        batch_make(&batch, seq, seq);
        for (uint64_t i = 0; i < seq % 7; i++)
            buf_format(&all, "{\"sample\":%ju,\"pad\":\"%*s\"}\n", (uintmax_t)i, seq % 3 == 0 ? 5000 : 10,
                       "");
        batch.audit.samples = all.len > start ? all.data + start : NULL;
        batch.audit.samples_len = all.len - start;
        assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
        batch_finish(&batch);
        if (seq % 10 == 0) {
            audit_close(audit);
            audit = trail_open();
        }
    }
    git_expect_series("runs/r1", "samples", all.data, all.len);
    struct buf names = git_line("-C audit.git ls-tree -r --name-only runs/r1 samples/");
    size_t files = 0;
    for (size_t i = 0; i < names.len; i++)
        files += names.data[i] == '\n';
    assert_in_range(files, all.len / (16 * 1024 + 5100), all.len / (16 * 1024) + 3);
    buf_finish(&names);
    trail_expect(audit, 60);
    struct audit_batch cut = { .samples = "{}", .samples_len = 2 };
    expect_refused(audit, &cut, ERR_INVALID, "newline");
    audit_close(audit);
    buf_finish(&all);
}

/* ---- others at the same time ---- */

static void test_two_writers(void **state)
{
    (void)state;
    struct audit *second = NULL, *other = NULL;
    struct err err = ERR_INIT;
    fixture_journal("journal", 20);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 5, 5);
    assert_int_equal(audit_open("audit.git", "r1", &second, &err), ERR_BUSY);
    assert_non_null(strstr(err.message, "another process"));
    assert_null(second);
    assert_int_equal(audit_open("audit.git", "r2", &other, &err), 0);
    trail_publish(other, 1, 7, 2);
    trail_publish(audit, 6, 20, 5);
    trail_expect(audit, 20);
    audit_close(other);
    audit_close(audit);
    audit = trail_open();
    trail_expect(audit, 20);
    audit_close(audit);
    expect_output("-C audit.git for-each-ref --format=%(refname)",
                  "refs/heads/runs/r1\nrefs/heads/runs/r2\n");
}

/* Somebody moves the branch under our hands. */
static void test_moved(void **state)
{
    (void)state;
    struct batch batch;
    fixture_journal("journal", 20);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 5, 5);
    trail_publish(audit, 6, 10, 5);
    git_quiet("-C audit.git update-ref refs/heads/runs/r1 refs/heads/runs/r1~1");
    batch_make(&batch, 11, 12);
    expect_refused(audit, &batch.audit, ERR_BUSY, "");
    expect_refused(audit, &batch.audit, ERR_CORRUPT, "record 11 does not follow record 5");
    batch_finish(&batch);
    trail_publish(audit, 6, 20, 5);
    trail_expect(audit, 20);
    audit_close(audit);
}

static void test_ref_lock(void **state)
{
    (void)state;
    static const char lock[] = "audit.git/refs/heads/runs/r1.lock";
    struct batch batch;
    fixture_journal("journal", 20);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 5, 5);
    fixture_put(lock, "held", 4);
    batch_make(&batch, 6, 8);
    expect_refused(audit, &batch.audit, ERR_BUSY, lock);
    assert_int_equal(access(lock, F_OK), 0);
    git_make_old(lock);
    assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
    assert_non_null(strstr(audit_remark(audit), lock));
    assert_non_null(strstr(audit_remark(audit), "tminus-runs/r1.reflock.1"));
    assert_int_equal(access(lock, F_OK), -1);
    struct buf aside = fixture_bytes("audit.git/tminus-runs/r1.reflock.1");
    assert_string_equal(buf_str(&aside), "held");
    buf_finish(&aside);
    batch_finish(&batch);
    trail_publish(audit, 9, 20, 4);
    assert_string_equal(audit_remark(audit), "");
    trail_expect(audit, 20);
    audit_close(audit);
}

/* ---- faults ---- */

/* A disk that takes files up to some size only, from none at all to nearly enough. */
static void test_full_disk(void **state)
{
    (void)state;
    struct rlimit old;
    fixture_journal("journal", 100);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 10, 10);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    uint64_t done = 10;
    for (rlim_t limit = 0; limit < 2500; limit += 50) {
        struct batch batch;
        struct err err = ERR_INIT;
        batch_make(&batch, done + 1, done + 1);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit, old.rlim_max }), 0);
        int r = audit_publish(audit, &batch.audit, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_true(r == 0 || r == ERR_IO);
        done += r == 0;
        batch_finish(&batch);
    }
    assert_in_range(done, 11, 58);
    trail_publish(audit, done + 1, 100, 9);
    trail_expect(audit, 100);
    audit_close(audit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_batches),
        TEST(test_reopened),
        TEST(test_second_directory),
        TEST(test_full_segments_stay),
        TEST(test_order),
        TEST(test_again),
        TEST(test_other_journal),
        TEST(test_files),
        TEST(test_bad_files),
        TEST(test_samples),
        TEST(test_two_writers),
        TEST(test_moved),
        TEST(test_ref_lock),
        TEST(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
