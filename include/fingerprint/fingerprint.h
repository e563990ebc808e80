/*
 * What a server is, as lines that can be held against others: everything that its catalogs say of its schemas
 * and of the cluster, and what chosen tables and queries hold. Two that are equal were taken of servers that
 * no statement about structure, rights or replication can tell apart.
 *
 * Nothing in a line depends on when it was taken or on numbers that a server gives out by itself (oids, file
 * numbers, positions in the WAL, attribute numbers: a column has its place among those that are there). What
 * changes although nobody changes anything (statistics, sequences' values, ages) is left out. Nothing is
 * skipped in silence: what the role may not read is an error, never a line less. Only a superuser may read
 * whether a role has a password and where a subscription leads to; of another role the line says that this
 * is not readable. Secrets (passwords, values of settings and options whose names say so) are in no line, so
 * another secret is no difference.
 *
 * MySQL and MariaDB show an account only what it has privileges for, and do not say that there is more: an
 * account that has not got those with which all is seen is refused. Not looked at there: the schemas mysql
 * and sys (but for accounts, roles, privileges, loadable functions, servers and components), positions of
 * replication, where AUTO_INCREMENT and sequences stand, the algorithm of a view of MySQL, settings of
 * replication that only performance_schema has. Which sessions of a run are there, but send nothing, only
 * performance_schema knows.
 *
 * A database that is not there is a state of a server as well: one line says so, and the version is 0.
 *
 * Asking takes no lock that anybody waits for but AccessShare (MySQL, MariaDB: that of a reader, on tables
 * whose data is looked at), inside one repeatable-read transaction that only reads. Blocks; for commands, not
 * for a loop.
 */
#ifndef FINGERPRINT_FINGERPRINT_H
#define FINGERPRINT_FINGERPRINT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "driver/driver.h"

/* Whose words are spoken; which of MySQL and MariaDB it is the server says. */
enum fingerprint_engine { FINGERPRINT_POSTGRESQL, FINGERPRINT_MYSQL, FINGERPRINT_ENGINE_COUNT };

/* One thing that is there. */
struct fingerprint_line {
    const char *what; /* "table", "column", "constraint", "index", "trigger", "function", "privilege", "slot",
                         "publication", "subscription", "setting", "data", ...: a word for people */
    const char *name; /* "public.users.status", quoted where SQL would need it; with `what` it is unique */
    const char *value; /* all that is known of it: "varchar(50) NOT NULL DEFAULT 'active'" */
};

struct fingerprint {
    const char *target; /* id; for messages */
    int version;        /* 150020, 80036, 101106; 0: the database is not there */
    const char *server; /* "PostgreSQL 15.20", "MariaDB 10.11.6" */
    const char *marked; /* what its setting tminus.environment says, "live"; NULL: not set */
    /* Which server and database it is: the moment in which the server was started, to the microsecond (MySQL,
     * MariaDB: its host, port, socket, directory and number), and the name. A replica, which has the system
     * identifier of its primary, has another one; NULL: no database. */
    const char *identity;
    const char *role;    /* as whom it was asked; NULL: no database */
    bool in_recovery;    /* MySQL, MariaDB: read_only */
    int64_t position;    /* PostgreSQL: how far its log is, a replica's at least; 0: not known */
    const char *at_work; /* a run of tminus that has sessions there; NULL: none was seen */
    size_t count;
    const struct fingerprint_line *lines; /* by what, then name; each pair once */
};

/* What of the data is looked at: every answer of `sql`, in its order, or all of a table. */
struct fingerprint_data {
    const char *name; /* of its line; a second one of that name gets " (2)" */
    /* One of them; names mean what they mean in the search_path of the role. Tables are those that a pattern
     * of "schema.table" fits, "*" standing for anything, a line each; partitions by themselves. */
    const char *table, *tables, *sql;
};

/* Takes one of the database that `target` leads to, and of its cluster; all in `arena`. ERR_ENVIRONMENT: not
 * let in, not there, or not allowed to read what is needed (the message names it and the target);
 * ERR_TIMEOUT; ERR_INVALID: a query of `data` is refused by the server; ERR_BUSY: somebody
 * drops or defines anew what is read, each time that it is tried. */
int fingerprint_take(struct arena *arena, enum fingerprint_engine engine, const struct driver_target *target,
                     const struct fingerprint_data *data, size_t data_count, struct fingerprint **ret,
                     struct err *err) MUST_CHECK;

enum difference_kind { DIFFERENCE_GONE, DIFFERENCE_NEW, DIFFERENCE_CHANGED };
struct difference {
    enum difference_kind kind;
    const char *target, *what, *name;
    const char *before, *after; /* NULL where it is not there */
};

/* What is different, in the order of the lines; 0: nothing. Borrows from both. */
size_t fingerprint_compare(struct arena *arena, const struct fingerprint *before,
                           const struct fingerprint *after, const struct difference **ret);
/* "primary: index public.users_status_idx is gone (CREATE INDEX ...)": one line for people. */
void difference_text(struct buf *buf, const struct difference *difference);

#endif
