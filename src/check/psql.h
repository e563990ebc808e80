/*
 * A file as psql reads it: its own lexical rules (PostgreSQL 15 documentation, psql), which know commands
 * behind a backslash, data behind COPY and variables besides SQL.
 */
#ifndef CHECK_PSQL_H
#define CHECK_PSQL_H

#include "base/mem.h"

struct psql_file {
    const char *sql;        /* what is left for the server, each byte where it was; NULL: nobody can tell */
    const char *not_judged; /* why something of it is not; NULL: all of it is there */
    size_t at;              /* the byte where that stands */
};
void psql_read(struct arena *arena, const char *text, struct psql_file *ret);

#endif
