/* How large and busy the tables are that are foreseen: a row of name, bytes, rows, writes, scans and the
 * server's clock in microseconds for each that is there. */
#include "foresee.h"

#include "driver/mysql.h"
#include "driver/postgresql.h"

#define NAME_BYTES ((size_t)1024)

void foresight_put_count_postgresql(const struct foresight *foresight, struct buf *ret)
{
    buf_text(ret, "SELECT nspname || '.' || c.relname, CASE WHEN relkind <> 'p' THEN "
                  "pg_total_relation_size(c.oid) END, CASE WHEN reltuples < 0 OR (reltuples = 0 AND relpages "
                  "= 0) THEN -1 ELSE reltuples::bigint END, coalesce(n_tup_ins + n_tup_upd + n_tup_del, 0), "
                  "coalesce(seq_scan, 0) + coalesce(idx_scan, 0), (extract(epoch FROM clock_timestamp()) * "
                  "1000000)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN "
                  "pg_stat_all_tables s ON relid = c.oid WHERE nspname || '.' || c.relname IN (");
    for (size_t i = 0; i < foresight_shown(foresight); i++) {
        buf_text(ret, i > 0 ? ", " : "");
        postgresql_literal(ret, foresight->tables[i].name);
    }
    buf_text(ret, ")");
}

/* What is written and scanned these servers do not count by table (but for performance_schema, which is
 * mostly off): -1.
 */
void foresight_put_count_mysql(const struct foresight *foresight, struct buf *ret)
{
    for (size_t i = 0; i < foresight_shown(foresight); i++) {
        struct buf schema, name;

        buf_init(&schema, NAME_BYTES);
        buf_init(&name, NAME_BYTES);
        buf_text(ret, i > 0 ? " UNION ALL SELECT " : "SELECT ");
        mysql_literal(ret, foresight->tables[i].name);
        buf_text(ret,
                 ", DATA_LENGTH + INDEX_LENGTH, TABLE_ROWS, -1, -1, CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS"
                 " SIGNED) FROM information_schema.TABLES WHERE ");
        if (mysql_table_literals(&schema, &name, foresight->tables[i].name))
            buf_format(ret, "TABLE_SCHEMA = %s AND TABLE_NAME = %s", buf_str(&schema), buf_str(&name));
        else
            buf_text(ret, "FALSE");
        buf_finish(&schema);
        buf_finish(&name);
    }
}
