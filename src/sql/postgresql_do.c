#include <string.h>

#include "postgresql.h"
#include "postgresql_scan.h"

/* PL/pgSQL's statements as libpg_query tells them: {"PLpgSQL_stmt_execsql": {"sqlstmt": {"PLpgSQL_expr":
 * {"query": ...}}}}. */

static const char *query_of(const struct json *expression)
{
    const struct json *inner = expression ? json_member(expression, "PLpgSQL_expr") : NULL;
    const struct json *query = inner ? json_member(inner, "query") : NULL;
    return query && query->type == JSON_TEXT ? query->text : NULL;
}

/* The one value of "SELECT <expression>", where it is a constant. */
static const char *constant_of(struct session *s, const char *expression)
{
    const char *text = pg_format(s, "SELECT %s", expression), *message, *value;
    size_t at;
    const PgQuery__Node *node = tree_parse(s->scratch, text, scan_nesting(text), &message, &at);

    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
        node->select_stmt->n_target_list != 1)
        return NULL;
    const PgQuery__Node *target = node->select_stmt->target_list[0];
    if (target->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
        !node_constant(s->scratch, target->res_target->val, &value))
        return NULL;
    return value;
}

static void judge_dynamic(struct session *s, const struct json *expression)
{
    const char *query = query_of(expression);
    const char *constant = query ? constant_of(s, query) : NULL;
    if (constant)
        pg_judge_text(s, constant);
    else
        pg_find(s, NULL, PG_DYNAMIC, NULL, "executes a text that is put together while it runs: %s",
                query ? query : "?");
}

/* The members that hold a statement as it is, and those that hold the text of one. */
static const struct {
    const char *statement, *member;
    bool dynamic;
} executed[] = {
    { "PLpgSQL_stmt_execsql", "sqlstmt", false },    { "PLpgSQL_stmt_fors", "query", false },
    { "PLpgSQL_stmt_return_query", "query", false }, { "PLpgSQL_stmt_dynexecute", "query", true },
    { "PLpgSQL_stmt_dynfors", "query", true },       { "PLpgSQL_stmt_return_query", "dynquery", true },
    { "PLpgSQL_stmt_open", "query", false },         { "PLpgSQL_stmt_open", "dynquery", true },
};

static void judge_perform(struct session *s, const struct json *expression)
{
    const char *query = query_of(expression);
    if (query)
        pg_judge_text(s, query);
}

static void walk(struct session *s, const struct json *value)
{
    if (value->key && strncmp(value->key, "PLpgSQL_stmt_", strlen("PLpgSQL_stmt_")) == 0) {
        for (size_t i = 0; i < ARRAY_LEN(executed); i++) {
            const struct json *member = strcmp(executed[i].statement, value->key) == 0
                                            ? json_member(value, executed[i].member)
                                            : NULL;
            if (member && executed[i].dynamic)
                judge_dynamic(s, member);
            else if (member)
                judge_perform(s, member);
        }
        if (strcmp(value->key, "PLpgSQL_stmt_perform") == 0)
            judge_perform(s, json_member(value, "expr"));
        if (strcmp(value->key, "PLpgSQL_stmt_call") == 0)
            judge_perform(s, json_member(value, "expr"));
    }
    for (size_t i = 0; (value->type == JSON_OBJECT || value->type == JSON_ARRAY) && i < value->count; i++)
        walk(s, &value->items[i]);
}

void pg_do(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__DoStmt *statement = node->do_stmt;
    const PgQuery__DefElem *body = option_find(statement->n_args, statement->args, "as");
    const PgQuery__DefElem *language = option_find(statement->n_args, statement->args, "language");
    const char *message = "";

    if (language && strcmp(option_text(s->scratch, language), "plpgsql") != 0) {
        pg_find(s, NULL, PG_DYNAMIC, NULL, "the language of this DO is not read");
        return;
    }
    const struct json *tree = body ? tree_parse_plpgsql(s->scratch, node_text(body->arg), &message) : NULL;
    if (tree)
        walk(s, tree);
    else
        pg_find(s, NULL, PG_DYNAMIC, NULL, "its body could not be read: %s", message);
}
