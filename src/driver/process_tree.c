#include "driver/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

struct stat_line {
    pid_t pid, parent, group, session;
    char state;
    char name[TREE_NAME_MAX];
    bool ours;
};

struct table {
    struct stat_line *lines;
    size_t count, capacity;
};

/* The length that was read, or -1. */
static ssize_t read_proc(pid_t pid, const char *file, char *bytes, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file); /* always fits */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t len = read(fd, bytes, size - 1);
    (void)close(fd);
    if (len >= 0)
        bytes[len] = '\0';
    return len;
}

/* "pid (name) state ppid pgrp session ...", proc(5); the name may hold spaces and parentheses. */
static bool read_stat(pid_t pid, struct stat_line *line)
{
    char text[512];
    if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
        return false;
    const char *open_at = strchr(text, '('), *close_at = strrchr(text, ')');
    if (open_at == NULL || close_at == NULL || close_at[1] == '\0')
        return false;
    int parent, group, session;
    *line = (struct stat_line){ .pid = pid };
    if (sscanf(close_at + 2, "%c %d %d %d", &line->state, &parent, &group, &session) != 4)
        return false;
    line->parent = parent;
    line->group = group;
    line->session = session;
    size_t len = (size_t)(close_at - open_at) - 1;
    len = len < sizeof(line->name) ? len : sizeof(line->name) - 1;
    memcpy(line->name, open_at + 1, len);
    return true;
}

static void read_all(struct table *table)
{
    DIR *dir = opendir("/proc");
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (table->count == table->capacity) {
            table->capacity = table->capacity * 2 + 256;
            table->lines = mem_realloc(table->lines, table->capacity * sizeof(*table->lines));
        }
        if (pid > 0 && read_stat(pid, &table->lines[table->count]))
            table->count++;
    }
    (void)closedir(dir);
}

/* Whether it was given an empty environment: that begins where it ends, the 50th and 51st field of proc(5)'s
 * stat. In the middle of execve() a process has none for a moment, neither the old one nor the new, and both
 * are 0. */
static bool has_empty_environment(pid_t pid)
{
    char text[1024], *at, *end_at;
    if (read_proc(pid, "stat", text, sizeof(text)) <= 0)
        return true;
    at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 50; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return true;
    unsigned long long from = strtoull(at, &end_at, 10), to = strtoull(end_at, NULL, 10);
    return from == to && to != 0;
}

/* True when the environment that the process was started with has the mark. Read up to 64 KiB; a process that
 * belongs to another user cannot be read, and could not be signalled either. */
static bool carries(pid_t pid, const char *mark, bool *unsettled)
{
    static char text[65536];
    ssize_t len = read_proc(pid, "environ", text, sizeof(text));
    if (len == 0 && !has_empty_environment(pid))
        *unsettled = true;
    for (ssize_t at = 0; at < len; at += (ssize_t)strlen(text + at) + 1) {
        if (strcmp(text + at, mark) == 0)
            return true;
    }
    return false;
}

static bool parent_is_ours(const struct table *table, pid_t parent, pid_t leader)
{
    if (parent == leader)
        return true;
    for (size_t i = 0; i < table->count; i++) {
        if (table->lines[i].ours && table->lines[i].pid == parent)
            return true;
    }
    return false;
}

static bool is_dead(const struct stat_line *line)
{
    return line->state == 'Z' || line->state == 'X';
}

/* One that became our child, and may have been a command's. */
static bool is_orphan(const struct stat_line *line)
{
    return line->parent == getpid() && line->session != getsid(0) && !is_dead(line);
}

static bool adopt(struct table *table, pid_t leader, const char *mark, bool *unsettled)
{
    bool more = false;
    for (size_t i = 0; i < table->count; i++) {
        struct stat_line *line = &table->lines[i];
        if (line->ours || line->pid == leader)
            continue;
        line->ours = line->session == leader || parent_is_ours(table, line->parent, leader) ||
                     (is_orphan(line) && carries(line->pid, mark, unsettled));
        more |= line->ours;
    }
    return more;
}

static pid_t *leaders;
static size_t leader_count;

void tree_enter(pid_t leader)
{
    leaders = mem_realloc(leaders, (leader_count + 1) * sizeof(*leaders));
    leaders[leader_count++] = leader;
}

void tree_leave(pid_t leader)
{
    size_t at = 0;
    while (at < leader_count && leaders[at] != leader)
        at++;
    if (at < leader_count)
        leaders[at] = leaders[--leader_count];
    if (leader_count == 0) {
        free(leaders);
        leaders = NULL;
    }
}

static bool is_leader(pid_t pid)
{
    for (size_t i = 0; i < leader_count; i++) {
        if (leaders[i] == pid)
            return true;
    }
    return false;
}

/* Our own children are in our session, and are reaped by who started them; a child of ours in another session
 * is the first process of a command, or an orphan. */
static void reap(const struct stat_line *line)
{
    if (line->parent == getpid() && line->session != getsid(0) && !is_leader(line->pid))
        (void)waitpid(line->pid, NULL, WNOHANG);
}

void tree_find(struct tree *tree, pid_t leader, const char *mark)
{
    struct table table = { 0 };
    read_all(&table);
    tree->unsettled = false;
    while (adopt(&table, leader, mark, &tree->unsettled)) {
    }
    tree->count = 0;
    for (size_t i = 0; i < table.count; i++) {
        const struct stat_line *line = &table.lines[i];
        if (is_dead(line))
            reap(line);
        if (!line->ours || is_dead(line) || tree->count == TREE_MAX)
            continue;
        struct tree_member *member = &tree->members[tree->count++];
        member->pid = line->pid;
        member->group = line->group;
        memcpy(member->name, line->name, TREE_NAME_MAX);
    }
    free(table.lines);
}

void tree_signal(const struct tree *tree, int signal_number, pid_t but_group)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->members[i].group != but_group)
            (void)kill(tree->members[i].pid, signal_number); /* gone already is what we want */
    }
}
