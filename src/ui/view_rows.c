/*
 * The panes that are tables of what a monitor's rows say: locks, old transactions, progress.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "views.h"

/* In the order of enum lock_cell. */
static const struct table_column lock_columns[] = {
    [LOCK_PID] = { "PID", 9, 12, 0 },        [LOCK_WHO] = { "WHO", 12, 24, 0 },
    [LOCK_STATE] = { "STATE", 10, 14, 3 },   [LOCK_XACT] = { "XACT", 6, 8, 4 },
    [LOCK_WAIT] = { "WAIT", 5, 8, 1 },       [LOCK_MODE] = { "MODE", 16, 24, 0 },
    [LOCK_OBJECT] = { "OBJECT", 13, 24, 0 }, [LOCK_WHY] = { "WHY", 5, 0, 2 },
    [LOCK_BEHIND] = { "BEHIND", 6, 0, 6 },   [LOCK_QUERY] = { "QUERY", 16, 0, 5 },
};
static const struct table_column tx_columns[] = {
    [TX_PID] = { "PID", 7, 8, 0 },
    [TX_WHO] = { "WHO", 12, 24, 0 },
    [TX_STATE] = { "STATE", 10, 14, 1 },
    [TX_AGE] = { "AGE", 7, 8, 0 },
    [TX_STATE_AGE] = { "IN STATE", 8, 0, 4 },
    [TX_XMIN_AGE] = { "XMIN", 7, 9, 3 },
    [TX_QUERY] = { "QUERY", 16, 0, 2 },
};
static const struct table_column progress_columns[] = {
    [PROGRESS_PID] = { "PID", 7, 8, 3 },         [PROGRESS_WHAT] = { "WHAT", 12, 20, 0 },
    [PROGRESS_OBJECT] = { "OBJECT", 10, 24, 1 }, [PROGRESS_PHASE] = { "PHASE", 12, 24, 2 },
    [PROGRESS_PERCENT] = { "DONE", 18, 24, 0 },  [PROGRESS_BLOCKER] = { "BLOCKED BY", 10, 0, 4 },
};

/* One kind of table: what it is made of and what it says when there is nothing to show. */
struct rows_view {
    enum pane pane;
    enum monitor_kind kind;
    const struct table_column *columns;
    int count;
    const char *nothing;
    void (*draw_cell)(const struct table *table, const struct area *area, int row, int cell,
                      const struct sample *sample, size_t index);
};

static enum role_style row_style(const struct sample_row *row)
{
    return row->ours ? ROLE_BUSY : row->depth == 0 ? ROLE_STRONG : ROLE_TEXT;
}

/* Whether a later row stands beside this one under the same root: then the branch goes on below it. */
static bool has_sibling_below(const struct sample *sample, size_t index)
{
    for (size_t i = index + 1; i < sample->row_count && sample->rows[i].depth >= sample->rows[index].depth;
         i++) {
        if (sample->rows[i].depth == sample->rows[index].depth)
            return true;
    }
    return false;
}

#define DEPTH_SHOWN 3 /* deeper ones stand as far in as this */

static void draw_lock_cell(const struct table *table, const struct area *area, int row, int cell,
                           const struct sample *sample, size_t index)
{
    const struct sample_row *lock = &sample->rows[index];
    if (cell == LOCK_WHO && lock->ours) {
        struct buf who;
        buf_init(&who, 1024);
        buf_format(&who, "*US* %s", lock->cells[cell] != NULL ? lock->cells[cell] : "");
        table_cell(table, area, row, cell, ROLE_BUSY, buf_str(&who));
        buf_finish(&who);
        return;
    }
    if (cell != LOCK_PID || lock->depth == 0) {
        table_cell(table, area, row, cell, row_style(lock), lock->cells[cell]);
        return;
    }
    int depth = lock->depth < DEPTH_SHOWN ? lock->depth : DEPTH_SHOWN;
    int column = table->at[cell] + depth - 1;
    column = area_glyph(area, row, column, ROLE_BORDER,
                        has_sibling_below(sample, index) ? GLYPH_RIGHT : GLYPH_CORNER_BOTTOM_LEFT);
    column = area_glyph(area, row, column, ROLE_BORDER, GLYPH_HORIZONTAL);
    area_clip(area, row, column, table->cells[cell] - (column - table->at[cell]), row_style(lock),
              lock->cells[cell]);
}

static void draw_plain_cell(const struct table *table, const struct area *area, int row, int cell,
                            const struct sample *sample, size_t index)
{
    table_cell(table, area, row, cell, row_style(&sample->rows[index]), sample->rows[index].cells[cell]);
}

/* The percentage as a bar where it is one. */
static void draw_progress_cell(const struct table *table, const struct area *area, int row, int cell,
                               const struct sample *sample, size_t index)
{
    const char *text = sample->rows[index].cells[cell];
    char *end = NULL;
    double percent = cell == PROGRESS_PERCENT && text != NULL ? strtod(text, &end) : 0;
    if (cell != PROGRESS_PERCENT || end == text || end == NULL || !isfinite(percent)) {
        draw_plain_cell(table, area, row, cell, sample, index);
        return;
    }
    area_bar(area, row, table->at[cell], table->cells[cell] - 7, ROLE_BUSY, percent / 100, -1);
    area_format(area, row, table->at[cell] + table->cells[cell] - 6, row_style(&sample->rows[index]),
                "%4.0f%%",
                percent < 0     ? 0
                : percent > 100 ? 100
                                : percent);
}

static const struct rows_view locks_view = { PANE_LOCKS,     MONITOR_LOCKS,
                                             lock_columns,   ARRAY_LEN(lock_columns),
                                             "nobody waits", draw_lock_cell };
static const struct rows_view transactions_view = {
    PANE_TRANSACTIONS, MONITOR_TRANSACTIONS, tx_columns, ARRAY_LEN(tx_columns), "none", draw_plain_cell
};
static const struct rows_view progress_view = { PANE_PROGRESS,
                                                MONITOR_PROGRESS,
                                                progress_columns,
                                                ARRAY_LEN(progress_columns),
                                                "nothing that reports progress",
                                                draw_progress_cell };

static void draw_sample(const struct rows_view *view, const struct sample *sample, struct page *page)
{
    struct table table = table_fit(view->columns, view->count, page->area.columns);
    if (sample->row_count == 0) {
        page_line(page, NULL, ROLE_DIM, view->nothing);
        return;
    }
    table_titles(&table, &page->area, page_next(page));
    for (size_t i = 0; i < sample->row_count; i++) {
        int row = page_next(page);
        if (row < 0 || row >= page->area.rows)
            continue;
        for (int cell = 0; cell < view->count; cell++) {
            if (table.at[cell] >= 0)
                view->draw_cell(&table, &page->area, row, cell, sample, i);
        }
    }
    if (sample->rows_left_out > 0)
        page_format(page, NULL, ROLE_WARN, "+%zu more rows", sample->rows_left_out);
}

static bool has_remark(const struct sample *sample)
{
    return sample->why != NULL && *sample->why != '\0';
}

static bool is_quiet(const struct ui *ui, size_t monitor)
{
    const struct sample *last = ui->run->monitors[monitor].last;
    struct buf why;
    buf_init(&why, 2048);
    bool unknown = monitor_unknown(ui, monitor, &why);
    buf_finish(&why);
    return !unknown && last->row_count == 0 && !has_remark(last);
}

static void draw_monitor(const struct ui *ui, const struct rows_view *view, size_t monitor, bool many,
                         struct page *page)
{
    const char *id = ui->run->book->monitors[monitor].id;
    const struct sample *sample = ui->run->monitors[monitor].last;
    struct buf why;
    buf_init(&why, 2048);
    if (monitor_unknown(ui, monitor, &why)) {
        page_format(page, NULL, ROLE_UNKNOWN, "? %s: %s", id, buf_str(&why));
    } else if (many && is_quiet(ui, monitor)) {
        page_format(page, NULL, ROLE_DIM, "%s: %s", id, view->nothing);
    } else {
        if (many)
            page_line(page, NULL, ROLE_DIM, id);
        draw_sample(view, sample, page);
        if (has_remark(sample))
            page_wrap(page, NULL, ROLE_WARN, sample->why, 2);
    }
    buf_finish(&why);
}

/* Of several monitors those that have something to say stand first: a low pane shows no more. */
static void rows_draw(struct ui *ui, const struct rows_view *view, const struct area *area)
{
    struct pane_state *pane = &ui->panes[view->pane];
    struct page page = page_begin(area, pane->top, 0);
    bool many = monitors_of_kind(ui->run, view->kind) > 1;
    for (int quiet = 0; quiet <= 1; quiet++) {
        for (size_t i = monitor_of_kind(ui->run, view->kind, 0); i != BOOK_NONE;
             i = monitor_of_kind(ui->run, view->kind, i + 1)) {
            if (is_quiet(ui, i) == (quiet == 1))
                draw_monitor(ui, view, i, many, &page);
        }
    }
    pane->lines = page.line;
    view_clamp(pane, area->rows);
}

static void put_metrics(const struct sample *sample, struct buf *buf)
{
    for (size_t i = 0; i < sample->metric_count; i++) {
        const struct sample_metric *metric = &sample->metrics[i];
        buf_text(buf, i > 0 ? "  " : "");
        words_metric_name(buf, metric->name);
        buf_char(buf, ' ');
        words_sampled(buf, metric);
    }
}

/* The numbers of each monitor of the kind, as it names them; of several with its id. */
static void rows_heading(const struct ui *ui, const struct rows_view *view, struct buf *buf)
{
    bool many = monitors_of_kind(ui->run, view->kind) > 1;
    for (size_t i = monitor_of_kind(ui->run, view->kind, 0); i != BOOK_NONE;
         i = monitor_of_kind(ui->run, view->kind, i + 1)) {
        struct buf why;
        buf_init(&why, 2048);
        buf_text(buf, buf->len > 0 ? "   " : "");
        if (many)
            buf_format(buf, "%s: ", ui->run->book->monitors[i].id);
        if (monitor_unknown(ui, i, &why))
            buf_format(buf, "? %s", buf_str(&why));
        else
            put_metrics(ui->run->monitors[i].last, buf);
        buf_finish(&why);
    }
}

void locks_heading(const struct ui *ui, struct buf *buf)
{
    rows_heading(ui, &locks_view, buf);
}

/* Loud while somebody waits, or while one of the servers is not seen. */
enum role_style locks_style(const struct ui *ui)
{
    enum role_style style = ROLE_TEXT;
    for (size_t i = monitor_of_kind(ui->run, MONITOR_LOCKS, 0); i != BOOK_NONE;
         i = monitor_of_kind(ui->run, MONITOR_LOCKS, i + 1)) {
        struct buf why;
        buf_init(&why, 2048);
        if (monitor_unknown(ui, i, &why))
            style = style == ROLE_WARN ? ROLE_WARN : ROLE_UNKNOWN;
        else if (ui->run->monitors[i].last->row_count > 0)
            style = ROLE_WARN;
        buf_finish(&why);
    }
    return style;
}

void locks_draw(struct ui *ui, const struct area *area)
{
    rows_draw(ui, &locks_view, area);
}

void transactions_heading(const struct ui *ui, struct buf *buf)
{
    rows_heading(ui, &transactions_view, buf);
}

void transactions_draw(struct ui *ui, const struct area *area)
{
    rows_draw(ui, &transactions_view, area);
}

void progress_draw(struct ui *ui, const struct area *area)
{
    rows_draw(ui, &progress_view, area);
}
