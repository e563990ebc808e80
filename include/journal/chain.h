/*
 * The chain that a journal's lines make, apart from any file: the same code judges a journal on disk and its
 * copy in git.
 *
 * A `struct chain` is a value: where the chain stands after a record. Copy it to try something, copy it back.
 */
#ifndef JOURNAL_CHAIN_H
#define JOURNAL_CHAIN_H

#include "journal/journal.h"

struct chain {
    uint64_t seq;       /* of the last record, which is also the number of its line; 0 before the first */
    struct sha256 head; /* of its line without the newline; 64 zeros before the first */
};

void chain_start(struct chain *chain);

/* Appends the line of `event`, newline included, to `buf` and goes on to it. On failure the chain is as
 * before and what is in `buf` is to be thrown away: ERR_LIMIT when the line is over JOURNAL_LINE_MAX or does
 * not fit into `buf`, ERR_INVALID when the event is no record or its seq does not follow. */
int chain_write(struct chain *chain, const struct event *event, struct buf *buf, struct err *err) MUST_CHECK;

/* Judges the next line (`len` bytes without the newline) and goes on to it; texts of `ret_event` are in
 * `arena`. ERR_CORRUPT, with the line and the seq, and the chain as before, when it is not what was written.
 */
int chain_read(struct chain *chain, struct arena *arena, const char *line, size_t len,
               struct event *ret_event, struct err *err) MUST_CHECK;

/* chain_read for every complete line in `bytes`, each handed to `reader` (NULL allowed). `ret_used` is where
 * the last newline ends, also on failure: what was good so far. */
int chain_read_lines(struct chain *chain, const char *bytes, size_t len, journal_reader reader, void *data,
                     size_t *ret_used, struct err *err) MUST_CHECK;

/* Whether `bytes`, which stand after the last newline of the file, can be what is left of a write that did
 * not come to its end: the beginning of the next line, or zeros (pages that never reached the disk) after it.
 * A whole line whose newline became something else is not. */
bool chain_is_torn(const char *bytes, size_t len);

#endif
