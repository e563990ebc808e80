/* Reading a run from its journal, without its runner: for log, status and runs. */
#ifndef APP_PAST_H
#define APP_PAST_H

#include "engine/run.h"
#include "wire/rundir.h"

struct past {
    struct frozen frozen;
    const struct book *book;
    struct run *run;
};

/* Folds the whole journal of the run in `dir`. `past` is in `arena`; finish it. */
int past_read(struct arena *arena, const char *dir, struct past *ret, struct err *err) MUST_CHECK;
void past_finish(struct past *past);

#endif
