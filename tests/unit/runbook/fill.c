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
    enum fill_in in;
    struct values values;
    const char *text, *want;
} cases[] = {
    { "text", FILL_IN_POSTGRESQL, { .lsn = "0/1" }, "SELECT ${lsn}", "SELECT '0/1'" },
    { "text", FILL_IN_POSTGRESQL, { .lsn = "it's" }, "SELECT ${lsn}", "SELECT 'it''s'" },
    { "text",
      FILL_IN_POSTGRESQL,
      { .lsn = "'; DROP TABLE a; --" },
      "SELECT ${lsn}",
      "SELECT '''; DROP TABLE a; --'" },
    { "text", FILL_IN_POSTGRESQL, { .lsn = "a\\" }, "SELECT ${lsn}", "SELECT 'a\\'" },
    { "text", FILL_IN_POSTGRESQL, { .lsn = "" }, "SELECT ${lsn}", "SELECT ''" },
    { "text", FILL_IN_POSTGRESQL, { .lsn = "two\nlines" }, "SELECT ${lsn}", "SELECT 'two\nlines'" },
    { "text", FILL_IN_POSTGRESQL, { .lsn = "$$" }, "SELECT ${lsn}", "SELECT '$$'" },
    { "text",
      FILL_IN_POSTGRESQL,
      { .lsn = "${made}", .made = "x" },
      "SELECT ${lsn}, ${made}",
      "SELECT '${made}', 'x'" },
    { "text",
      FILL_IN_POSTGRESQL,
      { .lsn = "x" },
      "SELECT '${lsn}', \"${lsn}\"",
      "SELECT '${lsn}', \"${lsn}\"" },
    { "text",
      FILL_IN_POSTGRESQL,
      { .lsn = "x" },
      "SELECT 1 -- ${lsn}\n, ${lsn}",
      "SELECT 1 -- ${lsn}\n, 'x'" },
    { "text",
      FILL_IN_POSTGRESQL,
      { .lsn = "x" },
      "SELECT /* ${lsn} */ $$ ${lsn} $$",
      "SELECT /* ${lsn} */ $$ ${lsn} $$" },
    { "text",
      FILL_IN_POSTGRESQL,
      { .lsn = "x" },
      "SELECT $q$ ${lsn} $q$, ${lsn}",
      "SELECT $q$ ${lsn} $q$, 'x'" },
    { "text", FILL_IN_POSTGRESQL, { .lsn = "x" }, "SELECT ${other}", "SELECT ${other}" },
    { "post", FILL_IN_TEXT, { .lsn = "x" }, "${lsn}", "${lsn}" }, /* before there was such a name */
    { "text",
      FILL_IN_POSTGRESQL,
      { .tenant = "x" },
      "SELECT ${tenant}",
      "SELECT ${tenant}" }, /* another step's item */
    { "each", FILL_IN_POSTGRESQL, { .tenant = "t" }, "CREATE SCHEMA ${tenant}", "CREATE SCHEMA \"t\"" },
    { "each",
      FILL_IN_POSTGRESQL,
      { .tenant = "T \"; --" },
      "CREATE SCHEMA ${tenant}",
      "CREATE SCHEMA \"T \"\"; --\"" },
    { "each",
      FILL_IN_POSTGRESQL,
      { .tenant = "t", .lsn = "l" },
      "SELECT ${lsn} FROM ${tenant}.a",
      "SELECT 'l' FROM \"t\".a" },
    /* by the rules of the engine that gets the text */
    { "text", FILL_IN_MYSQL, { .lsn = "a\\" }, "SELECT ${lsn}", "SELECT 'a\\'" },
    { "text", FILL_IN_MYSQL, { .lsn = "x" }, "SELECT `${lsn}`, ${lsn}", "SELECT `${lsn}`, 'x'" },
    { "text", FILL_IN_MYSQL, { .lsn = "x" }, "SELECT 1 # ${lsn}\n, ${lsn}", "SELECT 1 # ${lsn}\n, 'x'" },
    { "text", FILL_IN_MYSQL, { .lsn = "x" }, "SELECT `it's`, ${lsn}", "SELECT `it's`, 'x'" },
    { "text", FILL_IN_MYSQL, { .lsn = "x" }, "SELECT 1--${lsn}", "SELECT 1--'x'" },
    { "text", FILL_IN_MARIADB, { .lsn = "x" }, "SELECT $$, ${lsn}, $$", "SELECT $$, 'x', $$" },
    { "each", FILL_IN_MARIADB, { .tenant = "T \"; `" }, "USE ${tenant}", "USE \"T \"\"; `\"" },
    { "each", FILL_IN_TEXT, { .tenant = "we\"ird" }, "x ${tenant}", "x we\"ird" },
    { "text", FILL_IN_TEXT, { .lsn = "it's; rm" }, "-l${lsn}", "-lit's; rm" },
    { "text", FILL_IN_TEXT, { .lsn = "${made}", .made = "x" }, "${lsn}${made}", "${made}x" },
    { "text",
      FILL_IN_TEXT,
      { .lsn = "l" },
      "http://a/${lsn}?b=${other}&c=$${",
      "http://a/l?b=${other}&c=$${" },
    { "text", FILL_IN_TEXT, { .lsn = "l" }, "${lsn", "${lsn" },
    { "text", FILL_IN_TEXT, { .lsn = "l" }, "${} ${lsn}", "${} l" },
    { "text", FILL_IN_TEXT, { .lsn = "l" }, "", "" },
    { "text", FILL_IN_TEXT, { .lsn = "l" }, "nothing of it $1", "nothing of it $1" },
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
        if (book_fill(load.book, load.arena, step, cases[i].text, cases[i].in, value_of, &values, &got,
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
        enum fill_in in;
        const char *text, *message;
    } rows[] = {
        { "text", FILL_IN_POSTGRESQL, "SELECT ${lsn}",
          "${lsn} is not known: step \"here\" has not answered it" },
        { "text", FILL_IN_TEXT, "a ${made} b", "${made} is not known: step \"make\" has not answered it" },
        { "each", FILL_IN_POSTGRESQL, "SELECT ${tenant}",
          "${tenant} is not known: step \"each\" has not answered it" },
    };
    struct load load;
    (void)state;
    load_init(&load, kinds_book, &kinds_options);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = ERR_INIT;
        struct values nothing = { 0 };
        const char *got = NULL;
        size_t step = book_find_step(load.book, rows[i].step);
        assert_int_equal(
            book_fill(load.book, load.arena, step, rows[i].text, rows[i].in, value_of, &nothing, &got, &err),
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
    assert_int_equal(
        book_fill(load.book, load.arena, 0, text, FILL_IN_POSTGRESQL, value_of, NULL, &got, &err), 0);
    assert_ptr_equal(got, text);
    assert_int_equal(
        book_fill(load.book, load.arena, 0, NULL, FILL_IN_POSTGRESQL, value_of, NULL, &got, &err), 0);
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
    assert_int_equal(book_fill(load.book, load.arena, step, "SELECT ${lsn}", FILL_IN_POSTGRESQL, value_of,
                               &values, &got, &err),
                     0);
    assert_true(book_fill(load.book, load.arena, step, "SELECT ${lsn}, ${lsn}", FILL_IN_POSTGRESQL, value_of,
                          &values, &got, &err) < 0);
    load_finish(&load);
}

#define CALLED "`called`:{`to`:`them`,`via`:`telephone`,`text`:`ring them`}"
#define BUMP   "{`id`:`bump`,"

/* The book with one more communication, and steps that send it behind those that answer and before them. */
static void load_telling(struct load *load, const char *text, const char *early, const char *late)
{
    char *told = replaced(kinds_book, CALLED, text);
    char *first = replaced(told, "{`id`:`post`,", early);
    char *second = replaced(first, BUMP, late);
    load_init(load, second, &kinds_options);
    free(told);
    free(first);
    free(second);
}

#define AT_LSN                                                                                               \
    CALLED ",`at`:{`to`:`all`,`via`:`command`,`argv`:[`tell`],`text`:`At ${lsn} of ${word}, $${lsm}`}"
#define TOLD  "{`id`:`told`,`kind`:`notify`,`template`:`at`},"
#define AGAIN "{`id`:`again`,`kind`:`notify`,`template`:`at`},"

/* What is told holds what the steps before it answered, and each step sends it for itself. */
static void test_told(void **state)
{
    struct err err = ERR_INIT;
    struct values values = { .lsn = "0/1 \"a\"\n" }, nothing = { 0 };
    struct load load;
    const char *got = NULL;
    (void)state;
    load_telling(&load, AT_LSN, "{`id`:`post`,", TOLD AGAIN BUMP);
    assert_string_equal(buf_str(&load.faults), "");
    size_t step = book_find_step(load.book, "again");
    const char *text = load.book->steps[step].notice->text;
    assert_string_equal(text, "At ${lsn} of it's, ${lsm}");
    assert_int_equal(
        book_fill(load.book, load.arena, step, text, FILL_IN_TEXT, value_of, &values, &got, &err), 0);
    assert_string_equal(got, "At 0/1 \"a\"\n of it's, ${lsm}");
    assert_int_equal(
        book_fill(load.book, load.arena, step, text, FILL_IN_TEXT, value_of, &nothing, &got, &err),
        ERR_NOT_FOUND);
    load_finish(&load);

    /* One step may, the other comes before there is such a value: that is told once. */
    load_telling(&load, AT_LSN, TOLD AGAIN "{`id`:`post`,", BUMP);
    assert_null(load.book);
    assert_string_equal(buf_str(&load.faults),
                        "12:117: no param \"lsn\" (\"$${\" stands for the two characters themselves)");
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
        cmocka_unit_test(test_filled),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_nothing_to_fill),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
