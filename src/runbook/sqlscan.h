/*
 * Where in an SQL text code stands and where quotes and comments do, by the lexical rules of the engine that
 * the text is for, as the sessions of the program have them: PostgreSQL with standard_conforming_strings on;
 * MySQL and MariaDB with ANSI_QUOTES and NO_BACKSLASH_ESCAPES (the drivers pin them).
 *
 * It knows no grammar. It answers three questions only: may a param stand here, how many statements are
 * there, and does one of a few words stand outside quotes.
 */
#ifndef RUNBOOK_SQLSCAN_H
#define RUNBOOK_SQLSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "runbook/book.h"

enum sql_token_kind {
    SQL_SPACE,
    SQL_COMMENT,
    SQL_WORD,       /* key word, identifier, number */
    SQL_LITERAL,    /* '...' and E'...', with its continuation on later lines */
    SQL_IDENTIFIER, /* "...", and `...` of MySQL and MariaDB */
    SQL_DOLLAR,     /* $tag$...$tag$; MariaDB has none */
    SQL_PARAM,      /* "${" up to "}"; only the two bytes if that is missing */
    SQL_SEMICOLON,
    SQL_OTHER, /* any other single byte */
};

struct sql_token {
    enum sql_token_kind kind;
    const char *text;
    size_t len;
    size_t body;       /* SQL_DOLLAR: where the quoted part begins; 0 else */
    bool unterminated; /* a quote or comment that is not closed */
    bool line;         /* SQL_COMMENT: up to the end of its line */
    /* MySQL and MariaDB: it belongs to a comment that a server takes for code or not, by its version. Its
     * begin and its end are two tokens, SQL_COMMENT, and what stands between is read as code. */
    bool perhaps;
    bool divides; /* `perhaps`, and a server for which it is no code would end the comment elsewhere */
};

/* A text that is read: begin with { text, engine }. */
struct sql_scan {
    const char *text; /* NUL-terminated */
    enum target_engine engine;
    size_t at;    /* behind the token that was read last */
    bool perhaps; /* in such a comment */
};

/* The next token. False at the end. */
bool sql_next(struct sql_scan *scan, struct sql_token *ret_token);

struct sql_facts {
    size_t statements; /* that hold more than space and comments; what stands in a routine belongs to it */
    bool concurrently; /* PostgreSQL: the word stands somewhere */
    bool vacuum;       /* PostgreSQL: a statement begins with it */
    bool
        transaction_control; /* a statement begins with BEGIN, START TRANSACTION, COMMIT, ROLLBACK or ABORT */
};

struct sql_facts sql_facts(const char *text, enum target_engine engine);

#endif
