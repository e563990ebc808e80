/*
 * Text: UTF-8, width in cells, and the one place where bytes from outside are made fit to be shown.
 *
 * Whatever came from a server, a command, a file or another person goes through text_visible before it
 * reaches a screen, a terminal or a message: C0, C1 and DEL become "^[" or "\x9b" forms, bidirectional
 * controls and zero-width characters become "<U+202E>" forms, bytes that are not UTF-8 become "\xNN".
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Decodes one code point of at most `len` bytes. Returns the number of bytes, 0 when `len` is 0, -1 when
 * they are not well-formed UTF-8 (overlong, surrogate, above U+10FFFF, cut short). */
int text_decode(const char *bytes, size_t len, uint32_t *ret_rune);

/* Appends a code point to `buf` as UTF-8. */
void text_encode(struct buf *buf, uint32_t rune);

bool text_valid_utf8(const char *bytes, size_t len);

/* Cells that a code point takes: 0 combining, 1, or 2 (East Asian wide, emoji). Does not look at the locale.
 */
int text_rune_width(uint32_t rune);

/* Cells that a well-formed UTF-8 text takes. */
size_t text_width(const char *text);

/* Appends `bytes` made visible. `keep_newline` keeps \n (for multi-line text); tabs become one space. */
void text_visible(struct buf *buf, const char *bytes, size_t len, bool keep_newline);

/* Where in `text` to cut so that it takes at most `cells`; returns the byte offset. */
size_t text_cut(const char *text, size_t cells);

bool text_starts(const char *text, const char *prefix);
bool text_equal(const char *a, const char *b); /* NULL equals only NULL */

/* The candidate nearest to `word` by edit distance, if near enough to be a typing mistake; else NULL. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);

/* True for [a-z0-9][a-z0-9._-]{0,63}: what an id of a book, phase, step, gate, run may look like. */
bool text_is_id(const char *text);

#endif
