/* Where a run stands, for `tminus status`. */
#ifndef APP_STATUS_H
#define APP_STATUS_H

#include "engine/run.h"

/* What is known besides the run itself. */
struct standing {
    struct instant now;
    uint64_t seq;       /* of the last record */
    bool live;          /* a runner is at work on it */
    const char *halted; /* why that does nothing new any more; NULL */
};

void status_print_text(const struct run *run, const struct standing *standing);
/* One JSON object on one line; the keys are stable. */
void status_print_json(const struct run *run, const struct standing *standing);

#endif
