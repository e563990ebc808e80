/*
 * What the tests of the journal and of the trail have in common: an empty directory for each, and the records
 * of an imagined run.
 */
#ifndef UNIT_JOURNAL_FIXTURE_H
#define UNIT_JOURNAL_FIXTURE_H

#include "journal/journal.h"

/* cmocka's setup and teardown: an empty directory as the current one. */
int fixture_enter(void **state);
int fixture_enter_memory(void **state); /* where nothing takes the time of a disk, if there is such a place */
int fixture_leave(void **state);

/* The record with that seq; the same seq gives the same record. */
struct event fixture_event(uint64_t seq);

/* A new journal at `path` with records 1..count, closed. */
void fixture_journal(const char *path, uint64_t count);

void fixture_append(struct journal *journal, uint64_t first, uint64_t last);

/* The whole file; buf_finish it. */
struct buf fixture_bytes(const char *path);
void fixture_put(const char *path, const void *bytes, size_t len);

/* Offset of the first byte of a line (0-based) in a text of lines. */
size_t fixture_line(const struct buf *text, size_t line);

#endif
