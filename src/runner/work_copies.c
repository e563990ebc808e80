#include "runner.h"

#include "sql/sql.h"

/*
 * A table of MySQL or MariaDB is copied, while writers wait, without a word from the server: so what could be
 * is not sent, unless the step says that it may. Where the server can refuse by itself it is told to, and is
 * the judge: it knows the table. Else the statement has to state what makes it refuse (ALGORITHM, LOCK).
 */

#define WHOLE_MAX ((size_t)16 * 1024 * 1024)

static struct sql_server server_of(const struct runner *runner, size_t target)
{
    return (struct sql_server){
        runner->book->targets[target].engine == ENGINE_MARIADB ? SQL_MARIADB : SQL_MYSQL,
        session_server_version(runner->servers[target].steps),
    };
}

/* The statements as one script: what one sets for its session holds for those behind it. */
static const char *whole_of(struct arena *arena, const char *const *statements, size_t count)
{
    struct buf whole;
    const char *text;

    buf_init(&whole, WHOLE_MAX);
    for (size_t i = 0; i < count; i++)
        buf_format(&whole, "%s\n;\n", statements[i]);
    text = whole.overflow ? NULL : arena_text(arena, buf_str(&whole));
    buf_finish(&whole);
    return text;
}

/* The first that could copy; NULL: none. */
static const struct sql_statement *copying_of(const struct sql_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->statements[i].copying != SQL_COPIES_NOT)
            return &script->statements[i];
    }
    return NULL;
}

static bool is_refused_by_guard(const struct sql_script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->statements[i].takes_no_algorithm)
            return true;
    }
    return false;
}

static const char *judge(struct execution *execution, const char *whole, const struct sql_server *server)
{
    struct sql_options options = { .transaction = execution->definition->transaction,
                                   .guarded = sql_can_be_guarded(server),
                                   .reading = SQL_READ_OURS };
    const struct sql_script *script = sql_judge(execution->arena, server, NULL, whole, &options);
    const struct sql_statement *copying;

    if (options.guarded && is_refused_by_guard(script)) {
        options.guarded = false;
        script = sql_judge(execution->arena, server, NULL, whole, &options);
    }
    execution->sql.no_copy = !is_refused_by_guard(script);
    copying = copying_of(script);
    if (!copying)
        return NULL;
    return arena_format(
        execution->arena,
        "not started: %s %s copied while writers wait, and the step does not say \"copies\": "
        "nothing was sent. Stated in the statement, ALGORITHM=INPLACE makes the server refuse "
        "instead",
        copying->copied, copying->copying == SQL_COPIES ? "is" : "could be");
}

bool copies_refused(struct execution *execution, const char *const *statements, size_t count)
{
    const struct step *step = execution->definition;
    struct runner *runner = execution->runner;
    const struct sql_server server = server_of(runner, step->target);
    const char *whole, *why;

    if (runner->book->targets[step->target].engine == ENGINE_POSTGRESQL || step->copies)
        return false;
    whole = whole_of(execution->arena, statements, count);
    if (server.version == 0) {
        work_end_plain(execution, OUTCOME_RETRYABLE, true, NULL,
                       "not started: whether it copies a table depends on the server's version, and there "
                       "is no connection: ",
                       session_trouble(runner->servers[step->target].steps));
        return true;
    }
    why = whole ? judge(execution, whole, &server) : "not started: its statements are too long to be judged";
    if (why)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, why, "");
    return why != NULL;
}
