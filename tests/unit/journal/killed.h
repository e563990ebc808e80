/*
 * Running something in a process of its own that is killed as it enters its n-th system call.
 */
#ifndef UNIT_JOURNAL_KILLED_H
#define UNIT_JOURNAL_KILLED_H

#include <stdbool.h>

/* True when it was killed, false when it ended before it made `nth` calls (counted from 1). Whatever `work`
 * returns other than 0 fails the test. */
bool killed_at(int nth, int (*work)(void *data), void *data);

#endif
