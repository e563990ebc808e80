#include "json/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define INTEGER_MAX (INT64_C(1) << 53)
/* cJSON 1.7 copies a number into 64 bytes and reads what is left of a longer one as garbage. */
#define NUMBER_LEN_MAX 63

struct scan {
    const char *bytes;
    size_t len;
    size_t at;
    int line;
    size_t line_start; /* offset of the first byte of the line */
    int depth;
    struct json_places *places;
    struct json_faults *faults;
};

/* What stands at a place, in words. */
struct found {
    char words[48];
};

static int scan_value(struct scan *scan, struct json_place place);

void json_places_finish(struct json_places *places)
{
    free(places->list);
    *places = (struct json_places){ .list = NULL };
}

static int column_of(const struct scan *scan, size_t at)
{
    return (int)(at - scan->line_start) + 1;
}

/* The byte at the present place; -1 at the end. */
static int peek(const struct scan *scan)
{
    return scan->at < scan->len ? (unsigned char)scan->bytes[scan->at] : -1;
}

static struct found found_here(const struct scan *scan)
{
    struct found found = { "the end of the text" };
    uint32_t rune;
    const char *here = scan->bytes + scan->at;
    int len = text_decode(here, scan->len - scan->at, &rune);
    struct buf words;
    buf_init(&words, sizeof(found.words) - 1);
    if (len < 0)
        buf_format(&words, "the byte 0x%02x, which is not UTF-8", (unsigned)peek(scan));
    else if (len > 0 && rune == 0xFEFF)
        buf_text(&words, "a byte order mark");
    else if (len > 0 && rune < 0x20)
        buf_format(&words, "the control character U+%04X", (unsigned)rune);
    else if (len > 0)
        buf_format(&words, "'%.*s'", len, here);
    if (words.len > 0)
        memcpy(found.words, buf_str(&words), words.len + 1);
    buf_finish(&words);
    return found;
}

static int expected(struct scan *scan, const char *what)
{
    json_fault_add(scan->faults, scan->line, column_of(scan, scan->at), "expected %s, found %s", what,
                   found_here(scan).words);
    return ERR_INVALID;
}

static void place_add(struct json_places *places, const struct json_place *place)
{
    if (places->count == places->capacity) {
        places->capacity = places->capacity > 0 ? places->capacity * 2 : 32;
        places->list = mem_realloc(places->list, places->capacity * sizeof(*places->list));
    }
    places->list[places->count++] = *place;
}

static void skip_space(struct scan *scan)
{
    for (;; scan->at++) {
        int c = peek(scan);
        if (c == '\n') {
            scan->line++;
            scan->line_start = scan->at + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

static bool accept(struct scan *scan, char c)
{
    if (peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

/* Four hexadecimal digits; -1 if they are not there. */
static int32_t read_hex(struct scan *scan)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    int32_t value = 0;
    for (int i = 0; i < 4; i++, scan->at++) {
        int c = peek(scan);
        const char *digit = c > 0 ? strchr(digits, c) : NULL;
        if (digit == NULL)
            return -1;
        ptrdiff_t number = digit - digits;
        value = value * 16 + (int32_t)(number < 16 ? number : number - 6);
    }
    return value;
}

/* What comes after "\u". */
static int scan_unicode_escape(struct scan *scan)
{
    size_t start = scan->at - 2;
    int32_t first = read_hex(scan);
    if (first < 0)
        return expected(scan, "four hexadecimal digits after \\u");
    const char *wrong = NULL;
    if (first == 0) {
        wrong = "is not allowed in a text";
    } else if (first >= 0xDC00 && first <= 0xDFFF) {
        wrong = "is the second half of a surrogate pair without the first";
    } else if (first >= 0xD800 && first <= 0xDBFF) {
        int32_t second = accept(scan, '\\') && accept(scan, 'u') ? read_hex(scan) : -1;
        if (second < 0xDC00 || second > 0xDFFF)
            wrong = "is the first half of a surrogate pair without the second";
    }
    if (wrong == NULL)
        return 0;
    json_fault_add(scan->faults, scan->line, column_of(scan, start), "\\u%04x %s", (unsigned)first, wrong);
    return ERR_INVALID;
}

static int scan_escape(struct scan *scan)
{
    int c = peek(scan);
    if (c <= 0 || strchr("\"\\/bfnrtu", c) == NULL)
        return expected(scan, "one of \" \\ / b f n r t u after \\ in a text");
    scan->at++;
    return c == 'u' ? scan_unicode_escape(scan) : 0;
}

/* A text, from its first quote. No raw line end can stand in one, so the line stays what it is. */
static int scan_text(struct scan *scan)
{
    size_t start = scan->at++;
    for (;;) {
        uint32_t rune;
        int len = text_decode(scan->bytes + scan->at, scan->len - scan->at, &rune);
        if (len == 0) {
            json_fault_add(scan->faults, scan->line, column_of(scan, start),
                           "the text that begins here has no closing quote");
            return ERR_INVALID;
        }
        if (len < 0)
            return expected(scan, "UTF-8 in a text");
        if (rune < 0x20)
            return expected(scan, "a character or an escape such as \\n or \\u001b in a text");
        scan->at += (size_t)len;
        if (rune == '"')
            return 0;
        int r = rune == '\\' ? scan_escape(scan) : 0;
        if (r < 0)
            return r;
    }
}

/* One digit or more; `ret_nonzero` becomes true when one is not 0. */
static int scan_digits(struct scan *scan, bool *ret_nonzero)
{
    size_t start = scan->at;
    for (int c = peek(scan); c >= '0' && c <= '9'; c = peek(scan)) {
        *ret_nonzero = *ret_nonzero || c != '0';
        scan->at++;
    }
    return scan->at > start ? 0 : expected(scan, "a digit");
}

/* The shape of a number: sign, digits, fraction, exponent. */
static int scan_number_shape(struct scan *scan, struct json_place *place)
{
    bool ignored = false;
    place->integer = true;
    (void)accept(scan, '-'); /* with or without */
    size_t first = scan->at;
    int r = scan_digits(scan, &place->nonzero);
    if (r == 0 && scan->bytes[first] == '0' && scan->at > first + 1) {
        scan->at = first;
        return expected(scan, "a number that does not begin with 0");
    }
    if (r == 0 && accept(scan, '.')) {
        place->integer = false;
        r = scan_digits(scan, &place->nonzero);
    }
    if (r == 0 && (accept(scan, 'e') || accept(scan, 'E'))) {
        place->integer = false;
        if (!accept(scan, '+'))
            (void)accept(scan, '-'); /* either sign or none */
        r = scan_digits(scan, &ignored);
    }
    return r;
}

static bool integer_is_exact(const char *digits, size_t len)
{
    int64_t number = 0;
    for (size_t i = 0; i < len && number <= INTEGER_MAX; i++) {
        if (digits[i] != '-')
            number = number * 10 + (digits[i] - '0');
    }
    return number <= INTEGER_MAX;
}

static int scan_number(struct scan *scan, struct json_place *place)
{
    size_t start = scan->at;
    int r = scan_number_shape(scan, place);
    if (r < 0)
        return r;
    size_t len = scan->at - start;
    const char *number = scan->bytes + start;
    if (len > NUMBER_LEN_MAX) {
        json_fault_add(scan->faults, place->line, place->column,
                       "a number of %zu characters is over the maximum of %d", len, NUMBER_LEN_MAX);
        return ERR_INVALID;
    }
    if (place->integer && !integer_is_exact(number, len)) {
        json_fault_add(scan->faults, place->line, place->column,
                       "the integer %.*s is beyond 2^53 and would not be exact: write it as a text", (int)len,
                       number);
        return ERR_INVALID;
    }
    return 0;
}

static int scan_word(struct scan *scan)
{
    static const char *const words[] = { "true", "false", "null" };
    size_t len = 0;
    size_t left = scan->len - scan->at;
    const char *here = scan->bytes + scan->at;
    while (len < left && ((here[len] >= 'a' && here[len] <= 'z') || (here[len] >= 'A' && here[len] <= 'Z')))
        len++;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i]) == len && memcmp(here, words[i], len) == 0) {
            scan->at += len;
            return 0;
        }
    }
    if (len == 0)
        return expected(scan, "a value");
    json_fault_add(
        scan->faults, scan->line, column_of(scan, scan->at),
        "expected a value, found the word %.*s: a text stands in double quotes, words are true, false, null",
        (int)(len < 40 ? len : 40), here);
    return ERR_INVALID;
}

static int scan_array(struct scan *scan)
{
    scan->at++;
    skip_space(scan);
    if (accept(scan, ']'))
        return 0;
    for (;;) {
        int r = scan_value(scan, (struct json_place){ .key_line = 0 });
        if (r < 0)
            return r;
        skip_space(scan);
        if (accept(scan, ']'))
            return 0;
        if (!accept(scan, ','))
            return expected(scan, "\",\" or \"]\" after an item of an array");
        skip_space(scan);
    }
}

static int scan_object(struct scan *scan)
{
    scan->at++;
    skip_space(scan);
    if (accept(scan, '}'))
        return 0;
    for (;;) {
        if (peek(scan) != '"')
            return expected(scan, "a key in double quotes");
        struct json_place place = { .key_line = scan->line, .key_column = column_of(scan, scan->at) };
        int r = scan_text(scan);
        if (r < 0)
            return r;
        skip_space(scan);
        if (!accept(scan, ':'))
            return expected(scan, "\":\" after a key");
        skip_space(scan);
        r = scan_value(scan, place);
        if (r < 0)
            return r;
        skip_space(scan);
        if (accept(scan, '}'))
            return 0;
        if (!accept(scan, ','))
            return expected(scan, "\",\" or \"}\" after a member of an object");
        skip_space(scan);
    }
}

/* One level further down. */
static int scan_nested(struct scan *scan, int (*scan_inside)(struct scan *))
{
    if (scan->depth == JSON_MAX_DEPTH) {
        json_fault_add(scan->faults, scan->line, column_of(scan, scan->at), "nested deeper than %d levels",
                       JSON_MAX_DEPTH);
        return ERR_INVALID;
    }
    scan->depth++;
    int r = scan_inside(scan);
    scan->depth--;
    return r;
}

/* A value from its first byte; `place` says under which key. */
static int scan_value(struct scan *scan, struct json_place place)
{
    int c = peek(scan);
    place.line = scan->line;
    place.column = column_of(scan, scan->at);
    if (c == '-' || (c >= '0' && c <= '9')) {
        int r = scan_number(scan, &place);
        place_add(scan->places, &place);
        return r;
    }
    place_add(scan->places, &place);
    if (c == '"')
        return scan_text(scan);
    if (c == '[')
        return scan_nested(scan, scan_array);
    if (c == '{')
        return scan_nested(scan, scan_object);
    return scan_word(scan);
}

int json_scan(const char *bytes, size_t len, struct json_places *ret_places, struct json_faults *faults)
{
    struct scan scan = { .bytes = bytes, .len = len, .line = 1, .places = ret_places, .faults = faults };
    skip_space(&scan);
    int r = scan_value(&scan, (struct json_place){ .key_line = 0 });
    if (r < 0)
        return r;
    skip_space(&scan);
    return scan.at == len ? 0 : expected(&scan, "nothing after the value");
}
