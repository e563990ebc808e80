/* Findings: what is ignored, in what order they come, what the clocks say, and books that are large or odd.
 */
#include "example.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define HALF_STEP                                                                                            \
    "\"id\": \"s\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"1m\", \"rollback\": [ " \
    "{ "                                                                                                     \
    "\"kind\": \"manual\", \"instructions\": \"Off.\""

static const struct check_report *judged(struct arena *arena, const char *example)
{
    return report_of(arena, example_text(arena, example));
}

/* By the entry, its step, its phase or the book; the nearest reason is told. */
static void test_ignored(void **state)
{
    static const char *const examples[] = {
        "{ " HALF_STEP ", \"ignore\": [ { \"code\": \"no-rollback-estimate\", \"reason\": \"here\" } ] } ] }",
        "{ " HALF_STEP " } ], \"ignore\": [ { \"code\": \"no-rollback-estimate\", \"reason\": \"here\" } ] }",
        "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"C\", \"ignore\": [ { \"code\": "
        "\"no-rollback-estimate\", \"reason\": \"here\" }, { \"code\": \"phase-without-verification\", "
        "\"reason\": \"there\" } ], \"steps\": [ { " HALF_STEP " } ] } ] }",
    };
    struct arena *arena = arena_create();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        const struct check_report *report = judged(arena, examples[i]);
        const struct check_finding *finding = finding_of(report, "no-rollback-estimate");
        assert_non_null(finding);
        assert_string_equal(finding->ignored, "here");
        assert_int_equal(report->by_severity[CHECK_WARNING], 0);
        assert_int_equal(report->ignored, report->count);
    }
    arena_destroy(arena);
}

/* What stands elsewhere does not help. */
static void test_ignored_elsewhere(void **state)
{
    struct arena *arena = arena_create();
    const struct check_report *report = judged(
        arena, "{ " HALF_STEP " } ], \"ignore\": [ { \"code\": \"no-estimate\", \"reason\": \"other\" } ] }");
    (void)state;
    assert_null(finding_of(report, "no-rollback-estimate")->ignored);
    assert_non_null(finding_of(report, "ignore-unused"));
    assert_int_equal(report->by_severity[CHECK_WARNING], 2);
    arena_destroy(arena);
}

static void test_order(void **state)
{
    struct arena *arena = arena_create();
    const struct check_report *report =
        judged(arena, "{ \"communications\": {},\n\"triggers\": [],\n\"environment\": { \"topology\": "
                      "{\n\"replicas\": 3 } } }");
    (void)state;
    assert_true(report->count >= 3);
    for (size_t i = 1; i < report->count; i++)
        assert_true(report->findings[i - 1].line <= report->findings[i].line);
    arena_destroy(arena);
}

/* Each of these makes its own rule find it, by what the engine says. */
static void test_walk(void **state)
{
    static const struct {
        const char *example, *code, *part;
    } cases[] = {
        /* 110 of 120 minutes are over when it is done, and 5 are the margin's */
        { "{ \"id\": \"s\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"110m\", "
          "\"rollback\": "
          "[ { \"kind\": \"manual\", \"instructions\": \"Off.\", \"estimate\": \"6m\" } ] }",
          "rollback-past-window", "1m before" },
        { "{ \"id\": \"go\", \"votes\": [ \"operator\" ], \"criteria\": [ { \"metric\": \"locks.waiting\", "
          "\"is\": "
          "\"=\", \"value\": 0.5 } ] }",
          "gate-contradiction", "locks.waiting" },
        { "{ \"id\": \"go\", \"votes\": [ \"operator\" ], \"criteria\": [ { \"metric\": \"lag.seconds\", "
          "\"is\": "
          "\"<\", \"value\": 0 } ] }",
          "gate-contradiction", "lag.seconds" },
        { "{ \"id\": \"go\", \"criteria\": [ { \"metric\": \"lag.seconds\", \"is\": \">=\", \"value\": 61 } "
          "] }",
          "gate-impossible", "lag-runaway" },
        { "{ \"id\": \"s\", \"kind\": \"wait\", \"timeout\": \"1m\", \"estimate\": \"1s\", \"until\": { "
          "\"metric\": "
          "\"lag.bytes\", \"is\": \"<\", \"value\": 0 } }",
          "step-unreachable", "no value" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        const struct check_report *report = judged(arena, cases[i].example);
        const struct check_finding *finding = finding_of(report, cases[i].code);
        if (!finding || !strstr(finding->message, cases[i].part))
            fail_msg("no %s with \"%s\" in:\n%s", cases[i].code, cases[i].part, told(arena, report));
        arena_destroy(arena);
    }
}

/* What has just fitted fits. */
static void test_walk_fits(void **state)
{
    static const char *const fits[] = {
        "{ \"id\": \"s\", \"kind\": \"manual\", \"instructions\": \"On.\", \"estimate\": \"109m\", "
        "\"rollback\": "
        "[ { \"kind\": \"manual\", \"instructions\": \"Off.\", \"estimate\": \"5m\" } ] }",
        "{ \"id\": \"go\", \"votes\": [ \"operator\" ], \"criteria\": [ { \"metric\": \"lag.seconds\", "
        "\"is\": "
        "\">=\", \"value\": 59 }, { \"metric\": \"lag.seconds\", \"is\": \"!=\", \"value\": 60 }, { "
        "\"metric\": "
        "\"locks.waiting\", \"is\": \"=\", \"value\": 0 } ] }",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(fits); i++) {
        struct arena *arena = arena_create();
        const struct check_report *report = judged(arena, fits[i]);
        if (report->by_severity[CHECK_ERROR] > 0)
            fail_msg("%s", told(arena, report));
        arena_destroy(arena);
    }
}

/* Thousands of steps of which something is said are told, up to a number, and the rest is counted. */
static void test_many(void **state)
{
    struct arena *arena = arena_create();
    struct buf buf;
    (void)state;
    buf_init(&buf, JSON_MAX_BYTES);
    buf_text(
        &buf,
        "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"C\", \"parallel\": true, \"steps\": [");
    for (int i = 0; i < 2000; i++)
        buf_format(
            &buf,
            "%s{\"id\":\"s%d\",\"kind\":\"command\",\"argv\":[\"psql\",\"--password=x\"],\"rollback\":[{"
            "\"kind\":\"command\",\"argv\":[\"psql\"]}]}",
            i ? "," : "", i);
    buf_text(&buf, "] }");
    const struct check_report *report = judged(arena, buf_str(&buf));
    size_t all = 0, errors = 0;
    for (size_t i = 0; i < report->count; i++)
        errors += report->findings[i].severity == CHECK_ERROR;
    for (size_t i = 0; i < CHECK_SEVERITY_COUNT; i++)
        all += report->by_severity[i];
    assert_true(report->by_severity[CHECK_WARNING] > CHECK_FINDINGS_MAX);
    assert_int_equal(errors, report->by_severity[CHECK_ERROR]);
    assert_int_equal(errors, 2000);
    assert_int_equal(report->count + report->more, all);
    assert_true(report->more > 0);
    buf_finish(&buf);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ignored),   cmocka_unit_test(test_ignored_elsewhere),
        cmocka_unit_test(test_order),     cmocka_unit_test(test_walk),
        cmocka_unit_test(test_walk_fits), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
