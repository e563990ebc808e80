#include "scene.h"

#include <string.h>

static const char *const book =
    "{'tminus':1,'id':'seen','title':'Seen','roles':{'operator':{},'reviewer':{'not':'operator'}},"
    "'phases':[{'id':'a','kind':'preflight','title':'A','steps':["
    "{'id':'box','kind':'check','title':'Box'}],"
    "'gate':{'id':'g','votes':['operator','reviewer'],'witness':true}},"
    "{'id':'b','kind':'expand','title':'B','steps':[{'id':'do','kind':'command','title':'Do','argv':['true'],"
    "'rollback':[{'kind':'none','why':'nothing'}]}]}]}";

static int tell(struct scene *s, enum choice choice, uint64_t seq, const char *text)
{
    const struct input input = {
        .type = INPUT_WITNESS, .now = s->now, .choice = choice, .seq = seq, .value = "00", .text = text
    };
    return scene_put(s, &input);
}

static void holds_all(struct scene *s)
{
    assert_int_equal(tell(s, CHOICE_YES, s->run->last_seq, NULL), 0);
}

static struct scene *voted(void)
{
    struct scene *s = scene_open(book);
    scene_ok(s, "mia", "tick box");
    scene_ok(s, "mia", "vote g go");
    scene_ok(s, "jo", "vote g go");
    (void)scene_trail(s);
    return s;
}

/* All has been said; GO comes with the push of the last of it, not with one before. */
static void test_waits(void **state)
{
    (void)state;
    struct scene *s = voted();
    uint64_t last = s->run->last_seq;
    assert_int_equal(s->run->witness.due, last);
    scene_no(s, "mia", "start do", RULE_WITNESS, "is on its way");
    assert_int_equal(tell(s, CHOICE_YES, last - 1, NULL), 0);
    assert_trail(s, "");
    scene_wait(s, MINUTE_US);
    assert_trail(s, "");
    assert_int_equal(tell(s, CHOICE_YES, last, NULL), 0);
    assert_trail(s, "witness.pushed yes\ngate.decided g go\n");
    scene_ok(s, "mia", "start do");
    scene_close(s);
}

/* What the witness is told about does not ask for another push, nor does what decides nothing: else it would
 * never be done. */
static void test_comes_to_rest(void **state)
{
    (void)state;
    struct scene *s = voted();
    scene_ok(s, "jo", "note looking");
    uint64_t due = s->run->witness.due;
    assert_true(due < s->run->last_seq);
    assert_int_equal(tell(s, CHOICE_NO, 0, "no route"), 0);
    assert_int_equal(s->run->witness.due, due);
    assert_int_equal(tell(s, CHOICE_YES, due, NULL), 0);
    assert_trail(s, "run.note\nwitness.pushed no\nwitness.pushed yes\ngate.decided g go\n");
    /* the decision is the next thing that is due, once */
    holds_all(s);
    assert_trail(s, "witness.pushed yes\n");
    for (int i = 0; i < 3; i++)
        holds_all(s);
    assert_trail(s, "");
    scene_close(s);
}

/* Trouble is told when it begins and when it is over; votes are heard meanwhile, and count. */
static void test_trouble(void **state)
{
    (void)state;
    struct scene *s = scene_open(book);
    assert_int_equal(tell(s, CHOICE_NO, 0, "no route"), 0);
    assert_int_equal(tell(s, CHOICE_NO, 0, "still no route"), 0);
    scene_ok(s, "mia", "tick box");
    scene_ok(s, "mia", "vote g go");
    scene_no(s, "mia", "start do", RULE_GATE, "");
    scene_ok(s, "jo", "vote g go");
    (void)scene_trail(s);
    scene_no(s, "mia", "start do", RULE_WITNESS, "no route");
    scene_no(s, "mia", "close", RULE_WITNESS, "no route");
    holds_all(s);
    assert_null(s->run->witness.trouble);
    assert_trail(s, "witness.pushed yes\ngate.decided g go\n");
    scene_close(s);
}

/* What is said after a push has to be pushed too. */
static void test_later_word(void **state)
{
    (void)state;
    struct scene *s = voted();
    uint64_t before = s->run->last_seq;
    scene_ok(s, "jo", "vote g no-go");
    scene_ok(s, "jo", "vote g go");
    (void)scene_trail(s);
    assert_int_equal(tell(s, CHOICE_YES, before, NULL), 0);
    assert_trail(s, "");
    holds_all(s);
    assert_trail(s, "witness.pushed yes\ngate.decided g go\n");
    scene_close(s);
}

/* Another history: held once, and nothing more is decided on it, whoever releases, until it is ours again. */
static void test_alarm(void **state)
{
    (void)state;
    struct scene *s = voted();
    assert_int_equal(tell(s, CHOICE_UNKNOWN, 0, "fetch first"), 0);
    assert_int_equal(tell(s, CHOICE_UNKNOWN, 0, "fetch first"), 0);
    assert_int_equal(tell(s, CHOICE_NO, 0, "no route"), 0);
    assert_trail(s, "witness.alarmed\nrun.held\n");
    assert_non_null(strstr(s->run->held_why, "fetch first"));
    scene_ok(s, "mia", "release");
    scene_no(s, "mia", "start do", RULE_WITNESS, "another history");
    scene_no(s, "jo", "vote g go", RULE_WITNESS, "another history");
    assert_int_equal(s->run->gates[0].decision, CHOICE_NONE);
    (void)scene_trail(s);
    holds_all(s);
    assert_trail(s, "witness.pushed yes\ngate.decided g go\n");
    scene_close(s);
}

/* A run that is held already is not held again: who held it stays known. */
static void test_alarm_while_held(void **state)
{
    (void)state;
    struct scene *s = voted();
    scene_ok(s, "jo", "hold");
    (void)scene_trail(s);
    assert_int_equal(tell(s, CHOICE_UNKNOWN, 0, NULL), 0);
    assert_trail(s, "witness.alarmed\n");
    assert_string_equal(s->run->held_by, "jo");
    scene_close(s);
}

/* After the end a push that goes well is not recorded: the record would have to be pushed. */
static void test_end(void **state)
{
    (void)state;
    struct scene *s = scene_open(book);
    scene_ok(s, "mia", "scrub --reason over");
    (void)scene_trail(s);
    holds_all(s);
    assert_trail(s, "");
    assert_int_equal(tell(s, CHOICE_NO, 0, "no route"), 0);
    assert_int_equal(tell(s, CHOICE_NO, 0, "no route"), 0);
    assert_trail(s, "witness.pushed no\n");
    holds_all(s);
    holds_all(s);
    assert_trail(s, "witness.pushed yes\n");
    assert_int_equal(tell(s, CHOICE_UNKNOWN, 0, "fetch first"), 0);
    assert_trail(s, "witness.alarmed\n");
    scene_close(s);
}

/* Neither a runner nor a journal can say that it holds what did not happen, or decide without it. */
static void test_impossible(void **state)
{
    (void)state;
    struct scene *s = voted();
    struct err err = ERR_INIT;
    assert_int_equal(tell(s, CHOICE_YES, s->run->last_seq + 1, NULL), ERR_CORRUPT);
    struct event event = { .seq = s->run->last_seq + 1,
                           .type = EVENT_GATE_DECIDED,
                           .at = s->now,
                           .actor = EVENT_ACTOR_SELF,
                           .subject = "g",
                           .choice = CHOICE_GO };
    assert_int_equal(run_apply(s->run, &event, &err), ERR_CORRUPT);
    event = (struct event){ .seq = s->run->last_seq + 1,
                            .type = EVENT_WITNESS_PUSHED,
                            .at = s->now,
                            .actor = EVENT_ACTOR_SELF,
                            .choice = CHOICE_YES,
                            .attempt = (int64_t)s->run->last_seq + 1 };
    assert_int_equal(run_apply(s->run, &event, &err), ERR_CORRUPT);
    scene_close(s);
}

/* Where the book asks for none, nothing waits, and the record is still made. */
static void test_not_asked(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    assert_int_equal(tell(s, CHOICE_NO, 0, "no route"), 0);
    stage_go(s);
    assert_int_equal(s->run->gates[0].decision, CHOICE_GO);
    scene_close(s);
}

/* Where the policy requires it, a gate waits that the book says nothing about. */
static void test_everywhere(void **state)
{
    (void)state;
    struct scene *s = scene_of(small_book);
    struct input open = { .type = INPUT_OPEN,
                          .now = s->now,
                          .action = { .actor = "mia" },
                          .open = { .run = "run-1", .boot = "boot-1", .witness = EVENT_WITNESS_EVERYWHERE } };
    assert_int_equal(scene_put(s, &open), 0);
    stage_ticked(s);
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "vote go-expand go");
    assert_int_equal(s->run->gates[0].decision, CHOICE_NONE);
    struct run *again = scene_fold(s);
    assert_true(run_gate_asks_witness(again, 0));
    run_destroy(again);
    holds_all(s);
    assert_int_equal(s->run->gates[0].decision, CHOICE_GO);
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits),     cmocka_unit_test(test_comes_to_rest),
        cmocka_unit_test(test_trouble),   cmocka_unit_test(test_later_word),
        cmocka_unit_test(test_alarm),     cmocka_unit_test(test_alarm_while_held),
        cmocka_unit_test(test_end),       cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_not_asked), cmocka_unit_test(test_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
