#include <string.h>

#include "postgresql.h"

#define CONSTR(name) PG_QUERY__CONSTR_TYPE__CONSTR_##name

static const char *unqualified(const char *name)
{
    const char *point = strchr(name, '.');
    return point ? point + 1 : name;
}

/* ChooseConstraintName, as far as nothing is cut or numbered. */
const char *pg_constraint_name(struct session *s, const char *table, const PgQuery__Constraint *constraint,
                               const char *column)
{
    const char *relation = unqualified(table);
    const char *first = column;
    if (constraint->conname[0])
        return pg_format(s, "%s", constraint->conname);
    if (first == NULL && constraint->n_keys)
        first = node_text(constraint->keys[0]);
    if (first == NULL && constraint->n_fk_attrs)
        first = node_text(constraint->fk_attrs[0]);
    switch ((int)constraint->contype) {
    case CONSTR(PRIMARY):
        return pg_format(s, "%s_pkey", relation);
    case CONSTR(UNIQUE):
        return pg_format(s, "%s_%s_key", relation, first ? first : "");
    case CONSTR(FOREIGN):
        return pg_format(s, "%s_%s_fkey", relation, first ? first : "");
    case CONSTR(EXCLUSION):
        return pg_format(s, "%s_excl", relation);
    case CONSTR(CHECK): {
        struct names named = { 0 };
        pg_columns(s, constraint->raw_expr, &named);
        return named.count == 1 ? pg_format(s, "%s_%s_check", relation, named.list[0])
                                : pg_format(s, "%s_check", relation);
    }
    default:
        return pg_format(s, "%s", relation);
    }
}

static void note_columns(struct session *s, struct constraint *noted, size_t count,
                         PgQuery__Node *const *names)
{
    for (size_t i = 0; i < count; i++)
        names_add(&noted->columns, s->catalog->arena, arena_text(s->catalog->arena, node_text(names[i])));
}

static void note_index(struct session *s, const char *table, const struct constraint *constraint)
{
    size_t schema = strcspn(table, ".");
    const char *name = pg_format(s, "%.*s.%s", (int)schema, table, constraint->name);
    struct relation *index = catalog_create_relation(s->catalog, name, RELATION_INDEX);
    index->script = 0; /* it is its table's, which may be anybody's */
    index->table = catalog_touch(s->catalog, table)->name;
    index->unique = true;
    index->index_columns = constraint->columns;
}

static void all_not_null(struct session *s, const char *table, const struct names *columns)
{
    struct relation *relation = catalog_touch(s->catalog, table);
    for (size_t i = 0; i < columns->count; i++)
        catalog_add_column(s->catalog, relation, columns->list[i])->not_null = true;
}

struct constraint *pg_note_constraint(struct session *s, const char *table,
                                      const PgQuery__Constraint *constraint, const char *column)
{
    static const struct {
        int type;
        enum constraint_kind kind;
    } kinds[] = { { CONSTR(CHECK), CONSTRAINT_CHECK },
                  { CONSTR(PRIMARY), CONSTRAINT_PRIMARY },
                  { CONSTR(UNIQUE), CONSTRAINT_UNIQUE },
                  { CONSTR(EXCLUSION), CONSTRAINT_EXCLUDE },
                  { CONSTR(FOREIGN), CONSTRAINT_FOREIGN } };
    size_t row = 0;
    while (row < ARRAY_LEN(kinds) && kinds[row].type != (int)constraint->contype)
        row++;
    if (row == ARRAY_LEN(kinds))
        return NULL;
    enum constraint_kind kind = kinds[row].kind;
    struct relation *relation = catalog_touch(s->catalog, table);
    const char *name = pg_constraint_name(s, table, constraint, column);
    struct constraint *noted = catalog_add_constraint(s->catalog, relation, name, kind);
    noted->validated = !constraint->skip_validation;
    if (column)
        names_add(&noted->columns, s->catalog->arena, arena_text(s->catalog->arena, column));
    note_columns(s, noted, constraint->n_keys, constraint->keys);
    note_columns(s, noted, constraint->n_fk_attrs, constraint->fk_attrs);
    if (kind == CONSTRAINT_CHECK) {
        pg_columns(s, constraint->raw_expr, &noted->columns);
        noted->facts = pg_facts(s, constraint->raw_expr);
    }
    if (kind == CONSTRAINT_FOREIGN)
        noted->referenced = catalog_touch(s->catalog, pg_range(s, constraint->pktable))->name;
    if (constraint->indexname[0]) {
        size_t schema = strcspn(table, ".");
        const char *index = pg_format(s, "%.*s.%s", (int)schema, table, constraint->indexname);
        const struct relation *used = catalog_relation(s->catalog, index);
        if (used)
            noted->columns = used->index_columns;
        catalog_rename(s->catalog, index, pg_format(s, "%.*s.%s", (int)schema, table, noted->name));
    } else if (kind == CONSTRAINT_PRIMARY || kind == CONSTRAINT_UNIQUE || kind == CONSTRAINT_EXCLUDE) {
        note_index(s, table, noted);
    }
    if (kind == CONSTRAINT_PRIMARY)
        all_not_null(s, table, &noted->columns);
    return noted;
}

static void add_check(struct session *s, const char *table, const PgQuery__Constraint *constraint,
                      const char *name)
{
    pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
    if (constraint->skip_validation) {
        pg_find(s, table, PG_ADD_CHECK_NOT_VALID, NULL,
                "locks %s for an instant; VALIDATE CONSTRAINT %s reads it later", table, name);
        return;
    }
    pg_scan_tree(s, table);
    pg_find(s, table, PG_ADD_CHECK, NULL, "reads all of %s for the CHECK %s while nobody can use it", table,
            name);
}

static void add_foreign(struct session *s, const char *table, const PgQuery__Constraint *constraint,
                        const char *name)
{
    const char *parent = pg_range(s, constraint->pktable);
    pg_lock_tree(s, table, SQL_SHARE_ROW_EXCLUSIVE);
    pg_lock_tree(s, parent, SQL_SHARE_ROW_EXCLUSIVE);
    if (constraint->skip_validation) {
        if (pg_is_kind(s, table, RELATION_PARTITIONED))
            (void)pg_since(s, 180000, "a foreign key of a partitioned table that is NOT VALID");
        pg_find(s, NULL, PG_ADD_FOREIGN_KEY_NOT_VALID, NULL, "blocks writes to %s and %s for an instant",
                table, parent);
        return;
    }
    /* An empty table, which a fresh one is taken for, has nothing to look up. */
    pg_scan_tree(s, table);
    if (!pg_fresh(s, table))
        pg_scan_tree(s, parent);
    if (pg_fresh(s, table))
        pg_find(s, parent, PG_CREATE_TABLE_REFERENCES, NULL, "blocks writes to %s for an instant", parent);
    else
        pg_find(s, NULL, PG_ADD_FOREIGN_KEY, NULL,
                "looks up every row of %s in %s, and blocks writes to both (%s)", table, parent, name);
}

static void using_index(struct session *s, const char *table, const PgQuery__Constraint *constraint)
{
    size_t schema = strcspn(table, ".");
    const struct relation *relation = catalog_touch(s->catalog, table);
    const struct relation *index =
        catalog_relation(s->catalog, pg_format(s, "%.*s.%s", (int)schema, table, constraint->indexname));
    const char *nullable = NULL;

    if (constraint->contype != CONSTR(PRIMARY)) {
        pg_find(s, table, PG_USING_INDEX, NULL, "locks %s for an instant", table);
        return;
    }
    for (size_t i = 0; index && i < index->index_columns.count; i++) {
        const char *name = index->index_columns.list[i];
        const struct column *column = relation_column(relation, name);
        if (!(column && column->not_null) &&
            !(s->server->version >= 120000 && relation_proves_not_null(relation, name)))
            nullable = name;
    }
    if (index && nullable == NULL) {
        pg_find(s, table, PG_USING_INDEX, NULL, "locks %s for an instant", table);
        return;
    }
    pg_scan_tree(s, table);
    bool known = index && relation->complete;
    pg_find(s, table, PG_PRIMARY_KEY_SCAN, known ? NULL : "whether its columns are NOT NULL",
            "reads all of %s to see that %s is not null", table, nullable ? nullable : "the key");
}

/* A partition's index is named after it. A primary key makes its columns NOT NULL, which locks the partitions
 * as strongly; else only a build's lock is taken on them. */
static void build_partitions(struct session *s, const char *table, const PgQuery__Constraint *constraint)
{
    const struct relation *relation = catalog_relation(s->catalog, table);
    struct names children = pg_children(s, table);
    enum sql_lock_mode mode = SQL_SHARE;
    const char *columns = "";

    for (size_t i = 0; i < constraint->n_keys; i++) {
        const char *key = node_text(constraint->keys[i]);
        const struct column *column = relation_column(relation, key);
        columns = pg_format(s, "%s%s%s", columns, i == 0 ? "" : ",", key);
        if (constraint->contype == CONSTR(PRIMARY) && !(column && column->not_null))
            mode = SQL_ACCESS_EXCLUSIVE;
    }
    pg_lock(s, table, SQL_ACCESS_EXCLUSIVE);
    for (size_t i = 0; i < children.count; i++) {
        const char *child = pg_format(s, "%s", children.list[i]);
        pg_lock(s, child, mode);
        if (!pg_is_kind(s, child, RELATION_PARTITIONED))
            pg_build(s, child, pg_format(s, "%s(%s)", child, columns));
    }
}

static void add_index(struct session *s, const char *table, const PgQuery__Constraint *constraint,
                      const char *name)
{
    static const struct {
        int type;
        enum pg_rule rule;
    } rules[] = { { CONSTR(PRIMARY), PG_ADD_PRIMARY_KEY },
                  { CONSTR(UNIQUE), PG_ADD_UNIQUE },
                  { CONSTR(EXCLUSION), PG_ADD_EXCLUDE } };
    if (constraint->indexname[0]) {
        pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
        using_index(s, table, constraint);
        return;
    }
    pg_scan_tree(s, table);
    if (pg_is_kind(s, table, RELATION_PARTITIONED)) {
        build_partitions(s, table, constraint);
    } else {
        pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
        pg_build(s, table, name);
    }
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].type == (int)constraint->contype)
            pg_find(s, table, rules[i].rule, NULL, "builds the index %s over %s while nobody can use it",
                    name, table);
}

void pg_add_constraint(struct session *s, const char *table, const PgQuery__Constraint *constraint, bool only)
{
    const char *name = pg_constraint_name(s, table, constraint, NULL);

    (void)only; /* what is added to a partitioned table with ONLY is refused, or is NO INHERIT */
    switch ((int)constraint->contype) {
    case CONSTR(CHECK):
        add_check(s, table, constraint, name);
        break;
    case CONSTR(FOREIGN):
        add_foreign(s, table, constraint, name);
        break;
    case CONSTR(PRIMARY):
    case CONSTR(UNIQUE):
    case CONSTR(EXCLUSION):
        add_index(s, table, constraint, name);
        break;
    default:
        pg_lock(s, table, SQL_ACCESS_EXCLUSIVE);
        s->verdict->understood = false;
        pg_find(s, NULL, PG_NOT_UNDERSTOOD, NULL, "this kind of constraint is not known");
        return;
    }
    (void)pg_note_constraint(s, table, constraint, NULL);
}

void pg_validate(struct session *s, const char *table, const char *name)
{
    struct constraint *constraint = relation_constraint(catalog_relation(s->catalog, table), name);

    /* Only ShareUpdateExclusiveLock: it is read, but nobody waits. Foreign keys lock the other side as a
     * reader does. */
    pg_scan(s, table);
    if (constraint && constraint->referenced) {
        const char *parent = pg_format(s, "%s", constraint->referenced);
        pg_lock(s, parent, SQL_ROW_SHARE);
        pg_scan(s, parent);
    }
    if (constraint)
        constraint->validated = true;
    pg_find(s, table, PG_VALIDATE, NULL, "reads all of %s while others read and write it", table);
}

bool pg_is_key(const struct relation *relation, const char *column)
{
    for (const struct constraint *c = relation->constraints; c; c = c->next)
        if ((c->kind == CONSTRAINT_PRIMARY || c->kind == CONSTRAINT_UNIQUE) && names_has(&c->columns, column))
            return true;
    return false;
}

void pg_drop_referencing(struct session *s, const char *table)
{
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *other = catalog_at(s->catalog, i);
        for (const struct constraint *c = other ? other->constraints : NULL; c; c = c->next)
            if (c->referenced && strcmp(c->referenced, table) == 0)
                pg_lock(s, pg_format(s, "%s", other->name), SQL_ACCESS_EXCLUSIVE);
    }
}

void pg_drop_constraint(struct session *s, const char *table, const PgQuery__AlterTableCmd *command)
{
    struct relation *relation = catalog_touch(s->catalog, table);
    const struct constraint *constraint = relation_constraint(relation, command->name);

    if (constraint && constraint->referenced) {
        const char *parent = pg_format(s, "%s", constraint->referenced);
        pg_lock(s, parent, SQL_ACCESS_EXCLUSIVE);
        pg_find(s, NULL, PG_DROP_FOREIGN_KEY, NULL, "locks %s and %s for an instant", table, parent);
    } else {
        const char *depends =
            constraint || relation->complete
                ? NULL
                : "whether it is a foreign key: the table that it references is then locked too";
        pg_find(s, table, PG_DROP_CONSTRAINT, depends, "locks %s for an instant", table);
    }
    if (command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        pg_drop_referencing(s, relation->name);
    size_t schema = strcspn(table, ".");
    const struct relation *index =
        catalog_relation(s->catalog, pg_format(s, "%.*s.%s", (int)schema, table, command->name));
    if (index && index->kind == RELATION_INDEX)
        catalog_drop(s->catalog, index->name);
    relation_drop_constraint(relation, command->name);
}
