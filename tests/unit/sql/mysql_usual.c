/* Each form of ALTER without a schema: the form alone decides, for a table that is as most are. What any
 * table may be (the type that a column has) is the worst; what few tables have is only named. */
#include "mysql_helper.h"

#include <stdio.h>
#include <string.h>

#define EITHER "" /* the same on MariaDB */

/* What is expected: algorithm, lock, "+" when rows are written anew, "!" when it is dangerous. `row` is that
 * of the list of forms: columns 1 to 14, indexes and keys 15 to 19, whole tables 20 to 23. */
struct form {
    int row;
    const char *text, *mysql, *mariadb;
    const char *code; /* a finding that it has to have */
};

static const struct form forms[] = {
    { 1, "ALTER TABLE t ADD COLUMN n INT", "INSTANT NONE", EITHER, "mysql-algorithm-unstated" },
    { 1, "ALTER TABLE t ADD COLUMN n INT FIRST", "INSTANT NONE", EITHER, "mysql-algorithm-unstated" },
    { 2, "ALTER TABLE t DROP COLUMN a", "INSTANT NONE", "NOCOPY NONE", "mysql-drop-column" },
    { 3, "ALTER TABLE t ADD COLUMN n INT AUTO_INCREMENT UNIQUE", "INPLACE SHARED + !", EITHER,
      "mysql-add-auto-increment" },
    { 4, "ALTER TABLE t ADD COLUMN n CHAR(36) DEFAULT (uuid())", "COPY SHARED + !", EITHER,
      "mysql-expression-default" },
    { 4, "ALTER TABLE t ADD COLUMN n DATETIME DEFAULT now()", "INSTANT NONE", EITHER,
      "mysql-algorithm-unstated" },
    { 5, "ALTER TABLE t ADD COLUMN n INT AS (a) STORED", "COPY SHARED + !", EITHER,
      "mysql-stored-generated" },
    { 5, "ALTER TABLE t ADD COLUMN n INT AS (a) VIRTUAL", "INSTANT NONE", EITHER,
      "mysql-algorithm-unstated" },
    { 6, "ALTER TABLE t RENAME COLUMN a TO b", "INSTANT NONE", "INSTANT NONE", "mysql-rename" },
    { 7, "ALTER TABLE t MODIFY a INT FIRST", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 8, "ALTER TABLE t MODIFY a VARCHAR(60)", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 9, "ALTER TABLE t MODIFY a VARCHAR(300)", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 10, "ALTER TABLE t MODIFY a BIGINT", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 11, "ALTER TABLE t MODIFY a INT NOT NULL", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 12, "ALTER TABLE t MODIFY e ENUM('a','b','c')", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 13, "ALTER TABLE t MODIFY e ENUM('b','a')", "COPY SHARED + !", EITHER, "mysql-change-type" },
    { 14, "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "COPY SHARED + !", EITHER,
      "mysql-convert-charset" },
    { 15, "CREATE INDEX i ON t (a)", "INPLACE NONE", "NOCOPY NONE", "mysql-add-index" },
    { 16, "ALTER TABLE t ADD FULLTEXT KEY (a)", "INPLACE SHARED + !", EITHER, "mysql-add-fulltext" },
    { 17, "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a)", "INPLACE NONE +", EITHER,
      "mysql-primary-key" },
    { 17, "ALTER TABLE t DROP PRIMARY KEY", "COPY SHARED + !", EITHER, "mysql-drop-primary-key" },
    { 18, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)", "COPY SHARED + !", EITHER,
      "mysql-add-foreign-key" },
    { 18, "SET foreign_key_checks = 0; ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id)", "INPLACE NONE",
      "NOCOPY NONE", "mysql-foreign-key-unchecked" },
    { 19, "ALTER TABLE t ADD CHECK (a > 0)", "COPY SHARED + !", EITHER, "mysql-add-check" },
    { 20, "ALTER TABLE t ENGINE=InnoDB", "INPLACE NONE +", EITHER, "mysql-rebuild" },
    { 20, "ALTER TABLE t FORCE", "INPLACE NONE +", EITHER, "mysql-rebuild" },
    { 20, "ALTER TABLE t ROW_FORMAT=DYNAMIC", "INPLACE NONE +", EITHER, "mysql-rebuild" },
    { 20, "ALTER TABLE t ENGINE=MyISAM", "COPY SHARED + !", EITHER, "mysql-engine" },
    { 21, "ALTER TABLE t RENAME TO u", "INSTANT EXCLUSIVE", EITHER, "mysql-rename" },
    { 21, "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", " EXCLUSIVE", EITHER,
      "mysql-metadata-lock" },
    { 22, "ALTER TABLE t REORGANIZE PARTITION p0 INTO (PARTITION p1 VALUES LESS THAN (9))",
      "INPLACE SHARED + !", EITHER, "mysql-partition-copy" },
    { 22, "ALTER TABLE t COALESCE PARTITION 2", "INPLACE SHARED + !", EITHER, "mysql-partition-copy" },
    { 23, "ALTER TABLE t FORCE, ALGORITHM=INPLACE, LOCK=NONE", "INPLACE NONE +", EITHER,
      "mysql-replica-replay" },
    /* what is stated changes nothing of a usual table, and is what makes the server refuse the others */
    { 1, "ALTER TABLE t ADD COLUMN n INT, ALGORITHM=INSTANT", "INSTANT NONE", EITHER,
      "mysql-perhaps-refused" },
    { 2, "ALTER TABLE t DROP COLUMN a, ALGORITHM=INSTANT", "INSTANT NONE", EITHER, "mysql-perhaps-refused" },
    { 6, "ALTER TABLE t RENAME COLUMN a TO b, LOCK=NONE", "INSTANT NONE", "INSTANT NONE", "mysql-rename" },
    { 1, "ALTER TABLE t ADD COLUMN n INT, ALGORITHM=INPLACE, LOCK=NONE", "INPLACE NONE +", "INSTANT NONE",
      "mysql-perhaps-refused" },
    { 20, "ALTER TABLE t FORCE, LOCK=NONE", "INPLACE NONE +", EITHER, "mysql-perhaps-refused" },
};

static bool is_as_expected(const struct form *form, const char *server, const char *expected)
{
    struct judged judged;
    char got[64];
    bool right;

    judge(&judged, server, NULL, form->text);
    snprintf(got, sizeof got, "%s %s%s%s", sql_algorithm_word(judged.last->algorithm),
             lock_on(judged.last, "t"), judged.last->copies ? " +" : "", judged.last->dangerous ? " !" : "");
    right = strcmp(got, expected) == 0 && judged.last->understood && statement_has(judged.last, form->code);
    if (!right) {
        print_error("row %d, %s: %s: %s, expected %s with %s\n", form->row, server, form->text, got, expected,
                    form->code);
        for (size_t i = 0; i < judged.last->finding_count; i++)
            print_error("    %s\n", judged.last->findings[i].rule->code);
    }
    judged_finish(&judged);
    return right;
}

static void each_form_alone(void **state)
{
    size_t wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const struct form *form = &forms[i];

        wrong += !is_as_expected(form, "mysql@8.0", form->mysql);
        wrong += !is_as_expected(form, "mariadb@10.11", form->mariadb[0] ? form->mariadb : form->mysql);
    }
    assert_int_equal(wrong, 0);
}

static const char *depends_of(const struct judged *judged)
{
    for (size_t i = 0; i < judged->last->finding_count; i++) {
        if (judged->last->findings[i].depends)
            return judged->last->findings[i].depends;
    }
    return "";
}

/* What would make it otherwise is said; with the table known there is nothing left to say. */
static void what_it_depends_on(void **state)
{
    static const struct {
        const char *server, *text, *depends;
    } cases[] = {
        { "mysql@8.0", "ALTER TABLE t ADD COLUMN n INT", "FULLTEXT" },
        { "mysql@8.0", "ALTER TABLE t ADD COLUMN n INT, ALGORITHM=INSTANT", "FULLTEXT" },
        { "mysql@8.0", "ALTER TABLE t FORCE", "FULLTEXT" },
        { "mysql@8.0", "ALTER TABLE t DROP COLUMN a", "in an index" },
        { "mysql@8.0", "ALTER TABLE t RENAME COLUMN a TO b", "foreign key" },
        { "mysql@8.0", "ALTER TABLE t MODIFY a INT", "definition before" },
        { "mariadb@10.11", "ALTER TABLE t ADD COLUMN n INT", "virtual column" },
        { "mariadb@10.11", "ALTER TABLE t DROP COLUMN a", "in an index" },
        { "mariadb@10.11", "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "character sets" },
    };
    static const char dump[] = "CREATE TABLE t (id INT NOT NULL, a INT, PRIMARY KEY (id)) ENGINE=InnoDB "
                               "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct judged judged;

        judge(&judged, cases[i].server, NULL, cases[i].text);
        if (!strstr(depends_of(&judged), cases[i].depends))
            fail_msg("%s: \"%s\"", cases[i].text, depends_of(&judged));
        judged_finish(&judged);
        judge(&judged, cases[i].server, dump, cases[i].text);
        assert_string_equal(depends_of(&judged), "");
        judged_finish(&judged);
    }
}

/* A table that the schema has with the rare thing is judged as it is. */
static void what_is_known_is_no_guess(void **state)
{
    static const char dump[] =
        "CREATE TABLE t (id INT NOT NULL, a TEXT, PRIMARY KEY (id), FULLTEXT KEY f (a)) ENGINE=InnoDB;"
        "CREATE TABLE p (id INT NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;"
        "CREATE TABLE c (id INT, FOREIGN KEY (id) REFERENCES p (id)) ENGINE=InnoDB;";
    struct judged judged;

    (void)state;
    judge(&judged, "mysql@8.0", dump, "ALTER TABLE t ADD COLUMN n INT");
    assert_int_equal(judged.last->algorithm, SQL_INPLACE);
    assert_true(judged.last->copies && judged.last->dangerous);
    judged_finish(&judged);
    judge(&judged, "mysql@8.0", dump, "ALTER TABLE p RENAME COLUMN id TO n");
    assert_int_equal(judged.last->algorithm, SQL_INPLACE);
    judged_finish(&judged);
    judge(&judged, "mysql@8.0", dump, "ALTER TABLE c RENAME COLUMN id TO n");
    assert_int_equal(judged.last->algorithm, SQL_INSTANT);
    judged_finish(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_alone),
        cmocka_unit_test(what_it_depends_on),
        cmocka_unit_test(what_is_known_is_no_guess),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
