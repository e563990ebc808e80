#include "shape.h"
#include "step.h"

/* A box to tick: by hand, or by a query that goes on being asked. */
struct check_fields {
    struct step_common common;
    struct step_person person;
    const struct json *sense;
    int64_t freshness_us;
    const char *use;
    const char *target;
    const struct json *with;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_PERSON_ROWS(struct check_fields),
    { "sense", JSON_FIELD_OBJECT, offsetof(struct check_fields, sense), 0, NULL, 0, 0,
      "the query that ticks it, and unticks it" },
    { "freshness", JSON_FIELD_DURATION, offsetof(struct check_fields, freshness_us), 0, NULL, 0, 0,
      "sensed: how old its last answer may be; 1m unless stated" },
    { "use", JSON_FIELD_TEXT, offsetof(struct check_fields, use), JSON_NONEMPTY, NULL, 0, 0,
      "the name of a ready-made check, as in \"pg/no-long-transactions\"" },
    { "target", JSON_FIELD_TEXT, offsetof(struct check_fields, target), 0, NULL, 0, 0,
      "ready-made: which server is asked" },
    { "with", JSON_FIELD_OBJECT, offsetof(struct check_fields, with), 0, NULL, 0, 0,
      "ready-made: values for its params" },
    { 0 },
};
static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    STEP_PERSON_PARTS,
    { "sense", FORM_ONE, .shape = &query_shape },
    { "with", FORM_MAP, .types = SHAPE_TYPE(JSON_BOOL) | SHAPE_INTEGER | SHAPE_TYPE(JSON_TEXT),
      .keys = SHAPE_ID },
    { 0 },
};

static const struct check_fields defaults = { .freshness_us = MINUTE_US };

/* What a query ticks nobody signs: a book that asks for both would promise what does not happen. */
static void refuse_person(struct loader *l, const struct json *source)
{
    static const char *const keys[] = { "by", "evidence", "unattended" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_member(source, keys[i]))
            load_fault(l, load_at(source, keys[i]), "a sensed check is ticked by its query: it has no \"%s\"",
                       keys[i]);
    }
}

/* What the step says itself wins. */
static void build_used(struct loader *l, const struct json *source, const struct check_fields *raw,
                       struct step *step)
{
    const char *title = step->title, *instructions = step->instructions;
    if (raw->sense)
        load_fault(l, raw->sense, "a check has either a \"sense\" of its own or \"use\"");
    step->target = load_step_target(l, source, raw->target, step);
    load_use(l, source, raw->use, raw->with, step);
    if (json_member(source, "title"))
        step->title = title;
    if (json_member(source, "instructions"))
        step->instructions = instructions;
    if (json_member(source, "freshness"))
        step->freshness_us = raw->freshness_us;
    refuse_person(l, source);
}

static void refuse_used(struct loader *l, const struct json *source)
{
    static const char *const keys[] = { "target", "with" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_member(source, keys[i]))
            load_fault(l, load_at(source, keys[i]), "\"%s\" goes with \"use\"", keys[i]);
    }
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct check_fields *raw = decoded;
    load_step_person(l, source, &raw->person, step);
    step->freshness_us = raw->freshness_us;
    if (raw->use) {
        build_used(l, source, raw, step);
        return;
    }
    refuse_used(l, source);
    if (raw->sense) {
        step->query = load_judged_query(l, raw->sense, "sense", BOOK_NONE);
        step->target = step->query.target;
        refuse_person(l, source);
    } else if (json_member(source, "freshness")) {
        load_fault(l, load_at(source, "freshness"), "only a check with a \"sense\" has a freshness");
    }
}

const struct step_kind_def check_kind = {
    .fields = fields,
    .size = sizeof(struct check_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
