/*
 * A growing buffer with a maximum.
 *
 * Always NUL-terminated once something was written. Writing over the maximum does not truncate: nothing of
 * that write or of any later one is taken, `overflow` is set and stays set, and the owner has to look at it
 * (buf_ok) before it uses the contents.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct buf {
    char *data; /* NULL until the first write */
    size_t len;
    size_t capacity;
    size_t max; /* bytes, without the final NUL */
    bool overflow;
};

void buf_init(struct buf *buf, size_t max);
void buf_finish(struct buf *buf); /* NULL-safe; the struct can be used again after buf_init */
void buf_clear(struct buf *buf);  /* keeps the memory and the maximum, forgets contents and overflow */

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
/* `text` between two marks, with every mark in it doubled: a name or a literal of SQL. */
void buf_quoted(struct buf *buf, const char *text, char mark);
void buf_format(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_formatv(struct buf *buf, const char *format, va_list args) PRINTF_LIKE(2, 0);

/* Drops the first `len` bytes (at most what is there). */
void buf_consume(struct buf *buf, size_t len);

/* 0, or ERR_LIMIT with "<what> is over its maximum of N bytes". */
int buf_ok(const struct buf *buf, const char *what, struct err *err) MUST_CHECK;

/* The contents, "" if there are none. Borrowed. */
const char *buf_str(const struct buf *buf);

#endif
