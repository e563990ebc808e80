#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"

/* Bytes and their number, so that a case may hold a NUL. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static void test_decode(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        int want;
        uint32_t want_rune;
    } cases[] = {
        { "", 0, 0, 0 },
        { BYTES("\0"), 1, 0 },
        { BYTES("a"), 1, 'a' },
        { BYTES("\x7f"), 1, 0x7F },
        { BYTES("\xc2\x80"), 2, 0x80 },
        { BYTES("\xdf\xbf"), 2, 0x7FF },
        { BYTES("\xe0\xa0\x80"), 3, 0x800 },
        { BYTES("\xed\x9f\xbf"), 3, 0xD7FF },
        { BYTES("\xee\x80\x80"), 3, 0xE000 },
        { BYTES("\xef\xbf\xbf"), 3, 0xFFFF },
        { BYTES("\xf0\x90\x80\x80"), 4, 0x10000 },
        { BYTES("\xf4\x8f\xbf\xbf"), 4, 0x10FFFF },
        { BYTES("\xe2\x82\xac rest"), 3, 0x20AC },
        { BYTES("\x80"), -1, 0 },             /* a byte that only goes on */
        { BYTES("\xc0\xaf"), -1, 0 },         /* overlong */
        { BYTES("\xc1\xbf"), -1, 0 },         /* overlong */
        { BYTES("\xe0\x9f\xbf"), -1, 0 },     /* overlong */
        { BYTES("\xf0\x8f\xbf\xbf"), -1, 0 }, /* overlong */
        { BYTES("\xed\xa0\x80"), -1, 0 },     /* surrogate */
        { BYTES("\xed\xbf\xbf"), -1, 0 },     /* surrogate */
        { BYTES("\xf4\x90\x80\x80"), -1, 0 }, /* above U+10FFFF */
        { BYTES("\xf5\x80\x80\x80"), -1, 0 },
        { BYTES("\xf8\x88\x80\x80\x80"), -1, 0 },
        { BYTES("\xff"), -1, 0 },
        { BYTES("\xc3"), -1, 0 }, /* cut short */
        { BYTES("\xe2\x82"), -1, 0 },
        { BYTES("\xf0\x9f\x98"), -1, 0 },
        { BYTES("\xe2\x28\xa1"), -1, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint32_t rune = 0;
        assert_int_equal(text_decode(cases[i].bytes, cases[i].len, &rune), cases[i].want);
        assert_int_equal(rune, cases[i].want_rune);
    }
}

static void test_every_code_point_goes_there_and_back(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    for (uint32_t rune = 0; rune <= 0x10FFFF; rune++) {
        uint32_t back = 0;
        buf_clear(&buf);
        text_encode(&buf, rune);
        bool surrogate = rune >= 0xD800 && rune <= 0xDFFF;
        int len = text_decode(buf_str(&buf), buf.len, &back);
        if (surrogate ? len != -1 : (len != (int)buf.len || back != rune))
            fail_msg("U+%04X came back as U+%04X with %d bytes", (unsigned)rune, (unsigned)back, len);
    }
    buf_finish(&buf);
}

static void test_valid_utf8(void **state)
{
    (void)state;
    assert_true(text_valid_utf8("", 0));
    assert_true(text_valid_utf8(BYTES("a\0b caf\xc3\xa9")));
    assert_false(text_valid_utf8(BYTES("a\xc3")));
    assert_false(text_valid_utf8(BYTES("\xc3\x28")));
}

static void test_width_and_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t want_width;
        size_t cells; /* cut to this many */
        size_t want_bytes;
    } cases[] = {
        { "", 0, 5, 0 },
        { "hello", 5, 3, 3 },
        { "hello", 5, 5, 5 },
        { "hello", 5, 9, 5 },
        { "hello", 5, 0, 0 },
        { "caf\xc3\xa9!", 5, 4, 5 },
        { "cafe\xcc\x81!", 5, 4, 6 },            /* the accent stays with its letter */
        { "\xe6\x97\xa5\xe6\x9c\xac", 4, 3, 3 }, /* no half of a wide one */
        { "\xe6\x97\xa5\xe6\x9c\xac", 4, 1, 0 },
        { "a\xf0\x9f\x98\x80z", 4, 3, 5 },
        { "\xcc\x81x", 1, 0, 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(text_width(cases[i].text), cases[i].want_width);
        assert_int_equal(text_cut(cases[i].text, cases[i].cells), cases[i].want_bytes);
    }
}

static void test_starts_and_equal(void **state)
{
    (void)state;
    assert_true(text_starts("holding", "hold"));
    assert_true(text_starts("hold", ""));
    assert_false(text_starts("hol", "hold"));
    assert_false(text_starts("unhold", "hold"));
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "b"));
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("", NULL));
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = { "title", "timeout", "target", "kind", "id", "statement_timeout" };
    static const struct {
        const char *word;
        const char *want;
    } cases[] = {
        { "tilte", "title" },
        { "titel", "title" },
        { "titles", "title" },
        { "Title", "title" },
        { "tmeout", "timeout" },
        { "time_out", "timeout" },
        { "knd", "kind" },
        { "di", "id" },
        { "statment_timeuot", "statement_timeout" },
        { "x", NULL },
        { "zebra", NULL },
        { "rollback", NULL },
        { "", NULL },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = text_nearest(cases[i].word, names, ARRAY_LEN(names));
        if (!text_equal(got, cases[i].want))
            fail_msg("\"%s\" gave %s", cases[i].word, got != NULL ? got : "nothing");
    }
    static const char *const letters[] = { "y" };
    assert_null(text_nearest("x", letters, 1)); /* a word of which nothing is left is another word */
    assert_null(text_nearest("title", NULL, 0));
}

/* The longest name that is compared at all has 64 bytes. */
static void test_nearest_of_long_names(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        bool want;
    } cases[] = { { 63, true }, { 64, true }, { 65, false }, { 500, false } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char name[501] = "";
        char word[501] = "";
        memset(name, 'n', cases[i].len);
        memset(word, 'n', cases[i].len);
        word[cases[i].len / 2] = 'm';
        const char *const names[] = { name };
        assert_int_equal(text_nearest(word, names, 1) != NULL, cases[i].want);
    }
}

static void test_is_id(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        { "a", true },
        { "add-column", true },
        { "2026-11.users_v2", true },
        { "0123456789012345678901234567890123456789012345678901234567890123", true },
        { "01234567890123456789012345678901234567890123456789012345678901234", false },
        { "", false },
        { "-a", false },
        { ".a", false },
        { "_a", false },
        { "A", false },
        { "a b", false },
        { "a/b", false },
        { "caf\xc3\xa9", false },
        { "a\n", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(text_is_id(cases[i].text), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_every_code_point_goes_there_and_back),
        cmocka_unit_test(test_valid_utf8),
        cmocka_unit_test(test_width_and_cut),
        cmocka_unit_test(test_starts_and_equal),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_nearest_of_long_names),
        cmocka_unit_test(test_is_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
