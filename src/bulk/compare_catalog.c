/* Questions about what a server has. Names of the config are SQL; the server takes them apart (parse_ident),
 * so that they mean what they mean there. */
#include <inttypes.h>

#include "bulk/comparison.h"
#include "driver/postgresql.h"

/* ---- what there is ---- */

static void add_patterns(struct buf *sql, const struct compare_config *config, bool leaves_out)
{
    buf_text(sql, "coalesce(bool_or(false");
    for (size_t i = 0; i < config->pattern_count; i++) {
        const char *pattern = config->patterns[i];
        if ((pattern[0] == '!') != leaves_out)
            continue;
        buf_text(sql, " OR label LIKE ");
        postgresql_pattern(sql, pattern + leaves_out);
    }
    buf_text(sql, "), false)");
}

/* A leaf of a partitioned table fits by its own name, or by that of a table that it is a part of. */
static void add_fitting(struct buf *sql, const struct compare_config *config)
{
    buf_text(sql, "SELECT c.oid, c.relkind, n.nspname, c.relname, c.reltuples FROM pg_class c"
                  " JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (SELECT ");
    add_patterns(sql, config, false);
    buf_text(sql, " AND NOT ");
    add_patterns(sql, config, true);
    buf_text(sql,
             " AS fits FROM (SELECT (n.nspname || '.' || c.relname) COLLATE \"C\" AS label UNION ALL"
             " SELECT an.nspname || '.' || ac.relname FROM pg_partition_ancestors(c.oid) a JOIN pg_class ac"
             " ON ac.oid = a.relid JOIN pg_namespace an ON an.oid = ac.relnamespace"
             " WHERE c.relispartition) labels) f WHERE f.fits AND c.relkind IN ('r', 'S')"
             " AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'");
}

/* No sequence by that name: a pair has those that its columns own. */
static void add_pair(struct buf *sql, const char *name)
{
    buf_text(sql, "SELECT c.oid, c.relkind, n.nspname, c.relname, CASE c.relkind WHEN 'p' THEN"
                  " (SELECT sum(greatest(l.reltuples, 0)) FROM pg_partition_tree(c.oid) t"
                  " JOIN pg_class l ON l.oid = t.relid WHERE t.isleaf) ELSE c.reltuples END AS reltuples"
                  " FROM (SELECT parse_ident(");
    postgresql_literal(sql, name);
    buf_text(sql, ") AS parts) p JOIN pg_class c ON c.relname = p.parts[cardinality(p.parts)]"
                  " JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname ="
                  " CASE cardinality(p.parts) WHEN 1 THEN 'public' ELSE p.parts[1] END"
                  " WHERE cardinality(p.parts) <= 2 AND c.relkind NOT IN ('i', 'I', 'c', 't')");
}

void sql_list(struct buf *sql, const struct compare_config *config, const struct compare_side *side)
{
    buf_text(sql, "WITH fitting AS (");
    if (side->table != NULL)
        add_pair(sql, side->table);
    else
        add_fitting(sql, config);
    buf_text(sql, ") SELECT 'E', '', '', '0', current_setting('server_encoding'), '0' UNION ALL"
                  " SELECT relkind::text, nspname::text, relname::text, greatest(reltuples, 0)::int8::text,"
                  " nspname || '.' || relname, '0' FROM fitting");
    if (side->table == NULL)
        buf_text(sql, " WHERE relkind <> 'S'");
    if (!config->sequences)
        return;
    buf_text(sql, " UNION ALL SELECT 'S', n.nspname, c.relname, '0', s.label, q.seqincrement::text FROM (");
    if (side->table == NULL)
        buf_text(sql, "SELECT oid, nspname || '.' || relname AS label FROM fitting WHERE relkind = 'S' UNION"
                      " SELECT c.oid, n.nspname || '.' || c.relname");
    else
        buf_text(sql, "SELECT c.oid, a.attname::text AS label");
    /* 'a': made by serial, or OWNED BY; 'i': of an identity column */
    buf_text(sql, " FROM fitting f JOIN pg_depend d ON d.refobjid = f.oid AND d.refobjsubid > 0"
                  " AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass"
                  " AND d.deptype IN ('a', 'i') JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'"
                  " JOIN pg_namespace n ON n.oid = c.relnamespace"
                  " JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = d.refobjsubid"
                  ") s JOIN pg_class c ON c.oid = s.oid JOIN pg_namespace n ON n.oid = c.relnamespace"
                  " JOIN pg_sequence q ON q.seqrelid = s.oid");
}

void sql_sequences(struct buf *sql, const struct list *sequences, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        buf_format(sql, "%sSELECT %zu, last_value, is_called FROM ", i > from ? " UNION ALL " : "", i);
        postgresql_identifier(sql, sequences->items[i].schema);
        buf_char(sql, '.');
        postgresql_identifier(sql, sequences->items[i].name);
    }
}

/* ---- what a table is ---- */

static void add_place(struct buf *sql, size_t count, const char *const *names)
{
    buf_text(sql, ", coalesce(array_position(ARRAY[");
    for (size_t i = 0; i < count; i++) {
        buf_text(sql, i > 0 ? ", (parse_ident(" : "(parse_ident(");
        postgresql_literal(sql, names[i]);
        buf_text(sql, "))[1]");
    }
    buf_text(sql, "]::text[], a.attname::text), 0)");
}

/* The columns of the index that is taken for the key, and where they stand in it. */
static const char chosen_index[] =
    "SELECT u.attnum, u.place FROM (SELECT i.indkey::int2[] AS attnums, i.indnkeyatts AS width FROM pg_index "
    "i"
    " JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid"
    " AND i.indpred IS NULL AND i.indexprs IS NULL AND NOT EXISTS (SELECT FROM"
    " unnest(i.indkey::int2[]) WITH ORDINALITY v(attnum, place) JOIN pg_attribute b ON b.attrelid = "
    "i.indrelid"
    " AND b.attnum = v.attnum WHERE v.place <= i.indnkeyatts AND NOT b.attnotnull)"
    " ORDER BY i.indisprimary DESC, i.indnkeyatts, x.relname LIMIT 1) chosen,"
    " unnest(chosen.attnums) WITH ORDINALITY u(attnum, place) WHERE u.place <= chosen.width";

/* The type without modifiers, format_type(..., -1), is the one that a literal can have: "character" would be
 * one of a single character. That a collation orders by bytes is certain of "C" and "POSIX" only. */
void sql_describe(struct buf *sql, const struct compare_config *config, const struct listed *listed)
{
    buf_text(sql,
             "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, -1),"
             " a.atttypid::int8,"
             /* from version 18 on there are constraints that old rows need not fulfil */
             " a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint x WHERE x.conrelid = c.oid"
             " AND x.contype = 'n' AND NOT x.convalidated AND a.attnum = ANY (x.conkey)),"
             " coalesce(quote_ident(on_.nspname) || '.' || quote_ident(o.collname), ''),"
             " coalesce(o.collname IN ('C', 'POSIX') OR o.collname = 'default' AND"
             " coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') = 'c' AND"
             " d.datcollate IN ('C', 'POSIX'), true),"
             /* 16384 is the first of what users make; domains and enums have the operators of pg_catalog */
             " a.atttypid < 16384 OR y.typtype IN ('d', 'e'), coalesce(k.place, 0)");
    add_place(sql, config->key_count, config->key);
    add_place(sql, config->column_count, config->columns);
    add_place(sql, config->sum_count, config->sums);
    buf_text(sql, " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a"
                  " ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                  " JOIN pg_type y ON y.oid = a.atttypid JOIN pg_database d ON d.datname = current_database()"
                  " LEFT JOIN pg_collation o ON o.oid = a.attcollation"
                  " LEFT JOIN pg_namespace on_ ON on_.oid = o.collnamespace LEFT JOIN LATERAL (");
    buf_text(sql, chosen_index);
    buf_text(sql, ") k ON k.attnum = a.attnum WHERE n.nspname = ");
    postgresql_literal(sql, listed->schema);
    buf_text(sql, " AND c.relname = ");
    postgresql_literal(sql, listed->name);
}
