/*
 * Questions to MySQL and MariaDB about the rows of a table; compare_mysql_hash.c says how a row is hashed.
 *
 * A text that gets too large for the server is NULL there, with no more than a warning. So where a row has no
 * hash, there is no sum of them either, and what should have been a number is missing in the answer, which
 * ends the comparison. A chain puts no text together, and should never be NULL; it is held to that, since a
 * row that a sum leaves out is a row that nobody has compared.
 */
#include <inttypes.h>
#include <string.h>

#include "bulk/comparison.h"
#include "driver/mysql.h"
#include "mysql_parts.h"

#define LIST_MAX 2000 /* rows that a question lists; more are asked for by their buckets */
/* In a sum in place of a hash that is none: more than all that are can come to. To count them besides would
 * have the server make each hash once more. */
#define NO_HASH "10000000000000000000000000000000000000000"

static void settings(struct buf *sql)
{
    (void)sql; /* the driver's connections have them */
}

/* ---- parts of a table ---- */

static void add_from(struct buf *sql, const struct table *table, enum which which)
{
    buf_text(sql, " FROM ");
    mysql_identifier(sql, table->listed[which]->schema);
    buf_char(sql, '.');
    mysql_identifier(sql, table->listed[which]->name);
}

static enum literal_form literal_of(enum form form)
{
    return form == FORM_NUMBER ? LITERAL_NUMBER : form == FORM_BYTES ? LITERAL_BYTES : LITERAL_TEXT;
}

static void add_bound(struct buf *sql, const struct compare *compare, enum which which, const char *before,
                      const char *last, char *const *key)
{
    const struct table *table = &compare->table;
    enum literal_form forms[KEY_COLUMNS_MAX];
    const char *names[KEY_COLUMNS_MAX];
    struct arena *arena = arena_create();
    for (size_t i = 0; key != NULL && i < table->key_count; i++) {
        struct buf name;
        buf_init(&name, 1000);
        mysql_identifier(&name, table->key[i]->name);
        names[i] = arena_text(arena, buf_str(&name));
        forms[i] = literal_of(form_of(compare, table->key[i], which));
        buf_finish(&name);
    }
    if (key != NULL) {
        buf_text(sql, " AND ");
        mysql_bound(sql, table->key_count, names, forms, (const char *const *)key, before, last);
    }
    arena_destroy(arena);
}

/* Rows whose key has a NULL are in no span, but in a part of their own. */
static void add_span(struct buf *sql, const struct compare *compare, enum which which,
                     const struct range *range)
{
    for (size_t i = 0; i < compare->table.key_count; i++) {
        if (compare->table.key[i]->not_null[which])
            continue;
        buf_text(sql, " AND ");
        mysql_identifier(sql, compare->table.key[i]->name);
        buf_text(sql, " IS NOT NULL");
    }
    add_bound(sql, compare, which, ">", ">", range->after);
    add_bound(sql, compare, which, "<", "<=", range->to);
}

static void add_where(struct buf *sql, const struct compare *compare)
{
    if (compare->config->where != NULL) /* a comment at its end has to end, too */
        buf_format(sql, " AND (\n%s\n)", compare->config->where);
}

static void add_range(struct buf *sql, const struct compare *compare, enum which which,
                      const struct range *range)
{
    const struct table *table = &compare->table;
    add_from(sql, table, which);
    buf_text(sql, " WHERE TRUE");
    if (range->kind == RANGE_SPAN)
        add_span(sql, compare, which, range);
    for (size_t i = 0; range->kind == RANGE_NULLS && i < table->key_count; i++) {
        buf_text(sql, i > 0 ? " OR " : " AND (");
        mysql_identifier(sql, table->key[i]->name);
        buf_text(sql, i + 1 == table->key_count ? " IS NULL)" : " IS NULL");
    }
    add_where(sql, compare);
}

static void add_order(struct buf *sql, const struct table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : " ORDER BY ");
        mysql_identifier(sql, table->key[i]->name);
    }
}

/* ---- the questions ---- */

static void total(struct buf *sql, const struct compare *compare, enum which which, const struct range *range)
{
    buf_text(sql,
             "SELECT n, IF(s < " NO_HASH ", s, NULL) FROM (SELECT COUNT(*) AS n, COALESCE(SUM(COALESCE(");
    mysql_row_hash(sql, compare, which);
    buf_text(sql, ", " NO_HASH ")), 0) AS s");
    add_range(sql, compare, which, range);
    buf_text(sql, ") summed");
}

static void chunk_end(struct buf *sql, const struct compare *compare, enum which which,
                      const struct range *range)
{
    const struct table *table = &compare->table;
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : "SELECT ");
        mysql_key_form(sql, compare, table->key[i], which);
    }
    add_from(sql, table, which);
    buf_text(sql, " WHERE TRUE");
    add_span(sql, compare, which, range);
    add_order(sql, table);
    buf_format(sql, " LIMIT 1 OFFSET %" PRId64, compare->config->chunk - 1);
}

/* Rows as (k, h): what tells the row from others, and its hash. */
static void add_hashed_rows(struct buf *sql, const struct compare *compare, enum which which)
{
    buf_text(sql, " FROM (SELECT ");
    mysql_key_hash(sql, compare, which);
    buf_text(sql, " AS k, ");
    mysql_row_hash(sql, compare, which);
    buf_text(sql, " AS h");
    add_range(sql, compare, which, &compare->look.range);
    buf_text(sql, ") hashed");
}

/* A row that has no hash is in a bucket that is NULL, which no number is. */
static void buckets(struct buf *sql, const struct compare *compare, enum which which)
{
    buf_format(sql,
               "SELECT b, n, IF(s < " NO_HASH ", s, NULL) FROM (SELECT k & %" PRIu64
               " AS b, COUNT(*) AS n, SUM(COALESCE(h, " NO_HASH ")) AS s",
               compare->look.mask);
    add_hashed_rows(sql, compare, which);
    buf_text(sql, " GROUP BY 1) summed");
}

static void add_found(struct buf *sql, const struct look *look, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_format(sql, "%s%" PRIu64, i > 0 ? "," : " IN (", look->found[i].key);
    buf_char(sql, ')');
}

static void rows(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct look *look = &compare->look;
    bool keyed = compare->table.key_count > 0;
    buf_text(sql, keyed ? "SELECT k, h" : "SELECT k, COUNT(*)");
    add_hashed_rows(sql, compare, which);
    buf_text(sql, " WHERE h IS NULL OR k");
    if (look->again && look->found_count <= LIST_MAX) {
        add_found(sql, look, look->found_count);
    } else {
        buf_format(sql, " & %" PRIu64, look->mask);
        for (size_t i = look->from; i < look->to; i++)
            buf_format(sql, "%s%" PRIu64, i > look->from ? "," : " IN (", look->buckets[i].id);
        buf_char(sql, ')');
    }
    buf_text(sql, keyed ? "" : " GROUP BY k");
}

static void keys(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    size_t count = compare->look.found_count < LIST_MAX ? compare->look.found_count : LIST_MAX;
    buf_text(sql, "SELECT ");
    mysql_key_hash(sql, compare, which);
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, ", LEFT(");
        mysql_key_form(sql, compare, table->key[i], which);
        buf_text(sql, ", 200)");
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].compared)
            continue;
        buf_text(sql, ", ");
        mysql_column_hash(sql, compare, &table->columns[i], which);
    }
    add_range(sql, compare, which, &compare->look.range);
    buf_text(sql, " AND ");
    mysql_key_hash(sql, compare, which);
    add_found(sql, &compare->look, count);
    add_order(sql, table);
    buf_format(sql, " LIMIT %d", TOLD_MAX * 2); /* of wide tables still not too much for an answer */
}

static void sums(struct buf *sql, const struct compare *compare, enum which which)
{
    static const struct range all = { .kind = RANGE_ALL };
    const struct table *table = &compare->table;
    buf_text(sql, "SELECT 1");
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].sum_place == 0)
            continue;
        buf_text(sql, ", COALESCE(CAST(SUM(");
        mysql_identifier(sql, table->columns[i].name);
        buf_text(sql, ") AS CHAR), 'NULL')");
    }
    add_range(sql, compare, which, &all);
}

/* Nobody asks for what the loader refuses: sequences of these servers are not compared. */
static void sequences(struct buf *sql, const struct list *list, size_t from, size_t to)
{
    (void)list;
    (void)from;
    (void)to;
    buf_text(sql, "SELECT 0 WHERE FALSE");
}

static void stop(struct buf *sql, int64_t pid)
{
    buf_format(sql, "KILL QUERY %" PRId64, pid);
}

const struct compare_sql compare_mysql = {
    .settings = settings,
    .list = mysql_list,
    .describe = mysql_describe,
    .total = total,
    .chunk_end = chunk_end,
    .buckets = buckets,
    .rows = rows,
    .keys = keys,
    .sums = sums,
    .sequences = sequences,
    .stop = stop,
};
