#include <string.h>

#include "sim.h"

/*
 * Between the runner and the engine: nothing, but for what is broken on purpose to see that it is noticed.
 */

extern __typeof__(run_create) FAKE(run_create), REAL(run_create);
extern __typeof__(run_apply) FAKE(run_apply), REAL(run_apply);
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

int FAKE(run_apply)(struct run *run, const struct event *event, struct err *err)
{
    int r = REAL(run_apply)(run, event, err);
    if (r < 0)
        return r;
    if (world_broken(BREAK_UNKNOWN) && event->type == EVENT_RUN_RESUMED) {
        for (size_t i = 0; i < run->book->step_count; i++) {
            if (run->steps[i].work.state == STEP_UNKNOWN) {
                run->steps[i].work.state = STEP_PENDING;
                run->counts.unknown--;
            }
        }
    }
    if (run == world()->runner_run)
        spoil(run, event);
    judge_applied(run, event);
    return 0;
}

int FAKE(decide)(const struct run *run, const struct input *input, struct arena *arena,
                 struct decision *decision, struct err *err)
{
    int r = REAL(decide)(run, input, arena, decision, err);
    if (r < 0 || decision->count == 0)
        return r;
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
