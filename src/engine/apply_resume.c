#include "engine.h"

#include "base/text.h"

/* ---- clocks ---- */

static void shift_work(struct work *work, int64_t shift_us)
{
    work->started.boot_us += shift_us;
    work->ended.boot_us += shift_us;
}

/* Moves every moment that is kept into the boot clock of another boot. */
static void shift_boot_clock(struct run *run, int64_t shift_us)
{
    run->opened.boot_us += shift_us;
    run->held_since.boot_us += shift_us;
    for (size_t i = 0; i < run->book->gate_count; i++) {
        run->gates[i].decided.boot_us += shift_us;
        for (size_t k = 0; k < run->book->gates[i].vote_count; k++)
            run->gates[i].votes[k].at.boot_us += shift_us;
    }
    for (size_t i = 0; i < run->kill_count; i++)
        run->kills[i].at.boot_us += shift_us;
    for (size_t i = 0; i < run->book->step_count; i++) {
        shift_work(&run->steps[i].work, shift_us);
        for (size_t k = 0; k < run->book->steps[i].rollback_count; k++)
            shift_work(&run->steps[i].undo[k], shift_us);
    }
}

/* Boot clocks of two boots are not comparable: then the wall clock has to say how long the run was alone. */
static void move_anchor(struct run *run, const struct event *event)
{
    bool same_boot = text_equal(run->boot_id, event->boot);
    int64_t wall_us = event->at.wall_us - run->wall_jump_us;
    int64_t away_us = same_boot ? event->at.boot_us - run->anchor.boot_us : wall_us - run->anchor.wall_us;
    if (away_us < 0)
        away_us = 0;
    if (!same_boot)
        shift_boot_clock(run, event->at.boot_us - (run->anchor.boot_us + away_us));
    run->ran_before_us += away_us;
    run->anchor.wall_us += away_us;
    run->anchor.boot_us = event->at.boot_us;
    run->boot_id = run_keep(run, event->boot);
}

/* ---- what was under way ---- */

/* What the runner was about when it ended: nobody else carried it on. A person does go on, and a wait waits.
 */
static bool was_in_flight(const struct step *def, const struct work *work)
{
    /* what is begun and done in one decision can be torn apart on the disk: it did nothing */
    bool at_once = def->kind == STEP_MARK || def->kind == STEP_NONE;
    bool ran = work->state == STEP_RUNNING && (at_once || step_is_carried_out(def));
    return work->probing || ran;
}

bool run_in_flight(const struct run *run, size_t step, size_t entry)
{
    return was_in_flight(book_work(run->book, step, entry), run_work(run, step, entry)) ||
           (entry == 0 && run->steps[step].cleaning);
}

/* How something that was in flight stands now. Rule 6: what can have an effect is unknown until its probe or
 * a person says. An attempt that was over had ended clean. What only reads is asked again, and what goes on
 * from its checkpoint is tried again. Nothing waits for a message, and only a person sends it again. */
static enum step_state state_after(const struct step *def, const struct work *work, size_t entry)
{
    if (work->between_attempts || (step_kind_changes(def->kind) && step_kind_resumes(def->kind)))
        return entry == 0 ? STEP_FAILED : STEP_PENDING;
    if (def->kind == STEP_NOTIFY)
        return STEP_FAILED;
    return step_kind_changes(def->kind) && def->kind != STEP_MARK ? STEP_UNKNOWN : STEP_PENDING;
}

/* A person goes on. Before it begins its probe has to be asked again, and what was said to be done has to be
 * said again. */
static void resume_by_hand(struct run *run, size_t step, size_t entry, struct work *work, struct instant at)
{
    if (work->reported) {
        work->text = "the runner ended before its probe had answered: say again that it is done";
        return;
    }
    work->text = "the runner ended before its probe had answered";
    work->clean = true;
    work->ended = at;
    run_set_state(run, step, entry, STEP_PENDING);
}

static void resume_work(struct run *run, size_t step, size_t entry, struct instant at)
{
    const struct step *def = book_work(run->book, step, entry);
    struct work *work = entry == 0 ? &run->steps[step].work : &run->steps[step].undo[entry - 1];
    if (work->state == STEP_RUNNING && work->probing) {
        resume_by_hand(run, step, entry, work, at);
    } else if (work->state == STEP_RUNNING && was_in_flight(def, work)) {
        enum step_state state = state_after(def, work, entry);
        bool parts = state == STEP_FAILED && !work->between_attempts && step_kind_changes(def->kind);
        work->text = def->kind == STEP_NOTIFY
                         ? "the runner ended while it was sent: it may have been delivered"
                     : work->between_attempts ? "the runner ended between two attempts"
                     : state == STEP_UNKNOWN  ? "the runner ended while it ran"
                     : parts                  ? "the runner ended while it ran: tried again, it goes on"
                                              : "the runner ended before there was an answer";
        work->clean = !parts && work->item_count == 0;
        if (!work->clean && state == STEP_FAILED && entry == 0)
            run->steps[step].effect = true;
        work->ended = at;
        work->elapsed_us = at.boot_us - work->started.boot_us;
        run_set_state(run, step, entry, state);
    }
    work->between_attempts = work->cancelling = work->probing = work->reported = false;
    work->waiting = work->pauses = work->lacks = NULL;
}

static void resume_step(struct run *run, size_t step, struct instant at)
{
    struct run_step *state = &run->steps[step];
    for (size_t entry = 0; entry <= run->book->steps[step].rollback_count; entry++)
        resume_work(run, step, entry, at);
    state->cleaning = false;
    state->sensed = CHOICE_NONE;
    state->foreseen = CHOICE_NONE;
    state->sensed_value = state->sensed_why = NULL;
    /* a box that was ticked has as long to prove itself again as its answers stay fresh */
    state->sensed_boot_us = at.boot_us;
}

int apply_resumed(struct change *c)
{
    struct run *run = c->run;
    bool hold = run->rolling_back;
    for (size_t i = 0; i < run->book->step_count; i++) {
        for (size_t entry = 0; entry <= run->book->steps[i].rollback_count; entry++)
            hold = run_in_flight(run, i, entry) || hold;
    }
    move_anchor(run, c->event);
    for (size_t i = 0; i < run->book->step_count; i++)
        resume_step(run, i, c->event->at);
    run_conditions_reset(run, c->event->at);
    for (size_t i = 0; i < run->book->trigger_count; i++)
        run->triggers[i].state = TRIGGER_ARMED;
    for (size_t i = 0; i < run->person_count; i++)
        run->people[i].attached = 0;
    if (hold && !run->held)
        run_hold(run, c->event, EVENT_ACTOR_SELF, c->event->text);
    return 0;
}
