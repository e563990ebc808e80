#include "engine.h"

enum run_state run_state(const struct run *run)
{
    static const enum run_state closed[CHOICE_COUNT] = {
        [CHOICE_FINISHED] = RUN_FINISHED,
        [CHOICE_SCRUBBED] = RUN_SCRUBBED,
        [CHOICE_ABORTED] = RUN_ABORTED,
    };
    if (run->closed != CHOICE_NONE)
        return closed[run->closed];
    if (run->rolling_back)
        return RUN_ROLLING_BACK;
    if (run->held)
        return RUN_HELD;
    size_t phase = run->counts.current_phase;
    return phase < run->book->phase_count && run_phase_complete(run, phase) ? RUN_AT_GATE : RUN_OPEN;
}

bool step_is_probed_by_hand(const struct step *step)
{
    return step->kind == STEP_MANUAL && query_is_there(&step->probe);
}

bool step_is_carried_out(const struct step *step)
{
    static const bool kinds[STEP_KIND_COUNT] = {
        [STEP_SQL] = true,     [STEP_COMMAND] = true, [STEP_VERIFY] = true, [STEP_BACKFILL] = true,
        [STEP_COMPARE] = true, [STEP_NOTIFY] = true,  [STEP_OSC] = true,
    };
    return kinds[step->kind] || (step->kind == STEP_WAIT && step->until_count > 0);
}

bool run_step_complete(const struct run *run, size_t step)
{
    return step_is_complete(&run->book->steps[step], run->steps[step].work.state);
}

bool step_is_next(const struct run *run, size_t step)
{
    const struct step *def = &run->book->steps[step];
    if (def->phase > run->counts.current_phase)
        return false;
    for (size_t i = 0; i < def->after_count; i++) {
        if (!run_step_complete(run, def->after[i]))
            return false;
    }
    return true;
}

enum step_state run_step_shown(const struct run *run, size_t step)
{
    const struct step *def = &run->book->steps[step];
    enum step_state state = run->steps[step].work.state;
    if (state != STEP_PENDING || def->phase > run->counts.current_phase)
        return state;
    /* boxes of a phase that is reached may be ticked in any order */
    return def->kind == STEP_CHECK || step_is_next(run, step) ? STEP_READY : STEP_BLOCKED;
}

size_t run_current_phase(const struct run *run)
{
    return run->counts.current_phase;
}

bool run_phase_complete(const struct run *run, size_t phase)
{
    return run->counts.complete[phase] == run->book->phases[phase].step_count;
}

size_t phase_first_incomplete(const struct run *run, size_t phase)
{
    const struct phase *def = &run->book->phases[phase];
    for (size_t i = def->first_step; i < def->first_step + def->step_count; i++) {
        if (!run_step_complete(run, i))
            return i;
    }
    return BOOK_NONE;
}

/* Whether something of the phase runs that what comes after it has to wait for. */
static bool runs_alone(const struct run *run, const struct phase *def)
{
    for (size_t i = def->first_step; run->counts.running > 0 && i < def->first_step + def->step_count; i++) {
        if (run->steps[i].work.state == STEP_RUNNING && !step_is_beside(&run->book->steps[i]))
            return true;
    }
    return false;
}

/* Whether Enter could start it. */
static bool is_startable(const struct run *run, size_t step)
{
    enum step_state state = run->steps[step].work.state;
    return (state == STEP_PENDING || state == STEP_ROLLED_BACK) &&
           run->book->steps[step].kind != STEP_CHECK && step_is_next(run, step);
}

size_t run_next_step(const struct run *run)
{
    size_t phase = run->counts.current_phase;
    if (phase >= run->book->phase_count)
        return BOOK_NONE;
    const struct phase *def = &run->book->phases[phase];
    if (!def->parallel && runs_alone(run, def))
        return BOOK_NONE;
    for (size_t i = def->first_step; i < def->first_step + def->step_count; i++) {
        if (i != def->mark && is_startable(run, i))
            return i; /* with it the mark begins by itself */
    }
    return def->mark != BOOK_NONE && is_startable(run, def->mark) ? def->mark : BOOK_NONE;
}

bool step_takes_locks(const struct step *step)
{
    return (step->kind == STEP_SQL || step->kind == STEP_BACKFILL) && step->target != BOOK_NONE;
}

/* It is looked at every ten seconds, unless something runs there. */
#define FORESEEN_OLD_US (30 * SECOND_US)

void run_foreseen(const struct run *run, size_t step, struct instant now, struct buf *buf)
{
    const struct run_step *state = &run->steps[step];
    int64_t age_us = now.boot_us - state->foreseen_boot_us;
    if (state->foreseen == CHOICE_NONE || run_next_step(run) != step)
        return;
    buf_text(buf, state->foreseen_text);
    if (age_us > FORESEEN_OLD_US) {
        buf_text(buf, "\nas it was ");
        duration_clock(buf, age_us);
        buf_text(buf, " ago");
    }
}

/* The first step whose state, or that of one of its entries, is this. */
static size_t find_state(const struct run *run, enum step_state state, size_t *ret_entry)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        for (size_t entry = 0; entry <= run->book->steps[i].rollback_count; entry++) {
            if (run_work(run, i, entry)->state != state)
                continue;
            if (ret_entry != NULL)
                *ret_entry = entry;
            return i;
        }
    }
    return BOOK_NONE;
}

size_t run_running_step(const struct run *run, size_t *ret_entry)
{
    return run->counts.running > 0 ? find_state(run, STEP_RUNNING, ret_entry) : BOOK_NONE;
}

size_t run_unknown_step(const struct run *run, size_t *ret_entry)
{
    return run->counts.unknown > 0 ? find_state(run, STEP_UNKNOWN, ret_entry) : BOOK_NONE;
}

/* The first step that failed, and that something waits for. */
static size_t find_failed(const struct run *run)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        if (run->steps[i].work.state == STEP_FAILED && !run_step_complete(run, i))
            return i;
    }
    return BOOK_NONE;
}

size_t run_focus_step(const struct run *run)
{
    size_t step = run_running_step(run, NULL);
    if (step == BOOK_NONE)
        step = run_unknown_step(run, NULL);
    if (step == BOOK_NONE)
        step = find_state(run, STEP_ROLLBACK_FAILED, NULL);
    if (step == BOOK_NONE)
        step = find_failed(run);
    if (step == BOOK_NONE)
        step = run_next_step(run);
    for (size_t i = 0; step == BOOK_NONE && i < run->book->step_count; i++) {
        if (!run_step_complete(run, i))
            step = i;
    }
    return step;
}

void run_progress(const struct run *run, size_t *ret_complete, size_t *ret_total)
{
    *ret_complete = 0;
    *ret_total = run->book->step_count;
    for (size_t i = 0; i < run->book->phase_count; i++)
        *ret_complete += run->counts.complete[i];
    *ret_complete -= run->counts.deferred;
}

bool run_wants_sense(const struct run *run, size_t step)
{
    const struct step *def = &run->book->steps[step];
    if (!step_is_sensed(def) || run->id == NULL || run->closed != CHOICE_NONE || run->rolling_back ||
        def->phase > run->counts.current_phase)
        return false;
    /* it comes up again at the next gate, which may let nobody put it off once more */
    if (run->steps[step].work.state == STEP_DEFERRED)
        return true;
    size_t gate = run->book->phases[def->phase].gate;
    return gate != BOOK_NONE ? run->gates[gate].decision != CHOICE_GO || !run->gates[gate].begun_on
                             : run->counts.begun_phases <= def->phase + 1;
}

size_t phase_first_not_seen(const struct run *run, size_t phase)
{
    const struct phase *def = &run->book->phases[phase];
    for (size_t i = def->first_step; i < def->first_step + def->step_count; i++) {
        if (step_is_sensed(&run->book->steps[i]) && run->steps[i].work.state == STEP_DONE &&
            run->steps[i].sensed != CHOICE_YES)
            return i;
    }
    return BOOK_NONE;
}

size_t gate_first_deferred(const struct run *run, size_t gate)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        if (run->steps[i].work.state == STEP_DEFERRED && run->steps[i].deferred_gate != gate &&
            run->book->steps[i].phase <= run->book->gates[gate].phase)
            return i;
    }
    return BOOK_NONE;
}

/* ---- rollback ---- */

bool step_is_final(const struct step *step)
{
    return step_kind_changes(step->kind) && (step->irreversible != NULL || step->rollback_count == 0);
}

const char *step_final_why(const struct step *step)
{
    return step->irreversible != NULL ? step->irreversible : "the book has no rollback for it";
}

static bool is_to_be_undone(const struct run *run, size_t step, size_t to)
{
    const struct run_step *at = &run->steps[step];
    return at->effect && (to == BOOK_NONE || at->order >= run->steps[to].order);
}

size_t run_rollback_list(const struct run *run, size_t to, size_t *steps, size_t max)
{
    size_t total = 0;
    size_t filled = 0;
    /* from the back: steps mostly ran in the order of the book, so that little has to be moved */
    for (size_t i = run->book->step_count; i-- > 0;) {
        if (!is_to_be_undone(run, i, to))
            continue;
        total++;
        size_t at = filled;
        while (at > 0 && run->steps[steps[at - 1]].order < run->steps[i].order)
            at--;
        if (at >= max)
            continue;
        if (filled < max)
            filled++;
        for (size_t k = filled - 1; k > at; k--)
            steps[k] = steps[k - 1];
        steps[at] = i;
    }
    return total;
}

size_t rollback_newest(const struct run *run, size_t to)
{
    size_t newest = BOOK_NONE;
    for (size_t i = 0; i < run->book->step_count; i++) {
        if (is_to_be_undone(run, i, to) &&
            (newest == BOOK_NONE || run->steps[i].order > run->steps[newest].order))
            newest = i;
    }
    return newest;
}

size_t rollback_entry(const struct run *run, size_t step)
{
    for (size_t entry = 1; entry <= run->book->steps[step].rollback_count; entry++) {
        if (run_work(run, step, entry)->state != STEP_DONE)
            return entry;
    }
    return 0;
}

/* ---- how far ---- */

static void put_items(struct buf *buf, const struct work *work)
{
    size_t done = 0;
    for (size_t i = 0; i < work->item_count; i++)
        done += work->items[i].done;
    buf_format(buf, "%zu done", done);
    if (done < work->item_count)
        buf_format(buf, ", at %s", work->items[work->item_count - 1].name);
}

/* What a backfill passes is reckoned by the statistics of its table, and without them there is no estimate.
 */
static void put_rows(struct buf *buf, const struct step *step, const struct work *work)
{
    const struct progress *progress = &work->progress;
    bool runs = work->state == STEP_RUNNING;
    if (step->kind == STEP_OSC) {
        buf_format(buf, "%" PRId64 " %% copied",
                   progress->total > 0 ? 100 * progress->rows / progress->total : 0);
    } else {
        buf_format(buf, "%" PRId64, progress->rows);
        if (progress->total >= 0)
            buf_format(buf, " of ~%" PRId64, progress->total);
        buf_text(buf, runs && progress->again ? " rows once more" : " rows");
    }
    if (progress->per_second > 0)
        buf_format(buf, ", %" PRId64 "/s", progress->per_second);
    if (runs && progress->total < 0 && step->kind == STEP_BACKFILL)
        buf_text(buf, ", total not known (never analysed)");
    if (runs && progress->left_us >= 0) {
        buf_text(buf, ", ");
        duration_clock(buf, progress->left_us);
        buf_text(buf, " left");
    }
}

static void put_queries(struct buf *buf, const struct step *step, const struct work *work)
{
    const struct progress *progress = &work->progress;
    buf_format(buf, "%" PRId64 " of %" PRId64 " hold", progress->rows, progress->total);
    if (progress->rows == progress->total && step->until_for_us > 0) {
        buf_text(buf, ", not yet for ");
        duration_spell(buf, step->until_for_us);
    }
    if (work->lacks != NULL)
        buf_format(buf, "; not yet: %s", work->lacks);
}

void work_progress_text(struct buf *buf, const struct step *step, const struct work *work)
{
    const struct progress *progress = &work->progress;
    bool is_known = progress->rows > 0 || progress->total >= 0;
    if (work->item_count > 0)
        put_items(buf, work);
    if (!is_known || (step->kind == STEP_WAIT && work->state != STEP_RUNNING))
        return;
    buf_text(buf, work->item_count > 0 ? "; " : "");
    if (step->kind == STEP_WAIT)
        put_queries(buf, step, work);
    else
        put_rows(buf, step, work);
}
