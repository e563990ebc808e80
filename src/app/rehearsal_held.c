/* Whether a rehearsal proved what it was asked for, and where it did not. */
#include <inttypes.h>

#include "rehearsal.h"

/* Of the whole way, which is left there, the row says no result. */
static bool midpoint_held(const struct midpoint *midpoint)
{
    if (!midpoint->asked)
        return true;
    if (midpoint->step == BOOK_NONE)
        return midpoint->went;
    return midpoint->row.result == REHEARSAL_SAME || midpoint->row.result == REHEARSAL_NO_RETURN;
}

static void judge_midpoint(const struct midpoint *midpoint, struct buf *ret)
{
    if (!midpoint_held(midpoint) && midpoint->step == BOOK_NONE)
        buf_text(ret, "the whole way was not gone\n");
    else if (!midpoint_held(midpoint))
        buf_format(ret, "%s: %s\n", midpoint->row.step, rehearsal_result_word(midpoint->row.result));
    if (midpoint->again && midpoint->again_row.result != REHEARSAL_SAME)
        buf_format(ret, "%s done again: %s\n", midpoint->again_row.step,
                   rehearsal_result_word(midpoint->again_row.result));
}

static void judge_lock(const struct certificate_lock *lock, struct buf *ret)
{
    if (lock->holds)
        return;
    buf_text(ret, lock->step);
    if (lock->entry > 0)
        buf_format(ret, ", back %" PRId64, lock->entry);
    buf_format(ret, ": took %s on %s%s, and claims %s\n", lock->taken, lock->relation,
               lock->rewritten ? ", rewrote it" : "", lock->claimed[0] ? lock->claimed : "nothing");
}

void rehearsal_judge(struct rehearsing *rehearsing, const struct certificate *certificate)
{
    if (rehearsing_interrupted())
        buf_text(&rehearsing->unproven, "it was interrupted\n");
    for (size_t i = 0; i < rehearsing->count; i++)
        judge_midpoint(&rehearsing->midpoints[i], &rehearsing->unproven);
    for (size_t i = 0; i < certificate->lock_count; i++)
        judge_lock(&certificate->locks[i], &rehearsing->unproven);
}

bool rehearsal_held(const struct rehearsing *rehearsing)
{
    return rehearsing->unproven.len == 0 && !rehearsing->unproven.overflow;
}
