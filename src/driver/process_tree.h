/*
 * Who descends from a command, also after it left its process group or its parent died. Linux: /proc, and
 * that this process is a child subreaper (orphans become our children).
 *
 * A process belongs to a command when it is in the session of the command's first process, when its parent
 * belongs to it, or when it became our child and carries the command's mark in its environment.
 */
#ifndef DRIVER_PROCESS_TREE_H
#define DRIVER_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TREE_MAX      256
#define TREE_NAME_MAX 16

struct tree_member {
    pid_t pid, group;
    char name[TREE_NAME_MAX]; /* of its program, at most 15 bytes: what the kernel keeps */
};

struct tree {
    bool unsettled; /* somebody cannot be told yet, because it is just becoming another program: look again */
    size_t count;
    struct tree_member members[TREE_MAX]; /* the first found; the rest is found when these are gone */
};

/* Between these two `leader` is somebody else's to reap: libuv's. */
void tree_enter(pid_t leader);
void tree_leave(pid_t leader);

/* Who is alive of the command whose first process is (or was) `leader`, which is not listed itself. `mark` is
 * "NAME=value". Dead orphans of any command are reaped on the way. */
void tree_find(struct tree *tree, pid_t leader, const char *mark);

/* To everybody in it but the members of `but_group`. */
void tree_signal(const struct tree *tree, int signal_number, pid_t but_group);

#endif
