#include "runner.h"

#include "base/text.h"

static size_t step_of(const struct runner *runner, const struct event *event)
{
    return book_find_step(runner->book, event->subject);
}

/* ---- what each event begins ---- */

static void begin_step(struct runner *runner, const struct event *event)
{
    work_begin(runner, step_of(runner, event), (size_t)event->entry, event->attempt);
}

static void cancel_step(struct runner *runner, const struct event *event)
{
    work_cancel(runner, step_of(runner, event), (size_t)event->entry);
}

static void begin_probe(struct runner *runner, const struct event *event)
{
    probe_unknown(runner, step_of(runner, event), (size_t)event->entry);
}

static void begin_clean(struct runner *runner, const struct event *event)
{
    work_clean(runner, step_of(runner, event));
}

static void begin_kill(struct runner *runner, const struct event *event)
{
    work_kill(runner, event);
}

/* Most events begin nothing. */
static void (*const begins[EVENT_TYPE_COUNT])(struct runner *, const struct event *) = {
    [EVENT_STEP_STARTED] = begin_step,   [EVENT_STEP_CANCELLING] = cancel_step,
    [EVENT_PROBE_STARTED] = begin_probe, [EVENT_CLEAN_STARTED] = begin_clean,
    [EVENT_KILL_STARTED] = begin_kill,
};

void carry_out(struct runner *runner, const struct event *event)
{
    if (begins[event->type])
        begins[event->type](runner, event);
}
