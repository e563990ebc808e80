/*
 * The records of a journal, written again into a file of their own. Private to the room.
 *
 * After a failed fdatasync the kernel may call a page clean that never reached the disk: it can be read, the
 * next fdatasync says that all is well, and a power cut takes it away. So nothing is believed to be durable
 * because it can be read; it is written again.
 */
#ifndef JOURNAL_RENEW_H
#define JOURNAL_RENEW_H

#include <sys/types.h>

#include "base/err.h"

/* Writes the first `len` bytes of `fd` to "<path>.new", locked and synced, and renames it to `path`; `ret_fd`
 * is open for appending. The directory is for the caller to sync. ERR_IO, and the journal is as it was.
 * Whoever calls holds the lock of the file that is at `path`. */
int renew(int fd, const char *path, off_t len, int *ret_fd, struct err *err) MUST_CHECK;

#endif
