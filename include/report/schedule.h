/*
 * When each step would begin and end if every one took the upper end of its estimate: phases one after the
 * other, inside a phase what has to wait for what. The critical path is what nothing may be later of without
 * making the whole longer. Pure; nothing of a run is known here.
 */
#ifndef REPORT_SCHEDULE_H
#define REPORT_SCHEDULE_H

#include "base/mem.h"
#include "runbook/book.h"

struct slot {
    int64_t start_us, end_us; /* since the beginning of the book */
    int64_t slack_us;         /* of a step: how much later it may end without making its phase longer */
    bool critical; /* a step: it takes time and has no slack; a phase: its own estimate is what lasts */
};

struct schedule {
    struct slot *steps;  /* by index in the book */
    struct slot *phases; /* as long as its steps need, or as its own estimate says where that is longer */
    int64_t total_us;
    size_t unestimated; /* steps that take time, and have no estimate where their phase has none either */
};

/* In `arena`. */
struct schedule *schedule_of(struct arena *arena, const struct book *book);

#endif
