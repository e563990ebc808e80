#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"

#define SECRET_MAX    4096
#define ARGUMENTS_MAX 32
/* For a password command: what does not answer (a prompt that nobody sees) must not keep the run from
 * beginning without a word. */
#define COMMAND_LIMIT_US (10 * SECOND_US)
#define LOOK_AGAIN_MS    10

static const char *take(struct arena *arena, struct buf *buf)
{
    if (buf->len > 0 && buf->data[buf->len - 1] == '\n')
        buf->len--;
    return arena_text_len(arena, buf_str(buf), buf->len);
}

static int from_environment(struct arena *arena, const char *name, const char **ret, struct err *err)
{
    const char *value = getenv(name);

    if (!value)
        return err_set(err, ERR_ENVIRONMENT, "the environment has no %s", name);
    *ret = arena_text(arena, value);
    return 0;
}

static int from_file(struct arena *arena, const char *path, const char **ret, struct err *err)
{
    struct buf buf;
    int r;

    buf_init(&buf, SECRET_MAX);
    r = file_read(path, &buf, err);
    if (r == 0)
        *ret = take(arena, &buf);
    buf_finish(&buf);
    return r < 0 ? err_set(err, ERR_ENVIRONMENT, "the password file %s cannot be read", path) : 0;
}

/* ERR_ENVIRONMENT when it is not over at `end_us` of the boot-time clock. */
static int read_until(int fd, struct buf *buf, int64_t end_us)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char chunk[512];
    ssize_t n = 1;

    while (n != 0) {
        int64_t left_us = end_us - clock_now().boot_us;

        if (left_us <= 0)
            return ERR_ENVIRONMENT;
        if (poll(&ready, 1, (int)(left_us / MS_US) + 1) <= 0)
            continue;
        n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno != EINTR)
            return ERR_IO;
        if (n > 0)
            buf_add(buf, chunk, (size_t)n);
    }
    return buf->overflow ? ERR_LIMIT : 0;
}

/* Also a command that has closed its output may go on. */
static int wait_until(pid_t pid, int *ret_status, int64_t end_us)
{
    pid_t ended;

    while ((ended = waitpid(pid, ret_status, WNOHANG)) <= 0) {
        if (ended < 0 && errno != EINTR)
            return ERR_IO;
        if (clock_now().boot_us >= end_us)
            return ERR_ENVIRONMENT;
        (void)poll(NULL, 0, LOOK_AGAIN_MS);
    }
    return 0;
}

/* With all that it has started: it is a process group of its own. */
static void end_group(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int spawn(char **argv, pid_t *ret_pid, int *ret_fd, struct err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int ends[2], r;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot run %s", argv[0]);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    r = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *ret_fd = ends[0];
    if (r == 0)
        return 0;
    close(ends[0]);
    return err_set_errno(err, ERR_ENVIRONMENT, r, "cannot run %s", argv[0]);
}

static int run(char **argv, struct buf *buf, struct err *err)
{
    int64_t end_us = clock_now().boot_us + COMMAND_LIMIT_US;
    int fd = -1, status = 0, r;
    pid_t pid;

    r = spawn(argv, &pid, &fd, err);
    if (r < 0)
        return r;
    r = read_until(fd, buf, end_us);
    close(fd);
    if (r == 0)
        r = wait_until(pid, &status, end_us);
    if (r < 0)
        end_group(pid);
    if (r == ERR_ENVIRONMENT)
        return err_set(err, ERR_ENVIRONMENT, "%s, which is to print the password, has not ended in %d s",
                       argv[0], (int)(COMMAND_LIMIT_US / SECOND_US));
    if (r < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, ERR_ENVIRONMENT, "%s, which is to print the password, failed", argv[0]);
    return 0;
}

static int from_command(struct arena *arena, const char *line, const char **ret, struct err *err)
{
    char *argv[ARGUMENTS_MAX + 1] = { NULL };
    char *words = arena_text(arena, line), *rest = words, *word;
    struct buf buf;
    size_t count = 0;
    int r;

    while (count < ARGUMENTS_MAX && (word = strsep(&rest, " \t")))
        if (word[0])
            argv[count++] = word;
    if (count == 0 || rest)
        return err_set(err, ERR_ENVIRONMENT, "a password command has 1 to %d words", ARGUMENTS_MAX);
    buf_init(&buf, SECRET_MAX);
    r = run(argv, &buf, err);
    if (r == 0)
        *ret = take(arena, &buf);
    buf_finish(&buf);
    return r;
}

static const struct {
    const char *prefix;
    int (*fetch)(struct arena *, const char *, const char **, struct err *);
} sources[] = {
    { "env:", from_environment },
    { "file:", from_file },
    { "command:", from_command },
};

int secret_fetch(struct arena *arena, const char *from, const char **ret, struct err *err)
{
    *ret = NULL;
    if (!from)
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (text_starts(from, sources[i].prefix))
            return sources[i].fetch(arena, from + strlen(sources[i].prefix), ret, err);
    }
    return err_set(err, ERR_ENVIRONMENT, "a password comes from env:NAME, file:PATH or command: WORDS");
}
