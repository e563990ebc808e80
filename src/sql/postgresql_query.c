#include <string.h>
#include <strings.h>

#include "postgresql.h"

/* What a query locks as it is read: AccessShareLock, or RowShareLock where rows are locked. Names of WITH are
 * none. */
struct reading {
    struct session *s;
    struct names ctes;
    enum sql_lock_mode mode;
    bool reads_table, calls_unknown, calls_own;
    const char *function;
    struct relation *note; /* whose sources are noted */
};

static bool visit_cte(const PgQuery__Node *node, void *data)
{
    struct reading *reading = data;
    if (node->node_case == PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR)
        names_add(&reading->ctes, reading->s->scratch, node->common_table_expr->ctename);
    if (node->node_case == PG_QUERY__NODE__NODE_LOCKING_CLAUSE)
        reading->mode = SQL_ROW_SHARE;
    return true;
}

static bool visit_read(const PgQuery__Node *node, void *data);

/* WITH ... AS (UPDATE ...): a statement of its own within the query. */
static bool is_writing(const PgQuery__Node *node)
{
    return node->node_case == PG_QUERY__NODE__NODE_INSERT_STMT ||
           node->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT ||
           node->node_case == PG_QUERY__NODE__NODE_DELETE_STMT ||
           node->node_case == PG_QUERY__NODE__NODE_MERGE_STMT;
}

static const PgQuery__RangeVar *written(const PgQuery__Node *node)
{
    switch ((int)node->node_case) {
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        return node->insert_stmt->relation;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        return node->update_stmt->relation;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        return node->delete_stmt->relation;
    default:
        return node->merge_stmt->relation;
    }
}

static bool always_true(const PgQuery__Node *condition)
{
    const PgQuery__AExpr *expression;
    if (condition == NULL)
        return true;
    if (condition->node_case == PG_QUERY__NODE__NODE_A_CONST)
        return true;
    if (condition->node_case != PG_QUERY__NODE__NODE_A_EXPR)
        return false;
    expression = condition->a_expr; /* 1 = 1 */
    return expression->lexpr && expression->rexpr &&
           expression->lexpr->node_case == PG_QUERY__NODE__NODE_A_CONST &&
           expression->rexpr->node_case == PG_QUERY__NODE__NODE_A_CONST;
}

/* A partition, and who inherits, has columns that are not written with it. */
static bool knows_columns(const struct relation *relation)
{
    return relation && relation->complete && relation->columns && !relation->more_columns &&
           !relation->parent && (relation->kind == RELATION_TABLE || relation->kind == RELATION_PARTITIONED);
}

static void see_columns(struct session *s, const char *table, const PgQuery__UpdateStmt *update)
{
    const struct relation *relation = catalog_relation(s->catalog, table);

    for (size_t i = 0; i < update->n_target_list; i++) {
        const char *name = update->target_list[i]->node_case == PG_QUERY__NODE__NODE_RES_TARGET
                               ? arena_text(s->arena, update->target_list[i]->res_target->name)
                               : "";
        names_add(&s->verdict->sets, s->arena, name);
        if (knows_columns(relation) && !relation_column(relation, name))
            pg_find(s, NULL, PG_NO_SUCH_COLUMN, NULL, "%s has no column %s: it fails", table, name);
    }
}

static void judge_writing(struct session *s, const PgQuery__Node *node)
{
    const char *table = pg_range(s, written(node));
    const PgQuery__UpdateStmt *update =
        node->node_case == PG_QUERY__NODE__NODE_UPDATE_STMT ? node->update_stmt : NULL;
    const PgQuery__DeleteStmt *delete =
        node->node_case == PG_QUERY__NODE__NODE_DELETE_STMT ? node->delete_stmt : NULL;

    if (!pg_exists(s, table, false))
        return;
    pg_lock_tree(s, table, SQL_ROW_EXCLUSIVE);
    if (update)
        see_columns(s, table, update);
    bool unbounded = (update && !update->n_from_clause && always_true(update->where_clause)) ||
                     (delete &&!delete->n_using_clause && always_true(delete->where_clause));
    if (unbounded) {
        pg_scan_tree(s, table);
        pg_find(s, table, PG_UNBOUNDED_WRITE, NULL, "%s every row of %s, and keeps them locked to its end",
                update ? "changes" : "deletes", table);
    }
}

/* The first that nothing is known of, unless one is there that may change something for certain. */
static void see_call(struct reading *reading, const PgQuery__Node *node)
{
    bool own = pg_may_change(reading->s, node->func_call);
    const char *ignored;

    if (!own && (reading->calls_unknown || pg_volatility(reading->s, node, &ignored) != VOLATILITY_UNKNOWN))
        return;
    reading->calls_own = own;
    reading->calls_unknown = true;
    reading->function =
        names_joined(reading->s->scratch, node->func_call->n_funcname, node->func_call->funcname);
}

static bool visit_read(const PgQuery__Node *node, void *data)
{
    struct reading *reading = data;

    if (is_writing(node))
        judge_writing(reading->s, node);
    if (node->node_case == PG_QUERY__NODE__NODE_RANGE_VAR) {
        const PgQuery__RangeVar *range = node->range_var;
        reading->reads_table = true;
        if (range->schemaname[0] || !names_has(&reading->ctes, range->relname))
            pg_lock(reading->s, pg_range(reading->s, range), reading->mode);
    }
    if (node->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && !reading->calls_own)
        see_call(reading, node);
    return true;
}

static bool visit_source(const PgQuery__Node *node, void *data)
{
    struct reading *reading = data;
    struct arena *arena = reading->s->catalog->arena;
    if (node->node_case == PG_QUERY__NODE__NODE_RANGE_VAR &&
        (node->range_var->schemaname[0] || !names_has(&reading->ctes, node->range_var->relname)))
        names_add(&reading->note->sources, arena, arena_text(arena, pg_range(reading->s, node->range_var)));
    return true;
}

static struct reading read_all(struct session *s, const PgQuery__Node *node)
{
    struct reading reading = { .s = s, .mode = SQL_ACCESS_SHARE };
    (void)tree_walk(node, visit_cte, &reading); /* they visit all */
    (void)tree_walk(node, visit_read, &reading);
    return reading;
}

/* set_config('search_path', ...), which dumps begin with, and setval, which writes a sequence. */
static bool judge_known_call(struct session *s, const PgQuery__FuncCall *call)
{
    const char *name = names_last(call->n_funcname, call->funcname);
    const char *first, *second;

    if (call->n_args < 2 || !node_constant(s->scratch, call->args[0], &first))
        return false;
    if (strcmp(name, "setval") == 0) {
        pg_lock(s, pg_text_name(s, first), SQL_ROW_EXCLUSIVE);
        return true;
    }
    if (strcmp(name, "set_config") == 0 && node_constant(s->scratch, call->args[1], &second)) {
        if (strcmp(first, "search_path") == 0) {
            struct names path = { 0 };
            if (second[0] && strpbrk(second, ", \"$") == NULL)
                names_add(&path, s->arena, pg_format(s, "%s", second));
            pg_set_path(s, path, false);
        } else if (strcasecmp(first, "timezone") == 0) {
            pg_set_zone(s, second, false);
        }
        return true;
    }
    return false;
}

void pg_select(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__SelectStmt *select = node->select_stmt;
    const PgQuery__Node *only =
        select->n_target_list == 1 && select->target_list[0]->node_case == PG_QUERY__NODE__NODE_RES_TARGET
            ? select->target_list[0]->res_target->val
            : NULL;

    if (only && only->node_case == PG_QUERY__NODE__NODE_FUNC_CALL && judge_known_call(s, only->func_call))
        return;
    if (s->quiet)
        return;
    if (select->into_clause && select->into_clause->rel)
        (void)catalog_create_relation(s->catalog, pg_range(s, select->into_clause->rel), RELATION_TABLE);
    struct reading reading = read_all(s, node);
    if (reading.calls_own || (reading.calls_unknown && !reading.reads_table))
        pg_find(s, NULL, PG_UNKNOWN_CODE, NULL, "calls %s(): what it does is not in this text",
                reading.function);
}

void pg_note_sources(struct session *s, const char *view, const PgQuery__Node *query)
{
    struct reading reading = { .s = s, .note = catalog_touch(s->catalog, view) };
    (void)tree_walk(query, visit_cte, &reading); /* they visit all */
    (void)tree_walk(query, visit_source, &reading);
}

static void read_only(struct session *s, const PgQuery__Node *node)
{
    if (!s->quiet)
        (void)read_all(s, node);
}

void pg_insert(struct session *s, const PgQuery__Node *node)
{
    read_only(s, node);
}

void pg_update(struct session *s, const PgQuery__Node *node)
{
    read_only(s, node);
}

void pg_delete(struct session *s, const PgQuery__Node *node)
{
    read_only(s, node);
}

void pg_merge(struct session *s, const PgQuery__Node *node)
{
    if (pg_since(s, 150000, "MERGE"))
        read_only(s, node);
}

void pg_declare(struct session *s, const PgQuery__Node *node)
{
    read_only(s, node);
}

void pg_copy(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CopyStmt *copy = node->copy_stmt;
    if (copy->relation)
        pg_lock_tree(s, pg_range(s, copy->relation), copy->is_from ? SQL_ROW_EXCLUSIVE : SQL_ACCESS_SHARE);
    else if (copy->query)
        read_only(s, copy->query);
}

/* The number of a mode in the server is its place in the manual's list. */
void pg_lock_table(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__LockStmt *statement = node->lock_stmt;
    enum sql_lock_mode mode = statement->mode >= 1 && statement->mode <= 8
                                  ? (enum sql_lock_mode)statement->mode
                                  : SQL_ACCESS_EXCLUSIVE;
    for (size_t i = 0; i < statement->n_relations; i++) {
        const char *table = pg_range(s, statement->relations[i]->range_var);
        if (!pg_exists(s, table, false))
            continue;
        if (statement->relations[i]->range_var->inh)
            pg_lock_tree(s, table, mode);
        else
            pg_lock(s, table, mode);
        if (sql_lock_blocks_writes(mode))
            pg_find(s, table, PG_LOCK_TABLE, NULL, "%s on %s to the end of the transaction",
                    sql_lock_mode_word(mode), table);
    }
}

void pg_refresh(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__RefreshMatViewStmt *statement = node->refresh_mat_view_stmt;
    const char *view = pg_range(s, statement->relation);
    const struct relation *known = catalog_relation(s->catalog, view);

    if (s->quiet || !pg_exists(s, view, false))
        return;
    for (size_t i = 0; known && i < known->sources.count; i++) {
        const char *source = pg_format(s, "%s", known->sources.list[i]);
        pg_lock(s, source, SQL_ACCESS_SHARE);
        pg_scan(s, source);
    }
    if (statement->concurrent) {
        pg_lock(s, view, SQL_EXCLUSIVE);
        pg_scan(s, view);
        pg_find(s, view, PG_REFRESH_CONCURRENTLY, NULL, "keeps other refreshes of %s waiting; it can be read",
                view);
    } else {
        pg_lock(s, view, SQL_ACCESS_EXCLUSIVE);
        pg_rewrite(s, view);
        pg_build_all(s, view);
        pg_find(s, view, PG_REFRESH, NULL, "computes %s anew while nobody can read it", view);
    }
}

void pg_explain(struct session *s, const PgQuery__Node *node)
{
    if (option_true(node->explain_stmt->n_options, node->explain_stmt->options, "analyze"))
        pg_judge_node(s, node->explain_stmt->query);
    else
        read_only(s, node->explain_stmt->query);
}

void pg_call(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__FuncCall *call = node->call_stmt->funccall;
    pg_find(s, NULL, PG_UNKNOWN_CODE, NULL, "calls %s(): what it does is not in this text",
            call ? names_joined(s->scratch, call->n_funcname, call->funcname) : "a procedure");
}

void pg_execute(struct session *s, const PgQuery__Node *node)
{
    pg_find(s, NULL, PG_UNKNOWN_CODE, NULL, "executes \"%s\", which was prepared elsewhere",
            node->execute_stmt->name);
}
