/* The unattended operator, driven through runs in which time and servers are made up. */
#include "rehearse/unattended.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "scene.h"

static const char *const people[] = { "mia", "jo", "ann" };

/* Makes the world: what runs ends well, unless its name is `fails`; what is asked is answered. */
struct world {
    struct scene *scene;
    struct unattended_operator operator;
    const char *fails; /* "add", "add/1"; NULL */
    int64_t attempt;   /* from which on */
    int looks;
    struct unattended_move last;
};

static struct world world_of(const char *book, struct unattended_plan plan)
{
    struct world world = { .scene = scene_rehearse(book) };

    plan.answers.all = "looked at";
    unattended_init(&world.operator, & plan);
    return world;
}

static bool ends_by_itself(const struct step *step)
{
    return step->kind != STEP_MANUAL && step->kind != STEP_WAIT && step->kind != STEP_MARK;
}

/* Ends what runs; whether there was something. */
static bool turn(struct world *world)
{
    struct scene *s = world->scene;

    for (size_t i = 0; i < s->book->step_count; i++) {
        for (size_t entry = 0; entry <= s->book->steps[i].rollback_count; entry++) {
            const struct work *work = run_work(s->run, i, entry);
            char name[64];

            (void)snprintf(name, sizeof(name), entry ? "%s/%zu" : "%s", s->book->steps[i].id, entry);
            if (work->state != STEP_RUNNING || !ends_by_itself(book_work(s->book, i, entry)))
                continue;
            scene_end(s, name,
                      text_equal(name, world->fails) && work->attempt >= world->attempt ? OUTCOME_FAILED
                                                                                        : OUTCOME_OK);
            return true;
        }
        if (step_is_sensed(&s->book->steps[i]) && run_wants_sense(s->run, i) &&
            s->run->steps[i].work.state == STEP_PENDING)
            scene_sense(s, s->book->steps[i].id, CHOICE_YES, NULL);
    }
    return false;
}

static void move(struct world *world)
{
    struct arena *arena = arena_create();
    struct input input = { .type = INPUT_ACTION, .now = world->scene->now };

    unattended_next(&world->operator, world->scene->run, world->scene->now, arena, &world->last);
    if (world->last.kind == MOVE_ACT) {
        input.action = world->last.action;
        input.action.actor = people[world->last.person];
        if (scene_put(world->scene, &input) != 0)
            fail_msg("%s %s: %s", verb_word(input.action.verb),
                     input.action.subject ? input.action.subject : "", world->scene->err.message);
    } else if (world->last.kind == MOVE_LOOK) {
        world->looks++;
        unattended_looked(&world->operator);
    } else if (world->last.kind == MOVE_WAIT && !turn(world)) {
        scene_calm(world->scene, 1);
    }
    arena_destroy(arena);
}

/* Lets it go to its end. */
static void drive(struct world *world)
{
    for (int i = 0; i < 200; i++) {
        move(world);
        if (world->last.kind == MOVE_OVER)
            return;
    }
    fail_msg("it does not come to an end: %s", world->last.text ? world->last.text : "");
}

static struct unattended_plan until(const struct scene *scene, const char *step)
{
    return (struct unattended_plan){ .until = step_of(scene, step), .back = true, .retreats = true };
}

static struct world drive_until(const char *step, const char *fails)
{
    struct scene *scene = scene_of(small_book);
    struct world world = world_of(small_book, until(scene, step));

    scene_close(scene);
    world.fails = fails;
    drive(&world);
    return world;
}

/* ---- what it does ---- */

static void test_whole_way(void **state)
{
    struct world world = world_of(small_book, (struct unattended_plan){ .until = BOOK_NONE });

    (void)state;
    drive(&world);
    assert_int_equal(world.scene->run->closed, CHOICE_FINISHED);
    assert_string_equal(world.operator.failure, "");
    assert_string_equal(world.scene->run->gates[0].votes[1].actor, "jo");
    assert_string_equal(world.scene->run->steps[step_of(world.scene, "read")].work.text,
                        "unattended: looked at");
    scene_close(world.scene);
}

static void test_there_and_back(void **state)
{
    struct world world = drive_until("index", NULL);

    (void)state;
    assert_int_equal(world.scene->run->closed, CHOICE_ABORTED);
    assert_int_equal(world.operator.course, COURSE_CLOSE);
    assert_string_equal(world.operator.failure, "");
    assert_state(world.scene, "add", STEP_ROLLED_BACK);
    assert_state(world.scene, "index", STEP_ROLLED_BACK);
    assert_state(world.scene, "deploy", STEP_PENDING);
    assert_true(world.operator.begun_us <= world.operator.arrived_us);
    assert_true(world.operator.arrived_us <= world.operator.turned_us);
    assert_true(world.operator.turned_us <= world.operator.returned_us);
    scene_close(world.scene);
}

/* What is there is looked at before and after, and it is undone once. */
static void test_again(void **state)
{
    struct scene *scene = scene_of(small_book);
    struct unattended_plan plan = until(scene, "add");
    struct world world;

    (void)state;
    scene_close(scene);
    plan.again = true;
    world = world_of(small_book, plan);
    drive(&world);
    assert_string_equal(world.operator.failure, "");
    assert_int_equal(world.looks, 2);
    assert_int_equal(world.operator.again, CHOICE_DONE);
    assert_int_equal(world.scene->run->closed, CHOICE_ABORTED);
    assert_state(world.scene, "add", STEP_ROLLED_BACK);
    scene_close(world.scene);
}

/* That it fails the second time says nothing against the way there and back. */
static void test_again_fails(void **state)
{
    struct scene *scene = scene_of(small_book);
    struct unattended_plan plan = until(scene, "add");
    struct world world;

    (void)state;
    scene_close(scene);
    plan.again = true;
    world = world_of(small_book, plan);
    world.fails = "add";
    world.attempt = 2;
    drive(&world);
    assert_non_null(strstr(world.operator.failure, "done again: step \"add\" failed"));
    assert_true(world.operator.again_failed);
    assert_int_equal(world.operator.failed_step, BOOK_NONE);
    assert_int_equal(world.scene->run->closed, CHOICE_ABORTED);
    assert_state(world.scene, "add", STEP_ROLLED_BACK);
    scene_close(world.scene);
}

/* A person's work is ticked on the way forward and on the way back. */
static void test_manual(void **state)
{
    struct world world = drive_until("flag", NULL);

    (void)state;
    assert_int_equal(world.scene->run->closed, CHOICE_ABORTED);
    assert_state(world.scene, "flag", STEP_ROLLED_BACK);
    scene_close(world.scene);
}

static void test_failure_turns(void **state)
{
    struct world world = drive_until("flag", "deploy");

    (void)state;
    assert_non_null(strstr(world.operator.failure, "step \"deploy\" failed: it went wrong"));
    assert_int_equal(world.operator.failed_step, step_of(world.scene, "deploy"));
    assert_int_equal(world.scene->run->closed, CHOICE_ABORTED);
    assert_state(world.scene, "add", STEP_ROLLED_BACK);
    scene_close(world.scene);
}

/* Nothing goes on past an entry that failed: neither the rollback nor the run. */
static void test_rollback_that_fails(void **state)
{
    struct world world = drive_until("index", "add/1");

    (void)state;
    assert_int_equal(world.operator.course, COURSE_STUCK);
    assert_non_null(strstr(world.operator.failure, "the rollback of \"add\" failed in its entry 1"));
    assert_int_equal(world.scene->run->closed, CHOICE_NONE);
    scene_close(world.scene);
}

static void test_without_retreat(void **state)
{
    struct world world = world_of(small_book, (struct unattended_plan){ .until = BOOK_NONE });

    (void)state;
    world.fails = "deploy";
    drive(&world);
    assert_int_equal(world.operator.course, COURSE_STUCK);
    assert_state(world.scene, "add", STEP_DONE);
    scene_close(world.scene);
}

/* Past a point of no return what is newer is undone, and the run is given up. */
static void test_no_return(void **state)
{
    struct world world = drive_until("report", NULL);

    (void)state;
    assert_string_equal(world.operator.failure, "");
    assert_int_equal(world.scene->run->closed, CHOICE_SCRUBBED);
    assert_state(world.scene, "report", STEP_ROLLED_BACK);
    assert_state(world.scene, "drop", STEP_DONE);
    assert_state(world.scene, "add", STEP_DONE);
    scene_close(world.scene);
}

static void test_nothing_to_undo(void **state)
{
    static const char *const book =
        "{'tminus':1,'id':'b','title':'B','targets':{'primary':{'engine':'postgresql'}},"
        "'phases':[{'id':'one','kind':'verify','title':'One','steps':["
        "{'id':'look','kind':'verify','title':'Look','target':'primary','sql':'SELECT "
        "0','expect':{'value':0}},"
        "{'id':'again','kind':'verify','title':'Look','target':'primary','sql':'SELECT "
        "0','expect':{'value':0}}]}]}";
    struct world world =
        world_of(book, (struct unattended_plan){ .until = 0, .back = true, .retreats = true });

    (void)state;
    drive(&world);
    assert_string_equal(world.operator.failure, "");
    assert_int_equal(world.scene->run->closed, CHOICE_SCRUBBED);
    scene_close(world.scene);
}

/* Somebody else, or a trigger, holds the run: it does not go on against that. */
static void test_held(void **state)
{
    struct scene *scene = scene_of(small_book);
    struct world world = world_of(small_book, until(scene, "flag"));

    (void)state;
    scene_close(scene);
    while (scene_state(world.scene, "index") != STEP_RUNNING)
        move(&world);
    scene_ok(world.scene, "jo", "hold 'wait a moment'");
    drive(&world);
    assert_non_null(strstr(world.operator.failure, "held by jo: wait a moment"));
    assert_int_equal(world.scene->run->closed, CHOICE_ABORTED);
    assert_state(world.scene, "deploy", STEP_PENDING);
    scene_close(world.scene);
}

/* An interruption turns it at once, a second one leaves it. */
static void test_interrupted(void **state)
{
    struct scene *scene = scene_of(small_book);
    struct world world = world_of(small_book, until(scene, "flag"));

    (void)state;
    scene_close(scene);
    while (scene_state(world.scene, "index") != STEP_RUNNING)
        move(&world);
    unattended_fail(&world.operator, "interrupted");
    assert_int_equal(world.operator.course, COURSE_BACK);
    move(&world);
    assert_true(world.scene->run->held);
    unattended_fail(&world.operator, "interrupted");
    assert_int_equal(world.operator.course, COURSE_STUCK);
    assert_string_equal(world.operator.failure, "interrupted");
    scene_close(world.scene);
}

/* GO is not said before the criteria are met, and never in spite of them. */
static void test_waits_for_criteria(void **state)
{
    struct world world = world_of(small_book, (struct unattended_plan){ .until = BOOK_NONE });

    (void)state;
    for (int i = 0; i < 30; i++) {
        struct arena *arena = arena_create();
        struct input input = { .type = INPUT_ACTION, .now = world.scene->now };

        unattended_next(&world.operator, world.scene->run, world.scene->now, arena, &world.last);
        assert_true(world.last.kind != MOVE_ACT || world.last.action.verb == VERB_TICK);
        input.action = world.last.action;
        input.action.actor = people[world.last.person];
        if (world.last.kind == MOVE_ACT)
            assert_int_equal(scene_put(world.scene, &input), 0);
        else
            assert_non_null(world.last.text);
        if (i == 20)
            scene_sense(world.scene, "backup", CHOICE_YES, NULL);
        scene_sample(world.scene, "lag", "seconds", 4.0);
        scene_wait(world.scene, SECOND_US);
        if (i == 29)
            assert_non_null(strstr(world.last.text, "the criteria of gate \"go-expand\": lag.seconds 4"));
        arena_destroy(arena);
    }
    scene_close(world.scene);
}

/* ---- what it knows of a book ---- */

static void test_steps(void **state)
{
    struct scene *scene = scene_of(small_book);
    size_t steps[32];
    size_t count = unattended_steps(scene->book, steps);

    (void)state;
    assert_int_equal(count, 9);
    assert_int_equal(steps[0], step_of(scene, "add"));
    assert_int_equal(steps[8], step_of(scene, "last"));
    scene_close(scene);
}

static void test_words(void **state)
{
    struct scene *scene = scene_of(small_book);
    const struct unattended_answer one = { "flag.rollback.1", "turned back" };
    const struct unattended_answers answers = { 1, &one, NULL };
    const struct step *flag = &scene->book->steps[step_of(scene, "flag")];

    (void)state;
    assert_true(unattended_asks(flag));
    assert_true(unattended_asks(&flag->rollback[0]));
    assert_true(unattended_asks(&scene->book->steps[step_of(scene, "read")]));
    assert_false(unattended_asks(&scene->book->steps[step_of(scene, "backup")]));
    assert_false(unattended_asks(&scene->book->steps[step_of(scene, "add")]));
    assert_string_equal(unattended_words(&flag->rollback[0], &answers), "turned back");
    assert_null(unattended_words(flag, &answers));
    scene_close(scene);
}

static void test_people(void **state)
{
    static const char *const book =
        "{'tminus':1,'id':'b','title':'B','roles':{'reviewer':{'not':'operator'},'operator':{},"
        "'owner':{'not':'reviewer'},'press':{}},"
        "'phases':[{'id':'one','kind':'verify','title':'One','steps':["
        "{'id':'look','kind':'check','title':'Look'}]}]}";
    struct scene *scene = scene_of(book);
    const struct book *b = scene->book;

    (void)state;
    assert_int_equal(unattended_people(b), 3);
    assert_int_equal(unattended_person(b, book_find_role(b, "operator")), 0);
    assert_int_equal(unattended_person(b, book_find_role(b, "reviewer")), 1);
    assert_int_equal(unattended_person(b, book_find_role(b, "owner")), 2);
    assert_int_equal(unattended_person(b, book_find_role(b, "press")), 1);
    assert_int_equal(unattended_person(b, BOOK_NONE), 0);
    scene_close(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_way),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_manual),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_again_fails),
        cmocka_unit_test(test_failure_turns),
        cmocka_unit_test(test_rollback_that_fails),
        cmocka_unit_test(test_without_retreat),
        cmocka_unit_test(test_no_return),
        cmocka_unit_test(test_nothing_to_undo),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_waits_for_criteria),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_people),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
