#include "shape.h"
#include "step.h"

/* One change of a large table, in batches along its key. */
struct backfill_fields {
    struct step_common common;
    struct step_change change;
    const char *target;
    const char *table;
    struct json_texts key;
    const char *set;
    const char *where;
    const struct json *batch;
    int64_t batch_time_us;
    int64_t pause_us;
    int64_t lock_timeout_us;
    int64_t statement_timeout_us;
    const struct json *throttle;
    int64_t attempts;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_CHANGE_ROWS(struct backfill_fields),
    { "target", JSON_FIELD_TEXT, offsetof(struct backfill_fields, target), STEP_NEEDED_IN_PHASE, NULL, 0, 0,
      "which server it runs on" },
    { "table", JSON_FIELD_TEXT, offsetof(struct backfill_fields, table), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "the table, as in SQL" },
    { "key", JSON_FIELD_TEXTS, offsetof(struct backfill_fields, key), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "the columns of a unique index without NULLs, in its order" },
    { "set", JSON_FIELD_TEXT, offsetof(struct backfill_fields, set), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "what stands behind SET in the UPDATE" },
    { "where", JSON_FIELD_TEXT, offsetof(struct backfill_fields, where), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "the rows that are still to be done: a row that is done must not fit any more" },
    { "batch", JSON_FIELD_VALUE, offsetof(struct backfill_fields, batch), 0, NULL, 0, 0,
      "how many rows a transaction covers at most: a number, or \"${param}\"; 5000 unless stated" },
    { "batch_time", JSON_FIELD_DURATION, offsetof(struct backfill_fields, batch_time_us), 0, NULL, 0, 0,
      "how long a batch should take: it gets smaller where it takes longer; 100ms unless stated" },
    { "pause", JSON_FIELD_DURATION, offsetof(struct backfill_fields, pause_us), 0, NULL, 0, 0,
      "between two batches; none unless stated" },
    { "lock_timeout", JSON_FIELD_DURATION, offsetof(struct backfill_fields, lock_timeout_us), 0, NULL, 0, 0,
      "how long a batch may wait for a lock; 1s unless stated" },
    { "statement_timeout", JSON_FIELD_DURATION, offsetof(struct backfill_fields, statement_timeout_us), 0,
      NULL, 0, 0, "how long a batch may take; 30s unless stated" },
    { "throttle", JSON_FIELD_ARRAY, offsetof(struct backfill_fields, throttle), 0, NULL, 0, 0,
      "conditions that all have to hold, by fresh samples, for the next batch to be sent" },
    { "attempts", JSON_FIELD_INTEGER, offsetof(struct backfill_fields, attempts), 0, NULL, 1, 1000,
      "how often one batch is tried; 10 unless stated" },
    { 0 },
};

static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    STEP_CHANGE_PARTS,
    { "batch", FORM_ONE, .types = SHAPE_INTEGER | SHAPE_TYPE(JSON_TEXT) },
    { "throttle", FORM_LIST, .shape = &condition_shape },
    { 0 },
};

static const struct backfill_fields defaults = {
    .batch_time_us = 100 * MS_US,
    .lock_timeout_us = SECOND_US,
    .statement_timeout_us = 30 * SECOND_US,
    .attempts = 10,
};

#define BATCH_MAX 1000000

/* A number, or a text that a param makes one of. */
static int64_t load_batch(struct loader *l, const struct json *value)
{
    int64_t batch = 0;
    if (value->type == JSON_NUMBER && value->integer) {
        batch = (int64_t)value->number;
    } else if (value->type == JSON_TEXT) {
        const char *text = resolve(l, value, value->text, LAND_LINE);
        for (; *text >= '0' && *text <= '9' && batch <= BATCH_MAX; text++)
            batch = batch * 10 + (*text - '0');
        batch = *text ? 0 : batch;
    }
    if (batch < 1 || batch > BATCH_MAX)
        load_fault(l, value, "a batch is a number of rows from 1 to %d", BATCH_MAX);
    return batch;
}

/* Before each batch it is asked whether one more may be sent now: nobody keeps since when it holds. */
static const struct condition *load_throttle(struct loader *l, const struct json *list, size_t *ret_count)
{
    for (size_t i = 0; i < load_count(list); i++) {
        if (json_member(&list->items[i], "for"))
            load_fault(l, load_at(&list->items[i], "for"),
                       "a throttle looks at the last sample: it has no \"for\"");
    }
    return load_conditions(l, list, ret_count);
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct backfill_fields *raw = decoded;
    struct backfill_def *def = arena_alloc(l->arena, sizeof(*def));
    step->target = load_step_target(l, source, raw->target, step);
    step->backfill = def;
    step->lock_timeout_us = raw->lock_timeout_us;
    step->statement_timeout_us = raw->statement_timeout_us;
    step->retry.attempts = 1;
    def->table = load_sql_part(l, source, "table", raw->table);
    def->set = load_sql_part(l, source, "set", raw->set);
    def->where = load_sql_part(l, source, "where", raw->where);
    def->key_count = raw->key.count;
    def->key = load_columns(l, load_at(source, "key"), &raw->key);
    def->batch = raw->batch ? load_batch(l, raw->batch) : 5000;
    def->batch_time_us = raw->batch_time_us;
    def->pause_us = raw->pause_us;
    def->attempts = (int)raw->attempts;
    def->throttle = load_throttle(l, raw->throttle, &def->throttle_count);
    if (raw->lock_timeout_us == 0 || raw->statement_timeout_us == 0)
        load_fault(l, load_at(source, raw->lock_timeout_us == 0 ? "lock_timeout" : "statement_timeout"),
                   "a batch has both timeouts: nobody may wait for it without an end");
    load_step_probe(l, &raw->change, step);
    load_step_change(l, source, &raw->change, step);
}

const struct step_kind_def backfill_kind = {
    .fields = fields,
    .size = sizeof(struct backfill_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
