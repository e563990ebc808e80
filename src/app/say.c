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

void print_faults(const char *path, const struct json_faults *faults)
{
    struct buf shown;

    buf_init(&shown, 64 * 1024);
    text_visible(&shown, path, strlen(path), false);
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->list[i];

        if (fault->line > 0)
            (void)fprintf(stderr, "%s:%d:%d: error: %s\n", buf_str(&shown), fault->line, fault->column,
                          fault->message);
        else
            (void)fprintf(stderr, "%s: error: %s\n", buf_str(&shown), fault->message);
    }
    if (faults->more > 0)
        (void)fprintf(stderr, "%s: and %zu more\n", buf_str(&shown), faults->more);
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
