#include "telling.h"

#include <string.h>

#include "base/text.h"

static void put_overrides(struct telling *t)
{
    static const char *const head[] = { "UTC", "Item", "At gate", "Who", "As", "Reason", "Signed with" };
    document_heading(t->document, 2, "Overrides");
    if (count_events(t, EVENT_ITEM_OVERRIDDEN) == 0) {
        document_paragraph(t->document, "None.");
        return;
    }
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        if (event->type != EVENT_ITEM_OVERRIDDEN)
            continue;
        document_row(t->document,
                     (const struct cell[]){ { told_time(t, event->at.wall_us), LOOK_PLAIN },
                                            { event->subject, LOOK_CODE },
                                            { event->gate, LOOK_CODE },
                                            { event->actor, LOOK_STRONG },
                                            { event->role, LOOK_PLAIN },
                                            { told_or(event->text, "none was said"), LOOK_PLAIN },
                                            told_key(event) });
    }
}

static void put_deferred(struct telling *t)
{
    bool any = false;
    document_heading(t->document, 2, "Deferred items");
    for (size_t i = 0; i < t->book->step_count; i++) {
        const struct work *work = run_work(t->run, i, 0);
        if (work->state != STEP_DEFERRED)
            continue;
        any = true;
        document_item(t->document, t->book->steps[i].id,
                      arena_format(t->arena, "%s. Not done; accepted by %s: %s", t->book->steps[i].title,
                                   told_or(work->who, "somebody who is not known"),
                                   told_or(work->text, "no reason said")));
    }
    if (!any)
        document_paragraph(t->document, "None.");
}

static void put_ticked(struct telling *t)
{
    static const char *const head[] = { "UTC", "Check", "Who", "As", "What was seen", "Signed with" };
    bool any = false;
    document_heading(t->document, 2, "Checks by hand");
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        bool untick = event->type == EVENT_CHECK_UNTICKED;
        if ((event->type != EVENT_CHECK_TICKED && !untick) || strcmp(event->actor, EVENT_ACTOR_SELF) == 0)
            continue;
        if (!any)
            document_table(t->document, head, ARRAY_LEN(head));
        any = true;
        document_row(t->document,
                     (const struct cell[]){ { told_time(t, event->at.wall_us), LOOK_PLAIN },
                                            { event->subject, LOOK_CODE },
                                            { event->actor, LOOK_STRONG },
                                            { untick ? "took the tick back" : event->role, LOOK_PLAIN },
                                            { told_or(event->text, "nothing was said"), LOOK_PLAIN },
                                            untick ? (struct cell){ 0 } : told_key(event) });
    }
    if (!any)
        document_paragraph(t->document, "Nobody ticked one.");
}

static void put_sensed(struct telling *t)
{
    bool any = false;
    document_heading(t->document, 2, "Sensed checks, as last answered before each decision");
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct entry *entry = entry_at(t, i);
        if (entry->sensed == NULL || entry->sensed[0] == '\0')
            continue;
        any = true;
        document_item(
            t->document,
            arena_format(t->arena, "%s at %s", entry->event->subject, told_time(t, entry->event->at.wall_us)),
            entry->sensed);
    }
    if (!any)
        document_paragraph(t->document, "No gate was decided that sensed checks stand before.");
}

void tell_overrides(struct telling *t)
{
    document_heading(t->document, 1, "Overrides, deferred items and checks");
    put_overrides(t);
    put_deferred(t);
    put_ticked(t);
    put_sensed(t);
}
