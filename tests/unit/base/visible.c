#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static void test_visible(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } cases[] = {
        { "", 0, "" },
        { BYTES("plain ~"), "plain ~" },
        { BYTES("\x1b[2J"), "^[[2J" },
        { BYTES("a\0b"), "a^@b" },
        { BYTES("\x01\x07\r\x1f"), "^A^G^M^_" },
        { BYTES("\x7f"), "^?" },
        { BYTES("a\tb"), "a b" },
        { BYTES("\xc2\x9bm"), "\\x9bm" }, /* the one-character form of ESC [ */
        { BYTES("\xc2\x80\xc2\x9f"), "\\x80\\x9f" },
        { BYTES("\x9bm"), "\\x9bm" }, /* the same as a raw byte */
        { BYTES("caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80" },
        { BYTES("e\xcc\x81"), "e\xcc\x81" },
        { BYTES("\xe2\x80\xaexyz"), "<U+202E>xyz" },
        { BYTES("\xe2\x80\x8b\xe2\x80\x8d\xe2\x80\x8f"), "<U+200B><U+200D><U+200F>" },
        { BYTES("\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xa0"), "<U+2066><U+2069><U+2060>" },
        { BYTES("\xc2\xad\xef\xbb\xbf\xd8\x9c"), "<U+00AD><U+FEFF><U+061C>" },
        { BYTES("\xf3\xa0\x81\xa1"), "<U+E0061>" },
        { BYTES("\xe2\x80\xa8"), "<U+2028>" },
        { BYTES("\xff\xc3"), "\\xff\\xc3" },
        { BYTES("\xed\xa0\x80"), "\\xed\\xa0\\x80" },
        { BYTES("\xe2\x82z"), "\\xe2\\x82z" },
    };
    struct buf buf;
    buf_init(&buf, 200);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&buf);
        text_visible(&buf, cases[i].bytes, cases[i].len, false);
        assert_string_equal(buf_str(&buf), cases[i].want);
    }
    buf_finish(&buf);
}

static void test_newlines_are_kept_only_when_asked(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    text_visible(&buf, BYTES("a\nb\r\n\vc"), true);
    assert_string_equal(buf_str(&buf), "a\nb^M\n^Kc");
    buf_clear(&buf);
    text_visible(&buf, BYTES("a\nb"), false);
    assert_string_equal(buf_str(&buf), "a^Jb");
    buf_finish(&buf);
}

/* Whatever goes in, what comes out is UTF-8, has nothing in it that a terminal obeys, and stays as it is when
 * it goes through once more. */
static void test_any_bytes(void **state)
{
    (void)state;
    unsigned seed = 20261120;
    struct buf once;
    struct buf twice;
    buf_init(&once, 4096);
    buf_init(&twice, 4096);
    for (int round = 0; round < 20000; round++) {
        char bytes[64];
        size_t len = (size_t)rand_r(&seed) % sizeof(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rand_r(&seed);
        buf_clear(&once);
        buf_clear(&twice);
        text_visible(&once, bytes, len, false);
        text_visible(&twice, buf_str(&once), once.len, false);
        assert_string_equal(buf_str(&twice), buf_str(&once));
        assert_true(text_valid_utf8(buf_str(&once), once.len));
        for (size_t i = 0; i < once.len; i++)
            assert_true((unsigned char)once.data[i] >= 0x20 && once.data[i] != 0x7F);
        assert_true(once.len >= len && once.len <= 4 * len);
    }
    buf_finish(&once);
    buf_finish(&twice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_visible),
        cmocka_unit_test(test_newlines_are_kept_only_when_asked),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
