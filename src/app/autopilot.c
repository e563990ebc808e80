#include "autopilot.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "follower.h"
#include "lines.h"

#define THINK_MS 100
#define REVIEWER "jo"
/* A criterion that has to hold for a while is refused until it has; a rule that still says no after this is
 * one that the script did not reckon with. */
#define PATIENCE_US (30 * SECOND_US)

enum person { OPERATOR, SECOND, PEOPLE };

/* What is shown besides the way through: a hold by the second person and a rollback of what ran so far, once,
 * when two changes have been made. */
enum scene { SCENE_BEFORE, SCENE_HOLD, SCENE_ROLLBACK, SCENE_RELEASE, SCENE_OVER };

struct autopilot {
    uv_loop_t loop;
    uv_timer_t think;
    struct follower *people[PEOPLE];
    enum scene scene;
    bool asked; /* an action is out */
    bool lost;
    int64_t begun_us, limit_us;
    int64_t refused_since_us; /* 0: the last one was accepted */
    char refusal[ERR_MESSAGE_MAX];
    int result;
    struct err err;
};

static void stop(struct autopilot *pilot, int result)
{
    pilot->result = result;
    uv_stop(&pilot->loop);
}

/* ---- what a careful person does next ---- */

static enum person person_of_role(const struct run *run, size_t role)
{
    return role == BOOK_NONE || text_equal(run->book->roles[role].id, "operator") ? OPERATOR : SECOND;
}

/* Steps whose effect stands; the oldest of them in `ret_first`. */
static size_t changes_made(const struct run *run, size_t *ret_first)
{
    size_t steps[BOOK_STEPS_MAX];
    size_t count = run_rollback_list(run, BOOK_NONE, steps, BOOK_STEPS_MAX);

    *ret_first = count > 0 ? steps[count - 1] : BOOK_NONE;
    return count;
}

/* The next action of the demonstration; false when there is none now. */
static bool choose_scene(struct autopilot *pilot, const struct run *run, enum person *who,
                         struct action *action)
{
    size_t first;

    switch (pilot->scene) {
    case SCENE_BEFORE:
        if (changes_made(run, &first) < 2 || run_running_step(run, NULL) != BOOK_NONE)
            return false;
        *who = SECOND;
        *action = (struct action){ .verb = VERB_HOLD, .text = "wait: I want to see the way back work once" };
        pilot->scene = SCENE_HOLD;
        return true;
    case SCENE_HOLD:
        if (!run->held || changes_made(run, &first) == 0)
            return false;
        *who = OPERATOR;
        *action = (struct action){ .verb = VERB_ROLLBACK,
                                   .subject = run->book->steps[first].id,
                                   .text = "shown to the reviewer" };
        pilot->scene = SCENE_ROLLBACK;
        return true;
    case SCENE_ROLLBACK:
        if (run->rolling_back || !run->held)
            return false;
        *who = OPERATOR;
        *action = (struct action){ .verb = VERB_RELEASE, .text = "the way back works; forward again" };
        pilot->scene = SCENE_RELEASE;
        return true;
    case SCENE_RELEASE:
        pilot->scene = SCENE_OVER;
        return false;
    case SCENE_OVER:
        break;
    }
    return false;
}

/* A check of the current phase that waits for a person, or a person's work that is under way. */
static bool choose_tick(const struct run *run, size_t phase, enum person *who, struct action *action)
{
    const struct phase *p = &run->book->phases[phase];

    for (size_t i = p->first_step; i < p->first_step + p->step_count; i++) {
        const struct step *step = &run->book->steps[i];
        bool open_check = step->kind == STEP_CHECK && !step_is_sensed(step) && !run_step_complete(run, i);
        bool at_work = step->kind == STEP_MANUAL && run->steps[i].work.state == STEP_RUNNING;

        if (!open_check && !at_work)
            continue;
        *who = step->by ? person_of_role(run, book_find_role(run->book, step->by)) : OPERATOR;
        *action = (struct action){ .verb = VERB_TICK,
                                   .subject = step->id,
                                   .text = step->evidence ? "seen by the scripted demonstration" : NULL };
        return true;
    }
    return false;
}

static bool choose_vote(const struct run *run, size_t phase, enum person *who, struct action *action)
{
    const struct gate *gate;

    if (run->book->phases[phase].gate == BOOK_NONE || !run_phase_complete(run, phase))
        return false;
    gate = &run->book->gates[run->book->phases[phase].gate];
    for (size_t i = 0; i < gate->vote_count; i++) {
        if (run->gates[gate->index].votes[i].vote == CHOICE_GO)
            continue;
        *who = person_of_role(run, gate->votes[i]);
        *action = (struct action){ .verb = VERB_VOTE,
                                   .subject = gate->id,
                                   .choice = CHOICE_GO,
                                   .role = run->book->roles[gate->votes[i]].id,
                                   .text = "all criteria are met" };
        return true;
    }
    return false;
}

static bool choose(struct autopilot *pilot, const struct run *run, enum person *who, struct action *action)
{
    size_t phase = run_current_phase(run);

    *who = OPERATOR;
    if (choose_scene(pilot, run, who, action))
        return true;
    if (run->held || run->rolling_back)
        return false;
    if (phase >= run->book->phase_count) {
        *action = (struct action){ .verb = VERB_CLOSE };
        return true;
    }
    if (choose_tick(run, phase, who, action) || choose_vote(run, phase, who, action))
        return true;
    if (run_running_step(run, NULL) != BOOK_NONE || run_next_step(run) == BOOK_NONE)
        return false;
    *action = (struct action){ .verb = VERB_NEXT };
    return true;
}

/* ---- the loop ---- */

static bool is_stuck(struct autopilot *pilot, const struct run *run, int64_t now_us)
{
    size_t unknown = run_unknown_step(run, NULL), focus = run_focus_step(run);

    if (unknown != BOOK_NONE)
        (void)err_set(&pilot->err, ERR_REFUSED, "step \"%s\" is unknown: a person has to look",
                      run->book->steps[unknown].id);
    else if (focus != BOOK_NONE && run->steps[focus].work.state == STEP_FAILED)
        (void)err_set(&pilot->err, ERR_REFUSED, "step \"%s\" failed: %s", run->book->steps[focus].id,
                      run->steps[focus].work.text ? run->steps[focus].work.text : "");
    else if (pilot->refused_since_us && now_us - pilot->refused_since_us > PATIENCE_US)
        (void)err_set(&pilot->err, ERR_REFUSED, "%s", pilot->refusal);
    else if (now_us - pilot->begun_us > pilot->limit_us)
        (void)err_set(&pilot->err, ERR_TIMEOUT, "the run did not come to its end in time; it stands %s",
                      run_state_word(run_state(run)));
    else
        return false;
    return true;
}

static void on_think(uv_timer_t *timer)
{
    struct autopilot *pilot = timer->data;
    const struct run *run = follower_run(pilot->people[OPERATOR]);
    struct action action;
    enum person who;

    if (run->closed != CHOICE_NONE) {
        stop(pilot, 0);
        return;
    }
    if (is_stuck(pilot, run, clock_now().boot_us)) {
        stop(pilot, pilot->err.code);
        return;
    }
    if (pilot->asked || !follower_is_live(pilot->people[OPERATOR]) ||
        !follower_is_live(pilot->people[SECOND]) || !choose(pilot, run, &who, &action))
        return;
    pilot->asked = true;
    (void)follower_act(pilot->people[who], &action);
}

static void on_reply(void *data, int64_t number, bool ok, const char *rule, const char *text)
{
    struct autopilot *pilot = data;

    (void)number;
    (void)rule;
    pilot->asked = false;
    if (ok) {
        pilot->refused_since_us = 0;
        return;
    }
    if (pilot->refused_since_us == 0)
        pilot->refused_since_us = clock_now().boot_us;
    /* Cut at the size of a message. */
    (void)snprintf(pilot->refusal, sizeof(pilot->refusal), "%s", text ? text : "refused");
}

static void on_event(void *data, const struct event *event, bool backlog)
{
    (void)data;
    (void)backlog;
    if (event_is_record(event->type))
        print_event_line(event);
    (void)fflush(stdout);
}

static void on_halt(void *data, const char *text)
{
    struct autopilot *pilot = data;

    stop(pilot, err_set(&pilot->err, ERR_IO, "%s", text));
}

static void on_lost(void *data, const char *why)
{
    struct autopilot *pilot = data;

    if (follower_run(pilot->people[OPERATOR])->closed == CHOICE_NONE)
        stop(pilot, err_set(&pilot->err, ERR_CLOSED, "the runner went away: %s", why));
    else
        stop(pilot, 0);
}

static int join(struct autopilot *pilot, const char *dir, struct err *err)
{
    static const struct follower_events shown = {
        .event = on_event, .reply = on_reply, .halt = on_halt, .lost = on_lost
    };
    static const struct follower_events quiet = { .reply = on_reply, .lost = on_lost };
    struct arena *arena = arena_create();
    struct frozen frozen;
    struct follower_options options = { NULL, WIRE_SCRIPT, false, NULL };
    int r = rundir_read(arena, dir, &frozen, err);

    if (r == 0) {
        options.name = frozen.operator;
        r = follower_open(&pilot->loop, dir, &options, &shown, pilot, &pilot->people[OPERATOR], err);
    }
    if (r == 0) {
        options = (struct follower_options){ REVIEWER, WIRE_SCREEN, true, NULL };
        r = follower_open(&pilot->loop, dir, &options, &quiet, pilot, &pilot->people[SECOND], err);
    }
    arena_destroy(arena);
    return r;
}

int autopilot_drive(const char *dir, int64_t limit_us, struct err *err)
{
    struct autopilot pilot;
    int r;

    memset(&pilot, 0, sizeof(pilot));
    pilot.begun_us = clock_now().boot_us;
    pilot.limit_us = limit_us;
    uv_loop_init(&pilot.loop);
    uv_timer_init(&pilot.loop, &pilot.think);
    pilot.think.data = &pilot;
    r = join(&pilot, dir, err);
    if (r == 0) {
        uv_timer_start(&pilot.think, on_think, THINK_MS, THINK_MS);
        uv_run(&pilot.loop, UV_RUN_DEFAULT);
        r = pilot.result;
        if (r < 0)
            *err = pilot.err;
    }
    follower_close(pilot.people[OPERATOR]);
    follower_close(pilot.people[SECOND]);
    uv_close((uv_handle_t *)&pilot.think, NULL);
    uv_run(&pilot.loop, UV_RUN_DEFAULT); /* what was closed is freed */
    (void)uv_loop_close(&pilot.loop);
    return r;
}
