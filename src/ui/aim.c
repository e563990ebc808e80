#include "aim.h"

#define NO_AIM ((struct aim){ .step = BOOK_NONE })

const struct step *aim_step(const struct run *run, struct aim aim)
{
    if (run == NULL || aim.step == BOOK_NONE)
        return NULL;
    return book_work(run->book, aim.step, aim.entry);
}

const struct work *aim_work(const struct run *run, struct aim aim)
{
    if (run == NULL || aim.step == BOOK_NONE)
        return NULL;
    const struct run_step *step = &run->steps[aim.step];
    return aim.entry == 0 ? &step->work : &step->undo[aim.entry - 1];
}

const char *aim_id(const struct run *run, struct aim aim)
{
    const struct step *step = aim_step(run, aim);
    return step != NULL ? step->id : "";
}

const char *aim_subject(const struct run *run, struct aim aim)
{
    return aim_id(run, (struct aim){ aim.step, 0 });
}

/* Whether this step or entry is what a key looks for. */
typedef bool (*aim_test)(const struct run *run, struct aim aim);

static bool is_state(const struct run *run, struct aim aim, enum step_state state)
{
    return aim_work(run, aim)->state == state;
}

static bool is_running(const struct run *run, struct aim aim)
{
    return is_state(run, aim, STEP_RUNNING);
}

static bool is_failed(const struct run *run, struct aim aim)
{
    return is_state(run, aim, STEP_FAILED);
}

static bool is_unknown(const struct run *run, struct aim aim)
{
    return is_state(run, aim, STEP_UNKNOWN);
}

static bool has_leftover(const struct run *run, struct aim aim)
{
    return aim.entry == 0 && run->steps[aim.step].leftover != NULL;
}

static bool is_ready_check(const struct run *run, struct aim aim)
{
    const struct step *step = aim_step(run, aim);
    return aim.entry == 0 && step->kind == STEP_CHECK && !step_is_sensed(step) &&
           run_step_shown(run, aim.step) == STEP_READY;
}

static bool is_tickable(const struct run *run, struct aim aim)
{
    return (aim_step(run, aim)->kind == STEP_MANUAL && is_running(run, aim)) || is_ready_check(run, aim);
}

static struct aim find_in_step(const struct run *run, size_t step, aim_test test)
{
    const struct step *def = &run->book->steps[step];
    for (size_t entry = 0; entry <= def->rollback_count; entry++) {
        struct aim aim = { step, entry };
        if (test(run, aim))
            return aim;
    }
    return NO_AIM;
}

/* The selected step first; else all in order. */
static struct aim find(const struct ui *ui, aim_test test)
{
    if (ui->run == NULL)
        return NO_AIM;
    if (ui->selected != BOOK_NONE) {
        struct aim aim = find_in_step(ui->run, ui->selected, test);
        if (aim.step != BOOK_NONE)
            return aim;
    }
    for (size_t step = 0; step < ui->run->book->step_count; step++) {
        struct aim aim = find_in_step(ui->run, step, test);
        if (aim.step != BOOK_NONE)
            return aim;
    }
    return NO_AIM;
}

struct aim aim_running(const struct ui *ui)
{
    return ui->run != NULL && ui->run->counts.running > 0 ? find(ui, is_running) : NO_AIM;
}

struct aim aim_failed(const struct ui *ui)
{
    return find(ui, is_failed);
}

struct aim aim_unknown(const struct ui *ui)
{
    return ui->run != NULL && ui->run->counts.unknown > 0 ? find(ui, is_unknown) : NO_AIM;
}

struct aim aim_leftover(const struct ui *ui)
{
    return find(ui, has_leftover);
}

static bool may_tick(const struct ui *ui, struct aim aim)
{
    struct err why = ERR_INIT;
    return ui_allows(
        ui, &(struct action){ .verb = VERB_TICK, .subject = aim_subject(ui->run, aim), .text = "-" }, &why);
}

/* Only in the phase that is current: a box of a later one is not ready anyway, and looking at readiness of
 * every step of a big book for every frame would be the most expensive thing that a frame does. A box that
 * somebody else has to tick only where there is no other. */
struct aim aim_tickable(const struct ui *ui)
{
    const struct run *run = ui->run;
    if (run == NULL)
        return NO_AIM;
    if (ui->selected != BOOK_NONE)
        return find_in_step(run, ui->selected, is_tickable);
    struct aim first = aim_running(ui);
    if (first.step != BOOK_NONE && !is_tickable(run, first))
        first = NO_AIM;
    if (first.step != BOOK_NONE && may_tick(ui, first))
        return first;
    size_t phase = run_current_phase(run);
    if (phase >= run->book->phase_count)
        return first;
    const struct phase *def = &run->book->phases[phase];
    for (size_t i = 0; i < def->step_count; i++) {
        struct aim aim = { def->first_step + i, 0 };
        if (!is_ready_check(run, aim))
            continue;
        if (may_tick(ui, aim))
            return aim;
        if (first.step == BOOK_NONE)
            first = aim;
    }
    return first;
}

struct aim aim_unticked(const struct ui *ui)
{
    size_t shown = aim_shown(ui);
    if (shown == BOOK_NONE)
        return NO_AIM;
    const struct step *step = &ui->run->book->steps[shown];
    bool ticked =
        step->kind == STEP_CHECK && !step_is_sensed(step) && ui->run->steps[shown].work.state == STEP_DONE;
    return ticked ? (struct aim){ shown, 0 } : NO_AIM;
}

size_t aim_shown(const struct ui *ui)
{
    if (ui->run == NULL || ui->run->book->step_count == 0)
        return BOOK_NONE;
    if (ui->selected != BOOK_NONE)
        return ui->selected;
    size_t focus = run_focus_step(ui->run);
    return focus != BOOK_NONE ? focus : ui->run->book->step_count - 1;
}

static bool is_under_way(const struct run *run, struct aim aim)
{
    return aim.entry > 0 && (is_running(run, aim) || is_failed(run, aim) || is_unknown(run, aim));
}

struct aim aim_shown_work(const struct ui *ui)
{
    size_t shown = aim_shown(ui);
    if (shown == BOOK_NONE)
        return NO_AIM;
    struct aim entry = find_in_step(ui->run, shown, is_under_way);
    return entry.step != BOOK_NONE ? entry : (struct aim){ shown, 0 };
}

size_t aim_gate(const struct ui *ui)
{
    const struct run *run = ui->run;
    if (run == NULL)
        return BOOK_NONE;
    size_t phase = ui->selected != BOOK_NONE ? run->book->steps[ui->selected].phase : run_current_phase(run);
    for (; phase < run->book->phase_count; phase++) {
        if (run->book->phases[phase].gate != BOOK_NONE)
            return run->book->phases[phase].gate;
    }
    return run->book->gate_count > 0 ? run->book->gate_count - 1 : BOOK_NONE;
}

const char *aim_overridable(const struct ui *ui)
{
    size_t gate = aim_gate(ui);
    if (ui->selected != BOOK_NONE && !run_step_complete(ui->run, ui->selected))
        return ui->run->book->steps[ui->selected].id;
    for (size_t i = 0; i < ui->run->book->gates[gate].criterion_count; i++) {
        struct condition_view view;
        const struct run_condition *criterion = &ui->run->gates[gate].criteria[i];
        run_condition_view(ui->run, criterion, ui->now, &view);
        if (view.verdict != CONDITION_MET && criterion->overridden == NULL)
            return ui->run->book->gates[gate].criteria[i].id;
    }
    return "";
}

static struct next nothing(const char *why)
{
    return (struct next){ .kind = NEXT_NOTHING, .aim = NO_AIM, .gate = BOOK_NONE, .why = why };
}

static struct next next_of(enum next_kind kind, struct aim aim, size_t gate)
{
    return (struct next){ .kind = kind, .aim = aim, .gate = gate, .why = "" };
}

/* The first of the phase that who sits here can start or tick, in the order of the book. */
static struct next next_in_phase(const struct ui *ui, const struct phase *phase)
{
    size_t start = run_next_step(ui->run);
    bool others = false;
    for (size_t i = 0; i < phase->step_count; i++) {
        struct aim aim = { phase->first_step + i, 0 };
        bool ticks = is_ready_check(ui->run, aim);
        bool mine = ticks ? may_tick(ui, aim) : aim.step == start && ui_executes(ui);
        if (mine)
            return next_of(ticks ? NEXT_TICK : NEXT_START, aim, BOOK_NONE);
        if (ticks)
            others = true;
        else if (aim.step == start)
            return next_of(NEXT_START, aim, BOOK_NONE); /* what stands behind it has to wait as well */
    }
    if (aim_failed(ui).step != BOOK_NONE)
        return nothing(ui_executes(ui) ? "a step failed: e retries, R rolls back"
                                       : "a step failed: it is for the operator to go on");
    if (aim_running(ui).step != BOOK_NONE)
        return nothing("a step runs");
    return nothing(others ? "somebody else has to tick what is next" : "sensed checks are not true yet");
}

/* What the selected step can do; when it cannot, the engine is asked all the same, because it knows why. */
static struct next next_selected(const struct ui *ui)
{
    struct aim aim = { ui->selected, 0 };
    const struct step *step = aim_step(ui->run, aim);
    enum step_state state = ui->run->steps[ui->selected].work.state;
    if (state != STEP_PENDING && state != STEP_ROLLED_BACK)
        return nothing("nothing is to be started there: Esc follows the run again");
    if (step->kind == STEP_CHECK)
        return step_is_sensed(step) ? nothing("a sensed check ticks itself")
                                    : next_of(NEXT_TICK, aim, BOOK_NONE);
    return next_of(NEXT_START, aim, BOOK_NONE);
}

struct next aim_next(const struct ui *ui)
{
    const struct run *run = ui->run;
    if (run == NULL)
        return nothing("the run is starting");
    if (ui->halted || ui_is_lost(ui))
        return nothing(ui->halted ? "halted" : "the link is lost");
    if (run->closed != CHOICE_NONE)
        return nothing("the run is over");
    struct aim unknown = aim_unknown(ui);
    if (unknown.step != BOOK_NONE)
        return next_of(NEXT_RULE, unknown, BOOK_NONE);
    struct aim tickable = aim_tickable(ui);
    if (tickable.step != BOOK_NONE && is_running(run, tickable) && may_tick(ui, tickable))
        return next_of(NEXT_TICK, tickable, BOOK_NONE);
    if (run->rolling_back)
        return nothing(aim_failed(ui).entry > 0 ? "a rollback step failed: e retries" : "rolling back");
    if (run->held)
        return nothing(ui_executes(ui) ? "held: r releases" : "held: only the operator releases");
    if (ui->selected != BOOK_NONE)
        return next_selected(ui);
    size_t phase = run_current_phase(run);
    if (phase >= run->book->phase_count || run->rolled_back)
        return next_of(NEXT_CLOSE, NO_AIM, BOOK_NONE);
    const struct phase *def = &run->book->phases[phase];
    if (run_phase_complete(run, phase) && def->gate != BOOK_NONE)
        return next_of(NEXT_VOTE, NO_AIM, def->gate);
    return next_in_phase(ui, def);
}

bool next_executes(const struct next *next)
{
    return next->kind == NEXT_START || next->kind == NEXT_RULE || next->kind == NEXT_CLOSE;
}
