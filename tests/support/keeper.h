/*
 * The keeper of a test's servers: a process that starts them in a fresh directory, and ends them and removes
 * the directory when the test ends, however it ends.
 */
#ifndef TESTS_SUPPORT_KEEPER_H
#define TESTS_SUPPORT_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define KEEPER_DIR_MAX 80

/* One const row for each kind of server. */
struct keeper_kind {
    const char *name; /* in the directory's, and before messages */
    const char *user; /* of whom they are when the test is root's: they refuse to be that */
    int end_signal;   /* ends one at once, with all of its processes */
    /* In the keeper: starts them. 0, or -1 after saying why on stderr. */
    int (*bring_up)(const void *data, pid_t ret_servers[2]);
};

struct keeper {
    pid_t pid;
    int control; /* it ends when this is closed */
};

/* Makes a directory for the servers; its path is so short that that of a socket in it is not too long. */
int keeper_make_dir(const struct keeper_kind *kind, char ret_dir[KEEPER_DIR_MAX]);

/* Begins, and waits until they are up. 0, or -1 after saying why on stderr. */
int keeper_start(struct keeper *keeper, const struct keeper_kind *kind, const char *dir, const void *data);
void keeper_stop(struct keeper *keeper);

/* The pid that stands in a file of the directory; 0: in none. */
pid_t keeper_pid_in(const char *dir, const char *name);

/* Stops a process with SIGSTOP, and waits until each of its threads is: until then the others go on. */
void keeper_freeze(pid_t pid);

/* ---- for `bring_up`; what is started writes to the file "log" ---- */

/* Runs a program to its end. 0, or -1 after saying that it failed. */
int keeper_run(const struct keeper_kind *kind, const char *dir, const char *const *argv);

/* Starts a server, and waits until it is up, 30 s at the most. Its pid, or -1. */
pid_t keeper_serve(const struct keeper_kind *kind, const char *dir, const char *const *argv,
                   bool (*is_up)(const void *data), const void *data);

#endif
