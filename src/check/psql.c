#include "psql.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define WORD    LETTERS "0123456789"

/* Commands that say something, or change how something is shown, and none of the statements. */
static const char *const harmless[] = { "a",   "conninfo", "echo",   "encoding", "p",    "pset", "qecho",
                                        "set", "t",        "timing", "unset",    "warn", "x" };

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static size_t behind(const char *text, size_t from, const char *mark)
{
    const char *end = strstr(text + from, mark);
    return end ? (size_t)(end - text) + strlen(mark) : strlen(text);
}

static size_t behind_quote(const char *text, size_t at)
{
    char quote = text[at];
    bool escapes =
        quote == '\'' && at > 0 && is_in(text[at - 1], "eE") && (at < 2 || !is_in(text[at - 2], WORD));
    for (at++; text[at]; at++) {
        if (escapes && text[at] == '\\' && text[at + 1])
            at++;
        else if (text[at] == quote)
            return at + 1;
    }
    return at;
}

static size_t behind_dollar(const char *text, size_t at)
{
    char tag[66] = "$";
    size_t len = is_in(text[at + 1], LETTERS) ? strspn(text + at + 1, WORD) : 0;
    if (text[at + 1 + len] != '$' || len > sizeof(tag) - 3)
        return at + 1;
    memcpy(tag, text + at, len + 2);
    tag[len + 2] = '\0';
    return behind(text, at + len + 2, tag);
}

/* Behind what is quoted or a comment; `at` itself where nothing of it begins. */
static size_t behind_closed(const char *text, size_t at)
{
    if (text[at] == '\'' || text[at] == '"')
        return behind_quote(text, at);
    if (text[at] == '$')
        return behind_dollar(text, at);
    if (text[at] == '-' && text[at + 1] == '-')
        return at + strcspn(text + at, "\n");
    if (text[at] == '/' && text[at + 1] == '*')
        return behind(text, at + 2, "*/");
    return at;
}

static void blank(char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        text[i] = text[i] == '\n' ? '\n' : ' ';
}

/* Rows follow the statement that begins at `begin` and ends before `end`, up to a line of "\.". */
static bool is_copy(const char *text, size_t begin, size_t end)
{
    begin += strspn(text + begin, " \t\r\n");
    if (strncasecmp(text + begin, "copy", 4) != 0)
        return false;
    for (size_t i = begin; i + 5 <= end; i++) {
        if (strncasecmp(text + i, "stdin", 5) == 0)
            return true;
    }
    return false;
}

static bool is_harmless(const char *word, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++) {
        if (strlen(harmless[i]) == len && strncmp(harmless[i], word, len) == 0)
            return true;
    }
    return false;
}

/* The command at `at` goes on to the end of its line; what sends a statement ends it. */
static size_t take_command(struct arena *arena, char *text, size_t at, struct psql_file *ret)
{
    size_t len = strspn(text + at + 1, WORD "!."), end = at + strcspn(text + at, "\n");
    if (!is_harmless(text + at + 1, len) && !ret->not_judged) {
        ret->not_judged = arena_format(arena, "\\%.*s is a command of psql's own", (int)len, text + at + 1);
        ret->at = at;
    }
    bool sends = text[at + 1] == 'g';
    blank(text, at, end);
    if (sends)
        text[at] = ';';
    return end;
}

static bool is_variable(const char *text, size_t at)
{
    return text[at] == ':' && (at == 0 || text[at - 1] != ':') && is_in(text[at + 1], LETTERS "'\"{");
}

void psql_read(struct arena *arena, const char *original, struct psql_file *ret)
{
    char *text = arena_text(arena, original);
    size_t begin = 0, at = 0;
    *ret = (struct psql_file){ .sql = text };
    while (text[at]) {
        size_t next = behind_closed(text, at);
        if (next > at) {
            at = next;
        } else if (text[at] == '\\') {
            at = take_command(arena, text, at, ret);
        } else if (is_variable(text, at)) {
            *ret =
                (struct psql_file){ .not_judged = "psql puts the values of its variables into it", .at = at };
            return;
        } else if (text[at] == ';') {
            size_t rows = at + 1;
            at = is_copy(text, begin, at) ? behind(text, rows, "\n\\.") : rows;
            blank(text, rows, at);
            begin = at;
        } else {
            at++;
        }
    }
}
