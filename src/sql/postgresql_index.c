#include <string.h>

#include "postgresql.h"

/* FigureIndexColname: a function gives its name. */
static const char *expression_name(const PgQuery__Node *expression)
{
    while (expression && expression->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        expression = expression->type_cast->arg;
    if (expression && expression->node_case == PG_QUERY__NODE__NODE_FUNC_CALL)
        return names_last(expression->func_call->n_funcname, expression->func_call->funcname);
    return "expr";
}

static const char *index_columns(struct session *s, const PgQuery__IndexStmt *statement)
{
    const char *columns = "";
    for (size_t i = 0; i < statement->n_index_params; i++) {
        const PgQuery__IndexElem *element = statement->index_params[i]->index_elem;
        columns =
            pg_format(s, "%s_%s", columns, element->name[0] ? element->name : expression_name(element->expr));
    }
    return columns;
}

/* ChooseIndexName, as far as nothing is cut or numbered. */
static const char *index_name(struct session *s, const char *table, const PgQuery__IndexStmt *statement)
{
    size_t schema = strcspn(table, ".");
    if (statement->idxname[0])
        return pg_format(s, "%.*s.%s", (int)schema, table, statement->idxname);
    return pg_format(s, "%s%s_idx", table, index_columns(s, statement));
}

static void note_index(struct session *s, const char *table, const char *name,
                       const PgQuery__IndexStmt *statement)
{
    struct relation *index = catalog_create_relation(s->catalog, name, RELATION_INDEX);
    index->table = catalog_touch(s->catalog, table)->name;
    index->unique = statement->unique;
    index->partial = statement->where_clause != NULL;
    for (size_t i = 0; i < statement->n_index_params; i++) {
        const PgQuery__IndexElem *element = statement->index_params[i]->index_elem;
        if (element->name[0])
            names_add(&index->index_columns, s->catalog->arena, arena_text(s->catalog->arena, element->name));
        else
            pg_columns(s, element->expr, &index->index_columns);
    }
    if (statement->where_clause)
        pg_columns(s, statement->where_clause, &index->index_columns);
}

/* The index, and where the table is partitioned one for each partition, under it. */
static void build_tree(struct session *s, const char *table, const char *name,
                       const PgQuery__IndexStmt *statement)
{
    struct names children = pg_children(s, table);
    if (!pg_is_kind(s, table, RELATION_PARTITIONED)) {
        pg_scan(s, table);
        pg_build(s, table, name);
        return;
    }
    for (size_t i = 0; i < children.count; i++) {
        const char *child = pg_format(s, "%s", children.list[i]);
        const char *below = pg_format(s, "%s%s_idx", child, index_columns(s, statement));
        pg_lock(s, child, SQL_SHARE);
        if (!pg_is_kind(s, child, RELATION_PARTITIONED)) {
            pg_scan(s, child);
            pg_build(s, child, below);
        }
        note_index(s, child, below, statement);
        catalog_set_parent(s->catalog, catalog_touch(s->catalog, below), name);
    }
}

void pg_create_index(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__IndexStmt *statement = node->index_stmt;
    const char *table = pg_range(s, statement->relation);
    const char *name = index_name(s, table, statement);
    bool partitioned = pg_is_kind(s, table, RELATION_PARTITIONED);
    const struct relation *known = catalog_relation(s->catalog, name);

    if (!pg_exists(s, table, false))
        return;
    if (statement->concurrent)
        pg_outside_transaction(s, "CREATE INDEX CONCURRENTLY");
    if (statement->if_not_exists && known && known->complete && !known->invalid)
        return;
    if (statement->concurrent && partitioned) {
        pg_find(s, table, PG_CONCURRENTLY_PARTITIONED, NULL, "is refused: %s is partitioned", table);
        return;
    }
    pg_lock(s, table, statement->concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_SHARE);
    if (statement->concurrent) {
        pg_scan(s, table);
        pg_build(s, table, name);
        pg_find(s, table, PG_CONCURRENTLY_INVALID, NULL, "leaves %s INVALID when it fails or is cancelled",
                name);
    } else if (partitioned && !statement->relation->inh) {
        pg_find(s, table, PG_SHARE_UPDATE, NULL,
                "defines the index of %s for its partitions to be attached to", table);
    } else {
        build_tree(s, table, name, statement);
        pg_find(s, table, partitioned ? PG_CREATE_INDEX_PARTITIONED : PG_CREATE_INDEX, NULL,
                partitioned ? "builds an index over every partition of %s, and blocks writes to all of them"
                            : "builds an index over %s, and blocks writes to it",
                table);
    }
    note_index(s, table, name, statement);
}

/* The indexes of a table are locked one by one, and built again. */
static void reindex_table(struct session *s, const char *table, bool concurrent)
{
    pg_lock(s, table, concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_SHARE);
    pg_scan(s, table);
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *index = catalog_at(s->catalog, i);
        if (index == NULL || index->kind != RELATION_INDEX || index->table == NULL ||
            strcmp(index->table, table) != 0)
            continue;
        const char *name = pg_format(s, "%s", index->name);
        pg_lock(s, name, concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_ACCESS_EXCLUSIVE);
        pg_build(s, table, name);
    }
}

static void reindex_all(struct session *s, const char *schema, bool concurrent)
{
    size_t len = strlen(schema);
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *relation = catalog_at(s->catalog, i);
        if (relation && (relation->kind == RELATION_TABLE || relation->kind == RELATION_MATVIEW) &&
            (len == 0 || (strncmp(relation->name, schema, len) == 0 && relation->name[len] == '.')))
            reindex_table(s, pg_format(s, "%s", relation->name), concurrent);
    }
}

static void reindex_index(struct session *s, const char *name, bool concurrent)
{
    const struct relation *index = catalog_relation(s->catalog, name);
    const char *table = index && index->table ? pg_format(s, "%s", index->table) : NULL;

    pg_lock(s, name, concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_ACCESS_EXCLUSIVE);
    pg_build(s, name, name);
    if (table) {
        pg_lock(s, table, concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_SHARE);
        pg_scan(s, table);
    }
    if (!concurrent)
        pg_find(s, name, PG_REINDEX, table ? NULL : "whose index it is: writes to that table are blocked",
                "builds %s again, and blocks writes to %s and reads through the index", name,
                table ? table : "its table");
}

void pg_reindex(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__ReindexStmt *statement = node->reindex_stmt;
    bool concurrent = option_true(statement->n_params, statement->params, "concurrently");
    bool whole = statement->relation == NULL;

    if (concurrent && !pg_since(s, 120000, "REINDEX CONCURRENTLY"))
        return;
    if (concurrent || whole)
        pg_outside_transaction(s, concurrent ? "REINDEX CONCURRENTLY" : "REINDEX of a schema or database");
    if (concurrent)
        pg_find(s, NULL, PG_CONCURRENTLY_INVALID, NULL,
                "leaves an index _ccnew INVALID when it fails or is cancelled");
    if (whole) {
        bool schema = statement->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA;
        reindex_all(s, schema ? statement->name : "", concurrent);
        if (!concurrent)
            pg_find(s, NULL, PG_REINDEX, NULL,
                    "builds all indexes of %s again, and blocks writes to their tables",
                    statement->name[0] ? statement->name : "the database");
        return;
    }
    const char *name = pg_range(s, statement->relation);
    if (!pg_exists(s, name, false))
        return;
    if (statement->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX) {
        reindex_index(s, name, concurrent);
        return;
    }
    reindex_table(s, name, concurrent);
    if (!concurrent)
        pg_find(s, name, PG_REINDEX, NULL, "builds all indexes of %s again, and blocks writes to it", name);
}

static void rewrite_whole(struct session *s, const char *table)
{
    pg_lock(s, table, SQL_ACCESS_EXCLUSIVE);
    pg_rewrite(s, table);
    pg_build_all(s, table);
}

void pg_cluster(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__ClusterStmt *statement = node->cluster_stmt;
    if (statement->relation == NULL) {
        pg_outside_transaction(s, "CLUSTER without a table");
        pg_find(s, NULL, PG_CLUSTER, NULL, "rewrites every table that was clustered before");
        return;
    }
    const char *table = pg_range(s, statement->relation);
    if (!pg_exists(s, table, false))
        return;
    rewrite_whole(s, table);
    pg_find(s, table, PG_CLUSTER, NULL, "rewrites %s while nobody can use it", table);
}

/* Of a table whose end is empty VACUUM gives the pages there back, under a lock that it does not wait for. It
 * is on its own account that a table may not (vacuum_truncate), or since 12 by the statement. */
static void vacuum_end(struct session *s, const PgQuery__VacuumStmt *statement, const char *table)
{
    if (option_find(statement->n_options, statement->options, "truncate") == NULL ||
        option_true(statement->n_options, statement->options, "truncate"))
        pg_find(s, table, PG_VACUUM_TRUNCATE, "whether pages at its end are empty",
                "may cut off the end of %s under AccessExclusiveLock", table ? table : "every table");
}

static void vacuum_all(struct session *s, bool full)
{
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *relation = catalog_at(s->catalog, i);
        if (relation == NULL || (relation->kind != RELATION_TABLE && relation->kind != RELATION_MATVIEW))
            continue;
        if (full)
            rewrite_whole(s, pg_format(s, "%s", relation->name));
        else
            pg_lock(s, pg_format(s, "%s", relation->name), SQL_SHARE_UPDATE_EXCLUSIVE);
    }
    if (full)
        pg_find(s, NULL, PG_VACUUM_FULL, NULL, "rewrites every table of the database");
    else
        pg_find(s, NULL, PG_SHARE_UPDATE, NULL,
                "locks every table of the database against VACUUM and other DDL");
}

void pg_vacuum(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__VacuumStmt *statement = node->vacuum_stmt;
    bool full = option_true(statement->n_options, statement->options, "full");

    if (statement->is_vacuumcmd)
        pg_outside_transaction(s, "VACUUM");
    if (statement->n_rels == 0) {
        vacuum_all(s, full);
        if (!full && statement->is_vacuumcmd)
            vacuum_end(s, statement, NULL);
        return;
    }
    for (size_t i = 0; i < statement->n_rels; i++) {
        const PgQuery__VacuumRelation *relation = statement->rels[i]->vacuum_relation;
        if (relation->relation == NULL)
            continue;
        const char *table = pg_range(s, relation->relation);
        if (full) {
            rewrite_whole(s, table);
            pg_find(s, table, PG_VACUUM_FULL, NULL, "rewrites %s while nobody can use it", table);
        } else {
            pg_lock_tree(s, table, SQL_SHARE_UPDATE_EXCLUSIVE);
            pg_find(s, table, PG_SHARE_UPDATE, NULL, "locks %s against VACUUM and other DDL", table);
            if (statement->is_vacuumcmd)
                vacuum_end(s, statement, table);
        }
    }
}
