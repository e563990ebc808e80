#include "driver/mysql_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mysql_words.h"

#define VALUE_MAX 32

bool my_settings_limits(const struct my_server *server)
{
    return server->mariadb && server->version >= 100101;
}

static int64_t whole_seconds(int64_t us)
{
    return (us + SECOND_US - 1) / SECOND_US;
}

static int64_t whole_ms(int64_t us)
{
    return (us + MS_US - 1) / MS_US;
}

/* ---- what each is to be; "" for what is left as it is ---- */

static void seconds_of(char ret[VALUE_MAX], int64_t us)
{
    if (us > 0)
        (void)snprintf(ret, VALUE_MAX, "%" PRId64, whole_seconds(us));
}

static void want_lock(char ret[VALUE_MAX], const struct driver_sql *sql, const struct my_server *server)
{
    (void)server;
    seconds_of(ret, sql->lock_timeout_us);
}

/* As the server says it: with six digits. */
static void want_time(char ret[VALUE_MAX], const struct driver_sql *sql, const struct my_server *server)
{
    int64_t ms = whole_ms(sql->statement_timeout_us);
    if (ms > 0 && my_settings_limits(server))
        (void)snprintf(ret, VALUE_MAX, "%" PRId64 ".%03d000", ms / 1000, (int)(ms % 1000));
}

/* Of what only reads. */
static void want_execution(char ret[VALUE_MAX], const struct driver_sql *sql, const struct my_server *server)
{
    int64_t ms = whole_ms(sql->statement_timeout_us);
    if (ms > 0 && !server->mariadb && server->version >= 50708)
        (void)snprintf(ret, VALUE_MAX, "%" PRId64, ms);
}

static void want_no_copy(char ret[VALUE_MAX], const struct driver_sql *sql, const struct my_server *server)
{
    if (sql->no_copy && server->mariadb && my_has_alter_algorithm(server->version))
        (void)snprintf(ret, VALUE_MAX, "INPLACE");
}

/* A server may be told to copy always. */
static void want_new_alter(char ret[VALUE_MAX], const struct driver_sql *sql, const struct my_server *server)
{
    if (sql->no_copy && !server->mariadb)
        (void)snprintf(ret, VALUE_MAX, "0");
}

static const struct {
    const char *name;
    void (*want)(char ret[VALUE_MAX], const struct driver_sql *sql, const struct my_server *server);
    bool always; /* also told where it is the server's own */
} settings[] = {
    { "lock_wait_timeout", want_lock, true },   { "innodb_lock_wait_timeout", want_lock, true },
    { "max_statement_time", want_time, false }, { "max_execution_time", want_execution, false },
    { "alter_algorithm", want_no_copy, false }, { "old_alter_table", want_new_alter, false },
};

void my_settings_set(struct buf *ret, const struct driver_sql *sql, const struct my_server *server)
{
    const char *before = "SET ";
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        char value[VALUE_MAX] = "";
        settings[i].want(value, sql, server);
        if (value[0] == '\0')
            continue;
        buf_format(ret, "%sSESSION %s = %s", before, settings[i].name, value);
        before = ", ";
    }
    if (ret->len == 0)
        buf_text(ret, "DO 0");
}

void my_settings_ask(struct buf *ret, const struct driver_sql *sql, const struct my_server *server)
{
    const char *before = "SELECT ";
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        char value[VALUE_MAX] = "";
        settings[i].want(value, sql, server);
        if (value[0] == '\0' && !settings[i].always)
            continue;
        buf_format(ret, "%s@@SESSION.%s", before, settings[i].name);
        before = ", ";
    }
}

/* ---- what they are ---- */

static void tell(struct buf *told, size_t index, const char *has, const struct driver_sql *sql)
{
    buf_format(told, "%s%s ", told->len > 0 ? ", " : "", settings[index].name);
    if (settings[index].always)
        duration_spell(told, strtoll(has, NULL, 10) * SECOND_US);
    else if (strncmp(settings[index].name, "max_", 4) == 0)
        duration_spell(told, sql->statement_timeout_us);
    else
        buf_text(told, has);
}

const char *my_settings_judge(struct buf *told, const struct driver_sql *sql, const struct my_server *server,
                              const struct my_answer *said)
{
    size_t column = 0;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        char value[VALUE_MAX] = "";
        settings[i].want(value, sql, server);
        if (value[0] == '\0' && !settings[i].always)
            continue;
        const char *has = said->row_count == 1 && column < said->column_count ? said->cells[column] : NULL;
        column++;
        if (has == NULL || (value[0] != '\0' && strcmp(has, value) != 0))
            return "the server did not take a setting that was asked for; nothing was sent";
        tell(told, i, has, sql);
    }
    if (sql->statement_timeout_us > 0 && !my_settings_limits(server)) {
        buf_text(told, ", KILL QUERY after ");
        duration_spell(told, sql->statement_timeout_us);
    }
    return NULL;
}
