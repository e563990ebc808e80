#include <math.h>
#include <string.h>

#include "base/text.h"
#include "table.h"
#include "views.h"

#define CHART_US     (5 * MINUTE_US)
#define AXIS         6 /* cells for the numbers at the left */
#define JUMP_COLUMNS 4 /* it moves by so many at once: a restless line is not painted anew all the time */
#define CHART_MAX    512
#define ROWS_MOST    12 /* a higher chart says no more */

static const struct table_column replica_columns[LAG_CELLS] = {
    [LAG_NAME] = { "replica", 8, 20, 0 },     [LAG_KIND] = { "kind", 8, 0, 3 },
    [LAG_STATE] = { "state", 9, 12, 0 },      [LAG_SENT] = { "unsent", 7, 0, 2 },
    [LAG_REPLAY] = { "behind", 7, 0, 0 },     [LAG_REPLY] = { "reply", 6, 0, 1 },
    [LAG_RETAINED] = { "retained", 8, 0, 2 },
};

/* The value that the line is drawn at: of the gate that is shown, else of any gate, else of a trigger. */
static const struct condition *limit_of(const struct ui *ui, size_t monitor)
{
    const struct book *book = ui->run->book;
    size_t shown = aim_gate(ui);
    const struct condition *found = NULL;
    for (size_t g = 0; g < book->gate_count; g++) {
        for (size_t i = 0; i < book->gates[g].criterion_count; i++) {
            const struct condition *when = &book->gates[g].criteria[i].when;
            bool ours = when->monitor == monitor && strcmp(when->metric, "seconds") == 0;
            if (ours && (found == NULL || g == shown))
                found = when;
        }
    }
    for (size_t i = 0; found == NULL && i < book->trigger_count; i++) {
        const struct condition *when = &book->triggers[i].when;
        if (when->monitor == monitor && strcmp(when->metric, "seconds") == 0)
            found = when;
    }
    return found;
}

struct chart {
    const struct history *history;
    int columns, rows;
    int64_t end_us,
        step_us;  /* of a column; columns stand on whole steps, so that the picture does not tremble */
    double limit; /* NAN: none */
    double scale; /* what the top of the chart stands for */
    double worst; /* NAN: nothing known */
    enum history_state states[CHART_MAX];
    double values[CHART_MAX];
};

/* The limit stands where two rows meet, as high up as the values allow, and is always on the chart. */
static double scale_of(const struct chart *chart)
{
    double worst = isnan(chart->worst) ? 0 : chart->worst;
    if (isnan(chart->limit) || chart->limit <= 0)
        return worst > 0.1 ? worst : 0.1;
    for (int below = chart->rows - 1; below >= 1; below--) {
        double scale = chart->limit * chart->rows / below;
        if (worst <= scale)
            return scale;
    }
    return worst > chart->limit ? worst : chart->limit;
}

/* The column of this moment has only just begun: no sample in it yet does not mean that one is missing. */
static void fill_newest(struct chart *chart, const struct ui *ui, size_t monitor)
{
    int64_t ahead_us = chart->end_us - ui->now.boot_us - 1;
    int newest = chart->columns - 1 - (int)(ahead_us / chart->step_us);
    bool fresh =
        run_monitor_stale_us(ui->run, monitor, ui->now) < 0 && ui->run->monitors[monitor].last->known;
    if (newest <= 0 || chart->states[newest] != HISTORY_UNKNOWN || !fresh)
        return;
    chart->states[newest] = chart->states[newest - 1];
    chart->values[newest] = chart->values[newest - 1];
}

static void chart_fill(struct chart *chart, const struct ui *ui, size_t monitor, int rows, int columns)
{
    const struct condition *limit = limit_of(ui, monitor);
    chart->history = ui->histories[monitor];
    chart->columns = columns < CHART_MAX ? columns : CHART_MAX;
    chart->rows = rows;
    chart->step_us = CHART_US / chart->columns;
    int64_t jump_us = JUMP_COLUMNS * chart->step_us;
    chart->end_us = (ui->now.boot_us / jump_us + 1) * jump_us;
    chart->limit = limit != NULL ? limit->value : (double)NAN;
    chart->worst = (double)NAN;
    for (int i = 0; i < chart->columns; i++) {
        int64_t from_us = chart->end_us - (chart->columns - i) * chart->step_us;
        chart->states[i] =
            from_us > ui->now.boot_us
                ? HISTORY_NOTHING
                : history_worst(chart->history, from_us, from_us + chart->step_us, &chart->values[i]);
        if (chart->states[i] == HISTORY_KNOWN && !(chart->worst >= chart->values[i]))
            chart->worst = chart->values[i];
    }
    fill_newest(chart, ui, monitor);
    chart->scale = scale_of(chart);
}

/* Eighths of a cell; in ASCII what looks about as high. */
static uint32_t level_rune(bool ascii, int eighths)
{
    static const char levels[] = " .::||||#";
    if (ascii)
        return (uint32_t)levels[eighths];
    return eighths == 0 ? ' ' : 0x2580 + (uint32_t)eighths;
}

static void draw_cell(const struct chart *chart, const struct area *area, int row, int column, int index,
                      int limit_row)
{
    double cell = chart->scale / chart->rows;
    double floor_value = (chart->rows - 1 - row) * cell;
    int eighths = 0;
    if (chart->states[index] == HISTORY_KNOWN)
        eighths = (int)ceil((chart->values[index] - floor_value) / cell * 8);
    eighths = eighths < 0 ? 0 : eighths > 8 ? 8 : eighths;
    bool bottom = row == chart->rows - 1;
    if (bottom && chart->states[index] == HISTORY_UNKNOWN) {
        area_put(area, row, column, ROLE_UNKNOWN, "x");
        return;
    }
    if (bottom && chart->states[index] == HISTORY_KNOWN && eighths == 0)
        eighths = 1; /* nothing known and nothing behind must not look the same */
    bool over = chart->states[index] == HISTORY_KNOWN && chart->values[index] > chart->limit;
    if (eighths > 0)
        canvas_fill(area->canvas, area->row + row, area->column + column, 1, over ? ROLE_BAD : ROLE_GOOD,
                    level_rune(area->canvas->ascii, eighths));
    else if (row == limit_row)
        area_glyph(area, row, column, ROLE_LIMIT, GLYPH_LIMIT);
}

static void draw_axis(const struct chart *chart, const struct area *area, int limit_row)
{
    struct buf text;
    buf_init(&text, 64);
    if (limit_row > 0 || limit_row < 0) {
        words_metric(&text, "seconds", chart->scale);
        area_clip(area, 0, 0, AXIS - 1, ROLE_DIM, buf_str(&text));
    }
    if (limit_row >= 0) {
        buf_clear(&text);
        words_metric(&text, "seconds", chart->limit);
        area_clip(area, limit_row, 0, AXIS - 1, ROLE_LIMIT, buf_str(&text));
    }
    for (int row = 0; row < chart->rows; row++)
        area_glyph(area, row, AXIS - 1, ROLE_BORDER, row == limit_row ? GLYPH_LEFT : GLYPH_VERTICAL);
    buf_finish(&text);
}

static void draw_chart(const struct chart *chart, const struct area *area)
{
    int limit_row = -1; /* the row whose lower edge is the limit */
    if (!isnan(chart->limit)) {
        limit_row = chart->rows - 1 - (int)(chart->limit / chart->scale * chart->rows + 0.001);
        limit_row = limit_row < 0 ? 0 : limit_row;
    }
    draw_axis(chart, area, limit_row);
    for (int row = 0; row < chart->rows; row++) {
        for (int i = 0; i < chart->columns; i++)
            draw_cell(chart, area, row, AXIS + i, i, limit_row);
    }
}

/* "-5m" and the steps that began under the chart. */
static void draw_marks(const struct ui *ui, const struct chart *chart, const struct area *area, int row)
{
    area_put(area, row, 0, ROLE_DIM, "-5m");
    size_t first = ui->mark_count > MARKS_MAX ? ui->mark_count - MARKS_MAX : 0;
    int64_t begin_us = chart->end_us - chart->columns * chart->step_us;
    for (size_t i = first; i < ui->mark_count; i++) {
        const struct mark *mark = &ui->marks[i % MARKS_MAX];
        if (mark->boot_us < begin_us || mark->boot_us >= chart->end_us)
            continue;
        int column = AXIS + (int)((mark->boot_us - begin_us) / chart->step_us);
        struct buf text;
        buf_init(&text, 32);
        buf_format(&text, "^%zu", mark->step + 1);
        if (column + (int)text.len <= area->columns)
            area_put(area, row, column, ROLE_DIM, buf_str(&text));
        buf_finish(&text);
    }
}

/* The worst of the last five minutes; NAN when nothing is known. */
static double worst_of(const struct ui *ui, size_t monitor)
{
    double worst;
    int64_t now_us = ui->now.boot_us + HISTORY_SLOT_US;
    enum history_state state = history_worst(ui->histories[monitor], now_us - CHART_US, now_us, &worst);
    return state == HISTORY_KNOWN ? worst : (double)NAN;
}

static void put_place(const struct ui *ui, size_t monitor, struct buf *buf)
{
    const struct book *book = ui->run->book;
    size_t target = book->monitors[monitor].target;
    buf_format(buf, "%s ", target != BOOK_NONE ? book->targets[target].id : book->monitors[monitor].id);
}

static void summary(const struct ui *ui, size_t monitor, struct buf *buf)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    put_place(ui, monitor, buf);
    struct buf why;
    buf_init(&why, 2048);
    if (monitor_unknown(ui, monitor, &why)) {
        buf_format(buf, "? --- %s", buf_str(&why));
        buf_finish(&why);
        return;
    }
    buf_finish(&why);
    double worst = worst_of(ui, monitor);
    for (size_t i = 0; i < last->metric_count; i++) {
        const struct sample_metric *metric = &last->metrics[i];
        bool seconds = strcmp(metric->name, "seconds") == 0;
        buf_text(buf, i > 0 ? "  " : "");
        if (!seconds) {
            words_metric_name(buf, metric->name);
            buf_char(buf, ' ');
        }
        words_sampled(buf, metric);
        if (seconds && !isnan(worst)) {
            buf_text(buf, "  max 5m ");
            words_metric(buf, "seconds", worst);
        }
    }
    if (last->why != NULL && *last->why != '\0')
        buf_format(buf, "  %s", last->why);
}

/* How loud the summary is. */
static enum role_style summary_style(const struct ui *ui, size_t monitor)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    const struct condition *limit = limit_of(ui, monitor);
    struct buf why;
    buf_init(&why, 2048);
    bool unknown = monitor_unknown(ui, monitor, &why);
    buf_finish(&why);
    const struct sample_metric *seconds = unknown ? NULL : sample_metric(last, "seconds");
    if (seconds == NULL || !seconds->known)
        return ROLE_UNKNOWN;
    return limit != NULL && seconds->value > limit->value ? ROLE_BAD : ROLE_STRONG;
}

static int draw_replicas(const struct area *area, int row, const struct sample *last)
{
    struct table table = table_fit(replica_columns, LAG_CELLS, area->columns);
    table_titles(&table, area, row++);
    for (size_t i = 0; i < last->row_count && row < area->rows; i++, row++) {
        for (int cell = 0; cell < LAG_CELLS; cell++)
            table_cell(&table, area, row, cell, ROLE_TEXT, last->rows[i].cells[cell]);
    }
    if (last->rows_left_out > 0 && row < area->rows)
        area_format(area, row++, 0, ROLE_WARN, "+%zu more", last->rows_left_out);
    return row;
}

/* `alone`: the only lag monitor, whose summary stands beside the title of the pane. */
static void draw_monitor(const struct ui *ui, size_t monitor, bool alone, const struct area *area)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    struct chart chart;
    bool replicas = area->rows >= 9 && last != NULL && last->known && last->row_count > 0;
    bool marks = area->rows >= 4;
    int table_rows = replicas ? 1 + (int)(last->row_count < 4 ? last->row_count : 4) : 0;
    int row = alone ? 0 : 1;
    int rows = area->rows - row - marks - table_rows;
    if (!alone) {
        struct buf text;
        buf_init(&text, 2048);
        summary(ui, monitor, &text);
        area_put(area, 0, 0, summary_style(ui, monitor), buf_str(&text));
        buf_finish(&text);
    }
    if (rows < 1 || area->columns < AXIS + 8)
        return;
    chart_fill(&chart, ui, monitor, rows < ROWS_MOST ? rows : ROWS_MOST, area->columns - AXIS);
    struct area inside = area_part(area, row, 0, chart.rows, area->columns);
    draw_chart(&chart, &inside);
    row += chart.rows;
    if (marks)
        draw_marks(ui, &chart, area, row++);
    if (replicas) {
        struct area below = area_part(area, row, 0, area->rows - row, area->columns);
        draw_replicas(&below, 0, last);
    }
}

/* Of several monitors no more than how far each is behind. */
static void put_short(const struct ui *ui, size_t monitor, struct buf *buf)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    struct buf why;
    buf_init(&why, 2048);
    put_place(ui, monitor, buf);
    if (monitor_unknown(ui, monitor, &why))
        buf_format(buf, "? --- %s", buf_str(&why));
    else
        words_sampled(buf, sample_metric(last, "seconds"));
    buf_finish(&why);
}

void lag_heading(const struct ui *ui, struct buf *buf)
{
    bool many = monitors_of_kind(ui->run, MONITOR_LAG) > 1;
    for (size_t i = monitor_of_kind(ui->run, MONITOR_LAG, 0); i != BOOK_NONE;
         i = monitor_of_kind(ui->run, MONITOR_LAG, i + 1)) {
        buf_text(buf, buf->len > 0 ? "   " : "");
        if (many)
            put_short(ui, i, buf);
        else
            summary(ui, i, buf);
    }
}

/* That of the worst: one over its limit, then one of which nothing is known. */
enum role_style lag_style(const struct ui *ui)
{
    enum role_style style = ROLE_TEXT;
    for (size_t i = monitor_of_kind(ui->run, MONITOR_LAG, 0); i != BOOK_NONE && style != ROLE_BAD;
         i = monitor_of_kind(ui->run, MONITOR_LAG, i + 1)) {
        enum role_style its = summary_style(ui, i);
        if (its != ROLE_STRONG || style == ROLE_TEXT)
            style = its;
    }
    return style;
}

void lag_draw(struct ui *ui, const struct area *whole)
{
    int count = monitors_of_kind(ui->run, MONITOR_LAG);
    int metrics = count > 0 ? metrics_rows(ui, whole->rows) : whole->rows;
    struct area top = area_part(whole, 0, 0, whole->rows - metrics, whole->columns);
    struct area below = area_part(whole, top.rows, 0, metrics, whole->columns);
    const struct area *area = &top;
    metrics_draw(ui, &below);
    bool alone = count == 1;
    int each = count > 0 && area->rows / count > 0 ? area->rows / count : 1;
    int row = 0;
    for (size_t i = monitor_of_kind(ui->run, MONITOR_LAG, 0); i != BOOK_NONE;
         i = monitor_of_kind(ui->run, MONITOR_LAG, i + 1)) {
        struct area part = area_part(area, row, 0, --count == 0 ? area->rows - row : each, area->columns);
        if (part.rows > 0)
            draw_monitor(ui, i, alone, &part);
        row += part.rows;
    }
}
