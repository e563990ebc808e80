#include <string.h>

#include "postgresql.h"

static const char *created_name(struct session *s, const PgQuery__RangeVar *range)
{
    if (strcmp(range->relpersistence, "t") == 0)
        return pg_format(s, "pg_temp.%s", range->relname);
    if (range->schemaname[0])
        return pg_format(s, "%s.%s", range->schemaname, range->relname);
    return pg_format(s, "%s.%s", s->now.path.count ? s->now.path.list[0] : "public", range->relname);
}

/* A new relation. False when IF NOT EXISTS finds that it is there already. */
static bool create(struct session *s, const PgQuery__RangeVar *range, enum relation_kind kind,
                   bool if_not_exists, const char **ret_name)
{
    *ret_name = created_name(s, range);
    const struct relation *known = catalog_relation(s->catalog, *ret_name);
    if (if_not_exists && known && known->complete)
        return false;
    struct relation *relation = catalog_create_relation(s->catalog, *ret_name, kind);
    relation->unlogged = strcmp(range->relpersistence, "u") == 0;
    return true;
}

static void note_like(struct session *s, const char *table, const PgQuery__RangeVar *from)
{
    const char *name = pg_range(s, from);
    const struct relation *model = catalog_relation(s->catalog, name);
    pg_lock(s, name, SQL_ACCESS_SHARE);
    if (!model || !model->complete || model->more_columns)
        catalog_touch(s->catalog, table)->more_columns = true;
    for (const struct column *column = model ? model->columns : NULL; column; column = column->next) {
        struct column *copy = catalog_add_column(s->catalog, catalog_touch(s->catalog, table), column->name);
        struct column *next = copy->next;
        *copy = *column;
        copy->next = next;
        copy->sequence = NULL;
    }
}

static void judge_reference(struct session *s, const PgQuery__Constraint *constraint)
{
    if (constraint->contype != PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN)
        return;
    const char *parent = pg_range(s, constraint->pktable);
    pg_lock_tree(s, parent, SQL_SHARE_ROW_EXCLUSIVE);
    pg_find(s, parent, PG_CREATE_TABLE_REFERENCES, NULL, "blocks writes to %s for an instant", parent);
}

static void note_element(struct session *s, const char *table, const PgQuery__Node *element)
{
    switch ((int)element->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_DEF:
        for (size_t i = 0; i < element->column_def->n_constraints; i++)
            if (element->column_def->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
                judge_reference(s, element->column_def->constraints[i]->constraint);
        pg_note_column(s, table, element->column_def);
        break;
    case PG_QUERY__NODE__NODE_CONSTRAINT:
        judge_reference(s, element->constraint);
        (void)pg_note_constraint(s, table, element->constraint, NULL);
        break;
    case PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE:
        note_like(s, table, element->table_like_clause->relation);
        break;
    default:
        break;
    }
}

static void note_keys(struct session *s, const char *table, const PgQuery__PartitionSpec *spec)
{
    struct relation *relation = catalog_touch(s->catalog, table);
    for (size_t i = 0; i < spec->n_part_params; i++)
        if (spec->part_params[i]->node_case == PG_QUERY__NODE__NODE_PARTITION_ELEM)
            names_add(&relation->keys, s->catalog->arena,
                      arena_text(s->catalog->arena, spec->part_params[i]->partition_elem->name));
}

static void create_base(struct session *s, const PgQuery__CreateStmt *statement)
{
    const char *table;
    enum relation_kind kind = statement->partspec ? RELATION_PARTITIONED : RELATION_TABLE;

    if (!create(s, statement->relation, kind, statement->if_not_exists, &table))
        return;
    struct relation *relation = catalog_touch(s->catalog, table);
    relation->tablespace = arena_text(s->catalog->arena, statement->tablespacename);
    relation->method = arena_text(s->catalog->arena, statement->access_method);
    relation->more_columns = statement->of_typename != NULL;
    if (statement->partspec)
        note_keys(s, table, statement->partspec);
    if (statement->partbound && statement->n_inh_relations) {
        pg_create_partition(s, table, statement);
    } else {
        for (size_t i = 0; i < statement->n_inh_relations; i++) {
            const char *parent = pg_range(s, statement->inh_relations[i]->range_var);
            pg_lock(s, parent, SQL_SHARE_UPDATE_EXCLUSIVE);
            catalog_set_parent(s->catalog, relation, parent);
        }
    }
    for (size_t i = 0; i < statement->n_table_elts; i++)
        note_element(s, table, statement->table_elts[i]);
}

void pg_create_table(struct session *s, const PgQuery__Node *node)
{
    create_base(s, node->create_stmt);
}

void pg_create_foreign_table(struct session *s, const PgQuery__Node *node)
{
    create_base(s, node->create_foreign_table_stmt->base_stmt);
}

void pg_create_table_as(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CreateTableAsStmt *statement = node->create_table_as_stmt;
    bool view = statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW;
    const char *name;

    if (!create(s, statement->into->rel, view ? RELATION_MATVIEW : RELATION_TABLE, statement->if_not_exists,
                &name))
        return;
    catalog_relation(s->catalog, name)->complete = false; /* its columns are the query's */
    pg_note_sources(s, name, statement->query);
    if (!s->quiet)
        pg_judge_node(s, statement->query);
}

void pg_create_view(struct session *s, const PgQuery__Node *node)
{
    const char *name = created_name(s, node->view_stmt->view);
    if (node->view_stmt->replace && !s->quiet) {
        const struct relation *known = catalog_relation(s->catalog, name);
        if (known || !s->options->exists) {
            pg_lock(s, name, SQL_ACCESS_EXCLUSIVE);
            pg_find(s, name, PG_BRIEF, known ? NULL : "whether the view is there",
                    "locks the view %s for an instant", name);
        }
    }
    if (!s->quiet)
        pg_judge_node(s, node->view_stmt->query);
    if (catalog_relation(s->catalog, name) == NULL || !node->view_stmt->replace)
        catalog_create_relation(s->catalog, name, RELATION_VIEW)->complete = false;
    pg_note_sources(s, name, node->view_stmt->query);
}

void pg_create_sequence(struct session *s, const PgQuery__Node *node)
{
    const char *name;
    (void)create(s, node->create_seq_stmt->sequence, RELATION_SEQUENCE, node->create_seq_stmt->if_not_exists,
                 &name);
}

void pg_alter_sequence(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__AlterSeqStmt *statement = node->alter_seq_stmt;
    const char *name = pg_range(s, statement->sequence);
    const PgQuery__DefElem *owner = option_find(statement->n_options, statement->options, "owned_by");
    PgQuery__Node *const *names;

    if (!pg_exists(s, name, statement->missing_ok))
        return;
    size_t count = owner ? node_list(owner->arg, &names) : 0;
    if (count > 1) {
        const char *table = pg_list_name(s, count - 1, names);
        struct column *column =
            relation_column(catalog_relation(s->catalog, table), names_last(count, names));
        pg_lock(s, table, SQL_ACCESS_SHARE);
        if (column)
            column->sequence = catalog_touch(s->catalog, name)->name;
    }
    /* AlterSequence, since 10; before it the row of the sequence was all that was locked. */
    pg_lock(s, name, s->server->version >= 100000 ? SQL_SHARE_ROW_EXCLUSIVE : SQL_ACCESS_SHARE);
    pg_find(s, name, PG_ALTER_SEQUENCE, NULL, "keeps nextval of %s waiting", name);
}

static bool constrains(size_t count, PgQuery__Node *const *constraints)
{
    for (size_t i = 0; i < count; i++)
        if (constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            (constraints[i]->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK ||
             constraints[i]->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL))
            return true;
    return false;
}

static const char *type_name(struct session *s, size_t count, PgQuery__Node *const *names)
{
    return pg_name(s, names_qualifier(count, names), names_last(count, names));
}

void pg_create_domain(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CreateDomainStmt *statement = node->create_domain_stmt;
    const char *name = type_name(s, statement->n_domainname, statement->domainname);
    struct domain *domain = arena_alloc(s->catalog->arena, sizeof(*domain));

    domain->name = arena_text(s->catalog->arena, name);
    domain->constrained = constrains(statement->n_constraints, statement->constraints);
    domain->base = pg_type(s, statement->type_name);
    domain->base.name = arena_text(s->catalog->arena, domain->base.name);
    dict_put(&s->catalog->domains, name, domain);
}

/* The tables with a column of the domain; DOMAIN_UNKNOWN when the catalog cannot tell. */
static size_t scan_users(struct session *s, const char *domain)
{
    size_t found = 0;
    const char *point = strchr(domain, '.');
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *relation = catalog_at(s->catalog, i);
        if (relation == NULL || relation->kind != RELATION_TABLE)
            continue;
        for (const struct column *column = relation->columns; column; column = column->next)
            if (column->type.name && (strcmp(column->type.name, domain) == 0 ||
                                      (point && strcmp(column->type.name, point + 1) == 0))) {
                pg_lock(s, pg_format(s, "%s", relation->name), SQL_SHARE);
                pg_scan(s, pg_format(s, "%s", relation->name));
                found++;
                break;
            }
    }
    return found;
}

void pg_alter_domain(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__AlterDomainStmt *statement = node->alter_domain_stmt;
    const char *name = type_name(s, statement->n_type_name, statement->type_name);
    struct domain *domain = dict_get(&s->catalog->domains, name);
    char what =
        statement->subtype[0]; /* T default, N drop not null, O set not null, C add, X drop, V validate */
    const PgQuery__Constraint *constraint =
        what == 'C' && statement->def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT
            ? statement->def->constraint
            : NULL;

    if (domain && (what == 'O' || what == 'C'))
        domain->constrained = true;
    if (what != 'O' && what != 'C' && what != 'V')
        return;
    if (constraint && constraint->skip_validation) {
        pg_find(s, NULL, PG_DOMAIN_NOT_VALID, NULL, "%s is checked for new values only", name);
        return;
    }
    if (scan_users(s, name) || !s->catalog->told)
        pg_find(s, NULL, PG_DOMAIN_SCAN, s->catalog->told ? NULL : "which tables have columns of the domain",
                "reads every table that uses %s, and blocks writes to all of them", name);
}

void pg_alter_enum(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__AlterEnumStmt *statement = node->alter_enum_stmt;
    if (statement->old_val[0])
        return; /* RENAME VALUE */
    if (s->server->version < 120000)
        pg_outside_transaction(s, "ALTER TYPE ... ADD VALUE (before 12)");
    pg_find(s, NULL, PG_ENUM_ADD, NULL, "'%s' cannot be used before this is committed", statement->new_val);
}

void pg_create_function(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CreateFunctionStmt *statement = node->create_function_stmt;
    const PgQuery__DefElem *option = option_find(statement->n_options, statement->options, "volatility");
    struct function *function = arena_alloc(s->catalog->arena, sizeof(*function));
    const char *name = pg_list_name(s, statement->n_funcname, statement->funcname);

    function->name = arena_text(s->catalog->arena, name);
    function->is_volatile = option == NULL || strcmp(option_text(s->scratch, option), "volatile") == 0;
    dict_put(&s->catalog->functions, name, function);
}

void pg_create_schema(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CreateSchemaStmt *statement = node->create_schema_stmt;
    struct names path = s->now.path;

    s->now.path = (struct names){ 0 };
    names_add(&s->now.path, s->arena, pg_format(s, "%s", statement->schemaname));
    for (size_t i = 0; i < statement->n_schema_elts; i++)
        pg_judge_node(s, statement->schema_elts[i]);
    s->now.path = path;
}

void pg_create_trigger(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CreateTrigStmt *statement = node->create_trig_stmt;
    const char *table = pg_range(s, statement->relation);

    if (!pg_exists(s, table, false))
        return;
    if (statement->row)
        pg_lock_tree(s, table, SQL_SHARE_ROW_EXCLUSIVE);
    else
        pg_lock(s, table, SQL_SHARE_ROW_EXCLUSIVE);
    if (statement->constrrel)
        pg_lock(s, pg_range(s, statement->constrrel), SQL_ACCESS_SHARE);
    (void)catalog_add_trigger(s->catalog, catalog_touch(s->catalog, table), statement->trigname,
                              pg_list_name(s, statement->n_funcname, statement->funcname));
    pg_find(s, table, PG_TRIGGER, NULL, "blocks writes to %s for an instant", table);
}

static void brief(struct session *s, const PgQuery__RangeVar *range)
{
    const char *table = pg_range(s, range);
    pg_lock(s, table, SQL_ACCESS_EXCLUSIVE);
    pg_find(s, table, PG_BRIEF, NULL, "locks %s for an instant", table);
}

void pg_create_policy(struct session *s, const PgQuery__Node *node)
{
    brief(s, node->create_policy_stmt->table);
}

void pg_alter_policy(struct session *s, const PgQuery__Node *node)
{
    brief(s, node->alter_policy_stmt->table);
}

void pg_create_rule(struct session *s, const PgQuery__Node *node)
{
    brief(s, node->rule_stmt->relation);
}

static void share(struct session *s, const char *table)
{
    pg_lock(s, table, SQL_SHARE_UPDATE_EXCLUSIVE);
    pg_find(s, table, PG_SHARE_UPDATE, NULL, "locks %s against VACUUM and other DDL", table);
}

void pg_create_statistics(struct session *s, const PgQuery__Node *node)
{
    for (size_t i = 0; i < node->create_stats_stmt->n_relations; i++)
        if (node->create_stats_stmt->relations[i]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            share(s, pg_range(s, node->create_stats_stmt->relations[i]->range_var));
}

static bool visit_published(const PgQuery__Node *node, void *data)
{
    struct session *s = data;
    if (node->node_case == PG_QUERY__NODE__NODE_PUBLICATION_OBJ_SPEC &&
        node->publication_obj_spec->pubtable && node->publication_obj_spec->pubtable->relation)
        share(s, pg_range(s, node->publication_obj_spec->pubtable->relation));
    return true;
}

void pg_publication(struct session *s, const PgQuery__Node *node)
{
    (void)tree_walk(node, visit_published, s); /* it visits all */
}

void pg_comment(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__CommentStmt *statement = node->comment_stmt;
    PgQuery__Node *const *names;
    size_t count = node_list(statement->object, &names);

    switch ((int)statement->objtype) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN:
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT:
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER:
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY:
        count = count > 1 ? count - 1 : 0;
        break;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW:
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX:
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE:
        break;
    default:
        return;
    }
    if (count)
        share(s, pg_list_name(s, count, names));
}
