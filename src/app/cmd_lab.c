#include "cmd.h"

#include <stdio.h>

#include "app.h"
#include "base/text.h"
#include "lab.h"

#define OUTPUT_MAX 4096

struct lab_command {
    struct lab_options options;
    bool json;
};

static int complain(const struct err *err)
{
    (void)fprintf(stderr, "tminus lab: %s\n", err->message);
    return err_exit_status(err->code);
}

static int print(struct buf *text)
{
    struct err err = ERR_INIT;
    int r = buf_ok(text, "what there is to say", &err);
    if (r == 0)
        puts(buf_str(text));
    buf_finish(text);
    return r < 0 ? complain(&err) : 0;
}

static int up(const struct lab_command *command, struct err *err)
{
    struct buf path;
    buf_init(&path, OUTPUT_MAX);
    int r = lab_up(&command->options, err);
    if (r == LAB_WAS_UP)
        (void)fprintf(stderr, "tminus lab: it is up already\n");
    bool was_up = r == LAB_WAS_UP;
    if (r >= 0)
        r = lab_targets(&command->options, &path, err);
    if (r < 0) {
        buf_finish(&path);
        return complain(err);
    }
    if (!command->json)
        return print(&path);
    struct buf text;
    struct json_writer w;
    buf_init(&text, OUTPUT_MAX);
    json_write_init(&w, &text);
    json_open(&w, NULL);
    json_put_text(&w, "targets", buf_str(&path));
    json_put_bool(&w, "was_up", was_up);
    json_close(&w);
    buf_finish(&path);
    return print(&text);
}

static int down(const struct lab_command *command, struct err *err)
{
    int r = lab_down(&command->options, err);
    if (r < 0)
        return complain(err);
    if (r == LAB_WAS_DOWN)
        (void)fprintf(stderr, "tminus lab: there was nothing to take down\n");
    return 0;
}

static void write_json(const struct lab_state *state, struct buf *text)
{
    struct json_writer w;
    json_write_init(&w, text);
    json_open(&w, NULL);
    json_put_text(&w, "dir", state->dir);
    json_put_bool(&w, "up", state->whole);
    json_put_bool(&w, "load", state->load);
    json_open_array(&w, "servers");
    for (size_t i = 0; i < state->server_count; i++) {
        const struct lab_server_state *server = &state->servers[i];
        json_open(&w, NULL);
        json_put_text(&w, "name", server->name);
        json_put_bool(&w, "answers", server->answers);
        json_put_integer(&w, "pid", server->pid);
        json_put_integer(&w, "port", server->port);
        json_put_text(&w, "says", server->says);
        json_close(&w);
    }
    json_close_array(&w);
    json_close(&w);
}

static void write_lines(const struct lab_state *state, struct buf *text)
{
    buf_format(text, "%s: %s, %s load", state->dir, state->whole ? "up" : "not whole",
               state->load ? "with" : "without");
    for (size_t i = 0; i < state->server_count; i++) {
        const struct lab_server_state *server = &state->servers[i];
        buf_format(text, "\n%-8s ", server->name);
        if (server->port != 0)
            buf_format(text, "port %d: ", server->port);
        buf_text(text, server->answers ? server->says : "does not answer");
    }
}

static int status(const struct lab_command *command, struct err *err)
{
    struct lab_state state;
    struct buf text;
    if (lab_status(&command->options, &state, err) < 0)
        return complain(err);
    buf_init(&text, OUTPUT_MAX);
    if (command->json)
        write_json(&state, &text);
    else if (state.there)
        write_lines(&state, &text);
    else
        buf_format(&text, "%s: there is no lab", state.dir);
    int r = print(&text);
    return r == 0 && !state.whole ? 1 : r;
}

int cmd_lab(int argc, char **argv)
{
    static const struct {
        const char *word;
        size_t at_least, at_most; /* words, with this one */
        int (*run)(const struct lab_command *command, struct err *err);
    } verbs[] = { { "up", 2, 2, up }, { "down", 1, 2, down }, { "status", 1, 2, status } };
    struct err err = ERR_INIT;
    struct lab_command command = { .json = false };
    const struct option_row options[] = {
        { "--dir", OPTION_VALUE, &command.options.dir },
        { "--load", OPTION_FLAG, &command.options.load },
        { "--json", OPTION_FLAG, &command.json },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    if (arguments_parse(argc, argv, options, &arguments, &err) < 0 ||
        arguments_count(&arguments, 1, 2, "lab", &err) < 0)
        return complain(&err);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (!text_equal(arguments.list[0], verbs[i].word))
            continue;
        if (arguments_count(&arguments, verbs[i].at_least, verbs[i].at_most, "lab", &err) < 0)
            return complain(&err);
        command.options.kind = arguments.count > 1 ? arguments.list[1] : NULL;
        return verbs[i].run(&command, &err);
    }
    err_set(&err, ERR_USAGE, "there is no \"lab %s\"; there is up, down and status", arguments.list[0]);
    return complain(&err);
}
