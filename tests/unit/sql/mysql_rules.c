/* The rows of MySQL and MariaDB: whole, and their examples are what they say. */
#include "mysql_helper.h"

#include <string.h>

/* Bad examples that need to know the table. */
static const char dump[] =
    "CREATE TABLE t (id INT NOT NULL, a INT, v VARCHAR(60), e ENUM('a','b'), PRIMARY KEY (id)) "
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"
    "CREATE TABLE m (a INT) ENGINE=MyISAM DEFAULT CHARSET=latin1;";
static const struct {
    const char *code, *text;
} with_catalog[] = {
    { "mysql-no-such-table", "DROP TABLE nosuch" },
    { "mysql-reorder", "ALTER TABLE t MODIFY v VARCHAR(60) FIRST" },
    { "mysql-varchar-length-byte", "ALTER TABLE t MODIFY v VARCHAR(64)" },
    { "mysql-change-charset", "ALTER TABLE t MODIFY v VARCHAR(60) CHARACTER SET latin1" },
    { "mysql-enum-reorder", "ALTER TABLE t MODIFY e ENUM('b','a')" },
    { "mysql-nullability", "ALTER TABLE t MODIFY a INT NOT NULL" },
    { "mysql-not-innodb", "ALTER TABLE m ADD COLUMN b INT" },
};

static const char *text_with_catalog(const char *code)
{
    for (size_t i = 0; i < ARRAY_LEN(with_catalog); i++) {
        if (strcmp(with_catalog[i].code, code) == 0)
            return with_catalog[i].text;
    }
    return NULL;
}

static bool is_found(const char *text, const char *code, bool known)
{
    const struct sql_options options = { .exists = known };
    struct judged judged;
    bool found;

    judge_with(&judged, "mysql@8.4", known ? dump : NULL, text, &options);
    found = script_has(judged.script, code);
    judged_finish(&judged);
    return found;
}

static void examples(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sql_rule_count(); i++) {
        const struct sql_rule *rule = sql_rule_at(i);
        const char *text = text_with_catalog(rule->code);

        if (strncmp(rule->code, "mysql-", 6) != 0)
            continue;
        seen++;
        if (rule->bad[0] == '\0')
            assert_non_null(text);
        if (!is_found(text ? text : rule->bad, rule->code, text != NULL))
            fail_msg("%s is not found in %s", rule->code, text ? text : rule->bad);
        if (is_found(rule->good, rule->code, false))
            fail_msg("%s is found in %s", rule->code, rule->good);
    }
    assert_true(seen > 40);
}

static void whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sql_rule_count(); i++) {
        const struct sql_rule *rule = sql_rule_at(i);

        if (rule->dialect == SQL_POSTGRESQL)
            continue;
        assert_ptr_equal(sql_rule_find(rule->code), rule);
        assert_true(rule->severity > SQL_HARMLESS && rule->severity <= SQL_DANGER);
        assert_true(rule->title[0] && rule->text[0] && rule->safe_form[0] && rule->good[0] && rule->versions);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples),
        cmocka_unit_test(whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
