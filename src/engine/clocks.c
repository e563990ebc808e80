#include "engine.h"

int64_t run_wall_us(const struct run *run, struct instant now)
{
    return run->anchor.wall_us + (now.boot_us - run->anchor.boot_us);
}

static int64_t at_least_none(int64_t us)
{
    return us > 0 ? us : 0;
}

/* What of the step's way back is still before us. An entry that nobody has estimated is reckoned to take as
 * long as the way forward took, and is counted: to take it for nothing would say that there is more time than
 * there is. */
static int64_t undo_left_us(const struct run *run, size_t step, size_t *unestimated)
{
    const struct step *def = &run->book->steps[step];
    int64_t sum_us = 0;
    for (size_t i = 0; i < def->rollback_count; i++) {
        const struct step *entry = &def->rollback[i];
        if (run->steps[step].undo[i].state == STEP_DONE || entry->kind == STEP_NONE)
            continue;
        sum_us += entry->estimate.max_us > 0 ? entry->estimate.max_us : run->steps[step].work.elapsed_us;
        *unestimated += entry->estimate.max_us == 0;
    }
    return sum_us;
}

/* What runs or is unknown may turn out to have an effect: whoever decides late has to count it. */
static bool may_have_effect(const struct run *run, size_t step)
{
    enum step_state state = run->steps[step].work.state;
    bool open = state == STEP_RUNNING || state == STEP_UNKNOWN;
    return run->steps[step].effect || (open && step_kind_changes(run->book->steps[step].kind));
}

static int64_t step_left_us(const struct run *run, size_t step, struct instant now)
{
    const struct work *work = &run->steps[step].work;
    int64_t estimate_us = run->book->steps[step].estimate.max_us;
    if (step_state_complete(work->state))
        return 0;
    if (work->state != STEP_RUNNING)
        return estimate_us;
    return at_least_none(estimate_us - (now.boot_us - work->started.boot_us));
}

static void add_step(const struct run *run, size_t step, struct instant now, struct clocks *clocks)
{
    const struct step *def = &run->book->steps[step];
    bool effect = may_have_effect(run, step);
    clocks->work_left_us += step_left_us(run, step, now);
    clocks->work_unestimated +=
        def->kind != STEP_CHECK && def->estimate.max_us == 0 && !run_step_complete(run, step);
    if (effect)
        clocks->rollback_us += undo_left_us(run, step, &clocks->rollback_unestimated);
    if (!step_is_final(def))
        return;
    if (effect)
        clocks->passed_no_return = step;
    else if (clocks->no_return == BOOK_NONE && !run_step_complete(run, step))
        clocks->no_return = step;
}

void run_clocks(const struct run *run, struct instant now, struct clocks *ret)
{
    const struct book *book = run->book;
    struct clocks clocks = { .no_return = BOOK_NONE, .passed_no_return = BOOK_NONE };
    if (run->closed != CHOICE_NONE)
        now = run->closed_at;
    for (size_t i = 0; i < book->step_count; i++)
        add_step(run, i, now, &clocks);
    if (run->rolling_back) {
        clocks.work_left_us = clocks.rollback_us;
        clocks.work_unestimated = clocks.rollback_unestimated;
    }
    if (run->id != NULL) {
        clocks.held_us = run->held_total_us;
        clocks.held_us += run->held ? at_least_none(now.boot_us - run->held_since.boot_us) : 0;
        clocks.run_us = run->ran_before_us + at_least_none(now.boot_us - run->anchor.boot_us);
    }
    clocks.has_window = book->window_us > 0 && run->id != NULL;
    if (clocks.has_window) {
        clocks.window_end_us = run->opened.wall_us + book->window_us;
        clocks.window_left_us = clocks.window_end_us - run_wall_us(run, now);
        clocks.safe_until_us = clocks.window_end_us - clocks.rollback_us - book->margin_us;
        clocks.safe_left_us = clocks.safe_until_us - run_wall_us(run, now);
    }
    *ret = clocks;
}

/* Estimates of a second say "at once": a catalog change of 2 ms is no surprise. */
#define FAST_FROM_US (10 * SECOND_US)
/* Rehearsals measure in microseconds: 6 ms in the place of 3 is no surprise either. */
#define SLOW_FROM_US SECOND_US

enum pace pace_of(const struct duration_range *estimate, int64_t elapsed_us, bool ended)
{
    if (estimate->max_us <= 0)
        return PACE_UNKNOWN;
    if (elapsed_us >= SLOW_FROM_US && elapsed_us > estimate->max_us + estimate->max_us / 5)
        return PACE_SLOW;
    if (ended && estimate->min_us >= FAST_FROM_US && elapsed_us < estimate->min_us / 10)
        return PACE_FAST;
    return PACE_AS_ESTIMATED;
}

/* ---- deciding ---- */

/* What the wall clock may run off by adjustments before it counts as a jump. */
#define JUMP_US (2 * SECOND_US)

void tick_clock(struct deciding *d)
{
    struct instant now = d->input->now;
    int64_t jump_us = now.wall_us - run_wall_us(d->run, now) - d->run->wall_jump_us;
    if (jump_us >= -JUMP_US && jump_us <= JUMP_US)
        return;
    emit(d, EVENT_CLOCK_JUMPED)->elapsed_us = jump_us;
}
