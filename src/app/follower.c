#include "follower.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/statement.h"
#include "sign/sign.h"

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
    uv_loop_t *loop;
    const char *name, *key;
    struct signing *signings;
};

/* A decision that a worker signs. */
struct signing {
    struct signing *next;
    struct follower *follower; /* NULL: it is gone */
    struct arena *arena;
    int64_t number;
    struct action action;
    const char *key;
    struct buf statement, signature;
    uv_work_t work;
    int result;
    struct err err;
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
    follower->loop = loop;
    follower->name = arena_text(follower->arena, options->name);
    follower->key = arena_text(follower->arena, options->key);
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
    for (struct signing *signing = follower->signings; signing; signing = signing->next)
        signing->follower = NULL;
    link_close(follower->link);
    run_destroy(follower->run);
    arena_destroy(follower->arena);
    free(follower);
}

/* ---- asking ---- */

static void ask(struct follower *follower, int64_t number, const struct action *action)
{
    struct wire_message message = { .type = WIRE_ACTION, .number = number, .action = *action };

    say(follower, &message);
}

static void on_work(uv_work_t *work)
{
    struct signing *signing = work->data;

    signing->result = sign_bytes(signing->key, SIGN_DECISION, signing->statement.data, signing->statement.len,
                                 &signing->signature, &signing->err);
}

static void answer(struct follower *follower, int64_t number, const char *why)
{
    if (follower->events->reply)
        follower->events->reply(follower->data, number, false, NULL, why);
}

static void signing_free(struct signing *signing)
{
    buf_finish(&signing->statement);
    buf_finish(&signing->signature);
    arena_destroy(signing->arena);
    free(signing);
}

static void on_signed(uv_work_t *work, int status)
{
    struct signing *signing = work->data, **at;
    struct follower *follower = signing->follower;

    (void)status; /* never cancelled */
    if (follower) {
        for (at = &follower->signings; *at != signing;)
            at = &(*at)->next;
        *at = signing->next;
        signing->action.statement = buf_str(&signing->statement);
        signing->action.signature = buf_str(&signing->signature);
        if (signing->result < 0)
            answer(follower, signing->number, signing->err.message);
        else
            ask(follower, signing->number, &signing->action);
    }
    signing_free(signing);
}

/* What is signed is the decision as it would be recorded, and what was seen when it was made. */
static int state(const struct follower *follower, struct signing *signing, const struct action *action,
                 struct err *err)
{
    struct action by_me = *action;
    struct statement statement;
    int r;

    by_me.actor = follower->name;
    r = statement_of(follower->run, &by_me, clock_now(), signing->arena, &statement, err);
    if (r < 0)
        return r;
    statement_write(&signing->statement, &statement);
    signing->action.verb = action->verb;
    signing->action.subject = arena_text(signing->arena, action->subject);
    signing->action.choice = action->choice;
    return buf_ok(&signing->statement, "what is to be signed", err);
}

static void sign_and_ask(struct follower *follower, int64_t number, const struct action *action)
{
    struct signing *signing = mem_alloc(sizeof(*signing));

    signing->follower = follower;
    signing->arena = arena_create();
    signing->number = number;
    signing->key = arena_text(signing->arena, follower->key);
    signing->work.data = signing;
    buf_init(&signing->statement, STATEMENT_MAX);
    buf_init(&signing->signature, SIGN_SIGNATURE_MAX);
    if (state(follower, signing, action, &signing->err) < 0) {
        answer(follower, number, signing->err.message);
        signing_free(signing);
        return;
    }
    signing->next = follower->signings;
    follower->signings = signing;
    /* Fails only for a missing callback. */
    (void)uv_queue_work(follower->loop, &signing->work, on_work, on_signed);
}

int64_t follower_act(struct follower *follower, const struct action *action)
{
    int64_t number = ++follower->last_number;

    if (follower->key && statement_wanted(follower->run, action))
        sign_and_ask(follower, number, action);
    else
        ask(follower, number, action);
    return number;
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

pid_t follower_runner(const struct follower *follower)
{
    return follower->link ? link_peer_pid(follower->link) : 0;
}

bool follower_is_live(const struct follower *follower)
{
    return follower->live;
}
