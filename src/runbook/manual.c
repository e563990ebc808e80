#include "shape.h"
#include "step.h"

/* A person does it, and says so. */
struct manual_fields {
    struct step_common common;
    struct step_person person;
    struct step_change change;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_PERSON_ROWS(struct manual_fields),
    STEP_CHANGE_ROWS(struct manual_fields),
    { 0 },
};
static const struct shape_part parts[] = { STEP_COMMON_PARTS, STEP_PERSON_PARTS, STEP_CHANGE_PARTS, { 0 } };

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct manual_fields *raw = decoded;
    load_step_person(l, source, &raw->person, step);
    if (raw->person.instructions ? *raw->person.instructions == '\0' : !json_member(source, "instructions"))
        load_fault(l, load_at(source, "instructions"),
                   "step \"%s\" needs \"instructions\": what is to be done", step->id ? step->id : "");
    load_step_probe(l, &raw->change, step);
    load_step_change(l, source, &raw->change, step);
}

const struct step_kind_def manual_kind = {
    .fields = fields,
    .size = sizeof(struct manual_fields),
    .build = build,
    .parts = parts,
};
