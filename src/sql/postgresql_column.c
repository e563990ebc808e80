#include <string.h>

#include "postgresql.h"

static const PgQuery__Constraint *constraint_of(const PgQuery__ColumnDef *column, PgQuery__ConstrType type)
{
    for (size_t i = 0; i < column->n_constraints; i++)
        if (column->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            column->constraints[i]->constraint->contype == type)
            return column->constraints[i]->constraint;
    return NULL;
}

#define DOMAINS_MAX  16 /* over one another; more are a circle */
#define CONSTR(name) PG_QUERY__CONSTR_TYPE__CONSTR_##name

static bool is_serial(const char *type)
{
    static const char *const names[] = {
        "serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(type, names[i]) == 0)
            return true;
    return false;
}

/* A default, NULL where it is NULL: that is as good as none. */
static const PgQuery__Node *without_null(const PgQuery__Node *value)
{
    const PgQuery__Node *inner = value;
    while (inner && inner->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        inner = inner->type_cast->arg;
    if (inner && inner->node_case == PG_QUERY__NODE__NODE_A_CONST && inner->a_const->isnull)
        return NULL;
    return value;
}

/* Types of pg_catalog and of common extensions, none of them a domain. */
/* clang-format off */
static const char *const plain_types[] = {
    "bool", "bytea", "char", "name", "int8", "int2", "int4", "text", "oid", "json", "xml", "point",
    "lseg", "path", "box", "polygon", "line", "float4", "float8", "unknown", "circle", "money",
    "macaddr", "inet", "cidr", "macaddr8", "bpchar", "varchar", "date", "time", "timestamp",
    "timestamptz", "interval", "timetz", "bit", "varbit", "numeric", "uuid", "tsvector", "tsquery",
    "jsonb", "jsonpath", "int4range", "numrange", "tsrange", "tstzrange", "daterange", "int8range",
    "int4multirange", "nummultirange", "tsmultirange", "tstzmultirange", "datemultirange",
    "int8multirange", "pg_lsn", "regclass", "regproc", "regtype", "regrole", "xid", "xid8", "cid",
    "tid", "hstore", "citext", "ltree", "geometry", "geography", "vector", "cube", "isbn",
};
/* clang-format on */

static bool is_plain_type(const char *type)
{
    for (size_t i = 0; i < ARRAY_LEN(plain_types); i++)
        if (strcmp(type, plain_types[i]) == 0)
            return true;
    return false;
}

static const struct domain *find_domain(struct session *s, const struct column_type *type)
{
    const char *point = strrchr(type->name, '.');
    const struct domain *domain = dict_get(&s->catalog->domains, type->name);
    for (size_t i = 0; domain == NULL && !point && i < s->now.path.count; i++)
        domain = dict_get(&s->catalog->domains, pg_format(s, "%s.%s", s->now.path.list[i], type->name));
    return domain;
}

/* The type that a column without constraints of its own has; false where a domain's constraint is in the way,
 * with what that depends on where it is not known. */
static bool unconstrained(struct session *s, struct column_type *type, const char **ret_depends)
{
    *ret_depends = NULL;
    const struct domain *domain = find_domain(s, type);
    if (domain && domain->constrained)
        return false;
    if (domain) {
        *type = domain->base;
        return true;
    }
    if (is_plain_type(type->name) || s->catalog->told || dict_get(&s->catalog->functions, type->name))
        return true;
    *ret_depends = pg_format(s, "whether type %s is a domain with a constraint", type->name);
    return false;
}

void pg_note_column(struct session *s, const char *table, const PgQuery__ColumnDef *column)
{
    struct relation *relation = catalog_touch(s->catalog, table);
    struct column *known = catalog_add_column(s->catalog, relation, column->colname);
    const PgQuery__Constraint *identity = constraint_of(column, CONSTR(IDENTITY));

    if (column->type_name) {
        known->type = pg_type(s, column->type_name);
        known->type.name = arena_text(s->catalog->arena, known->type.name);
    }
    known->collation = column->coll_clause
                           ? arena_text(s->catalog->arena, names_last(column->coll_clause->n_collname,
                                                                      column->coll_clause->collname))
                           : "";
    bool serial = known->type.name && is_serial(known->type.name);
    if (serial) {
        static const struct {
            const char *serial, *stored;
        } kinds[] = { { "serial", "int4" },  { "serial4", "int4" },     { "bigserial", "int8" },
                      { "serial8", "int8" }, { "smallserial", "int2" }, { "serial2", "int2" } };
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            if (strcmp(kinds[i].serial, known->type.name) == 0) {
                known->type.name = kinds[i].stored;
                break;
            }
    }
    known->not_null = column->is_not_null || serial || identity || constraint_of(column, CONSTR(NOTNULL)) ||
                      constraint_of(column, CONSTR(PRIMARY));
    known->has_default = column->raw_default || serial || identity || constraint_of(column, CONSTR(DEFAULT));
    for (size_t i = 0; i < column->n_constraints; i++)
        if (column->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
            (void)pg_note_constraint(s, table, column->constraints[i]->constraint, column->colname);
    if (serial || identity) {
        const char *name = pg_format(s, "%s_%s_seq", table, column->colname);
        struct relation *sequence = catalog_create_relation(s->catalog, name, RELATION_SEQUENCE);
        sequence->table = relation->name;
        known->sequence = sequence->name;
    }
}

/* DEFAULT nextval('s') advances it. */
static void lock_sequence(struct session *s, const PgQuery__Node *value)
{
    const char *name;
    if (value->node_case != PG_QUERY__NODE__NODE_FUNC_CALL || value->func_call->n_args != 1 ||
        strcmp(names_last(value->func_call->n_funcname, value->func_call->funcname), "nextval") != 0 ||
        !node_constant(s->scratch, value->func_call->args[0], &name))
        return;
    pg_lock(s, pg_text_name(s, name), SQL_ROW_EXCLUSIVE);
}

/* What makes every row be written anew. */
static bool judge_rewrite(struct session *s, const char *table, const PgQuery__ColumnDef *column)
{
    const PgQuery__Constraint *fallback = constraint_of(column, CONSTR(DEFAULT));
    struct column_type type = pg_type(s, column->type_name);
    const char *name = column->colname, *function, *depends;

    if (is_serial(type.name)) {
        pg_find(s, table, PG_ADD_COLUMN_SERIAL, NULL, "rewrites %s to number its rows in %s", table, name);
        return true;
    }
    if (constraint_of(column, CONSTR(IDENTITY))) {
        pg_find(s, table, PG_ADD_COLUMN_IDENTITY, NULL, "rewrites %s to number its rows in %s", table, name);
        return true;
    }
    if (constraint_of(column, CONSTR(GENERATED))) {
        pg_find(s, table, PG_ADD_COLUMN_GENERATED, NULL, "rewrites %s to compute %s", table, name);
        return true;
    }
    if (!unconstrained(s, &type, &depends)) {
        pg_find(s, table, PG_ADD_COLUMN_DOMAIN, depends, "rewrites %s to hold %s against %s", table, name,
                type.name);
        return true;
    }
    if (fallback == NULL || fallback->raw_expr == NULL)
        return false;
    const PgQuery__Node *value = without_null(fallback->raw_expr);
    if (value == NULL)
        return false;
    enum volatility volatility = pg_volatility(s, value, &function);
    if (volatility >= VOLATILITY_VOLATILE) {
        depends =
            volatility == VOLATILITY_UNKNOWN ? pg_format(s, "whether %s() is volatile", function) : NULL;
        lock_sequence(s, value);
        pg_find(s, table, PG_ADD_COLUMN_VOLATILE, depends, "rewrites %s: %s() is asked for each row", table,
                function);
        return true;
    }
    if (s->server->version < 110000) {
        pg_find(s, table, PG_ADD_COLUMN_DEFAULT, NULL,
                "rewrites %s: before 11 a default is written into each row", table);
        return true;
    }
    return false;
}

static void judge_reference(struct session *s, const char *table, const PgQuery__ColumnDef *column,
                            bool rewrites)
{
    const PgQuery__Constraint *key = constraint_of(column, CONSTR(FOREIGN));
    if (key == NULL)
        return;
    const char *parent = pg_range(s, key->pktable);
    const PgQuery__Constraint *fallback = constraint_of(column, CONSTR(DEFAULT));
    pg_lock_tree(s, parent, SQL_SHARE_ROW_EXCLUSIVE);
    /* transformAlterTableStmt skips the check of the rows only where they all have NULL. */
    if (rewrites || (fallback && without_null(fallback->raw_expr))) {
        pg_scan_tree(s, table);
        pg_scan_tree(s, parent);
        pg_find(s, table, PG_ADD_COLUMN_REFERENCES_SCAN, NULL,
                "looks up every row of %s in %s, and blocks writes to both", table, parent);
    } else {
        pg_find(s, NULL, PG_ADD_COLUMN_REFERENCES, NULL, "locks %s, and blocks writes to %s", table, parent);
    }
}

/* What reads the table, or builds an index over it. */
static bool judge_scan(struct session *s, const char *table, const PgQuery__ColumnDef *column, bool rewrites)
{
    bool found = false;
    const PgQuery__Constraint *fallback = constraint_of(column, CONSTR(DEFAULT));
    bool no_default = fallback == NULL || without_null(fallback->raw_expr) == NULL;
    bool primary = constraint_of(column, CONSTR(PRIMARY));

    if (constraint_of(column, CONSTR(CHECK))) {
        pg_scan_tree(s, table);
        pg_find(s, table, PG_ADD_COLUMN_CHECK, NULL, "reads all of %s for the CHECK on %s", table,
                column->colname);
        found = true;
    }
    if ((constraint_of(column, CONSTR(NOTNULL)) || primary) && no_default && !rewrites) {
        pg_scan_tree(s, table);
        pg_find(s, table, PG_ADD_COLUMN_NOT_NULL, "whether the table has rows",
                "fails if %s has a row: %s would be null", table, column->colname);
        found = true;
    }
    if (primary || constraint_of(column, CONSTR(UNIQUE))) {
        pg_scan_tree(s, table);
        pg_build(s, table,
                 pg_constraint_name(s, table,
                                    primary ? constraint_of(column, CONSTR(PRIMARY))
                                            : constraint_of(column, CONSTR(UNIQUE)),
                                    column->colname));
        pg_find(s, table, PG_ADD_COLUMN_UNIQUE, NULL, "builds an index over %s while nobody can use it",
                table);
        found = true;
    }
    return found;
}

void pg_add_column(struct session *s, const char *table, const PgQuery__ColumnDef *column, bool missing_ok)
{

    if (column->type_name == NULL ||
        (missing_ok && relation_column(catalog_relation(s->catalog, table), column->colname)))
        return; /* it is there already */
    bool rewrites = judge_rewrite(s, table, column);
    if (rewrites)
        pg_rewrite_tree(s, table);
    bool found = judge_scan(s, table, column, rewrites) || rewrites;
    judge_reference(s, table, column, rewrites);
    if (!found)
        pg_find(s, table, PG_ADD_COLUMN, NULL, "locks %s for an instant", table);
    pg_note_column(s, table, column);
}

void pg_set_not_null(struct session *s, const char *table, const char *name)
{
    struct relation *relation = catalog_touch(s->catalog, table);
    struct column *column = relation_column(relation, name);
    bool proven = s->server->version >= 120000 && relation_proves_not_null(relation, name);

    if (column && column->not_null) {
        pg_find(s, table, PG_SET_NOT_NULL_PROVEN, NULL, "%s of %s is NOT NULL already", name, table);
    } else if (proven) {
        pg_find(s, table, PG_SET_NOT_NULL_PROVEN, NULL,
                "a validated CHECK says already that %s of %s is not null", name, table);
    } else {
        const char *depends =
            relation->complete ? NULL : "whether a validated CHECK (... IS NOT NULL) is there";
        pg_scan_tree(s, table);
        pg_find(s, table, PG_SET_NOT_NULL, depends, "reads all of %s to see that no %s is null", table, name);
    }
    if (column == NULL)
        column = catalog_add_column(s->catalog, relation, name);
    column->not_null = true;
}

/* Whether USING says no more than the cast that the server would do by itself. */
static bool only_casts(const PgQuery__Node *expression, const char *column)
{
    const char *named;
    if (expression == NULL)
        return true;
    if (expression->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        expression = expression->type_cast->arg;
    named = node_column(expression);
    return named && strcmp(named, column) == 0;
}

static enum type_change change_of(struct session *s, const struct column *column,
                                  const PgQuery__ColumnDef *def, const char *name, const char **ret_depends)
{
    struct column_type to = pg_type(s, def->type_name);

    if (!unconstrained(s, &to, ret_depends))
        return TYPE_REWRITE;
    if (!only_casts(def->raw_default, name))
        return TYPE_REWRITE;
    if (column == NULL || column->type.name == NULL) {
        *ret_depends = pg_format(s, "the type that column %s has now", name);
        return TYPE_REWRITE;
    }
    struct column_type from = column->type;
    /* A domain's values have the bytes of its base type. */
    const struct domain *domain = find_domain(s, &from);
    for (int depth = 0; domain && depth < DOMAINS_MAX; depth++) {
        from = domain->base;
        domain = find_domain(s, &from);
    }
    enum type_change change = pg_type_change(&from, &to, s->server->version);
    if (change != TYPE_ZONE)
        return change;
    if (s->now.zone_known)
        return s->now.zone_utc ? TYPE_METADATA : TYPE_REWRITE;
    *ret_depends = "whether the session's TimeZone is UTC";
    return TYPE_REWRITE;
}

/* A type or a collation that changes has CHECKs read the table again, and indexes built again. */
static bool judge_dependents(struct session *s, const char *table, const struct column *column,
                             const PgQuery__ColumnDef *def)
{
    const struct relation *relation = catalog_relation(s->catalog, table);
    struct column_type to = pg_type(s, def->type_name);
    bool collates = def->coll_clause != NULL;
    bool found = false;

    for (const struct constraint *c = relation->constraints; c; c = c->next)
        if (c->kind == CONSTRAINT_CHECK && c->validated && names_has(&c->columns, column->name)) {
            pg_scan_tree(s, table);
            pg_find(s, table, PG_ALTER_TYPE_CHECKED, NULL, "reads all of %s again for the CHECK %s", table,
                    c->name);
            found = true;
        }
    if (!collates && pg_type_keeps_indexes(&column->type, &to))
        return found;
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *index = catalog_at(s->catalog, i);
        if (index == NULL || index->kind != RELATION_INDEX || index->table == NULL ||
            strcmp(index->table, relation->name) != 0 || !names_has(&index->index_columns, column->name))
            continue;
        pg_scan(s, table);
        pg_build(s, table, pg_format(s, "%s", index->name));
        pg_find(s, table, PG_ALTER_TYPE_INDEXED, NULL, "builds the index %s again", index->name);
        found = true;
    }
    return found;
}

static void judge_foreign_key(struct session *s, const char *table, const char *parent, bool looks_up)
{
    pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
    pg_lock_tree(s, parent, SQL_ACCESS_EXCLUSIVE);
    if (looks_up) {
        pg_scan_tree(s, table);
        pg_scan_tree(s, parent);
    }
}

/* A foreign key of the column, or to it, is made again: both sides are locked, and looked up where the new
 * values might compare otherwise. Which columns a key refers to is not known, only that they are a key. */
static void judge_foreign_keys(struct session *s, const char *table, const char *column, bool looks_up)
{
    const struct relation *relation = catalog_relation(s->catalog, table);
    bool is_key = pg_is_key(relation, column);

    for (const struct constraint *c = relation->constraints; c; c = c->next)
        if (c->referenced && names_has(&c->columns, column))
            judge_foreign_key(s, table, pg_format(s, "%s", c->referenced), looks_up);
    for (size_t i = 0; is_key && i < s->catalog->relations.count; i++) {
        const struct relation *other = catalog_at(s->catalog, i);
        for (const struct constraint *c = other ? other->constraints : NULL; c; c = c->next)
            if (c->referenced && strcmp(c->referenced, table) == 0)
                judge_foreign_key(s, pg_format(s, "%s", other->name), table, looks_up);
    }
}

void pg_alter_type(struct session *s, const char *table, const PgQuery__AlterTableCmd *command)
{
    const PgQuery__ColumnDef *def = command->def->column_def;
    struct relation *relation = catalog_touch(s->catalog, table);
    struct column *column = relation_column(relation, command->name);
    const char *depends = NULL;
    struct column_type to = pg_type(s, def->type_name);
    enum type_change change = change_of(s, column, def, command->name, &depends);
    const char *text = pg_type_text(s, &to);

    judge_foreign_keys(s, table, command->name, change == TYPE_REWRITE);
    if (change == TYPE_REWRITE) {
        pg_rewrite_tree(s, table);
        pg_find(s, table, PG_ALTER_TYPE_REWRITE, depends, "rewrites %s and its indexes to make %s %s", table,
                command->name, text);
    } else if (change == TYPE_SAME && !def->coll_clause) {
        pg_find(s, table, PG_ALTER_TYPE_METADATA, NULL, "%s of %s is %s already", command->name, table, text);
    } else if (!judge_dependents(s, table, column, def)) {
        pg_find(s, table, PG_ALTER_TYPE_METADATA, NULL, "makes %s of %s %s in the catalog only",
                command->name, table, text);
    }
    if (column == NULL)
        column = catalog_add_column(s->catalog, relation, command->name);
    column->type = to;
    column->type.name = arena_text(s->catalog->arena, to.name);
    if (def->coll_clause)
        column->collation = arena_text(s->catalog->arena,
                                       names_last(def->coll_clause->n_collname, def->coll_clause->collname));
}
