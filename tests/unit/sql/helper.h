/*
 * What is told of a statement, as one line that a table can hold:
 * "public.t:AccessExclusiveLock scan:public.t !set-not-null" - locks (with "+" where kept), work, and the
 * findings,
 * "!" before those that are dangerous and "?" behind those that depend on what is not known.
 */
#ifndef TESTS_UNIT_SQL_HELPER_H
#define TESTS_UNIT_SQL_HELPER_H

#include "sql/sql.h"

const char *told(struct arena *arena, const struct sql_statement *statement);

/* Judges `script` on PostgreSQL `version` and tells of its last statement. `schema` may be NULL. */
const char *told_last(struct arena *arena, int version, const char *schema, const char *script,
                      bool transaction);

bool has_finding(const struct sql_statement *statement, const char *code);

#endif
