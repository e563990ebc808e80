#include "base/err.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

/* Nothing grows more than fourfold when it is made visible (a byte to "\xNN", two to "<U+00AD>"). */
#define VISIBLE_MAX ((size_t)4 * ERR_MESSAGE_MAX)

static const struct {
    int code;
    const char *word;
    int exit_status;
} codes[] = {
#define X(name, word, status) { name, word, status },
    ERR_CODES(X)
#undef X
};

/* Where to cut `text`, which is longer than `max` bytes, so that no code point is split. */
static size_t cut_bytes(const char *text, size_t max)
{
    while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    return max;
}

/* Puts `raw` in the message, visible; `whole_len` is how long it was before it was cut to fit into `raw`.
 * `raw` is never the message itself, so arguments may point into the error that is being set. */
static int put(struct err *err, int code, const char *raw, size_t whole_len)
{
    static const char dots[] = "...";
    struct buf visible;
    buf_init(&visible, VISIBLE_MAX);
    size_t raw_len = strlen(raw);
    text_visible(&visible, raw, raw_len, false);
    size_t len = visible.len;
    if (whole_len > raw_len || len >= ERR_MESSAGE_MAX) {
        len = cut_bytes(buf_str(&visible), ERR_MESSAGE_MAX - sizeof(dots));
        memcpy(err->message + len, dots, sizeof(dots));
    } else {
        err->message[len] = '\0';
    }
    memcpy(err->message, buf_str(&visible), len);
    err->code = code;
    buf_finish(&visible);
    return code;
}

/* vsnprintf that answers the length without a sign. */
static PRINTF_LIKE(3, 0) size_t format_raw(char *raw, size_t size, const char *format, va_list args)
{
    int len = vsnprintf(raw, size, format, args);
    assert(len >= 0);
    return (size_t)len;
}

int err_setv(struct err *err, enum err_code code, const char *format, va_list args)
{
    assert(code < 0);
    if (err == NULL)
        return code;
    char raw[ERR_MESSAGE_MAX];
    size_t len = format_raw(raw, sizeof(raw), format, args);
    return put(err, code, raw, len);
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int r = err_setv(err, code, format, args);
    va_end(args);
    return r;
}

int err_set_errno(struct err *err, enum err_code code, int error_number, const char *format, ...)
{
    if (err == NULL)
        return code;
    char what[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    size_t len = format_raw(what, sizeof(what), format, args);
    va_end(args);
    if (len >= sizeof(what))
        return put(err, code, what, len);
    return err_set(err, code, "%s: %s", what, strerror(error_number));
}

int err_prefix(struct err *err, const char *format, ...)
{
    if (err == NULL)
        return ERR_NONE_;
    assert(err->code < 0);
    char context[ERR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    size_t len = format_raw(context, sizeof(context), format, args);
    va_end(args);
    if (len >= sizeof(context))
        return put(err, err->code, context, len);
    return err_set(err, (enum err_code)err->code, "%s: %s", context, err->message);
}

const char *err_word(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].code == code)
            return codes[i].word;
    }
    return "unknown";
}

int err_exit_status(int code)
{
    if (code == 0)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].code == code)
            return codes[i].exit_status;
    }
    return 1;
}
