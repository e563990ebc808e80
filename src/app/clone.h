/* Reading a run from a clone of its trail, as whoever approves from elsewhere does. */
#ifndef APP_CLONE_H
#define APP_CLONE_H

#include "engine/run.h"
#include "wire/rundir.h"

struct clone {
    const char *path, *id; /* the repository, and the run's id */
    struct frozen frozen;  /* as the trail has it; no directory */
    const struct book *book;
    struct run *run;     /* clone_read */
    struct instant last; /* of the newest thing that is known: everything is judged as of then */
};

/* `where`: "REPOSITORY:RUN", the former bare or a checkout. Nothing is read yet. ERR_USAGE. */
int clone_at(struct arena *arena, const char *where, struct clone *ret, struct err *err) MUST_CHECK;
/* And what was frozen is read, and the book loaded. */
int clone_open(struct arena *arena, const char *where, struct clone *ret, struct err *err) MUST_CHECK;
/* Whether what is frozen there is what the run was begun with; ERR_CORRUPT. */
int clone_check(const struct clone *clone, const struct event *opened, struct err *err) MUST_CHECK;

/* clone_open, and the records folded and the newest samples put in. Finish it. */
int clone_read(struct arena *arena, const char *where, struct clone *ret, struct err *err) MUST_CHECK;
void clone_finish(struct clone *clone);

/* A file of the trail, in `arena`. ERR_NOT_FOUND. */
int clone_file(struct arena *arena, const struct clone *clone, const char *name, const char **ret,
               size_t *ret_len, struct err *err) MUST_CHECK;
/* Passing events, a line each, of the n-th segment from 1. ERR_NOT_FOUND after the last. */
int clone_samples(struct arena *arena, const struct clone *clone, unsigned number, const char **ret,
                  size_t *ret_len, struct err *err) MUST_CHECK;

/* The run, and all that is known about the gate, for a person. */
void clone_print_gate(const struct clone *clone, size_t gate);

#endif
