/* What kind of statement a text is, and what an error of it leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/mysql_failure.h"

static void test_statements(void **state)
{
    static const struct {
        const char *text;
        enum my_statement is;
    } rows[] = {
        { "SELECT 1", MY_READS },
        { " ( select 1 ) union select 2", MY_READS },
        { "-- a comment\n# another\n/* one */ SELECT 1", MY_READS },
        { "SELECT 1 INTO OUTFILE '/tmp/x'", MY_PARTS },
        { "update t set a = 1", MY_ROWS },
        { "WITH x AS (SELECT 1) DELETE FROM t", MY_ROWS },
        { "LOAD DATA INFILE 'x' INTO TABLE t", MY_ROWS },
        { "ALTER TABLE t ADD COLUMN a INT", MY_DEFINES },
        { "create unique index i on t (a)", MY_DEFINES },
        { "TRUNCATE t", MY_DEFINES },
        { "DROP TABLE a", MY_DEFINES },
        { "DROP TABLE a, b", MY_PARTS },
        { "DROP DATABASE a", MY_PARTS },
        { "CREATE TEMPORARY TABLE t (a INT)", MY_SESSION },
        { "OPTIMIZE TABLE t", MY_PARTS },
        { "GRANT SELECT ON *.* TO a", MY_PARTS },
        { "SET @a = 1", MY_SESSION },
        { "SET GLOBAL read_only = 1", MY_PARTS },
        { "SET @@global.read_only = 1", MY_PARTS },
        { "SET SESSION autocommit = 0", MY_ENDS },
        { "SET PASSWORD = 'x'", MY_PARTS },
        { "SET STATEMENT max_statement_time = 1 FOR DROP TABLE t", MY_OPAQUE },
        { "ROLLBACK TO SAVEPOINT a", MY_SESSION },
        { "ROLLBACK", MY_ENDS },
        { "BEGIN", MY_ENDS },
        { "BEGIN NOT ATOMIC DROP TABLE t; END", MY_OPAQUE },
        { "LOCK TABLES t WRITE", MY_ENDS },
        { "CALL p()", MY_OPAQUE },
        { "EXECUTE IMMEDIATE 'DROP TABLE t'", MY_OPAQUE },
        { "/*!50001 DROP TABLE t */", MY_OPAQUE },
        { "/*M! DROP TABLE t */", MY_OPAQUE },
        { "DROP /*! TABLE a, */ TABLE b", MY_OPAQUE },
        { "FROBNICATE", MY_OPAQUE },
        { "", MY_OPAQUE },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool fits = rows[i].is == MY_READS || rows[i].is == MY_ROWS || rows[i].is == MY_SESSION;
        if (my_statement_of(rows[i].text) != rows[i].is)
            fail_msg("%s: %d", rows[i].text, (int)my_statement_of(rows[i].text));
        assert_int_equal(my_not_in_transaction(rows[i].text) == NULL, fits);
    }
}

static void test_verdicts(void **state)
{
    static const struct {
        const char *what;
        struct my_facts facts;
        enum driver_status status;
        bool clean;
    } rows[] = {
        { "done", { .sent = true, .done = 1 }, DRIVER_OK, false },
        { "nothing was sent", { .failed = true, .number = 1064 }, DRIVER_REJECTED, true },
        { "in a transaction",
          { .transaction = true, .sent = true, .failed = true, .number = 1062 },
          DRIVER_REJECTED,
          true },
        { "MyISAM kept rows",
          { .transaction = true, .sent = true, .failed = true, .number = 1205, .kept = true },
          DRIVER_REJECTED,
          false },
        { "lost before COMMIT",
          { .transaction = true, .sent = true, .lost = true, .number = 2013 },
          DRIVER_LOST,
          true },
        { "lost at COMMIT",
          { .transaction = true, .sent = true, .lost = true, .commit_out = true, .number = 2013 },
          DRIVER_AMBIGUOUS,
          false },
        { "COMMIT refused",
          { .transaction = true,
            .sent = true,
            .failed = true,
            .commit_out = true,
            .commit_refused = true,
            .number = 1180 },
          DRIVER_REJECTED,
          false },
        { "COMMIT of a cluster",
          { .transaction = true,
            .sent = true,
            .failed = true,
            .commit_out = true,
            .commit_refused = true,
            .number = 1213 },
          DRIVER_RETRYABLE,
          true },
        { "COMMIT kept out by a backup",
          { .transaction = true,
            .sent = true,
            .failed = true,
            .commit_out = true,
            .commit_refused = true,
            .number = 1205 },
          DRIVER_RETRYABLE,
          true },
        { "COMMIT of a server that became read-only",
          { .transaction = true,
            .sent = true,
            .failed = true,
            .commit_out = true,
            .commit_refused = true,
            .number = 1290 },
          DRIVER_REJECTED,
          true },
        { "lost behind a refused COMMIT",
          { .transaction = true,
            .sent = true,
            .failed = true,
            .commit_out = true,
            .commit_refused = true,
            .number = 1205,
            .lost = true },
          DRIVER_AMBIGUOUS,
          false },
        { "a row's lock",
          { .sent = true, .failed = true, .class = MY_ROWS, .number = 1205 },
          DRIVER_RETRYABLE,
          true },
        { "a duplicate: rows of MyISAM may be there",
          { .sent = true, .failed = true, .class = MY_ROWS, .number = 1062 },
          DRIVER_REJECTED,
          false },
        { "no such table",
          { .sent = true, .failed = true, .class = MY_ROWS, .number = 1146 },
          DRIVER_REJECTED,
          true },
        { "metadata, atomic",
          { .sent = true, .failed = true, .class = MY_DEFINES, .atomic_ddl = true, .number = 1205 },
          DRIVER_RETRYABLE,
          true },
        { "metadata, before",
          { .sent = true, .failed = true, .class = MY_DEFINES, .number = 1205 },
          DRIVER_REJECTED,
          false },
        { "parts",
          { .sent = true, .failed = true, .class = MY_PARTS, .atomic_ddl = true, .number = 1205 },
          DRIVER_REJECTED,
          false },
        { "the second",
          { .sent = true, .done = 1, .failed = true, .class = MY_ROWS, .number = 1205 },
          DRIVER_REJECTED,
          false },
        { "lost, by itself",
          { .sent = true, .lost = true, .class = MY_ROWS, .number = 2013 },
          DRIVER_AMBIGUOUS,
          false },
        { "lost, a definition",
          { .sent = true, .lost = true, .class = MY_DEFINES, .atomic_ddl = true, .number = 2013 },
          DRIVER_AMBIGUOUS,
          false },
        { "its time",
          { .transaction = true, .sent = true, .failed = true, .time_over = true, .number = 1317 },
          DRIVER_TIMED_OUT,
          true },
        { "we",
          { .transaction = true, .sent = true, .failed = true, .cancel_asked = true, .number = 1317 },
          DRIVER_CANCELLED,
          true },
        { "somebody else",
          { .transaction = true, .sent = true, .failed = true, .number = 1317 },
          DRIVER_REJECTED,
          true },
        { "broke out",
          { .transaction = true, .sent = true, .failed = true, .broke_out = true },
          DRIVER_REJECTED,
          false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool clean;
        enum driver_status status = my_verdict(&rows[i].facts, &clean);
        if (status != rows[i].status || clean != rows[i].clean)
            fail_msg("%s: %s, %s", rows[i].what, driver_status_word(status), clean ? "clean" : "not clean");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_statements), cmocka_unit_test(test_verdicts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
