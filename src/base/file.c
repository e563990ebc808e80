#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int open_failed(const char *path, int error_number, struct err *err)
{
    enum err_code code = error_number == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return err_set_errno(err, code, error_number, "cannot open %s", path);
}

static int read_all(int fd, const char *path, struct buf *ret, struct err *err)
{
    char block[16 * 1024];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "%s is not a regular file", path);
    for (;;) {
        ssize_t got = read(fd, block, sizeof(block));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read %s", path);
        if (got == 0)
            return 0;
        buf_add(ret, block, (size_t)got);
        int r = buf_ok(ret, path, err);
        if (r < 0)
            return r;
    }
}

int file_read(const char *path, struct buf *ret, struct err *err)
{
    /* Without O_NONBLOCK a FIFO in the place of the file would hold us for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return open_failed(path, errno, err);
    int r = read_all(fd, path, ret, err);
    close(fd);
    return r;
}

static int check_private(int fd, const char *path, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_IO, "%s is not a regular file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0)
        return err_set(err, ERR_REFUSED, "%s belongs to another user", path);
    if (st.st_mode & (st.st_uid == 0 ? S_IRWXO | S_IWGRP : S_IRWXO | S_IRWXG))
        return err_set(err, ERR_REFUSED, "others than its owner may read or change %s (chmod 600)", path);
    return 0;
}

int file_read_private(const char *path, struct buf *ret, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return open_failed(path, errno, err);
    int r = check_private(fd, path, err);
    if (r == 0)
        r = read_all(fd, path, ret, err);
    close(fd);
    return r;
}

int fd_write_all(int fd, const void *bytes, size_t len, struct err *err)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot write");
        at += written;
        len -= (size_t)written;
    }
    return 0;
}

/* The directory that `path` stands in; yours. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mem_text(".");
    char *directory = mem_text(path);
    directory[slash == path ? 1 : slash - path] = '\0';
    return directory;
}

/* Makes the names in the directory durable: a rename is not before its directory was synced. */
static int sync_directory(const char *path, struct err *err)
{
    char *directory = directory_of(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;
    if (fd < 0 || fsync(fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot sync directory %s", directory);
    if (fd >= 0)
        close(fd);
    free(directory);
    return r;
}

/* Writes, syncs and closes `fd`, also when one of them fails. */
static int fill(int fd, const char *temporary, const void *bytes, size_t len, mode_t mode, struct err *err)
{
    int r = fd_write_all(fd, bytes, len, err);
    if (r < 0)
        err_prefix(err, "%s", temporary);
    else if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot finish %s", temporary);
    if (close(fd) < 0 && r == 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot close %s", temporary);
    return r;
}

int file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
    static const char suffix[] = ".tmp-XXXXXX";
    size_t path_len = strlen(path);
    char *temporary = mem_alloc(path_len + sizeof(suffix));
    memcpy(temporary, path, path_len);
    memcpy(temporary + path_len, suffix, sizeof(suffix));
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        int r =
            err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot make %s", temporary);
        free(temporary);
        return r;
    }
    int r = fill(fd, temporary, bytes, len, mode, err);
    if (r == 0 && rename(temporary, path) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot rename %s to %s", temporary, path);
    if (r < 0)
        (void)unlink(temporary); /* the first failure is the one to tell */
    free(temporary);
    return r < 0 ? r : sync_directory(path, err);
}
