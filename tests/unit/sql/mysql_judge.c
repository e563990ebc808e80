/* Everything around ALTER: statements of all kinds, transactions, what is stated, whose table it is. */
#include "mysql_helper.h"

#include <string.h>

static const char dump[] =
    "/*!40101 SET @saved_cs_client = @@character_set_client */;\n"
    "USE `shop`;\n"
    "CREATE TABLE `p` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
    "CREATE TABLE `t` (`id` int NOT NULL, `a` int DEFAULT NULL, PRIMARY KEY (`id`), KEY `ia` (`a`), "
    "CONSTRAINT `fk` FOREIGN KEY (`a`) REFERENCES `p` (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n"
    "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */\n"
    "/*!50001 VIEW `v` AS select 1 AS `1` */;\n";

/* The last statement of `text` has `code` (or, with '-' before it, has it not). */
struct expectation {
    const char *server, *text, *code;
};

static const struct expectation expectations[] = {
    /* what is stated */
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT", "mysql-algorithm-unstated" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT", "-mysql-algorithm-unstated" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT", "-mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM = INSTANT, LOCK = NONE", "mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT, LOCK=DEFAULT", "-mysql-refused" },
    { "mariadb@10.11", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT, LOCK=NONE",
      "-mysql-refused" },
    { "mysql@8.0.11", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT", "mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD INDEX (a), ALGORITHM=NOCOPY", "mysql-refused" },
    { "mariadb@10.11", "ALTER TABLE shop.t ADD INDEX (a), ALGORITHM=NOCOPY", "-mysql-refused" },
    { "mariadb@10.11", "ALTER TABLE shop.t ADD INDEX (a), ALGORITHM=INSTANT", "mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t MODIFY a BIGINT, ALGORITHM=INPLACE", "mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t MODIFY a BIGINT, LOCK=NONE", "mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t FORCE, ALGORITHM=COPY, LOCK=NONE", "mysql-refused" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=COPY", "mysql-copy" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INPLACE", "mysql-add-column-rebuild" },
    { "mariadb@10.11", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INPLACE",
      "-mysql-add-column-rebuild" },
    { "mariadb@10.11", "ALTER TABLE shop.t ENGINE=MyISAM, ALGORITHM=INSTANT", "mysql-engine" },
    { "mysql@8.4", "ALTER TABLE shop.x MODIFY a INT, ALGORITHM=INPLACE", "mysql-perhaps-refused" },
    { "mariadb@11.4", "ALTER TABLE shop.t COMMENT='x', ALGORITHM=COPY, LOCK=NONE", "mysql-perhaps-refused" },
    { "mariadb@11.4", "ALTER TABLE shop.t COMMENT='x', ALGORITHM=COPY, LOCK=NONE", "mysql-copy" },
    { "mariadb@11.1", "ALTER TABLE shop.t COMMENT='x', ALGORITHM=COPY, LOCK=NONE", "mysql-refused" },
    { "mariadb@10.11", "SET alter_algorithm='INSTANT'; ALTER TABLE shop.t FORCE", "mysql-refused" },
    { "mariadb@10.11", "SET alter_algorithm=NOCOPY; ALTER TABLE shop.t ADD INDEX (a)",
      "-mysql-algorithm-unstated" },
    { "mariadb@11.8", "SET alter_algorithm=INSTANT; ALTER TABLE shop.t FORCE", "-mysql-refused" },
    { "mysql@8.4", "SET old_alter_table = ON; ALTER TABLE shop.t ADD COLUMN n INT", "mysql-copy" },
    { "mysql@8.4", "SET old_alter_table = ON; ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT",
      "-mysql-copy" },
    { "mysql@8.4", "SET old_alter_table = 1; SET old_alter_table = 0; ALTER TABLE shop.t COMMENT 'x'",
      "-mysql-copy" },
    /* waiting */
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT", "mysql-metadata-lock" },
    { "mysql@8.4", "SET SESSION lock_wait_timeout = 5; ALTER TABLE shop.t ADD COLUMN n INT",
      "-mysql-metadata-lock" },
    { "mysql@8.4", "SET @@session.lock_wait_timeout = 5; DROP TABLE shop.t", "-mysql-metadata-lock" },
    { "mysql@8.4", "SET lock_wait_timeout = 31536000; ALTER TABLE shop.t ADD COLUMN n INT",
      "mysql-metadata-lock" },
    { "mariadb@10.11", "ALTER TABLE shop.t WAIT 5 ADD COLUMN n INT", "-mysql-metadata-lock" },
    { "mariadb@10.11", "ALTER TABLE shop.t NOWAIT ADD COLUMN n INT", "-mysql-metadata-lock" },
    { "mariadb@10.11", "CREATE INDEX i ON shop.t WAIT 5 (a)", "-mysql-metadata-lock" },
    { "mysql@8.4", "CREATE TRIGGER g BEFORE INSERT ON shop.t FOR EACH ROW SET NEW.a = 1",
      "mysql-metadata-lock" },
    { "mysql@8.4", "DROP TRIGGER g", "mysql-metadata-lock" },
    { "mysql@8.4", "RENAME TABLE shop.t TO shop.u, shop.p TO shop.q", "mysql-rename" },
    { "mysql@8.4", "TRUNCATE shop.t", "mysql-truncate" },
    { "mysql@8.4", "DROP TABLE IF EXISTS shop.t, shop.p CASCADE", "mysql-drop-table" },
    { "mysql@8.4", "DROP TEMPORARY TABLE shop.t", "-mysql-drop-table" },
    { "mysql@8.4", "DROP DATABASE shop", "mysql-drop-database" },
    { "mysql@8.4", "LOCK TABLES shop.t WRITE, shop.p AS x READ", "mysql-lock-tables" },
    { "mysql@8.4", "FLUSH TABLES WITH READ LOCK", "mysql-global-lock" },
    { "mysql@8.4", "FLUSH LOGS", "-mysql-global-lock" },
    { "mysql@8.4", "ANALYZE TABLE shop.t", "mysql-analyze" },
    { "mysql@8.4", "OPTIMIZE LOCAL TABLE shop.t", "mysql-rebuild" },
    { "mysql@8.4", "CREATE TABLE shop.n AS SELECT * FROM shop.t", "mysql-create-select" },
    { "mysql@8.4", "CREATE TABLE shop.n (SELECT * FROM shop.t)", "mysql-create-select" },
    /* writes */
    { "mysql@8.4", "UPDATE shop.t SET a = 1", "mysql-unbounded-write" },
    { "mysql@8.4", "UPDATE shop.t SET a = (SELECT 1 FROM p WHERE id = 1 LIMIT 1)", "mysql-unbounded-write" },
    { "mysql@8.4", "UPDATE shop.t SET a = 1 WHERE id < 9", "-mysql-unbounded-write" },
    { "mysql@8.4", "DELETE FROM shop.t", "mysql-unbounded-write" },
    { "mysql@8.4", "DELETE LOW_PRIORITY FROM shop.t LIMIT 10", "-mysql-unbounded-write" },
    { "mysql@8.4", "DELETE FROM shop.t -- WHERE id = 1", "mysql-unbounded-write" },
    { "mysql@8.4", "DELETE FROM shop.t /* WHERE */", "mysql-unbounded-write" },
    { "mysql@8.4", "DELETE FROM shop.t /*! WHERE id = 1 */", "-mysql-unbounded-write" },
    { "mysql@8.0.16", "DELETE FROM shop.t /*!80017 WHERE id = 1 */", "mysql-unbounded-write" },
    { "mysql@8.4", "DELETE FROM shop.t /*M!100100 WHERE id = 1 */", "mysql-unbounded-write" },
    { "mariadb@10.11", "DELETE FROM shop.t /*M!100100 WHERE id = 1 */", "-mysql-unbounded-write" },
    { "mariadb@10.11", "DELETE FROM shop.t /*!80001 WHERE id = 1 */", "mysql-unbounded-write" },
    /* transactions */
    { "mysql@8.4", "START TRANSACTION; ALTER TABLE shop.t COMMENT='x'", "mysql-implicit-commit" },
    { "mysql@8.4", "BEGIN; ALTER TABLE shop.t COMMENT='x'", "mysql-implicit-commit" },
    { "mysql@8.4", "BEGIN; ALTER TABLE shop.t COMMENT='x'; DROP TABLE shop.t", "-mysql-implicit-commit" },
    { "mysql@8.4", "BEGIN; COMMIT; ALTER TABLE shop.t COMMENT='x'", "-mysql-implicit-commit" },
    { "mysql@8.4", "BEGIN; CREATE TEMPORARY TABLE x (a INT)", "-mysql-implicit-commit" },
    { "mysql@8.4", "BEGIN; CREATE VIEW w AS SELECT 1", "mysql-implicit-commit" },
    { "mysql@8.4", "SET autocommit = 0; CREATE USER u", "mysql-implicit-commit" },
    { "mysql@8.4", "BEGIN; INSERT INTO shop.t VALUES (1, 2)", "-mysql-implicit-commit" },
    /* not understood */
    { "mysql@8.4", "ALTER TABLE shop.t FROB", "mysql-not-understood" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n NOSUCHTYPE", "mysql-not-understood" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT,", "mysql-not-understood" },
    { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT DEFAULT 'x", "mysql-not-understood" },
    { "mysql@8.4", "CALL p()", "mysql-not-understood" },
    { "mysql@8.4", "PREPARE s FROM 'DROP TABLE shop.t'", "mysql-not-understood" },
    { "mariadb@10.11", "SET STATEMENT lock_wait_timeout=1 FOR DROP TABLE shop.t", "mysql-not-understood" },
    { "mysql@8.4", "SELECT 'x", "mysql-not-understood" },
    { "mysql@8.4", "SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')", "mysql-reading" },
    { "mysql@8.4", "SET sql_mode = 'ORACLE'", "mysql-reading" },
    { "mysql@8.4", "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'", "-mysql-reading" },
    { "mysql@8.4", "SET GLOBAL sql_mode = CONCAT(@@sql_mode, ',ANSI')", "-mysql-reading" },
};

static void each_has_its_finding(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expectations); i++) {
        const char *code = expectations[i].code;
        struct judged judged;

        judge(&judged, expectations[i].server, dump, expectations[i].text);
        if (statement_has(judged.last, code + (code[0] == '-')) != (code[0] != '-')) {
            wrong++;
            print_error("%s: %s: %s\n", expectations[i].server, expectations[i].text, code);
            for (size_t k = 0; k < judged.last->finding_count; k++)
                print_error("    %s\n", judged.last->findings[k].message);
        }
        if (strcmp(code, "mysql-not-understood") == 0 || strcmp(code, "mysql-reading") == 0)
            assert_false(judged.last->understood);
        judged_finish(&judged);
    }
    assert_int_equal(wrong, 0);
}

static void harmless(void **state)
{
    static const char *const texts[] = {
        "SELECT 1",
        "SHOW TABLES",
        "SET NAMES utf8mb4",
        "SET @a = 1, @@global.x = (1 + 2)",
        "USE shop",
        "COMMIT",
        "INSERT INTO t VALUES (1, 'a;b')",
        "EXPLAIN SELECT 1",
        "UNLOCK TABLES",
        "CREATE TABLE n (id INT PRIMARY KEY)",
        "CREATE TABLE n LIKE t",
        "CREATE TABLE n (id INT); ALTER TABLE n MODIFY id BIGINT; DROP TABLE n",
        "CREATE TABLE n (id INT); UPDATE n SET id = 1",
        "CREATE TEMPORARY TABLE n (id INT, KEY (id))",
        "CREATE TABLE n (id INT); RENAME TABLE n TO o; ALTER TABLE o FORCE",
        "CREATE DEFINER=`a`@`b` PROCEDURE p() BEGIN DROP TABLE t; IF 1 THEN SELECT 1; END IF; END",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct judged judged;

        judge(&judged, "mysql@8.4", NULL, texts[i]);
        for (size_t k = 0; k < judged.script->count; k++) {
            const struct sql_statement *statement = &judged.script->statements[k];

            if (statement->finding_count > 0 || !statement->understood || statement->needs_lock_timeout)
                print_error("%s\n", texts[i]);
            assert_true(statement->understood);
            assert_int_equal(statement->finding_count, 0);
            assert_int_equal(statement->lock_count, 0);
        }
        judged_finish(&judged);
    }
}

static void locks_and_parents(void **state)
{
    struct judged judged;

    (void)state;
    judge(&judged, "mysql@8.4", dump, "USE shop; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)");
    assert_string_equal(lock_on(judged.last, "shop.t"), "SHARED");
    assert_string_equal(lock_on(judged.last, "shop.p"), "EXCLUSIVE");
    assert_string_equal(judged.last->rewrites[0], "shop.t");
    judged_finish(&judged);

    judge(&judged, "mariadb@10.11", dump, "ALTER TABLE shop.t DROP FOREIGN KEY fk");
    assert_string_equal(lock_on(judged.last, "shop.p"), "EXCLUSIVE");
    judged_finish(&judged);

    judge(&judged, "mysql@8.4", dump, "CREATE TABLE shop.n (a INT, FOREIGN KEY (a) REFERENCES shop.p (id))");
    assert_string_equal(lock_on(judged.last, "shop.p"), "EXCLUSIVE");
    assert_string_equal(lock_on(judged.last, "shop.n"), "-");
    assert_true(judged.last->needs_lock_timeout);
    judged_finish(&judged);

    judge(&judged, "mysql@8.4", dump, "ALTER TABLE t ADD INDEX (a), ADD INDEX two (a)");
    assert_string_equal(lock_on(judged.last, "t"), "NONE");
    assert_int_equal(judged.last->build_count, 2);
    assert_string_equal(judged.last->builds[0], "t(a)");
    assert_string_equal(judged.last->builds[1], "two");
    assert_int_equal(judged.last->scan_count, 1);
    judged_finish(&judged);
}

/* Each statement sees what those before it left. */
static void the_catalog_moves_on(void **state)
{
    struct judged judged;

    (void)state;
    judge(&judged, "mysql@8.4", dump,
          "ALTER TABLE shop.t ADD COLUMN e ENUM('a'), ADD FULLTEXT (x);"
          "ALTER TABLE shop.t MODIFY e ENUM('a','b'), ALGORITHM=INSTANT");
    assert_int_equal(judged.last->algorithm, SQL_INSTANT);
    assert_false(statement_has(judged.last, "mysql-perhaps-refused"));
    judged_finish(&judged);

    judge(&judged, "mysql@8.4", dump,
          "ALTER TABLE shop.t ADD FULLTEXT (x); ALTER TABLE shop.t ADD COLUMN n INT, ALGORITHM=INSTANT");
    assert_true(statement_has(judged.last, "mysql-refused"));
    judged_finish(&judged);

    judge(&judged, "mysql@8.4", dump,
          "ALTER TABLE shop.t RENAME COLUMN a TO b; ALTER TABLE shop.t MODIFY b BIGINT");
    assert_true(statement_has(judged.last, "mysql-change-type"));
    assert_null(judged.last->findings[0].depends);
    judged_finish(&judged);
}

static void options_say_what_holds(void **state)
{
    const struct sql_options transaction = { .transaction = true }, exists = { .exists = true };
    struct judged judged;

    (void)state;
    judge_with(&judged, "mysql@8.4", dump, "ALTER TABLE shop.t COMMENT = 'x'", &transaction);
    assert_true(statement_has(judged.last, "mysql-implicit-commit"));
    judged_finish(&judged);
    judge_with(&judged, "mysql@8.4", dump, "ALTER TABLE shop.nosuch COMMENT = 'x'", &exists);
    assert_true(statement_has(judged.last, "mysql-no-such-table"));
    judged_finish(&judged);
    judge_with(&judged, "mysql@8.4", dump, "DROP TABLE IF EXISTS shop.nosuch", &exists);
    assert_false(statement_has(judged.last, "mysql-no-such-table"));
    judged_finish(&judged);
}

/* What could be copied while writers wait. The table shop.t is known, others are not. */
static void copying_is_told(void **state)
{
    static const struct {
        const char *server, *text;
        enum sql_copying alone, guarded;
    } rows[] = {
        { "mariadb@10.11", "ALTER TABLE shop.t MODIFY a BIGINT", SQL_COPIES, SQL_COPIES_NOT },
        { "mariadb@10.11", "ALTER TABLE shop.t MODIFY a BIGINT, ALGORITHM=DEFAULT", SQL_COPIES, SQL_COPIES },
        { "mariadb@10.11", "ALTER TABLE shop.t MODIFY a BIGINT, ALGORITHM=COPY", SQL_COPIES, SQL_COPIES },
        { "mariadb@10.11", "ALTER TABLE shop.t MODIFY a BIGINT, ALGORITHM=INPLACE", SQL_COPIES_NOT,
          SQL_COPIES_NOT },
        { "mariadb@10.11", "ALTER TABLE shop.t MODIFY a BIGINT, LOCK=NONE", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mariadb@10.11", "ALTER TABLE shop.t MODIFY a BIGINT, LOCK=SHARED", SQL_COPIES, SQL_COPIES_NOT },
        { "mariadb@10.11", "ALTER TABLE shop.t ENGINE=MyISAM, ALGORITHM=INSTANT", SQL_COPIES, SQL_COPIES },
        { "mariadb@10.11", "ALTER TABLE shop.t ADD COLUMN n INT", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE shop.t ADD COLUMN n INT", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE shop.t MODIFY a BIGINT", SQL_COPIES, SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE x ADD COLUMN n INT", SQL_COPIES_PERHAPS, SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE x ADD COLUMN n INT, ALGORITHM=INSTANT", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE x COMMENT = 'x', ALTER COLUMN a SET DEFAULT 1", SQL_COPIES_NOT,
          SQL_COPIES_NOT },
        { "mysql@8.4", "CREATE INDEX i ON x (a)", SQL_COPIES_PERHAPS, SQL_COPIES_NOT },
        { "mysql@8.4", "CREATE INDEX i ON x (a) ALGORITHM=INPLACE", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "DROP INDEX i ON x LOCK=NONE", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "RENAME TABLE x TO y", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "OPTIMIZE TABLE x", SQL_COPIES_PERHAPS, SQL_COPIES_PERHAPS },
        { "mysql@8.4", "OPTIMIZE TABLE shop.t", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE x ADD PARTITION (PARTITION p VALUES LESS THAN (9))", SQL_COPIES_NOT,
          SQL_COPIES_NOT },
        { "mysql@8.4", "ALTER TABLE x COALESCE PARTITION 1", SQL_COPIES, SQL_COPIES },
        { "mysql@8.4", "ALTER TABLE x FROB y", SQL_COPIES_PERHAPS, SQL_COPIES_NOT },
        { "mysql@8.4", "CALL p()", SQL_COPIES_PERHAPS, SQL_COPIES_NOT },
        { "mariadb@10.11", "SET STATEMENT alter_algorithm=COPY FOR ALTER TABLE x FORCE", SQL_COPIES_PERHAPS,
          SQL_COPIES_PERHAPS },
        { "mariadb@10.11", "SET alter_algorithm=COPY; ALTER TABLE shop.t FORCE", SQL_COPIES, SQL_COPIES },
        { "mysql@8.4", "STOP REPLICA", SQL_COPIES_NOT, SQL_COPIES_NOT },
        { "mysql@8.4", "CREATE TABLE n (a INT); ALTER TABLE n MODIFY a BIGINT", SQL_COPIES_NOT,
          SQL_COPIES_NOT },
        { "mysql@8.4", "UPDATE shop.t SET a = 1", SQL_COPIES_NOT, SQL_COPIES_NOT },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int guarded = 0; guarded < 2; guarded++) {
            const struct sql_options options = { .guarded = guarded };
            struct judged judged;

            judge_with(&judged, rows[i].server, dump, rows[i].text, &options);
            if (judged.last->copying != (guarded ? rows[i].guarded : rows[i].alone))
                fail_msg("%s%s: %d", rows[i].text, guarded ? ", guarded" : "", judged.last->copying);
            assert_true((judged.last->copying == SQL_COPIES_NOT) == (judged.last->copied[0] == '\0'));
            judged_finish(&judged);
        }
    }
}

/* The last statement is the ALTER of that table, or there is none that could be read. */
static void modes_are_followed(void **state)
{
    static const struct {
        enum sql_reading reading;
        bool differs;
        const char *text, *table;
    } rows[] = {
        { SQL_READ_USUAL, true, "ALTER TABLE `a` FORCE, COMMENT 'x\\'; y'", "a" },
        { SQL_READ_USUAL, true, "INSERT INTO t VALUES ('\\'); ALTER TABLE b FORCE; --')", NULL },
        { SQL_READ_USUAL, true, "INSERT INTO t VALUES ('a\\'b'); ALTER TABLE b FORCE", "b" },
        { SQL_READ_USUAL, false, "INSERT INTO t VALUES ('a\\\\b\\n'); ALTER TABLE b FORCE", "b" },
        { SQL_READ_USUAL, false, "ALTER TABLE \"a\" FORCE", NULL },
        { SQL_READ_OURS, false, "ALTER TABLE \"a\" FORCE", "a" },
        { SQL_READ_OURS, false, "INSERT INTO t VALUES ('\\'); ALTER TABLE b FORCE", "b" },
        { SQL_READ_OURS, false, "ALTER TABLE \"a\\\" FORCE", "a\\" },
        { SQL_READ_USUAL, false, "SET sql_mode = 'ANSI'; ALTER TABLE \"a\" FORCE", "a" },
        { SQL_READ_USUAL, false,
          "SET sql_mode = NO_BACKSLASH_ESCAPES; INSERT INTO t VALUES ('\\'); ALTER TABLE b FORCE", "b" },
        { SQL_READ_USUAL, false, "SET sql_mode = ''; INSERT INTO t VALUES ('\\'a'); ALTER TABLE b FORCE",
          "b" },
        { SQL_READ_USUAL, false, "SET GLOBAL sql_mode = 'ANSI'; ALTER TABLE \"a\" FORCE", NULL },
        { SQL_READ_OURS, true, "SET sql_mode = DEFAULT; INSERT INTO t VALUES ('a\\'b'); ALTER TABLE b FORCE",
          "b" },
        { SQL_READ_USUAL, false,
          "SET @o = @@sql_mode, sql_mode = 'ANSI'; SET sql_mode = @o; ALTER TABLE \"a\" FORCE", NULL },
        { SQL_READ_OURS, false,
          "SET @o = @@sql_mode, sql_mode = ''; SET sql_mode = @o; ALTER TABLE \"a\" FORCE", "a" },
        { SQL_READ_OURS, false, "DELIMITER //\nALTER TABLE a FORCE", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sql_options options = { .reading = rows[i].reading };
        const char *table = rows[i].table;
        struct judged judged;

        judge_with(&judged, "mysql@8.4", NULL, rows[i].text, &options);
        const struct sql_statement *last = judged.last;
        bool is = last->understood && last->lock_count == 1;
        if (table ? !is || strcmp(last->locks[0].relation, table) != 0 : is)
            fail_msg("%s: %s", rows[i].text, is ? last->locks[0].relation : "nothing");
        if (script_has(judged.script, "mysql-reading") != rows[i].differs)
            fail_msg("%s: %s", rows[i].text, rows[i].differs ? "it may be read otherwise" : "it is read so");
        judged_finish(&judged);
    }
}

static void places_are_told(void **state)
{
    struct judged judged;

    (void)state;
    judge(&judged, "mysql@8.4", NULL, "-- a\nSELECT 1;\n\n  ALTER TABLE t\n  FROB x;\nSELECT 2");
    assert_int_equal(judged.script->count, 3);
    assert_int_equal(judged.script->statements[1].line, 4);
    assert_int_equal(judged.script->statements[1].column, 3);
    assert_string_equal(judged.script->statements[1].text, "ALTER TABLE t\n  FROB x");
    assert_non_null(strstr(judged.script->statements[1].findings[0].message, "line 5, column 3"));
    assert_true(judged.script->statements[2].understood);
    judged_finish(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_finding),   cmocka_unit_test(harmless),
        cmocka_unit_test(locks_and_parents),      cmocka_unit_test(the_catalog_moves_on),
        cmocka_unit_test(options_say_what_holds), cmocka_unit_test(copying_is_told),
        cmocka_unit_test(modes_are_followed),     cmocka_unit_test(places_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
