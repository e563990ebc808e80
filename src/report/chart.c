#include "chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/document.h"

/* In pixels. */
#define LEFT        64
#define COLUMNS     720
#define RIGHT       190
#define PLOT_HEIGHT 150
#define TOP         DRAWING_HEAD
#define BOTTOM      (TOP + PLOT_HEIGHT)
#define LIMIT_SPACE 14 /* between two texts of limits */
#define LIMIT_CELLS 27
#define GAP_WIDTH   2.0 /* at least */

/* A limit that is further away than this would press what was measured flat: it is told, not drawn. */
#define FARTHEST 10

#define VALUE_TICKS 4
#define TEXT_ROWS   40
#define TEXT_BAR    30

void chart_value(struct buf *buf, const char *metric, double value)
{
    size_t len = strlen(metric);
    if (len >= 5 && strcmp(metric + len - 5, "bytes") == 0 && fabs(value) < 9e18)
        size_text(buf, (int64_t)value);
    else
        buf_format(buf, fabs(value) < 1000 ? "%.4g" : "%.0f", value);
}

/* ---- scale ---- */

struct scale {
    double least, most, tick;
};

static double tick_of(double range)
{
    double power = 1e-6;
    while (power * 10 <= range / VALUE_TICKS && power < 1e18)
        power *= 10;
    return range <= VALUE_TICKS * power       ? power
           : range <= VALUE_TICKS * 2 * power ? 2 * power
           : range <= VALUE_TICKS * 5 * power ? 5 * power
                                              : 10 * power;
}

static bool is_drawn(const struct chart_limit *limit, double most)
{
    return limit->value <= FARTHEST * (most > 0 ? most : 0.1);
}

static struct scale scale_of(const struct chart *chart)
{
    struct figures figures;
    struct scale scale = { 0 };
    series_figures(chart->series, 0, INT64_MAX, &figures);
    scale.least = figures.least < 0 ? figures.least : 0;
    scale.most = figures.most > 0 ? figures.most : 0;
    for (size_t i = 0; i < chart->limit_count; i++) {
        double value = chart->limits[i].value;
        if (is_drawn(&chart->limits[i], figures.most) && value > scale.most)
            scale.most = value;
        if (value < scale.least && value >= FARTHEST * scale.least)
            scale.least = value;
    }
    if (scale.most <= scale.least)
        scale.most = scale.least + 1;
    scale.tick = tick_of(scale.most - scale.least);
    scale.most = ceil(scale.most / scale.tick) * scale.tick;
    scale.least = floor(scale.least / scale.tick) * scale.tick;
    return scale;
}

static double y_of(const struct scale *scale, double value)
{
    return BOTTOM - PLOT_HEIGHT * (value - scale->least) / (scale->most - scale->least);
}

static void put_values(struct buf *svg, const struct chart *chart, const struct scale *scale)
{
    for (double value = scale->least; value <= scale->most + scale->tick / 2; value += scale->tick) {
        double y = y_of(scale, value), shown = fabs(value) < scale->tick / 2 ? 0 : value;
        buf_format(svg, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y,
                   LEFT + COLUMNS, y);
        buf_format(svg, "<text class=\"soft\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", LEFT - 6, y + 4);
        chart_value(svg, chart->series->metric, shown);
        buf_text(svg, "</text>\n");
    }
}

/* ---- limits ---- */

static int by_value(const void *a, const void *b)
{
    double left = ((const struct chart_limit *)a)->value, right = ((const struct chart_limit *)b)->value;
    return left < right ? 1 : left > right ? -1 : 0;
}

/* Where their texts stand: beside their lines, but never over each other, nor below the drawing. Those that
 * are not drawn are left out; returns how many are. `limits` is sorted from above. */
static size_t place_texts(const struct scale *scale, struct chart_limit *limits, size_t count, double *ys)
{
    size_t drawn = 0;
    double from = 0, to = BOTTOM + 4;
    for (size_t i = 0; i < count; i++) {
        double y = y_of(scale, limits[i].value) + 4;
        if (limits[i].value > scale->most || limits[i].value < scale->least)
            continue;
        ys[drawn] = y > from ? y : from;
        from = ys[drawn] + LIMIT_SPACE;
        limits[drawn++] = limits[i];
    }
    for (size_t i = drawn; i-- > 0; to = ys[i] - LIMIT_SPACE)
        ys[i] = ys[i] < to ? ys[i] : to;
    return drawn;
}

static void put_limits(struct buf *svg, const struct chart *chart, const struct scale *scale)
{
    struct chart_limit *limits = mem_array(chart->limit_count + 1, sizeof(*limits));
    double *ys = mem_array(chart->limit_count + 1, sizeof(*ys));
    if (chart->limit_count > 0)
        memcpy(limits, chart->limits, chart->limit_count * sizeof(*limits));
    qsort(limits, chart->limit_count, sizeof(*limits), by_value);
    size_t drawn = place_texts(scale, limits, chart->limit_count, ys);
    for (size_t i = 0; i < drawn; i++) {
        double y = y_of(scale, limits[i].value);
        buf_format(svg, "<line class=\"limit\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>", LEFT, y,
                   LEFT + COLUMNS, y);
        buf_format(svg, "<text class=\"soft\" x=\"%d\" y=\"%.1f\">", LEFT + COLUMNS + 6, ys[i]);
        drawing_cut(svg, limits[i].text, LIMIT_CELLS);
        buf_text(svg, "</text>\n");
    }
    free(ys);
    free(limits);
}

/* ---- gaps ---- */

static void put_gap(struct buf *svg, double from, double to, const char *why)
{
    buf_format(svg, "<rect class=\"gap\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>not known: ",
               from, TOP, to - from, PLOT_HEIGHT);
    document_escape(svg, why);
    buf_text(svg, "</title></rect>\n");
}

/* Those that would be drawn over each other are drawn as one. */
static void put_gaps(struct buf *svg, const struct chart *chart)
{
    double from = 0, to = -1;
    const char *why = "";
    for (size_t i = 0; i < chart->gap_count; i++) {
        double left = drawing_x(&chart->drawing, chart->gaps[i].from_us);
        double right = drawing_x(&chart->drawing, chart->gaps[i].to_us);
        right = right - left < GAP_WIDTH ? left + GAP_WIDTH : right;
        if (to >= 0 && left > to)
            put_gap(svg, from, to, why);
        if (to < 0 || left > to) {
            from = left;
            why = chart->gaps[i].why;
        }
        to = right > to ? right : to;
    }
    if (to >= 0)
        put_gap(svg, from, to, why);
}

/* ---- the line ---- */

struct column {
    bool any, joined, broken; /* joined: to the column before; broken: something in it is not known */
    double least, most, first, last;
};

static void fill_columns(const struct chart *chart, struct column columns[COLUMNS])
{
    const struct point *points = chart->series->points.items;
    int64_t total_us = chart->drawing.total_us > 0 ? chart->drawing.total_us : 1;
    for (size_t i = 0; i < chart->series->points.count; i++) {
        double place = COLUMNS * (double)points[i].us / (double)total_us;
        struct column *column = &columns[place < COLUMNS ? (size_t)place : COLUMNS - 1];
        double value = points[i].value;
        if (!column->any)
            *column =
                (struct column){ true, i > 0 && !points[i].after_gap, false, value, value, value, value };
        else
            column->broken = column->broken || points[i].after_gap;
        column->least = value < column->least ? value : column->least;
        column->most = value > column->most ? value : column->most;
        column->last = value;
    }
}

static void put_column(struct buf *svg, const struct column *column, bool joined, int x,
                       const struct scale *scale)
{
    buf_format(svg, "%c%d %.1f", joined ? 'L' : 'M', x, y_of(scale, column->first));
    if (column->most > column->least)
        buf_format(svg, "V%.1fV%.1fV%.1f", y_of(scale, column->least), y_of(scale, column->most),
                   y_of(scale, column->last));
    else if (!joined)
        buf_text(svg, "h.1"); /* a point that stands alone is seen too */
}

static void put_line(struct buf *svg, const struct chart *chart, const struct scale *scale)
{
    struct column *columns = mem_array(COLUMNS, sizeof(*columns));
    const struct column *before = NULL;
    fill_columns(chart, columns);
    buf_text(svg, "<path class=\"line\" d=\"");
    for (int i = 0; i < COLUMNS; i++) {
        if (!columns[i].any)
            continue;
        bool joined = before != NULL && columns[i].joined && !columns[i].broken && !before->broken;
        put_column(svg, &columns[i], joined, LEFT + i, scale);
        before = &columns[i];
    }
    buf_text(svg, "\"/>\n");
    free(columns);
}

void chart_svg(struct buf *svg, const struct chart *chart)
{
    struct chart placed = *chart;
    struct scale scale = scale_of(chart);
    placed.drawing.left = LEFT;
    placed.drawing.width = COLUMNS;
    placed.drawing.height = BOTTOM;
    drawing_begin(svg, &placed.drawing, LEFT + COLUMNS + RIGHT, chart->series->metric);
    put_gaps(svg, &placed);
    put_values(svg, &placed, &scale);
    put_limits(svg, &placed, &scale);
    drawing_marks(svg, &placed.drawing);
    put_line(svg, &placed, &scale);
    drawing_end(svg);
}

/* ---- as text ---- */

static bool has_gap(const struct chart *chart, int64_t from_us, int64_t to_us)
{
    for (size_t i = 0; i < chart->gap_count; i++) {
        if (chart->gaps[i].from_us < to_us && chart->gaps[i].to_us > from_us)
            return true;
    }
    return false;
}

static void put_cell(struct buf *text, const char *metric, double value)
{
    struct buf cell;
    buf_init(&cell, 64);
    chart_value(&cell, metric, value);
    buf_format(text, " %9s", buf_str(&cell));
    buf_finish(&cell);
}

static void put_row(struct buf *text, const struct chart *chart, int64_t from_us, int64_t to_us, double most)
{
    struct figures figures;
    bool gap = has_gap(chart, from_us, to_us);
    series_figures(chart->series, from_us, to_us - 1, &figures);
    wall_clock(text, chart->drawing.wall_us + from_us);
    if (figures.count == 0) {
        buf_format(text, "  %s\n", gap ? "not known" : "no sample");
        return;
    }
    put_cell(text, chart->series->metric, figures.least);
    put_cell(text, chart->series->metric, figures.median);
    put_cell(text, chart->series->metric, figures.most);
    int bar = most > 0 && figures.most > 0 ? (int)ceil(TEXT_BAR * figures.most / most) : 0;
    buf_text(text, bar > 0 || gap ? "  " : "");
    for (int i = 0; i < bar; i++)
        buf_char(text, '#');
    buf_format(text, "%s\n", gap ? bar > 0 ? " partly not known" : "partly not known" : "");
}

void chart_text(struct buf *text, const struct chart *chart)
{
    const struct drawing *drawing = &chart->drawing;
    int64_t tick_us = drawing_tick_us(drawing->total_us, TEXT_ROWS);
    struct figures figures;
    series_figures(chart->series, 0, INT64_MAX, &figures);
    buf_text(text, "from           min    median       max\n");
    for (int64_t us = 0, next; us <= drawing->total_us; us = next) {
        next = us + tick_us - (drawing->wall_us + us) % tick_us;
        put_row(text, chart, us, next, figures.most);
    }
}
