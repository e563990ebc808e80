#include "report/chronicle.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "gathered.h"

#define SENSED_MAX ((size_t)1024 * 1024)

void *list_add(struct list *list, size_t size)
{
    if (list->count == list->room) {
        list->room = list->room > 0 ? 2 * list->room : 32;
        list->items = mem_realloc(list->items, list->room * size);
    }
    void *item = (char *)list->items + list->count++ * size;
    memset(item, 0, size);
    return item;
}

struct chronicle *chronicle_create(const struct book *book)
{
    struct chronicle *chronicle = mem_alloc(sizeof(*chronicle));
    chronicle->arena = arena_create();
    chronicle->book = book;
    chronicle->run = run_create(book);
    series_make(chronicle);
    return chronicle;
}

void chronicle_destroy(struct chronicle *chronicle)
{
    if (chronicle == NULL)
        return;
    for (size_t i = 0; i < chronicle->series.count; i++) {
        struct series *series = (struct series *)chronicle->series.items + i;
        free(series->points.items);
        free(series->gaps.items);
    }
    struct list *const lists[] = { &chronicle->entries, &chronicle->spans,    &chronicle->holds,
                                   &chronicle->waits,   &chronicle->unknowns, &chronicle->undoings,
                                   &chronicle->series };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        free(lists[i]->items);
    run_destroy(chronicle->run);
    arena_destroy(chronicle->arena);
    free(chronicle);
}

/* ---- what was carried out ---- */

/* The one that has not ended; NULL. */
static struct span *open_span(struct chronicle *chronicle, size_t step, size_t entry)
{
    struct span *spans = chronicle->spans.items;
    for (size_t i = chronicle->spans.count; i-- > 0;) {
        if (spans[i].step == step && spans[i].entry == entry)
            return spans[i].to_us == NOT_YET ? &spans[i] : NULL;
    }
    return NULL;
}

static void span_begins(struct chronicle *chronicle, size_t step, const struct event *event)
{
    size_t entry = (size_t)event->entry;
    struct span *span = open_span(chronicle, step, entry);
    if (span == NULL) {
        span = list_add(&chronicle->spans, sizeof(*span));
        *span = (struct span){ .step = step,
                               .entry = entry,
                               .from_us = chronicle->us,
                               .to_us = NOT_YET,
                               .began = event->at,
                               .state = STEP_RUNNING };
    }
    span->attempts += event->attempt > span->last_attempt ? 1 : 0;
    span->last_attempt = event->attempt;
}

static void span_ends(struct chronicle *chronicle, size_t step, size_t entry)
{
    const struct work *work = run_work(chronicle->run, step, entry);
    struct span *span = open_span(chronicle, step, entry);
    waits_end(chronicle, step, entry);
    if (span == NULL)
        return;
    span->to_us = chronicle->us;
    span->state = work->state;
    span->elapsed_us = work->elapsed_us;
    span->text = arena_text(chronicle->arena, work->text);
}

/* An entry that is done may have settled its whole step, and what was known of it is forgotten then: what the
 * event says is what happened. */
static void take_ended(struct chronicle *chronicle, size_t step, const struct event *event)
{
    static const enum step_state states[CHOICE_COUNT] = { [CHOICE_DONE] = STEP_DONE,
                                                          [CHOICE_SKIPPED] = STEP_SKIPPED,
                                                          [CHOICE_FAILED] = STEP_FAILED,
                                                          [CHOICE_UNKNOWN] = STEP_UNKNOWN };
    struct span *span = open_span(chronicle, step, (size_t)event->entry);
    span_ends(chronicle, step, (size_t)event->entry);
    if (span == NULL)
        return;
    span->state = states[event->choice];
    span->elapsed_us = event->elapsed_us;
    span->text = arena_text(chronicle->arena, event->text);
    span->value = arena_text(chronicle->arena, event->value);
}

/* ---- what was not known ---- */

static struct unknown *open_unknown(struct chronicle *chronicle, size_t step, size_t entry)
{
    struct unknown *unknowns = chronicle->unknowns.items;
    for (size_t i = chronicle->unknowns.count; i-- > 0;) {
        if (unknowns[i].step == step && unknowns[i].entry == entry && unknowns[i].to_us == NOT_YET)
            return &unknowns[i];
    }
    return NULL;
}

static void look_for_unknown(struct chronicle *chronicle, size_t step, size_t entry,
                             const struct event *event)
{
    const struct work *work = run_work(chronicle->run, step, entry);
    struct unknown *unknown = open_unknown(chronicle, step, entry);
    if (work->state == STEP_UNKNOWN && unknown == NULL) {
        unknown = list_add(&chronicle->unknowns, sizeof(*unknown));
        *unknown = (struct unknown){ .step = step,
                                     .entry = entry,
                                     .from_us = chronicle->us,
                                     .to_us = NOT_YET,
                                     .began = event->at,
                                     .why = arena_text(chronicle->arena, work->text) };
    } else if (work->state != STEP_UNKNOWN && unknown != NULL) {
        unknown->to_us = chronicle->us;
        unknown->ruled = event;
    }
}

/* The runner that was at work had ended: what it was about came to something without an event of its own. */
static void take_resumed(struct chronicle *chronicle, const struct event *event)
{
    for (size_t step = 0; step < chronicle->book->step_count; step++) {
        for (size_t entry = 0; entry <= chronicle->book->steps[step].rollback_count; entry++) {
            if (run_work(chronicle->run, step, entry)->state != STEP_RUNNING)
                span_ends(chronicle, step, entry);
            look_for_unknown(chronicle, step, entry, event);
        }
    }
}

/* ---- holds ---- */

static const char *hold_end(struct chronicle *chronicle, const struct event *event)
{
    if (event->type == EVENT_ROLLBACK_STARTED)
        return arena_format(chronicle->arena, "a rollback, by %s", event->actor);
    if (event->type == EVENT_RUN_CLOSED)
        return "the end of the run";
    return arena_format(chronicle->arena, "released by %s%s%s", event->actor,
                        event->text != NULL && event->text[0] != '\0' ? ": " : "",
                        event->text != NULL ? event->text : "");
}

static void look_for_hold(struct chronicle *chronicle, bool held_before, const struct event *event)
{
    const struct run *run = chronicle->run;
    struct hold *holds = chronicle->holds.items;
    struct hold *hold = chronicle->holds.count > 0 ? &holds[chronicle->holds.count - 1] : NULL;
    if (run->held && !held_before) {
        hold = list_add(&chronicle->holds, sizeof(*hold));
        *hold = (struct hold){ .from_us = chronicle->us,
                               .to_us = NOT_YET,
                               .began = event->at,
                               .by = arena_text(chronicle->arena, run->held_by),
                               .why = arena_text(chronicle->arena, run->held_why) };
    } else if (run->held && event->type == EVENT_RUN_HELD && hold != NULL) {
        hold->why = arena_format(chronicle->arena, "%s; then %s: %s",
                                 hold->why != NULL ? hold->why : "no reason said", event->actor,
                                 event->text != NULL ? event->text : "no reason said");
    } else if (!run->held && held_before && hold != NULL) {
        hold->to_us = chronicle->us;
        hold->end = hold_end(chronicle, event);
    }
}

/* ---- rollbacks ---- */

/* Steps whose effect stands, newest first. */
static const char *remaining(struct chronicle *chronicle)
{
    const struct book *book = chronicle->book;
    size_t *steps = arena_array(chronicle->arena, book->step_count, sizeof(*steps));
    size_t count = run_rollback_list(chronicle->run, BOOK_NONE, steps, book->step_count);
    struct buf buf;
    buf_init(&buf, SENSED_MAX);
    for (size_t i = 0; i < count && i < book->step_count; i++)
        buf_format(&buf, "%s%s", i > 0 ? ", " : "", book->steps[steps[i]].id);
    const char *text = arena_text(chronicle->arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

static void take_rollback(struct chronicle *chronicle, const struct event *event)
{
    struct undoing *undoings = chronicle->undoings.items, *undoing;
    if (event->type == EVENT_ROLLBACK_STARTED) {
        undoing = list_add(&chronicle->undoings, sizeof(*undoing));
        *undoing = (struct undoing){ .started = event,
                                     .from_us = chronicle->us,
                                     .to_us = NOT_YET,
                                     .first_span = chronicle->spans.count,
                                     .last_span = SIZE_MAX };
    } else if (chronicle->undoings.count > 0) {
        undoing = &undoings[chronicle->undoings.count - 1];
        undoing->ended = event;
        undoing->to_us = chronicle->us;
        undoing->last_span = chronicle->spans.count;
        undoing->remains = remaining(chronicle);
    }
}

/* ---- gates ---- */

static const char *sensed_at(struct chronicle *chronicle, const struct event *event)
{
    const struct book *book = chronicle->book;
    size_t gate = book_find_gate(book, event->subject);
    const struct phase *phase = &book->phases[book->gates[gate].phase];
    struct buf buf;
    buf_init(&buf, SENSED_MAX);
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        const struct run_step *step = &chronicle->run->steps[i];
        if (!step_is_sensed(&book->steps[i]))
            continue;
        buf_format(&buf, "%s%s: ", buf.len > 0 ? "\n" : "", book->steps[i].id);
        if (step->sensed == CHOICE_NONE) {
            buf_text(&buf, "no answer is known");
            continue;
        }
        buf_text(&buf, choice_word(step->sensed));
        if (step->sensed_value != NULL && step->sensed_value[0] != '\0')
            buf_format(&buf, " (%s)", step->sensed_value);
        if (step->sensed_why != NULL && step->sensed_why[0] != '\0')
            buf_format(&buf, ", %s", step->sensed_why);
        if (event->at.boot_us >= step->sensed_boot_us) {
            buf_text(&buf, ", ");
            duration_text(&buf, event->at.boot_us - step->sensed_boot_us);
            buf_text(&buf, " old");
        }
    }
    const char *text = arena_text(chronicle->arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

/* ---- all of them ---- */

/* What the event says of a step, after it was folded in. */
static void take_work(struct chronicle *chronicle, const struct event *event)
{
    size_t step = event->subject != NULL ? book_find_step(chronicle->book, event->subject) : BOOK_NONE;
    if (step == BOOK_NONE)
        return;
    if (event->type == EVENT_STEP_STARTED)
        span_begins(chronicle, step, event);
    else if (event->type == EVENT_STEP_ENDED)
        take_ended(chronicle, step, event);
    else if (event->type != EVENT_STEP_RULED)
        return;
    look_for_unknown(chronicle, step, (size_t)event->entry, event);
}

static void take_record(struct chronicle *chronicle, const struct event *event, bool held_before)
{
    struct entry *entry = list_add(&chronicle->entries, sizeof(*entry));
    entry->event = event_copy(chronicle->arena, event);
    entry->us = chronicle->us;
    if (event->type == EVENT_GATE_DECIDED || event->type == EVENT_GATE_FORCED)
        entry->sensed = sensed_at(chronicle, event);
    event = entry->event; /* lists borrow it */
    if (event->type == EVENT_RUN_OPENED)
        chronicle->opened = event->at;
    if (event->type == EVENT_RUN_RESUMED)
        take_resumed(chronicle, event);
    if (event->type == EVENT_ROLLBACK_STARTED || event->type == EVENT_ROLLBACK_ENDED)
        take_rollback(chronicle, event);
    look_for_hold(chronicle, held_before, event);
    take_work(chronicle, event);
}

int chronicle_event(struct chronicle *chronicle, const struct event *event, struct err *err)
{
    bool is_record = event_is_record(event->type);
    bool held_before = chronicle->run->held;
    int r = run_apply(chronicle->run, event, is_record ? err : NULL);
    if (r < 0)
        return is_record ? r : 0;
    if (chronicle->run->last_seq > 1 || !is_record)
        chronicle->us += instant_between(&chronicle->last, &event->at);
    chronicle->last = event->at;
    series_take(chronicle, event);
    waits_take(chronicle, event);
    if (is_record)
        take_record(chronicle, event, held_before);
    return 0;
}
