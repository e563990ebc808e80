#include "telling.h"

#include <inttypes.h>

static const char *how_long(struct telling *t, const struct wait *wait)
{
    const char *lasting = told_lasting(t, wait->from_us, wait->to_us);
    return wait->lost ? arena_format(t->arena, "%s, after that it is not known", lasting) : lasting;
}

static const char *how_many(struct telling *t, const struct wait *wait)
{
    if (wait->step != BOOK_NONE)
        return "";
    return arena_format(t->arena, "%.0f, of these behind us: %.0f", wait->most, wait->behind);
}

static void put_waits(struct telling *t)
{
    static const char *const head[] = { "UTC", "Seen by", "How long", "Waiting at most",
                                        "Whom they waited for" };
    const struct wait *waits = t->chronicle->waits.items;
    if (t->chronicle->waits.count == 0) {
        document_paragraph(t->document, "Nobody is known to have waited for a lock.");
        return;
    }
    document_paragraph(t->document, "By the samples, and so as exact as they are frequent.");
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < t->chronicle->waits.count; i++) {
        const struct wait *wait = &waits[i];
        document_row(t->document,
                     (const struct cell[]){
                         { told_time(t, wait->began.wall_us), LOOK_PLAIN },
                         { wait->step != BOOK_NONE
                               ? told_work(t, wait->step, wait->entry)
                               : arena_format(t->arena, "monitor %s", t->book->monitors[wait->monitor].id),
                           LOOK_CODE },
                         { how_long(t, wait), LOOK_STRONG },
                         { how_many(t, wait), LOOK_PLAIN },
                         { told_or(wait->whom, "not known"), LOOK_PLAIN } });
    }
}

static void put_retries(struct telling *t)
{
    static const char *const head[] = {
        "UTC", "Step", "Attempt", "Code", "Why it failed", "Tried again after"
    };
    if (count_events(t, EVENT_STEP_RETRYING) == 0) {
        document_paragraph(t->document, "No attempt failed and was tried again by itself.");
        return;
    }
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        if (event->type != EVENT_STEP_RETRYING)
            continue;
        document_row(
            t->document,
            (const struct cell[]){
                { told_time(t, event->at.wall_us), LOOK_PLAIN },
                { told_work(t, book_find_step(t->book, event->subject), (size_t)event->entry), LOOK_CODE },
                { arena_format(t->arena, "%" PRId64, event->attempt), LOOK_PLAIN },
                { event->code, LOOK_CODE },
                { told_or(event->text, "not said"), LOOK_PLAIN },
                { told_duration(t, event->wait_us), LOOK_PLAIN } });
    }
}

static bool watches_locks(const struct book *book)
{
    for (size_t i = 0; i < book->monitor_count; i++) {
        if (book->monitors[i].kind == MONITOR_LOCKS)
            return true;
    }
    return false;
}

void tell_waits(struct telling *t)
{
    document_heading(t->document, 1, "Lock incidents");
    if (!watches_locks(t->book))
        document_paragraph(t->document,
                           "The book has no monitor of locks: who waited for whom is not known.");
    else
        put_waits(t);
    put_retries(t);
}
