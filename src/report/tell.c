#include "telling.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

#define SECOND_CHARS 19 /* of "2026-11-20T23:06:38" */
#define DAY_CHARS    10

/* ---- what was gathered ---- */

size_t entry_count(const struct telling *t)
{
    return t->chronicle->entries.count;
}

const struct entry *entry_at(const struct telling *t, size_t i)
{
    return (const struct entry *)t->chronicle->entries.items + i;
}

size_t span_count(const struct telling *t)
{
    return t->chronicle->spans.count;
}

const struct span *span_at(const struct telling *t, size_t i)
{
    return (const struct span *)t->chronicle->spans.items + i;
}

size_t count_events(const struct telling *t, enum event_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < entry_count(t); i++)
        count += entry_at(t, i)->event->type == type;
    return count;
}

/* ---- times ---- */

const char *told_date(struct telling *t, int64_t wall_us)
{
    struct buf buf;
    buf_init(&buf, 64);
    wall_text(&buf, wall_us);
    char *date = arena_text(t->arena, buf_str(&buf));
    buf_finish(&buf);
    if (strlen(date) < SECOND_CHARS)
        return date;
    date[DAY_CHARS] = ' ';
    date[SECOND_CHARS] = '\0';
    return arena_format(t->arena, "%s UTC", date);
}

const char *told_time(struct telling *t, int64_t wall_us)
{
    const char *first = told_date(t, t->chronicle->opened.wall_us);
    char *date = arena_text(t->arena, told_date(t, wall_us));
    if (strlen(date) < SECOND_CHARS)
        return date;
    date[SECOND_CHARS] = '\0';
    return strncmp(first, date, DAY_CHARS) == 0 ? date + DAY_CHARS + 1 : date;
}

const char *told_offset(struct telling *t, int64_t us)
{
    struct buf buf;
    buf_init(&buf, 64);
    buf_char(&buf, '+');
    duration_clock(&buf, us);
    return shown_buf(&t->shown, &buf);
}

const char *told_duration(struct telling *t, int64_t us)
{
    struct buf buf;
    buf_init(&buf, 64);
    duration_text(&buf, us);
    return shown_buf(&t->shown, &buf);
}

const char *told_lasting(struct telling *t, int64_t from_us, int64_t to_us)
{
    if (to_us != NOT_YET)
        return told_duration(t, to_us - from_us);
    return arena_format(t->arena, "%s so far", told_duration(t, t->end_us - from_us));
}

/* ---- things ---- */

const char *told_or(const char *text, const char *otherwise)
{
    return text != NULL && text[0] != '\0' ? text : otherwise;
}

const char *told_work(struct telling *t, size_t step, size_t entry)
{
    const char *id = t->book->steps[step].id;
    return entry == 0 ? id : arena_format(t->arena, "undo of %s, entry %zu", id, entry);
}

const char *told_story(struct telling *t, const struct event *event)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    event_story(&buf, event);
    return shown_buf(&t->shown, &buf);
}

const char *told_value(struct telling *t, const char *metric, double value)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    chart_value(&buf, metric, value);
    return shown_buf(&t->shown, &buf);
}

struct cell told_key(const struct event *event)
{
    return event->key != NULL ? (struct cell){ event->key, LOOK_CODE }
                              : (struct cell){ "not signed", LOOK_PLAIN };
}

const char *told_window(struct telling *t)
{
    struct clocks clocks;
    run_clocks(t->run, t->end, &clocks);
    if (!clocks.has_window)
        return NULL;
    const char *length = shown_duration(&t->shown, t->book->window_us);
    if (clocks.window_left_us < 0)
        return arena_format(t->arena, "NOT kept: %s over the %s%s", told_duration(t, -clocks.window_left_us),
                            length, t->run->closed != CHOICE_NONE ? "" : ", and the run is not over");
    if (t->run->closed != CHOICE_NONE)
        return arena_format(t->arena, "kept: %s of %s were left", told_duration(t, clocks.window_left_us),
                            length);
    return arena_format(t->arena, "not over: %s of %s are left", told_duration(t, clocks.window_left_us),
                        length);
}

/* What was found done took no time, and what failed early was not fast. */
const char *told_pace(struct telling *t, const struct span *span, enum pace *ret_pace)
{
    const struct step *step = book_work(t->book, span->step, span->entry);
    int64_t elapsed_us = span->to_us != NOT_YET ? span->elapsed_us : t->end_us - span->from_us;
    *ret_pace = span->state == STEP_SKIPPED ? PACE_UNKNOWN
                                            : pace_of(&step->estimate, elapsed_us, span->state == STEP_DONE);
    if (*ret_pace == PACE_UNKNOWN)
        return span->state == STEP_SKIPPED ? "it was done already" : "";
    const char *ratio = arena_format(t->arena, "%.2g times the upper end",
                                     (double)elapsed_us / (double)step->estimate.max_us);
    if (*ret_pace == PACE_SLOW)
        return arena_format(t->arena, "%s: SLOW", ratio);
    if (*ret_pace == PACE_FAST)
        return arena_format(t->arena, "%s: SUSPICIOUSLY FAST", ratio);
    return ratio;
}

/* A step whose rollback is only entries that do nothing. */
static bool has_nothing_to_undo(const struct step *step)
{
    for (size_t i = 0; i < step->rollback_count; i++) {
        if (step->rollback[i].kind != STEP_NONE)
            return false;
    }
    return true;
}

const char *told_spared(struct telling *t, const struct undoing *undoing, bool *ret_all)
{
    struct buf buf;
    *ret_all = true;
    buf_init(&buf, TEXT_MAX);
    for (size_t i = undoing->first_span; i < span_count(t) && i < undoing->last_span; i++) {
        const struct span *span = span_at(t, i);
        const struct step *step = &t->book->steps[span->step];
        if (span->entry == 0)
            continue;
        if (!has_nothing_to_undo(step))
            *ret_all = false;
        else if (span->entry == 1)
            buf_format(&buf, "%s%s", buf.len > 0 ? ", " : "", step->id);
    }
    return shown_buf(&t->shown, &buf);
}

/* ---- figures ---- */

/* How much of that time is in gaps. */
static int64_t unknown_us(struct telling *t, const struct series *series, int64_t from_us, int64_t to_us)
{
    size_t count;
    const struct gap *gaps = series_gaps(t->chronicle, series, t->arena, t->end_us, &count);
    int64_t sum_us = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t begin_us = gaps[i].from_us > from_us ? gaps[i].from_us : from_us;
        int64_t end_us = gaps[i].to_us < to_us ? gaps[i].to_us : to_us;
        sum_us += end_us > begin_us ? end_us - begin_us : 0;
    }
    return sum_us;
}

const char *told_figures(struct telling *t, const struct series *series, int64_t from_us, int64_t to_us)
{
    struct figures figures;
    int64_t lost_us = unknown_us(t, series, from_us, to_us);
    series_figures(series, from_us, to_us, &figures);
    if (figures.count == 0)
        return "not known: there is no value of that time";
    return arena_format(
        t->arena, "min %s, median %s, max %s (%zu values)%s%s", told_value(t, series->metric, figures.least),
        told_value(t, series->metric, figures.median), told_value(t, series->metric, figures.most),
        figures.count, lost_us > 0 ? "; not known for " : "", lost_us > 0 ? told_duration(t, lost_us) : "");
}

/* ---- the whole ---- */

/* Marks of all drawings: what people and the book decided. Numbers are those of the list, where it is told.
 */
static bool is_marked(const struct event *event)
{
    static const bool marked[EVENT_TYPE_COUNT] = {
        [EVENT_GATE_DECIDED] = true,     [EVENT_GATE_FORCED] = true,  [EVENT_GATE_LAPSED] = true,
        [EVENT_ITEM_OVERRIDDEN] = true,  [EVENT_STEP_RULED] = true,   [EVENT_TRIGGER_FIRED] = true,
        [EVENT_ROLLBACK_STARTED] = true, [EVENT_RUN_RELEASED] = true, [EVENT_RUN_HELD] = true,
        [EVENT_RUN_CLOSED] = true,       [EVENT_RUN_RESUMED] = true,  [EVENT_KILL_STARTED] = true,
    };
    return marked[event->type];
}

static bool is_listed(const struct telling *t, const struct event *event)
{
    static const bool listed[EVENT_TYPE_COUNT] = {
        [EVENT_RUN_OPENED] = true,     [EVENT_RUN_NOTE] = true,        [EVENT_STEP_CANCELLING] = true,
        [EVENT_GATE_VOTED] = true,     [EVENT_TRIGGER_BLIND] = true,   [EVENT_TRIGGER_CLEARED] = true,
        [EVENT_ROLLBACK_ENDED] = true, [EVENT_CLEAN_ENDED] = true,     [EVENT_TRAIL_TROUBLE] = true,
        [EVENT_CLOCK_JUMPED] = true,   [EVENT_WITNESS_ALARMED] = true, [EVENT_STEP_REPORTED] = true,
        [EVENT_CHECK_UNTICKED] = true, [EVENT_KILL_ENDED] = true,
    };
    if (event->type == EVENT_CHECK_TICKED)
        return strcmp(event->actor, EVENT_ACTOR_SELF) != 0;
    if (event->type == EVENT_STEP_ENDED) {
        const struct step *step = book_find_work(t->book, event->subject, event->entry);
        return (event->choice != CHOICE_DONE && event->choice != CHOICE_SKIPPED) ||
               (step != NULL && step_kind_changes(step->kind));
    }
    return listed[event->type] || is_marked(event);
}

static void number_entries(struct telling *t)
{
    struct drawing_mark *marks = arena_array(t->arena, entry_count(t) + 1, sizeof(*marks));
    size_t number = 0;
    t->numbers = arena_array(t->arena, entry_count(t) + 1, sizeof(*t->numbers));
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct entry *entry = entry_at(t, i);
        if (!is_listed(t, entry->event))
            continue;
        t->numbers[i] = ++number;
        if (is_marked(entry->event))
            marks[t->drawing.mark_count++] = (struct drawing_mark){ entry->us, number };
    }
    t->drawing.marks = marks;
}

static void set_end(struct telling *t)
{
    const struct chronicle *chronicle = t->chronicle;
    t->end = chronicle->last;
    t->end_us = chronicle->us;
    if (t->run->closed == CHOICE_NONE && t->facts->now.wall_us != 0) {
        t->end = t->facts->now;
        t->end_us += instant_between(&chronicle->last, &t->end);
    }
    t->drawing = (struct drawing){ .wall_us = chronicle->opened.wall_us,
                                   .total_us = t->end_us > SECOND_US ? t->end_us : SECOND_US };
}

void chronicle_write(const struct chronicle *chronicle, const struct chronicle_facts *facts,
                     enum document_form form, struct buf *out)
{
    static void (*const sections[])(struct telling * t) = {
        tell_summary, tell_timeline,  tell_times, tell_lag,       tell_waits,
        tell_gates,   tell_overrides, tell_stops, tell_questions, tell_records,
    };
    struct arena *arena = arena_create();
    struct document *document =
        document_create(form, arena_format(arena, "What happened: %s", chronicle->book->title));
    struct telling t = { .chronicle = chronicle,
                         .facts = facts,
                         .book = chronicle->book,
                         .run = chronicle->run,
                         .document = document,
                         .arena = arena,
                         .shown = { .book = chronicle->book, .document = document, .arena = arena } };
    set_end(&t);
    number_entries(&t);
    for (size_t i = 0; i < ARRAY_LEN(sections); i++)
        sections[i](&t);
    document_finish(document, out);
    arena_destroy(arena);
}
