#include "runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

struct client {
    struct client *next;
    struct runner *runner;
    struct link *link;
    char *name; /* NULL until it has said hello */
    enum wire_client kind;
    bool watch;
    bool live; /* has had the backlog: gets what comes */
    struct pending *pending;
};

/* A signed action whose signature is being judged. */
struct pending {
    struct pending *next;
    struct client *client;
    int64_t number;
};

static void send_message(struct client *client, const struct wire_message *message)
{
    struct buf line;

    buf_init(&line, LINK_LINE_MAX);
    wire_write(&line, message);
    if (!line.overflow)
        link_send(client->link, buf_str(&line), line.len);
    buf_finish(&line);
}

static void send_raw(struct runner *runner, const char *line, size_t len)
{
    struct client *next;

    /* A send that finds a link broken takes its client out of the list. */
    for (struct client *client = runner->clients; client; client = next) {
        next = client->next;
        if (client->live)
            link_send(client->link, line, len);
    }
}

void clients_send(struct runner *runner, const struct wire_message *message)
{
    struct buf line;

    buf_init(&line, LINK_LINE_MAX);
    wire_write(&line, message);
    if (!line.overflow)
        send_raw(runner, buf_str(&line), line.len);
    buf_finish(&line);
}

void clients_event(struct runner *runner, const struct event *event)
{
    struct wire_message message = { .type = WIRE_EVENT, .event = *event };

    if (runner->clients)
        clients_send(runner, &message);
}

/* ---- coming and going ---- */

static void tell_presence(struct client *client, enum input_type type)
{
    struct input input = { .type = type, .now = clock_now() };

    if (client->kind != WIRE_SCREEN)
        return;
    input.action.actor = client->name;
    input.action.watcher = client->watch;
    input.action.text = "screen";
    runner_take(client->runner, &input);
}

static void client_free(struct client *client)
{
    for (struct pending *next, *pending = client->pending; pending; pending = next) {
        next = pending->next;
        signed_forget(client->runner, pending);
        free(pending);
    }
    free(client->name);
    free(client);
}

static void on_closed(void *data, struct link *link, const char *why)
{
    struct client *client = data;
    struct client **at = &client->runner->clients;

    (void)link;
    (void)why;
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    if (client->name && !client->runner->ending)
        tell_presence(client, INPUT_LEFT);
    client_free(client);
}

static void drop(struct client *client)
{
    struct link *link = client->link;

    on_closed(client, link, "dropped");
    link_close_when_sent(link);
}

/* Lines of JSON, `skip` bytes into each, as event messages in one go. */
static void add_events(struct buf *out, const char *lines, size_t len, size_t skip)
{
    while (len > 0) {
        const char *end = memchr(lines, '\n', len);
        size_t line = end ? (size_t)(end - lines) : len;

        if (line > skip) {
            wire_write_raw_event(out, lines + skip, line - skip);
            buf_char(out, '\n');
        }
        if (!end)
            return;
        lines += line + 1;
        len -= line + 1;
    }
}

/* Everything so far: the journal, what is remembered of passing events, what the running command wrote. */
static int send_backlog(struct client *client, struct err *err)
{
    struct runner *runner = client->runner;
    struct wire_message live = { .type = WIRE_LIVE };
    struct buf journal, out;
    int r;

    buf_init(&journal, LINK_QUEUE_MAX);
    buf_init(&out, LINK_QUEUE_MAX);
    r = file_read(runner->journal_path, &journal, err);
    if (r == 0) {
        /* What is in the file and not durable has not happened. */
        size_t durable = journal.len < runner->journal_len ? journal.len : runner->journal_len;

        add_events(&out, buf_str(&journal), durable, JOURNAL_LINE_PREFIX);
        /* Of a run that is over nothing passes any more: its screens would refuse it. */
        if (runner->run->closed == CHOICE_NONE)
            add_events(&out, buf_str(&runner->recent), runner->recent.len, 0);
        wire_write(&out, &live);
        r = buf_ok(&out, "the run's history", err);
    }
    if (r == 0)
        link_send(client->link, out.data, out.len);
    buf_finish(&journal);
    buf_finish(&out);
    return r;
}

static void send_output_tail(struct client *client)
{
    struct runner *runner = client->runner;
    struct wire_message message = { .type = WIRE_OUTPUT, .step = runner->output_step };
    struct buf shown;

    if (runner->output_tail.len == 0)
        return;
    buf_init(&shown, LINK_LINE_MAX);
    text_visible(&shown, runner->output_tail.data, runner->output_tail.len, true);
    message.bytes = buf_str(&shown);
    send_message(client, &message);
    buf_finish(&shown);
}

static void reply(struct client *client, int64_t number, int result, const char *rule, const char *text)
{
    struct arena *arena = arena_create();
    struct wire_message message = { .type = WIRE_REPLY,
                                    .number = number,
                                    .ok = result == 0,
                                    .rule = rule,
                                    .text = clean_text(client->runner, arena, text) };

    send_message(client, &message);
    arena_destroy(arena);
}

static void on_hello(struct client *client, const struct wire_message *hello)
{
    struct runner *runner = client->runner;
    struct wire_message welcome = { .type = WIRE_WELCOME,
                                    .version = WIRE_VERSION,
                                    .run = runner->options->frozen->run,
                                    .name = runner->options->frozen->operator,
                                    .watch = hello->watch };
    struct err err = ERR_INIT;

    if (client->name || hello->version != WIRE_VERSION || !wire_is_name(hello->name)) {
        reply(client, 0, ERR_INVALID, NULL,
              hello->version == WIRE_VERSION
                  ? "one hello, with a person's name, begins a connection"
                  : "this runner speaks another version: use the program that began the run");
        drop(client);
        return;
    }
    client->name = mem_text(hello->name);
    client->kind = hello->client;
    client->watch = hello->watch;
    tell_presence(client, INPUT_JOINED);
    send_message(client, &welcome);
    /* Before the backlog, so that nobody takes its last state for one that goes on. */
    if (runner->halted) {
        struct wire_message halt = { .type = WIRE_HALT, .text = runner->halted_why };

        send_message(client, &halt);
    }
    if (send_backlog(client, &err) < 0) {
        reply(client, 0, err.code, NULL, err.message);
        drop(client);
        return;
    }
    send_output_tail(client);
    client->live = true;
}

static bool too_long(const char *text)
{
    return text && strlen(text) > WIRE_TEXT_MAX;
}

static void on_signed_told(void *data, int result, const char *rule, const char *why)
{
    struct pending *pending = data, **at = &pending->client->pending;

    while (*at != pending)
        at = &(*at)->next;
    *at = pending->next;
    reply(pending->client, pending->number, result, rule, why);
    free(pending);
}

static void on_signed(struct client *client, const struct wire_message *message)
{
    struct pending *pending;

    if (!client->runner->policy) {
        reply(client, message->number, ERR_REFUSED, NULL,
              "this run goes by no policy: nobody can tell whose signature that is");
        return;
    }
    pending = mem_alloc(sizeof(*pending));
    pending->client = client;
    pending->number = message->number;
    pending->next = client->pending;
    client->pending = pending;
    runner_take_signed(client->runner, message->action.statement, message->action.signature, client->watch,
                       on_signed_told, pending);
}

static void on_action(struct client *client, const struct wire_message *message)
{
    struct action action = message->action;
    enum rule rule = RULE_COUNT;
    struct err err = ERR_INIT;
    int r;

    if (!client->name) {
        reply(client, message->number, ERR_INVALID, NULL, "say hello first");
        return;
    }
    if (too_long(action.text) || too_long(action.subject) || too_long(action.role) ||
        too_long(action.session)) {
        reply(client, message->number, ERR_LIMIT, NULL,
              "a text is at most 4096 bytes long: nothing was done");
        return;
    }
    if (action.statement) {
        on_signed(client, message);
        return;
    }
    action.actor = client->name;
    action.watcher = client->watch;
    r = runner_act(client->runner, &action, &rule, &err);
    reply(client, message->number, r, r < 0 && rule != RULE_COUNT ? rule_text(rule) : NULL, err.message);
}

static void on_line(void *data, struct link *link, const char *line, size_t len)
{
    struct client *client = data;
    struct arena *arena = arena_create();
    struct wire_message message;
    struct err err = ERR_INIT;

    (void)link;
    if (wire_read(arena, line, len, &message, &err) < 0)
        reply(client, 0, err.code, NULL, err.message);
    else if (message.type == WIRE_HELLO)
        on_hello(client, &message);
    else if (message.type == WIRE_ACTION)
        on_action(client, &message);
    else
        reply(client, 0, ERR_INVALID, NULL, "a client says hello and asks for actions");
    arena_destroy(arena);
}

static void on_accepted(void *data, struct link *link)
{
    struct runner *runner = data;
    struct client *client = mem_alloc(sizeof(*client));

    client->runner = runner;
    client->link = link;
    client->next = runner->clients;
    runner->clients = client;
    link_set_data(link, client);
}

int clients_listen(struct runner *runner, struct err *err)
{
    static const struct link_events events = { on_line, on_closed };

    return listener_create(&runner->loop, rundir_path(runner->arena, runner->options->frozen->dir, "socket"),
                           &events, on_accepted, runner, &runner->listener, err);
}

void clients_close(struct runner *runner)
{
    listener_destroy(runner->listener);
    runner->listener = NULL;
    while (runner->clients) {
        struct client *client = runner->clients;

        runner->clients = client->next;
        link_close_when_sent(client->link);
        client_free(client);
    }
}
