#include <string.h>

#include "postgresql.h"

struct target {
    const char *table;
    const PgQuery__AlterTableStmt *statement;
    bool only; /* ONLY: not its partitions */
};

typedef void judge_command(struct session *s, const struct target *target,
                           const PgQuery__AlterTableCmd *command);

static void do_add_column(struct session *s, const struct target *target,
                          const PgQuery__AlterTableCmd *command)
{
    if (command->def && command->def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
        pg_add_column(s, target->table, command->def->column_def, command->missing_ok);
}

/* Foreign keys that refer to it, and the views and materialized views that read it: which columns a view
 * reads is not known, so all that read the table. */
static void drop_with_column(struct session *s, const struct relation *relation, const char *column)
{
    if (pg_is_key(relation, column))
        pg_drop_referencing(s, relation->name);
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *view = catalog_at(s->catalog, i);
        if (view && names_has(&view->sources, relation->name))
            pg_lock(s, pg_format(s, "%s", view->name), SQL_ACCESS_EXCLUSIVE);
    }
}

static void do_drop_column(struct session *s, const struct target *target,
                           const PgQuery__AlterTableCmd *command)
{
    struct relation *relation = catalog_touch(s->catalog, target->table);
    for (const struct constraint *c = relation->constraints; c; c = c->next)
        if (c->kind == CONSTRAINT_FOREIGN && c->referenced && names_has(&c->columns, command->name))
            pg_lock(s, pg_format(s, "%s", c->referenced), SQL_ACCESS_EXCLUSIVE);
    if (command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        drop_with_column(s, relation, command->name);
    relation_drop_column(relation, command->name);
    for (size_t i = 0; i < s->catalog->relations.count; i++) {
        const struct relation *index = catalog_at(s->catalog, i);
        if (index && index->kind == RELATION_INDEX && index->table &&
            strcmp(index->table, relation->name) == 0 && names_has(&index->index_columns, command->name))
            catalog_drop(s->catalog, index->name);
    }
    pg_find(s, target->table, PG_DROP_COLUMN, NULL, "drops column %s of %s: what still reads it fails",
            command->name, target->table);
}

static void do_alter_type(struct session *s, const struct target *target,
                          const PgQuery__AlterTableCmd *command)
{
    pg_alter_type(s, target->table, command);
}

static void do_set_not_null(struct session *s, const struct target *target,
                            const PgQuery__AlterTableCmd *command)
{
    pg_set_not_null(s, target->table, command->name);
}

static void do_drop_not_null(struct session *s, const struct target *target,
                             const PgQuery__AlterTableCmd *command)
{
    struct column *column = relation_column(catalog_relation(s->catalog, target->table), command->name);
    if (column)
        column->not_null = false;
}

static void do_add_constraint(struct session *s, const struct target *target,
                              const PgQuery__AlterTableCmd *command)
{
    if (command->def && command->def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
        pg_add_constraint(s, target->table, command->def->constraint, target->only);
}

static void do_validate(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    pg_validate(s, target->table, command->name);
}

static void do_drop_constraint(struct session *s, const struct target *target,
                               const PgQuery__AlterTableCmd *command)
{
    pg_drop_constraint(s, target->table, command);
}

static void do_default(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    struct column *column = relation_column(catalog_relation(s->catalog, target->table), command->name);
    if (column)
        column->has_default = command->def != NULL;
}

static void do_logged(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    struct relation *relation = catalog_touch(s->catalog, target->table);
    bool unlogged = command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged;
    if (relation->complete && relation->unlogged == unlogged)
        return; /* as it is already: the server does nothing */
    relation->unlogged = unlogged;
    pg_rewrite_tree(s, target->table);
    pg_find(s, target->table, PG_SET_LOGGED, relation->complete ? NULL : "whether it is so already",
            "rewrites %s%s", target->table, unlogged ? "" : ", all of it into the log too");
}

static void do_storage(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    struct relation *relation = catalog_touch(s->catalog, target->table);
    bool space = command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace;
    const char **now = space ? &relation->tablespace : &relation->method;
    const char *usual = space ? "pg_default" : "heap";
    const char *to = strcmp(command->name, usual) == 0 ? "" : command->name;

    if (!space && !pg_since(s, 150000, "SET ACCESS METHOD"))
        return;
    if (relation->complete && strcmp(*now, to) == 0)
        return;
    *now = arena_text(s->catalog->arena, to);
    if (relation->kind == RELATION_PARTITIONED) {
        pg_find(s, target->table, PG_BRIEF, NULL, "locks %s, which has no rows of its own", target->table);
        return;
    }
    pg_rewrite(s, target->table);
    if (!space) /* indexes are moved one by one, by statements of their own */
        pg_build_all(s, target->table);
    pg_find(s, target->table, PG_SET_TABLESPACE, relation->complete ? NULL : "whether it is there already",
            "writes %s anew", target->table);
}

static void do_options(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    /* Options whose lock level is AccessExclusiveLock in src/backend/access/common/reloptions.c. */
    static const char *const heavy[] = { "user_catalog_table",     "security_barrier", "check_option",
                                         "security_invoker",       "buffering",        "fastupdate",
                                         "gin_pending_list_limit", "pages_per_range",  "autosummarize" };
    PgQuery__Node *const *options;
    size_t count = node_list(command->def, &options);
    bool strong = false;

    for (size_t i = 0; i < ARRAY_LEN(heavy); i++)
        strong = strong || option_find(count, options, heavy[i]);
    pg_lock(s, target->table, strong ? SQL_ACCESS_EXCLUSIVE : SQL_SHARE_UPDATE_EXCLUSIVE);
    if (strong)
        pg_find(s, target->table, PG_BRIEF, NULL, "locks %s for an instant", target->table);
    else
        pg_find(s, target->table, PG_SHARE_UPDATE, NULL, "locks %s against VACUUM and other DDL",
                target->table);
}

static void do_inherit(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    if (command->def == NULL || command->def->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
        return;
    bool add = command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit;
    struct relation *relation = catalog_touch(s->catalog, target->table);
    const char *parent = pg_range(s, command->def->range_var);
    pg_lock(s, parent, add ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_ACCESS_SHARE);
    catalog_set_parent(s->catalog, relation, add ? parent : NULL);
}

static void do_attach(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    if (command->def && command->def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD)
        pg_attach_partition(s, target->table, command->def->partition_cmd);
}

static void do_detach(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    if (command->def && command->def->node_case == PG_QUERY__NODE__NODE_PARTITION_CMD)
        pg_detach_partition(s, target->table, command->def->partition_cmd);
}

/* A subcommand: the lock on the table (SQL_LOCK_NONE: its function takes it), whether its partitions and
 * inheritors are locked with it, and what is found where its function finds nothing itself. */
struct command {
    enum sql_lock_mode lock;
    bool recurses;
    bool finds; /* its function finds what there is to be found; else PG_ALTER_COLUMN, PG_BRIEF, ... */
    enum pg_rule rule;
    judge_command *judge;
};

#define AEL      SQL_ACCESS_EXCLUSIVE
#define SRE      SQL_SHARE_ROW_EXCLUSIVE
#define SUE      SQL_SHARE_UPDATE_EXCLUSIVE
#define AT(name) PG_QUERY__ALTER_TABLE_TYPE__AT_##name

/* AlterTableGetLockLevel, and ATPrepCmd for what recurses. */
static const struct command commands[] = {
    [AT(AddColumn)] = { AEL, true, true, PG_ADD_COLUMN, do_add_column },
    [AT(ColumnDefault)] = { AEL, true, false, PG_ALTER_COLUMN, do_default },
    [AT(DropNotNull)] = { AEL, true, false, PG_ALTER_COLUMN, do_drop_not_null },
    [AT(SetNotNull)] = { AEL, true, true, PG_SET_NOT_NULL, do_set_not_null },
    [AT(DropExpression)] = { AEL, true, false, PG_ALTER_COLUMN, NULL },
    [AT(SetStatistics)] = { SUE, true, false, PG_SHARE_UPDATE, NULL },
    [AT(SetOptions)] = { SUE, false, false, PG_SHARE_UPDATE, NULL },
    [AT(ResetOptions)] = { SUE, false, false, PG_SHARE_UPDATE, NULL },
    [AT(SetStorage)] = { AEL, true, false, PG_ALTER_COLUMN, NULL },
    [AT(SetCompression)] = { AEL, true, false, PG_ALTER_COLUMN, NULL },
    [AT(DropColumn)] = { AEL, true, true, PG_DROP_COLUMN, do_drop_column },
    [AT(AddConstraint)] = { SQL_LOCK_NONE, false, true, PG_ADD_CHECK, do_add_constraint },
    [AT(AlterConstraint)] = { AEL, true, false, PG_BRIEF, NULL },
    [AT(ValidateConstraint)] = { SUE, true, true, PG_VALIDATE, do_validate },
    [AT(DropConstraint)] = { AEL, true, true, PG_DROP_CONSTRAINT, do_drop_constraint },
    [AT(AlterColumnType)] = { AEL, true, true, PG_ALTER_TYPE_REWRITE, do_alter_type },
    [AT(AlterColumnGenericOptions)] = { AEL, false, false, PG_ALTER_COLUMN, NULL },
    [AT(ChangeOwner)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(ClusterOn)] = { SUE, false, false, PG_SHARE_UPDATE, NULL },
    [AT(DropCluster)] = { SUE, false, false, PG_SHARE_UPDATE, NULL },
    [AT(SetLogged)] = { AEL, false, true, PG_SET_LOGGED, do_logged },
    [AT(SetUnLogged)] = { AEL, false, true, PG_SET_LOGGED, do_logged },
    [AT(DropOids)] = { AEL, true, false, PG_BRIEF, NULL },
    [AT(SetAccessMethod)] = { AEL, false, true, PG_SET_TABLESPACE, do_storage },
    [AT(SetTableSpace)] = { AEL, false, true, PG_SET_TABLESPACE, do_storage },
    [AT(SetRelOptions)] = { SQL_LOCK_NONE, false, true, PG_SHARE_UPDATE, do_options },
    [AT(ResetRelOptions)] = { SQL_LOCK_NONE, false, true, PG_SHARE_UPDATE, do_options },
    [AT(ReplaceRelOptions)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(EnableTrig)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(EnableAlwaysTrig)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(EnableReplicaTrig)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(DisableTrig)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(EnableTrigAll)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(DisableTrigAll)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(EnableTrigUser)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(DisableTrigUser)] = { SRE, true, false, PG_TRIGGER, NULL },
    [AT(EnableRule)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(EnableAlwaysRule)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(EnableReplicaRule)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(DisableRule)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(AddInherit)] = { AEL, false, false, PG_BRIEF, do_inherit },
    [AT(DropInherit)] = { AEL, false, false, PG_BRIEF, do_inherit },
    [AT(AddOf)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(DropOf)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(ReplicaIdentity)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(EnableRowSecurity)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(DisableRowSecurity)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(ForceRowSecurity)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(NoForceRowSecurity)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(GenericOptions)] = { AEL, false, false, PG_BRIEF, NULL },
    [AT(AttachPartition)] = { SQL_LOCK_NONE, false, true, PG_ATTACH_PARTITION, do_attach },
    [AT(DetachPartition)] = { SQL_LOCK_NONE, false, true, PG_DETACH_PARTITION, do_detach },
    [AT(DetachPartitionFinalize)] = { SQL_LOCK_NONE, false, true, PG_DETACH_PARTITION, do_detach },
    [AT(AddIdentity)] = { AEL, false, false, PG_ALTER_COLUMN, NULL },
    [AT(SetIdentity)] = { AEL, false, false, PG_ALTER_COLUMN, NULL },
    [AT(DropIdentity)] = { AEL, false, false, PG_ALTER_COLUMN, NULL },
};

static void find_common(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command,
                        enum pg_rule rule)
{
    if (rule == PG_ALTER_COLUMN)
        pg_find(s, target->table, rule, NULL, "changes column %s of %s in the catalog only", command->name,
                target->table);
    else if (rule == PG_SHARE_UPDATE)
        pg_find(s, target->table, rule, NULL, "locks %s against VACUUM and other DDL", target->table);
    else if (rule == PG_TRIGGER)
        pg_find(s, target->table, rule, NULL, "blocks writes to %s for an instant", target->table);
    else
        pg_find(s, target->table, rule, NULL, "locks %s for an instant", target->table);
}

static void judge_one(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    const struct command *row =
        (size_t)command->subtype < ARRAY_LEN(commands) ? &commands[command->subtype] : NULL;

    if (row == NULL || (row->judge == NULL && row->lock == SQL_LOCK_NONE)) {
        s->verdict->understood = false;
        pg_find(s, NULL, PG_NOT_UNDERSTOOD, NULL, "this form of ALTER TABLE is not known");
        return;
    }
    if (row->lock != SQL_LOCK_NONE) {
        if (row->recurses && !target->only)
            pg_lock_tree(s, target->table, row->lock);
        else
            pg_lock(s, target->table, row->lock);
    }
    if (row->judge)
        row->judge(s, target, command);
    if (!row->finds)
        find_common(s, target, command, row->rule);
}

/* An index, a view or a sequence: what an ALTER of those locks is itself. */
static void judge_other(struct session *s, const struct target *target, const PgQuery__AlterTableCmd *command)
{
    int type = (int)target->statement->objtype;
    if (type == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX && command->subtype == AT(AttachPartition)) {
        const PgQuery__RangeVar *child = command->def->partition_cmd->name;
        const struct relation *above = catalog_relation(s->catalog, target->table);
        const struct relation *below = catalog_relation(s->catalog, pg_range(s, child));
        pg_lock(s, target->table, SUE);
        pg_lock(s, pg_range(s, child), AEL);
        if (above && above->table)
            pg_lock(s, pg_format(s, "%s", above->table), SQL_ACCESS_SHARE);
        if (below && below->table)
            pg_lock(s, pg_format(s, "%s", below->table), SQL_ACCESS_SHARE);
        struct relation *index = catalog_touch(s->catalog, pg_range(s, child));
        index->kind = RELATION_INDEX;
        catalog_set_parent(s->catalog, index, target->table);
        pg_find(s, target->table, PG_BRIEF, NULL, "locks the index %s for an instant", pg_range(s, child));
    } else {
        judge_one(s, target, command);
    }
}

/* ALTER TYPE ... ADD ATTRIBUTE and its like: tables of that type (OF) are altered with it, which are rare. */
static void judge_composite(struct session *s, const struct target *target)
{
    pg_find(s, NULL, PG_BRIEF, "which tables are of this type", "locks tables OF %s for an instant",
            target->table);
}

void pg_alter_table(struct session *s, const PgQuery__Node *node)
{
    const PgQuery__AlterTableStmt *statement = node->alter_table_stmt;
    struct target target = { pg_range(s, statement->relation), statement, !statement->relation->inh };

    if (!pg_exists(s, target.table, statement->missing_ok))
        return;
    if (statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE) {
        judge_composite(s, &target);
        return;
    }
    for (size_t i = 0; i < statement->n_cmds; i++) {
        const PgQuery__AlterTableCmd *command = statement->cmds[i]->alter_table_cmd;
        if (statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TABLE)
            judge_one(s, &target, command);
        else
            judge_other(s, &target, command);
    }
}
