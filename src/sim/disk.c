#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sim.h"

/*
 * The disk: a few files, each of which knows how much of it is durable. What the machine loses is only what
 * was not synced; what a killed process leaves is everything that it had written, also the half of it.
 */

#define FILES_MAX 16
#define FDS_MAX   64
#define FD_FIRST  1000
#define IO_SIZE   4096

extern int FAKE(open64)(const char *path, int flags, ...);
extern __typeof__(close) FAKE(close), REAL(close);
extern __typeof__(read) FAKE(read), REAL(read);
extern __typeof__(write) FAKE(write), REAL(write);
extern __typeof__(pread) FAKE(pread64);
extern __typeof__(fstat) FAKE(fstat64);
extern __typeof__(stat) FAKE(stat64);
extern __typeof__(ftruncate) FAKE(ftruncate64);
extern __typeof__(fallocate) FAKE(fallocate64);
extern __typeof__(fsync) FAKE(fsync);
extern __typeof__(fdatasync) FAKE(fdatasync);
extern __typeof__(fchmod) FAKE(fchmod);
extern __typeof__(flock) FAKE(flock);
extern __typeof__(unlink) FAKE(unlink);
extern __typeof__(rename) FAKE(rename);
extern __typeof__(mkostemp) FAKE(mkostemp64);

struct descriptor {
    struct disk_file *file; /* NULL: closed */
    size_t at;
    bool append;
};

static struct {
    struct disk_file files[FILES_MAX];
    struct descriptor fds[FDS_MAX];
    struct disk_file directory;
    bool full;
} disk;

void disk_create(void)
{
    memset(&disk, 0, sizeof(disk));
    disk.directory.there = true;
}

struct disk_file *disk_find(const char *path)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (disk.files[i].there && strcmp(disk.files[i].path, path) == 0)
            return &disk.files[i];
    }
    return NULL;
}

static struct disk_file *make_file(const char *path)
{
    size_t i = 0;
    while (i < FILES_MAX && disk.files[i].there)
        i++;
    if (i == FILES_MAX || strlen(path) >= sizeof(disk.files[i].path))
        return NULL;
    disk.files[i] = (struct disk_file){ .there = true };
    memcpy(disk.files[i].path, path, strlen(path));
    return &disk.files[i];
}

static struct descriptor *descriptor_of(int fd)
{
    return fd >= FD_FIRST && fd < FD_FIRST + FDS_MAX ? &disk.fds[fd - FD_FIRST] : NULL;
}

static int refused(int error_number)
{
    errno = error_number;
    return -1;
}

static int open_file(struct disk_file *file, bool append)
{
    for (int i = 0; i < FDS_MAX; i++) {
        if (disk.fds[i].file != NULL)
            continue;
        disk.fds[i] = (struct descriptor){ .file = file, .append = append };
        return FD_FIRST + i;
    }
    return refused(EMFILE);
}

int FAKE(open64)(const char *path, int flags, ...)
{
    struct disk_file *file = disk_find(path);
    world_called();
    if ((flags & O_DIRECTORY) != 0)
        return open_file(&disk.directory, false);
    if (file != NULL && (flags & O_EXCL) != 0)
        return refused(EEXIST);
    if (file == NULL && (flags & O_CREAT) == 0)
        return refused(ENOENT);
    if (file == NULL)
        file = make_file(path);
    return file != NULL ? open_file(file, (flags & O_APPEND) != 0) : refused(ENOSPC);
}

int FAKE(close)(int fd)
{
    struct descriptor *descriptor = descriptor_of(fd);
    if (descriptor == NULL)
        return REAL(close)(fd);
    descriptor->file = NULL;
    return 0;
}

ssize_t FAKE(pread64)(int fd, void *bytes, size_t len, off_t at)
{
    const struct disk_file *file = descriptor_of(fd)->file;
    size_t left = (size_t)at < file->len ? file->len - (size_t)at : 0;
    len = len < left ? len : left;
    if (len > 0)
        memcpy(bytes, file->bytes + at, len);
    return (ssize_t)len;
}

ssize_t FAKE(read)(int fd, void *bytes, size_t len)
{
    struct descriptor *descriptor = descriptor_of(fd);
    if (descriptor == NULL)
        return REAL(read)(fd, bytes, len);
    ssize_t got = FAKE(pread64)(fd, bytes, len, (off_t)descriptor->at);
    descriptor->at += (size_t)got;
    return got;
}

static void append(struct disk_file *file, const void *bytes, size_t len)
{
    if (file->len + len > file->capacity) {
        file->capacity = (file->len + len) * 2 + IO_SIZE;
        file->bytes = mem_realloc(file->bytes, file->capacity);
    }
    memcpy(file->bytes + file->len, bytes, len);
    file->len += len;
}

ssize_t FAKE(write)(int fd, const void *bytes, size_t len)
{
    struct descriptor *descriptor = descriptor_of(fd);
    if (descriptor == NULL)
        return REAL(write)(fd, bytes, len);
    struct disk_file *file = descriptor->file;
    if (world()->crash_in == 1 && len > 0)
        append(file, bytes, chance_below(len)); /* killed in the middle of it */
    world_called();
    if (chance_fault(1)) {
        append(file, bytes, chance_below(len));
        return refused(chance(500) ? EIO : ENOSPC);
    }
    if (chance(10) && len > 1)
        len = 1 + chance_below(len - 1); /* a short write is no fault */
    append(file, bytes, len);
    return (ssize_t)len;
}

static int fill_stat(const struct disk_file *file, struct stat *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->st_mode = S_IFREG | 0600;
    ret->st_uid = geteuid();
    ret->st_size = (off_t)file->len;
    return 0;
}

int FAKE(fstat64)(int fd, struct stat *ret)
{
    return fill_stat(descriptor_of(fd)->file, ret);
}

int FAKE(stat64)(const char *path, struct stat *ret)
{
    const struct disk_file *file = disk_find(path);
    return file != NULL ? fill_stat(file, ret) : refused(ENOENT);
}

int FAKE(ftruncate64)(int fd, off_t len)
{
    struct disk_file *file = descriptor_of(fd)->file;
    size_t wanted = (size_t)len;
    world_called();
    if (world_broken(BREAK_CUT) && wanted < file->len && wanted > 0) {
        while (wanted > 1 && file->bytes[wanted - 2] != '\n')
            wanted--;
        wanted--;
    }
    if (strcmp(file->path, JOURNAL_PATH) == 0 && wanted < file->durable)
        world_failed(SIM_LOST,
                     "durable records are cut off the journal: %zu bytes were durable, %zu are left",
                     file->durable, wanted);
    if (wanted < file->len)
        file->len = wanted;
    if (file->durable > file->len)
        file->durable = file->len;
    return 0;
}

int FAKE(fallocate64)(int fd, int mode, off_t at, off_t len)
{
    (void)fd;
    (void)mode;
    (void)at;
    (void)len;
    world_called();
    if (chance_fault(3))
        disk.full = true;
    if (world()->well)
        disk.full = false;
    return disk.full ? refused(ENOSPC) : 0;
}

/* From here on it is durable: whoever judges has to see it before the runner goes on. */
static void make_durable(struct disk_file *file)
{
    size_t from = file->durable;
    if (world_broken(BREAK_SYNC))
        return;
    if (strcmp(file->path, JOURNAL_PATH) == 0)
        file->durable += judge_durable(file->bytes + from, file->len - from);
    else
        file->durable = file->len;
}

int FAKE(fdatasync)(int fd)
{
    struct disk_file *file = descriptor_of(fd)->file;
    world_called();
    if (chance_fault(1))
        return refused(EIO);
    make_durable(file);
    world_called(); /* durable, and the runner does not come to know of it */
    return 0;
}

int FAKE(fsync)(int fd)
{
    return FAKE(fdatasync)(fd);
}

int FAKE(fchmod)(int fd, mode_t mode)
{
    (void)fd;
    (void)mode;
    return 0;
}

int FAKE(flock)(int fd, int operation)
{
    (void)fd;
    (void)operation;
    return 0;
}

int FAKE(unlink)(const char *path)
{
    struct disk_file *file = disk_find(path);
    world_called();
    if (file == NULL)
        return refused(ENOENT);
    file->there = false;
    return 0;
}

int FAKE(rename)(const char *from, const char *to)
{
    struct disk_file *file = disk_find(from), *old = disk_find(to);
    world_called();
    if (file == NULL || strlen(to) >= sizeof(file->path))
        return refused(ENOENT);
    if (old != NULL)
        old->there = false;
    memset(file->path, 0, sizeof(file->path));
    memcpy(file->path, to, strlen(to));
    return 0;
}

/* For what the world itself puts there. */
void disk_write(const char *path, const void *bytes, size_t len)
{
    struct disk_file *file = disk_find(path);
    if (file == NULL)
        file = make_file(path);
    if (file == NULL)
        world_failed(SIM_WEDGED, "there is no room for %s in this world", path);
    file->len = 0;
    append(file, bytes, len);
}

int FAKE(mkostemp64)(char *path, int flags)
{
    (void)flags;
    world_called();
    struct disk_file *file = disk_find(path);
    if (file == NULL)
        file = make_file(path);
    if (file != NULL)
        file->len = file->durable = 0;
    return file != NULL ? open_file(file, false) : refused(ENOSPC);
}

/* ---- ends ---- */

void disk_process_ended(void)
{
    memset(disk.fds, 0, sizeof(disk.fds));
    disk.full = disk.full && !chance(500);
}

/* What was written and not synced may have come to the disk, from the front up to some byte; pages after it
 * may be there as zeros. */
void disk_power_lost(void)
{
    static const char zeros[64];
    disk_process_ended();
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct disk_file *file = &disk.files[i];
        size_t loose = file->len - file->durable;
        if (!file->there || loose == 0)
            continue;
        size_t from = file->durable;
        file->len = from + chance_below(loose + 1);
        if (strcmp(file->path, JOURNAL_PATH) != 0) {
            file->durable = file->len;
            continue;
        }
        file->durable += judge_durable(file->bytes + from, file->len - from);
        if (chance(300))
            append(file, zeros, chance_below(sizeof(zeros)));
    }
}
