#include "lab_parts.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define NAP_US     (5 * MS_US)
#define LINE_BYTES 512 /* of output, from its end, in which the last line is looked for */

/* ---- which programs, and as whom ---- */

bool lab_has_tools(const struct lab *lab, const char *directory, const char *const *programs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (access(arena_format(lab->arena, "%s/%s", directory, programs[i]), X_OK) < 0)
            return false;
    }
    return true;
}

/* Servers refuse to run as root. */
static int find_user(struct lab *lab, struct err *err)
{
    const char *const *names = lab->kind->engine->users;
    lab->drop = geteuid() == 0;
    for (size_t i = 0; lab->drop && names[i] != NULL; i++) {
        const struct passwd *user = getpwnam(names[i]);
        if (user == NULL || user->pw_uid == 0)
            continue;
        lab->uid = user->pw_uid;
        lab->gid = user->pw_gid;
        return 0;
    }
    if (!lab->drop)
        return 0;
    return err_set(err, ERR_ENVIRONMENT,
                   "servers do not run as root, and there is no user \"%s\": make it with "
                   "\"useradd --system --no-create-home %s\"",
                   names[0], names[0]);
}

int lab_find_tools(struct lab *lab, struct err *err)
{
    int r = lab->kind->engine->find_tools(lab, err);
    return r < 0 ? r : find_user(lab, err);
}

void lab_add_option(struct lab_job *job, const char *option, const char *value)
{
    size_t count = 0;
    while (job->args[count] != NULL)
        count++;
    assert(count + 2 < LAB_ARGS_MAX);
    job->args[count] = option;
    job->args[count + 1] = value;
}

/* ---- waiting ---- */

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

void lab_hold_signals(struct lab *lab)
{
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < ARRAY_LEN(ending_signals); i++) {
        struct sigaction action;
        /* Held, it would come up even where it is ignored, as under nohup. */
        if (sigaction(ending_signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&held, ending_signals[i]);
    }
    sigprocmask(SIG_BLOCK, &held, &lab->old_mask);
}

void lab_release_signals(struct lab *lab)
{
    sigprocmask(SIG_SETMASK, &lab->old_mask, NULL);
}

int lab_nap(int64_t deadline_us, struct err *err)
{
    struct timespec nap = { .tv_nsec = NAP_US * 1000 };
    sigset_t pending;
    nanosleep(&nap, NULL);
    sigpending(&pending);
    for (size_t i = 0; i < ARRAY_LEN(ending_signals); i++) {
        if (sigismember(&pending, ending_signals[i]) == 1)
            return err_set(err, ERR_REFUSED, "interrupted");
    }
    if (clock_now().boot_us > deadline_us)
        return err_set(err, ERR_TIMEOUT, "it took too long");
    return 0;
}

/* ---- children ---- */

/* What a child could not do, as it tells its parent. */
struct failure {
    const char *what;
    int error_number;
};

/* Between fork and exec: nothing here allocates. Never returns. */
static void become(const struct lab *lab, const struct lab_job *job, const char *path, char *const *env,
                   int failure_fd)
{
    struct failure failure = { NULL, 0 };
    sigset_t none;
    sigemptyset(&none);
    setsid();
    (void)signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (input < 0 || dup2(input, 0) < 0 || dup2(job->output, 1) < 0 || dup2(job->output, 2) < 0)
        failure.what = "cannot give it files";
    else if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        failure.what = "cannot keep files from it";
    else if (lab->drop && (setgroups(0, NULL) < 0 || setresgid(lab->gid, lab->gid, lab->gid) < 0 ||
                           setresuid(lab->uid, lab->uid, lab->uid) < 0))
        failure.what = "cannot become the servers' user";
    else if (chdir(lab->dir) < 0)
        failure.what = "the servers' user cannot enter the directory";
    else {
        execve(path, (char *const *)job->args, env);
        failure.what = "cannot run it";
    }
    failure.error_number = errno;
    (void)!write(failure_fd, &failure, sizeof(failure)); /* nobody is left to tell */
    _exit(127);
}

static int open_output(const struct lab *lab, struct lab_job *job, bool kept_out, struct err *err)
{
    const char *log = lab_path(lab, arena_format(lab->arena, "%s.log", job->name));
    if (kept_out)
        job->output = memfd_create(job->name, MFD_CLOEXEC);
    else
        job->output = open(log, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
    return job->output >= 0 ? 0 : err_set_errno(err, ERR_IO, errno, "cannot make %s", log);
}

/* Waits for exec, or for what the child says instead. */
static int hear_failure(struct lab_job *job, int fd, struct err *err)
{
    struct failure failure;
    ssize_t got;
    do
        got = read(fd, &failure, sizeof(failure));
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(failure))
        return 0;
    (void)waitpid(job->pid, NULL, 0);
    job->pid = 0;
    return err_set_errno(err, ERR_ENVIRONMENT, failure.error_number, "%s: %s", job->args[0], failure.what);
}

int lab_start(const struct lab *lab, struct lab_job *job, bool kept_out, struct err *err)
{
    const char *tools = job->tools != NULL ? job->tools : lab->tools;
    const char *path = arena_format(lab->arena, "%s/%s", tools, job->args[0]);
    char *const env[] = {
        arena_format(lab->arena, LAB_VARIABLE "%s", lab->identity),
        arena_format(lab->arena, "PATH=%s:/usr/bin:/bin", tools),
        arena_format(lab->arena, "HOME=%s", lab->dir),
        arena_format(lab->arena, "PGAPPNAME=%s", job->name),
        arena_text(lab->arena, "PGCONNECT_TIMEOUT=5"),
        arena_text(lab->arena, "LC_ALL=C"),
        arena_text(lab->arena, "TZ=UTC"),
        NULL,
    };
    int failure[2];
    int r = open_output(lab, job, kept_out, err);
    if (r < 0)
        return r;
    if (pipe2(failure, O_CLOEXEC) < 0)
        return err_set_errno(err, ERR_IO, errno, "cannot make a pipe");
    job->pid = fork();
    if (job->pid == 0)
        become(lab, job, path, env, failure[1]);
    int fork_errno = errno;
    close(failure[1]);
    if (job->pid > 0)
        r = hear_failure(job, failure[0], err);
    else
        r = err_set_errno(err, ERR_IO, fork_errno, "cannot start %s", job->args[0]);
    close(failure[0]);
    return r;
}

void lab_last_line(const struct lab_job *job, struct buf *ret)
{
    char bytes[LINE_BYTES];
    off_t end = lseek(job->output, 0, SEEK_END);
    ssize_t got = pread(job->output, bytes, sizeof(bytes), end > LINE_BYTES ? end - LINE_BYTES : 0);
    size_t len = got > 0 ? (size_t)got : 0;
    while (len > 0 && bytes[len - 1] == '\n')
        len--;
    size_t from = len;
    while (from > 0 && bytes[from - 1] != '\n')
        from--;
    text_visible(ret, bytes + from, len - from, false);
}

int lab_look(struct lab_job *job, struct err *err)
{
    int status;
    if (job->pid == 0 || waitpid(job->pid, &status, WNOHANG) != job->pid)
        return 0;
    job->pid = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    struct buf line;
    buf_init(&line, ERR_MESSAGE_MAX);
    lab_last_line(job, &line);
    int r = err_set(err, ERR_ENVIRONMENT, "%s failed: %s", job->args[0], buf_str(&line));
    buf_finish(&line);
    return r;
}

int lab_wait(struct lab_job *jobs, size_t count, int64_t limit_us, struct err *err)
{
    int64_t deadline_us = clock_now().boot_us + limit_us;
    for (;;) {
        size_t running = 0;
        for (size_t i = 0; i < count; i++) {
            int r = lab_look(&jobs[i], err);
            if (r < 0)
                return r;
            running += jobs[i].pid != 0;
        }
        if (running == 0)
            return 0;
        int r = lab_nap(deadline_us, err);
        if (r < 0)
            return err_prefix(err, "%s", jobs[0].name);
    }
}

int lab_run(const struct lab *lab, struct lab_job *job, struct err *err)
{
    int r = lab_start(lab, job, false, err);
    if (r == 0)
        r = lab_wait(job, 1, LAB_STAGE_US, err);
    lab_job_finish(job);
    return r;
}

void lab_job_finish(struct lab_job *job)
{
    if (job->output >= 0)
        close(job->output);
    job->output = -1;
}

void lab_job_kill(struct lab_job *job)
{
    if (job->pid == 0)
        return;
    (void)kill(job->pid, SIGKILL); /* our own child, not waited for yet: it cannot be another */
    (void)waitpid(job->pid, NULL, 0);
    job->pid = 0;
}
