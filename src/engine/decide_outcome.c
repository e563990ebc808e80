#include "engine.h"

#include <string.h>

#include "base/text.h"

/* ---- ending ---- */

struct event *emit_ended(struct deciding *d, size_t step, size_t entry, enum choice choice)
{
    struct event *event = emit_work(d, EVENT_STEP_ENDED, step, entry);
    event->choice = choice;
    event->elapsed_us = d->input->now.boot_us - run_work(d->run, step, entry)->started.boot_us;
    return event;
}

/* Never skipped, and never tried again and again without a person: halt, and say so. */
void emit_undo_failed(struct deciding *d, size_t step, const char *why)
{
    emit(d, EVENT_RUN_HELD)->text =
        arena_format(d->arena, "rollback of %s failed%s%s", d->run->book->steps[step].id,
                     why != NULL ? ": " : "", why != NULL ? why : "");
}

static void tell_failure(struct deciding *d, struct event *event)
{
    const struct outcome *outcome = &d->input->outcome;
    event->code = arena_text(d->arena, text_or_null(outcome->code));
    event->text = arena_text(d->arena, text_or_null(outcome->message));
    event->detail = arena_text(d->arena, text_or_null(outcome->detail));
    event->hint = arena_text(d->arena, text_or_null(outcome->hint));
}

static int64_t backoff_us(const struct step *def, const struct work *work)
{
    int64_t wait_us = def->retry.backoff.min_us;
    for (int64_t i = work->first_attempt; i < work->attempt && wait_us < def->retry.backoff.max_us; i++)
        wait_us *= 2;
    return wait_us < def->retry.backoff.max_us ? wait_us : def->retry.backoff.max_us;
}

/* Of what is done for each of many: every item that has begun is done, so that the one that failed left
 * nothing behind. */
static bool items_are_done(const struct step *def, const struct work *work)
{
    for (size_t i = 0; i < work->item_count; i++) {
        if (!work->items[i].done)
            return false;
    }
    return def->each != NULL;
}

/* Only what certainly left nothing behind is tried again without a person being asked, and nothing that
 * somebody wants to stop. */
static bool is_tried_again(const struct deciding *d)
{
    const struct outcome *outcome = &d->input->outcome;
    const struct step *def = book_work(d->run->book, d->input->step, d->input->entry);
    const struct work *work = run_work(d->run, d->input->step, d->input->entry);
    return outcome->status == OUTCOME_RETRYABLE && text_or_null(outcome->leftover) == NULL &&
           (outcome->clean || !step_kind_changes(def->kind) || items_are_done(def, work)) &&
           !work->cancelling && work->attempt - work->first_attempt + 1 < def->retry.attempts;
}

static enum choice choice_of_outcome(const struct deciding *d)
{
    static const enum choice choices[] = { [OUTCOME_OK] = CHOICE_DONE,
                                           [OUTCOME_SKIPPED] = CHOICE_SKIPPED,
                                           [OUTCOME_FAILED] = CHOICE_FAILED,
                                           [OUTCOME_RETRYABLE] = CHOICE_FAILED,
                                           [OUTCOME_AMBIGUOUS] = CHOICE_UNKNOWN };
    enum choice choice = choices[d->input->outcome.status];
    const struct step *def = book_work(d->run->book, d->input->step, d->input->entry);
    /* what goes on from its checkpoint does nothing twice, so it need not be known what became of its last
     * part */
    bool harmless = !step_kind_changes(def->kind) || step_kind_resumes(def->kind);
    return choice == CHOICE_UNKNOWN && harmless ? CHOICE_FAILED : choice;
}

int decide_outcome(struct deciding *d)
{
    size_t step = d->input->step;
    size_t entry = d->input->entry;
    const struct outcome *outcome = &d->input->outcome;
    const struct step *def = book_work(d->run->book, step, entry);
    const struct work *work = run_work(d->run, step, entry);
    if (work->state != STEP_RUNNING || work->between_attempts || !step_is_carried_out(def))
        return impossible(d, "an outcome for %s, which is not being carried out",
                          work_name(d->run, step, entry, d->arena));
    if (is_tried_again(d)) {
        struct event *event = emit_work(d, EVENT_STEP_RETRYING, step, entry);
        event->wait_us = backoff_us(def, work);
        tell_failure(d, event);
        return 0;
    }
    struct event *event = emit_ended(d, step, entry, choice_of_outcome(d));
    tell_failure(d, event);
    /* an attempt that did nothing takes back no item of those before it */
    event->clean = !step_kind_changes(def->kind) ||
                   (outcome->clean && outcome->status != OUTCOME_AMBIGUOUS && work->item_count == 0);
    event->value = arena_text(d->arena, outcome->value);
    event->leftover = arena_text(d->arena, text_or_null(outcome->leftover));
    event->output = arena_text(d->arena, text_or_null(outcome->output));
    if (entry > 0 && event->choice == CHOICE_FAILED && def->kind != STEP_NOTIFY)
        emit_undo_failed(d, step, event->text);
    return 0;
}

/* ---- while it runs ---- */

int decide_waiting(struct deciding *d)
{
    const struct work *work = run_work(d->run, d->input->step, d->input->entry);
    const char *text = text_or_null(d->input->text);
    if (work->state != STEP_RUNNING || text_equal(text, work->waiting))
        return 0; /* seen a moment too late, or known */
    emit_work(d, EVENT_STEP_WAITING, d->input->step, d->input->entry)->text =
        arena_text(d->arena, text != NULL ? text : "");
    return 0;
}

int decide_noted(struct deciding *d)
{
    const char *text = text_or_null(d->input->text);
    if (text == NULL)
        return 0;
    emit_work(d, EVENT_STEP_NOTED, d->input->step, d->input->entry)->text = arena_text(d->arena, text);
    return 0;
}

int decide_locked(struct deciding *d)
{
    const struct work *work = run_work(d->run, d->input->step, d->input->entry);
    if (work->state != STEP_RUNNING || d->input->value == NULL || d->input->text == NULL)
        return 0; /* seen a moment too late, or nothing */
    struct event *event = emit_work(d, EVENT_STEP_LOCKED, d->input->step, d->input->entry);
    event->value = arena_text(d->arena, d->input->value);
    event->text = arena_text(d->arena, d->input->text);
    return 0;
}

/* ---- the unknown, and leftovers ---- */

/* A transaction is there wholly or not at all; of anything else a "no" may mean that it is half done. What is
 * done for each of many was probed for the item that was under way: the others are still to be done. */
static enum choice ruling_of(const struct step *def, enum choice answer)
{
    bool ruled = answer == CHOICE_YES || (answer == CHOICE_NO && def->kind == STEP_SQL && def->transaction);
    if (!ruled)
        return CHOICE_NONE;
    if (def->each != NULL)
        return CHOICE_PARTIAL;
    return answer == CHOICE_YES ? CHOICE_DONE : CHOICE_NOT_DONE;
}

static const char *why_ruled(enum choice ruling, enum choice answer)
{
    if (ruling == CHOICE_PARTIAL)
        return answer == CHOICE_YES
                   ? "the item that was under way is done: tried again, it goes on with the next"
                   : "the item that was under way is not done: tried again, it goes on with it";
    return ruling == CHOICE_DONE ? "its probe says that it is done"
                                 : "its probe says that it is not done, and it is one transaction";
}

/* ---- a person's work and its probe ---- */

static const char *why_not_confirmed(struct deciding *d, const struct work *work)
{
    const struct input *input = d->input;
    if (input->choice == CHOICE_NO)
        return arena_format(d->arena,
                            "%s said that it was done, but the probe does not confirm it: it answered %s",
                            work->who, input->value != NULL ? input->value : "NULL");
    return arena_format(d->arena, "%s said that it was done, but the probe could not be asked: %s", work->who,
                        input->text != NULL ? input->text : "no answer");
}

/* It was said to be done: so it is when its probe says so, too. */
static void end_reported(struct deciding *d, const struct work *work)
{
    bool done = d->input->choice == CHOICE_YES;
    struct event *event = emit_ended(d, d->input->step, d->input->entry, done ? CHOICE_DONE : CHOICE_FAILED);
    event->actor = arena_text(d->arena, work->who);
    event->text = done ? arena_text(d->arena, work->text) : why_not_confirmed(d, work);
}

/* Nobody has begun with it: what is done already needs nobody. */
static void end_before(struct deciding *d)
{
    bool done = d->input->choice == CHOICE_YES;
    if (d->input->choice == CHOICE_NO)
        return;
    struct event *event =
        emit_ended(d, d->input->step, d->input->entry, done ? CHOICE_SKIPPED : CHOICE_FAILED);
    event->clean = true;
    event->text = done ? "done already, says its probe"
                       : arena_format(d->arena, "not started: its probe cannot tell whether it is done: %s",
                                      d->input->text != NULL ? d->input->text : "no answer");
}

static void probed_by_hand(struct deciding *d, const struct work *work)
{
    size_t before = d->decision->count;
    if (work->reported)
        end_reported(d, work);
    else
        end_before(d);
    if (d->decision->count == before)
        return;
    struct event *event = &d->decision->events[before];
    event->value = arena_text(d->arena, d->input->value);
    if (d->input->entry > 0 && event->choice == CHOICE_FAILED)
        emit_undo_failed(d, d->input->step, event->text);
}

int decide_probed(struct deciding *d)
{
    size_t step = d->input->step;
    size_t entry = d->input->entry;
    const struct work *work = run_work(d->run, step, entry);
    const struct step *def = book_work(d->run->book, step, entry);
    enum choice answer = d->input->choice;
    if (!work->probing)
        return impossible(d, "an answer of a probe of %s that nobody asked",
                          work_name(d->run, step, entry, d->arena));
    struct event *event = emit_work(d, EVENT_PROBE_ENDED, step, entry);
    event->choice = answer == CHOICE_YES || answer == CHOICE_NO ? answer : CHOICE_UNKNOWN;
    event->text = arena_text(d->arena, text_or_null(d->input->text));
    event->value = arena_text(d->arena, d->input->value);
    if (work->state == STEP_RUNNING) {
        probed_by_hand(d, work);
        return 0;
    }
    enum choice ruling = ruling_of(def, answer);
    if (work->state != STEP_UNKNOWN || ruling == CHOICE_NONE)
        return 0; /* ruled meanwhile, or a person has to say */
    event = emit_work(d, EVENT_STEP_RULED, step, entry);
    event->choice = ruling;
    event->text = why_ruled(ruling, answer);
    return 0;
}

int decide_cleaned(struct deciding *d)
{
    const struct outcome *outcome = &d->input->outcome;
    const char *id = d->run->book->steps[d->input->step].id;
    if (!d->run->steps[d->input->step].cleaning)
        return impossible(d, "an outcome for what \"%s\" left behind, which nobody removes", id);
    bool done = outcome->status == OUTCOME_OK || outcome->status == OUTCOME_SKIPPED;
    struct event *event = emit_work(d, EVENT_CLEAN_ENDED, d->input->step, 0);
    event->choice = done ? CHOICE_DONE : CHOICE_FAILED;
    event->code = arena_text(d->arena, text_or_null(outcome->code));
    event->text = arena_text(d->arena, text_or_null(outcome->message));
    return 0;
}
