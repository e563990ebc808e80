#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"

static void test_writes(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    assert_string_equal(buf_str(&buf), "");
    buf_text(&buf, "one");
    buf_char(&buf, ' ');
    buf_format(&buf, "%s-%d", "two", 3);
    buf_add(&buf, "\0x", 2);
    assert_int_equal(buf.len, 11);
    assert_memory_equal(buf_str(&buf), "one two-3\0x", 12); /* with the final NUL */
    struct err err = ERR_INIT;
    assert_int_equal(buf_ok(&buf, "it", &err), 0);
    buf_finish(&buf);
}

static void test_quotes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "''" }, { "a", "'a'" }, { "'", "''''" }, { "it's ''", "'it''s '''''" }, { "a\\\"", "'a\\\"'" }
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        buf_clear(&buf);
        buf_quoted(&buf, cases[i][0], '\'');
        assert_string_equal(buf_str(&buf), cases[i][1]);
    }
    buf_finish(&buf);
}

/* Each way of writing 6 bytes into a buffer that has `max`. */
static void write_six(struct buf *buf, int way)
{
    if (way == 0)
        buf_add(buf, "abcdef", 6);
    else if (way == 1)
        buf_text(buf, "abcdef");
    else
        buf_format(buf, "%s%d", "abcde", 6);
}

static void test_maximum(void **state)
{
    (void)state;
    static const struct {
        size_t max;
        size_t want_len;
        bool want_overflow;
    } cases[] = { { 0, 0, true }, { 5, 0, true }, { 6, 6, false }, { 11, 6, true }, { 12, 12, false } };
    for (int way = 0; way < 3; way++) {
        for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
            struct buf buf;
            buf_init(&buf, cases[i].max);
            write_six(&buf, way);
            if (cases[i].max > 6)
                write_six(&buf, way);
            assert_int_equal(buf.len, cases[i].want_len);
            assert_int_equal(buf.overflow, cases[i].want_overflow);
            assert_int_equal(strlen(buf_str(&buf)), cases[i].want_len);
            buf_finish(&buf);
        }
    }
}

static void test_overflow_stays_until_cleared(void **state)
{
    (void)state;
    struct buf buf;
    struct err err = ERR_INIT;
    buf_init(&buf, 4);
    buf_text(&buf, "abc");
    buf_text(&buf, "de");
    buf_char(&buf, 'f'); /* would fit, but would leave a hole where "de" was */
    assert_string_equal(buf_str(&buf), "abc");
    assert_int_equal(buf_ok(&buf, "the answer", &err), ERR_LIMIT);
    assert_string_equal(err.message, "the answer is over its maximum of 4 bytes");
    buf_consume(&buf, 3);
    assert_int_equal(buf_ok(&buf, "the answer", NULL), ERR_LIMIT);
    buf_clear(&buf);
    buf_text(&buf, "wxyz");
    assert_int_equal(buf_ok(&buf, "the answer", &err), 0);
    assert_string_equal(buf_str(&buf), "wxyz");
    buf_finish(&buf);
}

static void test_consume(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *want;
    } cases[] = { { 0, "hello" }, { 1, "ello" }, { 4, "o" }, { 5, "" }, { 99, "" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, 10);
        buf_consume(&buf, cases[i].len); /* of nothing */
        buf_text(&buf, "hello");
        buf_consume(&buf, cases[i].len);
        assert_string_equal(buf_str(&buf), cases[i].want);
        assert_int_equal(buf.len, strlen(cases[i].want));
        buf_finish(&buf);
    }
}

static void test_grows_to_exactly_its_maximum(void **state)
{
    (void)state;
    struct buf buf;
    size_t capacity = 0;
    int growths = 0;
    buf_init(&buf, 100000);
    for (size_t i = 0; i < 100000; i++) {
        buf_char(&buf, (char)('a' + i % 26));
        growths += buf.capacity != capacity;
        capacity = buf.capacity;
    }
    assert_false(buf.overflow);
    assert_true(growths < 15); /* 100,000 small writes do not copy the contents each time */
    assert_int_equal(buf.len, 100000);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(buf.data[i], 'a' + i % 26);
    buf_char(&buf, '!');
    assert_true(buf.overflow);
    buf_finish(&buf);
    assert_null(buf.data);
    buf_finish(&buf);
    buf_finish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes),  cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_maximum), cmocka_unit_test(test_overflow_stays_until_cleared),
        cmocka_unit_test(test_consume), cmocka_unit_test(test_grows_to_exactly_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
