/* The names of libc are defined here, both those of small and of large files: no redirection of one to the
 * other. */
#undef _FILE_OFFSET_BITS
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096

static struct {
    const char *under, *hit_file;
    long at;
    enum fault fault;
    bool forks; /* what is forked is counted too */
    pid_t pid;
    long calls;
    int hit;
    bool watched[FDS];
} injecting;

static const char *const words[] = {
#define X(name, word) word,
    FAULTS(X)
#undef X
};

const char *fault_word(enum fault fault)
{
    return words[fault];
}

void inject_arm(const char *under, long at, enum fault fault)
{
    injecting.under = under;
    injecting.at = at;
    injecting.fault = fault;
    injecting.forks = true;
    injecting.calls = 0;
    injecting.hit = 0;
}

long inject_calls(void)
{
    return __atomic_load_n(&injecting.calls, __ATOMIC_RELAXED);
}

int inject_was_hit(void)
{
    return injecting.hit;
}

__attribute__((constructor)) static void from_environment(void)
{
    const char *only = getenv("INJECT_ONLY"), *at = getenv("INJECT_AT"), *what = getenv("INJECT_DO");
    if (only == NULL || strcmp(only, program_invocation_short_name) != 0 || at == NULL || what == NULL)
        return;
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(words[i], what) == 0)
            inject_arm(getenv("INJECT_UNDER"), strtol(at, NULL, 10), (enum fault)i);
    }
    injecting.hit_file = getenv("INJECT_HIT");
    injecting.forks = false;
    injecting.pid = getpid();
}

/* ---- which calls count ---- */

static bool is_under(const char *path)
{
    for (const char *dir = injecting.under; dir != NULL && *dir != '\0';) {
        size_t len = strcspn(dir, ":");
        if (strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0'))
            return true;
        dir += len + (dir[len] == ':');
    }
    return false;
}

static bool is_ours(void)
{
    return injecting.under != NULL && (injecting.forks || getpid() == injecting.pid);
}

static bool path_counts(int at, const char *path)
{
    char here[PATH_MAX];
    if (!is_ours() || path == NULL)
        return false;
    if (path[0] == '/')
        return is_under(path);
    if (at != AT_FDCWD)
        return at >= 0 && at < FDS && injecting.watched[at];
    return syscall(SYS_getcwd, here, sizeof(here)) > 0 && is_under(here);
}

static bool fd_counts(int fd)
{
    return is_ours() && fd >= 0 && fd < FDS && injecting.watched[fd];
}

static void tell(const char *name, long call)
{
    char line[128];
    injecting.hit = 1;
    if (injecting.hit_file == NULL)
        return;
    int len = snprintf(line, sizeof(line), "%ld %s\n", call, name);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, injecting.hit_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    (void)!syscall(SYS_write, fd, line, (size_t)len);
    syscall(SYS_close, fd);
}

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

/* What becomes of a call that counts: FAULT_NONE, or the fault that is due now. */
static enum fault due(const char *name)
{
    long call = __atomic_add_fetch(&injecting.calls, 1, __ATOMIC_RELAXED);
    bool lasting = injecting.fault == FAULT_EIO_FOR_GOOD || injecting.fault == FAULT_ENOSPC_FOR_GOOD;
    if (call < injecting.at || (call > injecting.at && !lasting) || injecting.at == 0)
        return FAULT_NONE;
    if (call == injecting.at)
        tell(name, call);
    if (injecting.fault == FAULT_KILL_BEFORE)
        die();
    return injecting.fault;
}

/* Whether the call fails without being made. `shrinks`: it takes no room, so that a full disk does not
 * matter. */
static bool fails(enum fault fault, bool shrinks, bool interruptible)
{
    if (fault == FAULT_EIO || fault == FAULT_EIO_FOR_GOOD)
        errno = EIO;
    else if ((fault == FAULT_ENOSPC || fault == FAULT_ENOSPC_FOR_GOOD) && !shrinks)
        errno = ENOSPC;
    else if (fault == FAULT_EINTR && interruptible)
        errno = EINTR;
    else
        return false;
    return true;
}

static long done(enum fault fault, long result)
{
    if (fault == FAULT_KILL_AFTER || fault == FAULT_TORN)
        die();
    return result;
}

/* As the libc does: -1 and errno. */
static long call_path(const char *name, bool counts, bool shrinks, long number, long a, long b, long c,
                      long d, long e)
{
    enum fault fault = counts ? due(name) : FAULT_NONE;
    if (fails(fault, shrinks, false))
        return -1;
    return done(fault, syscall(number, a, b, c, d, e));
}

/* ---- opening and closing ---- */

static int open_any(int at, const char *path, int flags, mode_t mode)
{
    bool ours = path_counts(at, path);
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    enum fault fault = ours && writes ? due("open") : FAULT_NONE;
    if (fails(fault, (flags & O_CREAT) == 0, true))
        return -1;
    int fd = (int)syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < FDS)
        injecting.watched[fd] = ours;
    return (int)done(fault, fd);
}

#define OPEN(name, AT_PARAM, at)                                                                             \
    int name(AT_PARAM const char *path, int flags, ...);                                                     \
    int name(AT_PARAM const char *path, int flags, ...)                                                      \
    {                                                                                                        \
        mode_t mode = 0;                                                                                     \
        if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                                                          \
            va_list args;                                                                                    \
            va_start(args, flags);                                                                           \
            mode = va_arg(args, mode_t);                                                                     \
            va_end(args);                                                                                    \
        }                                                                                                    \
        return open_any(at, path, flags, mode);                                                              \
    }
#define NO_DIRECTORY
#define DIRECTORY int directory,
OPEN(open, NO_DIRECTORY, AT_FDCWD)
OPEN(open64, NO_DIRECTORY, AT_FDCWD)
OPEN(__open_2, NO_DIRECTORY, AT_FDCWD)
OPEN(__open64_2, NO_DIRECTORY, AT_FDCWD)
OPEN(openat, DIRECTORY, directory)
OPEN(openat64, DIRECTORY, directory)

int creat(const char *path, mode_t mode)
{
    return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < FDS)
        injecting.watched[fd] = false;
    return (int)syscall(SYS_close, fd);
}

/* ---- writing ---- */

ssize_t write(int fd, const void *bytes, size_t len)
{
    enum fault fault = fd_counts(fd) ? due("write") : FAULT_NONE;
    if (fails(fault, false, true))
        return -1;
    if ((fault == FAULT_SHORT || fault == FAULT_TORN) && len > 1)
        len /= 2;
    return done(fault, syscall(SYS_write, fd, bytes, len));
}

static ssize_t pwrite_any(int fd, const void *bytes, size_t len, off_t at)
{
    enum fault fault = fd_counts(fd) ? due("pwrite") : FAULT_NONE;
    if (fails(fault, false, true))
        return -1;
    if ((fault == FAULT_SHORT || fault == FAULT_TORN) && len > 1)
        len /= 2;
    return done(fault, syscall(SYS_pwrite64, fd, bytes, len, at));
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite_any(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
    return pwrite_any(fd, bytes, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    enum fault fault = fd_counts(fd) ? due("writev") : FAULT_NONE;
    if (fails(fault, false, true))
        return -1;
    return done(fault, syscall(SYS_writev, fd, parts, count));
}

#define FD_CALL(name, number, shrinks)                                                                       \
    int name(int fd)                                                                                         \
    {                                                                                                        \
        return (int)call_path(#name, fd_counts(fd), shrinks, number, fd, 0, 0, 0, 0);                        \
    }
FD_CALL(fsync, SYS_fsync, false)
FD_CALL(fdatasync, SYS_fdatasync, false)

#define TRUNCATE(name)                                                                                       \
    int name(int fd, off_t len);                                                                             \
    int name(int fd, off_t len)                                                                              \
    {                                                                                                        \
        return (int)call_path("ftruncate", fd_counts(fd), true, SYS_ftruncate, fd, len, 0, 0, 0);            \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

#define ALLOCATE(name)                                                                                       \
    int name(int fd, int mode, off_t at, off_t len);                                                         \
    int name(int fd, int mode, off_t at, off_t len)                                                          \
    {                                                                                                        \
        return (int)call_path("fallocate", fd_counts(fd), false, SYS_fallocate, fd, mode, at, len, 0);       \
    }
ALLOCATE(fallocate)
ALLOCATE(fallocate64)

/* ---- names ---- */

int rename(const char *from, const char *to)
{
    return (int)call_path("rename", path_counts(AT_FDCWD, to), false, SYS_renameat2, AT_FDCWD, (long)from,
                          AT_FDCWD, (long)to, 0);
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return (int)call_path("renameat", path_counts(to_at, to), false, SYS_renameat2, from_at, (long)from,
                          to_at, (long)to, 0);
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    return (int)call_path("renameat2", path_counts(to_at, to), false, SYS_renameat2, from_at, (long)from,
                          to_at, (long)to, flags);
}

int link(const char *from, const char *to)
{
    return (int)call_path("link", path_counts(AT_FDCWD, to), false, SYS_linkat, AT_FDCWD, (long)from,
                          AT_FDCWD, (long)to, 0);
}

int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    return (int)call_path("linkat", path_counts(to_at, to), false, SYS_linkat, from_at, (long)from, to_at,
                          (long)to, flags);
}

int unlink(const char *path)
{
    return (int)call_path("unlink", path_counts(AT_FDCWD, path), true, SYS_unlinkat, AT_FDCWD, (long)path, 0,
                          0, 0);
}

int unlinkat(int at, const char *path, int flags)
{
    return (int)call_path("unlinkat", path_counts(at, path), true, SYS_unlinkat, at, (long)path, flags, 0, 0);
}

int mkdir(const char *path, mode_t mode)
{
    return (int)call_path("mkdir", path_counts(AT_FDCWD, path), false, SYS_mkdirat, AT_FDCWD, (long)path,
                          mode, 0, 0);
}

int mkdirat(int at, const char *path, mode_t mode)
{
    return (int)call_path("mkdirat", path_counts(at, path), false, SYS_mkdirat, at, (long)path, mode, 0, 0);
}
