#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/sample.h"

static void test_metric(void **state)
{
    (void)state;
    const struct sample known = {
        .known = true,
        .metric_count = 2,
        .metrics = { { "seconds", 1.5, true }, { "bytes", 0, false }, { "past the end", 1, true } },
    };
    struct sample unknown = known;
    unknown.known = false;
    const struct {
        const struct sample *sample;
        const char *name;
        const struct sample_metric *want;
    } cases[] = {
        { &known, "seconds", &known.metrics[0] },
        { &known, "bytes", &known.metrics[1] }, /* there, and itself not known */
        { &known, "waiting", NULL },
        { &known, "past the end", NULL },
        { &unknown, "seconds", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_ptr_equal(sample_metric(cases[i].sample, cases[i].name), cases[i].want);
}

/* The original is wiped before the copy is looked at. */
static void test_copy_is_deep(void **state)
{
    (void)state;
    char words[] = "locks\0why\0waiting\0"
                   "4711\0psql";
    struct sample_row rows[2] = {
        { .depth = 0, .ours = true, .cells = { words + 18, "" } },
        { .depth = 1, .ours = false, .cells = { words + 23 } },
    };
    struct sample original = {
        .monitor = words,
        .at = { 12, 34 },
        .known = true,
        .why = words + 6,
        .metric_count = 1,
        .metrics = { { words + 10, 3.0, true } },
        .row_count = 2,
        .rows_left_out = 7,
        .rows = rows,
    };
    struct arena *arena = arena_create();
    const struct sample *copy = sample_copy(arena, &original);
    memset(words, '#', sizeof(words) - 1);
    memset(rows, 0, sizeof(rows));
    memset(&original, 0, sizeof(original));

    assert_string_equal(copy->monitor, "locks");
    assert_string_equal(copy->why, "why");
    assert_int_equal(copy->at.wall_us, 12);
    assert_int_equal(copy->at.boot_us, 34);
    assert_true(copy->known);
    assert_true(sample_metric(copy, "waiting")->value > 2.9);
    assert_int_equal(copy->row_count, 2);
    assert_int_equal(copy->rows_left_out, 7);
    assert_true(copy->rows[0].ours);
    assert_string_equal(copy->rows[0].cells[0], "4711");
    assert_string_equal(copy->rows[0].cells[1], "");
    assert_null(copy->rows[0].cells[2]);
    assert_int_equal(copy->rows[1].depth, 1);
    assert_string_equal(copy->rows[1].cells[0], "psql");
    arena_destroy(arena);
}

static void test_copy_of_a_full_one(void **state)
{
    (void)state;
    static struct sample_row rows[SAMPLE_ROWS_MAX];
    struct sample original = {
        .monitor = "locks", .known = true, .metric_count = SAMPLE_METRICS_MAX, .rows = rows
    };
    for (size_t i = 0; i < SAMPLE_METRICS_MAX; i++)
        original.metrics[i] = (struct sample_metric){ i == SAMPLE_METRICS_MAX - 1 ? "last" : "m", 1.0, true };
    for (original.row_count = 0; original.row_count < SAMPLE_ROWS_MAX; original.row_count++)
        rows[original.row_count].cells[SAMPLE_CELLS_MAX - 1] = "cell";
    struct arena *arena = arena_create();
    const struct sample *copy = sample_copy(arena, &original);
    assert_ptr_equal(sample_metric(copy, "last"), &copy->metrics[SAMPLE_METRICS_MAX - 1]);
    assert_string_equal(copy->rows[SAMPLE_ROWS_MAX - 1].cells[SAMPLE_CELLS_MAX - 1], "cell");
    arena_destroy(arena);
}

static void test_copy_of_an_unknown_one(void **state)
{
    (void)state;
    const struct sample original = { .monitor = "lag", .why = "connection lost" };
    struct arena *arena = arena_create();
    const struct sample *copy = sample_copy(arena, &original);
    assert_false(copy->known);
    assert_string_equal(copy->why, "connection lost");
    assert_int_equal(copy->row_count, 0);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric),
        cmocka_unit_test(test_copy_is_deep),
        cmocka_unit_test(test_copy_of_a_full_one),
        cmocka_unit_test(test_copy_of_an_unknown_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
