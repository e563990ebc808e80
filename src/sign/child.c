#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"
#include "sign/sign.h"

#define PROGRAM  "ssh-keygen"
#define ENV_MAX  12
#define READ_MAX 4096

/* What it may know of this process: where keys and the agent are. */
static const char *const kept[] = { "PATH", "HOME", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER", "TMPDIR" };

struct ends {
    int input[2], output[2], errors[2]; /* [0] is the child's */
};

struct running {
    pid_t pid;
    struct ends ends;
    const char *input;
    size_t left;
    int64_t deadline_us;
    struct child_result *result;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_ends(struct ends *ends)
{
    for (int i = 0; i < 2; i++) {
        close_end(&ends->input[i]);
        close_end(&ends->output[i]);
        close_end(&ends->errors[i]);
    }
}

/* Sockets rather than pipes: writing to a child that is gone is then an error and not a signal. */
static int open_ends(struct ends *ends, struct err *err)
{
    int *const pairs[] = { ends->input, ends->output, ends->errors };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        pairs[i][0] = pairs[i][1] = -1;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]) == 0 &&
            fcntl(pairs[i][1], F_SETFL, O_NONBLOCK) == 0)
            continue;
        int r = err_set_errno(err, ERR_IO, errno, "cannot talk to " PROGRAM);
        close_ends(ends);
        return r;
    }
    return 0;
}

static void make_environment(struct arena *arena, char **env)
{
    size_t count = 0;

    env[count++] = arena_text(arena, "LC_ALL=C");
    env[count++] = arena_text(arena, "SSH_ASKPASS_REQUIRE=never");
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = getenv(kept[i]);

        if (value)
            env[count++] = arena_format(arena, "%s=%s", kept[i], value);
    }
    env[count] = NULL;
}

/* In a session of its own, so that it has no terminal to ask at, and with signals as a program expects them.
 */
static int spawn(struct running *running, const char *const *argv, struct err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    struct arena *arena = arena_create();
    char *env[ENV_MAX];
    sigset_t none, all;
    int r;

    make_environment(arena, env);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, running->ends.input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, running->ends.output[0], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, running->ends.errors[0], STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    /* The list is not changed by it; the type is POSIX's. */
    r = posix_spawnp(&running->pid, PROGRAM, &actions, &attributes, (char *const *)(uintptr_t)argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    arena_destroy(arena);
    if (r == ENOENT)
        return err_set(err, ERR_ENVIRONMENT, "there is no " PROGRAM " here: install the OpenSSH client");
    return r == 0 ? 0 : err_set_errno(err, ERR_IO, r, "cannot start " PROGRAM);
}

static void give(struct running *running)
{
    ssize_t sent = send(running->ends.input[1], running->input, running->left, MSG_NOSIGNAL);

    if (sent > 0) {
        running->input += sent;
        running->left -= (size_t)sent;
    }
    /* One that does not want the rest has its reasons, and tells them. */
    if (running->left == 0 || (sent < 0 && errno != EAGAIN && errno != EINTR))
        close_end(&running->ends.input[1]);
}

static void take(int *fd, struct buf *into)
{
    char bytes[READ_MAX];
    ssize_t len = read(*fd, bytes, sizeof(bytes));

    if (len > 0)
        buf_add(into, bytes, (size_t)len);
    else if (len == 0 || (errno != EAGAIN && errno != EINTR))
        close_end(fd);
}

/* Until it has closed both of its outputs. */
static int talk(struct running *running, struct err *err)
{
    struct ends *ends = &running->ends;

    while (ends->output[1] >= 0 || ends->errors[1] >= 0) {
        struct pollfd fds[] = { { .fd = ends->input[1], .events = POLLOUT },
                                { .fd = ends->output[1], .events = POLLIN },
                                { .fd = ends->errors[1], .events = POLLIN } };
        int64_t left_us = running->deadline_us - clock_now().boot_us;

        if (left_us <= 0)
            return err_set(err, ERR_TIMEOUT,
                           PROGRAM " did not answer within %d s: is the agent there, does a token wait for a "
                                   "touch?",
                           SIGN_TIMEOUT_US / 1000000);
        if (poll(fds, ARRAY_LEN(fds), (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return err_set_errno(err, ERR_IO, errno, "cannot wait for " PROGRAM);
        if (fds[0].revents)
            give(running);
        if (fds[1].revents)
            take(&ends->output[1], &running->result->output);
        if (fds[2].revents)
            take(&ends->errors[1], &running->result->errors);
    }
    return 0;
}

static void reap(struct running *running, bool failed)
{
    int status = 0;

    /* Its outputs are closed, so it is about to end; one that is not, or took too long, is ended. */
    if (failed)
        (void)kill(-running->pid, SIGKILL);
    while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    running->result->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int child_run(const char *const *argv, const void *input, size_t len, struct child_result *ret,
              struct err *err)
{
    struct running running = {
        .input = input, .left = len, .deadline_us = clock_now().boot_us + SIGN_TIMEOUT_US, .result = ret
    };
    int r;

    ret->status = -1;
    buf_init(&ret->output, CHILD_OUTPUT_MAX);
    buf_init(&ret->errors, CHILD_OUTPUT_MAX);
    r = open_ends(&running.ends, err);
    if (r < 0)
        return r;
    r = spawn(&running, argv, err);
    close_end(&running.ends.input[0]);
    close_end(&running.ends.output[0]);
    close_end(&running.ends.errors[0]);
    if (r == 0) {
        if (len == 0)
            close_end(&running.ends.input[1]);
        r = talk(&running, err);
        reap(&running, r < 0);
    }
    close_ends(&running.ends);
    return r;
}

void child_finish(struct child_result *result)
{
    buf_finish(&result->output);
    buf_finish(&result->errors);
}

void child_reason(const struct child_result *result, struct buf *buf)
{
    const char *text = buf_str(&result->errors), *end = text + strlen(text), *begin;

    while (end > text && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    begin = end;
    while (begin > text && begin[-1] != '\n' && begin[-1] != '\r')
        begin--;
    text_visible(buf, begin, (size_t)(end - begin), false);
    if (begin == end)
        buf_format(buf, PROGRAM " ended with %d", result->status);
}
