#include "osc.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Removing the invalid indexes that a failed CONCURRENTLY left: outside any transaction, one by one, because
 * DROP INDEX CONCURRENTLY takes one, and with a limit for each. */
#define CLEAN_TIMEOUT_US (10 * MINUTE_US)

struct cleaning {
    struct runner *runner;
    struct arena *arena;
    size_t step;
    struct driver_sql sql;
};

static void on_done(void *data, const struct driver_result *result)
{
    struct cleaning *cleaning = data;
    struct input input = { .type = INPUT_CLEANED, .now = clock_now(), .step = cleaning->step };

    input.outcome.status = result->status == DRIVER_OK ? OUTCOME_OK : OUTCOME_FAILED;
    input.outcome.code = result->code;
    input.outcome.message = result->message;
    cleaning->runner->under_way--;
    runner_take(cleaning->runner, &input);
    arena_destroy(cleaning->arena);
    free(cleaning);
}

static void on_text(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static void on_identified(void *data, int64_t pid)
{
    (void)data;
    (void)pid;
}

/* Up to the next ", " outside of quotes. A quote in a name is doubled, which closes and opens again. */
static size_t name_len(const char *names)
{
    bool quoted = false;
    size_t i;

    for (i = 0; names[i] && (quoted || strncmp(names + i, ", ", 2) != 0); i++)
        quoted ^= names[i] == '"';
    return i;
}

/* The names come quoted from the driver, which read them from the catalog. */
static size_t drops_make(struct arena *arena, const char *names, const char **ret)
{
    size_t count = 0;

    while (*names) {
        size_t len = name_len(names);

        ret[count++] = arena_format(arena, "DROP INDEX CONCURRENTLY IF EXISTS %.*s", (int)len, names);
        names += len;
        names += *names ? 2 : 0;
    }
    return count;
}

static void fail(struct cleaning *cleaning, const char *why)
{
    struct driver_result failed = { .status = DRIVER_LOST, .clean = true, .message = why };

    on_done(cleaning, &failed);
}

static void clean_indexes(struct runner *runner, size_t step)
{
    static const struct driver_events events = {
        .identified = on_identified, .settings = on_text, .notice = on_text, .done = on_done
    };
    struct cleaning *cleaning = mem_alloc(sizeof(*cleaning));
    const char *names = runner->run->steps[step].leftover;
    const char **statements;
    struct driver_job *job;
    struct err err = ERR_INIT;
    size_t count;

    runner->under_way++;
    cleaning->runner = runner;
    cleaning->step = step;
    cleaning->arena = arena_create();
    statements = arena_array(cleaning->arena, strlen(names) / 2 + 1, sizeof(*statements));
    count = drops_make(cleaning->arena, names, statements);
    cleaning->sql = (struct driver_sql){ .count = count,
                                         .statements = statements,
                                         .statement_timeout_us = CLEAN_TIMEOUT_US };
    if (count == 0)
        fail(cleaning, "what was left behind has no name");
    else if (driver_start(runner->servers[runner->book->steps[step].target].driver, &cleaning->sql, &events,
                          cleaning, &job, &err) < 0)
        fail(cleaning, err.message);
}

void work_clean(struct runner *runner, size_t step)
{
    if (osc_is_in(&runner->book->steps[step]))
        osc_clean(runner, step);
    else
        clean_indexes(runner, step);
}
