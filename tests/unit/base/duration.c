#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want_us; /* -1: refused */
        const char *want_in_message;
    } cases[] = {
        { "0s", 0, NULL },
        { "250ms", 250 * MS_US, NULL },
        { "3s", 3 * SECOND_US, NULL },
        { "20m", 20 * MINUTE_US, NULL },
        { "2h", 2 * HOUR_US, NULL },
        { "1h30m", 90 * MINUTE_US, NULL },
        { "1h2m3s4ms", HOUR_US + 2 * MINUTE_US + 3 * SECOND_US + 4 * MS_US, NULL },
        { "1h90m", HOUR_US + 90 * MINUTE_US, NULL },
        { "007s", 7 * SECOND_US, NULL },
        { "30d", 30 * DAY_US, NULL },
        { "1d12h", 36 * HOUR_US, NULL },
        { "366d", 366 * DAY_US, NULL },
        { "8784h", 366 * DAY_US, NULL },
        { "8783h60m", 366 * DAY_US, NULL },
        { "8784h1ms", -1, "366 days" },
        { "8785h", -1, "366 days" },
        { "99999999999999999999999999999s", -1, "366 days" },
        { "18446744073709551616ms", -1, "366 days" }, /* 2^64 */
        { "9223372036854775808ms", -1, "366 days" },
        { "2562047788h", -1, "366 days" }, /* times an hour, 2^63 and a bit */
        { "", -1, "not a duration" },
        { "5", -1, "not a duration" },
        { "s", -1, "not a duration" },
        { "5 s", -1, "not a duration" },
        { " 5s", -1, "not a duration" },
        { "5s ", -1, "not a duration" },
        { "-5s", -1, "not a duration" },
        { "+5s", -1, "not a duration" },
        { "1.5s", -1, "not a duration" },
        { "5sec", -1, "not a duration" },
        { "5S", -1, "not a duration" },
        { "5w", -1, "not a duration" },
        { "30m1h", -1, "not a duration" },
        { "1m1m", -1, "not a duration" },
        { "1h1d", -1, "not a duration" },
        { "1h30", -1, "not a duration" },
        { "4ms3s", -1, "not a duration" },
        { "1h1h99999999999999999999h", -1, "not a duration" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t us = -7;
        struct err err = ERR_INIT;
        int r = duration_parse(cases[i].text, &us, &err);
        assert_int_equal(r, cases[i].want_us < 0 ? ERR_INVALID : 0);
        assert_int_equal(us, cases[i].want_us < 0 ? -7 : cases[i].want_us); /* untouched when refused */
        if (r < 0) {
            assert_non_null(strstr(err.message, cases[i].want_in_message));
            assert_non_null(strstr(err.message, cases[i].text));
        }
    }
}

static void test_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want_min_us, want_max_us; /* -1: refused */
        const char *want_message;
    } cases[] = {
        { "1s..5s", SECOND_US, 5 * SECOND_US, NULL },
        { "5s", 5 * SECOND_US, 5 * SECOND_US, NULL },
        { "5s..5s", 5 * SECOND_US, 5 * SECOND_US, NULL },
        { "500ms..1h30m", 500 * MS_US, 90 * MINUTE_US, NULL },
        { "5s..1s", -1, -1, "range \"5s..1s\" begins with its longer end: expected \"min..max\"" },
        { "..5s", -1, -1, "range \"..5s\": \"\" is not a duration" },
        { "5s..", -1, -1, "range \"5s..\": \"\" is not a duration" },
        { "1s...5s", -1, -1, "range \"1s...5s\": \".5s\" is not a duration" },
        { "1s-5s", -1, -1, "\"1s-5s\" is not a duration" },
        { "1s..2s..3s", -1, -1, "range \"1s..2s..3s\": \"2s..3s\" is not a duration" },
        { "", -1, -1, "\"\" is not a duration" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct duration_range range = { -7, -7 };
        struct err err = ERR_INIT;
        int r = duration_range_parse(cases[i].text, &range, &err);
        assert_int_equal(r, cases[i].want_min_us < 0 ? ERR_INVALID : 0);
        assert_int_equal(range.min_us, r < 0 ? -7 : cases[i].want_min_us);
        assert_int_equal(range.max_us, r < 0 ? -7 : cases[i].want_max_us);
        if (r < 0)
            assert_true(text_starts(err.message, cases[i].want_message));
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text, *spell, *clock, *about;
    } cases[] = {
        { 0, "0 ms", "0s", "00:00", "~00:00" },
        { 999, "0 ms", "0s", "00:00", "<00:01" },
        { -999, "0 ms", "0s", "00:00", "~00:00" },
        { 250 * MS_US, "250 ms", "250ms", "00:00", "<00:01" },
        { -MS_US, "-1 ms", "-1ms", "00:00", "~00:00" },
        { -250 * MS_US, "-250 ms", "-250ms", "00:00", "~00:00" },
        { 999999, "999 ms", "999ms", "00:00", "<00:01" },
        { SECOND_US, "1.0 s", "1s", "00:01", "~00:01" },
        { 3250 * MS_US, "3.2 s", "3s250ms", "00:03", "~00:03" },
        { 59999 * MS_US, "59.9 s", "59s999ms", "00:59", "~00:59" },
        { MINUTE_US, "01:00", "1m", "01:00", "~01:00" },
        { 250 * SECOND_US, "04:10", "4m10s", "04:10", "~04:10" },
        { 90 * MINUTE_US, "1:30:00", "1h30m", "1:30:00", "~1:30:00" },
        { HOUR_US - 1, "59:59", "59m59s999ms", "59:59", "~59:59" },
        { 3723 * SECOND_US, "1:02:03", "1h2m3s", "1:02:03", "~1:02:03" },
        { -3723 * SECOND_US, "-1:02:03", "-1h2m3s", "-1:02:03", "~-1:02:03" },
        { -5 * SECOND_US, "-5.0 s", "-5s", "-00:05", "~-00:05" },
        { 26 * HOUR_US, "26:00:00", "26h", "26:00:00", "~26:00:00" },
        { 2 * DAY_US, "48:00:00", "2d", "48:00:00", "~48:00:00" },
        { -30 * DAY_US, "-720:00:00", "-30d", "-720:00:00", "~-720:00:00" },
        { 366 * DAY_US, "8784:00:00", "366d", "8784:00:00", "~8784:00:00" },
        { INT64_MAX, "2562047788:00:54", "2562047788h54s775ms", "2562047788:00:54", "~2562047788:00:54" },
        { INT64_MIN, "-2562047788:00:54", "-2562047788h54s775ms", "-2562047788:00:54", "~-2562047788:00:54" },
    };
    static void (*const writers[])(struct buf *, int64_t) = { duration_text, duration_spell, duration_clock,
                                                              duration_about };
    struct buf buf;
    buf_init(&buf, 64);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *want[] = { cases[i].text, cases[i].spell, cases[i].clock, cases[i].about };
        for (size_t k = 0; k < ARRAY_LEN(writers); k++) {
            buf_clear(&buf);
            writers[k](&buf, cases[i].us);
            assert_string_equal(buf_str(&buf), want[k]);
        }
    }
    buf_finish(&buf);
}

static void check_round_trip(int64_t us)
{
    struct buf buf;
    buf_init(&buf, 64);
    duration_spell(&buf, us);
    int64_t back = -1;
    int r = duration_parse(buf_str(&buf), &back, NULL);
    if (r < 0 || back != us)
        fail_msg("%" PRId64 " us was spelled %s and came back as %" PRId64, us, buf_str(&buf), back);
    buf_finish(&buf);
}

static void test_what_is_spelled_reads_back(void **state)
{
    (void)state;
    unsigned seed = 20261120;
    for (int64_t ms = 0; ms < 5000; ms++)
        check_round_trip(ms * MS_US);
    for (int round = 0; round < 20000; round++) {
        int64_t ms = ((int64_t)rand_r(&seed) << 20 ^ rand_r(&seed)) % (366 * DAY_US / MS_US + 1);
        check_round_trip(ms * MS_US);
    }
    check_round_trip(366 * DAY_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_what_is_spelled_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
