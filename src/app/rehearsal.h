/*
 * A rehearsal: a book carried out with nobody there, on servers that nobody depends on, to a midpoint and
 * back, once for every midpoint, each in a run of its own; afterwards the servers have to be what they were.
 * Private to the room.
 */
#ifndef APP_REHEARSAL_H
#define APP_REHEARSAL_H

#include <stdbool.h>

#include "autopilot.h"
#include "fingerprint/fingerprint.h"
#include "launch.h"
#include "rehearse/certificate.h"
#include "rehearse/timings.h"

/* ---- the servers ---- */

/* What all targets were at one time, by their index. */
struct snapshot {
    struct fingerprint **of;
};

int snapshot_take(struct arena *arena, const struct book *book, struct snapshot *ret,
                  struct err *err) MUST_CHECK;
/* Takes one more, and says what is different from `before` (borrowed from both, in `arena`). A replica is
 * given time to follow its primary. */
int snapshot_compare(struct arena *arena, const struct book *book, const struct snapshot *before,
                     const struct difference **ret, size_t *ret_count, struct err *err) MUST_CHECK;

/* ---- the locks ---- */

struct lock_table;
struct lock_table *lock_table_create(const struct book *book); /* borrowed */
void lock_table_destroy(struct lock_table *table);             /* NULL-safe */
/* Every event of every run. */
void lock_table_add(struct lock_table *table, const struct event *event);
/* What was taken, held against what the book claims, in `arena`, in the order of the book. */
size_t lock_table_of(const struct lock_table *table, struct arena *arena,
                     const struct certificate_lock **ret);
/* Appends what is no fault, a line each: what is claimed and was not seen, what was taken and not claimed.
 * `ran` by step. */
void lock_table_remarks(const struct lock_table *table, const bool *ran, struct buf *buf);

/* ---- whoever is not there ---- */

/* Carries out what the step names, beside the book, and waits for it. ERR_REFUSED with its last words. */
int stand_in(const struct step *step, const char *book_path, const char *run, struct err *err) MUST_CHECK;
/* Makes the servers what they were, by the shell and in this environment; waits. ERR_REFUSED. */
int restore(const char *command, struct err *err) MUST_CHECK;

/* ---- the rehearsal ---- */

struct rehearsal_options {
    struct launch_options launch;
    const char *midpoints; /* "all", "none", or steps, as given; NULL: all */
    bool twice, json;
    const char *certificate, *key, *restore;
    int64_t limit_us; /* of each way; 0: by the estimates */
    struct unattended_answers answers;
};

/* What came of one midpoint, or of doing one step again. */
struct midpoint {
    size_t step; /* BOOK_NONE: the whole way, and left there */
    bool asked;
    bool went; /* forward, all the way that was asked for */
    struct certificate_midpoint row;
    const char *const *differences;     /* a line each: all of them */
    bool again;                         /* the step is to be done again */
    struct certificate_again again_row; /* its text is NULL where nobody asked for it */
    const char *const *again_differences;
    size_t again_difference_count;
};

struct rehearsing {
    struct arena *arena;
    const struct rehearsal_options *options;
    const struct book *book;
    struct frozen frozen; /* as of a run that has no directory yet */
    const char *person;   /* who rehearses */
    struct snapshot before;
    size_t count;
    struct midpoint *midpoints;
    const char *lost;   /* why the servers are not what they were; NULL: they are */
    const char *failed; /* the step that failed on the way forward: nothing gets past it; NULL */
    struct timings *timings;
    struct lock_table *locks;
    struct buf remarks;  /* a line each */
    struct buf unproven; /* the same: what did not hold */
    bool *ran, *skipped; /* by step; skipped: its probe said that it was done before it began */
};

/* Book, targets and files, as for a run. Faults go into `report`. Finish it in any case. */
int rehearsing_load(struct rehearsing *rehearsing, const struct rehearsal_options *options,
                    struct buf *report, struct err *err) MUST_CHECK;
void rehearsing_finish(struct rehearsing *rehearsing);
/* What has to be so before anything is begun: nobody depends on the servers, and somebody stands in for
 * everybody who would be asked (who is missing goes into `report`). Looks at the servers: `before`. */
int rehearsing_refuse(struct rehearsing *rehearsing, struct buf *report, struct err *err) MUST_CHECK;
/* All midpoints that are asked for, one after the other; `told` hears of each as it ends. What goes wrong is
 * in the rows. */
typedef void (*midpoint_told)(const struct rehearsing *rehearsing, const struct midpoint *midpoint);
void rehearsing_run(struct rehearsing *rehearsing, midpoint_told told);
/* Somebody pressed the key, and the rest was let be. */
bool rehearsing_interrupted(void);

/* ---- telling (rehearsal_tell.c, rehearsal_table.c) ---- */

/* What is certified; in the rehearsal's arena. */
struct certificate *rehearsal_certificate(struct rehearsing *rehearsing);
/* Signs it where a key was given, and writes the file. */
int rehearsal_certify(const struct rehearsing *rehearsing, struct certificate *certificate,
                      struct err *err) MUST_CHECK;
/* Whether the key can sign now: it may have a passphrase, or be none. */
int rehearsal_key_check(const char *key, struct err *err) MUST_CHECK;
/* Puts a line for each thing that was asked for and not proven into `unproven` (rehearsal_held.c). */
void rehearsal_judge(struct rehearsing *rehearsing, const struct certificate *certificate);
bool rehearsal_held(const struct rehearsing *rehearsing); /* once judged: all that was asked for held */

/* A line for each midpoint stands under this. */
#define REHEARSAL_HEADING "Forward to the end of the step, then back\n"
void rehearsal_line(struct buf *buf, const struct rehearsing *rehearsing, const struct midpoint *midpoint);
void rehearsal_tables(struct buf *buf, const struct rehearsing *rehearsing,
                      const struct certificate *certificate);
void rehearsal_json(struct buf *buf, const struct rehearsing *rehearsing,
                    const struct certificate *certificate);

#endif
