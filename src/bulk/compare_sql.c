/*
 * Questions about the rows of a table.
 *
 * The hash of a row is a chain: the hash of each column is the seed of the next one's, by their names. So no
 * two columns can change places unnoticed, and the hashes of a row are no sum that two rows could share out
 * among themselves in another way.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"
#include "driver/postgresql.h"

#define LIST_MAX  2000                  /* rows that a question lists; more are asked for by their buckets */
#define NULL_SEED "7046029254386353131" /* odd, so that no upper half of an integer is the same */

/* How values become text; that nothing is left out for want of a privilege; and that a question of some
 * milliseconds is not compiled first. */
static void sql_settings(struct buf *sql)
{
    static const char *const settings[][2] = {
        { "TimeZone", "UTC" },
        { "DateStyle", "ISO, YMD" },
        { "IntervalStyle", "postgres" },
        { "extra_float_digits", "1" },
        { "bytea_output", "hex" },
        { "lc_monetary", "C" },
        { "quote_all_identifiers", "off" },
        { "search_path", "pg_catalog, pg_temp" },
        { "row_security", "off" },
        { "jit", "off" },
    };
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        buf_format(sql, "%s pg_catalog.set_config('%s', '%s', true)", i == 0 ? "SELECT" : ",", settings[i][0],
                   settings[i][1]);
    buf_text(sql, "; ");
}

/* ---- hashes ---- */

static bool is_integer(int64_t oid)
{
    enum { INT8 = 20, INT2 = 21, INT4 = 23 }; /* pg_type.dat */
    return oid == INT8 || oid == INT2 || oid == INT4;
}

/* Opens the hash of one column; its seed and ")" follow.
 *
 * hashint8extended folds the upper half of a number into the lower one, so that 1 and 2^32 would be the same:
 * the upper half goes into the seed. */
static void open_hash(struct buf *sql, const struct column *column, enum which which)
{
    bool integer = is_integer(column->oid[LEFT]) && is_integer(column->oid[RIGHT]);
    bool large = column->oid[LEFT] == 20 || column->oid[RIGHT] == 20;
    struct buf name;
    buf_init(&name, 1000);
    postgresql_identifier(&name, column->name);
    const char *quoted = buf_str(&name);
    buf_text(sql, integer ? "hashint8extended(" : "hashtextextended(");
    if (column->not_null[which])
        buf_format(sql, integer ? "%s::int8, " : "%s::text COLLATE \"C\", ", quoted);
    else
        buf_format(sql, integer ? "coalesce(%s::int8, 0), " : "coalesce(%s::text, '') COLLATE \"C\", ",
                   quoted);
    if (integer && large)
        buf_format(sql, "coalesce(%s::int8 & -4294967296, " NULL_SEED ") # ", quoted);
    else if (!column->not_null[which])
        buf_format(sql, "(CASE WHEN %s IS NULL THEN " NULL_SEED " ELSE 0 END) # ", quoted);
    buf_finish(&name);
}

/* ---- hashes that MySQL and MariaDB can give as well ---- */

/* A value in its form; the texts of PostgreSQL are those, but for these. */
static void add_form(struct buf *sql, const struct compare *compare, const struct column *column,
                     enum which which, bool is_key)
{
    enum form form = form_of(compare, column, which);
    struct buf name;
    buf_init(&name, 1000);
    postgresql_identifier(&name, column->name);
    const char *quoted = buf_str(&name);
    if (form == FORM_NUMBER && strcmp(column->cast[which], "boolean") == 0)
        buf_format(sql, "%s::int4::text", quoted);
    else if (form == FORM_BYTES)
        buf_format(sql, is_key ? "encode(%s, 'hex')" : "encode(sha256(%s), 'hex')", quoted);
    else if (form == FORM_MOMENT) /* what is infinite, or before the year 1, is nothing that others have */
        buf_format(sql,
                   "CASE WHEN isfinite(%s) THEN to_char(%s, 'YYYY-MM-DD HH24:MI:SS.US') || CASE WHEN %s <"
                   " '0001-01-01' THEN ' BC' ELSE '' END ELSE %s::text END",
                   quoted, quoted, quoted, quoted);
    else if (form == FORM_TIME)
        buf_format(sql, "to_char(%s::interval, 'HH24:MI:SS.US')", quoted);
    else
        buf_format(sql, "%s::text", quoted);
    buf_finish(&name);
}

/* One after the other, each so that it is known where it ends: 64 bits of their SHA-256. */
static void add_form_hash(struct buf *sql, const struct compare *compare, enum which which,
                          const struct column *const *columns, size_t count)
{
    buf_text(sql, "('x' || left(encode(sha256(convert_to(");
    for (size_t i = 0; i < count; i++) {
        bool text = form_of(compare, columns[i], which) == FORM_TEXT;
        buf_text(sql, i > 0 ? " || coalesce(" : "coalesce(");
        if (text) {
            buf_text(sql, "octet_length(");
            add_form(sql, compare, columns[i], which, false);
            buf_text(sql, ")::text || ':' || ");
        }
        add_form(sql, compare, columns[i], which, false);
        buf_text(sql, text ? ", 'N;')" : " || ';', 'N;')");
    }
    buf_text(sql, ", 'UTF8')), 'hex'), 16))::bit(64)::int8");
}

static void add_compared_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    const struct column **columns = mem_array(table->column_count + 1, sizeof(*columns));
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].compared)
            columns[count++] = &table->columns[i];
    }
    add_form_hash(sql, compare, which, columns, count);
    free(columns);
}

/* ---- the hashes of a row, and of its key ---- */

static void add_key_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    if (forms_are_used(compare)) {
        add_form_hash(sql, compare, which, table->key, table->key_count);
        return;
    }
    for (size_t i = 0; i < table->key_count; i++)
        open_hash(sql, table->key[i], which);
    buf_text(sql, "1::int8");
    for (size_t i = 0; i < table->key_count; i++)
        buf_char(sql, ')');
}

static void add_row_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    size_t open = 0;
    if (forms_are_used(compare)) {
        add_compared_hash(sql, compare, which);
        return;
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].compared)
            continue;
        open_hash(sql, &table->columns[i], which);
        open++;
    }
    buf_text(sql, "1::int8");
    while (open-- > 0)
        buf_char(sql, ')');
}

static void add_column_hash(struct buf *sql, const struct compare *compare, const struct column *column,
                            enum which which)
{
    if (forms_are_used(compare)) {
        add_form_hash(sql, compare, which, &column, 1);
        return;
    }
    open_hash(sql, column, which);
    buf_text(sql, "1::int8)");
}

/* ---- parts of a table ---- */

static void add_from(struct buf *sql, const struct table *table, enum which which)
{
    const struct listed *listed = table->listed[which];
    buf_text(sql, listed->kind == 'r' ? " FROM ONLY " : " FROM ");
    postgresql_identifier(sql, listed->schema);
    buf_char(sql, '.');
    postgresql_identifier(sql, listed->name);
}

static void add_key_columns(struct buf *sql, const struct table *table, const char *between,
                            const char *after)
{
    for (size_t i = 0; i < table->key_count; i++) {
        if (i > 0)
            buf_text(sql, between);
        postgresql_identifier(sql, table->key[i]->name);
        buf_text(sql, after);
    }
}

/* With the type and the collation of this side's column, so that an index on it serves. Of two integer types
 * the key may come from the larger one; an index serves for all of them. */
static void add_key_values(struct buf *sql, const struct compare *compare, enum which which, char *const *key)
{
    const struct table *table = &compare->table;
    buf_char(sql, '(');
    for (size_t i = 0; i < table->key_count; i++) {
        const struct column *column = table->key[i];
        buf_text(sql, i > 0 ? ", " : "");
        if (forms_are_used(compare) && form_of(compare, column, which) == FORM_BYTES)
            buf_format(sql, "'\\x%s'", key[i]); /* hexadecimal digits */
        else
            postgresql_literal(sql, key[i]);
        buf_format(sql, "::%s", is_integer(column->oid[which]) ? "int8" : column->cast[which]);
        if (column->collate[which][0] != '\0')
            buf_format(sql, " COLLATE %s", column->collate[which]);
    }
    buf_char(sql, ')');
}

static void add_bound(struct buf *sql, const struct compare *compare, enum which which, const char *operator,
                      char * const * key)
{
    if (key == NULL)
        return;
    const struct table *table = &compare->table;
    buf_text(sql, " AND (");
    add_key_columns(sql, table, ", ", "");
    buf_format(sql, ") %s ", operator);
    add_key_values(sql, compare, which, key);
}

/* Rows whose key has a NULL are in no span, but in a part of their own. */
static void add_span(struct buf *sql, const struct compare *compare, enum which which,
                     const struct range *range)
{
    const struct table *table = &compare->table;
    for (size_t i = 0; i < table->key_count; i++) {
        if (table->key[i]->not_null[which])
            continue;
        buf_text(sql, " AND ");
        postgresql_identifier(sql, table->key[i]->name);
        buf_text(sql, " IS NOT NULL");
    }
    add_bound(sql, compare, which, ">", range->after);
    add_bound(sql, compare, which, "<=", range->to);
}

static void add_range(struct buf *sql, const struct compare *compare, enum which which,
                      const struct range *range)
{
    const struct table *table = &compare->table;
    add_from(sql, table, which);
    buf_text(sql, " WHERE true");
    if (range->kind == RANGE_SPAN)
        add_span(sql, compare, which, range);
    if (range->kind == RANGE_NULLS) {
        buf_text(sql, " AND (");
        add_key_columns(sql, table, " OR ", " IS NULL");
        buf_char(sql, ')');
    }
    if (compare->config->where != NULL) /* a comment at its end has to end, too */
        buf_format(sql, " AND (\n%s\n)", compare->config->where);
}

/* A span is read along the key also where the server has no statistics yet. What the config says may use what
 * is in "public"; without it nothing there can stand in for a function of ours. */
static void begin_rows(struct buf *sql, const struct compare *compare, const struct range *range)
{
    if (range->kind == RANGE_SPAN)
        buf_text(sql, "SELECT set_config('enable_seqscan', 'off', true); ");
    if (compare->config->where != NULL)
        buf_text(sql, "SELECT set_config('search_path', 'pg_catalog, public, pg_temp', true); ");
}

/* By the columns themselves, not by their texts, which have the same names in an answer. */
static void add_order(struct buf *sql, const struct table *table, enum which which)
{
    buf_text(sql, " ORDER BY ");
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : "");
        postgresql_identifier(sql, table->listed[which]->name);
        buf_char(sql, '.');
        postgresql_identifier(sql, table->key[i]->name);
    }
}

/* ---- the questions ---- */

static void sql_total(struct buf *sql, const struct compare *compare, enum which which,
                      const struct range *range)
{
    begin_rows(sql, compare, range);
    if (range->kind == RANGE_SPAN) /* a bitmap reads each page once, an index scan looks it up for each row */
        buf_text(sql, "SELECT set_config('enable_indexscan', 'off', true); ");
    buf_text(sql, "SELECT count(*), coalesce(sum(");
    add_row_hash(sql, compare, which);
    buf_text(sql, "), 0)");
    add_range(sql, compare, which, range);
}

/* The text is made of the one row only, not of all that are skipped. */
static void sql_chunk_end(struct buf *sql, const struct compare *compare, enum which which,
                          const struct range *range)
{
    const struct table *table = &compare->table;
    begin_rows(sql, compare, range);
    buf_text(sql, "SELECT ");
    if (!forms_are_used(compare))
        add_key_columns(sql, table, ", ", "::text");
    for (size_t i = 0; forms_are_used(compare) && i < table->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : "");
        add_form(sql, compare, table->key[i], which, true);
    }
    buf_text(sql, " FROM (SELECT ");
    add_key_columns(sql, table, ", ", "");
    add_from(sql, table, which);
    buf_text(sql, " WHERE true");
    add_span(sql, compare, which, range);
    add_order(sql, table, which);
    buf_format(sql, " OFFSET %" PRId64 " LIMIT 1) last_row", compare->config->chunk - 1);
}

/* Rows as (k, h): the key's hash and the row's; without a key the row's twice. */
static void add_hashed_rows(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    buf_text(sql, " FROM (SELECT ");
    if (table->key_count > 0)
        add_key_hash(sql, compare, which);
    else
        add_row_hash(sql, compare, which);
    buf_text(sql, " AS k, ");
    add_row_hash(sql, compare, which);
    buf_text(sql, " AS h");
    add_range(sql, compare, which, &compare->look.range);
    buf_text(sql, ") hashed");
}

static void sql_buckets(struct buf *sql, const struct compare *compare, enum which which)
{
    begin_rows(sql, compare, &compare->look.range);
    buf_format(sql, "SELECT k & %" PRIu64 "::int8, count(*), sum(h)", compare->look.mask);
    add_hashed_rows(sql, compare, which);
    buf_text(sql, " GROUP BY 1");
}

static void add_found(struct buf *sql, const struct look *look, const char *hash, size_t count)
{
    buf_format(sql, "%s = ANY ('{", hash);
    for (size_t i = 0; i < count; i++)
        buf_format(sql, "%s%" PRId64, i > 0 ? "," : "", (int64_t)look->found[i].key);
    buf_text(sql, "}'::int8[])");
}

static void sql_rows(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct look *look = &compare->look;
    bool keyed = compare->table.key_count > 0;
    begin_rows(sql, compare, &look->range);
    buf_text(sql, keyed ? "SELECT k, h" : "SELECT k, count(*)");
    add_hashed_rows(sql, compare, which);
    buf_text(sql, " WHERE ");
    if (look->again && look->found_count <= LIST_MAX) {
        add_found(sql, look, "k", look->found_count);
    } else {
        buf_format(sql, "k & %" PRIu64 "::int8 = ANY ('{", look->mask);
        for (size_t i = look->from; i < look->to; i++)
            buf_format(sql, "%s%" PRIu64, i > look->from ? "," : "", look->buckets[i].id);
        buf_text(sql, "}'::int8[])");
    }
    buf_text(sql, keyed ? "" : " GROUP BY k");
}

static void sql_keys(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    size_t count = compare->look.found_count < LIST_MAX ? compare->look.found_count : LIST_MAX;
    begin_rows(sql, compare, &compare->look.range);
    buf_text(sql, "SELECT ");
    add_key_hash(sql, compare, which);
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, ", left(");
        postgresql_identifier(sql, table->key[i]->name);
        buf_text(sql, "::text, 200)");
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].compared)
            continue;
        buf_text(sql, ", ");
        add_column_hash(sql, compare, &table->columns[i], which);
    }
    add_range(sql, compare, which, &compare->look.range);
    buf_text(sql, " AND ");
    struct buf hash;
    buf_init(&hash, QUESTION_MAX);
    add_key_hash(&hash, compare, which);
    add_found(sql, &compare->look, buf_str(&hash), count);
    buf_finish(&hash);
    add_order(sql, table, which);
    buf_format(sql, " LIMIT %d", TOLD_MAX * 2); /* of wide tables still not too much for an answer */
}

static void sql_sums(struct buf *sql, const struct compare *compare, enum which which)
{
    static const struct range all = { .kind = RANGE_ALL };
    const struct table *table = &compare->table;
    begin_rows(sql, compare, &all);
    buf_text(sql, "SELECT 1");
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].sum_place == 0)
            continue;
        buf_text(sql, ", coalesce(sum("); /* numeric: the order of the rows does not matter */
        postgresql_identifier(sql, table->columns[i].name);
        buf_text(sql, "::numeric)::text, 'NULL')");
    }
    add_range(sql, compare, which, &all);
}

static void sql_stop(struct buf *sql, int64_t pid)
{
    buf_format(sql, "SELECT pg_catalog.pg_cancel_backend(%" PRId64 ")", pid);
}

const struct compare_sql compare_postgresql = {
    .settings = sql_settings,
    .list = sql_list,
    .describe = sql_describe,
    .total = sql_total,
    .chunk_end = sql_chunk_end,
    .buckets = sql_buckets,
    .rows = sql_rows,
    .keys = sql_keys,
    .sums = sql_sums,
    .sequences = sql_sequences,
    .stop = sql_stop,
};
