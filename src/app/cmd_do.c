#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "cmd.h"
#include "engine/words.h"
#include "follower.h"

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

static int ask(const char *dir, const char *name, bool watch, const struct action *action, struct err *err)
{
    static const struct follower_events events = { .live = on_live, .reply = on_reply, .lost = on_lost };
    struct follower_options options = { name, WIRE_SCRIPT, watch };
    struct asking asking;
    int r;

    memset(&asking, 0, sizeof(asking));
    asking.action = *action;
    uv_loop_init(&asking.loop);
    uv_timer_init(&asking.loop, &asking.timeout);
    asking.timeout.data = &asking;
    r = follower_open(&asking.loop, dir, &options, &events, &asking, &asking.follower, err);
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
    puts("usage: tminus do [RUN] ACTION ... [--as NAME] [--watch]\n");
    for (int verb = 0; verb < VERB_COUNT; verb++)
        printf("  %-9s %s%s\n", verb_word((enum verb)verb), verb_arguments((enum verb)verb),
               verb_for_anyone((enum verb)verb) ? "" : "   (operator)");
    return 0;
}

/* Takes our own options out of the words; the rest is the action's. */
static int take_own(int argc, char **argv, const char **words, size_t *ret_count, const char **ret_as,
                    bool *ret_watch, struct err *err)
{
    *ret_count = 0;
    for (int i = 1; i < argc; i++) {
        if (text_equal(argv[i], "--watch")) {
            *ret_watch = true;
        } else if (text_equal(argv[i], "--as")) {
            if (++i == argc)
                return err_set(err, ERR_USAGE, "--as wants a value");
            *ret_as = argv[i];
        } else if (text_starts(argv[i], "--as=")) {
            *ret_as = argv[i] + 5;
        } else if (*ret_count == WORDS_MAX) {
            return err_set(err, ERR_USAGE, "more than %d words: put a text in quotes", WORDS_MAX);
        } else {
            words[(*ret_count)++] = argv[i];
        }
    }
    return *ret_count > 0 ? 0 : err_set(err, ERR_USAGE, "usage: tminus do %s", command_find("do")->usage);
}

int cmd_do(int argc, char **argv)
{
    struct arena *arena = arena_create();
    const char *words[WORDS_MAX], *as = NULL, *name, *run = NULL;
    struct rundir_entry entry;
    struct action action;
    struct err err = ERR_INIT;
    size_t count, first = 0;
    bool watch = false;
    int r = take_own(argc, argv, words, &count, &as, &watch, &err);

    if (r == 0 && text_equal(words[0], "help")) {
        arena_destroy(arena);
        return help();
    }
    if (r == 0 && count > 1 && verb_of(words[0]) == VERB_COUNT)
        run = words[first++];
    if (r == 0)
        r = action_of_words(arena, words + first, count - first, &action, &err);
    if (r == 0)
        r = who_am_i(arena, as, &name, &err);
    if (r == 0)
        r = rundir_find(arena, run, true, &entry, &err);
    if (r == 0)
        r = ask(entry.dir, name, watch, &action, &err);
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
