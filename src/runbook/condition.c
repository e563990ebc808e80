#include "load.h"
#include "monitor.h"
#include "shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const struct json_field fields[] = { CONDITION_ROWS, { 0 } };
static const struct shape_part parts[] = { CONDITION_PARTS, { 0 } };
const struct shape condition_shape = { .name = "condition", .fields = fields, .parts = parts };

/* A monitor whose declaration has a fault has no kind to check a metric by. */
static void check_metric(struct loader *l, const struct json *where, const struct condition *condition)
{
    const struct monitor_def *monitor = &l->book->monitors[condition->monitor];
    size_t count;
    if (monitor->kind == MONITOR_KIND_COUNT)
        return;
    const char *const *names = monitor_metrics(monitor->kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (text_equal(condition->metric, names[i]))
            return;
    }
    load_fault(l, where, "a monitor of kind \"%s\" has no metric \"%s\"%s", monitor_kind_word(monitor->kind),
               condition->metric, load_hint(l, condition->metric, names, count));
}

static void find_metric(struct loader *l, const struct json *where, struct condition *condition)
{
    /* the last dot: an id may hold dots too, a metric does not */
    const char *dot = strrchr(condition->name, '.');
    if (!dot || dot == condition->name || dot[1] == '\0') {
        load_fault(l, where, "\"%s\" is no metric, as in \"lag.seconds\"", condition->name);
        return;
    }
    const char *monitor = arena_text_len(l->arena, condition->name, (size_t)(dot - condition->name));
    condition->metric = dot + 1;
    condition->monitor = load_reference(l, where, &l->ids->monitors, "monitor", monitor);
    if (condition->monitor != BOOK_NONE)
        check_metric(l, where, condition);
}

/* A number, or a text that a param makes one of. */
static double load_threshold(struct loader *l, const struct json *value)
{
    char *end = NULL;
    double number = 0;
    if (!value)
        return 0; /* a fault of its own */
    if (value->type == JSON_NUMBER)
        return value->number;
    if (value->type == JSON_TEXT && text_starts(value->text, "${"))
        number = strtod(resolve(l, value, value->text, LAND_LINE), &end);
    if (!end || end == value->text || *end || !isfinite(number))
        load_fault(l, value, "a condition compares with a number, or with \"${param}\", an integer");
    return number;
}

struct condition load_condition_fields(struct loader *l, const struct json *source,
                                       const struct condition_fields *raw)
{
    struct condition condition = { .monitor = BOOK_NONE,
                                   .name = raw->metric,
                                   .is = (enum comparison)raw->is,
                                   .for_us = raw->for_us,
                                   .age_us = raw->age_us };
    if (!condition.name)
        return condition;
    condition.value = load_threshold(l, raw->value);
    find_metric(l, load_at(source, "metric"), &condition);
    if (condition.monitor != BOOK_NONE && condition.age_us < l->book->monitors[condition.monitor].every_us)
        load_fault(l, load_at(source, "age"),
                   "could never be met: a sample is stale before the monitor takes the next one");
    return condition;
}

struct condition load_condition(struct loader *l, const struct json *source, const char *what)
{
    struct condition_fields raw = CONDITION_DEFAULTS;
    if (!load_fields(l, source, fields, &raw, what))
        raw.is = IS_EQUAL;
    return load_condition_fields(l, source, &raw);
}

const struct condition *load_conditions(struct loader *l, const struct json *list, size_t *ret_count)
{
    size_t count = load_count(list);
    struct condition *conditions = arena_array(l->arena, count + 1, sizeof(*conditions));
    for (size_t i = 0; i < count; i++)
        conditions[i] = load_condition(l, &list->items[i], "condition");
    *ret_count = count;
    return conditions;
}

const struct condition *load_passing_conditions(struct loader *l, const struct json *list, const char *what,
                                                size_t *ret_count)
{
    for (size_t i = 0; i < load_count(list); i++) {
        if (json_member(&list->items[i], "for"))
            load_fault(l, load_at(&list->items[i], "for"), "%s looks at the last sample: it has no \"for\"",
                       what);
    }
    return load_conditions(l, list, ret_count);
}

const struct condition *step_conditions(const struct step *step, size_t *ret_count)
{
    *ret_count = step->backfill ? step->backfill->throttle_count
                 : step->osc    ? step->osc->throttle_count
                                : step->give_way_count;
    return step->backfill ? step->backfill->throttle : step->osc ? step->osc->throttle : step->give_way;
}

void condition_text(struct buf *buf, const struct condition *condition)
{
    buf_format(buf, "%s %s %.15g", condition->name, comparison_word(condition->is), condition->value);
    if (condition->for_us > 0) {
        buf_text(buf, " for ");
        duration_spell(buf, condition->for_us);
    }
}

bool comparison_holds(enum comparison is, double left, double right)
{
    bool less = left < right;
    bool equal = !(left < right) && !(left > right);
    const bool holds[COMPARISON_COUNT] = {
        [IS_LESS] = less,        [IS_LESS_EQUAL] = less || equal, [IS_EQUAL] = equal,
        [IS_NOT_EQUAL] = !equal, [IS_GREATER_EQUAL] = !less,      [IS_GREATER] = !less && !equal,
    };
    return !isnan(left) && !isnan(right) && holds[is];
}
