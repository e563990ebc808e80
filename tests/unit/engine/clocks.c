/* Two clocks, the latest safe decision, and whether a step keeps to its estimate. */
#include "scene.h"

static struct clocks clocks_of(const struct scene *s)
{
    struct clocks clocks;
    run_clocks(s->run, s->now, &clocks);
    return clocks;
}

static void test_window(void **state)
{
    (void)state;
    struct scene *s = scene_of(small_book);
    assert_false(clocks_of(s).has_window); /* it begins when the run is opened */
    scene_close(s);
    s = scene_open(small_book);
    struct clocks clocks = clocks_of(s);
    assert_true(clocks.has_window);
    assert_int_equal(clocks.window_end_us, BEGIN_WALL_US + 2 * HOUR_US);
    assert_int_equal(clocks.window_left_us, 2 * HOUR_US);
    assert_int_equal(clocks.rollback_us, 0);
    assert_int_equal(clocks.safe_left_us, 2 * HOUR_US - 5 * MINUTE_US);
    scene_wait(s, 3 * HOUR_US);
    assert_int_equal(clocks_of(s).window_left_us, -HOUR_US);
    scene_close(s);
}

/* With each step that ran the way back grows, and the last moment to decide comes nearer. */
static void test_safe(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    assert_int_equal(clocks_of(s).rollback_us, 21 * SECOND_US); /* it may turn out to have been done */
    scene_end(s, "add", OUTCOME_FAILED);
    assert_int_equal(clocks_of(s).rollback_us, 0);
    scene_run(s, "add");
    scene_run(s, "index");
    struct clocks clocks = clocks_of(s);
    assert_int_equal(clocks.rollback_us, 51 * SECOND_US);
    assert_int_equal(clocks.safe_until_us, clocks.window_end_us - 51 * SECOND_US - 5 * MINUTE_US);
    scene_ok(s, "mia", "rollback");
    scene_end(s, "index/1", OUTCOME_OK);
    scene_end(s, "add/1", OUTCOME_OK);
    assert_int_equal(clocks_of(s).rollback_us, SECOND_US); /* the verification is still before us */
    assert_int_equal(clocks_of(s).work_left_us, SECOND_US);
    scene_close(s);
}

static void test_work_left(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    assert_int_equal(clocks_of(s).work_left_us, 135 * SECOND_US);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_calm(s, 4);
    assert_int_equal(clocks_of(s).work_left_us, 131 * SECOND_US);
    scene_calm(s, 60);
    assert_int_equal(clocks_of(s).work_left_us, 125 * SECOND_US);
    scene_end(s, "add", OUTCOME_OK);
    scene_ok(s, "jo", "hold");
    scene_wait(s, HOUR_US);
    assert_int_equal(clocks_of(s).work_left_us, 125 * SECOND_US);
    assert_int_equal(clocks_of(s).held_us, HOUR_US);
    scene_ok(s, "jo", "hold 'still'");
    scene_wait(s, HOUR_US);
    scene_ok(s, "mia", "release");
    scene_wait(s, HOUR_US);
    assert_int_equal(clocks_of(s).held_us, 2 * HOUR_US);
    scene_close(s);
}

static void test_no_return(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    assert_int_equal(clocks_of(s).no_return, step_of(s, "drop"));
    stage_contract(s);
    assert_int_equal(clocks_of(s).passed_no_return, BOOK_NONE);
    scene_run(s, "drop");
    assert_int_equal(clocks_of(s).no_return, BOOK_NONE);
    assert_int_equal(clocks_of(s).passed_no_return, step_of(s, "drop"));
    scene_close(s);
}

/* What nobody has estimated is counted, and is not taken for nothing. */
static void test_unestimated(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    assert_int_equal(clocks_of(s).work_unestimated, 6); /* flag, settle, parity, drop, report, last */
    assert_int_equal(clocks_of(s).rollback_unestimated, 0);
    stage_contract(s);
    assert_int_equal(clocks_of(s).work_unestimated, 3);
    assert_int_equal(clocks_of(s).rollback_unestimated, 0);
    int64_t known_us = clocks_of(s).rollback_us;
    scene_ok(s, "mia", "start report");
    scene_wait(s, MINUTE_US);
    scene_end(s, "report", OUTCOME_OK);
    assert_int_equal(clocks_of(s).rollback_unestimated, 1);
    assert_int_equal(clocks_of(s).rollback_us, known_us + MINUTE_US);
    scene_close(s);
}

static void test_jump(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    s->now.wall_us += 2 * SECOND_US; /* what adjustments do */
    scene_wait(s, MINUTE_US);
    assert_trail(s, "");
    s->now.wall_us += 24 * HOUR_US;
    scene_wait(s, MINUTE_US);
    assert_trail(s, "clock.jumped\n");
    assert_int_equal(clocks_of(s).window_left_us, 2 * HOUR_US - 2 * MINUTE_US);
    scene_wait(s, MINUTE_US);
    assert_trail(s, "");
    s->now.wall_us -= 25 * HOUR_US;
    scene_wait(s, MINUTE_US);
    assert_trail(s, "clock.jumped\n");
    assert_int_equal(clocks_of(s).window_left_us, 2 * HOUR_US - 4 * MINUTE_US);
    /* nor does a resume bring a jump into the window */
    scene_resume(s, "boot-1");
    scene_wait(s, MINUTE_US);
    assert_trail(s, "run.resumed\n");
    assert_int_equal(clocks_of(s).window_left_us, 2 * HOUR_US - 5 * MINUTE_US);
    s->now.boot_us = 0;
    s->now.wall_us += MINUTE_US;
    scene_resume(s, "boot-2");
    assert_int_equal(clocks_of(s).window_left_us, 2 * HOUR_US - 6 * MINUTE_US);
    scene_close(s);
}

static void test_after_the_end(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_wait(s, MINUTE_US);
    scene_ok(s, "mia", "scrub --reason x");
    scene_wait(s, HOUR_US);
    assert_int_equal(clocks_of(s).run_us, MINUTE_US);
    assert_int_equal(clocks_of(s).window_left_us, 2 * HOUR_US - MINUTE_US);
    scene_close(s);
}

static void test_pace(void **state)
{
    static const struct {
        struct duration_range estimate;
        int64_t elapsed_us;
        bool ended;
        enum pace want;
    } rows[] = {
        { { 0, 0 }, 5, true, PACE_UNKNOWN },
        { { SECOND_US, 10 * SECOND_US }, 5 * SECOND_US, true, PACE_AS_ESTIMATED },
        { { SECOND_US, 10 * SECOND_US }, 12 * SECOND_US, true, PACE_AS_ESTIMATED },
        { { SECOND_US, 10 * SECOND_US }, 12 * SECOND_US + 1, false, PACE_SLOW },
        { { 10 * SECOND_US, 20 * SECOND_US }, SECOND_US, true, PACE_AS_ESTIMATED },
        { { 10 * SECOND_US, 20 * SECOND_US }, SECOND_US - 1, true, PACE_FAST },
        { { 10 * SECOND_US, 20 * SECOND_US }, SECOND_US - 1, false, PACE_AS_ESTIMATED },
        { { 2 * MS_US, 3 * MS_US }, SECOND_US - 1, true, PACE_AS_ESTIMATED },
        { { 2 * MS_US, 3 * MS_US }, SECOND_US, true, PACE_SLOW },
        { { 10 * SECOND_US - 1, 20 * SECOND_US }, 0, true, PACE_AS_ESTIMATED },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(pace_of(&rows[i].estimate, rows[i].elapsed_us, rows[i].ended), rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window),        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_work_left),     cmocka_unit_test(test_no_return),
        cmocka_unit_test(test_unestimated),   cmocka_unit_test(test_jump),
        cmocka_unit_test(test_after_the_end), cmocka_unit_test(test_pace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
