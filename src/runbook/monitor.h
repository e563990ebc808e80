/*
 * What a monitor of each kind measures.
 */
#ifndef RUNBOOK_MONITOR_H
#define RUNBOOK_MONITOR_H

#include "load.h"

/* The names of its metrics. */
const char *const *monitor_metrics(enum monitor_kind kind, size_t *ret_count);

#endif
