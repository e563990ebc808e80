#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A book in which a text lands in one place, with a param of each type. */
static const char frame[] =
    "{`tminus`:1,`id`:`r`,`title`:`@title`,`params`:{`ident`:{`type`:`identifier`,`default`:`users`},"
    "`text`:{`type`:`text`,`default`:`plain`},`int`:{`type`:`integer`,`default`:7},"
    "`bool`:{`type`:`boolean`,`default`:true},`dur`:{`type`:`duration`,`default`:`5m`}},"
    "`targets`:{`p`:{`engine`:`postgresql`}},"
    "`postmortem`:[`${ident}${text}${int}${bool}${dur}`],"
    "`phases`:[{`id`:`a`,`kind`:`expand`,`title`:`T`,`steps`:[\n"
    "{`id`:`s`,`kind`:`sql`,`target`:`p`,`sql`:`@sql`,`rollback`:[{`kind`:`none`,`why`:`w`}]},"
    "{`id`:`c`,`kind`:`command`,`argv`:[`x`,`@argv`],`rollback`:[{`kind`:`none`,`why`:`w`}]}]}]}";

struct landing_case {
    const char *text;  /* as it stands in the book */
    const char *param; /* the value of ${text}, or NULL for its default */
    const char *want;
};

static const struct landing_case sql_cases[] = {
    { "SELECT * FROM ${ident}", NULL, "SELECT * FROM \"users\"" },
    { "SELECT * FROM public.${ident}", NULL, "SELECT * FROM public.\"users\"" },
    { "SELECT * FROM ${ident}.${ident}", NULL, "SELECT * FROM \"users\".\"users\"" },
    { "SELECT ${text}", NULL, "SELECT 'plain'" },
    { "SELECT ${text}", "it's", "SELECT 'it''s'" },
    { "SELECT ${text}", "'", "SELECT ''''" },
    { "SELECT ${text}", "", "SELECT ''" },
    { "SELECT ${text}", "a\\", "SELECT 'a\\'" },
    { "SELECT ${text}", "'; DROP TABLE users; --", "SELECT '''; DROP TABLE users; --'" },
    { "SELECT ${text}", "${int}", "SELECT '${int}'" }, /* one pass only */
    { "SELECT ${text}", "$$", "SELECT '$$'" },
    { "SELECT ${int}, ${bool}, ${dur}::interval", NULL, "SELECT 7, true, '5m'::interval" },
    { "SELECT f(${int},${text})", NULL, "SELECT f(7,'plain')" },
    { "SELECT 1-${int}", NULL, "SELECT 1-7" },
    { "SELECT $$body$$", NULL, "SELECT $$body$$" },
    { "SELECT $a$ it's $$ ; -- $a$, ${int}", NULL, "SELECT $a$ it's $$ ; -- $a$, 7" },
    { "SELECT $${\\\"a\\\":1}$$::jsonb", NULL,
      "SELECT $${\"a\":1}$$::jsonb" }, /* an opening quote, no escape */
    { "SELECT '$${int}'", NULL, "SELECT '${int}'" },
    { "SELECT 1 -- $${int}", NULL, "SELECT 1 -- ${int}" },
    { "SELECT a$b, $1, a$$b", NULL, "SELECT a$b, $1, a$$b" },
    { "SELECT E'\\\\'', ${int}", NULL, "SELECT E'\\'', 7" },
    { "SELECT '\\\\', ${int}", NULL, "SELECT '\\', 7" },
    { "SELECT 'a''b', ${int}", NULL, "SELECT 'a''b', 7" },
    { "SELECT \\\"a\\\"\\\"b\\\", ${int}", NULL, "SELECT \"a\"\"b\", 7" },
    { "SELECT /* a /* nested */ b */ ${int}", NULL, "SELECT /* a /* nested */ b */ 7" },
    { "SELECT 1 -- it's\\n, ${int}", NULL, "SELECT 1 -- it's\n, 7" },
    { "SELECT E'a'\\n'\\\\'', ${int}", NULL, "SELECT E'a'\n'\\'', 7" },
    { "SELECT U&'a', ${int}", NULL, "SELECT U&'a', 7" },
};

static const struct landing_case plain_cases[] = {
    { "${ident} ${text} ${int} ${bool} ${dur}", NULL, "users plain 7 true 5m" },
    { "${text}${text}", "it's", "it'sit's" },
    { "'${text}'", "x", "'x'" },
    { "${text}", "${int}", "${int}" },
    { "$${text} $$ $ $x $", NULL, "${text} $$ $ $x $" },
    { "$$${int}", NULL, "$${int}" },
    { "cost: 5$", NULL, "cost: 5$" },
};

static void check_landing(const char *mark, const struct landing_case *c)
{
    struct load load;
    const struct book_param param = { "text", c->param };
    const struct book_options options = { .param_count = c->param ? 1 : 0, .params = &param };
    char *text = replaced(frame, mark, c->text);
    load_init(&load, text, &options);
    if (!load.book)
        fail_msg("%s: %s", c->text, buf_str(&load.faults));
    const char *got = strcmp(mark, "@sql") == 0    ? load.book->steps[0].sql[0]
                      : strcmp(mark, "@argv") == 0 ? load.book->steps[1].argv[1]
                                                   : load.book->title;
    assert_string_equal(got, c->want);
    load_finish(&load);
    free(text);
}

static void test_sql(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sql_cases); i++)
        check_landing("@sql", &sql_cases[i]);
}

static void test_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(plain_cases); i++) {
        check_landing("@argv", &plain_cases[i]);
        check_landing("@title", &plain_cases[i]);
    }
}

/* Identifiers with quotes in them, and values that are given. */
static void test_given(void **state)
{
    struct load load;
    const struct book_param params[] = {
        { "ident", "we\"ird; --" }, { "int", "-5" }, { "bool", "false" }, { "dur", "1h30m" }
    };
    const struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    char *text = replaced(frame, "@sql", "SELECT ${ident}, 1 - ${int}, ${bool}, ${dur}");
    (void)state;
    load_init(&load, text, &options);
    assert_string_equal(buf_str(&load.faults), "");
    assert_string_equal(load.book->steps[0].sql[0], "SELECT \"we\"\"ird; --\", 1 - -5, false, '1h30m'");
    load_finish(&load);
    free(text);
}

/* A duration names params like any other text; what they make of it has to be one. */
static void test_durations(void **state)
{
    static const struct {
        const char *text;
        const char *dur; /* given; NULL: the default */
        int64_t min_us, max_us;
        const char *faults; /* a part of them; NULL: there are none */
    } cases[] = {
        { "${dur}", NULL, 5 * MINUTE_US, 5 * MINUTE_US, NULL },
        { "${dur}", "2s", 2 * SECOND_US, 2 * SECOND_US, NULL },
        { "1s..${dur}", "2s", SECOND_US, 2 * SECOND_US, NULL },
        { "${other}", NULL, 0, 0, "no param \"other\"" },
        { "${int}", NULL, 0, 0, "is wrong: \"7\" is not a duration" },
        { "${dur}..1s", NULL, 0, 0, "range \"5m..1s\" begins with its longer end" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct load load;
        const struct book_param param = { "dur", cases[i].dur };
        const struct book_options options = { .param_count = cases[i].dur ? 1 : 0, .params = &param };
        char *with = replaced(frame, "`sql`:`@sql`", "`sql`:`SELECT 1`,`estimate`:`@estimate`");
        char *text = replaced(with, "@estimate", cases[i].text);
        load_init(&load, text, &options);
        assert_int_equal(load.book != NULL, !cases[i].faults);
        if (cases[i].faults)
            if (!strstr(buf_str(&load.faults), cases[i].faults))
                fail_msg("%s", buf_str(&load.faults));
        if (load.book) {
            assert_int_equal(load.book->steps[0].estimate.min_us, cases[i].min_us);
            assert_int_equal(load.book->steps[0].estimate.max_us, cases[i].max_us);
        }
        load_finish(&load);
        free(text);
        free(with);
    }
}

static const struct {
    const char *sql;
    struct book_param param;
    const char *faults;
} given_refusals[] = {
    { "SELECT 1", { "txet", "x" }, "0:0: --param txet: no param of that name; did you mean `text`?" },
    { "SELECT 1", { "int", "seven" }, "0:0: --param int: is `seven`, not an integer" },
    { "SELECT 1", { "int", "" }, "0:0: --param int: is ``, not an integer" },
    { "SELECT 1",
      { "int", "9223372036854775808" },
      "0:0: --param int: is `9223372036854775808`, not an integer" },
    { "SELECT 1", { "int", " 7" }, "0:0: --param int: is ` 7`, not an integer" },
    { "SELECT 1", { "bool", "TRUE" }, "0:0: --param bool: is `TRUE`, not true or false" },
    { "SELECT 1", { "ident", "" }, "0:0: --param ident: is empty, which no identifier is" },
    { "SELECT 1", { "text", "a\nb" }, "0:0: --param text: holds a control character" },
    { "SELECT 1", { "text", "\xff" }, "0:0: --param text: is not UTF-8" },
    { "SELECT 1-${int}",
      { "int", "-7" },
      "2:43: ${int} touches what stands beside it: a param is a whole identifier or value" },
};

static void test_given_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(given_refusals); i++) {
        struct load load;
        const struct book_options options = { .param_count = 1, .params = &given_refusals[i].param };
        char *text = replaced(frame, "@sql", given_refusals[i].sql);
        char *want = mem_text(given_refusals[i].faults);
        for (char *at = want; (at = strchr(at, '`')) != NULL;)
            *at = '"';
        load_init(&load, text, &options);
        assert_string_equal(buf_str(&load.faults), want);
        load_finish(&load);
        free(want);
        free(text);
    }
}

static void test_given_twice(void **state)
{
    struct load load;
    const struct book_param params[] = { { "int", "1" }, { "int", "2" } };
    const struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    (void)state;
    load_init(&load, frame, &options);
    assert_non_null(strstr(buf_str(&load.faults), "--param int: is given twice"));
    load_finish(&load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql),           cmocka_unit_test(test_plain),
        cmocka_unit_test(test_given),         cmocka_unit_test(test_durations),
        cmocka_unit_test(test_given_refused), cmocka_unit_test(test_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
