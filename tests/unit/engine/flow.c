/* A run from its opening to its end. */
#include "scene.h"

static void test_forward(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    assert_int_equal(run_state(s->run), RUN_OPEN);
    stage_ticked(s);
    assert_int_equal(run_state(s->run), RUN_AT_GATE);
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "vote go-expand go");
    assert_trail(s, "check.ticked backup\ncheck.ticked read\ncheck.ticked told\n"
                    "gate.voted go-expand go\ngate.voted go-expand go\ngate.decided go-expand go\n");
    scene_ok(s, "mia", "next");
    scene_end(s, "add", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_end(s, "index", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_end(s, "deploy", OUTCOME_SKIPPED);
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence 'it is on'");
    scene_ok(s, "mia", "next");
    scene_calm(s, 4);
    scene_ok(s, "mia", "next");
    scene_end(s, "parity", OUTCOME_OK);
    assert_trail(
        s, "step.started add\nstep.ended add done\nstep.started index\nstep.ended index done\n"
           "step.started deploy\nstep.ended deploy skipped\nstep.started flag\nstep.ended flag done\n"
           "step.started settle\nstep.ended settle done\nstep.started parity\nstep.ended parity done\n");
    scene_ok(s, "jo", "vote go-contract go");
    scene_ok(s, "mia", "vote go-contract go");
    scene_ok(s, "mia", "start report");
    scene_ok(s, "mia", "next"); /* side by side */
    assert_state(s, "drop", STEP_RUNNING);
    scene_end(s, "drop", OUTCOME_OK);
    scene_no(s, "mia", "next", RULE_STATE, "\"report\" is running");
    scene_end(s, "report", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_end(s, "last", OUTCOME_OK);
    scene_no(s, "mia", "next", RULE_STATE, "close the run");
    scene_ok(s, "mia", "close");
    assert_int_equal(run_state(s->run), RUN_FINISHED);
    scene_close(s);
}

static void test_who_and_what(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_expanded(s);
    const struct run_step *steps = s->run->steps;
    assert_string_equal(steps[step_of(s, "read")].work.who, "jo");
    assert_string_equal(steps[step_of(s, "read")].work.text, "all of it");
    assert_string_equal(steps[step_of(s, "backup")].work.who, "tminus");
    assert_string_equal(steps[step_of(s, "flag")].work.text, "it is on");
    assert_string_equal(steps[step_of(s, "settle")].work.text, "lag.seconds 0.2 (< 1, held 2.0 s)");
    /* a skipped step, a check, a verification and a wait leave nothing to undo; a manual step does */
    assert_true(steps[step_of(s, "flag")].effect);
    assert_true(steps[step_of(s, "add")].effect);
    assert_false(steps[step_of(s, "settle")].effect);
    assert_false(steps[step_of(s, "parity")].effect);
    assert_false(steps[step_of(s, "told")].effect);
    scene_close(s);
}

static void test_looking(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    size_t complete, total;
    assert_int_equal(run_current_phase(s->run), 0);
    assert_int_equal(run_step_shown(s->run, step_of(s, "told")), STEP_READY);
    assert_int_equal(run_step_shown(s->run, step_of(s, "add")), STEP_PENDING);
    assert_int_equal(run_next_step(s->run), BOOK_NONE);
    assert_int_equal(run_focus_step(s->run), step_of(s, "backup"));
    stage_go(s);
    assert_int_equal(run_current_phase(s->run), 1);
    assert_int_equal(run_step_shown(s->run, step_of(s, "add")), STEP_READY);
    assert_int_equal(run_step_shown(s->run, step_of(s, "index")), STEP_BLOCKED);
    assert_int_equal(run_next_step(s->run), step_of(s, "add"));
    scene_ok(s, "mia", "start add");
    assert_int_equal(run_running_step(s->run, NULL), step_of(s, "add"));
    assert_int_equal(run_next_step(s->run), BOOK_NONE);
    scene_end(s, "add", OUTCOME_FAILED);
    assert_int_equal(run_running_step(s->run, NULL), BOOK_NONE);
    assert_int_equal(run_focus_step(s->run), step_of(s, "add"));
    run_progress(s->run, &complete, &total);
    assert_int_equal(complete, 3);
    assert_int_equal(total, 12);
    scene_close(s);
}

/* ---- attempts ---- */

static void test_backoff(void **state)
{
    static const struct {
        int64_t wait_us;
        const char *trail;
    } waits[] = { { 2 * SECOND_US - 1, "" },
                  { 1, "step.started add\n" },
                  { 4 * SECOND_US - 1, "" },
                  { 1, "step.started add\n" } };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    int64_t began_us = s->now.boot_us;
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        if (i % 2 == 0)
            scene_end(s, "add", OUTCOME_RETRYABLE);
        (void)scene_trail(s);
        scene_wait(s, waits[i].wait_us);
        assert_trail(s, waits[i].trail);
    }
    /* three attempts are what the book allows */
    scene_end(s, "add", OUTCOME_RETRYABLE);
    assert_trail(s, "step.ended add failed\n");
    const struct work *work = &s->run->steps[step_of(s, "add")].work;
    assert_int_equal(work->attempt, 3);
    assert_int_equal(work->elapsed_us, s->now.boot_us - began_us);
    assert_true(work->clean);
    assert_false(s->run->steps[step_of(s, "add")].effect);
    /* a person may start over, with as many retries again and no attempt's number twice */
    scene_ok(s, "mia", "retry add");
    assert_int_equal(work->attempt, 4);
    scene_end(s, "add", OUTCOME_RETRYABLE);
    assert_trail(s, "step.started add\nstep.retrying add\n");
    scene_close(s);
}

static void test_no_retry(void **state)
{
    static const struct {
        struct outcome outcome;
        const char *trail;
    } rows[] = {
        { { .status = OUTCOME_RETRYABLE, .clean = true }, "step.retrying add\n" },
        /* an effect may remain: that is for a person */
        { { .status = OUTCOME_RETRYABLE, .clean = false }, "step.ended add failed\n" },
        { { .status = OUTCOME_RETRYABLE, .clean = true, .leftover = "i" }, "step.ended add failed\n" },
        { { .status = OUTCOME_FAILED, .clean = true }, "step.ended add failed\n" },
        { { .status = OUTCOME_AMBIGUOUS }, "step.ended add unknown\n" },
        { { .status = OUTCOME_SKIPPED }, "step.ended add skipped\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        stage_go(s);
        scene_ok(s, "mia", "start add");
        (void)scene_trail(s);
        assert_int_equal(scene_outcome(s, "add", &rows[i].outcome), 0);
        scene_wait(s, SECOND_US);
        assert_trail(s, rows[i].trail);
        scene_close(s);
    }
}

static void test_no_attempt_while_held(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_RETRYABLE);
    scene_ok(s, "jo", "hold");
    (void)scene_trail(s);
    scene_wait(s, HOUR_US);
    assert_trail(s, "");
    scene_ok(s, "mia", "release");
    assert_trail(s, "run.released\nstep.started add\n");
    scene_close(s);
}

/* Rule 1 holds for the second attempt too. */
static void test_no_attempt_after_no_go(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_RETRYABLE);
    scene_ok(s, "jo", "vote go-expand no-go --reason 'wait'");
    (void)scene_trail(s);
    scene_wait(s, 10 * SECOND_US);
    assert_trail(s, "gate.lapsed go-expand\n"); /* and the GO that was said is not kept for later */
    assert_true(s->run->steps[step_of(s, "add")].work.between_attempts);
    scene_close(s);
}

static void test_cancel(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    (void)scene_trail(s);
    scene_ok(s, "mia", "cancel add");
    assert_trail(s, "step.cancelling add\n");
    scene_no(s, "mia", "cancel add", RULE_STATE, "already");
    scene_end(s, "add", OUTCOME_RETRYABLE); /* not tried again: somebody wanted it to stop */
    assert_trail(s, "step.ended add failed\n");
    /* a cancel that lost the race: what happened is what is recorded */
    scene_ok(s, "mia", "start add");
    scene_ok(s, "mia", "cancel add");
    scene_end(s, "add", OUTCOME_OK);
    assert_state(s, "add", STEP_DONE);
    assert_true(s->run->steps[step_of(s, "add")].effect);
    scene_close(s);
}

static void test_cancel_at_once(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_RETRYABLE);
    (void)scene_trail(s);
    scene_ok(s, "mia", "cancel add");
    assert_trail(s, "step.cancelling add\nstep.ended add failed\n");
    scene_wait(s, MINUTE_US);
    assert_trail(s, "");
    scene_run(s, "add");
    scene_run(s, "index");
    scene_run(s, "deploy");
    scene_ok(s, "mia", "start flag");
    (void)scene_trail(s);
    scene_ok(s, "mia", "cancel flag");
    assert_trail(s, "step.cancelling flag\nstep.ended flag failed\n");
    assert_string_equal(s->run->steps[step_of(s, "flag")].work.text, "cancelled");
    scene_close(s);
}

/* ---- kinds ---- */

static void test_wait(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_calm(s, 30); /* what held before it began proves nothing */
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence x");
    scene_ok(s, "mia", "next");
    assert_state(s, "settle", STEP_RUNNING);
    scene_samples(s, "lag", "seconds", 0.1, 2);
    assert_state(s, "settle", STEP_RUNNING);
    scene_samples(s, "lag", "seconds", 3.2, 1);
    (void)scene_trail(s);
    scene_samples(s, "lag", "seconds", 3.2, 26);
    assert_trail(s, "");
    scene_samples(s, "lag", "seconds", 3.2, 1);
    assert_trail(s, "step.ended settle failed\n");
    assert_string_equal(s->run->steps[step_of(s, "settle")].work.text,
                        "timed out after 30.0 s: lag.seconds 3.2 (< 1)");
    scene_ok(s, "mia", "retry settle");
    scene_samples(s, "lag", "seconds", 0.1, 3);
    assert_state(s, "settle", STEP_DONE);
    scene_close(s);
}

static void test_verify(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence x");
    scene_ok(s, "mia", "next");
    scene_calm(s, 3);
    scene_ok(s, "mia", "start parity");
    scene_end(s, "parity", OUTCOME_AMBIGUOUS); /* it changes nothing: no answer is a failure */
    assert_state(s, "parity", STEP_FAILED);
    assert_true(s->run->steps[step_of(s, "parity")].work.clean);
    scene_no(s, "jo", "vote go-contract go", RULE_ORDER, "\"parity\" is failed");
    scene_close(s);
}

static void test_sensed(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    size_t backup = step_of(s, "backup");
    assert_true(run_wants_sense(s->run, backup));
    assert_false(run_wants_sense(s->run, step_of(s, "told")));
    scene_sense(s, "backup", CHOICE_NO, "it is 3 days old");
    assert_trail(s, "");
    assert_string_equal(s->run->steps[backup].sensed_why, "it is 3 days old");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_sense(s, "backup", CHOICE_YES, NULL);
    assert_trail(s, "check.ticked backup\n");
    scene_sense(s, "backup", CHOICE_NO, "it is gone");
    assert_trail(s, "check.unticked backup\n");
    assert_string_equal(s->run->steps[backup].work.text, "it is gone");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_sense(s, "backup", CHOICE_UNKNOWN, "connection lost");
    assert_trail(s, "check.ticked backup\ncheck.unticked backup\n");
    assert_string_equal(s->run->steps[backup].work.text, "no answer: connection lost");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_wait(s, MINUTE_US);
    assert_trail(s, "check.ticked backup\n");
    scene_wait(s, 1);
    assert_trail(s, "check.unticked backup\n");
    /* once a step was begun on the GO it is not asked any more, and an answer that was under way is let pass
     */
    stage_go(s);
    (void)scene_trail(s);
    assert_true(run_wants_sense(s->run, backup));
    scene_ok(s, "mia", "start add");
    assert_false(run_wants_sense(s->run, backup));
    scene_sense(s, "backup", CHOICE_NO, "it is gone");
    scene_wait(s, HOUR_US);
    assert_trail(s, "step.started add\n");
    scene_close(s);
}

/* Where there is no gate, the first step after it is what passes a sensed box. */
static void test_sensed_without_a_gate(void **state)
{
    static const char *const book =
        "{'tminus':1,'id':'bare','title':'Bare','targets':{'p':{'engine':'postgresql'}},'phases':["
        "{'id':'a','kind':'preflight','title':'A','steps':[{'id':'box','kind':'check','title':'Box',"
        "'sense':{'target':'p','sql':'SELECT true'}}]},"
        "{'id':'b','kind':'expand','title':'B','steps':[{'id':'x','kind':'sql','target':'p','sql':'SELECT 1',"
        "'rollback':[{'kind':'sql','sql':'SELECT 2'}]}]}]}";
    (void)state;
    struct scene *s = scene_open(book);
    scene_sense(s, "box", CHOICE_YES, NULL);
    assert_int_equal(run_current_phase(s->run), 1);
    scene_sense(s, "box", CHOICE_NO, NULL);
    scene_no(s, "mia", "start x", RULE_CHECK, "\"box\"");
    scene_sense(s, "box", CHOICE_YES, NULL);
    scene_ok(s, "mia", "start x");
    assert_false(run_wants_sense(s->run, step_of(s, "box")));
    (void)scene_trail(s);
    scene_sense(s, "box", CHOICE_NO, NULL);
    assert_trail(s, "");
    scene_close(s);
}

static void test_leftover(void **state)
{
    const struct outcome left = { .status = OUTCOME_FAILED, .clean = true, .leftover = "public.i" };
    struct input cleaned = { .type = INPUT_CLEANED,
                             .outcome = { .status = OUTCOME_FAILED, .message = "locked" } };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &left), 0);
    cleaned.step = step_of(s, "index");
    cleaned.now = s->now;
    assert_true(s->run->steps[cleaned.step].effect);
    assert_int_equal(scene_put(s, &cleaned), ERR_CORRUPT); /* nobody removes it */
    scene_ok(s, "mia", "clean index");
    scene_no(s, "mia", "clean index", RULE_STATE, "already");
    scene_no(s, "mia", "scrub --reason x", RULE_STATE, "being removed");
    (void)scene_trail(s);
    assert_int_equal(scene_put(s, &cleaned), 0);
    assert_trail(s, "clean.ended index failed\n");
    scene_no(s, "mia", "start index", RULE_LEFTOVER, "public.i");
    scene_ok(s, "mia", "clean index");
    cleaned.outcome.status = OUTCOME_OK;
    assert_int_equal(scene_put(s, &cleaned), 0);
    assert_false(s->run->steps[cleaned.step].effect);
    scene_run(s, "index");
    assert_state(s, "index", STEP_DONE);
    scene_close(s);
}

/* What an attempt before did is not forgotten with the leftover of the last one. */
static void test_leftover_after_an_effect(void **state)
{
    const struct outcome dirty = { .status = OUTCOME_FAILED, .clean = false };
    const struct outcome left = { .status = OUTCOME_FAILED, .clean = true, .leftover = "public.i" };
    struct input cleaned = { .type = INPUT_CLEANED, .outcome = { .status = OUTCOME_OK } };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &dirty), 0);
    scene_ok(s, "mia", "retry index");
    assert_int_equal(scene_outcome(s, "index", &left), 0);
    scene_ok(s, "mia", "clean index");
    cleaned.step = step_of(s, "index");
    cleaned.now = s->now;
    assert_int_equal(scene_put(s, &cleaned), 0);
    assert_true(s->run->steps[cleaned.step].effect);
    scene_close(s);
}

static void test_notes_and_waiting(void **state)
{
    struct input input = { .type = INPUT_WAITING, .text = "31568 (idle in tx)" };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    input.step = step_of(s, "add");
    input.now = s->now;
    const struct work *work = &s->run->steps[input.step].work;
    (void)scene_trail(s);
    assert_int_equal(scene_put(s, &input), 0);
    assert_int_equal(scene_put(s, &input), 0);
    assert_trail(s, "step.waiting add\n");
    assert_string_equal(work->waiting, "31568 (idle in tx)");
    input.text = "";
    assert_int_equal(scene_put(s, &input), 0);
    assert_null(work->waiting);
    input.type = INPUT_NOTED;
    input.text = "lock_timeout 3s, statement_timeout 30s";
    assert_int_equal(scene_put(s, &input), 0);
    input.text = "NOTICE 42P07: it is there";
    assert_int_equal(scene_put(s, &input), 0);
    assert_string_equal(work->settings, "lock_timeout 3s, statement_timeout 30s");
    scene_end(s, "add", OUTCOME_OK);
    input.type = INPUT_WAITING;
    (void)scene_trail(s);
    assert_int_equal(scene_put(s, &input), 0); /* a moment too late */
    assert_trail(s, "");
    scene_close(s);
}

/* What a step locked is for the trail: the run is the same without it. */
static void test_locked(void **state)
{
    struct input input = { .type = INPUT_LOCKED,
                           .value = "{\"relation\":\"public.users\"}",
                           .text = "public.users AccessExclusiveLock" };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_ok(s, "mia", "start add");
    input.step = step_of(s, "add");
    input.now = s->now;
    (void)scene_trail(s);
    assert_int_equal(scene_put(s, &input), 0);
    assert_trail(s, "step.locked add\n");
    input.text = NULL;
    assert_int_equal(scene_put(s, &input), 0);
    assert_trail(s, "");
    input.text = "public.users AccessExclusiveLock";
    scene_end(s, "add", OUTCOME_OK);
    (void)scene_trail(s);
    assert_int_equal(scene_put(s, &input), 0); /* a moment too late */
    assert_trail(s, "");
    scene_close(s);
}

/* An outcome for what does not run is a bug of the caller, not something to pass over. */
static void test_impossible_inputs(void **state)
{
    const struct outcome ok = { .status = OUTCOME_OK };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    assert_int_equal(scene_outcome(s, "add", &ok), ERR_CORRUPT);
    assert_int_equal(scene_outcome(s, "add/1", &ok), ERR_CORRUPT);
    scene_ok(s, "mia", "start add");
    scene_end(s, "add", OUTCOME_RETRYABLE);
    assert_int_equal(scene_outcome(s, "add", &ok), ERR_CORRUPT);
    assert_int_equal(scene_outcome(s, "flag", &ok), ERR_CORRUPT);
    const struct input probed = { .type = INPUT_PROBED, .now = s->now, .step = step_of(s, "add") };
    assert_int_equal(scene_put(s, &probed), ERR_CORRUPT);
    const struct input sensed = { .type = INPUT_SENSED, .now = s->now, .step = step_of(s, "add") };
    assert_int_equal(scene_put(s, &sensed), ERR_CORRUPT);
    const struct input beyond = {
        .type = INPUT_NOTED, .now = s->now, .step = s->book->step_count, .text = "x"
    };
    assert_int_equal(scene_put(s, &beyond), ERR_CORRUPT);
    const struct input again = {
        .type = INPUT_OPEN, .now = s->now, .action = { .actor = "mia" }, .open = { .run = "x" }
    };
    assert_int_equal(scene_put(s, &again), ERR_CORRUPT);
    scene_close(s);
}

static void test_people(void **state)
{
    struct input input = { .type = INPUT_JOINED, .action = { .actor = "mia", .text = "pts/1" } };
    (void)state;
    struct scene *s = scene_open(small_book);
    input.now = s->now;
    assert_int_equal(scene_put(s, &input), 0);
    assert_int_equal(scene_put(s, &input), 0);
    input.action.actor = "jo";
    assert_int_equal(scene_put(s, &input), 0);
    input.action.actor = "mia";
    input.action.watcher = true;
    assert_int_equal(scene_put(s, &input), 0);
    assert_int_equal(s->run->person_count, 3);
    assert_string_equal(s->run->people[0].role, "operator");
    assert_int_equal(s->run->people[0].attached, 2);
    assert_string_equal(s->run->people[1].role, "watcher");
    assert_string_equal(s->run->people[2].role, "watcher");
    (void)scene_trail(s);
    scene_ok(s, "mia", "scrub --reason x");
    input.type = INPUT_LEFT; /* recorded also when the run is over */
    assert_int_equal(scene_put(s, &input), 0);
    assert_int_equal(scene_put(s, &input), 0);
    assert_trail(s, "run.closed scrubbed\nperson.left\n");
    assert_int_equal(s->run->people[2].attached, 0);
    scene_close(s);
}

/* Their screens were attached to a runner that is gone. */
static void test_people_after_a_resume(void **state)
{
    struct input input = { .type = INPUT_JOINED, .action = { .actor = "mia" } };
    (void)state;
    struct scene *s = scene_open(small_book);
    input.now = s->now;
    assert_int_equal(scene_put(s, &input), 0);
    scene_resume(s, "boot-1");
    assert_int_equal(s->run->people[0].attached, 0);
    (void)scene_trail(s);
    input.type = INPUT_LEFT;
    assert_int_equal(scene_put(s, &input), 0);
    assert_trail(s, "");
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_who_and_what),
        cmocka_unit_test(test_looking),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_no_retry),
        cmocka_unit_test(test_no_attempt_while_held),
        cmocka_unit_test(test_no_attempt_after_no_go),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_at_once),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_sensed),
        cmocka_unit_test(test_sensed_without_a_gate),
        cmocka_unit_test(test_leftover),
        cmocka_unit_test(test_leftover_after_an_effect),
        cmocka_unit_test(test_notes_and_waiting),
        cmocka_unit_test(test_locked),
        cmocka_unit_test(test_impossible_inputs),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_people_after_a_resume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
