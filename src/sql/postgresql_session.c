#include "postgresql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *pg_format(struct session *s, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        mem_exhausted();
    const char *kept = arena_text_len(s->arena, text, (size_t)len);
    free(text);
    return kept;
}

const char *pg_name(struct session *s, const char *schema, const char *name)
{
    if (schema[0])
        return pg_format(s, "%s.%s", schema, name);
    for (size_t i = 0; i < s->now.path.count; i++) {
        const char *tried = pg_format(s, "%s.%s", s->now.path.list[i], name);
        if (catalog_relation(s->catalog, tried))
            return tried;
    }
    const char *temporary = pg_format(s, "pg_temp.%s", name);
    if (catalog_relation(s->catalog, temporary))
        return temporary;
    return pg_format(s, "%s.%s", s->now.path.count ? s->now.path.list[0] : "public", name);
}

const char *pg_range(struct session *s, const PgQuery__RangeVar *range)
{
    return pg_name(s, range->schemaname, range->relname);
}

const char *pg_list_name(struct session *s, size_t count, PgQuery__Node *const *names)
{
    return pg_name(s, names_qualifier(count, names), names_last(count, names));
}

const char *pg_text_name(struct session *s, const char *text)
{
    const char *point = strrchr(text, '.');
    const char *schema = point ? pg_format(s, "%.*s", (int)(point - text), text) : "";
    return pg_name(s, schema, point ? point + 1 : text);
}

bool pg_fresh(const struct session *s, const char *relation)
{
    const struct relation *known = catalog_relation(s->catalog, relation);
    if (strncmp(relation, "pg_temp.", strlen("pg_temp.")) == 0)
        return true;
    if (known && known->kind == RELATION_INDEX && known->table)
        return relation_created(s->catalog, catalog_relation(s->catalog, known->table));
    return relation_created(s->catalog, known);
}

void pg_lock(struct session *s, const char *relation, enum sql_lock_mode mode)
{
    if (!s->quiet && !pg_fresh(s, relation))
        verdict_lock(s->verdict, relation, mode);
}

void pg_rewrite(struct session *s, const char *table)
{
    if (!s->quiet && !pg_fresh(s, table))
        verdict_rewrite(s->verdict, table);
}

void pg_scan(struct session *s, const char *table)
{
    if (!s->quiet && !pg_fresh(s, table))
        verdict_scan(s->verdict, table);
}

void pg_build(struct session *s, const char *table, const char *index)
{
    if (!s->quiet && !pg_fresh(s, table))
        verdict_build(s->verdict, index);
}

void pg_find(struct session *s, const char *relation, enum pg_rule rule, const char *depends,
             const char *format, ...)
{
    va_list args;
    if (s->quiet || (relation && pg_fresh(s, relation)))
        return;
    va_start(args, format);
    verdict_findv(s->verdict, pg_rule(rule), depends, format, args);
    va_end(args);
}

struct names pg_children(struct session *s, const char *table)
{
    struct names found = { 0 };
    const char *above = table;
    for (size_t next = 0; above; above = next < found.count ? found.list[next++] : NULL) {
        const struct relation *known = catalog_relation(s->catalog, above);
        if (known == NULL || !known->has_children)
            continue;
        for (size_t i = 0; i < s->catalog->relations.count; i++) {
            const struct relation *relation = catalog_at(s->catalog, i);
            if (relation && relation->kind != RELATION_INDEX && relation->parent &&
                strcmp(relation->parent, above) == 0)
                names_add(&found, s->scratch, relation->name);
        }
    }
    return found;
}

void pg_lock_tree(struct session *s, const char *table, enum sql_lock_mode mode)
{
    struct names children = pg_children(s, table);
    pg_lock(s, table, mode);
    for (size_t i = 0; i < children.count; i++)
        pg_lock(s, pg_format(s, "%s", children.list[i]), mode);
}

void pg_build_all(struct session *s, const char *table)
{
    for (size_t i = 0; !s->quiet && i < s->catalog->relations.count; i++) {
        const struct relation *index = catalog_at(s->catalog, i);
        if (index && index->kind == RELATION_INDEX && index->table && strcmp(index->table, table) == 0)
            pg_build(s, table, pg_format(s, "%s", index->name));
    }
}

void pg_rewrite_tree(struct session *s, const char *table)
{
    struct names children = pg_children(s, table);
    names_add(&children, s->scratch, table);
    for (size_t i = 0; i < children.count; i++) {
        const char *name = pg_format(s, "%s", children.list[i]);
        if (pg_is_kind(s, name, RELATION_PARTITIONED))
            continue;
        pg_rewrite(s, name);
        pg_build_all(s, name);
    }
}

void pg_scan_tree(struct session *s, const char *table)
{
    struct names children = pg_children(s, table);
    names_add(&children, s->scratch, table);
    for (size_t i = 0; i < children.count; i++) {
        const char *name = pg_format(s, "%s", children.list[i]);
        if (!pg_is_kind(s, name, RELATION_PARTITIONED))
            pg_scan(s, name);
    }
}

bool pg_exists(struct session *s, const char *relation, bool missing_ok)
{
    if (!s->options->exists || s->quiet || catalog_relation(s->catalog, relation))
        return true;
    if (!missing_ok)
        pg_find(s, NULL, PG_NO_SUCH_RELATION, NULL, "%s is in neither the schema nor this script: it fails",
                relation);
    return false;
}

void pg_outside_transaction(struct session *s, const char *what)
{
    if (s->transaction || s->depth)
        pg_find(s, NULL, PG_NOT_IN_TRANSACTION, NULL,
                "%s cannot run inside a transaction block: the server refuses it", what);
}

bool pg_since(struct session *s, int version, const char *what)
{
    if (s->server->version >= version)
        return true;
    pg_find(s, NULL, PG_NOT_IN_VERSION, NULL, "%s is not in this version: it came with %d", what,
            version / 10000);
    return false;
}

bool pg_is_kind(const struct session *s, const char *relation, enum relation_kind kind)
{
    const struct relation *known = catalog_relation(s->catalog, relation);
    return known && known->kind == kind;
}
