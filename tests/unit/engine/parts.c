/* What is done in parts: items one after the other, and what goes on from a checkpoint. */
#include "scene.h"

#include <string.h>

static const char *const parts_book =
    "{'tminus': 1, 'id': 'parts', 'title': 'Parts', 'targets': {'old': {'engine': 'postgresql'},"
    " 'new': {'engine': 'postgresql'}}, 'roles': {'operator': {}},"
    " 'phases': [{'id': 'all', 'kind': 'expand', 'title': 'All', 'steps': ["
    "  {'id': 'each', 'kind': 'sql', 'target': 'old', 'for_each': {'sql': 'SELECT name FROM t', 'as': "
    "'item'},"
    "   'sql': 'SELECT make(${item})',"
    "   'done_when': {'sql': 'SELECT made(${item})', 'expect': {'value': true}},"
    "   'rollback': [{'kind': 'sql', 'sql': 'SELECT drop(${item})',"
    "    'done_when': {'sql': 'SELECT NOT made(${item})', 'expect': {'value': true}}}]},"
    "  {'id': 'same', 'kind': 'compare', 'left': {'target': 'old', 'table': 't'},"
    "   'right': {'target': 'new', 'table': 't'}},"
    "  {'id': 'fill', 'kind': 'backfill', 'target': 'old', 'table': 't', 'key': 'id', 'set': 'b = a',"
    "   'where': 'b IS NULL', 'rollback': [{'kind': 'none', 'why': 'nobody reads it'}]}]}]}";

static void item(struct scene *s, const char *work, const char *name, enum choice choice)
{
    struct input input = { .type = INPUT_ITEM, .now = s->now, .value = name, .choice = choice };
    const char *slash = strchr(work, '/');
    input.step = step_of(s, "each");
    input.entry = slash != NULL ? 1 : 0;
    assert_int_equal(scene_put(s, &input), 0);
}

/* The first is done, the second under way, and nobody knows what became of it. */
static struct scene *stage_unknown(void)
{
    struct scene *s = scene_open(parts_book);
    scene_ok(s, "mia", "start each");
    item(s, "each", "one", CHOICE_NONE);
    item(s, "each", "one", CHOICE_DONE);
    item(s, "each", "two", CHOICE_NONE);
    scene_resume(s, "boot-1");
    assert_state(s, "each", STEP_UNKNOWN);
    return s;
}

static void test_probe_is_about_one(void **state)
{
    static const enum choice answers[] = { CHOICE_YES, CHOICE_NO };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct scene *s = stage_unknown();
        const struct run_step *each = &s->run->steps[step_of(s, "each")];
        scene_ok(s, "mia", "probe each");
        scene_probed(s, "each", answers[i]);
        assert_state(s, "each", STEP_FAILED);
        assert_true(each->effect);
        scene_ok(s, "mia", "release");
        scene_ok(s, "mia", "retry each");
        assert_int_equal(each->work.item_count, 2);
        assert_true(each->work.items[0].done);
        assert_false(each->work.items[1].done);
        scene_close(s);
    }
}

static void test_probe_that_cannot_tell(void **state)
{
    (void)state;
    struct scene *s = stage_unknown();
    scene_ok(s, "mia", "probe each");
    scene_probed(s, "each", CHOICE_UNKNOWN);
    assert_state(s, "each", STEP_UNKNOWN);
    scene_close(s);
}

/* What stands of the items before is undone, whatever is ruled of the last. */
static void test_not_done_keeps_the_others(void **state)
{
    (void)state;
    struct scene *s = stage_unknown();
    scene_ok(s, "mia", "rule each not-done --reason looked");
    assert_state(s, "each", STEP_PENDING);
    assert_true(s->run->steps[step_of(s, "each")].effect);
    scene_close(s);
}

static void test_probe_of_an_undo(void **state)
{
    (void)state;
    struct scene *s = scene_open(parts_book);
    scene_ok(s, "mia", "start each");
    item(s, "each", "one", CHOICE_NONE);
    item(s, "each", "one", CHOICE_DONE);
    item(s, "each", "two", CHOICE_NONE);
    item(s, "each", "two", CHOICE_DONE);
    scene_end(s, "each", OUTCOME_OK);
    scene_ok(s, "mia", "rollback");
    item(s, "each/1", "two", CHOICE_NONE);
    scene_resume(s, "boot-1");
    scene_ok(s, "mia", "probe each");
    scene_probed(s, "each/1", CHOICE_YES);
    assert_state(s, "each", STEP_ROLLBACK_FAILED);
    assert_true(s->run->steps[step_of(s, "each")].effect);
    scene_close(s);
}

static void checkpoint(struct scene *s, const char *step)
{
    struct input input = { .type = INPUT_PROGRESS, .now = s->now, .value = "so far" };
    input.step = step_of(s, step);
    assert_int_equal(scene_put(s, &input), 0);
}

/* Whoever was stopped goes on; whoever came to the end and found it wrong begins anew. */
static void test_checkpoints(void **state)
{
    static const struct {
        const char *step, *retry, *value;
        bool goes_on;
    } rows[] = {
        { "same", "retry same", NULL, true },
        { "same", "retry same", "1 difference", false },
        { "fill", "retry fill", NULL, true },
        { "fill", "retry fill", "f", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(parts_book);
        const struct outcome failed = { .status = OUTCOME_FAILED, .message = "why", .value = rows[i].value };
        scene_run(s, "each");
        if (strcmp(rows[i].step, "fill") == 0)
            scene_run(s, "same");
        scene_ok(s, "mia", "next");
        checkpoint(s, rows[i].step);
        assert_int_equal(scene_outcome(s, rows[i].step, &failed), 0);
        assert_state(s, rows[i].step, STEP_FAILED);
        scene_ok(s, "mia", rows[i].retry);
        const char *from = s->run->steps[step_of(s, rows[i].step)].work.checkpoint;
        assert_int_equal(from != NULL, rows[i].goes_on);
        scene_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_is_about_one),
        cmocka_unit_test(test_probe_that_cannot_tell),
        cmocka_unit_test(test_not_done_keeps_the_others),
        cmocka_unit_test(test_probe_of_an_undo),
        cmocka_unit_test(test_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
