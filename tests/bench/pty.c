/*
 * Runs a full-screen program in a terminal of 120x40 of its own and measures it from outside: what it writes,
 * when, and what the kernel counts for it.
 *
 *   pty first -N NAME [-b] [-u TEXT] COMMAND...         from exec to the first byte and the first whole
 * frame; with -u to the frame in which TEXT stands pty idle -N NAME -s SECONDS [-p NAME=PID]... COMMAND...
 *                                                       bytes to the terminal, CPU and memory, nobody
 * touching it; the same of other processes pty keys -N NAME -n COUNT -k KEY -u TEXT [-w TEXT] COMMAND... from
 * KEY to the end of the frame that shows TEXT, once TEXT of -w was there; KEY again takes it away
 *
 * -b: its frames end with the end of a synchronized output; without it a frame ends when 5 ms nothing more
 * comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "figure.h"

#define QUIET_US  5e3
#define LIMIT_US  15e6
#define SETTLE_US 3e6
#define SEEN_MAX  ((size_t)4 * 1024 * 1024)
#define OTHERS    4

static const char frame_end[] = "\033[?2026l";

struct options {
    const char *name, *until, *wait_for, *key;
    bool brackets;
    double seconds;
    int count;
    size_t other_count;
    struct {
        const char *name;
        pid_t pid;
    } others[OTHERS];
    char **command;
};

struct terminal {
    pid_t pid;
    int fd;
    bool brackets;
    double started_us, first_us, last_us; /* of bytes that came */
    size_t total;
    size_t len; /* of what came since forget() */
    char seen[SEEN_MAX];
};

static struct terminal terminal;

static void end(void)
{
    if (terminal.pid <= 0)
        return;
    close(terminal.fd); /* hangs it up */
    for (int i = 0; i < 200; i++) {
        if (waitpid(terminal.pid, NULL, WNOHANG) != 0)
            return;
        (void)poll(NULL, 0, 10);
    }
    kill(terminal.pid, SIGKILL);
    (void)waitpid(terminal.pid, NULL, 0);
}

static void start(const struct options *options)
{
    struct winsize size = { .ws_row = 40, .ws_col = 120 };
    terminal.brackets = options->brackets;
    terminal.started_us = now_us();
    terminal.pid = forkpty(&terminal.fd, NULL, NULL, &size);
    if (terminal.pid < 0)
        cannot("no pseudo-terminal: %s", strerror(errno));
    if (terminal.pid == 0) {
        execvp(options->command[0], options->command);
        cannot("%s: %s", options->command[0], strerror(errno));
    }
    if (atexit(end) != 0 || fcntl(terminal.fd, F_SETFD, FD_CLOEXEC) < 0)
        cannot("the terminal cannot be kept in order");
}

/* Takes what comes within `wait_us`; false when nothing did. */
static bool pump(double wait_us)
{
    struct pollfd readable = { .fd = terminal.fd, .events = POLLIN };
    struct timespec wait = { (time_t)(wait_us / 1e6), (long)((int64_t)(wait_us * 1e3) % 1000000000) };
    if (wait_us <= 0 || ppoll(&readable, 1, &wait, NULL) <= 0)
        return false;
    if (terminal.len == SEEN_MAX)
        terminal.len = 0; /* nothing that is waited for stands so far back */
    ssize_t n = read(terminal.fd, terminal.seen + terminal.len, SEEN_MAX - terminal.len);
    if (n <= 0)
        cannot("the program ended; the last it said: %.*s", (int)(terminal.len < 400 ? terminal.len : 400),
               terminal.seen + (terminal.len < 400 ? 0 : terminal.len - 400));
    terminal.last_us = now_us();
    if (terminal.total == 0)
        terminal.first_us = terminal.last_us;
    terminal.total += (size_t)n;
    terminal.len += (size_t)n;
    return true;
}

static void pump_for(double us)
{
    double until_us = now_us() + us;
    while (now_us() < until_us)
        (void)pump(until_us - now_us());
}

static void forget(void)
{
    terminal.len = 0;
}

/* When the frame is whole in which `text` (NULL: anything) stands. */
static double wait_frame(const char *text)
{
    double limit_us = now_us() + LIMIT_US;
    for (;;) {
        bool came = pump(QUIET_US);
        const char *found =
            text != NULL ? memmem(terminal.seen, terminal.len, text, strlen(text)) : terminal.seen;
        size_t from = found != NULL ? (size_t)(found - terminal.seen) : terminal.len;
        bool whole = terminal.brackets ? memmem(terminal.seen + from, terminal.len - from, frame_end,
                                                sizeof(frame_end) - 1) != NULL
                                       : !came && terminal.len > 0;
        if (found != NULL && whole)
            return terminal.last_us;
        if (now_us() > limit_us)
            cannot("\"%s\" did not come up in the terminal", text != NULL ? text : "a frame");
    }
}

static void wait_quiet(void)
{
    while (pump(QUIET_US))
        ;
}

/* ---- from exec to the first frame ---- */

static void measure_first(const struct options *options)
{
    start(options);
    (void)wait_frame(NULL);
    wait_quiet();
    figure(options->name, "first_byte_ms", (terminal.first_us - terminal.started_us) / 1e3);
    figure(options->name, "first_frame_ms", (terminal.last_us - terminal.started_us) / 1e3);
    if (options->until != NULL)
        figure(options->name, "content_ms", (wait_frame(options->until) - terminal.started_us) / 1e3);
}

/* ---- idle ---- */

static double cpu_us(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        cannot("the CPU time of process %d cannot be read", (int)pid);
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static void figure_memory(const char *name, pid_t pid)
{
    static const struct {
        const char *line, *figure;
    } rows[] = { { "Rss:", "rss_mb" }, { "Pss:", "pss_mb" }, { "Private_Dirty:", "private_mb" } };
    char path[64], line[256];
    (void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        cannot("%s: %s", path, strerror(errno));
    while (fgets(line, sizeof(line), file) != NULL) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            if (strncmp(line, rows[i].line, strlen(rows[i].line)) == 0)
                figure(name, rows[i].figure, strtod(line + strlen(rows[i].line), NULL) / 1024);
        }
    }
    (void)fclose(file); /* was only read */
}

static void measure_idle(const struct options *options)
{
    double before_us[OTHERS + 1];
    start(options);
    pump_for(SETTLE_US);
    size_t total = terminal.total;
    double from_us = now_us();
    for (size_t i = 0; i <= options->other_count; i++)
        before_us[i] = cpu_us(i == 0 ? terminal.pid : options->others[i - 1].pid);
    pump_for(options->seconds * 1e6);
    double took_us = now_us() - from_us;
    figure(options->name, "bytes_s", (double)(terminal.total - total) / took_us * 1e6);
    for (size_t i = 0; i <= options->other_count; i++) {
        const char *name = i == 0 ? options->name : options->others[i - 1].name;
        pid_t pid = i == 0 ? terminal.pid : options->others[i - 1].pid;
        figure(name, "cpu_percent", 100 * (cpu_us(pid) - before_us[i]) / took_us);
        figure_memory(name, pid);
    }
}

/* ---- from a key to the frame that answers it ---- */

static void press(const char *key)
{
    forget();
    if (write(terminal.fd, key, strlen(key)) != (ssize_t)strlen(key))
        cannot("the terminal takes no keys");
}

static void measure_keys(const struct options *options)
{
    struct measured took = { 0, 0, NULL };
    start(options);
    (void)wait_frame(options->wait_for);
    pump_for(1e6);
    srandom(1);
    for (int i = 0; i < options->count; i++) {
        double pressed_us = now_us();
        press(options->key);
        measured_add(&took, (wait_frame(options->until) - pressed_us) / 1e3);
        press(options->key);
        (void)wait_frame(NULL); /* two keys that were taken at once would be answered by one frame */
        /* Not in step with the program's own frames. */
        pump_for(20e3 + (double)(random() % 60000));
    }
    figure_measured(options->name, "key_ms", &took);
    measured_finish(&took);
}

/* ---- the command line ---- */

static const struct {
    const char *name;
    void (*measure)(const struct options *);
} measurements[] = { { "first", measure_first }, { "idle", measure_idle }, { "keys", measure_keys } };

static void add_other(struct options *options, char *text)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || options->other_count == OTHERS)
        cannot("-p wants NAME=PID, at most %d times", OTHERS);
    *equals = '\0';
    options->others[options->other_count].name = text;
    options->others[options->other_count++].pid = (pid_t)strtol(equals + 1, NULL, 10);
}

static void take(struct options *options, int letter, char *value)
{
    switch (letter) {
    case 'N':
        options->name = value;
        break;
    case 'b':
        options->brackets = true;
        break;
    case 'u':
        options->until = value;
        break;
    case 'w':
        options->wait_for = value;
        break;
    case 'k':
        options->key = value;
        break;
    case 's':
        options->seconds = strtod(value, NULL);
        break;
    case 'n':
        options->count = (int)strtol(value, NULL, 10);
        break;
    case 'p':
        add_other(options, value);
        break;
    default:
        cannot("usage: pty first|idle|keys -N NAME [-b] [-u TEXT] [-w TEXT] [-k KEY] [-s SECONDS] [-n COUNT] "
               "[-p NAME=PID] COMMAND...");
    }
}

int main(int argc, char **argv)
{
    struct options options = { .name = "it", .seconds = 10, .count = 100 };
    const char *what = argc > 1 ? argv[1] : "";
    int letter;
    optind = 2;
    while ((letter = getopt(argc, argv, "+N:bu:w:k:s:n:p:")) >= 0)
        take(&options, letter, optarg);
    options.command = argv + optind;
    if (optind >= argc || options.command[0] == NULL)
        cannot("pty: there is no command to run");
    for (size_t i = 0; i < ARRAY_LEN(measurements); i++) {
        if (strcmp(measurements[i].name, what) == 0) {
            measurements[i].measure(&options);
            return 0;
        }
    }
    cannot("pty: \"%s\" is none of first, idle, keys", what);
}
