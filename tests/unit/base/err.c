#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

static void test_set(void **state)
{
    (void)state;
    static const struct {
        const char *argument;
        const char *want;
    } cases[] = {
        { "plain", "got plain" },
        { "", "got " },
        { "a\x1b[31mb", "got a^[[31mb" },
        { "two\nlines", "got two^Jlines" },
        { "tab\there", "got tab here" },
        { "\xff", "got \\xff" },
        { "caf\xc3\xa9", "got caf\xc3\xa9" },
        { "\xe2\x80\xae", "got <U+202E>" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(err_set(&err, ERR_REFUSED, "got %s", cases[i].argument), ERR_REFUSED);
        assert_int_equal(err.code, ERR_REFUSED);
        assert_string_equal(err.message, cases[i].want);
    }
}

static void test_null_err_gives_the_code(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_BUSY, "x"), ERR_BUSY);
    assert_int_equal(err_set_errno(NULL, ERR_IO, ENOENT, "x"), ERR_IO);
    assert_true(err_prefix(NULL, "x") < 0);
}

static void test_errno_text_comes_last(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_int_equal(err_set_errno(&err, ERR_IO, ENOENT, "cannot open %s", "a\nb"), ERR_IO);
    assert_string_equal(err.message, "cannot open a^Jb: No such file or directory");
}

static void test_prefix(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    (void)err_set(&err, ERR_TIMEOUT, "no answer");
    assert_int_equal(err_prefix(&err, "target %s", "primary"), ERR_TIMEOUT);
    assert_int_equal(err_prefix(&err, "step 3"), ERR_TIMEOUT);
    assert_int_equal(err.code, ERR_TIMEOUT);
    assert_string_equal(err.message, "step 3: target primary: no answer");
}

static void test_arguments_may_point_into_the_error(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    (void)err_set(&err, ERR_IO, "inner");
    (void)err_set(&err, ERR_CORRUPT, "outer (%s) and again %s", err.message, err.message);
    assert_string_equal(err.message, "outer (inner) and again inner");
    (void)err_set_errno(&err, ERR_IO, EIO, "%s", err.message);
    assert_string_equal(err.message, "outer (inner) and again inner: Input/output error");
    (void)err_prefix(&err, "%s", "^");
    assert_string_equal(err.message, "^: outer (inner) and again inner: Input/output error");
}

/* A message of `len` bytes of `unit`, as each of the functions makes it. */
static void check_long(const char *unit, size_t len, bool fits)
{
    char text[8 * ERR_MESSAGE_MAX];
    assert_true(len < sizeof(text));
    for (size_t i = 0; i < len; i++)
        text[i] = unit[i % strlen(unit)];
    text[len] = '\0';
    struct err err = ERR_INIT;
    (void)err_set(&err, ERR_INVALID, "%s", text);
    size_t got = strlen(err.message);
    assert_true(got < ERR_MESSAGE_MAX);
    if (fits) {
        assert_string_equal(err.message, text);
        return;
    }
    assert_string_equal(err.message + got - 3, "...");
    assert_memory_equal(err.message, text, got - 3);
    assert_true(text_valid_utf8(err.message, got)); /* whole characters */
    assert_true(got + 4 >= ERR_MESSAGE_MAX);        /* and as many as fit */
}

static void test_too_long_ends_in_dots(void **state)
{
    (void)state;
    check_long("a", ERR_MESSAGE_MAX - 1, true);
    check_long("a", ERR_MESSAGE_MAX, false);
    check_long("a", 4 * ERR_MESSAGE_MAX, false);
    check_long("\xc3\xa9", ERR_MESSAGE_MAX - 2, true);
    check_long("\xc3\xa9", ERR_MESSAGE_MAX, false);
    check_long("\xe2\x82\xac", ERR_MESSAGE_MAX - 1, true);
    check_long("\xe2\x82\xac", ERR_MESSAGE_MAX + 2, false);
    check_long("\xf0\x9f\x98\x80", 3 * ERR_MESSAGE_MAX, false);
    check_long("\xf0\x9f\x98\x80\xe2\x82\xac", 7 * 300, false); /* 7 bytes: the cut falls inside one */
    check_long("z\xf0\x9f\x98\x80zz", 7 * 300, false);
}

static void test_visible_growth_over_the_maximum_ends_in_dots(void **state)
{
    (void)state;
    char text[ERR_MESSAGE_MAX];
    memset(text, '\x01', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err = ERR_INIT;
    (void)err_set(&err, ERR_INVALID, "%s", text);
    assert_int_equal(strlen(err.message), ERR_MESSAGE_MAX - 1);
    assert_string_equal(err.message + ERR_MESSAGE_MAX - 6, "^A...");
}

static void test_prefix_and_errno_over_the_maximum_end_in_dots(void **state)
{
    (void)state;
    char text[2 * ERR_MESSAGE_MAX];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct err err = ERR_INIT;
    (void)err_set(&err, ERR_BUSY, "short");
    assert_int_equal(err_prefix(&err, "%s", text), ERR_BUSY);
    assert_string_equal(err.message + strlen(err.message) - 4, "x...");
    assert_int_equal(err_prefix(&err, "first"), ERR_BUSY);
    assert_memory_equal(err.message, "first: xxx", 10);
    assert_string_equal(err.message + strlen(err.message) - 4, "x...");
    assert_int_equal(err_set_errno(&err, ERR_IO, EIO, "%s", text), ERR_IO);
    assert_string_equal(err.message + strlen(err.message) - 4, "x...");
}

static void test_words_and_exit_statuses(void **state)
{
    (void)state;
    static const struct {
        int code;
        const char *word;
        int status;
    } cases[] = {
        { 0, "unknown", 0 },
        { ERR_INVALID, "invalid", 1 },
        { ERR_USAGE, "usage", 2 },
        { ERR_REFUSED, "refused", 1 },
        { ERR_NOT_FOUND, "not found", 1 },
        { ERR_ENVIRONMENT, "environment", 3 },
        { ERR_IO, "io", 1 },
        { ERR_CORRUPT, "corrupt", 1 },
        { ERR_LIMIT, "limit", 1 },
        { ERR_BUSY, "busy", 1 },
        { ERR_CLOSED, "closed", 1 },
        { ERR_TIMEOUT, "timeout", 1 },
        { ERR_NONE_, "unknown", 1 },
        { -1, "unknown", 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(err_word(cases[i].code), cases[i].word);
        assert_int_equal(err_exit_status(cases[i].code), cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_null_err_gives_the_code),
        cmocka_unit_test(test_errno_text_comes_last),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_arguments_may_point_into_the_error),
        cmocka_unit_test(test_too_long_ends_in_dots),
        cmocka_unit_test(test_visible_growth_over_the_maximum_ends_in_dots),
        cmocka_unit_test(test_prefix_and_errno_over_the_maximum_end_in_dots),
        cmocka_unit_test(test_words_and_exit_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
