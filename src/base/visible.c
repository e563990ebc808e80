#include "base/text.h"

/* Code points that a terminal does not draw, or that change how others are drawn: shown by number. Combining
 * marks and the variation selectors U+FE00..FE0F are not among them, because ordinary words and emoji need
 * them. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x00AD, 0x00AD },   /* soft hyphen */
    { 0x034F, 0x034F },   /* combining grapheme joiner */
    { 0x061C, 0x061C },   /* Arabic letter mark */
    { 0x115F, 0x1160 },   /* Hangul fillers */
    { 0x17B4, 0x17B5 },   /* Khmer inherent vowels */
    { 0x180B, 0x180F },   /* Mongolian selectors */
    { 0x200B, 0x200F },   /* zero-width space, joiners, direction marks */
    { 0x2028, 0x202E },   /* line and paragraph separators, bidirectional embeddings and overrides */
    { 0x2060, 0x206F },   /* word joiner, invisible operators, bidirectional isolates */
    { 0x3164, 0x3164 },   /* Hangul filler */
    { 0xFEFF, 0xFEFF },   /* byte order mark */
    { 0xFFA0, 0xFFA0 },   /* half-width Hangul filler */
    { 0xFFF0, 0xFFFB },   /* unassigned ignorables, interlinear annotation */
    { 0x1BCA0, 0x1BCA3 }, /* shorthand format controls */
    { 0x1D173, 0x1D17A }, /* musical format controls */
    { 0xE0000, 0xE0FFF }, /* tags and further variation selectors */
};

static bool is_hidden(uint32_t rune)
{
    for (size_t i = 0; i < ARRAY_LEN(hidden); i++) {
        if (rune >= hidden[i].first && rune <= hidden[i].last)
            return true;
    }
    return false;
}

/* How many bytes at the beginning are plain ASCII, shown as they are, and have room. */
static size_t plain(const struct buf *buf, const char *bytes, size_t len)
{
    size_t count = 0, room = buf->max - buf->len;
    while (count < len && count < room && bytes[count] >= 0x20 && bytes[count] < 0x7F)
        count++;
    return count;
}

void text_visible(struct buf *buf, const char *bytes, size_t len, bool keep_newline)
{
    for (size_t at = 0; at < len;) {
        uint32_t rune;
        size_t as_it_is = plain(buf, bytes + at, len - at);
        buf_add(buf, bytes + at, as_it_is);
        at += as_it_is;
        if (at == len)
            return;
        int step = text_decode(bytes + at, len - at, &rune);
        if (step < 0) {
            buf_format(buf, "\\x%02x", (unsigned)(unsigned char)bytes[at]);
            at++;
            continue;
        }
        if (rune == '\t')
            buf_char(buf, ' ');
        else if (rune == '\n' && keep_newline)
            buf_char(buf, '\n');
        else if (rune < 0x20 || rune == 0x7F)
            buf_format(buf, "^%c", (char)(rune ^ 0x40));
        else if (rune >= 0x80 && rune <= 0x9F)
            buf_format(buf, "\\x%02x", (unsigned)rune);
        else if (is_hidden(rune))
            buf_format(buf, "<U+%04X>", (unsigned)rune);
        else
            buf_add(buf, bytes + at, (size_t)step);
        at += (size_t)step;
    }
}
