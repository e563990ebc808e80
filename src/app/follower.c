#include "follower.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct follower {
    struct arena *arena;
    struct frozen frozen;
    const struct book *book;
    struct run *run;
    struct link *link; /* NULL once lost */
    const struct follower_events *events;
    void *data;
    int64_t last_number;
    bool live;
};

static void lose(struct follower *follower, const char *why)
{
    if (!follower->link)
        return;
    link_close(follower->link);
    follower->link = NULL;
    if (follower->events->lost)
        follower->events->lost(follower->data, why);
}

/* ---- what the runner says ---- */

static void on_event(struct follower *follower, const struct wire_message *message)
{
    struct err err = ERR_INIT;

    if (run_apply(follower->run, &message->event, &err) < 0) {
        lose(follower, err.message);
        return;
    }
    if (follower->events->event)
        follower->events->event(follower->data, &message->event, !follower->live);
}

static void on_live(struct follower *follower, const struct wire_message *message)
{
    (void)message;
    follower->live = true;
    if (follower->events->live)
        follower->events->live(follower->data);
}

static void on_output(struct follower *follower, const struct wire_message *message)
{
    if (follower->events->output)
        follower->events->output(follower->data, message->step, message->bytes);
}

static void on_reply(struct follower *follower, const struct wire_message *message)
{
    if (message->number == 0 && !message->ok)
        lose(follower, message->text);
    else if (follower->events->reply)
        follower->events->reply(follower->data, message->number, message->ok, message->rule, message->text);
}

static void on_halt(struct follower *follower, const struct wire_message *message)
{
    if (follower->events->halt)
        follower->events->halt(follower->data, message->text);
}

static void on_welcome(struct follower *follower, const struct wire_message *message)
{
    if (message->version != WIRE_VERSION)
        lose(follower, "the runner speaks another version: use the program that began the run");
}

static void on_client_message(struct follower *follower, const struct wire_message *message)
{
    (void)message;
    lose(follower, "the runner said what only a client says");
}

static void (*const hears[WIRE_TYPE_COUNT])(struct follower *, const struct wire_message *) = {
    [WIRE_HELLO] = on_client_message, [WIRE_WELCOME] = on_welcome,
    [WIRE_EVENT] = on_event,          [WIRE_LIVE] = on_live,
    [WIRE_OUTPUT] = on_output,        [WIRE_ACTION] = on_client_message,
    [WIRE_REPLY] = on_reply,          [WIRE_HALT] = on_halt,
};

static void on_line(void *data, struct link *link, const char *line, size_t len)
{
    struct follower *follower = data;
    struct arena *arena = arena_create();
    struct wire_message message;
    struct err err = ERR_INIT;

    (void)link;
    if (wire_read(arena, line, len, &message, &err) < 0)
        lose(follower, err.message);
    else
        hears[message.type](follower, &message);
    arena_destroy(arena);
}

static void on_closed(void *data, struct link *link, const char *why)
{
    struct follower *follower = data;

    (void)link;
    follower->link = NULL;
    if (follower->events->lost)
        follower->events->lost(follower->data, why);
}

/* ---- coming, asking, going ---- */

static void say(struct follower *follower, const struct wire_message *message)
{
    struct buf line;

    if (!follower->link)
        return;
    buf_init(&line, LINK_LINE_MAX);
    wire_write(&line, message);
    if (!line.overflow)
        link_send(follower->link, buf_str(&line), line.len);
    buf_finish(&line);
}

int follower_open(uv_loop_t *loop, const char *dir, const struct follower_options *options,
                  const struct follower_events *events, void *data, struct follower **ret, struct err *err)
{
    static const struct link_events link_events = { on_line, on_closed };
    struct follower *follower = mem_alloc(sizeof(*follower));
    struct wire_message hello = { .type = WIRE_HELLO,
                                  .version = WIRE_VERSION,
                                  .name = options->name,
                                  .client = options->client,
                                  .watch = options->watch };
    int r;

    follower->arena = arena_create();
    follower->events = events;
    follower->data = data;
    r = rundir_read(follower->arena, dir, &follower->frozen, err);
    if (r == 0)
        r = frozen_book(follower->arena, &follower->frozen, &follower->book, err);
    if (r == 0)
        r = link_connect(loop, rundir_path(follower->arena, dir, "socket"), &link_events, follower,
                         &follower->link, err);
    if (r < 0) {
        follower_close(follower);
        return r;
    }
    follower->run = run_create(follower->book);
    say(follower, &hello);
    *ret = follower;
    return 0;
}

void follower_close(struct follower *follower)
{
    if (!follower)
        return;
    link_close(follower->link);
    run_destroy(follower->run);
    arena_destroy(follower->arena);
    free(follower);
}

int64_t follower_act(struct follower *follower, const struct action *action)
{
    struct wire_message message = { .type = WIRE_ACTION,
                                    .number = ++follower->last_number,
                                    .action = *action };

    say(follower, &message);
    return message.number;
}

const struct run *follower_run(const struct follower *follower)
{
    return follower->run;
}

const struct book *follower_book(const struct follower *follower)
{
    return follower->book;
}

const struct frozen *follower_frozen(const struct follower *follower)
{
    return &follower->frozen;
}

bool follower_is_live(const struct follower *follower)
{
    return follower->live;
}
