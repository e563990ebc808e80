/* What a server of MySQL or MariaDB is, asked for `check --online`. */
#ifndef APP_ONLINE_MYSQL_H
#define APP_ONLINE_MYSQL_H

#include <uv.h>

#include "base/err.h"
#include "driver/driver.h"
#include "runbook/book.h"
#include "sql/sql.h"

/* Asks over a session of `driver`, in `loop`, which nobody else uses, and waits: what it is, in `server`, and
 * its tables, in `ret`, which is the caller's also when it fails; NULL: there is none. ERR_REFUSED: it is not
 * the server that the book means. */
int online_mysql(uv_loop_t *loop, struct driver *driver, const struct target *target,
                 struct sql_server *server, struct sql_catalog **ret, struct err *err) MUST_CHECK;

/* Whether it is the server that the book means, by its version and whether it is written to. ERR_REFUSED. */
int online_fit(const struct target *target, int version, bool closed, struct err *err) MUST_CHECK;

#endif
