#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/time.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } cases[] = {
        { "0", 0 },
        { "100", 100 },
        { "1kB", 1000 },
        { "512MB", INT64_C(512000000) },
        { "200GB", INT64_C(200000000000) },
        { "1TB", INT64_C(1000000000000) },
        { "64KiB", 65536 },
        { "3MiB", 3145728 },
        { "2GiB", INT64_C(2147483648) },
        { "1TiB", INT64_C(1099511627776) },
        { "9223372036854775807", INT64_MAX },
        { "9223372036854775808", -1 },
        { "9223372TB", INT64_C(9223372000000000000) },
        { "9223373TB", -1 },
        { "8388608TiB", -1 },
        { "99999999999999999999999GB", -1 },
        { "", -1 },
        { "GB", -1 },
        { "-1", -1 },
        { "1.5GB", -1 },
        { "1 GB", -1 },
        { "1gb", -1 },
        { "1KB", -1 },
        { "1G", -1 },
        { "1GBs", -1 },
        { "GB1", -1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t bytes = -1;
        struct err err = ERR_INIT;
        int r = size_parse(cases[i].text, &bytes, &err);
        assert_int_equal(bytes, cases[i].want);
        assert_int_equal(r, cases[i].want < 0 ? ERR_INVALID : 0);
        if (r < 0)
            assert_non_null(strstr(err.message, cases[i].text));
    }
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes;
        const char *want;
    } cases[] = {
        { 0, "0B" },
        { 999, "999B" },
        { 1000, "1.0k" },
        { 1049, "1.0k" },
        { 1050, "1.1k" },
        { 9949, "9.9k" },
        { 9950, "10k" },
        { 150000, "150k" },
        { 999499, "999k" },
        { 999500, "1.0M" },
        { 1234567, "1.2M" },
        { 210 * INT64_C(1000000), "210M" },
        { 3800 * INT64_C(1000000), "3.8G" },
        { INT64_C(999500000000), "1.0T" },
        { INT64_MAX, "9.2E" },
        { -1, "-1B" },
        { -210 * INT64_C(1000000), "-210M" },
        { INT64_MIN, "-9.2E" },
    };
    struct buf buf;
    buf_init(&buf, 5); /* the promised maximum */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&buf);
        size_text(&buf, cases[i].bytes);
        assert_string_equal(buf_str(&buf), cases[i].want);
    }
    buf_finish(&buf);
}

static void test_text_never_takes_more_than_five(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    for (int64_t unit = 1; unit <= INT64_C(100000000000000); unit *= 10) {
        for (int64_t number = 0; number < 10000; number++) {
            buf_clear(&buf);
            size_text(&buf, -(number * unit / 10));
            assert_false(buf.overflow);
        }
    }
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_never_takes_more_than_five),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
