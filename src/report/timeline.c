#include "timeline.h"

#include <inttypes.h>

#include "base/text.h"
#include "drawing.h"

/* In pixels of the drawing. */
#define LABEL_WIDTH 250
#define CHART_WIDTH 560
#define TIME_WIDTH  90
#define ROW_HEIGHT  20
#define HEAD_HEIGHT 24
#define TICKS_MAX   8

#define LABEL_CELLS 30
#define BAR_CELLS   50
#define TEXT_MAX    ((size_t)1024 * 1024)

static int64_t axis_us(const struct book *book, const struct schedule *schedule)
{
    int64_t total_us = schedule->total_us > 0 ? schedule->total_us : SECOND_US;
    return book->window_us > total_us && book->window_us < 3 * total_us ? book->window_us : total_us;
}

static double x_of(int64_t us, int64_t axis)
{
    return LABEL_WIDTH + CHART_WIDTH * (double)us / (double)axis;
}

/* A row has a bar: every phase, and of its steps those that take time. */
static bool has_row(const struct book *book, size_t step)
{
    return book->steps[step].estimate.max_us > 0;
}

static size_t row_count(const struct book *book)
{
    size_t count = book->phase_count;
    for (size_t i = 0; i < book->step_count; i++)
        count += has_row(book, i);
    return count;
}

/* ---- drawn ---- */

static void put_vertical(struct buf *svg, const char *look, double x, int height, const char *title)
{
    buf_format(svg, "<line class=\"%s\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"><title>%s</title></line>",
               look, x, HEAD_HEIGHT - 4, x, height, title);
}

static void put_axis(struct buf *svg, const struct book *book, int64_t axis, int height)
{
    for (int64_t us = 0, step_us = drawing_tick_us(axis, TICKS_MAX); us <= axis; us += step_us) {
        double x = x_of(us, axis);
        put_vertical(svg, "grid", x, height, "");
        buf_format(svg, "<text class=\"soft\" x=\"%.1f\" y=\"14\" text-anchor=\"middle\">", x);
        if (us == 0)
            buf_char(svg, '0');
        else
            duration_spell(svg, us);
        buf_text(svg, "</text>");
    }
    if (book->window_us > 0 && book->window_us <= axis)
        put_vertical(svg, "limit", x_of(book->window_us, axis), height, "end of the window");
}

static void put_label(struct buf *svg, int x, int y, const char *label, size_t cells, bool phase)
{
    buf_format(svg, "<text x=\"%d\" y=\"%d\"%s>", x, y + 14, phase ? " font-weight=\"600\"" : "");
    drawing_cut(svg, label, cells);
    buf_text(svg, "</text>");
}

static void put_bar(struct buf *svg, const struct slot *slot, int64_t axis, int y, bool phase)
{
    double x = x_of(slot->start_us, axis), width = x_of(slot->end_us, axis) - x;
    int height = phase ? 5 : 12;
    buf_format(svg, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>",
               slot->critical ? "critical" : "bar", x, y + (ROW_HEIGHT - height) / 2, width < 2 ? 2 : width,
               height);
    buf_format(svg, "<text class=\"soft\" x=\"%d\" y=\"%d\">", LABEL_WIDTH + CHART_WIDTH + 8, y + 14);
    duration_text(svg, slot->end_us - slot->start_us);
    buf_text(svg, "</text>\n");
}

void timeline_svg(struct buf *svg, const struct book *book, const struct schedule *schedule)
{
    int64_t axis = axis_us(book, schedule);
    int height = HEAD_HEIGHT + ROW_HEIGHT * (int)row_count(book),
        width = LABEL_WIDTH + CHART_WIDTH + TIME_WIDTH;
    int y = HEAD_HEIGHT;
    buf_format(svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
               "role=\"img\" aria-label=\"timeline\">\n",
               width, height + 8, width, height + 8);
    put_axis(svg, book, axis, height);
    for (size_t p = 0; p < book->phase_count; p++) {
        const struct phase *phase = &book->phases[p];
        put_label(svg, 0, y, phase->title, 36, true);
        put_bar(svg, &schedule->phases[p], axis, y, true);
        y += ROW_HEIGHT;
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
            if (!has_row(book, i))
                continue;
            put_label(svg, 14, y, book->steps[i].id, 34, false);
            put_bar(svg, &schedule->steps[i], axis, y, false);
            y += ROW_HEIGHT;
        }
    }
    buf_text(svg, "</svg>");
}

/* ---- as text ---- */

static void put_cells(struct buf *text, char c, int64_t count)
{
    while (count-- > 0)
        buf_char(text, c);
}

static void put_line(struct buf *text, const char *label, const struct slot *slot, int64_t axis, char filled)
{
    int64_t from = slot->start_us * BAR_CELLS / axis, to = slot->end_us * BAR_CELLS / axis;
    size_t fits = text_cut(label, LABEL_CELLS);
    struct buf cut;
    buf_init(&cut, TEXT_MAX);
    buf_add(&cut, label, fits);
    from = from < BAR_CELLS ? from : BAR_CELLS - 1;
    to = to > from ? to : from + 1;
    buf_text(text, buf_str(&cut));
    put_cells(text, ' ', LABEL_CELLS + 1 - (int64_t)text_width(buf_str(&cut)));
    put_cells(text, ' ', from);
    put_cells(text, filled, to - from);
    put_cells(text, ' ', BAR_CELLS + 1 - to);
    duration_text(text, slot->end_us - slot->start_us);
    buf_char(text, '\n');
    buf_finish(&cut);
}

void timeline_text(struct buf *text, const struct book *book, const struct schedule *schedule)
{
    int64_t axis = schedule->total_us > 0 ? schedule->total_us : SECOND_US;
    for (size_t p = 0; p < book->phase_count; p++) {
        const struct phase *phase = &book->phases[p];
        put_line(text, phase->title, &schedule->phases[p], axis, schedule->phases[p].critical ? '#' : '-');
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
            struct buf label;
            if (!has_row(book, i))
                continue;
            buf_init(&label, TEXT_MAX);
            buf_format(&label, "  %s", book->steps[i].id);
            put_line(text, buf_str(&label), &schedule->steps[i], axis,
                     schedule->steps[i].critical ? '#' : '=');
            buf_finish(&label);
        }
    }
}
