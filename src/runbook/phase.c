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
    const struct json *gate;
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
    { "gate", JSON_FIELD_OBJECT, offsetof(struct phase_fields, gate), 0, NULL, 0, 0,
      "go or no-go, at its end" },
    { 0 },
};

static void add_estimate(struct phase *phase, const struct duration_range *estimate)
{
    phase->estimate.min_us += estimate->min_us;
    phase->estimate.max_us += estimate->max_us;
}

static void load_steps(struct loader *l, const struct json *steps, size_t index, bool sum)
{
    struct phase *phase = &l->book->phases[index];
    phase->first_step = l->book->step_count;
    phase->step_count = load_count(steps);
    for (size_t i = 0; i < phase->step_count; i++) {
        size_t at = l->book->step_count++;
        struct step *step = &l->book->steps[at];
        l->step_sources[at] = &steps->items[i];
        step->index = at;
        step->phase = index;
        load_step(l, &steps->items[i], step, NULL);
        if (sum)
            add_estimate(phase, &step->estimate);
    }
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
                             .line = source->line,
                             .column = source->column };
    load_steps(l, raw.steps, index, json_member(source, "estimate") == NULL);
    if (raw.gate)
        load_gate(l, raw.gate, index);
}

static size_t count_steps(const struct json *phases)
{
    size_t count = 0;
    for (size_t i = 0; i < load_count(phases); i++) {
        const struct json *steps = json_member(&phases->items[i], "steps");
        count += steps && steps->type == JSON_ARRAY ? steps->count : 0;
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
}
