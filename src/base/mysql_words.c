#include "base/mysql_words.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

#define WORD_MAX  32
#define WORDS_MAX 4

struct words {
    char word[WORDS_MAX][WORD_MAX]; /* lower case; "" behind the last */
    bool executable;                /* a comment that a server executes stands before or among them */
};

static bool is_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c >= 0x80;
}

/* "--" begins a comment only with a space or the end behind it. */
static bool is_line_comment(const char *at)
{
    return *at == '#' ||
           (at[0] == '-' && at[1] == '-' && (at[2] == '\0' || strchr(" \t\r\n\f\v", at[2]) != NULL));
}

/* Past white space, comments and opening parentheses. */
static const char *skip(const char *at, struct words *words)
{
    for (;;) {
        if (*at != '\0' && strchr(" \t\r\n\f\v(", *at) != NULL) {
            at++;
        } else if (is_line_comment(at)) {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = strstr(at + 2, "*/");
            if (at[2] == '!' || (at[2] == 'M' && at[3] == '!'))
                words->executable = true;
            at = end != NULL ? end + 2 : at + strlen(at);
        } else {
            return at;
        }
    }
}

static void first_words(const char *text, struct words *ret)
{
    const char *at = text;
    memset(ret, 0, sizeof(*ret));
    for (size_t n = 0; n < WORDS_MAX; n++) {
        size_t len = 0;
        at = skip(at, ret);
        while (is_word((unsigned char)at[len]))
            len++;
        for (size_t i = 0; i < len && len < WORD_MAX; i++)
            ret->word[n][i] = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + 32) : at[i];
        if (len == 0)
            return;
        at += len;
    }
}

/* The longest match comes first. */
static const struct {
    const char *first, *second;
    enum my_statement is;
} statements[] = {
    { "select", NULL, MY_READS },
    { "with", NULL, MY_ROWS }, /* MySQL: WITH ... UPDATE */
    { "values", NULL, MY_READS },
    { "table", NULL, MY_READS },
    { "do", NULL, MY_READS },
    { "show", NULL, MY_READS },
    { "explain", NULL, MY_ROWS }, /* EXPLAIN ANALYZE carries it out */
    { "describe", NULL, MY_READS },
    { "desc", NULL, MY_READS },
    { "help", NULL, MY_READS },
    { "checksum", NULL, MY_READS },
    { "insert", NULL, MY_ROWS },
    { "update", NULL, MY_ROWS },
    { "delete", NULL, MY_ROWS },
    { "replace", NULL, MY_ROWS },
    { "set", "password", MY_PARTS },
    { "set", "default", MY_PARTS },
    { "set", "statement", MY_OPAQUE }, /* MariaDB: SET STATEMENT ... FOR any statement */
    { "set", NULL, MY_SESSION },
    { "use", NULL, MY_SESSION },
    { "savepoint", NULL, MY_SESSION },
    { "release", "savepoint", MY_SESSION },
    { "rollback", "to", MY_SESSION },
    { "rollback", NULL, MY_ENDS },
    { "commit", NULL, MY_ENDS },
    { "begin", "not", MY_OPAQUE }, /* MariaDB: BEGIN NOT ATOMIC, a block */
    { "begin", NULL, MY_ENDS },
    { "start", "transaction", MY_ENDS },
    { "lock", NULL, MY_ENDS },
    { "unlock", NULL, MY_ENDS },
    { "xa", NULL, MY_ENDS },
    { "create", "temporary", MY_SESSION },
    { "drop", "temporary", MY_SESSION },
    { "create", "table", MY_DEFINES },
    { "create", "index", MY_DEFINES },
    { "create", "unique", MY_DEFINES },
    { "create", "fulltext", MY_DEFINES },
    { "create", "spatial", MY_DEFINES },
    { "create", "view", MY_DEFINES },
    { "create", "trigger", MY_DEFINES },
    { "create", "procedure", MY_DEFINES },
    { "create", "function", MY_DEFINES },
    { "create", "event", MY_DEFINES },
    { "create", NULL, MY_PARTS },
    { "alter", "table", MY_DEFINES },
    { "alter", "online", MY_DEFINES }, /* MariaDB: ALTER ONLINE TABLE */
    { "alter", "view", MY_DEFINES },
    { "alter", "event", MY_DEFINES },
    { "alter", NULL, MY_PARTS },
    { "drop", "index", MY_DEFINES },
    { "drop", "trigger", MY_DEFINES },
    { "drop", "procedure", MY_DEFINES },
    { "drop", "function", MY_DEFINES },
    { "drop", "event", MY_DEFINES },
    { "drop", "table", MY_DEFINES }, /* of one; several are MY_PARTS */
    { "drop", "view", MY_DEFINES },
    { "drop", NULL, MY_PARTS },
    { "rename", "table", MY_DEFINES },
    { "rename", NULL, MY_PARTS },
    { "truncate", NULL, MY_DEFINES },
    { "analyze", NULL, MY_PARTS },
    { "cache", NULL, MY_PARTS },
    { "change", NULL, MY_PARTS },
    { "check", NULL, MY_PARTS },
    { "flush", NULL, MY_PARTS },
    { "grant", NULL, MY_PARTS },
    { "import", NULL, MY_PARTS },
    { "install", NULL, MY_PARTS },
    { "load", "data", MY_ROWS },
    { "load", NULL, MY_PARTS },
    { "optimize", NULL, MY_PARTS },
    { "purge", NULL, MY_PARTS },
    { "repair", NULL, MY_PARTS },
    { "reset", NULL, MY_PARTS },
    { "revoke", NULL, MY_PARTS },
    { "start", NULL, MY_PARTS },
    { "stop", NULL, MY_PARTS },
    { "uninstall", NULL, MY_PARTS },
};

/* Whether `word` stands anywhere in it, also in a quote: who asks takes the careful answer. */
static bool mentions(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (; *text != '\0'; text++) {
        if (strncasecmp(text, word, len) == 0)
            return true;
    }
    return false;
}

static enum my_statement by_words(const char *text, const struct words *words)
{
    if (words->executable)
        return MY_OPAQUE;
    for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
        if (strcmp(words->word[0], statements[i].first) != 0 ||
            (statements[i].second != NULL && strcmp(words->word[1], statements[i].second) != 0))
            continue;
        if (strcmp(words->word[0], "drop") == 0 && strchr(text, ',') != NULL)
            return MY_PARTS;
        if (strcmp(words->word[0], "set") == 0 && mentions(text, "autocommit"))
            return MY_ENDS;
        if (strcmp(words->word[0], "set") == 0 && (mentions(text, "global") || mentions(text, "persist")))
            return MY_PARTS;
        if (statements[i].is == MY_READS && (mentions(text, "outfile") || mentions(text, "dumpfile")))
            return MY_PARTS;
        return statements[i].is;
    }
    return MY_OPAQUE;
}

/* A version's comment is found where it stands among the first words; further on it could only add to a
 * statement whose kind is known. */
enum my_statement my_statement_of(const char *text)
{
    struct words words;
    first_words(text, &words);
    return by_words(text, &words);
}

const char *my_not_in_transaction(const char *text)
{
    switch (my_statement_of(text)) {
    case MY_READS:
    case MY_ROWS:
    case MY_SESSION:
        return NULL;
    case MY_DEFINES:
    case MY_PARTS:
        return "it commits by itself, or no rollback takes it back";
    case MY_ENDS:
        return "it ends the transaction of the step by itself";
    case MY_OPAQUE:
        break;
    }
    return "whether it commits by itself cannot be known before";
}

bool my_has_alter_algorithm(int mariadb_version)
{
    return mariadb_version >= 100307 && mariadb_version < 110500;
}
