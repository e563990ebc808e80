/*
 * What a run's branch holds at its tip, kept in memory so that the next commit needs no reading. Private to
 * the room.
 */
#ifndef AUDIT_TRAIL_H
#define AUDIT_TRAIL_H

#include "audit/series.h"
#include "journal/chain.h"

#define TRAIL_JOURNAL "journal"
#define TRAIL_SAMPLES "samples"

#define SAMPLES_BYTES_MAX (16 * 1024) /* what at most is written again with each commit */

struct trail {
    bool exists;        /* the branch does */
    git_oid tip;        /* its last commit */
    struct chain chain; /* after the last record */
    struct series journal;
    struct series samples;
};

void trail_init(struct trail *trail);
void trail_finish(struct trail *trail);

/* Reads it from the branch; one that does not exist holds nothing. Its last file of records is judged line by
 * line. ERR_CORRUPT, ERR_IO. */
int trail_load(struct trail *trail, git_repository *repo, const char *branch, struct err *err) MUST_CHECK;

/* The tree of a branch's last commit; git_tree_free it. ERR_NOT_FOUND when there is no such branch. `ret_tip`
 * can be NULL. */
int trail_tree(git_repository *repo, const char *branch, git_tree **ret, git_oid *ret_tip,
               struct err *err) MUST_CHECK;

/* Where the chain stands after file `number - 1`, which is read for it. */
int trail_chain_before(git_repository *repo, const git_tree *root, unsigned number, struct chain *ret,
                       struct err *err) MUST_CHECK;

#endif
