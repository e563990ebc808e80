/*
 * PostgreSQL's parse tree, as libpg_query hands it over, and what is asked of it again and again.
 *
 * The trees are protobuf-c's structs: a node is a case and a pointer, a text that is not there is "". Each
 * file that judges statements reads them as they are; only libpg_query's own calls are made here alone.
 */
#ifndef SQL_POSTGRESQL_TREE_H
#define SQL_POSTGRESQL_TREE_H

#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "json/json.h"

/* No tree is deeper: libpg_query writes and reads trees by recursion, without looking at the stack. */
#define TREE_DEPTH_MAX 500

/* Parses one statement; the tree lives in `arena`. NULL with the parser's message, and the byte in `text`
 * that it is about in `ret_at` (0 where it names none). */
const PgQuery__Node *tree_parse(struct arena *arena, const char *text, size_t nesting,
                                const char **ret_message, size_t *ret_at);

/* Reads `body` as PL/pgSQL and answers what libpg_query tells of it; NULL with a message. */
const struct json *tree_parse_plpgsql(struct arena *arena, const char *body, const char **ret_message);

/* The text of a String node, "" for any other. */
const char *node_text(const PgQuery__Node *node);
/* The last of a list of names, the one before it ("" where there is none), or all of them with points. */
const char *names_last(size_t count, PgQuery__Node *const *names);
const char *names_qualifier(size_t count, PgQuery__Node *const *names);
const char *names_joined(struct arena *arena, size_t count, PgQuery__Node *const *names);
/* The names in a List node; 0 for any other. */
size_t node_list(const PgQuery__Node *node, PgQuery__Node *const **ret_items);

/* The option of a list of DefElems, NULL where it is not there; and what it says: a missing value is true. */
const PgQuery__DefElem *option_find(size_t count, PgQuery__Node *const *options, const char *name);
bool option_true(size_t count, PgQuery__Node *const *options, const char *name);
const char *option_text(struct arena *arena, const PgQuery__DefElem *option);

/* A constant as text; false where the node is none. Casts of constants count ('x'::text). */
bool node_constant(struct arena *arena, const PgQuery__Node *node, const char **ret_text);
/* The column that a node names, NULL where it is none. */
const char *node_column(const PgQuery__Node *node);

/* Calls `visit` for every node below `node`, itself included, as long as it answers true. False: it was
 * stopped. */
typedef bool node_visit(const PgQuery__Node *node, void *data);
bool tree_walk(const PgQuery__Node *node, node_visit *visit, void *data);
/* The same for the parts of a message that is no node (a SelectStmt under another). */
bool tree_walk_message(const ProtobufCMessage *message, node_visit *visit, void *data);

#endif
