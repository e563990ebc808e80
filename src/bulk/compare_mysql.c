/*
 * Questions to MySQL and MariaDB about the rows of a table. The hash of a row is 64 bits of the
 * SHA-256 of the forms of its values, one after the other; compare_sql.c makes the same of a PostgreSQL's.
 * MySQL has MD5 no more from 9.6 on.
 *
 * A text that gets too large for the server is NULL there, with no more than a warning. So where a row has no
 * hash, there is no sum of them either, and what should have been a number is missing in the answer, which
 * ends the comparison.
 */
#include <inttypes.h>
#include <stdlib.h>
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

/* ---- hashes ---- */

static void add_name(struct buf *sql, const struct column *column)
{
    mysql_identifier(sql, column->name);
}

/* Of a column that is UTF-8 already the texts are taken as they are, which is a quarter less work for the
 * server. All that come together have one collation then: two could not be agreed on. */
static bool is_utf8mb4(const struct column *column, enum which which)
{
    static const char prefix[] = "utf8mb4_";
    return strncmp(column->collate[which], prefix, sizeof(prefix) - 1) == 0;
}

/* A value in its form. What is added to a number takes away how it is shown (ZEROFILL). */
static void add_form(struct buf *sql, const struct compare *compare, const struct column *column,
                     enum which which)
{
    static const struct {
        const char *before, *behind;
    } forms[] = {
        [FORM_NONE] = { "NULLIF(", ", NULL)" },
        [FORM_NUMBER] = { "CAST(", " + 0 AS CHAR)" },
        [FORM_TEXT] = { "CONVERT(", " USING utf8mb4)" },
        [FORM_BYTES] = { "SHA2(", ", 256)" },
        [FORM_DATE] = { "CAST(", " AS CHAR)" },
        [FORM_TIME] = { "CAST(CAST(", " AS TIME(6)) AS CHAR)" },
        [FORM_MOMENT] = { "DATE_FORMAT(", ", '%Y-%m-%d %H:%i:%s.%f')" },
    };
    enum form form = form_of(compare, column, which);
    if (form == FORM_TEXT && is_utf8mb4(column, which)) {
        add_name(sql, column);
        buf_text(sql, " COLLATE utf8mb4_bin");
        return;
    }
    buf_text(sql, forms[form].before);
    add_name(sql, column);
    buf_text(sql, forms[form].behind);
}

/* The same, of a key: bytes as they are. */
static void add_key_form(struct buf *sql, const struct compare *compare, const struct column *column,
                         enum which which)
{
    if (form_of(compare, column, which) != FORM_BYTES) {
        add_form(sql, compare, column, which);
        return;
    }
    buf_text(sql, "LOWER(HEX(");
    add_name(sql, column);
    buf_text(sql, "))");
}

static void open_hash(struct buf *sql)
{
    buf_text(sql, "CAST(CONV(LEFT(SHA2(CONCAT(''");
}

static void close_hash(struct buf *sql)
{
    buf_text(sql, "), 256), 16), 16, 10) AS UNSIGNED)");
}

/* Each so that it is known where it ends. */
static void add_to_hash(struct buf *sql, const struct compare *compare, const struct column *column,
                        enum which which)
{
    bool text = form_of(compare, column, which) == FORM_TEXT;
    buf_text(sql, ", IF(");
    add_name(sql, column);
    buf_text(sql, " IS NULL, 'N;', CONCAT(");
    if (text) {
        buf_text(sql, "LENGTH(");
        add_form(sql, compare, column, which);
        buf_text(sql, "), ':', ");
    }
    add_form(sql, compare, column, which);
    buf_text(sql, text ? "))" : ", ';'))");
}

static void add_key_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    open_hash(sql);
    for (size_t i = 0; i < compare->table.key_count; i++)
        add_to_hash(sql, compare, compare->table.key[i], which);
    close_hash(sql);
}

static void add_row_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    open_hash(sql);
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].compared)
            add_to_hash(sql, compare, &table->columns[i], which);
    }
    close_hash(sql);
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
        add_name(&name, table->key[i]);
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
        add_name(sql, compare->table.key[i]);
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
        add_name(sql, table->key[i]);
        buf_text(sql, i + 1 == table->key_count ? " IS NULL)" : " IS NULL");
    }
    add_where(sql, compare);
}

static void add_order(struct buf *sql, const struct table *table)
{
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, i > 0 ? ", " : " ORDER BY ");
        add_name(sql, table->key[i]);
    }
}

/* ---- the questions ---- */

static void total(struct buf *sql, const struct compare *compare, enum which which, const struct range *range)
{
    buf_text(sql,
             "SELECT n, IF(s < " NO_HASH ", s, NULL) FROM (SELECT COUNT(*) AS n, COALESCE(SUM(COALESCE(");
    add_row_hash(sql, compare, which);
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
        add_key_form(sql, compare, table->key[i], which);
    }
    add_from(sql, table, which);
    buf_text(sql, " WHERE TRUE");
    add_span(sql, compare, which, range);
    add_order(sql, table);
    buf_format(sql, " LIMIT 1 OFFSET %" PRId64, compare->config->chunk - 1);
}

/* Rows as (k, h): the key's hash and the row's; without a key the row's twice. */
static void add_hashed_rows(struct buf *sql, const struct compare *compare, enum which which)
{
    buf_text(sql, " FROM (SELECT ");
    if (compare->table.key_count > 0)
        add_key_hash(sql, compare, which);
    else
        add_row_hash(sql, compare, which);
    buf_text(sql, " AS k, ");
    add_row_hash(sql, compare, which);
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
    add_key_hash(sql, compare, which);
    for (size_t i = 0; i < table->key_count; i++) {
        buf_text(sql, ", LEFT(");
        add_key_form(sql, compare, table->key[i], which);
        buf_text(sql, ", 200)");
    }
    for (size_t i = 0; i < table->column_count; i++) {
        if (!table->columns[i].compared)
            continue;
        buf_text(sql, ", ");
        open_hash(sql);
        add_to_hash(sql, compare, &table->columns[i], which);
        close_hash(sql);
    }
    add_range(sql, compare, which, &compare->look.range);
    buf_text(sql, " AND ");
    add_key_hash(sql, compare, which);
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
        add_name(sql, &table->columns[i]);
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
