#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "feed.h"
#include "screen.h"
#include "tape.h"

#define TICK_MS 100

struct replay {
    const struct replay_options *options;
    struct screen *screen;
    struct feed feed;
    struct tape *tape; /* NULL: the book is not there yet */
    uv_timer_t tick;
    struct ui_replay told;
    char fault[ERR_MESSAGE_MAX];
    int64_t time_us;   /* that is shown, since the beginning */
    uint64_t since_us; /* the loop's clock, of the last tick */
};

/* ---- where it stands ---- */

static void tell(struct replay *replay)
{
    if (!replay->tape)
        return;
    tape_tell(replay->tape, &replay->told);
    replay->told.now_us = replay->time_us;
    replay->told.fault = replay->fault[0] ? replay->fault : NULL;
    ui_set_replay(screen_ui(replay->screen), &replay->told);
}

/* In the banner for good, and once in full. */
static void damaged(struct replay *replay, const char *why)
{
    if (replay->fault[0])
        return;
    (void)snprintf(replay->fault, sizeof(replay->fault), "%s", why);
    ui_reply(screen_ui(replay->screen), replay->fault);
}

/* Goes to the place, and the time is when the last thing before it came. */
static void go(struct replay *replay, size_t place)
{
    struct err err = ERR_INIT;

    if (tape_seek(replay->tape, place, &err) < 0)
        damaged(replay, err.message);
    replay->time_us = tape_time(replay->tape, tape_place(replay->tape));
    tell(replay);
    screen_want_frame(replay->screen);
}

static void play(struct replay *replay, bool playing)
{
    replay->told.playing = playing;
    replay->since_us = uv_hrtime() / 1000;
    tell(replay);
    screen_want_frame(replay->screen);
}

/* ---- playing ---- */

static void on_tick(uv_timer_t *timer)
{
    struct replay *replay = timer->data;
    uint64_t now_us = uv_hrtime() / 1000;
    int64_t gone_us = (int64_t)((double)(now_us - replay->since_us) * replay->told.speed);
    struct err err = ERR_INIT;

    replay->since_us = now_us;
    if (!replay->tape || !replay->told.playing || tape_count(replay->tape) == 0)
        return;
    replay->time_us += gone_us;
    if (tape_seek(replay->tape, tape_by(replay->tape, replay->time_us), &err) < 0)
        damaged(replay, err.message);
    if (tape_place(replay->tape) == tape_count(replay->tape) && !replay->told.reading) {
        replay->time_us = tape_time(replay->tape, tape_place(replay->tape));
        replay->told.playing = false;
    }
    tell(replay);
    screen_want_frame(replay->screen);
}

/* ---- what comes in ---- */

static void on_book(void *data, const struct book *book)
{
    struct replay *replay = data;

    replay->tape = tape_create(book, screen_ui(replay->screen));
}

static void on_event(void *data, const struct event *event)
{
    struct replay *replay = data;

    tape_add_event(replay->tape, event);
    if (tape_count(replay->tape) == 1 && !replay->options->stopped)
        go(replay, 1);
}

static void on_output(void *data, const char *step, const char *bytes)
{
    struct replay *replay = data;

    tape_add_output(replay->tape, step, bytes);
}

/* All that there is has come: to where it was asked to begin. With nothing to show it ends. */
static void on_over(void *data, const struct err *why)
{
    struct replay *replay = data;

    if (!replay->tape || tape_count(replay->tape) == 0) {
        static const struct err nothing = { ERR_NOT_FOUND, "nothing was recorded of that run" };

        screen_leave(replay->screen, why ? why : &nothing);
        return;
    }
    if (why)
        damaged(replay, why->message);
    replay->told.reading = false;
    if (replay->options->stopped)
        go(replay, tape_after(replay->tape, replay->options->at));
    tell(replay);
}

/* ---- what the screen asks for ---- */

static void faster(struct replay *replay, double times)
{
    double speed = replay->told.speed * times;

    if (speed >= REPLAY_SPEED_MIN && speed <= REPLAY_SPEED_MAX)
        replay->told.speed = speed;
    play(replay, replay->told.playing);
}

static void find(struct replay *replay, const struct ui_request *request, int direction)
{
    static const char *const words[] = { "record", "decision", "failure", "trigger that fired" };
    size_t place = tape_find(replay->tape, request->kind, request->text, direction);

    if (place != NO_PLACE) {
        play(replay, false);
        go(replay, place);
    } else {
        struct buf text;

        buf_init(&text, 4096);
        if (request->text)
            buf_format(&text, "\"%s\": not %s here", request->text, direction > 0 ? "after" : "before");
        else
            buf_format(&text, "no %s %s here", words[request->kind], direction > 0 ? "after" : "before");
        ui_reply(screen_ui(replay->screen), buf_str(&text));
        buf_finish(&text);
    }
}

/* "120": after that record; "21:40" or "21:40:30": when the clock said so, on the day on which it began or,
 * when that is before the beginning, on the next. */
static void go_to(struct replay *replay, const char *text)
{
    const int64_t day = 24 * 3600 * SECOND_US, first = tape_when(replay->tape, 0).wall_us;
    unsigned hours, minutes, seconds = 0;
    char rest[2];
    int64_t wall_us;

    if (strlen(text) > 0 && strlen(text) <= 15 && strspn(text, "0123456789") == strlen(text)) {
        play(replay, false);
        go(replay, tape_after(replay->tape, strtoull(text, NULL, 10)));
        return;
    }
    if ((sscanf(text, "%2u:%2u%1s", &hours, &minutes, rest) != 2 &&
         sscanf(text, "%2u:%2u:%2u%1s", &hours, &minutes, &seconds, rest) != 3) ||
        hours > 23 || minutes > 59 || seconds > 59) {
        ui_reply(screen_ui(replay->screen),
                 "expected the number of a record, as in 120, or a time, as in 21:40 or 21:40:30");
        return;
    }
    wall_us = first - first % day + (int64_t)(hours * 3600 + minutes * 60 + seconds) * SECOND_US;
    if (wall_us < first - 60 * SECOND_US)
        wall_us += day;
    play(replay, false);
    go(replay, tape_at_wall(replay->tape, wall_us));
}

static void request(void *data, const struct ui_request *request)
{
    struct replay *replay = data;

    if (request->type != UI_REQUEST_REPLAY || !replay->tape || tape_count(replay->tape) == 0)
        return;
    switch (request->move) {
    case UI_REPLAY_PLAY:
        if (!replay->told.playing && !replay->told.reading &&
            tape_place(replay->tape) == tape_count(replay->tape))
            go(replay, 1); /* once more */
        play(replay, !replay->told.playing);
        break;
    case UI_REPLAY_FASTER:
        faster(replay, 2);
        break;
    case UI_REPLAY_SLOWER:
        faster(replay, 0.5);
        break;
    case UI_REPLAY_FIRST:
        go(replay, 1);
        break;
    case UI_REPLAY_LAST:
        play(replay, false);
        go(replay, tape_count(replay->tape));
        break;
    case UI_REPLAY_NEXT:
        find(replay, request, 1);
        break;
    case UI_REPLAY_PREVIOUS:
        find(replay, request, -1);
        break;
    case UI_REPLAY_GO:
        go_to(replay, request->text);
        break;
    }
}

/* The clocks of the last thing that came, and what has passed since. */
static struct instant shown_now(void *data)
{
    struct replay *replay = data;
    struct instant now;
    size_t place;

    if (!replay->tape || tape_count(replay->tape) == 0)
        return clock_now();
    place = tape_place(replay->tape);
    now = tape_when(replay->tape, place);
    now.wall_us += replay->time_us - tape_time(replay->tape, place);
    now.boot_us += replay->time_us - tape_time(replay->tape, place);
    return now;
}

static int start(void *data, struct screen *screen, struct err *err)
{
    static const struct feed_events events = { on_book, on_event, on_output, on_over };
    struct replay *replay = data;

    replay->screen = screen;
    uv_timer_init(screen_loop(screen), &replay->tick);
    replay->tick.data = replay;
    replay->since_us = uv_hrtime() / 1000;
    uv_timer_start(&replay->tick, on_tick, TICK_MS, TICK_MS);
    return feed_start(&replay->feed, screen_loop(screen), replay->options->where, &events, replay, err);
}

static void finish(void *data)
{
    struct replay *replay = data;

    feed_stop(&replay->feed);
    tape_destroy(replay->tape);
    replay->tape = NULL;
}

int replay_run(const struct replay_options *options, struct err *err)
{
    static const struct screen_source source = { start, request, shown_now, finish };
    struct replay replay = { .options = options };
    struct screen_options screen = { .title = options->where,
                                     .theme = options->theme,
                                     .ui = { .ascii = options->ascii, .me = "", .replay = true } };
    int r;

    replay.told =
        (struct ui_replay){ .playing = !options->stopped, .reading = true, .speed = options->speed };
    r = screen_run(&screen, &source, &replay, err);
    feed_finish(&replay.feed);
    return r;
}
