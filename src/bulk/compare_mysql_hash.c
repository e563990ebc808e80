/*
 * Hashes of rows that MySQL and MariaDB compute. Which one a table gets is decided once, for both sides.
 *
 * Digest   64 bits of the SHA-256 of the forms of the values, one after the other; compare_sql.c makes the
 *          same of a PostgreSQL's. MySQL has MD5 no more from 9.6 on.
 * Chain    where both sides are MariaDBs that have it and every column is of the same type on both: CRC-32 of
 *          a column, from which that of the next begins, and in the same way CRC-32C (mariadb.com/kb: CRC32
 *          with two arguments and CRC32C are there from 10.8 on). A row is hashed without putting it
 *          together as one text, in a third of the time.
 *
 * In a chain 2 is added to what has been computed before a value that can be of any length, which is where
 * one value ends and the next begins, and 1 more for a NULL, which has a text that is not empty, since an
 * empty one would not mix in what was added: nor does an empty value, behind which the next one adds its 2
 * to those. So what was added is odd before a NULL, and before nothing else: were it 1 and 1, a NULL would be
 * what an empty value and an 'n' are, and (NULL, '', 'n') the same as ('', 'n', NULL). A row counts with the
 * product of its two, not with the two beside each other: of those the sum over two rows that have swapped a
 * value is the same once in a hundred million times, since a CRC adds up by bits. What tells rows apart
 * without being summed is the two beside each other, for the low bits of a product are not spread evenly.
 */
#include <stdlib.h>
#include <string.h>

#include "bulk/comparison.h"
#include "driver/mysql.h"
#include "mysql_parts.h"

/* Columns that a chain has at most: each is a call inside the next one, and of 200 the server's stack (292
 * KiB unless somebody set thread_stack) has no room. */
#define CHAIN_MAX 64

/* ---- the forms of values ---- */

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
        mysql_identifier(sql, column->name);
        buf_text(sql, " COLLATE utf8mb4_bin");
        return;
    }
    buf_text(sql, forms[form].before);
    mysql_identifier(sql, column->name);
    buf_text(sql, forms[form].behind);
}

/* The same, of a key: bytes as they are. */
void mysql_key_form(struct buf *sql, const struct compare *compare, const struct column *column,
                    enum which which)
{
    if (form_of(compare, column, which) != FORM_BYTES) {
        add_form(sql, compare, column, which);
        return;
    }
    buf_text(sql, "LOWER(HEX(");
    mysql_identifier(sql, column->name);
    buf_text(sql, "))");
}

/* ---- digests ---- */

/* Each so that it is known where it ends. */
static void add_to_digest(struct buf *sql, const struct compare *compare, const struct column *column,
                          enum which which)
{
    bool text = form_of(compare, column, which) == FORM_TEXT;
    buf_text(sql, ", IF(");
    mysql_identifier(sql, column->name);
    buf_text(sql, " IS NULL, 'N;', CONCAT(");
    if (text) {
        buf_text(sql, "LENGTH(");
        add_form(sql, compare, column, which);
        buf_text(sql, "), ':', ");
    }
    add_form(sql, compare, column, which);
    buf_text(sql, text ? "))" : ", ';'))");
}

/* ---- chains ---- */

static bool has_chains(const struct side *side)
{
    enum { HAS_CRC32C = 100800 };
    return side->config->engine == BULK_MYSQL && mysql_is_mariadb(side->session) &&
           session_server_version(side->session) >= HAS_CRC32C;
}

/* A BIT is no text, and each version may make another of it. */
bool mysql_can_chain(const struct compare *compare)
{
    const struct table *table = &compare->table;
    size_t count = 0;
    if (!has_chains(&compare->sides[LEFT]) || !has_chains(&compare->sides[RIGHT]))
        return false;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[i];
        if (!column->compared)
            continue;
        count++;
        if (strcmp(column->type[LEFT], column->type[RIGHT]) != 0 || strcmp(column->cast[LEFT], "bit") == 0)
            return false;
    }
    return count > 0 && count <= CHAIN_MAX;
}

/* A date is as long as every other: nothing of it can be taken for a part of what stands before. */
static bool is_of_one_length(const struct compare *compare, const struct column *column)
{
    enum form form = form_of(compare, column, LEFT);
    return form == FORM_DATE || form == FORM_MOMENT;
}

/* Beside a UUID the server takes a text for one, too: 'n' would be none, and NULL. */
static void add_value(struct buf *sql, const struct column *column, enum which which)
{
    bool may_be_null = !column->not_null[which];
    bool is_uuid = strcmp(column->cast[which], "uuid") == 0;
    buf_text(sql, may_be_null ? "IFNULL(" : "");
    buf_text(sql, may_be_null && is_uuid ? "CAST(" : "");
    mysql_identifier(sql, column->name);
    buf_text(sql, may_be_null && is_uuid ? " AS CHAR)" : "");
    buf_text(sql, may_be_null ? ",'n')" : "");
}

static void add_chain(struct buf *sql, const struct compare *compare, const char *function, size_t count,
                      const struct column *const *columns, enum which which)
{
    for (size_t i = 0; i < count; i++)
        buf_format(sql, "%s(", function);
    for (size_t i = 0; i < count; i++) {
        const struct column *column = columns[i];
        bool may_be_null = !column->not_null[which];
        buf_text(sql, i == 0 ? "0" : "");
        buf_text(sql, i > 0 && !is_of_one_length(compare, column) ? "+2" : "");
        if (may_be_null) {
            buf_text(sql, "+ISNULL(");
            mysql_identifier(sql, column->name);
            buf_char(sql, ')');
        }
        buf_char(sql, ',');
        add_value(sql, column, which);
        buf_char(sql, ')');
    }
}

/* ---- hashes ---- */

enum use { TELLS_APART, IS_SUMMED };

static void add_hash(struct buf *sql, const struct compare *compare, size_t count,
                     const struct column *const *columns, enum which which, enum use use)
{
    if (compare->table.chained) {
        buf_char(sql, '(');
        add_chain(sql, compare, "CRC32", count, columns, which);
        buf_text(sql, use == IS_SUMMED ? "*" : "<<32|");
        add_chain(sql, compare, "CRC32C", count, columns, which);
        buf_char(sql, ')');
        return;
    }
    buf_text(sql, "CAST(CONV(LEFT(SHA2(CONCAT(''");
    for (size_t i = 0; i < count; i++)
        add_to_digest(sql, compare, columns[i], which);
    buf_text(sql, "), 256), 16), 16, 10) AS UNSIGNED)");
}

static void add_row_hash(struct buf *sql, const struct compare *compare, enum which which, enum use use)
{
    const struct table *table = &compare->table;
    const struct column **columns = mem_array(table->column_count + 1, sizeof(*columns));
    size_t count = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].compared)
            columns[count++] = &table->columns[i];
    }
    add_hash(sql, compare, count, columns, which, use);
    free(columns);
}

void mysql_row_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    add_row_hash(sql, compare, which, IS_SUMMED);
}

void mysql_key_hash(struct buf *sql, const struct compare *compare, enum which which)
{
    const struct table *table = &compare->table;
    if (table->key_count > 0)
        add_hash(sql, compare, table->key_count, table->key, which, TELLS_APART);
    else
        add_row_hash(sql, compare, which, TELLS_APART);
}

void mysql_column_hash(struct buf *sql, const struct compare *compare, const struct column *column,
                       enum which which)
{
    add_hash(sql, compare, 1, &column, which, TELLS_APART);
}
