#include "driver/sql_words.h"

#include <string.h>

#include "base/err.h"

static bool is_word_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool is_word(unsigned char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

/* `at` stands on the opening quote. A doubled quote is two quoted texts in a row, which comes to the same. */
static const char *skip_quoted(const char *at, char quote, bool backslash)
{
    for (at++; *at != '\0' && *at != quote; at++) {
        if (backslash && *at == '\\' && at[1] != '\0')
            at++;
    }
    return *at == '\0' ? at : at + 1;
}

/* Block comments nest in PostgreSQL. */
static const char *skip_comment(const char *at)
{
    int depth = 0;
    while (*at != '\0') {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                break;
        } else {
            at++;
        }
    }
    return at;
}

/* $tag$ ... $tag$; a lone dollar ($1) is skipped as one character. */
static const char *skip_dollar(const char *at)
{
    const char *end = at + 1;
    if (is_word_start((unsigned char)*end)) {
        while (is_word((unsigned char)*end) && *end != '$')
            end++;
    }
    if (*end != '$')
        return at + 1;

    size_t tag_len = (size_t)(end - at) + 1;
    for (const char *close = end + 1; *close != '\0'; close++) {
        if (strncmp(close, at, tag_len) == 0)
            return close + tag_len;
    }
    return end + strlen(end);
}

static const char *skip_line(const char *at)
{
    return at + strcspn(at, "\n");
}

static void take_word(const char *at, size_t len, char ret_word[SQL_WORD_MAX])
{
    ret_word[0] = '\0';
    if (len >= SQL_WORD_MAX)
        return;
    for (size_t i = 0; i < len; i++)
        ret_word[i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + 32) : at[i];
    ret_word[len] = '\0';
}

/* Past one token that is no word. */
static const char *skip_other(const char *at)
{
    if (*at == '\'')
        return skip_quoted(at, '\'', false);
    if (*at == '"')
        return skip_quoted(at, '"', false);
    if (*at == '$')
        return skip_dollar(at);
    if (at[0] == '-' && at[1] == '-')
        return skip_line(at);
    if (at[0] == '/' && at[1] == '*')
        return skip_comment(at);
    if (*at >= '0' && *at <= '9') {
        while (is_word((unsigned char)*at))
            at++;
        return at;
    }
    return at + 1;
}

bool sql_words_next(struct sql_words *words, char ret_word[SQL_WORD_MAX], bool *ret_first)
{
    while (*words->at != '\0') {
        const char *at = words->at;
        if (!is_word_start((unsigned char)*at)) {
            if (*at == ';')
                words->fresh = true;
            words->at = skip_other(at);
            continue;
        }
        size_t len = 1;
        while (is_word((unsigned char)at[len]))
            len++;
        if (len == 1 && (*at == 'e' || *at == 'E') && at[1] == '\'') {
            words->at = skip_quoted(at + 1, '\'', true);
            continue;
        }
        take_word(at, len, ret_word);
        *ret_first = words->fresh;
        words->fresh = false;
        words->at = at + len;
        return true;
    }
    return false;
}

bool sql_has_word(const char *text, const char *word)
{
    struct sql_words words = SQL_WORDS_INIT(text);
    char found[SQL_WORD_MAX];
    bool first;
    while (sql_words_next(&words, found, &first)) {
        if (strcmp(found, word) == 0)
            return true;
    }
    return false;
}

bool sql_begins(const char *text, const char *wanted)
{
    struct sql_words words = SQL_WORDS_INIT(text);
    char found[SQL_WORD_MAX];
    bool first;
    while (*wanted != '\0') {
        size_t len = strcspn(wanted, " ");
        if (!sql_words_next(&words, found, &first) || strlen(found) != len ||
            strncmp(found, wanted, len) != 0)
            return false;
        wanted += len;
        wanted += strspn(wanted, " ");
    }
    return true;
}

/* What PostgreSQL refuses inside a transaction block (PreventInTransactionBlock in its sources), because it
 * commits in between or touches files or another server; and CALL and DO, which may COMMIT by themselves. */
static const struct {
    const char *first, *second;
} in_parts[] = {
    { "vacuum", NULL },
    { "cluster", NULL },
    { "reindex", NULL },
    { "call", NULL },
    { "do", NULL },
    { "create", "database" },
    { "drop", "database" },
    { "alter", "database" },
    { "create", "tablespace" },
    { "drop", "tablespace" },
    { "create", "subscription" },
    { "drop", "subscription" },
    { "alter", "subscription" },
    { "alter", "system" },
};

bool sql_leaves_parts(const char *text)
{
    struct sql_words words = SQL_WORDS_INIT(text);
    char word[SQL_WORD_MAX], before[SQL_WORD_MAX] = "";
    bool first, second = false;
    while (sql_words_next(&words, word, &first)) {
        if (strcmp(word, "concurrently") == 0)
            return true;
        for (size_t i = 0; i < ARRAY_LEN(in_parts) && (first || second); i++) {
            if (first && in_parts[i].second == NULL && strcmp(word, in_parts[i].first) == 0)
                return true;
            if (second && in_parts[i].second != NULL && strcmp(before, in_parts[i].first) == 0 &&
                strcmp(word, in_parts[i].second) == 0)
                return true;
        }
        second = first;
        memcpy(before, word, sizeof(before));
    }
    return false;
}
