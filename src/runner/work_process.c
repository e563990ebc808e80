#include "osc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "driver/process.h"

/* A program that a step starts, whatever the step is: a command, or what tells somebody. */

static void on_bytes(void *data, const char *bytes, size_t len, struct buf *ret)
{
    struct execution *execution = data;

    if (execution->definition->keeps_nothing)
        execution->written += (int64_t)len;
    else if (len > 0)
        redact_stream_add(&execution->clean, bytes, len, ret);
    else
        redact_stream_end(&execution->clean, ret);
}

static void on_output(void *data, const char *bytes, size_t len)
{
    struct execution *execution = data;

    if (execution->osc)
        osc_line_add(execution, bytes, len);
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

const char *work_process_directory(struct execution *execution)
{
    const char *path = execution->runner->options->frozen->book_path;
    const char *slash = strrchr(path, '/');

    if (execution->definition->directory)
        return execution->definition->directory;
    if (!slash)
        return NULL;
    return slash == path ? "/" : arena_text_len(execution->arena, path, (size_t)(slash - path));
}

void work_process_environment(struct execution *execution, const char **environment)
{
    environment[0] = arena_format(execution->arena, "TMINUS_RUN=%s", execution->runner->options->frozen->run);
    environment[1] = arena_format(execution->arena, "TMINUS_STEP=%s", execution->definition->id);
}

static void on_done(void *data, const struct driver_result *result)
{
    struct execution *execution = data;

    execution->process = NULL;
    /* Its last words before the word that it has ended. */
    output_flush(execution->runner);
    execution->process_ended(execution, result);
}

int work_process_start(struct execution *execution,
                       void (*ended)(struct execution *execution, const struct driver_result *result),
                       struct err *err)
{
    static const struct driver_events as_it_is = { .identified = on_identified,
                                                   .settings = on_text,
                                                   .notice = on_text,
                                                   .output = on_output,
                                                   .done = on_done };
    static const struct driver_events rewritten = { .identified = on_identified,
                                                    .settings = on_text,
                                                    .notice = on_text,
                                                    .rewrite = on_bytes,
                                                    .output = on_output,
                                                    .done = on_done };
    struct runner *runner = execution->runner;
    bool looked_through = execution->definition->keeps_nothing || !redactor_is_empty(runner->redactor);

    execution->process_ended = ended;
    redact_stream_init(&execution->clean, runner->redactor);
    return process_start(&runner->loop, &execution->command, looked_through ? &rewritten : &as_it_is,
                         execution, &execution->process, err);
}
