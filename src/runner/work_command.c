#include "runner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/process.h"

/* What is kept of one command's output; the rest is drained, counted and marked. */
#define OUTPUT_MAX (16 * 1024 * 1024)

/* Environment that every command gets, besides the step's own. */
enum { OWN_RUN, OWN_STEP, OWN_COUNT };

static void end_failed(struct execution *execution, const char *message)
{
    struct outcome outcome = { .status = OUTCOME_FAILED, .clean = true, .message = message };

    execution_end(execution, &outcome);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct execution *execution = data;
    struct sha256 sha;
    struct outcome outcome = {
        .status = result->status == DRIVER_OK ? OUTCOME_OK : OUTCOME_FAILED,
        .clean = result->clean,
        .code = result->code,
        .message = result->message,
        .detail = result->detail,
    };

    execution->process = NULL;
    /* Its last words before the word that it has ended. */
    output_flush(execution->runner);
    /* Without the hash the outcome still stands: the file itself is published. */
    if (sha256_of_file(execution->output_path, &sha, NULL) == 0)
        outcome.output = sha.hex;
    execution_end(execution, &outcome);
}

static void on_output(void *data, const char *bytes, size_t len)
{
    struct execution *execution = data;

    output_add(execution->runner, execution->definition->id, bytes, len);
}

static void on_identified(void *data, int64_t pid)
{
    struct execution *execution = data;
    char text[64];

    execution->pid = pid;
    (void)snprintf(text, sizeof(text), "process %" PRId64, pid);
    execution_note(execution, text);
}

static void on_text(void *data, const char *text)
{
    execution_note(data, text);
}

/* Where a command runs unless the book says so: beside the book. */
static const char *directory_of(struct execution *execution)
{
    const char *path = execution->runner->options->frozen->book_path;
    const char *slash = strrchr(path, '/');

    if (execution->definition->directory)
        return execution->definition->directory;
    if (!slash)
        return NULL;
    return slash == path ? "/" : arena_text_len(execution->runner->arena, path, (size_t)(slash - path));
}

static void prepare(struct execution *execution)
{
    const struct step *step = execution->definition;
    const struct frozen *frozen = execution->runner->options->frozen;
    struct arena *arena = execution->runner->arena;

    execution->environment = mem_array(step->env_count + OWN_COUNT, sizeof(*execution->environment));
    execution->environment[OWN_RUN] = arena_format(arena, "TMINUS_RUN=%s", frozen->run);
    execution->environment[OWN_STEP] = arena_format(arena, "TMINUS_STEP=%s", step->id);
    for (size_t i = 0; i < step->env_count; i++)
        execution->environment[OWN_COUNT + i] = step->env[i];
    execution->output_path = mem_text(
        arena_format(arena, "%s/output/%s.%" PRId64 ".log", frozen->dir, step->id, execution->attempt));
    execution->command = (struct driver_command){
        .argc = step->argv_count,
        .argv = step->argv,
        .env_count = OWN_COUNT + step->env_count,
        .env = execution->environment,
        .directory = directory_of(execution),
        .timeout_us = step->timeout_us,
        .grace_us = step->grace_us,
        .output_path = execution->output_path,
        .output_max = OUTPUT_MAX,
    };
}

void command_begin(struct execution *execution)
{
    static const struct driver_events events = { .identified = on_identified,
                                                 .settings = on_text,
                                                 .notice = on_text,
                                                 .output = on_output,
                                                 .done = on_done };
    struct err err = ERR_INIT;

    prepare(execution);
    if (process_start(&execution->runner->loop, &execution->command, &events, execution, &execution->process,
                      &err) < 0)
        end_failed(execution, err.message);
}
