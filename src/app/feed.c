#include "feed.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/text.h"
#include "json/json.h"

/* What is read and not yet taken: more than the longest line. */
#define UNREAD_MAX ((size_t)16 * 1024 * 1024)

static void end(struct feed *feed, const struct err *why)
{
    if (feed->is_over)
        return;
    feed->is_over = true;
    uv_read_stop((uv_stream_t *)&feed->pipe);
    feed->events->over(feed->data, why);
}

/* ---- what is said ---- */

/* The next of the texts; NULL where there is none. */
static const char *take_text(struct feed *feed, const char **at, int64_t size, size_t *ret_len)
{
    const char *text = size >= 0 ? arena_text_len(feed->arena, *at, (size_t)size) : NULL;

    *ret_len = size > 0 ? (size_t)size : 0;
    *at += *ret_len;
    return text;
}

static size_t at_least_none(int64_t size)
{
    return size > 0 ? (size_t)size : 0;
}

static int take_frozen(struct feed *feed, struct err *err)
{
    const struct wire_message *sizes = &feed->sizes;
    struct frozen *frozen = &feed->frozen;
    const char *at = feed->unread.data;
    int r;

    if (feed->unread.len < at_least_none(sizes->settings_len) + at_least_none(sizes->book_len) +
                               at_least_none(sizes->targets_len) + at_least_none(sizes->certificate_len) + 1)
        return 0;
    frozen->settings_text = take_text(feed, &at, sizes->settings_len, &frozen->settings_len);
    frozen->book_text = take_text(feed, &at, sizes->book_len, &frozen->book_len);
    frozen->targets_text = take_text(feed, &at, sizes->targets_len, &frozen->targets_len);
    frozen->certificate_text = take_text(feed, &at, sizes->certificate_len, &frozen->certificate_len);
    buf_consume(&feed->unread, (size_t)(at - feed->unread.data) + 1);
    r = frozen_settings(feed->arena, "run.json", frozen, err);
    if (r == 0)
        r = frozen_book(feed->arena, frozen, &feed->book, err);
    if (r == 0)
        feed->events->book(feed->data, feed->book);
    return r;
}

static int take_message(struct feed *feed, const struct wire_message *message, struct err *err)
{
    switch (message->type) {
    case WIRE_FROZEN:
        feed->sizes = *message;
        feed->sized = true;
        return 0;
    case WIRE_EVENT:
        feed->events->event(feed->data, &message->event);
        return 0;
    case WIRE_OUTPUT:
        feed->events->output(feed->data, message->step, message->bytes);
        return 0;
    case WIRE_LIVE:
        end(feed, NULL);
        return 0;
    case WIRE_HALT:
        return err_set(err, ERR_CORRUPT, "%s", message->text);
    case WIRE_HELLO:
    case WIRE_WELCOME:
    case WIRE_ACTION:
    case WIRE_REPLY:
    case WIRE_TYPE_COUNT:
        break;
    }
    return err_set(err, ERR_INVALID, "a recording does not say that");
}

static int take_line(struct feed *feed, const char *line, size_t len, struct err *err)
{
    struct arena *arena = arena_create();
    struct wire_message message;
    int r = wire_read(arena, line, len, &message, err);

    /* A passing event that cannot be read says nothing. */
    if (r < 0 && feed->book && text_starts(line, "{\"event\":{\"seq\":0,")) {
        arena_destroy(arena);
        return 0;
    }
    if (r == 0 && message.type != WIRE_FROZEN && message.type != WIRE_HALT && !feed->book)
        r = err_set(err, ERR_INVALID, "a recording begins with what was frozen");
    if (r == 0)
        r = take_message(feed, &message, err);
    arena_destroy(arena);
    return r;
}

static int take_unread(struct feed *feed, struct err *err)
{
    size_t used = 0;
    int r = 0;

    while (r == 0 && !feed->is_over) {
        const char *from = feed->unread.data + used, *newline;

        if (feed->sized && !feed->book) {
            buf_consume(&feed->unread, used);
            used = 0;
            r = take_frozen(feed, err);
            if (!feed->book)
                break;
            continue;
        }
        newline = feed->unread.len > used ? memchr(from, '\n', feed->unread.len - used) : NULL;
        if (!newline)
            break;
        used += (size_t)(newline - from) + 1;
        r = take_line(feed, from, (size_t)(newline - from), err);
    }
    buf_consume(&feed->unread, used);
    return r;
}

/* ---- the reader ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    *buf = uv_buf_init(mem_alloc(suggested), (unsigned)suggested);
}

/* A reader that has gone said at its end that it is the end. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct feed *feed = stream->data;
    struct err err = ERR_INIT;
    int r = 0;

    if (n > 0) {
        buf_add(&feed->unread, buf->base, (size_t)n);
        r = buf_ok(&feed->unread, "a line of the recording", &err);
        if (r == 0)
            r = take_unread(feed, &err);
    } else if (n < 0) {
        r = err_set(&err, ERR_ENVIRONMENT, "%s, which reads the recording, ended too early", feed->program);
    }
    free(buf->base);
    if (r < 0)
        end(feed, &err);
}

static void on_gone(uv_process_t *process, int64_t status, int signal)
{
    struct feed *feed = process->data;

    (void)status;
    (void)signal;
    feed->running = false;
    uv_close((uv_handle_t *)process, NULL);
}

int feed_start(struct feed *feed, uv_loop_t *loop, const char *where, const struct feed_events *events,
               void *data, struct err *err)
{
    const char *argv[] = { "tminus-runner", "feed", where, NULL };
    uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
                                     { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
                                       .data.stream = (uv_stream_t *)&feed->pipe },
                                     { .flags = UV_IGNORE } };
    /* libuv does not change the arguments; the type is execvp's. */
    uv_process_options_t options = {
        .args = (char **)(uintptr_t)argv, .stdio = stdio, .stdio_count = 3, .exit_cb = on_gone
    };
    int r;

    memset(feed, 0, sizeof(*feed));
    feed->events = events;
    feed->data = data;
    feed->arena = arena_create();
    buf_init(&feed->unread, UNREAD_MAX);
    r = sibling_program(feed->arena, "tminus-runner", &feed->program, err);
    if (r < 0)
        return r;
    options.file = feed->program;
    uv_pipe_init(loop, &feed->pipe, 0);
    feed->pipe.data = feed->reader.data = feed;
    r = uv_spawn(loop, &feed->reader, &options);
    if (r < 0)
        return err_set(err, ERR_ENVIRONMENT, "cannot start %s: %s", feed->program, uv_strerror(r));
    feed->running = true;
    uv_read_start((uv_stream_t *)&feed->pipe, on_alloc, on_read);
    return 0;
}

void feed_stop(struct feed *feed)
{
    feed->is_over = true;
    if (feed->running)
        (void)uv_process_kill(&feed->reader, SIGTERM);
}

void feed_finish(struct feed *feed)
{
    buf_finish(&feed->unread);
    arena_destroy(feed->arena);
}
