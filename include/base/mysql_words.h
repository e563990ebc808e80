/*
 * What kind of statement a text is for a MySQL or MariaDB server, by its first words. Not a parser: what is
 * not known is MY_OPAQUE, and whoever asks takes the careful answer.
 */
#ifndef BASE_MYSQL_WORDS_H
#define BASE_MYSQL_WORDS_H

#include <stdbool.h>

enum my_statement {
    MY_READS,   /* SELECT, SHOW, ...: changes nothing, or no more than a function does that it calls */
    MY_ROWS,    /* INSERT, UPDATE, DELETE, ...: rows of tables */
    MY_SESSION, /* SET, USE, SAVEPOINT, ...: the connection's own */
    MY_DEFINES, /* ALTER TABLE, CREATE INDEX, ...: commits by itself; of one thing */
    MY_PARTS,   /* DROP TABLE a, b; OPTIMIZE; GRANT ...: commits by itself, and is done part by part */
    MY_ENDS,    /* COMMIT, ROLLBACK, BEGIN, SET autocommit, LOCK TABLES: ends a transaction or begins one */
    MY_OPAQUE,  /* CALL, EXECUTE, a block, text in a version's comment, unknown: may do any of these */
};

enum my_statement my_statement_of(const char *text);

/* Why a statement cannot be one of a transaction, in words; NULL when it can. The lists: MySQL 8.4's manual,
 * 15.3.3 "Statements That Cause an Implicit Commit"; MariaDB's "SQL statements that cause an implicit
 * commit".
 */
const char *my_not_in_transaction(const char *text);

/* Whether a MariaDB of that version (101106 is 10.11.6) has alter_algorithm, by which a session makes it
 * refuse to copy a table: from 10.3.7, and without effect from 11.5 (MariaDB's "Server System Variables"). */
bool my_has_alter_algorithm(int mariadb_version);

#endif
