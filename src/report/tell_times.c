#include "telling.h"

#include <inttypes.h>

static const char *rehearsed(struct telling *t, const struct step *step)
{
    if (step->rehearsed.count == 0)
        return "never";
    return arena_format(t->arena, "%s to %s (%" PRId64 " times)", told_duration(t, step->rehearsed.median_us),
                        told_duration(t, step->rehearsed.p95_us), step->rehearsed.count);
}

static const char *actual(struct telling *t, const struct span *span)
{
    if (span->to_us != NOT_YET)
        return told_duration(t, span->elapsed_us);
    return arena_format(t->arena, "%s so far", told_duration(t, t->end_us - span->from_us));
}

static struct cell state_cell(const struct span *span)
{
    if (span->to_us == NOT_YET)
        return (struct cell){ "not over", LOOK_MEDIUM };
    enum look look = span->state == STEP_DONE || span->state == STEP_SKIPPED ? LOOK_LOW
                     : span->state == STEP_PENDING                           ? LOOK_PLAIN
                                                                             : LOOK_HIGH;
    return (struct cell){ span->state == STEP_PENDING ? "no answer" : step_state_word(span->state), look };
}

static void put_span(struct telling *t, const struct span *span)
{
    static const enum look looks[] = { [PACE_UNKNOWN] = LOOK_PLAIN,
                                       [PACE_AS_ESTIMATED] = LOOK_PLAIN,
                                       [PACE_SLOW] = LOOK_HIGH,
                                       [PACE_FAST] = LOOK_MEDIUM };
    const struct step *step = book_work(t->book, span->step, span->entry);
    enum pace pace;
    const char *against = told_pace(t, span, &pace);
    document_row(t->document, (const struct cell[]){
                                  { told_work(t, span->step, span->entry), LOOK_CODE },
                                  state_cell(span),
                                  { arena_format(t->arena, "%" PRId64, span->attempts), LOOK_PLAIN },
                                  { told_or(shown_range(&t->shown, &step->stated), "none"), LOOK_PLAIN },
                                  { rehearsed(t, step), LOOK_PLAIN },
                                  { actual(t, span), LOOK_STRONG },
                                  { against, looks[pace] } });
}

/* To undo nothing takes no time and says nothing about an estimate. */
static bool is_nothing(struct telling *t, const struct span *span)
{
    enum step_kind kind = book_work(t->book, span->step, span->entry)->kind;
    return kind == STEP_NONE || kind == STEP_MARK;
}

static void put_whole(struct telling *t)
{
    struct schedule *schedule = schedule_of(t->arena, t->book);
    struct clocks clocks;
    run_clocks(t->run, t->end, &clocks);
    document_item(t->document, "The whole, by the estimates",
                  schedule->total_us > 0 ? told_duration(t, schedule->total_us) : "not stated");
    document_item(t->document, t->run->closed != CHOICE_NONE ? "It took" : "So far it has taken",
                  arena_format(t->arena, "%s, of which %s in holds", told_duration(t, clocks.run_us),
                               told_duration(t, clocks.held_us)));
}

void tell_times(struct telling *t)
{
    static const char *const head[] = {
        "Step", "Came to", "Attempts", "Estimate of the book", "Rehearsed", "Actual", "Against the estimate"
    };
    document_heading(t->document, 1, "Estimates against what it took");
    if (span_count(t) == 0) {
        document_paragraph(t->document, "No step was carried out.");
        return;
    }
    document_paragraph(t->document,
                       "An actual time goes from the first attempt to the end, with what was waited in "
                       "between. It is held against the upper end of the estimate, which comes from the "
                       "rehearsals where there are any. SLOW is more than 20 % over it; SUSPICIOUSLY FAST is "
                       "less than a tenth of a lower end of 10 seconds or more.");
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < span_count(t); i++) {
        if (!is_nothing(t, span_at(t, i)))
            put_span(t, span_at(t, i));
    }
    put_whole(t);
}
