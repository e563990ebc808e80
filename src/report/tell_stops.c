#include "telling.h"

#include "base/text.h"

/* ---- triggers ---- */

/* When and why it was over; NULL. */
static const struct event *cleared_after(struct telling *t, size_t from, const char *trigger)
{
    for (size_t i = from + 1; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        if (event->type == EVENT_TRIGGER_CLEARED && text_equal(event->subject, trigger))
            return event;
    }
    return NULL;
}

static void put_triggers(struct telling *t)
{
    static const char *const head[] = { "UTC", "Trigger", "What", "Evidence", "Over" };
    bool any = false;
    document_heading(t->document, 2, "Triggers");
    for (size_t i = 0; i < entry_count(t); i++) {
        const struct event *event = entry_at(t, i)->event;
        bool fired = event->type == EVENT_TRIGGER_FIRED;
        if (!fired && event->type != EVENT_TRIGGER_BLIND)
            continue;
        const struct event *cleared = cleared_after(t, i, event->subject);
        if (!any)
            document_table(t->document, head, ARRAY_LEN(head));
        any = true;
        document_row(t->document, (const struct cell[]){
                                      { told_time(t, event->at.wall_us), LOOK_PLAIN },
                                      { event->subject, LOOK_CODE },
                                      { fired ? "FIRED" : "saw nothing", fired ? LOOK_HIGH : LOOK_MEDIUM },
                                      { told_or(event->text, "none"), LOOK_PLAIN },
                                      { cleared != NULL ? arena_format(t->arena, "at %s: %s",
                                                                       told_time(t, cleared->at.wall_us),
                                                                       told_or(cleared->text, "not said"))
                                                        : "that it is over was not recorded",
                                        LOOK_PLAIN } });
    }
    if (!any)
        document_paragraph(t->document, t->book->trigger_count > 0 ? "None fired, and none was without sight."
                                                                   : "The book has none.");
}

/* ---- holds ---- */

static void put_holds(struct telling *t)
{
    static const char *const head[] = { "UTC", "By", "Why", "How long", "Ended by" };
    const struct hold *holds = t->chronicle->holds.items;
    document_heading(t->document, 2, "Holds");
    if (t->chronicle->holds.count == 0) {
        document_paragraph(t->document, "None.");
        return;
    }
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < t->chronicle->holds.count; i++)
        document_row(t->document,
                     (const struct cell[]){ { told_time(t, holds[i].began.wall_us), LOOK_PLAIN },
                                            { told_or(holds[i].by, "not known"), LOOK_STRONG },
                                            { told_or(holds[i].why, "no reason said"), LOOK_PLAIN },
                                            { told_lasting(t, holds[i].from_us, holds[i].to_us), LOOK_PLAIN },
                                            { told_or(holds[i].end, "not over"), LOOK_PLAIN } });
}

/* ---- unknown steps ---- */

static const char *ruling(struct telling *t, const struct unknown *unknown)
{
    if (unknown->ruled == NULL)
        return "nobody has ruled";
    return arena_format(t->arena, "%s: %s", unknown->ruled->actor, told_story(t, unknown->ruled));
}

static void put_unknowns(struct telling *t)
{
    static const char *const head[] = { "UTC", "Step", "Why", "How long", "Ruling" };
    const struct unknown *unknowns = t->chronicle->unknowns.items;
    document_heading(t->document, 2, "Unknown steps and rulings");
    if (t->chronicle->unknowns.count == 0) {
        document_paragraph(t->document, "None.");
        return;
    }
    document_table(t->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < t->chronicle->unknowns.count; i++)
        document_row(t->document,
                     (const struct cell[]){
                         { told_time(t, unknowns[i].began.wall_us), LOOK_PLAIN },
                         { told_work(t, unknowns[i].step, unknowns[i].entry), LOOK_CODE },
                         { told_or(unknowns[i].why, "not known"), LOOK_PLAIN },
                         { told_lasting(t, unknowns[i].from_us, unknowns[i].to_us), LOOK_PLAIN },
                         { ruling(t, &unknowns[i]), unknowns[i].ruled != NULL ? LOOK_PLAIN : LOOK_HIGH } });
}

/* ---- rollbacks ---- */

static const char *came_to(struct telling *t, const struct span *span)
{
    const struct step *step = book_work(t->book, span->step, span->entry);
    if (step->kind == STEP_NONE)
        return arena_format(t->arena, "nothing to undo: %s", told_or(step->why, "not said"));
    if (span->to_us == NOT_YET)
        return "not over";
    return arena_format(t->arena, "%s%s%s", step_state_word(span->state),
                        told_or(span->text, "")[0] != '\0' ? ": " : "", told_or(span->text, ""));
}

static void put_undone(struct telling *t, const struct undoing *undoing)
{
    static const char *const head[] = { "Undone", "Took", "Came to" };
    bool any = false;
    for (size_t i = undoing->first_span; i < span_count(t) && i < undoing->last_span; i++) {
        const struct span *span = span_at(t, i);
        if (span->entry == 0)
            continue;
        if (!any)
            document_table(t->document, head, ARRAY_LEN(head));
        any = true;
        document_row(t->document,
                     (const struct cell[]){ { told_work(t, span->step, span->entry), LOOK_CODE },
                                            { span->to_us == NOT_YET ? told_lasting(t, span->from_us, NOT_YET)
                                                                     : told_duration(t, span->elapsed_us),
                                              LOOK_STRONG },
                                            { came_to(t, span), LOOK_PLAIN } });
    }
    if (!any)
        document_paragraph(t->document, "Nothing was undone in it.");
}

static const char *remains(struct telling *t, const struct undoing *undoing)
{
    size_t *steps = arena_array(t->arena, t->book->step_count, sizeof(*steps)), count;
    bool all;
    const char *spared = told_spared(t, undoing, &all);
    if (undoing->ended != NULL && spared[0] != '\0')
        return arena_format(t->arena, "%s; there was nothing to undo, by the book: %s",
                            told_or(undoing->remains, all ? "nothing" : "nothing, by the trail"), spared);
    if (undoing->ended != NULL)
        return told_or(undoing->remains, "nothing, by the trail");
    count = run_rollback_list(t->run, t->run->rollback_to, steps, t->book->step_count);
    return arena_format(t->arena, "steps that are still to be undone: %zu", count);
}

static void put_rollback(struct telling *t, const struct undoing *undoing)
{
    const struct event *started = undoing->started;
    document_heading(t->document, 2,
                     arena_format(t->arena, "Rollback %s%s",
                                  started->subject != NULL ? "down to " : "of everything",
                                  started->subject != NULL ? started->subject : ""));
    document_item(t->document, "Begun",
                  arena_format(t->arena, "%s by %s", told_time(t, started->at.wall_us), started->actor));
    document_item(t->document, "Why", told_or(started->text, "no reason said"));
    document_item(t->document, "Ended",
                  undoing->ended != NULL
                      ? arena_format(t->arena, "%s: %s%s%s", told_time(t, undoing->ended->at.wall_us),
                                     choice_word(undoing->ended->choice),
                                     undoing->ended->text != NULL ? ", " : "",
                                     told_or(undoing->ended->text, ""))
                      : "it is not at its end");
    document_item(t->document, "Took", told_lasting(t, undoing->from_us, undoing->to_us));
    document_item(t->document, "Not undone, and standing", remains(t, undoing));
    put_undone(t, undoing);
}

void tell_stops(struct telling *t)
{
    const struct undoing *undoings = t->chronicle->undoings.items;
    document_heading(t->document, 1, "Triggers, holds, unknown steps and rollbacks");
    put_triggers(t);
    put_holds(t);
    put_unknowns(t);
    for (size_t i = 0; i < t->chronicle->undoings.count; i++)
        put_rollback(t, &undoings[i]);
    if (t->chronicle->undoings.count == 0) {
        document_heading(t->document, 2, "Rollbacks");
        document_paragraph(t->document, "None.");
    }
}
