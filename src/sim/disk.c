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
 * The disk: files, names for them, and of both what is durable. What the machine loses is only what was not
 * synced, a name like a byte; what a killed process leaves is everything that it had done, also the half of
 * it. After a sync that failed what was written can be read, and no later sync brings it to the disk.
 */

#define NAMES_MAX 24
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
extern __typeof__(lstat) FAKE(lstat64);
extern __typeof__(ftruncate) FAKE(ftruncate64);
extern __typeof__(fallocate) FAKE(fallocate64);
extern __typeof__(fsync) FAKE(fsync);
extern __typeof__(fdatasync) FAKE(fdatasync);
extern __typeof__(fchmod) FAKE(fchmod);
extern __typeof__(flock) FAKE(flock);
extern __typeof__(unlink) FAKE(unlink);
extern __typeof__(rename) FAKE(rename);
extern __typeof__(mkostemp) FAKE(mkostemp64);

struct name {
    char path[64];
    struct disk_file *file; /* NULL: the row is free */
};

struct descriptor {
    struct disk_file *file; /* NULL: closed */
    size_t at;
    bool append;
};

static struct {
    struct name names[NAMES_MAX], durable[NAMES_MAX];
    struct descriptor fds[FDS_MAX];
    struct disk_file directory;
    uint64_t last_number;
    bool full;
} disk;

void disk_create(void)
{
    memset(&disk, 0, sizeof(disk));
}

static struct name *find_name(struct name *names, const char *path)
{
    for (size_t i = 0; i < NAMES_MAX; i++) {
        if (names[i].file != NULL && strcmp(names[i].path, path) == 0)
            return &names[i];
    }
    return NULL;
}

static struct disk_file *find_in(struct name *names, const char *path)
{
    const struct name *name = find_name(names, path);
    return name != NULL ? name->file : NULL;
}

struct disk_file *disk_find(const char *path)
{
    return find_in(disk.names, path);
}

/* The name is the file's from now on; NULL takes it away. */
static bool set_name(const char *path, struct disk_file *file)
{
    struct name *name = find_name(disk.names, path);
    for (size_t i = 0; name == NULL && i < NAMES_MAX; i++) {
        if (disk.names[i].file == NULL)
            name = &disk.names[i];
    }
    if (name == NULL || strlen(path) >= sizeof(name->path))
        return false;
    memset(name, 0, sizeof(*name));
    memcpy(name->path, path, strlen(path));
    name->file = file;
    return true;
}

static struct disk_file *make_file(const char *path)
{
    struct disk_file *file = mem_alloc(sizeof(*file));
    file->number = ++disk.last_number;
    return set_name(path, file) ? file : NULL;
}

void disk_remove(const char *path)
{
    if (disk_find(path) != NULL)
        (void)set_name(path, NULL);
}

/* The journal as it would be found after a power cut. */
static const struct disk_file *durable_journal(void)
{
    return find_in(disk.durable, JOURNAL_PATH);
}

static void judge_disk(void)
{
    const struct disk_file *journal = durable_journal();
    judge_journal(journal != NULL ? journal->bytes : "", journal != NULL ? journal->durable : 0);
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
    ret->st_ino = file->number;
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

int FAKE(lstat64)(const char *path, struct stat *ret)
{
    return FAKE(stat64)(path, ret);
}

int FAKE(ftruncate64)(int fd, off_t len)
{
    struct disk_file *file = descriptor_of(fd)->file;
    world_called();
    if ((size_t)len < file->len)
        file->len = (size_t)len;
    if (file->durable > file->len)
        file->durable = file->len;
    if (file == durable_journal())
        judge_disk();
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
    if (world_broken(BREAK_SYNC) || file->lost)
        return;
    file->durable = file->len;
    if (file == &disk.directory)
        memcpy(disk.durable, disk.names, sizeof(disk.durable));
    if (file == &disk.directory || file == durable_journal())
        judge_disk();
}

int FAKE(fdatasync)(int fd)
{
    struct disk_file *file = descriptor_of(fd)->file;
    world_called();
    if (chance_fault(1)) {
        file->lost = file != &disk.directory && chance(500);
        return refused(EIO);
    }
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

/* As if recovery forgot the last record. */
static void cut_record(struct disk_file *file)
{
    size_t len = file->len;
    while (len > 1 && file->bytes[len - 2] != '\n')
        len--;
    file->len = file->durable = len > 0 ? len - 1 : 0;
}

int FAKE(unlink)(const char *path)
{
    world_called();
    if (disk_find(path) == NULL)
        return refused(ENOENT);
    disk_remove(path);
    return 0;
}

int FAKE(rename)(const char *from, const char *to)
{
    struct disk_file *file = disk_find(from);
    world_called();
    if (file == NULL)
        return refused(ENOENT);
    if (chance_fault(2))
        return refused(EIO);
    if (world_broken(BREAK_CUT) && strcmp(to, JOURNAL_PATH) == 0)
        cut_record(file);
    if (!set_name(to, file))
        return refused(ENOSPC);
    disk_remove(from);
    world_called();
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
static void lose(struct disk_file *file, bool zeros_after)
{
    static const char zeros[64];
    size_t loose = file->len - file->durable;
    if (loose == 0)
        return;
    if (file->lost)
        loose = 0;
    file->len = file->durable + chance_below(loose + 1);
    file->durable = file->len;
    file->lost = false;
    if (zeros_after && chance(300))
        append(file, zeros, chance_below(sizeof(zeros)));
}

/* A name that was given and not synced may be there, or the one before it. */
void disk_power_lost(void)
{
    disk_process_ended();
    if (chance(500))
        memcpy(disk.names, disk.durable, sizeof(disk.names));
    else
        memcpy(disk.durable, disk.names, sizeof(disk.names));
    for (size_t i = 0; i < NAMES_MAX; i++) {
        struct disk_file *file = disk.names[i].file;
        if (file != NULL)
            lose(file, file == durable_journal());
    }
    judge_disk();
}
