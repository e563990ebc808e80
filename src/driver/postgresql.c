#include "driver/postgresql.h"

#include <libpq-fe.h>
#include <string.h>

#include "driver/postgresql_driver.h"
#include "driver/sql_pattern.h"

static const struct driver_impl driver_postgresql = {
    .name = "postgresql",
    .start = pg_job_start,
    .cancel = pg_job_cancel,
    .session_open = pg_session_open,
    .has = server_driver_has,
    .destroy = server_driver_destroy,
};

int postgresql_dsn_check(const char *dsn, struct err *err)
{
    char *said = NULL;
    PQconninfoOption *options = PQconninfoParse(dsn, &said);
    int r = 0;

    if (options == NULL)
        r = err_set(err, ERR_INVALID, "%.*s", said ? (int)strcspn(said, "\n") : 13,
                    said ? said : "out of memory");
    PQconninfoFree(options);
    PQfreemem(said);
    return r;
}

struct driver *driver_postgresql_create(uv_loop_t *loop, const struct driver_target *target)
{
    return server_driver_create(&driver_postgresql, loop, target);
}

void postgresql_identifier(struct buf *buf, const char *name)
{
    buf_quoted(buf, name, '"');
}

void postgresql_literal(struct buf *buf, const char *text)
{
    buf_quoted(buf, text, '\'');
}

void postgresql_pattern(struct buf *buf, const char *pattern)
{
    sql_pattern(buf, pattern, '\\');
}
