/* Online schema changes: what a book says of one, and what it cannot say. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* clang-format off */
static const char text[] =
    /* 1 */ "{`tminus`:1,`id`:`osc`,`title`:`T`,`params`:{`column`:{`type`:`identifier`,`default`:`the column`}},\n"
    /* 2 */ "`targets`:{`shop`:{`engine`:`mariadb`},`other`:{`engine`:`postgresql`}},`roles`:{`operator`:{}},\n"
    /* 3 */ "`monitors`:[{`id`:`lag`,`kind`:`lag`,`target`:`shop`}],`phases`:[{`id`:`p`,`kind`:`migrate`,`title`:`P`,`steps`:[\n"
    /* 4 */ "{`id`:`a`,`kind`:`osc`,`target`:`shop`,`table`:`shop.users`,`alter`:`ADD ${column} INT, DROP \\`x\\` DEFAULT 'a\\`b'`,\n"
    /* 5 */ "`tool`:`pt-online-schema-change`,`options`:[`--sleep=1`],\n"
    /* 6 */ "`throttle`:[{`metric`:`lag.seconds`,`is`:`<`,`value`:5}],\n"
    /* 7 */ "`done_when`:{`sql`:`SELECT 1`,`expect`:{`value`:1}},\n"
    /* 8 */ "`rollback`:[{`kind`:`osc`,`table`:`users`,`alter`:`DROP b`,`tool`:`gh-ost`,`done_when`:{`sql`:`SELECT 1`,`expect`:{`value`:1}}}]}]}]}\n";
/* clang-format on */

static void test_said(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *step = step_of(book, "a");
    size_t count;

    assert_int_equal(step->kind, STEP_OSC);
    assert_true(step_kind_changes(STEP_OSC) && !step_kind_resumes(STEP_OSC));
    assert_int_equal(step->osc->tool, OSC_PERCONA);
    assert_string_equal(step->osc->schema, "shop");
    assert_string_equal(step->osc->table, "users");
    assert_string_equal(step->osc->alter, "ADD `the column` INT, DROP `x` DEFAULT 'a\"b'");
    assert_int_equal(step->osc->option_count, 1);
    assert_int_equal(step->lock_timeout_us, 3 * SECOND_US);
    assert_int_equal(step->timeout_us, 0);
    assert_string_equal(step_conditions(step, &count)->metric, "seconds");
    assert_int_equal(count, 1);
    assert_null(step->rollback[0].osc->schema);
    assert_int_equal(step->rollback[0].osc->tool, OSC_GHOST);
    assert_int_equal(step->rollback[0].target, step->target);
    assert_int_equal(book->tool_count, 2);
    assert_string_equal(book->tools[0].name, "pt-online-schema-change");
    assert_string_equal(book->tools[1].name, "gh-ost");
}

#define TABLE_FAULT                                                                                          \
    "the table of an online schema change is `name` or `database.name`, of letters, digits, `_`, `$` and "   \
    "`-`"
#define PART_FAULT                                                                                           \
    "`alter` is a part of one statement, without a `;`, a `--` or `#` at its end, a `/*!` or a parenthesis " \
    "that is left open"
#define ALTER_FAULT                                                                                          \
    "the program reads an `alter` on its own: it is one line, without a `\\`, a quote in a name, "           \
    "or "                                                                                                    \
    "what is known only later"
#define SET "is set by the runner: an osc has it from its other fields, or always"

static const struct refusal cases[] = {
    { "`table`:`shop.users`", "`table`:`shop.users x`", "4:48: " TABLE_FAULT },
    { "`table`:`shop.users`", "`table`:`a.b.c`", "4:48: " TABLE_FAULT },
    { "`table`:`shop.users`", "`table`:`.c`", "4:48: " TABLE_FAULT },
    { "`alter`:`DROP b`", "`alter`:`DROP b; DROP TABLE c`", "8:51: " PART_FAULT },
    { "`alter`:`DROP b`", "`alter`:`DROP b #`", "8:51: " PART_FAULT },
    { "`alter`:`DROP b`", "`alter`:`DROP b /*!90000, DROP c */`", "8:51: " PART_FAULT },
    { "`alter`:`DROP b`", "`alter`:`DROP \\u0060b;\\u0060`", "" },
    { "`alter`:`DROP b`", "`alter`:`DROP \\u0060b\\u0060\\u0060c\\u0060`", "8:51: " ALTER_FAULT },
    { "`alter`:`DROP b`", "`alter`:`DROP \\`b\\u0060c\\``", "8:51: " ALTER_FAULT },
    { "`alter`:`DROP b`", "`alter`:`ADD b TEXT DEFAULT '\\\\'`", "8:51: " ALTER_FAULT },
    { "`alter`:`DROP b`", "`alter`:`DROP\\nb`", "8:51: " ALTER_FAULT },
    { "`--sleep=1`", "`sleep`", "5:45: an option is one word, `--name` or `--name=value`" },
    { "`--sleep=1`", "`--`", "5:45: an option is one word, `--name` or `--name=value`" },
    { "`--sleep=1`", "`-pgeheim`", "5:45: an option is one word, `--name` or `--name=value`" },
    { "`--sleep=1`", "`--password=x`", "5:45: `--password=x` " SET },
    { "`--sleep=1`", "`--pas=x`", "5:45: `--pas=x` " SET },
    { "`--sleep=1`", "`--dry-run`", "5:45: `--dry-run` " SET },
    { "`--sleep=1`", "`--no-swap-tables`", "5:45: `--no-swap-tables` " SET },
    { "`--sleep=1`", "`--noswap`", "5:45: `--noswap` " SET },
    { "`--sleep=1`", "`--drop-old-table`", "5:45: `--drop-old-table` " SET },
    { "`--sleep=1`", "`--alter-foreign-keys-method=drop_swap`",
      "5:45: of the methods for foreign keys only --alter-foreign-keys-method=rebuild_constraints leaves "
      "them as they "
      "are while the table is swapped" },
    { "`--sleep=1`", "`--alter-f=auto`",
      "5:45: of the methods for foreign keys only --alter-foreign-keys-method=rebuild_constraints leaves "
      "them as they "
      "are while the table is swapped" },
    { "`tool`:`gh-ost`", "`tool`:`gh-ost`,`options`:[`--ok-to-drop-table`]",
      "8:87: `--ok-to-drop-table` " SET },
    { "`target`:`shop`,`table`", "`target`:`other`,`table`",
      "4:33: an online schema change is for mysql and mariadb, and target `other` is postgresql\n"
      "8:13: an online schema change is for mysql and mariadb, and target `other` is postgresql" },
    { "`done_when`:{`sql`:`SELECT 1`,`expect`:{`value`:1}},\n", "",
      "4:1: step `a` lacks the field `done_when`" },
    { "`options`:[`--sleep=1`]", "`lock_timeout`:`0s`",
      "5:49: an osc has a `lock_timeout`: nobody may wait behind it without an end" },
    { "`roles`:{`operator`:{}}", "`roles`:{`operator`:{}},`tools`:{`forbidden`:[`gh-ost`]}",
      "8:13: step `a.rollback.1` calls gh-ost, which this book forbids" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        refuse(text, NULL, &cases[i]);
}

static int set_up(void **state)
{
    return load_state(state, text, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_said, set_up, finish_state),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
