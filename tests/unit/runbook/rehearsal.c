/* What a book says of its rehearsal, and what stands in for people there. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define READ         "`by`:`reviewer`,`evidence`:true"
#define FLAG         "`instructions`:`Turn it on`"
#define BOOK(fields) "`title`:`A sample`", "`title`:`A sample`,`rehearsal`:{" fields "}"
#define DATA(fields) BOOK("`data`:[{" fields "}]")

static const struct refusal refusals[] = {
    { READ, READ ",`unattended`:7",
      "19:74: `unattended` is a text, or an object with `text` and `argv`; this is a number" },
    { READ, READ ",`unattended`:``", "19:74: `unattended` must not be empty: it is recorded as evidence" },
    { READ, READ ",`unattended`:{}", "19:74: unattended lacks the field `text`" },
    { READ, READ ",`unattended`:{`text`:``,`argv`:[]}",
      "19:82: `text` of unattended must not be empty\n"
      "19:92: `argv` of unattended must not be empty" },
    { READ, READ ",`unattended`:{`text`:`x`,`argv`:`go now`}",
      "19:93: `argv` is an array, one text for each argument: nothing is split at spaces" },
    { READ, READ ",`unattended`:{`text`:`x`,`argv`:[``]}", "19:94: the program has no name" },
    { READ, READ ",`unattended`:{`text`:`x`,`arg`:[`go`]}",
      "19:86: unknown field `arg` in unattended; did you mean `argv`?" },
    { READ, READ ",`unattended`:`of ${scheme}`",
      "19:74: no param `scheme`; did you mean `schema`? (`$${` stands for the two characters themselves)" },
    { READ, READ ",`unattended`:{`text`:`x`,`argv`:[`go`,`${hook}`]}",
      "19:99: secret `hook` may stand only as a whole value, in `env` of a command or as the `url` of a "
      "webhook" },
    { "`freshness`:`10s`", "`unattended`:`x`",
      "17:52: a sensed check is ticked by its query: it has no `unattended`" },
    { "`timeout`:`10m`", "`timeout`:`10m`,`unattended`:`x`",
      "35:57: unknown field `unattended` in step `deploy`" },
    { "`timeout`:`10m`", "`timeout`:`10m`,`idempotent`:`yes`",
      "35:70: `idempotent` of step `deploy` wants true or false, not a text" },
    { FLAG, FLAG ",`idempotent`:true", "41:58: unknown field `idempotent` in step `flag`" },
    { "`estimate`:`3s`}", "`estimate`:`3s`,`idempotent`:true}",
      "30:82: an entry of a rollback has no `idempotent` of its own" },
    { BOOK("`dat`:[]"), "3:33: unknown field `dat` in rehearsal; did you mean `data`?" },
    { BOOK("`data`:{}"), "3:40: `data` of rehearsal wants an array, not an object" },
    { BOOK("`required`:`0s`"), "3:44: no certificate is that young" },
    { BOOK("`required`:`a month`"),
      "3:44: `required` of rehearsal is wrong: `a month` is not a duration: expected one such as `250ms`, "
      "`3s`, `20m`, `2h` or `1h30m`" },
    { BOOK("`required`:`30d`,`override_by`:`reviewr`"), "3:64: no role `reviewr`; did you mean `reviewer`?" },
    { BOOK("`override_by`:`reviewer`"), "3:47: without `required` there is nothing to override" },
    { DATA("`table`:`t`"), "3:41: an item of data lacks the field `target`" },
    { DATA("`target`:`secondary`,`table`:`t`"), "3:51: no target `secondary`" },
    { DATA("`target`:`primary`"), "3:41: an item of data is one of `table`, `tables` and `sql`" },
    { DATA("`target`:`primary`,`table`:`t`,`sql`:`SELECT 1`"),
      "3:41: an item of data is one of `table`, `tables` and `sql`" },
    { DATA("`target`:`primary`,`table`:`t; DROP TABLE t`"),
      "3:69: `table` is a part of one statement, without a `;`, a `--` at its end or a parenthesis that is "
      "left "
      "open" },
    { DATA("`target`:`primary`,`sql`:`SELECT 1; SELECT 2`"), "3:67: a query is one statement, these are 2" },
    { BOOK("`data`:[`t`]"), "3:41: an item of data must be an object, not a text" },
};

static void test_refused(void **state)
{
    (void)state;
    refuse_all(refusals, ARRAY_LEN(refusals));
}

/* What is known only while the book is executed would not be put in. */
static const struct refusal later[] = {
    { "{`id`:`seen`",
      "{`id`:`read`,`kind`:`check`,`unattended`:{`text`:`at ${lsn}`,`argv`:[`go`,`${lsn}`]}},\n"
      "{`id`:`seen`",
      "46:50: ${lsn} is known only later, and nothing puts it in here\n"
      "46:75: ${lsn} is known only later, and nothing puts it in here" },
};

static void test_later_value(void **state)
{
    (void)state;
    refuse_all_kinds(later, ARRAY_LEN(later));
}

static void test_kept(void **state)
{
    struct load load;
    char *with_read = replaced(sample_book, READ, READ ",`unattended`:`as of ${schema}`");
    char *with_flag =
        replaced(with_read, FLAG, FLAG ",`unattended`:{`text`:`on`,`argv`:[`flag`,`${batch}`]}");
    char *with_undo =
        replaced(with_flag, "`instructions`:`Turn it off`", "`instructions`:`Off`,`unattended`:`off`");
    char *again = replaced(with_undo, "`timeout`:`10m`", "`timeout`:`10m`,`idempotent`:true");
    char *text =
        replaced(again, BOOK("`required`:`30d`,`override_by`:`reviewer`,`data`:[{`target`:`replica`,"
                             "`table`:`${schema}.t`},{`target`:`primary`,`sql`:`SELECT ${batch}`}]"));
    (void)state;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    const struct step *read = step_of(load.book, "read"), *flag = step_of(load.book, "flag");
    assert_string_equal(read->unattended->text, "as of public");
    assert_int_equal(read->unattended->argv_count, 0);
    assert_string_equal(flag->unattended->text, "on");
    assert_int_equal(flag->unattended->argv_count, 2);
    assert_string_equal(flag->unattended->argv[1], "5000");
    assert_string_equal(flag->rollback[0].unattended->text, "off");
    assert_null(step_of(load.book, "alive")->unattended);
    assert_true(step_of(load.book, "deploy")->idempotent);
    assert_false(step_of(load.book, "alter")->idempotent);
    const struct rehearsal *rehearsal = load.book->rehearsal;
    assert_int_equal(rehearsal->required_us, 30 * DAY_US);
    assert_int_equal(rehearsal->override_by, book_find_role(load.book, "reviewer"));
    assert_int_equal(rehearsal->data_count, 2);
    assert_int_equal(rehearsal->data[0].target, book_find_target(load.book, "replica"));
    assert_string_equal(rehearsal->data[0].table, "\"public\".t");
    assert_null(rehearsal->data[0].sql);
    assert_null(rehearsal->data[1].table);
    assert_string_equal(rehearsal->data[1].sql, "SELECT 5000");
    load_finish(&load);
    free(text);
    free(again);
    free(with_undo);
    free(with_flag);
    free(with_read);
}

static void test_nothing_said(void **state)
{
    struct load load;
    char *text = replaced(sample_book, BOOK(""));
    (void)state;
    load_init(&load, sample_book, NULL);
    assert_null(load.book->rehearsal);
    load_finish(&load);
    load_init(&load, text, NULL);
    assert_int_equal(load.book->rehearsal->data_count, 0);
    assert_int_equal(load.book->rehearsal->required_us, 0);
    assert_true(load.book->rehearsal->override_by == BOOK_NONE);
    load_finish(&load);
    free(text);
}

/* What was measured is reckoned with; what the book says stays; a phase that states nothing is their sum. */
static void test_timings(void **state)
{
    static const struct step_timing timings[] = {
        { "alter", 0, { 12, 4 * SECOND_US, 9 * SECOND_US } },
        { "alter", 1, { 3, 20 * SECOND_US, 25 * SECOND_US } },
        { "gone", 0, { 1, 1, 1 } },
        { "count", 0, { 1, SECOND_US, SECOND_US } },
    };
    const struct book_options options = { .timing_count = ARRAY_LEN(timings),
                                          .timings = timings,
                                          .unrehearsed = "no time" };
    struct load load;
    (void)state;
    load_init(&load, sample_book, &options);
    assert_string_equal(buf_str(&load.faults), "");
    const struct step *alter = step_of(load.book, "alter");
    assert_int_equal(alter->estimate.min_us, 4 * SECOND_US);
    assert_int_equal(alter->estimate.max_us, 9 * SECOND_US);
    assert_int_equal(alter->stated.max_us, 2 * SECOND_US);
    assert_int_equal(alter->rehearsed.count, 12);
    assert_int_equal(alter->rollback[0].stated.max_us, 3 * SECOND_US);
    assert_int_equal(step_rollback_us(alter), 25 * SECOND_US);
    assert_int_equal(step_of(load.book, "count")->estimate.max_us, SECOND_US);
    assert_int_equal(step_of(load.book, "index")->rehearsed.count, 0);
    assert_int_equal(load.book->phases[1].estimate.min_us, 5 * SECOND_US);
    assert_int_equal(load.book->phases[1].estimate.max_us, 10 * SECOND_US);
    assert_string_equal(load.book->unrehearsed, "no time");
    load_finish(&load);
}

static void test_live_target(void **state)
{
    struct load load;
    char *targets = replaced(sample_targets, "`dsn`:`service=one`", "`dsn`:`service=one`,`live`:true");
    struct book_options options = { .targets_path = "t.json", .targets_text = targets };
    (void)state;
    load_init(&load, sample_book, &options);
    assert_string_equal(buf_str(&load.faults), "");
    assert_true(load.book->targets[book_find_target(load.book, "primary")].live);
    assert_false(load.book->targets[book_find_target(load.book, "replica")].live);
    load_finish(&load);
    free(targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timings),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_later_value),  cmocka_unit_test(test_kept),
        cmocka_unit_test(test_nothing_said), cmocka_unit_test(test_live_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
