/*
 * What tables hold, and what questions of a book answer. A table's rows have no order: the sum of their
 * hashes has none either. A question's answer is taken as it comes, in its order, and hashed here.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "fingerprint/mysql_taking.h"

#define NAMES_TIMEOUT_US (60 * SECOND_US)
#define SHOWN_MAX        200 /* bytes of an answer of one row that are told */

/* ---- tables ---- */

/* MySQL 9.6 has MD5 only where a component is installed (its release notes). */
struct hash {
    const char *open, *close;
};
static struct hash hash_of(const struct mysql_taking *mysql)
{
    bool md5 = mysql->mariadb || mysql->version < 90000;
    return md5 ? (struct hash){ "MD5(", ")" } : (struct hash){ "SHA2(", ", 256)" };
}

struct columns {
    struct buf *sql;
    struct hash hash;
    size_t count;
};

/* Numbers with a point that moves are told in full only where they are made double; what is added to bits
 * makes a number of them. All else is hashed as its own bytes. */
static const char *added(const char *type)
{
    return strcmp(type, "float") == 0 || strcmp(type, "double") == 0 || strcmp(type, "bit") == 0 ? " + 0"
                                                                                                 : "";
}

/* Each so that it is known where it ends: no hash begins like the word for NULL. */
static void read_columns(void *data, const struct answer *answer)
{
    struct columns *columns = data;
    columns->count = answer->row_count;
    for (size_t i = 0; i < answer->row_count; i++) {
        struct buf name;
        buf_init(&name, 1000);
        mysql_identifier(&name, taking_cell(answer, i, 0));
        buf_format(columns->sql, ", IF(%s IS NULL, 'NULL', %s%s%s%s)", buf_str(&name), columns->hash.open,
                   buf_str(&name), added(taking_cell(answer, i, 1)), columns->hash.close);
        buf_finish(&name);
    }
}

/* A hash that could not be made (a text that is larger than the server takes is NULL there) leaves no sum. */
static int put_table(struct mysql_taking *mysql, const char *schema, const char *table, const char *name,
                     struct buf *sql, struct err *err)
{
    struct columns columns = { .sql = sql, .hash = hash_of(mysql) };
    struct buf ask;
    buf_init(&ask, SQL_MAX);
    buf_format(&ask, "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ");
    mysql_literal(&ask, schema);
    buf_text(&ask, " AND TABLE_NAME = ");
    mysql_literal(&ask, table);
    buf_text(&ask, " ORDER BY ORDINAL_POSITION");
    buf_text(sql, "SELECT 'data', ");
    mysql_literal(sql, name);
    buf_format(
        sql,
        ", IF(COUNT(*) = COUNT(hash), CONCAT(COUNT(*), ' rows, sum of hashes ', COALESCE(SUM(hash), 0)),"
        " NULL) FROM (SELECT CAST(CONV(LEFT(%sCONCAT(''",
        columns.hash.open);
    int r = asking_ask(&mysql->taking->asking, buf_str(&ask), NAMES_TIMEOUT_US, ERR_ENVIRONMENT, read_columns,
                       &columns, err);
    buf_format(sql, ")%s, 16), 16, 10) AS UNSIGNED) AS hash FROM ", columns.hash.close);
    mysql_identifier(sql, schema);
    buf_char(sql, '.');
    mysql_identifier(sql, table);
    buf_text(sql, ") hashed");
    buf_finish(&ask);
    if (r == 0 && columns.count == 0)
        r = err_set(err, ERR_ENVIRONMENT, "%s: the columns of %s.%s are not shown",
                    mysql->taking->asking.target->id, schema, table);
    return r;
}

/* Pairs of schema and table, one after the other. */
struct pairs {
    struct arena *arena;
    size_t count;
    const char **names;
};

static void read_pairs(void *data, const struct answer *answer)
{
    struct pairs *pairs = data;
    pairs->count = answer->row_count;
    pairs->names = arena_array(pairs->arena, 2 * answer->row_count + 1, sizeof(*pairs->names));
    for (size_t i = 0; i < 2 * answer->row_count; i++)
        pairs->names[i] = arena_text(pairs->arena, taking_cell(answer, i / 2, i % 2));
}

static int find_tables(struct mysql_taking *mysql, const struct fingerprint_data *data, struct pairs *pairs,
                       struct err *err)
{
    struct asking *asking = &mysql->taking->asking;
    struct buf sql, schema, name;
    int r = 0;
    buf_init(&sql, SQL_MAX);
    buf_init(&schema, SQL_MAX);
    buf_init(&name, SQL_MAX);
    buf_text(&sql, "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES"
                   " WHERE TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE', 'TEMPORARY') AND ");
    if (data->table == NULL) {
        buf_text(&sql, "CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) LIKE ");
        mysql_pattern(&sql, data->tables);
        buf_text(&sql, " ESCAPE '|' AND TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema',"
                       " 'performance_schema') ORDER BY 1, 2");
    } else if (mysql_table_literals(&schema, &name, data->table)) {
        buf_format(&sql, "TABLE_SCHEMA = %s AND TABLE_NAME = %s", buf_str(&schema), buf_str(&name));
    } else {
        r = err_set(err, ERR_INVALID, "%s: %s is no name of a table", asking->target->id, data->table);
    }
    if (r == 0)
        r = buf_ok(&sql, "the name of a table", err);
    if (r == 0)
        r = asking_ask(asking, buf_str(&sql), NAMES_TIMEOUT_US, ERR_INVALID, read_pairs, pairs, err);
    if (r == 0 && pairs->count == 0)
        r = err_set(err, ERR_INVALID, "%s: there is no table %s", asking->target->id,
                    data->table != NULL ? data->table : data->tables);
    buf_finish(&sql);
    buf_finish(&schema);
    buf_finish(&name);
    return r;
}

static int take_table(struct mysql_taking *mysql, const char *schema, const char *table, const char *name,
                      struct err *err)
{
    struct buf sql;
    buf_init(&sql, SQL_MAX);
    int r = put_table(mysql, schema, table, name, &sql, err);
    if (r == 0)
        r = buf_ok(&sql, "a question", err);
    if (r == 0)
        r = asking_ask(&mysql->taking->asking, buf_str(&sql), DATA_TIMEOUT_US, ERR_INVALID, taking_read,
                       mysql->taking, err);
    buf_finish(&sql);
    if (r == 0 && mysql->taking->lines[mysql->taking->count - 1].value[0] == '\0')
        r = err_set(err, ERR_ENVIRONMENT, "%s: a row of %s.%s has no hash", mysql->taking->asking.target->id,
                    schema, table);
    return r;
}

static int take_tables(struct mysql_taking *mysql, const struct fingerprint_data *data, const char *name,
                       struct err *err)
{
    struct arena *arena = mysql->taking->arena;
    struct pairs pairs = { .arena = arena };
    int r = find_tables(mysql, data, &pairs, err);
    for (size_t i = 0; r == 0 && i < pairs.count; i++) {
        const char *schema = pairs.names[2 * i], *table = pairs.names[2 * i + 1];
        r = take_table(mysql, schema, table,
                       data->table != NULL ? name : arena_format(arena, "%s.%s", schema, table), err);
    }
    return r;
}

/* ---- questions ---- */

struct answered {
    struct mysql_taking *mysql;
    const char *name;
};

/* FNV-1a, 64 bits. */
static uint64_t hashed(uint64_t hash, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

/* A value with its length before it, so that it is known where it ends; NULL has one that no text has. */
static void read_answer(void *data, const struct answer *answer)
{
    const struct answered *answered = data;
    uint64_t hash = UINT64_C(14695981039346656037);
    struct buf row, value;
    buf_init(&row, SQL_MAX);
    buf_init(&value, SQL_MAX);
    for (size_t i = 0; i < answer->row_count * answer->column_count; i++) {
        const char *cell = answer->cell(answer, i / answer->column_count, i % answer->column_count);
        uint64_t len = cell != NULL ? strlen(cell) : UINT64_MAX;
        hash = hashed(hash, &len, sizeof(len));
        hash = hashed(hash, cell, cell != NULL ? (size_t)len : 0);
        if (answer->row_count == 1 && row.len <= SHOWN_MAX) {
            buf_text(&row, i > 0 ? "," : "");
            buf_add(&row, cell, cell != NULL && len < SHOWN_MAX ? (size_t)len : cell != NULL ? SHOWN_MAX : 0);
        }
    }
    buf_format(&value, "%zu rows, hash %016" PRIx64 "%s%s", answer->row_count, hash,
               answer->row_count == 1 ? ": " : "", buf_str(&row));
    taking_add(answered->mysql->taking, "data", answered->name, buf_str(&value));
    buf_finish(&row);
    buf_finish(&value);
}

/* In a transaction that reads the server refuses what changes rows or tables, but not all that changes a
 * server (SET GLOBAL, KILL): so it has to be one of those that only answer. */
static bool only_reads(const char *sql)
{
    static const char *const words[] = { "select", "with", "show", "table", "values", "checksum" };
    sql += strspn(sql, " \t\r\n(");
    size_t len = strspn(sql, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strlen(words[i]) == len && strncasecmp(words[i], sql, len) == 0)
            return true;
    }
    return false;
}

static int take_answer(struct mysql_taking *mysql, const char *sql, const char *name, struct err *err)
{
    struct asking *asking = &mysql->taking->asking;
    struct answered answered = { mysql, name };
    size_t len = strlen(sql);
    if (!only_reads(sql))
        return err_set(err, ERR_INVALID, "%s: only SELECT, WITH, TABLE, VALUES, SHOW and CHECKSUM are asked",
                       asking->target->id);
    while (len > 0 && strchr("; \t\r\n", sql[len - 1]) != NULL)
        len--;
    return asking_ask(asking, arena_text_len(mysql->taking->arena, sql, len), DATA_TIMEOUT_US, ERR_INVALID,
                      read_answer, &answered, err);
}

int mysql_take_data(struct mysql_taking *mysql, const struct fingerprint_data *data, const char *name,
                    struct err *err)
{
    int r =
        data->sql != NULL ? take_answer(mysql, data->sql, name, err) : take_tables(mysql, data, name, err);
    return r < 0 ? err_prefix(err, "data %s", name) : 0;
}
