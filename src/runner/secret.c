#include "runner/secret.h"

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
#include "base/redact.h"
#include "base/text.h"
#include "base/time.h"

#define SECRET_MAX    4096
#define ARGUMENTS_MAX 32
/* For a command: what does not answer (a prompt that nobody sees) must not keep the run from
 * beginning without a word. */
#define COMMAND_LIMIT_US (10 * SECOND_US)
#define LOOK_AGAIN_MS    10
/* Of what it says on stderr. */
#define SAID_MAX        300
#define SAID_PIECES_MAX 256
#define CONTROLS        "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37\177"

static const char *take(struct arena *arena, struct buf *buf)
{
    if (buf->len > 0 && buf->data[buf->len - 1] == '\n')
        buf->len--;
    return arena_text_len(arena, buf_str(buf), buf->len);
}

static int take_whole(struct arena *arena, struct buf *buf, const char **ret, struct err *err)
{
    if (buf->len > 0 && memchr(buf->data, '\0', buf->len))
        return err_set(err, ERR_ENVIRONMENT, "a NUL byte stands in it");
    *ret = take(arena, buf);
    return 0;
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
    r = file_read_private(path, &buf, err);
    if (r < 0)
        r = ERR_ENVIRONMENT; /* with the reason that is there */
    else
        r = take_whole(arena, &buf, ret, err);
    buf_finish(&buf);
    return r;
}

/* A command that is to print a secret. */
struct asked {
    pid_t pid;
    int out, said;          /* the ends of its stdout and stderr; -1 once they are at their end */
    struct buf value, last; /* what came of them; of stderr the last of it */
};

/* False when there is nothing more at present. */
static bool take_some(int *fd, struct buf *buf, size_t keep)
{
    char chunk[512];
    ssize_t n;

    if (*fd < 0)
        return false;
    n = read(*fd, chunk, sizeof(chunk));
    if (n > 0) {
        buf_add(buf, chunk, (size_t)n);
        if (buf->len > keep)
            buf_consume(buf, buf->len - keep);
        return true;
    }
    if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
        close(*fd);
        *fd = -1;
    }
    return false;
}

/* Until it has closed its output and ended; who else holds its stderr is not waited for. ERR_ENVIRONMENT when
 * that is not so at `end_us` of the boot-time clock, ERR_LIMIT when it prints too much. */
static int await(struct asked *asked, int *ret_status, int64_t end_us)
{
    for (;;) {
        struct pollfd ready[] = { { asked->out, POLLIN, 0 }, { asked->said, POLLIN, 0 } };
        pid_t ended = asked->out < 0 ? waitpid(asked->pid, ret_status, WNOHANG) : 0;
        int64_t left_us = end_us - clock_now().boot_us;

        if (ended == asked->pid)
            break;
        if (ended < 0 && errno != EINTR)
            return ERR_IO;
        if (left_us <= 0)
            return ERR_ENVIRONMENT;
        (void)poll(ready, ARRAY_LEN(ready), asked->out < 0 ? LOOK_AGAIN_MS : (int)(left_us / MS_US) + 1);
        (void)take_some(&asked->out, &asked->value, SIZE_MAX);
        (void)take_some(&asked->said, &asked->last, SAID_MAX);
        if (asked->value.overflow)
            return ERR_LIMIT;
    }
    for (int i = 0; i < SAID_PIECES_MAX && take_some(&asked->said, &asked->last, SAID_MAX); i++)
        ;
    return 0;
}

/* With all that it has started: it is a process group of its own. */
static void end_group(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static int make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK); /* ours alone: the command's end waits as ever */
}

static int spawn(char **argv, struct asked *asked, struct err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int out[2] = { -1, -1 }, said[2] = { -1, -1 }, r = errno;

    if (make_pipe(out) == 0 && make_pipe(said) == 0) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, said[1], STDERR_FILENO);
        posix_spawnattr_init(&attributes);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        r = posix_spawnp(&asked->pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
    } else {
        r = errno;
    }
    if (out[1] >= 0)
        close(out[1]);
    if (said[1] >= 0)
        close(said[1]);
    asked->out = out[0];
    asked->said = said[0];
    return r == 0 ? 0 : err_set_errno(err, ERR_ENVIRONMENT, r, "cannot run %s", argv[0]);
}

/* The last line of what it said, without what it printed; "" when it cannot be shown. */
static const char *last_line(struct arena *arena, struct asked *asked)
{
    struct redactor *redactor = redactor_create();
    struct err err = ERR_INIT;
    char *text = arena_text_len(arena, buf_str(&asked->last), asked->last.len), *newline;
    const char *line = "";

    for (size_t len = strlen(text); len > 0 && strchr("\r\n", text[len - 1]); len--)
        text[len - 1] = '\0';
    newline = strrchr(text, '\n');
    if (newline)
        text = newline + 1;
    if (redactor_add(redactor, "value", take(arena, &asked->value), &err) == 0 &&
        text_valid_utf8(text, strlen(text)) && strcspn(text, CONTROLS) == strlen(text))
        line = redact_text(redactor, arena, text);
    redactor_destroy(redactor);
    return line;
}

static int judge(struct arena *arena, const char *program, struct asked *asked, int r, int status,
                 struct err *err)
{
    const char *said;

    if (r == ERR_ENVIRONMENT)
        return err_set(err, ERR_ENVIRONMENT, "%s, which is to print it, has not ended in %d s", program,
                       (int)(COMMAND_LIMIT_US / SECOND_US));
    if (r == ERR_LIMIT)
        return err_set(err, ERR_ENVIRONMENT, "%s printed more than %d bytes", program, SECRET_MAX);
    if (r == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    said = last_line(arena, asked);
    return err_set(err, ERR_ENVIRONMENT, "%s, which is to print it, failed%s%s", program, said[0] ? ": " : "",
                   said);
}

static int run(struct arena *arena, char **argv, struct asked *asked, struct err *err)
{
    int64_t end_us = clock_now().boot_us + COMMAND_LIMIT_US;
    int status = 0, r = spawn(argv, asked, err);

    if (r == 0) {
        r = await(asked, &status, end_us);
        if (r < 0)
            end_group(asked->pid);
        r = judge(arena, argv[0], asked, r, status, err);
    }
    if (asked->out >= 0)
        close(asked->out);
    if (asked->said >= 0)
        close(asked->said);
    return r;
}

static int from_command(struct arena *arena, const char *line, const char **ret, struct err *err)
{
    char *argv[ARGUMENTS_MAX + 1] = { NULL };
    char *words = arena_text(arena, line), *rest = words, *word;
    struct asked asked = { .out = -1, .said = -1 };
    size_t count = 0;
    int r;

    while (count < ARGUMENTS_MAX && (word = strsep(&rest, " \t")))
        if (word[0])
            argv[count++] = word;
    if (count == 0 || rest)
        return err_set(err, ERR_ENVIRONMENT, "a command that prints a secret has 1 to %d words",
                       ARGUMENTS_MAX);
    buf_init(&asked.value, SECRET_MAX);
    buf_init(&asked.last, SAID_MAX + 1024);
    r = run(arena, argv, &asked, err);
    if (r == 0)
        r = take_whole(arena, &asked.value, ret, err);
    buf_finish(&asked.value);
    buf_finish(&asked.last);
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
    return err_set(err, ERR_ENVIRONMENT, "a secret comes from env:NAME, file:PATH or command: WORDS");
}
