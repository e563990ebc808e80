#include "runner.h"

#include <stdlib.h>

#include "base/mem.h"

/* Removing the invalid index that a failed CONCURRENTLY left: outside any transaction, and with a limit. */
#define CLEAN_TIMEOUT_US (10 * MINUTE_US)

struct cleaning {
    struct runner *runner;
    size_t step;
    char *statement;
    const char *statements[1];
    struct driver_sql sql;
};

static void on_done(void *data, const struct driver_result *result)
{
    struct cleaning *cleaning = data;
    struct input input = { .type = INPUT_CLEANED, .now = clock_now(), .step = cleaning->step };

    input.outcome.status = result->status == DRIVER_OK ? OUTCOME_OK : OUTCOME_FAILED;
    input.outcome.code = result->code;
    input.outcome.message = result->message;
    runner_take(cleaning->runner, &input);
    free(cleaning->statement);
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

void work_clean(struct runner *runner, size_t step)
{
    static const struct driver_events events = {
        .identified = on_identified, .settings = on_text, .notice = on_text, .done = on_done
    };
    struct cleaning *cleaning = mem_alloc(sizeof(*cleaning));
    struct driver_job *job;
    struct err err = ERR_INIT;
    struct buf statement;

    buf_init(&statement, ERR_MESSAGE_MAX);
    /* The name comes quoted from the driver, which read it from the catalog. */
    buf_format(&statement, "DROP INDEX CONCURRENTLY IF EXISTS %s", runner->run->steps[step].leftover);
    cleaning->runner = runner;
    cleaning->step = step;
    cleaning->statement = mem_text(buf_str(&statement));
    buf_finish(&statement);
    cleaning->statements[0] = cleaning->statement;
    cleaning->sql = (struct driver_sql){ 1, cleaning->statements, false, 0, CLEAN_TIMEOUT_US };
    if (driver_start(runner->servers[runner->book->steps[step].target].driver, &cleaning->sql, &events,
                     cleaning, &job, &err) < 0) {
        struct driver_result failed = { .status = DRIVER_LOST, .clean = true, .message = err.message };

        on_done(cleaning, &failed);
    }
}
