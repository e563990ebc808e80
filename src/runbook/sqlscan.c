#include "sqlscan.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"

/* "${" and a name, which is an id of at most 64 bytes: looking further for the "}" would make a text full of
 * "${" quadratic. */
#define SQL_PARAM_MAX (2 + 64)

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_word_start(c) || is_digit(c);
}

static size_t space_length(const char *s)
{
    size_t n = 0;
    while (is_space(s[n]))
        n++;
    return n;
}

static size_t line_comment_length(const char *s)
{
    return strcspn(s, "\r\n");
}

/* Block comments nest. 0 if it is not closed. */
static size_t block_comment_length(const char *s)
{
    size_t depth = 0;
    for (size_t n = 0; s[n]; n++) {
        if (s[n] == '/' && s[n + 1] == '*') {
            depth++;
            n++;
        } else if (s[n] == '*' && s[n + 1] == '/') {
            n++;
            if (--depth == 0)
                return n + 1;
        }
    }
    return 0;
}

/* From the opening quote to behind the closing one; doubled quotes belong to it. 0 if it is not closed. */
static size_t quoted_length(const char *s, char quote, bool backslash)
{
    for (size_t n = 1; s[n]; n++) {
        if (backslash && s[n] == '\\' && s[n + 1])
            n++;
        else if (s[n] == quote && s[n + 1] == quote)
            n++;
        else if (s[n] == quote)
            return n + 1;
    }
    return 0;
}

/* A literal goes on, under the rules with which it began, when only space with a line end and -- comments
 * stand before the next quote. Returns the bytes up to that quote, 0 if it does not go on. */
static size_t continuation_length(const char *s)
{
    bool line_end = false;
    for (size_t n = 0;;) {
        if (is_space(s[n])) {
            line_end = line_end || s[n] == '\n' || s[n] == '\r';
            n++;
        } else if (s[n] == '-' && s[n + 1] == '-') {
            n += line_comment_length(s + n);
        } else {
            return s[n] == '\'' && line_end ? n : 0;
        }
    }
}

static void scan_literal(const char *s, bool backslash, struct sql_token *token)
{
    size_t n = backslash ? 1 : 0; /* the E */
    token->kind = SQL_LITERAL;
    for (;;) {
        size_t part = quoted_length(s + n, '\'', backslash);
        if (part == 0) {
            token->unterminated = true;
            token->len = strlen(s);
            return;
        }
        n += part;
        size_t gap = continuation_length(s + n);
        if (gap == 0)
            break;
        n += gap;
    }
    token->len = n;
}

/* "$tag$" with a tag that may be empty: its length, 0 if this is none. */
static size_t dollar_tag_length(const char *s)
{
    size_t n = 1;
    if (is_word_start(s[n])) {
        while (is_word(s[n]))
            n++;
    }
    return s[n] == '$' ? n + 1 : 0;
}

static void scan_dollar(const char *s, size_t tag, struct sql_token *token)
{
    token->kind = SQL_DOLLAR;
    token->body = tag;
    for (const char *end = strchr(s + tag, '$'); end; end = strchr(end + 1, '$')) {
        if (strncmp(end, s, tag) == 0) {
            token->len = (size_t)(end - s) + tag;
            return;
        }
    }
    token->unterminated = true;
    token->len = strlen(s);
}

static void scan_at_dollar(const char *s, struct sql_token *token)
{
    size_t tag = dollar_tag_length(s);
    if (tag > 0) {
        scan_dollar(s, tag, token);
    } else if (s[1] == '{') {
        size_t n = 2;
        while (n < SQL_PARAM_MAX && s[n] && s[n] != '}')
            n++;
        token->kind = SQL_PARAM;
        token->len = s[n] == '}' ? n + 1 : 2;
    }
}

static void scan_word(const char *s, struct sql_token *token)
{
    size_t n = 0;
    while (is_digit(s[n]))
        n++;
    /* an identifier may hold $, a number may not; the $ of a param never belongs to it */
    while (n == 0 || !is_digit(*s)) {
        if (!is_word(s[n]) && !(s[n] == '$' && s[n + 1] != '{'))
            break;
        n++;
    }
    if (n == 1 && (*s == 'e' || *s == 'E') && s[1] == '\'') {
        scan_literal(s, true, token);
        return;
    }
    token->kind = SQL_WORD;
    token->len = n;
}

static void scan_delimited(size_t len, enum sql_token_kind kind, struct sql_token *token)
{
    token->kind = kind;
    token->unterminated = len == 0;
    token->len = len ? len : strlen(token->text);
}

bool sql_next(const char *text, size_t *at, struct sql_token *ret_token)
{
    const char *s = text + *at;
    *ret_token = (struct sql_token){ .kind = SQL_OTHER, .text = s, .len = 1 };
    if (*s == '\0')
        return false;
    if (is_space(*s)) {
        scan_delimited(space_length(s), SQL_SPACE, ret_token);
    } else if (s[0] == '-' && s[1] == '-') {
        scan_delimited(line_comment_length(s), SQL_COMMENT, ret_token);
    } else if (s[0] == '/' && s[1] == '*') {
        scan_delimited(block_comment_length(s), SQL_COMMENT, ret_token);
    } else if (*s == '\'') {
        scan_literal(s, false, ret_token);
    } else if (*s == '"') {
        scan_delimited(quoted_length(s, '"', false), SQL_IDENTIFIER, ret_token);
    } else if (*s == '$') {
        scan_at_dollar(s, ret_token);
    } else if (is_word(*s)) {
        scan_word(s, ret_token);
    } else if (*s == ';') {
        ret_token->kind = SQL_SEMICOLON;
    }
    *at += ret_token->len;
    return true;
}

static bool word_is(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_WORD && token->len == strlen(word) &&
           strncasecmp(token->text, word, token->len) == 0;
}

static void note_first_word(struct sql_facts *facts, const struct sql_token *token)
{
    static const char *const control[] = { "begin", "commit", "rollback", "abort" };
    facts->statements++;
    facts->vacuum = facts->vacuum || word_is(token, "vacuum");
    for (size_t i = 0; i < ARRAY_LEN(control); i++)
        facts->transaction_control = facts->transaction_control || word_is(token, control[i]);
}

struct sql_facts sql_facts(const char *text)
{
    struct sql_facts facts = { 0 };
    struct sql_token token;
    bool in_statement = false, starts = false;
    for (size_t at = 0; sql_next(text, &at, &token);) {
        if (token.kind == SQL_SPACE || token.kind == SQL_COMMENT)
            continue;
        if (token.kind == SQL_SEMICOLON) {
            in_statement = false;
            continue;
        }
        if (!in_statement)
            note_first_word(&facts, &token);
        /* START SLAVE is none. */
        facts.transaction_control = facts.transaction_control || (starts && word_is(&token, "transaction"));
        starts = !in_statement && word_is(&token, "start");
        in_statement = true;
        facts.concurrently = facts.concurrently || word_is(&token, "concurrently");
    }
    return facts;
}
