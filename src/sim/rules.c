#include <string.h>
#include <strings.h>

#include "judge.h"

/*
 * What was promised, said once more and without the engine's own reasoning: what may be begun, what may be
 * begun again, what a rollback is, what an approval stands for.
 */

static struct {
    const struct event *rollback;
    size_t to; /* BOOK_NONE: everything */
} way_back;

static long asked_to_stop; /* the runner that has recorded it */

void rules_create(void)
{
    memset(&way_back, 0, sizeof(way_back));
    asked_to_stop = 0;
    somebody_create();
}

struct def *rules_def(const struct event *event)
{
    size_t step = event->subject != NULL ? book_find_step(world()->book->book, event->subject) : BOOK_NONE;
    struct def *def = step != BOOK_NONE ? def_at(step, (size_t)event->entry) : NULL;
    if (def == NULL)
        world_failed(SIM_DIVERGED, "record %llu is about what the book does not have",
                     (unsigned long long)event->seq);
    return def;
}

bool rules_by_itself(const struct event *event)
{
    return strcmp(event->actor, EVENT_ACTOR_SELF) == 0;
}

/* ---- approvals ---- */

/* What the monitors really said last. */
static void check_criterion(const struct gate *gate, size_t index, struct instant now, const char *what)
{
    const struct condition *condition = &gate->criteria[index].when;
    const struct sample *sample = monitors_last(condition->monitor);
    const struct sample_metric *metric = sample != NULL ? sample_metric(sample, condition->metric) : NULL;
    if (world()->fold->gates[gate->index].criteria[index].overridden != NULL)
        return;
    if (metric == NULL)
        world_failed(SIM_RULE, "%s although nobody knows %s", what, condition->name);
    if (!comparison_holds(condition->is, metric->value, condition->value))
        world_failed(SIM_RULE, "%s although %s is %g", what, condition->name, metric->value);
    if (now.boot_us - sample->at.boot_us > condition->age_us)
        world_failed(SIM_RULE, "%s although %s is %lld ms old", what, condition->name,
                     (long long)(now.boot_us - sample->at.boot_us) / 1000);
}

static void check_sensed(const struct gate *gate, struct instant now, const char *what)
{
    const struct run *fold = world()->fold;
    const struct phase *phase = &fold->book->phases[gate->phase];
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        const struct run_step *step = &fold->steps[i];
        if (!step_is_sensed(&fold->book->steps[i]) || step->work.state == STEP_DEFERRED)
            continue;
        if (step->sensed != CHOICE_YES ||
            now.boot_us - step->sensed_boot_us > fold->book->steps[i].freshness_us)
            world_failed(SIM_RULE, "%s although \"%s\" was not seen for too long", what,
                         fold->book->steps[i].id);
    }
}

/* What a GO was given for has to be so at the moment when the first step is begun on it. */
static void check_stands(const struct gate *gate, const struct event *event, const char *what)
{
    if (event->seq <= world()->inherited)
        return; /* written by a runner that is gone, and durable only now: that moment is over */
    for (size_t i = 0; i < gate->criterion_count; i++)
        check_criterion(gate, i, event->at, what);
    check_sensed(gate, event->at, what);
}

static void check_decided(const struct event *event)
{
    const struct run *fold = world()->fold;
    const struct gate *gate = &fold->book->gates[book_find_gate(fold->book, event->subject)];
    if (event->choice != CHOICE_GO)
        return;
    for (size_t i = 0; i < gate->vote_count; i++) {
        const struct run_vote *vote = &fold->gates[gate->index].votes[i];
        bool operator= strcmp(fold->book->roles[gate->votes[i]].id, "operator") == 0;
        if (vote->vote != CHOICE_GO || operator!=(strcasecmp(vote->actor, OPERATOR) == 0))
            world_failed(SIM_RULE, "gate %s is GO without the %s", gate->id,
                         fold->book->roles[gate->votes[i]].id);
    }
    check_stands(gate, event, "a gate is GO");
}

/* ---- beginning ---- */

static void check_gate(const struct gate *gate, const struct event *event)
{
    const struct run_gate *state = &world()->fold->gates[gate->index];
    if (state->decision != CHOICE_GO)
        world_failed(SIM_RULE, "%s is begun past gate %s, which is not GO", event->subject, gate->id);
    if (state->begun_on)
        return;
    if (state->forced == NULL)
        check_stands(gate, event, "a step is begun on an approval");
    if (gate->valid_us > 0 && event->at.boot_us - state->decided.boot_us > gate->valid_us)
        world_failed(SIM_RULE, "%s is begun on an approval that was over", event->subject);
}

static void check_forward(const struct def *def, const struct event *event)
{
    const struct run *fold = world()->fold;
    const struct book *book = fold->book;
    for (size_t i = 0; i < book->step_count; i++) {
        if (book->steps[i].phase < def->step->phase && !run_step_complete(fold, i))
            world_failed(SIM_RULE, "%s is begun before %s %s", event->subject, book->steps[i].id,
                         book->steps[i].kind == STEP_CHECK ? "is ticked" : "is complete");
    }
    for (size_t i = 0; i < book->gate_count; i++) {
        if (book->gates[i].phase < def->step->phase)
            check_gate(&book->gates[i], event);
    }
    for (size_t i = 0; i < def->step->after_count; i++) {
        if (!run_step_complete(fold, def->step->after[i]))
            world_failed(SIM_RULE, "%s is begun before %s is complete", event->subject,
                         book->steps[def->step->after[i]].id);
    }
}

static bool stands(const struct def *def)
{
    return def->entry == 0 && (def->hard || def->soft);
}

/* Newest first; of a step, the first entry that is not done. */
static void check_undo(const struct def *def, const struct event *event)
{
    const struct world *w = world();
    const struct def *forward = def_at(def->index, 0);
    if (way_back.rollback == NULL)
        world_failed(SIM_RULE, "%s is undone without a rollback", event->subject);
    if (!stands(forward))
        world_failed(SIM_RULE, "%s is undone and did not run", event->subject);
    for (size_t i = 0; i < w->def_count; i++) {
        if (stands(&w->defs[i]) && w->defs[i].order > forward->order)
            world_failed(SIM_RULE, "%s is undone before %s, which is newer", event->subject,
                         w->defs[i].step->id);
    }
    for (size_t k = 1; k < def->entry; k++) {
        if (!def_at(def->index, k)->is_done)
            world_failed(SIM_RULE, "undo %zu of %s is begun before undo %zu is done", def->entry,
                         event->subject, k);
    }
}

static void check_started(const struct event *event)
{
    struct def *def = rules_def(event);
    if (world()->fold->held)
        world_failed(SIM_RULE, "%s is begun while the run is held", event->subject);
    if (def->running || def->is_done)
        world_failed(SIM_TWICE, "%s is begun again although it %s", event->subject,
                     def->running ? "runs" : "is done");
    /* what goes on from where it was does nothing twice */
    if (def->may && rules_by_itself(event) && !step_kind_resumes(def->step->kind))
        world_failed(SIM_TWICE, "%s is begun again by itself, and an earlier attempt may have had an effect",
                     event->subject);
    if (def->entry == 0)
        check_forward(def, event);
    else
        check_undo(def, event);
}

static void check_rolled_back(void)
{
    const struct world *w = world();
    uint64_t from = way_back.to != BOOK_NONE ? def_at(way_back.to, 0)->order : 0;
    for (size_t i = 0; i < w->def_count; i++) {
        const struct def *def = &w->defs[i];
        if (stands(def) && def->order >= from)
            world_failed(SIM_RULE, "the rollback is at its end, and %s stands", def->step->id);
        if (way_back.to == BOOK_NONE && def->entry == 0 && truth_left(def) && !def->excused &&
            def->step->rollback_count > 0 && def->step->rollback[0].kind != STEP_NONE &&
            def->step->rollback[0].kind != STEP_MANUAL && def->step->kind != STEP_MANUAL)
            world_failed(SIM_LOST, "the rollback is at its end, and the effect of %s is there",
                         def->step->id);
    }
}

/* To be asked twice is to be asked once. */
static void check_held(const struct event *event)
{
    if (!rules_by_itself(event) || event->text == NULL ||
        strcmp(event->text, "the runner was asked to stop") != 0 || event->seq <= world()->inherited)
        return;
    if (asked_to_stop == world()->pid)
        world_failed(SIM_RULE, "the runner holds the run twice because it was asked to stop");
    asked_to_stop = world()->pid;
}

static void check_closed(const struct event *event)
{
    const struct run *fold = world()->fold;
    for (size_t i = 0; event->choice != CHOICE_SCRUBBED && i < fold->book->step_count; i++) {
        if (fold->steps[i].leftover != NULL)
            world_failed(SIM_RULE, "the run is %s, and %s stands", choice_word(event->choice),
                         fold->steps[i].leftover);
    }
}

void rules_check(const struct event *event)
{
    if (event->type == EVENT_RUN_CLOSED)
        check_closed(event);
    if (event->type == EVENT_RUN_HELD)
        check_held(event);
    if (event->type == EVENT_STEP_STARTED)
        check_started(event);
    if (event->type == EVENT_GATE_DECIDED)
        check_decided(event);
    if (event->type == EVENT_ROLLBACK_ENDED)
        check_rolled_back();
    somebody_check(event);
    parts_check(event);
}

/* ---- noting ---- */

static void note_started(const struct event *event)
{
    struct def *def = rules_def(event);
    def->running = true;
    def->again = def->again || def->may;
    def->may = step_kind_changes(def->step->kind);
    if (def->entry > 0)
        return;
    def->order = event->seq;
    parts_begin(def);
    for (size_t k = 1; k <= def->step->rollback_count; k++) {
        struct def *entry = def_at(def->index, k);
        entry->is_done = entry->may = entry->again = entry->applied = entry->partial = false;
    }
}

/* All undos are done: it is as if it had not been. */
static void settle(struct def *def)
{
    struct def *forward = def_at(def->index, 0);
    for (size_t k = 1; k <= forward->step->rollback_count; k++) {
        if (!def_at(def->index, k)->is_done)
            return;
    }
    truth_settle(forward);
    parts_settle(forward);
    forward->is_done = forward->may = forward->again = forward->hard = forward->soft = false;
}

static void note_done(struct def *def)
{
    def->may = false;
    def->is_done = step_kind_changes(def->step->kind) || def->entry > 0;
    if (def->entry > 0)
        settle(def);
    else if (step_kind_changes(def->step->kind))
        def->hard = true;
}

static void note_ended(const struct event *event)
{
    struct def *def = rules_def(event);
    bool changes = step_kind_changes(def->step->kind);
    bool left = event->leftover != NULL && event->leftover[0] != '\0';
    def->running = false;
    world()->result->counts.unknown += event->choice == CHOICE_UNKNOWN ? 1 : 0;
    if (event->choice == CHOICE_DONE || (event->choice == CHOICE_SKIPPED && def->entry > 0)) {
        note_done(def);
    } else if (event->choice == CHOICE_SKIPPED) {
        def->may = false;
    } else if (event->choice == CHOICE_FAILED) {
        def->may = changes && !event->clean;
        if (def->entry == 0 && changes) {
            def->hard = def->hard || !event->clean;
            def->soft = left;
        }
    }
}

/* Something of it has begun, and nobody has taken that back. */
static bool has_items(const struct def *def)
{
    for (size_t i = 0; i < def->item_count; i++) {
        if (def->items[i].is_done || def->items[i].may)
            return true;
    }
    return false;
}

/* A ruling is right when it says what is so, and nothing goes on that could make it otherwise. */
static void note_ruled(const struct event *event)
{
    struct def *def = rules_def(event);
    bool right = !backends_busy() && !processes_busy() && (event->choice == CHOICE_DONE) == def->applied &&
                 (event->choice == CHOICE_NOT_DONE) == (!def->applied && !def->partial);
    if (!rules_by_itself(event) && !right) {
        def->excused = true;
        def_at(def->index, 0)->excused = true;
    }
    if (event->choice == CHOICE_DONE)
        note_done(def);
    if (event->choice == CHOICE_NOT_DONE)
        def->may = false;
    /* of what is done for each of many, that the last one was not done takes back none before it */
    if ((event->choice == CHOICE_PARTIAL || has_items(def)) && def->entry == 0)
        def->hard = true;
}

static void note_resumed(void)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        struct def *def = &w->defs[i];
        if (def->running && def->step->kind != STEP_MANUAL && def->step->kind != STEP_WAIT) {
            def->running = false;
            w->result->counts.unknown += def->may ? 1 : 0;
        }
    }
}

/* What is certainly not there of this attempt may be there of the items before. */
static void note_retrying(const struct event *event)
{
    struct def *def = rules_def(event);
    def->running = def->may = false;
    def->hard = def->hard || (def->entry == 0 && has_items(def));
}

void rules_note(const struct event *event)
{
    if (event->type == EVENT_STEP_STARTED)
        note_started(event);
    if (event->type == EVENT_STEP_RETRYING)
        note_retrying(event);
    if (event->type == EVENT_STEP_ENDED)
        note_ended(event);
    if (event->type == EVENT_STEP_RULED)
        note_ruled(event);
    if (event->type == EVENT_CLEAN_ENDED && event->choice == CHOICE_DONE)
        rules_def(event)->soft = false;
    if (event->type == EVENT_RUN_RESUMED)
        note_resumed();
    if (event->type == EVENT_ROLLBACK_STARTED) {
        world()->result->counts.rollbacks++;
        way_back.rollback = event;
        way_back.to =
            event->subject != NULL ? book_find_step(world()->book->book, event->subject) : BOOK_NONE;
    }
    if (event->type == EVENT_ROLLBACK_ENDED)
        way_back.rollback = NULL;
    parts_note(event);
}

/* ---- effects ---- */

void judge_begins(const struct def *def)
{
    if (!def->running)
        world_failed(SIM_LOST, "%s is carried out, and that it was begun is not durable", def->step->id);
    if (world()->fold->held)
        world_failed(SIM_RULE, "%s is carried out while the run is held", def->step->id);
    if (backends_at_work(def))
        world_failed(SIM_TWICE, "%s is carried out beside an earlier attempt that is still at work",
                     def->step->id);
}

void judge_effect_again(const struct def *def)
{
    bool excused = def->excused || (def->whole != NULL && def->whole->excused);
    if (!def->again && !excused)
        world_failed(SIM_TWICE, "the effect of %s%s%s happened again", def->step->id,
                     def->item != NULL ? " for " : "", def->item != NULL ? def->item : "");
}
