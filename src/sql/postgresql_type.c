#include <string.h>

#include "postgresql.h"

struct column_type pg_type(struct session *s, const PgQuery__TypeName *type)
{
    struct column_type ret = { .array = type->n_array_bounds > 0 };
    const char *schema = names_qualifier(type->n_names, type->names);
    const char *name = names_last(type->n_names, type->names);

    ret.name = schema[0] && strcmp(schema, "pg_catalog") != 0 ? pg_format(s, "%s.%s", schema, name)
                                                              : pg_format(s, "%s", name);
    for (size_t i = 0; i < type->n_typmods && i < TYPMODS_MAX; i++) {
        const PgQuery__Node *node = type->typmods[i];
        if (node->node_case != PG_QUERY__NODE__NODE_A_CONST ||
            node->a_const->val_case != PG_QUERY__A__CONST__VAL_IVAL)
            continue;
        ret.typmods[ret.typmod_count++] = node->a_const->ival->ival;
    }
    /* char is char(1); the parser says so already. numeric(p) is numeric(p, 0). */
    if (strcmp(ret.name, "numeric") == 0 && ret.typmod_count == 1)
        ret.typmods[ret.typmod_count++] = 0;
    return ret;
}

const char *pg_type_text(struct session *s, const struct column_type *type)
{
    const char *array = type->array ? "[]" : "";
    if (type->typmod_count == 2)
        return pg_format(s, "%s(%d,%d)%s", type->name, type->typmods[0], type->typmods[1], array);
    if (type->typmod_count == 1)
        return pg_format(s, "%s(%d)%s", type->name, type->typmods[0], array);
    return pg_format(s, "%s%s", type->name, array);
}

/* Casts that leave the bytes as they are: pg_cast.castmethod 'b' in PostgreSQL 15, and what the parser or an
 * extension (citext) adds. The target's own length is looked at apart. */
static const struct {
    const char *from, *to;
    bool keeps_indexes; /* the operator class is the same */
} binary[] = {
    { "varchar", "text", true },    { "text", "varchar", true },   { "cidr", "inet", true },
    { "xml", "text", false },       { "xml", "varchar", false },   { "int4", "oid", false },
    { "oid", "int4", false },       { "bit", "varbit", false },    { "varbit", "bit", false },
    { "citext", "text", false },    { "text", "citext", false },   { "citext", "varchar", false },
    { "varchar", "citext", false }, { "regclass", "oid", true },   { "oid", "regclass", true },
    { "regclass", "int4", false },  { "int4", "regclass", false }, { "regtype", "oid", true },
    { "oid", "regtype", true },     { "regproc", "oid", true },    { "oid", "regproc", true },
};

/* Lengths and precisions that a support function of the cast knows to be no smaller: varchar_support,
 * varbit_support, numeric_support, and TemporalSimplify for the times. */
static const char *const widening[] = { "varchar", "varbit", "timestamp", "timestamptz",
                                        "time",    "timetz", "interval" };

static bool widens(const struct column_type *from, const struct column_type *to)
{
    if (to->typmod_count == 0)
        return true;
    if (strcmp(to->name, "numeric") == 0)
        return from->typmod_count == 2 && from->typmods[1] == to->typmods[1] &&
               from->typmods[0] <= to->typmods[0];
    for (size_t i = 0; i < ARRAY_LEN(widening); i++)
        if (strcmp(widening[i], to->name) == 0)
            return from->typmod_count == 1 && to->typmod_count == 1 && from->typmods[0] <= to->typmods[0];
    return false;
}

static bool same_modifiers(const struct column_type *from, const struct column_type *to)
{
    return from->typmod_count == to->typmod_count &&
           memcmp(from->typmods, to->typmods, (size_t)from->typmod_count * sizeof(from->typmods[0])) == 0;
}

/* A typmod may be dropped for nothing only where the type has one that a relabelling can drop: char(n)
 * cannot. */
static bool modifier_drops(const struct column_type *type)
{
    return strcmp(type->name, "bpchar") != 0 && strcmp(type->name, "bit") != 0;
}

enum type_change pg_type_change(const struct column_type *from, const struct column_type *to, int version)
{
    bool same_name = strcmp(from->name, to->name) == 0;

    if (from->array != to->array)
        return TYPE_REWRITE;
    if (same_name && same_modifiers(from, to))
        return TYPE_SAME;
    if (from->array) /* elements are coerced one by one, but for varchar(n)[] to varchar[] */
        return same_name && to->typmod_count == 0 && modifier_drops(to) ? TYPE_METADATA : TYPE_REWRITE;
    if (same_name)
        return (to->typmod_count || modifier_drops(to)) && widens(from, to) ? TYPE_METADATA : TYPE_REWRITE;
    for (size_t i = 0; i < ARRAY_LEN(binary); i++)
        if (strcmp(binary[i].from, from->name) == 0 && strcmp(binary[i].to, to->name) == 0)
            return to->typmod_count == 0 ? TYPE_METADATA : TYPE_REWRITE;
    bool zones = (strcmp(from->name, "timestamptz") == 0 && strcmp(to->name, "timestamp") == 0) ||
                 (strcmp(from->name, "timestamp") == 0 && strcmp(to->name, "timestamptz") == 0);
    if (zones && version >= 120000 && (to->typmod_count == 0 || same_modifiers(from, to)))
        return TYPE_ZONE;
    return TYPE_REWRITE;
}

bool pg_type_keeps_indexes(const struct column_type *from, const struct column_type *to)
{
    if (strcmp(from->name, to->name) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(binary); i++)
        if (strcmp(binary[i].from, from->name) == 0 && strcmp(binary[i].to, to->name) == 0)
            return binary[i].keeps_indexes;
    return false;
}
