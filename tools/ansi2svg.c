/*
 * What `tmux capture-pane -e -p -N` printed, as an SVG picture: a monospace grid with the colours and
 * attributes of the text, in as few elements as that takes. The same input gives the same bytes.
 *
 *     ansi2svg [TITLE] <pane.txt >pane.svg
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define INPUT_MAX   (4 * 1024 * 1024)
#define ROWS_MAX    400
#define COLUMNS_MAX 600
#define CELL_BYTES  28 /* a character and what combines with it */
#define SGR_MAX     32
#define CELL_WIDTH  8.4
#define CELL_HEIGHT 18
#define BASELINE    13
#define MARGIN      12
#define NO_COLOR    UINT32_MAX
#define DARK        0x12151cU /* default background */
#define PALE        0xd3d7deU /* default foreground */

enum attribute { BOLD = 1, DIM = 2, ITALIC = 4, UNDERLINE = 8, REVERSE = 16, HIDDEN = 32, STRUCK = 64 };

struct style {
    uint32_t foreground, background; /* 0xRRGGBB, or NO_COLOR: the default */
    unsigned attributes;
};

struct cell {
    char text[CELL_BYTES]; /* "" where nothing was written, and in the second half of a wide one */
    bool begins;           /* not the second half of a wide one */
    struct style style;    /* as it is shown: reverse, dim and hidden are in the colours */
};

struct grid {
    size_t rows, columns; /* used */
    struct cell *cells;   /* ROWS_MAX * COLUMNS_MAX */
};

static struct cell *cell_at(const struct grid *grid, size_t row, size_t column)
{
    return &grid->cells[row * COLUMNS_MAX + column];
}

/* ---- colours ---- */

/* The 16 colours of a theme of ours, then the cube and the greys that every terminal has. */
static uint32_t indexed_color(unsigned index)
{
    static const uint32_t named[16] = { 0x1c212b, 0xe06c75, 0x8cc570, 0xe2b55a, 0x61a5e8, 0xc083dd,
                                        0x4fb8c4, 0xc5cad3, 0x6b7482, 0xf28b93, 0xa5dc8a, 0xf4cf7e,
                                        0x86bff5, 0xd7a3ee, 0x76d2dc, 0xffffff };
    static const unsigned steps[6] = { 0, 95, 135, 175, 215, 255 };
    if (index < 16)
        return named[index];
    if (index >= 232)
        return (8 + 10 * (index - 232)) * 0x010101U;
    index -= 16;
    return steps[index / 36] << 16 | steps[index / 6 % 6] << 8 | steps[index % 6];
}

static uint32_t or_default(uint32_t color, uint32_t otherwise)
{
    return color == NO_COLOR ? otherwise : color;
}

/* Two parts of `a` to one of `b`. */
static uint32_t mix(uint32_t a, uint32_t b)
{
    uint32_t mixed = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8)
        mixed |= (2 * (a >> shift & 0xff) + (b >> shift & 0xff)) / 3 << shift;
    return mixed;
}

/* What is seen of a style. */
static struct style shown(struct style style)
{
    uint32_t foreground = or_default(style.foreground, PALE);
    uint32_t background = or_default(style.background, DARK);
    if (style.attributes & REVERSE) {
        uint32_t swapped = foreground;
        foreground = background;
        background = swapped;
    }
    if (style.attributes & DIM)
        foreground = mix(foreground, background);
    if (style.attributes & HIDDEN)
        foreground = background;
    return (struct style){ foreground, background, style.attributes & (BOLD | ITALIC | UNDERLINE | STRUCK) };
}

/* ---- reading ---- */

/* The color after 38 or 48 at numbers[at]; returns how many numbers it takes besides that. */
static size_t read_color(const unsigned *numbers, size_t count, size_t at, uint32_t *ret)
{
    if (at + 2 < count && numbers[at + 1] == 5) {
        *ret = indexed_color(numbers[at + 2] & 0xff);
        return 2;
    }
    if (at + 4 < count && numbers[at + 1] == 2) {
        *ret = (numbers[at + 2] & 0xff) << 16 | (numbers[at + 3] & 0xff) << 8 | (numbers[at + 4] & 0xff);
        return 4;
    }
    return count; /* not understood: neither is what follows */
}

static void apply_attribute(struct style *style, unsigned number)
{
    static const struct {
        unsigned number, set, cleared;
    } rows[] = {
        { 1, BOLD, 0 },        { 2, DIM, 0 },     { 3, ITALIC, 0 },     { 4, UNDERLINE, 0 },
        { 7, REVERSE, 0 },     { 8, HIDDEN, 0 },  { 9, STRUCK, 0 },     { 21, UNDERLINE, 0 },
        { 22, 0, BOLD | DIM }, { 23, 0, ITALIC }, { 24, 0, UNDERLINE }, { 27, 0, REVERSE },
        { 28, 0, HIDDEN },     { 29, 0, STRUCK },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].number == number)
            style->attributes = (style->attributes & ~rows[i].cleared) | rows[i].set;
    }
}

static void apply_sgr(struct style *style, const unsigned *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned n = numbers[i];
        if (n == 0)
            *style = (struct style){ NO_COLOR, NO_COLOR, 0 };
        else if (n == 38)
            i += read_color(numbers, count, i, &style->foreground);
        else if (n == 48)
            i += read_color(numbers, count, i, &style->background);
        else if (n == 39)
            style->foreground = NO_COLOR;
        else if (n == 49)
            style->background = NO_COLOR;
        else if ((n >= 30 && n <= 37) || (n >= 90 && n <= 97))
            style->foreground = indexed_color(n < 90 ? n - 30 : n - 82);
        else if ((n >= 40 && n <= 47) || (n >= 100 && n <= 107))
            style->background = indexed_color(n < 100 ? n - 40 : n - 92);
        else
            apply_attribute(style, n);
    }
}

/* Takes the escape sequence at `at`; returns its length. Other ones than SGR are passed over. */
static size_t read_escape(const char *at, size_t len, struct style *style)
{
    unsigned numbers[SGR_MAX] = { 0 };
    size_t count = 1, i = 2;
    if (len < 2 || at[1] != '[')
        return len < 2 ? len : 2;
    for (; i < len && (unsigned char)at[i] >= 0x20 && (unsigned char)at[i] < 0x40; i++) {
        if (at[i] >= '0' && at[i] <= '9')
            numbers[count - 1] = numbers[count - 1] * 10 + (unsigned)(at[i] - '0');
        else if ((at[i] == ';' || at[i] == ':') && count < SGR_MAX)
            count++;
    }
    if (i < len && at[i] == 'm')
        apply_sgr(style, numbers, count);
    return i < len ? i + 1 : len;
}

/* Adds what has no width of its own to the character before it, as far as there is room. */
static void combine(const struct grid *grid, size_t column, const char *bytes, size_t len)
{
    while (column > 0 && !cell_at(grid, grid->rows, column - 1)->begins)
        column--;
    if (column == 0)
        return;
    char *text = cell_at(grid, grid->rows, column - 1)->text;
    size_t had = strlen(text);
    if (had > 0 && had + len < CELL_BYTES)
        memcpy(text + had, bytes, len);
}

static void put(struct grid *grid, size_t *column, const char *bytes, size_t len, size_t width,
                struct style style)
{
    if (*column + width > COLUMNS_MAX)
        return;
    for (size_t i = 0; i < width; i++)
        *cell_at(grid, grid->rows, *column + i) = (struct cell){ .begins = i == 0, .style = shown(style) };
    memcpy(cell_at(grid, grid->rows, *column)->text, bytes, len);
    *column += width;
    if (grid->columns < *column)
        grid->columns = *column;
}

static void read_grid(const struct buf *input, struct grid *grid)
{
    struct style style = { NO_COLOR, NO_COLOR, 0 };
    size_t column = 0;
    for (size_t at = 0; at < input->len && grid->rows < ROWS_MAX;) {
        const char *bytes = input->data + at;
        uint32_t rune;
        int len = text_decode(bytes, input->len - at, &rune);
        if (bytes[0] == '\n') {
            grid->rows++;
            column = 0;
            at++;
        } else if (bytes[0] == '\033') {
            at += read_escape(bytes, input->len - at, &style);
        } else if (len <= 0 || rune < ' ' || rune == 0x7f) {
            at++;
        } else {
            size_t width = (size_t)text_rune_width(rune);
            if (width == 0)
                combine(grid, column, bytes, (size_t)len);
            else
                put(grid, &column, bytes, (size_t)len, width, style);
            at += (size_t)len;
        }
    }
    grid->rows += column > 0 && grid->rows < ROWS_MAX;
}

/* ---- writing ---- */

static void write_escaped(const char *text)
{
    for (; *text != '\0'; text++) {
        const char *name = *text == '&' ? "&amp;" : *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : NULL;
        if (name != NULL)
            fputs(name, stdout);
        else
            putchar(*text);
    }
}

/* A number with at most one decimal. */
static void write_number(const char *name, double number)
{
    long tenths = (long)(number * 10 + 0.5);
    if (tenths % 10 == 0)
        printf(" %s=\"%ld\"", name, tenths / 10);
    else
        printf(" %s=\"%ld.%ld\"", name, tenths / 10, tenths % 10);
}

/* Nothing is seen of its ink. */
static bool is_blank(const struct cell *cell)
{
    bool lined = (cell->style.attributes & (UNDERLINE | STRUCK)) != 0;
    return cell->begins && !lined && (cell->text[0] == '\0' || strcmp(cell->text, " ") == 0);
}

static bool same_ink(struct style a, struct style b)
{
    return a.foreground == b.foreground && a.attributes == b.attributes;
}

static void write_backgrounds(const struct grid *grid, size_t row)
{
    for (size_t from = 0, to; from < grid->columns; from = to) {
        uint32_t color = cell_at(grid, row, from)->style.background;
        for (to = from + 1; to < grid->columns && cell_at(grid, row, to)->style.background == color; to++)
            ;
        if (color == DARK)
            continue;
        fputs("<rect", stdout);
        write_number("x", MARGIN + (double)from * CELL_WIDTH);
        write_number("y", (double)(MARGIN + row * CELL_HEIGHT));
        write_number("width", (double)(to - from) * CELL_WIDTH);
        write_number("height", CELL_HEIGHT);
        printf(" fill=\"#%06x\"/>\n", (unsigned)color);
    }
}

static void write_run(const struct grid *grid, size_t row, size_t from, size_t to)
{
    struct style style = cell_at(grid, row, from)->style;
    fputs("<text", stdout);
    write_number("x", MARGIN + (double)from * CELL_WIDTH);
    write_number("y", (double)(MARGIN + row * CELL_HEIGHT + BASELINE));
    write_number("textLength", (double)(to - from) * CELL_WIDTH);
    if (style.foreground != PALE)
        printf(" fill=\"#%06x\"", (unsigned)style.foreground);
    if (style.attributes & BOLD)
        fputs(" font-weight=\"bold\"", stdout);
    if (style.attributes & ITALIC)
        fputs(" font-style=\"italic\"", stdout);
    if (style.attributes & (UNDERLINE | STRUCK))
        printf(" text-decoration=\"%s\"", style.attributes & UNDERLINE ? "underline" : "line-through");
    putchar('>');
    for (size_t i = from; i < to; i++) {
        const struct cell *cell = cell_at(grid, row, i);
        write_escaped(cell->text[0] == '\0' && cell->begins ? " " : cell->text);
    }
    fputs("</text>\n", stdout);
}

/* The end of the run that begins at `from`: it takes blanks on its way, but does not end in them. */
static size_t run_end(const struct grid *grid, size_t row, size_t from)
{
    struct style style = cell_at(grid, row, from)->style;
    size_t end = from;
    for (size_t at = from; at < grid->columns; at++) {
        const struct cell *cell = cell_at(grid, row, at);
        if (is_blank(cell) && (style.attributes & (UNDERLINE | STRUCK)) == 0)
            continue;
        if (is_blank(cell) || !same_ink(cell->style, style))
            break;
        end = at + 1;
    }
    return end;
}

static void write_texts(const struct grid *grid, size_t row)
{
    for (size_t from = 0; from < grid->columns;) {
        if (is_blank(cell_at(grid, row, from))) {
            from++;
            continue;
        }
        size_t end = run_end(grid, row, from);
        write_run(grid, row, from, end);
        from = end;
    }
}

static void write_svg(const struct grid *grid, const char *title)
{
    double width = 2 * MARGIN + (double)grid->columns * CELL_WIDTH;
    double height = (double)(2 * MARGIN + grid->rows * CELL_HEIGHT);
    fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\"", stdout);
    write_number("width", width);
    write_number("height", height);
    fputs(" font-family=\"'DejaVu Sans Mono','Menlo','Consolas',monospace\" font-size=\"14\"", stdout);
    printf(" fill=\"#%06x\" xml:space=\"preserve\">\n", (unsigned)PALE);
    if (title != NULL) {
        fputs("<title>", stdout);
        write_escaped(title);
        fputs("</title>\n", stdout);
    }
    printf("<rect width=\"100%%\" height=\"100%%\" rx=\"8\" fill=\"#%06x\"/>\n", (unsigned)DARK);
    for (size_t row = 0; row < grid->rows; row++) {
        write_backgrounds(grid, row);
        write_texts(grid, row);
    }
    fputs("</svg>\n", stdout);
}

int main(int argc, char **argv)
{
    char block[16 * 1024];
    struct buf input;
    buf_init(&input, INPUT_MAX);
    for (size_t got; (got = fread(block, 1, sizeof(block), stdin)) > 0;)
        buf_add(&input, block, got);
    struct err err = ERR_INIT;
    if (buf_ok(&input, "the input", &err) < 0) {
        (void)fprintf(stderr, "ansi2svg: %s\n", err.message);
        return 1;
    }
    struct grid grid = { .cells = mem_array((size_t)ROWS_MAX * COLUMNS_MAX, sizeof(struct cell)) };
    for (size_t i = 0; i < (size_t)ROWS_MAX * COLUMNS_MAX; i++)
        grid.cells[i] = (struct cell){ .begins = true, .style = { PALE, DARK, 0 } };
    read_grid(&input, &grid);
    write_svg(&grid, argc > 1 ? argv[1] : NULL);
    free(grid.cells);
    buf_finish(&input);
    return fflush(stdout) == 0 && !ferror(stdin) ? 0 : 1;
}
