#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"

#define LINES 20

/* Refused, the line and the seq named, and not touched by opening it. */
static void expect_corrupt(uint64_t seq)
{
    struct journal *journal = NULL;
    struct err err = ERR_INIT;
    size_t torn;
    char want[64];
    snprintf(want, sizeof(want), "journal: line %ju (seq %ju) ", (uintmax_t)seq, (uintmax_t)seq);
    assert_int_equal(journal_read("journal", NULL, NULL, &torn, &err), ERR_CORRUPT);
    assert_memory_equal(err.message, want, strlen(want));
    struct buf before = fixture_bytes("journal");
    assert_int_equal(journal_open("journal", NULL, NULL, &journal, &torn, &err), ERR_CORRUPT);
    assert_memory_equal(err.message, want, strlen(want));
    assert_null(journal);
    struct buf after = fixture_bytes("journal");
    assert_int_equal(after.len, before.len);
    assert_memory_equal(after.data, before.data, before.len);
    assert_int_equal(access("journal.torn.1", F_OK), -1);
    buf_finish(&before);
    buf_finish(&after);
}

static void flip(int fd, const struct buf *text, size_t at, unsigned char bits, uint64_t seq)
{
    char c = (char)((unsigned char)text->data[at] ^ bits);
    assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
    expect_corrupt(seq);
    assert_int_equal(pwrite(fd, &text->data[at], 1, (off_t)at), 1);
}

/* Each byte of 20 lines with one of its bits turned, and each newline with each. */
static void test_flips(void **state)
{
    (void)state;
    fixture_journal("journal", LINES);
    struct buf text = fixture_bytes("journal");
    int fd = open("journal", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    uint64_t seq = 1;
    for (size_t at = 0; at < text.len; at++) {
        bool newline = text.data[at] == '\n';
        for (unsigned bit = 0; bit < 8; bit++) {
            if (newline || bit == at % 8)
                flip(fd, &text, at, (unsigned char)(1u << bit), seq);
        }
        seq += newline;
    }
    assert_int_equal(seq, LINES + 1);
    close(fd);
    buf_finish(&text);
}

/* ---- lines that are whole but do not belong there ---- */

/* A line with a right hash. */
static void add_line(struct buf *buf, const char *json)
{
    struct sha256 hash;
    sha256_of(json, strlen(json), &hash);
    buf_format(buf, "%.16s %s\n", hash.hex, json);
}

static struct buf whole;  /* a journal of 20 lines */
static struct buf edited; /* what is made of it */

static void add_lines(size_t first, size_t end)
{
    size_t from = fixture_line(&whole, first), to = fixture_line(&whole, end);
    buf_add(&edited, whole.data + from, to - from);
}

static void line_left_out(void)
{
    add_lines(0, 7);
    add_lines(8, LINES);
}

static void line_twice(void)
{
    add_lines(0, 8);
    add_lines(7, LINES);
}

static void lines_swapped(void)
{
    add_lines(0, 7);
    add_lines(8, 9);
    add_lines(7, 8);
    add_lines(9, LINES);
}

static void beginning_left_out(void)
{
    add_lines(1, LINES);
}

static void empty_line(void)
{
    add_lines(0, 7);
    buf_char(&edited, '\n');
    add_lines(7, LINES);
}

static void zeros_inside(void)
{
    add_lines(0, 7);
    buf_add(&edited, "\0\0\0\0", 4);
    add_lines(7, LINES);
}

static void last_line_twice(void)
{
    add_lines(0, LINES);
    add_lines(LINES - 1, LINES);
}

/* Line 8 with another text and a new hash of its own: the line itself is good, the next one tells. */
static void line_rewritten(void)
{
    add_lines(0, 7);
    struct buf json;
    buf_init(&json, JOURNAL_LINE_MAX);
    size_t from = fixture_line(&whole, 7) + 17, to = fixture_line(&whole, 8) - 1;
    buf_add(&json, whole.data + from, to - from);
    char *actor = strstr(json.data, "\"actor\":\"");
    assert_non_null(actor);
    actor[9] = 'M';
    add_line(&edited, json.data);
    buf_finish(&json);
    add_lines(8, LINES);
}

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* After seven lines one with a right hash, this seq and this hash of the line before. */
static void note_after_seven(uint64_t seq, const char *prev)
{
    struct buf json;
    buf_init(&json, JOURNAL_LINE_MAX);
    buf_format(
        &json,
        "{\"seq\":%ju,\"type\":\"run.note\",\"wall_us\":1,\"boot_us\":1,\"actor\":\"eve\",\"text\":\"\","
        "\"prev\":\"%s\"}",
        (uintmax_t)seq, prev);
    add_lines(0, 7);
    add_line(&edited, json.data);
    buf_finish(&json);
}

static void other_run(void)
{
    note_after_seven(8, zeros);
}

static void seq_left_out(void)
{
    struct sha256 seventh;
    size_t from = fixture_line(&whole, 6), to = fixture_line(&whole, 7) - 1;
    sha256_of(whole.data + from, to - from, &seventh);
    note_after_seven(9, seventh.hex);
}

/* What stands in the first line, with a right hash. */
static void first_line(const char *json)
{
    add_line(&edited, json);
}

static void unknown_type(void)
{
    first_line("{\"seq\":1,\"type\":\"run.exploded\",\"wall_us\":1,\"boot_us\":1,\"actor\":\"mia\"}");
}

static void passing_event(void)
{
    first_line("{\"seq\":1,\"type\":\"check.sensed\",\"wall_us\":1,\"boot_us\":1,\"actor\":\"mia\","
               "\"subject\":\"a\","
               "\"choice\":\"yes\",\"text\":\"\",\"value\":\"\","
               "\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\"}");
}

static void no_prev(void)
{
    first_line(
        "{\"seq\":1,\"type\":\"run.note\",\"wall_us\":1,\"boot_us\":1,\"actor\":\"mia\",\"text\":\"\"}");
}

static void no_json(void)
{
    first_line("{\"seq\":1,");
}

static void no_object(void)
{
    first_line("[1]");
}

static void endless_line(void)
{
    add_lines(0, 7);
    while (edited.len < 3 * JOURNAL_RESERVE)
        buf_char(&edited, '0');
    buf_char(&edited, '\n');
}

static void long_line(void)
{
    struct buf json;
    buf_init(&json, JOURNAL_LINE_MAX);
    buf_text(&json,
             "{\"seq\":1,\"type\":\"run.note\",\"wall_us\":1,\"boot_us\":1,\"actor\":\"mia\",\"text\":\"");
    while (json.len < JOURNAL_LINE_MAX - 90)
        buf_char(&json, 'x');
    buf_format(&json, "\",\"prev\":\"%s\"}", zeros);
    add_line(&edited, json.data);
    buf_finish(&json);
}

/* ---- ends that are not torn writes ---- */

static void end_of_words(void)
{
    add_lines(0, LINES);
    buf_text(&edited, "somebody was here");
}

static void end_with_escape(void)
{
    add_lines(0, LINES);
    buf_text(&edited, "0123456789abcdef {\"seq\":21,\x1b[31m");
}

static void end_with_bytes_after_zeros(void)
{
    add_lines(0, LINES);
    buf_add(&edited, "0123\0\0\0{\"seq\":21", 17);
}

static void end_too_long_for_a_line(void)
{
    add_lines(0, LINES);
    buf_text(&edited, "0123456789abcdef {");
    for (int i = 0; i < JOURNAL_LINE_MAX; i++)
        buf_char(&edited, ' ');
}

static void end_too_long_for_an_append(void)
{
    add_lines(0, LINES);
    for (int i = 0; i <= JOURNAL_RESERVE; i++)
        buf_char(&edited, '\0');
}

static const struct {
    void (*edit)(void);
    uint64_t want; /* the seq that is named */
} cases[] = {
    { line_left_out, 8 },
    { line_twice, 9 },
    { lines_swapped, 8 },
    { beginning_left_out, 1 },
    { empty_line, 8 },
    { zeros_inside, 8 },
    { last_line_twice, LINES + 1 },
    { line_rewritten, 9 },
    { other_run, 8 },
    { seq_left_out, 8 },
    { unknown_type, 1 },
    { passing_event, 1 },
    { no_prev, 1 },
    { no_json, 1 },
    { no_object, 1 },
    { endless_line, 8 },
    { long_line, 1 },
    { end_of_words, LINES + 1 },
    { end_with_escape, LINES + 1 },
    { end_with_bytes_after_zeros, LINES + 1 },
    { end_too_long_for_a_line, LINES + 1 },
    { end_too_long_for_an_append, LINES + 1 },
};

static void test_edited(void **state)
{
    (void)state;
    fixture_journal("journal", LINES);
    whole = fixture_bytes("journal");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_init(&edited, 8 * JOURNAL_RESERVE);
        cases[i].edit();
        assert_false(edited.overflow);
        fixture_put("journal", edited.data, edited.len);
        expect_corrupt(cases[i].want);
        buf_finish(&edited);
    }
    buf_finish(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flips, fixture_enter, fixture_leave),
        cmocka_unit_test_setup_teardown(test_edited, fixture_enter, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
