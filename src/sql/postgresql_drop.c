#include <string.h>

#include "postgresql.h"

#define OBJECT(name) PG_QUERY__OBJECT_TYPE__OBJECT_##name

/* The tables that a relation's foreign keys reference: their triggers go too (RemoveTriggerById). */
static void lock_parents(struct session *s, const struct relation *relation)
{
    for (const struct constraint *c = relation ? relation->constraints : NULL; c; c = c->next)
        if (c->referenced && strcmp(c->referenced, relation->name) != 0)
            pg_lock(s, pg_format(s, "%s", c->referenced), SQL_ACCESS_EXCLUSIVE);
}

/* The tables with foreign keys to `table`. */
static size_t lock_referencing(struct session *s, const char *table)
{
    size_t found = 0;
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        struct relation *other = catalog_at(s->catalog, i);
        if (other == NULL || strcmp(other->name, table) == 0)
            continue;
        for (const struct constraint *c = other->constraints; c; c = c->next)
            if (c->referenced && strcmp(c->referenced, table) == 0) {
                pg_lock(s, pg_format(s, "%s", other->name), SQL_ACCESS_EXCLUSIVE);
                found++;
            }
    }
    return found;
}

static void forget_references(struct session *s, const char *table)
{
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        struct relation *other = catalog_at(s->catalog, i);
        for (struct constraint **at = other ? &other->constraints : NULL; at && *at;)
            if ((*at)->referenced && strcmp((*at)->referenced, table) == 0)
                *at = (*at)->next;
            else
                at = &(*at)->next;
    }
}

/* Views and materialized views that read it, and those that read these. */
static size_t drop_views(struct session *s, const char *table)
{
    size_t found = 0;
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *view = catalog_at(s->catalog, i);
        if (view == NULL || !names_has(&view->sources, table))
            continue;
        const char *name = pg_format(s, "%s", view->name);
        pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
        catalog_drop(s->catalog, name);
        found += 1 + drop_views(s, name);
    }
    return found;
}

/* What CASCADE takes along is named where the catalog knows it; where that may be anything, it is dangerous.
 */
static void find_cascade(struct session *s, const char *relation, bool found, const char *depends,
                         const char *what)
{
    if (!s->catalog->told)
        pg_find(s, relation, PG_DROP_CASCADE_UNKNOWN, depends, "%s", what);
    else if (found)
        pg_find(s, relation, PG_DROP_CASCADE, NULL, "%s", what);
}

static void drop_table(struct session *s, const char *table, bool cascade)
{
    const struct relation *relation = catalog_relation(s->catalog, table);
    const char *parent = relation && relation->parent ? pg_format(s, "%s", relation->parent) : NULL;
    const struct relation *other = parent ? catalog_default_of(s->catalog, parent) : NULL;
    struct names children = pg_children(s, table);

    pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
    lock_parents(s, relation);
    if (parent) {
        pg_lock(s, parent, SQL_ACCESS_EXCLUSIVE);
        if (other && other != relation)
            pg_lock(s, pg_format(s, "%s", other->name), SQL_ACCESS_EXCLUSIVE);
        pg_find(s, parent, PG_DROP_PARTITION, NULL, "locks %s, and with it all its other partitions", parent);
    } else {
        pg_find(s, table, PG_DROP_TABLE,
                relation && relation->complete ? NULL : "which tables its foreign keys reference",
                "drops %s: what still uses it fails", table);
    }
    for (size_t i = 0; i < children.count; i++)
        lock_parents(s, catalog_relation(s->catalog, children.list[i]));
    if (cascade) {
        size_t found = lock_referencing(s, table);
        found += drop_views(s, table);
        find_cascade(s, table, found > 0, "which tables reference it",
                     pg_format(s, "locks everything that references %s", table));
        forget_references(s, table);
    }
    catalog_drop(s->catalog, table);
}

static void drop_index(struct session *s, const char *name, bool concurrent)
{
    const struct relation *index = catalog_relation(s->catalog, name);
    const char *table = index && index->table ? pg_format(s, "%s", index->table) : NULL;
    enum sql_lock_mode mode = concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_ACCESS_EXCLUSIVE;

    pg_lock(s, name, mode);
    if (table && concurrent)
        pg_lock(s, table, mode);
    else if (table)
        pg_lock_tree(s, table, mode);
    if (concurrent)
        pg_outside_transaction(s, "DROP INDEX CONCURRENTLY");
    if (concurrent && table && pg_is_kind(s, table, RELATION_PARTITIONED))
        pg_find(s, table, PG_CONCURRENTLY_PARTITIONED, NULL, "is refused: %s is partitioned", table);
    else if (!concurrent)
        pg_find(s, name, PG_DROP_INDEX, table ? NULL : "whose index it is: that table is locked",
                "locks %s for an instant", table ? table : "its table");
    catalog_drop(s->catalog, name);
}

/* Triggers, rules and policies: the last name is theirs, those before it the table's. */
static void drop_of_table(struct session *s, const PgQuery__DropStmt *statement, const PgQuery__Node *object)
{
    PgQuery__Node *const *names;
    size_t count = node_list(object, &names);
    if (count < 2)
        return;
    const char *table = pg_list_name(s, count - 1, names);
    if (!pg_exists(s, table, statement->missing_ok))
        return;
    pg_lock(s, table, SQL_ACCESS_EXCLUSIVE);
    if (statement->remove_type == OBJECT(TRIGGER)) {
        pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
        relation_drop_trigger(catalog_touch(s->catalog, table), names_last(count, names));
    }
    pg_find(s, table, PG_BRIEF, NULL, "locks %s for an instant", table);
}

static void drop_function(struct session *s, const PgQuery__DropStmt *statement, const PgQuery__Node *object)
{
    size_t found = 0;
    if (object->node_case != PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS)
        return;
    const char *name =
        pg_list_name(s, object->object_with_args->n_objname, object->object_with_args->objname);
    dict_put(&s->catalog->functions, name, NULL);
    if (statement->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        return; /* refused where something depends on it */
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        struct relation *relation = catalog_at(s->catalog, i);
        for (struct trigger *t = relation ? relation->triggers : NULL; t; t = t->next)
            if (strcmp(t->function, name) == 0) {
                pg_lock_tree(s, pg_format(s, "%s", relation->name), SQL_ACCESS_EXCLUSIVE);
                relation_drop_trigger(relation, t->name);
                found++;
            }
    }
    find_cascade(s, NULL, found > 0, "which tables have triggers that call it",
                 pg_format(s, "locks the tables whose triggers call %s, and drops these", name));
}

/* Columns of a type or domain go with it. */
static void drop_type(struct session *s, const PgQuery__DropStmt *statement, const PgQuery__Node *object)
{
    if (object->node_case != PG_QUERY__NODE__NODE_TYPE_NAME)
        return;
    const PgQuery__TypeName *type = object->type_name;
    const char *name = pg_list_name(s, type->n_names, type->names);
    const char *last = names_last(type->n_names, type->names);
    bool found = false;

    dict_put(&s->catalog->domains, name, NULL);
    if (statement->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        return;
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *relation = catalog_at(s->catalog, i);
        for (const struct column *c = relation ? relation->columns : NULL; c; c = c->next)
            if (c->type.name && (strcmp(c->type.name, name) == 0 || strcmp(c->type.name, last) == 0)) {
                pg_lock_tree(s, pg_format(s, "%s", relation->name), SQL_ACCESS_EXCLUSIVE);
                found = true;
            }
    }
    find_cascade(s, NULL, found, "which tables have columns of it",
                 pg_format(s, "drops every column of type %s, and locks their tables", name));
}

static bool is_in_schema(const struct relation *relation, const char *schema)
{
    size_t len = strlen(schema);
    return relation && strncmp(relation->name, schema, len) == 0 && relation->name[len] == '.';
}

static void drop_schema(struct session *s, const PgQuery__DropStmt *statement, const PgQuery__Node *object)
{
    const char *schema = node_text(object);
    if (statement->behavior != PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        return;
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *relation = catalog_at(s->catalog, i);
        if (!is_in_schema(relation, schema) || relation->kind == RELATION_INDEX)
            continue;
        const char *name = pg_format(s, "%s", relation->name);
        pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
        lock_parents(s, relation);
        (void)lock_referencing(s, name);
    }
    for (size_t i = 0; i < s->catalog->relations.count; i++)
        if (is_in_schema(catalog_at(s->catalog, i), schema))
            catalog_drop(s->catalog, catalog_at(s->catalog, i)->name);
    find_cascade(s, NULL, true, "which tables are in it",
                 pg_format(s, "drops everything in schema %s", schema));
}

static void drop_relation(struct session *s, const PgQuery__DropStmt *statement, const PgQuery__Node *object)
{
    PgQuery__Node *const *names;
    size_t count = node_list(object, &names);
    bool cascade = statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    const char *name = pg_list_name(s, count, names);

    if (!pg_exists(s, name, statement->missing_ok))
        return;
    switch ((int)statement->remove_type) {
    case OBJECT(TABLE):
    case OBJECT(FOREIGN_TABLE):
        drop_table(s, name, cascade);
        break;
    case OBJECT(INDEX):
        drop_index(s, name, statement->concurrent);
        break;
    default:
        pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
        for (size_t i = 0; cascade && i < s->catalog->relations.count; i++) {
            const struct relation *relation = catalog_at(s->catalog, i);
            for (const struct column *c = relation ? relation->columns : NULL; c; c = c->next)
                if (c->sequence && strcmp(c->sequence, name) == 0)
                    pg_lock_tree(s, pg_format(s, "%s", relation->name), SQL_ACCESS_EXCLUSIVE);
        }
        pg_find(s, name, PG_DROP_TABLE, NULL, "drops %s: what still uses it fails", name);
        catalog_drop(s->catalog, name);
    }
}

void pg_drop(struct session *s, const PgQuery__Node *node)
{
    static const struct {
        int type;
        void (*drop)(struct session *, const PgQuery__DropStmt *, const PgQuery__Node *);
    } kinds[] = {
        { OBJECT(TABLE), drop_relation },     { OBJECT(FOREIGN_TABLE), drop_relation },
        { OBJECT(INDEX), drop_relation },     { OBJECT(VIEW), drop_relation },
        { OBJECT(MATVIEW), drop_relation },   { OBJECT(SEQUENCE), drop_relation },
        { OBJECT(TRIGGER), drop_of_table },   { OBJECT(RULE), drop_of_table },
        { OBJECT(POLICY), drop_of_table },    { OBJECT(FUNCTION), drop_function },
        { OBJECT(PROCEDURE), drop_function }, { OBJECT(ROUTINE), drop_function },
        { OBJECT(AGGREGATE), drop_function }, { OBJECT(TYPE), drop_type },
        { OBJECT(DOMAIN), drop_type },        { OBJECT(SCHEMA), drop_schema },
    };
    const PgQuery__DropStmt *statement = node->drop_stmt;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].type == (int)statement->remove_type) {
            for (size_t k = 0; k < statement->n_objects; k++)
                kinds[i].drop(s, statement, statement->objects[k]);
            return;
        }
    /* An extension's objects, an operator's users: what depends on it cannot be told from a text. */
    if (statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        pg_find(s, NULL, PG_DROP_CASCADE_UNKNOWN, "what depends on it",
                "drops, and locks, everything that depends on it");
}

static const char *renamed(struct session *s, const char *name, const char *to)
{
    const char *schema = arena_text_len(s->scratch, name, strcspn(name, "."));
    return pg_format(s, "%s.%s", schema, to);
}

static void rename_column(struct session *s, const char *table, const PgQuery__RenameStmt *statement)
{
    struct column *column = relation_column(catalog_relation(s->catalog, table), statement->subname);
    pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
    if (column)
        column->name = arena_text(s->catalog->arena, statement->newname);
    pg_find(s, table, PG_RENAME, NULL, "renames %s of %s: what still says %s fails", statement->subname,
            table, statement->subname);
}

static void rename_relation(struct session *s, const char *name, const PgQuery__RenameStmt *statement)
{
    bool index = statement->rename_type == OBJECT(INDEX);
    if (index && s->server->version >= 120000) {
        pg_lock(s, name, SQL_SHARE_UPDATE_EXCLUSIVE); /* RenameRelation, since 12 */
        pg_find(s, name, PG_SHARE_UPDATE, NULL, "locks the index %s against other DDL", name);
    } else {
        pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
        pg_find(s, name, index ? PG_BRIEF : PG_RENAME, NULL,
                index ? "locks the index %s for an instant" : "renames %s: what still uses that name fails",
                name);
    }
    catalog_rename(s->catalog, name, renamed(s, name, statement->newname));
}

void pg_rename(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__RenameStmt *statement = node->rename_stmt;
    if (statement->relation == NULL)
        return; /* a function, a type, a role: no relation is locked */
    const char *name = pg_range(s, statement->relation);
    if (!pg_exists(s, name, statement->missing_ok))
        return;
    switch ((int)statement->rename_type) {
    case OBJECT(COLUMN):
        rename_column(s, name, statement);
        break;
    case OBJECT(TABCONSTRAINT): {
        struct constraint *constraint =
            relation_constraint(catalog_relation(s->catalog, name), statement->subname);
        if (constraint)
            constraint->name = arena_text(s->catalog->arena, statement->newname);
        pg_lock_tree(s, name, SQL_ACCESS_EXCLUSIVE);
        catalog_rename(s->catalog, renamed(s, name, statement->subname),
                       renamed(s, name, statement->newname));
        pg_find(s, name, PG_RENAME_CONSTRAINT, NULL, "locks %s for an instant", name);
        break;
    }
    case OBJECT(TRIGGER):
    case OBJECT(RULE):
    case OBJECT(POLICY):
        pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
        pg_find(s, name, PG_BRIEF, NULL, "locks %s for an instant", name);
        break;
    default:
        rename_relation(s, name, statement);
    }
}

void pg_set_schema(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__AlterObjectSchemaStmt *statement = node->alter_object_schema_stmt;
    if (statement->relation == NULL)
        return;
    const char *name = pg_range(s, statement->relation);
    if (!pg_exists(s, name, statement->missing_ok))
        return;
    pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
    pg_find(s, name, PG_RENAME, NULL, "moves %s to schema %s: what still says the old name fails", name,
            statement->newschema);
    catalog_rename(s->catalog, name,
                   pg_format(s, "%s.%s", statement->newschema, statement->relation->relname));
}

/* Of a table it is an ALTER TABLE; what comes here (functions, types, schemas) locks no relation. */
void pg_owner(struct session *s, const PgQuery__Node *node)
{
    (void)s;
    (void)node;
}

static void truncate_references(struct session *s, struct names *tables)
{
    for (size_t next = 0; next < tables->count; next++)
        for (size_t i = 0; i < s->catalog->relations.count; i++) {
            const struct relation *other = catalog_at(s->catalog, i);
            for (const struct constraint *c = other ? other->constraints : NULL; c; c = c->next)
                if (c->referenced && strcmp(c->referenced, tables->list[next]) == 0)
                    names_add(tables, s->scratch, pg_format(s, "%s", other->name));
        }
}

void pg_truncate(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__TruncateStmt *statement = node->truncate_stmt;
    bool cascade = statement->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    struct names tables = { 0 };

    for (size_t i = 0; i < statement->n_relations; i++) {
        const char *table = pg_range(s, statement->relations[i]->range_var);
        if (!pg_exists(s, table, false))
            continue;
        names_add(&tables, s->scratch, table);
        if (cascade)
            pg_find(s, table, PG_TRUNCATE_CASCADE, s->catalog->told ? NULL : "which tables reference it",
                    "empties every table that references %s too", table);
        else
            pg_find(s, table, PG_TRUNCATE, NULL, "empties %s while nobody can use it", table);
    }
    if (cascade)
        truncate_references(s, &tables);
    for (size_t i = 0; i < tables.count; i++) {
        struct names children = pg_children(s, tables.list[i]);
        pg_lock_tree(s, tables.list[i], SQL_ACCESS_EXCLUSIVE);
        /* The file is swapped for a new, empty one. */
        if (!pg_is_kind(s, tables.list[i], RELATION_PARTITIONED))
            pg_rewrite(s, tables.list[i]);
        for (size_t k = 0; k < children.count; k++)
            pg_rewrite(s, pg_format(s, "%s", children.list[k]));
    }
}
