/* What the files of the PostgreSQL driver share: the driver, and the making of its jobs and sessions. */
#ifndef DRIVER_POSTGRESQL_DRIVER_H
#define DRIVER_POSTGRESQL_DRIVER_H

#include "driver/postgresql.h"
#include "driver/postgresql_link.h"

struct pg_driver {
    struct driver base; /* first */
    uv_loop_t *loop;
    const struct driver_target *target;
    struct pg_job *jobs;
    struct pg_session *sessions;
};

int pg_job_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err) MUST_CHECK;
void pg_job_cancel(struct driver_job *job);
/* Closes it; `done` is not called any more. Takes it out of the driver's list. */
void pg_job_drop(struct pg_job *job);

int pg_session_open(struct driver *driver, const char *application_name, enum session_access access,
                    struct session **ret, struct err *err) MUST_CHECK;
/* As session_close. */
void pg_session_drop(struct pg_session *session);

#endif
