/*
 * Judging a trail with the git that people use.
 */
#ifndef UNIT_AUDIT_GIT_H
#define UNIT_AUDIT_GIT_H

#include "audit/audit.h"

/* Runs git with these words (the last is NULL) and returns what it wrote; failing fails the test. buf_finish
 * it. */
struct buf git_output(const char *const *words);

/* For one command line without quoting: words are separated by single spaces. */
struct buf git_line(const char *line);
void git_quiet(const char *line);

/* `git fsck --strict` finds nothing at all in "audit.git". */
void git_expect_sound(void);

/* The files of the branch's directory, in order and concatenated, are exactly these bytes. */
void git_expect_series(const char *branch, const char *directory, const char *bytes, size_t len);

/* As if the file had been there for a minute. */
void git_make_old(const char *path);

/* ---- publishing what the fixture made ---- */

/* Opens "audit.git" for run "r1". */
struct audit *trail_open(void);

/* A batch of the fixture's records first..last, with their lines taken from the file "journal". */
struct batch {
    struct audit_batch audit;
    struct event *events;
    struct buf journal;
};
void batch_make(struct batch *batch, uint64_t first, uint64_t last);
void batch_finish(struct batch *batch);

/* Publishes records first..last, `each` a batch. */
void trail_publish(struct audit *audit, uint64_t first, uint64_t last, uint64_t each);

/* The branch of "r1" holds exactly the records 1..last of "journal", says audit_last and says git. */
void trail_expect(struct audit *audit, uint64_t last);

#endif
