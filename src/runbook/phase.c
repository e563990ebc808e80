#include "shape.h"
#include "step.h"

#include "base/text.h"

struct phase_fields {
    const char *id;
    int kind;
    const char *title;
    int risk;
    const char *owner;
    bool parallel;
    struct duration_range estimate;
    const struct json *steps;
    const struct json *verification;
    const struct json *rollback;
    const struct json *gate;
    const struct json *ignored;
};

static const struct json_field fields[] = {
    { "id", JSON_FIELD_ID, offsetof(struct phase_fields, id), JSON_REQUIRED, NULL, 0, 0,
      "unique in the book" },
    { "kind", JSON_FIELD_ENUM, offsetof(struct phase_fields, kind), JSON_REQUIRED, phase_kind_words, 0, 0,
      "what it is for" },
    { "title", JSON_FIELD_TEXT, offsetof(struct phase_fields, title), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "one line for the operator" },
    { "risk", JSON_FIELD_ENUM, offsetof(struct phase_fields, risk), 0, risk_words, 0, 0, "what is at stake" },
    { "owner", JSON_FIELD_TEXT, offsetof(struct phase_fields, owner), 0, NULL, 0, 0,
      "the role that answers for it" },
    { "parallel", JSON_FIELD_BOOL, offsetof(struct phase_fields, parallel), 0, NULL, 0, 0,
      "its steps may run side by side; else one after the other" },
    { "estimate", JSON_FIELD_RANGE, offsetof(struct phase_fields, estimate), 0, NULL, 0, 0,
      "how long it takes; the sum of its steps unless stated" },
    { "steps", JSON_FIELD_ARRAY, offsetof(struct phase_fields, steps), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "in order" },
    { "verification", JSON_FIELD_ARRAY, offsetof(struct phase_fields, verification), JSON_NONEMPTY, NULL, 0,
      0, "steps that judge the phase, after all of its steps: verify, wait, compare" },
    { "rollback", JSON_FIELD_ARRAY, offsetof(struct phase_fields, rollback), JSON_NONEMPTY, NULL, 0, 0,
      "undoes the phase as a whole, after its steps were undone; those without a rollback are undone by it" },
    { "gate", JSON_FIELD_OBJECT, offsetof(struct phase_fields, gate), 0, NULL, 0, 0,
      "go or no-go, at its end" },
    { "ignore", JSON_FIELD_ARRAY, offsetof(struct phase_fields, ignored), JSON_NONEMPTY, NULL, 0, 0,
      "what the checker says of it and is right all the same" },
    { 0 },
};
static const struct shape_part parts[] = {
    { "steps", FORM_STEPS, .place = &step_in_phase },
    { "verification", FORM_STEPS, .place = &step_in_verification },
    { "rollback", FORM_STEPS, .place = &step_in_rollback },
    { "gate", FORM_ONE, .shape = &gate_shape },
    { "ignore", FORM_LIST, .shape = &ignored_shape },
    { 0 },
};
const struct shape phase_shape = { .fields = fields, .parts = parts };

static void add_estimate(struct phase *phase, const struct duration_range *estimate)
{
    phase->estimate.min_us += estimate->min_us;
    phase->estimate.max_us += estimate->max_us;
}

static struct step *next_step(struct loader *l, size_t phase, const struct json *source)
{
    size_t at = l->book->step_count++;
    struct step *step = &l->book->steps[at];
    l->step_sources[at] = source;
    step->index = at;
    step->phase = phase;
    l->book->phases[phase].step_count++;
    return step;
}

static void load_steps(struct loader *l, const struct phase_fields *raw, size_t index)
{
    struct phase *phase = &l->book->phases[index];
    phase->first_step = l->book->step_count;
    if (raw->rollback) {
        phase->mark = l->book->step_count;
        load_mark(l, raw->rollback, next_step(l, index, NULL), phase);
    }
    for (size_t i = 0; i < load_count(raw->steps); i++)
        load_step(l, &raw->steps->items[i], next_step(l, index, &raw->steps->items[i]), NULL);
    phase->first_verification = l->book->step_count;
    for (size_t i = 0; i < load_count(raw->verification); i++) {
        const struct json *source = &raw->verification->items[i];
        load_verification(l, source, next_step(l, index, source),
                          arena_format(l->arena, "%s.verify.%zu", phase->id ? phase->id : "", i + 1));
    }
}

/* A rollback that nothing leads to is a promise that nobody keeps. */
static void check_rollback(struct loader *l, const struct json *rollback, const struct phase *phase)
{
    for (size_t i = phase->first_step; i < phase->first_step + phase->step_count; i++) {
        if (i != phase->mark && step_kind_changes(l->book->steps[i].kind))
            return;
    }
    load_fault(l, rollback, "nothing in this phase changes anything: it has nothing to roll back");
}

static void load_phase(struct loader *l, size_t index, const struct json *source)
{
    struct phase *phase = &l->book->phases[index];
    struct phase_fields raw = { .risk = -1 };
    load_fields(l, source, fields, &raw, "phase");
    load_id(l, load_at(source, "id"), &l->ids->phases, "phase", raw.id, index);
    (void)load_reference(l, load_at(source, "owner"), &l->ids->roles, "role", raw.owner); /* kept by name */
    *phase = (struct phase){ .id = raw.id,
                             .title = resolve(l, load_at(source, "title"), raw.title, LAND_LINE),
                             .kind = (enum phase_kind)raw.kind,
                             .risk = (enum risk)(raw.risk + 1),
                             .owner = raw.owner,
                             .parallel = raw.parallel,
                             .estimate = raw.estimate,
                             .gate = BOOK_NONE,
                             .mark = BOOK_NONE,
                             .line = source->line,
                             .column = source->column };
    phase->ignored_count = load_ignored(l, raw.ignored, &phase->ignored);
    load_steps(l, &raw, index);
    for (size_t i = phase->first_step; !json_member(source, "estimate") && i < l->book->step_count; i++)
        add_estimate(phase, &l->book->steps[i].estimate);
    if (raw.rollback)
        check_rollback(l, raw.rollback, phase);
    if (raw.gate)
        load_gate(l, raw.gate, index);
}

/* How many steps there will be: those that are written, and those that are made of other things. */
static size_t count_steps(const struct json *phases)
{
    static const char *const lists[] = { "steps", "verification" };
    size_t count = 0;
    for (size_t i = 0; i < load_count(phases); i++) {
        for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
            const struct json *steps = json_member(&phases->items[i], lists[k]);
            count += steps && steps->type == JSON_ARRAY ? steps->count : 0;
        }
        count += json_member(&phases->items[i], "rollback") ? 1 : 0;
    }
    return count;
}

void load_phases(struct loader *l, const struct json *phases)
{
    size_t count = load_count(phases);
    size_t steps = count_steps(phases);
    l->book->phases = arena_array(l->arena, count + 1, sizeof(*l->book->phases));
    l->book->gates = arena_array(l->arena, count + 1, sizeof(*l->book->gates));
    l->book->steps = arena_array(l->arena, steps + 1, sizeof(*l->book->steps));
    l->book->later = arena_array(l->arena, 2 * steps + 1, sizeof(*l->book->later));
    l->step_sources = arena_array(l->arena, steps + 1, sizeof(const struct json *));
    id_map_init(&l->ids->phases, l->arena, count);
    id_map_init(&l->ids->gates, l->arena, count);
    id_map_init(&l->ids->steps, l->arena, steps);
    if (count > BOOK_PHASES_MAX)
        load_fault(l, phases, "%zu phases are more than %d", count, BOOK_PHASES_MAX);
    if (steps > BOOK_STEPS_MAX)
        load_fault(l, phases, "%zu steps are more than %d", steps, BOOK_STEPS_MAX);
    l->book->phase_count = count;
    for (size_t i = 0; i < count; i++)
        load_phase(l, i, &phases->items[i]);
    load_step_order(l);
    check_later_order(l);
}
