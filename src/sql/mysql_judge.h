/*
 * One script of MySQL or MariaDB while it is judged: what its session has set, and the statement at hand.
 */
#ifndef SQL_MYSQL_JUDGE_H
#define SQL_MYSQL_JUDGE_H

#include "mysql.h"

struct ddl_judge {
    struct mysql_catalog *catalog;
    const struct sql_server *server;
    const struct sql_options *options;
    const char *database;      /* in use; "" */
    bool begun;                /* a transaction */
    bool unchecked;            /* foreign_key_checks=0 */
    enum sql_algorithm forced; /* by the session, for what states none; NONE: nothing */
    bool patience_set;         /* lock_wait_timeout of at most a minute */
    struct ddl_lexer *lexer;
    struct ddl_statement *statement;
    const char *first; /* its first word */
    struct verdict verdict;
    bool waits, copies;
    enum sql_algorithm algorithm;
    enum sql_copying copying;
    const char *copied; /* of what; "" */
    bool takes_no_algorithm;
};

/* `what`: whom it is about; the rule's title follows it. `depends` may be NULL. */
void ddl_find(struct ddl_judge *judge, const char *code, const char *what, const char *depends);
void ddl_lock(struct ddl_judge *judge, const struct ddl_name *name, enum sql_lock_mode mode);
void ddl_waits(struct ddl_judge *judge, const struct ddl_name *name);
bool ddl_is_ours(const struct ddl_judge *judge, const struct ddl_name *name);
const char *ddl_full_name(const struct ddl_judge *judge, const struct ddl_name *name);

void ddl_judge_alter(struct ddl_judge *judge); /* mysql_judge_alter.c */
/* That it copies what is named, or perhaps does. */
void ddl_copies(struct ddl_judge *judge, enum sql_copying copying, const char *what);

#endif
