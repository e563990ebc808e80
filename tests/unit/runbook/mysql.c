/* Steps on MySQL and MariaDB: what these servers commit by themselves, what may be copied, and what they
 * answer. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char book[] =
    "{`tminus`:1,`id`:`m`,`title`:`M`,`targets`:{`t`:{`engine`:`mariadb`}},`roles`:{`operator`:{}},\n"
    "`phases`:[{`id`:`p`,`kind`:`migrate`,`title`:`P`,`steps`:[{`id`:`s`,`kind`:`sql`,`target`:`t`,\n"
    "`sql`:`INSERT INTO t VALUES (1)`,\n"
    "`rollback`:[{`kind`:`none`,`why`:`w`}]}]}]}\n";

#define COMMITS "it commits by itself, or no rollback takes it back; say \"transaction\": false"

static const struct refusal steps[] = {
    { "`INSERT INTO t VALUES (1)`", "`ALTER TABLE t ADD COLUMN c INT`,`transaction`:false", "" },
    { "`INSERT INTO t VALUES (1)`", "`ALTER TABLE t ADD COLUMN c INT`",
      "3:7: this statement cannot be in a transaction: " COMMITS },
    { "`INSERT INTO t VALUES (1)`", "[`INSERT INTO t VALUES (1)`,`TRUNCATE t`],`transaction`:true",
      "3:35: this statement cannot be in a transaction: " COMMITS },
    { "`INSERT INTO t VALUES (1)`", "`CALL p()`",
      "3:7: this statement cannot be in a transaction: whether it commits by itself cannot be known before; "
      "say "
      "\"transaction\": false" },
    { "`INSERT INTO t VALUES (1)`", "`INSERT INTO t VALUES (1)`,`locks`:{`t`:`SHARED`,`u`:`EXCLUSIVE`}", "" },
    { "`INSERT INTO t VALUES (1)`", "`INSERT INTO t VALUES (1)`,`locks`:{`t`:`Share`}",
      "3:47: \"Share\" is no lock mode of mysql and mariadb, which are SHARED and EXCLUSIVE" },
    { "`kind`:`none`,`why`:`w`", "`kind`:`sql`,`sql`:`DROP TABLE x`",
      "4:33: this statement cannot be in a transaction: " COMMITS },
    { "`INSERT INTO t VALUES (1)`", "`INSERT INTO t VALUES (1)`,`copies`:`a window`", "" },
    { "`INSERT INTO t VALUES (1)`", "`INSERT INTO t VALUES (1)`,`copies`:``",
      "3:43: \"copies\" of step \"s\" must not be empty" },
    { "`INSERT INTO t VALUES (1)`,\n`rollback`:[{`kind`:`none`,`why`:`w`}]",
      "`TRUNCATE t`,`transaction`:false,\n`rollback`:[{`kind`:`sql`,`sql`:`INSERT INTO t VALUES "
      "(1)`,`copies`:`c`}]",
      "" },
};

static void judge(const char *text, const char *faults)
{
    struct load load;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), faults);
    load_finish(&load);
}

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        char *text = replaced(book, steps[i].find, steps[i].replacement);
        judge(text, steps[i].faults);
        free(text);
    }
}

/* What it takes for a question to be met by a server that has no truth values. */
#define ONE    "mysql and mariadb answer 1 where something is true, and 0 where it is not: "
#define INSERT "`INSERT INTO t VALUES (1)`"
#define VERIFY "`steps`:[{`id`:`v`,`kind`:`verify`,`target`:`t`,`sql`:`SELECT 1`,`expect`:{"
#define WAIT   "`steps`:[{`id`:`w`,`kind`:`wait`,`all`:[{`target`:`t`,`sql`:`SELECT 1`"

static const struct refusal questions[] = {
    { INSERT, INSERT ",`done_when`:{`sql`:`SELECT 1`,`expect`:{`value`:1}}", "" },
    { INSERT, INSERT ",`done_when`:{`sql`:`SELECT 1`}", "3:46: " ONE "say \"expect\": { \"value\": 1 }" },
    { INSERT, INSERT ",`done_when`:{`sql`:`SELECT 1`,`expect`:{`value`:true}}", "3:82: " ONE "expect 1" },
    { INSERT, INSERT ",`done_when`:{`sql`:`SELECT 1`,`expect`:{`value`:`true`}}", "" },
    { INSERT, INSERT ",`done_when`:{`sql`:`SELECT 1`,`expect`:{`rows`:1}}", "" },
    { INSERT, INSERT ",`done_when`:{`http`:{`url`:`http://x`}}", "" },
    { "`steps`:[", VERIFY "`value`:false}},\n", "2:133: " ONE "expect 0" },
    { "`steps`:[", VERIFY "`value`:0}},\n", "" },
    { "`steps`:[", WAIT "}]},\n", "2:90: " ONE "say \"expect\": { \"value\": 1 }" },
    { "`steps`:[", WAIT ",`expect`:{`equals`:{`target`:`t`,`sql`:`SELECT 1`}}}]},\n", "" },
};

static void test_questions(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        char *text = replaced(book, questions[i].find, questions[i].replacement);
        judge(text, questions[i].faults);
        free(text);
    }
}

static void test_of_postgresql(void **state)
{
    char *text = replaced(book, INSERT, "`TRUNCATE t`,`copies`:`a window`,`done_when`:{`sql`:`SELECT 1`}");
    char *other = replaced(text, "mariadb", "postgresql");
    (void)state;
    judge(other, "3:29: \"copies\" is for targets of mysql and mariadb");
    free(other);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps), cmocka_unit_test(test_questions),
                                        cmocka_unit_test(test_of_postgresql) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
