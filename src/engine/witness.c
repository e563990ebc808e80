#include "engine.h"

#include "base/text.h"

static const bool wanted[EVENT_TYPE_COUNT] = {
    [EVENT_RUN_OPENED] = true,     [EVENT_RUN_HELD] = true,      [EVENT_RUN_RELEASED] = true,
    [EVENT_RUN_CLOSED] = true,     [EVENT_CHECK_TICKED] = true,  [EVENT_CHECK_UNTICKED] = true,
    [EVENT_STEP_ENDED] = true,     [EVENT_STEP_RULED] = true,    [EVENT_GATE_VOTED] = true,
    [EVENT_GATE_LAPSED] = true,    [EVENT_GATE_DECIDED] = true,  [EVENT_ITEM_OVERRIDDEN] = true,
    [EVENT_GATE_FORCED] = true,    [EVENT_TRIGGER_FIRED] = true, [EVENT_ROLLBACK_STARTED] = true,
    [EVENT_ROLLBACK_ENDED] = true, [EVENT_STEP_REPORTED] = true, [EVENT_KILL_STARTED] = true,
    [EVENT_KILL_ENDED] = true,
};

bool event_wants_witness(enum event_type type)
{
    return type < EVENT_TYPE_COUNT && wanted[type];
}

/* ---- looking ---- */

bool run_gate_asks_witness(const struct run *run, size_t gate)
{
    return run->witness.everywhere || run->book->gates[gate].witness;
}

bool gate_is_witnessed(const struct run *run, size_t gate)
{
    const struct run_witness *witness = &run->witness;
    return !run_gate_asks_witness(run, gate) || (witness->alarm == NULL && witness->seq >= witness->due);
}

void run_witness_lacks(const struct run *run, size_t gate, struct buf *buf)
{
    const struct run_witness *witness = &run->witness;
    if (gate_is_witnessed(run, gate))
        return;
    if (witness->alarm != NULL)
        buf_format(buf, "it holds another history: %s", witness->alarm);
    else if (witness->trouble != NULL)
        buf_text(buf, witness->trouble);
    else
        buf_format(buf, "record %" PRIu64 " is on its way", witness->due);
}

/* ---- folding ---- */

int apply_witnessed(struct change *c)
{
    struct run_witness *witness = &c->run->witness;
    if (c->event->choice == CHOICE_NO) {
        witness->trouble = run_keep(c->run, c->event->text != NULL ? c->event->text : "");
        return 0;
    }
    if (c->event->choice != CHOICE_YES || c->event->attempt < 0 ||
        (uint64_t)c->event->attempt > c->run->last_seq)
        return change_refuse(c, "the witness cannot hold that");
    witness->seq = (uint64_t)c->event->attempt;
    witness->at = c->event->at;
    witness->trouble = witness->alarm = NULL;
    return 0;
}

int apply_alarmed(struct change *c)
{
    c->run->witness.alarm = run_keep(c->run, c->event->text != NULL ? c->event->text : "");
    return 0;
}

/* ---- deciding ---- */

int check_witnessed(struct deciding *d, size_t gate)
{
    const struct gate *def = &d->run->book->gates[gate];
    struct buf why;
    for (size_t i = 0; i < def->vote_count; i++) {
        if (d->run->gates[gate].votes[i].vote != CHOICE_GO)
            return 0;
    }
    if (gate_is_witnessed(d->run, gate))
        return 0;
    buf_init(&why, ERR_MESSAGE_MAX);
    run_witness_lacks(d->run, gate, &why);
    return refuse(d, RULE_WITNESS, "\"%s\" waits for it: %s", def->id, text_taken(d, &why));
}

/* Recorded when it brings what was waited for, or all is well again. After the end only the latter: a record
 * of a push would ask for a push. */
static void emit_held(struct deciding *d)
{
    const struct run_witness *witness = &d->run->witness;
    uint64_t seq = d->input->seq;
    bool well_again = witness->trouble != NULL || witness->alarm != NULL;
    bool brings = seq >= witness->due && witness->seq < witness->due && d->run->closed == CHOICE_NONE;
    if (!well_again && !brings)
        return;
    struct event *event = emit(d, EVENT_WITNESS_PUSHED);
    event->choice = CHOICE_YES;
    event->attempt = (int64_t)seq;
    event->value = arena_text(d->arena, text_or_null(d->input->value));
    event->text = arena_text(d->arena, text_or_null(d->input->text));
}

/* Told once: what comes after it is more of the same. */
static void emit_not_held(struct deciding *d, const char *why)
{
    if (d->run->witness.trouble != NULL || d->run->witness.alarm != NULL)
        return;
    struct event *event = emit(d, EVENT_WITNESS_PUSHED);
    event->choice = CHOICE_NO;
    event->attempt = (int64_t)d->run->witness.seq;
    event->text = arena_text(d->arena, why);
}

static void emit_alarm(struct deciding *d, const char *what)
{
    if (d->run->witness.alarm != NULL)
        return;
    emit(d, EVENT_WITNESS_ALARMED)->text = arena_text(d->arena, what);
    if (d->run->held || d->run->closed != CHOICE_NONE)
        return;
    emit(d, EVENT_RUN_HELD)->text =
        arena_format(d->arena, "the witness holds another history than ours: %s", what);
}

int decide_witness(struct deciding *d)
{
    const char *text = text_or_null(d->input->text);
    if (d->input->choice == CHOICE_YES && d->input->seq <= d->run->last_seq)
        emit_held(d);
    else if (d->input->choice == CHOICE_NO)
        emit_not_held(d, text != NULL ? text : "no reason given");
    else if (d->input->choice == CHOICE_UNKNOWN)
        emit_alarm(d, text != NULL ? text : "no more is known");
    else
        return impossible(d, "the witness cannot hold what did not happen");
    return 0;
}
