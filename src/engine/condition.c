#include "engine.h"

#include <math.h>
#include <string.h>

/* A monitor needs a moment to connect before nothing having come from it means anything. */
#define GRACE_US (5 * SECOND_US)

/* ---- who listens to which monitor ---- */

void run_condition_init(struct run_condition *condition, const struct condition *def)
{
    *condition = (struct run_condition){ .def = def };
}

static void visit(struct run *run, struct run_condition *condition,
                  void (*each)(struct run *run, struct run_condition *condition))
{
    if (condition->def != NULL && condition->def->monitor < run->book->monitor_count)
        each(run, condition);
}

/* All conditions of a run, wherever they stand. */
static void for_each_condition(struct run *run,
                               void (*each)(struct run *run, struct run_condition *condition))
{
    const struct book *book = run->book;
    for (size_t i = 0; i < book->trigger_count; i++)
        visit(run, &run->triggers[i].condition, each);
    for (size_t i = 0; i < book->gate_count; i++) {
        for (size_t k = 0; k < book->gates[i].criterion_count; k++)
            visit(run, &run->gates[i].criteria[k], each);
    }
    for (size_t i = 0; i < book->step_count; i++) {
        visit(run, &run->steps[i].work.until, each);
        for (size_t k = 0; k < book->steps[i].rollback_count; k++)
            visit(run, &run->steps[i].undo[k].until, each);
    }
}

static void count_condition(struct run *run, struct run_condition *condition)
{
    run->monitors[condition->def->monitor].condition_count++;
}

static void add_condition(struct run *run, struct run_condition *condition)
{
    struct run_monitor *monitor = &run->monitors[condition->def->monitor];
    monitor->conditions[monitor->condition_count++] = condition;
}

void run_conditions_connect(struct run *run)
{
    for_each_condition(run, count_condition);
    for (size_t i = 0; i < run->book->monitor_count; i++) {
        struct run_monitor *monitor = &run->monitors[i];
        monitor->conditions = arena_array(run->arena, monitor->condition_count, sizeof(*monitor->conditions));
        monitor->condition_count = 0;
    }
    for_each_condition(run, add_condition);
}

void run_conditions_reset(struct run *run, struct instant at)
{
    for (size_t i = 0; i < run->book->monitor_count; i++) {
        struct run_monitor *monitor = &run->monitors[i];
        arena_destroy(monitor->last_arena);
        arena_destroy(monitor->known_arena);
        monitor->last_arena = monitor->known_arena = NULL;
        monitor->last = monitor->last_known = NULL;
        for (size_t k = 0; k < monitor->condition_count; k++) {
            monitor->conditions[k]->holds = false;
            monitor->conditions[k]->told_boot_us = at.boot_us + GRACE_US;
        }
    }
}

/* ---- samples ---- */

/* The metric if the sample can tell it. */
static const struct sample_metric *told(const struct sample *sample, const struct condition *def)
{
    const struct sample_metric *metric = sample_metric(sample, def->metric);
    return metric != NULL && metric->known && !isnan(metric->value) ? metric : NULL;
}

/* `before`: the sample before this one, NULL if there is none. */
static void condition_sampled(struct run_condition *condition, const struct sample *before,
                              const struct sample *sample)
{
    const struct sample_metric *metric = told(sample, condition->def);
    if (metric == NULL) {
        condition->holds = false;
        return;
    }
    int64_t gap_us = before != NULL ? sample->at.boot_us - before->at.boot_us : 0;
    bool whole = condition->holds && gap_us >= 0 && gap_us <= condition->def->age_us;
    condition->holds = comparison_holds(condition->def->is, metric->value, condition->def->value);
    condition->told_boot_us = sample->at.boot_us;
    if (!whole)
        condition->since_boot_us = sample->at.boot_us;
}

/* Each sample has an arena of its own, so that a run that watches for days stays as small as it was. */
static void keep_sample(struct run_monitor *monitor, const struct sample *sample)
{
    struct arena *arena = arena_create();
    const struct sample *copy = sample_copy(arena, sample);
    arena_destroy(monitor->last_arena);
    monitor->last_arena = NULL;
    monitor->last = copy;
    if (sample->known) {
        arena_destroy(monitor->known_arena);
        monitor->known_arena = arena;
        monitor->last_known = copy;
    } else {
        monitor->last_arena = arena;
    }
}

int apply_sample(struct change *c)
{
    const struct sample *sample = c->event->sample;
    size_t index = sample != NULL ? book_find_monitor(c->run->book, sample->monitor) : BOOK_NONE;
    if (index == BOOK_NONE)
        return change_refuse(c, "it is of a monitor that the book does not have");
    struct run_monitor *monitor = &c->run->monitors[index];
    for (size_t i = 0; i < monitor->condition_count; i++)
        condition_sampled(monitor->conditions[i], monitor->last, sample);
    keep_sample(monitor, sample);
    return 0;
}

/* ---- looking ---- */

void run_condition_view(const struct run *run, const struct run_condition *condition, struct instant now,
                        struct condition_view *ret)
{
    const struct condition *def = condition->def;
    const struct sample *last = run->monitors[def->monitor].last;
    *ret = (struct condition_view){ .verdict = CONDITION_UNKNOWN, .age_us = -1, .why = "no sample yet" };
    if (last == NULL)
        return;
    ret->age_us = now.boot_us > last->at.boot_us ? now.boot_us - last->at.boot_us : 0;
    const struct sample_metric *metric = told(last, def);
    ret->has_value = metric != NULL;
    ret->value = metric != NULL ? metric->value : 0;
    ret->why = NULL;
    if (!last->known)
        ret->why = last->why != NULL && *last->why != '\0' ? last->why : "the monitor cannot tell";
    else if (metric == NULL)
        ret->why = "the last sample does not tell it";
    else if (ret->age_us > def->age_us)
        ret->why = "stale";
    if (ret->why != NULL)
        return;
    if (!condition->holds) {
        ret->verdict = CONDITION_UNMET;
        return;
    }
    ret->held_us = last->at.boot_us - condition->since_boot_us;
    ret->verdict = ret->held_us >= def->for_us ? CONDITION_MET : CONDITION_HOLDING;
}

/* Four digits, and no exponent for what is large: bytes and counts. */
static void put_value(struct buf *buf, double value)
{
    buf_format(buf, fabs(value) < 1000 ? "%.4g" : "%.0f", value);
}

void run_condition_evidence(const struct run *run, const struct run_condition *condition, struct instant now,
                            struct buf *buf)
{
    const struct condition *def = condition->def;
    struct condition_view view;
    run_condition_view(run, condition, now, &view);
    buf_format(buf, "%s ", def->name);
    if (view.has_value)
        put_value(buf, view.value);
    else
        buf_text(buf, "unknown");
    buf_format(buf, " (%s ", comparison_word(def->is));
    put_value(buf, def->value);
    if (view.verdict == CONDITION_MET || view.verdict == CONDITION_HOLDING) {
        buf_text(buf, ", held ");
        duration_text(buf, view.held_us);
    }
    if (view.verdict == CONDITION_HOLDING) {
        buf_text(buf, " of ");
        duration_text(buf, def->for_us);
    }
    buf_char(buf, ')');
    if (view.why != NULL)
        buf_format(buf, ": %s", view.why);
    if (view.verdict == CONDITION_UNKNOWN && view.age_us > def->age_us) {
        buf_text(buf, ", ");
        duration_text(buf, view.age_us);
        buf_text(buf, " old");
    }
}

size_t gate_first_unmet(const struct run *run, size_t gate, struct instant now, struct condition_view *ret)
{
    size_t count = run->book->gates[gate].criterion_count;
    for (size_t i = 0; i < count; i++) {
        const struct run_condition *criterion = &run->gates[gate].criteria[i];
        run_condition_view(run, criterion, now, ret);
        if (criterion->overridden == NULL && ret->verdict != CONDITION_MET)
            return i;
    }
    return count;
}

bool run_gate_met(const struct run *run, size_t gate, struct instant now)
{
    struct condition_view view;
    return gate_first_unmet(run, gate, now, &view) == run->book->gates[gate].criterion_count;
}

/* ---- without a history ---- */

bool run_condition_now(const struct run *run, const struct condition *condition, struct instant now,
                       struct buf *why)
{
    const struct sample *sample = run->monitors[condition->monitor].last;
    const struct sample_metric *metric =
        sample != NULL && sample->known ? sample_metric(sample, condition->metric) : NULL;
    bool fresh = sample != NULL && now.boot_us - sample->at.boot_us <= condition->age_us;
    buf_format(why, "%s ", condition->name);
    if (sample == NULL || !fresh)
        buf_text(why, sample == NULL ? "is not known: no sample yet" : "is not known: stale");
    else if (metric == NULL || !metric->known)
        buf_format(why, "is not known%s%s", sample->why != NULL && *sample->why != '\0' ? ": " : "",
                   sample->why != NULL ? sample->why : "");
    else
        buf_format(why, "is not %s %.15g", comparison_word(condition->is), condition->value);
    return fresh && metric != NULL && metric->known &&
           comparison_holds(condition->is, metric->value, condition->value);
}
