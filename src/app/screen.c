#include "screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/file.h"
#include "base/text.h"
#include "follower.h"
#include "launch.h"
#include "term/term.h"
#include "ui/ui.h"

/* At most ten frames a second; the clock alone makes one a second. */
#define FRAME_MS     100
#define CLOCK_MS     1000
#define RECONNECT_MS 1000

struct screen {
    struct screen_options *options;
    uv_loop_t loop;
    uv_poll_t keys;
    uv_poll_t answer;
    uv_signal_t resized;
    uv_timer_t frame, clock, reconnect;
    struct arena *arena;
    struct ui *ui;
    struct canvas canvas;
    struct follower *follower;
    struct buf answered;
    bool frame_due;
    bool gone; /* the terminal is no more */
    struct err err;
};

/* ---- frames ---- */

static void leave(struct screen *screen)
{
    uv_stop(&screen->loop);
}

/* Shows all that there is to show, at once: what a person asked for does not wait for a frame that is due. */
static void draw(struct screen *screen)
{
    struct err err = ERR_INIT;

    screen->frame_due = false;
    uv_timer_stop(&screen->frame);
    ui_draw(screen->ui, &screen->canvas, clock_now());
    if (ui_bell(screen->ui))
        term_bell();
    if (term_paint(&screen->canvas, &err) < 0) {
        screen->gone = true;
        leave(screen);
    }
}

static void on_clock(uv_timer_t *timer)
{
    draw(timer->data);
}

/* Where the samples of each second make a frame, the clock makes no other one. */
static void on_frame(uv_timer_t *timer)
{
    struct screen *screen = timer->data;

    uv_timer_start(&screen->clock, on_clock, CLOCK_MS + FRAME_MS, CLOCK_MS);
    draw(screen);
}

/* What happens by itself waits for what happens with it: a flood of output makes ten frames a second, and the
 * samples of a second make one. */
static void want_frame(struct screen *screen)
{
    if (screen->frame_due)
        return;
    screen->frame_due = true;
    uv_timer_start(&screen->frame, on_frame, FRAME_MS, 0);
}

static void resize(struct screen *screen)
{
    int rows, columns;

    term_size(&rows, &columns);
    canvas_resize(&screen->canvas, rows, columns);
    term_invalidate();
    want_frame(screen);
}

static void on_resized(uv_signal_t *signal, int number)
{
    (void)number;
    resize(signal->data);
}

/* ---- the run ---- */

static void on_event(void *data, const struct event *event, bool backlog)
{
    struct screen *screen = data;

    ui_event(screen->ui, event, backlog);
    if (!backlog)
        want_frame(screen);
}

static void on_live(void *data)
{
    struct screen *screen = data;

    ui_link(screen->ui, UI_LINK_UP, "");
    draw(screen);
}

static void on_output(void *data, const char *step, const char *bytes)
{
    struct screen *screen = data;

    ui_output(screen->ui, step, bytes, strlen(bytes));
    want_frame(screen);
}

static void on_reply(void *data, int64_t number, bool ok, const char *rule, const char *text)
{
    struct screen *screen = data;

    (void)number;
    (void)rule;
    ui_reply(screen->ui, ok ? NULL : text);
    draw(screen);
}

static void on_halt(void *data, const char *text)
{
    struct screen *screen = data;

    ui_halted(screen->ui, text);
    want_frame(screen);
}

static void connect_run(struct screen *screen);

static void on_reconnect(uv_timer_t *timer)
{
    connect_run(timer->data);
}

static void on_lost(void *data, const char *why)
{
    struct screen *screen = data;
    bool over = follower_run(screen->follower)->closed != CHOICE_NONE;

    ui_link(screen->ui, UI_LINK_LOST, over ? "the run is over, its runner has ended" : why);
    want_frame(screen);
    /* Somebody may take the run up again; the last state stays on the screen until then. */
    if (!over)
        uv_timer_start(&screen->reconnect, on_reconnect, RECONNECT_MS, 0);
}

static void connect_run(struct screen *screen)
{
    static const struct follower_events events = { on_event, on_live, on_output, on_reply, on_halt, on_lost };
    struct follower_options options = { screen->options->name, WIRE_SCREEN, screen->options->watch,
                                        screen->options->key };
    struct follower *follower;
    struct err err = ERR_INIT;

    if (follower_open(&screen->loop, screen->options->dir, &options, &events, screen, &follower, &err) < 0) {
        ui_link(screen->ui, UI_LINK_LOST, err.message);
        want_frame(screen);
        uv_timer_start(&screen->reconnect, on_reconnect, RECONNECT_MS, 0);
        return;
    }
    ui_set_run(screen->ui, follower_run(follower), NULL);
    follower_close(screen->follower);
    screen->follower = follower;
}

/* The runner that is starting says how it went. */
static void on_answer(uv_poll_t *poll, int status, int events)
{
    struct screen *screen = poll->data;
    char chunk[512];
    ssize_t n = read(screen->options->answer, chunk, sizeof(chunk));

    (void)status;
    (void)events;
    if (n > 0)
        buf_add(&screen->answered, chunk, (size_t)n);
    if (n > 0 && !memchr(buf_str(&screen->answered), '\n', screen->answered.len))
        return;
    uv_poll_stop(poll);
    if (screen->answered.len > 0)
        screen->answered.data[strcspn(screen->answered.data, "\n")] = '\0';
    if (launch_answer(buf_str(&screen->answered), &screen->err) < 0)
        leave(screen);
    else
        connect_run(screen);
}

/* ---- keys ---- */

static void carry_out_requests(struct screen *screen)
{
    struct ui_request request;

    while ((request = ui_request(screen->ui)).type != UI_REQUEST_NONE) {
        switch (request.type) {
        case UI_REQUEST_ACTION:
            if (screen->follower && follower_is_live(screen->follower))
                (void)follower_act(screen->follower, &request.action);
            else
                ui_reply(screen->ui, "no runner is connected: nothing was done");
            break;
        case UI_REQUEST_DETACH:
            leave(screen);
            break;
        case UI_REQUEST_REPAINT:
            resize(screen);
            break;
        case UI_REQUEST_FLUSH_INPUT:
            term_flush_input();
            break;
        case UI_REQUEST_NONE:
            break;
        }
    }
}

static void on_keys(uv_poll_t *poll, int status, int events)
{
    struct screen *screen = poll->data;
    struct ui_key key;
    bool gone = status < 0;

    (void)events;
    while (term_key(&key, &gone)) {
        ui_key(screen->ui, &key, clock_now());
        carry_out_requests(screen);
    }
    if (gone) {
        screen->gone = true;
        leave(screen);
        return;
    }
    draw(screen);
}

/* ---- the whole ---- */

static int load_theme(struct screen *screen, const struct theme **ret, struct err *err)
{
    const char *name = screen->options->theme ? screen->options->theme : "dark", *path = name, *text;
    struct json_faults *faults;
    struct buf report;
    size_t len;
    int r = 0;

    if (!strchr(name, '/'))
        r = data_file(screen->arena, arena_format(screen->arena, "themes/%s.json", name), &path, err);
    if (r < 0 && !screen->options->theme) {
        /* The program works without any file beside it. */
        *ret = theme_monochrome();
        return 0;
    }
    if (r < 0)
        return err_set(
            err, ERR_USAGE,
            "there is no theme \"%s\": say dark, light, high-contrast, monochrome or the path of one", name);
    if (r == 0)
        r = read_document(screen->arena, path, &text, &len, err);
    if (r < 0)
        return r;
    faults = arena_alloc(screen->arena, sizeof(*faults));
    json_faults_init(faults, screen->arena);
    *ret = theme_load(screen->arena, text, len, faults);
    if (*ret)
        return 0;
    buf_init(&report, REPORT_MAX);
    report_faults(&report, path, faults);
    (void)fputs(buf_str(&report), stderr);
    buf_finish(&report);
    return err_set(err, ERR_INVALID, "the theme is refused");
}

static int open_terminal(struct screen *screen, struct err *err)
{
    const char *no_color = getenv("NO_COLOR");
    struct term_options options = { .no_color = no_color && no_color[0] };
    struct ui_options ui_options = { .watcher = screen->options->watch,
                                     .me = screen->options->name,
                                     .signs = screen->options->key != NULL };
    int r = load_theme(screen, &options.theme, err);

    if (r == 0)
        r = term_open(&options, err);
    if (r < 0)
        return r;
    ui_options.ascii = screen->options->ascii || !term_is_utf8();
    screen->ui = ui_create(&ui_options);
    ui_set_run(screen->ui, NULL, screen->options->title);
    canvas_init(&screen->canvas);
    resize(screen);
    draw(screen);
    return 0;
}

static void start_loop(struct screen *screen)
{
    uv_poll_init(&screen->loop, &screen->keys, STDIN_FILENO);
    uv_poll_start(&screen->keys, UV_READABLE | UV_DISCONNECT, on_keys);
    uv_signal_start(&screen->resized, on_resized, SIGWINCH);
    uv_timer_start(&screen->clock, on_clock, CLOCK_MS, CLOCK_MS);
    if (screen->options->answer < 0) {
        connect_run(screen);
        return;
    }
    uv_poll_init(&screen->loop, &screen->answer, screen->options->answer);
    screen->answer.data = screen;
    uv_poll_start(&screen->answer, UV_READABLE, on_answer);
}

static void on_walk(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void finish(struct screen *screen)
{
    follower_close(screen->follower);
    /* What was asked for last leaves before the connection does. */
    uv_run(&screen->loop, UV_RUN_NOWAIT);
    uv_walk(&screen->loop, on_walk, NULL);
    uv_run(&screen->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&screen->loop);
    ui_destroy(screen->ui);
    canvas_finish(&screen->canvas);
    buf_finish(&screen->answered);
    arena_destroy(screen->arena);
}

static int begin(struct screen *screen, struct err *err)
{
    int r = screen->options->begin ? screen->options->begin(screen->options->data, screen->options, err) : 0;

    if (r == 0)
        ui_set_run(screen->ui, NULL, screen->options->title);
    return r;
}

static int stay(struct screen *screen, struct err *err)
{
    struct screen_options *options = screen->options;
    int r = begin(screen, err);

    if (r < 0)
        return r;
    start_loop(screen);
    uv_run(&screen->loop, UV_RUN_DEFAULT);
    if (options->ret_over)
        *options->ret_over = screen->follower && follower_run(screen->follower)->closed != CHOICE_NONE;
    if (screen->err.code < 0)
        *err = screen->err;
    return screen->err.code;
}

int screen_run(struct screen_options *options, struct err *err)
{
    struct screen screen;
    int r;

    memset(&screen, 0, sizeof(screen));
    screen.options = options;
    screen.arena = arena_create();
    buf_init(&screen.answered, ERR_MESSAGE_MAX + 32);
    uv_loop_init(&screen.loop);
    uv_timer_init(&screen.loop, &screen.frame);
    uv_timer_init(&screen.loop, &screen.clock);
    uv_timer_init(&screen.loop, &screen.reconnect);
    uv_signal_init(&screen.loop, &screen.resized);
    screen.keys.data = screen.resized.data = screen.frame.data = screen.clock.data = screen.reconnect.data =
        &screen;
    r = open_terminal(&screen, err);
    if (r == 0) {
        r = stay(&screen, err);
        term_close();
    }
    finish(&screen);
    return r;
}
