/* Steps on MySQL and MariaDB: what these servers commit by themselves, and what may be copied. */
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

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct load load;
        char *text = replaced(book, steps[i].find, steps[i].replacement);
        load_init(&load, text, NULL);
        assert_string_equal(buf_str(&load.faults), steps[i].faults);
        load_finish(&load);
        free(text);
    }
}

static void test_of_postgresql(void **state)
{
    struct load load;
    char *text = replaced(book, "`INSERT INTO t VALUES (1)`", "`TRUNCATE t`,`copies`:`a window`");
    char *other = replaced(text, "mariadb", "postgresql");
    (void)state;
    load_init(&load, other, NULL);
    assert_string_equal(buf_str(&load.faults), "3:29: \"copies\" is for targets of mysql and mariadb");
    load_finish(&load);
    free(other);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps), cmocka_unit_test(test_of_postgresql) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
