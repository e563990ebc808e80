#include "telling.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static void put_fact(struct telling *t, const char *name, const char *value)
{
    document_row(t->document, (const struct cell[]){ { name, LOOK_STRONG }, { value, LOOK_PLAIN } });
}

static void put_code(struct telling *t, const char *name, const char *value)
{
    document_row(t->document, (const struct cell[]){ { name, LOOK_STRONG }, { value, LOOK_CODE } });
}

/* ---- how it ended ---- */

/* Steps whose effect stands, for the sentence about a run that was given up. */
static const char *standing(struct telling *t)
{
    size_t *steps = arena_array(t->arena, t->book->step_count, sizeof(*steps));
    size_t count = run_rollback_list(t->run, BOOK_NONE, steps, t->book->step_count);
    struct buf buf;
    if (count == 0)
        return "nothing that it did stands";
    buf_init(&buf, TEXT_MAX);
    buf_text(&buf, "what stands: ");
    for (size_t i = 0; i < count && i < t->book->step_count; i++)
        buf_format(&buf, "%s%s", i > 0 ? ", " : "", t->book->steps[steps[i]].id);
    return shown_buf(&t->shown, &buf);
}

static const char *closing_words(struct telling *t)
{
    for (size_t i = entry_count(t); i-- > 0;) {
        const struct event *event = entry_at(t, i)->event;
        if (event->type == EVENT_RUN_CLOSED && event->text != NULL && event->text[0] != '\0')
            return arena_format(t->arena, ": %s", event->text);
    }
    return "";
}

static const char *open_words(struct telling *t)
{
    if (!t->facts->is_local)
        return "whether a runner is at work on it is not known here";
    return t->facts->is_live ? "a runner is at work on it" : "no runner is at work on it";
}

/* What was taken back was perhaps nothing at all. */
static const char *rolled_back(struct telling *t)
{
    const struct undoing *undoings = t->chronicle->undoings.items;
    const char *spared = "";
    bool all = true;
    for (size_t i = 0; i < t->chronicle->undoings.count && all; i++) {
        const char *some = told_spared(t, &undoings[i], &all);
        spared =
            arena_format(t->arena, "%s%s%s", spared, spared[0] != '\0' && some[0] != '\0' ? ", " : "", some);
    }
    return all && spared[0] != '\0'
               ? arena_format(t->arena, "there was nothing to undo, by the book: %s", spared)
               : "everything was rolled back";
}

static const char *outcome(struct telling *t)
{
    size_t undone = t->chronicle->undoings.count, deferred = t->run->counts.deferred;
    switch (run_state(t->run)) {
    case RUN_FINISHED:
        return arena_format(
            t->arena, "Finished%s%s%s", closing_words(t),
            undone > 0 ? arena_format(t->arena, "; rollbacks on the way: %zu", undone) : "",
            deferred > 0 ? arena_format(t->arena, "; steps left out, and accepted: %zu", deferred) : "");
    case RUN_SCRUBBED:
        return arena_format(t->arena, "Scrubbed, by hand%s; %s", closing_words(t), standing(t));
    case RUN_ABORTED:
        return arena_format(t->arena, "Aborted%s: %s", closing_words(t), rolled_back(t));
    case RUN_OPEN:
    case RUN_HELD:
    case RUN_AT_GATE:
    case RUN_ROLLING_BACK:
    case RUN_STATE_COUNT:
        break;
    }
    return arena_format(t->arena, "Still open: %s%s; %s", run_state_word(run_state(t->run)),
                        t->run->rolled_back ? arena_format(t->arena, "; %s", rolled_back(t)) : "",
                        open_words(t));
}

/* ---- facts ---- */

static void put_times(struct telling *t)
{
    bool closed = t->run->closed != CHOICE_NONE;
    struct clocks clocks;
    run_clocks(t->run, t->end, &clocks);
    put_fact(t, "Began", told_date(t, t->chronicle->opened.wall_us));
    put_fact(t, closed ? "Ended" : "Told as of",
             told_date(t, closed ? t->run->closed_at.wall_us : t->end.wall_us));
    put_fact(t, closed ? "Took" : "So far", told_duration(t, clocks.run_us));
    put_fact(t, "Window", told_or(told_window(t), "the book states none"));
    put_fact(t, "In holds",
             t->chronicle->holds.count == 0
                 ? "never held"
                 : arena_format(t->arena, "%s; times held: %zu", told_duration(t, clocks.held_us),
                                t->chronicle->holds.count));
}

static void put_exceptions(struct telling *t)
{
    size_t overrides = count_events(t, EVENT_ITEM_OVERRIDDEN), forced = count_events(t, EVENT_GATE_FORCED);
    put_fact(t, "Overrides", overrides > 0 ? arena_format(t->arena, "%zu", overrides) : "none");
    if (forced > 0)
        put_fact(t, "The glass was broken",
                 arena_format(t->arena, "times: %zu; last: %s", forced, told_or(t->run->glass, "")));
    put_fact(t, "Rollbacks",
             t->chronicle->undoings.count > 0 ? arena_format(t->arena, "%zu", t->chronicle->undoings.count)
                                              : "none");
}

static void put_trail(struct telling *t)
{
    const struct run *run = t->run;
    put_fact(t, "Records of the trail", arena_format(t->arena, "%" PRIu64, run->last_seq));
    put_code(t, "Hash of the last one", told_or(t->facts->head, "not said"));
    if (t->facts->source != NULL)
        put_fact(t, "Read from", t->facts->source);
    put_fact(t, "Verified", "not by this report: whether the trail is what was written, tminus verify tells");
    if (run->policy_sha256 != NULL)
        put_fact(
            t, "Signatures",
            arena_format(t->arena, "who decided is known by keys, by the policy %s", run->policy_sha256));
    else
        put_fact(t, "Signatures", "the run went by no policy: names are what people said");
    if (run->trouble != NULL)
        put_fact(t, "Trouble with the trail", run->trouble);
    if (run->witness.alarm != NULL)
        put_fact(t, "WITNESS ALARM", run->witness.alarm);
}

/* ---- people ---- */

struct person {
    const char *name, *key;
    struct buf as;
    size_t decided, signed_count;
};

static struct person *person_of(struct person *people, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(people[i].name, name) == 0)
            return &people[i];
    }
    people[*count] = (struct person){ .name = name };
    buf_init(&people[*count].as, TEXT_MAX);
    return &people[(*count)++];
}

static void add_role(struct person *person, const char *role)
{
    if (role == NULL || role[0] == '\0' || strstr(buf_str(&person->as), role) != NULL)
        return;
    buf_format(&person->as, "%s%s", person->as.len > 0 ? ", " : "", role);
}

static bool is_decision(const struct event *event)
{
    return event->type == EVENT_GATE_VOTED || event->type == EVENT_GATE_FORCED ||
           event->type == EVENT_ITEM_OVERRIDDEN || event->type == EVENT_CHECK_TICKED;
}

static void take_person(struct person *people, size_t *count, const struct event *event)
{
    struct person *person =
        strcmp(event->actor, EVENT_ACTOR_SELF) != 0 ? person_of(people, count, event->actor) : NULL;
    if (person == NULL)
        return;
    if (event->type == EVENT_RUN_OPENED)
        add_role(person, "operator");
    add_role(person, event->role);
    person->key = event->key != NULL ? event->key : person->key;
    person->decided += is_decision(event);
    person->signed_count += is_decision(event) && event->signature != NULL;
}

static void put_people(struct telling *t)
{
    static const char *const head[] = { "Who", "As", "Votes, ticks, overrides", "Of these signed", "Key" };
    struct person *people = arena_array(t->arena, entry_count(t), sizeof(*people));
    size_t count = 0;
    for (size_t i = 0; i < entry_count(t); i++)
        take_person(people, &count, entry_at(t, i)->event);
    document_heading(t->document, 2, "People");
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < count; i++) {
        struct person *person = &people[i];
        document_row(t->document,
                     (const struct cell[]){
                         { person->name, LOOK_STRONG },
                         { shown_buf(&t->shown, &person->as), LOOK_PLAIN },
                         { arena_format(t->arena, "%zu", person->decided), LOOK_PLAIN },
                         { arena_format(t->arena, "%zu", person->signed_count), LOOK_PLAIN },
                         { told_or(person->key, "none"), person->key != NULL ? LOOK_CODE : LOOK_PLAIN } });
    }
}

void tell_summary(struct telling *t)
{
    static const char *const head[] = { "", "" };
    const struct event *opened = entry_count(t) > 0 ? entry_at(t, 0)->event : NULL;
    document_heading(t->document, 1, "Summary");
    if (opened == NULL) {
        document_paragraph(t->document, "Nothing was recorded: the run has not begun.");
        return;
    }
    document_table(t->document, head, ARRAY_LEN(head));
    put_fact(t, "Outcome", outcome(t));
    put_code(t, "Run", told_or(t->run->id, "not said"));
    put_code(t, "Book",
             arena_format(t->arena, "%s\nSHA-256 %s", t->book->id, told_or(t->run->book_sha256, "not said")));
    put_fact(t, "Environment", told_or(t->run->environment, "not said"));
    put_fact(t, "Operator",
             arena_format(t->arena, "%s%s%s", t->run->operator, t->run->operator_key ? ", key " : "",
                          told_or(t->run->operator_key, "")));
    put_fact(t, "Rehearsal", told_rehearsal(t));
    put_fact(t, "Machine",
             arena_format(t->arena, "%s, tminus %s", told_or(opened->host, "not said"),
                          told_or(opened->version, "of a version that is not said")));
    put_times(t);
    put_exceptions(t);
    put_trail(t);
    if (t->book->target_count > 0)
        show_targets(&t->shown);
    show_params(&t->shown);
    tell_rehearsal(t);
    put_people(t);
}
