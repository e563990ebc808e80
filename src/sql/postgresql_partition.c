#include <stdlib.h>
#include <string.h>

#include "postgresql.h"

/* Numbers are compared as such; dates and times as texts, where they are written alike (2026-01-01). Of other
 * texts, whose order is the collation's, only equality is known. False: they cannot be compared. */
static bool compare_values(const char *a, const char *b, int *ret_order)
{
    static const char dated[] = "0123456789-:. +T";
    char *end_a, *end_b;
    double x = strtod(a, &end_a), y = strtod(b, &end_b);

    *ret_order = strcmp(a, b);
    if (*a && *b && *end_a == '\0' && *end_b == '\0')
        *ret_order = x < y ? -1 : x > y;
    else if (*ret_order)
        return strlen(a) == strlen(b) && strspn(a, dated) == strlen(a) && strspn(b, dated) == strlen(b);
    return true;
}

static bool is_not_null(const struct relation *table, const char *column)
{
    const struct column *known = relation_column(table, column);
    return (known && known->not_null) || relation_proves_not_null(table, column);
}

/* Whether one validated CHECK says `column` is at least `low` (or below `high`). */
static bool is_bounded(const struct relation *table, const char *column, const char *value, bool low)
{
    for (const struct constraint *c = table->constraints; c; c = c->next)
        for (const struct fact *fact = c->kind == CONSTRAINT_CHECK && c->validated ? c->facts : NULL; fact;
             fact = fact->next) {
            if (strcmp(fact->column, column) != 0 || fact->value[0] == '\0' || fact->upper[0])
                continue;
            int order;
            if (!compare_values(fact->value, value, &order))
                continue;
            if (low ? order >= 0 && strchr(">=", fact->comparison[0])
                    : order < 0 && strchr("<=", fact->comparison[0]))
                return true;
            if (!low && order == 0 && strcmp(fact->comparison, "<") == 0)
                return true;
        }
    return false;
}

/* A range over one column with constants on both sides. */
static bool range_proven(struct session *s, const struct relation *table, const char *column,
                         const PgQuery__PartitionBoundSpec *bound)
{
    const char *low, *high;
    return bound->n_lowerdatums == 1 && bound->n_upperdatums == 1 && is_not_null(table, column) &&
           node_constant(s->scratch, bound->lowerdatums[0], &low) &&
           node_constant(s->scratch, bound->upperdatums[0], &high) && is_bounded(table, column, low, true) &&
           is_bounded(table, column, high, false);
}

static bool value_listed(struct session *s, const PgQuery__PartitionBoundSpec *bound, const char *value)
{
    const char *listed;
    for (size_t i = 0; i < bound->n_listdatums; i++)
        if (node_constant(s->scratch, bound->listdatums[i], &listed) && strcmp(listed, value) == 0)
            return true;
    return false;
}

static bool list_proven(struct session *s, const struct relation *table, const char *column,
                        const PgQuery__PartitionBoundSpec *bound)
{
    if (!is_not_null(table, column))
        return false;
    for (const struct constraint *c = table->constraints; c; c = c->next) {
        bool says = false, all = true;
        for (const struct fact *fact = c->kind == CONSTRAINT_CHECK && c->validated ? c->facts : NULL; fact;
             fact = fact->next) {
            if (strcmp(fact->column, column) != 0 ||
                (strcmp(fact->comparison, "=") != 0 && strcmp(fact->comparison, "in") != 0))
                continue;
            says = true;
            all = all && value_listed(s, bound, fact->value);
        }
        if (says && all)
            return true;
    }
    return false;
}

/* Whether the table's validated CHECKs say that all its rows belong into the partition:
 * ConstraintImpliedByRelConstraint for the simple forms that a dump and a runbook have. */
static bool bound_proven(struct session *s, const char *parent, const char *table,
                         const PgQuery__PartitionBoundSpec *bound)
{
    const struct relation *above = catalog_relation(s->catalog, parent);
    const struct relation *relation = catalog_relation(s->catalog, table);

    if (above == NULL || relation == NULL || above->keys.count != 1 || bound == NULL || bound->is_default)
        return false;
    const char *column = above->keys.list[0];
    if (strcmp(bound->strategy, "r") == 0)
        return range_proven(s, relation, column, bound);
    return strcmp(bound->strategy, "l") == 0 && list_proven(s, relation, column, bound);
}

/* Whether a validated CHECK of the default partition keeps the rows of a range out of it. */
static bool excluded(struct session *s, const struct relation *above, const struct relation *other,
                     const PgQuery__PartitionBoundSpec *bound)
{
    const char *low, *high;
    int under, over;
    if (above == NULL || above->keys.count != 1 || bound == NULL || strcmp(bound->strategy, "r") != 0 ||
        bound->n_lowerdatums != 1 || bound->n_upperdatums != 1 ||
        !node_constant(s->scratch, bound->lowerdatums[0], &low) ||
        !node_constant(s->scratch, bound->upperdatums[0], &high))
        return false;
    for (const struct constraint *c = other->constraints; c; c = c->next)
        for (const struct fact *fact = c->kind == CONSTRAINT_CHECK && c->validated ? c->facts : NULL; fact;
             fact = fact->next)
            if (strcmp(fact->comparison, "outside") == 0 && strcmp(fact->column, above->keys.list[0]) == 0 &&
                compare_values(fact->value, low, &under) && under <= 0 &&
                compare_values(fact->upper, high, &over) && over >= 0)
                return true;
    return false;
}

/* The default partition is locked, and read to see that none of its rows belongs into the new one. True: it
 * is read. */
static bool judge_default(struct session *s, const char *parent, const char *table,
                          const PgQuery__PartitionBoundSpec *bound)
{
    const struct relation *other = catalog_default_of(s->catalog, parent);
    if (other == NULL || strcmp(other->name, table) == 0)
        return false;
    const char *name = pg_format(s, "%s", other->name);
    pg_lock_tree(s, name, SQL_ACCESS_EXCLUSIVE);
    if (pg_fresh(s, name) || excluded(s, catalog_relation(s->catalog, parent), other, bound))
        return false;
    pg_scan(s, name);
    return true;
}

/* A CHECK that is not of the simple form may prove it all the same. */
static const char *default_depends(struct session *s, const char *parent)
{
    const struct relation *other = catalog_default_of(s->catalog, parent);
    bool checked = other == NULL || !other->complete;
    for (const struct constraint *c = other ? other->constraints : NULL; c; c = c->next)
        checked = checked || (c->kind == CONSTRAINT_CHECK && c->validated);
    return checked ? "whether a validated CHECK of the default partition excludes the new one" : NULL;
}

/* A foreign key of the partitioned table is made for the partition too, and locks the other side for it. */
static void lock_referenced(struct session *s, const char *parent)
{
    const struct relation *above = catalog_relation(s->catalog, parent);
    for (const struct constraint *c = above ? above->constraints : NULL; c; c = c->next)
        if (c->referenced)
            pg_lock(s, pg_format(s, "%s", c->referenced), SQL_SHARE_ROW_EXCLUSIVE);
}

static const char *unknown_default(struct session *s, const char *parent)
{
    const struct relation *above = catalog_relation(s->catalog, parent);
    return above && above->complete ? NULL : "whether there is a default partition, which is then read too";
}

void pg_attach_partition(struct session *s, const char *parent, const PgQuery__PartitionCmd *command)
{
    const char *table = pg_range(s, command->name);
    struct relation *relation = catalog_touch(s->catalog, table);
    bool proven = bound_proven(s, parent, table, command->bound);

    pg_lock(s, parent, s->server->version >= 120000 ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_ACCESS_EXCLUSIVE);
    pg_lock_tree(s, table, SQL_ACCESS_EXCLUSIVE);
    bool read_default = judge_default(s, parent, table, command->bound);
    lock_referenced(s, parent);
    if (!proven)
        pg_scan(s, table);
    if (read_default)
        pg_find(s, NULL, PG_ATTACH_PARTITION, default_depends(s, parent),
                "reads all of the default partition of %s while nobody can use it", parent);
    if (!proven)
        pg_find(s, table, PG_ATTACH_PARTITION,
                relation->complete ? unknown_default(s, parent)
                                   : "whether a validated CHECK of it says what its bound says",
                "reads all of %s to see that its rows belong into %s", table, parent);
    else if (!read_default)
        pg_find(s, table, PG_ATTACH_PARTITION_PROVEN, unknown_default(s, parent), "locks %s for an instant",
                table);
    catalog_set_parent(s->catalog, relation, parent);
    relation->is_default = command->bound && command->bound->is_default;
}

void pg_create_partition(struct session *s, const char *table, const PgQuery__CreateStmt *create)
{
    const char *parent = pg_range(s, create->inh_relations[0]->range_var);
    struct relation *relation = catalog_touch(s->catalog, table);
    const struct relation *above = catalog_touch(s->catalog, parent);

    pg_lock(s, parent, SQL_ACCESS_EXCLUSIVE);
    lock_referenced(s, parent);
    if (!create->partbound->is_default && judge_default(s, parent, table, create->partbound))
        pg_find(s, parent, PG_CREATE_PARTITION_DEFAULT, NULL,
                "reads all of the default partition while nobody can use %s", parent);
    else if (create->partbound->is_default || unknown_default(s, parent) == NULL)
        pg_find(s, parent, PG_CREATE_PARTITION, NULL, "locks %s for an instant", parent);
    else
        pg_find(s, parent, PG_CREATE_PARTITION_DEFAULT, "whether there is a default partition",
                "locks %s, and reads its default partition", parent);
    catalog_set_parent(s->catalog, relation, parent);
    relation->is_default = create->partbound->is_default;
    for (const struct column *column = above->columns; column; column = column->next) {
        struct column *copy = catalog_add_column(s->catalog, relation, column->name);
        struct column *next = copy->next;
        *copy = *column;
        copy->next = next;
    }
}

void pg_detach_partition(struct session *s, const char *parent, const PgQuery__PartitionCmd *command)
{
    const char *table = pg_range(s, command->name);
    struct relation *relation = catalog_touch(s->catalog, table);
    const struct relation *other = catalog_default_of(s->catalog, parent);
    bool concurrent = command->concurrent;

    relation->parent = NULL;
    relation->is_default = false;
    if (concurrent && !pg_since(s, 140000, "DETACH PARTITION ... CONCURRENTLY"))
        return;
    pg_lock(s, parent, concurrent ? SQL_SHARE_UPDATE_EXCLUSIVE : SQL_ACCESS_EXCLUSIVE);
    pg_lock(s, table, SQL_ACCESS_EXCLUSIVE);
    if (concurrent)
        pg_outside_transaction(s, "DETACH PARTITION ... CONCURRENTLY");
    if (concurrent && other) {
        pg_find(s, parent, PG_DETACH_REFUSED, NULL, "is refused: %s has a default partition", parent);
    } else if (concurrent) {
        pg_find(s, parent, PG_SHARE_UPDATE, NULL, "waits for those who use %s, and blocks nobody for long",
                parent);
    } else {
        if (other)
            pg_lock_tree(s, pg_format(s, "%s", other->name), SQL_ACCESS_EXCLUSIVE);
        pg_find(s, parent, PG_DETACH_PARTITION, unknown_default(s, parent),
                "locks %s and all that goes through it", parent);
    }
}
