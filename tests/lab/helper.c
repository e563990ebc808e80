#include "helper.h"

#include <dirent.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/cmd.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/json.h"

#define WORDS_MAX 12

static char base[64];

int lab_test_main(int argc, char **argv, const char *name, const struct CMUnitTest *tests, size_t count)
{
    if (argc > 1 && strcmp(argv[1], "lab") == 0)
        return cmd_lab(argc - 1, argv + 1);
    (void)signal(SIGHUP, SIG_DFL); /* the tests themselves may run under nohup */
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

int make_base(void **state)
{
    (void)state;
    (void)snprintf(base, sizeof(base), "/tmp/tminus-test-XXXXXX");
    return mkdtemp(base) != NULL && chmod(base, 0711) == 0 ? 0 : -1;
}

int remove_base(void **state)
{
    (void)state;
    return rmdir(base);
}

const char *in_base(const char *name)
{
    static char paths[4][256];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", base, name);
    return path;
}

/* ---- the command ---- */

static pid_t begin(const char *const *words, int out, int err)
{
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out, 1);
        dup2(err, 2);
        execv("/proc/self/exe", (char *const *)words);
        _exit(126);
    }
    assert_true(pid > 0);
    return pid;
}

static void words_of(const char **words, const char *word, va_list rest)
{
    size_t count = 0;
    words[count++] = "test";
    words[count++] = "lab";
    for (; word != NULL; word = va_arg(rest, const char *)) {
        assert_true(count < WORDS_MAX - 1);
        words[count++] = word;
    }
    words[count] = NULL;
}

int lab_end(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void read_back(int fd, char *text, size_t size)
{
    ssize_t got = pread(fd, text, size - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
}

struct said lab(const char *word, ...)
{
    struct said said;
    const char *words[WORDS_MAX];
    int out = memfd_create("out", MFD_CLOEXEC);
    int err = memfd_create("err", MFD_CLOEXEC);
    va_list rest;
    va_start(rest, word);
    words_of(words, word, rest);
    va_end(rest);
    said.status = lab_end(begin(words, out, err));
    read_back(out, said.out, sizeof(said.out));
    read_back(err, said.err, sizeof(said.err));
    return said;
}

pid_t lab_begin(const char *word, ...)
{
    const char *words[WORDS_MAX];
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    va_list rest;
    va_start(rest, word);
    words_of(words, word, rest);
    va_end(rest);
    pid_t pid = begin(words, null, null);
    close(null);
    return pid;
}

pid_t up_until(const char *kind, const char *dir, const char *name)
{
    char path[300];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    pid_t pid = lab_begin("up", kind, "--load", "--dir", dir, NULL);
    for (int64_t end = now_ms() + 60000; !exists(path); usleep(200)) {
        if (now_ms() > end)
            fail_msg("%s never came", path);
    }
    return pid;
}

/* ---- what is left ---- */

bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static bool mentions(const char *proc, const char *dir)
{
    char path[300], text[4096];
    (void)snprintf(path, sizeof(path), "%s/cwd", proc);
    ssize_t len = readlink(path, text, sizeof(text) - 1);
    if (len > 0 && (size_t)len >= strlen(dir) && memcmp(text, dir, strlen(dir)) == 0)
        return true;
    (void)snprintf(path, sizeof(path), "%s/environ", proc);
    struct buf environment;
    buf_init(&environment, 1024 * 1024);
    bool found = file_read(path, &environment, NULL) == 0 && environment.len > 0 &&
                 memmem(environment.data, environment.len, dir, strlen(dir)) != NULL;
    buf_finish(&environment);
    return found;
}

void assert_nothing_left(const char *dir)
{
    assert_false(exists(dir));
    DIR *processes = opendir("/proc");
    assert_non_null(processes);
    const struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        char proc[280];
        (void)snprintf(proc, sizeof(proc), "/proc/%s", entry->d_name);
        if (strtol(entry->d_name, NULL, 10) > 0 && mentions(proc, dir))
            fail_msg("process %s is left of %s", entry->d_name, dir);
    }
    closedir(processes);
}

/* The seventh line of a server's pid file is "key id". */
static int segment_of(const char *pid_file)
{
    struct buf text;
    int id = -1;
    buf_init(&text, 4096);
    if (file_read(pid_file, &text, NULL) == 0) {
        const char *line = buf_str(&text);
        for (int i = 1; i < 7 && line != NULL; i++) {
            line = strchr(line, '\n');
            line = line != NULL ? line + 1 : NULL;
        }
        if (line == NULL || sscanf(line, "%*u %d", &id) != 1)
            id = -1;
    }
    buf_finish(&text);
    return id;
}

struct segments segments_of(const char *dir)
{
    static const char *const data[] = { "primary", "replica", "old", "new" };
    struct segments segments;
    for (size_t i = 0; i < ARRAY_LEN(data); i++) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s/%s/postmaster.pid", dir, data[i]);
        segments.ids[i] = segment_of(path);
    }
    return segments;
}

void assert_segments_gone(const struct segments *segments)
{
    struct shmid_ds found;
    for (size_t i = 0; i < ARRAY_LEN(segments->ids); i++) {
        if (segments->ids[i] >= 0 && shmctl(segments->ids[i], IPC_STAT, &found) == 0)
            fail_msg("shared memory segment %d is left", segments->ids[i]);
    }
}

void up_killed(const char *kind, const char *const *milestones, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *dir = in_base("killed");
        pid_t pid = up_until(kind, dir, milestones[i]);
        assert_int_equal(kill(pid, SIGKILL), 0);
        int status = lab_end(pid);
        assert_true(status == -SIGKILL || status == 0); /* the last milestone is close to the end */
        struct segments segments = segments_of(dir);
        struct said down = lab("down", "--dir", dir, NULL);
        if (down.status != 0 || down.err[0] != '\0')
            fail_msg("down after %s: %s", milestones[i], down.err);
        assert_nothing_left(dir);
        assert_segments_gone(&segments);
    }
}

/* ---- asking a server ---- */

static PGconn *connect_to(const char *dir, const char *target)
{
    char path[300];
    struct buf text;
    buf_init(&text, JSON_MAX_BYTES);
    (void)snprintf(path, sizeof(path), "%s/targets.json", dir);
    assert_int_equal(file_read(path, &text, NULL), 0);
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const struct json *targets = json_parse(arena, text.data, text.len, &faults);
    const struct json *dsn = json_member(json_member(targets, target), "dsn");
    assert_non_null(dsn);
    PGconn *connection = PQconnectdb(dsn->text);
    arena_destroy(arena);
    buf_finish(&text);
    return connection;
}

const char *ask(const char *dir, const char *target, const char *sql)
{
    static char value[256];
    PGconn *connection = connect_to(dir, target);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", target, PQerrorMessage(connection));
    (void)snprintf(value, sizeof(value), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(connection);
    return value;
}

void await(const char *dir, const char *target, const char *sql, const char *want)
{
    for (int64_t end = now_ms() + 30000; now_ms() < end; sleep_ms(20)) {
        if (strcmp(ask(dir, target, sql), want) == 0)
            return;
    }
    assert_string_equal(ask(dir, target, sql), want);
}

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void sleep_ms(int ms)
{
    struct timespec nap = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };
    nanosleep(&nap, NULL);
}
