/*
 * A trail that is being verified: where the judging stands, commit after commit. Private to the room.
 *
 * Each file of the room that judges one thing puts what it finds into the report and goes on; a negative
 * return means that nothing more can be said (and is an error of the caller's, not of the trail).
 */
#ifndef AUDIT_JUDGE_H
#define AUDIT_JUDGE_H

#include <git2.h>

#include "audit/trail.h"
#include "audit/verify.h"
#include "engine/run.h"

#define JUDGE_TEXT_MAX ((size_t)1024 * 1024 * 1024)

enum change_kind { CHANGE_ADDED, CHANGE_CHANGED, CHANGE_REMOVED };

/* A file that is another one, or there at all, in one commit and not in its parent. */
struct tree_change {
    enum change_kind kind;
    const char *path;
    git_oid before, after;
};
struct tree_changes {
    struct tree_change *list;
    size_t count, capacity;
};

/* A series of files as the commits so far have filled it. */
struct judged_series {
    const char *directory;
    size_t lines_max, bytes_max;
    unsigned number; /* of the last file */
    size_t lines;    /* in it */
    struct buf text; /* of it */
    bool broken;     /* told once, and not judged any more */
};

struct judged_output {
    const char *path;
    struct sha256 stored; /* "" while it is not in the tree */
    const char *commit;   /* that added it */
    const char *named;    /* SHA-256, by a record; NULL */
    uint64_t seq;         /* of that record */
    bool begun;           /* an attempt that can have written it: one that a dead runner left names no hash */
};

/* From a run.opened or a run.resumed on: who has the key to the trail. */
struct judged_session {
    uint64_t seq;
    const char *key;    /* fingerprint; NULL: it was not said */
    const char *policy; /* SHA-256, when the run was opened; NULL */
    const char *actor;
};

/* A signature that is to be judged when everything else was. */
struct judged_signature {
    const char *commit;        /* id */
    const struct event *event; /* a decision; NULL: it is the commit's own */
    uint64_t last_seq;         /* of the records up to the commit */
    const char *bytes;         /* what was signed */
    size_t len;
    const char *signature;
    int result; /* of sign_judge */
    struct key_fingerprint by;
    struct err err;
};

struct judge {
    const struct verify_options *options;
    struct verify_report *report;
    struct arena *arena; /* the report's */
    git_repository *repo;
    git_odb *odb;
    git_oid *commits; /* oldest first, once they were collected */
    size_t commit_count, commit_capacity;
    const char *commit; /* the one that is being judged; NULL: none */

    struct chain chain;
    bool fold_over;
    struct judged_series journal, samples;
    struct buf lines; /* every record so far */
    struct run *run;
    const struct book *book;
    struct sha256 book_sha256, targets_sha256, settings_sha256, policy_sha256,
        certificate_sha256;  /* "": there is none */
    const char *policy_text; /* in the trail: never believed, only its version is told; NULL */
    size_t policy_len;
    struct arena *batch_arena;
    struct event *batch; /* records of the commit that is being judged */
    size_t batch_count, batch_capacity;

    struct judged_output *outputs;
    size_t output_count, output_capacity;
    struct judged_session *sessions;
    size_t session_count, session_capacity;
    struct judged_signature *signatures;
    size_t signature_count, signature_capacity;
};

/* A line of the report, about the commit that is being judged. `file` can be NULL and `seq` 0. */
void judge_say(struct judge *judge, enum verify_kind kind, const char *file, uint64_t seq, const char *format,
               ...) PRINTF_LIKE(5, 6);
#define judge_found(judge, file, seq, ...) judge_say(judge, VERIFY_FOUND, file, seq, __VA_ARGS__)

/* `array` with room for one more. */
#define JUDGE_GROW(array, count, capacity)                                                                   \
    do {                                                                                                     \
        if ((count) == (capacity)) {                                                                         \
            (capacity) = (capacity) == 0 ? 64 : 2 * (capacity);                                              \
            (array) = mem_realloc((array), (capacity) * sizeof(*(array)));                                   \
        }                                                                                                    \
    } while (0)

void judged_series_init(struct judged_series *series, const char *directory, size_t lines_max,
                        size_t bytes_max);

/* What is in the repository beside the objects: what makes git show something else, or run something. */
void judge_repository(struct judge *judge, const char *git_directory);

/* The commits from the tip back to the first one, then each of them, oldest first. */
int judge_history(struct judge *judge, const git_oid *tip, struct err *err) MUST_CHECK;

/* How the tree of a commit differs from its parent's (NULL: from nothing), in the order of the tree. */
void judge_trees(struct judge *judge, const git_oid *before, const git_oid *after,
                 struct tree_changes *changes);

/* The bytes of a blob; git_odb_object_free it. NULL after it was told. */
git_odb_object *judge_blob(struct judge *judge, const char *path, const git_oid *id);

/* The files that never change, and the book from them. */
void judge_frozen(struct judge *judge, const struct tree_changes *changes, bool first);
/* Records, samples and outputs that a commit adds. */
void judge_records(struct judge *judge, const struct tree_changes *changes);
void judge_samples(struct judge *judge, const struct tree_changes *changes);
void judge_outputs(struct judge *judge, const struct tree_changes *changes);
/* What a record says must be in the tree, and the other way round; after all commits. */
void judge_outputs_end(struct judge *judge);
/* Takes up what one record says about outputs, keys and signatures; before it is folded. */
void judge_note_record(struct judge *judge, const struct event *event);
void judge_note_decision(struct judge *judge, const struct event *event);

/* A commit's object, taken apart; texts are in the batch's arena. */
struct raw_commit {
    const char *text; /* without its signature */
    const char *signature;
    git_oid tree, parent;
    size_t parent_count;
    const char *author, *committer; /* what follows the word, to the end of the line */
};
/* Reads one; false after it was told. */
bool judge_raw_commit(struct judge *judge, const git_oid *id, struct raw_commit *ret);

/* Holds a commit against what tminus would have written for the records and files that it adds. */
void judge_message(struct judge *judge, const struct raw_commit *raw, const struct tree_changes *changes,
                   size_t lines_start);

/* Where the records end: with the run, with the local journal, with the head that was given. */
void judge_end(struct judge *judge);

/* The signatures that were gathered. */
void judge_signatures(struct judge *judge);

#endif
