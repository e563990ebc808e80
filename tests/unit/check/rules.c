/* Each rule finds its bad example and nothing of its good one; and of a plain book nothing is said. */
#include "example.h"

#include <string.h>

#include "base/text.h"

static void test_plain(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    assert_string_equal(told(arena, report_of(arena, example_text(arena, NULL))), "");
    arena_destroy(arena);
}

static void judge(const struct check_rule *rule)
{
    struct arena *arena = arena_create();
    const struct check_report *bad = report_of(arena, example_text(arena, rule->bad));
    const struct check_finding *finding = finding_of(bad, rule->code);
    if (!finding)
        fail_msg("%s: its bad example is not found; what is:\n%s", rule->code, told(arena, bad));
    assert_int_equal(finding->severity, rule->severity);
    assert_true(finding->line > 0 && finding->column > 0);
    assert_null(finding->ignored);
    const struct check_report *good = report_of(arena, example_text(arena, rule->good));
    if (finding_of(good, rule->code))
        fail_msg("%s: its good example is found:\n%s", rule->code, told(arena, good));
    arena_destroy(arena);
}

static void test_examples(void **state)
{
    struct check_rule rule;
    (void)state;
    for (size_t i = 0; check_rule_at(i, &rule); i++) {
        if (rule.bad[0] == '{') /* else it is one of the room of statements, whose tests these are */
            judge(&rule);
    }
}

static void test_table(void **state)
{
    struct check_rule rule, other;
    (void)state;
    for (size_t i = 0; check_rule_at(i, &rule); i++) {
        assert_true(text_is_id(rule.code));
        assert_string_not_equal(rule.code, CHECK_CODE_BOOK);
        assert_true(rule.title[0] && rule.text[0] && rule.bad && rule.good);
        assert_non_null(rule.versions);
        assert_non_null(rule.safe_form);
        for (size_t k = 0; k < i; k++) {
            assert_true(check_rule_at(k, &other));
            assert_string_not_equal(rule.code, other.code);
        }
    }
    assert_true(check_rule_find("no-timeout", &rule));
    assert_false(check_rule_find("no-time", &rule));
    assert_string_equal(check_rule_nearest("no-timeuot"), "no-timeout");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
