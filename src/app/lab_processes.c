#include "lab_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define ENVIRON_MAX   (64 * 1024)
#define PID_FILE_MAX  4096
#define PROCESSES_MAX 512
#define GRACE_US      (3 * SECOND_US)  /* for those that end with the one they belong to */
#define PATIENCE_US   (15 * SECOND_US) /* for all */
#define POLL_US       (5 * MS_US)

/* ---- which processes ---- */

/* Name of the program that `pid` runs; false when it is gone or not ours to see. */
static bool program_of(pid_t pid, char ret_name[PATH_MAX])
{
    char link[64], path[PATH_MAX];
    (void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t name_len = strcspn(name, " "); /* " (deleted)" after an upgrade of its package */
    memcpy(ret_name, name, name_len);
    ret_name[name_len] = '\0';
    return true;
}

/* Whether it works in the directory or in a server's data. */
static bool works_in(pid_t pid, const struct lab *lab)
{
    char link[64];
    struct stat at, here;
    (void)snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
    if (stat(link, &at) < 0)
        return false;
    for (size_t i = 0; i <= lab->kind->server_count; i++) {
        const char *directory = i < lab->kind->server_count ? lab_path(lab, lab->kind->servers[i]) : lab->dir;
        if (lstat(directory, &here) == 0 && here.st_dev == at.st_dev && here.st_ino == at.st_ino)
            return true;
    }
    return false;
}

static bool has_our_variable(pid_t pid, const struct lab *lab)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    struct buf environment;
    buf_init(&environment, ENVIRON_MAX);
    bool found = false;
    if (file_read(path, &environment, NULL) == 0) {
        for (size_t at = 0; at < environment.len && !found; at += strlen(environment.data + at) + 1)
            found = text_starts(environment.data + at, LAB_VARIABLE) &&
                    text_equal(environment.data + at + strlen(LAB_VARIABLE), lab->identity);
    }
    buf_finish(&environment);
    return found;
}

static bool is_server(const struct lab *lab, const char *program)
{
    return text_equal(program, lab->kind->engine->program);
}

/* The program stays in `ret_program`. A shell of initdb's belongs to the lab, and one of a person who looks
 * around in the directory does not. */
static bool belongs(const struct lab *lab, pid_t pid, char ret_program[PATH_MAX])
{
    if (!program_of(pid, ret_program))
        return false;
    return (is_server(lab, ret_program) && works_in(pid, lab)) || has_our_variable(pid, lab);
}

/* Its memory is given back and what it runs with that, and it still has its files and its directory: it is in
 * the middle of ending. */
static bool is_ending(const struct lab *lab, pid_t pid)
{
    char program[PATH_MAX];
    return !program_of(pid, program) && errno == ENOENT && works_in(pid, lab);
}

/* Calls `found` for each process of the lab that runs a program; returns how many there were, with those that
 * are ending. */
static size_t each_process(const struct lab *lab, void (*found)(void *data, pid_t pid, const char *program),
                           void *data)
{
    char program[PATH_MAX];
    size_t count = 0;
    DIR *dir = opendir("/proc");
    if (dir == NULL)
        return 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && is_ending(lab, pid))
            count++;
        if (pid <= 0 || !belongs(lab, pid, program))
            continue;
        count++;
        found(data, pid, program);
    }
    closedir(dir);
    return count;
}

/* ---- what a server's pid file says ---- */

struct pid_file {
    long pid;              /* negative while initdb makes the data */
    bool ready;            /* takes connections */
    unsigned long shm_key; /* of the segment that a killed server leaves */
    int shm_id;            /* -1 */
};

static bool read_pid_file(const struct lab *lab, const char *data, struct pid_file *ret)
{
    struct buf text;
    buf_init(&text, PID_FILE_MAX);
    bool there =
        file_read(lab_path(lab, arena_format(lab->arena, "%s/%s", data, lab->kind->engine->pid_file)), &text,
                  NULL) == 0;
    int ready_line = lab->kind->engine->ready_line;
    *ret = (struct pid_file){ .ready = there && ready_line == 0, .shm_id = -1 };
    const char *line = buf_str(&text);
    for (int number = 1; there && line != NULL && *line != '\0'; number++) {
        if (number == 1)
            ret->pid = strtol(line, NULL, 10);
        if (number == 7 && sscanf(line, "%lu %d", &ret->shm_key, &ret->shm_id) != 2)
            ret->shm_id = -1;
        if (number == ready_line)
            ret->ready = text_starts(line, "ready");
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    buf_finish(&text);
    return there;
}

pid_t lab_server(const struct lab *lab, const char *data, bool *ret_ready)
{
    char program[PATH_MAX];
    struct pid_file file;
    *ret_ready = false;
    if (!read_pid_file(lab, data, &file) || file.pid <= 0 || !belongs(lab, (pid_t)file.pid, program) ||
        !is_server(lab, program))
        return 0;
    *ret_ready = file.ready;
    return (pid_t)file.pid;
}

struct search {
    const char *program;
    bool found;
};

static void compare_program(void *data, pid_t pid, const char *program)
{
    struct search *search = data;
    (void)pid;
    search->found = search->found || text_equal(program, search->program);
}

bool lab_runs(const struct lab *lab, const char *program)
{
    struct search search = { program, false };
    (void)each_process(lab, compare_program, &search);
    return search.found;
}

/* ---- ending them ---- */

struct ending {
    const struct lab *lab;
    int64_t since_us;
    size_t told_count;
    pid_t told[PROCESSES_MAX]; /* got their signal */
};

static bool is_main_server(const struct lab *lab, pid_t pid)
{
    bool ready;
    for (size_t i = 0; i < lab->kind->server_count; i++) {
        if (lab_server(lab, lab->kind->servers[i], &ready) == pid)
            return true;
    }
    return false;
}

static bool tell(struct ending *ending, pid_t pid)
{
    for (size_t i = 0; i < ending->told_count; i++) {
        if (ending->told[i] == pid)
            return false;
    }
    if (ending->told_count == PROCESSES_MAX)
        return false;
    ending->told[ending->told_count++] = pid;
    return true;
}

/* A server ends its own processes and removes its shared memory when it is asked to; so does, at the end of
 * its input, the one that makes the data for initdb. Killing is for what did not end. */
static void end_process(void *data, pid_t pid, const char *program)
{
    struct ending *ending = data;
    const struct lab_engine *engine = ending->lab->kind->engine;
    bool server = is_server(ending->lab, program);
    if (clock_now().boot_us - ending->since_us > GRACE_US)
        (void)kill(pid, SIGKILL); /* gone already is fine */
    else if (server && engine->backends && !is_main_server(ending->lab, pid))
        return;
    else if (tell(ending, pid))
        (void)kill(pid, server ? engine->end_signal : SIGTERM);
}

/* The small segment by which a server knows that no other is on its data: killed, it leaves it. The key is
 * made of the inode of its data, so it is not another lab's. */
static void remove_shared_memory(const struct pid_file *file)
{
    struct shmid_ds segment;
    if (file->shm_id < 0 || shmctl(file->shm_id, IPC_STAT, &segment) < 0)
        return;
    if (segment.shm_nattch == 0 && (unsigned)segment.shm_perm.__key == file->shm_key)
        (void)shmctl(file->shm_id, IPC_RMID, NULL); /* if it cannot be, nothing else can be done here */
}

int lab_stop(const struct lab *lab, struct err *err)
{
    struct pid_file last[LAB_SERVERS_MAX]; /* as long as it was there */
    struct ending ending = { .lab = lab, .since_us = clock_now().boot_us };
    for (size_t i = 0; i < lab->kind->server_count; i++)
        (void)read_pid_file(lab, lab->kind->servers[i], &last[i]); /* none is fine */
    for (;;) {
        struct timespec nap = { .tv_nsec = POLL_US * 1000 };
        size_t left = each_process(lab, end_process, &ending);
        for (size_t i = 0; i < lab->kind->server_count; i++) {
            struct pid_file now;
            if (read_pid_file(lab, lab->kind->servers[i], &now))
                last[i] = now;
        }
        if (left == 0)
            break;
        if (clock_now().boot_us - ending.since_us > PATIENCE_US)
            return err_set(err, ERR_IO, "%zu processes of %s do not end", left, lab->dir);
        nanosleep(&nap, NULL);
    }
    for (size_t i = 0; i < lab->kind->server_count; i++)
        remove_shared_memory(&last[i]);
    return 0;
}
