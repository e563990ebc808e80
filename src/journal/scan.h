/*
 * Reading a journal's file from its beginning, and what to do about a torn tail. Private to the room.
 */
#ifndef JOURNAL_SCAN_H
#define JOURNAL_SCAN_H

#include <sys/types.h>

#include "journal/chain.h"

/* What a file turned out to hold. */
struct scan {
    struct chain chain; /* after the last good line */
    off_t good;         /* bytes up to there */
    struct buf tail;    /* torn bytes that follow; empty if there are none */
};

/* Opens the file, which must be a regular one and no symbolic link. `flags` as for open(2); O_CLOEXEC and the
 * like are added. ERR_NOT_FOUND, ERR_ENVIRONMENT, ERR_IO. */
int scan_open(const char *path, int flags, int *ret_fd, struct err *err) MUST_CHECK;

/* Judges all of it. `ret` is to be finished in either case. */
int scan_fd(int fd, const char *path, journal_reader reader, void *data, struct scan *ret,
            struct err *err) MUST_CHECK;
void scan_finish(struct scan *scan);

/* Keeps the tail as "<path>.torn.<n>", durably, unless a file of that kind holds the same bytes already. */
int torn_keep(const char *path, const struct buf *tail, struct err *err) MUST_CHECK;

#endif
