#include "live.h"

#include <string.h>
#include <unistd.h>

#include "follower.h"
#include "launch.h"
#include "screen.h"

#define RECONNECT_MS 1000

struct live {
    struct live_options *options;
    struct screen *screen;
    struct follower *follower;
    uv_poll_t answer;
    uv_timer_t reconnect;
    struct buf answered;
};

/* ---- what the runner says ---- */

static void on_event(void *data, const struct event *event, bool backlog)
{
    struct live *live = data;

    ui_event(screen_ui(live->screen), event, backlog);
    if (!backlog)
        screen_want_frame(live->screen);
}

static void on_live(void *data)
{
    struct live *live = data;

    ui_link(screen_ui(live->screen), UI_LINK_UP, "");
    screen_draw(live->screen);
}

static void on_output(void *data, const char *step, const char *bytes)
{
    struct live *live = data;

    ui_output(screen_ui(live->screen), step, bytes, strlen(bytes));
    screen_want_frame(live->screen);
}

static void on_reply(void *data, int64_t number, bool ok, const char *rule, const char *text)
{
    struct live *live = data;

    (void)number;
    (void)rule;
    ui_reply(screen_ui(live->screen), ok ? NULL : text);
    screen_draw(live->screen);
}

static void on_halt(void *data, const char *text)
{
    struct live *live = data;

    ui_halted(screen_ui(live->screen), text);
    screen_want_frame(live->screen);
}

static void connect_run(struct live *live);

static void on_reconnect(uv_timer_t *timer)
{
    connect_run(timer->data);
}

static void on_lost(void *data, const char *why)
{
    struct live *live = data;
    bool over = follower_run(live->follower)->closed != CHOICE_NONE;

    ui_link(screen_ui(live->screen), UI_LINK_LOST, over ? "the run is over, its runner has ended" : why);
    screen_want_frame(live->screen);
    /* Somebody may take the run up again; the last state stays on the screen until then. */
    if (!over)
        uv_timer_start(&live->reconnect, on_reconnect, RECONNECT_MS, 0);
}

static void connect_run(struct live *live)
{
    static const struct follower_events events = { on_event, on_live, on_output, on_reply, on_halt, on_lost };
    struct follower_options options = { live->options->name, WIRE_SCREEN, live->options->watch,
                                        live->options->key };
    struct follower *follower;
    struct err err = ERR_INIT;

    if (follower_open(screen_loop(live->screen), live->options->dir, &options, &events, live, &follower,
                      &err) < 0) {
        ui_link(screen_ui(live->screen), UI_LINK_LOST, err.message);
        screen_want_frame(live->screen);
        uv_timer_start(&live->reconnect, on_reconnect, RECONNECT_MS, 0);
        return;
    }
    ui_set_run(screen_ui(live->screen), follower_run(follower), NULL);
    follower_close(live->follower);
    live->follower = follower;
}

/* The runner that is starting says how it went. */
static void on_answer(uv_poll_t *poll, int status, int events)
{
    struct live *live = poll->data;
    char chunk[512];
    ssize_t n = read(live->options->answer, chunk, sizeof(chunk));
    struct err err = ERR_INIT;

    (void)status;
    (void)events;
    if (n > 0)
        buf_add(&live->answered, chunk, (size_t)n);
    if (n > 0 && !memchr(buf_str(&live->answered), '\n', live->answered.len))
        return;
    uv_poll_stop(poll);
    if (live->answered.len > 0)
        live->answered.data[strcspn(live->answered.data, "\n")] = '\0';
    if (launch_answer(buf_str(&live->answered), &err) < 0)
        screen_leave(live->screen, &err);
    else
        connect_run(live);
}

/* ---- what the screen asks for ---- */

static int start(void *data, struct screen *screen, struct err *err)
{
    struct live *live = data;
    struct live_options *options = live->options;
    int r = options->begin ? options->begin(options->data, options, err) : 0;

    live->screen = screen;
    if (r < 0)
        return r;
    ui_set_run(screen_ui(screen), NULL, options->title);
    uv_timer_init(screen_loop(screen), &live->reconnect);
    live->reconnect.data = live->answer.data = live;
    if (options->answer < 0) {
        connect_run(live);
        return 0;
    }
    uv_poll_init(screen_loop(screen), &live->answer, options->answer);
    uv_poll_start(&live->answer, UV_READABLE, on_answer);
    return 0;
}

static void request(void *data, const struct ui_request *request)
{
    struct live *live = data;

    if (request->type != UI_REQUEST_ACTION)
        return;
    if (live->follower && follower_is_live(live->follower))
        (void)follower_act(live->follower, &request->action);
    else
        ui_reply(screen_ui(live->screen), "no runner is connected: nothing was done");
}

static void finish(void *data)
{
    struct live *live = data;

    if (live->options->ret_over)
        *live->options->ret_over = live->follower && follower_run(live->follower)->closed != CHOICE_NONE;
    follower_close(live->follower);
}

int live_run(struct live_options *options, struct err *err)
{
    static const struct screen_source source = { start, request, NULL, finish };
    struct live live = { .options = options };
    struct screen_options screen = { .title = options->title,
                                     .theme = options->theme,
                                     .ui = { .ascii = options->ascii,
                                             .watcher = options->watch,
                                             .me = options->name,
                                             .signs = options->key != NULL } };
    int r;

    buf_init(&live.answered, ERR_MESSAGE_MAX + 32);
    r = screen_run(&screen, &source, &live, err);
    buf_finish(&live.answered);
    return r;
}
