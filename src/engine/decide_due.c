#include "engine.h"

/* ---- sensed checks ---- */

static void untick_sensed(struct deciding *d, size_t step, const char *why)
{
    struct event *event = emit_work(d, EVENT_CHECK_UNTICKED, step, 0);
    event->text = why;
    event->value = arena_text(d->arena, d->input->value);
}

int decide_sensed(struct deciding *d)
{
    const struct input *input = d->input;
    size_t step = input->step;
    enum step_state state = d->run->steps[step].work.state;
    bool ticked = state == STEP_DONE || state == STEP_SKIPPED;
    if (!step_is_sensed(&d->run->book->steps[step]))
        return impossible(d, "an answer for \"%s\", which is not sensed", d->run->book->steps[step].id);
    if (!run_wants_sense(d->run, step))
        return 0; /* asked while it still mattered */
    struct event *event = emit_work(d, EVENT_CHECK_SENSED, step, 0);
    event->choice =
        input->choice == CHOICE_YES || input->choice == CHOICE_NO ? input->choice : CHOICE_UNKNOWN;
    event->text = arena_text(d->arena, text_or_null(input->text));
    event->value = arena_text(d->arena, input->value);
    enum choice answer = event->choice;
    const char *why = event->text != NULL ? event->text : "no reason given";
    if (answer == CHOICE_YES && !ticked) {
        event = emit_work(d, EVENT_CHECK_TICKED, step, 0);
        event->value = arena_text(d->arena, input->value);
    } else if (answer == CHOICE_NO && ticked) {
        untick_sensed(d, step, event->text != NULL ? why : "its condition does not hold any more");
    } else if (answer == CHOICE_UNKNOWN && ticked) {
        untick_sensed(d, step, arena_format(d->arena, "no answer: %s", why));
    }
    return 0;
}

void tick_senses(struct deciding *d)
{
    for (size_t i = 0; i < d->run->book->step_count && d->decision->count < DECISION_EVENTS_MAX; i++) {
        const struct step *def = &d->run->book->steps[i];
        const struct run_step *step = &d->run->steps[i];
        if (def->kind != STEP_CHECK || step->work.state != STEP_DONE || !run_wants_sense(d->run, i))
            continue;
        int64_t age_us = d->input->now.boot_us - step->sensed_boot_us;
        if (age_us > def->freshness_us)
            untick_sensed(d, i, arena_format(d->arena, "stale: no answer for %s", duration_in(d, age_us)));
    }
}

/* ---- waits and further attempts ---- */

static void wait_due(struct deciding *d, size_t step, size_t entry)
{
    const struct step *def = book_work(d->run->book, step, entry);
    if (def->kind != STEP_WAIT || step_is_carried_out(def))
        return;
    const struct work *work = run_work(d->run, step, entry);
    struct condition_view view;
    struct buf seen;
    run_condition_view(d->run, &work->until, d->input->now, &view);
    int64_t waited_us = d->input->now.boot_us - work->started.boot_us;
    bool met = view.verdict == CONDITION_MET;
    if (!met && (def->timeout_us == 0 || waited_us < def->timeout_us))
        return;
    buf_init(&seen, ERR_MESSAGE_MAX);
    run_condition_evidence(d->run, &work->until, d->input->now, &seen);
    const char *text = text_taken(d, &seen);
    struct event *event = emit_ended(d, step, entry, met ? CHOICE_DONE : CHOICE_FAILED);
    event->clean = true;
    event->text =
        met ? text : arena_format(d->arena, "timed out after %s: %s", duration_in(d, waited_us), text);
    if (!met && entry > 0)
        emit_undo_failed(d, step, event->text);
}

static void retry_due(struct deciding *d, size_t step, size_t entry)
{
    const struct work *work = run_work(d->run, step, entry);
    if (!work->between_attempts || d->input->now.boot_us < work->retry_at_boot_us)
        return;
    /* rule 1 holds for every attempt: a box before it may have been unticked meanwhile */
    if (d->run->held || d->run->counts.unknown > 0 ||
        (entry == 0 && (d->run->rolling_back || !step_is_next(d->run, step))))
        return;
    emit_work(d, EVENT_STEP_STARTED, step, entry)->attempt++;
}

/* The first of what runs for which something is due. */
static void for_running(struct deciding *d, void (*due)(struct deciding *d, size_t step, size_t entry))
{
    const struct book *book = d->run->book;
    for (size_t i = 0; d->run->counts.running > 0 && i < book->step_count; i++) {
        for (size_t entry = 0; entry <= book->steps[i].rollback_count && d->decision->count == 0; entry++) {
            if (run_work(d->run, i, entry)->state == STEP_RUNNING)
                due(d, i, entry);
        }
    }
}

void tick_waits(struct deciding *d)
{
    for_running(d, wait_due);
}

void tick_retries(struct deciding *d)
{
    for_running(d, retry_due);
}
