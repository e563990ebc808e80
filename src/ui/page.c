#include "page.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

#define PAGE_TEXT_MAX ((size_t)256 * 1024)

struct page page_begin(const struct area *area, int top, int label_width)
{
    return (struct page){ .area = *area, .top = top, .label_width = label_width };
}

int page_next(struct page *page)
{
    return page->line++ - page->top;
}

static void put_label(struct page *page, int row, const char *label)
{
    if (label != NULL)
        area_clip(&page->area, row, 0, page->label_width, ROLE_DIM, label);
}

void page_line(struct page *page, const char *label, enum role_style style, const char *text)
{
    int row = page_next(page);
    put_label(page, row, label);
    area_put(&page->area, row, page->label_width, style, text);
}

void page_format(struct page *page, const char *label, enum role_style style, const char *format, ...)
{
    struct buf text;
    buf_init(&text, PAGE_TEXT_MAX);
    va_list args;
    va_start(args, format);
    buf_formatv(&text, format, args);
    va_end(args);
    page_line(page, label, style, buf_str(&text));
    buf_finish(&text);
}

/* How many bytes of `text` go into one line of `width` cells, and how many to skip before the next begins. */
static size_t break_line(const char *text, size_t width, size_t *ret_skip)
{
    size_t end = strcspn(text, "\n");
    size_t cut = text_cut(text, width);
    *ret_skip = 0;
    if (cut >= end) {
        *ret_skip = text[end] == '\n';
        return end;
    }
    if (cut == 0) /* not even one character fits: the canvas will show the ellipsis */
        return strlen(text);
    size_t space = cut;
    while (space > 0 && text[space] != ' ')
        space--;
    if (space == 0 || space < width / 2) /* better a broken word than half a line of nothing */
        return cut;
    *ret_skip = strspn(text + space, " ");
    return space;
}

static int count_lines(const char *text, size_t width)
{
    int lines = 0;
    while (*text != '\0') {
        size_t skip;
        size_t len = break_line(text, width, &skip);
        text += len + skip;
        lines++;
    }
    return lines;
}

/* The last line that is shown, with the number of those that are not at its end. */
static void put_last(struct page *page, int row, enum role_style style, const char *text, int more)
{
    struct buf note;
    buf_init(&note, 64);
    buf_format(&note, more == 1 ? "+%d line" : "+%d lines", more);
    int end = area_right(&page->area, row, page->area.columns, ROLE_DIM, buf_str(&note));
    area_clip(&page->area, row, page->label_width, end - 1 - page->label_width, style, text);
    buf_finish(&note);
}

static void wrap_visible(struct page *page, const char *label, enum role_style style, const char *text,
                         int lines_max)
{
    int width = page->area.columns - page->label_width;
    if (width < 1)
        width = 1;
    int total = lines_max < INT_MAX ? count_lines(text, (size_t)width) : 0;
    struct buf part;
    buf_init(&part, PAGE_TEXT_MAX);
    for (int line = 1; *text != '\0'; line++) {
        size_t skip;
        size_t len = break_line(text, (size_t)width, &skip);
        int row = page_next(page);
        if (line == 1)
            put_label(page, row, label);
        buf_clear(&part);
        buf_add(&part, text, len);
        text += len + skip;
        if (line == lines_max && total > lines_max) {
            buf_add(&part, text, skip == 0 ? strcspn(text, "\n") : 0);
            put_last(page, row, style, buf_str(&part), total - lines_max);
            break;
        }
        area_put(&page->area, row, page->label_width, style, buf_str(&part));
    }
    buf_finish(&part);
}

void page_wrap(struct page *page, const char *label, enum role_style style, const char *text, int lines_max)
{
    if (text == NULL || *text == '\0')
        return;
    struct buf visible;
    buf_init(&visible, PAGE_TEXT_MAX);
    size_t len = strlen(text);
    size_t shown = len < PAGE_TEXT_MAX / 8 ? len : PAGE_TEXT_MAX / 8;
    text_visible(&visible, text, shown, true);
    wrap_visible(page, label, style, buf_str(&visible), lines_max);
    buf_finish(&visible);
    if (shown < len)
        page_format(page, NULL, ROLE_WARN, "(%zu bytes more are not shown)", len - shown);
}
