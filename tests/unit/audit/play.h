/*
 * A run that was played in the engine, from its beginning to its end, and its trail as a runner would have
 * published it: what the tests of verifying have to judge. With keys or without.
 */
#ifndef UNIT_AUDIT_PLAY_H
#define UNIT_AUDIT_PLAY_H

#include "audit/verify.h"

#define PLAY_RUN "tiny-1"

struct play {
    struct arena *arena;
    const char *book, *settings; /* texts */
    const char *output, *output_path;
    const char *samples;
    struct event *events; /* records; may be changed before they are chained */
    size_t count;
    struct buf lines;        /* chained */
    const char *key;         /* of the operator; NULL: nothing is signed */
    const char *policy;      /* text; NULL */
    const char *certificate; /* text; NULL */
    const struct policy *people;
    struct sha256 policy_sha256;
    size_t most; /* records a commit, also without a milestone; 0: as many as there are */
};

/* Plays it. With `keys`, the files "mia" and "jo" are made, and everything is signed. */
void play_make(struct play *play, bool keys);
void play_finish(struct play *play);

/* Puts that many notes before the end of the run. */
void play_notes(struct play *play, size_t count);

/* Chains the events, with seqs from 1 on. */
void play_chain(struct play *play);
/* Publishes all of it to a new repository at `path`: a commit for each milestone. */
void play_publish(const struct play *play, const char *path);

/* Verifies; `ret` is in `arena`. */
int play_verify(const struct play *play, const char *path, struct arena *arena, struct verify_report *ret);
struct verify_options play_options(const struct play *play, const char *path);

/* The script for reviewers is of the same mind: whole when `want` is NULL, else not, and with that in what it
 * says. `signers`: a file of play_signers; NULL: it is given none. TMINUS_VERIFY_SH names it; where that is
 * empty it is not asked. */
void play_script(const char *signers, const char *path, const char *want);
/* The people of a policy, as ssh-keygen wants them. */
void play_signers(const struct policy *policy, const char *path);

#endif
