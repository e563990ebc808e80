#include "report/document.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "writer.h"

/* What is open, and has to be closed before anything else is written. */
enum part { PART_NONE, PART_ITEMS, PART_TABLE };

struct document {
    const struct writer *writer;
    char *title;
    struct buf body, contents;
    enum part open;
    size_t columns;
    int counts[LEVELS];
};

void write_lines(struct buf *body, const char *text, const char *between,
                 void (*put)(struct buf *body, const char *line))
{
    while (*text != '\0') {
        struct buf line;
        size_t len = strcspn(text, "\n");
        buf_init(&line, DOCUMENT_MAX);
        buf_add(&line, text, len);
        put(body, buf_str(&line));
        buf_finish(&line);
        text += len;
        if (*text == '\n') {
            buf_text(body, between);
            text++;
        }
    }
}

struct document *document_create(enum document_form form, const char *title)
{
    static const struct writer *const writers[DOCUMENT_FORM_COUNT] = {
        [DOCUMENT_MARKDOWN] = &markdown_writer,
        [DOCUMENT_HTML] = &html_writer,
    };
    struct document *document = mem_alloc(sizeof(*document));
    document->writer = writers[form];
    document->title = mem_text(title);
    buf_init(&document->body, DOCUMENT_MAX);
    buf_init(&document->contents, DOCUMENT_MAX);
    return document;
}

/* Closes what is open unless it is `part`, which goes on. */
static void enter(struct document *document, enum part part)
{
    if (document->open == part && part != PART_TABLE)
        return;
    if (document->open == PART_ITEMS)
        document->writer->items_end(&document->body);
    else if (document->open == PART_TABLE)
        document->writer->table_end(&document->body);
    document->open = part;
    if (part == PART_ITEMS)
        document->writer->items_begin(&document->body);
}

void document_finish(struct document *document, struct buf *out)
{
    if (document == NULL)
        return;
    enter(document, PART_NONE);
    if (out != NULL) {
        document->writer->whole(out, document->title, &document->contents, &document->body);
        out->overflow = out->overflow || document->contents.overflow || document->body.overflow;
    }
    buf_finish(&document->body);
    buf_finish(&document->contents);
    free(document->title);
    free(document);
}

static void number_of(const int counts[LEVELS], int level, char ret[NUMBER_MAX])
{
    size_t len = 0;
    for (int i = 0; i < level; i++)
        len += (size_t)snprintf(ret + len, NUMBER_MAX - len, i > 0 ? ".%d" : "%d", counts[i]);
}

void document_heading(struct document *document, int level, const char *text)
{
    char number[NUMBER_MAX];
    assert(level >= 1 && level <= LEVELS);
    enter(document, PART_NONE);
    document->counts[level - 1]++;
    for (int i = level; i < LEVELS; i++)
        document->counts[i] = 0;
    number_of(document->counts, level, number);
    document->writer->heading(&document->body, level, number, text);
    if (document->writer->contents != NULL && level <= 2)
        document->writer->contents(&document->contents, level, number, text);
}

void document_paragraph(struct document *document, const char *text)
{
    enter(document, PART_NONE);
    document->writer->paragraph(&document->body, text);
}

void document_item(struct document *document, const char *term, const char *text)
{
    enter(document, PART_ITEMS);
    document->writer->item(&document->body, term, text);
}

void document_code(struct document *document, const char *language, const char *text)
{
    enter(document, PART_NONE);
    document->writer->code(&document->body, language, text);
}

void document_table(struct document *document, const char *const *head, size_t columns)
{
    enter(document, PART_TABLE);
    document->columns = columns;
    document->writer->table_begin(&document->body, head, columns);
}

void document_row(struct document *document, const struct cell *cells)
{
    assert(document->open == PART_TABLE);
    document->writer->row(&document->body, cells, document->columns);
}

void document_figure(struct document *document, const char *svg, const char *text)
{
    enter(document, PART_NONE);
    document->writer->figure(&document->body, svg, text);
}

void document_fold(struct document *document, const char *summary)
{
    enter(document, PART_NONE);
    if (document->writer->fold_begin != NULL)
        document->writer->fold_begin(&document->body, summary);
}

void document_fold_end(struct document *document)
{
    enter(document, PART_NONE);
    if (document->writer->fold_end != NULL)
        document->writer->fold_end(&document->body);
}
