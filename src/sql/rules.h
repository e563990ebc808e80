/*
 * The tables of facts of all dialects, as one list.
 */
#ifndef SQL_RULES_H
#define SQL_RULES_H

#include "sql/sql.h"

struct rule_table {
    size_t count;
    const struct sql_rule *rows;
};

struct rule_table rules_postgresql_tables(void);  /* columns, constraints, partitions */
struct rule_table rules_postgresql_objects(void); /* indexes, other objects, data, transactions */

struct rule_table rules_mysql_alter(void); /* MySQL's and MariaDB's: reading, waiting, columns */
struct rule_table rules_mysql(void);       /* indexes, keys, whole tables, data, transactions */

/* PostgreSQL's rows in the order of their tables. */
enum pg_rule {
    /* rules_postgresql_tables.c */
    PG_ADD_COLUMN,
    PG_ADD_COLUMN_DEFAULT,
    PG_ADD_COLUMN_VOLATILE,
    PG_ADD_COLUMN_SERIAL,
    PG_ADD_COLUMN_IDENTITY,
    PG_ADD_COLUMN_GENERATED,
    PG_ADD_COLUMN_NOT_NULL,
    PG_ADD_COLUMN_CHECK,
    PG_ADD_COLUMN_DOMAIN,
    PG_ADD_COLUMN_REFERENCES,
    PG_ADD_COLUMN_REFERENCES_SCAN,
    PG_ADD_COLUMN_UNIQUE,
    PG_SET_NOT_NULL,
    PG_SET_NOT_NULL_PROVEN,
    PG_ALTER_TYPE_REWRITE,
    PG_ALTER_TYPE_CHECKED,
    PG_ALTER_TYPE_INDEXED,
    PG_ALTER_TYPE_METADATA,
    PG_ALTER_COLUMN,
    PG_DROP_COLUMN,
    PG_RENAME,
    PG_RENAME_CONSTRAINT,
    PG_ADD_CHECK,
    PG_ADD_CHECK_NOT_VALID,
    PG_ADD_FOREIGN_KEY,
    PG_ADD_FOREIGN_KEY_NOT_VALID,
    PG_DROP_FOREIGN_KEY,
    PG_DROP_CONSTRAINT,
    PG_ADD_UNIQUE,
    PG_ADD_PRIMARY_KEY,
    PG_PRIMARY_KEY_SCAN,
    PG_USING_INDEX,
    PG_ADD_EXCLUDE,
    PG_VALIDATE,
    PG_SET_LOGGED,
    PG_SET_TABLESPACE,
    PG_ATTACH_PARTITION,
    PG_ATTACH_PARTITION_PROVEN,
    PG_CREATE_PARTITION,
    PG_CREATE_PARTITION_DEFAULT,
    PG_DETACH_PARTITION,
    PG_DETACH_REFUSED,
    PG_DROP_PARTITION,
    PG_TABLES_END,
    /* rules_postgresql_objects.c */
    PG_CREATE_INDEX = PG_TABLES_END,
    PG_CREATE_INDEX_PARTITIONED,
    PG_CONCURRENTLY_PARTITIONED,
    PG_CONCURRENTLY_INVALID,
    PG_NOT_IN_TRANSACTION,
    PG_DROP_INDEX,
    PG_REINDEX,
    PG_CLUSTER,
    PG_VACUUM_FULL,
    PG_VACUUM_TRUNCATE,
    PG_TRUNCATE,
    PG_TRUNCATE_CASCADE,
    PG_DROP_TABLE,
    PG_DROP_CASCADE,
    PG_DROP_CASCADE_UNKNOWN,
    PG_CREATE_TABLE_REFERENCES,
    PG_TRIGGER,
    PG_BRIEF,
    PG_DOMAIN_SCAN,
    PG_DOMAIN_NOT_VALID,
    PG_ENUM_ADD,
    PG_REFRESH,
    PG_REFRESH_CONCURRENTLY,
    PG_ALTER_SEQUENCE,
    PG_WORK_UNDER_LOCK,
    PG_LOCK_KEPT,
    PG_LOCK_TABLE,
    PG_UNBOUNDED_WRITE,
    PG_SHARE_UPDATE,
    PG_NOT_UNDERSTOOD,
    PG_DYNAMIC,
    PG_UNKNOWN_CODE,
    PG_NOT_IN_VERSION,
    PG_NO_SUCH_RELATION,
    PG_NO_SUCH_COLUMN,
    PG_RULE_COUNT,
};
const struct sql_rule *pg_rule(enum pg_rule rule);

#endif
