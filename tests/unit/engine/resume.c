/* After a runner ended: what it was about is unknown, or asked again, and nothing runs twice by itself. */
#include "scene.h"

#include <string.h>

static void test_in_flight(void **state)
{
    static const struct {
        const char *before; /* steps to carry out first */
        const char *step;
        enum step_state want;
        bool held;
    } rows[] = {
        { "add", "index", STEP_UNKNOWN, true },
        { "add index", "deploy", STEP_UNKNOWN, true },
        { "add index deploy", "flag", STEP_RUNNING, false },
        { "add index deploy flag", "settle", STEP_RUNNING, false },
        { "add index deploy flag settle", "parity", STEP_PENDING, true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        struct buf words;
        buf_init(&words, 64);
        stage_go(s);
        while (run_next_step(s->run) != step_of(s, rows[i].step)) {
            const struct step *next = &s->book->steps[run_next_step(s->run)];
            scene_ok(s, "mia", "next");
            if (next->kind == STEP_MANUAL)
                scene_ok(s, "mia", "tick flag --evidence x");
            else if (next->kind == STEP_WAIT)
                scene_calm(s, 4);
            else
                scene_end(s, next->id, OUTCOME_OK);
        }
        buf_format(&words, "start %s", rows[i].step);
        scene_ok(s, "mia", buf_str(&words));
        buf_finish(&words);
        (void)scene_trail(s);
        scene_resume(s, "boot-1");
        assert_trail(s, "run.resumed\n");
        assert_state(s, rows[i].step, rows[i].want);
        assert_int_equal(s->run->held, rows[i].held);
        if (rows[i].held)
            assert_non_null(strstr(s->run->held_why, rows[i].step));
        assert_false(s->run->steps[step_of(s, rows[i].step)].effect);
        scene_wait(s, HOUR_US);
        assert_null(strstr(scene_trail(s), "step.started"));
        scene_close(s);
    }
}

static void test_between_attempts(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_RETRYABLE);
    scene_resume(s, "boot-1");
    assert_state(s, "add", STEP_FAILED);
    assert_true(s->run->steps[step_of(s, "add")].work.clean);
    assert_true(s->run->held);
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "retry add");
    assert_int_equal(s->run->steps[step_of(s, "add")].work.attempt, 2);
    scene_close(s);
}

static void test_quiet(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_resume(s, "boot-1");
    assert_false(s->run->held);
    assert_state(s, "add", STEP_DONE);
    scene_ok(s, "mia", "start index");
    scene_close(s);
}

/* ---- what a person or a probe says ---- */

static struct scene *scene_unknown(const char *step)
{
    struct scene *s = scene_open(small_book);
    stage_go(s);
    if (strcmp(step, "add") != 0)
        scene_run(s, "add");
    scene_ok(s, "mia", "next");
    scene_resume(s, "boot-1");
    assert_state(s, step, STEP_UNKNOWN);
    (void)scene_trail(s);
    return s;
}

static void test_probe(void **state)
{
    static const struct {
        const char *step;
        enum choice answer;
        enum step_state want;
        bool effect;
    } rows[] = {
        { "add", CHOICE_YES, STEP_DONE, true },
        { "add", CHOICE_NO, STEP_PENDING, false }, /* one transaction: wholly or not at all */
        { "add", CHOICE_UNKNOWN, STEP_UNKNOWN, false },
        { "index", CHOICE_YES, STEP_DONE, true },
        { "index", CHOICE_NO, STEP_UNKNOWN, false }, /* may be half there */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf words;
        buf_init(&words, 64);
        buf_format(&words, "probe %s", rows[i].step);
        struct scene *s = scene_unknown(rows[i].step);
        scene_ok(s, "mia", buf_str(&words));
        scene_no(s, "mia", buf_str(&words), RULE_STATE, "already");
        buf_finish(&words);
        scene_probed(s, rows[i].step, rows[i].answer);
        assert_state(s, rows[i].step, rows[i].want);
        assert_int_equal(s->run->steps[step_of(s, rows[i].step)].effect, rows[i].effect);
        assert_int_equal(s->run->steps[step_of(s, rows[i].step)].work.probe, rows[i].answer);
        /* later steps use the answer of the step, and nobody has seen it */
        if (rows[i].want == STEP_DONE)
            assert_null(s->run->steps[step_of(s, rows[i].step)].work.value);
        scene_close(s);
    }
}

static void test_rule(void **state)
{
    static const struct {
        const char *words;
        enum step_state want;
        bool effect;
    } rows[] = {
        { "rule add done --reason x", STEP_DONE, true },
        { "rule add not-done --reason x", STEP_PENDING, false },
        { "rule add partial --reason x", STEP_FAILED, true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_unknown("add");
        scene_ok(s, "mia", rows[i].words);
        assert_state(s, "add", rows[i].want);
        assert_int_equal(s->run->steps[step_of(s, "add")].effect, rows[i].effect);
        assert_true(s->run->held); /* a ruling releases nothing */
        scene_close(s);
    }
}

static void test_ruled_while_probed(void **state)
{
    (void)state;
    struct scene *s = scene_unknown("add");
    scene_ok(s, "mia", "probe add");
    scene_ok(s, "mia", "rule add not-done --reason 'looked myself'");
    scene_probed(s, "add", CHOICE_YES); /* recorded, and decides nothing any more */
    assert_state(s, "add", STEP_PENDING);
    scene_close(s);
}

/* Ruled while its probe is out: what the probe then says is about that attempt, so no other begins before. */
static void test_not_again_while_probed(void **state)
{
    static const struct {
        const char *ruling, *again;
    } rows[] = {
        { "rule add not-done --reason x", "start add" },
        { "rule add not-done --reason x", "next" },
        { "rule add partial --reason x", "retry add" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        stage_go(s);
        scene_ok(s, "mia", "start add");
        scene_end(s, "add", OUTCOME_AMBIGUOUS);
        scene_ok(s, "mia", "probe add");
        scene_ok(s, "mia", rows[i].ruling);
        scene_no(s, "mia", rows[i].again, RULE_STATE, "the probe of add has not answered yet");
        scene_probed(s, "add", CHOICE_YES);
        scene_ok(s, "mia", rows[i].again);
        scene_end(s, "add", OUTCOME_AMBIGUOUS);
        assert_state(s, "add", STEP_UNKNOWN);
        scene_close(s);
    }
}

static void test_no_probe(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_run(s, "index");
    scene_ok(s, "mia", "next");
    scene_end(s, "deploy", OUTCOME_AMBIGUOUS);
    scene_no(s, "mia", "probe deploy", RULE_STATE, "deploy has no probe: rule it");
    scene_close(s);
}

static void test_probing_and_cleaning_end(void **state)
{
    const struct outcome left = { .status = OUTCOME_FAILED, .leftover = "public.i" };
    (void)state;
    struct scene *s = scene_unknown("index");
    scene_ok(s, "mia", "probe index");
    scene_resume(s, "boot-1");
    scene_ok(s, "mia", "probe index");
    scene_probed(s, "index", CHOICE_YES);
    scene_close(s);

    s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "next");
    assert_int_equal(scene_outcome(s, "index", &left), 0);
    scene_ok(s, "mia", "clean index");
    scene_resume(s, "boot-1");
    assert_true(s->run->held);
    assert_non_null(s->run->steps[step_of(s, "index")].leftover);
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "clean index");
    scene_close(s);
}

/* ---- in a rollback ---- */

static void test_rollback(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
    scene_resume(s, "boot-1");
    assert_state(s, "index/1", STEP_UNKNOWN);
    assert_true(s->run->rolling_back);
    assert_string_equal(s->run->held_why,
                        "entry 1 of the rollback of index was under way; a rollback was under way");
    scene_ok(s, "mia", "probe index");
    scene_probed(s, "index/1", CHOICE_YES);
    assert_state(s, "index", STEP_ROLLED_BACK);
    (void)scene_trail(s);
    scene_ok(s, "mia", "release");
    assert_trail(s, "run.released\nstep.started add/1\n");
    scene_end(s, "add/1", OUTCOME_OK);
    scene_resume(s, "boot-1"); /* a verification is asked again */
    assert_state(s, "add/2", STEP_PENDING);
    scene_ok(s, "mia", "release");
    assert_state(s, "add/2", STEP_RUNNING);
    scene_end(s, "add/2", OUTCOME_OK);
    assert_true(s->run->rolled_back);
    scene_close(s);
}

/* ---- nothing that was seen before counts ---- */

static void test_forgets_what_was_seen(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_ok(s, "mia", "vote go-expand go");
    scene_resume(s, "boot-1");
    assert_string_equal(s->run->gates[0].lapsed, "lag.seconds unknown (< 1): no sample yet");
    assert_state(s, "backup", STEP_DONE);
    scene_calm(s, 5);
    scene_no(s, "mia", "vote go-expand go", RULE_CHECK, "\"backup\"");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_no(s, "mia", "vote go-expand go", RULE_CRITERION, "held 4.0 s of 5.0 s");
    scene_resume(s, "boot-1");
    scene_calm(s, 7);
    /* ticked, but not seen since */
    scene_no(s, "mia", "vote go-expand go", RULE_CHECK, "\"backup\"");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "mia", "vote go-expand go");
    scene_resume(s, "boot-1");
    scene_wait(s, MINUTE_US + 1);
    assert_state(s, "backup", STEP_PENDING);
    scene_close(s);
}

/* What is due by the boot clock stays due when the machine was booted meanwhile. */
static const char *const sensed_book =
    "{'tminus':1,'id':'sensed','title':'Sensed','targets':{'p':{'engine':'postgresql'}},"
    "'roles':{'operator':{}},'phases':["
    "{'id':'a','kind':'preflight','title':'A','steps':[{'id':'quiet','kind':'check','title':'Quiet',"
    "'sense':{'target':'p','sql':'SELECT true'}}],'gate':{'id':'g','votes':['operator']}},"
    "{'id':'b','kind':'verify','title':'B','steps':[{'id':'look','kind':'verify','title':'Look',"
    "'target':'p','sql':'SELECT 1','expect':{'value':1}}]}]}";

/* An approval holds over a resume, but what it was given for has to be seen before anything is begun on it.
 */
static void test_begins_on_what_is_seen(void **state)
{
    (void)state;
    struct scene *s = scene_open(sensed_book);
    scene_sense(s, "quiet", CHOICE_YES, NULL);
    scene_ok(s, "mia", "vote g go");
    scene_resume(s, "boot-1");
    assert_int_equal(s->run->gates[0].decision, CHOICE_GO);
    scene_no(s, "mia", "start look", RULE_CHECK, "not seen since");
    scene_sense(s, "quiet", CHOICE_YES, NULL);
    scene_ok(s, "mia", "start look");
    scene_close(s);
}

static void test_new_boot(void **state)
{
    struct clocks clocks;
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "next");
    scene_ok(s, "jo", "hold");
    const struct instant before = s->now;
    s->now.wall_us += 10 * MINUTE_US;
    s->now.boot_us = 3 * SECOND_US;
    scene_resume(s, "boot-2");
    assert_string_equal(s->run->boot_id, "boot-2");
    run_clocks(s->run, s->now, &clocks);
    assert_int_equal(clocks.run_us, before.boot_us - BEGIN_BOOT_US + 10 * MINUTE_US);
    assert_int_equal(clocks.held_us, 10 * MINUTE_US);
    assert_int_equal(clocks.window_left_us, 2 * HOUR_US - clocks.run_us);
    scene_ok(s, "mia", "tick flag --evidence x");
    assert_int_equal(s->run->steps[step_of(s, "flag")].work.elapsed_us, 10 * MINUTE_US);
    scene_close(s);
}

static void test_closed(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_ok(s, "mia", "scrub --reason x");
    const struct input input = { .type = INPUT_RESUME, .now = s->now, .open = { .boot = "boot-1" } };
    assert_int_equal(scene_put(s, &input), ERR_REFUSED);
    assert_int_equal(s->decision.rule, RULE_CLOSED);
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_flight),
        cmocka_unit_test(test_between_attempts),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_ruled_while_probed),
        cmocka_unit_test(test_no_probe),
        cmocka_unit_test(test_probing_and_cleaning_end),
        cmocka_unit_test(test_rollback),
        cmocka_unit_test(test_forgets_what_was_seen),
        cmocka_unit_test(test_begins_on_what_is_seen),
        cmocka_unit_test(test_new_boot),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_not_again_while_probed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
