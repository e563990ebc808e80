/*
 * Throwaway servers for rehearsals, demonstrations and tests. Private to the room; uses base only.
 *
 * A lab is one directory that holds everything of it: data, sockets, logs, the targets file and the marker
 * ".tminus-lab", which is made first and removed last. A directory with anything in it and no marker is
 * somebody else's and is never touched. Nothing of a lab outlives lab_down, whatever was killed before it.
 *
 * The servers belong to the caller; root's, because servers refuse root, to the system user "tminus-lab" or,
 * where there is none, to that of the engine's package ("postgres", "mysql"). Only their owner and root can
 * reach the sockets, so nobody is asked for a password. There is no TCP, but for a port of 127.0.0.1 by which
 * a MariaDB replica follows, with a password that only their owner can read; nobody else is let in there.
 *
 * Kinds:
 *   pg-pair       "primary" and its streaming "replica", with 250,000 rows; the load is about 100
 * transactions a second pg-upgrade    "old", a PostgreSQL 12 with the shop that is to move, and "new", an
 * empty later one; both ready for logical replication in either direction. The load is about 50 transactions
 * a second on the old one. The programs of 12 are those of Debian's package, or those in the directory that
 * TMINUS_PG12 names (it has bin/postgres). mariadb-pair  "primary", a MariaDB, and the "replica" that follows
 * it by GTID, with 250,000 rows; the load is about 100 transactions a second
 */
#ifndef APP_LAB_H
#define APP_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define LAB_DIR_MAX     90 /* bytes; the path of a socket in it must stay under 108 */
#define LAB_SERVERS_MAX 2

struct lab_options {
    const char *kind; /* NULL: that of the lab that there is, or "pg-pair" */
    const char *dir;  /* NULL: /tmp/tminus-lab-<uid>/<kind> */
    bool load;        /* transactions on the first server, as an application would make them */
};

/* Brings a lab up: some seconds, never over a minute. Returns 0, or LAB_WAS_UP when it was up already (the
 * load is started where it is asked for and missing). A failure or an interruption (SIGINT, SIGTERM, SIGHUP)
 * leaves nothing behind. ERR_ENVIRONMENT names the package or user that is missing; ERR_REFUSED for a
 * directory that is not a lab, or a lab that is not whole any more; ERR_BUSY when somebody else is at it;
 * ERR_USAGE for a kind or a path that cannot be, or when several labs could be meant; ERR_TIMEOUT, ERR_IO. */
int lab_up(const struct lab_options *options, struct err *err) MUST_CHECK;
#define LAB_WAS_UP 1

/* Ends every process of the lab and removes its directory. Returns 0, or LAB_WAS_DOWN when there was nothing.
 * ERR_REFUSED for a directory that is not a lab; ERR_BUSY; ERR_IO. */
int lab_down(const struct lab_options *options, struct err *err) MUST_CHECK;
#define LAB_WAS_DOWN 1

struct lab_server_state {
    const char *name; /* "primary": as in the targets file */
    int port;         /* in the name of its socket; 0: there is none */
    pid_t pid;        /* 0 when it is not there */
    bool answers;     /* to a query, within 3 s */
    char says[80];    /* "primary, streaming, 0 bytes behind"; "" when it does not answer */
};

struct lab_state {
    bool there; /* there is a lab, whole or not; without one nothing below is set but dir */
    bool whole; /* all servers answer */
    bool load;  /* the load runs */
    char dir[LAB_DIR_MAX + 1];
    size_t server_count;
    struct lab_server_state servers[LAB_SERVERS_MAX];
};

/* Looks, without changing anything. The errors are those of lab_down. */
int lab_status(const struct lab_options *options, struct lab_state *ret, struct err *err) MUST_CHECK;

/* Appends the path of the targets file that lab_up left. ERR_NOT_FOUND when there is no lab; ERR_REFUSED. */
int lab_targets(const struct lab_options *options, struct buf *ret_path, struct err *err) MUST_CHECK;

#endif
