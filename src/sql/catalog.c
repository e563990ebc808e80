#include "catalog.h"

#include <string.h>

struct relation *catalog_relation(const struct sql_catalog *catalog, const char *name)
{
    return dict_get(&catalog->relations, name);
}

struct relation *catalog_at(const struct sql_catalog *catalog, size_t index)
{
    return dict_at(&catalog->relations, index, NULL);
}

struct relation *catalog_touch(struct sql_catalog *catalog, const char *name)
{
    struct relation *relation = catalog_relation(catalog, name);
    if (relation)
        return relation;
    relation = arena_alloc(catalog->arena, sizeof(*relation));
    relation->name = arena_text(catalog->arena, name);
    relation->tablespace = relation->method = "";
    dict_put(&catalog->relations, name, relation);
    return relation;
}

struct relation *catalog_create_relation(struct sql_catalog *catalog, const char *name,
                                         enum relation_kind kind)
{
    dict_put(&catalog->relations, name, NULL);
    struct relation *relation = catalog_touch(catalog, name);
    relation->kind = kind;
    relation->complete = true;
    relation->script = catalog->script;
    return relation;
}

bool relation_created(const struct sql_catalog *catalog, const struct relation *relation)
{
    return relation && catalog->script && relation->script == catalog->script;
}

void catalog_drop(struct sql_catalog *catalog, const char *name)
{
    dict_put(&catalog->relations, name, NULL);
    for (size_t i = 0; i < catalog->relations.count; i++) {
        const struct relation *relation = catalog_at(catalog, i);
        if (relation && relation->table && strcmp(relation->table, name) == 0)
            dict_put(&catalog->relations, relation->name, NULL);
        else if (relation && relation->parent && strcmp(relation->parent, name) == 0)
            catalog_drop(catalog, relation->name);
    }
}

void catalog_rename(struct sql_catalog *catalog, const char *name, const char *to)
{
    struct relation *relation = catalog_relation(catalog, name);
    if (relation == NULL)
        return;
    dict_put(&catalog->relations, name, NULL);
    const char *old = relation->name;
    relation->name = arena_text(catalog->arena, to);
    dict_put(&catalog->relations, to, relation);
    for (size_t i = 0; i < catalog->relations.count; i++) {
        struct relation *other = catalog_at(catalog, i);
        if (other == NULL)
            continue;
        if (other->table && strcmp(other->table, old) == 0)
            other->table = relation->name;
        if (other->parent && strcmp(other->parent, old) == 0)
            other->parent = relation->name;
        for (struct constraint *c = other->constraints; c; c = c->next)
            if (c->referenced && strcmp(c->referenced, old) == 0)
                c->referenced = relation->name;
    }
}

struct column *relation_column(const struct relation *relation, const char *name)
{
    struct column *column = relation ? relation->columns : NULL;
    while (column && strcmp(column->name, name) != 0)
        column = column->next;
    return column;
}

struct column *catalog_add_column(struct sql_catalog *catalog, struct relation *relation, const char *name)
{
    struct column *column = relation_column(relation, name);
    if (column)
        return column;
    column = arena_alloc(catalog->arena, sizeof(*column));
    column->name = arena_text(catalog->arena, name);
    column->collation = "";
    column->next = relation->columns;
    return relation->columns = column;
}

static bool about(const struct constraint *constraint, const char *column)
{
    return names_has(&constraint->columns, column);
}

void relation_drop_column(struct relation *relation, const char *name)
{
    for (struct column **at = &relation->columns; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) {
            *at = (*at)->next;
            break;
        }
    for (struct constraint **at = &relation->constraints; *at;)
        if (about(*at, name))
            *at = (*at)->next;
        else
            at = &(*at)->next;
}

struct constraint *relation_constraint(const struct relation *relation, const char *name)
{
    struct constraint *constraint = relation ? relation->constraints : NULL;
    while (constraint && strcmp(constraint->name, name) != 0)
        constraint = constraint->next;
    return constraint;
}

struct constraint *catalog_add_constraint(struct sql_catalog *catalog, struct relation *relation,
                                          const char *name, enum constraint_kind kind)
{
    struct constraint *constraint = arena_alloc(catalog->arena, sizeof(*constraint));
    *constraint = (struct constraint){ .next = relation->constraints,
                                       .name = arena_text(catalog->arena, name),
                                       .kind = kind,
                                       .validated = true };
    return relation->constraints = constraint;
}

void relation_drop_constraint(struct relation *relation, const char *name)
{
    for (struct constraint **at = &relation->constraints; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) {
            *at = (*at)->next;
            return;
        }
}

struct trigger *catalog_add_trigger(struct sql_catalog *catalog, struct relation *relation, const char *name,
                                    const char *function)
{
    relation_drop_trigger(relation, name);
    struct trigger *trigger = arena_alloc(catalog->arena, sizeof(*trigger));
    trigger->name = arena_text(catalog->arena, name);
    trigger->function = arena_text(catalog->arena, function);
    trigger->next = relation->triggers;
    return relation->triggers = trigger;
}

void relation_drop_trigger(struct relation *relation, const char *name)
{
    for (struct trigger **at = &relation->triggers; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) {
            *at = (*at)->next;
            return;
        }
}

static bool says_not_null(const struct constraint *constraint, const char *column)
{
    for (const struct fact *fact = constraint->facts; fact; fact = fact->next)
        if (strcmp(fact->comparison, "not null") == 0 && strcmp(fact->column, column) == 0)
            return true;
    return false;
}

bool relation_proves_not_null(const struct relation *relation, const char *column)
{
    for (const struct constraint *c = relation ? relation->constraints : NULL; c; c = c->next)
        if (c->kind == CONSTRAINT_CHECK && c->validated && says_not_null(c, column))
            return true;
    return false;
}

struct relation *catalog_default_of(const struct sql_catalog *catalog, const char *parent)
{
    const struct relation *above = catalog_relation(catalog, parent);
    for (size_t i = 0; above && above->has_children && i < catalog->relations.count; i++) {
        struct relation *relation = catalog_at(catalog, i);
        if (relation && relation->is_default && relation->parent && strcmp(relation->parent, parent) == 0)
            return relation;
    }
    return NULL;
}

void catalog_set_parent(struct sql_catalog *catalog, struct relation *relation, const char *parent)
{
    struct relation *above = parent ? catalog_touch(catalog, parent) : NULL;
    relation->parent = above ? above->name : NULL;
    if (above)
        above->has_children = true;
}
