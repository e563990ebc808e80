#include "engine.h"

#include "base/text.h"

/*
 * A step that is done once more although it is done: a rehearsal proves by it that a probe finds what is
 * there, and that what is said to be idempotent is. What it came to the first time stands: a rollback undoes
 * it once, at its old place.
 */

bool run_is_rehearsal(const struct run *run)
{
    return text_equal(run->environment, ENVIRONMENT_REHEARSAL);
}

bool step_can_be_again(const struct step *def)
{
    return def->idempotent || query_is_there(&def->probe);
}

/* On what a step did those after it stand: only the newest can be done once more. */
size_t step_begun_since(const struct run *run, size_t step)
{
    for (size_t i = 0; i < run->book->step_count; i++) {
        enum step_state state = run->steps[i].work.state;
        if (run->steps[i].order > run->steps[step].order && state != STEP_PENDING &&
            state != STEP_ROLLED_BACK)
            return i;
    }
    return BOOK_NONE;
}
