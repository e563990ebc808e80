#include "draw.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

#define TEXT_MAX ((size_t)16 * 1024) /* more than the widest row shows, however it is encoded */

static const struct {
    const char *utf8, *ascii;
} glyphs[] = {
#define X(name, utf8, ascii) [name] = { utf8, ascii },
    GLYPHS(X)
#undef X
};

const char *glyph_text(const struct canvas *canvas, enum glyph glyph)
{
    return canvas->ascii ? glyphs[glyph].ascii : glyphs[glyph].utf8;
}

uint32_t glyph_rune(const struct canvas *canvas, enum glyph glyph)
{
    const char *text = glyph_text(canvas, glyph);
    uint32_t rune = '?';
    (void)text_decode(text, strlen(text), &rune); /* the table is well-formed: a test looks */
    return rune;
}

struct area area_whole(struct canvas *canvas)
{
    return (struct area){ canvas, 0, 0, canvas->rows, canvas->columns };
}

static int within(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

struct area area_part(const struct area *area, int row, int column, int rows, int columns)
{
    row = within(row, 0, area->rows);
    column = within(column, 0, area->columns);
    return (struct area){
        .canvas = area->canvas,
        .row = area->row + row,
        .column = area->column + column,
        .rows = within(rows, 0, area->rows - row),
        .columns = within(columns, 0, area->columns - column),
    };
}

bool text_is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] >= 0x7F)
            return false;
    }
    return true;
}

int area_clip(const struct area *area, int row, int column, int width, enum role_style style,
              const char *text)
{
    if (row < 0 || row >= area->rows || column < 0 || column >= area->columns || text == NULL)
        return column;
    if (width > area->columns - column)
        width = area->columns - column;
    size_t len = strlen(text);
    if (text_is_plain(text, len))
        return column + canvas_put(area->canvas, area->row + row, area->column + column, width, style, text);
    struct buf visible;
    buf_init(&visible, TEXT_MAX);
    text_visible(&visible, text, len < TEXT_MAX / 8 ? len : TEXT_MAX / 8, false);
    int taken =
        canvas_put(area->canvas, area->row + row, area->column + column, width, style, buf_str(&visible));
    buf_finish(&visible);
    return column + taken;
}

int area_put(const struct area *area, int row, int column, enum role_style style, const char *text)
{
    return area_clip(area, row, column, area->columns - column, style, text);
}

int area_glyph(const struct area *area, int row, int column, enum role_style style, enum glyph glyph)
{
    return area_put(area, row, column, style, glyph_text(area->canvas, glyph));
}

int area_format(const struct area *area, int row, int column, enum role_style style, const char *format, ...)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    va_list args;
    va_start(args, format);
    buf_formatv(&text, format, args);
    va_end(args);
    int next = area_put(area, row, column, style, buf_str(&text));
    buf_finish(&text);
    return next;
}

int visible_width(const char *text)
{
    struct buf visible;
    if (text_is_plain(text, strlen(text)))
        return (int)strlen(text);
    buf_init(&visible, TEXT_MAX);
    text_visible(&visible, text, strlen(text), false);
    int width = (int)text_width(buf_str(&visible));
    buf_finish(&visible);
    return width;
}

int area_right(const struct area *area, int row, int end, enum role_style style, const char *text)
{
    int column = (end < area->columns ? end : area->columns) - visible_width(text);
    if (column < 0)
        return end;
    area_put(area, row, column, style, text);
    return column;
}

void area_fill(const struct area *area, int row, int column, int width, enum role_style style,
               enum glyph glyph)
{
    if (row < 0 || row >= area->rows || column < 0)
        return;
    if (width > area->columns - column)
        width = area->columns - column;
    canvas_fill(area->canvas, area->row + row, area->column + column, width, style,
                glyph_rune(area->canvas, glyph));
}

void area_blank(const struct area *area, int row, enum role_style style)
{
    if (row >= 0 && row < area->rows)
        canvas_fill(area->canvas, area->row + row, area->column, area->columns, style, ' ');
}

void area_clear(const struct area *area, enum role_style style)
{
    for (int row = 0; row < area->rows; row++)
        area_blank(area, row, style);
}

void area_style(const struct area *area, int row, int column, int width, enum role_style style)
{
    if (row < 0 || row >= area->rows || column < 0)
        return;
    if (width > area->columns - column)
        width = area->columns - column;
    canvas_style(area->canvas, area->row + row, area->column + column, width, style);
}

void area_bar(const struct area *area, int row, int column, int width, enum role_style style, double filled,
              double mark)
{
    if (width < 3)
        return;
    double cells = filled * width;
    int full = within(cells > 0 ? (int)cells : 0, 0, width);
    area_fill(area, row, column, width, ROLE_DIM, GLYPH_BAR_EMPTY);
    area_fill(area, row, column, full, style, GLYPH_BAR_FULL);
    if (full > 0 && full < width)
        area_glyph(area, row, column + full - 1, style, GLYPH_BAR_HEAD);
    if (mark >= 0)
        area_glyph(area, row, column + within((int)(mark * width), 0, width - 1), ROLE_LIMIT, GLYPH_BAR_MARK);
}
