#include "load.h"
#include "shape.h"

#include "base/text.h"

struct gate_fields {
    const char *id;
    struct json_texts votes;
    const struct json *criteria;
    const struct json *override;
    bool witness;
    int64_t valid_us;
};

static const struct json_field fields[] = {
    { "id", JSON_FIELD_ID, offsetof(struct gate_fields, id), JSON_REQUIRED, NULL, 0, 0,
      "unique in the book" },
    { "votes", JSON_FIELD_TEXTS, offsetof(struct gate_fields, votes), 0, NULL, 0, 0,
      "the roles that have to say go" },
    { "criteria", JSON_FIELD_ARRAY, offsetof(struct gate_fields, criteria), 0, NULL, 0, 0,
      "the conditions that have to hold" },
    { "override", JSON_FIELD_OBJECT, offsetof(struct gate_fields, override), 0, NULL, 0, 0,
      "who may go on without one of them" },
    { "witness", JSON_FIELD_BOOL, offsetof(struct gate_fields, witness), 0, NULL, 0, 0,
      "GO only when the witness holds the trail up to what was said here" },
    { "valid", JSON_FIELD_DURATION, offsetof(struct gate_fields, valid_us), 0, NULL, 0, 0,
      "how long a GO stands before the next step has begun; 15m unless stated" },
    { 0 },
};

struct criterion_fields {
    struct condition_fields when;
    const char *id;
};

static const struct json_field criterion_rows[] = {
    CONDITION_ROWS,
    { "id", JSON_FIELD_ID, offsetof(struct criterion_fields, id), 0, NULL, 0, 0,
      "<gate>.<number> unless stated" },
    { 0 },
};

struct override_fields {
    bool reason;
    const char *by;
};

static const struct json_field override_rows[] = {
    { "reason", JSON_FIELD_BOOL, offsetof(struct override_fields, reason), 0, NULL, 0, 0,
      "always true: an override needs a typed reason" },
    { "by", JSON_FIELD_TEXT, offsetof(struct override_fields, by), JSON_REQUIRED, NULL, 0, 0,
      "the role that may" },
    { 0 },
};

static const struct shape_part criterion_parts[] = { CONDITION_PARTS, { 0 } };
static const struct shape criterion_shape = { .fields = criterion_rows, .parts = criterion_parts };
static const struct shape override_shape = { .fields = override_rows };
static const struct shape_part parts[] = {
    { "criteria", FORM_LIST, .shape = &criterion_shape },
    { "override", FORM_ONE, .shape = &override_shape },
    { 0 },
};
const struct shape gate_shape = { .fields = fields, .parts = parts };

static void load_votes(struct loader *l, const struct json *source, const struct json_texts *names,
                       struct gate *gate)
{
    struct id_map seen;
    const struct json *where = load_at(source, "votes");
    size_t *votes = arena_array(l->arena, names->count + 1, sizeof(*votes));
    id_map_init(&seen, l->arena, names->count);
    gate->votes = votes;
    for (size_t i = 0; i < names->count; i++) {
        const struct json *item = load_item(where, i);
        size_t role = load_reference(l, item, &l->ids->roles, "role", names->list[i]);
        if (role != BOOK_NONE && id_map_add(&seen, names->list[i], i) != BOOK_NONE)
            load_fault(l, item, "role \"%s\" votes once", names->list[i]);
        else if (role != BOOK_NONE)
            votes[gate->vote_count++] = role;
    }
}

static void load_criteria(struct loader *l, const struct json *source, struct gate *gate)
{
    struct id_map seen;
    size_t count = load_count(source);
    struct criterion *criteria = arena_array(l->arena, count + 1, sizeof(*criteria));
    id_map_init(&seen, l->arena, count);
    for (size_t i = 0; i < count; i++) {
        const struct json *item = &source->items[i];
        struct criterion_fields raw = { .when = CONDITION_DEFAULTS };
        if (!load_fields(l, item, criterion_rows, &raw, "criterion"))
            raw.when.is = IS_EQUAL;
        criteria[i].id = raw.id ? raw.id : arena_format(l->arena, "%s.%zu", gate->id ? gate->id : "", i + 1);
        criteria[i].when = load_condition_fields(l, item, &raw.when);
        if (id_map_add(&seen, criteria[i].id, i) != BOOK_NONE)
            load_fault(l, load_at(item, "id"), "a second criterion \"%s\"", criteria[i].id);
    }
    gate->criteria = criteria;
    gate->criterion_count = count;
}

static void load_override(struct loader *l, const struct json *source, struct gate *gate)
{
    struct override_fields raw = { .reason = true };
    gate->override_by = BOOK_NONE;
    if (!source)
        return;
    load_fields(l, source, override_rows, &raw, "override");
    gate->override_allowed = true;
    gate->override_by = load_reference(l, load_at(source, "by"), &l->ids->roles, "role", raw.by);
    if (!raw.reason)
        load_fault(l, load_at(source, "reason"), "an override always needs a reason");
}

void load_gate(struct loader *l, const struct json *source, size_t phase)
{
    struct gate *gate = &l->book->gates[l->book->gate_count];
    struct gate_fields raw = { .valid_us = 15 * MINUTE_US };
    load_fields(l, source, fields, &raw, "gate");
    gate->id = raw.id;
    gate->index = l->book->gate_count;
    gate->phase = phase;
    gate->witness = raw.witness;
    gate->valid_us = raw.valid_us;
    gate->line = source->line;
    gate->column = source->column;
    load_id(l, load_at(source, "id"), &l->ids->gates, "gate", raw.id, gate->index);
    load_votes(l, source, &raw.votes, gate);
    load_criteria(l, raw.criteria, gate);
    load_override(l, raw.override, gate);
    if (raw.votes.count == 0 && load_count(raw.criteria) == 0)
        load_fault(l, source, "a gate with neither votes nor criteria would stop nobody");
    l->book->phases[phase].gate = gate->index;
    l->book->gate_count++;
}
