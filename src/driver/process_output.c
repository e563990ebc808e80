#include "driver/process_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

int process_output_open(struct process_output *output, const char *path, int64_t max, struct err *err)
{
    *output = (struct process_output){ .fd = -1, .max = max };
    if (path == NULL)
        return 0;
    output->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (output->fd < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot create %s for the output", path);
    return 0;
}

static void keep(struct process_output *output, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(output->fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            output->trouble = errno;
            return;
        }
        bytes += n;
        len -= (size_t)n;
        output->kept += n;
    }
}

void process_output_add(struct process_output *output, const char *bytes, size_t len)
{
    int64_t room = output->max - output->kept;
    output->total += (int64_t)len;
    if (output->fd < 0 || output->trouble != 0 || room <= 0)
        return;
    keep(output, bytes, (int64_t)len < room ? len : (size_t)room);
}

bool process_output_cut(const struct process_output *output)
{
    return output->fd >= 0 && output->kept < output->total;
}

void process_output_mark(struct process_output *output)
{
    if (!process_output_cut(output))
        return;
    struct buf line;
    buf_init(&line, 128);
    buf_format(&line, "\n[tminus: %" PRId64 " more bytes not kept]\n", output->total - output->kept);
    if (fd_write_all(output->fd, buf_str(&line), line.len, NULL) < 0 && output->trouble == 0)
        output->trouble = EIO; /* the result says so, since the file cannot */
    buf_finish(&line);
}

void process_output_close(struct process_output *output)
{
    if (output->fd >= 0)
        (void)close(output->fd); /* what had to be durable was synced before */
    output->fd = -1;
}
