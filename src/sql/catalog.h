/*
 * What is known of a server's objects. Owned by one arena, which only grows: names and facts are never
 * changed once they are in it, so a snapshot needs copies only of what is.
 *
 * A relation may be known in part: a script that validates a CHECK of a table tells of that CHECK, not of the
 * table's columns. `complete` says that what is not here does not exist.
 */
#ifndef SQL_CATALOG_H
#define SQL_CATALOG_H

#include "dict.h"
#include "sql/sql.h"
#include "verdict.h"

enum relation_kind {
    RELATION_TABLE,
    RELATION_PARTITIONED,
    RELATION_INDEX,
    RELATION_SEQUENCE,
    RELATION_VIEW,
    RELATION_MATVIEW,
    RELATION_COMPOSITE,
};

#define TYPMODS_MAX 2
struct column_type {
    const char
        *name; /* as the parser has it ("int4", "varchar"); of other schemas than pg_catalog qualified */
    int typmods[TYPMODS_MAX];
    int typmod_count;
    bool array;
};

struct column {
    struct column *next;
    const char *name;
    struct column_type type; /* its name NULL where only the nullability is known */
    const char *collation;   /* "" for the type's own */
    bool not_null;
    bool has_default;
    const char *sequence; /* that it owns: serial, identity; NULL */
};

enum constraint_kind {
    CONSTRAINT_CHECK,
    CONSTRAINT_NOT_NULL,
    CONSTRAINT_FOREIGN,
    CONSTRAINT_PRIMARY,
    CONSTRAINT_UNIQUE,
    CONSTRAINT_EXCLUDE
};

/* What a CHECK says for certain of one column: `comparison` is one with a constant, "in" with several
 * (one fact each), or "not null". */
struct fact {
    const struct fact *next;
    const char *column;
    const char *comparison;
    const char *value;
    const char *upper; /* "outside": below `value`, or from `upper` on */
};

struct constraint {
    struct constraint *next;
    const char *name;
    enum constraint_kind kind;
    bool validated;
    struct names columns; /* that it is about */
    const struct fact *facts;
    const char *referenced; /* of a foreign key */
};

struct trigger {
    struct trigger *next;
    const char *name;
    const char *function; /* "schema.name" */
};

struct relation {
    const char *name; /* "schema.name" */
    enum relation_kind kind;
    bool complete;
    bool more_columns; /* than are known here: those of what it inherits from or is like */
    unsigned script;   /* the script that created it */
    struct column *columns;
    struct constraint *constraints;
    struct trigger *triggers;
    const char *parent;         /* the partitioned table, or index, that it is a partition of; NULL */
    bool is_default;            /* partition */
    struct names keys;          /* partition key: columns, "" for an expression */
    bool has_children;          /* some relation had it as its parent */
    const char *table;          /* of an index; of a sequence that a column owns; NULL: not known */
    struct names index_columns; /* "" for an expression */
    bool unique, invalid, partial, unlogged;
    const char *tablespace, *method; /* "" for the default */
    struct names sources;            /* of a view: what it reads */
    bool has_size;
    struct sql_size size;
};

struct domain {
    const char *name;
    bool constrained;
    struct column_type base;
};

struct function {
    const char *name;
    bool is_volatile;
};

struct sql_catalog {
    struct arena *arena;
    struct sql_server server;
    struct dict relations, domains, functions;
    unsigned script; /* that is judged; 0 while a dump is read */
    bool zone_known, zone_utc;
    struct mysql_catalog *mysql; /* the other dialects' own (mysql.h); NULL: nothing yet */
    bool told; /* something was loaded, so a domain or function that is not here is none of the user's */
};

struct relation *catalog_relation(const struct sql_catalog *catalog, const char *name);
/* The one of that name; where there is none a partial one is made. */
struct relation *catalog_touch(struct sql_catalog *catalog, const char *name);
struct relation *catalog_create_relation(struct sql_catalog *catalog, const char *name,
                                         enum relation_kind kind);
void catalog_drop(struct sql_catalog *catalog, const char *name); /* and the indexes of a table */
void catalog_rename(struct sql_catalog *catalog, const char *name, const char *to);
/* The relation at `index` below catalog->relations.count; NULL in gaps. */
struct relation *catalog_at(const struct sql_catalog *catalog, size_t index);
bool relation_created(const struct sql_catalog *catalog, const struct relation *relation);

struct column *relation_column(const struct relation *relation, const char *name);
struct column *catalog_add_column(struct sql_catalog *catalog, struct relation *relation, const char *name);
void relation_drop_column(struct relation *relation, const char *name);
struct constraint *relation_constraint(const struct relation *relation, const char *name);
struct constraint *catalog_add_constraint(struct sql_catalog *catalog, struct relation *relation,
                                          const char *name, enum constraint_kind kind);
void relation_drop_constraint(struct relation *relation, const char *name);
struct trigger *catalog_add_trigger(struct sql_catalog *catalog, struct relation *relation, const char *name,
                                    const char *function);
void relation_drop_trigger(struct relation *relation, const char *name);
/* The next column, constraint or trigger of that name is gone from all relations with a validated CHECK or a
 * key. */
bool relation_proves_not_null(const struct relation *relation, const char *column);
/* `relation` becomes a partition (or inheritor) of `parent`; NULL: it stands alone. */
void catalog_set_parent(struct sql_catalog *catalog, struct relation *relation, const char *parent);
/* The default partition of a partitioned table, NULL when there is none that is known. */
struct relation *catalog_default_of(const struct sql_catalog *catalog, const char *parent);

/* What a rollback goes back to. */
struct snapshot;
struct snapshot *catalog_snapshot(const struct sql_catalog *catalog);
void catalog_restore(struct sql_catalog *catalog, const struct snapshot *snapshot);

#endif
