#include <string.h>

#include "sim.h"

/*
 * Between the runner and the engine: nothing, but for what is broken on purpose to see that it is noticed.
 */

extern __typeof__(run_create) FAKE(run_create), REAL(run_create);
extern __typeof__(run_apply) FAKE(run_apply), REAL(run_apply);
extern __typeof__(run_condition_now) FAKE(run_condition_now), REAL(run_condition_now);
extern __typeof__(decide) FAKE(decide), REAL(decide);
size_t rollback_newest(const struct run *run, size_t to);
extern __typeof__(rollback_newest) FAKE(rollback_newest), REAL(rollback_newest);

/* The first that a runner makes is its own. */
struct run *FAKE(run_create)(const struct book *book)
{
    struct run *run = REAL(run_create)(book);
    struct world *w = world();
    if (w->in_runner && w->runner_run == NULL)
        w->runner_run = run;
    return run;
}

/* The last item that a step has begun. */
static struct run_item *last_item(const struct run *run, const struct event *event)
{
    struct run_step *step = &run->steps[book_find_step(run->book, event->subject)];
    struct work *work = event->entry == 0 ? &step->work : &step->undo[event->entry - 1];
    return work->item_count > 0 ? &work->items[work->item_count - 1] : NULL;
}

static void spoil_items(struct run *run, const struct event *event)
{
    struct run_item *item = event->type == EVENT_ITEM_ENDED ? last_item(run, event) : NULL;
    if (world_broken(BREAK_ITEM) && item != NULL)
        item->done = false;
    if (world_broken(BREAK_FOUND) && item != NULL)
        item->found = false;
    for (size_t i = 0;
         world_broken(BREAK_UNDONE) && event->type == EVENT_ROLLBACK_STARTED && i < run->book->step_count;
         i++)
        run->steps[i].work.item_count -= run->steps[i].work.item_count > 0 ? 1 : 0;
}

static void spoil(struct run *run, const struct event *event)
{
    if (world_broken(BREAK_HOLD) && event->type == EVENT_RUN_HELD)
        run->held = false;
    if (world_broken(BREAK_FOLD) && event->type == EVENT_STEP_STARTED)
        run->steps[book_find_step(run->book, event->subject)].work.attempt++;
    if (world_broken(BREAK_GATE) && event->type == EVENT_GATE_VOTED &&
        run->counts.current_phase < run->book->phase_count)
        run->counts.current_phase++;
    if (world_broken(BREAK_CHECK) && event->type == EVENT_CHECK_UNTICKED)
        run->steps[book_find_step(run->book, event->subject)].work.state = STEP_DONE;
}

/* What a resume makes of what was under way. */
static void spoil_resumed(struct run *run)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        struct work *work = &run->steps[i].work;
        enum step_kind kind = run->book->steps[i].kind;
        bool failed = work->state == STEP_FAILED;
        if (world_broken(BREAK_UNKNOWN) && work->state == STEP_UNKNOWN) {
            work->state = STEP_PENDING;
            run->counts.unknown--;
        }
        if (world_broken(BREAK_START) && failed && kind == STEP_BACKFILL)
            work->state = STEP_PENDING;
        if (world_broken(BREAK_RESEND) && failed && kind == STEP_NOTIFY) {
            work->state = STEP_PENDING;
            run->counts.complete[run->book->steps[i].phase]--;
        }
    }
}

int FAKE(run_apply)(struct run *run, const struct event *event, struct err *err)
{
    int r = REAL(run_apply)(run, event, err);
    if (r < 0)
        return r;
    if (event->type == EVENT_RUN_RESUMED)
        spoil_resumed(run);
    spoil_items(run, event);
    if (run == world()->runner_run)
        spoil(run, event);
    judge_applied(run, event);
    return 0;
}

bool FAKE(run_condition_now)(const struct run *run, const struct condition *condition, struct instant now,
                             struct buf *why)
{
    return REAL(run_condition_now)(run, condition, now, why) || world_broken(BREAK_THROTTLE);
}

/* A message in a rollback that did not get through. */
static void spoil_told(const struct run *run, struct decision *decision)
{
    const struct event *event = &decision->events[0];
    if (!world_broken(BREAK_BLOCK) || decision->count != 1 || event->type != EVENT_STEP_ENDED ||
        event->choice != CHOICE_FAILED || event->entry == 0 ||
        book_find_work(run->book, event->subject, event->entry)->kind != STEP_NOTIFY)
        return;
    decision->events[decision->count++] = (struct event){ .type = EVENT_RUN_HELD,
                                                          .at = event->at,
                                                          .actor = EVENT_ACTOR_SELF,
                                                          .text = "rollback of something failed" };
}

int FAKE(decide)(const struct run *run, const struct input *input, struct arena *arena,
                 struct decision *decision, struct err *err)
{
    struct input believed = *input;
    if (world_broken(BREAK_WORD) && input->type == INPUT_PROBED && input->choice == CHOICE_NO &&
        run_work(run, input->step, input->entry)->reported)
        believed.choice = CHOICE_YES;
    int r = REAL(decide)(run, &believed, arena, decision, err);
    if (r < 0 || decision->count == 0)
        return r;
    spoil_told(run, decision);
    if (world_broken(BREAK_LAPSE) && decision->events[0].type == EVENT_GATE_LAPSED)
        decision->count = 0;
    if (world_broken(BREAK_ACKNOWLEDGE) && decision->events[0].type == EVENT_RUN_NOTE)
        decision->count = 0;
    /* an engine that decides what cannot be folded: nobody must be worse off than without the action */
    if (world()->in_runner && decision->events[0].type == EVENT_STEP_STARTED && chance_fault(3))
        decision->events[0].attempt++;
    return r;
}

static size_t oldest(const struct run *run, size_t to)
{
    size_t found = BOOK_NONE;
    for (size_t i = 0; i < run->book->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        if (step->effect && (to == BOOK_NONE || step->order >= run->steps[to].order) &&
            (found == BOOK_NONE || step->order < run->steps[found].order))
            found = i;
    }
    return found;
}

size_t FAKE(rollback_newest)(const struct run *run, size_t to)
{
    size_t newest = REAL(rollback_newest)(run, to);
    if (world_broken(BREAK_ORDER))
        return oldest(run, to);
    return world_broken(BREAK_SHORT) && newest != BOOK_NONE && newest == oldest(run, to) ? BOOK_NONE : newest;
}
