#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/file.h"
#include "base/text.h"
#include "clone.h"
#include "journal/journal.h"

#define CHUNK       ((size_t)256 * 1024)
#define SEGMENT_MAX ((size_t)64 * 1024 * 1024) /* a clone's segment of passing events */
/* Of what a step wrote, as much is shown as a screen keeps. */
#define OUTPUT_SHOWN ((size_t)64 * 1024)

/* Passing events, one after the other, from a file or from the segments of a clone. */
struct passing {
    int fd; /* -1: from the clone */
    unsigned number;
    struct buf text; /* read and not yet handed out, from `at_byte` on */
    size_t at_byte;
    bool over;
    const char *line; /* of the next one */
    size_t len;
    struct instant at;
    bool waiting; /* it has not been handed out */
};

struct reading {
    struct arena *arena;
    const struct recording_reader *reader;
    void *data;
    struct frozen frozen;
    const struct book *book;
    const struct clone *clone; /* NULL: the run's directory is here */
    struct passing passing;
    struct instant newest; /* record */
    int64_t shown_us;      /* boot clock of the last passing event, since the machine was started */
};

/* ---- what the panes showed ---- */

static void fill(struct reading *reading)
{
    struct passing *passing = &reading->passing;
    struct arena *arena;
    const char *text;
    size_t len;
    char *chunk;
    ssize_t n;

    buf_consume(&passing->text, passing->at_byte);
    passing->at_byte = 0;
    if (passing->fd < 0) {
        arena = arena_create();
        passing->over =
            !reading->clone || clone_samples(arena, reading->clone, ++passing->number, &text, &len, NULL) < 0;
        if (!passing->over)
            buf_add(&passing->text, text, len);
        arena_destroy(arena);
        return;
    }
    chunk = mem_alloc(CHUNK);
    do {
        n = read(passing->fd, chunk, CHUNK);
    } while (n < 0 && errno == EINTR);
    passing->over = n <= 0;
    if (n > 0)
        buf_add(&passing->text, chunk, (size_t)n);
    passing->over = passing->over || passing->text.overflow;
    free(chunk);
}

static bool take_number(const char *line, size_t len, const char *name, int64_t *ret)
{
    const char *found = memmem(line, len, name, strlen(name));

    if (!found)
        return false;
    /* It ends before the line does: a newline follows. */
    *ret = strtoll(found + strlen(name), NULL, 10);
    return true;
}

/* Only when it came is of interest here; that stands near the beginning. Nothing with a seq is one of them.
 */
static bool take_line(struct passing *passing, size_t len)
{
    static const char first[] = "{\"seq\":0,";

    passing->line = passing->text.data + passing->at_byte;
    passing->len = len;
    passing->at_byte += len + 1;
    return len >= sizeof(first) && memcmp(passing->line, first, sizeof(first) - 1) == 0 &&
           take_number(passing->line, len, "\"wall_us\":", &passing->at.wall_us) &&
           take_number(passing->line, len, "\"boot_us\":", &passing->at.boot_us);
}

/* False after the last. */
static bool next_passing(struct reading *reading)
{
    struct passing *passing = &reading->passing;

    while (!passing->over) {
        const char *from = passing->text.data + passing->at_byte;
        const char *end = passing->text.len > passing->at_byte
                              ? memchr(from, '\n', passing->text.len - passing->at_byte)
                              : NULL;

        if (!end)
            fill(reading);
        else if (take_line(passing, (size_t)(end - from)))
            return true;
    }
    return false;
}

/* Whether it came before the record. By the boot-time clock, as nobody sets that one; when it went back, the
 * event is from after another start of the machine than the records so far. */
static bool came_before(const struct reading *reading, const struct instant *record)
{
    const struct instant *at = &reading->passing.at;

    return at->boot_us >= reading->shown_us && at->boot_us <= record->boot_us;
}

static bool came_by_the_wall(const struct reading *reading, const struct instant *record)
{
    return reading->passing.at.wall_us <= record->wall_us;
}

/* Hands out what was shown before the record. */
static int show(struct reading *reading, bool (*before)(const struct reading *, const struct instant *),
                const struct instant *record, struct err *err)
{
    struct passing *passing = &reading->passing;
    int r = 0;

    while (r == 0) {
        if (!passing->waiting)
            passing->waiting = next_passing(reading);
        if (!passing->waiting || !before(reading, record))
            return 0;
        passing->waiting = false;
        reading->shown_us = passing->at.boot_us;
        r = reading->reader->passing(reading->data, passing->line, passing->len, err);
    }
    return r;
}

/* The machine was started anew between this record and the one before. */
static int show_rest(struct reading *reading, const struct instant *record, struct err *err)
{
    int r = show(reading, came_by_the_wall, record, err);

    reading->shown_us = INT64_MIN;
    return r;
}

/* ---- what the steps wrote ---- */

/* The end of a file. */
static void read_end(const char *path, struct buf *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    off_t size = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
    size_t len = size > (off_t)OUTPUT_SHOWN ? OUTPUT_SHOWN : size > 0 ? (size_t)size : 0;
    char *bytes = mem_alloc(len + 1);
    ssize_t n = len > 0 ? pread(fd, bytes, len, size - (off_t)len) : 0;

    if (n > 0)
        buf_add(ret, bytes, (size_t)n);
    if (n < 0 || size < 0)
        buf_text(ret, "[what was written here cannot be read any more]\n");
    if (fd >= 0)
        close(fd);
    free(bytes);
}

static void read_output(struct reading *reading, const char *name, struct buf *ret)
{
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    const char *text;
    size_t len;

    if (!reading->clone)
        read_end(rundir_path(arena, reading->frozen.dir, name), ret);
    else if (clone_file(arena, reading->clone, name, &text, &len, &err) < 0)
        buf_format(ret, "[%s]\n", err.message);
    else
        buf_add(ret, len > OUTPUT_SHOWN ? text + len - OUTPUT_SHOWN : text,
                len > OUTPUT_SHOWN ? OUTPUT_SHOWN : len);
    arena_destroy(arena);
}

static int show_output(struct reading *reading, const struct event *event, struct err *err)
{
    const struct step *writer = event->output && event->output[0]
                                    ? book_find_work(reading->book, event->subject, event->entry)
                                    : NULL;
    struct buf bytes, shown;
    char name[256];
    int r;

    if (!writer)
        return 0;
    /* Ids are shorter than that. */
    (void)snprintf(name, sizeof(name), "output/%s.%" PRId64 ".log", writer->id, event->attempt);
    buf_init(&bytes, OUTPUT_SHOWN + ERR_MESSAGE_MAX);
    buf_init(&shown, (OUTPUT_SHOWN + ERR_MESSAGE_MAX) * 8);
    read_output(reading, name, &bytes);
    text_visible(&shown, buf_str(&bytes), bytes.len, true);
    r = shown.len > 0 ? reading->reader->output(reading->data, writer->id, buf_str(&shown), err) : 0;
    buf_finish(&bytes);
    buf_finish(&shown);
    return r;
}

/* ---- all of it ---- */

static int on_record(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    struct reading *reading = data;
    const char *newline = memchr(line, '\n', len);
    int r = 0;

    if (reading->clone && event->type == EVENT_RUN_OPENED)
        r = clone_check(reading->clone, event, err);
    if (r == 0 && event->at.boot_us < reading->newest.boot_us)
        r = show_rest(reading, &event->at, err);
    reading->newest = event->at;
    if (r == 0)
        r = show(reading, came_before, &event->at, err);
    if (r == 0 && event->type == EVENT_STEP_ENDED)
        r = show_output(reading, event, err);
    if (r < 0)
        return r;
    return reading->reader->record(reading->data, event, line, newline ? (size_t)(newline - line) : len, err);
}

static int read_events(struct reading *reading, struct err *err)
{
    size_t torn;
    int r = reading->reader->frozen(reading->data, &reading->frozen, reading->book, err);

    if (r == 0 && reading->clone)
        r = audit_read(reading->clone->path, reading->clone->id, on_record, reading, err);
    else if (r == 0)
        r = journal_read(rundir_path(reading->arena, reading->frozen.dir, "journal"), on_record, reading,
                         &torn, err);
    if (r == 0)
        r = show_rest(reading, &(struct instant){ INT64_MAX, INT64_MAX }, err);
    return r;
}

static int open_directory(struct reading *reading, const char *run, struct err *err)
{
    struct rundir_entry entry;
    int r = rundir_find(reading->arena, run, false, &entry, err);

    if (r == 0)
        r = rundir_read(reading->arena, entry.dir, &reading->frozen, err);
    if (r == 0)
        r = frozen_book(reading->arena, &reading->frozen, &reading->book, err);
    if (r == 0) /* without it there is nothing to show between the records */
        reading->passing.fd =
            open(rundir_path(reading->arena, entry.dir, "samples"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return r;
}

static int open_clone(struct reading *reading, const char *where, struct err *err)
{
    struct clone *clone = arena_alloc(reading->arena, sizeof(*clone));
    int r = clone_open(reading->arena, where, clone, err);

    reading->clone = clone;
    reading->frozen = clone->frozen;
    reading->book = clone->book;
    return r;
}

int recording_read(struct arena *arena, const char *where, const struct recording_reader *reader, void *data,
                   struct err *err)
{
    struct reading reading = {
        .arena = arena, .reader = reader, .data = data, .passing = { .fd = -1 }, .shown_us = INT64_MIN
    };
    int r;

    buf_init(&reading.passing.text, SEGMENT_MAX);
    r = where && strchr(where, ':') ? open_clone(&reading, where, err) : open_directory(&reading, where, err);
    if (r == 0)
        r = read_events(&reading, err);
    if (reading.passing.fd >= 0)
        close(reading.passing.fd);
    buf_finish(&reading.passing.text);
    return r;
}
