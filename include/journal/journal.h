/*
 * The journal: the truth of a live run. One file, one line for each record:
 *
 *     <16 hex of SHA-256(json)> <canonical, ASCII-escaped JSON of the event, with "prev">\n
 *
 * where "prev" is the SHA-256 (64 hex) of the whole previous line without its newline, 64 zeros in the first.
 * A record is durable (fdatasync) when journal_append returns 0, and nothing that follows from it may happen
 * before.
 *
 * After any failed write or fdatasync the journal is *broken*: nothing is retried and every later append
 * fails with ERR_IO, because what the kernel still holds is unknown: pages that never reached the disk may be
 * readable, and the next fdatasync would say nothing of them. So every resume writes what is readable into a
 * new file, syncs that and its directory, and goes on there; nothing follows from a record before. The old
 * file gives its name to the new one, which holds the same records; what was torn is kept. A reserve of
 * JOURNAL_RESERVE bytes is allocated ahead, so that a full disk still leaves room for the last records.
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdint.h>

#include "engine/event.h"

/* The reserve; also the most that one append writes, and so the most that a torn tail can be. */
#define JOURNAL_RESERVE (1024 * 1024)
/* Bytes of one line, newline included. */
#define JOURNAL_LINE_MAX    (64 * 1024)
#define JOURNAL_LINE_PREFIX 17 /* "<16 hex> ", before the JSON of a line */

/* SHA-256 as 64 hex digits and a NUL. */
struct sha256 {
    char hex[65];
};
void sha256_of(const void *bytes, size_t len, struct sha256 *ret);
/* Of a regular file of any length. ERR_NOT_FOUND, ERR_IO. */
int sha256_of_file(const char *path, struct sha256 *ret, struct err *err) MUST_CHECK;

struct journal;

/* Makes a new journal (0600); ERR_BUSY when the file exists. File, then directory, are synced. ERR_IO, and no
 * file, when there is no room for the reserve. An open journal is locked: a second one gets ERR_BUSY. */
int journal_create(const char *path, struct journal **ret, struct err *err) MUST_CHECK;

/* Called for every record that was read, in order; the event lives in an arena that is reused: copy what is
 * to stay. `line` is as in the file, its newline is the last of the `len` bytes. A negative return ends the
 * reading and is returned. */
typedef int (*journal_reader)(void *data, const struct event *event, const char *line, size_t len,
                              struct err *err);

/* Opens an existing journal for appending: verifies all of it, hands every record to `reader` (NULL allowed),
 * and writes it to a new file, "<path>.new", which takes its place. A torn last line is left out of that, and
 * kept before as "<path>.torn.<n>"; `ret_torn` is set to its bytes (0: none). Torn is what stands after the
 * last newline and can be the beginning of a line, or zeros; for anything else that is not as it was written:
 * ERR_CORRUPT, with the line and the seq, and nothing is changed. Idempotent: dying at any moment in it and
 * opening again gives the same. ERR_NOT_FOUND; ERR_BUSY; ERR_IO, and the records are where they were, also
 * when the disk has no room for the new file; ERR_ENVIRONMENT when it is no regular file, a symbolic link,
 * somebody else's, or others can write it. */
int journal_open(const char *path, journal_reader reader, void *data, struct journal **ret, size_t *ret_torn,
                 struct err *err) MUST_CHECK;

/* Reads without changing anything; a torn last line ends the reading quietly and is counted in `ret_torn`. */
int journal_read(const char *path, journal_reader reader, void *data, size_t *ret_torn,
                 struct err *err) MUST_CHECK;

/* Appends records and makes them durable with one fdatasync. All or nothing as far as the return value goes.
 * ERR_INVALID when an event is no record or its seq does not follow the last one, ERR_LIMIT when a line is
 * over JOURNAL_LINE_MAX or all are over JOURNAL_RESERVE: nothing was written and the journal goes on. ERR_IO:
 * it is broken. The lines as written can be asked for until the next append ("" after one that failed). */
int journal_append(struct journal *journal, const struct event *events, size_t count,
                   struct err *err) MUST_CHECK;
const char *journal_lines(const struct journal *journal, size_t *ret_len);

uint64_t journal_seq(const struct journal *journal);     /* of the last record, 0 when there is none */
const char *journal_head(const struct journal *journal); /* 64 hex of the last line */
bool journal_broken(const struct journal *journal);
/* The reserve could not be made again after something was appended (disk full): what is left of it holds the
 * last records, and nothing new may be started. Stays so. */
bool journal_low(const struct journal *journal);
void journal_close(struct journal *journal); /* NULL-safe */

#endif
