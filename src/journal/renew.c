#include "journal/renew.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#define BLOCK (256 * 1024)

/* By read and write: a copy that shares its blocks with the original would be no copy. */
static int copy(int from, int to, off_t len, struct err *err)
{
    static const char what[] = "what is readable of it";
    char *bytes = mem_alloc(BLOCK);
    int r = 0;
    for (off_t at = 0; r == 0 && at < len;) {
        size_t want = len - at < BLOCK ? (size_t)(len - at) : BLOCK;
        ssize_t got = pread(from, bytes, want, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            r = err_set_errno(err, ERR_IO, got < 0 ? errno : EIO, "cannot read %s", what);
        else
            r = fd_write_all(to, bytes, (size_t)got, err);
        at += got;
    }
    free(bytes);
    return r;
}

static int fill(int from, int to, off_t len, struct err *err)
{
    if (flock(to, LOCK_EX | LOCK_NB) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot lock it");
    int r = copy(from, to, len, err);
    if (r == 0 && fsync(to) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot sync it");
    return r;
}

int renew(int fd, const char *path, off_t len, int *ret_fd, struct err *err)
{
    struct buf name;
    buf_init(&name, strlen(path) + 8);
    buf_format(&name, "%s.new", path);
    const char *new_path = buf_str(&name);
    (void)unlink(new_path); /* of somebody who died here; O_EXCL tells when it is still there */
    int to = open(new_path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r = to < 0 ? err_set_errno(err, ERR_IO, errno, "cannot make it") : fill(fd, to, len, err);
    if (r == 0 && rename(new_path, path) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot put it in the place of the old one");
    if (r < 0) {
        (void)err_prefix(err,
                         "%s: the journal has to be written anew, durably, before anything follows from it",
                         new_path); /* the code is known */
        if (to >= 0) {
            (void)unlink(new_path); /* the next one removes it too */
            close(to);
        }
    } else {
        *ret_fd = to;
    }
    buf_finish(&name);
    return r;
}
