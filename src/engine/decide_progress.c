#include "engine.h"

#include "base/text.h"

int decide_progress(struct deciding *d)
{
    const struct input *input = d->input;
    const struct work *work = run_work(d->run, input->step, input->entry);
    if (work->state != STEP_RUNNING || work->between_attempts)
        return 0; /* seen a moment too late */
    bool kept = input->value != NULL;
    bool waits = book_work(d->run->book, input->step, input->entry)->kind == STEP_WAIT;
    enum event_type type = kept ? EVENT_STEP_CHECKPOINT : waits ? EVENT_STEP_AWAITED : EVENT_STEP_PROGRESSED;
    struct event *event = emit_work(d, type, input->step, input->entry);
    event->progress = input->progress;
    if (kept)
        event->value = arena_text(d->arena, input->value);
    else
        event->text = arena_text(d->arena, input->text != NULL ? input->text : "");
    return 0;
}

int decide_foreseen(struct deciding *d)
{
    const struct input *input = d->input;
    if (run_next_step(d->run) != input->step)
        return 0; /* looked at a moment too long */
    struct event *event = emit_work(d, EVENT_STEP_FORESEEN, input->step, 0);
    event->choice = input->choice;
    event->text = arena_text(d->arena, input->text);
    return 0;
}

int decide_item(struct deciding *d)
{
    const struct input *input = d->input;
    const struct work *work = run_work(d->run, input->step, input->entry);
    if (work->state != STEP_RUNNING || work->between_attempts)
        return impossible(d, "an item of %s, which is not being carried out",
                          work_name(d->run, input->step, input->entry, d->arena));
    bool begins = input->choice == CHOICE_NONE;
    struct event *event =
        emit_work(d, begins ? EVENT_ITEM_STARTED : EVENT_ITEM_ENDED, input->step, input->entry);
    event->value = arena_text(d->arena, input->value);
    event->choice = input->choice;
    return 0;
}
