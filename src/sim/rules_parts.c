#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "judge.h"

/*
 * What was promised of work that is made of parts, and of what is only seen or told: an item is begun once,
 * and undone when it was begun; a batch is sent only while it may be, and what is said to be committed is; a
 * comparison that failed is no match; a message is not sent again before somebody was told that it may have
 * been heard, and nothing waits for it.
 */

/* ---- items ---- */

static bool is_excused(const struct def *item)
{
    return item->excused || item->whole->excused;
}

static struct def *item_of(const struct event *event)
{
    struct def *item = item_at(rules_def(event), event->value != NULL ? event->value : "");
    if (item == NULL)
        world_failed(SIM_DIVERGED, "record %llu is about an item that nobody named",
                     (unsigned long long)event->seq);
    return item;
}

/* Newest first, and what had begun: not what was found done. */
static void check_item_undone(const struct def *item)
{
    const struct def *forward = def_at(item->index, 0);
    const struct def *of = item_at(forward, item->item);
    if (!of->may && !of->is_done)
        world_failed(SIM_RULE, "%s is undone for %s, which was never begun", forward->step->id, item->item);
    if (of->found && of->is_done && !of->again && !is_excused(of))
        world_failed(SIM_RULE, "%s is undone for %s, which was there before", forward->step->id, item->item);
    for (size_t i = 0; i < forward->item_count; i++) {
        const struct def *other = &forward->items[i];
        bool stands = (other->may || other->is_done) && !other->found;
        if (stands && other->order > of->order && !item_at(item->whole, other->item)->is_done)
            world_failed(SIM_RULE, "%s is undone for %s before %s, which is newer", forward->step->id,
                         item->item, other->item);
    }
}

static void check_item_started(const struct event *event)
{
    const struct def *item = item_of(event);
    if (!item->whole->running)
        world_failed(SIM_RULE, "an item of %s is begun, which does not run", event->subject);
    if (world()->fold->held)
        world_failed(SIM_RULE, "%s is begun for %s while the run is held", event->subject, item->item);
    if (item->running || item->is_done)
        world_failed(SIM_TWICE, "%s is begun again for %s although it %s", event->subject, item->item,
                     item->running ? "runs" : "is done");
    if (item->may && !item->allowed)
        world_failed(SIM_TWICE, "%s is begun again for %s by itself, and it may have had an effect",
                     event->subject, item->item);
    if (item->entry > 0)
        check_item_undone(item);
}

static void check_item_ended(const struct event *event)
{
    const struct def *item = item_of(event);
    bool there = item->applied || item->partial;
    if (event->choice == CHOICE_FAILED && there && !item->found && !is_excused(item))
        world_failed(SIM_LOST, "nothing is said to remain of %s for %s, and it is there", event->subject,
                     item->item);
    if (event->choice != CHOICE_FAILED && !item->applied && !is_excused(item))
        world_failed(SIM_LOST, "%s is done for %s, and it is not there", event->subject, item->item);
}

static void note_item_started(const struct event *event)
{
    struct def *item = item_of(event);
    item->running = true;
    item->again = item->again || item->may;
    item->may = true;
    item->allowed = false;
    if (item->order == 0)
        item->order = event->seq;
}

static void note_item_ended(const struct event *event)
{
    struct def *item = item_of(event);
    item->running = item->may = false;
    item->is_done = event->choice != CHOICE_FAILED;
    if (event->choice == CHOICE_FAILED)
        item->order = 0;
}

/* Who starts the step again, or rules what became of it, has said so of all of them. */
static void allow_items(const struct event *event)
{
    const struct def *def = rules_def(event);
    for (size_t i = 0; i < def->item_count; i++)
        def->items[i].allowed = true;
}

static void check_items_done(const struct def *def)
{
    for (size_t i = 0; i < def->item_count; i++) {
        const struct def *item = &def->items[i];
        const struct def *forward = item_at(def_at(def->index, 0), item->item);
        if (def->entry == 0 && !item->is_done)
            world_failed(SIM_LOST, "%s is done, and %s was passed over", def->step->id, item->item);
        if (def->entry > 0 && !item->is_done && (forward->is_done || forward->may) && !forward->found)
            world_failed(SIM_LOST, "%s is done, and %s was passed over", def->step->id, item->item);
    }
}

/* ---- batches ---- */

void judge_batch(const struct def *def)
{
    const struct backfill_def *backfill = def->step->backfill;
    judge_begins(def);
    for (size_t i = 0; i < backfill->throttle_count; i++) {
        const struct condition *condition = &backfill->throttle[i];
        const struct sample *sample = monitors_last(condition->monitor);
        const struct sample_metric *metric =
            sample != NULL && sample->known ? sample_metric(sample, condition->metric) : NULL;
        if (metric == NULL)
            world_failed(SIM_RULE, "a batch of %s is sent although nobody knows %s", def->step->id,
                         condition->name);
        if (!comparison_holds(condition->is, metric->value, condition->value))
            world_failed(SIM_RULE, "a batch of %s is sent although %s is %g", def->step->id, condition->name,
                         metric->value);
        if (clock_now().boot_us - sample->at.boot_us > condition->age_us)
            world_failed(SIM_RULE, "a batch of %s is sent although %s is stale", def->step->id,
                         condition->name);
    }
}

/* "... <bytes>:<key>" */
static void check_checkpoint(const struct event *event)
{
    const struct def *def = rules_def(event);
    const char *at = strrchr(event->value, ':');
    if (def->step->kind != STEP_BACKFILL || at == NULL || def->excused)
        return;
    int64_t key = strtoll(at + 1, NULL, 10);
    if (!table_is_done(def, key))
        world_failed(SIM_LOST, "%s goes on behind %lld, and not all before it is there", def->step->id,
                     (long long)key);
}

static void check_backfill_ended(const struct def *def, const struct event *event)
{
    if (event->choice == CHOICE_UNKNOWN)
        world_failed(SIM_RULE, "%s is unknown, and can only go on", def->step->id);
    if (event->choice == CHOICE_DONE && !def->applied && !def->excused)
        world_failed(SIM_LOST, "%s is done, and not all rows are", def->step->id);
    if (event->choice == CHOICE_FAILED && event->clean && !def->hard && def->entry == 0 &&
        table_is_begun(def) && !def->excused)
        world_failed(SIM_LOST, "%s is said to have changed nothing, and it has", def->step->id);
}

/* ---- messages ---- */

/* Whoever sends it again has seen that it may have been heard. */
static void check_told_again(const struct def *def, const struct event *event)
{
    const struct work *work = run_work(world()->fold, def->index, def->entry);
    if (!def->told)
        return;
    if (rules_by_itself(event))
        world_failed(SIM_TWICE, "%s is sent again by itself, and it may have been heard", def->step->id);
    if (work->state == STEP_PENDING)
        world_failed(SIM_TWICE, "%s is sent again, and nothing says that it may have been heard",
                     def->step->id);
}

/* Longer than it may take: its time, the time in which a command may end itself, and the way there and back.
 */
#define TOLD_MAX_US (15 * SECOND_US)

static void check_told(const struct def *def, const struct event *event)
{
    int64_t took_us = world()->now_us - def->since_us;
    if (event->choice == CHOICE_FAILED && def->sent && event->text != NULL &&
        text_starts(event->text, "not told"))
        world_failed(SIM_LOST, "%s may have been heard, and is said not to have been told", def->step->id);
    if (took_us > def->step->timeout_us + TOLD_MAX_US && event->seq > world()->inherited)
        world_failed(SIM_RULE, "%s took %lld s", def->step->id, (long long)(took_us / SECOND_US));
}

/* A rollback does not stop because of one. */
static void check_not_held_up(const struct event *event)
{
    const struct world *w = world();
    for (size_t i = 0; event->text != NULL && text_starts(event->text, "rollback of ") && i < w->def_count;
         i++) {
        const struct def *def = &w->defs[i];
        if (def->step->kind == STEP_NOTIFY && def->entry > 0 &&
            run_work(w->fold, def->index, def->entry)->state == STEP_FAILED)
            world_failed(SIM_RULE, "the run is held because of %s, which is only told", def->step->id);
    }
}

void judge_refused(const char *why)
{
    const struct world *w = world();
    char said[128];
    for (size_t i = 0; i < w->def_count; i++) {
        const struct step *step = w->defs[i].step;
        if (step->kind != STEP_NOTIFY)
            continue;
        (void)snprintf(said, sizeof(said), "\\\"%s\\\" is failed", step->id);
        if (strstr(why, rule_text(RULE_ORDER)) != NULL && strstr(why, said) != NULL)
            world_failed(SIM_RULE, "something waits for %s: %s", step->id, why);
    }
}

/* ---- all of them ---- */

static void check_ended(const struct event *event)
{
    const struct def *def = rules_def(event);
    if (def->items != NULL && event->choice == CHOICE_DONE)
        check_items_done(def);
    if (def->items != NULL && event->choice == CHOICE_FAILED && event->clean && !def->hard &&
        def->entry == 0 && truth_left(def) && !def->excused)
        world_failed(SIM_LOST, "%s is said to have done nothing, and it has", def->step->id);
    if (def->step->kind == STEP_BACKFILL)
        check_backfill_ended(def, event);
    if (def->step->kind == STEP_COMPARE && event->choice == CHOICE_DONE && !def->equal)
        world_failed(SIM_RULE, "%s is done, and its last comparison saw no match", def->step->id);
    if (def->step->kind == STEP_NOTIFY)
        check_told(def, event);
    if (def->step->kind == STEP_MANUAL && query_is_there(&def->step->probe) &&
        (event->choice == CHOICE_DONE || event->choice == CHOICE_SKIPPED) && !def->applied)
        world_failed(SIM_RULE, "%s is done because somebody said so, and its probe has not seen it",
                     def->step->id);
}

void parts_check(const struct event *event)
{
    if (event->type == EVENT_ITEM_STARTED)
        check_item_started(event);
    if (event->type == EVENT_ITEM_ENDED)
        check_item_ended(event);
    if (event->type == EVENT_STEP_CHECKPOINT)
        check_checkpoint(event);
    if (event->type == EVENT_STEP_STARTED && rules_def(event)->step->kind == STEP_NOTIFY)
        check_told_again(rules_def(event), event);
    if (event->type == EVENT_STEP_ENDED)
        check_ended(event);
    if (event->type == EVENT_RUN_HELD)
        check_not_held_up(event);
}

static void stop_items(struct def *def)
{
    for (size_t i = 0; i < def->item_count; i++)
        def->items[i].running = false;
}

/* What was under way when the runner ended: what goes on says so, and a message that it may have been heard.
 */
static void note_resumed(void)
{
    struct world *w = world();
    for (size_t i = 0; i < w->def_count; i++) {
        struct def *def = &w->defs[i];
        const struct work *work = run_work(w->fold, def->index, def->entry);
        stop_items(def);
        /* a person goes on with it, unless its probe was to be asked before */
        if (def->step->kind == STEP_MANUAL && def->running && work->state == STEP_PENDING)
            def->running = def->may = def->under_way = false;
        if (!def->under_way)
            continue;
        def->under_way = false;
        enum step_state wanted = def->entry == 0 ? STEP_FAILED : STEP_PENDING;
        if (def->step->kind == STEP_BACKFILL && work->state != wanted)
            world_failed(SIM_RULE, "%s was under way and is %s", def->step->id, step_state_word(work->state));
        if (def->step->kind == STEP_BACKFILL && def->entry == 0)
            def->hard = true;
        if (def->step->kind == STEP_COMPARE && (work->state == STEP_DONE || work->state == STEP_SKIPPED))
            world_failed(SIM_RULE, "%s was under way and is %s", def->step->id, step_state_word(work->state));
        if (def->step->kind == STEP_NOTIFY &&
            (work->state != STEP_FAILED || work->text == NULL || strstr(work->text, "may have been") == NULL))
            world_failed(SIM_RULE, "%s was being sent, and nothing says that it may have been delivered",
                         def->step->id);
    }
}

static void forget_told(void)
{
    for (size_t i = 0; i < world()->def_count; i++)
        world()->defs[i].told = false;
}

void parts_note(const struct event *event)
{
    if (event->type == EVENT_ITEM_STARTED)
        note_item_started(event);
    if (event->type == EVENT_ITEM_ENDED)
        note_item_ended(event);
    if (event->type == EVENT_STEP_STARTED) {
        rules_def(event)->under_way = true;
        rules_def(event)->since_us = world()->now_us;
        rules_def(event)->equal = rules_def(event)->sent = false;
    }
    if (event->type == EVENT_STEP_ENDED || event->type == EVENT_STEP_RETRYING) {
        rules_def(event)->under_way = false;
        stop_items(rules_def(event));
    }
    if (event->type == EVENT_STEP_RULED || (event->type == EVENT_STEP_STARTED && !rules_by_itself(event)))
        allow_items(event);
    if (event->type == EVENT_RUN_RESUMED)
        note_resumed();
    if (event->type == EVENT_ROLLBACK_ENDED)
        forget_told(); /* it is told anew, as everything is looked at anew */
}

static void forget_items(struct def *def)
{
    for (size_t i = 0; i < def->item_count; i++) {
        struct def *item = &def->items[i];
        item->is_done = item->may = item->again = item->running = false;
        item->order = 0;
    }
}

void parts_settle(struct def *forward)
{
    forget_items(forward);
}

void parts_begin(struct def *forward)
{
    for (size_t k = 1; k <= forward->step->rollback_count; k++) {
        struct def *entry = def_at(forward->index, k);
        forget_items(entry);
        entry->told = false;
        for (size_t i = 0; i < entry->item_count; i++)
            entry->items[i].applied = entry->items[i].partial = false;
    }
}
