/* Questions to MySQL and MariaDB about what a server has, answered as compare_catalog.c's are. */
#include <inttypes.h>

#include "bulk/comparison.h"
#include "driver/mysql.h"
#include "mysql_parts.h"

static void add_patterns(struct buf *sql, const struct compare_config *config, bool leaves_out)
{
    buf_text(sql, "(FALSE");
    for (size_t i = 0; i < config->pattern_count; i++) {
        const char *pattern = config->patterns[i];
        if ((pattern[0] == '!') != leaves_out)
            continue;
        buf_text(
            sql,
            " OR CONVERT(CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) USING utf8mb4) COLLATE utf8mb4_bin LIKE ");
        mysql_pattern(sql, pattern + leaves_out);
        buf_text(sql, " ESCAPE '|'");
    }
    buf_char(sql, ')');
}

/* Texts are compared in UTF-8 whatever their columns are in. */
void mysql_list(struct buf *sql, const struct compare_config *config, const struct compare_side *side)
{
    buf_text(sql,
             "SELECT 'E', '', '', '0', 'UTF8', '0' UNION ALL SELECT CASE WHEN TABLE_TYPE IN ('BASE TABLE',"
             " 'SYSTEM VERSIONED') THEN 'r' ELSE 'v' END, TABLE_SCHEMA, TABLE_NAME, COALESCE(TABLE_ROWS, 0),"
             " CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), '0' FROM information_schema.TABLES WHERE ");
    if (side->table != NULL) {
        struct buf schema, name;
        buf_init(&schema, 2000);
        buf_init(&name, 2000);
        (void)mysql_table_literals(&schema, &name, side->table); /* what is neither is no table either */
        buf_format(sql, "TABLE_SCHEMA = %s AND TABLE_NAME = %s", buf_str(&schema), buf_str(&name));
        buf_finish(&schema);
        buf_finish(&name);
        return;
    }
    add_patterns(sql, config, false);
    buf_text(sql, " AND NOT ");
    add_patterns(sql, config, true);
    buf_text(sql,
             " AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA NOT IN ('mysql', 'sys',"
             " 'information_schema', 'performance_schema')");
}

static void add_place(struct buf *sql, size_t count, const char *const *names)
{
    buf_text(sql, ", CASE c.COLUMN_NAME");
    for (size_t i = 0; i < count; i++) {
        buf_text(sql, " WHEN ");
        mysql_column_literal(sql, names[i]);
        buf_format(sql, " THEN %zu", i + 1);
    }
    buf_text(sql, " WHEN NULL THEN 0 ELSE 0 END"); /* a CASE has one WHEN at least */
}

static void add_of_table(struct buf *sql, const char *alias, const struct listed *listed)
{
    buf_format(sql, "%s.TABLE_SCHEMA = ", alias);
    mysql_literal(sql, listed->schema);
    buf_format(sql, " AND %s.TABLE_NAME = ", alias);
    mysql_literal(sql, listed->name);
}

/* The primary key, else the smallest unique index of whole columns none of which can be NULL. */
static void add_chosen_index(struct buf *sql, const struct listed *listed)
{
    buf_text(sql, "(SELECT s.INDEX_NAME FROM information_schema.STATISTICS s WHERE ");
    add_of_table(sql, "s", listed);
    buf_text(sql, " AND s.NON_UNIQUE = 0 GROUP BY s.INDEX_NAME HAVING COUNT(s.COLUMN_NAME) = COUNT(*)"
                  " AND SUM(s.NULLABLE = 'YES') = 0 AND SUM(s.SUB_PART IS NOT NULL) = 0"
                  " ORDER BY s.INDEX_NAME <> 'PRIMARY', COUNT(*), s.INDEX_NAME LIMIT 1)");
}

/* A character set that has texts which come out of it alike, or not at all, cannot be told by its texts: the
 * place of `compares` says that. */
void mysql_describe(struct buf *sql, const struct compare_config *config, const struct listed *listed)
{
    buf_text(
        sql,
        "SELECT c.COLUMN_NAME, CONCAT(c.COLUMN_TYPE, COALESCE(CONCAT(' CHARACTER SET ',"
        " c.CHARACTER_SET_NAME), '')), c.DATA_TYPE, 0, IF(c.IS_NULLABLE = 'NO', 't', 'f'),"
        " COALESCE(c.COLLATION_NAME, ''), 'f', IF(COALESCE(c.CHARACTER_SET_NAME, 'utf8mb4') IN ('utf8mb4',"
        " 'utf8mb3', 'utf8', 'ascii', 'latin1'), 't', 'f'), COALESCE(k.SEQ_IN_INDEX, 0)");
    add_place(sql, config->key_count, config->key);
    add_place(sql, config->column_count, config->columns);
    add_place(sql, config->sum_count, config->sums);
    buf_text(sql, " FROM information_schema.COLUMNS c LEFT JOIN information_schema.STATISTICS k ON ");
    add_of_table(sql, "k", listed);
    buf_text(sql, " AND k.COLUMN_NAME = c.COLUMN_NAME AND k.INDEX_NAME = ");
    add_chosen_index(sql, listed);
    buf_text(sql, " WHERE ");
    add_of_table(sql, "c", listed);
    buf_text(sql, " ORDER BY c.ORDINAL_POSITION");
}
