#include "gathered.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Samples that are further from each other are not joined: what a monitor did not tell at three of its beats,
 * or for as long as the rules take a sample for fresh, nobody knows. */
#define BEATS    3
#define FRESH_US (3 * SECOND_US)
/* A monitor needs a moment to connect. */
#define GRACE_US (5 * SECOND_US)

int64_t series_joined_us(const struct chronicle *chronicle, size_t monitor)
{
    int64_t us = BEATS * chronicle->book->monitors[monitor].every_us;
    return us > FRESH_US ? us : FRESH_US;
}

/* ---- which ---- */

static void want(struct chronicle *chronicle, size_t monitor, const char *metric)
{
    struct series *all = chronicle->series.items;
    if (monitor >= chronicle->book->monitor_count)
        return;
    for (size_t i = 0; i < chronicle->series.count; i++) {
        if (all[i].monitor == monitor && strcmp(all[i].metric, metric) == 0)
            return;
    }
    struct series *series = list_add(&chronicle->series, sizeof(*series));
    *series = (struct series){ .monitor = monitor, .metric = metric, .stopped_us = NOT_YET };
}

void series_make(struct chronicle *chronicle)
{
    const struct book *book = chronicle->book;
    for (size_t i = 0; i < book->monitor_count; i++) {
        if (book->monitors[i].kind == MONITOR_LAG)
            want(chronicle, i, "seconds");
    }
    for (size_t i = 0; i < book->trigger_count; i++)
        want(chronicle, book->triggers[i].when.monitor, book->triggers[i].when.metric);
    for (size_t i = 0; i < book->gate_count; i++) {
        for (size_t k = 0; k < book->gates[i].criterion_count; k++)
            want(chronicle, book->gates[i].criteria[k].when.monitor, book->gates[i].criteria[k].when.metric);
    }
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        if (step->kind == STEP_WAIT && step->until_count == 0)
            want(chronicle, step->until.monitor, step->until.metric);
        size_t count;
        const struct condition *conditions = step_conditions(step, &count);
        for (size_t k = 0; k < count; k++)
            want(chronicle, conditions[k].monitor, conditions[k].metric);
    }
}

/* ---- taking ---- */

static int64_t last_known_us(const struct series *series)
{
    const struct point *points = series->points.items;
    return series->points.count > 0 ? points[series->points.count - 1].us : 0;
}

static void add_gap(struct series *series, int64_t from_us, int64_t to_us, const char *why)
{
    struct gap *gap = list_add(&series->gaps, sizeof(*gap));
    *gap = (struct gap){ from_us, to_us, why };
}

/* Why nothing came between the last known value and now, where it was nothing that a sample said. */
static const char *silence(const struct series *series)
{
    return series->points.count == 0       ? "no sample yet"
           : series->stopped_us != NOT_YET ? "the monitor was stopped"
                                           : "no sample came";
}

static void take_known(struct chronicle *chronicle, struct series *series, double value)
{
    int64_t from_us = last_known_us(series);
    int64_t limit_us = series->points.count == 0 ? GRACE_US : series_joined_us(chronicle, series->monitor);
    bool is_gap = series->why != NULL || chronicle->us - from_us > limit_us;
    if (is_gap)
        add_gap(series, series->why != NULL ? series->gap_us : from_us, chronicle->us,
                series->why != NULL ? series->why : silence(series));
    struct point *point = list_add(&series->points, sizeof(*point));
    *point = (struct point){ chronicle->us, value, is_gap };
    series->why = NULL;
    series->stopped_us = NOT_YET;
}

static void take_unknown(struct chronicle *chronicle, struct series *series, const char *why)
{
    if (series->why != NULL)
        return;
    series->why = arena_text(chronicle->arena, why);
    series->gap_us = last_known_us(series);
}

static void take_sample(struct chronicle *chronicle, struct series *series, const struct sample *sample)
{
    const struct sample_metric *metric = sample_metric(sample, series->metric);
    if (metric != NULL && metric->known && isfinite(metric->value))
        take_known(chronicle, series, metric->value);
    else if (!sample->known)
        take_unknown(chronicle, series,
                     sample->why != NULL && sample->why[0] != '\0' ? sample->why
                                                                   : "the monitor could not tell");
    else
        take_unknown(chronicle, series, "the monitor could not tell this value");
}

void series_take(struct chronicle *chronicle, const struct event *event)
{
    struct series *all = chronicle->series.items;
    const char *monitor = event->type == EVENT_SAMPLE && event->sample != NULL ? event->sample->monitor
                          : event->type == EVENT_MONITOR_STOPPED               ? event->subject
                                                                               : NULL;
    for (size_t i = 0; monitor != NULL && i < chronicle->series.count; i++) {
        if (strcmp(chronicle->book->monitors[all[i].monitor].id, monitor) != 0)
            continue;
        if (event->type == EVENT_SAMPLE)
            take_sample(chronicle, &all[i], event->sample);
        else
            all[i].stopped_us = chronicle->us;
    }
}

/* ---- looking ---- */

const struct gap *series_gaps(const struct chronicle *chronicle, const struct series *series,
                              struct arena *arena, int64_t end_us, size_t *ret_count)
{
    size_t count = series->gaps.count;
    struct gap *gaps = arena_array(arena, count + 1, sizeof(*gaps));
    int64_t from_us = last_known_us(series);
    if (count > 0)
        memcpy(gaps, series->gaps.items, count * sizeof(*gaps));
    if (series->why != NULL)
        gaps[count++] = (struct gap){ series->gap_us, end_us, series->why };
    else if (end_us - from_us > series_joined_us(chronicle, series->monitor))
        gaps[count++] = (struct gap){ from_us, end_us, silence(series) };
    *ret_count = count;
    return gaps;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

void series_figures(const struct series *series, int64_t from_us, int64_t to_us, struct figures *ret)
{
    const struct point *points = series->points.items;
    double *values = mem_array(series->points.count + 1, sizeof(*values));
    *ret = (struct figures){ 0 };
    for (size_t i = 0; i < series->points.count; i++) {
        if (points[i].us < from_us || points[i].us > to_us)
            continue;
        if (ret->count == 0 || points[i].value > ret->most) {
            ret->most = points[i].value;
            ret->most_us = points[i].us;
        }
        values[ret->count++] = points[i].value;
    }
    if (ret->count > 0) {
        qsort(values, ret->count, sizeof(*values), by_value);
        ret->least = values[0];
        ret->median = values[(ret->count - 1) / 2];
    }
    free(values);
}
