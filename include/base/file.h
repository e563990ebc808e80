/*
 * Small files, read and written whole. Big or durable ones (journal, output) have rooms of their own.
 * All descriptors are opened with O_CLOEXEC.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads the whole of a regular file into `ret` (initialised by the caller; its maximum is the limit).
 * ERR_NOT_FOUND, ERR_IO (also when it is not a regular file), or ERR_LIMIT when it is larger; the path is
 * in the message. */
int file_read(const char *path, struct buf *ret, struct err *err) MUST_CHECK;

/* The same for what only its owner may see: ERR_REFUSED when it is neither ours nor root's, when others may
 * read it, or somebody else may write it. The group may read a file of root's. */
int file_read_private(const char *path, struct buf *ret, struct err *err) MUST_CHECK;

/* Writes a file so that it is there wholly or not at all, also after a power cut: temporary beside it, fsync,
 * rename, fsync of the directory. `mode` is what it gets, whatever the umask. A symbolic link in its place is
 * replaced, not followed. */
int file_write(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err) MUST_CHECK;

/* Makes a directory and its parents with `mode`. If it exists it must belong to us (or root) and not be
 * writable by its group or others; a symbolic link as the last component is refused. Parents that exist are
 * taken as they are. */
int dir_make(const char *path, mode_t mode, struct err *err) MUST_CHECK;

/* Removes a directory and all in it, without following symbolic links. ERR_NOT_FOUND when it was not there.
 */
int dir_remove(const char *path, struct err *err) MUST_CHECK;

/* Writes all of `len` bytes to `fd`, going on after EINTR and short writes. */
int fd_write_all(int fd, const void *bytes, size_t len, struct err *err) MUST_CHECK;

#endif
