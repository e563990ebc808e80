#include "app.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

int fail(const struct err *err)
{
    (void)fprintf(stderr, "tminus: %s\n", err->message);
    return err_exit_status(err->code);
}

void report_faults(struct buf *report, const char *path, const struct json_faults *faults)
{
    struct buf shown;

    buf_init(&shown, 64 * 1024);
    text_visible(&shown, path, strlen(path), false);
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->list[i];

        buf_text(report, buf_str(&shown));
        if (fault->line > 0)
            buf_format(report, ":%d:%d", fault->line, fault->column);
        buf_format(report, ": error: %s\n", fault->message);
    }
    if (faults->more > 0)
        buf_format(report, "%s: and %zu more\n", buf_str(&shown), faults->more);
    buf_finish(&shown);
}

void said_object_open(struct said_object *object, size_t max)
{
    buf_init(&object->buf, max);
    json_write_init(&object->w, &object->buf);
    json_open(&object->w, NULL);
}

int said_object_close(struct said_object *object, struct err *err)
{
    int r;

    json_close(&object->w);
    r = buf_ok(&object->buf, "the report", err);
    if (r == 0)
        puts(buf_str(&object->buf));
    buf_finish(&object->buf);
    return r;
}

void standard_streams_hold(void)
{
    int fd;

    /* Without a /dev/null there is nothing to be done about it. */
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}
