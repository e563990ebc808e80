/* What a person does and a probe confirms, what is told on the way back, and the retries of items. */
#include "scene.h"

#include <string.h>

static const char *const book =
    "{'tminus': 1, 'id': 'word', 'title': 'Word', 'targets': {'p': {'engine': 'postgresql'}},"
    " 'roles': {'operator': {}},"
    " 'communications': {'back': {'to': 'all', 'via': 'command', 'argv': ['true'], 'text': 'it goes back'}},"
    " 'phases': [{'id': 'all', 'kind': 'expand', 'title': 'All', 'steps': ["
    "  {'id': 'make', 'kind': 'sql', 'target': 'p', 'sql': 'CREATE TABLE t (a int)', 'rollback': ["
    "    {'kind': 'notify', 'template': 'back'}, {'kind': 'sql', 'sql': 'DROP TABLE t'}]},"
    "  {'id': 'flag', 'kind': 'manual', 'instructions': 'Turn it', 'evidence': true,"
    "   'done_when': {'target': 'p', 'sql': 'SELECT turned()'},"
    "   'rollback': [{'kind': 'manual', 'instructions': 'Turn it back',"
    "    'done_when': {'target': 'p', 'sql': 'SELECT NOT turned()'}}]},"
    "  {'id': 'each', 'kind': 'sql', 'target': 'p', 'for_each': {'sql': 'SELECT n FROM m', 'as': 'n'},"
    "   'sql': 'SELECT f(${n})', 'retry': {'attempts': 2, 'backoff': '1s'},"
    "   'rollback': [{'kind': 'sql', 'sql': 'SELECT g(${n})'}]}]}]}";

static const struct work *work_of(const struct scene *s, const char *step, size_t entry)
{
    return run_work(s->run, step_of(s, step), entry);
}

static void answer(struct scene *s, size_t entry, enum choice choice, const char *value, const char *why)
{
    const struct input input = { .type = INPUT_PROBED,
                                 .now = s->now,
                                 .step = step_of(s, "flag"),
                                 .entry = entry,
                                 .choice = choice,
                                 .value = value,
                                 .text = why };
    assert_int_equal(scene_put(s, &input), 0);
}

static struct scene *scene_made(void)
{
    struct scene *s = scene_open(book);
    scene_run(s, "make");
    (void)scene_trail(s);
    return s;
}

/* The probe was asked, and it is still to be done. */
static struct scene *scene_turning(void)
{
    struct scene *s = scene_made();
    scene_ok(s, "mia", "start flag");
    answer(s, 0, CHOICE_NO, "f", "");
    assert_state(s, "flag", STEP_RUNNING);
    (void)scene_trail(s);
    return s;
}

/* ---- a person's work ---- */

static void test_before(void **state)
{
    static const struct {
        enum choice answer;
        enum step_state state;
        const char *text;
    } cases[] = {
        { CHOICE_YES, STEP_SKIPPED, "done already, says its probe" },
        { CHOICE_NO, STEP_RUNNING, NULL },
        { CHOICE_UNKNOWN, STEP_FAILED, "not started: its probe cannot tell whether it is done: no route" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *s = scene_made();
        scene_ok(s, "mia", "start flag");
        assert_trail(s, "step.started flag\nprobe.started flag\n");
        scene_no(s, "mia", "tick flag --evidence x", RULE_STATE, "has not answered yet");
        answer(s, 0, cases[i].answer, NULL, cases[i].answer == CHOICE_UNKNOWN ? "no route" : "");
        assert_state(s, "flag", cases[i].state);
        if (cases[i].text != NULL)
            assert_string_equal(work_of(s, "flag", 0)->text, cases[i].text);
        assert_false(s->run->steps[step_of(s, "flag")].effect);
        scene_close(s);
    }
}

static void test_after(void **state)
{
    static const struct {
        enum choice answer;
        enum step_state state;
        const char *text;
    } cases[] = {
        { CHOICE_YES, STEP_DONE, "turned" },
        { CHOICE_NO, STEP_FAILED,
          "mia said that it was done, but the probe does not confirm it: it answered f" },
        { CHOICE_UNKNOWN, STEP_FAILED,
          "mia said that it was done, but the probe could not be asked: no route" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *s = scene_turning();
        scene_no(s, "mia", "tick flag", RULE_EVIDENCE, "flag");
        scene_ok(s, "mia", "tick flag --evidence turned");
        assert_trail(s, "step.reported flag\nprobe.started flag\n");
        assert_state(s, "flag", STEP_RUNNING);
        answer(s, 0, cases[i].answer, "f", "no route");
        assert_state(s, "flag", cases[i].state);
        assert_string_equal(work_of(s, "flag", 0)->text, cases[i].text);
        assert_string_equal(work_of(s, "flag", 0)->who, "mia");
        assert_true(s->run->steps[step_of(s, "flag")].effect); /* whatever was done stands */
        scene_close(s);
    }
}

/* Where it is tried again the probe comes first again. */
static void test_again(void **state)
{
    (void)state;
    struct scene *s = scene_turning();
    scene_ok(s, "mia", "tick flag --evidence turned");
    answer(s, 0, CHOICE_NO, "f", "");
    scene_ok(s, "mia", "retry flag");
    answer(s, 0, CHOICE_YES, "t", "");
    assert_state(s, "flag", STEP_SKIPPED);
    assert_true(s->run->steps[step_of(s, "flag")].effect);
    scene_close(s);
}

static void test_cancelled(void **state)
{
    (void)state;
    struct scene *s = scene_turning();
    scene_ok(s, "mia", "tick flag --evidence turned");
    scene_ok(s, "mia", "cancel flag");
    assert_state(s, "flag", STEP_FAILED);
    assert_true(s->run->steps[step_of(s, "flag")].effect);
    scene_no(s, "mia", "retry flag", RULE_STATE, "has not answered yet");
    answer(s, 0, CHOICE_YES, "t", ""); /* too late: it is not what failed any more */
    assert_state(s, "flag", STEP_FAILED);
    scene_ok(s, "mia", "retry flag");
    scene_close(s);
}

static void test_resumed(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_ok(s, "mia", "start flag");
    scene_resume(s, "boot-1");
    assert_state(s, "flag", STEP_PENDING); /* it is asked before somebody does it */
    assert_true(s->run->held);
    scene_ok(s, "mia", "release");
    scene_ok(s, "mia", "start flag");
    answer(s, 0, CHOICE_NO, "f", "");
    scene_ok(s, "mia", "tick flag --evidence turned");
    scene_resume(s, "boot-1");
    assert_state(s, "flag", STEP_RUNNING);
    assert_string_equal(work_of(s, "flag", 0)->text,
                        "the runner ended before its probe had answered: say again that it is done");
    scene_ok(s, "mia", "tick flag --evidence turned");
    answer(s, 0, CHOICE_YES, "t", "");
    assert_state(s, "flag", STEP_DONE);
    scene_close(s);
}

static void test_way_back(void **state)
{
    (void)state;
    struct scene *s = scene_turning();
    scene_ok(s, "mia", "tick flag --evidence turned");
    answer(s, 0, CHOICE_YES, "t", "");
    scene_ok(s, "mia", "rollback --to flag --reason x");
    answer(s, 1, CHOICE_NO, "f", "");
    scene_ok(s, "mia", "tick flag --evidence back");
    answer(s, 1, CHOICE_NO, "f", "");
    assert_state(s, "flag", STEP_ROLLBACK_FAILED);
    assert_true(s->run->held);
    scene_ok(s, "mia", "retry flag");
    answer(s, 1, CHOICE_YES, "t", "");
    assert_state(s, "flag", STEP_ROLLED_BACK);
    scene_close(s);
}

/* ---- told on the way back ---- */

static void test_nothing_waits(void **state)
{
    (void)state;
    struct scene *s = scene_made();
    scene_ok(s, "mia", "rollback --reason x");
    scene_end(s, "make/1", OUTCOME_FAILED);
    assert_false(s->run->held);
    assert_state(s, "make/1", STEP_DONE);
    assert_non_null(strstr(work_of(s, "make", 1)->text, "; the rollback goes on"));
    assert_state(s, "make/2", STEP_RUNNING);
    scene_end(s, "make/2", OUTCOME_OK);
    assert_state(s, "make", STEP_ROLLED_BACK);
    scene_close(s);
}

/* Held while it did not get through, and taken up again while it was sent: it is not sent once more. */
static void test_released(void **state)
{
    (void)state;
    for (int resumed = 0; resumed < 2; resumed++) {
        struct scene *s = scene_made();
        scene_ok(s, "mia", "rollback --reason x");
        if (resumed == 1) {
            scene_resume(s, "boot-1");
        } else {
            scene_ok(s, "mia", "hold");
            scene_end(s, "make/1", OUTCOME_FAILED);
        }
        assert_state(s, "make/1", STEP_FAILED);
        scene_ok(s, "mia", "release");
        assert_false(s->run->held);
        assert_state(s, "make/1", STEP_DONE);
        assert_int_equal(work_of(s, "make", 1)->attempt, 1);
        assert_state(s, "make/2", STEP_RUNNING);
        scene_close(s);
    }
}

/* ---- the retries of items ---- */

static void item(struct scene *s, const char *name, enum choice choice)
{
    const struct input input = {
        .type = INPUT_ITEM, .now = s->now, .step = step_of(s, "each"), .value = name, .choice = choice
    };
    assert_int_equal(scene_put(s, &input), 0);
}

static void each_fails(struct scene *s, const char *name, bool left)
{
    const struct outcome outcome = { .status = OUTCOME_RETRYABLE, .clean = false, .message = "locked" };
    item(s, name, CHOICE_NONE);
    if (!left)
        item(s, name, CHOICE_FAILED);
    assert_int_equal(scene_outcome(s, "each", &outcome), 0);
}

static struct scene *scene_items(void)
{
    struct scene *s = scene_turning();
    scene_ok(s, "mia", "tick flag --evidence turned");
    answer(s, 0, CHOICE_YES, "t", "");
    scene_ok(s, "mia", "start each");
    item(s, "one", CHOICE_NONE);
    item(s, "one", CHOICE_DONE);
    return s;
}

static void test_item_again(void **state)
{
    (void)state;
    struct scene *s = scene_items();
    const struct work *work = work_of(s, "each", 0);
    each_fails(s, "two", false);
    assert_true(work->between_attempts);
    scene_wait(s, SECOND_US);
    assert_false(work->between_attempts);
    assert_int_equal(work->attempt, 2);
    item(s, "two", CHOICE_NONE);
    item(s, "two", CHOICE_DONE);
    each_fails(s, "three", false); /* that the second took two tries takes none from the third */
    assert_true(work->between_attempts);
    scene_wait(s, SECOND_US);
    each_fails(s, "three", false);
    assert_state(s, "each", STEP_FAILED);
    assert_false(work->clean);
    assert_true(s->run->steps[step_of(s, "each")].effect);
    scene_close(s);
}

/* What may have left something of its item is not begun again by itself. */
static void test_item_left(void **state)
{
    (void)state;
    struct scene *s = scene_items();
    each_fails(s, "two", true);
    assert_state(s, "each", STEP_FAILED);
    scene_close(s);
}

/* Between two attempts what the items before have done is not forgotten. */
static void test_between(void **state)
{
    static const char *const ends[] = { "cancel", "resume", "nothing" };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct scene *s = scene_items();
        const struct outcome nothing = { .status = OUTCOME_FAILED, .clean = true, .message = "not started" };
        each_fails(s, "two", false);
        if (i == 0) {
            scene_ok(s, "mia", "cancel each");
        } else if (i == 1) {
            scene_resume(s, "boot-1");
        } else {
            scene_wait(s, SECOND_US);
            assert_int_equal(scene_outcome(s, "each", &nothing), 0);
        }
        if (scene_state(s, "each") != STEP_FAILED || work_of(s, "each", 0)->clean ||
            !s->run->steps[step_of(s, "each")].effect)
            fail_msg("%s: it is %s and its items are forgotten", ends[i],
                     step_state_word(scene_state(s, "each")));
        scene_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before),        cmocka_unit_test(test_after),
        cmocka_unit_test(test_again),         cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_resumed),       cmocka_unit_test(test_way_back),
        cmocka_unit_test(test_nothing_waits), cmocka_unit_test(test_released),
        cmocka_unit_test(test_item_again),    cmocka_unit_test(test_item_left),
        cmocka_unit_test(test_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
