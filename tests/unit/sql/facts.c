/* The table of facts: every row is whole, and its examples are what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "sql/sql.h"

static bool finds(const char *sql, const struct sql_rule *rule)
{
    static const struct sql_server newest = { SQL_POSTGRESQL, 150020 };
    static const struct sql_options options;
    struct arena *arena = arena_create();
    const struct sql_script *script = sql_judge(arena, &newest, NULL, sql, &options);
    bool found = false;
    for (size_t i = 0; i < script->count; i++)
        for (size_t k = 0; k < script->statements[i].finding_count; k++)
            found = found || script->statements[i].findings[k].rule == rule;
    arena_destroy(arena);
    return found;
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sql_rule_count(); i++) {
        const struct sql_rule *rule = sql_rule_at(i);
        assert_ptr_equal(sql_rule_find(rule->code), rule); /* no code stands twice */
        assert_true(rule->title[0] && rule->text[0] && rule->versions && rule->good[0]);
        assert_true(rule->safe_form[0] || rule->severity == SQL_HARMLESS || rule->severity == SQL_NOTE);
    }
    assert_null(sql_rule_at(sql_rule_count()));
    assert_null(sql_rule_find("no-such-rule"));
}

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sql_rule_count(); i++) {
        const struct sql_rule *rule = sql_rule_at(i);
        if (rule->dialect != SQL_POSTGRESQL)
            continue;
        if (rule->bad[0] && !finds(rule->bad, rule))
            fail_msg("%s is not found in: %s", rule->code, rule->bad);
        if (finds(rule->good, rule))
            fail_msg("%s is found in: %s", rule->code, rule->good);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
