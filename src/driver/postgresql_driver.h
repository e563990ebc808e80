/* What the files of the PostgreSQL driver share: the making of its jobs and sessions. */
#ifndef DRIVER_POSTGRESQL_DRIVER_H
#define DRIVER_POSTGRESQL_DRIVER_H

#include "driver/postgresql.h"
#include "driver/server.h"

int pg_job_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err) MUST_CHECK;
void pg_job_cancel(struct driver_job *job);

int pg_session_open(struct driver *driver, const char *application_name, enum session_access access,
                    struct session **ret, struct err *err) MUST_CHECK;

#endif
