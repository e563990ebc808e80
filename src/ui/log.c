#include "log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "draw.h"

static void ring_init(struct log_ring *ring, size_t max, size_t bytes_max)
{
    *ring = (struct log_ring){ .lines = mem_array(max, sizeof(struct log_line)),
                               .max = max,
                               .bytes_max = bytes_max };
}

static struct log_line *ring_line(const struct log_ring *ring, size_t index)
{
    return &ring->lines[(ring->first + index) % ring->max];
}

static void ring_drop_first(struct log_ring *ring)
{
    struct log_line *line = ring_line(ring, 0);
    ring->bytes -= strlen(line->text);
    free(line->text);
    line->text = NULL;
    ring->first = (ring->first + 1) % ring->max;
    ring->count--;
}

static void ring_add(struct log_ring *ring, const struct log_line *line)
{
    size_t len = strlen(line->text);
    while (ring->count > 0 &&
           (ring->count == ring->max || (ring->bytes_max > 0 && ring->bytes + len > ring->bytes_max)))
        ring_drop_first(ring);
    *ring_line(ring, ring->count) = *line;
    ring->count++;
    ring->bytes += len;
}

static void ring_finish(struct log_ring *ring)
{
    while (ring->count > 0)
        ring_drop_first(ring);
    free(ring->lines);
    ring->lines = NULL;
}

void log_init(struct log *log)
{
    *log = (struct log){ 0 };
    ring_init(&log->events, LOG_EVENT_LINES, 0);
    ring_init(&log->output, LOG_OUTPUT_LINES, LOG_OUTPUT_BYTES);
    buf_init(&log->partial, LOG_LINE_MAX);
}

void log_finish(struct log *log)
{
    ring_finish(&log->events);
    ring_finish(&log->output);
    buf_finish(&log->partial);
}

/* The text made visible, cut with a mark where it is too long for a line. */
static char *visible_copy(const char *bytes, size_t len)
{
    struct buf text;
    buf_init(&text, LOG_LINE_MAX * 8 + 16); /* the longest form of a byte that text_visible writes is 8 */
    size_t kept = len < LOG_LINE_MAX ? len : LOG_LINE_MAX;
    if (text_is_plain(bytes, kept))
        buf_add(&text, bytes, kept);
    else
        text_visible(&text, bytes, kept, false);
    if (len > LOG_LINE_MAX)
        buf_text(&text, " [cut]");
    assert(!text.overflow);
    char *copy = mem_text(buf_str(&text));
    buf_finish(&text);
    return copy;
}

void log_event(struct log *log, int64_t wall_us, enum role_style style, const char *text)
{
    struct log_line line = { log->next_order++, wall_us, (uint8_t)style, visible_copy(text, strlen(text)) };
    ring_add(&log->events, &line);
}

static void end_line(struct log *log)
{
    struct log_line line = { log->next_order++, 0, ROLE_TEXT,
                             visible_copy(buf_str(&log->partial), log->partial.len) };
    ring_add(&log->output, &line);
    buf_clear(&log->partial);
    log->returned = false;
}

/* Bytes without newline or carriage return; a line over the maximum goes on in the next. */
static void add_bytes(struct log *log, const char *bytes, size_t len)
{
    if (len > 0 && log->returned)
        buf_clear(&log->partial);
    log->returned = log->returned && len == 0;
    while (len > 0) {
        size_t room = LOG_LINE_MAX - log->partial.len;
        size_t part = len < room ? len : room;
        buf_add(&log->partial, bytes, part);
        bytes += part;
        len -= part;
        if (len > 0)
            end_line(log);
    }
}

/* A piece without newline. What comes after a carriage return begins the line anew; before a newline it means
 * nothing, and the newline may be in the next piece. */
static void add_piece(struct log *log, const char *bytes, size_t len)
{
    while (len > 0) {
        const char *back = memchr(bytes, '\r', len);
        size_t part = back != NULL ? (size_t)(back - bytes) : len;
        add_bytes(log, bytes, part);
        if (back == NULL)
            return;
        log->returned = true;
        bytes += part + 1;
        len -= part + 1;
    }
}

void log_output(struct log *log, const char *bytes, size_t len)
{
    if (len > LOG_OUTPUT_BYTES) { /* all before would be pushed out by what follows */
        log->left_out += len - LOG_OUTPUT_BYTES;
        bytes += len - LOG_OUTPUT_BYTES;
        len = LOG_OUTPUT_BYTES;
        buf_clear(&log->partial);
    }
    while (len > 0) {
        const char *newline = memchr(bytes, '\n', len);
        size_t piece = newline != NULL ? (size_t)(newline - bytes) : len;
        add_piece(log, bytes, piece);
        if (newline == NULL)
            return;
        end_line(log);
        bytes += piece + 1;
        len -= piece + 1;
    }
}

size_t log_count(const struct log *log)
{
    return log->events.count + log->output.count + (log->partial.len > 0 ? 1 : 0);
}

struct log_walk log_walk_back(const struct log *log)
{
    return (struct log_walk){ log, log->events.count, log->output.count, log->partial.len > 0, { 0 } };
}

const struct log_line *log_walk_next(struct log_walk *walk)
{
    const struct log *log = walk->log;
    if (walk->partial) {
        walk->partial = false;
        walk->line = (struct log_line){ log->next_order, 0, ROLE_TEXT, log->partial.data };
        return &walk->line;
    }
    const struct log_line *event = walk->events > 0 ? ring_line(&log->events, walk->events - 1) : NULL;
    const struct log_line *output = walk->output > 0 ? ring_line(&log->output, walk->output - 1) : NULL;
    if (event == NULL && output == NULL)
        return NULL;
    if (output == NULL || (event != NULL && event->order > output->order)) {
        walk->events--;
        return event;
    }
    walk->output--;
    return output;
}
