#include "showing.h"

#include <inttypes.h>

static const char *language_of(enum step_kind kind)
{
    switch (kind) {
    case STEP_SQL:
    case STEP_VERIFY:
    case STEP_BACKFILL:
    case STEP_CHECK:
        return "sql";
    case STEP_COMMAND:
        return "sh";
    case STEP_MANUAL:
    case STEP_OSC:
    case STEP_WAIT:
    case STEP_COMPARE:
    case STEP_NOTIFY:
    case STEP_MARK:
    case STEP_NONE:
    case STEP_KIND_COUNT:
        break;
    }
    return "text";
}

static void put_part(struct buf *line, const char *label, const char *value)
{
    if (value && value[0])
        buf_format(line, "%s%s%s", line->len > 0 ? " · " : "", label, value);
}

static const char *after_of(struct showing *s, const struct step *step)
{
    struct buf buf;
    bool named = step->after_count > 1 || (step->after_count == 1 && step->after[0] + 1 != step->index);
    buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; named && i < step->after_count; i++)
        buf_format(&buf, "%s%s", i > 0 ? ", " : "", s->book->steps[step->after[i]].id);
    return shown_buf(s, &buf);
}

static const char *tries_of(struct showing *s, const struct step *step)
{
    if (step->retry.attempts <= 1)
        return "";
    return arena_format(s->arena, "up to %d times, with waits of %s", step->retry.attempts,
                        shown_range(s, &step->retry.backoff));
}

/* One line that says how: kind, target, limits. */
static void put_line(struct showing *s, const struct step *step)
{
    struct buf line;
    buf_init(&line, TEXT_MAX);
    put_part(&line, "", step_is_sensed(step) ? "check, asked all the time" : step_kind_word(step->kind));
    if (step->target != BOOK_NONE && step->target < s->book->target_count)
        put_part(&line, "on ", s->book->targets[step->target].id);
    if ((step->kind == STEP_CHECK && !step_is_sensed(step)) || step->kind == STEP_MANUAL)
        put_part(&line, "by ", step->by ? step->by : "the operator");
    put_part(&line, "", step->evidence ? "with evidence" : "");
    put_part(&line, "estimate ", shown_range(s, &step->estimate));
    put_part(&line, "", step->transaction ? "one transaction" : "");
    put_part(&line, "lock_timeout ", shown_duration(s, step->lock_timeout_us));
    put_part(&line, "statement_timeout ", shown_duration(s, step->statement_timeout_us));
    put_part(&line, "at most ", shown_duration(s, step->timeout_us));
    put_part(&line, "tried ", tries_of(s, step));
    put_part(&line, "", step->idempotent ? "idempotent" : "");
    put_part(&line, "", step->background ? "in the background" : "");
    put_part(&line, "after ", after_of(s, step));
    put_part(&line, "may copy a table while writers wait: ", step->copies);
    document_paragraph(s->document, buf_str(&line));
    buf_finish(&line);
}

static void put_work(struct showing *s, const struct step *step)
{
    struct buf text;
    if (step->instructions)
        document_paragraph(s->document, step->instructions);
    if (step->kind == STEP_NONE || step->kind == STEP_MARK || step->kind == STEP_MANUAL)
        return;
    if (step->kind == STEP_CHECK && !step_is_sensed(step))
        return;
    buf_init(&text, TEXT_MAX);
    step_text(&text, step, s->book);
    document_code(s->document, language_of(step->kind), buf_str(&text));
    buf_finish(&text);
}

/* Who does it in a rehearsal, where a person would. */
static void put_unattended(struct showing *s, const struct step *step)
{
    const struct unattended *unattended = step->unattended;
    struct buf text;
    if (!unattended)
        return;
    document_item(s->document, "In a rehearsal", unattended->text);
    if (unattended->argv_count == 0)
        return;
    buf_init(&text, TEXT_MAX);
    arguments_text(&text, unattended->argv, unattended->argv_count);
    document_code(s->document, "sh", buf_str(&text));
    buf_finish(&text);
}

static void put_probe(struct showing *s, const struct step *step)
{
    struct buf text;
    if (!query_is_there(&step->probe))
        return;
    document_paragraph(s->document,
                       "Done already, and skipped, when this answers as expected; asked again afterwards:");
    buf_init(&text, TEXT_MAX);
    query_text(&text, &step->probe);
    buf_text(&text, "\n-- expected: ");
    expect_text(&text, &step->probe.expect, s->book);
    document_code(s->document, "sql", buf_str(&text));
    buf_finish(&text);
}

static void put_rollback(struct showing *s, const struct step *step)
{
    if (step->irreversible)
        document_item(s->document, "Cannot be undone", step->irreversible);
    for (size_t i = 0; i < step->rollback_count; i++) {
        const struct step *entry = &step->rollback[i];
        if (entry->kind == STEP_NONE) {
            document_item(s->document, "Nothing to undo", entry->why);
            continue;
        }
        document_item(s->document, entry->title, "");
        put_line(s, entry);
        put_work(s, entry);
        put_unattended(s, entry);
    }
}

static void put_step(struct showing *s, const struct step *step)
{
    if (step->kind == STEP_MARK) { /* what undoes the phase */
        if (step->rollback_count > 0)
            document_heading(s->document, 3, "The way back of the phase as a whole");
        put_rollback(s, step);
        return;
    }
    document_heading(s->document, 3, arena_format(s->arena, "%s (%s)", step->title, step->id));
    put_line(s, step);
    put_work(s, step);
    put_unattended(s, step);
    put_probe(s, step);
    put_rollback(s, step);
}

void show_phases(struct showing *s)
{
    document_heading(s->document, 1, "Step by step");
    for (size_t p = 0; p < s->book->phase_count; p++) {
        const struct phase *phase = &s->book->phases[p];
        struct buf line;
        document_heading(s->document, 2, arena_format(s->arena, "%s (%s)", phase->title, phase->id));
        buf_init(&line, TEXT_MAX);
        put_part(&line, "", phase_kind_word(phase->kind));
        put_part(&line, "risk ", risk_word(phase->risk));
        put_part(&line, "owner ", phase->owner);
        put_part(&line, "estimate ", shown_range(s, &phase->estimate));
        put_part(&line, "", phase->parallel ? "steps may run side by side" : "");
        document_paragraph(s->document, buf_str(&line));
        buf_finish(&line);
        for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++)
            put_step(s, &s->book->steps[i]);
        if (phase->gate != BOOK_NONE)
            document_paragraph(s->document, arena_format(s->arena, "Then the gate %s is decided.",
                                                         s->book->gates[phase->gate].id));
    }
}

/* ---- locks ---- */

void show_locks(struct showing *s)
{
    static const char *const head[] = { "Step", "Table", "Lock", "Blocks", "Work under it" };
    document_heading(s->document, 1, "Locks");
    if (!s->facts->has_locks) {
        document_paragraph(s->document, "Nobody has looked at the statements.");
        return;
    }
    if (s->facts->lock_count == 0) {
        document_paragraph(s->document, "No statement takes a lock that others would notice.");
        return;
    }
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->facts->lock_count; i++) {
        const struct show_lock *lock = &s->facts->locks[i];
        document_row(s->document,
                     (const struct cell[]){ { book_work(s->book, lock->step, lock->entry)->id, LOOK_CODE },
                                            { lock->relation, LOOK_CODE },
                                            { lock->lock, LOOK_PLAIN },
                                            { lock->blocks, LOOK_PLAIN },
                                            { lock->work[0] ? lock->work : "for an instant",
                                              lock->dangerous ? LOOK_HIGH : LOOK_PLAIN } });
    }
}

/* ---- the way back ---- */

static const char *undone_by(struct showing *s, const struct step *step)
{
    struct buf buf;
    if (step->irreversible)
        return arena_format(s->arena, "cannot be undone: %s", step->irreversible);
    if (step->rollback_count == 0)
        return "the book does not say";
    buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; i < step->rollback_count; i++) {
        const struct step *entry = &step->rollback[i];
        buf_text(&buf, i > 0 ? "\n" : "");
        if (entry->kind == STEP_NONE)
            buf_format(&buf, "nothing: %s", entry->why);
        else
            step_text(&buf, entry, s->book);
    }
    return shown_buf(s, &buf);
}

void show_rollback(struct showing *s)
{
    static const char *const head[] = { "When this has run", "it is undone by", "which takes",
                                        "and all of it, back to the start" };
    int64_t sum_us = 0;
    document_heading(s->document, 1, "The way back");
    document_paragraph(s->document,
                       "From any row, what ran is undone from there upwards, newest first. Estimates are the "
                       "upper ends.");
    document_table(s->document, head, ARRAY_LEN(head));
    for (size_t i = 0; i < s->book->step_count; i++) {
        const struct step *step = &s->book->steps[i];
        int64_t undo_us = step_rollback_us(step);
        bool last = step->irreversible != NULL;
        if (!step_kind_changes(step->kind) || (step->kind == STEP_MARK && step->rollback_count == 0))
            continue;
        sum_us += undo_us;
        document_row(s->document,
                     (const struct cell[]){ { step->id, LOOK_CODE },
                                            { undone_by(s, step), last ? LOOK_HIGH : LOOK_CODE },
                                            { last      ? ""
                                              : undo_us ? shown_duration(s, undo_us)
                                                        : "not said",
                                              LOOK_PLAIN },
                                            { last ? "a point of no return" : shown_duration(s, sum_us),
                                              last ? LOOK_HIGH : LOOK_PLAIN } });
    }
}
