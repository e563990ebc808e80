#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/mem.h"
#include "base/text.h"
#include "private.h"

/* What was handed to curses last, so that rows in which nothing changed cost nothing. */
static struct {
    int rows, columns;
    struct cell *cells;
    cchar_t *row;
} painted;

void paint_forget(void)
{
    free(painted.cells);
    free(painted.row);
    painted.cells = NULL;
    painted.row = NULL;
    painted.rows = painted.columns = 0;
}

/* One cell for curses. Where the C library sees another width than we do, the picture would slip: such a
 * character is shown as '?'. */
static void cell_for_curses(const struct cell *cell, int width, cchar_t *ret)
{
    wchar_t text[4] = { (wchar_t)cell->rune, 0, 0, 0 };
    const struct look *look = colors_look(cell->style);
    if (wcwidth(text[0]) != width) {
        text[0] = L'?';
    } else {
        size_t len = 1;
        for (size_t i = 0; i < ARRAY_LEN(cell->combining) && cell->combining[i] != 0; i++) {
            if (wcwidth((wchar_t)cell->combining[i]) == 0)
                text[len++] = (wchar_t)cell->combining[i];
        }
    }
    if (setcchar(ret, text, look->attributes, look->pair, NULL) == ERR)
        (void)setcchar(ret, L"?", look->attributes, look->pair, NULL); /* plain ASCII always works */
}

static bool row_changed(const struct cell *a, const struct cell *b, int columns)
{
    for (int i = 0; i < columns; i++) {
        if (a[i].rune != b[i].rune || a[i].style != b[i].style || a[i].combining[0] != b[i].combining[0] ||
            a[i].combining[1] != b[i].combining[1])
            return true;
    }
    return false;
}

static void paint_row(int row, const struct cell *cells, int columns)
{
    int count = 0;
    for (int column = 0; column < columns;) {
        int width = column + 1 < columns && cells[column + 1].rune == 0 ? 2 : 1;
        struct cell cell = cells[column];
        if (cell.rune == 0)
            cell.rune = ' '; /* half of a wide one alone */
        cchar_t *into = &painted.row[count];
        cell_for_curses(&cell, width, into);
        count++;
        column += 1;
        if (width == 2 && wcwidth((wchar_t)cell.rune) != 2) {
            struct cell blank = { .rune = ' ', .style = cell.style };
            cell_for_curses(&blank, 1, &painted.row[count++]);
        }
        column += width - 1;
    }
    (void)mvwadd_wchnstr(stdscr, row, 0, painted.row, count); /* ERR says that it was cut at the edge */
}

static void remember_size(const struct canvas *canvas)
{
    if (painted.rows == canvas->rows && painted.columns == canvas->columns)
        return;
    paint_forget();
    painted.rows = canvas->rows;
    painted.columns = canvas->columns;
    painted.cells = mem_array((size_t)canvas->rows * (size_t)canvas->columns, sizeof(struct cell));
    painted.row = mem_array((size_t)canvas->columns + 1, sizeof(cchar_t));
}

int term_paint(const struct canvas *canvas, struct err *err)
{
    remember_size(canvas);
    for (int row = 0; row < canvas->rows && row < LINES; row++) {
        size_t at = (size_t)row * (size_t)canvas->columns;
        if (!row_changed(&painted.cells[at], &canvas->cells[at], canvas->columns))
            continue;
        memcpy(&painted.cells[at], &canvas->cells[at], (size_t)canvas->columns * sizeof(struct cell));
        paint_row(row, &canvas->cells[at], canvas->columns < COLS ? canvas->columns : COLS);
    }
    bool cursor = canvas->cursor_row >= 0 && canvas->cursor_row < LINES && canvas->cursor_column >= 0 &&
                  canvas->cursor_column < COLS;
    (void)curs_set(cursor ? 1 : 0); /* a terminal that cannot hide it shows it */
    leaveok(stdscr, !cursor);
    if (cursor)
        wmove(stdscr, canvas->cursor_row, canvas->cursor_column);
    wnoutrefresh(stdscr);
    doupdate();
    return frame_send(STDOUT_FILENO, err);
}
