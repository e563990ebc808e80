/* What each form of a document has to know. Private to the room. */
#ifndef REPORT_WRITER_H
#define REPORT_WRITER_H

#include "report/document.h"

#define NUMBER_MAX   32
#define LEVELS       3
#define DOCUMENT_MAX ((size_t)48 * 1024 * 1024)

struct writer {
    /* `number` is "2.1". */
    void (*heading)(struct buf *body, int level, const char *number, const char *text);
    void (*paragraph)(struct buf *body, const char *text);
    void (*item)(struct buf *body, const char *term, const char *text);
    void (*items_end)(struct buf *body);
    void (*items_begin)(struct buf *body);
    void (*code)(struct buf *body, const char *language, const char *text);
    void (*table_begin)(struct buf *body, const char *const *head, size_t columns);
    void (*row)(struct buf *body, const struct cell *cells, size_t columns);
    void (*table_end)(struct buf *body);
    void (*figure)(struct buf *body, const char *svg, const char *text);
    /* Around what is folded up; NULL: it stands there like anything else. */
    void (*fold_begin)(struct buf *body, const char *summary);
    void (*fold_end)(struct buf *body);
    /* The whole of it, around what was written. */
    void (*whole)(struct buf *out, const char *title, const struct buf *contents, const struct buf *body);
    /* A line of the list of contents; NULL: there is none. */
    void (*contents)(struct buf *contents, int level, const char *number, const char *text);
};

/* Calls `put` with each line of `text`, `between` standing between them. */
void write_lines(struct buf *body, const char *text, const char *between,
                 void (*put)(struct buf *body, const char *line));

extern const struct writer markdown_writer, html_writer;

/* The page's style sheet. */
extern const char html_style[];

#endif
