#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#define SECRET_MAX    4096
#define ARGUMENTS_MAX 32

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

static int read_all(int fd, struct buf *buf)
{
    char chunk[512];
    ssize_t n;

    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno != EINTR)
            return ERR_IO;
        if (n > 0)
            buf_add(buf, chunk, (size_t)n);
    }
    return buf->overflow ? ERR_LIMIT : 0;
}

static int run(char **argv, struct buf *buf, struct err *err)
{
    posix_spawn_file_actions_t actions;
    int ends[2], status = 0, r;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot run %s", argv[0]);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    r = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (r != 0) {
        close(ends[0]);
        return err_set_errno(err, ERR_ENVIRONMENT, r, "cannot run %s", argv[0]);
    }
    r = read_all(ends[0], buf);
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
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
