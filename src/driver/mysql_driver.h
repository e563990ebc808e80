/* What the files of the MySQL driver share: the making of its jobs and sessions. */
#ifndef DRIVER_MYSQL_DRIVER_H
#define DRIVER_MYSQL_DRIVER_H

#include "driver/mysql.h"
#include "driver/server.h"

int my_job_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err) MUST_CHECK;
void my_job_cancel(struct driver_job *job);

int my_session_open(struct driver *driver, const char *application_name, enum session_access access,
                    struct session **ret, struct err *err) MUST_CHECK;

#endif
