/* The way back: exactly what ran, newest first, and never past what failed. */
#include "scene.h"

static void test_whole(void **state)
{
    size_t list[8];
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "start flag");
    scene_ok(s, "mia", "tick flag --evidence x");
    assert_int_equal(run_rollback_list(s->run, BOOK_NONE, list, ARRAY_LEN(list)), 4);
    assert_int_equal(list[0], step_of(s, "flag"));
    assert_int_equal(list[3], step_of(s, "add"));
    assert_int_equal(run_rollback_list(s->run, BOOK_NONE, list, 1), 4);
    assert_int_equal(list[0], step_of(s, "flag"));
    assert_int_equal(run_rollback_list(s->run, step_of(s, "index"), list, ARRAY_LEN(list)), 3);
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback --reason 'too slow'");
    assert_int_equal(run_state(s->run), RUN_ROLLING_BACK);
    scene_ok(s, "mia", "tick flag");
    scene_end(s, "index/1", OUTCOME_OK);
    scene_end(s, "add/1", OUTCOME_SKIPPED);
    scene_end(s, "add/2", OUTCOME_OK);
    assert_trail(s,
                 "rollback.started\nstep.started flag/1\nstep.ended flag/1 done\n"
                 "step.started deploy/1\nstep.ended deploy/1 done\n"
                 "step.started index/1\nstep.ended index/1 done\n"
                 "step.started add/1\nstep.ended add/1 skipped\nstep.started add/2\nstep.ended add/2 done\n"
                 "rollback.ended done\n");
    assert_state(s, "flag", STEP_ROLLED_BACK);
    assert_state(s, "add", STEP_ROLLED_BACK);
    assert_int_equal(run_state(s->run), RUN_HELD);
    assert_string_equal(s->run->held_why, "rolled back");
    assert_int_equal(run_rollback_list(s->run, BOOK_NONE, list, ARRAY_LEN(list)), 0);
    /* the gate that had let the change in is open again, and what is sensed is sensed again */
    assert_state(s, "told", STEP_DONE);
    assert_state(s, "backup", STEP_PENDING);
    assert_true(run_wants_sense(s->run, step_of(s, "backup")));
    assert_int_equal(s->run->gates[0].decision, CHOICE_NONE);
    assert_int_equal(s->run->gates[0].votes[1].vote, CHOICE_NONE);
    scene_no(s, "mia", "rollback", RULE_STATE, "nothing has run");
    scene_ok(s, "mia", "close");
    assert_int_equal(run_state(s->run), RUN_ABORTED);
    scene_close(s);
}

static void test_part_and_forward_again(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_contract(s);
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback --to deploy");
    scene_ok(s, "mia", "tick flag");
    assert_trail(s, "rollback.started deploy\nstep.started flag/1\nstep.ended flag/1 done\n"
                    "step.started deploy/1\nstep.ended deploy/1 done\nrollback.ended done\n");
    assert_state(s, "index", STEP_DONE);
    assert_state(s, "deploy", STEP_ROLLED_BACK);
    /* what only looked, while the changes stood, has to look again, and the gate is open again */
    assert_state(s, "settle", STEP_PENDING);
    assert_state(s, "parity", STEP_PENDING);
    assert_int_equal(s->run->gates[1].decision, CHOICE_NONE);
    assert_int_equal(s->run->gates[1].votes[0].vote, CHOICE_NONE);
    assert_int_equal(s->run->gates[0].decision, CHOICE_GO);
    assert_false(s->run->rolled_back);
    scene_no(s, "mia", "close", RULE_ORDER, "\"deploy\" is rolled back");
    scene_no(s, "mia", "start deploy", RULE_HELD, "rolled back");
    scene_ok(s, "mia", "release");
    (void)scene_trail(s);
    scene_ok(s, "mia", "next");
    scene_end(s, "deploy", OUTCOME_OK);
    assert_trail(s, "step.started deploy\nstep.ended deploy done\n");
    /* what was undone once is undone again */
    scene_ok(s, "mia", "rollback --to deploy");
    assert_trail(s, "rollback.started deploy\nstep.started deploy/1\nstep.ended deploy/1 done\n"
                    "rollback.ended done\n");
    scene_close(s);
}

/* What failed and may have left something is undone; what failed clean, was skipped or never ran is not. */
static void test_only_what_ran(void **state)
{
    const struct outcome dirty = { .status = OUTCOME_FAILED, .clean = false, .leftover = "public.i" };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_SKIPPED);
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &dirty), 0);
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback");
    scene_end(s, "index/1", OUTCOME_OK);
    assert_trail(s, "rollback.started\nstep.started index/1\nstep.ended index/1 done\nrollback.ended done\n");
    assert_state(s, "index", STEP_ROLLED_BACK);
    assert_state(s, "add", STEP_PENDING); /* it has to be found done again */
    scene_close(s);
}

/* That the undo removed what the attempt left behind nobody has seen: it can be cleaned, held as the run is.
 */
static void test_leftover_outlives_undo(void **state)
{
    const struct outcome left = { .status = OUTCOME_FAILED, .leftover = "public.i" };
    struct input cleaned = { .type = INPUT_CLEANED, .outcome = { .status = OUTCOME_OK } };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_SKIPPED);
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &left), 0);
    scene_no(s, "jo", "override index --reason later", RULE_LEFTOVER, "public.i");
    scene_ok(s, "mia", "rollback --to index");
    scene_end(s, "index/1", OUTCOME_OK);
    assert_state(s, "index", STEP_ROLLED_BACK);
    assert_string_equal(s->run->steps[step_of(s, "index")].leftover, "public.i");
    cleaned.step = step_of(s, "index");
    cleaned.now = s->now;
    for (int held = 1; held >= 0; held--) {
        if (held == 0) {
            scene_ok(s, "mia", "release");
            scene_ok(s, "mia", "start add");
            scene_end(s, "add", OUTCOME_SKIPPED);
            scene_no(s, "mia", "start index", RULE_LEFTOVER, "public.i");
        }
        scene_ok(s, "mia", "clean index");
        cleaned.outcome.status = held > 0 ? OUTCOME_FAILED : OUTCOME_OK;
        assert_int_equal(scene_put(s, &cleaned), 0);
    }
    assert_null(s->run->steps[step_of(s, "index")].leftover);
    scene_ok(s, "mia", "start index");
    scene_close(s);
}

/* A ruling is about one attempt: what an earlier one did is still to be undone. */
static void test_effect_of_earlier_attempt(void **state)
{
    const struct outcome dirty = { .status = OUTCOME_FAILED, .clean = false };
    (void)state;
    for (int earlier = 0; earlier < 2; earlier++) {
        struct scene *s = scene_open(small_book);
        stage_go(s);
        scene_run(s, "add");
        scene_ok(s, "mia", "start index");
        if (earlier > 0) {
            assert_int_equal(scene_outcome(s, "index", &dirty), 0);
            scene_ok(s, "mia", "retry index");
        }
        scene_end(s, "index", OUTCOME_AMBIGUOUS);
        scene_ok(s, "mia", "rule index not-done --reason 'the second did nothing'");
        (void)scene_trail(s);
        scene_ok(s, "mia", "rollback");
        assert_trail(s, earlier > 0 ? "rollback.started\nstep.started index/1\n"
                                    : "rollback.started\nstep.started add/1\n");
        scene_close(s);
    }
}

static void test_side_by_side_newest_first(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_contract(s);
    scene_ok(s, "mia", "start report");
    scene_end(s, "report", OUTCOME_FAILED);
    scene_ok(s, "mia", "retry report");
    scene_end(s, "report", OUTCOME_OK);
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback --to flag");
    scene_end(s, "report/1", OUTCOME_OK);
    assert_trail(
        s, "rollback.started flag\nstep.started report/1\nstep.ended report/1 done\nstep.started flag/1\n");
    scene_close(s);
}

/* What counts is when it ran, not where it stands in the book. */
static void test_out_of_order(void **state)
{
#define STEP(id)                                                                                             \
    "{'id':'" id "','kind':'command','argv':['true'],'rollback':[{'kind':'none','why':'no effect'}]}"
    static const char *const book =
        "{'tminus':1,'id':'side','title':'Side by side','phases':[{'id':'p','kind':'expand','title':'P',"
        "'parallel':true,'steps':[" STEP("a") "," STEP("b") "," STEP("c") "," STEP("d") "]}]}";
#undef STEP
    static const char *const ran[] = { "b", "d", "a", "c" };
    size_t list[4];
    (void)state;
    struct scene *s = scene_open(book);
    for (size_t i = 0; i < ARRAY_LEN(ran); i++)
        scene_run(s, ran[i]);
    for (size_t max = 0; max <= ARRAY_LEN(ran); max++) {
        assert_int_equal(run_rollback_list(s->run, BOOK_NONE, list, max), ARRAY_LEN(ran));
        for (size_t i = 0; i < max; i++)
            assert_int_equal(list[i], step_of(s, ran[ARRAY_LEN(ran) - 1 - i]));
    }
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback --to d");
    assert_trail(s, "rollback.started d\nstep.started c/1\nstep.ended c/1 done\nstep.started a/1\n"
                    "step.ended a/1 done\nstep.started d/1\nstep.ended d/1 done\nrollback.ended done\n");
    scene_close(s);
}

static void test_failure_halts(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
    (void)scene_trail(s);
    scene_end(s, "index/1", OUTCOME_FAILED);
    assert_trail(s, "step.ended index/1 failed\nrun.held\n");
    assert_state(s, "index", STEP_ROLLBACK_FAILED);
    assert_int_equal(run_state(s->run), RUN_ROLLING_BACK);
    assert_int_equal(run_focus_step(s->run), step_of(s, "index"));
    assert_string_equal(s->run->held_why, "rollback of index failed: it went wrong");
    scene_wait(s, HOUR_US);
    assert_trail(s, "");
    /* a release does not skip it, and ends only the hold of a person */
    scene_no(s, "mia", "release", RULE_STATE,
             "the rollback of index failed: retry index, or rule index done --reason");
    scene_ok(s, "jo", "hold wait");
    (void)scene_trail(s);
    scene_ok(s, "mia", "release");
    assert_trail(s, "run.released\nrun.held\n");
    assert_string_equal(s->run->held_why, "rollback of index failed: it went wrong");
    scene_ok(s, "mia", "rule index not-done --reason 'nothing was dropped'");
    scene_ok(s, "mia", "retry index");
    assert_trail(s, "step.ruled index/1 not-done\nrun.released\nstep.started index/1\n");
    scene_end(s, "index/1", OUTCOME_FAILED);
    (void)scene_trail(s);
    scene_ok(s, "mia", "retry index");
    assert_trail(s, "run.released\nstep.started index/1\n");
    scene_end(s, "index/1", OUTCOME_FAILED);
    /* a person's hold is a person's */
    scene_ok(s, "jo", "hold wait");
    scene_no(s, "mia", "retry index", RULE_HELD, "by jo");
    scene_no(s, "mia", "rule index done", RULE_REASON, "");
    scene_ok(s, "mia", "rule index done --reason 'dropped by hand'");
    (void)scene_trail(s);
    scene_ok(s, "mia", "release");
    assert_trail(s, "run.released\nstep.started add/1\n");
    assert_state(s, "index", STEP_ROLLED_BACK);
    scene_close(s);
}

static void test_unknown_undo(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
    scene_end(s, "index/1", OUTCOME_AMBIGUOUS);
    (void)scene_trail(s);
    scene_wait(s, HOUR_US);
    assert_trail(s, "");
    scene_ok(s, "mia", "probe index");
    scene_probed(s, "index/1", CHOICE_NO); /* not a transaction: a person has to say */
    assert_trail(s, "probe.started index/1\nprobe.ended index/1 no\n");
    scene_ok(s, "mia", "rule index not-done --reason 'it is still there'");
    assert_trail(s, "step.ruled index/1 not-done\nstep.started index/1\n");
    scene_end(s, "index/1", OUTCOME_AMBIGUOUS);
    scene_ok(s, "mia", "rule index partial --reason 'invalid'");
    assert_state(s, "index", STEP_ROLLBACK_FAILED);
    scene_ok(s, "mia", "retry index");
    scene_end(s, "index/1", OUTCOME_OK);
    assert_state(s, "index", STEP_ROLLED_BACK);
    scene_close(s);
}

/* The answer of a probe that was asked about one attempt to undo does not rule the next. */
static void test_probe_out_in_undo(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
    scene_end(s, "index/1", OUTCOME_AMBIGUOUS);
    scene_ok(s, "mia", "probe index");
    (void)scene_trail(s);
    scene_ok(s, "mia", "rule index not-done --reason 'it is still there'");
    scene_wait(s, HOUR_US);
    assert_trail(s, "step.ruled index/1 not-done\n");
    scene_probed(s, "index/1", CHOICE_YES);
    assert_trail(s, "probe.ended index/1 yes\nstep.started index/1\n");
    scene_end(s, "index/1", OUTCOME_AMBIGUOUS);
    scene_ok(s, "mia", "probe index");
    scene_ok(s, "mia", "rule index partial --reason invalid");
    scene_no(s, "mia", "retry index", RULE_STATE, "entry 1 of the rollback of index has not answered yet");
    scene_probed(s, "index/1", CHOICE_NO);
    scene_ok(s, "mia", "retry index");
    scene_close(s);
}

/* The way forward is stopped first, and what it came to is part of the way back. */
static void test_while_running(void **state)
{
    static const struct {
        enum outcome_status status;
        const char *trail;
    } rows[] = {
        { OUTCOME_OK, "step.ended index done\nstep.started index/1\n" },
        { OUTCOME_FAILED, "step.ended index failed\nstep.started add/1\n" },
        { OUTCOME_RETRYABLE, "step.ended index failed\nstep.started add/1\n" },
        { OUTCOME_AMBIGUOUS, "step.ended index unknown\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        stage_go(s);
        scene_run(s, "add");
        scene_ok(s, "mia", "start index");
        (void)scene_trail(s);
        scene_ok(s, "mia", "rollback");
        scene_wait(s, HOUR_US);
        assert_trail(s, "rollback.started\nstep.cancelling index\n");
        scene_end(s, "index", rows[i].status);
        assert_trail(s, rows[i].trail);
        if (rows[i].status == OUTCOME_AMBIGUOUS) {
            scene_ok(s, "mia", "rule index done --reason 'it is there'");
            assert_trail(s, "step.ruled index done\nstep.started index/1\n");
        }
        scene_close(s);
    }
}

static void test_between_attempts_and_manual(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_RETRYABLE);
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback");
    assert_trail(s, "rollback.started\nstep.cancelling add\nstep.ended add failed\nrollback.ended done\n");
    assert_true(s->run->rolled_back);
    scene_ok(s, "mia", "release");
    scene_run(s, "add");
    assert_false(s->run->rolled_back);
    scene_close(s);
}

/* Stopping is never harder than going on, on the way back too. */
static void test_hold_stops_it(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
    scene_ok(s, "jo", "hold");
    scene_end(s, "index/1", OUTCOME_OK);
    (void)scene_trail(s);
    scene_wait(s, HOUR_US);
    assert_trail(s, "");
    scene_ok(s, "mia", "release");
    assert_trail(s, "run.released\nstep.started add/1\n");
    scene_end(s, "add/1", OUTCOME_OK);
    scene_ok(s, "jo", "hold");
    scene_end(s, "add/2", OUTCOME_OK);
    assert_string_equal(s->run->held_by, "jo");
    scene_close(s);
}

/* A rollback that is asked for ends a hold. */
static void test_from_a_hold(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "jo", "hold");
    scene_wait(s, MINUTE_US);
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback");
    assert_trail(s,
                 "rollback.started\nstep.started deploy/1\nstep.ended deploy/1 done\nstep.started index/1\n");
    assert_int_equal(s->run->held_total_us, MINUTE_US);
    scene_close(s);
}

static void test_cancelled_undo(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence x");
    scene_ok(s, "mia", "rollback");
    (void)scene_trail(s);
    scene_ok(s, "mia", "cancel flag");
    assert_trail(s, "step.cancelling flag/1\nstep.ended flag/1 failed\nrun.held\n");
    assert_state(s, "flag", STEP_ROLLBACK_FAILED);
    scene_close(s);
}

/* A run is not closed on what a failed attempt left behind; it can be given up with it. */
static void test_not_closed_on_a_leftover(void **state)
{
    const struct outcome left = { .status = OUTCOME_FAILED, .leftover = "public.i" };
    struct input cleaned = { .type = INPUT_CLEANED, .outcome = { .status = OUTCOME_OK } };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_SKIPPED);
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &left), 0);
    scene_ok(s, "mia", "rollback");
    scene_end(s, "index/1", OUTCOME_OK);
    assert_true(s->run->rolled_back);
    scene_no(s, "mia", "close", RULE_LEFTOVER, "clean it, or scrub");
    scene_ok(s, "mia", "clean index");
    cleaned.step = step_of(s, "index");
    cleaned.now = s->now;
    assert_int_equal(scene_put(s, &cleaned), 0);
    scene_ok(s, "mia", "close");
    scene_close(s);
}

/* What a failed attempt left behind is removed before its step is undone, if that has begun. */
static void test_while_cleaning(void **state)
{
    const struct outcome left = { .status = OUTCOME_FAILED, .leftover = "public.i" };
    struct input cleaned = { .type = INPUT_CLEANED, .outcome = { .status = OUTCOME_OK } };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &left), 0);
    scene_ok(s, "mia", "clean index");
    (void)scene_trail(s);
    scene_ok(s, "mia", "rollback");
    assert_trail(s, "rollback.started\n");
    cleaned.step = step_of(s, "index");
    cleaned.now = s->now;
    assert_int_equal(scene_put(s, &cleaned), 0);
    assert_trail(s, "clean.ended index done\nstep.started index/1\n");
    scene_close(s);
}

static void test_wait_in_undo(void **state)
{
    static const char *const book =
        "{'tminus':1,'id':'undo','title':'Undo','targets':{'p':{'engine':'postgresql'}},"
        "'monitors':[{'id':'lag','kind':'lag','target':'p'}],"
        "'phases':[{'id':'a','kind':'expand','title':'A','steps':["
        "{'id':'x','kind':'sql','target':'p','sql':'SELECT 1','rollback':["
        "{'kind':'sql','sql':'SELECT "
        "2'},{'kind':'wait','timeout':'10s','until':{'metric':'lag.seconds','is':'<','value':1}}]}]}]}";
    (void)state;
    struct scene *s = scene_open(book);
    scene_run(s, "x");
    scene_ok(s, "mia", "rollback");
    scene_end(s, "x/1", OUTCOME_OK);
    (void)scene_trail(s);
    scene_wait(s, 10 * SECOND_US);
    assert_trail(s, "step.ended x/2 failed\nrun.held\n");
    scene_ok(s, "mia", "retry x");
    scene_samples(s, "lag", "seconds", 0, 1);
    assert_trail(s, "run.released\nstep.started x/2\nstep.ended x/2 done\nrollback.ended done\n");
    scene_close(s);
}

static void test_retries_of_undo(void **state)
{
    static const char *const book =
        "{'tminus':1,'id':'undo','title':'Undo','targets':{'p':{'engine':'postgresql'}},"
        "'phases':[{'id':'a','kind':'expand','title':'A','steps':["
        "{'id':'x','kind':'sql','target':'p','sql':'SELECT 1','rollback':["
        "{'kind':'sql','sql':'SELECT 2','retry':{'attempts':2,'backoff':'1s..1s'}}]}]}]}";
    (void)state;
    struct scene *s = scene_open(book);
    scene_run(s, "x");
    scene_ok(s, "mia", "rollback");
    scene_end(s, "x/1", OUTCOME_RETRYABLE);
    (void)scene_trail(s);
    scene_wait(s, SECOND_US);
    scene_end(s, "x/1", OUTCOME_RETRYABLE);
    assert_trail(s, "step.started x/1\nstep.ended x/1 failed\nrun.held\n");
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leftover_outlives_undo),
        cmocka_unit_test(test_effect_of_earlier_attempt),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_part_and_forward_again),
        cmocka_unit_test(test_only_what_ran),
        cmocka_unit_test(test_side_by_side_newest_first),
        cmocka_unit_test(test_out_of_order),
        cmocka_unit_test(test_not_closed_on_a_leftover),
        cmocka_unit_test(test_while_cleaning),
        cmocka_unit_test(test_wait_in_undo),
        cmocka_unit_test(test_failure_halts),
        cmocka_unit_test(test_unknown_undo),
        cmocka_unit_test(test_probe_out_in_undo),
        cmocka_unit_test(test_while_running),
        cmocka_unit_test(test_between_attempts_and_manual),
        cmocka_unit_test(test_hold_stops_it),
        cmocka_unit_test(test_from_a_hold),
        cmocka_unit_test(test_cancelled_undo),
        cmocka_unit_test(test_retries_of_undo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
