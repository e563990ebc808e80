/* Reading a run from its journal, without its runner: for status and runs. */
#ifndef APP_PAST_H
#define APP_PAST_H

#include "engine/run.h"
#include "wire/rundir.h"

struct past {
    struct frozen frozen;
    const struct book *book;
    struct run *run;
    uint64_t seq; /* of the last record */
};

/* Folds the whole journal of the run. Where no runner is at work on it, what was under way when the last one
 * ended is unknown already, as it will be when somebody resumes; nothing is recorded. `past` is in `arena`;
 * finish it. */
int past_read(struct arena *arena, const struct rundir_entry *entry, struct past *ret,
              struct err *err) MUST_CHECK;
void past_finish(struct past *past);

#endif
