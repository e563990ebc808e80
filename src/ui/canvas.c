#include "ui/canvas.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define BLANK    ((uint32_t)' ')
#define ELLIPSIS ((uint32_t)0x2026)

void canvas_init(struct canvas *canvas)
{
    *canvas = (struct canvas){ .cursor_row = -1, .cursor_column = -1 };
}

void canvas_finish(struct canvas *canvas)
{
    if (canvas == NULL)
        return;
    free(canvas->cells);
    canvas_init(canvas);
}

void canvas_resize(struct canvas *canvas, int rows, int columns)
{
    assert(rows >= 0 && columns >= 0);
    if (rows != canvas->rows || columns != canvas->columns) {
        free(canvas->cells);
        canvas->cells = mem_array((size_t)rows * (size_t)columns, sizeof(struct cell));
        canvas->rows = rows;
        canvas->columns = columns;
    }
    canvas_clear(canvas);
}

void canvas_clear(struct canvas *canvas)
{
    size_t count = (size_t)canvas->rows * (size_t)canvas->columns;
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = (struct cell){ .rune = BLANK, .style = ROLE_TEXT };
    canvas->cursor_row = -1;
    canvas->cursor_column = -1;
}

static struct cell *cell_at(struct canvas *canvas, int row, int column)
{
    if (row < 0 || row >= canvas->rows || column < 0 || column >= canvas->columns)
        return NULL;
    return &canvas->cells[(size_t)row * (size_t)canvas->columns + (size_t)column];
}

/* What is over half of a wide character leaves no half of it behind. */
static void split_wide(struct canvas *canvas, int row, int column)
{
    struct cell *cell = cell_at(canvas, row, column);
    if (cell == NULL || cell->rune != 0)
        return;
    struct cell *left = cell_at(canvas, row, column - 1);
    cell->rune = BLANK;
    if (left != NULL) {
        left->rune = BLANK;
        memset(left->combining, 0, sizeof(left->combining));
    }
}

static void put_rune(struct canvas *canvas, int row, int column, int width, enum role_style style,
                     uint32_t rune)
{
    split_wide(canvas, row, column);
    split_wide(canvas, row, column + width);
    for (int i = 0; i < width; i++) {
        struct cell *cell = cell_at(canvas, row, column + i);
        if (cell != NULL)
            *cell = (struct cell){ .rune = i == 0 ? rune : 0, .style = (uint8_t)style };
    }
}

static void combine(struct canvas *canvas, int row, int column, uint32_t rune)
{
    struct cell *cell = cell_at(canvas, row, column);
    if (cell != NULL && cell->rune == 0)
        cell = cell_at(canvas, row, column - 1);
    if (cell == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LEN(cell->combining); i++) {
        if (cell->combining[i] == 0) {
            cell->combining[i] = rune;
            return;
        }
    }
}

/* The next code point and its width. Control characters and broken bytes should have been made visible long
 * before; should one arrive here, it must not reach a terminal. */
static size_t next_rune(const struct canvas *canvas, const char *text, size_t len, uint32_t *ret_rune,
                        int *ret_width)
{
    int step = text_decode(text, len, ret_rune);
    if (step <= 0 || *ret_rune < 0x20 || (*ret_rune >= 0x7F && *ret_rune < 0xA0)) {
        *ret_rune = '?';
        *ret_width = 1;
        return 1;
    }
    *ret_width = *ret_rune < 0x7F ? 1 : text_rune_width(*ret_rune);
    if (canvas->ascii && *ret_rune >= 0x80) {
        *ret_rune = '?';
        *ret_width = *ret_width > 0 ? 1 : 0;
    }
    return (size_t)step;
}

int canvas_put(struct canvas *canvas, int row, int column, int width, enum role_style style, const char *text)
{
    if (row < 0 || row >= canvas->rows || width <= 0 || column >= canvas->columns)
        return 0;
    int limit = width > canvas->columns - column ? canvas->columns - column : width;
    int taken = 0;
    int last = 0; /* where the last cell began: what the ellipsis takes the place of */
    size_t len = strlen(text);
    for (size_t at = 0; at < len;) {
        uint32_t rune;
        int cells;
        at += next_rune(canvas, text + at, len - at, &rune, &cells);
        if (cells == 0) {
            if (taken > 0 && !canvas->ascii)
                combine(canvas, row, column + taken - 1, rune);
            continue;
        }
        if (taken + cells > limit) {
            int at_column = taken < limit ? taken : last;
            put_rune(canvas, row, column + at_column, 1, style, canvas->ascii ? '~' : ELLIPSIS);
            return at_column + 1;
        }
        if (column + taken >= 0)
            put_rune(canvas, row, column + taken, cells, style, rune);
        last = taken;
        taken += cells;
    }
    return taken;
}

void canvas_fill(struct canvas *canvas, int row, int column, int width, enum role_style style, uint32_t rune)
{
    for (int i = 0; i < width && column + i < canvas->columns; i++)
        put_rune(canvas, row, column + i, 1, style, rune);
}

void canvas_style(struct canvas *canvas, int row, int column, int width, enum role_style style)
{
    for (int i = 0; i < width && column + i < canvas->columns; i++) {
        struct cell *cell = cell_at(canvas, row, column + i);
        if (cell != NULL)
            cell->style = (uint8_t)style;
    }
}

static void cell_text(const struct cell *cell, struct buf *buf)
{
    text_encode(buf, cell->rune);
    for (size_t i = 0; i < ARRAY_LEN(cell->combining) && cell->combining[i] != 0; i++)
        text_encode(buf, cell->combining[i]);
}

void canvas_text(const struct canvas *canvas, struct buf *buf)
{
    for (int row = 0; row < canvas->rows; row++) {
        const struct cell *cells = &canvas->cells[(size_t)row * (size_t)canvas->columns];
        int end = canvas->columns;
        while (end > 0 && cells[end - 1].rune == BLANK && cells[end - 1].combining[0] == 0)
            end--;
        for (int column = 0; column < end; column++) {
            if (cells[column].rune != 0)
                cell_text(&cells[column], buf);
        }
        buf_char(buf, '\n');
    }
}
