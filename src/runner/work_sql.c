#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/*
 * A step of statements: its server is looked at, its probe is asked whether it is done already, the
 * statements run on a connection of their own, and the probe has to confirm them. A probe that cannot be
 * answered is a failure before, and leaves the step unknown after.
 */

static void on_done_ok(struct execution *execution, const struct driver_result *result)
{
    struct outcome done = { .status = OUTCOME_OK, .value = result->value };

    if (execution->definition->generate.sql)
        done.output = execution->output_hash.hex;
    if (execution->definition->as && result->value && strlen(result->value) > VALUE_MAX)
        work_end_plain(execution, OUTCOME_FAILED, false, NULL,
                       "it was done, but what it answered is too long to be ", execution->definition->as);
    else
        probe_after(execution, &done);
}

/* ---- the statements ---- */

/* What a driver's status means for the step. Lost without an effect is worth another try; so is nothing else
 * that may have left something behind. */
static enum outcome_status outcome_of(const struct driver_result *result)
{
    switch (result->status) {
    case DRIVER_OK:
        return OUTCOME_OK;
    case DRIVER_RETRYABLE:
    case DRIVER_LOST:
        return result->clean ? OUTCOME_RETRYABLE : OUTCOME_FAILED;
    case DRIVER_AMBIGUOUS:
        return OUTCOME_AMBIGUOUS;
    case DRIVER_REJECTED:
    case DRIVER_AUTH:
    case DRIVER_CANCELLED:
    case DRIVER_TIMED_OUT:
    case DRIVER_STATUS_COUNT:
        break;
    }
    return OUTCOME_FAILED;
}

/* Where each statement is done by itself, those before the one that failed stay done: a person who tries the
 * step again does them twice, and has to know. */
static const char *message_of(const struct execution *execution, const struct driver_result *result)
{
    const struct driver_sql *sql = &execution->sql;
    size_t done = result->statements_done;

    if (sql->transaction || done == 0 || done >= sql->count)
        return result->message;
    return arena_format(execution->arena, "statement %zu of %zu, and what stands before it is done: %s",
                        done + 1, sql->count, result->message);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct execution *execution = data;
    struct outcome outcome = {
        .status = outcome_of(result),
        .clean = result->clean,
        .code = result->code,
        .message = message_of(execution, result),
        .detail = result->detail,
        .hint = result->hint,
        .leftover = result->leftover,
    };

    execution->job = NULL;
    survivor_never(execution->runner, execution->pid, result->status);
    if (result->status == DRIVER_CANCELLED && execution->gave_way[0] != '\0') {
        outcome.status = result->clean ? OUTCOME_RETRYABLE : OUTCOME_FAILED;
        outcome.message = execution->gave_way;
    }
    if (result->status == DRIVER_OK)
        on_done_ok(execution, result);
    else
        work_end(execution, &outcome);
}

static void on_identified(void *data, int64_t pid)
{
    struct execution *execution = data;
    char text[64];

    execution->pid = pid;
    /* The journal broke while we were connecting: what this does could not be recorded. */
    if (execution->runner->halted)
        driver_cancel(execution->job);
    (void)snprintf(text, sizeof(text), "backend %" PRId64, pid);
    execution_note(execution, text);
}

static void on_text(void *data, const char *text)
{
    execution_note(data, text);
}

static void on_locked(void *data, const struct driver_lock *lock)
{
    locks_add(data, lock);
}

static void start(struct execution *execution, const char *const *statements, size_t count)
{
    static const struct driver_events events = {
        .identified = on_identified,
        .settings = on_text,
        .notice = on_text,
        .locked = on_locked,
        .done = on_done,
    };
    const struct step *step = execution->definition;
    struct err err = ERR_INIT;

    execution->gave_way[0] = '\0';
    execution->sql = (struct driver_sql){
        .count = count,
        .statements = statements,
        .transaction = step->transaction,
        .lock_timeout_us = step->lock_timeout_us,
        .statement_timeout_us = step->statement_timeout_us,
        .look_at_locks = locks_are_recorded(execution->runner),
    };
    if (copies_refused(execution, statements, count))
        return;
    if (driver_start(execution->runner->servers[step->target].driver, &execution->sql, &events, execution,
                     &execution->job, &err) < 0)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", err.message);
    else
        watches_pace(execution->runner);
}

/* ---- statements that another query answers ---- */

/* What was generated is kept as it is executed: with the run, and in the trail. For each item it is added to
 * what the items before it had. */
static int add_statements(struct execution *execution, const struct buf *text, struct err *err)
{
    int how = execution->output_path ? O_APPEND : O_TRUNC;
    int fd, r;

    execution->output_path =
        arena_format(execution->arena, "%s/output/%s.%" PRId64 ".log",
                     execution->runner->options->frozen->dir, execution->definition->id, execution->attempt);
    fd = open(execution->output_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | how, 0600);
    if (fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot keep what was generated in %s",
                             execution->output_path);
    r = fd_write_all(fd, text->data, text->len, err);
    if (r == 0 && fdatasync(fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot keep what was generated in %s", execution->output_path);
    close(fd);
    return r;
}

static int keep_statements(struct execution *execution, const char *const *statements, size_t count,
                           struct err *err)
{
    struct buf text;
    int r;

    buf_init(&text, GENERATED_MAX);
    for (size_t i = 0; i < count; i++)
        buf_format(&text, "%s;\n", statements[i]);
    r = buf_ok(&text, "what was generated", err);
    if (r == 0)
        r = add_statements(execution, &text, err);
    if (r == 0)
        r = sha256_of_file(execution->output_path, &execution->output_hash, err);
    buf_finish(&text);
    return r;
}

static void on_generated(void *data, const struct answer *answer)
{
    struct execution *execution = data;
    const struct driver_result *result = answer->result;
    const char **statements = arena_array(execution->arena, answer->row_count + 1, sizeof(*statements));
    struct err err = ERR_INIT;

    execution->asking = false;
    for (size_t i = 0; i < answer->row_count; i++) {
        const char *text = answer->column_count > 0 ? answer->cell(answer, i, 0) : NULL;

        statements[i] = arena_text(execution->arena, text);
        if (!text)
            statements = NULL;
        if (!statements)
            break;
    }
    if (result->status != DRIVER_OK)
        work_end_plain(execution, OUTCOME_RETRYABLE, true, NULL,
                       "not started: its statements cannot be generated: ", result->message);
    else if (!statements)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL,
                       "not started: a statement that was generated is NULL", "");
    else if (answer->row_count == 0)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: nothing was generated", "");
    else if (execution->runner->run->held && execution->definition->each && !execution->cancelled)
        each_next(execution); /* waits until it is released, and asks again */
    else if (execution->cancelled || execution->runner->run->held)
        work_end_plain(execution, OUTCOME_RETRYABLE, true, NULL, "stopped before it began", "");
    else if (keep_statements(execution, statements, answer->row_count, &err) < 0)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", err.message);
    else
        start(execution, statements, answer->row_count);
}

static void prepare(struct execution *execution)
{
    const struct step *step = execution->definition;
    struct work_place place = { execution->step, execution->item };
    const struct query *generate = &step->generate;
    const char *const *statements;
    const char *sql;
    struct err err = ERR_INIT;
    int r;

    if (!generate->sql) {
        r = runner_fill_all(execution->runner, execution->arena, &place, step->sql, step->sql_count,
                            fill_in_sql(execution->runner->book, step->target), &statements, &err);
        if (r == 0)
            start(execution, statements, step->sql_count);
    } else {
        r = runner_fill(execution->runner, execution->arena, &place, generate->sql,
                        fill_in_sql(execution->runner->book, generate->target), &sql, &err);
        execution->asking = r == 0;
        if (r == 0)
            r = session_ask(execution->runner->servers[generate->target].steps, sql, generate->timeout_us,
                            on_generated, execution, &err);
    }
    if (r < 0)
        work_end_plain(execution, OUTCOME_FAILED, true, NULL, "not started: ", err.message);
}

/* ---- beginning ---- */

/* The step, or one of its items. */
static void begin_one(struct execution *execution)
{
    probe_before(execution, prepare);
}

static void begin(struct execution *execution)
{
    if (execution->definition->each)
        each_begin(execution, begin_one);
    else
        begin_one(execution);
}

static void not_started(struct execution *execution, enum outcome_status status, const char *why)
{
    char message[ERR_MESSAGE_MAX];
    struct outcome outcome = { .status = status, .clean = true, .message = message };

    (void)snprintf(message, sizeof(message), "not started: %s", why); /* cut, it is still the reason */
    execution_end(execution, &outcome);
}

static void on_survivor(void *data, const char *text)
{
    struct execution *execution = data;

    execution->asking = false;
    if (text)
        not_started(execution, OUTCOME_RETRYABLE, text);
    else
        begin(execution);
}

static void on_fit(void *data, const char *text)
{
    struct execution *execution = data;
    struct runner *runner = execution->runner;

    execution->asking = false;
    if (text) {
        not_started(execution, OUTCOME_RETRYABLE, text);
        return;
    }
    /* Only an earlier attempt, a connection that broke or an earlier runner can have left something at work.
     */
    if (execution->attempt == 1 && !runner->adrift && !runner->options->resume) {
        begin(execution);
        return;
    }
    execution->asking = true;
    survivor_ask(runner, execution->definition->target, on_survivor, execution);
}

void sql_begin(struct execution *execution)
{
    execution->asking = true;
    fit_ask(execution->runner, execution->definition->target, on_fit, execution);
}
