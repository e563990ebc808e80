/* What is found of statements for MySQL and MariaDB: by the version, and by what was set before. */
#include "example.h"

#include <string.h>

#include "base/text.h"
#include "sql/sql.h"

#define BOOK(engine, version, step)                                                                          \
    "{ \"targets\": { \"primary\": { \"engine\": \"" engine "\", \"version\": \"" version                    \
    "\" }, \"replica\": { \"engine\": \"" engine "\", \"role\": \"replica\", \"of\": \"primary\" } }, "      \
    "\"phases\": [ { \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Change\", \"steps\": [ { "       \
    "\"id\": \"s\", \"rollback\": [ { \"kind\": \"none\", \"why\": \"no harm\" } ], \"estimate\": "          \
    "\"1s\", " step " } ] } ] }"
#define SQL(text)                                                                                            \
    "\"kind\": \"sql\", \"target\": \"primary\", \"transaction\": false, \"lock_timeout\": \"1s\", "         \
    "\"statement_timeout\": \"1m\", \"sql\": " text
#define CLIENT(sql) "\"kind\": \"command\", \"timeout\": \"1m\", \"argv\": [ \"mysql\", \"-e\", \"" sql "\" ]"

/* `part` "" for: it is not found. */
static const struct {
    const char *example, *code;
    enum check_severity severity;
    const char *part;
} rows[] = {
    { BOOK("mariadb", "10.11", SQL("\"ALTER TABLE t ADD COLUMN a INT\"")), "copies-unsaid", CHECK_WARNING,
      "t could be copied while writers wait" },
    { BOOK("mariadb", "11.8", SQL("\"ALTER TABLE t ADD COLUMN a INT\"")), "copies-unsaid", CHECK_ERROR,
      "could be copied" },
    { BOOK("mysql", "8.4", SQL("\"ALTER TABLE t ADD COLUMN a INT\"")), "copies-unsaid", CHECK_ERROR,
      "could be copied" },
    { BOOK("mysql", "8.4", SQL("\"ALTER TABLE t ADD COLUMN a INT\"")), "mysql-algorithm-unstated", CHECK_NOTE,
      "" },
    { BOOK("mysql", "8.4", SQL("\"ALTER TABLE t ADD COLUMN a INT, ALGORITHM=INSTANT\"")), "copies-unsaid",
      CHECK_ERROR, "" },
    /* what a statement sets holds for the next */
    { BOOK("mysql", "8.4",
           SQL("[ \"SET foreign_key_checks = 0\", \"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id), "
               "ALGORITHM=INPLACE\" ]")),
      "mysql-refused", CHECK_ERROR, "" },
    { BOOK("mysql", "8.4", SQL("\"ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id), ALGORITHM=INPLACE\"")),
      "mysql-refused", CHECK_ERROR, "refuses" },
    /* our sessions read "..." as a name, and a backslash as a character */
    { BOOK("mysql", "8.4", SQL("\"ALTER TABLE \\\"t\\\" MODIFY a BIGINT\"")), "copies-unsaid", CHECK_ERROR,
      "t is copied" },
    { BOOK("mysql", "8.4", SQL("[ \"INSERT INTO t VALUES ('\\\\')\", \"ALTER TABLE u MODIFY a BIGINT\" ]")),
      "copies-unsaid", CHECK_ERROR, "u is copied" },
    { BOOK("mysql", "8.4", SQL("\"INSERT INTO t VALUES ('\\\\')\"")), "mysql-reading", CHECK_WARNING, "" },
    /* what a client's session reads is as its server is set up */
    { BOOK("mysql", "8.4", CLIENT("INSERT INTO t VALUES ('\\\\\\\\', 1)")), "mysql-reading", CHECK_WARNING,
      "" },
    { BOOK("mysql", "8.4", CLIENT("INSERT INTO t VALUES ('\\\\'', 1)")), "mysql-reading", CHECK_WARNING,
      "depends on whether the server's sql_mode has NO_BACKSLASH_ESCAPES" },
};

static void test_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena *arena = arena_create();
        const struct check_report *report = report_of(arena, example_text(arena, rows[i].example));
        const struct check_finding *finding = finding_of(report, rows[i].code);
        if (!finding != !rows[i].part[0] ||
            (finding && (finding->severity != rows[i].severity || !strstr(finding->message, rows[i].part))))
            fail_msg("%s: %s in:\n%s", rows[i].example, rows[i].code, told(arena, report));
        arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_found) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
