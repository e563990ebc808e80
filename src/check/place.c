#include "checking.h"

#include <string.h>
#include <strings.h>

/* ---- where things stand ---- */

static void take_list(const struct json **sources, size_t *at, const struct json *list)
{
    for (size_t i = 0; list && i < list->count; i++)
        sources[(*at)++] = &list->items[i];
}

const struct json **sources_of(struct arena *arena, const struct book *book)
{
    const struct json **sources = arena_array(arena, book->step_count + 1, sizeof(const struct json *));
    const struct json *phases = json_member(book->source, "phases");
    size_t at = 0;
    for (size_t i = 0; i < book->phase_count; i++) {
        const struct json *phase = &phases->items[i];
        if (book->phases[i].mark != BOOK_NONE)
            sources[at++] = phase;
        take_list(sources, &at, json_member(phase, "steps"));
        take_list(sources, &at, json_member(phase, "verification"));
    }
    return sources;
}

const struct json *source_of(const struct checking *c, const struct step *work)
{
    const struct step *step = work->owner_step ? work->owner_step : work;
    const struct json *source = c->sources[step->index];
    if (!work->owner_step)
        return source;
    const struct json *list = json_member(source, "rollback");
    return list && work->index < list->count ? &list->items[work->index] : NULL;
}

static struct place at_value(const struct json *value)
{
    return at_line(value->line, value->column);
}

struct place at_line(int line, int column)
{
    return (struct place){ .line = line, .column = column, .phase = BOOK_NONE };
}

struct place at_book(const struct checking *c, const char *key)
{
    const struct json *member = key ? json_member(c->book->source, key) : NULL;
    return at_value(member ? member : c->book->source);
}

struct place at_phase(const struct checking *c, size_t phase)
{
    const struct phase *def = &c->book->phases[phase];
    struct place place = at_line(def->line, def->column);
    place.phase = phase;
    return place;
}

struct place at_gate(const struct checking *c, const struct gate *gate)
{
    struct place place = at_line(gate->line, gate->column);
    (void)c;
    place.phase = gate->phase;
    return place;
}

struct place at_work(const struct step *work)
{
    struct place place = at_line(work->line, work->column);
    place.phase = work->phase;
    place.work = work;
    return place;
}

struct place at_field(const struct checking *c, const struct step *work, const char *key)
{
    struct place place = at_work(work);
    const struct json *source = source_of(c, work);
    const struct json *member = source ? json_member(source, key) : NULL;
    if (member) {
        place.line = member->line;
        place.column = member->column;
    }
    return place;
}

static const char **lines_of(struct arena *arena, const char *text)
{
    size_t count = 0, at = 0;
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        count++;
    const char **lines = arena_array(arena, count + 1, sizeof(*lines));
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        lines[at++] = line;
    return lines;
}

const char *written_at(struct checking *c, int line, int column)
{
    if (!c->options->text)
        return NULL;
    if (!c->lines)
        c->lines = lines_of(c->arena, c->options->text);
    return c->lines[line - 1] + column - 1;
}

/* ---- what several rules ask ---- */

bool step_matters(const struct step *step)
{
    bool nothing_left =
        step->rollback_count == 1 && step->rollback[0].kind == STEP_NONE && step->kind != STEP_BACKFILL;
    return step_kind_changes(step->kind) && step->kind != STEP_MARK && !nothing_left;
}

bool phase_changes(const struct book *book, size_t phase)
{
    const struct phase *def = &book->phases[phase];
    for (size_t i = 0; i < def->step_count; i++) {
        if (step_matters(&book->steps[def->first_step + i]))
            return true;
    }
    return false;
}

size_t first_of_kind(const struct book *book, enum phase_kind kind)
{
    for (size_t i = 0; i < book->phase_count; i++) {
        if (book->phases[i].kind == kind)
            return i;
    }
    return BOOK_NONE;
}

size_t first_change(const struct book *book)
{
    for (size_t i = 0; i < book->phase_count; i++) {
        if (phase_changes(book, i))
            return i;
    }
    return BOOK_NONE;
}

bool says(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (; text && *text; text++) {
        if (strncasecmp(text, word, len) == 0)
            return true;
    }
    return false;
}

const char *spelt(struct checking *c, int64_t us)
{
    struct buf buf;
    buf_init(&buf, 64);
    duration_spell(&buf, us);
    const char *text = arena_text(c->arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}
