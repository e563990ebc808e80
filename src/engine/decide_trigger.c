#include "engine.h"

/* Held by a person, the run stays held: what the book does by itself is then only proposed. */
static bool may_roll_back(struct deciding *d, const struct trigger *def)
{
    struct deciding ask = *d;
    struct decision none = { 0 };
    ask.decision = &none;
    ask.err = NULL;
    return def->then == THEN_ROLLBACK && !d->run->held && d->run->counts.unknown == 0 &&
           check_rollback(&ask, BOOK_NONE) == 0;
}

static void fire(struct deciding *d, size_t index)
{
    const struct trigger *def = &d->run->book->triggers[index];
    const struct run_condition *condition = &d->run->triggers[index].condition;
    struct condition_view view;
    struct buf buf;
    buf_init(&buf, ERR_MESSAGE_MAX);
    run_condition_evidence(d->run, condition, d->input->now, &buf);
    struct event *event = emit(d, EVENT_TRIGGER_FIRED);
    event->subject = def->id;
    event->text = text_taken(d, &buf);
    const char *evidence = event->text;
    run_condition_view(d->run, condition, d->input->now, &view);
    event->value = arena_format(d->arena, "%.15g", view.value);
    emit(d, EVENT_RUN_HELD)->text = arena_format(d->arena, "trigger %s: %s", def->id, evidence);
    if (may_roll_back(d, def))
        emit(d, EVENT_ROLLBACK_STARTED)->text = arena_format(d->arena, "trigger %s: %s", def->id, evidence);
}

/* No sample could tell for longer than one may be old, since there was one or should have been. */
static bool is_blind(const struct deciding *d, const struct run_condition *condition)
{
    return d->input->now.boot_us - condition->told_boot_us > condition->def->age_us;
}

static void emit_trigger(struct deciding *d, enum event_type type, size_t index, const char *text)
{
    struct event *event = emit(d, type);
    event->subject = d->run->book->triggers[index].id;
    event->text = arena_text(d->arena, text);
}

static void tick_trigger(struct deciding *d, size_t index)
{
    const struct run_trigger *trigger = &d->run->triggers[index];
    struct condition_view view;
    run_condition_view(d->run, &trigger->condition, d->input->now, &view);
    switch (view.verdict) {
    case CONDITION_MET:
        if (trigger->state != TRIGGER_FIRED)
            fire(d, index);
        break;
    case CONDITION_UNKNOWN: /* one that has fired stays so: that it is over nobody has seen */
        if (trigger->state == TRIGGER_ARMED && is_blind(d, &trigger->condition))
            emit_trigger(d, EVENT_TRIGGER_BLIND, index, view.why);
        break;
    case CONDITION_HOLDING:
    case CONDITION_UNMET:
        if (trigger->state != TRIGGER_ARMED)
            emit_trigger(d, EVENT_TRIGGER_CLEARED, index,
                         trigger->state == TRIGGER_BLIND ? "it sees again" : "its condition is over");
        break;
    }
}

/* A rollback is not held up by what it is there to end. */
void tick_triggers(struct deciding *d)
{
    if (d->run->rolling_back)
        return;
    for (size_t i = 0; i < d->run->book->trigger_count && d->decision->count == 0; i++)
        tick_trigger(d, i);
}
