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
