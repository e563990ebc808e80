/*
 * Where the statements of a PostgreSQL script begin and end, and how deep one may nest: its lexical rules
 * only (manual, 4.1), with standard_conforming_strings on. What stands in them is for the parser.
 */
#ifndef SQL_POSTGRESQL_SCAN_H
#define SQL_POSTGRESQL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct scan {
    const char *text;
    size_t at;
    int line; /* of `at`, from 1 */
    size_t line_begin;
    bool client_lines; /* lines of psql's own ("\connect") between statements are left out: a dump has them */
};

struct piece {
    const char *text; /* from the first word to before the semicolon and the space there */
    size_t len;
    int line, column;
    size_t nesting;    /* no tree of it can be deeper */
    bool unterminated; /* a quote or comment is not closed */
};

void scan_init(struct scan *scan, const char *text, bool client_lines);
/* The next statement; false at the end. */
bool scan_next(struct scan *scan, struct piece *ret);
/* Of the first statement of `text`, for tree_parse. */
size_t scan_nesting(const char *text);

#endif
