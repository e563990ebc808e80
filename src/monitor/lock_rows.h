/* A tree of who waits for whom, as a sample. */
#ifndef MONITOR_LOCK_ROWS_H
#define MONITOR_LOCK_ROWS_H

#include "monitor/draft.h"
#include "monitor/lock_tree.h"

/* A session as the server tells of it; what is NULL is left empty. Times are numbers of microseconds. */
struct lock_session {
    const char *pid, *who, *state, *xact_us, *wait_us, *object, *query;
    const char *start; /* with pid: which session exactly */
};

void lock_draft_metrics(struct draft *draft, size_t waiting, const struct lock_tree *tree);

/* After lock_tree_build. */
void lock_draft_rows(struct draft *draft, const struct lock_tree *tree);

#endif
