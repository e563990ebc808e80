#include "telling.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* Before a decision, what somebody could have looked at. */
#define BEFORE_US (10 * MINUTE_US)
/* Of each kind; more are said to be there. */
#define TOLD_MAX 12

static void put(struct telling *t, const char *text)
{
    document_item(t->document, NULL, text);
}

/* Of `found` things TOLD_MAX at most were told. */
static void put_rest(struct telling *t, size_t found)
{
    if (found > TOLD_MAX)
        put(t, arena_format(t->arena, "and %zu more, as listed above", found - TOLD_MAX));
}

/* ---- lag ---- */

static bool is_judged(const struct event *event)
{
    return event->type == EVENT_GATE_DECIDED || event->type == EVENT_GATE_FORCED ||
           event->type == EVENT_TRIGGER_FIRED || event->type == EVENT_ROLLBACK_STARTED;
}

static void know_decisions(struct telling *t, const struct series *series, const char *name)
{
    size_t found = 0;
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct entry *entry = entry_at(t, i);
        int64_t from_us = entry->us > BEFORE_US ? entry->us - BEFORE_US : 0;
        if (!is_judged(entry->event) || ++found > TOLD_MAX)
            continue;
        put(t, arena_format(t->arena, "%s in the ten minutes before %s (%s): %s", name,
                            told_time(t, entry->event->at.wall_us), told_story(t, entry->event),
                            told_figures(t, series, from_us, entry->us)));
    }
    put_rest(t, found);
}

static void know_series(struct telling *t, const struct series *series)
{
    const char *name = arena_format(t->arena, "%s.%s", t->book->monitors[series->monitor].id, series->metric);
    size_t found = 0;
    put(t, arena_format(t->arena, "%s in the whole run: %s", name, told_figures(t, series, 0, t->end_us)));
    know_decisions(t, series, name);
    for (size_t i = 0; i < span_count(t); i++) {
        const struct span *span = span_at(t, i);
        if (!step_kind_changes(book_work(t->book, span->step, span->entry)->kind) || ++found > TOLD_MAX)
            continue;
        put(t, arena_format(
                   t->arena, "%s while %s was carried out: %s", name, told_work(t, span->step, span->entry),
                   told_figures(t, series, span->from_us, span->to_us == NOT_YET ? t->end_us : span->to_us)));
    }
    put_rest(t, found);
}

static void know_lag(struct telling *t)
{
    const struct series *series = t->chronicle->series.items;
    bool any = false;
    for (size_t i = 0; i < t->chronicle->series.count; i++) {
        if (t->book->monitors[series[i].monitor].kind != MONITOR_LAG)
            continue;
        know_series(t, &series[i]);
        any = true;
    }
    if (!any)
        put(t, "The book has no monitor of lag.");
}

/* ---- times ---- */

static double ratio_of(struct telling *t, const struct span *span)
{
    const struct step *step = book_work(t->book, span->step, span->entry);
    if (step->estimate.max_us <= 0 || span->to_us == NOT_YET || span->state == STEP_SKIPPED)
        return 0;
    return (double)span->elapsed_us / (double)step->estimate.max_us;
}

/* The one that comes next below `below` by its ratio; NULL after the last. */
static const struct span *next_span(struct telling *t, const struct span *below)
{
    const struct span *found = NULL;
    for (size_t i = 0; i < span_count(t); i++) {
        const struct span *span = span_at(t, i);
        double ratio = ratio_of(t, span), limit = below != NULL ? ratio_of(t, below) : 0;
        bool comes_after = below == NULL || ratio < limit || (ratio == limit && span > below);
        if (ratio > 0 && comes_after && (found == NULL || ratio > ratio_of(t, found)))
            found = span;
    }
    return found;
}

static void know_times(struct telling *t)
{
    size_t found = 0;
    for (const struct span *span = next_span(t, NULL); span != NULL; span = next_span(t, span)) {
        const struct step *step = book_work(t->book, span->step, span->entry);
        enum pace pace;
        if (++found > TOLD_MAX)
            continue;
        put(t, arena_format(t->arena, "%s took %s, estimated %s: %s", told_work(t, span->step, span->entry),
                            told_duration(t, span->elapsed_us), shown_range(&t->shown, &step->estimate),
                            told_pace(t, span, &pace)));
    }
    put_rest(t, found);
    if (found == 0)
        put(t, "Nothing that was carried out has an estimate.");
}

/* ---- waits and attempts ---- */

static void know_waits(struct telling *t)
{
    const struct wait *waits = t->chronicle->waits.items;
    size_t found = 0, again = 0;
    for (size_t i = 0; i < t->chronicle->waits.count; i++) {
        if (waits[i].step == BOOK_NONE || ++found > TOLD_MAX)
            continue;
        put(t, arena_format(t->arena, "%s waited %s at %s: %s", told_work(t, waits[i].step, waits[i].entry),
                            told_lasting(t, waits[i].from_us, waits[i].to_us),
                            told_time(t, waits[i].began.wall_us),
                            told_or(waits[i].whom, "for whom is not known")));
    }
    put_rest(t, found);
    for (size_t i = 0; i < span_count(t); i++) {
        const struct span *span = span_at(t, i);
        if (span->attempts < 2 || ++again > TOLD_MAX)
            continue;
        put(t, arena_format(t->arena, "%s took %" PRId64 " attempts", told_work(t, span->step, span->entry),
                            span->attempts));
    }
    put_rest(t, again);
    if (found + again == 0)
        put(t, "No step is known to have waited for a lock, and none was tried again by itself.");
}

/* ---- events ---- */

static void know_events(struct telling *t, const enum event_type *types, size_t count, const char *none)
{
    size_t found = 0;
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        bool fits = false;
        for (size_t k = 0; k < count; k++)
            fits = fits || event->type == types[k];
        if (!fits || ++found > TOLD_MAX)
            continue;
        put(t, arena_format(t->arena, "%s %s: %s", told_time(t, event->at.wall_us), event->actor,
                            told_story(t, event)));
    }
    put_rest(t, found);
    if (found == 0)
        put(t, none);
}

static void know_holds(struct telling *t)
{
    static const enum event_type types[] = { EVENT_RUN_HELD, EVENT_RUN_RELEASED };
    know_events(t, types, ARRAY_LEN(types), "Nobody held the run.");
}

static void know_rollbacks(struct telling *t)
{
    static const enum event_type types[] = { EVENT_ROLLBACK_STARTED, EVENT_ROLLBACK_ENDED };
    know_events(t, types, ARRAY_LEN(types), "Nothing was rolled back.");
}

static void know_triggers(struct telling *t)
{
    static const enum event_type types[] = { EVENT_TRIGGER_FIRED, EVENT_TRIGGER_BLIND,
                                             EVENT_TRIGGER_CLEARED };
    know_events(t, types, ARRAY_LEN(types), "No trigger fired, and none was without sight.");
}

static void know_overrides(struct telling *t)
{
    static const enum event_type types[] = { EVENT_ITEM_OVERRIDDEN, EVENT_GATE_FORCED };
    know_events(t, types, ARRAY_LEN(types), "Nothing was overridden.");
}

static void know_gates(struct telling *t)
{
    static const enum event_type types[] = { EVENT_GATE_VOTED, EVENT_GATE_DECIDED, EVENT_GATE_FORCED,
                                             EVENT_GATE_LAPSED };
    know_events(t, types, ARRAY_LEN(types), "No gate was decided, and nobody voted.");
}

static void know_unknowns(struct telling *t)
{
    static const enum event_type types[] = { EVENT_RUN_RESUMED, EVENT_STEP_RULED };
    know_events(t, types, ARRAY_LEN(types), "The runner did not break off, and nothing was ruled.");
}

static void know_window(struct telling *t)
{
    put(t, arena_format(t->arena, "Window: %s", told_or(told_window(t), "the book states none")));
}

static void know_proofs(struct telling *t)
{
    size_t found = 0;
    for (size_t i = 0; i < span_count(t); i++) {
        const struct span *span = span_at(t, i);
        enum step_kind kind = book_work(t->book, span->step, span->entry)->kind;
        const char *text = told_or(span->text, ""), *value = told_or(span->value, "");
        if ((kind != STEP_VERIFY && kind != STEP_COMPARE) || ++found > TOLD_MAX)
            continue;
        put(t,
            arena_format(t->arena, "%s: %s%s%s%s%s", told_work(t, span->step, span->entry),
                         span->to_us == NOT_YET ? "not over" : step_state_word(span->state),
                         value[0] != '\0' ? ", it answered " : "", value, text[0] != '\0' ? ", " : "", text));
    }
    put_rest(t, found);
    if (found == 0)
        put(t, "Nothing was verified or compared.");
}

/* ---- questions ---- */

/* What a question is about, by how its words begin, and what the trail knows of that. */
static const struct {
    const char *words;
    void (*know)(struct telling *t);
} topics[] = {
    { "lag replica replication heartbeat", know_lag },
    { "estimate expect rehears slow fast longer long took duration", know_times },
    { "block lock attempt retr queue contention wait", know_waits },
    { "hold held paus", know_holds },
    { "rollback rolled roll undo undone revert", know_rollbacks },
    { "trigger alert alarm", know_triggers },
    { "overrid overrode defer skip except", know_overrides },
    { "gate vote voted decision decide approv", know_gates },
    { "unknown crash resum restart", know_unknowns },
    { "window deadline margin", know_window },
    { "verif compar parity checksum", know_proofs },
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a word of the question begins with one of these. */
static bool asks(const char *question, const char *words)
{
    for (const char *at = question; *at != '\0'; at++) {
        if (!is_letter(*at) || (at > question && is_letter(at[-1])))
            continue;
        for (const char *word = words; *word != '\0'; word += strspn(word, " ")) {
            size_t len = strcspn(word, " ");
            if (strncasecmp(at, word, len) == 0)
                return true;
            word += len;
        }
    }
    return false;
}

static void put_question(struct telling *t, const char *question)
{
    size_t known = 0;
    document_heading(t->document, 2, question);
    for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
        if (!asks(question, topics[i].words))
            continue;
        if (known++ == 0)
            document_paragraph(t->document, "What the trail knows:");
        topics[i].know(t);
    }
    if (known == 0)
        document_paragraph(t->document, "The trail does not know.");
    document_item(t->document, "Answer",
                  "........................................................................");
}

void tell_questions(struct telling *t)
{
    const struct json *questions = json_member(t->book->source, "postmortem");
    document_heading(t->document, 1, "Questions of the post-mortem");
    if (questions == NULL || questions->count == 0) {
        document_paragraph(t->document, "The book asks none.");
        return;
    }
    for (size_t i = 0; i < questions->count; i++)
        put_question(t, book_described(t->book, t->arena, questions->items[i].text));
}
