#include "runner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/mysql.h"
#include "driver/postgresql.h"

/*
 * Cancelling or terminating a session of others. The server itself is asked whether that pid is still the
 * session that was meant, where it is told to kill it: PostgreSQL in one statement. MySQL and MariaDB have no
 * such statement, so what was found is kept in a variable of the connection, and the KILL names that
 * variable: over a connection that was made anew it names nothing.
 */

#define ASK_TIMEOUT_US (10 * SECOND_US)
#define QUESTION_MAX   (64 * 1024)

struct killing {
    struct runner *runner;
    struct arena *arena;
    uint64_t seq;
    size_t target;
    int64_t pid;
    const char *identity;
    enum choice how;
    size_t at; /* the question that is out */
};

/* What is asked, one after the other; the last one kills. */
struct asked {
    /* False: it cannot be asked. */
    bool (*write)(const struct killing *killing, struct buf *sql);
    /* False: it ended with this answer. NULL: whatever it is, there is nothing to see in it. */
    bool (*read)(struct killing *killing, const struct answer *answer);
};

static void end(struct killing *killing, enum choice choice, const char *text)
{
    struct input input = {
        .type = INPUT_KILLED, .now = clock_now(), .seq = killing->seq, .choice = choice, .text = text
    };

    killing->runner->under_way--;
    runner_take(killing->runner, &input);
    arena_destroy(killing->arena);
    free(killing);
}

static struct session *session_of(const struct killing *killing)
{
    return killing->runner->servers[killing->target].kills;
}

/* ---- PostgreSQL ---- */

/* What is chosen is evaluated for the one row alone, and nothing is sent unless all before it holds. */
static bool postgresql_write(const struct killing *killing, struct buf *sql)
{
    bool cancels = killing->how == CHOICE_CANCEL;

    buf_text(sql, "SELECT CASE WHEN a.backend_start IS NULL THEN 'hidden' WHEN ");
    (void)monitor_identity(sql, MONITOR_ENGINE_POSTGRESQL, session_of(killing));
    buf_text(sql, " <> ");
    postgresql_literal(sql, killing->identity);
    buf_format(
        sql,
        " THEN 'other' WHEN starts_with(a.application_name, 'tminus:') THEN 'ours' ELSE %s(a.pid)::text"
        " END FROM pg_stat_activity a WHERE a.pid = %" PRId64,
        cancels ? "pg_cancel_backend" : "pg_terminate_backend", killing->pid);
    return true;
}

static bool postgresql_read(struct killing *killing, const struct answer *answer)
{
    static const struct {
        const char *word;
        enum choice choice;
        const char *text;
    } outcomes[] = {
        { "true", CHOICE_DONE, "" },
        { "false", CHOICE_GONE, "it ended while the server was told" },
        { "other", CHOICE_GONE, "another session has its number now" },
        { "ours", CHOICE_FAILED, "it is a session of tminus" },
        { "hidden", CHOICE_FAILED, "the server does not show whose it is: pg_read_all_stats is missing" },
    };
    const char *said = answer->row_count > 0 ? answer->cell(answer, 0, 0) : "gone";

    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        if (text_equal(said, outcomes[i].word)) {
            end(killing, outcomes[i].choice, outcomes[i].text);
            return false;
        }
    }
    if (answer->row_count == 0)
        end(killing, CHOICE_GONE, "");
    else
        end(killing, CHOICE_UNKNOWN, "the server's answer was not understood");
    return false;
}

/* ---- MySQL and MariaDB ---- */

/* What is asked next depends on what server it is, which is known once there is a connection. */
static bool mysql_write_hello(const struct killing *killing, struct buf *sql)
{
    (void)killing;
    buf_text(sql, "SELECT 1");
    return true;
}

#define MYSQL_GONE  "0"
#define MYSQL_OTHER "-1"
#define MYSQL_OURS  "-2"

static bool mysql_write_find(const struct killing *killing, struct buf *sql)
{
    struct buf mark;

    buf_init(&mark, 64);
    mysql_mark_prefix(&mark, "tminus:");
    buf_text(sql, "SET @tminus_kill = coalesce((SELECT CASE WHEN ");
    if (!monitor_identity(sql, MONITOR_ENGINE_MYSQL, session_of(killing))) {
        buf_finish(&mark);
        return false;
    }
    buf_text(sql, " <> ");
    mysql_literal(sql, killing->identity);
    buf_format(sql, " THEN " MYSQL_OTHER " WHEN left(p.info, %zu) = ", mark.len);
    mysql_literal(sql, buf_str(&mark));
    buf_format(sql,
               " THEN " MYSQL_OURS
               " ELSE p.id END FROM information_schema.processlist p WHERE p.id = %" PRId64 "), " MYSQL_GONE
               ")",
               killing->pid);
    buf_finish(&mark);
    return true;
}

static bool mysql_write_look(const struct killing *killing, struct buf *sql)
{
    (void)killing;
    buf_text(sql, "SELECT CAST(@tminus_kill AS CHAR)");
    return true;
}

static bool mysql_read_look(struct killing *killing, const struct answer *answer)
{
    const char *said = answer->row_count > 0 ? answer->cell(answer, 0, 0) : NULL;

    if (said == NULL)
        end(killing, CHOICE_FAILED, "nothing was sent: the connection broke");
    else if (text_equal(said, MYSQL_GONE))
        end(killing, CHOICE_GONE, "");
    else if (text_equal(said, MYSQL_OTHER))
        end(killing, CHOICE_GONE, "the server is another one now, or was started anew");
    else if (text_equal(said, MYSQL_OURS))
        end(killing, CHOICE_FAILED, "it is a session of tminus");
    else
        return true;
    return false;
}

static bool mysql_write_kill(const struct killing *killing, struct buf *sql)
{
    buf_format(sql, "KILL %s @tminus_kill", killing->how == CHOICE_CANCEL ? "QUERY" : "CONNECTION");
    return true;
}

static bool mysql_read_kill(struct killing *killing, const struct answer *answer)
{
    (void)answer;
    end(killing, CHOICE_DONE, "");
    return false;
}

/* ---- asking ---- */

static const struct asked postgresql[] = { { postgresql_write, postgresql_read } };
static const struct asked mysql[] = {
    { mysql_write_hello, NULL },
    { mysql_write_find, NULL },
    { mysql_write_look, mysql_read_look },
    { mysql_write_kill, mysql_read_kill },
};

static const struct {
    const struct asked *asked;
    size_t count;
    const char *gone; /* the code of an error that says that it is not there */
} engines[TARGET_ENGINE_COUNT] = {
    [ENGINE_POSTGRESQL] = { postgresql, ARRAY_LEN(postgresql), "" },
    [ENGINE_MYSQL] = { mysql, ARRAY_LEN(mysql), "1094" },
    [ENGINE_MARIADB] = { mysql, ARRAY_LEN(mysql), "1094" },
};

/* Whether the server may have done it although there is no answer that says so. */
static bool may_be_done(const struct killing *killing, enum driver_status status)
{
    bool kills = killing->at + 1 == engines[killing->runner->book->targets[killing->target].engine].count;

    return kills && status != DRIVER_LOST && status != DRIVER_AUTH && status != DRIVER_REJECTED;
}

static void fail(struct killing *killing, const struct driver_result *result)
{
    const char *gone = engines[killing->runner->book->targets[killing->target].engine].gone;
    const char *message =
        result->message && result->message[0] ? result->message : driver_status_word(result->status);
    const char *text =
        arena_format(killing->arena, "%s%s%s", result->code, result->code[0] ? ": " : "", message);

    if (may_be_done(killing, result->status))
        end(killing, CHOICE_UNKNOWN, text);
    else if (gone[0] && text_equal(result->code, gone))
        end(killing, CHOICE_GONE, "it ended while the server was told");
    else
        end(killing, CHOICE_FAILED, text);
}

static void ask(struct killing *killing);

static void on_answer(void *data, const struct answer *answer)
{
    struct killing *killing = data;
    const struct asked *asked =
        &engines[killing->runner->book->targets[killing->target].engine].asked[killing->at];

    if (answer->result->status != DRIVER_OK) {
        fail(killing, answer->result);
        return;
    }
    if (asked->read && !asked->read(killing, answer))
        return;
    killing->at++;
    ask(killing);
}

static void ask(struct killing *killing)
{
    const struct asked *asked =
        &engines[killing->runner->book->targets[killing->target].engine].asked[killing->at];
    struct err err = ERR_INIT;
    struct buf sql;
    int r;

    buf_init(&sql, QUESTION_MAX);
    if (killing->runner->finishing)
        r = err_set(&err, ERR_CLOSED, "the runner ends");
    else if (!asked->write(killing, &sql))
        r = err_set(&err, ERR_CLOSED, "the connection broke");
    else
        r = session_ask(session_of(killing), buf_str(&sql), ASK_TIMEOUT_US, on_answer, killing, &err);
    buf_finish(&sql);
    if (r < 0)
        end(killing, CHOICE_FAILED, arena_format(killing->arena, "nothing was sent: %s", err.message));
}

void work_kill(struct runner *runner, const struct event *event)
{
    struct killing *killing = mem_alloc(sizeof(*killing));
    size_t monitor = book_find_monitor(runner->book, event->subject);

    runner->under_way++;
    killing->runner = runner;
    killing->arena = arena_create();
    killing->seq = event->seq;
    killing->target = runner->book->monitors[monitor].target;
    killing->pid = strtoll(event->value, NULL, 10);
    killing->identity = arena_text(killing->arena, event->code);
    killing->how = event->choice;
    /* Of a session of ours that is between two statements MySQL cannot tell whose it is. */
    if (driver_has(runner->servers[killing->target].driver, killing->pid))
        end(killing, CHOICE_FAILED, "it is a session of this run");
    else
        ask(killing);
}
