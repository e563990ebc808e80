#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CAPACITY_MIN ((size_t)64)

void buf_init(struct buf *buf, size_t max)
{
    assert(max < PTRDIFF_MAX); /* with room for the NUL */
    *buf = (struct buf){ .max = max };
}

void buf_finish(struct buf *buf)
{
    if (buf == NULL)
        return;
    free(buf->data);
    *buf = (struct buf){ .max = 0 };
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflow = false;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

/* Makes room for `len` more bytes and the NUL; false, with the overflow noted, when that is over the maximum.
 * After an overflow nothing more is taken, so that there is never a hole in the middle of the contents. */
static bool reserve(struct buf *buf, size_t len)
{
    if (buf->overflow || len > buf->max - buf->len) {
        buf->overflow = true;
        return false;
    }
    size_t need = buf->len + len + 1;
    if (need <= buf->capacity)
        return true;
    /* Doubling, so that many small writes stay cheap; memory ends long before this product does. */
    size_t capacity = buf->capacity > 0 ? buf->capacity * 2 : CAPACITY_MIN;
    if (capacity < need)
        capacity = need;
    if (capacity > buf->max + 1)
        capacity = buf->max + 1;
    buf->data = mem_realloc(buf->data, capacity);
    buf->capacity = capacity;
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len > 0)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_quoted(struct buf *buf, const char *text, char mark)
{
    const char *inner;
    buf_char(buf, mark);
    for (; (inner = strchr(text, mark)) != NULL; text = inner + 1) {
        buf_add(buf, text, (size_t)(inner - text) + 1);
        buf_char(buf, mark);
    }
    buf_text(buf, text);
    buf_char(buf, mark);
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_formatv(buf, format, args);
    va_end(args);
}

void buf_formatv(struct buf *buf, const char *format, va_list args)
{
    va_list measure;
    va_copy(measure, args);
    int len = vsnprintf(NULL, 0, format, measure);
    va_end(measure);
    assert(len >= 0);
    if (!reserve(buf, (size_t)len))
        return;
    int written = vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    assert(written == len);
    buf->len += (size_t)written;
}

void buf_consume(struct buf *buf, size_t len)
{
    if (len > buf->len)
        len = buf->len;
    if (len == 0)
        return;
    memmove(buf->data, buf->data + len, buf->len - len + 1);
    buf->len -= len;
}

int buf_ok(const struct buf *buf, const char *what, struct err *err)
{
    if (!buf->overflow)
        return 0;
    return err_set(err, ERR_LIMIT, "%s is over its maximum of %zu bytes", what, buf->max);
}

const char *buf_str(const struct buf *buf)
{
    return buf->data != NULL ? buf->data : "";
}
