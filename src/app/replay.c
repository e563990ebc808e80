#include "replay.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "base/time.h"
#include "json/json.h"
#include "screen.h"
#include "tape.h"
#include "wire/rundir.h"
#include "wire/wire.h"

#define TICK_MS 100
/* What is read and not yet taken: more than the longest line. */
#define UNREAD_MAX ((size_t)16 * 1024 * 1024)

struct replay {
    const struct replay_options *options;
    struct screen *screen;
    struct arena *arena;
    const char *program;
    uv_process_t reader;
    uv_pipe_t pipe;
    uv_timer_t tick;
    struct buf unread;
    struct frozen frozen;
    const struct book *book;
    bool frozen_told; /* how much was frozen is known, and what */
    struct wire_message sizes;
    struct tape *tape;
    struct ui_replay told;
    char fault[ERR_MESSAGE_MAX];
    struct instant at; /* the time that is shown */
    uint64_t since_us; /* the loop's clock, of the last tick */
};

/* ---- where it stands ---- */

static void tell(struct replay *replay)
{
    if (!replay->tape)
        return;
    tape_tell(replay->tape, &replay->told);
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

/* Goes to the place, and the time is that of what came last before it. */
static void go(struct replay *replay, size_t place)
{
    struct err err = ERR_INIT;

    if (tape_seek(replay->tape, place, &err) < 0)
        damaged(replay, err.message);
    replay->at = tape_when(replay->tape, tape_place(replay->tape));
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
    size_t place, from;

    replay->since_us = now_us;
    if (!replay->tape || !replay->told.playing || tape_count(replay->tape) == 0)
        return;
    replay->at.wall_us += gone_us;
    replay->at.boot_us += gone_us;
    from = tape_place(replay->tape);
    place = tape_by(replay->tape, replay->at.wall_us);
    if (place > from && tape_seek(replay->tape, place, &err) < 0)
        damaged(replay, err.message);
    /* After another boot that clock began anew. */
    if (place > from)
        replay->at.boot_us = tape_when(replay->tape, place).boot_us + replay->at.wall_us -
                             tape_when(replay->tape, place).wall_us;
    if (tape_place(replay->tape) == tape_count(replay->tape) && !replay->told.reading) {
        replay->at = tape_when(replay->tape, tape_place(replay->tape));
        replay->told.playing = false;
    }
    tell(replay);
    screen_want_frame(replay->screen);
}

/* ---- reading ---- */

static int take_frozen(struct replay *replay, struct err *err)
{
    const struct wire_message *sizes = &replay->sizes;
    struct frozen *frozen = &replay->frozen;
    const char *at = replay->unread.data;
    int r;

    frozen->settings_len = (size_t)sizes->settings_len;
    frozen->book_len = (size_t)sizes->book_len;
    frozen->targets_len = sizes->targets_len > 0 ? (size_t)sizes->targets_len : 0;
    if (replay->unread.len < frozen->settings_len + frozen->book_len + frozen->targets_len + 1)
        return 0;
    frozen->settings_text = arena_text_len(replay->arena, at, frozen->settings_len);
    at += frozen->settings_len;
    frozen->book_text = arena_text_len(replay->arena, at, frozen->book_len);
    at += frozen->book_len;
    if (sizes->targets_len >= 0)
        frozen->targets_text = arena_text_len(replay->arena, at, frozen->targets_len);
    buf_consume(&replay->unread, (size_t)(at - replay->unread.data) + frozen->targets_len + 1);
    r = frozen_settings(replay->arena, "run.json", frozen, err);
    if (r == 0)
        r = frozen_book(replay->arena, frozen, &replay->book, err);
    if (r == 0)
        replay->tape = tape_create(replay->book, screen_ui(replay->screen));
    return r;
}

/* All is there: to where it was asked to begin. */
static void all_read(struct replay *replay)
{
    replay->told.reading = false;
    if (replay->options->stopped && tape_count(replay->tape) > 0)
        go(replay, tape_after(replay->tape, replay->options->at));
    tell(replay);
}

static int take_message(struct replay *replay, const struct wire_message *message, struct err *err)
{
    switch (message->type) {
    case WIRE_FROZEN:
        replay->sizes = *message;
        replay->frozen_told = true;
        return 0;
    case WIRE_EVENT:
        tape_add_event(replay->tape, &message->event);
        if (tape_count(replay->tape) == 1 && !replay->options->stopped)
            go(replay, 1);
        return 0;
    case WIRE_OUTPUT:
        tape_add_output(replay->tape, message->step, message->bytes);
        return 0;
    case WIRE_LIVE:
        all_read(replay);
        return 0;
    case WIRE_HALT:
        if (!replay->tape || tape_count(replay->tape) == 0)
            return err_set(err, ERR_CORRUPT, "%s", message->text);
        damaged(replay, message->text);
        all_read(replay);
        return 0;
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_ACTION:
    case WIRE_REPLY:
    case WIRE_TYPE_COUNT:
        break;
    }
    return err_set(err, ERR_INVALID, "a recording does not say that");
}

static int take_line(struct replay *replay, const char *line, size_t len, struct err *err)
{
    struct arena *arena = arena_create();
    struct wire_message message;
    int r = wire_read(arena, line, len, &message, err);

    /* A passing event that cannot be read says nothing. */
    if (r < 0 && replay->tape && text_starts(line, "{\"event\":{\"seq\":0,")) {
        arena_destroy(arena);
        return 0;
    }
    if (r == 0 && message.type != WIRE_FROZEN && message.type != WIRE_HALT && !replay->tape)
        r = err_set(err, ERR_INVALID, "a recording begins with what was frozen");
    if (r == 0)
        r = take_message(replay, &message, err);
    arena_destroy(arena);
    return r;
}

static int take_unread(struct replay *replay, struct err *err)
{
    size_t used = 0;
    int r = 0;

    while (r == 0) {
        const char *from = replay->unread.data + used, *end;

        if (replay->frozen_told && !replay->tape) {
            buf_consume(&replay->unread, used);
            used = 0;
            r = take_frozen(replay, err);
            if (r < 0 || !replay->tape)
                break;
            continue;
        }
        end = replay->unread.len > used ? memchr(from, '\n', replay->unread.len - used) : NULL;
        if (!end)
            break;
        used += (size_t)(end - from) + 1;
        r = take_line(replay, from, (size_t)(end - from), err);
    }
    buf_consume(&replay->unread, used);
    return r;
}

/* The reader has gone. It says at its end that it is the end. */
static int end_reading(struct replay *replay, struct err *err)
{
    if (!replay->told.reading)
        return 0;
    if (!replay->tape || tape_count(replay->tape) == 0)
        return err_set(err, ERR_ENVIRONMENT, "%s ended before it said anything", replay->program);
    damaged(replay, "what reads the recording ended too early");
    all_read(replay);
    return 0;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    *buf = uv_buf_init(mem_alloc(suggested), (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct replay *replay = stream->data;
    struct err err = ERR_INIT;
    int r = 0;

    if (n > 0) {
        buf_add(&replay->unread, buf->base, (size_t)n);
        r = buf_ok(&replay->unread, "a line of the recording", &err);
        if (r == 0)
            r = take_unread(replay, &err);
    } else if (n < 0) {
        uv_read_stop(stream);
        r = end_reading(replay, &err);
    }
    free(buf->base);
    if (r < 0) {
        uv_read_stop(stream); /* what comes after it is not the reason any more */
        screen_leave(replay->screen, &err);
    } else if (n != 0)
        tell(replay);
}

static void on_gone(uv_process_t *process, int64_t status, int signal)
{
    (void)status;
    (void)signal;
    uv_close((uv_handle_t *)process, NULL);
}

static int start_reader(struct replay *replay, struct err *err)
{
    const char *argv[] = { "tminus-runner", "feed", replay->options->where, NULL };
    uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
                                     { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
                                       .data.stream = (uv_stream_t *)&replay->pipe },
                                     { .flags = UV_IGNORE } };
    /* libuv does not change the arguments; the type is execvp's. */
    uv_process_options_t options = { .file = replay->program,
                                     .args = (char **)(uintptr_t)argv,
                                     .stdio = stdio,
                                     .stdio_count = 3,
                                     .exit_cb = on_gone };
    int r;

    uv_pipe_init(screen_loop(replay->screen), &replay->pipe, 0);
    replay->pipe.data = replay;
    r = uv_spawn(screen_loop(replay->screen), &replay->reader, &options);
    if (r < 0)
        return err_set(err, ERR_ENVIRONMENT, "cannot start %s: %s", replay->program, uv_strerror(r));
    uv_read_start((uv_stream_t *)&replay->pipe, on_alloc, on_read);
    return 0;
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

/* "120": after that record; "21:40" or "21:40:30": what was to be seen then, on the day of the place or, when
 * that is over before the recording begins, the day after. */
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
    go(replay, tape_by(replay->tape, wall_us));
    if (wall_us > replay->at.wall_us &&
        wall_us <= tape_when(replay->tape, tape_count(replay->tape)).wall_us) {
        replay->at.boot_us += wall_us - replay->at.wall_us;
        replay->at.wall_us = wall_us;
    }
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

static struct instant shown_now(void *data)
{
    struct replay *replay = data;

    return replay->tape && tape_count(replay->tape) > 0 ? replay->at : clock_now();
}

static int start(void *data, struct screen *screen, struct err *err)
{
    struct replay *replay = data;

    replay->screen = screen;
    uv_timer_init(screen_loop(screen), &replay->tick);
    replay->tick.data = replay;
    replay->since_us = uv_hrtime() / 1000;
    uv_timer_start(&replay->tick, on_tick, TICK_MS, TICK_MS);
    return start_reader(replay, err);
}

static void finish(void *data)
{
    struct replay *replay = data;

    if (replay->screen && replay->reader.loop && !uv_is_closing((uv_handle_t *)&replay->reader))
        (void)uv_process_kill(&replay->reader, SIGTERM);
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

    replay.arena = arena_create();
    buf_init(&replay.unread, UNREAD_MAX);
    replay.told =
        (struct ui_replay){ .playing = !options->stopped, .reading = true, .speed = options->speed };
    r = sibling_program(replay.arena, "tminus-runner", &replay.program, err);
    if (r == 0)
        r = screen_run(&screen, &source, &replay, err);
    buf_finish(&replay.unread);
    arena_destroy(replay.arena);
    return r;
}
