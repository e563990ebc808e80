#include "track.h"

#include "base/text.h"
#include "report/document.h"

/* In pixels. */
#define LABEL_WIDTH 230
#define TIME_WIDTH  720
#define END_WIDTH   20
#define ROW_HEIGHT  20
#define BAR_HEIGHT  12
#define PHASE_BAR   5
#define LEAST_WIDTH 2.0

#define LABEL_CELLS 30
#define BAR_CELLS   56

/* ---- what there is to be seen ---- */

static int64_t end_of(int64_t to_us, const struct drawing *drawing)
{
    return to_us == NOT_YET ? drawing->total_us : to_us;
}

static bool has_span(const struct chronicle *chronicle, size_t step)
{
    const struct span *spans = chronicle->spans.items;
    for (size_t i = 0; i < chronicle->spans.count; i++) {
        if (spans[i].step == step)
            return true;
    }
    return false;
}

/* From its first step's beginning to its last one's end; false when none of it was carried out. */
static bool phase_times(const struct chronicle *chronicle, size_t phase, const struct drawing *drawing,
                        int64_t *ret_from_us, int64_t *ret_to_us)
{
    const struct span *spans = chronicle->spans.items;
    bool any = false;
    for (size_t i = 0; i < chronicle->spans.count; i++) {
        int64_t to_us = end_of(spans[i].to_us, drawing);
        if (chronicle->book->steps[spans[i].step].phase != phase || spans[i].entry > 0)
            continue;
        *ret_from_us = any && *ret_from_us < spans[i].from_us ? *ret_from_us : spans[i].from_us;
        *ret_to_us = any && *ret_to_us > to_us ? *ret_to_us : to_us;
        any = true;
    }
    return any;
}

/* ---- drawn ---- */

static void put_bar(struct buf *svg, const struct drawing *drawing, const char *look, int64_t from_us,
                    int64_t to_us, int y, int height)
{
    double x = drawing_x(drawing, from_us), width = drawing_x(drawing, end_of(to_us, drawing)) - x;
    buf_format(svg, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>", look, x,
               y + (ROW_HEIGHT - height) / 2, width < LEAST_WIDTH ? LEAST_WIDTH : width, height);
}

static const char *look_of(const struct span *span)
{
    if (span->entry > 0)
        return span->state == STEP_FAILED || span->state == STEP_UNKNOWN ? "undo failed" : "undo";
    return span->state == STEP_FAILED || span->state == STEP_UNKNOWN ? "failed" : "critical";
}

static void put_label(struct buf *svg, int x, int y, const char *label, size_t cells, bool phase)
{
    buf_format(svg, "<text x=\"%d\" y=\"%d\"%s>", x, y + 14, phase ? " font-weight=\"600\"" : "");
    drawing_cut(svg, label, cells);
    buf_text(svg, "</text>\n");
}

static void put_step(struct buf *svg, const struct chronicle *chronicle, const struct drawing *drawing,
                     size_t step, int y)
{
    const struct span *spans = chronicle->spans.items;
    put_label(svg, 14, y, chronicle->book->steps[step].id, LABEL_CELLS, false);
    for (size_t i = 0; i < chronicle->spans.count; i++) {
        if (spans[i].step == step)
            put_bar(svg, drawing, look_of(&spans[i]), spans[i].from_us, spans[i].to_us, y, BAR_HEIGHT);
    }
}

static int rows_of(const struct chronicle *chronicle, const struct drawing *drawing)
{
    int64_t from_us, to_us;
    int rows = 0;
    for (size_t i = 0; i < chronicle->book->phase_count; i++)
        rows += phase_times(chronicle, i, drawing, &from_us, &to_us);
    for (size_t i = 0; i < chronicle->book->step_count; i++)
        rows += has_span(chronicle, i);
    return rows;
}

static void put_holds(struct buf *svg, const struct chronicle *chronicle, const struct drawing *drawing)
{
    const struct hold *holds = chronicle->holds.items;
    for (size_t i = 0; i < chronicle->holds.count; i++) {
        double x = drawing_x(drawing, holds[i].from_us);
        double width = drawing_x(drawing, end_of(holds[i].to_us, drawing)) - x;
        buf_format(svg,
                   "<rect class=\"hold\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>held by ", x,
                   DRAWING_HEAD, width < LEAST_WIDTH ? LEAST_WIDTH : width, drawing->height - DRAWING_HEAD);
        document_escape(svg, holds[i].by != NULL ? holds[i].by : "");
        buf_text(svg, "</title></rect>\n");
    }
}

void track_svg(struct buf *svg, const struct chronicle *chronicle, const struct drawing *drawing)
{
    const struct book *book = chronicle->book;
    struct drawing placed = *drawing;
    int y = DRAWING_HEAD;
    int64_t from_us = 0, to_us = 0;
    placed.left = LABEL_WIDTH;
    placed.width = TIME_WIDTH;
    placed.height = DRAWING_HEAD + ROW_HEIGHT * rows_of(chronicle, drawing);
    drawing_begin(svg, &placed, LABEL_WIDTH + TIME_WIDTH + END_WIDTH, "timeline");
    put_holds(svg, chronicle, &placed);
    drawing_marks(svg, &placed);
    for (size_t p = 0; p < book->phase_count; p++) {
        const struct phase *phase = &book->phases[p];
        if (!phase_times(chronicle, p, &placed, &from_us, &to_us))
            continue;
        put_label(svg, 0, y, phase->title, LABEL_CELLS, true);
        put_bar(svg, &placed, "bar", from_us, to_us, y, PHASE_BAR);
        y += ROW_HEIGHT;
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
            if (!has_span(chronicle, i))
                continue;
            put_step(svg, chronicle, &placed, i, y);
            y += ROW_HEIGHT;
        }
    }
    drawing_end(svg);
}

/* ---- as text ---- */

static void put_cells(struct buf *text, char c, int64_t count)
{
    while (count-- > 0)
        buf_char(text, c);
}

static int64_t cell_of(const struct drawing *drawing, int64_t us)
{
    int64_t cell =
        drawing->total_us > 0 ? (int64_t)(BAR_CELLS * ((double)us / (double)drawing->total_us)) : 0;
    return cell < BAR_CELLS ? cell : BAR_CELLS - 1;
}

static void put_row(struct buf *text, const struct drawing *drawing, const char *label, int64_t from_us,
                    int64_t to_us, char filled)
{
    int64_t from = cell_of(drawing, from_us), to = cell_of(drawing, end_of(to_us, drawing)) + 1;
    struct buf cut;
    buf_init(&cut, DRAWING_MAX);
    buf_add(&cut, label, text_cut(label, LABEL_CELLS));
    buf_text(text, buf_str(&cut));
    put_cells(text, ' ', LABEL_CELLS + 1 - (int64_t)text_width(buf_str(&cut)));
    put_cells(text, ' ', from);
    put_cells(text, filled, to - from);
    put_cells(text, ' ', BAR_CELLS + 1 - to);
    if (to_us == NOT_YET)
        buf_text(text, "not over");
    else
        duration_text(text, to_us - from_us);
    buf_char(text, '\n');
    buf_finish(&cut);
}

static void put_step_text(struct buf *text, const struct chronicle *chronicle, const struct drawing *drawing,
                          size_t step)
{
    const struct span *spans = chronicle->spans.items;
    for (size_t i = 0; i < chronicle->spans.count; i++) {
        const struct span *span = &spans[i];
        struct buf label;
        if (span->step != step)
            continue;
        buf_init(&label, DRAWING_MAX);
        buf_format(&label, "%s%s", span->entry > 0 ? "  undo " : "  ", chronicle->book->steps[step].id);
        put_row(text, drawing, buf_str(&label), span->from_us, span->to_us,
                span->entry > 0                                             ? '<'
                : span->state == STEP_FAILED || span->state == STEP_UNKNOWN ? '!'
                                                                            : '=');
        buf_finish(&label);
    }
}

/* Where the bars begin and end. */
static void put_clocks(struct buf *text, const struct drawing *drawing)
{
    struct buf from, to;
    buf_init(&from, 64);
    buf_init(&to, 64);
    wall_clock(&from, drawing->wall_us);
    wall_clock(&to, drawing->wall_us + drawing->total_us);
    buf_format(text, "%*s%s%*s\n", LABEL_CELLS + 1, "", buf_str(&from), BAR_CELLS - (int)from.len,
               buf_str(&to));
    buf_finish(&from);
    buf_finish(&to);
}

void track_text(struct buf *text, const struct chronicle *chronicle, const struct drawing *drawing)
{
    const struct book *book = chronicle->book;
    const struct hold *holds = chronicle->holds.items;
    int64_t from_us = 0, to_us = 0;
    put_clocks(text, drawing);
    for (size_t p = 0; p < book->phase_count; p++) {
        const struct phase *phase = &book->phases[p];
        if (!phase_times(chronicle, p, drawing, &from_us, &to_us))
            continue;
        put_row(text, drawing, phase->title, from_us, to_us, '-');
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++)
            put_step_text(text, chronicle, drawing, i);
    }
    for (size_t i = 0; i < chronicle->holds.count; i++)
        put_row(text, drawing, "held", holds[i].from_us, holds[i].to_us, '%');
}
