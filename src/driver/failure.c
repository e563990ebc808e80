#include "driver/failure.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void failure_finish(struct failure *failure)
{
    free(failure->message);
    free(failure->detail);
    free(failure->hint);
    *failure = (struct failure){ 0 };
}

void failure_set(struct failure *failure, const char *code, const char *message)
{
    const struct failure from = { .message = mem_text(message) };
    char kept[DRIVER_CODE_MAX] = "";
    memcpy(kept, code, strnlen(code, sizeof(kept) - 1));
    failure_finish(failure);
    *failure = from;
    memcpy(failure->code, kept, sizeof(kept));
}

void failure_copy(struct failure *failure, const struct failure *from)
{
    char *detail = mem_text(from->detail), *hint = mem_text(from->hint);
    failure_set(failure, from->code, from->message);
    failure->detail = detail;
    failure->hint = hint;
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

void failure_tell(const struct failure *failure, struct driver_result *ret)
{
    memcpy(ret->code, failure->code, sizeof(ret->code));
    ret->message = or_empty(failure->message);
    ret->detail = or_empty(failure->detail);
    ret->hint = or_empty(failure->hint);
}

enum driver_status job_end_status(const struct job_end *end)
{
    if (!end->failed && !end->lost)
        return DRIVER_OK;
    if (end->lost)
        return end->clean ? DRIVER_LOST : DRIVER_AMBIGUOUS;
    if (end->stopped)
        return DRIVER_CANCELLED;
    if (end->broke_out)
        return DRIVER_REJECTED;
    if (end->asked == DRIVER_CANCELLED && !end->cancel_asked)
        return end->time_over ? DRIVER_TIMED_OUT : DRIVER_REJECTED;
    if (end->asked == DRIVER_RETRYABLE && !end->clean) /* a retry would meet what the first try left */
        return DRIVER_REJECTED;
    return end->asked;
}
