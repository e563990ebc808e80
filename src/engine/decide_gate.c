#include "engine.h"

#include <string.h>

#include "base/text.h"

const char *gate_seen_at(struct deciding *d, size_t gate)
{
    struct buf buf;
    buf_init(&buf, 64 * 1024);
    for (size_t i = 0; i < d->run->book->gates[gate].criterion_count; i++) {
        const struct run_condition *criterion = &d->run->gates[gate].criteria[i];
        if (i > 0)
            buf_text(&buf, "; ");
        run_condition_evidence(d->run, criterion, d->input->now, &buf);
        if (criterion->overridden != NULL)
            buf_format(&buf, ", overridden by %s: %s", criterion->overridden_by, criterion->overridden);
    }
    return text_taken(d, &buf);
}

/* ---- what stands against GO ---- */

static int refuse_criterion(struct deciding *d, size_t gate, size_t index)
{
    const struct criterion *def = &d->run->book->gates[gate].criteria[index];
    struct buf buf;
    buf_init(&buf, ERR_MESSAGE_MAX);
    run_condition_evidence(d->run, &d->run->gates[gate].criteria[index], d->input->now, &buf);
    return refuse(d, RULE_CRITERION, "\"%s\" is not met: %s", def->id, text_taken(d, &buf));
}

/* What of a gate's own matter stands against GO: its steps, its deferred items, its criteria. */
static int check_go(struct deciding *d, size_t gate)
{
    const struct run *run = d->run;
    const struct gate *def = &run->book->gates[gate];
    struct condition_view view;
    int r = check_complete(d, def->phase);
    if (r == 0)
        r = check_seen(d, def->phase);
    if (r < 0)
        return r;
    size_t step = gate_first_deferred(run, gate);
    if (step != BOOK_NONE)
        return refuse(d, RULE_ORDER, "deferred: \"%s\" has to be accepted again at this gate",
                      run->book->steps[step].id);
    size_t unmet = gate_first_unmet(run, gate, d->input->now, &view);
    return unmet < def->criterion_count ? refuse_criterion(d, gate, unmet) : 0;
}

/* Why a gate that has GO votes, or is GO, does not stand any more; NULL while it does. */
static const char *why_lapsed(struct deciding *d, size_t gate)
{
    const struct run *run = d->run;
    const struct gate *def = &run->book->gates[gate];
    const struct run_gate *state = &run->gates[gate];
    struct condition_view view;
    struct buf buf;
    size_t step = phase_first_incomplete(run, def->phase);
    if (step != BOOK_NONE)
        return arena_format(d->arena, "%s is %s", run->book->steps[step].id,
                            step_state_word(run->steps[step].work.state));
    step = gate_first_deferred(run, gate);
    if (step != BOOK_NONE)
        return arena_format(d->arena, "%s is deferred", run->book->steps[step].id);
    size_t unmet = gate_first_unmet(run, gate, d->input->now, &view);
    if (unmet < def->criterion_count && state->forced == NULL) {
        buf_init(&buf, ERR_MESSAGE_MAX);
        run_condition_evidence(run, &state->criteria[unmet], d->input->now, &buf);
        return text_taken(d, &buf);
    }
    int64_t age_us = d->input->now.boot_us - state->decided.boot_us;
    if (state->decision == CHOICE_GO && def->valid_us > 0 && age_us > def->valid_us)
        return arena_format(d->arena, "nothing was started for %s", duration_in(d, age_us));
    return NULL;
}

/* ---- voting ---- */

static size_t vote_of(const struct gate *def, size_t role)
{
    size_t i = 0;
    while (i < def->vote_count && def->votes[i] != role)
        i++;
    return i;
}

/* As whom the actor votes: as they say, else the operator as that, anybody else as the one other role. */
static int find_role(struct deciding *d, const struct gate *def, size_t *ret_role)
{
    const struct book *book = d->run->book;
    const char *said = text_or_null(d->input->action.role);
    size_t operator_role = book_find_role(book, "operator");
    size_t others = 0;
    *ret_role = said != NULL ? book_find_role(book, said) : operator_role;
    if (said != NULL) {
        if (*ret_role != BOOK_NONE && vote_of(def, *ret_role) < def->vote_count)
            return 0;
        return refuse(d, RULE_NAME, "gate \"%s\" has no vote for \"%s\"", def->id, said);
    }
    if (is_operator(d) && operator_role != BOOK_NONE && vote_of(def, operator_role) < def->vote_count)
        return 0;
    for (size_t i = 0; i < def->vote_count; i++) {
        if (def->votes[i] == operator_role)
            continue;
        *ret_role = def->votes[i];
        others++;
    }
    if (others == 1)
        return 0;
    return refuse(d, RULE_ROLE,
                  others == 0 ? "gate \"%s\" asks only the operator"
                              : "gate \"%s\" asks more than one role: say as which you vote",
                  def->id);
}

static int check_vote_go(struct deciding *d, const struct gate *def)
{
    int r = check_quiet(d);
    if (r < 0)
        return r;
    if (d->run->gates[def->index].decision == CHOICE_GO)
        return refuse(d, RULE_STATE, "gate \"%s\" is go already", def->id);
    if (d->run->trouble != NULL)
        return refuse(d, RULE_STATE, "the trail cannot be published: %s", d->run->trouble);
    /* A push that is late is waited for after the votes; a history that is not ours is not voted on. */
    if (run_gate_asks_witness(d->run, def->index) && d->run->witness.alarm != NULL)
        return refuse(d, RULE_WITNESS, "\"%s\": it holds another history: %s", def->id,
                      d->run->witness.alarm);
    r = check_reached(d, def->phase);
    return r < 0 ? r : check_go(d, def->index);
}

/* A vote that was signed before the gate lapsed or was decided, or before this role said something else, was
 * given for what is no more. */
static uint64_t vote_since(const struct run *run, size_t gate, size_t role)
{
    const struct run_gate *state = &run->gates[gate];
    size_t vote = vote_of(&run->book->gates[gate], role);
    return state->votes[vote].seq > state->since ? state->votes[vote].seq : state->since;
}

int verb_vote(struct deciding *d, size_t step)
{
    const struct action *action = &d->input->action;
    const char *subject = text_or_null(action->subject);
    size_t gate = subject != NULL ? book_find_gate(d->run->book, subject) : BOOK_NONE;
    size_t role;
    (void)step;
    if (gate == BOOK_NONE)
        return refuse(d, RULE_NAME, "the book has no gate \"%s\"", subject != NULL ? subject : "");
    if (action->choice != CHOICE_GO && action->choice != CHOICE_NO_GO)
        return refuse(d, RULE_NAME, "a vote is go or no-go");
    const struct gate *def = &d->run->book->gates[gate];
    int r = find_role(d, def, &role);
    if (r == 0)
        r = check_role(d, role, RULE_SELF_VOTE);
    if (r == 0)
        r = check_signed(d, vote_since(d->run, gate, role));
    if (r == 0 && action->choice == CHOICE_GO)
        r = check_vote_go(d, def);
    if (r < 0)
        return r;
    struct event *event = emit_by_actor(d, EVENT_GATE_VOTED);
    put_signed(d, event);
    event->subject = def->id;
    event->role = d->run->book->roles[role].id;
    event->choice = action->choice;
    event->text = arena_text(d->arena, text_or_null(action->text));
    event->value = text_or_null(gate_seen_at(d, gate));
    return 0;
}

/* ---- overriding ---- */

/* The next gate that is not GO: where the book may allow to go on without something. */
static size_t gate_ahead(const struct run *run)
{
    for (size_t i = 0; i < run->book->gate_count; i++) {
        if (run->gates[i].decision != CHOICE_GO)
            return i;
    }
    return BOOK_NONE;
}

static int check_overridable_step(struct deciding *d, const struct gate *gate, size_t step)
{
    const struct step *def = &d->run->book->steps[step];
    const struct run_step *state = &d->run->steps[step];
    int r = check_reached(d, def->phase);
    if (r < 0)
        return r;
    /* what was deferred once comes up again at each gate; anything else is decided at the gate of its phase
     */
    if (def->phase != gate->phase && state->deferred_gate == BOOK_NONE)
        return refuse(d, RULE_OVERRIDE, "\"%s\" stands before no gate that allows it", def->id);
    if (state->work.state != STEP_PENDING && state->work.state != STEP_FAILED &&
        state->work.state != STEP_DEFERRED)
        return refuse(d, RULE_STATE, "\"%s\" is %s", def->id, step_state_word(state->work.state));
    if (state->leftover != NULL)
        return refuse(d, RULE_LEFTOVER, "\"%s\" left %s behind", def->id, state->leftover);
    return 0;
}

static int check_item(struct deciding *d, const struct gate *gate, const char *item)
{
    size_t step = book_find_step(d->run->book, item);
    if (step != BOOK_NONE)
        return check_overridable_step(d, gate, step);
    for (size_t i = 0; i < gate->criterion_count; i++) {
        if (strcmp(gate->criteria[i].id, item) == 0)
            return check_reached(d, gate->phase);
    }
    return refuse(d, RULE_NAME, "neither a step nor a criterion of gate \"%s\" is called \"%s\"", gate->id,
                  item);
}

static int check_overrider(struct deciding *d, const struct gate *gate)
{
    const struct action *action = &d->input->action;
    const char *by = d->run->book->roles[gate->override_by].id;
    if (text_or_null(action->role) != NULL && strcmp(action->role, by) != 0)
        return refuse(d, RULE_OVERRIDE, "only the %s may at gate \"%s\"", by, gate->id);
    return check_role(d, gate->override_by, RULE_SELF_VOTE);
}

static uint64_t override_since(const struct run *run, size_t gate, const char *item)
{
    size_t step = book_find_step(run->book, item);
    uint64_t since = step != BOOK_NONE ? run->steps[step].since : 0;
    return since > run->gates[gate].since ? since : run->gates[gate].since;
}

int verb_override(struct deciding *d, size_t step)
{
    const struct action *action = &d->input->action;
    const char *item = text_or_null(action->subject);
    size_t ahead = gate_ahead(d->run);
    (void)step;
    if (item == NULL)
        return refuse(d, RULE_NAME, "say which step or criterion");
    if (ahead == BOOK_NONE)
        return refuse(d, RULE_OVERRIDE, "no gate is ahead");
    const struct gate *gate = &d->run->book->gates[ahead];
    int r = check_item(d, gate, item);
    if (r == 0 && (!gate->override_allowed || gate->override_by == BOOK_NONE))
        r = refuse(d, RULE_OVERRIDE, "at gate \"%s\"", gate->id);
    if (r == 0)
        r = check_overrider(d, gate);
    if (r == 0 && said_or_null(action->text) == NULL)
        r = refuse(d, RULE_REASON, "say why \"%s\" may be left out", item);
    if (r == 0)
        r = check_signed(d, override_since(d->run, ahead, item));
    if (r < 0)
        return r;
    struct event *event = emit_by_actor(d, EVENT_ITEM_OVERRIDDEN);
    put_signed(d, event);
    event->subject = arena_text(d->arena, item);
    event->role = d->run->book->roles[gate->override_by].id;
    event->gate = gate->id;
    event->text = arena_text(d->arena, action->text);
    return 0;
}

/* ---- what follows ---- */

static size_t count_votes(const struct run *run, size_t gate, enum choice choice)
{
    size_t count = 0;
    for (size_t i = 0; i < run->book->gates[gate].vote_count; i++)
        count += run->gates[gate].votes[i].vote == choice ? 1 : 0;
    return count;
}

static const char *who_said_no(struct deciding *d, size_t gate)
{
    const struct gate *def = &d->run->book->gates[gate];
    for (size_t i = 0; i < def->vote_count; i++) {
        const struct run_vote *vote = &d->run->gates[gate].votes[i];
        if (vote->vote == CHOICE_NO_GO)
            return arena_format(d->arena, "%s as %s%s%s", vote->actor, d->run->book->roles[def->votes[i]].id,
                                vote->text != NULL ? ": " : "", vote->text != NULL ? vote->text : "");
    }
    return NULL;
}

static void emit_decided(struct deciding *d, size_t gate, enum choice choice, const char *text)
{
    struct event *event = emit(d, EVENT_GATE_DECIDED);
    event->subject = d->run->book->gates[gate].id;
    event->choice = choice;
    event->text = text;
    event->value = text_or_null(gate_seen_at(d, gate));
}

/* All votes are in, and what they were given for is still so. */
static bool is_go(struct deciding *d, size_t gate)
{
    const struct run *run = d->run;
    const struct gate *def = &run->book->gates[gate];
    return count_votes(run, gate, CHOICE_GO) == def->vote_count && run_current_phase(run) == def->phase &&
           run_phase_complete(run, def->phase) && phase_first_not_seen(run, def->phase) == BOOK_NONE &&
           !run->held && !run->rolling_back && run->counts.unknown == 0 && run->trouble == NULL &&
           gate_first_deferred(run, gate) == BOOK_NONE && gate_is_witnessed(run, gate) &&
           run_gate_met(run, gate, d->input->now);
}

static void tick_gate(struct deciding *d, size_t gate)
{
    const struct run *run = d->run;
    const struct gate *def = &run->book->gates[gate];
    enum choice decision = run->gates[gate].decision;
    /* begun on this approval, not on one that was given before it */
    bool passed = run->gates[gate].begun_on && run->counts.begun_phases > def->phase + 1;
    if (decision != CHOICE_NO_GO && count_votes(run, gate, CHOICE_NO_GO) > 0) {
        emit_decided(d, gate, CHOICE_NO_GO, who_said_no(d, gate));
        return;
    }
    /* an approval stands until something was begun on it; after that it is history */
    bool approved = decision == CHOICE_GO ? !passed : count_votes(run, gate, CHOICE_GO) > 0;
    const char *why = approved && !run->rolling_back ? why_lapsed(d, gate) : NULL;
    if (why != NULL) {
        struct event *event = emit(d, EVENT_GATE_LAPSED);
        event->subject = def->id;
        event->text = why;
    } else if (decision == CHOICE_NONE && is_go(d, gate)) {
        emit_decided(d, gate, CHOICE_GO, NULL);
    }
}

void tick_gates(struct deciding *d)
{
    for (size_t i = 0; i < d->run->book->gate_count && d->decision->count == 0; i++)
        tick_gate(d, i);
}
