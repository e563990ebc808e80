#include "driver/postgresql.h"

#include <stdlib.h>

#include "base/mem.h"
#include "driver/postgresql_driver.h"

static void destroy(struct driver *driver)
{
    struct pg_driver *pg = (struct pg_driver *)driver;
    while (pg->jobs != NULL)
        pg_job_drop(pg->jobs);
    while (pg->sessions != NULL)
        pg_session_drop(pg->sessions);
    free(pg);
}

static const struct driver_impl driver_postgresql = {
    .name = "postgresql",
    .start = pg_job_start,
    .cancel = pg_job_cancel,
    .session_open = pg_session_open,
    .destroy = destroy,
};

struct driver *driver_postgresql_create(uv_loop_t *loop, const struct driver_target *target)
{
    struct pg_driver *pg = mem_alloc(sizeof(*pg));
    pg->base.impl = &driver_postgresql;
    pg->loop = loop;
    pg->target = target;
    return &pg->base;
}

static void quoted(struct buf *buf, const char *text, char quote)
{
    buf_char(buf, quote);
    for (; *text != '\0'; text++) {
        if (*text == quote)
            buf_char(buf, quote);
        buf_char(buf, *text);
    }
    buf_char(buf, quote);
}

void postgresql_identifier(struct buf *buf, const char *name)
{
    quoted(buf, name, '"');
}

void postgresql_literal(struct buf *buf, const char *text)
{
    quoted(buf, text, '\'');
}
