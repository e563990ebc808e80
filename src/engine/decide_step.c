#include "engine.h"

#include <string.h>

/* ---- order ---- */

static int refuse_before(struct deciding *d, size_t before)
{
    const struct step *def = &d->run->book->steps[before];
    enum step_state state = d->run->steps[before].work.state;
    if (def->kind == STEP_CHECK)
        return refuse(d, RULE_CHECK, "\"%s\" (%s)", def->id, def->title);
    return refuse(d, RULE_ORDER, "\"%s\" is %s", def->id, step_state_word(state));
}

int check_complete(struct deciding *d, size_t phase)
{
    size_t step = phase_first_incomplete(d->run, phase);
    return step != BOOK_NONE ? refuse_before(d, step) : 0;
}

int check_reached(struct deciding *d, size_t phase)
{
    const struct book *book = d->run->book;
    size_t current = run_current_phase(d->run);
    if (phase <= current)
        return 0;
    int r = check_complete(d, current);
    if (r < 0)
        return r;
    const struct gate *gate = &book->gates[book->phases[current].gate];
    r = check_witnessed(d, gate->index);
    if (r < 0)
        return r;
    return refuse(d, RULE_GATE, "\"%s\" stands before %s%s", gate->id,
                  phase < book->phase_count ? book->phases[phase].id : "the end",
                  d->run->gates[gate->index].decision == CHOICE_NO_GO ? ", and is no-go" : "");
}

/* Side by side only within a phase that allows it. */
static int check_alone(struct deciding *d, size_t step)
{
    const struct book *book = d->run->book;
    size_t phase = book->steps[step].phase;
    for (size_t i = 0; d->run->counts.running > 0 && i < book->step_count; i++) {
        if (d->run->steps[i].work.state != STEP_RUNNING || i == step)
            continue;
        if (step_is_beside(&book->steps[i]) && book->steps[i].phase == phase)
            continue;
        if (book->steps[i].phase != phase || !book->phases[phase].parallel)
            return refuse(d, RULE_STATE, "\"%s\" is running", book->steps[i].id);
    }
    return 0;
}

/* A probe that is out asks about the attempt before: its answer would come to rule the next one. */
static int check_not_probed(struct deciding *d, size_t step, size_t entry)
{
    if (run_work(d->run, step, entry)->probing)
        return refuse(d, RULE_STATE, "the probe of %s has not answered yet",
                      work_name(d->run, step, entry, d->arena));
    return 0;
}

int check_seen(struct deciding *d, size_t phase)
{
    size_t step = phase_first_not_seen(d->run, phase);
    if (step == BOOK_NONE)
        return 0;
    return refuse(d, RULE_CHECK, "\"%s\" (%s) was not seen since the runner took the run up again",
                  d->run->book->steps[step].id, d->run->book->steps[step].title);
}

/* An approval on which nothing was begun yet stands for what is seen, and who took the run up again has to
 * see it first. */
static int check_approvals(struct deciding *d, size_t phase)
{
    const struct run *run = d->run;
    int r = 0;
    for (size_t i = 0; r == 0 && i < run->book->gate_count; i++) {
        if (run->book->gates[i].phase < phase && !run->gates[i].begun_on)
            r = check_seen(d, run->book->gates[i].phase);
    }
    return r;
}

/* Whether what stands before it lets it begin now. */
static int check_ready(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    int r = check_not_probed(d, step, 0);
    if (r == 0)
        r = check_reached(d, def->phase);
    if (r == 0)
        r = check_approvals(d, def->phase);
    for (size_t i = 0; r == 0 && i < def->after_count; i++) {
        if (!run_step_complete(d->run, def->after[i]))
            r = refuse_before(d, def->after[i]);
    }
    return r < 0 ? r : check_alone(d, step);
}

static int check_startable(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    const struct run_step *state = &d->run->steps[step];
    static const bool startable[STEP_STATE_COUNT] = {
        [STEP_PENDING] = true, [STEP_FAILED] = true, [STEP_DEFERRED] = true, [STEP_ROLLED_BACK] = true
    };
    if (def->kind == STEP_CHECK)
        return refuse(d, RULE_CHECK, "\"%s\" is ticked, not started", def->id);
    if (!startable[state->work.state])
        return refuse(d, RULE_STATE, "\"%s\" is %s", def->id, step_state_word(state->work.state));
    if (state->leftover != NULL)
        return refuse(d, RULE_LEFTOVER, "\"%s\" left %s behind", def->id, state->leftover);
    return check_ready(d, step);
}

/* ---- starting ---- */

void emit_begun(struct deciding *d, size_t step, size_t entry, const char *actor)
{
    struct event *event = emit_work(d, EVENT_STEP_STARTED, step, entry);
    event->actor = actor;
    event->attempt++;
    if (step_is_probed_by_hand(book_work(d->run->book, step, entry)))
        emit_work(d, EVENT_PROBE_STARTED, step, entry);
}

static void emit_started(struct deciding *d, size_t step)
{
    emit_begun(d, step, 0, arena_text(d->arena, d->input->action.actor));
}

/* A mark does nothing but to be the oldest of what a rollback of its phase undoes. */
static void emit_mark(struct deciding *d, size_t mark)
{
    emit_started(d, mark);
    struct event *event = emit_ended(d, mark, 0, CHOICE_DONE);
    event->attempt++;
    event->elapsed_us = 0;
    event->clean = true;
}

static int start_step(struct deciding *d, size_t step)
{
    size_t mark = d->run->book->phases[d->run->book->steps[step].phase].mark;
    int r = check_startable(d, step);
    if (r < 0)
        return r;
    /* a mark that somebody put off begins too: without it the rollback of the phase would never be gone
     * through */
    if (mark != BOOK_NONE && d->run->steps[mark].work.state != STEP_DONE)
        emit_mark(d, mark);
    if (step != mark)
        emit_started(d, step);
    return 0;
}

int verb_start(struct deciding *d, size_t step)
{
    return start_step(d, step);
}

int verb_next(struct deciding *d, size_t step)
{
    size_t phase = run_current_phase(d->run);
    step = run_next_step(d->run);
    if (step != BOOK_NONE)
        return start_step(d, step);
    if (phase == d->run->book->phase_count)
        return refuse(d, RULE_STATE, "everything is complete: close the run");
    step = run_running_step(d->run, NULL);
    if (step != BOOK_NONE)
        return refuse(d, RULE_STATE, "\"%s\" is running", d->run->book->steps[step].id);
    int r = check_complete(d, phase);
    return r < 0 ? r : check_reached(d, phase + 1);
}

/* An undo that failed held the run; trying it again goes on with the rollback. A person's hold stays. */
static int retry_undo(struct deciding *d, size_t step)
{
    const struct run *run = d->run;
    size_t entry = rollback_entry(run, step);
    enum step_state state = entry > 0 ? run_work(run, step, entry)->state : STEP_DONE;
    bool ruled = state == STEP_PENDING && run->steps[step].work.state == STEP_ROLLBACK_FAILED;
    if (state != STEP_FAILED && !ruled)
        return refuse(d, RULE_STATE, "no rollback of \"%s\" has failed", run->book->steps[step].id);
    if (run->held && strcmp(run->held_by, EVENT_ACTOR_SELF) != 0)
        return refuse(d, RULE_HELD, "by %s", run->held_by);
    if (run->steps[step].leftover != NULL && book_work(run->book, step, entry)->kind == STEP_OSC)
        return refuse(d, RULE_LEFTOVER, "\"%s\" left %s behind", run->book->steps[step].id,
                      run->steps[step].leftover);
    int r = check_not_probed(d, step, entry);
    if (r < 0)
        return r;
    if (run->held)
        emit_by_actor(d, EVENT_RUN_RELEASED)->text = "the rollback is tried again";
    emit_begun(d, step, entry, arena_text(d->arena, d->input->action.actor));
    return 0;
}

int verb_retry(struct deciding *d, size_t step)
{
    if (d->run->rolling_back)
        return retry_undo(d, step);
    int r = check_quiet(d);
    if (r < 0)
        return r;
    if (d->run->steps[step].work.state != STEP_FAILED)
        return refuse(d, RULE_STATE, "\"%s\" has not failed", d->run->book->steps[step].id);
    return start_step(d, step);
}

/* Its probe is asked first, as before any start, unless the step is said to be idempotent: then it is carried
 * out although the probe would find it done. */
int verb_again(struct deciding *d, size_t step)
{
    const struct run *run = d->run;
    const struct step *def = &run->book->steps[step];
    enum step_state state = run->steps[step].work.state;
    size_t since = step_begun_since(run, step);
    if (!run_is_rehearsal(run))
        return refuse(d, RULE_STATE, "only a rehearsal does a step once more, and this run is %s",
                      run->environment != NULL ? run->environment : "none");
    if (state != STEP_DONE && state != STEP_SKIPPED)
        return refuse(d, RULE_STATE, "\"%s\" is %s: only what is done is done once more", def->id,
                      step_state_word(state));
    if (!step_can_be_again(def))
        return refuse(d, RULE_STATE, "\"%s\" has no \"done_when\" and is not said to be idempotent", def->id);
    if (since != BOOK_NONE)
        return refuse(d, RULE_STATE, "\"%s\" has begun since: only the newest step is done once more",
                      run->book->steps[since].id);
    int r = check_ready(d, step);
    if (r < 0)
        return r;
    size_t at = d->decision->count;
    emit_started(d, step);
    d->decision->events[at].text = EVENT_STEP_AGAIN;
    return 0;
}

/* ---- stopping ---- */

/* Nobody is asked to stop what only waits, or what a person does. */
static bool ends_at_once(const struct step *def, const struct work *work)
{
    return work->between_attempts || !step_is_carried_out(def);
}

void cancel_work(struct deciding *d, size_t step, size_t entry, const char *why)
{
    struct event *event = emit_work(d, EVENT_STEP_CANCELLING, step, entry);
    event->actor =
        d->input->type == INPUT_ACTION ? arena_text(d->arena, d->input->action.actor) : EVENT_ACTOR_SELF;
    event->text = why;
    const struct work *work = run_work(d->run, step, entry);
    if (!ends_at_once(book_work(d->run->book, step, entry), work))
        return;
    event = emit_ended(d, step, entry, CHOICE_FAILED);
    /* of the items before stays what they did, and of what a person said to be done, that */
    event->clean = work->item_count == 0 && !work->reported;
    event->text = "cancelled";
}

int verb_cancel(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    for (size_t entry = 0; entry <= def->rollback_count; entry++) {
        const struct work *work = run_work(d->run, step, entry);
        if (work->state != STEP_RUNNING)
            continue;
        if (work->cancelling)
            return refuse(d, RULE_STATE, "\"%s\" is being cancelled already", def->id);
        cancel_work(d, step, entry, arena_text(d->arena, text_or_null(d->input->action.text)));
        if (entry > 0 && d->decision->count > 1)
            emit_undo_failed(d, step, "cancelled");
        return 0;
    }
    return refuse(d, RULE_STATE, "\"%s\" is not running", def->id);
}

/* ---- leftovers and the unknown ---- */

int verb_clean(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    const struct run_step *state = &d->run->steps[step];
    if (state->leftover == NULL)
        return refuse(d, RULE_STATE, "\"%s\" left nothing behind", def->id);
    if (state->cleaning)
        return refuse(d, RULE_STATE, "%s is being removed already", state->leftover);
    if (d->run->rolling_back && !d->run->held)
        return refuse(d, RULE_ROLLING_BACK, "%s has to wait until it is over or held", state->leftover);
    struct event *event = emit_work(d, EVENT_CLEAN_STARTED, step, 0);
    event->actor = arena_text(d->arena, d->input->action.actor);
    event->text = state->leftover;
    return 0;
}

/* The step itself or the entry of its rollback that is in this state; false if none is. */
static bool find_entry(const struct run *run, size_t step, enum step_state state, size_t *ret_entry)
{
    for (size_t entry = 0; entry <= run->book->steps[step].rollback_count; entry++) {
        *ret_entry = entry;
        if (run_work(run, step, entry)->state == state)
            return true;
    }
    return false;
}

int verb_rule(struct deciding *d, size_t step)
{
    const struct action *action = &d->input->action;
    const struct step *def = &d->run->book->steps[step];
    size_t entry = 0;
    bool found = find_entry(d->run, step, STEP_UNKNOWN, &entry);
    if (!found)
        found = find_entry(d->run, step, STEP_FAILED, &entry) && entry > 0;
    if (!found)
        return refuse(d, RULE_STATE, "\"%s\" is %s: there is nothing to rule", def->id,
                      step_state_word(d->run->steps[step].work.state));
    if (action->choice != CHOICE_DONE && action->choice != CHOICE_NOT_DONE &&
        action->choice != CHOICE_PARTIAL)
        return refuse(d, RULE_NAME, "a ruling is done, not-done or partial");
    if (said_or_null(action->text) == NULL)
        return refuse(d, RULE_REASON, "say what you rule on");
    struct event *event = emit_work(d, EVENT_STEP_RULED, step, entry);
    event->actor = arena_text(d->arena, action->actor);
    event->choice = action->choice;
    event->text = arena_text(d->arena, action->text);
    return 0;
}

int verb_probe(struct deciding *d, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    size_t entry = 0;
    if (!find_entry(d->run, step, STEP_UNKNOWN, &entry))
        return refuse(d, RULE_STATE, "\"%s\" is not unknown", def->id);
    if (!query_is_there(&book_work(d->run->book, step, entry)->probe))
        return refuse(d, RULE_STATE, "%s has no probe: rule it", work_name(d->run, step, entry, d->arena));
    if (run_work(d->run, step, entry)->probing)
        return refuse(d, RULE_STATE, "%s is being probed already", work_name(d->run, step, entry, d->arena));
    emit_work(d, EVENT_PROBE_STARTED, step, entry)->actor = arena_text(d->arena, d->input->action.actor);
    return 0;
}
