/*
 * The directory of a run: where a runner and its screens meet. Under $XDG_STATE_HOME/tminus/runs/<id>/, 0700:
 *
 *     book.json, targets.json, policy.json, certificate.json, run.json
 *                                            what was frozen when the run began, and is executed
 *     journal                                the truth (journal room)
 *     samples                                passing events of this runner, one JSON object a line
 *     output/<step>.<attempt>.log            what commands wrote
 *     socket                                 where the runner listens, 0600
 *     lock                                   held by the runner as long as it lives
 */
#ifndef WIRE_RUNDIR_H
#define WIRE_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "runbook/book.h"

/* An id as any other (text_is_id), but shorter: it is a part of application names and of a table's name,
 * which PostgreSQL cuts at 63 bytes. */
#define RUN_ID_MAX 40

/* $XDG_STATE_HOME/tminus, else ~/.local/state/tminus. ERR_ENVIRONMENT when neither variable is there. */
int state_home(struct arena *arena, const char **ret_path, struct err *err) MUST_CHECK;

/* What was frozen. */
struct frozen {
    const char *dir;                      /* of the run */
    const char *run;                      /* its id */
    const char *book_text, *targets_text; /* targets_text NULL: there was none */
    size_t book_len, targets_len;
    const char *policy_text; /* NULL: the run goes by none */
    size_t policy_len;
    const char *certificate_text; /* of a rehearsal; NULL: there is none */
    size_t certificate_len;
    const char *certificate_sha256; /* as run.json has it; NULL without one, and until rundir_certify */
    const char *unrehearsed;        /* why it begins without the certificate that the book asks for; NULL */
    const char *settings_text;      /* run.json as it was read; NULL before it was written */
    size_t settings_len;
    size_t param_count;
    const struct book_param *params;
    size_t file_count; /* that the book names; part of run.json */
    const struct book_file *files;
    const char *operator, * environment;
    const char *book_path; /* as it was given: for messages, and commands run beside it */
    const char *audit;     /* the bare repository */
    const char *witness;   /* the remote that gets a copy of the trail (remote_check); NULL: none */
};

/* Makes the directory of a new run, `<book id>-<UTC date>-<UTC time>` (with -2, -3 when it is taken; a book
 * id is cut where that would be over RUN_ID_MAX), and freezes what is executed. Sets `frozen->run` and
 * `frozen->dir`. */
int rundir_create(struct arena *arena, const char *book_id, struct instant now, struct frozen *frozen,
                  struct err *err) MUST_CHECK;

/* Puts the SHA-256 of the frozen certificate into run.json: before anything has begun, and by whoever can
 * tell it. */
int rundir_certify(struct arena *arena, struct frozen *frozen, const char *sha256,
                   struct err *err) MUST_CHECK;

/* Reads what was frozen in the run's directory. */
int rundir_read(struct arena *arena, const char *dir, struct frozen *ret, struct err *err) MUST_CHECK;

/* What `settings_text` says (run.json, from `path`), into the members that come from it. ERR_CORRUPT. */
int frozen_settings(struct arena *arena, const char *path, struct frozen *frozen, struct err *err) MUST_CHECK;

/* The frozen book again, with what its certificate says of its times; ERR_CORRUPT with the first fault when
 * one of the two does not load any more. */
int frozen_book(struct arena *arena, const struct frozen *frozen, const struct book **ret,
                struct err *err) MUST_CHECK;

/* A file of the run's directory. */
const char *rundir_path(struct arena *arena, const char *dir, const char *name);

/* All runs, newest first: directories of ours (or root's) that nobody else can write in. */
struct rundir_entry {
    const char *run, *dir;
    bool live; /* a runner holds its lock */
};
int rundir_list(struct arena *arena, struct rundir_entry **ret, size_t *ret_count,
                struct err *err) MUST_CHECK;

/* The run of that id or unique prefix; with NULL the only live one. ERR_NOT_FOUND, and how to go on. */
int rundir_find(struct arena *arena, const char *name, bool live_only, struct rundir_entry *ret,
                struct err *err) MUST_CHECK;

/* Takes the run's lock; the descriptor holds it until it is closed. ERR_BUSY when a runner has it. */
int rundir_lock(const char *dir, int *ret_fd, struct err *err) MUST_CHECK;

#endif
