#include "engine.h"

static const char *const step_state_words[STEP_STATE_COUNT] = {
#define X(name, word) [name] = word,
    STEP_STATES(X)
#undef X
};

static const char *const run_state_words[RUN_STATE_COUNT] = {
#define X(name, word) [name] = word,
    RUN_STATES(X)
#undef X
};

const char *step_state_word(enum step_state state)
{
    return state < STEP_STATE_COUNT ? step_state_words[state] : "";
}

const char *run_state_word(enum run_state state)
{
    return state < RUN_STATE_COUNT ? run_state_words[state] : "";
}

static void init_work(struct work *work, const struct step *def)
{
    work->state = STEP_PENDING;
    run_condition_init(&work->until,
                       def->kind == STEP_WAIT && !step_is_carried_out(def) ? &def->until : NULL);
    work_forget(work);
}

static void init_steps(struct run *run)
{
    const struct book *book = run->book;
    run->steps = arena_array(run->arena, book->step_count, sizeof(*run->steps));
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *def = &book->steps[i];
        struct run_step *step = &run->steps[i];
        init_work(&step->work, def);
        step->deferred_gate = BOOK_NONE;
        step->undo = arena_array(run->arena, def->rollback_count, sizeof(*step->undo));
        for (size_t k = 0; k < def->rollback_count; k++)
            init_work(&step->undo[k], &def->rollback[k]);
    }
}

static void init_gates(struct run *run)
{
    const struct book *book = run->book;
    run->gates = arena_array(run->arena, book->gate_count, sizeof(*run->gates));
    for (size_t i = 0; i < book->gate_count; i++) {
        const struct gate *def = &book->gates[i];
        struct run_gate *gate = &run->gates[i];
        gate->votes = arena_array(run->arena, def->vote_count, sizeof(*gate->votes));
        gate->criteria = arena_array(run->arena, def->criterion_count, sizeof(*gate->criteria));
        for (size_t k = 0; k < def->criterion_count; k++)
            run_condition_init(&gate->criteria[k], &def->criteria[k].when);
    }
}

struct run *run_create(const struct book *book)
{
    struct arena *arena = arena_create();
    struct run *run = arena_alloc(arena, sizeof(*run));
    run->book = book;
    run->arena = arena;
    run->rollback_to = BOOK_NONE;
    run->rollback_phase = BOOK_NONE;
    run->proposed_by = BOOK_NONE;
    init_steps(run);
    init_gates(run);
    run->triggers = arena_array(arena, book->trigger_count, sizeof(*run->triggers));
    for (size_t i = 0; i < book->trigger_count; i++)
        run_condition_init(&run->triggers[i].condition, &book->triggers[i].when);
    run->monitors = arena_array(arena, book->monitor_count, sizeof(*run->monitors));
    run_conditions_connect(run);
    run->counts.complete = arena_array(arena, book->phase_count, sizeof(*run->counts.complete));
    run->counts.begun = arena_array(arena, book->phase_count, sizeof(*run->counts.begun));
    run_count_phases(run);
    return run;
}

void run_destroy(struct run *run)
{
    if (run == NULL)
        return;
    for (size_t i = 0; i < run->book->step_count; i++) {
        arena_destroy(run->steps[i].sensed_arena);
        arena_destroy(run->steps[i].foreseen_arena);
    }
    for (size_t i = 0; i < run->book->monitor_count; i++) {
        arena_destroy(run->monitors[i].last_arena);
        arena_destroy(run->monitors[i].known_arena);
    }
    arena_destroy(run->arena);
}

const char *run_keep(struct run *run, const char *text)
{
    return arena_text(run->arena, text);
}

/* ---- steps and entries under one name ---- */

const struct work *run_work(const struct run *run, size_t step, size_t entry)
{
    return entry == 0 ? &run->steps[step].work : &run->steps[step].undo[entry - 1];
}

const char *work_name(const struct run *run, size_t step, size_t entry, struct arena *arena)
{
    const char *id = run->book->steps[step].id;
    return entry == 0 ? id : arena_format(arena, "entry %zu of the rollback of %s", entry, id);
}

/* ---- counts ---- */

bool step_state_complete(enum step_state state)
{
    return state == STEP_DONE || state == STEP_SKIPPED || state == STEP_DEFERRED;
}

/* Nothing waits for a message that did not get through: it shows as failed, and can be sent again. */
bool step_is_complete(const struct step *def, enum step_state state)
{
    return step_state_complete(state) || (def->kind == STEP_NOTIFY && state == STEP_FAILED);
}

/* Ticking a check begins nothing: a gate before it may still lapse. What was rolled back has to begin anew.
 */
static bool has_begun(const struct step *def, const struct work *work)
{
    if (def->kind == STEP_CHECK || work->state == STEP_PENDING || work->state == STEP_ROLLED_BACK)
        return false;
    return work->state != STEP_DEFERRED || work->attempt > 0;
}

#define PLUS_ONE  ((size_t)1)
#define MINUS_ONE SIZE_MAX /* modulo */

/* Adds what a piece of work counts, or takes it away. */
static void count_work(struct run *run, size_t step, size_t entry, size_t one)
{
    const struct step *def = &run->book->steps[step];
    const struct work *work = run_work(run, step, entry);
    run->counts.running += work->state == STEP_RUNNING ? one : 0;
    run->counts.unknown += work->state == STEP_UNKNOWN ? one : 0;
    if (entry > 0)
        return;
    run->counts.deferred += work->state == STEP_DEFERRED ? one : 0;
    run->counts.complete[def->phase] += step_is_complete(def, work->state) ? one : 0;
    run->counts.begun[def->phase] += has_begun(def, work) ? one : 0;
}

void run_set_state(struct run *run, size_t step, size_t entry, enum step_state state)
{
    struct run_step *at = &run->steps[step];
    struct work *work = entry == 0 ? &at->work : &at->undo[entry - 1];
    count_work(run, step, entry, MINUS_ONE);
    work->state = state;
    count_work(run, step, entry, PLUS_ONE);
}

void run_count_phases(struct run *run)
{
    const struct book *book = run->book;
    size_t current = 0;
    while (current < book->phase_count && run_phase_complete(run, current) &&
           (book->phases[current].gate == BOOK_NONE ||
            run->gates[book->phases[current].gate].decision == CHOICE_GO))
        current++;
    run->counts.current_phase = current;
    size_t begun = book->phase_count;
    while (begun > 0 && run->counts.begun[begun - 1] == 0)
        begun--;
    run->counts.begun_phases = begun;
}
