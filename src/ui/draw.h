/*
 * Drawing inside a part of the canvas: the views' pencil.
 *
 * Text that comes in here may be anything: it is made visible (text_visible) before it reaches a cell, so a
 * view cannot forget it. Rows and columns are relative to the area; what lies outside it is not drawn.
 */
#ifndef UI_PRIVATE_DRAW_H
#define UI_PRIVATE_DRAW_H

#include "base/buf.h"
#include "base/err.h"
#include "ui/canvas.h"

/* name, UTF-8, ASCII: each one cell wide */
#define GLYPHS(X)                                                                                            \
    X(GLYPH_PENDING, "·", " ")                                                                               \
    X(GLYPH_READY, "▹", " ")                                                                                 \
    X(GLYPH_RUNNING, "▶", ">")                                                                               \
    X(GLYPH_DONE, "✔", "x")                                                                                  \
    X(GLYPH_FAILED, "✖", "X")                                                                                \
    X(GLYPH_SKIPPED, "-", "-")                                                                               \
    X(GLYPH_DEFERRED, "~", "~")                                                                              \
    X(GLYPH_UNKNOWN, "?", "?")                                                                               \
    X(GLYPH_UNDONE, "↶", "<")                                                                                \
    X(GLYPH_NO_RETURN, "!", "!")                                                                             \
    X(GLYPH_HELD, "‖", "=")                                                                                  \
    X(GLYPH_CURSOR, "›", ">")                                                                                \
    X(GLYPH_MET, "✔", "+")                                                                                   \
    X(GLYPH_HOLDING, "◔", "o")                                                                               \
    X(GLYPH_VOTE_OPEN, "○", ".")                                                                             \
    X(GLYPH_SLOW, "▲", "^")                                                                                  \
    X(GLYPH_FAST, "▼", "v")                                                                                  \
    X(GLYPH_BAR_FULL, "━", "=")                                                                              \
    X(GLYPH_BAR_HEAD, "▶", ">")                                                                              \
    X(GLYPH_BAR_EMPTY, "─", "-")                                                                             \
    X(GLYPH_BAR_MARK, "┃", "|")                                                                              \
    X(GLYPH_LIMIT, "┄", "-")                                                                                 \
    X(GLYPH_HORIZONTAL, "─", "-")                                                                            \
    X(GLYPH_VERTICAL, "│", "|")                                                                              \
    X(GLYPH_DOWN, "┬", "+")                                                                                  \
    X(GLYPH_UP, "┴", "+")                                                                                    \
    X(GLYPH_RIGHT, "├", "+")                                                                                 \
    X(GLYPH_LEFT, "┤", "+")                                                                                  \
    X(GLYPH_CROSS, "┼", "+")                                                                                 \
    X(GLYPH_CORNER_TOP_LEFT, "┌", "+")                                                                       \
    X(GLYPH_CORNER_TOP_RIGHT, "┐", "+")                                                                      \
    X(GLYPH_CORNER_BOTTOM_LEFT, "└", "`")                                                                    \
    X(GLYPH_CORNER_BOTTOM_RIGHT, "┘", "'")                                                                   \
    X(GLYPH_DOT, "·", "|")                                                                                   \
    X(GLYPH_HEART, "♥", "*")

enum glyph {
#define X(name, utf8, ascii) name,
    GLYPHS(X)
#undef X
        GLYPH_COUNT
};

const char *glyph_text(const struct canvas *canvas, enum glyph glyph);
uint32_t glyph_rune(const struct canvas *canvas, enum glyph glyph);

struct area {
    struct canvas *canvas;
    int row, column, rows, columns;
};

struct area area_whole(struct canvas *canvas);
/* The part that lies within `area`; empty when there is none. */
struct area area_part(const struct area *area, int row, int column, int rows, int columns);

/* These return the column after what was drawn. */
int area_put(const struct area *area, int row, int column, enum role_style style, const char *text);
int area_glyph(const struct area *area, int row, int column, enum role_style style, enum glyph glyph);
int area_format(const struct area *area, int row, int column, enum role_style style, const char *format, ...)
    PRINTF_LIKE(5, 6);
/* At most `width` cells of it. */
int area_clip(const struct area *area, int row, int column, int width, enum role_style style,
              const char *text);
/* So that it ends before column `end`. Returns where it begins; a text that does not fit is not drawn. */
int area_right(const struct area *area, int row, int end, enum role_style style, const char *text);
void area_fill(const struct area *area, int row, int column, int width, enum role_style style,
               enum glyph glyph);
/* Blanks one row; all rows. */
void area_blank(const struct area *area, int row, enum role_style style);
void area_clear(const struct area *area, enum role_style style);
void area_style(const struct area *area, int row, int column, int width, enum role_style style);

/* `part` of `whole` as a bar of `width` cells with a mark at `mark` (-1: none), in fractions 0..1 of its
 * width. */
void area_bar(const struct area *area, int row, int column, int width, enum role_style style, double filled,
              double mark);

/* Printable ASCII only: visible as it is, which is what most text is. */
bool text_is_plain(const char *text, size_t len);

/* Cells that `text` takes once it is visible. */
int visible_width(const char *text);

#endif
