/* Every rule that refuses: by name, and with a sentence that says what stands in the way. */
#include "scene.h"

static void stage_nothing(struct scene *s)
{
    (void)s;
}

static void stage_held(struct scene *s)
{
    stage_go(s);
    scene_ok(s, "jo", "hold 'disk is full'");
}

static void stage_running(struct scene *s)
{
    stage_go(s);
    scene_ok(s, "mia", "start add");
}

static void stage_failed(struct scene *s)
{
    stage_running(s);
    scene_end(s, "add", OUTCOME_FAILED);
}

static void stage_unknown(struct scene *s)
{
    stage_running(s);
    scene_end(s, "add", OUTCOME_AMBIGUOUS);
}

static void stage_leftover(struct scene *s)
{
    const struct outcome outcome = { .status = OUTCOME_FAILED, .leftover = "public.i" };
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "mia", "start index");
    assert_int_equal(scene_outcome(s, "index", &outcome), 0);
}

static void stage_rolling(struct scene *s)
{
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
}

static void stage_undo_failed(struct scene *s)
{
    stage_rolling(s);
    scene_end(s, "index/1", OUTCOME_FAILED);
}

static void stage_scrubbed(struct scene *s)
{
    scene_ok(s, "mia", "scrub --reason 'not tonight'");
}

static void stage_reviewed_gone(struct scene *s)
{
    stage_ticked(s);
    scene_ok(s, "mia", "untick told");
}

static void stage_no_return(struct scene *s)
{
    stage_contract(s);
    scene_run(s, "drop");
}

static void stage_no_return_and_more(struct scene *s)
{
    stage_no_return(s);
    scene_run(s, "report");
}

static void stage_drop_runs(struct scene *s)
{
    stage_contract(s);
    scene_ok(s, "mia", "start drop");
}

static void stage_manual(struct scene *s)
{
    stage_deployed(s);
    scene_ok(s, "mia", "start flag");
}

static void stage_trouble(struct scene *s)
{
    const struct input input = { .type = INPUT_TROUBLE, .now = s->now, .text = "no key" };
    stage_ticked(s);
    assert_int_equal(scene_put(s, &input), 0);
}

static const struct {
    void (*stage)(struct scene *s);
    const char *actor, *words;
    enum rule rule;
    const char *part;
} cases[] = {
    /* names */
    { stage_nothing, "mia", "start nothing", RULE_NAME, "\"nothing\"" },
    { stage_nothing, "mia", "tick nothing", RULE_NAME, "\"nothing\"" },
    { stage_nothing, "mia", "vote nothing go", RULE_NAME, "\"nothing\"" },
    { stage_nothing, "mia", "rollback --to nothing", RULE_NAME, "\"nothing\"" },
    { stage_ticked, "jo", "override nothing --reason x", RULE_NAME, "\"nothing\"" },
    { stage_ticked, "jo", "vote go-expand go --role nobody", RULE_NAME, "\"nobody\"" },
    { stage_nothing, "mia", "tick told --role nobody", RULE_NAME, "\"nobody\"" },

    /* who */
    { stage_go, "jo", "start add", RULE_WATCHER, "mia" },
    { stage_go, "jo", "next", RULE_WATCHER, "mia" },
    { stage_held, "jo", "release", RULE_WATCHER, "mia" },
    { stage_deployed, "jo", "rollback", RULE_WATCHER, "mia" },
    { stage_unknown, "jo", "rule add done --reason x", RULE_WATCHER, "mia" },
    { stage_nothing, "jo", "tick told", RULE_ROLE, "mia" },
    { stage_nothing, "mia", "tick read --evidence x", RULE_ROLE, "the reviewer has to be somebody else" },
    { stage_nothing, "mia", "tick told --role reviewer", RULE_ROLE, "\"told\" is for the operator" },
    { stage_nothing, "jo", "tick read", RULE_EVIDENCE, "\"read\"" },
    { stage_manual, "mia", "tick flag", RULE_EVIDENCE, "\"flag\"" },
    { stage_manual, "jo", "tick flag --evidence x", RULE_ROLE, "mia" },
    { stage_ticked, "mia", "vote go-expand go --role reviewer", RULE_SELF_VOTE, "mia is operator" },
    { stage_ticked, "mia", "vote go-expand no-go --role reviewer", RULE_SELF_VOTE, "mia is operator" },
    { stage_ticked, "jo", "vote go-expand go --role operator", RULE_ROLE, "mia" },
    { stage_ticked, "mia", "override calm --reason x", RULE_SELF_VOTE, "the reviewer has to be" },

    /* order */
    { stage_nothing, "mia", "start add", RULE_CHECK, "\"backup\" (Backup is fresh)" },
    { stage_nothing, "mia", "next", RULE_CHECK, "\"backup\" (Backup is fresh)" },
    { stage_reviewed_gone, "mia", "start add", RULE_CHECK, "\"told\" (Everybody was told)" },
    { stage_ticked, "mia", "start add", RULE_GATE, "\"go-expand\"" },
    { stage_ticked, "mia", "next", RULE_GATE, "\"go-expand\"" },
    { stage_go, "mia", "start index", RULE_ORDER, "\"add\" is pending" },
    { stage_go, "mia", "start drop", RULE_ORDER, "\"add\" is pending" },
    { stage_failed, "mia", "start index", RULE_ORDER, "\"add\" is failed" },
    { stage_expanded, "mia", "start drop", RULE_GATE, "\"go-contract\"" },
    { stage_contract, "mia", "start last", RULE_ORDER, "\"drop\" is pending" },
    { stage_nothing, "mia", "start told", RULE_CHECK, "ticked, not started" },
    { stage_nothing, "mia", "tick backup", RULE_SENSED, "\"backup\"" },
    { stage_ticked, "mia", "untick backup", RULE_SENSED, "\"backup\"" },
    { stage_nothing, "mia", "close", RULE_ORDER, "\"backup\" is ready" },
    { stage_ticked, "mia", "close", RULE_ORDER, "\"go-expand\" is not go" },

    /* state */
    { stage_running, "mia", "start add", RULE_STATE, "\"add\" is running" },
    { stage_running, "mia", "next", RULE_STATE, "\"add\" is running" },
    { stage_running, "mia", "retry add", RULE_STATE, "\"add\" has not failed" },
    { stage_running, "mia", "scrub --reason x", RULE_STATE, "add is running" },
    { stage_running, "mia", "probe add", RULE_STATE, "\"add\" is not unknown" },
    { stage_running, "mia", "rule add done --reason x", RULE_STATE, "nothing to rule" },
    { stage_deployed, "mia", "start add", RULE_STATE, "\"add\" is done" },
    { stage_deployed, "mia", "tick add", RULE_STATE, "carried out, not ticked" },
    { stage_deployed, "mia", "tick flag --evidence x", RULE_STATE, "start it first" },
    { stage_deployed, "mia", "cancel add", RULE_STATE, "\"add\" is not running" },
    { stage_deployed, "mia", "untick told", RULE_STATE, "has begun" },
    { stage_ticked, "mia", "tick told", RULE_STATE, "ticked already" },
    { stage_go, "mia", "release", RULE_STATE, "not held" },
    { stage_go, "mia", "vote go-expand go", RULE_STATE, "go already" },
    { stage_go, "mia", "rollback", RULE_STATE, "nothing has run" },
    { stage_go, "mia", "rollback --to add", RULE_STATE, "\"add\" has done nothing" },
    { stage_trouble, "mia", "vote go-expand go", RULE_STATE, "no key" },
    { stage_failed, "mia", "clean add", RULE_STATE, "left nothing behind" },

    /* words that are asked for */
    { stage_nothing, "mia", "scrub", RULE_REASON, "" },
    { stage_nothing, "mia", "note", RULE_REASON, "" },
    { stage_unknown, "mia", "rule add done", RULE_REASON, "" },
    { stage_ticked, "jo", "override calm", RULE_REASON, "\"calm\"" },

    /* held */
    { stage_held, "mia", "start add", RULE_HELD, "by jo: disk is full" },
    { stage_held, "mia", "next", RULE_HELD, "by jo" },
    { stage_held, "mia", "vote go-expand go", RULE_HELD, "by jo" },

    /* unknown */
    { stage_unknown, "mia", "start index", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "next", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "retry add", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "rollback", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "scrub --reason x", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "release", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "close", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "vote go-contract go", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "jo", "override index --reason x", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "tick flag --evidence x", RULE_UNKNOWN_STEP, "add is unknown" },
    { stage_unknown, "mia", "untick told", RULE_UNKNOWN_STEP, "add is unknown" },

    /* leftovers */
    { stage_leftover, "mia", "start index", RULE_LEFTOVER, "public.i" },
    { stage_leftover, "mia", "retry index", RULE_LEFTOVER, "public.i" },

    /* rolling back */
    { stage_rolling, "mia", "start flag", RULE_ROLLING_BACK, "" },
    { stage_rolling, "mia", "rollback", RULE_ROLLING_BACK, "" },
    { stage_rolling, "mia", "scrub --reason x", RULE_ROLLING_BACK, "" },
    { stage_rolling, "mia", "close", RULE_ROLLING_BACK, "" },
    { stage_rolling, "mia", "vote go-contract go", RULE_ROLLING_BACK, "" },
    { stage_rolling, "jo", "override flag --reason x", RULE_ROLLING_BACK, "" },
    { stage_rolling, "mia", "tick told", RULE_ROLLING_BACK, "\"told\"" },
    { stage_rolling, "mia", "retry index", RULE_STATE, "no rollback of \"index\" has failed" },
    { stage_undo_failed, "mia", "retry add", RULE_STATE, "no rollback of \"add\" has failed" },

    /* no return */
    { stage_no_return, "mia", "rollback", RULE_NO_RETURN, "\"drop\" (the data is gone), and nothing after" },
    { stage_no_return, "mia", "rollback --to add", RULE_NO_RETURN, "\"drop\"" },
    { stage_no_return_and_more, "mia", "rollback", RULE_NO_RETURN, "rollback --to report" },
    { stage_drop_runs, "mia", "rollback", RULE_NO_RETURN, "cancel it first" },

    /* overrides */
    { stage_deployed, "jo", "override told --reason x", RULE_OVERRIDE, "\"told\"" },
    { stage_contract, "jo", "override last --reason x", RULE_OVERRIDE, "no gate is ahead" },
    { stage_ticked, "jo", "override told --reason x", RULE_STATE, "\"told\" is done" },
    { stage_nothing, "jo", "override add --reason x", RULE_CHECK, "\"backup\"" },

    /* over */
    { stage_scrubbed, "mia", "start add", RULE_CLOSED, "scrubbed" },
    { stage_scrubbed, "mia", "hold", RULE_CLOSED, "scrubbed" },
    { stage_scrubbed, "mia", "note x", RULE_CLOSED, "scrubbed" },
    { stage_scrubbed, "jo", "vote go-expand no-go", RULE_CLOSED, "scrubbed" },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *s = scene_open(small_book);
        cases[i].stage(s);
        (void)scene_trail(s);
        scene_no(s, cases[i].actor, cases[i].words, cases[i].rule, cases[i].part);
        assert_trail(s, "");
        scene_close(s);
    }
}

/* Rule 7: whatever the state, whoever asks, on whatever screen. */
static void test_hold_always(void **state)
{
    static void (*const stages[])(struct scene * s) = {
        stage_nothing, stage_ticked,  stage_go,        stage_held,    stage_running,
        stage_failed,  stage_unknown, stage_leftover,  stage_rolling, stage_undo_failed,
        stage_manual,  stage_trouble, stage_no_return,
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
        struct scene *s = scene_open(small_book);
        stages[i](s);
        (void)scene_trail(s);
        assert_int_equal(scene_watch(s, "someone", "hold 'stop it'"), RULE_COUNT);
        assert_trail(s, "run.held\n");
        assert_true(s->run->held);
        assert_string_equal(s->run->held_by, "someone");
        assert_string_equal(s->run->held_why, "stop it");
        scene_close(s);
    }
}

static void test_watching_operator(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    assert_int_equal(scene_watch(s, "mia", "vote go-expand go"), RULE_COUNT);
    assert_int_equal(scene_watch(s, "jo", "vote go-expand go"), RULE_COUNT);
    assert_int_equal(scene_watch(s, "mia", "next"), RULE_WATCHER);
    assert_string_equal(s->err.message,
                        "only the operator executes: the operator of this run is mia, who only watches on "
                        "this screen");
    scene_close(s);
}

/* A step that is unknown leaves its probe, a ruling, a hold, a note and a no. */
static void test_heard_while_unknown(void **state)
{
    static const char *const words[] = { "probe add", "note 'it was the network'", "hold",
                                         "vote go-contract no-go", "rule add done --reason 'looked'" };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_unknown(s);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        scene_ok(s, "mia", words[i]);
    assert_state(s, "add", STEP_DONE);
    scene_close(s);
}

/* Rule 7: what runs beside the unknown can be stopped. What is unknown does not run. */
static void test_cancel_beside_unknown(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_contract(s);
    scene_ok(s, "mia", "start drop");
    scene_ok(s, "mia", "start report");
    scene_end(s, "drop", OUTCOME_AMBIGUOUS);
    (void)scene_trail(s);
    scene_no(s, "mia", "cancel drop", RULE_STATE, "\"drop\" is not running");
    scene_ok(s, "mia", "cancel report");
    assert_trail(s, "step.cancelling report\n");
    scene_end(s, "report", OUTCOME_FAILED);
    assert_state(s, "report", STEP_FAILED);
    assert_state(s, "drop", STEP_UNKNOWN);
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_hold_always),
        cmocka_unit_test(test_watching_operator),
        cmocka_unit_test(test_heard_while_unknown),
        cmocka_unit_test(test_cancel_beside_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
