#include "tools.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"

#define ANSWER_LIMIT_US (5 * SECOND_US)
#define ANSWER_MAX      4096
/* What execvp(3) looks in where there is no PATH. */
#define PATH_WITHOUT_PATH "/bin:/usr/bin"

static bool is_program(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

/* Where the name leads to, NULL. A directory that is not absolute is left out: commands run elsewhere. */
static const char *find_program(struct arena *arena, const char *name)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : PATH_WITHOUT_PATH; *at; at += *at == ':') {
        size_t len = strcspn(at, ":");
        const char *file = arena_format(arena, "%.*s/%s", (int)len, at, name);

        if (*at == '/' && is_program(file))
            return file;
        at += len;
    }
    return NULL;
}

/* In the child: becomes the program, with nothing to read and what is told about it in `output`. */
static void become_program(struct arena *arena, const char *file, const char *name, int output)
{
    const char *path = getenv("PATH"), *home = getenv("HOME");
    const char *argv[] = { name, "--version", NULL };
    const char *env[] = { "LC_ALL=C", arena_format(arena, "PATH=%s", path ? path : PATH_WITHOUT_PATH),
                          home ? arena_format(arena, "HOME=%s", home) : NULL, NULL };
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    /* A group of its own, so that all of it can be ended. */
    if (setpgid(0, 0) < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        return;
    /* It changes neither; the types are POSIX's. */
    execve(file, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
}

/* Takes empty lines away from the front; how much is left. */
static size_t without_empty_lines(char *bytes, size_t len)
{
    size_t empty = 0;

    while (empty < len && bytes[empty] == '\n')
        empty++;
    memmove(bytes, bytes + empty, len - empty);
    return len - empty;
}

/* The first line that is not empty, as far as it fits. */
static void read_line(int fd, char line[ANSWER_MAX])
{
    int64_t end_us = clock_now().boot_us + ANSWER_LIMIT_US;
    size_t len = 0;

    while (len < ANSWER_MAX - 1 && !memchr(line, '\n', len)) {
        struct pollfd readable = { .fd = fd, .events = POLLIN };
        int64_t left_us = end_us - clock_now().boot_us;
        ssize_t n;

        if (left_us <= 0)
            break;
        if (poll(&readable, 1, (int)(left_us / MS_US) + 1) <= 0)
            continue;
        n = read(fd, line + len, ANSWER_MAX - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len = without_empty_lines(line, len + (size_t)n);
    }
    line[len] = '\0';
    line[strcspn(line, "\n")] = '\0';
}

static int ask_program(struct arena *arena, const char *file, const char *name, char line[ANSWER_MAX],
                       struct err *err)
{
    int ends[2], status;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot ask %s for its version", name);
    child = fork();
    if (child == 0) {
        become_program(arena, file, name, ends[1]);
        _exit(127);
    }
    close(ends[1]);
    memset(line, 0, ANSWER_MAX);
    if (child > 0) {
        read_line(ends[0], line);
        /* The group is made by the child, which may not have come so far. */
        if (kill(-child, SIGKILL) < 0)
            (void)kill(child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(ends[0]);
    return child < 0 ? err_set(err, ERR_IO, "cannot ask %s for its version: no more processes", name) : 0;
}

/* The first number with a dot in it, else the first that does not belong to a word: "pg_dump
 * (PostgreSQL) 15.4 (Debian 15.4-1)", "h2load nghttp2/1.52.0", "less 590". NULL when there is none. */
static const char *version_in(struct arena *arena, const char *line)
{
    const char *whole = NULL;

    for (const char *at = line; *at;) {
        size_t len = strspn(at, "0123456789.");
        size_t digits = strspn(at, "0123456789");
        bool in_a_word = at > line && (isalpha((unsigned char)at[-1]) || at[-1] == '_');

        while (len > 0 && at[len - 1] == '.')
            len--;
        if (digits > 0 && digits < len)
            return arena_text_len(arena, at, len);
        if (digits > 0 && !whole && !in_a_word)
            whole = arena_text_len(arena, at, len);
        at += len > 0 ? len : 1;
    }
    return whole;
}

/* Appends what is wrong with the tool, if something is. */
static int judge(struct arena *arena, const struct tool *tool, struct buf *wrong, struct err *err)
{
    const char *file = find_program(arena, tool->name), *version;
    const char *before = wrong->len > 0 ? ", " : "", *wanted = tool->version ? tool->version : "";
    const char *space = tool->version ? " " : "";
    char line[ANSWER_MAX];
    int r;

    if (!file) {
        buf_format(wrong, "%s%s%s%s (not found in PATH)", before, tool->name, space, wanted);
        return 0;
    }
    if (!tool->version)
        return 0;
    r = ask_program(arena, file, tool->name, line, err);
    if (r < 0)
        return r;
    version = version_in(arena, line);
    if (!version)
        buf_format(wrong, "%s%s %s (%s does not say its version)", before, tool->name, wanted, file);
    else if (!tool_version_fits(tool->version, version))
        buf_format(wrong, "%s%s %s (found %s in %s)", before, tool->name, wanted, version, file);
    return 0;
}

int tools_check(const struct book *book, struct err *err)
{
    struct arena *arena = arena_create();
    struct buf wrong;
    int r = 0;

    buf_init(&wrong, JSON_MAX_BYTES);
    for (size_t i = 0; i < book->tool_count && r == 0; i++)
        r = judge(arena, &book->tools[i], &wrong, err);
    if (r == 0 && wrong.len > 0)
        r = err_set(err, ERR_ENVIRONMENT, "the environment lacks what this book needs: %s", buf_str(&wrong));
    buf_finish(&wrong);
    arena_destroy(arena);
    return r;
}
