#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"

#define MOMENT_US INT64_C(1795215998123456) /* 2026-11-20T23:06:38.123456Z, by date(1) */

static void test_wall_text_and_back(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text, *clock;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000000Z", "00:00:00" },
        { MOMENT_US, "2026-11-20T23:06:38.123456Z", "23:06:38" },
        { -1, "1969-12-31T23:59:59.999999Z", "23:59:59" },
        { -SECOND_US, "1969-12-31T23:59:59.000000Z", "23:59:59" },
        { INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z", "00:00:00" },
        { INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z", "23:59:59" },
    };
    struct buf buf;
    buf_init(&buf, 64);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&buf);
        wall_text(&buf, cases[i].us);
        assert_string_equal(buf_str(&buf), cases[i].text);
        buf_clear(&buf);
        wall_clock(&buf, cases[i].us);
        assert_string_equal(buf_str(&buf), cases[i].clock);
        int64_t back = -7;
        assert_int_equal(wall_parse(cases[i].text, &back, NULL), 0);
        assert_int_equal(back, cases[i].us);
    }
    buf_finish(&buf);
}

static void test_wall_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want_us; /* -7: refused */
    } cases[] = {
        { "2026-11-20T23:06:38Z", MOMENT_US - 123456 },
        { "2026-11-20T23:06:38.1Z", MOMENT_US - 23456 },
        { "2026-11-20T23:06:38.123Z", MOMENT_US - 456 },
        { "2024-02-29T00:00:00Z", INT64_C(1709164800000000) },
        { "2023-02-29T00:00:00Z", -7 },
        { "2026-02-30T00:00:00Z", -7 },
        { "2026-13-01T00:00:00Z", -7 },
        { "2026-00-01T00:00:00Z", -7 },
        { "2026-01-00T00:00:00Z", -7 },
        { "2026-11-20T24:00:00Z", -7 },
        { "2026-11-20T23:60:00Z", -7 },
        { "2026-11-20T23:59:60Z", -7 },
        { "2026-11-20T23:06:38", -7 },
        { "2026-11-20T23:06:38z", -7 },
        { "2026-11-20T23:06:38.Z", -7 },
        { "2026-11-20T23:06:38.1234567Z", -7 },
        { "2026-11-20T23:06:38+00:00", -7 },
        { "2026-11-20T23:06:38Z ", -7 },
        { "2026-11-20 23:06:38Z", -7 },
        { "26-11-20T23:06:38Z", -7 },
        { "2026-1-20T23:06:38Z", -7 },
        { "-026-11-20T23:06:38Z", -7 },
        { "2026-11-20", -7 },
        { "YYYY-OO-DDTHH:MM:SSZ", -7 },
        { "", -7 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t us = -7;
        struct err err = ERR_INIT;
        int r = wall_parse(cases[i].text, &us, &err);
        assert_int_equal(us, cases[i].want_us);
        assert_int_equal(r, us == -7 ? ERR_INVALID : 0);
        assert_true((r < 0) == (strstr(err.message, "is not a moment") != NULL));
    }
}

/* Local time must have no part in it. */
static void test_the_time_zone_does_not_matter(void **state)
{
    (void)state;
    static const char *const zones[] = { "UTC", "America/New_York", "XYZ-14", "ABC+11:30DEF" };
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        setenv("TZ", zones[i], 1);
        tzset();
        struct buf buf;
        buf_init(&buf, 64);
        wall_text(&buf, MOMENT_US);
        int64_t us = 0;
        assert_string_equal(buf_str(&buf), "2026-11-20T23:06:38.123456Z");
        assert_int_equal(wall_parse(buf_str(&buf), &us, NULL), 0);
        assert_int_equal(us, MOMENT_US);
        buf_finish(&buf);
    }
    unsetenv("TZ");
    tzset();
}

static void test_clocks(void **state)
{
    (void)state;
    struct timespec wall;
    struct timespec boot;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &wall), 0);
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &boot), 0);
    struct instant first = clock_now();
    usleep(2000);
    struct instant second = clock_now();
    assert_true(second.boot_us - first.boot_us >= 2000);
    /* A minute of slack: machines stall, and the wall clock may be set. */
    assert_true(llabs(first.wall_us / SECOND_US - wall.tv_sec) < 60);
    assert_true(llabs(first.boot_us / SECOND_US - boot.tv_sec) < 60);
}

/* By the clock that nobody sets; by the other one where the machine was started anew. */
static void test_between(void **state)
{
    static const struct instant at = { 1000, 50 }, set_back = { 400, 60 }, again = { 1700, 3 },
                                lost = { 900, 3 };
    (void)state;
    assert_int_equal(instant_between(&at, &at), 0);
    assert_int_equal(instant_between(&at, &set_back), 10);
    assert_int_equal(instant_between(&at, &again), 700);
    assert_int_equal(instant_between(&at, &lost), 0);
}

static void test_boot_id(void **state)
{
    (void)state;
    char first[37] = "";
    char second[37] = "";
    struct err err = ERR_INIT;
    assert_int_equal(clock_boot_id(first, &err), 0);
    assert_int_equal(clock_boot_id(second, &err), 0);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
    assert_string_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall_text_and_back),
        cmocka_unit_test(test_wall_parse),
        cmocka_unit_test(test_the_time_zone_does_not_matter),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_boot_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
