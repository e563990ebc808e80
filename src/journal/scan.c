#include "journal/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (64 * 1024)

int scan_open(const char *path, int flags, int *ret_fd, struct err *err)
{
    struct stat st;
    /* Without O_NONBLOCK a FIFO in the place of the file would hold us for ever. */
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_ENVIRONMENT, "%s is a symbolic link: expected the journal itself", path);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
    int r = 0;
    if (fstat(fd, &st) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    else if (!S_ISREG(st.st_mode))
        r = err_set(err, ERR_ENVIRONMENT, "%s is not a regular file", path);
    if (r < 0)
        close(fd);
    else
        *ret_fd = fd;
    return r;
}

/* Takes the complete lines out of `window`. A rest that has outgrown every torn tail is a line without an
 * end. */
static int take_lines(struct scan *scan, journal_reader reader, void *data, struct err *err)
{
    size_t used = 0;
    struct buf *window = &scan->tail;
    int r = chain_read_lines(&scan->chain, buf_str(window), window->len, reader, data, &used, err);
    buf_consume(window, used);
    scan->good += (off_t)used;
    if (r == 0 && window->len > JOURNAL_RESERVE)
        r = err_set(err, ERR_CORRUPT, "line %" PRIu64 " (seq %" PRIu64 ") has no end", scan->chain.seq + 1,
                    scan->chain.seq + 1);
    return r;
}

/* What is left in the window at the end of the file is the tail. */
static int judge_tail(struct scan *scan, struct err *err)
{
    if (scan->tail.len == 0 || chain_is_torn(scan->tail.data, scan->tail.len))
        return 0;
    return err_set(err, ERR_CORRUPT,
                   "line %" PRIu64 " (seq %" PRIu64
                   ") is not as it was written: it has no newline, and is not "
                   "the beginning of a record either",
                   scan->chain.seq + 1, scan->chain.seq + 1);
}

int scan_fd(int fd, const char *path, journal_reader reader, void *data, struct scan *ret, struct err *err)
{
    char block[BLOCK];
    int r = 0;
    chain_start(&ret->chain);
    ret->good = 0;
    buf_init(&ret->tail, JOURNAL_RESERVE + BLOCK);
    while (r == 0) {
        ssize_t got = read(fd, block, sizeof(block));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
        if (got == 0) {
            r = judge_tail(ret, err);
            break;
        }
        buf_add(&ret->tail, block, (size_t)got);
        r = take_lines(ret, reader, data, err);
    }
    if (r == ERR_CORRUPT)
        (void)err_prefix(err, "%s", path); /* the code is known */
    return r;
}

void scan_finish(struct scan *scan)
{
    buf_finish(&scan->tail);
}
