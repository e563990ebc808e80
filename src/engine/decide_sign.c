#include "engine.h"

#include <inttypes.h>

/* ---- decisions that are signed ---- */

int check_signed(struct deciding *d, uint64_t since)
{
    const struct action *action = &d->input->action;
    if (d->run->policy_sha256 != NULL && action->key == NULL)
        return refuse(d, RULE_SIGNATURE,
                      "this run goes by a policy, so \"%s\" counts only with your key: --key FILE",
                      verb_word(action->verb));
    if (action->key != NULL && action->seen_seq < since)
        return refuse(d, RULE_SIGNATURE,
                      "what was signed was said after event %" PRIu64 ", and event %" PRIu64
                      " changed it: look again, and sign anew",
                      action->seen_seq, since);
    return 0;
}

void put_signed(struct deciding *d, struct event *event)
{
    const struct action *action = &d->input->action;
    event->key = arena_text(d->arena, action->key);
    event->statement = arena_text(d->arena, action->statement);
    event->signature = arena_text(d->arena, action->signature);
}

/* ---- breaking the glass ---- */

/* "no vote of reviewer; lag.seconds 3 (< 1)": what it went without. */
static const char *what_lacks(struct deciding *d, size_t gate)
{
    const struct gate *def = &d->run->book->gates[gate];
    const char *seen = text_or_null(gate_seen_at(d, gate));
    struct buf buf;
    buf_init(&buf, ERR_MESSAGE_MAX);
    for (size_t i = 0; i < def->vote_count; i++) {
        if (d->run->gates[gate].votes[i].vote != CHOICE_GO)
            buf_format(&buf, "%sno vote of %s", buf.len > 0 ? "; " : "",
                       d->run->book->roles[def->votes[i]].id);
    }
    struct buf witness;
    buf_init(&witness, ERR_MESSAGE_MAX);
    run_witness_lacks(d->run, gate, &witness);
    if (witness.len > 0)
        buf_format(&buf, "%sthe witness: %s", buf.len > 0 ? "; " : "", buf_str(&witness));
    buf_finish(&witness);
    const char *votes = text_taken(d, &buf);
    if (seen == NULL)
        return text_or_null(votes);
    return arena_format(d->arena, "%s%s%s", votes, *votes != '\0' ? "; " : "", seen);
}

static int check_glass(struct deciding *d, size_t gate)
{
    const struct run *run = d->run;
    const struct gate *def = &run->book->gates[gate];
    if (run->policy_sha256 == NULL && !is_operator(d))
        return refuse(d, RULE_ROLE, "the operator of this run is %s", run->operator);
    if (said_or_null(d->input->action.text) == NULL)
        return refuse(d, RULE_REASON, "say why \"%s\" cannot wait for what it asks for", def->id);
    if (run->gates[gate].decision == CHOICE_GO)
        return refuse(d, RULE_STATE, "gate \"%s\" is go already", def->id);
    for (size_t i = 0; i < def->vote_count; i++) {
        if (run->gates[gate].votes[i].vote == CHOICE_NO_GO)
            return refuse(d, RULE_STATE, "%s said no-go: that is an answer, not a missing one",
                          run->gates[gate].votes[i].actor);
    }
    int r = check_reached(d, def->phase);
    if (r == 0)
        r = check_complete(d, def->phase);
    return r < 0 ? r : check_signed(d, run->gates[gate].since);
}

int verb_break_glass(struct deciding *d, size_t step)
{
    const char *subject = text_or_null(d->input->action.subject);
    size_t gate = subject != NULL ? book_find_gate(d->run->book, subject) : BOOK_NONE;
    (void)step;
    if (gate == BOOK_NONE)
        return refuse(d, RULE_NAME, "the book has no gate \"%s\"", subject != NULL ? subject : "");
    int r = check_glass(d, gate);
    if (r < 0)
        return r;
    struct event *event = emit_by_actor(d, EVENT_GATE_FORCED);
    event->subject = d->run->book->gates[gate].id;
    event->text = arena_text(d->arena, d->input->action.text);
    event->value = what_lacks(d, gate);
    put_signed(d, event);
    return 0;
}
