#include "shape.h"
#include "step.h"

/* Until a condition holds, or queries are answered as expected, for a time. */
struct wait_fields {
    struct step_common common;
    const struct json *until;
    const struct json *all;
    int64_t for_us;
    int64_t every_us;
    int64_t timeout_us;
};

#define EVERY_MIN_US (100 * MS_US)

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "until", JSON_FIELD_OBJECT, offsetof(struct wait_fields, until), 0, NULL, 0, 0,
      "what is waited for: a condition of a metric" },
    { "all", JSON_FIELD_ARRAY, offsetof(struct wait_fields, all), JSON_NONEMPTY, NULL, 0, 0,
      "what is waited for: queries that all have to be answered as expected, each of any target" },
    { "for", JSON_FIELD_DURATION, offsetof(struct wait_fields, for_us), 0, NULL, 0, 0,
      "queries: how long without a break" },
    { "every", JSON_FIELD_DURATION, offsetof(struct wait_fields, every_us), 0, NULL, 0, 0,
      "queries: how often they are asked; 500ms unless stated" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct wait_fields, timeout_us), 0, NULL, 0, 0,
      "how long at most; no limit unless stated" },
    { 0 },
};
static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    { "until", FORM_ONE, .shape = &condition_shape },
    { "all", FORM_LIST, .shape = &query_shape },
    { 0 },
};
static const char *const either[] = { "until", "all", NULL };

static const struct wait_fields defaults = { .every_us = 500 * MS_US };

static void load_queries(struct loader *l, const struct json *list, struct step *step)
{
    struct query *queries = arena_array(l->arena, list->count + 1, sizeof(*queries));
    for (size_t i = 0; i < list->count; i++)
        queries[i] = load_judged_query(l, &list->items[i], "query", BOOK_NONE);
    step->until_queries = queries;
    step->until_count = list->count;
}

static void refuse_for_condition(struct loader *l, const struct json *source)
{
    static const char *const keys[] = { "for", "every" };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (json_member(source, keys[i]))
            load_fault(l, load_at(source, keys[i]), "\"%s\" goes with \"all\": a condition has its own",
                       keys[i]);
    }
}

/* Both are counted from the beginning of the step. */
static void check_timeout(struct loader *l, const struct json *source, const struct wait_fields *raw,
                          const struct step *step)
{
    int64_t for_us = raw->until ? step->until.for_us : raw->for_us;
    if (raw->timeout_us > 0 && for_us >= raw->timeout_us)
        load_fault(l, load_at(raw->until ? raw->until : source, "for"),
                   "could never be met: the \"timeout\" is over before it has held so long");
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct wait_fields *raw = decoded;
    step->timeout_us = raw->timeout_us;
    step->until_for_us = raw->for_us;
    step->until_every_us = raw->every_us;
    if (!json_member(source, "until") == !json_member(source, "all"))
        load_fault(l, source,
                   "step \"%s\" waits either \"until\" a condition holds or for \"all\" of some queries",
                   step->id ? step->id : "");
    if (raw->until) {
        step->until = load_condition(l, raw->until, "until");
        refuse_for_condition(l, source);
    }
    if (raw->all)
        load_queries(l, raw->all, step);
    check_timeout(l, source, raw, step);
    if (raw->every_us < EVERY_MIN_US)
        load_fault(l, load_at(source, "every"),
                   "queries that are asked more often than every 100ms are a load");
}

const struct step_kind_def wait_kind = {
    .fields = fields,
    .size = sizeof(struct wait_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
    .either = either,
};
