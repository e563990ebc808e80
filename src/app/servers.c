#include "servers.h"

#include <uv.h>

#include "base/text.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"
#include "runner/secret.h"

#define ANSWER_TIMEOUT_US (5 * SECOND_US)

/* A server says which of MySQL and MariaDB it is, whatever the book calls it. */
#define MYSQL_QUESTION                                                                                       \
    "SELECT CONCAT(IF(VERSION() LIKE '%MariaDB%', 'MariaDB ', 'MySQL '), SUBSTRING_INDEX(VERSION(), '-', "   \
    "1))"
static const struct {
    struct driver *(*create)(uv_loop_t *loop, const struct driver_target *target);
    const char *question;
} engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = { driver_postgresql_create,
                            "SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1)" },
    [ENGINE_MYSQL] = { driver_mysql_create, MYSQL_QUESTION },
    [ENGINE_MARIADB] = { driver_mysql_create, MYSQL_QUESTION },
};

struct asking {
    struct arena *arena;
    struct driver_target reached;
    struct driver *driver;
    struct server *server;
    size_t *left; /* how many have not answered */
};

static void on_version(void *data, const struct answer *answer)
{
    struct asking *asking = data;
    const struct driver_result *result = answer->result;
    const char *version =
        result->status == DRIVER_OK && answer->row_count == 1 ? answer->cell(answer, 0, 0) : NULL;
    const char *message = result->message ? result->message : "";

    (*asking->left)--;
    if (version)
        asking->server->version = arena_text(asking->arena, version);
    else
        asking->server->why =
            arena_text(asking->arena, message[0] ? message : driver_status_word(result->status));
    asking->server->no_database =
        text_equal(result->code, "3D000") || text_equal(result->code, "1049"); /* no such database */
}

static int ask(struct asking *asking, const struct target *target, uv_loop_t *loop, struct err *err)
{
    struct session *session;
    int r;

    asking->reached = (struct driver_target){ .id = target->id,
                                              .dsn = target->dsn,
                                              .application_name = "tminus:begin",
                                              .connect_timeout_us = ANSWER_TIMEOUT_US };
    r = secret_fetch(asking->arena, target->password_from, &asking->reached.password, err);
    if (r < 0)
        return r;
    asking->driver = engines[target->engine].create(loop, &asking->reached);
    r = session_open(asking->driver, "tminus:begin", SESSION_READS, &session, err);
    if (r == 0)
        r = session_ask(session, engines[target->engine].question, ANSWER_TIMEOUT_US, on_version, asking,
                        err);
    *asking->left += r == 0;
    return r;
}

int servers_ask(struct arena *arena, const struct book *book, struct server **ret, struct err *err)
{
    struct asking *all = arena_array(arena, book->target_count + 1, sizeof(*all));
    size_t left = 0;
    uv_loop_t loop;

    *ret = arena_array(arena, book->target_count + 1, sizeof(**ret));
    if (uv_loop_init(&loop) < 0)
        return err_set(err, ERR_IO, "cannot begin to ask the servers");
    for (size_t i = 0; i < book->target_count; i++) {
        struct err why = ERR_INIT;

        (*ret)[i].version = "";
        all[i] = (struct asking){ .arena = arena, .server = &(*ret)[i], .left = &left };
        if (ask(&all[i], &book->targets[i], &loop, &why) < 0)
            (*ret)[i].why = arena_text(arena, why.message);
    }
    while (left > 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    for (size_t i = 0; i < book->target_count; i++) {
        if (all[i].driver)
            driver_destroy(all[i].driver);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT); /* what the loop still holds of them goes away */
    (void)uv_loop_close(&loop);
    return 0;
}
