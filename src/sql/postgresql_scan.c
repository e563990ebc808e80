#include "postgresql_scan.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"

/* Parentheses within parentheses, of which the parser itself takes fewer. */
#define LEVELS_MAX 256

/* While a statement is walked: for each open parenthesis what nests in it since its last comma. */
struct nest {
    size_t level;             /* open parentheses */
    size_t since[LEVELS_MAX]; /* at each level */
    size_t sum;               /* of `since` up to `level` */
    size_t chained;           /* SELECT ... UNION ..., joins, open CASEs */
    size_t deepest;
    size_t cases; /* CASE without its END */
    bool block;   /* BEGIN ATOMIC ... END */
};

struct word {
    const char *text;
    size_t len;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool word_is(struct word word, const char *other)
{
    return strlen(other) == word.len && strncasecmp(word.text, other, word.len) == 0;
}

/* Behind a block comment, which nests; the end of the text where it is not closed. */
static size_t block_comment_end(const char *text, size_t at, bool *ret_open)
{
    size_t depth = 0;
    for (; text[at]; at++) {
        if (text[at] == '/' && text[at + 1] == '*') {
            depth++;
            at++;
        } else if (text[at] == '*' && text[at + 1] == '/') {
            at++;
            if (--depth == 0)
                return at + 1;
        }
    }
    *ret_open = true;
    return at;
}

static size_t quote_end(const char *text, size_t at, bool backslash, bool *ret_open)
{
    char quote = text[at++];
    for (; text[at]; at++) {
        if (backslash && text[at] == '\\' && text[at + 1])
            at++;
        else if (text[at] == quote && text[at + 1] == quote)
            at++;
        else if (text[at] == quote)
            return at + 1;
    }
    *ret_open = true;
    return at;
}

/* Behind $tag$...$tag$, or behind the "$" alone where it opens nothing ("$1"). */
static size_t dollar_end(const char *text, size_t at, bool *ret_open)
{
    size_t tag = at + 1;
    if (is_word_start(text[tag]))
        while (is_word(text[tag]) && text[tag] != '$')
            tag++;
    if (text[tag] != '$')
        return at + 1;
    size_t len = tag + 1 - at;
    for (size_t from = tag + 1; text[from]; from++) {
        const char *mark = strchr(text + from, '$');
        if (mark == NULL)
            break;
        from = (size_t)(mark - text);
        if (strncmp(mark, text + at, len) == 0)
            return from + len;
    }
    *ret_open = true;
    return at + strlen(text + at);
}

static size_t space_end(const char *text, size_t at, bool *ret_open)
{
    for (;;) {
        if (is_space(text[at]))
            at++;
        else if (text[at] == '-' && text[at + 1] == '-')
            at += strcspn(text + at, "\r\n");
        else if (text[at] == '/' && text[at + 1] == '*')
            at = block_comment_end(text, at, ret_open);
        else
            return at;
    }
}

static void nest_note(struct nest *nest)
{
    if (nest->sum + nest->chained > nest->deepest)
        nest->deepest = nest->sum + nest->chained;
}

static void nest_deeper(struct nest *nest)
{
    nest->since[nest->level < LEVELS_MAX ? nest->level : LEVELS_MAX - 1]++;
    nest->sum++;
    nest_note(nest);
}

static void nest_forget(struct nest *nest)
{
    if (nest->level < LEVELS_MAX) {
        nest->sum -= nest->since[nest->level];
        nest->since[nest->level] = 0;
    }
}

static void nest_open(struct nest *nest)
{
    nest_deeper(nest);
    nest->level++;
    if (nest->level < LEVELS_MAX)
        nest->since[nest->level] = 0;
}

static void nest_close(struct nest *nest)
{
    if (nest->level == 0)
        return;
    nest_forget(nest);
    nest->level--;
}

/* Key words that take an operand, and so can be strung together without parentheses. */
static const char *const operators[] = { "not",  "is",    "isnull",  "notnull", "collate",  "at",      "in",
                                         "like", "ilike", "similar", "between", "overlaps", "operator" };
/* What stands on both sides of these is beside each other in the tree. */
static const char *const separators[] = { "and", "or", "when", "then", "else" };
/* These nest across commas and separators. */
static const char *const chains[] = { "union", "intersect", "except", "join" };

static bool word_in(struct word word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (word_is(word, list[i]))
            return true;
    return false;
}

static void nest_word(struct nest *nest, struct word word, struct word before)
{
    if (word_in(word, chains, ARRAY_LEN(chains))) {
        nest->chained++;
        nest_note(nest);
    } else if (word_in(word, operators, ARRAY_LEN(operators))) {
        nest_deeper(nest);
    } else if (word_in(word, separators, ARRAY_LEN(separators))) {
        nest_forget(nest);
    } else if (word_is(word, "atomic") && word_is(before, "begin")) {
        nest->block = true;
    } else if (word_is(word, "case")) {
        nest->cases++;
        nest->chained++;
        nest_note(nest);
    } else if (word_is(word, "end")) {
        if (nest->cases) {
            nest->cases--;
            nest->chained--;
        } else {
            nest->block = false;
        }
    }
}

static void nest_byte(struct nest *nest, char c)
{
    switch (c) {
    case '(':
    case '[':
        nest_open(nest);
        break;
    case ')':
    case ']':
        nest_close(nest);
        break;
    case ',':
    case ';':
        nest_forget(nest);
        break;
    default:
        if (strchr("+-*/<>=~!@#%^&|`?:", c))
            nest_deeper(nest);
    }
}

/* Moves over one token at `at` that is neither space nor comment. */
static size_t token_end(const char *text, size_t at, struct nest *nest, struct word *before, bool *ret_open)
{
    struct word word = { text + at, 0 };
    char c = text[at];

    if (c == '\'' || c == '"') {
        *before = word;
        return quote_end(text, at, false, ret_open);
    }
    if (c == '$') {
        *before = word;
        return dollar_end(text, at, ret_open);
    }
    if (!is_word(c)) {
        nest_byte(nest, c);
        *before = word;
        return at + 1;
    }
    while (is_word(text[at]))
        at++;
    word.len = (size_t)(text + at - word.text);
    if (text[at] == '\'' && word_is(word, "e"))
        return quote_end(text, at, true, ret_open);
    nest_word(nest, word, *before);
    *before = word;
    return at;
}

void scan_init(struct scan *scan, const char *text, bool client_lines)
{
    *scan = (struct scan){ .text = text, .line = 1, .client_lines = client_lines };
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        scan->at = 3;
}

static void scan_move(struct scan *scan, size_t to)
{
    for (; scan->at < to; scan->at++)
        if (scan->text[scan->at] == '\n') {
            scan->line++;
            scan->line_begin = scan->at + 1;
        }
}

/* To the first byte of a statement; false where none is left. */
static bool scan_begin(struct scan *scan, bool *ret_open)
{
    for (;;) {
        scan_move(scan, space_end(scan->text, scan->at, ret_open));
        if (scan->text[scan->at] == ';')
            scan_move(scan, scan->at + 1);
        else if (scan->client_lines && scan->text[scan->at] == '\\')
            scan_move(scan, scan->at + strcspn(scan->text + scan->at, "\n"));
        else
            return scan->text[scan->at] != '\0' || *ret_open;
    }
}

bool scan_next(struct scan *scan, struct piece *ret)
{
    struct nest nest = { 0 };
    struct word before = { scan->text, 0 };
    bool open = false;

    if (!scan_begin(scan, &open))
        return false;
    size_t at = scan->at;
    size_t end = at; /* behind the last token */
    *ret = (struct piece){ .text = scan->text + at,
                           .line = scan->line,
                           .column = (int)(at - scan->line_begin) + 1 };
    while (scan->text[at] && (scan->text[at] != ';' || nest.level || nest.block)) {
        at = end = token_end(scan->text, at, &nest, &before, &open);
        at = space_end(scan->text, at, &open);
    }
    ret->len = (size_t)(scan->text + end - ret->text);
    ret->nesting = nest.deepest;
    ret->unterminated = open;
    scan_move(scan, at);
    return true;
}

size_t scan_nesting(const char *text)
{
    struct scan scan;
    struct piece piece;
    scan_init(&scan, text, false);
    return scan_next(&scan, &piece) ? piece.nesting : 0;
}
