#include "step.h"

/* Until a condition holds for a time. */
struct wait_fields {
    struct step_common common;
    const struct json *until;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "until", JSON_FIELD_OBJECT, offsetof(struct wait_fields, until), JSON_REQUIRED, NULL, 0, 0,
      "what is waited for" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct wait_fields, timeout_us), 0, NULL, 0, 0,
      "how long at most; no limit unless stated" },
    { 0 },
};

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct wait_fields *raw = decoded;
    (void)source;
    step->timeout_us = raw->timeout_us;
    if (raw->until)
        step->until = load_condition(l, raw->until, "until");
}

const struct step_kind_def wait_kind = { fields, sizeof(struct wait_fields), NULL, build };
