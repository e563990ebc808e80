/* Beginning a run: checking the book, freezing it, and starting the runner's process. */
#ifndef APP_LAUNCH_H
#define APP_LAUNCH_H

#include "base/err.h"
#include "wire/rundir.h"

struct launch_options {
    const char *book, *targets, *audit, *as, *environment, *witness; /* NULL where not said, but for `book` */
    bool goes_by_policy;      /* the one that is said or found counts */
    const char *policy, *key; /* NULL where not said; the key as a path that means the same from anywhere */
    size_t param_count;
    const struct book_param *params;
    const char *certificate; /* of a rehearsal; NULL: a live run takes the one beside the book */
    const char *unrehearsed; /* why it is begun without one; NULL */
    bool unbound;            /* for who only looks: a param that was not given is let pass */
};

/* Reads a file that is to be JSON. */
int read_document(struct arena *arena, const char *path, const char **ret, size_t *ret_len,
                  struct err *err) MUST_CHECK;

/* "K=V" of --param. */
int parse_params(struct arena *arena, const char *const *items, size_t count, const struct book_param **ret,
                 struct err *err) MUST_CHECK;

/* Faults of a book go into `report` as lines for stderr (report_faults), and ERR_INVALID is returned. */

/* Book and targets read and loaded, for looking only. */
int launch_show(struct arena *arena, const struct launch_options *options, const struct book **ret,
                struct buf *report, struct err *err) MUST_CHECK;

/* The same for whoever tells the faults otherwise: a book with faults is no error here. */
struct loaded {
    struct frozen frozen;    /* the texts, and the files that the book names */
    const struct book *book; /* NULL: there are faults */
    const struct json_faults *faults, *target_faults;
};
int launch_judge(struct arena *arena, const struct launch_options *options, struct loaded *ret,
                 struct err *err) MUST_CHECK;

/* A run begins in three: what is quickly seen (arguments, files that can be read), fills `frozen` but for the
 * run's name and directory; */
int launch_look(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                struct err *err) MUST_CHECK;
/* the book, which takes longer than a first frame may; */
int launch_load(struct arena *arena, const struct launch_options *options, const struct frozen *frozen,
                const struct book **ret_book, struct buf *report, struct err *err) MUST_CHECK;
/* and freezing what is executed in a new run's directory. */
int launch_freeze(struct arena *arena, const struct book *book, struct frozen *frozen,
                  struct err *err) MUST_CHECK;
/* All three. */
int launch_prepare(struct arena *arena, const struct launch_options *options, struct frozen *frozen,
                   struct buf *report, struct err *err) MUST_CHECK;

/* Starts a runner for the run in `dir`, away from this terminal and session; `key` (NULL: none) signs. The
 * descriptor that comes back ends with one line: "ready", or "failed <status> <why>". */
int launch_start(const char *dir, bool resume, const char *key, int *ret_fd, struct err *err) MUST_CHECK;
/* What that line says: 0 for ready; else the runner's own error. */
int launch_answer(const char *line, struct err *err) MUST_CHECK;
/* Waits for the line. */
int launch_wait(int fd, struct err *err) MUST_CHECK;

#endif
