#include "screen.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/text.h"
#include "term/term.h"
#include "theme.h"

/* At most ten frames a second; the clock alone makes one a second. */
#define FRAME_MS 100
#define CLOCK_MS 1000

struct screen {
    const struct screen_options *options;
    const struct screen_source *source;
    void *data; /* of the source */
    uv_loop_t loop;
    uv_poll_t keys;
    uv_signal_t resized;
    uv_timer_t frame, clock;
    struct arena *arena;
    struct ui *ui;
    struct canvas canvas;
    bool frame_due;
    bool gone; /* the terminal is no more */
    struct err err;
};

/* ---- frames ---- */

static void leave(struct screen *screen)
{
    uv_stop(&screen->loop);
}

void screen_leave(struct screen *screen, const struct err *err)
{
    if (err)
        screen->err = *err;
    leave(screen);
}

uv_loop_t *screen_loop(struct screen *screen)
{
    return &screen->loop;
}

struct ui *screen_ui(struct screen *screen)
{
    return screen->ui;
}

static struct instant now(const struct screen *screen)
{
    return screen->source->now ? screen->source->now(screen->data) : clock_now();
}

void screen_draw(struct screen *screen)
{
    struct err err = ERR_INIT;

    screen->frame_due = false;
    uv_timer_stop(&screen->frame);
    ui_draw(screen->ui, &screen->canvas, now(screen));
    if (ui_bell(screen->ui))
        term_bell();
    if (term_paint(&screen->canvas, &err) < 0) {
        screen->gone = true;
        leave(screen);
    }
}

static void on_clock(uv_timer_t *timer)
{
    screen_draw(timer->data);
}

/* Where the samples of each second make a frame, the clock makes no other one. */
static void on_frame(uv_timer_t *timer)
{
    struct screen *screen = timer->data;

    uv_timer_start(&screen->clock, on_clock, CLOCK_MS + FRAME_MS, CLOCK_MS);
    screen_draw(screen);
}

void screen_want_frame(struct screen *screen)
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
    screen_want_frame(screen);
}

static void on_resized(uv_signal_t *signal, int number)
{
    (void)number;
    resize(signal->data);
}

/* ---- keys ---- */

static void carry_out_requests(struct screen *screen)
{
    struct ui_request request;

    while ((request = ui_request(screen->ui)).type != UI_REQUEST_NONE) {
        switch (request.type) {
        case UI_REQUEST_ACTION:
        case UI_REQUEST_REPLAY:
            screen->source->request(screen->data, &request);
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
        ui_key(screen->ui, &key, now(screen));
        carry_out_requests(screen);
    }
    if (gone) {
        screen->gone = true;
        leave(screen);
        return;
    }
    screen_draw(screen);
}

/* ---- the whole ---- */

static int open_terminal(struct screen *screen, struct err *err)
{
    const char *no_color = getenv("NO_COLOR");
    struct term_options options = { .no_color = no_color && no_color[0] };
    struct ui_options ui_options = screen->options->ui;
    int r = theme_of(screen->arena, screen->options->theme, &options.theme, err);

    if (r == 0)
        r = term_open(&options, err);
    if (r < 0)
        return r;
    ui_options.ascii = ui_options.ascii || !term_is_utf8();
    screen->ui = ui_create(&ui_options);
    ui_set_run(screen->ui, NULL, screen->options->title);
    canvas_init(&screen->canvas);
    resize(screen);
    screen_draw(screen);
    return 0;
}

static void start_loop(struct screen *screen)
{
    uv_poll_init(&screen->loop, &screen->keys, STDIN_FILENO);
    uv_poll_start(&screen->keys, UV_READABLE | UV_DISCONNECT, on_keys);
    uv_signal_start(&screen->resized, on_resized, SIGWINCH);
    uv_timer_start(&screen->clock, on_clock, CLOCK_MS, CLOCK_MS);
}

static void on_walk(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void finish(struct screen *screen)
{
    screen->source->finish(screen->data);
    /* What was asked for last leaves before the connection does. */
    uv_run(&screen->loop, UV_RUN_NOWAIT);
    uv_walk(&screen->loop, on_walk, NULL);
    uv_run(&screen->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&screen->loop);
    ui_destroy(screen->ui);
    canvas_finish(&screen->canvas);
    arena_destroy(screen->arena);
}

static int stay(struct screen *screen, struct err *err)
{
    int r = screen->source->start(screen->data, screen, err);

    if (r < 0)
        return r;
    start_loop(screen);
    uv_run(&screen->loop, UV_RUN_DEFAULT);
    if (screen->err.code < 0)
        *err = screen->err;
    return screen->err.code;
}

int screen_run(const struct screen_options *options, const struct screen_source *source, void *data,
               struct err *err)
{
    struct screen screen;
    int r;

    memset(&screen, 0, sizeof(screen));
    screen.options = options;
    screen.source = source;
    screen.data = data;
    screen.arena = arena_create();
    uv_loop_init(&screen.loop);
    uv_timer_init(&screen.loop, &screen.frame);
    uv_timer_init(&screen.loop, &screen.clock);
    uv_signal_init(&screen.loop, &screen.resized);
    screen.keys.data = screen.resized.data = screen.frame.data = screen.clock.data = &screen;
    r = open_terminal(&screen, err);
    if (r == 0) {
        r = stay(&screen, err);
        term_close();
    }
    finish(&screen);
    return r;
}
