#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* What a screen that attaches gets to see of the past: enough for five minutes of all panes. */
#define RECENT_MAX (2 * 1024 * 1024)

/* The length of what is whole in it: a crash in the middle of a write leaves half a line, and the next line
 * would make one of both that nobody can read. */
static int whole_len(int fd, off_t len, off_t *ret)
{
    char chunk[4096];

    while (len > 0) {
        size_t part = len < (off_t)sizeof(chunk) ? (size_t)len : sizeof(chunk);
        ssize_t n = pread(fd, chunk, part, len - (off_t)part);
        const char *last;

        if (n != (ssize_t)part)
            return ERR_IO;
        last = memrchr(chunk, '\n', part);
        len -= (off_t)part;
        if (last) {
            *ret = len + (last - chunk) + 1;
            return 0;
        }
    }
    *ret = 0;
    return 0;
}

int passing_open(struct runner *runner, struct err *err)
{
    const char *path = rundir_path(runner->arena, runner->options->frozen->dir, "samples");
    struct stat st;

    buf_init(&runner->recent, RECENT_MAX);
    runner->samples_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (runner->samples_fd < 0 || fstat(runner->samples_fd, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot open %s", path);
    if (whole_len(runner->samples_fd, st.st_size, &runner->samples_len) < 0 ||
        ftruncate(runner->samples_fd, runner->samples_len) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot cut %s after its last line", path);
    return 0;
}

/* Forgets whole lines from the front until `len` more bytes fit. */
static void make_room(struct buf *recent, size_t len)
{
    const char *end;

    while (recent->len > 0 && recent->len + len > recent->max) {
        end = memchr(recent->data, '\n', recent->len);
        buf_consume(recent, end ? (size_t)(end - recent->data) + 1 : recent->len);
    }
}

/* Nothing follows from a sample that cannot be kept, but the trail has to say where its charts have a gap.
 * Half a line is taken back. */
static void write_sample(struct runner *runner, const struct buf *line)
{
    struct err err = ERR_INIT;

    if (fd_write_all(runner->samples_fd, line->data, line->len, &err) == 0) {
        runner->samples_len += (off_t)line->len;
        if (runner->samples_lost)
            runner_note(runner, "samples are kept again");
        runner->samples_lost = false;
        return;
    }
    if (ftruncate(runner->samples_fd, runner->samples_len) < 0)
        err_prefix(&err, "and a part of one stays");
    err_prefix(&err, "samples are not kept");
    if (!runner->samples_lost)
        runner_note(runner, err.message);
    runner->samples_lost = true;
}

void passing_keep(struct runner *runner, const struct event *event)
{
    struct json_writer w;
    struct buf line;

    buf_init(&line, LINK_LINE_MAX);
    json_write_init(&w, &line);
    json_open(&w, NULL);
    event_write(&w, event);
    json_close(&w);
    buf_char(&line, '\n');
    if (!line.overflow) {
        write_sample(runner, &line);
        make_room(&runner->recent, line.len);
        buf_add(&runner->recent, line.data, line.len);
        publisher_add_passing(runner->publisher, line.data, line.len);
    }
    buf_finish(&line);
}

void passing_close(struct runner *runner)
{
    buf_finish(&runner->recent);
    if (runner->samples_fd >= 0)
        close(runner->samples_fd);
    runner->samples_fd = -1;
}
