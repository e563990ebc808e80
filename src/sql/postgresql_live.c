#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "postgresql.h"

/*
 * Rows of six texts: kind, relation, text, and three numbers. Most are the definitions that the server itself
 * writes (format_type, pg_get_constraintdef, pg_get_indexdef, ...), so they are read by the same parser as a
 * dump; the rest are what no definition says: sizes, invalid indexes, how volatile a function is, the
 * session's TimeZone.
 */
static const char query[] =
    "WITH n AS (SELECT oid, nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> "
    "'information_schema'),"
    " r AS (SELECT c.*, c.oid AS id, nspname || '.' || relname AS name, format('%I.%I', nspname, relname) AS "
    "quoted"
    " FROM pg_class c JOIN n ON n.oid = relnamespace)"
    " SELECT kind, relation, text, a::text, b::text, c::text FROM ("
    "SELECT 0 AS place, 'setting' AS kind, name AS relation, setting AS text, 0::bigint AS a, 0::bigint AS b,"
    " 0::bigint AS c FROM pg_settings WHERE name = 'TimeZone'"
    " UNION ALL SELECT 1, 'function', nspname || '.' || proname, provolatile::text, 0, 0, 0"
    " FROM pg_proc p JOIN n ON n.oid = pronamespace"
    " UNION ALL SELECT 2, 'ddl', '', format('CREATE DOMAIN %I.%I AS %s%s', nspname, typname,"
    " format_type(typbasetype, typtypmod), CASE WHEN typnotnull OR EXISTS (SELECT FROM pg_constraint k"
    " WHERE contypid = t.oid) THEN ' CHECK (VALUE IS NOT NULL)' END), 0, 0, 0"
    " FROM pg_type t JOIN n ON n.oid = typnamespace WHERE typtype = 'd'"
    " UNION ALL SELECT 3, 'ddl', '', format('CREATE %s %s (%s)%s', CASE relpersistence WHEN 'u' THEN "
    "'UNLOGGED TABLE'"
    " ELSE 'TABLE' END, quoted, (SELECT string_agg(format('%I %s%s', attname, format_type(atttypid, "
    "atttypmod),"
    " CASE WHEN attnotnull THEN ' NOT NULL' END), ', ' ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = id AND attnum > 0 AND NOT attisdropped),"
    " CASE relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(id) END), 0, 0, 0"
    " FROM r WHERE relkind IN ('r', 'p', 'f')"
    " UNION ALL SELECT 4, 'sequence', name, '', 0, 0, 0 FROM r WHERE relkind = 'S'"
    " UNION ALL SELECT 4, 'ddl', '', format('CREATE %s %s AS %s', CASE relkind WHEN 'v' THEN 'VIEW'"
    " ELSE 'MATERIALIZED VIEW' END, quoted, pg_get_viewdef(id)), 0, 0, 0 FROM r WHERE relkind IN ('v', 'm')"
    " UNION ALL SELECT 5, 'ddl', '', format('ALTER TABLE %s ADD CONSTRAINT %I %s', quoted, conname,"
    " pg_get_constraintdef(k.oid)), 0, 0, 0 FROM pg_constraint k JOIN r ON id = conrelid"
    " WHERE contype IN ('c', 'p', 'u', 'x', 'f')"
    " UNION ALL SELECT 6, 'ddl', '', pg_get_indexdef(indexrelid), 0, 0, 0 FROM pg_index JOIN r ON id = "
    "indrelid"
    " WHERE relkind <> 't'"
    " UNION ALL SELECT 7, 'invalid', name, '', 0, 0, 0 FROM pg_index JOIN r ON id = indexrelid WHERE NOT "
    "indisvalid"
    " UNION ALL SELECT 8, 'ddl', '', pg_get_triggerdef(t.oid), 0, 0, 0 FROM pg_trigger t JOIN r ON id = "
    "tgrelid"
    " WHERE NOT tgisinternal"
    " UNION ALL SELECT 9, CASE WHEN r.relispartition AND pg_get_expr(r.relpartbound, r.id) = 'DEFAULT' THEN "
    "'default'"
    " ELSE 'parent' END, r.name, p.name, 0, 0, 0 FROM pg_inherits JOIN r ON r.id = inhrelid JOIN r p ON p.id "
    "= inhparent"
    " UNION ALL SELECT 10, 'sequence', q.name, r.name || '.' || attname, 0, 0, 0 FROM pg_depend d"
    " JOIN r q ON q.id = objid AND q.relkind = 'S' JOIN r ON r.id = refobjid"
    " JOIN pg_attribute ON attrelid = r.id AND attnum = refobjsubid"
    " WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i')"
    " UNION ALL SELECT 11, 'size', name, '', pg_relation_size(id), CASE WHEN reltuples < 0 THEN -1"
    " ELSE reltuples::bigint END, coalesce(n_tup_ins + n_tup_upd + n_tup_del, 0)"
    " FROM r LEFT JOIN pg_stat_all_tables ON relid = id WHERE relkind IN ('r', 'm')"
    ") told ORDER BY place";

const char *catalog_query_postgresql(const struct sql_server *server)
{
    return server->version >= 100000 ? query : NULL; /* pg_class.relispartition came with 10 */
}

static int row_ddl(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    size_t ignored;
    (void)err;
    (void)load_postgresql(catalog, fields[2],
                          &ignored); /* a form that this parser does not know is simply not known */
    return 0;
}

static int row_size(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    struct relation *relation = catalog_touch(catalog, fields[1]);
    if (fields[3] == NULL || fields[4] == NULL || fields[5] == NULL)
        return err_set(err, ERR_INVALID, "the size of %s: expected three numbers", fields[1]);
    relation->has_size = true;
    relation->size = (struct sql_size){ strtoll(fields[3], NULL, 10), strtoll(fields[4], NULL, 10),
                                        strtoll(fields[5], NULL, 10) };
    return 0;
}

static int row_parent(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    struct relation *relation = catalog_touch(catalog, fields[1]);
    (void)err;
    catalog_set_parent(catalog, relation, fields[2]);
    relation->is_default = strcmp(fields[0], "default") == 0;
    return 0;
}

static int row_invalid(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    (void)err;
    catalog_touch(catalog, fields[1])->invalid = true;
    return 0;
}

static int row_function(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    struct function *function = arena_alloc(catalog->arena, sizeof(*function));
    const struct function *other = dict_get(&catalog->functions, fields[1]);
    (void)err;
    function->name = arena_text(catalog->arena, fields[1]);
    function->is_volatile =
        fields[2][0] == 'v' || (other && other->is_volatile); /* of several of one name the worst */
    dict_put(&catalog->functions, fields[1], function);
    return 0;
}

static int row_setting(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    (void)err;
    pg_server_zone(catalog, fields[2]); /* TimeZone is the only one that is asked for */
    return 0;
}

static int row_sequence(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    char *table = arena_text(catalog->arena, fields[2]);
    char *point = strrchr(table, '.');
    if (fields[2][0] == '\0') {
        (void)catalog_create_relation(catalog, fields[1], RELATION_SEQUENCE);
        return 0;
    }
    if (point == NULL)
        return err_set(err, ERR_INVALID, "the column of sequence %s: expected schema.table.column",
                       fields[1]);
    *point = '\0';
    struct relation *relation = catalog_relation(catalog, table);
    struct column *column = relation_column(relation, point + 1);
    if (column)
        column->sequence = catalog_touch(catalog, fields[1])->name;
    return 0;
}

int catalog_row_postgresql(struct sql_catalog *catalog, const char *const *fields, struct err *err)
{
    static const struct {
        const char *kind;
        int (*take)(struct sql_catalog *catalog, const char *const *fields, struct err *err);
    } kinds[] = { { "ddl", row_ddl },         { "size", row_size },        { "parent", row_parent },
                  { "default", row_parent },  { "invalid", row_invalid },  { "function", row_function },
                  { "setting", row_setting }, { "sequence", row_sequence } };

    for (size_t i = 0; i < ARRAY_LEN(kinds) && fields[1] && fields[2]; i++)
        if (strcmp(kinds[i].kind, fields[0]) == 0)
            return kinds[i].take(catalog, fields, err);
    return err_set(err, ERR_INVALID, "a row of kind \"%s\": expected one that the catalog's query answers",
                   fields[0]);
}
