#include "redact_forms.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* The longest form of a value is this many times as long as it. */
#define LONGER   6
#define LINE_MIN 8 /* a shorter line of a value is no secret by itself */

struct forms {
    const char *value;
    size_t len;
    struct buf buf;
    void (*add)(void *data, const char *bytes, size_t len);
    void *data;
};

static void give(struct forms *forms)
{
    forms->add(forms->data, buf_str(&forms->buf), forms->buf.len);
    buf_clear(&forms->buf);
}

/* ---- base64 ---- */

static const char *const alphabets[] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/* The characters that follow from the value alone when `before` bytes of something else stand before it in
 * its group of three. */
static void base64(struct forms *forms, const char *alphabet, size_t before)
{
    size_t first = (before * 8 + 5) / 6, end = (before + forms->len) * 8 / 6;

    for (size_t i = first; i < end; i++) {
        unsigned bits = 0;

        for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
            unsigned char byte = (unsigned char)forms->value[bit / 8 - before];

            bits = bits << 1 | ((unsigned)byte >> (7 - bit % 8) & 1);
        }
        buf_char(&forms->buf, alphabet[bits]);
    }
    give(forms);
}

/* ---- byte by byte ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void put_hex(struct buf *buf, char c, const char *digits)
{
    buf_char(buf, digits[(unsigned char)c >> 4]);
    buf_char(buf, digits[(unsigned char)c & 15]);
}

static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";

static void put_lower(struct buf *buf, char c)
{
    put_hex(buf, c, lower);
}

static void put_upper(struct buf *buf, char c)
{
    put_hex(buf, c, upper);
}

static void put_percent(struct buf *buf, char c, const char *digits)
{
    if (is_word(c) || strchr("-._~", c)) {
        buf_char(buf, c);
        return;
    }
    buf_char(buf, '%');
    put_hex(buf, c, digits);
}

static void put_percent_lower(struct buf *buf, char c)
{
    put_percent(buf, c, lower);
}

static void put_percent_upper(struct buf *buf, char c)
{
    put_percent(buf, c, upper);
}

/* As a browser sends a form. */
static void put_form(struct buf *buf, char c)
{
    if (c == ' ')
        buf_char(buf, '+');
    else
        put_percent(buf, c, upper);
}

static void put_percent_all(struct buf *buf, char c)
{
    buf_char(buf, '%');
    put_hex(buf, c, upper);
}

static void put_percent_all_lower(struct buf *buf, char c)
{
    buf_char(buf, '%');
    put_hex(buf, c, lower);
}

static void put_json(struct buf *buf, char c)
{
    static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
    const char *at = c ? strchr(from, c) : NULL;

    if (at)
        buf_format(buf, "\\%c", to[at - from]);
    else if ((unsigned char)c < 0x20)
        buf_format(buf, "\\u%04x", (unsigned)(unsigned char)c);
    else
        buf_char(buf, c);
}

static void put_sql(struct buf *buf, char c)
{
    buf_text(buf, c == '\'' ? "''" : (const char[]){ c, '\0' });
}

static void put_shell(struct buf *buf, char c)
{
    buf_text(buf, c == '\'' ? "'\\''" : (const char[]){ c, '\0' });
}

static void put_backslash(struct buf *buf, char c)
{
    if (!is_word(c) && (unsigned char)c < 0x80)
        buf_char(buf, '\\');
    buf_char(buf, c);
}

static void put_itself(struct buf *buf, char c)
{
    buf_char(buf, c);
}

static void (*const writers[])(struct buf *, char) = {
    put_itself,        put_lower, put_upper,       put_percent_lower,
    put_percent_upper, put_form,  put_percent_all, put_percent_all_lower,
    put_json,          put_sql,   put_shell,       put_backslash,
};

static void all_forms(struct forms *forms)
{
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        for (size_t k = 0; k < forms->len; k++)
            writers[i](&forms->buf, forms->value[k]);
        give(forms);
    }
    for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
        for (size_t before = 0; before < 3; before++)
            base64(forms, alphabets[i], before);
    }
}

void forms_of(const char *value, size_t len, void (*add)(void *data, const char *bytes, size_t len),
              void *data)
{
    struct forms forms = { .value = value, .len = len, .add = add, .data = data };

    buf_init(&forms.buf, LONGER * len + 16);
    all_forms(&forms);
    for (size_t at = 0; memchr(value, '\n', len) && at < len;) {
        const char *end = memchr(value + at, '\n', len - at);

        forms.value = value + at;
        forms.len = end ? (size_t)(end - forms.value) : len - at;
        at += forms.len + 1;
        if (forms.len >= LINE_MIN)
            all_forms(&forms);
    }
    buf_finish(&forms.buf);
}
