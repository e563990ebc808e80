/* Reading a run from a clone of its trail, as whoever approves from elsewhere does. */
#ifndef APP_CLONE_H
#define APP_CLONE_H

#include "engine/run.h"

struct clone {
    const char *path, *id; /* the repository, and the run's id */
    const struct book *book;
    struct run *run;
    struct instant last; /* of the newest thing that is known: everything is judged as of then */
};

/* `where`: "REPOSITORY:RUN", the former bare or a checkout. Book and targets must be what the run was begun
 * with. The newest samples are put in. Finish it. */
int clone_read(struct arena *arena, const char *where, size_t param_count, const struct book_param *params,
               struct clone *ret, struct err *err) MUST_CHECK;
void clone_finish(struct clone *clone);

/* A file of the trail, in `arena`. ERR_NOT_FOUND. */
int clone_file(struct arena *arena, const struct clone *clone, const char *name, const char **ret,
               size_t *ret_len, struct err *err) MUST_CHECK;

/* The run, and all that is known about the gate, for a person. */
void clone_print_gate(const struct clone *clone, size_t gate);

#endif
