#include "sql/sql.h"
#include "mysql.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static char at(const struct ddl_lexer *lexer, size_t ahead)
{
    return lexer->len - lexer->at > ahead ? lexer->text[lexer->at + ahead] : '\0';
}

static void step(struct ddl_lexer *lexer, size_t count)
{
    for (; count > 0 && lexer->at < lexer->len; count--) {
        if (lexer->text[lexer->at++] == '\n') {
            lexer->line++;
            lexer->line_start = lexer->at;
        }
    }
}

static void step_line(struct ddl_lexer *lexer)
{
    while (lexer->at < lexer->len && at(lexer, 0) != '\n')
        step(lexer, 1);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Bytes over 127 are letters: names may be in any script. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
           (c & 0x80);
}

/* "--" begins a comment only before a blank, a control character or the end. */
static bool at_line_comment(const struct ddl_lexer *lexer)
{
    return at(lexer, 0) == '#' ||
           (at(lexer, 0) == '-' && at(lexer, 1) == '-' && (unsigned char)at(lexer, 2) <= ' ');
}

/* The number of a versioned comment after its '!', and how long it is; 0 where there is none. */
static int comment_version(const struct ddl_lexer *lexer, size_t from, size_t *ret_digits)
{
    int version = 0;
    size_t digits = 0;

    while (digits < 6 && is_digit(at(lexer, from + digits)))
        version = version * 10 + (at(lexer, from + digits++) - '0');
    if (digits < 5)
        version = 0, digits = 0;
    *ret_digits = digits;
    return version;
}

/* Is this comment code here? MariaDB leaves out what MySQL made for itself since 5.7 (manual, "Comment
 * Syntax"). */
static bool is_code(const struct ddl_lexer *lexer, size_t *ret_skip)
{
    bool maria = lexer->server->dialect == SQL_MARIADB;
    size_t from = at(lexer, 2) == '!' ? 3 : at(lexer, 2) == 'M' && at(lexer, 3) == '!' ? 4 : 0;
    size_t digits;
    int version;

    if (from == 0 || (from == 4 && !maria))
        return false;
    version = comment_version(lexer, from, &digits);
    *ret_skip = from + digits;
    if (from == 3 && maria && version >= 50700 && version <= 99999)
        return false;
    return version <= lexer->server->version;
}

/* From its slash on. False: it does not end. */
static bool skip_comment(struct ddl_lexer *lexer)
{
    step(lexer, 2);
    while (lexer->at < lexer->len && !(at(lexer, 0) == '*' && at(lexer, 1) == '/'))
        step(lexer, 1);
    if (lexer->at >= lexer->len)
        return false;
    step(lexer, 2);
    return true;
}

/* Passes over what is no token. False: a comment that does not end. */
static bool skip_blank(struct ddl_lexer *lexer)
{
    size_t skip = 0;

    while (lexer->at < lexer->len) {
        if (is_space(at(lexer, 0)) || at(lexer, 0) == '\0') {
            step(lexer, 1);
        } else if (at_line_comment(lexer)) {
            step_line(lexer);
        } else if (at(lexer, 0) == '/' && at(lexer, 1) == '*') {
            if (!lexer->versioned && is_code(lexer, &skip)) {
                step(lexer, skip);
                lexer->versioned = true;
            } else if (!skip_comment(lexer)) {
                return false;
            }
        } else if (lexer->versioned && at(lexer, 0) == '*' && at(lexer, 1) == '/') {
            step(lexer, 2);
            lexer->versioned = false;
        } else {
            break;
        }
    }
    return true;
}

static char unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'b':
        return '\b';
    case 'Z':
        return 26;
    default:
        return c;
    }
}

/* Where what begins behind a quote ends: at its quote, that is not doubled or escaped; the text's end:
 * nowhere.
 */
static size_t quote_end(const struct ddl_lexer *lexer, size_t from, char quote, bool escapes)
{
    size_t i;

    for (i = from; i < lexer->len; i++) {
        if (lexer->text[i] == '\\' && escapes)
            i++;
        else if (lexer->text[i] == quote && (i + 1 >= lexer->len || lexer->text[i + 1] != quote))
            return i;
        else if (lexer->text[i] == quote)
            i++;
    }
    return lexer->len;
}

/* A name or a string from its quote on; the quote inside is doubled, in strings perhaps also escaped. */
static bool quoted(struct ddl_lexer *lexer, struct ddl_token *ret)
{
    char quote = at(lexer, 0);
    bool name = quote == '`' || (quote == '"' && lexer->ansi);
    bool escapes = !name && !lexer->plain;
    size_t from = lexer->at + 1, end = quote_end(lexer, from, quote, escapes), used = 0;
    char *text;

    if (lexer->unsure && escapes && end != quote_end(lexer, from, quote, false))
        lexer->differs = true;
    if (end >= lexer->len)
        return false;
    text = arena_alloc(lexer->arena, end - from + 1);
    for (size_t k = from; k < end; k++) {
        char c = lexer->text[k];

        if (c == '\\' && escapes)
            c = unescaped(lexer->text[++k]);
        else if (c == quote)
            k++;
        text[used++] = c == '\0' ? ' ' : c;
    }
    ret->kind = name ? TOKEN_QUOTED : TOKEN_STRING;
    ret->text = text;
    step(lexer, end + 1 - lexer->at);
    return true;
}

static size_t number_length(const struct ddl_lexer *lexer)
{
    size_t n = 0;

    while (is_digit(at(lexer, n)))
        n++;
    if (at(lexer, n) == '.') {
        n++;
        while (is_digit(at(lexer, n)))
            n++;
    }
    if ((at(lexer, n) | 32) == 'e' &&
        (is_digit(at(lexer, n + 1)) ||
         ((at(lexer, n + 1) == '-' || at(lexer, n + 1) == '+') && is_digit(at(lexer, n + 2))))) {
        n += 2;
        while (is_digit(at(lexer, n)))
            n++;
    }
    return n;
}

static size_t word_length(const struct ddl_lexer *lexer)
{
    size_t n = 0;

    while (is_letter(at(lexer, n)) && lexer->at + n < lexer->len)
        n++;
    return n;
}

/* What begins with a digit is a name when letters follow, unless it is a number with an exponent or 0x. */
static bool is_number(const struct ddl_lexer *lexer)
{
    size_t number = number_length(lexer);

    return (is_digit(at(lexer, 0)) && number >= word_length(lexer)) ||
           (at(lexer, 0) == '.' && is_digit(at(lexer, 1)));
}

static size_t variable_length(const struct ddl_lexer *lexer)
{
    size_t n = 1;

    while (at(lexer, n) == '@' || at(lexer, n) == '.' || is_letter(at(lexer, n)))
        n++;
    return n;
}

static void bad(struct ddl_lexer *lexer, struct ddl_token *ret, const char *why)
{
    ret->kind = TOKEN_BAD;
    ret->text = why;
    step(lexer, lexer->len - lexer->at);
}

/* N'...', x'...', b'...': a letter that belongs to the string. */
static bool is_prefixed_string(const struct ddl_lexer *lexer)
{
    char c = (char)(at(lexer, 0) | 32);

    return (c == 'n' || c == 'x' || c == 'b') && at(lexer, 1) == '\'';
}

void ddl_lexer_token(struct ddl_lexer *lexer, struct ddl_token *ret)
{
    size_t len = 1;
    bool whole = skip_blank(lexer);

    memset(ret, 0, sizeof *ret);
    ret->text = "";
    ret->start = lexer->at;
    ret->line = lexer->line;
    ret->column = (int)(lexer->at - lexer->line_start) + 1;
    if (!whole) {
        bad(lexer, ret, "a comment that does not end");
    } else if (lexer->at < lexer->len) {
        char c;

        if (is_prefixed_string(lexer))
            step(lexer, 1);
        c = at(lexer, 0);
        if (c == '\'' || c == '"' || c == '`') {
            if (!quoted(lexer, ret))
                bad(lexer, ret,
                    c == '`' || (c == '"' && lexer->ansi) ? "a name that does not end"
                                                          : "a string that does not end");
        } else {
            ret->kind = TOKEN_SIGN;
            if (is_number(lexer))
                ret->kind = TOKEN_NUMBER, len = number_length(lexer);
            else if (is_letter(c))
                ret->kind = TOKEN_WORD, len = word_length(lexer);
            else if (c == '@')
                ret->kind = TOKEN_VARIABLE, len = variable_length(lexer);
            else if (c == ':' && at(lexer, 1) == '=')
                len = 2;
            ret->text = arena_text_len(lexer->arena, lexer->text + lexer->at, len);
            step(lexer, len);
        }
    }
    ret->end = lexer->at;
}

void ddl_lexer_init(struct ddl_lexer *lexer, struct arena *arena, const struct sql_server *server,
                    const char *text)
{
    memset(lexer, 0, sizeof *lexer);
    lexer->arena = arena;
    lexer->server = server;
    lexer->text = text;
    lexer->len = strlen(text);
    lexer->line = 1;
    lexer->delimiter[0] = ';';
    lexer->client = true;
}

void ddl_lexer_mode(struct ddl_lexer *lexer, enum sql_reading reading)
{
    lexer->client = lexer->unsure = reading == SQL_READ_USUAL;
    lexer->ansi = lexer->plain = reading == SQL_READ_OURS;
}

/* DELIMITER is the client's, a line at the beginning of a statement. */
static bool take_delimiter_line(struct ddl_lexer *lexer)
{
    static const char word[] = "delimiter";
    size_t n = sizeof word - 1;
    size_t len = 0;

    if (!lexer->client || lexer->len - lexer->at <= n || strncasecmp(lexer->text + lexer->at, word, n) != 0 ||
        !is_space(at(lexer, n)))
        return false;
    step(lexer, n);
    while (at(lexer, 0) == ' ' || at(lexer, 0) == '\t')
        step(lexer, 1);
    while (lexer->at + len < lexer->len && !is_space(at(lexer, len)))
        len++;
    if (len > 0 && len <= DDL_DELIMITER_MAX) {
        memcpy(lexer->delimiter, lexer->text + lexer->at, len);
        lexer->delimiter[len] = '\0';
    }
    step_line(lexer);
    return true;
}

static bool take_delimiter(struct ddl_lexer *lexer)
{
    size_t len = strlen(lexer->delimiter);

    if (lexer->len - lexer->at >= len && memcmp(lexer->text + lexer->at, lexer->delimiter, len) == 0) {
        step(lexer, len);
        return true;
    }
    if (lexer->client && at(lexer, 0) == '\\' && (at(lexer, 1) | 32) == 'g') {
        step(lexer, 2);
        return true;
    }
    return false;
}

static bool is_one_of(const struct ddl_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; token->kind == TOKEN_WORD && i < count; i++) {
        if (strcasecmp(token->text, words[i]) == 0)
            return true;
    }
    return false;
}

/* How deep in blocks a routine's body is after this token: its semicolons do not end the statement. */
static int block_depth(const struct ddl_token *tokens, size_t count, int depth)
{
    static const char *const routines[] = { "procedure", "function", "trigger", "event", "package" };
    static const char *const opens[] = { "begin", "case", "loop", "repeat", "while", "if" };
    static const char *const end[] = { "end" };
    static const char *const create[] = { "create" };
    const struct ddl_token *last = &tokens[count - 1];
    bool body = false;

    for (size_t i = 1; i < count && i < 24 && !body; i++)
        body = is_one_of(&tokens[i], routines, ARRAY_LEN(routines));
    if (!body || !is_one_of(&tokens[0], create, 1))
        return 0;
    if (is_one_of(last, end, 1))
        return depth > 0 ? depth - 1 : 0;
    if (count > 1 && is_one_of(&tokens[count - 2], end, 1))
        return depth; /* END IF, END LOOP: the word belongs to it */
    /* IF and REPEAT are also functions and IF EXISTS: only a statement of a block begins after a ; or a
     * block's word. */
    if (is_one_of(last, opens, 2))
        return depth + 1;
    if (depth > 0 && is_one_of(last, opens, ARRAY_LEN(opens)) && tokens[count - 2].kind != TOKEN_SIGN)
        return depth + 1;
    return depth > 0 && is_one_of(last, opens, ARRAY_LEN(opens)) && strcmp(tokens[count - 2].text, ";") == 0
               ? depth + 1
               : depth;
}

static void keep(struct ddl_lexer *lexer, struct ddl_token **tokens, size_t *capacity, size_t count,
                 const struct ddl_token *token)
{
    if (count == *capacity) {
        size_t more = *capacity == 0 ? 32 : *capacity * 2;
        struct ddl_token *grown = arena_array(lexer->arena, more, sizeof **tokens);

        if (count > 0)
            memcpy(grown, *tokens, count * sizeof *grown);
        *tokens = grown;
        *capacity = more;
    }
    (*tokens)[count] = *token;
}

bool ddl_lexer_statement(struct ddl_lexer *lexer, struct ddl_tokens *ret)
{
    struct ddl_token *tokens = NULL;
    struct ddl_token token = { 0 };
    size_t capacity = 0, count = 0;
    int depth = 0;

    ret->cut = false;
    for (;;) {
        bool whole = skip_blank(lexer);

        if (count == 0 && take_delimiter_line(lexer))
            continue;
        if (whole && lexer->at < lexer->len && depth == 0 && take_delimiter(lexer)) {
            if (count > 0)
                break;
            continue;
        }
        ddl_lexer_token(lexer, &token);
        if (!whole)
            bad(lexer, &token, "a comment that does not end");
        if (token.kind == TOKEN_END)
            break;
        if (count >= DDL_TOKENS_MAX) {
            ret->cut = true;
            continue;
        }
        keep(lexer, &tokens, &capacity, count++, &token);
        depth = strcmp(lexer->delimiter, ";") == 0 ? block_depth(tokens, count, depth) : 0;
    }
    if (count == 0)
        return false;
    memset(&token, 0, sizeof token);
    token.text = "";
    token.start = token.end = tokens[count - 1].end;
    token.line = tokens[count - 1].line;
    token.column = tokens[count - 1].column;
    keep(lexer, &tokens, &capacity, count, &token);
    ret->at = tokens;
    ret->count = count + 1;
    return true;
}
