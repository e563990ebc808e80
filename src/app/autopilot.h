/*
 * A scripted operator and a scripted reviewer, who take a run through its book as careful people would, by
 * the same actions and under the same rules, and show a hold and a rollback on the way. For `tminus demo`
 * without a terminal.
 */
#ifndef APP_AUTOPILOT_H
#define APP_AUTOPILOT_H

#include <stdint.h>

#include "base/err.h"

/* Drives the live run in `dir` to its end and prints each record. ERR_TIMEOUT when that takes longer than
 * `limit_us`, ERR_REFUSED when a rule says no for longer than it should. */
int autopilot_drive(const char *dir, int64_t limit_us, struct err *err) MUST_CHECK;

#endif
