#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "driver/sql_words.h"

static void test_word_outside_quotes(void **state)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        { "CREATE INDEX CONCURRENTLY i ON t (a)", true },
        { "create index\nconcurrently i on t (a)", true },
        { "/* concurrently */ CREATE INDEX i ON t (a)", false },
        { "/* a /* nested */ concurrently */ SELECT 1", false },
        { "-- concurrently\nSELECT 1", false },
        { "-- no\nDROP INDEX CONCURRENTLY i", true },
        { "SELECT 'concurrently'", false },
        { "SELECT 'it''s' , 'concurrently'", false },
        { "SELECT E'\\' concurrently'", false },
        { "SELECT '\\' , concurrently", true },
        { "SELECT \"concurrently\"", false },
        { "SELECT $$ concurrently $$", false },
        { "SELECT $a$ $$ concurrently $a$", false },
        { "SELECT $a$ x $a$ , concurrently", true },
        { "SELECT $1, concurrently", true },
        { "SELECT a$concurrently", false },
        { "SELECT concurrently_not", false },
        { "SELECT 'open concurrently", false },
        { "", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (sql_has_word(cases[i].text, "concurrently") != cases[i].want)
            fail_msg("%s", cases[i].text);
    }
}

static void test_parts(void **state)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        { "VACUUM t", true },
        { "  /* a */ vacuum (verbose) t", true },
        { "UPDATE t SET vacuum = 1", false },
        { "SELECT 1; VACUUM t", true },
        { "CREATE DATABASE d", true },
        { "CREATE TABLE database (a int)", false },
        { "CREATE TABLE t (call int)", false },
        { "CALL p()", true },
        { "DO $$ BEGIN END $$", true },
        { "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", false },
        { "CREATE INDEX CONCURRENTLY i ON t (a)", true },
        { "ALTER TABLE t DETACH PARTITION p CONCURRENTLY", true },
        { "ALTER SUBSCRIPTION s DISABLE", true },
        { "ALTER TABLE t ADD COLUMN a int", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (sql_leaves_parts(cases[i].text) != cases[i].want)
            fail_msg("%s", cases[i].text);
    }
}

static void test_begins(void **state)
{
    (void)state;
    assert_true(sql_begins("CREATE /* x */ Index\n CONCURRENTLY i", "create index concurrently"));
    assert_false(sql_begins("DROP INDEX CONCURRENTLY i", "create index concurrently"));
    assert_false(sql_begins("CREATE INDEX", "create index concurrently"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_word_outside_quotes),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
