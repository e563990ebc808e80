#include "audit/judge.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "engine/statement.h"

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* Which verb asks for what the record says; the records that are asked for by a signed statement. */
static enum verb verb_for(const struct event *event)
{
    switch ((int)event->type) {
    case EVENT_GATE_VOTED:
        return VERB_VOTE;
    case EVENT_ITEM_OVERRIDDEN:
        return VERB_OVERRIDE;
    case EVENT_GATE_FORCED:
        return VERB_BREAK_GLASS;
    default:
        return VERB_TICK;
    }
}

/* The last record that such a decision must have been made with the knowledge of. */
static uint64_t since_of(const struct run *run, const struct event *event)
{
    size_t step = event->subject != NULL ? book_find_step(run->book, event->subject) : BOOK_NONE;
    const char *name = event->type == EVENT_ITEM_OVERRIDDEN ? event->gate : event->subject;
    size_t gate =
        event->type != EVENT_CHECK_TICKED && name != NULL ? book_find_gate(run->book, name) : BOOK_NONE;
    uint64_t since = gate != BOOK_NONE ? run->gates[gate].since : 0;
    if (event->type == EVENT_GATE_VOTED && gate != BOOK_NONE) {
        const struct gate *def = &run->book->gates[gate];
        for (size_t i = 0; i < def->vote_count; i++) {
            if (text_equal(run->book->roles[def->votes[i]].id, event->role) &&
                run->gates[gate].votes[i].seq > since)
                since = run->gates[gate].votes[i].seq;
        }
    } else if (event->type != EVENT_GATE_FORCED && step != BOOK_NONE && run->steps[step].since > since) {
        since = run->steps[step].since;
    }
    return since;
}

/* What in the statement is another thing than in the record; NULL: nothing. */
static const char *differs(struct judge *judge, const struct statement *statement, const struct event *event)
{
    const struct {
        const char *what, *said, *recorded;
    } same[] = {
        { "what is done", statement->verb, verb_word(verb_for(event)) },
        { "the subject", statement->subject, event->subject },
        { "the choice", statement->choice, choice_word(event->choice) },
        { "the role", statement->role, event->role },
        { "the text", statement->text, event->text },
        { "the person", statement->person, event->actor },
    };
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        if (!text_equal(or_empty(same[i].said), or_empty(same[i].recorded)))
            return arena_format(judge->arena, "%s is \"%s\" there, and \"%s\" in the record", same[i].what,
                                or_empty(same[i].said), or_empty(same[i].recorded));
    }
    return NULL;
}

static bool was_used(const struct judge *judge, const char *statement)
{
    for (size_t i = 0; i < judge->signature_count; i++) {
        const struct event *event = judge->signatures[i].event;
        if (event != NULL && text_equal(event->statement, statement))
            return true;
    }
    return false;
}

static void judge_statement(struct judge *judge, const struct event *event)
{
    struct statement statement;
    struct err err = ERR_INIT;
    const char *other;
    if (statement_read(judge->arena, event->statement, &statement, &err) < 0) {
        judge_found(judge, NULL, event->seq, "what was signed is not a statement: %s", err.message);
        return;
    }
    other = differs(judge, &statement, event);
    if (other != NULL)
        judge_found(judge, NULL, event->seq, "what was signed is not what is recorded: %s", other);
    if (judge->run != NULL && !judge->fold_over) {
        if (statement_fits(&statement, judge->run, event->at, &err) < 0)
            judge_found(judge, NULL, event->seq, "what was signed does not count here: %s", err.message);
        if ((uint64_t)statement.seq < since_of(judge->run, event))
            judge_found(judge, NULL, event->seq,
                        "what was signed was said after record %" PRId64 ", and record %" PRIu64
                        " changed what it was about: it counts no more",
                        statement.seq, since_of(judge->run, event));
    }
    if (was_used(judge, event->statement))
        judge_found(judge, NULL, event->seq, "what was signed was used before: a decision counts once");
}

static bool is_wanted(const struct judge *judge, const struct event *event)
{
    struct action action = { .verb = verb_for(event), .subject = event->subject };
    return judge->run != NULL && statement_wanted(judge->run, &action);
}

void judge_note_decision(struct judge *judge, const struct event *event)
{
    if (event->statement == NULL || event->signature == NULL) {
        if (is_wanted(judge, event))
            judge_found(judge, NULL, event->seq,
                        "%s by %s is not signed: this run goes by a policy, and it counts only with a key",
                        event_word(event->type), event->actor);
        return;
    }
    judge_statement(judge, event);
    JUDGE_GROW(judge->signatures, judge->signature_count, judge->signature_capacity);
    const struct event *copy = event_copy(judge->arena, event);
    judge->signatures[judge->signature_count++] = (struct judged_signature){
        .commit = judge->commit,
        .event = copy,
        .last_seq = event->seq,
        .bytes = copy->statement,
        .len = strlen(copy->statement),
        .signature = copy->signature,
    };
}
