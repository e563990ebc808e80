/* The texts of steps are read by the lexical rules of the engine that they are for. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

static const char book[] =
    "{`tminus`:1,`id`:`m`,`title`:`M`,`targets`:{`t`:{`engine`:`mysql`},`m`:{`engine`:`mariadb`},\n"
    "`p`:{`engine`:`postgresql`}},`roles`:{`operator`:{}},`params`:{`v`:{`type`:`text`,`default`:`it's`},\n"
    "`n`:{`type`:`identifier`,`default`:`a`}},`phases`:[{`id`:`p`,`kind`:`migrate`,`title`:`P`,`steps`:[\n"
    "{`id`:`q`,`kind`:`verify`,`target`:`t`,`sql`:`SELECT ${v}, ${n} # ;`,`expect`:{`rows`:1}},\n"
    "{`id`:`s`,`kind`:`sql`,`transaction`:false,`target`:`TARGET`,`sql`:\n"
    "`SQL`,\n"
    "`done_when`:{`target`:`m`,`sql`:`SELECT 1 # ; "
    "x`,`expect`:{`value`:1}},`rollback`:[{`kind`:`none`,`why`:`w`}]}]}]}\n";

#define SEVERAL                                                                                              \
    "6:1: several statements in one text are for postgresql only: make \"sql\" an array with one statement " \
    "in each text"
#define CONTROLS     "6:1: transactions are begun and ended for a step: say \"transaction\": true or false"
#define INSIDE(what) "6:1: ${ stands inside " what ", where its value would be quoted twice"

static const struct {
    const char *target;
    const char *sql; /* as JSON has it, with ~ for ` */
    const char *faults;
    const char *sent; /* NULL: it is refused */
} readings[] = {
    /* names */
    { "t", "SELECT ~a;b~ FROM t", "", "SELECT `a;b` FROM t" },
    { "t", "SELECT ~it's~, ${v}", "", "SELECT `it's`, 'it''s'" },
    { "t", "SELECT ~a~~;--b~", "", "SELECT `a``;--b`" },
    { "t", "SELECT ~begin;COMMIT~", "", "SELECT `begin;COMMIT`" },
    { "t", "SELECT ~${n}~", INSIDE("a quoted identifier"), NULL },
    { "t", "SELECT ~a", "6:1: a quoted identifier is not closed in this SQL", NULL },
    { "t", "SELECT 1 AS ${n}~b~",
      "6:1: ${n} touches what stands beside it: a param is a whole identifier or value", NULL },
    { "m", "SELECT ~a$$b~, ${v}", "", "SELECT `a$$b`, 'it''s'" },
    { "p", "SELECT 1 ~ ';' ~", "", "SELECT 1 ` ';' `" }, /* an operator, there */
    /* strings: in the sessions of this program a backslash is nothing special, and "..." a name */
    { "t", "SELECT E'a\\\\', ${v}", "", "SELECT E'a\\', 'it''s'" },
    { "t", "SELECT 'it''s; ', ${v}", "", "SELECT 'it''s; ', 'it''s'" },
    { "t", "SELECT 'a' ${v}", "6:1: ${v} stands right after a quoted literal and could become part of it",
      NULL },
    { "m", "SELECT $$, ${v}, a$$", "", "SELECT $$, 'it''s', a$$" },
    { "m", "SELECT $a$ FROM t; SELECT $a$", SEVERAL, NULL },
    { "t", "SELECT $a$ ${v} $a$", INSIDE("a quoted literal"), NULL },
    /* comments */
    { "t", "SELECT 1 # it's; ~\\n, ${v}", "", "SELECT 1 # it's; `\n, 'it''s'" },
    { "t", "# x\\nCOMMIT", CONTROLS, NULL },
    { "t", "SELECT 1 # ${v}", INSIDE("a comment"), NULL },
    { "t", "SELECT 1--1, ${v}", "", "SELECT 1--1, 'it''s'" },
    { "t", "SELECT 1--'a', '${v}'", INSIDE("a quoted literal"), NULL },
    { "t", "SELECT 1 -- it's\\n, ${v}", "", "SELECT 1 -- it's\n, 'it''s'" },
    { "t", "SELECT 1--1; DO 0", SEVERAL, NULL },
    { "t", "/* a /* b */ SELECT ${v}", "", "/* a /* b */ SELECT 'it''s'" },
    { "t", "/* a /* b */ COMMIT", CONTROLS, NULL },
    { "t", "/* a /* ${v} */ SELECT 1", INSIDE("a comment"), NULL },
    /* comments that are code, perhaps */
    { "t", "/*!40101 SET NAMES utf8mb4 */", "", "/*!40101 SET NAMES utf8mb4 */" },
    { "t", "/*!COMMIT*/", CONTROLS, NULL },
    { "m", "/*M!100301 COMMIT*/", CONTROLS, NULL },
    { "t", "/*M! COMMIT*/ DO 0", "", "/*M! COMMIT*/ DO 0" },
    { "t", "SELECT /*!99999 ${v} */ 1", INSIDE("a comment"), NULL },
    { "t", "SELECT /*!99999 '*/, 1 /*' */, ${v}",
      "6:1: a quote or a comment inside a comment that some servers execute holds \"/*\" or \"*/\": for the "
      "others it ends elsewhere",
      NULL },
    { "t", "SELECT 1 /*! + 1", "6:1: a comment is not closed in this SQL", NULL },
    { "p", "SELECT 1 /*! COMMIT */", "", "SELECT 1 /*! COMMIT */" },
    /* words */
    { "t", "VACUUM; DO 0", SEVERAL, NULL }, /* the server's to refuse, and no word of its own */
    { "t", "INSERT INTO t (concurrently) VALUES (1)", "", "INSERT INTO t (concurrently) VALUES (1)" },
    { "t", "START TRANSACTION", CONTROLS, NULL },
    /* what stands in a program is one statement with it */
    { "t", "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; SET @b = 2; END", "",
      "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; SET @b = 2; END" },
    { "t", "CREATE DEFINER = ~a~@~b~ PROCEDURE p() BEGIN START TRANSACTION; COMMIT; END", "",
      "CREATE DEFINER = `a`@`b` PROCEDURE p() BEGIN START TRANSACTION; COMMIT; END" },
    { "m", "BEGIN NOT ATOMIC SET @a = 1; SET @b = 2; END", "",
      "BEGIN NOT ATOMIC SET @a = 1; SET @b = 2; END" },
    { "t", "BEGIN NOT ATOMIC SET @a = 1; SET @b = 2; END", CONTROLS "\n" SEVERAL, NULL },
    { "t", "CREATE TABLE t (event INT); DO 0", SEVERAL, NULL },
};

/* The book with a statement for a target. Yours. */
static char *book_with(const char *target, const char *sql)
{
    struct buf text;
    buf_init(&text, 1000);
    for (; *sql; sql++)
        *sql == '~' ? buf_text(&text, "\\u0060") : buf_char(&text, *sql);
    char *for_target = replaced(book, "TARGET", target);
    char *whole = replaced(for_target, "SQL", buf_str(&text));
    free(for_target);
    buf_finish(&text);
    return whole;
}

static void test_readings(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(readings); i++) {
        struct load load;
        char *text = book_with(readings[i].target, readings[i].sql);
        load_init(&load, text, NULL);
        const char *sent = load.book ? step_of(load.book, "s")->sql[0] : NULL;
        if (strcmp(buf_str(&load.faults), readings[i].faults) != 0 || !text_equal(sent, readings[i].sent)) {
            print_error("%s: %s\n-> %s\n%s\n", readings[i].target, readings[i].sql, sent ? sent : "",
                        buf_str(&load.faults));
            wrong++;
        }
        load_finish(&load);
        free(text);
    }
    assert_int_equal(wrong, 0);
}

#define PART "6:1: \"where\" is a part of one statement, without a \";\", a \"--\" "
#define OPEN "or a parenthesis that is left open"

/* What is sent to servers of two engines has to be right by the rules of either. */
static void test_both(void **state)
{
    static const struct {
        const char *where, *faults, *sent;
    } cases[] = {
        { "a = ${v} AND \\\"b;\\\" < 'x'", "", "a = 'it''s' AND \"b;\" < 'x'" },
        { "a #> ${v}", "6:1: ${ stands inside a comment, where its value would be quoted twice", NULL },
        { "a = E'\\\\'' AND b = ${v}",
          "6:1: a quoted literal is not closed in this SQL\n6:1: ${ stands inside a "
          "quoted literal, where its value would be quoted twice",
          NULL },
        { "a = 1 # 2", PART "or \"#\" at its end, a \"/*!\" " OPEN, NULL },
        { "a = 1 --1", PART "at its end " OPEN, NULL },
        { "a = 1 --;\\nAND b", PART "or \"#\" at its end, a \"/*!\" " OPEN, NULL },
        { "a = 1 /*! AND b */", PART "or \"#\" at its end, a \"/*!\" " OPEN, NULL },
    };
    static const char step[] =
        "`kind`:`compare`,`left`:{`target`:`p`,`table`:`a`},`right`:{`target`:`t`,`table`:`a`},`where`:\n"
        "`SQL`}]}]}\n";
    char *compare = replaced(book, strstr(book, "`kind`:`sql`"), step);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct load load;
        char *text = replaced(compare, "SQL", cases[i].where);
        load_init(&load, text, NULL);
        assert_string_equal(buf_str(&load.faults), cases[i].faults);
        if (cases[i].sent)
            assert_string_equal(step_of(load.book, "s")->compare->where, cases[i].sent);
        load_finish(&load);
        free(text);
    }
    free(compare);
}

/* "concurrently" is a word of PostgreSQL's: a transaction is not left out for the name of a column. */
static void test_transaction(void **state)
{
    struct load load;
    (void)state;
    char *text = book_with("t", "INSERT INTO t (concurrently) VALUES (1)");
    char *unsaid = replaced(text, "`transaction`:false,", "");
    load_init(&load, unsaid, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    assert_true(step_of(load.book, "s")->transaction);
    load_finish(&load);
    free(unsaid);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_readings), cmocka_unit_test(test_transaction),
                                        cmocka_unit_test(test_both) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
