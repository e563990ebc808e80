#include <string.h>

#include "base/text.h"
#include "writer.h"

void document_escape(struct buf *out, const char *text)
{
    struct buf visible;
    buf_init(&visible, DOCUMENT_MAX);
    text_visible(&visible, text, strlen(text), true);
    for (const char *at = buf_str(&visible); *at != '\0'; at++) {
        switch (*at) {
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '&':
            buf_text(out, "&amp;");
            break;
        case '"':
            buf_text(out, "&quot;");
            break;
        case '\'':
            buf_text(out, "&#39;");
            break;
        default:
            buf_char(out, *at);
        }
    }
    buf_finish(&visible);
}

/* Where lines of a cell or an item break, they break on the page. */
static void put_lines(struct buf *body, const char *text)
{
    write_lines(body, text, "<br>", document_escape);
}

static void heading(struct buf *body, int level, const char *number, const char *text)
{
    buf_format(body, "<h%d id=\"s%s\"><span class=\"number\">%s</span> ", level + 1, number, number);
    document_escape(body, text);
    buf_format(body, "</h%d>\n", level + 1);
}

static void contents_line(struct buf *contents, int level, const char *number, const char *text)
{
    buf_format(contents, "<a class=\"level%d\" href=\"#s%s\">%s ", level, number, number);
    document_escape(contents, text);
    buf_text(contents, "</a>\n");
}

static void put_paragraph(struct buf *body, const char *line)
{
    buf_text(body, "<p>");
    document_escape(body, line);
    buf_text(body, "</p>\n");
}

static void paragraph(struct buf *body, const char *text)
{
    write_lines(body, text, "", put_paragraph);
}

static void items_begin(struct buf *body)
{
    buf_text(body, "<ul>\n");
}

static void item(struct buf *body, const char *term, const char *text)
{
    buf_text(body, "<li>");
    if (term != NULL) {
        buf_text(body, "<b>");
        document_escape(body, term);
        buf_text(body, ":</b> ");
    }
    put_lines(body, text);
    buf_text(body, "</li>\n");
}

static void items_end(struct buf *body)
{
    buf_text(body, "</ul>\n");
}

static void code(struct buf *body, const char *language, const char *text)
{
    buf_format(body, "<pre class=\"%s\"><code>", language);
    document_escape(body, text);
    buf_text(body, "</code></pre>\n");
}

static void table_begin(struct buf *body, const char *const *head, size_t columns)
{
    bool headed = false;
    for (size_t i = 0; i < columns; i++)
        headed = headed || head[i][0] != '\0';
    buf_text(body, "<div class=\"table\"><table>\n");
    if (!headed) {
        buf_text(body, "<tbody>\n");
        return;
    }
    buf_text(body, "<thead><tr>");
    for (size_t i = 0; i < columns; i++) {
        buf_text(body, "<th>");
        document_escape(body, head[i]);
        buf_text(body, "</th>");
    }
    buf_text(body, "</tr></thead>\n<tbody>\n");
}

static void row(struct buf *body, const struct cell *cells, size_t columns)
{
    static const struct {
        const char *before, *after;
    } looks[LOOK_COUNT] = {
        [LOOK_PLAIN] = { "", "" },
        [LOOK_CODE] = { "<code>", "</code>" },
        [LOOK_STRONG] = { "<b>", "</b>" },
        [LOOK_LOW] = { "<span class=\"low\">", "</span>" },
        [LOOK_MEDIUM] = { "<span class=\"medium\">", "</span>" },
        [LOOK_HIGH] = { "<span class=\"high\">", "</span>" },
    };
    buf_text(body, "<tr>");
    for (size_t i = 0; i < columns; i++) {
        buf_text(body, "<td>");
        if (cells[i].text != NULL && cells[i].text[0] != '\0') {
            buf_text(body, looks[cells[i].look].before);
            put_lines(body, cells[i].text);
            buf_text(body, looks[cells[i].look].after);
        }
        buf_text(body, "</td>");
    }
    buf_text(body, "</tr>\n");
}

static void table_end(struct buf *body)
{
    buf_text(body, "</tbody></table></div>\n");
}

static void figure(struct buf *body, const char *svg, const char *text)
{
    (void)text;
    buf_format(body, "<figure>%s</figure>\n", svg);
}

/* A box that is ticked and not <details>: those that are closed cannot be printed open by every browser.
 * Where it stands is a number that no other fold has. */
static void fold_begin(struct buf *body, const char *summary)
{
    size_t place = body->len;
    buf_format(body, "<input class=\"fold\" type=\"checkbox\" id=\"fold%zu\"><label for=\"fold%zu\">", place,
               place);
    document_escape(body, summary);
    buf_text(body, "</label>\n<div class=\"folded\">\n");
}

static void fold_end(struct buf *body)
{
    buf_text(body, "</div>\n");
}

static void whole(struct buf *out, const char *title, const struct buf *contents, const struct buf *body)
{
    buf_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    document_escape(out, title);
    buf_format(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>", html_style);
    document_escape(out, title);
    buf_text(out, "</h1>\n");
    if (contents->len > 0)
        buf_format(out, "<nav>\n%s</nav>\n", buf_str(contents));
    buf_add(out, buf_str(body), body->len);
    buf_text(out, "</main>\n</body>\n</html>\n");
}

const struct writer html_writer = { .heading = heading,
                                    .paragraph = paragraph,
                                    .item = item,
                                    .items_begin = items_begin,
                                    .items_end = items_end,
                                    .code = code,
                                    .table_begin = table_begin,
                                    .row = row,
                                    .table_end = table_end,
                                    .figure = figure,
                                    .fold_begin = fold_begin,
                                    .fold_end = fold_end,
                                    .whole = whole,
                                    .contents = contents_line };
