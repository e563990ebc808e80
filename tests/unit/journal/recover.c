#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "killed.h"

#define LINES 4

/* The bytes of a journal of LINES lines, and where its last line begins. */
struct sample_journal {
    struct buf text;
    size_t last;
};

static struct sample_journal make_sample(void)
{
    fixture_journal("whole", LINES);
    struct sample_journal sample = { .text = fixture_bytes("whole") };
    sample.last = fixture_line(&sample.text, LINES - 1);
    return sample;
}

static void expect_bytes(const char *path, const void *bytes, size_t len)
{
    struct buf text = fixture_bytes(path);
    assert_int_equal(text.len, len);
    assert_memory_equal(buf_str(&text), bytes, len);
    buf_finish(&text);
}

/* Opening cuts back to the first `good` bytes and keeps the others; then the journal goes on. */
static void expect_recovered(const struct buf *torn_text, size_t good, uint64_t seq, const char *kept)
{
    struct journal *journal;
    struct err err = ERR_INIT;
    size_t torn = 0;
    size_t want = torn_text->len - good;
    assert_int_equal(journal_read("journal", NULL, NULL, &torn, &err), 0);
    assert_int_equal(torn, want);
    expect_bytes("journal", torn_text->data, torn_text->len);
    if (journal_open("journal", NULL, NULL, &journal, &torn, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(torn, want);
    assert_int_equal(journal_seq(journal), seq);
    expect_bytes("journal", torn_text->data, good);
    if (want > 0)
        expect_bytes(kept, torn_text->data + good, want);
    else
        assert_int_equal(access(kept, F_OK), -1);
    fixture_append(journal, seq + 1, seq + 2);
    journal_close(journal);
    assert_int_equal(journal_read("journal", NULL, NULL, &torn, &err), 0);
    assert_int_equal(torn, 0);
}

static void test_every_length(void **state)
{
    (void)state;
    struct sample_journal sample = make_sample();
    for (size_t len = sample.last; len <= sample.text.len; len++) {
        struct buf text = { .data = sample.text.data, .len = len };
        bool complete = len == sample.text.len;
        fixture_put("journal", text.data, len);
        expect_recovered(&text, complete ? len : sample.last, complete ? LINES : LINES - 1, "journal.torn.1");
        (void)unlink("journal.torn.1"); /* not there after a complete line */
    }
    buf_finish(&sample.text);
}

/* A power cut can leave pages of zeros where the rest of the line, or the whole of it, was to be. */
static void test_zeros(void **state)
{
    (void)state;
    static const size_t holes[] = { 1, 2, 400, 4096, 5000 };
    struct sample_journal sample = make_sample();
    for (size_t len = sample.last; len < sample.text.len; len += 7) {
        for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
            struct buf text;
            buf_init(&text, JOURNAL_RESERVE);
            buf_add(&text, sample.text.data, len);
            for (size_t j = 0; j < holes[i]; j++)
                buf_char(&text, '\0');
            fixture_put("journal", text.data, text.len);
            expect_recovered(&text, sample.last, LINES - 1, "journal.torn.1");
            assert_int_equal(unlink("journal.torn.1"), 0);
            buf_finish(&text);
        }
    }
    buf_finish(&sample.text);
}

static void test_first_line(void **state)
{
    (void)state;
    struct sample_journal sample = make_sample();
    struct buf text = { .data = sample.text.data, .len = 30 };
    fixture_put("journal", text.data, text.len);
    expect_recovered(&text, 0, 0, "journal.torn.1");
    fixture_put("journal", "", 0);
    text.len = 0;
    expect_recovered(&text, 0, 0, "journal.torn.2");
    buf_finish(&sample.text);
}

static void open_and_close(void)
{
    struct journal *journal;
    size_t torn;
    assert_int_equal(journal_open("journal", NULL, NULL, &journal, &torn, NULL), 0);
    journal_close(journal);
}

/* What was kept is never written over, and never kept twice. */
static void test_kept(void **state)
{
    (void)state;
    struct sample_journal sample = make_sample();
    const char *last = sample.text.data + sample.last;
    static const struct {
        size_t len;       /* of the torn line */
        const char *name; /* where it is to be found then */
    } rounds[] = {
        { 30, "journal.torn.1" }, { 40, "journal.torn.2" }, { 30, "journal.torn.1" }, { 41, "journal.torn.3" }
    };
    for (size_t i = 0; i < ARRAY_LEN(rounds); i++) {
        fixture_put("journal", sample.text.data, sample.last + rounds[i].len);
        open_and_close();
        expect_bytes(rounds[i].name, last, rounds[i].len);
    }
    expect_bytes("journal.torn.1", last, 30);
    expect_bytes("journal.torn.2", last, 40);
    assert_int_equal(access("journal.torn.4", F_OK), -1);
    buf_finish(&sample.text);
}

static int recover(void *data)
{
    struct journal *journal;
    size_t torn;
    (void)data;
    int r = journal_open("journal", NULL, NULL, &journal, &torn, NULL);
    if (r == 0)
        journal_close(journal);
    return r;
}

/* Killed at any system call of a recovery, and of the recovery after it: the end is the same. */
static void test_killed(void **state)
{
    (void)state;
    struct sample_journal sample = make_sample();
    size_t torn_len = sample.last + 100;
    bool killed = true;
    int nth = 0;
    while (killed) {
        fixture_put("journal", sample.text.data, torn_len);
        killed = killed_at(++nth, recover, NULL);
        (void)killed_at(nth / 2 + 1, recover, NULL); /* killed or not: both are to be borne */
        open_and_close();
        expect_bytes("journal", sample.text.data, sample.last);
        expect_bytes("journal.torn.1", sample.text.data + sample.last, 100);
        assert_int_equal(access("journal.torn.2", F_OK), -1);
        assert_int_equal(unlink("journal.torn.1"), 0);
    }
    assert_true(nth > 20);
    buf_finish(&sample.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_length, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_zeros, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_first_line, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_kept, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_killed, fixture_enter, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
