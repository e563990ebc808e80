#include "step.h"

#include <string.h>

#include "base/text.h"

static const struct step_kind_def *const kinds[STEP_KIND_COUNT] = {
    [STEP_CHECK] = &check_kind,       [STEP_MANUAL] = &manual_kind,   [STEP_SQL] = &sql_kind,
    [STEP_COMMAND] = &command_kind,   [STEP_VERIFY] = &verify_kind,   [STEP_WAIT] = &wait_kind,
    [STEP_BACKFILL] = &backfill_kind, [STEP_COMPARE] = &compare_kind, [STEP_NOTIFY] = &notify_kind,
    [STEP_NONE] = &none_kind,         [STEP_OSC] = &osc_kind,
};

/* Where a kind may stand. A box to tick inside a rollback is a "manual" or a "verify". */
static const bool in_phase[STEP_KIND_COUNT] = {
    [STEP_CHECK] = true,  [STEP_MANUAL] = true, [STEP_SQL] = true,      [STEP_COMMAND] = true,
    [STEP_VERIFY] = true, [STEP_WAIT] = true,   [STEP_BACKFILL] = true, [STEP_COMPARE] = true,
    [STEP_NOTIFY] = true, [STEP_OSC] = true,
};
static const bool in_rollback[STEP_KIND_COUNT] = {
    [STEP_MANUAL] = true, [STEP_SQL] = true,  [STEP_COMMAND] = true,  [STEP_VERIFY] = true,
    [STEP_WAIT] = true,   [STEP_NONE] = true, [STEP_BACKFILL] = true, [STEP_COMPARE] = true,
    [STEP_NOTIFY] = true, [STEP_OSC] = true,
};
static const bool in_verification[STEP_KIND_COUNT] = {
    [STEP_VERIFY] = true,
    [STEP_WAIT] = true,
    [STEP_COMPARE] = true,
};

static const char *const nothing_left_out[] = { NULL };
/* It comes after all other steps of its phase, and what follows waits for it. */
static const char *const not_in_verification[] = { "after", "background", NULL };
/* "as": values are those of the step itself, and when it is undone nothing later uses one. */
static const char *const not_in_rollback[] = { "id",           "after",      "rollback",
                                               "irreversible", "background", "for_each",
                                               "as",           "idempotent", NULL };

const struct step_place step_in_phase = { "step", in_phase, JSON_REQUIRED | STEP_NEEDED_IN_PHASE,
                                          nothing_left_out, NULL };
const struct step_place step_in_verification = { "verification", in_verification, JSON_REQUIRED,
                                                 not_in_verification, NULL };
const struct step_place step_in_rollback = { "undo", in_rollback, JSON_REQUIRED, not_in_rollback, NULL };

const struct step_kind_def *step_kind_def(enum step_kind kind)
{
    return kinds[kind];
}

/* The words of the allowed kinds; `ret_list` is the same as one text. */
static size_t allowed_words(struct loader *l, const bool *allowed, const char *words[STEP_KIND_COUNT],
                            const char **ret_list)
{
    size_t count = 0;
    *ret_list = "";
    for (size_t i = 0; i < STEP_KIND_COUNT; i++) {
        if (!allowed[i])
            continue;
        *ret_list = arena_format(l->arena, "%s%s%s", *ret_list, count ? ", " : "", step_kind_words[i]);
        words[count++] = step_kind_words[i];
    }
    return count;
}

static void refuse_kind(struct loader *l, const struct json *source, const struct json *kind,
                        const bool *allowed)
{
    const char *words[STEP_KIND_COUNT];
    const char *list;
    size_t count = allowed_words(l, allowed, words, &list);
    if (!kind || kind->type != JSON_TEXT)
        load_fault(l, kind ? kind : source, "a step needs a \"kind\": one of %s", list);
    else
        load_fault(l, kind, "kind \"%s\" is not one of %s%s", kind->text, list,
                   load_hint(l, kind->text, words, count));
}

/* STEP_KIND_COUNT after a fault. */
static size_t load_kind(struct loader *l, const struct json *source, const bool *allowed)
{
    const struct json *kind = json_member(source, "kind");
    if (source->type != JSON_OBJECT) {
        load_fault(l, source, "a step is an object, this is %s", json_type_word(source->type));
        return STEP_KIND_COUNT;
    }
    for (size_t i = 0; kind && kind->type == JSON_TEXT && i < STEP_KIND_COUNT; i++) {
        if (allowed[i] && strcmp(kind->text, step_kind_words[i]) == 0)
            return i;
    }
    refuse_kind(l, source, kind, allowed);
    return STEP_KIND_COUNT;
}

/* The id as far as one can be read, so that faults elsewhere do not follow from a fault here. */
static void load_step_id(struct loader *l, const struct json *source, struct step *step)
{
    const struct json *id = json_member(source, "id");
    if (!id) {
        load_fault(l, source, "step lacks the field \"id\"");
        return;
    }
    if (id->type != JSON_TEXT || !text_is_id(id->text))
        return; /* said when the step is decoded */
    step->id = id->text;
    if (strstr(id->text, ".rollback."))
        load_fault(l, id, "\".rollback.\" stands only in the ids that rollback entries get by themselves");
    load_id(l, id, &l->ids->steps, "step", id->text, step->index);
}

static void refuse_fields(struct loader *l, const struct json *source, const char *const *keys,
                          const char *what)
{
    for (const char *const *key = keys; *key; key++) {
        const struct json *member = json_member(source, *key);
        if (member)
            json_fault_add(l->faults, member->key_line, member->key_column, "%s has no \"%s\" of its own",
                           what, *key);
    }
}

static void load_rollback(struct loader *l, const struct json *source, struct step *step);

/* They stand in the order of the book, so that the next one is looked for where the last was found. */
static const struct step_timing *find_timing(struct loader *l, const char *step, int64_t entry)
{
    size_t count = l->options->timing_count;
    for (size_t i = 0; step && i < count; i++) {
        const struct step_timing *timing = &l->options->timings[(l->timing_at + i) % count];
        if (timing->entry != entry || !text_equal(timing->step, step))
            continue;
        l->timing_at = (l->timing_at + i + 1) % count;
        return timing;
    }
    return NULL;
}

/* What it took in rehearsals is reckoned with, and not what the book says. */
static void load_estimate(struct loader *l, struct step *step, const struct duration_range *stated)
{
    const struct step *owner = step->owner_step;
    const struct step_timing *timing =
        owner ? find_timing(l, owner->id, (int64_t)step->index + 1) : find_timing(l, step->id, 0);
    step->stated = step->estimate = *stated;
    if (!timing)
        return;
    step->rehearsed = timing->rehearsed;
    step->estimate = (struct duration_range){ timing->rehearsed.median_us, timing->rehearsed.p95_us };
    if (step->estimate.max_us == 0)
        step->estimate.max_us = 1; /* nothing would say that nobody knows */
}

static void build_step(struct loader *l, const struct json *source, const struct step_kind_def *def,
                       struct step *step)
{
    void *fields = arena_alloc(l->arena, def->size);
    const struct step_common *common = fields;
    const char *what = step->id ? arena_format(l->arena, "step \"%s\"", step->id) : "step";
    if (def->defaults)
        memcpy(fields, def->defaults, def->size);
    load_fields(l, source, def->fields, fields, what);
    load_estimate(l, step, &common->estimate);
    step->background = common->background;
    step->ignored_count = load_ignored(l, common->ignored, &step->ignored);
    step->title = resolve(l, load_at(source, "title"), common->title, LAND_LINE);
    if (!step->title && step->owner_step)
        step->title = arena_format(l->arena, "Undo: %s", step->owner_step->title);
    else if (!step->title)
        step->title = step->id ? step->id : "";
    def->build(l, source, fields, step);
}

/* What a step is before anything is known of it. */
static void init_step(const struct json *source, struct step *step, const struct step *owner)
{
    step->owner_step = owner;
    step->target = BOOK_NONE;
    step->probe.target = BOOK_NONE;
    step->query.target = BOOK_NONE;
    step->generate.target = BOOK_NONE;
    step->until.monitor = BOOK_NONE;
    step->retry.attempts = 1;
    step->line = source->line;
    step->column = source->column;
}

void load_step(struct loader *l, const struct json *source, struct step *step, const struct step *owner)
{
    size_t kind = load_kind(l, source, owner ? in_rollback : in_phase);
    init_step(source, step, owner);
    if (owner) {
        refuse_fields(l, source, not_in_rollback, "an entry of a rollback");
        step->each = owner->each; /* what was done for each is undone for each */
    } else {
        l->at_step = step->index;
        if (source->type == JSON_OBJECT)
            load_step_id(l, source, step);
    }
    if (kind == STEP_KIND_COUNT)
        return;
    step->kind = (enum step_kind)kind;
    build_step(l, source, kinds[kind], step);
}

void load_verification(struct loader *l, const struct json *source, struct step *step, const char *id)
{
    size_t kind = load_kind(l, source, in_verification);
    const struct json *own = json_member(source, "id");
    l->at_step = step->index;
    init_step(source, step, NULL);
    refuse_fields(l, source, not_in_verification, "a step of a verification");
    step->id = id;
    if (own)
        load_step_id(l, source, step);
    else
        load_id(l, source, &l->ids->steps, "step", id, step->index);
    if (kind == STEP_KIND_COUNT)
        return;
    step->kind = (enum step_kind)kind;
    build_step(l, source, kinds[kind], step);
}

void load_mark(struct loader *l, const struct json *rollback, struct step *step, const struct phase *phase)
{
    l->at_step = step->index;
    init_step(rollback, step, NULL);
    step->kind = STEP_MARK;
    step->id = arena_format(l->arena, "%s.begin", phase->id ? phase->id : "");
    step->title = arena_format(l->arena, "Begin: %s", phase->title ? phase->title : "");
    load_id(l, rollback, &l->ids->steps, "step", step->id, step->index);
    load_rollback(l, rollback, step);
}

size_t load_step_target(struct loader *l, const struct json *source, const char *name,
                        const struct step *step)
{
    if (name)
        return load_reference(l, load_at(source, "target"), &l->ids->targets, "target", name);
    if (step->owner_step && step->owner_step->target != BOOK_NONE)
        return step->owner_step->target;
    if (!json_member(source, "target"))
        load_fault(l, source, "step \"%s\" needs a \"target\"", step->id ? step->id : "");
    return BOOK_NONE;
}

/* ---- undoing ---- */

static void load_rollback(struct loader *l, const struct json *source, struct step *step)
{
    struct step *entries = arena_array(l->arena, source->count, sizeof(*entries));
    bool only_looks = true;
    step->rollback = entries;
    step->rollback_count = source->count;
    for (size_t i = 0; i < source->count; i++) {
        entries[i].id = arena_format(l->arena, "%s.rollback.%zu", step->id ? step->id : "", i + 1);
        entries[i].index = i;
        entries[i].phase = step->phase;
        load_step(l, &source->items[i], &entries[i], step);
        only_looks = only_looks && entries[i].kind != STEP_CHECK && entries[i].kind != STEP_NONE &&
                     !step_kind_changes(entries[i].kind); /* a check: its kind was refused */
        if (entries[i].kind == STEP_NONE && source->count > 1)
            load_fault(l, &source->items[i], "\"none\" says that there is nothing to undo: it stands alone");
    }
    if (only_looks)
        load_fault(l, source, "this rollback only looks on: none of it undoes anything");
}

/* The gate directly before: of the phase before. */
static bool behind_a_gate(const struct loader *l, const struct step *step)
{
    return step->phase > 0 && l->book->phases[step->phase - 1].gate != BOOK_NONE;
}

/* A step of a phase with a rollback of its own need not have one. */
static void undo_with_phase(struct loader *l, struct step *step)
{
    struct step *entry = arena_alloc(l->arena, sizeof(*entry));
    const struct json at = { .line = step->line, .column = step->column };
    init_step(&at, entry, step);
    entry->id = arena_format(l->arena, "%s.rollback.1", step->id ? step->id : "");
    entry->title = arena_format(l->arena, "Undo: %s", step->title);
    entry->kind = STEP_NONE;
    entry->phase = step->phase;
    entry->why = "the rollback of the phase undoes it";
    step->rollback = entry;
    step->rollback_count = 1;
}

/* What can change something can be undone, or says why not and stands behind a gate of its own. */
static void check_undoing(struct loader *l, const struct json *source, struct step *step)
{
    const struct json *rollback = json_member(source, "rollback");
    const struct json *irreversible = json_member(source, "irreversible");
    if (!rollback && !irreversible && l->book->phases[step->phase].mark != BOOK_NONE)
        undo_with_phase(l, step);
    else if (!rollback && !irreversible)
        load_fault(l, source,
                   "step \"%s\" can change something: it needs a \"rollback\" or an \"irreversible\"",
                   step->id ? step->id : "");
    else if (rollback && irreversible)
        load_fault(l, irreversible, "a step is either irreversible or has a rollback");
    else if (irreversible && !behind_a_gate(l, step))
        load_fault(l, irreversible,
                   "an irreversible step needs a gate at the end of the phase before its own");
}

void load_step_probe(struct loader *l, const struct step_change *change, struct step *step)
{
    if (change->done_when)
        step->probe = load_judged_query(l, change->done_when, "done_when", step->target);
}

void load_step_change(struct loader *l, const struct json *source, const struct step_change *change,
                      struct step *step)
{
    if (step->owner_step)
        return;
    step->irreversible = resolve(l, load_at(source, "irreversible"), change->irreversible, LAND_TEXT);
    if (change->rollback)
        load_rollback(l, change->rollback, step);
    check_undoing(l, source, step);
}

int64_t step_rollback_us(const struct step *step)
{
    int64_t sum = 0;
    for (size_t i = 0; i < step->rollback_count; i++)
        sum += step->rollback[i].estimate.max_us;
    return sum;
}

bool step_is_sensed(const struct step *step)
{
    return step->kind == STEP_CHECK && query_is_there(&step->query);
}

bool step_is_beside(const struct step *step)
{
    return step->background || step->kind == STEP_NOTIFY;
}

/* ---- order ---- */

/* Only steps that stand before may be named, so there can be no cycle. */
static size_t load_after(struct loader *l, const struct step *step, const struct json *item)
{
    if (item->type != JSON_TEXT)
        return BOOK_NONE; /* said already */
    size_t before = load_reference(l, item, &l->ids->steps, "step", item->text);
    if (before == BOOK_NONE || before < step->index)
        return before;
    if (before == step->index)
        load_fault(l, item, "step \"%s\" cannot be after itself", item->text);
    else
        load_fault(l, item, "step \"%s\" comes later in the book: a step can only be after one before it",
                   item->text);
    return BOOK_NONE;
}

/* The step of its phase that it comes after without saying so; BOOK_NONE. */
static size_t previous_of(const struct loader *l, const struct step *step)
{
    const struct phase *phase = &l->book->phases[step->phase];
    for (size_t i = step->index; !phase->parallel && i-- > phase->first_step;) {
        if (!step_is_beside(&l->book->steps[i]) && i != phase->mark)
            return i;
    }
    return BOOK_NONE;
}

/* A verification comes after everything that it is to judge. */
static void order_after_all(struct loader *l, struct step *step)
{
    const struct phase *phase = &l->book->phases[step->phase];
    size_t *after = arena_array(l->arena, phase->step_count, sizeof(*after));
    for (size_t i = phase->first_step; i < step->index; i++) {
        if (i != phase->mark)
            after[step->after_count++] = i;
    }
    step->after = after;
}

static void order_step(struct loader *l, struct step *step)
{
    const struct json *source = l->step_sources[step->index];
    const struct json *named = source ? json_member(source, "after") : NULL;
    size_t named_count = !named ? 0 : named->type == JSON_ARRAY ? named->count : 1;
    size_t previous = previous_of(l, step);
    size_t *after = arena_array(l->arena, named_count + 1, sizeof(*after));
    for (size_t i = 0; i < named_count; i++) {
        size_t before = load_after(l, step, load_item(named, i));
        if (before != BOOK_NONE && before != previous)
            after[step->after_count++] = before;
    }
    if (previous != BOOK_NONE)
        after[step->after_count++] = previous;
    step->after = after;
}

void load_step_order(struct loader *l)
{
    for (size_t i = 0; i < l->book->step_count; i++) {
        struct step *step = &l->book->steps[i];
        const struct phase *phase = &l->book->phases[step->phase];
        if (i >= phase->first_verification && i < phase->first_step + phase->step_count)
            order_after_all(l, step);
        else if (i != phase->mark)
            order_step(l, step);
    }
}
