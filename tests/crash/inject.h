/*
 * Faults at the Nth system call on files below given directories: what a program does when it is killed
 * there, or when the disk says no. Linked into the exerciser of the storage; for whole programs a module that
 * the dynamic linker loads before libc (LD_PRELOAD), told by its environment:
 *
 *     INJECT_UNDER  directories, separated by colons, absolute
 *     INJECT_AT     which call, from 1 on
 *     INJECT_DO     a word of FAULTS
 *     INJECT_ONLY   the name of the program that it is for; the others are left alone
 *     INJECT_HIT    a file that is made when the call was reached: "<call> <name>"
 */
#ifndef CRASH_INJECT_H
#define CRASH_INJECT_H

#define FAULTS(X)                                                                                            \
    X(FAULT_NONE, "none")                                                                                    \
    X(FAULT_KILL_BEFORE, "kill-before")                                                                      \
    X(FAULT_KILL_AFTER, "kill-after")                                                                        \
    X(FAULT_TORN, "torn")                 /* half of a write, then killed */                                 \
    X(FAULT_EIO, "eio")                   /* once */                                                         \
    X(FAULT_EIO_FOR_GOOD, "eio-for-good") /* from then on whatever writes */                                 \
    X(FAULT_ENOSPC, "enospc")                                                                                \
    X(FAULT_ENOSPC_FOR_GOOD, "enospc-for-good")                                                              \
    X(FAULT_EINTR, "eintr")                                                                                  \
    X(FAULT_SHORT, "short") /* half of a write is done and said to be */

enum fault {
#define X(name, word) name,
    FAULTS(X)
#undef X
        FAULT_COUNT
};

const char *fault_word(enum fault fault);

/* From now on, in this process and those that it forks. `under` is borrowed. */
void inject_arm(const char *under, long at, enum fault fault);
/* Calls seen since. */
long inject_calls(void);
/* Whether the fault was put in. */
int inject_was_hit(void);

#endif
