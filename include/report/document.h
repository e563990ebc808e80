/*
 * A document for people, said once and written as Markdown or as one HTML page that needs nothing else: no
 * script, no font, no request to anywhere.
 *
 * All texts are plain: what has a meaning in a form is escaped where it is written, so that a book cannot put
 * markup, a link or a script into what a reviewer reads. Characters that would hide or reorder text are made
 * visible (text_visible).
 */
#ifndef REPORT_DOCUMENT_H
#define REPORT_DOCUMENT_H

#include <stddef.h>

#include "base/buf.h"

enum document_form { DOCUMENT_MARKDOWN, DOCUMENT_HTML, DOCUMENT_FORM_COUNT };

/* How a text stands out. A severity is never said by colour alone: its text says it. */
enum look { LOOK_PLAIN, LOOK_CODE, LOOK_STRONG, LOOK_LOW, LOOK_MEDIUM, LOOK_HIGH, LOOK_COUNT };

struct cell {
    const char *text; /* NULL: empty */
    enum look look;
};

struct document;

/* Owned by the caller until document_finish. */
struct document *document_create(enum document_form form, const char *title);
/* Appends the whole document to `out` and frees it; with `out` NULL it is only freed. NULL-safe. One that
 * became too long is not cut in silence: `out` is then over its maximum (buf_ok). */
void document_finish(struct document *document, struct buf *out);

/* Numbered by their place: "2", "2.1", "2.1.3" for levels 1 to 3. HTML lists levels 1 and 2 at the top. */
void document_heading(struct document *document, int level, const char *text);
void document_paragraph(struct document *document, const char *text); /* a newline begins another one */
void document_item(struct document *document, const char *term,
                   const char *text); /* of a list; term may be NULL */
/* `language` is a word for those who colour code: "sql", "sh", "text". */
void document_code(struct document *document, const char *language, const char *text);

/* A table begins with its head; every row has as many cells. It ends when something else is written. */
void document_table(struct document *document, const char *const *head, size_t columns);
void document_row(struct document *document, const struct cell *cells);

/* HTML: the drawing, whose markup is the caller's own (document_escape its texts), also of its legend in a
 * <figcaption>; Markdown: the same as text. */
void document_figure(struct document *document, const char *svg, const char *text);
/* What is written from here to document_fold_end is long and seldom read: on a screen it is folded up behind
 * its summary until somebody opens it; printed it is all there. Neither headings nor another fold stand in
 * it.
 */
void document_fold(struct document *document, const char *summary);
void document_fold_end(struct document *document);
/* Fit to stand in markup, between tags or in an attribute. */
void document_escape(struct buf *out, const char *text);

#endif
