#include "telling.h"

#include "base/text.h"

static bool is_of(const struct event *event, const struct gate *gate)
{
    if (event->type == EVENT_ITEM_OVERRIDDEN)
        return text_equal(event->gate, gate->id);
    return (event->type == EVENT_GATE_VOTED || event->type == EVENT_GATE_DECIDED ||
            event->type == EVENT_GATE_FORCED || event->type == EVENT_GATE_LAPSED) &&
           text_equal(event->subject, gate->id);
}

static const char *loud(struct telling *t, enum choice choice)
{
    char *word = arena_text(t->arena, choice_word(choice));
    for (char *c = word; *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    return word;
}

static const char *what_of(struct telling *t, const struct event *event)
{
    if (event->type == EVENT_GATE_VOTED)
        return arena_format(t->arena, "voted %s", loud(t, event->choice));
    if (event->type == EVENT_GATE_DECIDED)
        return arena_format(t->arena, "decided: %s", loud(t, event->choice));
    if (event->type == EVENT_GATE_LAPSED)
        return "LAPSED";
    if (event->type == EVENT_GATE_FORCED)
        return "BROKE THE GLASS: GO";
    return arena_format(t->arena, "OVERRODE %s", event->subject);
}

static enum look look_of(const struct event *event)
{
    if (event->type == EVENT_GATE_VOTED || event->type == EVENT_GATE_DECIDED)
        return event->choice == CHOICE_GO ? LOOK_LOW : LOOK_HIGH;
    return event->type == EVENT_GATE_LAPSED ? LOOK_MEDIUM : LOOK_HIGH;
}

/* What the gate decides by itself nobody signs. */
static struct cell key_of(const struct event *event)
{
    bool by_itself = event->type == EVENT_GATE_DECIDED || event->type == EVENT_GATE_LAPSED;
    return by_itself ? (struct cell){ 0 } : told_key(event);
}

static void put_said(struct telling *t, const struct gate *gate)
{
    static const char *const head[] = { "UTC", "Who", "As", "What", "Why", "Seen then", "Signed with" };
    bool any = false;
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        if (!is_of(event, gate))
            continue;
        if (!any)
            document_table(t->document, head, ARRAY_LEN(head));
        any = true;
        document_row(t->document, (const struct cell[]){ { told_time(t, event->at.wall_us), LOOK_PLAIN },
                                                         { event->actor, LOOK_STRONG },
                                                         { event->role, LOOK_PLAIN },
                                                         { what_of(t, event), look_of(event) },
                                                         { event->text, LOOK_PLAIN },
                                                         { event->value, LOOK_PLAIN },
                                                         key_of(event) });
    }
    if (!any)
        document_paragraph(t->document, "Nobody has said anything at this gate.");
}

/* ---- criteria ---- */

/* By its last decision; as the record has it. */
static const struct event *last_decision(struct telling *t, const struct gate *gate)
{
    const struct event *found = NULL;
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        if ((event->type == EVENT_GATE_DECIDED || event->type == EVENT_GATE_FORCED) && is_of(event, gate))
            found = event;
    }
    return found;
}

static const char *override_of(struct telling *t, const struct gate *gate, const char *item)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        if (event->type == EVENT_ITEM_OVERRIDDEN && is_of(event, gate) && text_equal(event->subject, item))
            buf_format(&buf, "%sat %s by %s: %s", buf.len > 0 ? "\n" : "", told_time(t, event->at.wall_us),
                       event->actor, told_or(event->text, "no reason said"));
    }
    return shown_buf(&t->shown, &buf);
}

static void put_criteria(struct telling *t, const struct gate *gate)
{
    static const char *const head[] = { "Criterion", "Had to hold", "Overridden" };
    const struct event *decision = last_decision(t, gate);
    if (gate->criterion_count == 0) {
        document_paragraph(t->document, "The gate has no criteria: it goes by the votes alone.");
        return;
    }
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < gate->criterion_count; i++) {
        struct buf when;
        buf_init(&when, TEXT_MAX);
        condition_text(&when, &gate->criteria[i].when);
        document_row(t->document,
                     (const struct cell[]){
                         { gate->criteria[i].id, LOOK_CODE },
                         { shown_buf(&t->shown, &when), LOOK_CODE },
                         { told_or(override_of(t, gate, gate->criteria[i].id), "no"), LOOK_PLAIN } });
    }
    if (decision != NULL)
        document_item(t->document, "Evidence recorded with the decision", told_or(decision->value, "none"));
}

/* ---- all of them ---- */

static const char *standing(struct telling *t, const struct gate *gate)
{
    const struct run_gate *state = &t->run->gates[gate->index];
    const struct event *decision = last_decision(t, gate);
    if (decision == NULL)
        return "was not decided";
    const char *when = told_time(t, decision->at.wall_us);
    if (state->decision == CHOICE_NONE)
        return arena_format(t->arena, "%s at %s, and does not stand any more: %s",
                            loud(t, decision->type == EVENT_GATE_FORCED ? CHOICE_GO : decision->choice), when,
                            told_or(state->lapsed, "somebody voted again"));
    return arena_format(t->arena, "%s at %s%s", loud(t, state->decision), when,
                        state->forced != NULL ? ", by breaking the glass" : "");
}

void tell_gates(struct telling *t)
{
    document_heading(t->document, 1, "Gates");
    if (t->book->gate_count == 0) {
        document_paragraph(t->document, "The book has no gate: nobody was asked.");
        return;
    }
    for (size_t i = 0; i < t->book->gate_count; i++) {
        const struct gate *gate = &t->book->gates[i];
        document_heading(
            t->document, 2,
            arena_format(t->arena, "%s, at the end of: %s", gate->id, t->book->phases[gate->phase].title));
        document_item(t->document, "Decision", standing(t, gate));
        put_said(t, gate);
        put_criteria(t, gate);
    }
}
