#include "telling.h"

#include <string.h>

/* A gap in a list; more of them are counted. */
#define GAPS_LISTED 20

/* ---- limits ---- */

struct limits {
    struct telling *t;
    const struct series *series;
    struct chart_limit *list;
    size_t count;
};

static void add_limit(struct limits *limits, const struct condition *condition, const char *what,
                      const char *id)
{
    struct telling *t = limits->t;
    if (condition->monitor != limits->series->monitor ||
        strcmp(condition->metric, limits->series->metric) != 0)
        return;
    const char *text = arena_format(t->arena, "%s %s %s %s", what, id, comparison_word(condition->is),
                                    told_value(t, condition->metric, condition->value));
    for (size_t i = 0; i < limits->count; i++) {
        if (strcmp(limits->list[i].text, text) == 0)
            return;
    }
    limits->list[limits->count++] = (struct chart_limit){ condition->value, text };
}

static size_t condition_count(const struct book *book)
{
    size_t count = book->trigger_count + book->step_count;
    for (size_t i = 0; i < book->gate_count; i++)
        count += book->gates[i].criterion_count;
    for (size_t i = 0; i < book->step_count; i++) {
        size_t passing;
        (void)step_conditions(&book->steps[i], &passing);
        count += passing;
    }
    return count;
}

static void find_limits(struct limits *limits)
{
    const struct book *book = limits->t->book;
    limits->list = arena_array(limits->t->arena, condition_count(book) + 1, sizeof(*limits->list));
    for (size_t i = 0; i < book->trigger_count; i++)
        add_limit(limits, &book->triggers[i].when, "trigger", book->triggers[i].id);
    for (size_t i = 0; i < book->gate_count; i++) {
        for (size_t k = 0; k < book->gates[i].criterion_count; k++)
            add_limit(limits, &book->gates[i].criteria[k].when, "gate", book->gates[i].id);
    }
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        if (step->kind == STEP_WAIT && step->until_count == 0)
            add_limit(limits, &step->until, "wait", step->id);
        size_t passing;
        const struct condition *conditions = step_conditions(step, &passing);
        for (size_t k = 0; k < passing; k++)
            add_limit(limits, &conditions[k], step_kind_word(step->kind), step->id);
    }
}

/* ---- one of them ---- */

static void put_gaps(struct telling *t, const struct gap *gaps, size_t count)
{
    for (size_t i = 0; i < count && i < GAPS_LISTED; i++)
        document_item(t->document, "Not known",
                      arena_format(t->arena, "%s to %s, %s: %s",
                                   told_time(t, t->chronicle->opened.wall_us + gaps[i].from_us),
                                   told_time(t, t->chronicle->opened.wall_us + gaps[i].to_us),
                                   told_duration(t, gaps[i].to_us - gaps[i].from_us), gaps[i].why));
    if (count > GAPS_LISTED)
        document_item(t->document, "Not known",
                      arena_format(t->arena, "and %zu more times, as drawn", count - GAPS_LISTED));
}

static void put_drawing(struct telling *t, const struct chart *chart)
{
    struct buf svg, text;
    buf_init(&svg, DRAWING_MAX);
    buf_init(&text, DRAWING_MAX);
    chart_svg(&svg, chart);
    chart_text(&text, chart);
    document_figure(t->document, buf_str(&svg), buf_str(&text));
    buf_finish(&svg);
    buf_finish(&text);
}

static void put_series(struct telling *t, const struct series *series)
{
    struct limits limits = { .t = t, .series = series };
    struct chart chart = { .series = series, .drawing = t->drawing };
    struct figures figures;
    const char *id = t->book->monitors[series->monitor].id;
    find_limits(&limits);
    chart.limits = limits.list;
    chart.limit_count = limits.count;
    chart.gaps = series_gaps(t->chronicle, series, t->arena, t->end_us, &chart.gap_count);
    series_figures(series, 0, INT64_MAX, &figures);
    document_heading(t->document, 2, arena_format(t->arena, "%s.%s", id, series->metric));
    if (figures.count == 0) {
        document_paragraph(t->document, "No value of it is known in this run.");
        put_gaps(t, chart.gaps, chart.gap_count);
        return;
    }
    put_drawing(t, &chart);
    document_item(t->document, "Most",
                  arena_format(t->arena, "%s at %s", told_value(t, series->metric, figures.most),
                               told_time(t, t->chronicle->opened.wall_us + figures.most_us)));
    document_item(t->document, "In the whole run", told_figures(t, series, 0, t->end_us));
    for (size_t i = 0; i < limits.count; i++)
        document_item(t->document, "Limit", limits.list[i].text);
    put_gaps(t, chart.gaps, chart.gap_count);
}

void tell_lag(struct telling *t)
{
    const struct series *series = t->chronicle->series.items;
    document_heading(t->document, 1, "Lag and what else was measured");
    if (t->chronicle->series.count == 0) {
        document_paragraph(t->document, "The book measures no lag, and nothing in it looks at a number.");
        return;
    }
    document_paragraph(t->document,
                       "A grey gap (in text: \"not known\") is a time of which no value is known: it is "
                       "neither zero nor what was before. The numbers are those of the timeline.");
    for (size_t i = 0; i < t->chronicle->series.count; i++)
        put_series(t, &series[i]);
}
