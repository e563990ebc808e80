/*
 * A certificate: that this book, byte for byte, was carried out and taken back on these servers on that day,
 * and what was seen. One JSON file, signed like a decision; it says of itself what was not proven.
 *
 * Everything that was read lives in the arena that it was read into.
 */
#ifndef REHEARSE_CERTIFICATE_H
#define REHEARSE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "runbook/book.h"

#define CERTIFICATE_FORMAT    1
#define CERTIFICATE_MAX_BYTES (8 * 1024 * 1024)
/* Namespace of its signature (sign/sign.h). */
#define SIGN_REHEARSAL "tminus-rehearsal"

/* word in JSON and in the table */
#define REHEARSAL_RESULTS(X)                                                                                 \
    X(REHEARSAL_SAME, "same")           /* afterwards everything was as before */                            \
    X(REHEARSAL_DIFFERENT, "different") /* it was not; the text says what */                                 \
    X(REHEARSAL_FAILED, "failed")       /* it did not get that far, or not back */                           \
    X(REHEARSAL_NO_RETURN, "no return") /* the book says that there is no way back from here */              \
    X(REHEARSAL_NOT_TRIED, "not tried") /* and why */

enum rehearsal_result {
#define X(name, word) name,
    REHEARSAL_RESULTS(X)
#undef X
        REHEARSAL_RESULT_COUNT
};
const char *rehearsal_result_word(enum rehearsal_result result);

/* Forward to the end of `step`, then back; "" is the whole way. */
struct certificate_midpoint {
    const char *step;
    enum rehearsal_result result;
    const char *text; /* the first differences, the error, why not; "" */
    int64_t differences;
    int64_t forward_us, back_us;
    const char *run; /* whose trail tells it; "" */
};

/* A step that was done a second time. SAME: it changed nothing, and said so. */
struct certificate_again {
    const char *step;
    enum rehearsal_result result;
    const char *how; /* "skipped by its probe", "done again" */
    const char *text;
};

/* A lock that a step (entry 0) or an entry of its rollback took, and what the book claims. */
struct certificate_lock {
    const char *step;
    int64_t entry;
    const char *relation, *taken;
    const char *claimed; /* "": the book claims nothing of it */
    bool rewritten;      /* its file is another one afterwards */
    bool holds;          /* not stronger than claimed, and rewritten only where it says so */
    int64_t queued;      /* the most sessions that were seen waiting for it at once */
};

struct certificate_timing {
    const char *step;
    int64_t entry;
    struct rehearsed rehearsed;
};

struct certificate_target {
    const char *id, *engine, *version; /* version "PostgreSQL 15.20"; "": its database was not there */
};

struct certificate {
    const char *book, *book_sha256,
        *files_sha256; /* id; of its text; of the files that it names (certificate_files) */
    const char *version, *host, *operator;
    int64_t wall_us;   /* when it ended */
    const char *asked; /* "--midpoints all --twice" */
    size_t target_count, param_count, midpoint_count, again_count, lock_count, timing_count, data_count;
    const struct certificate_target *targets;
    const struct book_param *params;
    const struct certificate_midpoint *midpoints;
    const struct certificate_again *again;
    const struct certificate_lock *locks;
    const struct certificate_timing *timings;
    const char *const *data; /* what of the data was compared; none: only what the catalogs say */
    bool all;                /* every midpoint was tried */
    bool passed;             /* certificate_judge */
    const char *signature;   /* armoured; NULL: not signed */
};

/* Whether nothing that was tried came out wrong, and something was tried. */
bool certificate_judge(const struct certificate *certificate);
/* Whether there are midpoints, and each was tried. */
bool certificate_tried_all(const struct certificate *certificate);
/* What keeps its midpoints from being the steps of this book that are gone through, each once and in that
 * order; NULL: nothing. */
const char *certificate_lacks(struct arena *arena, const struct certificate *certificate,
                              const struct book *book);

/* SHA-256 over the names and texts of the files that a book names, in their order. */
void certificate_files(const struct book_file *files, size_t count, char ret[65]);

/* Appends what is signed: canonical JSON without the signature. */
void certificate_statement(const struct certificate *certificate, struct buf *out);
/* Appends the file: the same with the signature. */
void certificate_write(const struct certificate *certificate, struct buf *out);
/* `path` is for messages. ERR_INVALID with the place of the first fault. The signature is not judged here. */
int certificate_read(struct arena *arena, const char *path, const char *text, size_t len,
                     const struct certificate **ret, struct err *err) MUST_CHECK;

#endif
