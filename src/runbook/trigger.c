#include "load.h"
#include "shape.h"

struct trigger_fields {
    const char *id;
    const struct json *when;
    int then;
    int propose;
    const char *why;
};

static const char *const then_words[] = { "hold", "rollback", NULL };
static const char *const propose_words[] = { "rollback", NULL };
_Static_assert(ARRAY_LEN(then_words) == TRIGGER_THEN_COUNT + 1, "a word for each");

static const struct json_field fields[] = {
    { "id", JSON_FIELD_ID, offsetof(struct trigger_fields, id), JSON_REQUIRED, NULL, 0, 0, "its name" },
    { "when", JSON_FIELD_OBJECT, offsetof(struct trigger_fields, when), JSON_REQUIRED, NULL, 0, 0,
      "the condition that fires it" },
    { "then", JSON_FIELD_ENUM, offsetof(struct trigger_fields, then), JSON_REQUIRED, then_words, 0, 0,
      "what happens without anybody being asked" },
    { "propose", JSON_FIELD_ENUM, offsetof(struct trigger_fields, propose), 0, propose_words, 0, 0,
      "what is put before the operator, with the evidence" },
    { "why", JSON_FIELD_TEXT, offsetof(struct trigger_fields, why), 0, NULL, 0, 0,
      "what it means when it fires" },
    { 0 },
};
static const struct shape_part parts[] = { { "when", FORM_ONE, .shape = &condition_shape }, { 0 } };
const struct shape trigger_shape = { .fields = fields, .parts = parts };

static void load_trigger(struct loader *l, size_t index, const struct json *source)
{
    struct trigger *trigger = &l->book->triggers[index];
    struct trigger_fields raw = { .propose = -1 };
    bool whole = load_fields(l, source, fields, &raw, "trigger");
    load_id(l, load_at(source, "id"), &l->ids->triggers, "trigger", raw.id, index);
    if (raw.when)
        trigger->when = load_condition(l, raw.when, "condition");
    trigger->id = raw.id;
    trigger->why = resolve(l, load_at(source, "why"), raw.why, LAND_TEXT);
    trigger->line = source->line;
    trigger->column = source->column;
    if (!whole)
        return;
    trigger->then = (enum trigger_then)raw.then;
    trigger->propose_rollback = raw.propose >= 0;
    if (trigger->propose_rollback && trigger->then == THEN_ROLLBACK)
        load_fault(l, load_at(source, "propose"),
                   "a trigger that rolls back by itself has nothing to propose");
}

void load_triggers(struct loader *l, const struct json *triggers)
{
    size_t count = load_count(triggers);
    l->book->triggers = arena_array(l->arena, count + 1, sizeof(*l->book->triggers));
    l->book->trigger_count = count;
    id_map_init(&l->ids->triggers, l->arena, count);
    for (size_t i = 0; i < count; i++)
        load_trigger(l, i, &triggers->items[i]);
}
