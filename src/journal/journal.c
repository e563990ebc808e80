#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "journal/renew.h"
#include "journal/scan.h"

struct journal {
    char *path;
    int fd;
    struct chain chain;
    struct buf lines; /* of the last append */
    off_t size;       /* bytes of whole records */
    off_t reserved;   /* the disk has room up to here */
    bool broken;
    bool low;
};

static struct journal *make(const char *path, int fd)
{
    struct journal *journal = mem_alloc(sizeof(*journal));
    journal->path = mem_text(path);
    journal->fd = fd;
    chain_start(&journal->chain);
    buf_init(&journal->lines, JOURNAL_RESERVE);
    return journal;
}

static int lock(const struct journal *journal, struct err *err)
{
    if (flock(journal->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_BUSY, "%s is being written by another process", journal->path);
    return err_set_errno(err, ERR_IO, errno, "cannot lock %s", journal->path);
}

/* Has room on the disk for JOURNAL_RESERVE bytes after the records. Twice as much is asked for, so that it is
 * asked for seldom. A file system that cannot do this gives no reserve, and that is no failure. */
static int reserve(struct journal *journal, struct err *err)
{
    if (journal->reserved - journal->size >= JOURNAL_RESERVE)
        return 0;
    off_t want = journal->size + 2 * JOURNAL_RESERVE;
    int r;
    do
        r = fallocate(journal->fd, FALLOC_FL_KEEP_SIZE, journal->size, want - journal->size);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        return err_set_errno(err, ERR_IO, errno, "no room on the disk for the reserve of %s", journal->path);
    journal->reserved = want;
    return 0;
}

/* A new name is durable only after its directory was synced. */
static int sync_directory(const char *path, struct err *err)
{
    char *directory = mem_text(path);
    char *slash = strrchr(directory, '/');
    if (slash != NULL)
        slash[slash == directory ? 1 : 0] = '\0';
    int fd = open(slash != NULL ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;
    if (fd < 0 || fsync(fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot sync the directory of %s", path);
    if (fd >= 0)
        close(fd);
    free(directory);
    return r;
}

static int make_durable(struct journal *journal, struct err *err)
{
    int r = lock(journal, err);
    if (r == 0)
        r = reserve(journal, err);
    if (r == 0 && fsync(journal->fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot sync %s", journal->path);
    return r < 0 ? r : sync_directory(journal->path, err);
}

int journal_create(const char *path, struct journal **ret, struct err *err)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_BUSY, "%s exists already", path);
    if (fd < 0)
        return err_set_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot make %s", path);
    struct journal *journal = make(path, fd);
    int r = make_durable(journal, err);
    if (r < 0) {
        (void)unlink(path); /* the first failure is the one to tell */
        journal_close(journal);
        return r;
    }
    *ret = journal;
    return 0;
}

static int check_owner(const struct journal *journal, struct err *err)
{
    struct stat st;
    if (fstat(journal->fd, &st) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", journal->path);
    if (st.st_uid != geteuid())
        return err_set(err, ERR_ENVIRONMENT, "%s belongs to another user (uid %u)", journal->path,
                       (unsigned)st.st_uid);
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, ERR_ENVIRONMENT, "%s can be written by others: run \"chmod 600\" on it",
                       journal->path);
    return 0;
}

/* Writes anew what is readable: see renew.h. The lock goes over to the new file. */
static int make_sure(struct journal *journal, struct err *err)
{
    int fd;
    int r = renew(journal->fd, journal->path, journal->size, &fd, err);
    if (r < 0)
        return r;
    close(journal->fd);
    journal->fd = fd;
    return sync_directory(journal->path, err);
}

static int recover(struct journal *journal, journal_reader reader, void *data, size_t *ret_torn,
                   struct err *err)
{
    struct scan scan;
    int r = scan_fd(journal->fd, journal->path, reader, data, &scan, err);
    journal->chain = scan.chain;
    journal->size = scan.good;
    journal->reserved = scan.good;
    *ret_torn = scan.tail.len;
    if (r == 0 && scan.tail.len > 0)
        r = torn_keep(journal->path, &scan.tail, err);
    if (r == 0)
        r = make_sure(journal, err);
    scan_finish(&scan);
    return r;
}

/* Between opening a file and locking it another one can have taken its place, as recovery does. */
static int check_place(const struct journal *journal, struct err *err)
{
    struct stat ours, there;
    if (fstat(journal->fd, &ours) < 0 || lstat(journal->path, &there) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot look at %s", journal->path);
    if (ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return err_set(err, ERR_BUSY, "%s is being written by another process", journal->path);
    return 0;
}

int journal_open(const char *path, journal_reader reader, void *data, struct journal **ret, size_t *ret_torn,
                 struct err *err)
{
    int fd;
    int r = scan_open(path, O_RDWR | O_APPEND, &fd, err);
    if (r < 0)
        return r;
    struct journal *journal = make(path, fd);
    r = lock(journal, err);
    if (r == 0)
        r = check_place(journal, err);
    if (r == 0)
        r = check_owner(journal, err);
    if (r == 0)
        r = recover(journal, reader, data, ret_torn, err);
    if (r < 0) {
        journal->broken = true; /* so that closing it leaves the file as it is */
        journal_close(journal);
        return r;
    }
    journal->low = reserve(journal, NULL) < 0;
    *ret = journal;
    return 0;
}

int journal_read(const char *path, journal_reader reader, void *data, size_t *ret_torn, struct err *err)
{
    int fd;
    int r = scan_open(path, O_RDONLY, &fd, err);
    if (r < 0)
        return r;
    struct scan scan;
    r = scan_fd(fd, path, reader, data, &scan, err);
    *ret_torn = scan.tail.len;
    scan_finish(&scan);
    close(fd);
    return r;
}

/* What was written in part stays: the next open cuts it off. Nothing is retried, because after a failed sync
 * the kernel may call pages clean that never reached the disk. */
static int commit(struct journal *journal, struct err *err)
{
    int r = fd_write_all(journal->fd, journal->lines.data, journal->lines.len, err);
    if (r < 0)
        (void)err_prefix(err, "%s", journal->path); /* the code is known */
    else if (fdatasync(journal->fd) < 0)
        r = err_set_errno(err, ERR_IO, errno, "cannot sync %s", journal->path);
    journal->broken = r < 0;
    return r;
}

int journal_append(struct journal *journal, const struct event *events, size_t count, struct err *err)
{
    buf_clear(&journal->lines);
    if (journal->broken)
        return err_set(err, ERR_IO, "%s takes no more records, because an earlier one could not be written",
                       journal->path);
    struct chain chain = journal->chain;
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = chain_write(&chain, &events[i], &journal->lines, err);
    if (r == 0 && count > 0)
        r = commit(journal, err);
    if (r < 0) {
        buf_clear(&journal->lines);
        return r;
    }
    journal->chain = chain;
    journal->size += (off_t)journal->lines.len;
    if (!journal->low)
        journal->low = reserve(journal, NULL) < 0;
    return 0;
}

const char *journal_lines(const struct journal *journal, size_t *ret_len)
{
    *ret_len = journal->lines.len;
    return buf_str(&journal->lines);
}

uint64_t journal_seq(const struct journal *journal)
{
    return journal->chain.seq;
}

const char *journal_head(const struct journal *journal)
{
    return journal->chain.head.hex;
}

bool journal_broken(const struct journal *journal)
{
    return journal->broken;
}

bool journal_low(const struct journal *journal)
{
    return journal->low;
}

/* Cutting a file to the length that it has frees what is allocated behind its end. Of a broken one nothing is
 * cut, and nothing is lost when it fails. */
static void give_back_reserve(const struct journal *journal)
{
    if (journal->broken)
        return;
    int r = ftruncate(journal->fd, journal->size);
    (void)r;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    give_back_reserve(journal);
    close(journal->fd);
    buf_finish(&journal->lines);
    free(journal->path);
    free(journal);
}
