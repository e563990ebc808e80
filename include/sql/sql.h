/*
 * What an SQL statement does to those who use its tables: which locks it takes, whether it rewrites a table,
 * reads all of it or builds an index, since which version, and the form that does it without. From the parse
 * tree and from facts about each server's versions; never by searching text.
 *
 * A script is judged statement by statement, in order: each sees the catalog as the statements before it
 * leave it. What a script itself created is nobody's to wait for, so it is harmless there. What cannot be
 * known from the text (a column's type, whether a CHECK is validated) is looked up in the catalog; when that
 * does not have it the worst is assumed and `depends` says of what the truth depends; but of a table of MySQL
 * or MariaDB nothing rare is assumed (a FULLTEXT index, a virtual column, compressed rows): `depends` names
 * it, and the advice is to state ALGORITHM and LOCK, so that the server refuses instead. What is not
 * understood is never harmless.
 *
 * Everything that is returned lives in the arena that was given.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum sql_dialect { SQL_POSTGRESQL, SQL_MYSQL, SQL_MARIADB, SQL_DIALECT_COUNT };

/* As the server's own number: 150020 (PostgreSQL 15.20), 80036 (MySQL 8.0.36), 101119 (MariaDB 10.11.19). */
struct sql_server {
    enum sql_dialect dialect;
    int version;
};

/* "postgresql@15", "mysql@8.0", "mariadb@10.11.6"; without "@..." the newest whose facts are known. With a
 * part left out it is the last release of that series, which gets 99 for a number (8.0 is 80099): who
 * says 8.0 runs none of its first ones. ERR_INVALID with what is known. */
int sql_server_parse(const char *text, struct sql_server *ret, struct err *err) MUST_CHECK;

/* PostgreSQL's table-level locks by their names in pg_locks, weakest first (manual, 13.3.1); then what MySQL
 * and MariaDB let others do beside an ALTER (LOCK=NONE, SHARED, EXCLUSIVE), which their servers call so. */
#define SQL_LOCK_MODES(X)                                                                                    \
    X(SQL_LOCK_NONE, "")                                                                                     \
    X(SQL_ACCESS_SHARE, "AccessShareLock")                                                                   \
    X(SQL_ROW_SHARE, "RowShareLock")                                                                         \
    X(SQL_ROW_EXCLUSIVE, "RowExclusiveLock")                                                                 \
    X(SQL_SHARE_UPDATE_EXCLUSIVE, "ShareUpdateExclusiveLock")                                                \
    X(SQL_SHARE, "ShareLock")                                                                                \
    X(SQL_SHARE_ROW_EXCLUSIVE, "ShareRowExclusiveLock")                                                      \
    X(SQL_EXCLUSIVE, "ExclusiveLock")                                                                        \
    X(SQL_ACCESS_EXCLUSIVE, "AccessExclusiveLock")                                                           \
    X(SQL_METADATA_NONE, "NONE")                                                                             \
    X(SQL_METADATA_SHARED, "SHARED")                                                                         \
    X(SQL_METADATA_EXCLUSIVE, "EXCLUSIVE")
enum sql_lock_mode {
#define X(name, word) name,
    SQL_LOCK_MODES(X)
#undef X
        SQL_LOCK_MODE_COUNT
};
const char *sql_lock_mode_word(enum sql_lock_mode mode);
/* "AccessExclusive" or "AccessExclusiveLock", and MySQL's "SHARED"; NONE for what is no lock of a table. */
enum sql_lock_mode sql_lock_mode_of(const char *word);
/* Whether a table as somebody writes it is this relation ("schema.name"): without a schema it may be in any,
 * and quotes do not matter. */
bool sql_names(const char *written, const char *relation);
bool sql_lock_blocks_writes(enum sql_lock_mode mode);
bool sql_lock_blocks_reads(enum sql_lock_mode mode);
/* "blocks reads and writes", "blocks writes", "blocks VACUUM and other DDL", ...: for people. */
const char *sql_lock_blocks(enum sql_lock_mode mode);

/* The strongest lock on one relation that others can see. `relation` is "schema.name" as the server has it
 * (folded, without quotes). */
struct sql_lock {
    const char *relation;
    enum sql_lock_mode mode;
    bool kept; /* taken by a statement before in the same transaction, and still held */
};

/* How bad: what a person has to do about it. */
enum sql_severity {
    SQL_HARMLESS,
    SQL_BRIEF,  /* a strong lock for an instant: wants a lock_timeout and another try */
    SQL_NOTE,   /* works, and has a consequence that is worth a sentence */
    SQL_DANGER, /* blocks for a time that grows with the table, fails, or cannot be told */
};

/* A row of the table of facts: one for each form. Its code never changes and is never used again for another.
 */
struct sql_rule {
    const char *code; /* "add-column-volatile-default" */
    enum sql_dialect
        dialect; /* MARIADB's rows are its own; a row of MYSQL holds for both unless `both` is false */
    bool both;
    enum sql_severity severity;
    const char *title;      /* "adding a column with a volatile default rewrites the table" */
    const char *text;       /* what goes wrong on the night */
    const char *versions;   /* "rewrites in every version; a constant default only before 11"; "" */
    const char *safe_form;  /* what to write instead; "" when it is fine as it is */
    const char *bad, *good; /* examples, SQL; judged by a test: the first is found, the second is not */
};
size_t sql_rule_count(void);
const struct sql_rule *sql_rule_at(size_t index);
const struct sql_rule *sql_rule_find(const char *code); /* NULL: there is none */

struct sql_finding {
    const struct sql_rule *rule;
    const char *message; /* one line, with the names of this statement */
    const char *depends; /* of what that the catalog did not have; NULL: it is so */
};

/* MySQL and MariaDB: the best that the server can do (LOCKS.md's words are the servers' own). */
enum sql_algorithm {
    SQL_ALGORITHM_NONE,
    SQL_INSTANT,
    SQL_NOCOPY,
    SQL_INPLACE,
    SQL_COPY,
    SQL_ALGORITHM_COUNT
};
const char *sql_algorithm_word(enum sql_algorithm algorithm);

/* Whether a server of these copies a table while writers wait, which it does without a word when a statement
 * does not say by ALGORITHM or LOCK that it is not to. */
enum sql_copying {
    SQL_COPIES_NOT, /* also: what is stated makes the server refuse instead */
    SQL_COPIES_PERHAPS,
    SQL_COPIES,
};

struct sql_statement {
    int line, column; /* in the script, of its first word, from 1 */
    const char *text; /* without the semicolon and what stands around it */
    size_t lock_count;
    const struct sql_lock
        *locks; /* by relation; tables, partitions, sequences, materialized views; indexes that others use */
    size_t rewrite_count, scan_count, build_count;
    const char *const *rewrites; /* tables whose files are written anew (by TRUNCATE: empty) */
    const char *const
        *scans; /* tables that are read from end to end while the locks are held, also for an index */
    size_t set_count;
    const char *const *sets; /* PostgreSQL: columns that an UPDATE sets, as the server has them */
    const char *const
        *builds;    /* indexes that are built, by name or "table(column)" where the server names them */
    bool dangerous; /* a finding is SQL_DANGER */
    bool needs_lock_timeout; /* waits behind a reader with others queueing behind it */
    bool understood;         /* false: it could not be read, or is of no form that is known */
    size_t finding_count;
    const struct sql_finding *findings; /* the worst first */
    enum sql_algorithm algorithm;       /* MySQL and MariaDB; NONE where it is no question */
    bool copies;                        /* the same: rows are copied into a new table */
    enum sql_copying copying;           /* the same */
    const char *copied;                 /* what is copied, for people, where it may be; "" */
    bool
        takes_no_algorithm; /* a server whose alter_algorithm is set refuses it: what is done to partitions */
};

/* What is known of a server's objects: from a schema dump, from a server, or nothing. */
struct sql_catalog;
struct sql_catalog *sql_catalog_create(const struct sql_server *server);
void sql_catalog_destroy(struct sql_catalog *catalog);
/* Takes over the definitions of a schema dump (pg_dump --schema-only, mysqldump --no-data): what it cannot
 * read is left out and counted in `ret_ignored`. ERR_INVALID only when nothing of it can be read. */
int sql_catalog_load(struct sql_catalog *catalog, const char *dump, size_t *ret_ignored,
                     struct err *err) MUST_CHECK;

/* A live server instead of a dump, or beside it: the caller asks `sql_catalog_query` of the server and hands
 * over each row that comes back, in order, with its SQL_CATALOG_FIELDS texts (NULL for a null). Reads
 * catalogs and statistics only; needs no privilege. NULL where there is none (PostgreSQL has it from 10 on).
 * ERR_INVALID for a row that is none of the query's. */
#define SQL_CATALOG_FIELDS 6
const char *sql_catalog_query(const struct sql_server *server);
int sql_catalog_row(struct sql_catalog *catalog, const char *const *fields, size_t count,
                    struct err *err) MUST_CHECK;

/* What a server said of a relation ("schema.name"); false where none has. Partitions are told one by one. */
struct sql_size {
    int64_t bytes;  /* of the table itself, without indexes */
    int64_t rows;   /* the planner's estimate; -1: never analyzed */
    int64_t writes; /* rows inserted, updated and deleted since the server's counters began */
};
bool sql_catalog_size(const struct sql_catalog *catalog, const char *relation, struct sql_size *ret);

/* MySQL and MariaDB: how "..." and a backslash in '...' are read, which a session's sql_mode says. */
enum sql_reading {
    SQL_READ_USUAL, /* by a client: "..." is a string, a backslash escapes. Where NO_BACKSLASH_ESCAPES would
                       make a string end elsewhere that is found, until the script itself sets the mode */
    SQL_READ_OURS, /* by a session of this program: ANSI_QUOTES and NO_BACKSLASH_ESCAPES are set, and there is
                      no client to take DELIMITER or \g */
};

struct sql_options {
    enum sql_reading reading;
    bool transaction; /* the whole script is one transaction; else each statement is its own (BEGIN counts) */
    bool exists;      /* what the catalog does not name does not exist (it is complete) */
    bool guarded;     /* MariaDB: alter_algorithm is INPLACE in the session */
};

/* Judges `text`. `catalog` is moved on by what the script does (so scripts of one book can follow each
 * other); NULL: nothing is known, and nothing kept. A text with a syntax error is one statement that is not
 * understood, with the parser's message and place; the others of it are judged. Never fails: what it cannot
 * say is in the statements. */
struct sql_script {
    size_t count;
    const struct sql_statement *statements;
};
const struct sql_script *sql_judge(struct arena *arena, const struct sql_server *server,
                                   struct sql_catalog *catalog, const char *text,
                                   const struct sql_options *options);

/* Whether a session with the server can have alter_algorithm, so that the server itself refuses to copy. */
bool sql_can_be_guarded(const struct sql_server *server);

/* Where the statements that sql_judge finds in `text` begin, in bytes, from their lexical rules alone. */
size_t sql_split(struct arena *arena, const struct sql_server *server, const char *text,
                 const size_t **ret_begins);

/* Whether a text is taken for several statements, by a semicolon that something follows: in one query they
 * are a transaction to the server. One in a literal is taken for it too, which only makes the judgement
 * stricter. */
bool sql_is_several(const char *text);

#endif
