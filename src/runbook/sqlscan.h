/*
 * Where in an SQL text code stands and where quotes and comments do: PostgreSQL's lexical rules, with
 * standard_conforming_strings on (the driver pins it).
 *
 * It knows no grammar. It answers three questions only: may a param stand here, how many statements are
 * there, and does one of a few words stand outside quotes.
 */
#ifndef RUNBOOK_SQLSCAN_H
#define RUNBOOK_SQLSCAN_H

#include <stdbool.h>
#include <stddef.h>

enum sql_token_kind {
    SQL_SPACE,
    SQL_COMMENT,
    SQL_WORD,       /* key word, identifier, number */
    SQL_LITERAL,    /* '...' and E'...', with its continuation on later lines */
    SQL_IDENTIFIER, /* "..." */
    SQL_DOLLAR,     /* $tag$...$tag$ */
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
};

/* The token at `*at` of a NUL-terminated text, which moves behind it. False at the end. */
bool sql_next(const char *text, size_t *at, struct sql_token *ret_token);

struct sql_facts {
    size_t statements;        /* that hold more than space and comments */
    bool concurrently;        /* the word stands somewhere */
    bool vacuum;              /* a statement begins with it */
    bool transaction_control; /* a statement begins with BEGIN, START, COMMIT, ROLLBACK or ABORT */
};

struct sql_facts sql_facts(const char *text);

#endif
