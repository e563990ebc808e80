/*
 * PostgreSQL: a script on its way through the statements.
 *
 * Each kind of statement has one function, which says what it does (locks, rewrites, scans, findings) and
 * moves the catalog on; the two go together because each fact is looked up once. A dump is read by the same
 * functions with `quiet` set. What the script itself created is nobody's to wait for: pg_lock and its like
 * leave it out.
 *
 * Where the facts come from: LockModes of AlterTableGetLockLevel and the commands' own table_open calls
 * (src/backend/commands/tablecmds.c and its neighbours in PostgreSQL 9.6 to 18), held against pg_locks of a
 * server.
 */
#ifndef SQL_POSTGRESQL_H
#define SQL_POSTGRESQL_H

#include "catalog.h"
#include "postgresql_tree.h"
#include "rules.h"
#include "sql/sql.h"
#include "verdict.h"

struct held {
    const char *relation;
    enum sql_lock_mode mode;
};

/* What SET says, as far as facts depend on it. */
struct settings {
    struct names path; /* search_path */
    bool zone_known, zone_utc;
};

struct savepoint {
    const char *name;
    struct settings settings;
    size_t held_count;
    struct snapshot *snapshot; /* NULL where the script rolls nothing back */
};

struct session {
    struct arena *arena;   /* of what is returned */
    struct arena *scratch; /* of the tree of this statement */
    const struct sql_server *server;
    struct sql_catalog *catalog;
    const struct sql_options *options;
    struct verdict *verdict; /* of this statement */
    bool quiet;              /* a dump: nothing is told */
    unsigned depth;          /* statements within statements: DO, EXPLAIN, CREATE SCHEMA */

    bool transaction;
    bool rolls_back; /* somewhere in the script */
    size_t held_count, held_capacity;
    struct held *held;
    size_t savepoint_count, savepoint_capacity;
    struct savepoint *savepoints; /* the first is the beginning of the transaction */

    struct settings now;
    struct settings after; /* a COMMIT: SET LOCAL is forgotten */
};

/* ---- postgresql_session.c: names, and what is told ---- */

/* "schema.name": as the catalog has it, or in the first schema of the search path. In the session's arena. */
const char *pg_name(struct session *s, const char *schema, const char *name);
const char *pg_range(struct session *s, const PgQuery__RangeVar *range);
/* Of a text that names a relation, as nextval('s.q') has it. */
const char *pg_text_name(struct session *s, const char *text);
const char *pg_list_name(struct session *s, size_t count, PgQuery__Node *const *names);
const char *pg_format(struct session *s, const char *format, ...)
    PRINTF_LIKE(2, 3); /* in the session's arena */

/* Created by this script, or temporary. */
bool pg_fresh(const struct session *s, const char *relation);
void pg_lock(struct session *s, const char *relation, enum sql_lock_mode mode);
void pg_rewrite(struct session *s, const char *table);
/* A table and its indexes, or where it is partitioned those of its partitions. */
void pg_rewrite_tree(struct session *s, const char *table);
void pg_scan_tree(struct session *s, const char *table);
void pg_build_all(struct session *s, const char *table); /* the indexes of one table */
void pg_scan(struct session *s, const char *table);
void pg_build(struct session *s, const char *table, const char *index);
/* `relation` is whom it concerns: nothing is found where that is fresh; NULL: it is found in any case. */
void pg_find(struct session *s, const char *relation, enum pg_rule rule, const char *depends,
             const char *format, ...) PRINTF_LIKE(5, 6);

/* The partitions and inheritors of a table, all levels, each once; not the table itself. */
struct names pg_children(struct session *s, const char *table);
void pg_lock_tree(struct session *s, const char *table, enum sql_lock_mode mode);
/* False, with a finding, when the catalog is complete and has no such relation; `missing_ok`: it is harmless
 * then. */
bool pg_exists(struct session *s, const char *relation, bool missing_ok);
/* With a finding where `what` cannot run in a transaction, and one is open. */
void pg_outside_transaction(struct session *s, const char *what);
/* False, with a finding, for a server older than `version`. */
bool pg_since(struct session *s, int version, const char *what);
bool pg_is_kind(const struct session *s, const char *relation, enum relation_kind kind);

/* ---- what each file judges ---- */

typedef void pg_judge(struct session *s, const PgQuery__Node *node);

void pg_judge_node(struct session *s, const PgQuery__Node *node); /* any statement */
void pg_judge_text(struct session *s, const char *text);          /* statements within another */

pg_judge pg_alter_table;
void pg_add_column(struct session *s, const char *table, const PgQuery__ColumnDef *column, bool missing_ok);
void pg_alter_type(struct session *s, const char *table, const PgQuery__AlterTableCmd *command);
void pg_set_not_null(struct session *s, const char *table, const char *column);
void pg_add_constraint(struct session *s, const char *table, const PgQuery__Constraint *constraint,
                       bool only);
void pg_validate(struct session *s, const char *table, const char *constraint);
void pg_drop_constraint(struct session *s, const char *table, const PgQuery__AlterTableCmd *command);
/* Foreign keys elsewhere that need a key of this table go with it (CASCADE). */
void pg_drop_referencing(struct session *s, const char *table);
/* Whether a column is of a key that others may refer to. */
bool pg_is_key(const struct relation *relation, const char *column);
/* Notes a constraint in the catalog; of a column where one is given. */
struct constraint *pg_note_constraint(struct session *s, const char *table,
                                      const PgQuery__Constraint *constraint, const char *column);
/* A column with its type and constraints, into the catalog. */
void pg_note_column(struct session *s, const char *table, const PgQuery__ColumnDef *column);
const char *pg_constraint_name(struct session *s, const char *table, const PgQuery__Constraint *constraint,
                               const char *column);
void pg_attach_partition(struct session *s, const char *table, const PgQuery__PartitionCmd *command);
void pg_detach_partition(struct session *s, const char *table, const PgQuery__PartitionCmd *command);
void pg_create_partition(struct session *s, const char *table, const PgQuery__CreateStmt *create);

pg_judge pg_create_table, pg_create_table_as, pg_create_foreign_table, pg_create_view, pg_create_sequence,
    pg_create_domain, pg_create_function, pg_create_schema, pg_create_trigger, pg_create_policy,
    pg_alter_policy, pg_create_rule, pg_create_statistics, pg_publication, pg_alter_sequence, pg_alter_domain,
    pg_alter_enum, pg_comment;
pg_judge pg_create_index, pg_reindex, pg_cluster, pg_vacuum;
pg_judge pg_drop, pg_rename, pg_set_schema, pg_owner, pg_truncate;
/* The tables that a view reads, into the catalog. */
void pg_note_sources(struct session *s, const char *view, const PgQuery__Node *query);
pg_judge pg_select, pg_insert, pg_update, pg_delete, pg_merge, pg_copy, pg_lock_table, pg_refresh, pg_explain,
    pg_call, pg_execute, pg_declare;
pg_judge pg_do;
pg_judge pg_set, pg_transaction;
void pg_begin(struct session *s);
/* Settings of a session that begins: the server's own. */
void pg_settings_begin(struct session *s);
/* SET, or set_config; a dump's are the server's. */
void pg_set_path(struct session *s, struct names path, bool local);
void pg_set_zone(struct session *s, const char *zone, bool local); /* NULL: it is not known */
/* What a server says of its TimeZone. */
void pg_server_zone(struct sql_catalog *catalog, const char *zone);

/* ---- postgresql_type.c ---- */

struct column_type pg_type(struct session *s, const PgQuery__TypeName *type);
const char *pg_type_text(struct session *s, const struct column_type *type);

enum type_change {
    TYPE_SAME,
    TYPE_METADATA, /* the bytes stay as they are */
    TYPE_ZONE,     /* that holds when TimeZone is UTC, 12+ */
    TYPE_REWRITE,
};
enum type_change pg_type_change(const struct column_type *from, const struct column_type *to, int version);
/* Whether indexes on a column stay as they are, where its bytes do: the operator class is the same. */
bool pg_type_keeps_indexes(const struct column_type *from, const struct column_type *to);

/* ---- postgresql_expression.c ---- */

enum volatility { VOLATILITY_CONSTANT, VOLATILITY_STABLE, VOLATILITY_VOLATILE, VOLATILITY_UNKNOWN };
/* The worst in an expression, and the function that is to blame. */
enum volatility pg_volatility(struct session *s, const PgQuery__Node *expression, const char **ret_function);
/* Whether it calls a function of the database's own that may change something: what, only its code says. */
bool pg_may_change(struct session *s, const PgQuery__FuncCall *call);
/* What a CHECK says for certain, in the catalog's arena. */
const struct fact *pg_facts(struct session *s, const PgQuery__Node *expression);
/* The columns that an expression names. */
void pg_columns(struct session *s, const PgQuery__Node *expression, struct names *ret);

#endif
