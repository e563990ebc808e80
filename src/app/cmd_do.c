#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "engine/words.h"
#include "follower.h"
#include "identity.h"

/* Long enough for a runner that is busy with a slow disk, short enough for a person. */
#define REPLY_TIMEOUT_MS 10000

#define WORDS_MAX 64

struct asking {
    uv_loop_t loop;
    uv_timer_t timeout;
    struct follower *follower;
    struct action action;
    bool answered;
    int result;
    struct err err;
};

static void on_live(void *data)
{
    struct asking *asking = data;

    (void)follower_act(asking->follower, &asking->action);
}

static void on_reply(void *data, int64_t number, bool ok, const char *rule, const char *text)
{
    struct asking *asking = data;

    (void)number;
    (void)rule; /* the sentence begins with it */
    asking->answered = true;
    if (!ok)
        asking->result = err_set(&asking->err, ERR_REFUSED, "refused: %s", text);
    uv_stop(&asking->loop);
}

static void on_lost(void *data, const char *why)
{
    struct asking *asking = data;

    if (asking->answered)
        return;
    asking->result = err_set(&asking->err, ERR_CLOSED, "the runner went away before it answered: %s", why);
    uv_stop(&asking->loop);
}

static void on_timeout(uv_timer_t *timer)
{
    struct asking *asking = timer->data;

    asking->result =
        err_set(&asking->err, ERR_TIMEOUT, "no answer from the runner within %d s: look at `tminus status`",
                REPLY_TIMEOUT_MS / 1000);
    uv_stop(&asking->loop);
}

static int ask(const char *dir, const struct follower_options *options, const struct action *action,
               struct err *err)
{
    static const struct follower_events events = { .live = on_live, .reply = on_reply, .lost = on_lost };
    struct asking asking;
    int r;

    memset(&asking, 0, sizeof(asking));
    asking.action = *action;
    uv_loop_init(&asking.loop);
    uv_timer_init(&asking.loop, &asking.timeout);
    asking.timeout.data = &asking;
    r = follower_open(&asking.loop, dir, options, &events, &asking, &asking.follower, err);
    if (r == 0) {
        uv_timer_start(&asking.timeout, on_timeout, REPLY_TIMEOUT_MS, 0);
        uv_run(&asking.loop, UV_RUN_DEFAULT);
        follower_close(asking.follower);
        r = asking.result;
        if (r < 0)
            *err = asking.err;
    }
    uv_close((uv_handle_t *)&asking.timeout, NULL);
    uv_run(&asking.loop, UV_RUN_DEFAULT); /* what was closed is freed */
    (void)uv_loop_close(&asking.loop);
    return r;
}

static int help(void)
{
    puts("usage: tminus do [RUN] ACTION ... [--as NAME] [--watch] [--key FILE]\n");
    for (int verb = 0; verb < VERB_COUNT; verb++)
        printf("  %-9s %s%s\n", verb_word((enum verb)verb), verb_arguments((enum verb)verb),
               verb_for_anyone((enum verb)verb) ? "" : "   (operator)");
    return 0;
}

/* Takes our own options out of the words; the rest is the action's. */
struct own {
    const char *as, *key;
    bool watch;
};

/* An option with a value, in one word or in two; 1 when it was that one. */
static int take_value(int argc, char **argv, int *at, const char *option, const char **ret, struct err *err)
{
    size_t len = strlen(option);

    if (text_starts(argv[*at], option) && argv[*at][len] == '=') {
        *ret = argv[*at] + len + 1;
        return 1;
    }
    if (!text_equal(argv[*at], option))
        return 0;
    if (++*at == argc)
        return err_set(err, ERR_USAGE, "%s wants a value", option);
    *ret = argv[*at];
    return 1;
}

static int take_own(int argc, char **argv, const char **words, size_t *ret_count, struct own *own,
                    struct err *err)
{
    int r;

    *ret_count = 0;
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--watch")) {
            own->watch = true;
            continue;
        }
        r = take_value(argc, argv, &i, "--as", &own->as, err);
        if (r == 0)
            r = take_value(argc, argv, &i, "--key", &own->key, err);
        if (r < 0)
            return r;
        if (r > 0)
            continue;
        if (*ret_count == WORDS_MAX)
            return err_set(err, ERR_USAGE, "more than %d words: put a text in quotes", WORDS_MAX);
        words[(*ret_count)++] = argv[i];
    }
    return *ret_count > 0 ? 0 : err_set(err, ERR_USAGE, "usage: tminus do %s", command_find("do")->usage);
}

int cmd_do(int argc, char **argv)
{
    struct arena *arena = arena_create();
    const char *words[WORDS_MAX], *run = NULL;
    struct follower_options options = { .client = WIRE_SCRIPT };
    struct own own = { 0 };
    struct rundir_entry entry;
    struct action action;
    struct err err = ERR_INIT;
    size_t count, first = 0;
    int r = take_own(argc, argv, words, &count, &own, &err);

    if (r == 0 && text_equal(words[0], "help")) {
        arena_destroy(arena);
        return help();
    }
    if (r == 0 && count > 1 && verb_of(words[0]) == VERB_COUNT)
        run = words[first++];
    if (r == 0)
        r = action_of_words(arena, words + first, count - first, &action, &err);
    options.watch = own.watch;
    if (r == 0)
        r = rundir_find(arena, run, true, &entry, &err);
    if (r == 0)
        r = identity_key(arena, own.key, &options.key, &err);
    if (r == 0)
        r = identity_here(arena, entry.dir, options.key, own.as, &options.name, &err);
    if (r == 0)
        r = ask(entry.dir, &options, &action, &err);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
