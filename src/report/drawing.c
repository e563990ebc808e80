#include "drawing.h"

#include <inttypes.h>

#include "base/text.h"
#include "report/document.h"

#define TICKS_MAX 8
#define DAY_US    (24 * HOUR_US)

/* Pixels of one digit, at most, and what has to be between two numbers. */
#define DIGIT_WIDTH 8
#define NUMBER_GAP  6

double drawing_x(const struct drawing *drawing, int64_t us)
{
    return drawing->left +
           drawing->width * (double)us / (double)(drawing->total_us > 0 ? drawing->total_us : 1);
}

int64_t drawing_tick_us(int64_t total_us, int ticks)
{
    static const int64_t seconds[] = { 1,   2,   5,    10,   15,   30,    60,    120,  300,
                                       600, 900, 1800, 3600, 7200, 14400, 21600, 43200 };
    int64_t us = DAY_US;
    for (size_t i = ARRAY_LEN(seconds); i-- > 0 && total_us / ticks <= seconds[i] * SECOND_US;)
        us = seconds[i] * SECOND_US;
    while (total_us / ticks > us)
        us *= 2;
    return us;
}

void drawing_cut(struct buf *svg, const char *text, size_t cells)
{
    size_t fits = text_cut(text, cells);
    struct buf cut;
    buf_init(&cut, DRAWING_MAX);
    buf_add(&cut, text, fits);
    buf_text(&cut, text[fits] != '\0' ? "…" : "");
    document_escape(svg, buf_str(&cut));
    buf_finish(&cut);
}

/* ---- time ---- */

static void put_clock(struct buf *svg, int64_t wall_us, bool seconds)
{
    struct buf clock;
    buf_init(&clock, 64);
    wall_clock(&clock, wall_us);
    buf_add(svg, buf_str(&clock), seconds || clock.len < 5 ? clock.len : 5);
    buf_finish(&clock);
}

static void put_time(struct buf *svg, const struct drawing *drawing)
{
    int64_t tick_us = drawing_tick_us(drawing->total_us, TICKS_MAX);
    int64_t us = (tick_us - drawing->wall_us % tick_us) % tick_us;
    for (; us <= drawing->total_us; us += tick_us) {
        double x = drawing_x(drawing, us);
        buf_format(svg, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x,
                   DRAWING_HEAD - 4, x, drawing->height);
        buf_format(svg, "<text class=\"soft\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x,
                   DRAWING_HEAD - 10);
        put_clock(svg, drawing->wall_us + us, tick_us < MINUTE_US);
        buf_text(svg, "</text>\n");
    }
}

void drawing_begin(struct buf *svg, const struct drawing *drawing, int total_width, const char *label)
{
    int height = drawing->height + 8;
    buf_format(svg,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
               "role=\"img\" aria-label=\"",
               total_width, height, total_width, height);
    document_escape(svg, label);
    buf_text(svg, "\">\n");
    put_time(svg, drawing);
}

void drawing_end(struct buf *svg)
{
    buf_text(svg, "</svg>");
}

/* ---- marks ---- */

static int digits(size_t number)
{
    int count = 1;
    for (; number >= 10; number /= 10)
        count++;
    return count;
}

static double width_of(size_t first, size_t last)
{
    return DIGIT_WIDTH * (digits(first) + (last > first ? digits(last) + 1 : 0));
}

void drawing_marks(struct buf *svg, const struct drawing *drawing)
{
    const struct drawing_mark *marks = drawing->marks;
    for (size_t i = 0; i < drawing->mark_count; i++) {
        double x = drawing_x(drawing, marks[i].us);
        buf_format(svg, "<line class=\"mark\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>", x,
                   DRAWING_HEAD - 4, x, drawing->height);
    }
    for (size_t i = 0, last; i < drawing->mark_count; i = last + 1) {
        double from = drawing_x(drawing, marks[i].us), middle = from;
        last = i;
        while (last + 1 < drawing->mark_count) {
            double next = drawing_x(drawing, marks[last + 1].us);
            double half = width_of(marks[i].number, marks[last].number) / 2;
            double next_half = width_of(marks[last + 1].number, marks[last + 1].number) / 2;
            if (next - next_half - NUMBER_GAP > middle + half)
                break;
            last++;
            middle = (from + next) / 2;
        }
        buf_format(svg, "<text class=\"number\" x=\"%.1f\" y=\"13\" text-anchor=\"middle\">%zu", middle,
                   marks[i].number);
        if (last > i)
            buf_format(svg, "-%zu", marks[last].number);
        buf_text(svg, "</text>\n");
    }
}
