#include "json/json.h"

#include <assert.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define INTEGER_MAX (INT64_C(1) << 53)
#define REPLACEMENT UINT32_C(0xFFFD)

void json_write_init(struct json_writer *w, struct buf *buf)
{
    *w = (struct json_writer){ .buf = buf };
}

static void put_escape(struct buf *buf, uint32_t rune)
{
    static const char letters[] = "\"\\\b\f\n\r\t";
    static const char escapes[] = "\"\\bfnrt";
    const char *letter = rune < 0x80 ? strchr(letters, (int)rune) : NULL;
    if (letter != NULL)
        buf_format(buf, "\\%c", escapes[letter - letters]);
    else if (rune < 0x10000)
        buf_format(buf, "\\u%04x", (unsigned)rune);
    else
        buf_format(buf, "\\u%04x\\u%04x", 0xD800u + ((unsigned)(rune - 0x10000) >> 10),
                   0xDC00u + ((unsigned)rune & 0x3FFu));
}

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static void put_quoted(struct buf *buf, const char *bytes, size_t len)
{
    buf_char(buf, '"');
    for (size_t at = 0; at < len;) {
        size_t start = at;
        while (at < len && is_plain(bytes[at]))
            at++;
        buf_add(buf, bytes + start, at - start);
        if (at == len)
            break;
        uint32_t rune;
        int step = text_decode(bytes + at, len - at, &rune);
        /* The reader refuses NUL in a text, so it is not written either. */
        put_escape(buf, step < 0 || rune == 0 ? REPLACEMENT : rune);
        at += step < 0 ? 1 : (size_t)step;
    }
    buf_char(buf, '"');
}

/* The comma that is due and the key. */
static void begin_item(struct json_writer *w, const char *key)
{
    uint64_t bit = UINT64_C(1) << w->depth;
    if ((w->has_item & bit) != 0)
        buf_char(w->buf, ',');
    w->has_item |= bit;
    if (key != NULL) {
        put_quoted(w->buf, key, strlen(key));
        buf_char(w->buf, ':');
    }
}

static void descend(struct json_writer *w, const char *key, char bracket)
{
    begin_item(w, key);
    buf_char(w->buf, bracket);
    w->depth++;
    assert(w->depth < 64); /* a bit of `has_item` for each */
    w->has_item &= ~(UINT64_C(1) << w->depth);
}

static void ascend(struct json_writer *w, char bracket)
{
    assert(w->depth > 0);
    w->depth--;
    buf_char(w->buf, bracket);
}

void json_open(struct json_writer *w, const char *key)
{
    descend(w, key, '{');
}

void json_close(struct json_writer *w)
{
    ascend(w, '}');
}

void json_open_array(struct json_writer *w, const char *key)
{
    descend(w, key, '[');
}

void json_close_array(struct json_writer *w)
{
    ascend(w, ']');
}

void json_put_text(struct json_writer *w, const char *key, const char *text)
{
    if (text == NULL)
        json_put_null(w, key);
    else
        json_put_bytes(w, key, text, strlen(text));
}

void json_put_bytes(struct json_writer *w, const char *key, const char *bytes, size_t len)
{
    begin_item(w, key);
    put_quoted(w->buf, bytes, len);
}

void json_put_integer(struct json_writer *w, const char *key, int64_t number)
{
    assert(number >= -INTEGER_MAX && number <= INTEGER_MAX);
    begin_item(w, key);
    buf_format(w->buf, "%" PRId64, number);
}

/* The fewest digits that read back as the same number, which is no integer that JSON may have here. Both ways
 * go through the locale's decimal point, which is replaced last. */
static void put_shortest(struct buf *buf, double number)
{
    char text[64];
    for (int digits = 15; digits <= 17; digits++) {
        int len = snprintf(text, sizeof(text), "%.*g", digits, number);
        assert(len > 0 && (size_t)len < sizeof(text));
        double back = strtod(text, NULL);
        if (memcmp(&back, &number, sizeof(number)) == 0)
            break;
    }
    const char *point = localeconv()->decimal_point;
    const char *at = strstr(text, point);
    if (at == NULL) {
        /* Beyond 2^53 a plain row of digits would promise to be exact, and the reader refuses it. */
        bool plain = strspn(text, "-0123456789") == strlen(text);
        buf_format(buf, "%s%s", text, plain ? ".0" : "");
        return;
    }
    buf_add(buf, text, (size_t)(at - text));
    buf_char(buf, '.');
    buf_text(buf, at + strlen(point));
}

void json_put_number(struct json_writer *w, const char *key, double number)
{
    if (!isfinite(number)) {
        json_put_null(w, key);
        return;
    }
    bool small = number >= (double)-INTEGER_MAX && number <= (double)INTEGER_MAX;
    if (small && (double)(int64_t)number == number) {
        json_put_integer(w, key, (int64_t)number);
        return;
    }
    begin_item(w, key);
    put_shortest(w->buf, number);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
    begin_item(w, key);
    buf_text(w->buf, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
    begin_item(w, key);
    buf_text(w->buf, "null");
}

static void put_items(struct json_writer *w, const struct json *value)
{
    for (size_t i = 0; i < value->count; i++)
        json_put_value(w, value->items[i].key, &value->items[i]);
}

void json_put_value(struct json_writer *w, const char *key, const struct json *value)
{
    switch (value->type) {
    case JSON_NULL:
        json_put_null(w, key);
        break;
    case JSON_BOOL:
        json_put_bool(w, key, value->boolean);
        break;
    case JSON_NUMBER:
        json_put_number(w, key, value->number);
        break;
    case JSON_TEXT:
        json_put_text(w, key, value->text);
        break;
    case JSON_ARRAY:
        json_open_array(w, key);
        put_items(w, value);
        json_close_array(w);
        break;
    case JSON_OBJECT:
        json_open(w, key);
        put_items(w, value);
        json_close(w);
        break;
    }
}
