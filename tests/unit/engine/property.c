/*
 * Whatever comes in, in whatever order: many short runs of the small book under random hands. What has to
 * hold is checked by a model of its own, which knows only the events.
 */
#include "scene.h"

#include <stdlib.h>
#include <string.h>

#define SEQUENCES  20000
#define INPUTS_MAX 20
#define STEPS_MAX  16

/* ---- chance, the same each time ---- */

static uint64_t seed;

static uint32_t chance(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 20) % below);
}

/* ---- the model ---- */

static size_t agains; /* how often something was begun once more */

struct model {
    bool succeeded[STEPS_MAX]; /* it was done, and not undone since */
    bool effect[STEPS_MAX];
    uint64_t order[STEPS_MAX];
    bool again[STEPS_MAX];    /* it was begun once more, and what it did the first time stands */
    size_t undone[STEPS_MAX]; /* entries of its rollback that are done */
    bool go[4];
    bool held, rolling;
    size_t unknown;
};

static void check_gates_before(const struct scene *s, const struct model *m, size_t step)
{
    for (size_t i = 0; i < s->book->gate_count; i++) {
        if (s->book->gates[i].phase < s->book->steps[step].phase)
            assert_true(m->go[i]);
    }
}

/* What ran last is undone first. */
static void check_newest(const struct scene *s, const struct model *m, size_t step)
{
    assert_true(m->effect[step]);
    for (size_t i = 0; i < s->book->step_count; i++)
        assert_true(!m->effect[i] || m->order[i] <= m->order[step]);
}

/* Nothing that began later stands: not what a later step did, nor that it was tried. */
static void check_last(const struct scene *s, const struct model *m, size_t step)
{
    for (size_t i = 0; i < s->book->step_count; i++)
        assert_true((!m->effect[i] && !m->succeeded[i]) || m->order[i] <= m->order[step]);
}

static void model_started(struct scene *s, struct model *m, const struct event *event, size_t step)
{
    assert_false(m->held);
    assert_int_equal(m->unknown, 0);
    assert_int_equal(m->rolling, event->entry > 0);
    if (event->entry > 0) {
        check_newest(s, m, step);
        assert_int_equal(event->entry, m->undone[step] + 1);
        return;
    }
    bool again = event->text != NULL && strcmp(event->text, "again") == 0;
    check_gates_before(s, m, step);
    if (!s->run->steps[step].work.between_attempts)
        m->again[step] = again;
    assert_int_equal(m->succeeded[step], again);
    if (again) {
        assert_string_equal(s->environment, "rehearsal");
        check_last(s, m, step);
        m->succeeded[step] = false;
        agains++;
        return;
    }
    m->order[step] = event->seq;
    m->undone[step] = 0;
}

static void model_done(const struct scene *s, struct model *m, const struct event *event, size_t step)
{
    const struct step *def = &s->book->steps[step];
    if (event->entry == 0) {
        m->succeeded[step] = true;
        m->effect[step] = m->effect[step] ||
                          (event->choice == CHOICE_DONE && !m->again[step] && step_kind_changes(def->kind));
        return;
    }
    assert_int_equal(event->entry, ++m->undone[step]);
    if (m->undone[step] == def->rollback_count)
        m->effect[step] = m->succeeded[step] = false;
}

static void model_ended(const struct scene *s, struct model *m, const struct event *event, size_t step)
{
    if (event->choice == CHOICE_DONE || event->choice == CHOICE_SKIPPED)
        model_done(s, m, event, step);
    else if (event->choice == CHOICE_UNKNOWN)
        m->unknown++;
    else if (event->entry == 0 && step_kind_changes(s->book->steps[step].kind) && !event->clean)
        m->effect[step] = true;
}

static void model_ruled(const struct scene *s, struct model *m, const struct event *event, size_t step)
{
    const struct work *work =
        event->entry == 0 ? &s->run->steps[step].work : &s->run->steps[step].undo[event->entry - 1];
    if (work->state == STEP_UNKNOWN)
        m->unknown--;
    if (event->choice == CHOICE_DONE)
        model_done(s, m, event, step);
    else if (event->entry == 0)
        m->effect[step] = event->choice == CHOICE_PARTIAL;
}

static void model_gate(const struct scene *s, struct model *m, const struct event *event)
{
    size_t gate = book_find_gate(s->book, event->subject);
    if (event->type == EVENT_GATE_VOTED) {
        assert_true((strcmp(event->role, "operator") == 0) == (strcmp(event->actor, "mia") == 0));
        return;
    }
    m->go[gate] = event->type == EVENT_GATE_DECIDED && event->choice == CHOICE_GO;
    if (!m->go[gate])
        return;
    assert_false(m->held || m->rolling || m->unknown > 0);
    assert_true(run_gate_met(s->run, gate, s->now));
    for (size_t i = 0; i < s->book->gates[gate].vote_count; i++)
        assert_int_equal(s->run->gates[gate].votes[i].vote, CHOICE_GO);
}

/* What a runner that ends leaves unknown: see what runs now. */
static void model_resumed(const struct scene *s, struct model *m)
{
    m->held = m->held || m->rolling;
    for (size_t i = 0; i < s->book->step_count; i++) {
        const struct run_step *step = &s->run->steps[i];
        for (size_t entry = 0; entry <= s->book->steps[i].rollback_count; entry++) {
            const struct work *work = entry == 0 ? &step->work : &step->undo[entry - 1];
            const struct step *def = entry == 0 ? &s->book->steps[i] : &s->book->steps[i].rollback[entry - 1];
            bool runs = work->state == STEP_RUNNING && def->kind != STEP_MANUAL && def->kind != STEP_WAIT;
            m->held = m->held || runs || work->probing || step->cleaning;
            m->unknown += runs && !work->between_attempts && step_kind_changes(def->kind) ? 1 : 0;
        }
    }
}

static void model_rollback_ended(const struct scene *s, struct model *m)
{
    m->rolling = false;
    m->held = true;
    size_t first = s->run->rollback_phase;
    size_t one_more =
        s->run->rollback_to == BOOK_NONE ? 1 : 0; /* each phase of the book but the last has a gate */
    for (size_t i = 0; first != BOOK_NONE && i < s->book->gate_count; i++)
        m->go[i] = m->go[i] && s->book->gates[i].phase + one_more < first;
    for (size_t i = 0; first != BOOK_NONE && i < s->book->step_count; i++) {
        bool again = !m->effect[i] && s->book->steps[i].phase >= first;
        m->succeeded[i] = m->succeeded[i] && !again;
    }
}

static void watch(struct scene *s, const struct event *event)
{
    struct model *m = s->data;
    size_t step = event->subject != NULL ? book_find_step(s->book, event->subject) : BOOK_NONE;
    switch ((int)event->type) {
    case EVENT_STEP_STARTED:
        model_started(s, m, event, step);
        break;
    case EVENT_STEP_ENDED:
        model_ended(s, m, event, step);
        break;
    case EVENT_STEP_RULED:
        model_ruled(s, m, event, step);
        break;
    case EVENT_GATE_VOTED:
    case EVENT_GATE_DECIDED:
    case EVENT_GATE_LAPSED:
        model_gate(s, m, event);
        break;
    case EVENT_RUN_HELD:
        m->held = true;
        break;
    case EVENT_RUN_RELEASED:
        m->held = false;
        break;
    case EVENT_ROLLBACK_STARTED:
        m->held = false;
        m->rolling = true;
        break;
    case EVENT_ROLLBACK_ENDED:
        model_rollback_ended(s, m);
        break;
    case EVENT_RUN_RESUMED:
        model_resumed(s, m);
        break;
    default:
        break;
    }
}

/* ---- random hands ---- */

static const char *random_step(const struct scene *s)
{
    return s->book->steps[chance((uint32_t)s->book->step_count)].id;
}

static const char *random_subject(const struct scene *s, enum verb verb)
{
    static const char *const items[] = { "calm", "go-expand.1", "go-contract.1", "nothing" };
    if (verb == VERB_VOTE)
        return s->book->gates[chance((uint32_t)s->book->gate_count)].id;
    if (verb == VERB_ROLLBACK && chance(2) == 0)
        return NULL;
    if (verb == VERB_AGAIN)
        return chance(2) == 0 ? "add" : "index";
    return chance(8) == 0 ? items[chance(ARRAY_LEN(items))] : random_step(s);
}

static void random_action(struct scene *s)
{
    static const char *const people[] = { "mia", "mia", "mia", "jo", "jo", "al" };
    static const char *const roles[] = { NULL, NULL, NULL, "reviewer", "operator", "nobody" };
    static const enum choice choices[] = { CHOICE_GO,       CHOICE_GO,      CHOICE_NO_GO, CHOICE_DONE,
                                           CHOICE_NOT_DONE, CHOICE_PARTIAL, CHOICE_NONE };
    struct input input = { .type = INPUT_ACTION, .now = s->now };
    input.action.verb = (enum verb)chance(VERB_COUNT);
    if ((input.action.verb == VERB_SCRUB || input.action.verb == VERB_CLOSE) && chance(20) != 0)
        input.action.verb = VERB_NEXT;
    input.action.actor = people[chance(ARRAY_LEN(people))];
    input.action.watcher = chance(10) == 0;
    input.action.role = roles[chance(ARRAY_LEN(roles))];
    input.action.text = chance(4) != 0 ? "because" : NULL;
    input.action.choice = choices[chance(ARRAY_LEN(choices))];
    input.action.subject = random_subject(s, input.action.verb);
    int r = scene_put(s, &input);
    assert_true(r == 0 || r == ERR_REFUSED);
    assert_true(r == 0 || s->decision.rule < RULE_COUNT);
}

/* Answers what is under way, if anything is: the work that runs, a probe, the removal of a leftover. */
static bool answer(struct scene *s, struct input *input)
{
    for (size_t i = 0; i < s->book->step_count; i++) {
        for (size_t entry = 0; entry <= s->book->steps[i].rollback_count; entry++) {
            const struct work *work = entry == 0 ? &s->run->steps[i].work : &s->run->steps[i].undo[entry - 1];
            const struct step *def = entry == 0 ? &s->book->steps[i] : &s->book->steps[i].rollback[entry - 1];
            bool carried_out = def->kind == STEP_SQL || def->kind == STEP_COMMAND || def->kind == STEP_VERIFY;
            if (!work->probing && (work->state != STEP_RUNNING || work->between_attempts || !carried_out))
                continue;
            input->type = work->probing ? INPUT_PROBED : INPUT_OUTCOME;
            input->step = i;
            input->entry = entry;
            assert_int_equal(scene_put(s, input), 0);
            return true;
        }
        if (s->run->steps[i].cleaning) {
            input->type = INPUT_CLEANED;
            input->step = i;
            input->entry = 0;
            assert_int_equal(scene_put(s, input), 0);
            return true;
        }
    }
    return false;
}

static bool random_answer(struct scene *s)
{
    static const enum choice answers[] = { CHOICE_YES, CHOICE_NO, CHOICE_UNKNOWN };
    struct input input = { .now = s->now, .choice = answers[chance(3)], .text = "because" };
    uint32_t ending = chance(12);
    input.outcome.status = ending < 8 ? OUTCOME_OK : (enum outcome_status)(ending - 7);
    input.outcome.clean = input.outcome.status != OUTCOME_AMBIGUOUS && chance(4) != 0;
    input.outcome.leftover =
        input.outcome.status == OUTCOME_FAILED && !input.outcome.clean ? "public.i" : NULL;
    return answer(s, &input);
}

/* What a run that goes well would see next. */
static void helpful(struct scene *s)
{
    static const char *const words[] = {
        "tick read --evidence x",
        "tick told",
        "vote go-expand go",
        "vote go-contract go",
        "next",
        "tick flag --evidence x",
        "release",
        "close",
    };
    struct input well = { .now = s->now, .choice = CHOICE_YES };
    scene_sense(s, "backup", CHOICE_YES, NULL);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        (void)scene_do(s, "mia", words[i]);
        (void)answer(s, &well);
        if (i < 4)
            (void)scene_do(s, "jo", words[i]);
    }
}

static void random_sample(struct scene *s)
{
    static const double values[] = { 0, 0.2, 0.2, 0.2, 5, 12, 60 };
    bool lag = chance(2) == 0;
    scene_sample(s, lag ? "lag" : "locks",
                 chance(10) == 0 ? NULL
                 : lag           ? "seconds"
                                 : "waiting",
                 lag              ? values[chance(ARRAY_LEN(values))]
                 : chance(8) == 0 ? 51
                                  : 0);
}

static void random_time(struct scene *s)
{
    static const int64_t waits_us[] = { 1, SECOND_US, 5 * SECOND_US, 20 * SECOND_US, HOUR_US };
    if (chance(20) == 0)
        s->now.wall_us += ((int64_t)chance(7200) - 3600) * SECOND_US;
    scene_wait(s, waits_us[chance(ARRAY_LEN(waits_us))]);
}

static void random_input(struct scene *s)
{
    static const enum choice answers[] = { CHOICE_YES, CHOICE_NO, CHOICE_UNKNOWN };
    switch (chance(10)) {
    case 0:
        helpful(s);
        break;
    case 1:
        scene_calm(s, 6);
        break;
    case 2:
        random_sample(s);
        break;
    case 3:
        random_time(s);
        break;
    case 4:
        if (s->run->closed == CHOICE_NONE && chance(4) == 0)
            scene_resume(s, chance(4) == 0 ? "boot-2" : "boot-1");
        break;
    case 5:
        scene_sense(s, "backup", answers[chance(3)], "because");
        break;
    case 6:
    case 7:
        if (random_answer(s))
            break;
        random_action(s);
        break;
    default:
        random_action(s);
        break;
    }
}

/* ---- what has to hold at the end of each input ---- */

static void check_hold_is_heard(struct scene *s)
{
    struct arena *arena = arena_create();
    struct decision decision;
    const struct input hold = { .type = INPUT_ACTION,
                                .now = s->now,
                                .action = { .verb = VERB_HOLD, .actor = "al", .watcher = true } };
    int r = decide(s->run, &hold, arena, &decision, NULL);
    assert_int_equal(r, s->run->closed == CHOICE_NONE ? 0 : ERR_REFUSED);
    arena_destroy(arena);
}

/* What is kept so that looking is cheap is what looking would find. */
static void check_counts(const struct scene *s)
{
    const struct run *run = s->run;
    size_t running = 0, unknown = 0, phase = 0;
    for (size_t i = 0; i < s->book->step_count; i++) {
        for (size_t entry = 0; entry <= s->book->steps[i].rollback_count; entry++) {
            const struct work *work = entry == 0 ? &run->steps[i].work : &run->steps[i].undo[entry - 1];
            running += work->state == STEP_RUNNING ? 1 : 0;
            unknown += work->state == STEP_UNKNOWN ? 1 : 0;
        }
    }
    assert_int_equal(run->counts.running, running);
    assert_int_equal(run->counts.unknown, unknown);
    for (; phase < s->book->phase_count; phase++) {
        const struct phase *def = &s->book->phases[phase];
        bool complete = def->gate == BOOK_NONE || run->gates[def->gate].decision == CHOICE_GO;
        for (size_t i = def->first_step; i < def->first_step + def->step_count; i++)
            complete = complete && run_step_complete(run, i);
        if (!complete)
            break;
    }
    assert_int_equal(run_current_phase(run), phase);
}

static void check_model(const struct scene *s, const struct model *m)
{
    assert_int_equal(m->held && s->run->closed == CHOICE_NONE, s->run->held);
    assert_int_equal(m->rolling, s->run->rolling_back);
    assert_int_equal(m->unknown, s->run->counts.unknown);
    for (size_t i = 0; i < s->book->gate_count; i++)
        assert_int_equal(m->go[i], s->run->gates[i].decision == CHOICE_GO);
}

static void run_sequence(struct scene *s, struct model *m)
{
    int inputs = 5 + (int)chance(INPUTS_MAX - 5);
    static void (*const stages[])(struct scene * s) = { stage_ticked, stage_go, stage_deployed,
                                                        stage_contract };
    uint32_t stage = chance(ARRAY_LEN(stages) + 1);
    if (stage < ARRAY_LEN(stages))
        stages[stage](s);
    for (int i = 0; i < inputs; i++) {
        random_input(s);
        check_hold_is_heard(s);
        check_counts(s);
        check_model(s, m);
    }
    scene_folds(s);
}

static void test_whatever_comes(void **state)
{
    const char *wanted = getenv("TMINUS_TEST_SEQUENCES");
    int count = wanted != NULL ? (int)strtol(wanted, NULL, 10) : SEQUENCES;
    size_t finals[RUN_STATE_COUNT] = { 0 };
    (void)state;
    struct scene *s = scene_of(small_book);
    s->watcher = watch;
    for (int i = 0; i < count; i++) {
        struct model model = { .rolling = false };
        seed = UINT64_C(0x9E3779B97F4A7C15) * (uint64_t)(i + 1);
        s->data = &model;
        s->environment = i % 2 == 0 ? "staging" : "rehearsal";
        scene_again(s);
        run_sequence(s, &model);
        finals[run_state(s->run)]++;
    }
    scene_close(s);
    print_message("%6zu steps were done once more\n", agains);
    assert_true(count < SEQUENCES || agains > 0);
    for (size_t i = 0; i < RUN_STATE_COUNT; i++) {
        print_message("%6zu ended %s\n", finals[i], run_state_word((enum run_state)i));
        /* where nothing is reached nothing is tested */
        if (count >= SEQUENCES)
            assert_true(finals[i] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
