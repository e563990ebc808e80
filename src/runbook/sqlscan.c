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

/* MySQL and MariaDB, which have much in common. */
static bool is_mysql(enum target_engine engine)
{
    return engine != ENGINE_POSTGRESQL;
}

/* ---- comments ---- */

static bool begins_line_comment(const char *s, enum target_engine engine)
{
    unsigned char behind = s[0] == '-' && s[1] == '-' ? (unsigned char)s[2] : 'x';
    if (!is_mysql(engine))
        return s[0] == '-' && s[1] == '-';
    /* only before a blank, a control character or the end (MySQL 8.4 manual, 11.7) */
    return s[0] == '#' || behind <= ' ' || behind == 0x7f;
}

static size_t line_comment_length(const char *s, enum target_engine engine)
{
    return strcspn(s, is_mysql(engine) ? "\n" : "\r\n");
}

/* PostgreSQL's block comments nest. 0 if it is not closed. */
static size_t nested_comment_length(const char *s)
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

static size_t block_comment_length(const char *s, enum target_engine engine)
{
    if (!is_mysql(engine))
        return nested_comment_length(s);
    const char *end = strstr(s + 2, "*/");
    return end ? (size_t)(end - s) + 2 : 0;
}

/* The begin of a comment that is code for servers of some versions, with the number of the version; 0 if this
 * is none. */
static size_t perhaps_length(const char *s, enum target_engine engine)
{
    size_t n = s[2] == '!' ? 3 : engine == ENGINE_MARIADB && s[2] == 'M' && s[3] == '!' ? 4 : 0, digits = 0;
    if (n == 0 || !is_mysql(engine))
        return 0;
    while (digits < 6 && is_digit(s[n + digits]))
        digits++;
    return digits >= 5 ? n + digits : n;
}

/* ---- quotes ---- */

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

/* PostgreSQL: a literal goes on, under the rules with which it began, when only space with a line end and --
 * comments stand before the next quote. Returns the bytes up to that quote, 0 if it does not go on. */
static size_t continuation_length(const char *s, enum target_engine engine)
{
    bool line_end = false;
    for (size_t n = 0; !is_mysql(engine);) {
        if (is_space(s[n])) {
            line_end = line_end || s[n] == '\n' || s[n] == '\r';
            n++;
        } else if (s[n] == '-' && s[n + 1] == '-') {
            n += line_comment_length(s + n, engine);
        } else {
            return s[n] == '\'' && line_end ? n : 0;
        }
    }
    return 0;
}

static void scan_literal(const char *s, enum target_engine engine, bool backslash, struct sql_token *token)
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
        size_t gap = continuation_length(s + n, engine);
        if (gap == 0)
            break;
        n += gap;
    }
    token->len = n;
}

/* "$tag$" with a tag that may be empty: its length, 0 if this is none. An older MySQL takes it for a name,
 * such as is deprecated since 8.0.32: of the two this reading lets less stand behind it. */
static size_t dollar_tag_length(const char *s, enum target_engine engine)
{
    size_t n = 1;
    if (engine == ENGINE_MARIADB)
        return 0;
    if (is_word_start(s[n]) || (is_mysql(engine) && is_digit(s[n]))) {
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

/* ---- words ---- */

static void scan_word(const char *s, enum target_engine engine, struct sql_token *token)
{
    size_t n = 0;
    while (is_digit(s[n]) && !is_mysql(engine))
        n++;
    /* an identifier may hold $, a number may not (MySQL's may begin with a digit); the $ of a param never
     * belongs to it */
    while (n == 0 || !is_digit(*s) || is_mysql(engine)) {
        if (!is_word(s[n]) && !(s[n] == '$' && s[n + 1] != '{'))
            break;
        n++;
    }
    if (n == 1 && (*s == 'e' || *s == 'E') && s[1] == '\'' && !is_mysql(engine)) {
        scan_literal(s, engine, true, token);
        return;
    }
    token->kind = SQL_WORD;
    token->len = n;
}

static void scan_at_dollar(const char *s, enum target_engine engine, struct sql_token *token)
{
    size_t tag = dollar_tag_length(s, engine);
    if (tag > 0) {
        scan_dollar(s, tag, token);
    } else if (s[1] == '{') {
        size_t n = 2;
        while (n < SQL_PARAM_MAX && s[n] && s[n] != '}')
            n++;
        token->kind = SQL_PARAM;
        token->len = s[n] == '}' ? n + 1 : 2;
    } else if (is_mysql(engine)) {
        scan_word(s, engine, token);
    }
}

/* ---- all ---- */

static void scan_delimited(size_t len, enum sql_token_kind kind, struct sql_token *token)
{
    token->kind = kind;
    token->unterminated = len == 0;
    token->len = len ? len : strlen(token->text);
}

static void scan_block_comment(struct sql_scan *scan, const char *s, struct sql_token *token)
{
    size_t begin = scan->perhaps ? 0 : perhaps_length(s, scan->engine);
    if (begin == 0) {
        scan_delimited(block_comment_length(s, scan->engine), SQL_COMMENT, token);
        return;
    }
    scan->perhaps = token->perhaps = true;
    scan_delimited(begin, SQL_COMMENT, token);
    token->unterminated = strstr(s + begin, "*/") == NULL;
}

static void scan_code(const char *s, enum target_engine engine, struct sql_token *token)
{
    if (*s == '\'')
        scan_literal(s, engine, false, token);
    else if (*s == '"' || (*s == '`' && is_mysql(engine)))
        scan_delimited(quoted_length(s, *s, false), SQL_IDENTIFIER, token);
    else if (*s == '$')
        scan_at_dollar(s, engine, token);
    else if (is_word(*s))
        scan_word(s, engine, token);
    else if (*s == ';')
        token->kind = SQL_SEMICOLON;
}

/* Who passes over a comment counts no quotes; of comments in it, it counts one. */
static bool divides(const struct sql_token *token)
{
    bool quotes = token->kind == SQL_LITERAL || token->kind == SQL_IDENTIFIER || token->kind == SQL_DOLLAR;
    for (size_t i = 0; (quotes || token->line) && i + 1 < token->len; i++) {
        const char *at = token->text + i;
        if ((at[0] == '/' && at[1] == '*') || (at[0] == '*' && at[1] == '/'))
            return true;
    }
    return false;
}

bool sql_next(struct sql_scan *scan, struct sql_token *ret_token)
{
    const char *s = scan->text + scan->at;
    *ret_token = (struct sql_token){ .kind = SQL_OTHER, .text = s, .len = 1, .perhaps = scan->perhaps };
    if (*s == '\0')
        return false;
    if (is_space(*s)) {
        scan_delimited(space_length(s), SQL_SPACE, ret_token);
    } else if (begins_line_comment(s, scan->engine)) {
        scan_delimited(line_comment_length(s, scan->engine), SQL_COMMENT, ret_token);
        ret_token->line = true;
    } else if (s[0] == '/' && s[1] == '*') {
        scan_block_comment(scan, s, ret_token);
    } else if (scan->perhaps && s[0] == '*' && s[1] == '/') {
        scan_delimited(2, SQL_COMMENT, ret_token);
        scan->perhaps = false;
    } else {
        scan_code(s, scan->engine, ret_token);
    }
    ret_token->divides = ret_token->perhaps && divides(ret_token);
    scan->at += ret_token->len;
    return true;
}

/* ---- statements ---- */

static bool word_is(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_WORD && token->len == strlen(word) &&
           strncasecmp(token->text, word, token->len) == 0;
}

static bool word_is_one_of(const struct sql_token *token, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (word_is(token, words[i]))
            return true;
    }
    return false;
}

/* Where in a statement a scan is. */
struct place {
    enum target_engine engine;
    size_t words;             /* tokens of this statement so far */
    bool starts, begins;      /* the token before was its first, START or BEGIN */
    bool creates, of_routine; /* it is CREATE, and of a routine */
};

static void note_first_word(struct place *place, struct sql_facts *facts, const struct sql_token *token)
{
    static const char *const controls[] = { "begin", "commit", "rollback", "abort" };
    bool mysql = is_mysql(place->engine);
    facts->statements++;
    facts->vacuum = facts->vacuum || (!mysql && word_is(token, "vacuum"));
    place->starts = word_is(token, "start");
    place->begins = word_is(token, "begin");
    place->creates = mysql && word_is(token, "create");
    if (word_is_one_of(token, controls, ARRAY_LEN(controls)) &&
        !(place->begins && place->engine == ENGINE_MARIADB))
        facts->transaction_control = true;
}

/* MariaDB's BEGIN is known by the word behind it: BEGIN NOT ATOMIC is a block, and no transaction. */
static void note_begin(struct place *place, struct sql_facts *facts, bool is_block)
{
    if (place->begins && place->engine == ENGINE_MARIADB && !is_block)
        facts->transaction_control = true;
}

static void note_word(struct place *place, struct sql_facts *facts, const struct sql_token *token)
{
    static const char *const routines[] = { "procedure", "function", "trigger", "event", "package" };
    /* START SLAVE is none. */
    facts->transaction_control =
        facts->transaction_control || (place->starts && word_is(token, "transaction"));
    note_begin(place, facts, word_is(token, "not"));
    place->of_routine =
        place->of_routine || (place->creates && word_is_one_of(token, routines, ARRAY_LEN(routines)));
    place->starts = false;
}

/* Whether a block begins, whose semicolons end no statement: a session of ours sends a server one statement
 * at a time, so that it reads all that comes as a part of it, or refuses it. */
static bool begins_block(const struct place *place, const struct sql_token *token)
{
    static const char *const opens[] = { "begin", "case", "if", "loop", "repeat", "while" };
    bool maria = place->engine == ENGINE_MARIADB;
    return (place->of_routine && word_is_one_of(token, opens, ARRAY_LEN(opens))) ||
           (maria && place->begins && word_is(token, "not"));
}

struct sql_facts sql_facts(const char *text, enum target_engine engine)
{
    struct sql_facts facts = { 0 };
    struct sql_scan scan = { text, engine, 0, false };
    struct sql_token token;
    struct place place = { .engine = engine };
    while (sql_next(&scan, &token)) {
        if (token.kind == SQL_SPACE || token.kind == SQL_COMMENT)
            continue;
        if (token.kind == SQL_SEMICOLON) {
            note_begin(&place, &facts, false);
            place = (struct place){ .engine = engine };
            continue;
        }
        if (place.words++ == 0) {
            note_first_word(&place, &facts, &token);
        } else {
            note_word(&place, &facts, &token);
            if (begins_block(&place, &token))
                return facts;
            place.begins = false;
        }
        facts.concurrently =
            facts.concurrently || (engine == ENGINE_POSTGRESQL && word_is(&token, "concurrently"));
    }
    note_begin(&place, &facts, false);
    return facts;
}
