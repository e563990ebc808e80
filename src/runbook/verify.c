#include "shape.h"
#include "step.h"

/* A query and what it must answer. */
struct verify_fields {
    struct step_common common;
    const char *target;
    const char *sql;
    const struct json *http;
    const struct json *expect;
    int64_t timeout_us;
    const char *as;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "target", JSON_FIELD_TEXT, offsetof(struct verify_fields, target), 0, NULL, 0, 0,
      "which server is asked" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct verify_fields, sql), JSON_NONEMPTY, NULL, 0, 0,
      "the question, one statement" },
    { "http", JSON_FIELD_OBJECT, offsetof(struct verify_fields, http), 0, NULL, 0, 0,
      "the question, a request" },
    { "expect", JSON_FIELD_OBJECT, offsetof(struct verify_fields, expect), 0, NULL, 0, 0,
      "the answer; needed unless it is a request, or the answer only gets a name with \"as\"" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct verify_fields, timeout_us), 0, NULL, 0, 0,
      "30s unless stated" },
    { "as", JSON_FIELD_TEXT, offsetof(struct verify_fields, as), 0, NULL, 0, 0,
      "the name under which later steps can use the first value of the answer, as ${name}" },
    { 0 },
};
static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    { "http", FORM_ONE, .shape = &http_shape },
    { "expect", FORM_ONE, .shape = &expect_shape },
    { 0 },
};
static const char *const either[] = { "sql", "http", NULL };

static const struct verify_fields defaults = { .timeout_us = 30 * SECOND_US };

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct verify_fields *raw = decoded;
    step->query.timeout_us = raw->timeout_us;
    if (!json_member(source, "sql") == !json_member(source, "http"))
        load_fault(l, source, "step \"%s\" asks either by \"sql\" or by \"http\"", step->id ? step->id : "");
    if (raw->http)
        step->query.http = load_http(l, raw->http);
    else
        step->target = load_step_target(l, source, raw->target, step);
    if (raw->http && raw->target)
        load_fault(l, load_at(source, "target"), "a request has no \"target\": its URL says where it goes");
    step->query.target = step->target;
    step->query.sql = load_query_sql(l, load_at(source, "sql"), raw->sql, step->target);
    if (raw->expect)
        step->query.expect = load_expect(l, raw->expect);
    else if (!raw->http && !raw->as)
        load_fault(l, source, "step \"%s\" has to say what to \"expect\"", step->id ? step->id : "");
    if (raw->expect)
        load_truth(l, source, &step->query);
    step->as = raw->as;
    later_declare(l, load_at(source, "as"), raw->as, FILL_TEXT, false);
}

const struct step_kind_def verify_kind = {
    .fields = fields,
    .size = sizeof(struct verify_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
    .either = either,
};
