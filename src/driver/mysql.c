#include "driver/mysql.h"

#include <string.h>

#include "driver/mysql_driver.h"
#include "driver/sql_pattern.h"

static const struct driver_impl driver_mysql = {
    .name = "mysql",
    .start = my_job_start,
    .cancel = my_job_cancel,
    .session_open = my_session_open,
    .has = server_driver_has,
    .destroy = server_driver_destroy,
};

struct driver *driver_mysql_create(uv_loop_t *loop, const struct driver_target *target)
{
    return server_driver_create(&driver_mysql, loop, target);
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_-.:", c) != NULL);
}

/* A space behind the asterisk: servers carry out what stands in a comment that begins otherwise. */
void mysql_mark_prefix(struct buf *buf, const char *application_prefix)
{
    buf_text(buf, "/* ");
    for (const char *at = application_prefix; *at != '\0'; at++)
        buf_char(buf, is_plain(*at) ? *at : '_');
}

void mysql_mark(struct buf *buf, const char *application_name)
{
    mysql_mark_prefix(buf, application_name);
    buf_text(buf, " */ ");
}

void mysql_identifier(struct buf *buf, const char *name)
{
    buf_quoted(buf, name, '`');
}

void mysql_literal(struct buf *buf, const char *text)
{
    buf_quoted(buf, text, '\'');
}

void mysql_pattern(struct buf *buf, const char *pattern)
{
    sql_pattern(buf, pattern, '|');
}
