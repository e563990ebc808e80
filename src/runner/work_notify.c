#include "runner.h"

#include <stdio.h>

#include "base/text.h"

/* Somebody is told: by a request with the text in its JSON, or by a command that gets it as its last
 * argument. Nothing waits for it, and what did not get through shows as failed. */

#define GRACE_US (2 * SECOND_US)

static void end(struct execution *execution, bool told, const char *why)
{
    struct outcome outcome = { .status = told ? OUTCOME_OK : OUTCOME_FAILED,
                               .clean = true,
                               .message = why,
                               .value = told ? why : NULL };

    execution_end(execution, &outcome);
}

/* ---- webhooks ---- */

static void on_http(void *data, const struct http_answer *answer)
{
    struct execution *execution = data;
    char why[ERR_MESSAGE_MAX];

    execution->asking = false;
    if (answer->answered)
        (void)snprintf(why, sizeof(why), "status %ld", answer->status);
    else
        (void)snprintf(why, sizeof(why), "%s: %s", answer->sent ? "may have been delivered" : "not told",
                       answer->why);
    end(execution, answer->answered && answer->status >= 200 && answer->status < 300, why);
}

/* What chat systems take is "text"; the rest is for whoever reads it by a program. */
static void write_body(const struct execution *execution, const char *text, struct buf *body)
{
    const struct runner *runner = execution->runner;
    struct json_writer w;

    json_write_init(&w, body);
    json_open(&w, NULL);
    json_put_text(&w, "text", text);
    json_put_text(&w, "to", execution->definition->notice->to);
    json_put_text(&w, "run", runner->options->frozen->run);
    json_put_text(&w, "book", runner->book->id);
    json_put_text(&w, "step", execution->definition->id);
    json_put_text(&w, "environment", runner->options->frozen->environment);
    json_put_text(&w, "operator", runner->run->operator);
    json_close(&w);
}

static int post(struct execution *execution, const char *text, struct err *err)
{
    const struct notice *notice = execution->definition->notice;
    const char *url = notice->url_from ? secrets_value(execution->runner, notice->url_from) : notice->url;
    struct http_request request = { .url = url,
                                    .method = "POST",
                                    .timeout_us = execution->definition->timeout_us };
    struct http_client *client;
    struct buf body;
    int r = runner_http(execution->runner, &client, err);

    if (r < 0)
        return r;
    if (!url)
        return err_set(err, ERR_ENVIRONMENT, "the secret %s, its URL, is not there", notice->url_label);
    buf_init(&body, JSON_MAX_BYTES);
    write_body(execution, text, &body);
    request.body = buf_str(&body);
    r = buf_ok(&body, "the text", err);
    if (r == 0)
        r = http_ask(client, &request, on_http, execution, err);
    execution->asking = r == 0;
    buf_finish(&body);
    return r;
}

/* ---- commands ---- */

static void ended(struct execution *execution, const struct driver_result *result)
{
    bool cut_off = result->status == DRIVER_TIMED_OUT || result->status == DRIVER_CANCELLED;
    char why[ERR_MESSAGE_MAX];

    (void)snprintf(why, sizeof(why), "%s%s", cut_off ? "may have been delivered: " : "", result->message);
    end(execution, result->status == DRIVER_OK, why);
}

static int call(struct execution *execution, const char *text, struct err *err)
{
    const struct notice *notice = execution->definition->notice;
    const char **argv = arena_array(execution->arena, notice->argv_count + 1, sizeof(*argv));
    const char **environment = arena_array(execution->arena, WORK_PROCESS_ENV, sizeof(*environment));

    for (size_t i = 0; i < notice->argv_count; i++)
        argv[i] = notice->argv[i];
    argv[notice->argv_count] = text;
    work_process_environment(execution, environment);
    execution->command = (struct driver_command){
        .argc = notice->argv_count + 1,
        .argv = argv,
        .env_count = WORK_PROCESS_ENV,
        .env = environment,
        .directory = work_process_directory(execution),
        .timeout_us = execution->definition->timeout_us,
        .grace_us = GRACE_US,
    };
    return work_process_start(execution, ended, err);
}

void notify_begin(struct execution *execution)
{
    const struct notice *notice = execution->definition->notice;
    struct work_place place = { execution->step, NULL };
    struct err err = ERR_INIT;
    const char *text;
    int r = runner_fill(execution->runner, execution->arena, &place, notice->text, FILL_IN_TEXT, &text, &err);

    if (r == 0)
        r = notice->argv_count > 0 ? call(execution, text, &err) : post(execution, text, &err);
    if (r < 0)
        end(execution, false, arena_format(execution->arena, "not told: %s", err.message));
}
