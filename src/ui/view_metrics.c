#include <string.h>

#include "views.h"

/* The numbers that a book asks for itself, by queries and over HTTP: a line for each, below the lag. */

/* Lines that there is always room for. */
#define LINES_LEAST 2

static bool is_metric(const struct ui *ui, size_t monitor)
{
    enum monitor_kind kind = ui->run->book->monitors[monitor].kind;
    return kind == MONITOR_QUERY || kind == MONITOR_HTTP;
}

int metrics_count(const struct ui *ui)
{
    int count = 0;
    for (size_t i = 0; ui->run != NULL && i < ui->run->book->monitor_count; i++)
        count += is_metric(ui, i);
    return count;
}

int metrics_least(const struct ui *ui)
{
    int count = metrics_count(ui);
    return count < LINES_LEAST ? count : LINES_LEAST;
}

static bool is_about(const struct condition *when, size_t monitor, const char *metric)
{
    return when->monitor == monitor && strcmp(when->metric, metric) == 0;
}

/* Whether it is what a gate wants: the one that is shown, else any; else what no trigger waits for. */
static bool is_fine(const struct ui *ui, size_t monitor, const struct sample_metric *metric)
{
    const struct book *book = ui->run->book;
    size_t shown = aim_gate(ui);
    const struct condition *wanted = NULL;
    for (size_t g = 0; g < book->gate_count; g++) {
        for (size_t i = 0; i < book->gates[g].criterion_count; i++) {
            const struct condition *when = &book->gates[g].criteria[i].when;
            if (is_about(when, monitor, metric->name) && (wanted == NULL || g == shown))
                wanted = when;
        }
    }
    if (wanted != NULL)
        return comparison_holds(wanted->is, metric->value, wanted->value);
    for (size_t i = 0; i < book->trigger_count; i++) {
        const struct condition *when = &book->triggers[i].when;
        if (is_about(when, monitor, metric->name) && comparison_holds(when->is, metric->value, when->value))
            return false;
    }
    return true;
}

/* "value 12", "0.03s": what is in seconds says so itself. */
static int draw_metric(const struct ui *ui, size_t monitor, const struct sample_metric *metric,
                       const struct area *area, int row, int column)
{
    struct buf text;
    buf_init(&text, 256);
    if (strcmp(metric->name, "seconds") != 0) {
        words_metric_name(&text, metric->name);
        buf_char(&text, ' ');
        column = area_put(area, row, column, ROLE_DIM, buf_str(&text));
        buf_clear(&text);
    }
    words_sampled(&text, metric);
    enum role_style style = !metric->known                 ? ROLE_UNKNOWN
                            : is_fine(ui, monitor, metric) ? ROLE_STRONG
                                                           : ROLE_BAD;
    column = area_put(area, row, column, style, buf_str(&text));
    buf_finish(&text);
    return column;
}

static void draw_line(const struct ui *ui, size_t monitor, const struct area *area, int row)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    int column = area_format(area, row, 0, ROLE_TEXT, "%s ", ui->run->book->monitors[monitor].id);
    struct buf why;
    buf_init(&why, 2048);
    if (monitor_unknown(ui, monitor, &why)) {
        area_format(area, row, column, ROLE_UNKNOWN, "? %s", buf_str(&why));
        buf_finish(&why);
        return;
    }
    buf_finish(&why);
    for (size_t i = 0; i < last->metric_count; i++)
        column = draw_metric(ui, monitor, &last->metrics[i], area, row, column) + 2;
    if (last->why != NULL && *last->why != '\0')
        area_put(area, row, column, ROLE_UNKNOWN, last->why);
}

int metrics_rows(const struct ui *ui, int rows)
{
    int count = metrics_count(ui), most = rows / 3;
    if (most < metrics_least(ui))
        most = metrics_least(ui);
    if (most >= rows)
        most = rows - 1; /* the lag comes first */
    return count < most ? count : most > 0 ? most : 0;
}

/* Whether it is to be seen first: it says nothing, or something that is not fine. */
static bool is_loud(const struct ui *ui, size_t monitor)
{
    struct buf why;
    buf_init(&why, 2048);
    bool loud = monitor_unknown(ui, monitor, &why);
    buf_finish(&why);
    const struct sample *last = ui->run->monitors[monitor].last;
    for (size_t i = 0; !loud && i < last->metric_count; i++)
        loud = !last->metrics[i].known || !is_fine(ui, monitor, &last->metrics[i]);
    return loud;
}

/* Those that are loud, or the others, from `row` on. Returns the row after them. */
static int draw_lines(const struct ui *ui, const struct area *area, int row, bool loud)
{
    for (size_t i = 0; i < ui->run->book->monitor_count && row < area->rows; i++) {
        if (is_metric(ui, i) && is_loud(ui, i) == loud)
            draw_line(ui, i, area, row++);
    }
    return row;
}

void metrics_draw(const struct ui *ui, const struct area *area)
{
    int left_out = metrics_count(ui) - area->rows;
    if (area->rows < 1)
        return;
    if (left_out <= 0) { /* all of them: in the order of the book */
        int row = 0;
        for (size_t i = 0; i < ui->run->book->monitor_count; i++) {
            if (is_metric(ui, i))
                draw_line(ui, i, area, row++);
        }
        return;
    }
    (void)draw_lines(ui, area, draw_lines(ui, area, 0, true), false);
    struct buf more;
    buf_init(&more, 32);
    buf_format(&more, "  +%d more", left_out);
    (void)area_right(area, area->rows - 1, area->columns, ROLE_WARN, buf_str(&more));
    buf_finish(&more);
}
