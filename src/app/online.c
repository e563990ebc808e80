#include "online.h"

#include <stdlib.h>
#include <uv.h>

#include "check/check.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"
#include "online_mysql.h"
#include "runner/secret.h"

#define CONNECT_TIMEOUT_US (5 * SECOND_US)
#define ASK_TIMEOUT_US     (60 * SECOND_US)

/* One server that is being asked. */
struct asking {
    uv_loop_t loop;
    const struct target *target;
    struct session *session;
    struct sql_server server;
    struct sql_catalog **catalog;
    struct err *err;
    int result; /* 1: nothing yet */
};

static void begin(struct arena *arena, const struct book *book, struct known *ret)
{
    ret->servers = arena_array(arena, book->target_count + 1, sizeof(*ret->servers));
    ret->catalogs = arena_array(arena, book->target_count + 1, sizeof(*ret->catalogs));
}

int known_of_book(struct arena *arena, const struct book *book, const char *path, const char *dump,
                  struct known *ret, struct err *err)
{
    int r = 0;

    begin(arena, book, ret);
    for (size_t i = 0; r == 0 && i < book->target_count; i++) {
        size_t ignored;

        check_server(book, i, &ret->servers[i]);
        ret->catalogs[i] = sql_catalog_create(&ret->servers[i]);
        if (dump)
            r = sql_catalog_load(ret->catalogs[i], dump, &ignored, err);
    }
    return r < 0 ? err_prefix(err, "%s", path ? path : "") : 0;
}

void known_finish(struct known *known, size_t count)
{
    for (size_t i = 0; known->catalogs && i < count; i++)
        sql_catalog_destroy(known->catalogs[i]);
}

/* ---- asking ---- */

static void over(struct asking *asking, int result)
{
    asking->result = result;
    uv_stop(&asking->loop);
}

static bool is_answer(struct asking *asking, const struct answer *answer)
{
    const char *message = answer->result->message ? answer->result->message : "";

    if (answer->result->status == DRIVER_OK)
        return true;
    over(asking,
         err_set(asking->err, ERR_ENVIRONMENT, "target \"%s\" does not answer: %s", asking->target->id,
                 message[0] ? message : driver_status_word(answer->result->status)));
    return false;
}

static void on_catalog(void *data, const struct answer *answer)
{
    struct asking *asking = data;
    int r = 0;

    if (!is_answer(asking, answer))
        return;
    for (size_t row = 0; r == 0 && row < answer->row_count; row++) {
        const char *fields[SQL_CATALOG_FIELDS] = { NULL };

        for (size_t i = 0; i < SQL_CATALOG_FIELDS && i < answer->column_count; i++)
            fields[i] = answer->cell(answer, row, i);
        r = sql_catalog_row(*asking->catalog, fields, SQL_CATALOG_FIELDS, asking->err);
    }
    over(asking, r < 0 ? err_prefix(asking->err, "target \"%s\"", asking->target->id) : 0);
}

int online_fit(const struct target *target, int version, bool closed, struct err *err)
{
    bool postgresql = target->engine == ENGINE_POSTGRESQL;
    char has[32];

    target_version_text(target->engine, version, has);
    if (!target_version_fits(target, version))
        return err_set(err, ERR_REFUSED, "target \"%s\" has version %s, and the book wants %s", target->id,
                       has, target->version);
    if (target->role == TARGET_PRIMARY && closed)
        return err_set(err, ERR_REFUSED, "target \"%s\" is %s, and the book means a primary", target->id,
                       postgresql ? "a replica" : "read-only");
    if (target->role == TARGET_REPLICA && !closed)
        return err_set(err, ERR_REFUSED, "target \"%s\" is written to, and the book means a replica",
                       target->id);
    return 0;
}

static void on_fit(void *data, const struct answer *answer)
{
    struct asking *asking = data;
    const char *said, *query;
    int r;

    if (!is_answer(asking, answer))
        return;
    said = answer->row_count == 1 ? answer->cell(answer, 0, 0) : NULL;
    asking->server.version = said ? (int)strtol(said, NULL, 10) : 0;
    said = answer->row_count == 1 && answer->column_count == 2 ? answer->cell(answer, 0, 1) : NULL;
    r = said ? online_fit(asking->target, asking->server.version, said[0] == 't', asking->err)
             : err_set(asking->err, ERR_ENVIRONMENT, "target \"%s\" does not say what it is",
                       asking->target->id);
    if (r == 0) {
        *asking->catalog = sql_catalog_create(&asking->server);
        query = sql_catalog_query(&asking->server);
        r = session_ask(asking->session, query, ASK_TIMEOUT_US, on_catalog, asking, asking->err);
    }
    if (r < 0)
        over(asking, r);
}

static int ask(struct asking *asking, struct driver *driver)
{
    int r = session_open(driver, "tminus:check", SESSION_READS, &asking->session, asking->err);

    if (r == 0)
        r = session_ask(asking->session, "SELECT current_setting('server_version_num'), pg_is_in_recovery()",
                        CONNECT_TIMEOUT_US, on_fit, asking, asking->err);
    while (r == 0 && asking->result == 1)
        (void)uv_run(&asking->loop, UV_RUN_DEFAULT);
    return r < 0 ? r : asking->result;
}

static int ask_target(struct arena *arena, const struct target *target, struct sql_server *server,
                      struct sql_catalog **catalog, struct err *err)
{
    struct asking asking = {
        .target = target, .server = *server, .catalog = catalog, .err = err, .result = 1
    };
    struct driver_target reached = { .id = target->id,
                                     .dsn = target->dsn,
                                     .application_name = "tminus:check",
                                     .connect_timeout_us = CONNECT_TIMEOUT_US };
    bool postgresql = target->engine == ENGINE_POSTGRESQL;
    struct driver *driver;
    int r;

    r = secret_fetch(arena, target->password_from, &reached.password, err);
    if (r < 0)
        return err_prefix(err, "target \"%s\"", target->id);
    if (uv_loop_init(&asking.loop) < 0)
        return err_set(err, ERR_IO, "cannot begin to ask the servers");
    driver = postgresql ? driver_postgresql_create(&asking.loop, &reached)
                        : driver_mysql_create(&asking.loop, &reached);
    r = postgresql ? ask(&asking, driver)
                   : online_mysql(&asking.loop, driver, target, &asking.server, catalog, err);
    driver_destroy(driver);
    (void)uv_run(&asking.loop, UV_RUN_DEFAULT); /* what the loop still holds of it goes away */
    (void)uv_loop_close(&asking.loop);
    *server = asking.server;
    return r;
}

int known_of_servers(struct arena *arena, const struct book *book, struct known *ret, struct err *err)
{
    int r = 0;

    begin(arena, book, ret);
    for (size_t i = 0; r == 0 && i < book->target_count; i++) {
        check_server(book, i, &ret->servers[i]);
        r = ask_target(arena, &book->targets[i], &ret->servers[i], &ret->catalogs[i], err);
    }
    return r;
}
