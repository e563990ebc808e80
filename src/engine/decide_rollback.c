#include "engine.h"

/* ---- whether it can begin ---- */

/* The newest step among those to be undone that cannot be; BOOK_NONE. What runs counts: it may get done. */
static size_t find_final(const struct run *run, size_t to)
{
    size_t found = BOOK_NONE;
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        bool counts = step->effect || step->work.state == STEP_RUNNING;
        if (counts && step_is_final(&run->book->steps[i]) &&
            (to == BOOK_NONE || step->order >= run->steps[to].order) &&
            (found == BOOK_NONE || step->order > run->steps[found].order))
            found = i;
    }
    return found;
}

/* The oldest step with an effect that is newer than this one; BOOK_NONE. */
static size_t next_newer(const struct run *run, size_t step)
{
    size_t found = BOOK_NONE;
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *other = &run->steps[i];
        if (other->effect && other->order > run->steps[step].order &&
            (found == BOOK_NONE || other->order < run->steps[found].order))
            found = i;
    }
    return found;
}

static int refuse_final(struct deciding *d, size_t step)
{
    const struct book *book = d->run->book;
    const struct step *def = &book->steps[step];
    size_t newer = next_newer(d->run, step);
    if (d->run->steps[step].work.state == STEP_RUNNING)
        return refuse(d, RULE_NO_RETURN, "\"%s\" is running (%s): cancel it first", def->id,
                      step_final_why(def));
    if (newer == BOOK_NONE)
        return refuse(d, RULE_NO_RETURN, "\"%s\" (%s), and nothing after it could be undone", def->id,
                      step_final_why(def));
    return refuse(d, RULE_NO_RETURN, "\"%s\" (%s); what is newer can be undone: rollback --to %s", def->id,
                  step_final_why(def), book->steps[newer].id);
}

int check_rollback(struct deciding *d, size_t to)
{
    const struct run *run = d->run;
    if (to != BOOK_NONE && !run->steps[to].effect)
        return refuse(d, RULE_STATE, "\"%s\" has done nothing that could be undone", run->book->steps[to].id);
    size_t final = find_final(run, to);
    if (final != BOOK_NONE)
        return refuse_final(d, final);
    if (rollback_newest(run, to) == BOOK_NONE && run->counts.running == 0)
        return refuse(d, RULE_STATE, "nothing has run that could be undone");
    return 0;
}

int verb_rollback(struct deciding *d, size_t step)
{
    int r = check_rollback(d, step);
    if (r < 0)
        return r;
    struct event *event = emit_by_actor(d, EVENT_ROLLBACK_STARTED);
    event->subject = step != BOOK_NONE ? d->run->book->steps[step].id : NULL;
    event->text = arena_text(d->arena, text_or_null(d->input->action.text));
    return 0;
}

/* ---- how it goes on ---- */

/* The way forward ends before the way back begins. True while something of it still runs. */
static bool forward_is_under_way(struct deciding *d)
{
    bool any = false;
    for (size_t i = 0; i < d->run->book->step_count && d->decision->count + 2 <= DECISION_EVENTS_MAX; i++) {
        const struct run_step *step = &d->run->steps[i];
        if (step->work.state == STEP_RUNNING && !step->work.cancelling)
            cancel_work(d, i, 0, "the run is rolled back");
        any = any || step->work.state == STEP_RUNNING || step->cleaning;
    }
    return any;
}

/* To undo nothing takes no time: begun and done in one decision. */
static void undo_nothing(struct deciding *d, size_t step, size_t entry)
{
    const struct step *def = book_work(d->run->book, step, entry);
    struct event *event = emit_ended(d, step, entry, CHOICE_DONE);
    event->attempt++;
    event->elapsed_us = 0;
    event->clean = true;
    event->text = def->why;
}

/* Nothing waits for a message: what became of it stays said. */
static void pass_message(struct deciding *d, size_t step, size_t entry)
{
    const char *text = run_work(d->run, step, entry)->text;
    struct event *event = emit_work(d, EVENT_STEP_RULED, step, entry);
    event->choice = CHOICE_DONE;
    event->text = arena_format(d->arena, "%s; the rollback goes on", text != NULL ? text : "not told");
}

static void undo_next(struct deciding *d, size_t step)
{
    size_t entry = rollback_entry(d->run, step);
    enum step_state state = entry > 0 ? run_work(d->run, step, entry)->state : STEP_PENDING;
    if (entry > 0 && state == STEP_FAILED && book_work(d->run->book, step, entry)->kind == STEP_NOTIFY)
        pass_message(d, step, entry);
    if (entry == 0 || state != STEP_PENDING)
        return; /* it runs, or it failed and a person has to say how it goes on */
    if (run_work(d->run, step, entry)->probing)
        return; /* the answer is about the attempt before, and must not rule the next one */
    emit_begun(d, step, entry, EVENT_ACTOR_SELF);
    if (book_work(d->run->book, step, entry)->kind == STEP_NONE)
        undo_nothing(d, step, entry);
}

void tick_rollback(struct deciding *d)
{
    const struct run *run = d->run;
    if (!run->rolling_back || forward_is_under_way(d) || run->counts.unknown > 0)
        return;
    size_t step = rollback_newest(run, run->rollback_to);
    if (step == BOOK_NONE) {
        if (run->counts.running == 0)
            emit(d, EVENT_ROLLBACK_ENDED)->choice = CHOICE_DONE;
    } else if (!run->held) {
        undo_next(d, step);
    }
}
