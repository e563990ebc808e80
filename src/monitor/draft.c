#include "monitor/draft.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define CELL_MAX 4096

void draft_init(struct draft *draft, const char *monitor)
{
    draft->arena = arena_create();
    draft->sample = (struct sample){
        .monitor = monitor, .at = clock_now(), .known = true, .why = "", .rows = draft->rows
    };
}

void draft_finish(struct draft *draft)
{
    arena_destroy(draft->arena);
    draft->arena = NULL;
}

static const char *visible(struct draft *draft, const char *text)
{
    struct buf buf;
    buf_init(&buf, CELL_MAX);
    text_visible(&buf, text, strlen(text), false);
    const char *copy = arena_text(draft->arena, buf.overflow ? "(too long)" : buf_str(&buf));
    buf_finish(&buf);
    return copy;
}

PRINTF_LIKE(2, 0)
static const char *sentence(struct draft *draft, const char *format, va_list args)
{
    struct buf buf;
    buf_init(&buf, CELL_MAX);
    buf_formatv(&buf, format, args);
    const char *copy = visible(draft, buf.overflow ? "(too long)" : buf_str(&buf));
    buf_finish(&buf);
    return copy;
}

void draft_unknown(struct draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    draft->sample.why = sentence(draft, format, args);
    va_end(args);
    draft->sample.known = false;
    draft->sample.metric_count = draft->sample.row_count = draft->sample.rows_left_out = 0;
}

void draft_remark(struct draft *draft, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *more = sentence(draft, format, args);
    va_end(args);
    const char *before = draft->sample.why;
    draft->sample.why = before[0] == '\0' ? more : arena_format(draft->arena, "%s; %s", before, more);
}

static void add_metric(struct draft *draft, struct sample_metric metric)
{
    assert(draft->sample.metric_count < SAMPLE_METRICS_MAX);
    draft->sample.metrics[draft->sample.metric_count++] = metric;
}

void draft_metric(struct draft *draft, const char *name, double value)
{
    add_metric(draft, (struct sample_metric){ .name = name, .value = value, .known = true });
}

void draft_metric_unknown(struct draft *draft, const char *name)
{
    add_metric(draft, (struct sample_metric){ .name = name });
}

void draft_metric_text(struct draft *draft, const char *name, const char *number)
{
    if (number != NULL)
        draft_metric(draft, name, strtod(number, NULL));
    else
        draft_metric_unknown(draft, name);
}

struct sample_row *draft_row(struct draft *draft, int depth, bool ours)
{
    if (draft->sample.row_count == SAMPLE_ROWS_MAX) {
        draft->sample.rows_left_out++;
        return NULL;
    }
    struct sample_row *row = &draft->rows[draft->sample.row_count++];
    *row = (struct sample_row){ .depth = depth, .ours = ours };
    for (size_t i = 0; i < SAMPLE_CELLS_MAX; i++)
        row->cells[i] = "";
    return row;
}

void draft_cell(struct draft *draft, struct sample_row *row, int cell, const char *text)
{
    if (text != NULL)
        row->cells[cell] = visible(draft, text);
}

static void add_number(struct draft *draft, struct sample_row *row, int cell, const char *number,
                       void (*write)(struct buf *buf, int64_t value))
{
    struct buf buf;
    if (number == NULL)
        return;
    buf_init(&buf, CELL_MAX);
    write(&buf, strtoll(number, NULL, 10));
    row->cells[cell] = arena_text(draft->arena, buf_str(&buf));
    buf_finish(&buf);
}

void draft_cell_age(struct draft *draft, struct sample_row *row, int cell, const char *us)
{
    add_number(draft, row, cell, us, duration_clock);
}

void draft_cell_size(struct draft *draft, struct sample_row *row, int cell, const char *bytes)
{
    add_number(draft, row, cell, bytes, size_text);
}
