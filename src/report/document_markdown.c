#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "writer.h"

static void put_char(struct buf *body, char c, const char *escaped)
{
    if (strchr(escaped, c) != NULL)
        buf_char(body, '\\');
    buf_char(body, c);
}

/* "<" and "&" begin neither a tag nor an entity before these: who reads the text as it is reads it so. */
static bool is_alone(const char *at)
{
    return at[1] != '\0' && strchr(" =0123456789", at[1]) != NULL;
}

/* CommonMark takes a backslash before any of these for the character itself. "<" and "&" that could begin
 * something go as entities, so that a reader that lets HTML through gets none. `cell`: "|" ends one, and a
 * newline would end the table. */
static void put_escaped(struct buf *body, const char *text, bool cell)
{
    struct buf visible;
    buf_init(&visible, DOCUMENT_MAX);
    text_visible(&visible, text, strlen(text), true);
    for (const char *at = buf_str(&visible); *at != '\0'; at++) {
        if ((*at == '<' || *at == '&') && is_alone(at))
            buf_char(body, *at);
        else if (*at == '<')
            buf_text(body, "&lt;");
        else if (*at == '&')
            buf_text(body, "&amp;");
        else if (*at == '\n')
            buf_text(body, cell ? "<br>" : "\n");
        else
            put_char(body, *at, "\\`*_[]|#~>$");
    }
    buf_finish(&visible);
}

static size_t longest_run(const char *text, char of)
{
    size_t longest = 0, run = 0;
    for (; *text != '\0'; text++) {
        run = *text == of ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void put_ticks(struct buf *body, size_t count)
{
    while (count-- > 0)
        buf_char(body, '`');
}

/* Between more ticks than it has in a row itself; the spaces are taken off by the reader. In a table "|" is
 * escaped even there (GFM). */
static void put_code_span(struct buf *body, const char *text)
{
    struct buf visible;
    size_t ticks = longest_run(text, '`') + 1;
    bool spaced = text[0] == '`' || (text[0] != '\0' && text[strlen(text) - 1] == '`');
    if (text[0] == '\0')
        return;
    buf_init(&visible, DOCUMENT_MAX);
    text_visible(&visible, text, strlen(text), false);
    put_ticks(body, ticks);
    buf_text(body, spaced ? " " : "");
    for (const char *at = buf_str(&visible); *at != '\0'; at++)
        put_char(body, *at, "|");
    buf_text(body, spaced ? " " : "");
    put_ticks(body, ticks);
    buf_finish(&visible);
}

/* A newline would end the table: each line is a span of its own. */
static void put_code_lines(struct buf *body, const char *text)
{
    write_lines(body, text, "<br>", put_code_span);
}

static void heading(struct buf *body, int level, const char *number, const char *text)
{
    buf_format(body, "%.*s %s ", level + 1, "####", number);
    put_escaped(body, text, true);
    buf_text(body, "\n\n");
}

/* What would begin a list, a heading or a quotation at the beginning of a line is escaped above, but for
 * these. */
static void put_line(struct buf *body, const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (strchr("-+=", text[0]) != NULL && text[0] != '\0')
        buf_char(body, '\\');
    if (digits > 0 && (text[digits] == '.' || text[digits] == ')')) {
        buf_format(body, "%.*s\\", (int)digits, text);
        text += digits;
    }
    put_escaped(body, text, false);
}

static void put_paragraph(struct buf *body, const char *line)
{
    put_line(body, line + strspn(line, " "));
    buf_text(body, "\n\n");
}

static void paragraph(struct buf *body, const char *text)
{
    write_lines(body, text, "", put_paragraph);
}

static void item(struct buf *body, const char *term, const char *text)
{
    buf_text(body, "- ");
    if (term != NULL) {
        buf_text(body, "**");
        put_escaped(body, term, true);
        buf_text(body, ":** ");
    }
    put_escaped(body, text, true);
    buf_char(body, '\n');
}

static void items_begin(struct buf *body)
{
    (void)body;
}

static void items_end(struct buf *body)
{
    buf_char(body, '\n');
}

static void code(struct buf *body, const char *language, const char *text)
{
    struct buf visible;
    size_t ticks = longest_run(text, '`') + 1;
    size_t len = strlen(text);
    buf_init(&visible, DOCUMENT_MAX);
    text_visible(&visible, text, len, true);
    ticks = ticks < 3 ? 3 : ticks;
    put_ticks(body, ticks);
    buf_format(body, "%s\n%s%s", language, buf_str(&visible), len > 0 && text[len - 1] == '\n' ? "" : "\n");
    put_ticks(body, ticks);
    buf_text(body, "\n\n");
    buf_finish(&visible);
}

static void table_begin(struct buf *body, const char *const *head, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        buf_text(body, "| ");
        put_escaped(body, head[i], true);
        buf_char(body, ' ');
    }
    buf_text(body, "|\n");
    for (size_t i = 0; i < columns; i++)
        buf_text(body, "| --- ");
    buf_text(body, "|\n");
}

static void row(struct buf *body, const struct cell *cells, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        const char *text = cells[i].text != NULL ? cells[i].text : "";
        bool strong = (cells[i].look == LOOK_STRONG || cells[i].look == LOOK_HIGH) && text[0] != '\0';
        buf_text(body, strong ? "| **" : "| ");
        if (cells[i].look == LOOK_CODE)
            put_code_lines(body, text);
        else
            put_escaped(body, text, true);
        buf_text(body, strong ? "** " : " ");
    }
    buf_text(body, "|\n");
}

static void figure(struct buf *body, const char *svg, const char *text)
{
    (void)svg;
    code(body, "text", text);
}

static void whole(struct buf *out, const char *title, const struct buf *contents, const struct buf *body)
{
    (void)contents;
    buf_text(out, "# ");
    put_escaped(out, title, true);
    buf_text(out, "\n\n");
    buf_add(out, buf_str(body), body->len);
}

const struct writer markdown_writer = { .heading = heading,
                                        .paragraph = paragraph,
                                        .item = item,
                                        .items_begin = items_begin,
                                        .items_end = items_end,
                                        .code = code,
                                        .table_begin = table_begin,
                                        .row = row,
                                        .table_end = items_end,
                                        .figure = figure,
                                        .whole = whole };
