/* Triggers: sustained, blind, cleared, and what they do by themselves. */
#include "scene.h"

static struct scene *scene_with_triggers(void)
{
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    (void)scene_trail(s);
    return s;
}

static void test_sustained(void **state)
{
    (void)state;
    struct scene *s = scene_with_triggers();
    scene_samples(s, "lag", "seconds", 12.34, 3);
    scene_samples(s, "lag", "seconds", 9, 1); /* and all over again */
    scene_samples(s, "lag", "seconds", 12.34, 3);
    assert_trail(s, "");
    scene_samples(s, "lag", "seconds", 12.34, 1);
    assert_trail(s, "trigger.fired runaway\nrun.held\n");
    assert_string_equal(s->run->triggers[0].evidence, "lag.seconds 12.34 (> 10, held 3.0 s)");
    assert_string_equal(s->run->held_by, "tminus");
    assert_string_equal(s->run->held_why, "trigger runaway: lag.seconds 12.34 (> 10, held 3.0 s)");
    assert_int_equal(s->run->proposed_by, 0);
    scene_close(s);
}

/* Held means continuously seen: a gap, or a sample that cannot tell, begins anew. */
static void test_gap(void **state)
{
    (void)state;
    struct scene *s = scene_with_triggers();
    scene_samples(s, "lag", "seconds", 12, 3);
    scene_sample(s, "lag", NULL, 0);
    scene_samples(s, "lag", "seconds", 12, 3);
    assert_int_equal(s->run->triggers[0].state, TRIGGER_ARMED);
    scene_wait(s, 4 * SECOND_US);
    scene_samples(s, "lag", "seconds", 12, 3);
    assert_int_equal(s->run->triggers[0].state, TRIGGER_ARMED);
    scene_samples(s, "lag", "seconds", 12, 1);
    assert_int_equal(s->run->triggers[0].state, TRIGGER_FIRED);
    scene_close(s);
}

static void test_released_and_fired_again(void **state)
{
    (void)state;
    struct scene *s = scene_with_triggers();
    scene_samples(s, "lag", "seconds", 12, 5);
    scene_ok(s, "mia", "release --reason 'it comes down'");
    assert_int_equal(s->run->proposed_by, BOOK_NONE);
    (void)scene_trail(s);
    scene_samples(s, "lag", "seconds", 12, 20);
    assert_trail(s, "");
    assert_int_equal(s->run->triggers[0].state, TRIGGER_FIRED);
    scene_samples(s, "lag", "seconds", 2, 1);
    assert_int_equal(s->run->triggers[0].state, TRIGGER_ARMED);
    scene_samples(s, "lag", "seconds", 12, 4);
    assert_trail(s, "trigger.fired runaway\nrun.held\n");
    scene_close(s);
}

static void test_blind(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    s->tells_triggers = true;
    /* a monitor has 5 s to connect, and then as long as a sample may be old */
    scene_wait(s, 8 * SECOND_US);
    assert_trail(s, "");
    scene_wait(s, 1);
    assert_trail(s, "trigger.blind runaway\ntrigger.blind jam\n");
    scene_wait(s, HOUR_US);
    assert_trail(s, "");
    scene_sample(s, "locks", NULL, 0);
    scene_sample(s, "lag", "bytes", 1); /* not what it asks for */
    assert_trail(s, "");
    scene_sample(s, "locks", "waiting", 0);
    assert_trail(s, "trigger.cleared jam\n");
    scene_samples(s, "lag", "seconds", 99, 1); /* it sees again, though not for long enough */
    assert_trail(s, "trigger.cleared runaway\n");
    scene_sample(s, "locks", NULL, 0);
    assert_trail(s, "");
    scene_samples(s, "lag", "seconds", 1, 3);
    assert_trail(s, "trigger.blind jam\n");
    /* blind, and then at once what it was there for */
    scene_sample(s, "locks", "waiting", 51);
    assert_trail(s, "trigger.fired jam\nrun.held\n");
    assert_int_equal(run_state(s->run), RUN_HELD);
    scene_close(s);
}

/* That it is over nobody has seen. */
static void test_fired_stays_without_samples(void **state)
{
    (void)state;
    struct scene *s = scene_with_triggers();
    scene_samples(s, "lag", "seconds", 12, 4);
    scene_sample(s, "lag", NULL, 0);
    scene_wait(s, HOUR_US);
    assert_int_equal(s->run->triggers[0].state, TRIGGER_FIRED);
    scene_close(s);
}

/* The runner that saw it fire is gone: what still holds fires again. */
static void test_armed_again_after_a_resume(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_sample(s, "locks", "waiting", 51);
    scene_ok(s, "mia", "release");
    scene_sample(s, "locks", "waiting", 52);
    assert_false(s->run->held);
    scene_resume(s, "boot-1");
    (void)scene_trail(s);
    scene_sample(s, "locks", "waiting", 52);
    assert_trail(s, "trigger.fired jam\nrun.held\n");
    scene_close(s);
}

static void test_rolls_back(void **state)
{
    (void)state;
    struct scene *s = scene_with_triggers();
    scene_sample(s, "locks", "waiting", 51);
    assert_trail(s, "trigger.fired jam\nrun.held\nrollback.started\nstep.started add/1\n");
    /* what it is there to end does not hold it up */
    scene_samples(s, "lag", "seconds", 99, 10);
    assert_trail(s, "");
    scene_end(s, "add/1", OUTCOME_OK);
    scene_end(s, "add/2", OUTCOME_OK);
    assert_trail(s, "step.ended add/1 done\nstep.started add/2\nstep.ended add/2 done\nrollback.ended done\n"
                    "trigger.fired runaway\nrun.held\n");
    assert_string_equal(s->run->gates[0].lapsed, "the run was rolled back");
    scene_close(s);
}

/* Nothing to undo, a point of no return, or a person's hold: it holds and proposes. */
static void test_does_not_roll_back(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_sample(s, "locks", "waiting", 51);
    assert_int_equal(run_state(s->run), RUN_HELD);
    assert_int_equal(s->run->proposed_by, 1);
    scene_close(s);

    s = scene_with_triggers();
    scene_ok(s, "jo", "hold 'let me look'");
    (void)scene_trail(s);
    scene_sample(s, "locks", "waiting", 51);
    assert_trail(s, "trigger.fired jam\nrun.held\n");
    assert_int_equal(s->run->proposed_by, 1);
    scene_ok(s, "mia", "rollback");
    assert_int_equal(s->run->proposed_by, BOOK_NONE);
    scene_close(s);

    s = scene_open(small_book);
    stage_contract(s);
    scene_run(s, "drop");
    (void)scene_trail(s);
    scene_sample(s, "locks", "waiting", 51);
    assert_trail(s, "trigger.fired jam\nrun.held\n");
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sustained),
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_released_and_fired_again),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_fired_stays_without_samples),
        cmocka_unit_test(test_armed_again_after_a_resume),
        cmocka_unit_test(test_rolls_back),
        cmocka_unit_test(test_does_not_roll_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
