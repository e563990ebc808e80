/*
 * What the tests of the MySQL half share: one judgement, and looking into it.
 */
#ifndef TESTS_UNIT_SQL_MYSQL_HELPER_H
#define TESTS_UNIT_SQL_MYSQL_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "sql/sql.h"

struct judged {
    struct arena *arena;
    struct sql_catalog *catalog;
    const struct sql_script *script;
    const struct sql_statement *last;
};

/* `server` as in "mysql@8.0.36"; `dump` NULL: nothing is known of the tables. */
void judge(struct judged *judged, const char *server, const char *dump, const char *text);
void judge_with(struct judged *judged, const char *server, const char *dump, const char *text,
                const struct sql_options *options);
void judged_finish(struct judged *judged);

bool statement_has(const struct sql_statement *statement, const char *code);
bool script_has(const struct sql_script *script, const char *code);
const char *lock_on(const struct sql_statement *statement, const char *relation); /* "-": none */

#endif
