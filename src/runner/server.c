#include "runner.h"

#include "base/mem.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"
#include "runner/secret.h"

#define CONNECT_TIMEOUT_US (10 * SECOND_US)

/* What is cut off is not unique any more. Of a monitor's name only what stands before its own id is looked
 * for. */
_Static_assert(sizeof("tminus:") - 1 + RUN_ID_MAX + sizeof(":monitor:") - 1 <= POSTGRESQL_NAME_MAX,
               "the application names of a run fit");

static const struct {
    struct driver *(*create)(uv_loop_t *loop, const struct driver_target *target);
    enum bulk_engine bulk;
} engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = { driver_postgresql_create, BULK_POSTGRESQL },
    [ENGINE_MYSQL] = { driver_mysql_create, BULK_MYSQL },
    [ENGINE_MARIADB] = { driver_mysql_create, BULK_MYSQL },
};

static bool is_watched(const struct book *book, size_t target)
{
    for (size_t i = 0; i < book->monitor_count; i++) {
        const struct monitor_def *monitor = &book->monitors[i];

        if (monitor->target == target &&
            (monitor->kind == MONITOR_LOCKS || monitor->kind == MONITOR_TRANSACTIONS))
            return true;
    }
    return false;
}

/* The loader knows the words of MySQL and MariaDB. A run that is taken up is not stopped by this: what its
 * libpq cannot read, and an earlier one could, is one server that is not reached. */
static int dsn_check(const struct runner *runner, const struct target *target, struct err *err)
{
    bool is_asked = target->engine == ENGINE_POSTGRESQL && !runner->options->resume;

    return is_asked ? postgresql_dsn_check(target->dsn, err) : 0;
}

static int server_create(struct runner *runner, size_t i, struct err *err)
{
    const struct target *target = &runner->book->targets[i];
    struct server *server = &runner->servers[i];
    const char *run = runner->options->frozen->run;
    const char *password = NULL;
    int r;

    if (!target->dsn)
        return err_set(err, ERR_INVALID, "target \"%s\" has no server: give a targets file (--targets)",
                       target->id);
    r = dsn_check(runner, target, err);
    if (r == 0)
        r = secret_fetch(runner->arena, target->password_from, &password, err);
    if (r == 0 && password)
        r = redactor_add(runner->redactor, arena_format(runner->arena, "password of %s", target->id),
                         password, err);
    if (r < 0)
        return err_prefix(err, "target \"%s\"", target->id);
    server->target = (struct driver_target){
        .id = target->id,
        .dsn = target->dsn,
        .password = password,
        .application_name = runner->step_name,
        .connect_timeout_us = CONNECT_TIMEOUT_US,
    };
    server->driver = engines[target->engine].create(&runner->loop, &server->target);
    server->bulk = engines[target->engine].bulk;
    r = session_open(server->driver, arena_format(runner->arena, "tminus:%s:probe", run), SESSION_READS,
                     &server->steps, err);
    if (r == 0)
        r = session_open(server->driver, arena_format(runner->arena, "tminus:%s:sense", run), SESSION_READS,
                         &server->senses, err);
    if (r == 0 && is_watched(runner->book, i))
        r = session_open(server->driver, arena_format(runner->arena, "tminus:%s:kill", run), SESSION_READS,
                         &server->kills, err);
    return r;
}

int runner_http(struct runner *runner, struct http_client **ret, struct err *err)
{
    int r = runner->http ? 0 : http_client_create(&runner->loop, &runner->http, err);

    *ret = runner->http;
    return r;
}

int servers_create(struct runner *runner, struct err *err)
{
    runner->servers = arena_array(runner->arena, runner->book->target_count + 1, sizeof(*runner->servers));
    runner->step_name = arena_format(runner->arena, "tminus:%s:step", runner->options->frozen->run);
    runner->compare_name = arena_format(runner->arena, "tminus:%s:compare", runner->options->frozen->run);
    runner->application_prefix = arena_format(runner->arena, "tminus:%s:", runner->options->frozen->run);
    for (size_t i = 0; i < runner->book->target_count; i++) {
        int r = server_create(runner, i, err);

        if (r < 0)
            return r;
    }
    return 0;
}

void servers_close(struct runner *runner)
{
    for (size_t i = 0; runner->servers && i < runner->book->target_count; i++) {
        struct server *server = &runner->servers[i];

        session_close(server->steps);
        session_close(server->senses);
        session_close(server->kills);
        server->steps = server->senses = server->kills = NULL;
    }
}

void servers_destroy(struct runner *runner)
{
    servers_close(runner);
    for (size_t i = 0; runner->servers && i < runner->book->target_count; i++)
        driver_destroy(runner->servers[i].driver);
}
