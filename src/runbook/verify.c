#include "step.h"

/* A query and what it must answer. */
struct verify_fields {
    struct step_common common;
    const char *target;
    const char *sql;
    const struct json *expect;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "target", JSON_FIELD_TEXT, offsetof(struct verify_fields, target), 0, NULL, 0, 0,
      "which server is asked" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct verify_fields, sql), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "the question, one statement" },
    { "expect", JSON_FIELD_OBJECT, offsetof(struct verify_fields, expect), JSON_REQUIRED, NULL, 0, 0,
      "the answer" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct verify_fields, timeout_us), 0, NULL, 0, 0,
      "30s unless stated" },
    { 0 },
};

static const struct verify_fields defaults = { .timeout_us = 30 * SECOND_US };

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct verify_fields *raw = decoded;
    step->target = load_step_target(l, source, raw->target, step);
    step->query.target = step->target;
    step->query.timeout_us = raw->timeout_us;
    step->query.sql = load_query_sql(l, load_at(source, "sql"), raw->sql);
    if (raw->expect)
        step->query.expect = load_expect(l, raw->expect);
}

const struct step_kind_def verify_kind = { fields, sizeof(struct verify_fields), &defaults, build };
