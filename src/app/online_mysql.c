#include "online_mysql.h"

#include "base/text.h"
#include "driver/mysql.h"

#define ASK_TIMEOUT_US (60 * SECOND_US)
#define DUMP_MAX       ((size_t)256 * 1024 * 1024)

/* A server that is being asked, a question at a time. */
struct asked {
    uv_loop_t *loop;
    struct session *session;
    const struct target *target;
    struct arena *arena;
    struct err *err;
    int r; /* 1: no answer yet */
    bool closed;
    size_t count;
    const char **names; /* schema and table, one after the other */
    const char *definition;
};

typedef void (*take_answer)(struct asked *asked, const struct answer *answer);

struct question {
    struct asked *asked;
    take_answer take;
};

static void on_answer(void *data, const struct answer *answer)
{
    const struct question *question = data;
    struct asked *asked = question->asked;
    const char *message = answer->result->message ? answer->result->message : "";

    asked->r = 0;
    if (answer->result->status == DRIVER_OK)
        question->take(asked, answer);
    else
        asked->r =
            err_set(asked->err, ERR_ENVIRONMENT, "target \"%s\" does not answer: %s", asked->target->id,
                    message[0] ? message : driver_status_word(answer->result->status));
}

static int ask(struct asked *asked, const char *sql, take_answer take)
{
    struct question question = { asked, take };
    int r = session_ask(asked->session, sql, ASK_TIMEOUT_US, on_answer, &question, asked->err);

    asked->r = 1;
    while (r == 0 && asked->r == 1)
        (void)uv_run(asked->loop, UV_RUN_ONCE);
    return r < 0 ? r : asked->r;
}

/* ---- what it is ---- */

static void take_nothing(struct asked *asked, const struct answer *answer)
{
    (void)asked;
    (void)answer;
}

static void take_closed(struct asked *asked, const struct answer *answer)
{
    const char *said = answer->row_count == 1 ? answer->cell(answer, 0, 0) : NULL;

    asked->closed = said && !text_equal(said, "0");
    if (!said)
        asked->r =
            err_set(asked->err, ERR_ENVIRONMENT, "target \"%s\" does not say what it is", asked->target->id);
}

static int judge_product(const struct asked *asked, struct sql_server *server)
{
    bool mariadb = mysql_is_mariadb(asked->session);
    enum target_engine is = mariadb ? ENGINE_MARIADB : ENGINE_MYSQL;

    *server =
        (struct sql_server){ mariadb ? SQL_MARIADB : SQL_MYSQL, session_server_version(asked->session) };
    if (asked->target->engine == is)
        return 0;
    return err_set(asked->err, ERR_REFUSED, "target \"%s\" is a server of %s, and the book means %s",
                   asked->target->id, target_engine_word(is), target_engine_word(asked->target->engine));
}

/* Its definitions are to be read as those of a dump are: `name`, and strings with their escapes. */
static int ask_what_it_is(struct asked *asked, struct sql_server *server)
{
    int r = ask(asked, "SET SESSION sql_mode = ''", take_nothing);

    if (r == 0)
        r = ask(asked, "SELECT @@GLOBAL.read_only", take_closed);
    if (r == 0)
        r = judge_product(asked, server);
    return r < 0 ? r : online_fit(asked->target, server->version, asked->closed, asked->err);
}

/* ---- its tables ---- */

static void take_names(struct asked *asked, const struct answer *answer)
{
    asked->count = answer->row_count;
    asked->names = arena_array(asked->arena, 2 * answer->row_count + 1, sizeof(*asked->names));
    for (size_t i = 0; i < 2 * answer->row_count; i++)
        asked->names[i] = arena_text(asked->arena, answer->cell(answer, i / 2, i % 2));
}

static void take_definition(struct asked *asked, const struct answer *answer)
{
    const char *text = answer->row_count == 1 && answer->column_count > 1 ? answer->cell(answer, 0, 1) : NULL;

    asked->definition = arena_text(asked->arena, text);
    if (!text)
        asked->r = err_set(asked->err, ERR_ENVIRONMENT, "target \"%s\" does not say how a table is defined",
                           asked->target->id);
}

static int ask_definition(struct asked *asked, const char *schema, const char *table, struct buf *dump)
{
    struct buf sql;
    int r;

    buf_init(&sql, 4096);
    buf_text(&sql, "SHOW CREATE TABLE ");
    mysql_identifier(&sql, schema);
    buf_char(&sql, '.');
    mysql_identifier(&sql, table);
    r = ask(asked, buf_str(&sql), take_definition);
    buf_finish(&sql);
    if (r < 0)
        return r;
    buf_text(dump, "USE ");
    mysql_identifier(dump, schema);
    buf_format(dump, ";\n%s;\n", asked->definition);
    return 0;
}

static int ask_tables(struct asked *asked, struct buf *dump)
{
    int r = ask(asked,
                "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN"
                " ('information_schema', 'performance_schema', 'mysql', 'sys')"
                " AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE', 'TEMPORARY')",
                take_names);

    for (size_t i = 0; r == 0 && i < asked->count; i++)
        r = ask_definition(asked, asked->names[2 * i], asked->names[2 * i + 1], dump);
    return r < 0 ? r : buf_ok(dump, "what the server has", asked->err);
}

static int load(const struct asked *asked, const char *dump, struct sql_catalog *catalog)
{
    size_t ignored;
    int r = sql_catalog_load(catalog, dump, &ignored, asked->err);

    if (r < 0)
        return err_prefix(asked->err, "target \"%s\"", asked->target->id);
    if (ignored == 0)
        return 0;
    return err_set(asked->err, ERR_ENVIRONMENT,
                   "target \"%s\": how %zu of its tables are defined is not understood", asked->target->id,
                   ignored);
}

int online_mysql(uv_loop_t *loop, struct driver *driver, const struct target *target,
                 struct sql_server *server, struct sql_catalog **ret, struct err *err)
{
    struct asked asked = { .loop = loop, .target = target, .arena = arena_create(), .err = err };
    struct buf dump;
    int r = session_open(driver, "tminus:check", SESSION_SNAPSHOT, &asked.session, err);

    buf_init(&dump, DUMP_MAX);
    if (r == 0)
        r = ask_what_it_is(&asked, server);
    if (r == 0)
        r = ask_tables(&asked, &dump);
    if (r == 0) {
        *ret = sql_catalog_create(server);
        r = load(&asked, buf_str(&dump), *ret);
    }
    buf_finish(&dump);
    arena_destroy(asked.arena);
    return r;
}
