#include "engine.h"

#include <string.h>

/* A reason has its maximum on the wire; one from another journal may be longer. */
#define SENTENCE_MAX (16 * 1024)

/* ---- votes ---- */

static struct run_vote *find_vote(struct run_gate *gate, const struct book *book, const struct gate *def,
                                  const char *role)
{
    for (size_t i = 0; role != NULL && i < def->vote_count; i++) {
        if (strcmp(book->roles[def->votes[i]].id, role) == 0)
            return &gate->votes[i];
    }
    return NULL;
}

static bool has_vote(const struct run_gate *gate, const struct gate *def, enum choice vote)
{
    for (size_t i = 0; i < def->vote_count; i++) {
        if (gate->votes[i].vote == vote)
            return true;
    }
    return false;
}

static bool all_go(const struct run_gate *gate, const struct gate *def)
{
    for (size_t i = 0; i < def->vote_count; i++) {
        if (gate->votes[i].vote != CHOICE_GO)
            return false;
    }
    return true;
}

int apply_voted(struct change *c)
{
    const struct gate *def = &c->run->book->gates[c->subject];
    struct run_gate *gate = &c->run->gates[c->subject];
    struct run_vote *vote = find_vote(gate, c->run->book, def, c->event->role);
    enum choice choice = c->event->choice;
    if (vote == NULL || (choice != CHOICE_GO && choice != CHOICE_NO_GO))
        return change_refuse(c, "that is no vote of gate \"%s\"", def->id);
    if (choice == CHOICE_GO && (c->run->held || c->run->counts.unknown > 0))
        return change_refuse(c, "the run is held, or a step is unknown");
    *vote = (struct run_vote){ .vote = choice,
                               .seq = c->event->seq,
                               .key = run_keep(c->run, c->event->key),
                               .actor = run_keep(c->run, c->event->actor),
                               .text = run_keep(c->run, c->event->text),
                               .at = c->event->at };
    if (gate->decision == CHOICE_NO_GO && !has_vote(gate, def, CHOICE_NO_GO))
        gate->decision = CHOICE_NONE;
    return 0;
}

/* An approval is over, and with it everything that was said for it. Who said no has still said no. */
static void void_approval(struct run_gate *gate, const struct gate *def)
{
    for (size_t i = 0; i < def->vote_count; i++) {
        if (gate->votes[i].vote == CHOICE_GO)
            gate->votes[i] = (struct run_vote){ .vote = CHOICE_NONE, .seq = gate->votes[i].seq };
    }
    gate->forced = NULL;
    for (size_t i = 0; i < def->criterion_count; i++)
        gate->criteria[i].overridden = gate->criteria[i].overridden_by = NULL;
    if (gate->decision == CHOICE_GO)
        gate->decision = CHOICE_NONE;
}

void gate_reset(struct run *run, size_t gate, const char *why)
{
    struct run_gate *state = &run->gates[gate];
    const struct gate *def = &run->book->gates[gate];
    void_approval(state, def);
    for (size_t i = 0; i < def->vote_count; i++)
        state->votes[i] = (struct run_vote){ .vote = CHOICE_NONE, .seq = state->votes[i].seq };
    state->since = run->last_seq + 1; /* of the event that is being applied */
    state->decision = CHOICE_NONE;
    state->lapsed = why;
}

int apply_lapsed(struct change *c)
{
    struct run_gate *gate = &c->run->gates[c->subject];
    if (gate->decision != CHOICE_GO && !has_vote(gate, &c->run->book->gates[c->subject], CHOICE_GO))
        return change_refuse(c, "nobody said go at \"%s\"", c->event->subject);
    void_approval(gate, &c->run->book->gates[c->subject]);
    gate->lapsed = run_keep(c->run, c->event->text);
    gate->since = c->event->seq;
    return 0;
}

int apply_decided(struct change *c)
{
    const struct gate *def = &c->run->book->gates[c->subject];
    struct run_gate *gate = &c->run->gates[c->subject];
    enum choice choice = c->event->choice;
    if (choice == CHOICE_NO_GO && !has_vote(gate, def, CHOICE_NO_GO))
        return change_refuse(c, "nobody said no-go at \"%s\"", def->id);
    if (choice == CHOICE_GO &&
        (!all_go(gate, def) || c->run->counts.current_phase != def->phase ||
         !run_phase_complete(c->run, def->phase) || c->run->held || c->run->rolling_back ||
         c->run->counts.unknown > 0 || !gate_is_witnessed(c->run, c->subject)))
        return change_refuse(c, "gate \"%s\" cannot be go", def->id);
    if (choice != CHOICE_GO && choice != CHOICE_NO_GO)
        return change_refuse(c, "\"%s\" is no decision", choice_word(choice));
    gate->decision = choice;
    gate->decided = c->event->at;
    gate->begun_on = false;
    gate->since = c->event->seq;
    if (choice == CHOICE_GO)
        gate->lapsed = NULL;
    return 0;
}

/* It stands for votes that are missing and criteria that are not met, and for nothing else. */
int apply_forced(struct change *c)
{
    struct run *run = c->run;
    const struct gate *def = &run->book->gates[c->subject];
    struct run_gate *gate = &run->gates[c->subject];
    struct buf sentence;
    if (c->event->text == NULL || gate->decision == CHOICE_GO || has_vote(gate, def, CHOICE_NO_GO) ||
        run->counts.current_phase != def->phase || !run_phase_complete(run, def->phase) || run->held ||
        run->rolling_back || run->counts.unknown > 0)
        return change_refuse(c, "gate \"%s\" cannot be forced", def->id);
    gate->decision = CHOICE_GO;
    gate->decided = c->event->at;
    gate->begun_on = false;
    gate->since = c->event->seq;
    gate->lapsed = NULL;
    gate->forced = run_keep(run, c->event->text);
    buf_init(&sentence, SENTENCE_MAX);
    buf_format(&sentence, "%s by %s: %s", def->id, c->event->actor, c->event->text);
    run->glass = run_keep(run, sentence.overflow ? def->id : buf_str(&sentence));
    buf_finish(&sentence);
    return 0;
}

/* ---- overrides ---- */

static int override_criterion(struct change *c, size_t gate)
{
    const struct gate *def = &c->run->book->gates[gate];
    for (size_t i = 0; i < def->criterion_count; i++) {
        struct run_condition *criterion = &c->run->gates[gate].criteria[i];
        if (strcmp(def->criteria[i].id, c->event->subject) != 0)
            continue;
        criterion->overridden = run_keep(c->run, c->event->text);
        criterion->overridden_by = run_keep(c->run, c->event->actor);
        return 0;
    }
    return change_refuse(c, "gate \"%s\" has no \"%s\"", def->id, c->event->subject);
}

int apply_overridden(struct change *c)
{
    struct run *run = c->run;
    size_t gate = c->event->gate != NULL ? book_find_gate(run->book, c->event->gate) : BOOK_NONE;
    if (gate == BOOK_NONE || !run->book->gates[gate].override_allowed || c->event->text == NULL)
        return change_refuse(c, "the book allows no override there");
    size_t step = book_find_step(run->book, c->event->subject);
    if (step == BOOK_NONE)
        return override_criterion(c, gate);
    struct run_step *state = &run->steps[step];
    if (state->work.state != STEP_PENDING && state->work.state != STEP_FAILED &&
        state->work.state != STEP_DEFERRED)
        return change_refuse(c, "\"%s\" is %s", c->event->subject, step_state_word(state->work.state));
    run_set_state(run, step, 0, STEP_DEFERRED);
    state->since = c->event->seq;
    state->deferred_gate = gate;
    state->work.who = run_keep(run, c->event->actor);
    state->work.text = run_keep(run, c->event->text);
    return 0;
}

/* ---- triggers ---- */

int apply_fired(struct change *c)
{
    struct run_trigger *trigger = &c->run->triggers[c->subject];
    const struct trigger *def = &c->run->book->triggers[c->subject];
    if (trigger->state == TRIGGER_FIRED)
        return change_refuse(c, "trigger \"%s\" has fired already", def->id);
    trigger->state = TRIGGER_FIRED;
    trigger->evidence = run_keep(c->run, c->event->text);
    if (def->propose_rollback || def->then == THEN_ROLLBACK)
        c->run->proposed_by = c->subject;
    return 0;
}

int apply_blind(struct change *c)
{
    struct run_trigger *trigger = &c->run->triggers[c->subject];
    if (trigger->state != TRIGGER_ARMED)
        return change_refuse(c, "trigger \"%s\" is not armed", c->event->subject);
    trigger->state = TRIGGER_BLIND;
    return 0;
}

int apply_cleared(struct change *c)
{
    struct run_trigger *trigger = &c->run->triggers[c->subject];
    if (trigger->state == TRIGGER_ARMED)
        return change_refuse(c, "trigger \"%s\" is armed", c->event->subject);
    trigger->state = TRIGGER_ARMED;
    return 0;
}
