/* A run from its opening to its end, forward and back. */
#include "scene.h"

/* Samples that meet every criterion, each second. */
static void calm(struct scene *s, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        scene_samples(s, "lag", "seconds", 0.2, 1);
        scene_sample(s, "locks", "waiting", 0);
    }
}

static void through_first_gate(struct scene *s)
{
    scene_sense(s, "backup", CHOICE_YES, NULL);
    scene_ok(s, "jo", "tick read --evidence 'all of it'");
    scene_ok(s, "mia", "tick told");
    calm(s, 7);
    scene_ok(s, "mia", "vote go-expand go");
    scene_ok(s, "jo", "vote go-expand go");
}

static void test_forward(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    through_first_gate(s);
    assert_trail(s, "check.ticked backup\ncheck.ticked read\ncheck.ticked told\n"
                    "gate.voted go-expand go\ngate.voted go-expand go\ngate.decided go-expand go\n");
    scene_ok(s, "mia", "next");
    scene_end(s, "add", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_end(s, "index", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_end(s, "deploy", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_ok(s, "mia", "tick flag --evidence 'it is on'");
    scene_ok(s, "mia", "next");
    calm(s, 4);
    scene_ok(s, "mia", "next");
    scene_end(s, "parity", OUTCOME_OK);
    assert_trail(
        s, "step.started add\nstep.ended add done\nstep.started index\nstep.ended index done\n"
           "step.started deploy\nstep.ended deploy done\nstep.started flag\nstep.ended flag done\n"
           "step.started settle\nstep.ended settle done\nstep.started parity\nstep.ended parity done\n");
    scene_ok(s, "jo", "vote go-contract go");
    scene_ok(s, "mia", "vote go-contract go");
    scene_ok(s, "mia", "start drop");
    scene_ok(s, "mia", "start report");
    scene_end(s, "drop", OUTCOME_OK);
    scene_end(s, "report", OUTCOME_OK);
    scene_ok(s, "mia", "next");
    scene_end(s, "last", OUTCOME_OK);
    scene_ok(s, "mia", "close");
    assert_int_equal(run_state(s->run), RUN_FINISHED);
    scene_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
