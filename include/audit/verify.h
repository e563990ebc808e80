/*
 * Verifying a run's trail: what stands in a repository, held against what tminus would have written.
 *
 * Nothing in the trail is believed that can be reckoned: every commit is made again from its records and its
 * tree and must be the same to the byte, every record must follow the one before and be something that can
 * have happened in this book. Who signed is told by a policy that stands outside the trail. Nothing is
 * changed and nothing locked; no configuration is read and nothing of the repository is run.
 *
 * What cannot be seen from inside: that the end was cut off, and that somebody without a key wrote all of an
 * unsigned trail anew. Against both stands the head, kept elsewhere: with a witness, in the run's directory,
 * in somebody's notes.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "runbook/book.h"
#include "sign/policy.h"

enum verify_kind {
    VERIFY_FOUND, /* something is not as it must be */
    VERIFY_LOUD,  /* it may be, and everybody should know */
    VERIFY_NOTE,  /* what could not be judged, and why */
};

struct verify_line {
    enum verify_kind kind;
    const char *commit; /* its id; NULL when it is about no commit */
    const char *file;   /* in the tree or in the repository; NULL */
    uint64_t seq;       /* 0: no record */
    const char *text;   /* what is there, what was expected, what it means */
};

#define VERIFY_LINES_MAX   1000
#define VERIFY_SIGNERS_MAX POLICY_KEYS_MAX

struct verify_signer {
    const char *person, *fingerprint;
    size_t commits, decisions;
};

/* Everything in it is in `arena`, which is the caller's. */
struct verify_report {
    struct arena *arena;
    struct verify_line *lines; /* at most VERIFY_LINES_MAX; `left_out` says how many more there were */
    size_t count, left_out;
    size_t found; /* of VERIFY_FOUND, all of them: 0 means whole */
    uint64_t records;
    size_t commits, commits_signed, decisions_signed;
    struct sha256 head; /* of the last record that could be read */
    bool closed;        /* the run was ended; what is told after that is about monitors and people */
    struct verify_signer *signers;
    size_t signer_count;
};

struct verify_options {
    const char *path; /* a bare repository, or a clone with its .git */
    const char *run;
    const char *journal;         /* of the run, when its directory is here; NULL */
    bool live;                   /* a runner is at work on it here */
    bool open;                   /* that the run is not over is expected */
    const char *head;            /* what the last record's hash must be; NULL */
    const struct policy *policy; /* NULL: none was given */
    const char *policy_sha256;   /* of its file */
    const char *unchecked;       /* why no signature can be checked here, and then none is; NULL */
};

/* Ids of the runs that a repository has branches of; in `arena`. ERR_NOT_FOUND, ERR_ENVIRONMENT, ERR_CORRUPT.
 */
int verify_runs(struct arena *arena, const char *path, const char *const **ret, size_t *ret_count,
                struct err *err) MUST_CHECK;

/* Judges a run's trail, all of it in one pass as far as that goes. What is wrong with it is in the report,
 * and then this returns 0 all the same; a signature that could not be checked is found too, with the reason.
 * ERR_NOT_FOUND when there is no repository or no such branch, ERR_ENVIRONMENT when it is none. */
int verify_run(const struct verify_options *options, struct arena *arena, struct verify_report *ret,
               struct err *err) MUST_CHECK;

#endif
