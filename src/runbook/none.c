#include "shape.h"
#include "step.h"

/* In a rollback: nothing is to be undone, and why. */
struct none_fields {
    struct step_common common;
    const char *why;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "why", JSON_FIELD_TEXT, offsetof(struct none_fields, why), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "why there is nothing to undo" },
    { 0 },
};

static const struct shape_part parts[] = { STEP_COMMON_PARTS, { 0 } };

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct none_fields *raw = decoded;
    step->why = resolve(l, load_at(source, "why"), raw->why, LAND_TEXT);
}

const struct step_kind_def none_kind = {
    .fields = fields,
    .size = sizeof(struct none_fields),
    .build = build,
    .parts = parts,
};
