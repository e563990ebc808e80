/*
 * The driver for MySQL and MariaDB: the only files that include mysql.h are src/driver/mysql*. It stays
 * within what both client libraries have in common: each connection has a thread that makes the calls that
 * block.
 *
 * Connections   the DSN is as base/dsn.h says; the password comes from the target, or from an option file.
 * All are pinned: utf8mb4, time_zone '+00:00', autocommit, and sql_mode ANSI_QUOTES, NO_BACKSLASH_ESCAPES,
 * STRICT_TRANS_TABLES, ERROR_FOR_DIVISION_BY_ZERO, NO_ENGINE_SUBSTITUTION. So texts are read as elsewhere in
 * this program: '...' is a string in which a backslash is an ordinary character, "..." and `...` are names.
 * One text is one statement; LOCAL INFILE is refused. TLS is as the DSN says, never less.
 *
 * Cells are text. One that holds a zero byte is not cut: the question is REJECTED, and a job fails.
 *
 * Who is who   each statement begins with mysql_mark of its connection's application name, which the process
 * list and innodb_trx show while it runs; the attribute program_name is the same, where performance_schema is
 * on.
 *
 * Versions   session_server_version is 80036 for MySQL 8.0.36, 101106 for MariaDB 10.11.6: both have reached
 * other numbers, so mysql_is_mariadb says which it is. session_pid is CONNECTION_ID(). `code` of a result is
 * the error's number ("1205"), since most SQLSTATEs of these servers are HY000.
 *
 * A session's question that is over its time is stopped by KILL QUERY; the next is sent only when the KILL
 * was answered, so that it cannot be hit. MariaDB (all statements) and MySQL (those that read) have the limit
 * too.
 *
 * A job sets lock_wait_timeout (for metadata) and innodb_lock_wait_timeout (for rows), both in whole seconds,
 * rounded up, and reads them back; it fails with nothing sent when they are not what was asked for. The
 * statement timeout is MariaDB's max_statement_time, and that of no COMMIT or ROLLBACK; MySQL has one for
 * what reads alone (max_execution_time), so there, and where MariaDB does not keep its own, it is kept by our
 * own clock and KILL QUERY.
 *
 * With no_copy a MariaDB from 10.3.7 to 11.4 is told by alter_algorithm = INPLACE to refuse (1845, 1846) what
 * it would do by copying a table and what does not say ALGORITHM itself, DEFAULT included; partitions, too,
 * which take no ALGORITHM at all. Other servers have no such setting; of MySQL old_alter_table, which makes
 * it copy always, is off.
 *
 *   in a transaction   a statement that commits implicitly, or of which that cannot be known (CALL, EXECUTE,
 * a block), is REJECTED before anything is sent. An error is clean after ROLLBACK, unless that says that
 * tables without transactions keep what was written. A connection lost before COMMIT went out is LOST (the
 * server rolls back), after it AMBIGUOUS. What was written to tables without transactions then is not known.
 *   outside            an error of the first statement is clean where the server raises it before it begins,
 * for a lock timeout or a deadlock of rows, and for a statement that defines one thing on servers whose
 * definitions are atomic (MySQL 8.0, MariaDB 10.6). A connection lost while a statement was out is AMBIGUOUS.
 *
 * Which metadata locks a job takes that make others wait is sampled by a second session, where the server
 * tells (performance_schema, or MariaDB's plugin metadata_lock_info): SHARED stops who writes rows, EXCLUSIVE
 * who reads them, too. Where it does not, and of what it cannot tell, a notice says so.
 *
 * Tried on MariaDB 10.11.19 and MySQL 9.7.4, with MariaDB's client library: caching_sha2_password over TCP of
 * the loopback address, plain and with TLS that is required (not verified).
 */
#ifndef DRIVER_MYSQL_H
#define DRIVER_MYSQL_H

#include <stdbool.h>
#include <uv.h>

#include "driver/driver.h"

/* `target` is borrowed as long as the driver lives. Connects to nothing yet. */
struct driver *driver_mysql_create(uv_loop_t *loop, const struct driver_target *target);

/* Of a session of this driver that is connected; false else. */
bool mysql_is_mariadb(const struct session *session);

/* A session that writes, each connection of which begins with the statement `pin` (copied), SET for example:
 * a question is never answered by a connection without it. */
struct session *mysql_session_open_pinned(struct driver *driver, const char *application_name,
                                          const char *pin);

/* A session that reads, pinned in the same way, whose questions may begin transactions and end them. */
struct session *mysql_session_open_begins(struct driver *driver, const char *application_name,
                                          const char *pin);

/* With what each statement of a connection begins: a comment with its application name, in which all but
 * letters, digits, "_", "-", "." and ":" is "_". An application name that begins like another one's prefix
 * gives a mark that begins with mysql_mark_prefix of that, so that LIKE finds all of a run. */
void mysql_mark(struct buf *buf, const char *application_name);
void mysql_mark_prefix(struct buf *buf, const char *application_prefix);

/* Quoted for use in SQL text, in `buf`, as the pinned sql_mode reads it; the text must be UTF-8. */
void mysql_identifier(struct buf *buf, const char *name); /* `name` */
void mysql_literal(struct buf *buf, const char *text);
/* A literal for LIKE ... ESCAPE '|', in which "*" of `pattern` stands for any number of characters and all
 * else for itself. */
void mysql_pattern(struct buf *buf, const char *pattern);

/* "t" or "shop.t", as in SQL, as expressions of its schema and its name; false for what is neither. */
bool mysql_table_literals(struct buf *schema, struct buf *name, const char *table);
/* The name of a column, as in SQL, as a literal. */
void mysql_column_literal(struct buf *sql, const char *column);

#endif
