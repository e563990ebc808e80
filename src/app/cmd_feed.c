#include <stdio.h>
#include <string.h>

#include "app.h"
#include "cmd.h"
#include "journal/journal.h"
#include "recording.h"
#include "wire/wire.h"

#define OUT_BUFFER    ((size_t)256 * 1024)
#define FEED_LINE_MAX ((size_t)12 * 1024 * 1024) /* all that was frozen */

/* What was recorded, for a screen that plays it: the screen links nothing that can read a trail. */
struct feed {
    struct buf line;
};

static int put_line(struct feed *feed, struct err *err)
{
    int r = buf_ok(&feed->line, "a line of the recording", err);

    buf_char(&feed->line, '\n');
    if (r == 0 && fwrite(feed->line.data, 1, feed->line.len, stdout) != feed->line.len)
        r = err_set(err, ERR_CLOSED, "the screen is gone");
    buf_clear(&feed->line);
    return r;
}

static int on_frozen(void *data, const struct frozen *frozen, const struct book *book, struct err *err)
{
    struct feed *feed = data;
    struct wire_message message = { .type = WIRE_FROZEN,
                                    .settings_len = (int64_t)frozen->settings_len,
                                    .book_len = (int64_t)frozen->book_len,
                                    .targets_len = frozen->targets_text ? (int64_t)frozen->targets_len : -1,
                                    .certificate_len =
                                        frozen->certificate_text ? (int64_t)frozen->certificate_len : -1 };

    (void)book;
    wire_write(&feed->line, &message);
    buf_char(&feed->line, '\n');
    buf_add(&feed->line, frozen->settings_text, frozen->settings_len);
    buf_add(&feed->line, frozen->book_text, frozen->book_len);
    if (frozen->targets_text)
        buf_add(&feed->line, frozen->targets_text, frozen->targets_len);
    if (frozen->certificate_text)
        buf_add(&feed->line, frozen->certificate_text, frozen->certificate_len);
    return put_line(feed, err);
}

static int on_passing(void *data, const char *json, size_t len, struct err *err)
{
    struct feed *feed = data;

    wire_write_raw_event(&feed->line, json, len);
    return put_line(feed, err);
}

static int on_record(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)event;
    return on_passing(data, line + JOURNAL_LINE_PREFIX, len - JOURNAL_LINE_PREFIX, err);
}

static int on_output(void *data, const char *step, const char *bytes, struct err *err)
{
    struct feed *feed = data;
    struct wire_message message = { .type = WIRE_OUTPUT, .step = step, .bytes = bytes };

    wire_write(&feed->line, &message);
    return put_line(feed, err);
}

int cmd_feed(int argc, char **argv)
{
    static const struct recording_reader reader = { on_frozen, on_record, on_passing, on_output };
    struct arena *arena = arena_create();
    struct wire_message end = { .type = WIRE_LIVE };
    struct err err = ERR_INIT, told = ERR_INIT;
    struct feed feed;
    int r;

    (void)setvbuf(stdout, NULL, _IOFBF, OUT_BUFFER);
    buf_init(&feed.line, FEED_LINE_MAX);
    r = recording_read(arena, argc > 1 ? argv[1] : NULL, &reader, &feed, &err);
    if (r < 0) {
        buf_clear(&feed.line);
        end.type = WIRE_HALT;
        end.text = err.message;
    }
    wire_write(&feed.line, &end);
    (void)put_line(&feed, &told); /* a screen that is gone needs no answer */
    (void)fflush(stdout);
    buf_finish(&feed.line);
    arena_destroy(arena);
    return r < 0 ? err_exit_status(r) : 0;
}
