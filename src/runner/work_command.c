#include "runner.h"

#include <inttypes.h>

#include "base/text.h"

/* What is kept of one command's output; the rest is drained, counted and marked. */
#define OUTPUT_MAX (16 * 1024 * 1024)

static void end_failed(struct execution *execution, const char *message)
{
    struct outcome outcome = { .status = OUTCOME_FAILED, .clean = true, .message = message };

    execution_end(execution, &outcome);
}

static void ended(struct execution *execution, const struct driver_result *result)
{
    struct sha256 sha;
    struct outcome outcome = {
        .status = result->status == DRIVER_OK ? OUTCOME_OK : OUTCOME_FAILED,
        .clean = result->clean,
        .code = result->code,
        .message = result->message,
        .detail = result->detail,
    };

    /* Without the hash the outcome still stands: the file itself is published. */
    if (execution->definition->keeps_nothing)
        execution_note(execution, arena_format(execution->arena, "not captured: %" PRId64 " bytes of output",
                                               execution->written));
    else if (sha256_of_file(execution->output_path, &sha, NULL) == 0)
        outcome.output = sha.hex;
    if (outcome.status == OUTCOME_OK)
        probe_after(execution, &outcome);
    else
        execution_end(execution, &outcome);
}

static int make_environment(struct execution *execution, const char *const **ret, struct err *err)
{
    const struct step *step = execution->definition;
    struct arena *arena = execution->arena;
    const char **environment =
        arena_array(arena, WORK_PROCESS_ENV + step->env_count + step->secret_count, sizeof(*environment));
    struct work_place place = { execution->step, NULL };
    size_t count = WORK_PROCESS_ENV;

    work_process_environment(execution, environment);
    for (size_t i = 0; i < step->env_count; i++) {
        int r = runner_fill(execution->runner, arena, &place, step->env[i], FILL_IN_TEXT,
                            &environment[count++], err);

        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < step->secret_count; i++) {
        const char *value = secrets_value(execution->runner, step->secrets[i].from);

        if (!value)
            return err_set(err, ERR_ENVIRONMENT, "nothing is known of %s, which is to be %s",
                           step->secrets[i].from, step->secrets[i].name);
        environment[count++] = arena_format(arena, "%s=%s", step->secrets[i].name, value);
    }
    *ret = environment;
    return (int)count;
}

static int prepare(struct execution *execution, struct err *err)
{
    const struct step *step = execution->definition;
    const char *const *environment = NULL, *const *argv = NULL;
    struct work_place place = { execution->step, NULL };
    int count = make_environment(execution, &environment, err);
    int r = count < 0 ? count
                      : runner_fill_all(execution->runner, execution->arena, &place, step->argv,
                                        step->argv_count, FILL_IN_TEXT, &argv, err);

    if (r < 0)
        return err_prefix(err, "not started");
    execution->output_path =
        arena_format(execution->arena, "%s/output/%s.%" PRId64 ".log",
                     execution->runner->options->frozen->dir, step->id, execution->attempt);
    execution->command = (struct driver_command){
        .argc = step->argv_count,
        .argv = argv,
        .env_count = (size_t)count,
        .env = environment,
        .directory = work_process_directory(execution),
        .timeout_us = step->timeout_us,
        .grace_us = step->grace_us,
        .output_path = step->keeps_nothing ? NULL : execution->output_path,
        .output_max = OUTPUT_MAX,
    };
    return 0;
}

static void start(struct execution *execution)
{
    struct runner *runner = execution->runner;
    long survivor = runner->options->resume ? survivor_process(runner->options->frozen->run) : 0;
    struct err err = ERR_INIT;
    int r = prepare(execution, &err);

    if (r == 0 && survivor > 0)
        r = err_set(&err, ERR_BUSY,
                    "not started: process %ld, which an earlier runner of this run began, is still at work: "
                    "wait until "
                    "it has ended, or end it",
                    survivor);
    if (r == 0)
        r = work_process_start(execution, ended, &err);
    if (r < 0)
        end_failed(execution, err.message);
}

void command_begin(struct execution *execution)
{
    probe_before(execution, start);
}
