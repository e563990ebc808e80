#include "runbook/book.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runbook/decimal.h"

#define NUMBER(is_, value_)                                                                                  \
    {                                                                                                        \
        .kind = EXPECT_VALUE, .is = (is_), .value = (value_), .numeric = true                                \
    }
#define WORD(is_, value_)                                                                                    \
    {                                                                                                        \
        .kind = EXPECT_VALUE, .is = (is_), .value = (value_)                                                 \
    }
#define ROWS(is_, rows_)                                                                                     \
    {                                                                                                        \
        .kind = EXPECT_ROWS, .is = (is_), .rows = (rows_)                                                    \
    }

static const struct {
    struct expect expect;
    int64_t rows;
    const char *value;
    bool met;
} cases[] = {
    { { .kind = EXPECT_NOTHING }, 0, NULL, true },
    { { .kind = EXPECT_NOTHING }, 3, "x", true },

    { WORD(IS_EQUAL, "true"), 1, "t", true },
    { WORD(IS_EQUAL, "true"), 1, "true", true },
    { WORD(IS_EQUAL, "true"), 1, "f", false },
    { WORD(IS_EQUAL, "false"), 1, "f", true },
    { WORD(IS_EQUAL, "true"), 1, "TRUE", false },
    { WORD(IS_EQUAL, "true"), 1, NULL, false },
    { WORD(IS_EQUAL, "true"), 0, "t", false }, /* no row, whatever the value says */
    { WORD(IS_EQUAL, "true"), 1, "", false },
    { WORD(IS_EQUAL, "active"), 1, "active", true },
    { WORD(IS_EQUAL, "active"), 1, "active ", false },
    { WORD(IS_NOT_EQUAL, "active"), 1, "gone", true },
    { WORD(IS_NOT_EQUAL, "active"), 1, "active", false },
    { WORD(IS_NOT_EQUAL, "active"), 1, NULL, true },

    { WORD(IS_EQUAL, NULL), 1, NULL, true },
    { WORD(IS_EQUAL, NULL), 0, NULL, true },
    { WORD(IS_EQUAL, NULL), 1, "", false },
    { WORD(IS_NOT_EQUAL, NULL), 1, "x", true },
    { WORD(IS_NOT_EQUAL, NULL), 1, NULL, false },

    { NUMBER(IS_EQUAL, "0"), 1, "0", true },
    { NUMBER(IS_EQUAL, "0"), 1, "-0.00", true },
    { NUMBER(IS_EQUAL, "0"), 1, "1", false },
    { NUMBER(IS_EQUAL, "0"), 1, "", false },
    { NUMBER(IS_EQUAL, "0"), 1, NULL, false },
    { NUMBER(IS_EQUAL, "0"), 0, NULL, false },
    { NUMBER(IS_EQUAL, "0"), 1, "nothing", false },
    { NUMBER(IS_NOT_EQUAL, "0"), 1, "nothing", false }, /* no number is neither equal nor different */
    { NUMBER(IS_EQUAL, "0"), 1, "0x0", false },
    { NUMBER(IS_EQUAL, "0"), 1, " 0", false },
    { NUMBER(IS_EQUAL, "1"), 1, "t", false },
    { NUMBER(IS_LESS, "5"), 1, "NaN", false },
    { NUMBER(IS_GREATER, "5"), 1, "Infinity", false },
    { NUMBER(IS_EQUAL, "0.1"), 1, "0.10", true },
    { NUMBER(IS_EQUAL, "1000000"), 1, "1e+06", true },
    { NUMBER(IS_LESS, "10"), 1, "9", true }, /* not as texts */
    { NUMBER(IS_LESS, "10"), 1, "10", false },
    { NUMBER(IS_LESS_EQUAL, "10"), 1, "10", true },
    { NUMBER(IS_GREATER_EQUAL, "1"), 1, "2", true },
    { NUMBER(IS_GREATER_EQUAL, "1"), 1, "0", false },
    { NUMBER(IS_GREATER, "1"), 1, "1", false },
    { NUMBER(IS_GREATER, "-2"), 1, "-1.5", true },
    { NUMBER(IS_EQUAL, "9007199254740992"), 1, "9007199254740993", false }, /* equal as doubles */

    { ROWS(IS_EQUAL, 3), 3, NULL, true },
    { ROWS(IS_EQUAL, 3), 2, "3", false },
    { ROWS(IS_GREATER, 0), 1, NULL, true },
    { ROWS(IS_GREATER, 0), 0, NULL, false },
};

static void test_met(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (expect_met(&cases[i].expect, cases[i].rows, cases[i].value) != cases[i].met)
            fail_msg("case %zu: %s against %s", i, cases[i].expect.value, cases[i].value);
    }
}

static void test_text(void **state)
{
    static struct target targets[] = { { .id = "primary" }, { .id = "standby" } };
    static const struct book book = { .targets = targets, .target_count = 2 };
    static const struct http_query http = { .method = "GET", .url = "http://shop.test", .pointer = "/a" };
    static const struct query of_server = { .target = 1, .sql = "SELECT 2" };
    static const struct query of_url = { .target = BOOK_NONE, .http = &http };
    static const struct {
        struct expect expect;
        const char *want;
    } texts[] = {
        { { .kind = EXPECT_EQUALS, .other = &of_server }, "= what \"standby\" answers to SELECT 2" },
        { { .kind = EXPECT_EQUALS, .other = &of_url }, "= what GET http://shop.test /a answers" },
        { { .kind = EXPECT_NOTHING }, "anything" },
        { NUMBER(IS_EQUAL, "0"), "= 0" },
        { WORD(IS_NOT_EQUAL, NULL), "!= NULL" },
        { WORD(IS_EQUAL, "active"), "= active" },
        { ROWS(IS_EQUAL, 3), "3 rows" },
        { ROWS(IS_EQUAL, 1), "1 row" },
        { ROWS(IS_GREATER_EQUAL, 2), ">= 2 rows" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct buf buf;
        buf_init(&buf, 100);
        expect_text(&buf, &texts[i].expect, &book);
        assert_string_equal(buf_str(&buf), texts[i].want);
        buf_finish(&buf);
    }
}

/* Each pair below is in order; every number is compared with every other one, in both directions. */
static void test_decimal_order(void **state)
{
    static const char *const ordered[] = { "-1e3",
                                           "-999.5",
                                           "-1",
                                           "-0.001",
                                           "0",
                                           "1e-9",
                                           ".5",
                                           "0.51",
                                           "1.",
                                           "9",
                                           "10",
                                           "99999999999999999998",
                                           "99999999999999999999",
                                           "1e20" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ordered); i++) {
        for (size_t j = 0; j < ARRAY_LEN(ordered); j++) {
            int order = 7;
            assert_true(decimal_compare(ordered[i], ordered[j], &order));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void test_decimal_refuses(void **state)
{
    static const char *const no_numbers[] = { "",    "-",   ".",   "e5",    "1e",  "1e+",          "1x", "1 ",
                                              "0x1", "inf", "nan", "1.2.3", "--1", "1e9999999999", "1,5" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(no_numbers); i++) {
        int order;
        if (decimal_compare(no_numbers[i], "1", &order) || decimal_compare("1", no_numbers[i], &order))
            fail_msg("\"%s\" counts as a number", no_numbers[i]);
    }
    char *digits = mem_alloc(5000);
    memset(digits, '1', 4999);
    int order;
    assert_false(decimal_compare(digits, "1", &order));
    free(digits);
}

static void test_comparison(void **state)
{
    static const struct {
        enum comparison is;
        bool less, equal, greater; /* of 1 with 2, 2 with 2, 3 with 2 */
    } rows[] = {
        { IS_LESS, true, false, false },         { IS_LESS_EQUAL, true, true, false },
        { IS_EQUAL, false, true, false },        { IS_NOT_EQUAL, true, false, true },
        { IS_GREATER_EQUAL, false, true, true }, { IS_GREATER, false, false, true },
    };
    (void)state;
    assert_int_equal(ARRAY_LEN(rows), COMPARISON_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(comparison_holds(rows[i].is, 1, 2), rows[i].less);
        assert_int_equal(comparison_holds(rows[i].is, 2, 2), rows[i].equal);
        assert_int_equal(comparison_holds(rows[i].is, 3, 2), rows[i].greater);
        assert_false(comparison_holds(rows[i].is, NAN, 2));
        assert_false(comparison_holds(rows[i].is, 2, NAN));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_met),           cmocka_unit_test(test_text),
        cmocka_unit_test(test_decimal_order), cmocka_unit_test(test_decimal_refuses),
        cmocka_unit_test(test_comparison),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
