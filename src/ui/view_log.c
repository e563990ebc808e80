#include <string.h>

#include "base/text.h"
#include "views.h"

void log_heading(const struct ui *ui, struct buf *buf)
{
    int above = ui->panes[PANE_LOG].top;
    if (above == 0)
        buf_text(buf, "follows");
    else
        buf_format(buf, "%d lines below  G follows again", above);
    if (ui->search.len > 0)
        buf_format(buf, "  /%s", buf_str(&ui->search));
    if (ui->log.left_out > 0) {
        buf_text(buf, "  output left out: ");
        size_text(buf, (int64_t)ui->log.left_out);
    }
}

/* Marks every place of the word that is searched for. */
static void mark_search(const struct ui *ui, const struct area *area, int row, int column, const char *text)
{
    const char *word = buf_str(&ui->search);
    if (*word == '\0')
        return;
    for (const char *at = strcasestr(text, word); at != NULL; at = strcasestr(at + 1, word)) {
        struct buf before;
        buf_init(&before, LOG_LINE_MAX * 8 + 16);
        buf_add(&before, text, (size_t)(at - text));
        area_style(area, row, column + visible_width(buf_str(&before)), visible_width(word), ROLE_SELECTED);
        buf_finish(&before);
    }
}

static void draw_line(const struct ui *ui, const struct area *area, int row, const struct log_line *line)
{
    int column;
    if (line->wall_us != 0) {
        struct buf clock;
        buf_init(&clock, 32);
        wall_clock(&clock, line->wall_us);
        column = area_put(area, row, 0, ROLE_DIM, buf_str(&clock)) + 1;
        buf_finish(&clock);
    } else {
        column = area_glyph(area, row, 7, ROLE_BORDER, GLYPH_VERTICAL) + 1;
    }
    area_put(area, row, column, (enum role_style)line->style, line->text);
    mark_search(ui, area, row, column, line->text);
}

void log_draw(struct ui *ui, const struct area *area)
{
    struct pane_state *pane = &ui->panes[PANE_LOG];
    pane->lines = (int)log_count(&ui->log);
    view_clamp(pane, area->rows);
    struct log_walk walk = log_walk_back(&ui->log);
    for (int i = 0; i < pane->top; i++)
        (void)log_walk_next(&walk); /* scrolled away below */
    int rows = pane->lines - pane->top < area->rows ? pane->lines - pane->top : area->rows;
    for (int row = rows - 1; row >= 0; row--) {
        const struct log_line *line = log_walk_next(&walk);
        if (line == NULL)
            break;
        draw_line(ui, area, row, line);
    }
}
