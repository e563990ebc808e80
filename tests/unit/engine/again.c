/* A step that is done once more, in a rehearsal: when it may be, and what the first time stands for. */
#include "scene.h"

#include <string.h>

static const char *const again_book =
    "{'tminus': 1, 'id': 'again', 'title': 'Again', 'targets': {'p': {'engine': 'postgresql'}},"
    " 'roles': {'operator': {}},"
    " 'phases': [{'id': 'one', 'kind': 'expand', 'title': 'One', 'steps': ["
    "  {'id': 'probed', 'kind': 'sql', 'target': 'p', 'sql': 'SELECT 1', 'done_when': {'sql': 'SELECT true'},"
    "   'rollback': [{'kind': 'sql', 'sql': 'SELECT 2'}]},"
    "  {'id': 'plain', 'kind': 'sql', 'target': 'p', 'sql': 'SELECT 3', 'idempotent': true,"
    "   'retry': {'attempts': 2, 'backoff': '1s..1s'},"
    "   'rollback': [{'kind': 'sql', 'sql': 'SELECT 4'}]},"
    "  {'id': 'bare', 'kind': 'command', 'argv': ['true'], 'rollback': [{'kind': 'command', 'argv': "
    "['true']}]},"
    "  {'id': 'hand', 'kind': 'manual', 'instructions': 'Turn', 'done_when': {'target': 'p', 'sql': 'SELECT "
    "true'},"
    "   'rollback': [{'kind': 'manual', 'instructions': 'Back'}]}],"
    "  'gate': {'id': 'go', 'votes': ['operator']}},"
    " {'id': 'two', 'kind': 'migrate', 'title': 'Two', 'steps': ["
    "  {'id': 'each', 'kind': 'sql', 'target': 'p', 'for_each': {'sql': 'SELECT n', 'as': 'n'},"
    "   'sql': 'SELECT make(${n})', 'idempotent': true,"
    "   'rollback': [{'kind': 'sql', 'sql': 'SELECT drop(${n})'}]}]}]}";

static const struct run_step *at(const struct scene *s, const char *step)
{
    return &s->run->steps[step_of(s, step)];
}

static void item(struct scene *s, const char *name, enum choice choice)
{
    struct input input = { .type = INPUT_ITEM, .now = s->now, .value = name, .choice = choice };
    input.step = step_of(s, "each");
    assert_int_equal(scene_put(s, &input), 0);
}

/* ---- when it may be ---- */

static void test_only_in_a_rehearsal(void **state)
{
    (void)state;
    struct scene *s = scene_open(again_book);
    scene_run(s, "probed");
    scene_no(s, "mia", "again probed", RULE_STATE,
             "only a rehearsal does a step once more, and this run is staging");
    scene_close(s);
}

static void test_refused(void **state)
{
    (void)state;
    struct scene *s = scene_rehearse(again_book);
    scene_no(s, "mia", "again probed", RULE_STATE, "\"probed\" is pending");
    scene_no(s, "mia", "again nothing", RULE_NAME, "\"nothing\"");
    scene_ok(s, "mia", "start probed");
    scene_no(s, "mia", "again probed", RULE_STATE, "\"probed\" is running");
    scene_end(s, "probed", OUTCOME_OK);
    scene_no(s, "jo", "again probed", RULE_WATCHER, "mia");
    scene_run(s, "plain");
    scene_no(s, "mia", "again probed", RULE_STATE, "\"plain\" has begun since");
    scene_run(s, "bare");
    scene_no(s, "mia", "again plain", RULE_STATE, "\"bare\" has begun since");
    scene_no(s, "mia", "again bare", RULE_STATE,
             "\"bare\" has no \"done_when\" and is not said to be idempotent");
    scene_ok(s, "mia", "hold");
    scene_no(s, "mia", "again bare", RULE_HELD, "mia");
    scene_close(s);
}

/* An approval of what is being done once more is over by the rule that there is; one that was begun on means
 * that something has begun since. */
static void test_gate(void **state)
{
    (void)state;
    struct scene *s = scene_rehearse(again_book);
    scene_run(s, "probed");
    scene_run(s, "plain");
    scene_run(s, "bare");
    scene_ok(s, "mia", "start hand");
    scene_probed(s, "hand", CHOICE_YES);
    scene_ok(s, "mia", "vote go go");
    (void)scene_trail(s);
    scene_ok(s, "mia", "again hand");
    assert_trail(s, "step.started hand\nprobe.started hand\ngate.lapsed go\n");
    scene_probed(s, "hand", CHOICE_YES);
    assert_trail(s, "probe.ended hand yes\nstep.ended hand skipped\n");
    scene_ok(s, "mia", "vote go go");
    scene_ok(s, "mia", "start each");
    scene_end(s, "each", OUTCOME_OK);
    scene_no(s, "mia", "again hand", RULE_STATE, "\"each\" has begun since");
    scene_folds(s);
    scene_close(s);
}

/* ---- what the first time stands for ---- */

/* However the second time ends, what the first one did is undone once, and in its place. */
static void test_effect_stands(void **state)
{
    static const struct {
        enum outcome_status outcome;
        enum step_state state;
    } ends[] = {
        { OUTCOME_OK, STEP_DONE },
        { OUTCOME_SKIPPED, STEP_SKIPPED },
        { OUTCOME_FAILED, STEP_FAILED },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct scene *s = scene_rehearse(again_book);
        scene_run(s, "probed");
        scene_run(s, "plain");
        uint64_t order = at(s, "plain")->order;
        scene_ok(s, "mia", "again plain");
        assert_true(at(s, "plain")->work.again);
        assert_string_equal(at(s, "plain")->work.text, "again");
        assert_int_equal(at(s, "plain")->work.attempt, 2);
        scene_end(s, "plain", ends[i].outcome);
        assert_state(s, "plain", ends[i].state);
        assert_true(at(s, "plain")->effect);
        assert_int_equal(at(s, "plain")->order, order);
        (void)scene_trail(s);
        scene_ok(s, "mia", "rollback");
        scene_end(s, "plain/1", OUTCOME_OK);
        scene_end(s, "probed/1", OUTCOME_OK);
        assert_trail(s, "rollback.started\nstep.started plain/1\nstep.ended plain/1 done\n"
                        "step.started probed/1\nstep.ended probed/1 done\nrollback.ended done\n");
        scene_folds(s);
        scene_close(s);
    }
}

/* What was found done is not ours, and stays that when it is done once more. */
static void test_found_stays_found(void **state)
{
    (void)state;
    struct scene *s = scene_rehearse(again_book);
    scene_ok(s, "mia", "start probed");
    scene_end(s, "probed", OUTCOME_SKIPPED);
    scene_ok(s, "mia", "start plain");
    scene_end(s, "plain", OUTCOME_SKIPPED);
    assert_false(at(s, "plain")->effect);
    scene_ok(s, "mia", "again plain");
    scene_end(s, "plain", OUTCOME_OK);
    assert_state(s, "plain", STEP_DONE);
    assert_false(at(s, "plain")->effect);
    /* but what it left half done is */
    const struct outcome torn = { .status = OUTCOME_FAILED, .message = "torn" };
    scene_ok(s, "mia", "again plain");
    assert_int_equal(scene_outcome(s, "plain", &torn), 0);
    assert_true(at(s, "plain")->effect);
    scene_folds(s);
    scene_close(s);
}

static void test_crash_in_between(void **state)
{
    static const struct {
        const char *ruling;
        enum step_state state;
    } rulings[] = {
        { "rule plain done --reason x", STEP_DONE },
        { "rule plain not-done --reason x", STEP_PENDING },
        { "rule plain partial --reason x", STEP_FAILED },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rulings); i++) {
        struct scene *s = scene_rehearse(again_book);
        scene_run(s, "probed");
        scene_run(s, "plain");
        scene_ok(s, "mia", "again plain");
        scene_resume(s, "boot-1");
        assert_state(s, "plain", STEP_UNKNOWN);
        scene_ok(s, "mia", rulings[i].ruling);
        assert_state(s, "plain", rulings[i].state);
        assert_true(at(s, "plain")->effect);
        scene_folds(s);
        scene_close(s);
    }
}

/* An attempt that the book has made again is of the same time; one that a person begins is not. */
static void test_attempts(void **state)
{
    (void)state;
    struct scene *s = scene_rehearse(again_book);
    scene_run(s, "probed");
    scene_run(s, "plain");
    scene_ok(s, "mia", "again plain");
    scene_end(s, "plain", OUTCOME_RETRYABLE);
    scene_wait(s, SECOND_US);
    assert_state(s, "plain", STEP_RUNNING);
    assert_true(at(s, "plain")->work.again);
    scene_end(s, "plain", OUTCOME_RETRYABLE);
    assert_state(s, "plain", STEP_FAILED);
    scene_no(s, "mia", "again plain", RULE_STATE, "\"plain\" is failed");
    scene_ok(s, "mia", "retry plain");
    assert_false(at(s, "plain")->work.again);
    scene_end(s, "plain", OUTCOME_OK);
    scene_folds(s);
    scene_close(s);
}

/* Every item is begun once more, but not one that the step had found done; and all that had begun stays to be
 * undone. */
static void test_items(void **state)
{
    (void)state;
    struct scene *s = scene_rehearse(again_book);
    scene_run(s, "probed");
    scene_run(s, "plain");
    scene_run(s, "bare");
    scene_ok(s, "mia", "start hand");
    scene_probed(s, "hand", CHOICE_YES);
    scene_ok(s, "mia", "vote go go");
    scene_ok(s, "mia", "start each");
    item(s, "ours", CHOICE_NONE);
    item(s, "ours", CHOICE_DONE);
    item(s, "found", CHOICE_NONE);
    item(s, "found", CHOICE_SKIPPED);
    scene_end(s, "each", OUTCOME_OK);
    scene_ok(s, "mia", "again each");
    const struct work *work = &at(s, "each")->work;
    assert_int_equal(work->item_count, 2);
    assert_false(work->items[0].done);
    assert_true(work->items[1].done && work->items[1].found);
    item(s, "ours", CHOICE_NONE);
    item(s, "ours", CHOICE_SKIPPED);
    assert_false(work->items[0].found);
    scene_end(s, "each", OUTCOME_OK);
    assert_true(at(s, "each")->effect);
    scene_folds(s);
    scene_close(s);
}

/* A journal in which it stands where it may not is not one of ours. */
static void test_not_from_a_journal(void **state)
{
    struct event started = { .type = EVENT_STEP_STARTED,
                             .actor = "mia",
                             .subject = "probed",
                             .attempt = 2,
                             .text = EVENT_STEP_AGAIN };
    struct err err = ERR_INIT;
    (void)state;
    struct scene *s = scene_open(again_book);
    scene_run(s, "probed");
    started.at = s->now;
    started.seq = s->run->last_seq + 1;
    assert_int_equal(run_apply(s->run, &started, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "\"probed\" is done after attempt 1"));
    scene_close(s);
    s = scene_rehearse(again_book);
    started.attempt = 1;
    started.at = s->now;
    started.seq = s->run->last_seq + 1;
    assert_int_equal(run_apply(s->run, &started, &err), ERR_CORRUPT); /* nothing was done yet */
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_in_a_rehearsal),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_effect_stands),
        cmocka_unit_test(test_found_stays_found),
        cmocka_unit_test(test_crash_in_between),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_items),
        cmocka_unit_test(test_not_from_a_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
