/* Values that are known only while a book is executed, put into its texts: quoted by where they land, in one
 * pass. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What the steps of the book of kinds answered, "lsn" by "here" and "made" by "make"; and the item. */
struct values {
    const char *lsn, *made, *tenant;
};

static const char *value_of(void *data, const struct later_value *later)
{
    const struct values *values = data;
    return strcmp(later->name, "lsn") == 0    ? values->lsn
           : strcmp(later->name, "made") == 0 ? values->made
                                              : values->tenant;
}

static const struct {
    const char *step;
    bool is_sql;
    struct values values;
    const char *text, *want;
} cases[] = {
    { "text", true, { .lsn = "0/1" }, "SELECT ${lsn}", "SELECT '0/1'" },
    { "text", true, { .lsn = "it's" }, "SELECT ${lsn}", "SELECT 'it''s'" },
    { "text", true, { .lsn = "'; DROP TABLE a; --" }, "SELECT ${lsn}", "SELECT '''; DROP TABLE a; --'" },
    { "text", true, { .lsn = "a\\" }, "SELECT ${lsn}", "SELECT 'a\\'" },
    { "text", true, { .lsn = "" }, "SELECT ${lsn}", "SELECT ''" },
    { "text", true, { .lsn = "two\nlines" }, "SELECT ${lsn}", "SELECT 'two\nlines'" },
    { "text", true, { .lsn = "$$" }, "SELECT ${lsn}", "SELECT '$$'" },
    { "text", true, { .lsn = "${made}", .made = "x" }, "SELECT ${lsn}, ${made}", "SELECT '${made}', 'x'" },
    { "text", true, { .lsn = "x" }, "SELECT '${lsn}', \"${lsn}\"", "SELECT '${lsn}', \"${lsn}\"" },
    { "text", true, { .lsn = "x" }, "SELECT 1 -- ${lsn}\n, ${lsn}", "SELECT 1 -- ${lsn}\n, 'x'" },
    { "text", true, { .lsn = "x" }, "SELECT /* ${lsn} */ $$ ${lsn} $$", "SELECT /* ${lsn} */ $$ ${lsn} $$" },
    { "text", true, { .lsn = "x" }, "SELECT $q$ ${lsn} $q$, ${lsn}", "SELECT $q$ ${lsn} $q$, 'x'" },
    { "text", true, { .lsn = "x" }, "SELECT ${other}", "SELECT ${other}" },
    { "post", false, { .lsn = "x" }, "${lsn}", "${lsn}" }, /* before there was such a name */
    { "text", true, { .tenant = "x" }, "SELECT ${tenant}", "SELECT ${tenant}" }, /* another step's item */
    { "each", true, { .tenant = "t" }, "CREATE SCHEMA ${tenant}", "CREATE SCHEMA \"t\"" },
    { "each", true, { .tenant = "T \"; --" }, "CREATE SCHEMA ${tenant}", "CREATE SCHEMA \"T \"\"; --\"" },
    { "each",
      true,
      { .tenant = "t", .lsn = "l" },
      "SELECT ${lsn} FROM ${tenant}.a",
      "SELECT 'l' FROM \"t\".a" },
    { "each", false, { .tenant = "we\"ird" }, "x ${tenant}", "x we\"ird" },
    { "text", false, { .lsn = "it's; rm" }, "-l${lsn}", "-lit's; rm" },
    { "text", false, { .lsn = "${made}", .made = "x" }, "${lsn}${made}", "${made}x" },
    { "text", false, { .lsn = "l" }, "http://a/${lsn}?b=${other}&c=$${", "http://a/l?b=${other}&c=$${" },
    { "text", false, { .lsn = "l" }, "${lsn", "${lsn" },
    { "text", false, { .lsn = "l" }, "${} ${lsn}", "${} l" },
    { "text", false, { .lsn = "l" }, "", "" },
    { "text", false, { .lsn = "l" }, "nothing of it $1", "nothing of it $1" },
};

static void test_filled(void **state)
{
    struct load load;
    (void)state;
    load_init(&load, kinds_book, &kinds_options);
    assert_string_equal(buf_str(&load.faults), "");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        struct values values = cases[i].values;
        const char *got = NULL;
        size_t step = book_find_step(load.book, cases[i].step);
        if (book_fill(load.book, load.arena, step, cases[i].text, cases[i].is_sql, value_of, &values, &got,
                      &err) < 0)
            fail_msg("%s: %s", cases[i].text, err.message);
        assert_string_equal(got, cases[i].want);
    }
    load_finish(&load);
}

/* Nothing is carried out with a hole in it: the one that has no value is named, and who should have it. */
static void test_unknown(void **state)
{
    static const struct {
        const char *step;
        bool is_sql;
        const char *text, *message;
    } rows[] = {
        { "text", true, "SELECT ${lsn}", "${lsn} is not known: step \"here\" has not answered it" },
        { "text", false, "a ${made} b", "${made} is not known: step \"make\" has not answered it" },
        { "each", true, "SELECT ${tenant}", "${tenant} is not known: step \"each\" has not answered it" },
    };
    struct load load;
    (void)state;
    load_init(&load, kinds_book, &kinds_options);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = ERR_INIT;
        struct values nothing = { 0 };
        const char *got = NULL;
        size_t step = book_find_step(load.book, rows[i].step);
        assert_int_equal(book_fill(load.book, load.arena, step, rows[i].text, rows[i].is_sql, value_of,
                                   &nothing, &got, &err),
                         ERR_NOT_FOUND);
        assert_string_equal(err.message, rows[i].message);
    }
    load_finish(&load);
}

static void test_nothing_to_fill(void **state)
{
    struct err err = ERR_INIT;
    struct load load;
    const char *got = "x";
    const char *text = "SELECT ${lsn}";
    (void)state;
    load_init(&load, sample_book, NULL); /* it has no such values */
    assert_int_equal(book_fill(load.book, load.arena, 0, text, true, value_of, NULL, &got, &err), 0);
    assert_ptr_equal(got, text);
    assert_int_equal(book_fill(load.book, load.arena, 0, NULL, true, value_of, NULL, &got, &err), 0);
    assert_null(got);
    load_finish(&load);
}

/* A value cannot make a text as large as it likes. */
static void test_too_long(void **state)
{
    struct err err = ERR_INIT;
    struct load load;
    const char *got = NULL;
    (void)state;
    load_init(&load, kinds_book, &kinds_options);
    char *large = arena_alloc(load.arena, 600000);
    memset(large, 'x', 599999);
    struct values values = { .lsn = large };
    size_t step = book_find_step(load.book, "text");
    assert_int_equal(
        book_fill(load.book, load.arena, step, "SELECT ${lsn}", true, value_of, &values, &got, &err), 0);
    assert_true(book_fill(load.book, load.arena, step, "SELECT ${lsn}, ${lsn}", true, value_of, &values, &got,
                          &err) < 0);
    load_finish(&load);
}

static void test_equal(void **state)
{
    static const struct {
        int64_t rows;
        const char *value;
        int64_t other_rows;
        const char *other;
        bool equal;
    } rows[] = {
        { 1, "a", 1, "a", true },
        { 1, "a", 1, "A", false },
        { 1, "1", 1, "1.0", true },
        { 1, "1e2", 1, "100", true },
        { 1, "2", 1, "1", false },
        { 3, "a", 1, "a", true },
        { 0, NULL, 0, NULL, false },
        { 1, NULL, 1, NULL, false },
        { 1, NULL, 1, "a", false },
        { 1, "a", 0, NULL, false },
        { 0, "a", 1, "a", false },
        { 1, "", 1, "", true },
        { 1, "9007199254740993", 1, "9007199254740992", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (expect_equal(rows[i].rows, rows[i].value, rows[i].other_rows, rows[i].other) != rows[i].equal)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filled),          cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_nothing_to_fill), cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
