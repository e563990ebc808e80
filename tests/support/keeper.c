#include "support/keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* ---- the keeper's side ---- */

/* In a child. Its end is tied to the keeper's after the change of users, which would forget it. */
static void become_server(const struct keeper_kind *kind)
{
    if (getuid() == 0) {
        const struct passwd *user = getpwnam(kind->user);
        if (user == NULL || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
            _exit(126);
    }
    (void)prctl(PR_SET_PDEATHSIG, kind->end_signal);
}

static pid_t launch(const struct keeper_kind *kind, const char *dir, const char *const *argv)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char log[KEEPER_DIR_MAX + 8];
    (void)snprintf(log, sizeof(log), "%s/log", dir);
    become_server(kind);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (fd < 0 || null < 0 || dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(dir) != 0)
        _exit(126);
    for (int other = 3; other < 64; other++)
        (void)close(other);
    (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

int keeper_run(const struct keeper_kind *kind, const char *dir, const char *const *argv)
{
    int status;
    pid_t pid = launch(kind, dir, argv);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0)
        return 0;
    fprintf(stderr, "%s: %s failed, see %s/log\n", kind->name, argv[0], dir);
    return -1;
}

pid_t keeper_serve(const struct keeper_kind *kind, const char *dir, const char *const *argv,
                   bool (*is_up)(const void *data), const void *data)
{
    pid_t pid = launch(kind, dir, argv);
    for (int i = 0; i < 1200 && pid > 0; i++) {
        if (is_up(data))
            return pid;
        if (waitpid(pid, NULL, WNOHANG) == pid)
            break;
        (void)usleep(25000);
    }
    fprintf(stderr, "%s: no server came up in %s\n", kind->name, dir);
    return -1;
}

/* One that a test has stopped has to go on to see its end. */
static void stop_server(const struct keeper_kind *kind, pid_t pid)
{
    if (pid <= 0)
        return;
    (void)kill(pid, kind->end_signal);
    (void)kill(pid, SIGCONT);
    (void)waitpid(pid, NULL, 0);
}

static void keep(const struct keeper_kind *kind, const char *dir, const void *data, int control, int ready)
{
    pid_t servers[2] = { 0, 0 };
    char byte = 'n';
    (void)setsid();                 /* an interrupt at the keyboard is for the test */
    (void)signal(SIGPIPE, SIG_IGN); /* the test may be gone before its servers are up */
    if (kind->bring_up(data, servers) == 0)
        byte = 'y';
    if (write(ready, &byte, 1) == 1) {
        while (read(control, &byte, 1) < 0 && errno == EINTR) {
        }
    }
    stop_server(kind, servers[1]);
    stop_server(kind, servers[0]);
    _exit(dir_remove(dir, NULL) < 0);
}

/* ---- the test's side ---- */

/* ".s.PGSQL.5432.lock" and the terminator have to fit into 107 bytes as well. */
int keeper_make_dir(const struct keeper_kind *kind, char ret_dir[KEEPER_DIR_MAX])
{
    const char *tmp = getenv("TMPDIR");
    if (tmp == NULL || strlen(tmp) > 50)
        tmp = "/tmp";
    (void)snprintf(ret_dir, KEEPER_DIR_MAX, "%s/tminus-%s-XXXXXX", tmp, kind->name);
    const struct passwd *user = getuid() == 0 ? getpwnam(kind->user) : NULL;
    if (mkdtemp(ret_dir) != NULL && (user == NULL || chown(ret_dir, user->pw_uid, user->pw_gid) == 0))
        return 0;
    fprintf(stderr, "%s: no directory %s: %s\n", kind->name, ret_dir, strerror(errno));
    return -1;
}

int keeper_start(struct keeper *keeper, const struct keeper_kind *kind, const char *dir, const void *data)
{
    int control[2], ready[2];
    if (pipe2(control, O_CLOEXEC) != 0 || pipe2(ready, O_CLOEXEC) != 0) {
        fprintf(stderr, "%s: no pipes: %s\n", kind->name, strerror(errno));
        return -1;
    }
    keeper->pid = fork();
    if (keeper->pid == 0) {
        (void)close(control[1]);
        (void)close(ready[0]);
        keep(kind, dir, data, control[0], ready[1]);
    }
    (void)close(control[0]);
    (void)close(ready[1]);
    keeper->control = control[1];
    char byte = 'n';
    ssize_t n = read(ready[0], &byte, 1);
    (void)close(ready[0]);
    if (n == 1 && byte == 'y')
        return 0;
    keeper_stop(keeper);
    return -1;
}

void keeper_stop(struct keeper *keeper)
{
    (void)close(keeper->control);
    (void)waitpid(keeper->pid, NULL, 0);
}

pid_t keeper_pid_in(const char *dir, const char *name)
{
    char path[KEEPER_DIR_MAX + 32], line[32] = "";
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        line[0] = '\0';
    if (file != NULL)
        (void)fclose(file);
    return (pid_t)strtol(line, NULL, 10);
}

/* The letter behind the name, in which there may be brackets too: proc_pid_stat(5). */
static bool is_stopped(pid_t pid, const char *thread)
{
    char path[64], line[512];
    (void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/stat", (int)pid, thread);
    FILE *file = fopen(path, "re");
    const char *at = file != NULL && fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
    bool stopped = file == NULL || (at != NULL && at[1] == ' ' && at[2] == 'T'); /* or gone */
    if (file != NULL)
        (void)fclose(file);
    return stopped;
}

static bool all_stopped(pid_t pid)
{
    char path[64];
    bool stopped = true;
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    for (const struct dirent *entry; threads != NULL && (entry = readdir(threads)) != NULL;)
        stopped &= entry->d_name[0] == '.' || is_stopped(pid, entry->d_name);
    if (threads != NULL)
        (void)closedir(threads);
    return stopped;
}

void keeper_freeze(pid_t pid)
{
    (void)kill(pid, SIGSTOP);
    for (int i = 0; i < 10000 && !all_stopped(pid); i++)
        (void)usleep(1000);
}
