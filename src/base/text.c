#include "base/text.h"

#include <string.h>

#define NEAREST_MAX 64 /* bytes; a longer word is not a mistyped name */

int text_decode(const char *bytes, size_t len, uint32_t *ret_rune)
{
    /* By the number of leading ones: bits of the first byte that count, and the least code point that needs
     * this many bytes (less is an overlong form). */
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = { { 0x80, 0x00, 0 }, { 0xE0, 0xC0, 0x80 }, { 0xF0, 0xE0, 0x800 }, { 0xF8, 0xF0, 0x10000 } };

    if (len == 0)
        return 0;
    uint8_t first = (uint8_t)bytes[0];
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if ((first & forms[i].mask) != forms[i].lead)
            continue;
        if (i >= len)
            return -1;
        uint32_t rune = first & (uint8_t)~forms[i].mask;
        for (size_t k = 1; k <= i; k++) {
            uint8_t next = (uint8_t)bytes[k];
            if ((next & 0xC0) != 0x80)
                return -1;
            rune = rune << 6 | (next & 0x3F);
        }
        if (rune < forms[i].least || rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
            return -1;
        *ret_rune = rune;
        return (int)i + 1;
    }
    return -1;
}

void text_encode(struct buf *buf, uint32_t rune)
{
    char bytes[4];
    size_t len = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };
    for (size_t i = len; i-- > 1;) {
        bytes[i] = (char)(0x80 | (rune & 0x3F));
        rune >>= 6;
    }
    bytes[0] = (char)(leads[len] | rune);
    buf_add(buf, bytes, len);
}

bool text_valid_utf8(const char *bytes, size_t len)
{
    uint32_t rune;
    for (size_t at = 0; at < len;) {
        int step = text_decode(bytes + at, len - at, &rune);
        if (step < 0)
            return false;
        at += (size_t)step;
    }
    return true;
}

/* Walks `text` while it takes at most `cells`; returns the bytes passed and, in `ret_cells`, the cells taken.
 * A byte that is not UTF-8 counts one cell, so that the walk always ends. */
static size_t walk(const char *text, size_t cells, size_t *ret_cells)
{
    size_t len = strlen(text);
    size_t at = 0;
    *ret_cells = 0;
    while (at < len) {
        uint32_t rune;
        int step = text_decode(text + at, len - at, &rune);
        size_t width = step < 0 ? 1 : (size_t)text_rune_width(rune);
        if (width > cells - *ret_cells)
            break;
        *ret_cells += width;
        at += step < 0 ? 1 : (size_t)step;
    }
    return at;
}

size_t text_width(const char *text)
{
    size_t cells;
    walk(text, SIZE_MAX, &cells);
    return cells;
}

size_t text_cut(const char *text, size_t cells)
{
    size_t taken;
    return walk(text, cells, &taken);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance in which two neighbours that changed places count as one mistake (optimal string alignment):
 * that is what fingers do. Both texts have at most NEAREST_MAX bytes. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b_len];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t word_len = strlen(word);
    if (word_len == 0 || word_len > NEAREST_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t best = (word_len + 2) / 3 + 1; /* one mistake in every three letters is the most we believe */
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(candidates[i]);
        if (len > NEAREST_MAX)
            continue;
        size_t d = distance(word, word_len, candidates[i], len);
        if (d < best && d < len) {
            best = d;
            nearest = candidates[i];
        }
    }
    return nearest;
}

bool text_is_id(const char *text)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(text);
    return len >= 1 && len <= 64 && strspn(text, first) >= 1 && strspn(text, rest) == len;
}
