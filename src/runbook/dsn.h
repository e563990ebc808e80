/*
 * Connection strings, as far as it takes to say that none holds a password: those of libpq (PostgreSQL 15
 * documentation, 34.1.1), and for MySQL and MariaDB what base/dsn.h says.
 */
#ifndef RUNBOOK_DSN_H
#define RUNBOOK_DSN_H

#include "base/err.h"

/* 0, or ERR_INVALID: a password stands in it, or it is neither "key=value ..." nor a postgresql:// URI. The
 * message never repeats any of it. */
int dsn_check(const char *dsn, struct err *err) MUST_CHECK;

/* The same for a server of MySQL or MariaDB. */
int dsn_check_mysql(const char *dsn, struct err *err) MUST_CHECK;

#endif
