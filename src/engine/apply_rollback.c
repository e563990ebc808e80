#include "engine.h"

int apply_rollback_started(struct change *c)
{
    struct run *run = c->run;
    if (run->rolling_back || run->counts.unknown > 0)
        return change_refuse(c, run->rolling_back ? "a rollback is under way" : "a step is unknown");
    if (c->subject != BOOK_NONE && !run->steps[c->subject].effect)
        return change_refuse(c, "\"%s\" has no effect", c->event->subject);
    run_end_hold(run, c->event);
    run->rolling_back = true;
    run->rolled_back = false;
    run->rollback_to = c->subject;
    run->rollback_phase = BOOK_NONE;
    run->proposed_by = BOOK_NONE;
    return 0;
}

void rollback_settle(struct run *run, size_t step)
{
    struct run_step *at = &run->steps[step];
    if (rollback_entry(run, step) != 0)
        return;
    run_set_state(run, step, 0, STEP_ROLLED_BACK);
    work_forget(&at->work);
    at->denied = false;
    at->effect = false; /* a leftover stays: that the undo removed it nobody has seen */
    at->deferred_gate = BOOK_NONE;
    size_t phase = run->book->steps[step].phase;
    if (run->rollback_phase == BOOK_NONE || phase < run->rollback_phase)
        run->rollback_phase = phase;
}

/* What was seen while the changes stood has to be seen again: what only looks, and what was found done. */
static bool has_to_be_proven_again(const struct step *def, const struct work *work)
{
    return work->state == STEP_SKIPPED || (work->state == STEP_DONE && !step_kind_changes(def->kind));
}

static void forget_proofs(struct run *run, size_t phase)
{
    for (size_t i = run->book->phases[phase].first_step; i < run->book->step_count; i++) {
        if (has_to_be_proven_again(&run->book->steps[i], &run->steps[i].work))
            run_set_state(run, i, 0, STEP_PENDING);
    }
    for (size_t i = 0; i < run->book->gate_count; i++) {
        if (run->book->gates[i].phase >= phase)
            gate_reset(run, i, "the run was rolled back");
    }
}

/* After a rollback of everything the way forward begins at the gate that had let it in: it is decided anew,
 * on what is sensed now. What a person ticked stands. */
static void forget_entry(struct run *run, size_t phase)
{
    size_t gate = BOOK_NONE;
    for (size_t i = 0; i < run->book->gate_count; i++) {
        size_t at = run->book->gates[i].phase;
        if (at < phase && (gate == BOOK_NONE || at > run->book->gates[gate].phase))
            gate = i;
    }
    if (gate == BOOK_NONE)
        return;
    gate_reset(run, gate, "the run was rolled back");
    const struct phase *def = &run->book->phases[run->book->gates[gate].phase];
    for (size_t i = def->first_step; i < def->first_step + def->step_count; i++) {
        if (step_is_sensed(&run->book->steps[i]) && run->steps[i].work.state == STEP_DONE)
            run_set_state(run, i, 0, STEP_PENDING);
    }
}

int apply_rollback_ended(struct change *c)
{
    struct run *run = c->run;
    if (!run->rolling_back || run->counts.running > 0 || run->counts.unknown > 0)
        return change_refuse(c, "a rollback is not at its end");
    if (c->event->choice != CHOICE_DONE || rollback_newest(run, run->rollback_to) != BOOK_NONE)
        return change_refuse(c, "not everything is undone");
    if (run->rollback_phase != BOOK_NONE)
        forget_proofs(run, run->rollback_phase);
    if (run->rollback_phase != BOOK_NONE && run->rollback_to == BOOK_NONE)
        forget_entry(run, run->rollback_phase);
    run->rolling_back = false;
    run->rolled_back = run->rollback_to == BOOK_NONE;
    run->rollback_to = BOOK_NONE;
    run->rollback_phase = BOOK_NONE;
    if (!run->held)
        run_hold(run, c->event, EVENT_ACTOR_SELF, "rolled back");
    return 0;
}
