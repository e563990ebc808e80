/*
 * A canvas: rows of cells, each one code point (plus up to two combining ones) and a role. What a role looks
 * like is the theme's; how a cell reaches a terminal is term's.
 */
#ifndef UI_CANVAS_H
#define UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* word in themes; what it is for */
#define ROLES(X)                                                                                             \
    X(ROLE_TEXT, "text")         /* ordinary */                                                              \
    X(ROLE_DIM, "dim")           /* what is over, or far */                                                  \
    X(ROLE_STRONG, "strong")     /* titles, what matters */                                                  \
    X(ROLE_HEADER, "header")     /* the first lines */                                                       \
    X(ROLE_LIVE, "live")         /* header of a live run */                                                  \
    X(ROLE_BORDER, "border")     /* rules between panes */                                                   \
    X(ROLE_FOCUS, "focus")       /* title of the pane with the keys */                                       \
    X(ROLE_SELECTED, "selected") /* the chosen row */                                                        \
    X(ROLE_GOOD, "good")         /* done, met; bars of charts, so it must not swap or fill the background */ \
    X(ROLE_BUSY, "busy")         /* running */                                                               \
    X(ROLE_WARN, "warn")         /* slow, deferred, held */                                                  \
    X(ROLE_BAD, "bad")           /* failed, unmet, over; bars as well */                                     \
    X(ROLE_UNKNOWN, "unknown")   /* not known: never looks like good */                                      \
    X(ROLE_LIMIT, "limit")       /* the limit line */                                                        \
    X(ROLE_KEY, "key")           /* a key in the key bar */                                                  \
    X(ROLE_PROMPT, "prompt")     /* dialogs and the command line */                                          \
    X(ROLE_HELD, "held")         /* banner: held, frozen */                                                  \
    X(ROLE_ALARM, "alarm")       /* banner: unknown, rolling back, connection lost */

enum role_style {
#define X(name, word) name,
    ROLES(X)
#undef X
        ROLE_STYLE_COUNT
};

struct cell {
    uint32_t rune;         /* 0: the right half of a wide one */
    uint32_t combining[2]; /* 0: none */
    uint8_t style;         /* enum role_style */
};

struct canvas {
    int rows, columns;
    struct cell *cells;            /* rows * columns */
    int cursor_row, cursor_column; /* -1: hidden */
    bool ascii;                    /* what is put is reduced to ASCII; ui_draw sets it */
};

void canvas_init(struct canvas *canvas);
void canvas_finish(struct canvas *canvas);
void canvas_resize(struct canvas *canvas, int rows, int columns); /* and clear */
void canvas_clear(struct canvas *canvas);

/* Puts UTF-8 text that is already visible (text_visible), clipped to `width` cells (a cut text ends in the
 * ellipsis); returns the cells taken. Outside the canvas nothing is drawn. */
int canvas_put(struct canvas *canvas, int row, int column, int width, enum role_style style,
               const char *text);
void canvas_fill(struct canvas *canvas, int row, int column, int width, enum role_style style, uint32_t rune);
void canvas_style(struct canvas *canvas, int row, int column, int width, enum role_style style);

/* The rows as UTF-8 lines, trailing blanks removed: for golden tests and screen readers. */
struct buf;
void canvas_text(const struct canvas *canvas, struct buf *buf);

#endif
