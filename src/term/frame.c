#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "private.h"

/* Synchronized output (DEC private mode 2026): what stands between appears at once. A terminal that does not
 * know the mode ignores it. */
static const char sync_begin[] = "\033[?2026h";
static const char sync_end[] = "\033[?2026l";

static struct {
    int file; /* where curses writes; -1 */
    char *bytes;
    size_t capacity;
} frame = { .file = -1 };

int frame_capture(int curses_fd, struct err *err)
{
    int file = memfd_create("frame", MFD_CLOEXEC);
    if (file < 0)
        return err_set_errno(err, ERR_ENVIRONMENT, errno, "cannot make a file in memory for the screen");
    if (dup2(file, curses_fd) < 0) {
        close(file);
        return err_set_errno(err, ERR_ENVIRONMENT, errno, "cannot redirect the screen");
    }
    frame.file = file;
    return 0;
}

void frame_release(void)
{
    if (frame.file >= 0)
        close(frame.file);
    frame.file = -1;
    free(frame.bytes);
    frame.bytes = NULL;
    frame.capacity = 0;
}

static int gone(int error_number, struct err *err)
{
    return err_set_errno(err, ERR_CLOSED, error_number, "the terminal is gone");
}

static int write_all(int fd, const char *bytes, size_t len, struct err *err)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);
        if (written >= 0) {
            bytes += written;
            len -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = { .fd = fd, .events = POLLOUT };
            if (poll(&wait, 1, -1) < 0 && errno != EINTR)
                return gone(errno, err);
            if (wait.revents & (POLLERR | POLLHUP | POLLNVAL))
                return gone(EIO, err);
        } else if (errno != EINTR) {
            return gone(errno, err);
        }
    }
    return 0;
}

/* What curses wrote, between the brackets, in one buffer; its length, 0 when there is nothing. */
static size_t collect(void)
{
    off_t end = lseek(frame.file, 0, SEEK_CUR);
    if (end <= 0)
        return 0;
    size_t len = (size_t)end;
    size_t need = len + sizeof(sync_begin) + sizeof(sync_end);
    if (need > frame.capacity) {
        frame.bytes = mem_realloc(frame.bytes, need);
        frame.capacity = need;
    }
    size_t at = sizeof(sync_begin) - 1;
    memcpy(frame.bytes, sync_begin, at);
    ssize_t got = pread(frame.file, frame.bytes + at, len, 0);
    at += got > 0 ? (size_t)got : 0;
    memcpy(frame.bytes + at, sync_end, sizeof(sync_end) - 1);
    /* A file in memory that cannot be emptied would only be sent again: the picture stays right. */
    (void)lseek(frame.file, 0, SEEK_SET);
    (void)ftruncate(frame.file, 0);
    return at + sizeof(sync_end) - 1;
}

int frame_send(int fd, struct err *err)
{
    size_t len = collect();
    return len > 0 ? write_all(fd, frame.bytes, len, err) : 0;
}
