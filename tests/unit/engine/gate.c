/* Gates: what GO is bound to, and when it is not. */
#include "scene.h"

#include <string.h>

static const struct run_gate *gate_of(const struct scene *s, const char *id)
{
    return &s->run->gates[book_find_gate(s->book, id)];
}

/* ---- GO needs every criterion met by fresh samples ---- */

static void no_sample(struct scene *s)
{
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_ok(s, "mia", "tick told");
}

static void not_long_enough(struct scene *s)
{
    no_sample(s);
    scene_calm(s, 5);
}

static void too_much(struct scene *s)
{
    stage_ticked(s);
    scene_samples(s, "lag", "seconds", 1, 1);
}

static void held_anew(struct scene *s)
{
    too_much(s);
    scene_calm(s, 3);
}

static void stale(struct scene *s)
{
    stage_ticked(s);
    scene_wait(s, 3 * SECOND_US);
    scene_sample(s, "locks", "waiting", 0);
    scene_wait(s, 1);
}

static void no_answer(struct scene *s)
{
    stage_ticked(s);
    scene_sample(s, "lag", NULL, 0);
}

static void other_metric(struct scene *s)
{
    stage_ticked(s);
    scene_sample(s, "lag", "bytes", 0);
}

static void after_a_gap(struct scene *s)
{
    stage_ticked(s);
    scene_wait(s, 3 * SECOND_US + 1);
    scene_sample(s, "lag", "seconds", 0.2);
    scene_sample(s, "locks", "waiting", 0);
}

static void someone_waits(struct scene *s)
{
    stage_ticked(s);
    scene_sample(s, "locks", "waiting", 3);
}

static void test_criteria(void **state)
{
    static const struct {
        void (*stage)(struct scene *s);
        const char *message;
    } rows[] = {
        { no_sample, "\"go-expand.1\" is not met: lag.seconds unknown (< 1): no sample yet" },
        { not_long_enough, "\"go-expand.1\" is not met: lag.seconds 0.2 (< 1, held 4.0 s of 5.0 s)" },
        { too_much, "\"go-expand.1\" is not met: lag.seconds 1 (< 1)" },
        { held_anew, "\"go-expand.1\" is not met: lag.seconds 0.2 (< 1, held 2.0 s of 5.0 s)" },
        { stale, "\"go-expand.1\" is not met: lag.seconds 0.2 (< 1): stale, 3.0 s old" },
        { no_answer, "\"go-expand.1\" is not met: lag.seconds unknown (< 1): connection lost" },
        { other_metric,
          "\"go-expand.1\" is not met: lag.seconds unknown (< 1): the last sample does not tell it" },
        { after_a_gap, "\"go-expand.1\" is not met: lag.seconds 0.2 (< 1, held 0 ms of 5.0 s)" },
        { someone_waits, "\"calm\" is not met: locks.waiting 3 (= 0)" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        rows[i].stage(s);
        scene_no(s, "jo", "vote go-expand go", RULE_CRITERION, rows[i].message);
        /* no is always heard */
        scene_ok(s, "jo", "vote go-expand no-go");
        assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_NO_GO);
        scene_close(s);
    }
}

static void test_values_seen(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_ok(s, "mia", "vote go-expand go --reason 'all calm'");
    assert_string_equal(gate_of(s, "go-expand")->votes[0].text, "all calm");
    scene_ok(s, "jo", "vote go-expand go");
    assert_non_null(strstr(buf_str(&s->records), "\"type\":\"gate.decided\""));
    assert_non_null(strstr(strstr(buf_str(&s->records), "\"type\":\"gate.decided\""),
                           "lag.seconds 0.2 (< 1, held 6.0 s); locks.waiting 0 (= 0, held 6.0 s)"));
    scene_close(s);
}

/* ---- lapses ---- */

static void lag_rises(struct scene *s)
{
    scene_samples(s, "lag", "seconds", 2, 1);
}

static void samples_stop(struct scene *s)
{
    scene_wait(s, 3 * SECOND_US + 1);
}

static void monitor_is_lost(struct scene *s)
{
    scene_sample(s, "lag", NULL, 0);
}

static void box_is_unticked(struct scene *s)
{
    scene_ok(s, "jo", "untick told");
}

static void sense_turns(struct scene *s)
{
    scene_sense(s, "backup", CHOICE_NO, "gone");
}

static void sense_is_silent(struct scene *s)
{
    scene_calm(s, 61);
}

static void test_vote_lapses(void **state)
{
    static const struct {
        void (*change)(struct scene *s);
        const char *why;
    } rows[] = {
        { lag_rises, "lag.seconds 2 (< 1)" },
        { samples_stop, "lag.seconds 0.2 (< 1): stale, 3.0 s old" },
        { monitor_is_lost, "lag.seconds unknown (< 1): connection lost" },
        { box_is_unticked, "told is pending" },
        { sense_turns, "backup is pending" },
        { sense_is_silent, "backup is pending" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        stage_ticked(s);
        scene_ok(s, "mia", "vote go-expand go");
        rows[i].change(s);
        assert_string_equal(gate_of(s, "go-expand")->lapsed, rows[i].why);
        assert_int_equal(gate_of(s, "go-expand")->votes[0].vote, CHOICE_NONE);
        scene_close(s);
    }
}

static void test_approval_lapses(void **state)
{
    static const struct {
        void (*change)(struct scene *s);
        const char *why;
    } rows[] = {
        { lag_rises, "lag.seconds 2 (< 1)" },
        { samples_stop, "lag.seconds 0.2 (< 1): stale, 3.0 s old" },
        { monitor_is_lost, "lag.seconds unknown (< 1): connection lost" },
        { box_is_unticked, "told is pending" },
        { sense_turns, "backup is pending" },
        { sense_is_silent, "backup is pending" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scene *s = scene_open(small_book);
        stage_go(s);
        rows[i].change(s);
        assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_NONE);
        assert_string_equal(gate_of(s, "go-expand")->lapsed, rows[i].why);
        assert_int_not_equal(scene_do(s, "mia", "start add"), RULE_COUNT);
        scene_close(s);
    }
}

static void test_approval_ages(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    for (int i = 0; i < 15; i++) {
        scene_sense(s, "backup", CHOICE_YES, NULL);
        scene_calm(s, 60);
    }
    assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_GO);
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_calm(s, 1);
    assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_NONE);
    assert_string_equal(gate_of(s, "go-expand")->lapsed, "nothing was started for 15:01");
    scene_no(s, "mia", "start add", RULE_GATE, "go-expand");
    scene_close(s);
}

/* What began on an approval is not called back when the lag rises; triggers are there for that. */
static void test_approval_is_history(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    lag_rises(s);
    assert_false(run_wants_sense(s->run, step_of(s, "backup")));
    sense_turns(s);
    scene_wait(s, HOUR_US);
    assert_state(s, "backup", STEP_DONE);
    assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_GO);
    scene_ok(s, "mia", "start index");
    scene_close(s);
}

/* What was begun on an approval that is over says nothing for the next one. */
static void test_approved_anew(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "jo", "vote go-expand no-go");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_calm(s, 7);
    scene_ok(s, "jo", "vote go-expand go");
    assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_GO);
    lag_rises(s);
    assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_NONE);
    scene_no(s, "mia", "start index", RULE_GATE, "\"go-expand\"");
    scene_close(s);
}

/* ---- no ---- */

static void test_no_go_stays(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_ok(s, "jo", "vote go-expand no-go --reason 'backup is too old'");
    assert_trail(s, "check.ticked backup\ncheck.ticked read\ncheck.ticked told\n"
                    "gate.voted go-expand no-go\ngate.decided go-expand no-go\n");
    scene_ok(s, "mia", "vote go-expand go");
    scene_no(s, "mia", "start add", RULE_GATE, "and is no-go");
    scene_ok(s, "jo", "vote go-expand go");
    assert_trail(s, "gate.voted go-expand go\ngate.voted go-expand go\ngate.decided go-expand go\n");
    scene_close(s);
}

static void test_no_go_after_the_fact(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_go(s);
    scene_run(s, "add");
    scene_ok(s, "jo", "vote go-expand no-go");
    scene_no(s, "mia", "start index", RULE_GATE, "\"go-expand\"");
    scene_close(s);
}

static void test_no_vote_while_held(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "hold");
    scene_no(s, "jo", "vote go-expand go", RULE_HELD, "by jo");
    scene_ok(s, "jo", "vote go-expand no-go");
    scene_close(s);
}

/* A GO that was complete before the hold is not decided in it. */
static void test_trouble_waits(void **state)
{
    struct input input = { .type = INPUT_TROUBLE, .text = "disk is full" };
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_ok(s, "mia", "vote go-expand go");
    input.now = s->now;
    assert_int_equal(scene_put(s, &input), 0);
    assert_int_equal(scene_put(s, &input), 0);
    scene_no(s, "jo", "vote go-expand go", RULE_STATE, "disk is full");
    (void)scene_trail(s);
    input.text = "";
    assert_int_equal(scene_put(s, &input), 0);
    scene_ok(s, "jo", "vote go-expand go");
    assert_trail(s, "trail.trouble\ngate.voted go-expand go\ngate.decided go-expand go\n");
    scene_close(s);
}

/* ---- who ---- */

static const char *const three_roles_book =
    "{'tminus':1,'id':'roles','title':'Roles','targets':{'p':{'engine':'postgresql'}},"
    "'roles':{'operator':{},'dba':{'not':'operator'},'owner':{'not':'dba'}},"
    "'phases':[{'id':'a','kind':'preflight','title':'A','steps':["
    "{'id':'box','kind':'check','title':'Box'},"
    "{'id':'dba-box','kind':'check','title':'Box of the dba','by':'dba'}],"
    "'gate':{'id':'g','votes':['dba','owner']}}]}";

/* A gate that asks nobody is decided by its criteria alone, and not while the run is held. */
static const char *const no_votes_book =
    "{'tminus':1,'id':'auto','title':'Auto','targets':{'p':{'engine':'postgresql'}},"
    "'monitors':[{'id':'lag','kind':'lag','target':'p'}],"
    "'phases':[{'id':'a','kind':'preflight','title':'A','steps':[{'id':'box','kind':'check','title':'Box'}],"
    "'gate':{'id':'g','criteria':[{'metric':'lag.seconds','is':'<','value':1}]}},"
    "{'id':'b','kind':'verify','title':'B','steps':[{'id':'box-2','kind':'check','title':'Box'}]}]}";

static void test_no_votes(void **state)
{
    struct input input = { .type = INPUT_TROUBLE, .text = "disk is full" };
    (void)state;
    struct scene *s = scene_open(no_votes_book);
    scene_samples(s, "lag", "seconds", 0, 1);
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_NONE); /* its phase is not complete */
    scene_wait(s, MINUTE_US);
    scene_ok(s, "mia", "tick box");
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_NONE);
    scene_ok(s, "jo", "hold");
    scene_samples(s, "lag", "seconds", 0, 1);
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_NONE);
    input.now = s->now;
    assert_int_equal(scene_put(s, &input), 0);
    scene_ok(s, "mia", "release");
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_NONE);
    input.text = NULL;
    assert_int_equal(scene_put(s, &input), 0);
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_GO);
    /* ticking a box begins nothing: the approval can still lapse */
    scene_ok(s, "mia", "tick box-2");
    scene_samples(s, "lag", "seconds", 2, 1);
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_NONE);
    scene_close(s);
}

static void test_override_comes_with_its_gate(void **state)
{
    static const char *const book =
        "{'tminus':1,'id':'late','title':'Late','targets':{'p':{'engine':'postgresql'}},"
        "'roles':{'operator':{},'reviewer':{'not':'operator'}},"
        "'monitors':[{'id':'lag','kind':'lag','target':'p'}],"
        "'phases':[{'id':'a','kind':'preflight','title':'A','steps':[{'id':'box','kind':'check','title':'Box'"
        "}]},"
        "{'id':'b','kind':'verify','title':'B','steps':[{'id':'box-2','kind':'check','title':'Box'}],"
        "'gate':{'id':'g','votes':['operator'],'override':{'by':'reviewer'},"
        "'criteria':[{'id':'low','metric':'lag.seconds','is':'<','value':1}]}}]}";
    (void)state;
    struct scene *s = scene_open(book);
    scene_no(s, "jo", "override low --reason x", RULE_CHECK, "\"box\"");
    scene_no(s, "jo", "override box --reason x", RULE_OVERRIDE, "\"box\" stands before no gate");
    scene_no(s, "jo", "override box-2 --reason x", RULE_CHECK, "\"box\"");
    scene_ok(s, "mia", "tick box");
    scene_no(s, "mia", "override low --reason x", RULE_SELF_VOTE, "reviewer");
    scene_ok(s, "jo", "override low --reason x");
    scene_close(s);
}

static void test_roles(void **state)
{
    (void)state;
    struct scene *s = scene_open(three_roles_book);
    scene_no(s, "mia", "override box --reason x", RULE_OVERRIDE, "at gate \"g\"");
    scene_ok(s, "mia", "tick box");
    scene_ok(s, "jo", "tick dba-box");
    scene_no(s, "al", "vote g go", RULE_ROLE, "say as which");
    scene_no(s, "mia", "vote g go", RULE_ROLE, "say as which");
    scene_no(s, "mia", "vote g go --role dba", RULE_SELF_VOTE, "mia is operator");
    scene_no(s, "mia", "vote g go --role operator", RULE_NAME, "operator");
    /* who ticked as one role cannot vote as the other */
    scene_no(s, "jo", "vote g go --role owner", RULE_SELF_VOTE, "jo is dba");
    scene_ok(s, "al", "vote g go --role owner");
    scene_no(s, "al", "vote g go --role dba", RULE_SELF_VOTE, "al is owner");
    scene_ok(s, "mia", "vote g go --role owner"); /* nothing keeps the operator from that one */
    scene_ok(s, "jo", "vote g go --role dba");
    assert_int_equal(gate_of(s, "g")->decision, CHOICE_GO);
    scene_ok(s, "mia", "close");
    scene_close(s);
}

/* ---- overrides ---- */

static void test_override_criterion(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_sample(s, "locks", "waiting", 2);
    scene_no(s, "mia", "vote go-expand go", RULE_CRITERION, "calm");
    scene_ok(s, "jo", "override calm --reason 'two reports, they end soon'");
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "vote go-expand go");
    assert_int_equal(gate_of(s, "go-expand")->decision, CHOICE_GO);
    assert_non_null(strstr(buf_str(&s->records), "locks.waiting 2 (= 0), overridden by jo: two reports"));
    /* it is void with the approval that it was for */
    lag_rises(s);
    scene_calm(s, 7);
    scene_sample(s, "locks", "waiting", 2);
    scene_no(s, "mia", "vote go-expand go", RULE_CRITERION, "calm");
    scene_close(s);
}

/* A name in other letters is nobody else, and blanks say nothing. */
static void test_one_person_one_vote(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_ticked(s);
    scene_no(s, "MIA", "vote go-expand go --role reviewer", RULE_SELF_VOTE, "MIA is operator");
    scene_ok(s, "Mia", "untick read");
    scene_no(s, "Mia", "tick read --evidence x", RULE_ROLE, "has to be somebody else");
    scene_no(s, "jo", "tick read --evidence '  '", RULE_EVIDENCE, "");
    scene_no(s, "jo", "override read --reason ' '", RULE_REASON, "");
    scene_no(s, "MIA", "scrub --reason ' '", RULE_REASON, "");
    scene_no(s, "jo", "note ' '", RULE_REASON, "");
    scene_close(s);
}

static void test_override_step(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_calm(s, 7);
    scene_no(s, "mia", "vote go-expand go", RULE_CHECK, "\"told\" (Everybody was told)");
    scene_ok(s, "jo", "override told --reason 'it is 3 in the morning'");
    assert_state(s, "told", STEP_DEFERRED);
    size_t complete, total;
    run_progress(s->run, &complete, &total);
    assert_true(run_step_complete(s->run, step_of(s, "told")));
    assert_int_equal(complete, 2); /* what was put off is not done */
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "vote go-expand go");
    scene_run(s, "add");
    scene_run(s, "index");
    scene_run(s, "deploy");
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence x");
    scene_ok(s, "mia", "next");
    scene_calm(s, 3);
    scene_run(s, "parity");
    /* and there it is again */
    scene_no(s, "mia", "vote go-contract go", RULE_ORDER, "deferred: \"told\"");
    scene_no(s, "mia", "override told --reason x", RULE_SELF_VOTE, "mia");
    scene_ok(s, "jo", "override told --reason 'still night'");
    scene_ok(s, "mia", "vote go-contract go");
    scene_ok(s, "jo", "vote go-contract go");
    assert_int_equal(gate_of(s, "go-contract")->decision, CHOICE_GO);
    /* it can still be done */
    scene_ok(s, "mia", "tick told");
    assert_state(s, "told", STEP_DONE);
    assert_int_equal(gate_of(s, "go-contract")->decision, CHOICE_GO);
    scene_close(s);
}

/* What was deferred again at an earlier gate is not accepted at the last one by that. */
static void test_deferred_at_the_end(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence x");
    scene_ok(s, "mia", "next");
    scene_calm(s, 3);
    scene_ok(s, "jo", "override parity --reason x");
    scene_ok(s, "mia", "vote go-contract go");
    scene_ok(s, "jo", "vote go-contract go");
    scene_run(s, "report");
    scene_run(s, "drop");
    scene_run(s, "last");
    scene_ok(s, "jo", "vote go-contract no-go");
    scene_no(s, "mia", "close", RULE_ORDER, "\"go-contract\" is not go");
    scene_calm(s, 1);
    scene_ok(s, "mia", "vote go-contract go");
    scene_ok(s, "jo", "vote go-contract go");
    s->run->steps[step_of(s, "parity")].deferred_gate = 0; /* as a journal of another program might have it */
    scene_no(s, "mia", "close", RULE_ORDER, "deferred: \"parity\"");
    scene_close(s);
}

/* A deferred step that is tried after all and fails can be deferred again. */
static void test_override_again(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    stage_deployed(s);
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence x");
    scene_ok(s, "mia", "next");
    scene_calm(s, 3);
    scene_ok(s, "jo", "override parity --reason 'a known difference'");
    scene_ok(s, "mia", "vote go-contract go");
    scene_ok(s, "jo", "vote go-contract go");
    scene_ok(s, "mia", "start report");
    scene_no(s, "mia", "start parity", RULE_STATE, "\"report\" is running");
    scene_end(s, "report", OUTCOME_OK);
    scene_ok(s, "mia", "start parity");
    scene_end(s, "parity", OUTCOME_FAILED);
    scene_no(s, "mia", "start drop", RULE_ORDER, "\"parity\" is failed");
    scene_run(s, "parity");
    assert_state(s, "parity", STEP_DONE);
    assert_int_equal(s->run->steps[step_of(s, "parity")].deferred_gate, BOOK_NONE);
    scene_run(s, "drop");
    scene_close(s);
}

static void test_sensed_box_comes_up_again(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_ok(s, "mia", "tick told");
    scene_calm(s, 7);
    scene_ok(s, "jo", "override backup --reason 'the query is wrong'");
    scene_ok(s, "mia", "vote go-expand go");
    scene_sense(s, "backup", CHOICE_YES, NULL);
    assert_state(s, "backup", STEP_DONE);
    assert_int_equal(gate_of(s, "go-expand")->votes[0].vote, CHOICE_GO);
    scene_close(s);
}

/* At a later gate that lets nobody put it off once more it could never be ticked if nobody asked. */
static void test_deferred_box_is_asked_for(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    scene_ok(s, "jo", "tick read --evidence x");
    scene_ok(s, "mia", "tick told");
    scene_calm(s, 7);
    scene_ok(s, "jo", "override backup --reason 'the query is wrong'");
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "vote go-expand go");
    scene_run(s, "add");
    assert_true(run_wants_sense(s->run, step_of(s, "backup")));
    scene_sense(s, "backup", CHOICE_YES, NULL);
    assert_state(s, "backup", STEP_DONE);
    assert_false(run_wants_sense(s->run, step_of(s, "backup")));
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_criteria),
        cmocka_unit_test(test_values_seen),
        cmocka_unit_test(test_vote_lapses),
        cmocka_unit_test(test_approval_lapses),
        cmocka_unit_test(test_approval_ages),
        cmocka_unit_test(test_approval_is_history),
        cmocka_unit_test(test_approved_anew),
        cmocka_unit_test(test_deferred_box_is_asked_for),
        cmocka_unit_test(test_no_go_stays),
        cmocka_unit_test(test_no_go_after_the_fact),
        cmocka_unit_test(test_no_vote_while_held),
        cmocka_unit_test(test_trouble_waits),
        cmocka_unit_test(test_no_votes),
        cmocka_unit_test(test_override_comes_with_its_gate),
        cmocka_unit_test(test_deferred_at_the_end),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_override_criterion),
        cmocka_unit_test(test_override_step),
        cmocka_unit_test(test_override_again),
        cmocka_unit_test(test_one_person_one_vote),
        cmocka_unit_test(test_sensed_box_comes_up_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
