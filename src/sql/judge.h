/*
 * The dialects' own judges, and what of a dialect a catalog is filled with.
 */
#ifndef SQL_JUDGE_H
#define SQL_JUDGE_H

#include "catalog.h"

typedef const struct sql_script *judge_dialect(struct arena *arena, const struct sql_server *server,
                                               struct sql_catalog *catalog, const char *text,
                                               const struct sql_options *options);
judge_dialect judge_postgresql, judge_mysql;

typedef size_t split_dialect(struct arena *arena, const struct sql_server *server, const char *text,
                             const size_t **ret_begins);
split_dialect split_postgresql, split_mysql;

/* Statements that define objects, into the catalog. Returns how many were read; `ret_ignored` how many were
 * not. */
typedef size_t load_dialect(struct sql_catalog *catalog, const char *dump, size_t *ret_ignored);
load_dialect load_postgresql, load_mysql;

const char *catalog_query_postgresql(const struct sql_server *server);
int catalog_row_postgresql(struct sql_catalog *catalog, const char *const *fields,
                           struct err *err) MUST_CHECK;

#endif
