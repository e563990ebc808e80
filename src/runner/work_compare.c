#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* A comparison: its report is kept like what a command writes, and shown as it grows. */

static void tell(struct execution *execution, struct progress progress, const char *text,
                 const char *checkpoint)
{
    struct input input = { .type = INPUT_PROGRESS,
                           .now = clock_now(),
                           .step = execution->step,
                           .entry = execution->entry,
                           .progress = progress,
                           .text = text,
                           .value = checkpoint };

    runner_take(execution->runner, &input);
}

static void on_progress(void *data, int64_t rows, int64_t total, const char *text)
{
    struct execution *execution = data;
    int64_t took_us = clock_now().boot_us - execution->began_boot_us;
    struct progress progress = { .rows = rows,
                                 .total = total,
                                 .per_second = took_us > 0 ? rows * SECOND_US / took_us : 0,
                                 .left_us = -1 };

    (void)text;
    if (progress.per_second > 0 && total > rows)
        progress.left_us = (total - rows) * SECOND_US / progress.per_second;
    execution->compared = progress;
    tell(execution, progress, "", NULL);
}

static void on_checkpoint(void *data, const char *text)
{
    struct execution *execution = data;

    tell(execution, execution->compared, NULL, text);
}

static void on_report(void *data, const char *line)
{
    struct execution *execution = data;
    struct err err = ERR_INIT;
    const char *clean = clean_text(execution->runner, execution->arena, line);

    if (execution->report >= 0 && (fd_write_all(execution->report, clean, strlen(clean), &err) < 0 ||
                                   fd_write_all(execution->report, "\n", 1, &err) < 0)) {
        execution_note(execution, arena_format(execution->arena, "its report is not whole: %s", err.message));
        close(execution->report);
        execution->report = -1;
    }
    output_add(execution->runner, execution->definition->id, clean, strlen(clean));
    output_add(execution->runner, execution->definition->id, "\n", 1);
}

static void on_done(void *data, const struct compare_result *result)
{
    struct execution *execution = data;
    struct compare *compare = execution->compare;
    struct sha256 sha;
    struct outcome outcome = { .status = result->verdict == COMPARE_EQUAL ? OUTCOME_OK : OUTCOME_FAILED,
                               .clean = true,
                               .code = result->code,
                               .message = result->message };

    execution->compare = NULL;
    output_flush(execution->runner);
    if (execution->report >= 0 && fdatasync(execution->report) == 0 &&
        sha256_of_file(execution->output_path, &sha, NULL) == 0)
        outcome.output = sha.hex;
    if (result->verdict != COMPARE_FAILED)
        outcome.value = result->message;
    execution_end(execution, &outcome);
    compare_destroy(compare);
}

static void fail(struct execution *execution, const char *why)
{
    char message[ERR_MESSAGE_MAX];
    struct outcome outcome = { .status = OUTCOME_FAILED, .clean = true, .message = message };

    (void)snprintf(message, sizeof(message), "not started: %s", why);
    execution_end(execution, &outcome);
}

static struct compare_side side_of(const struct runner *runner, size_t target, const char *table)
{
    const struct server *server = &runner->servers[target];

    return (struct compare_side){ server->bulk, server->driver, runner->book->targets[target].id, table };
}

static int configure(struct execution *execution, struct err *err)
{
    const struct runner *runner = execution->runner;
    const struct compare_def *def = execution->definition->compare;
    struct work_place place = { execution->step, NULL };
    struct compare_config *config = &execution->compare_config;

    *config = (struct compare_config){
        .left = side_of(runner, def->left, def->left_table),
        .right = side_of(runner, def->right, def->right_table),
        .pattern_count = def->pattern_count,
        .patterns = def->patterns,
        .key_count = def->key_count,
        .key = def->key,
        .column_count = def->column_count,
        .columns = def->columns,
        .chunk = def->chunk,
        .sum_count = def->sum_count,
        .sums = def->sums,
        .sequences = def->sequences,
        .sequence_margin = def->sequence_margin,
        .rechecks = def->rechecks,
        .recheck_wait_us = def->recheck_wait_us,
        .timeout_us = def->timeout_us,
        .application_name = runner->compare_name,
        .checkpoint = arena_text(execution->arena,
                                 run_work(runner->run, execution->step, execution->entry)->checkpoint),
    };
    return runner_fill(runner, execution->arena, &place, def->where, fill_in_sql(runner->book, def->left),
                       &config->where, err);
}

static int open_report(struct execution *execution, struct err *err)
{
    execution->output_path =
        arena_format(execution->arena, "%s/output/%s.%" PRId64 ".log",
                     execution->runner->options->frozen->dir, execution->definition->id, execution->attempt);
    execution->report =
        open(execution->output_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (execution->report < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot keep its report in %s", execution->output_path);
    return 0;
}

static void start(struct execution *execution)
{
    static const struct compare_events events = {
        .progress = on_progress, .checkpoint = on_checkpoint, .report = on_report, .done = on_done
    };
    struct err err = ERR_INIT;
    int r = configure(execution, &err);

    if (r == 0)
        r = open_report(execution, &err);
    if (r == 0)
        r = compare_start(&execution->runner->loop, &execution->compare_config, &events, execution,
                          &execution->compare, &err);
    if (r < 0)
        fail(execution, err.message);
}

static void on_right(void *data, const char *text)
{
    struct execution *execution = data;

    execution->asking = false;
    if (text || execution->cancelled)
        fail(execution, text ? text : "cancelled");
    else if (execution->runner->run->held) /* it reads, but whole tables */
        fail(execution, "the run was held before it began");
    else
        start(execution);
}

static void on_left(void *data, const char *text)
{
    struct execution *execution = data;

    if (text)
        on_right(execution, text);
    else
        fit_ask(execution->runner, execution->definition->compare->right, on_right, execution);
}

void compare_begin(struct execution *execution)
{
    execution->began_boot_us = clock_now().boot_us;
    execution->asking = true;
    fit_ask(execution->runner, execution->definition->compare->left, on_left, execution);
}
