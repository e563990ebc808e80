#include "shape.h"
#include "sqlscan.h"
#include "step.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"

/* One change of a large table, in batches along its key. */
struct backfill_fields {
    struct step_common common;
    struct step_change change;
    const char *target;
    const char *table;
    struct json_texts key;
    const char *set;
    const char *where;
    const char *statement;
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
    { "set", JSON_FIELD_TEXT, offsetof(struct backfill_fields, set), JSON_NONEMPTY, NULL, 0, 0,
      "what stands behind SET in the UPDATE" },
    { "where", JSON_FIELD_TEXT, offsetof(struct backfill_fields, where), JSON_NONEMPTY, NULL, 0, 0,
      "the rows that are still to be done: a row that is done must not fit any more" },
    { "statement", JSON_FIELD_TEXT, offsetof(struct backfill_fields, statement), JSON_NONEMPTY, NULL, 0, 0,
      "in their place: what changes something for the rows of tminus_batch, and nothing the second time" },
    { "batch", JSON_FIELD_VALUE, offsetof(struct backfill_fields, batch), 0, NULL, 0, 0,
      "how many rows a transaction covers at most: a number, or \"${param}\"; 5000 unless stated" },
    { "batch_time", JSON_FIELD_DURATION, offsetof(struct backfill_fields, batch_time_us), 0, NULL, 0, 0,
      "how long a batch should take: it gets smaller where it takes longer; 100ms unless stated" },
    { "pause", JSON_FIELD_DURATION, offsetof(struct backfill_fields, pause_us), 0, NULL, 0, 0,
      "after a batch that changed something; none unless stated" },
    { "lock_timeout", JSON_FIELD_DURATION, offsetof(struct backfill_fields, lock_timeout_us), 0, NULL, 0, 0,
      "how long a batch may wait for a lock; 1s unless stated" },
    { "statement_timeout", JSON_FIELD_DURATION, offsetof(struct backfill_fields, statement_timeout_us), 0,
      NULL, 0, 0, "how long a batch may take; 30s unless stated" },
    { "throttle", JSON_FIELD_ARRAY, offsetof(struct backfill_fields, throttle), 0, NULL, 0, 0,
      "conditions that all have to hold, by fresh samples, for the next batch to be sent" },
    { "attempts", JSON_FIELD_INTEGER, offsetof(struct backfill_fields, attempts), 0, NULL, 1, 1000,
      "how often one batch is tried, and the rows are gone over once more; 10 unless stated" },
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

static bool is_word(const struct sql_token *token, const char *word)
{
    return token->len == strlen(word) && strncasecmp(token->text, word, token->len) == 0;
}

/* What the program can put between the keys of a batch and the count of what it changed. Without the keys
 * every batch would change all there is. */
static void check_statement(struct loader *l, const struct json *where, const char *statement)
{
    static const char *const verbs[] = { "INSERT", "UPDATE", "DELETE", "WITH" };
    struct sql_scan scan = { .text = statement, .engine = ENGINE_POSTGRESQL };
    struct sql_token token;
    bool changes = false, takes_keys = false, returns = false, first = true;
    while (sql_next(&scan, &token)) {
        if (token.kind != SQL_WORD)
            continue;
        for (size_t i = 0; first && i < ARRAY_LEN(verbs); i++)
            changes |= is_word(&token, verbs[i]);
        takes_keys |= is_word(&token, "tminus_batch");
        returns |= is_word(&token, "RETURNING");
        first = false;
    }
    if (!changes || returns)
        load_fault(l, where, "a \"statement\" is an INSERT, an UPDATE or a DELETE without RETURNING");
    else if (!takes_keys)
        load_fault(l, where,
                   "a \"statement\" takes the keys of its batch from tminus_batch, as in \"FROM users JOIN "
                   "tminus_batch USING (id)\": without them each batch would change everything");
}

static void load_change(struct loader *l, const struct json *source, const struct backfill_fields *raw,
                        size_t target, struct backfill_def *def)
{
    def->set = load_sql_part(l, source, "set", raw->set, target);
    def->where = load_sql_part(l, source, "where", raw->where, target);
    def->statement = load_sql_part(l, source, "statement", raw->statement, target);
    if (def->statement && (def->set || def->where))
        load_fault(l, load_at(source, "statement"),
                   "a backfill has either \"set\" and \"where\" or a \"statement\"");
    else if (def->statement)
        check_statement(l, load_at(source, "statement"), def->statement);
    else if (!def->set || !def->where)
        load_fault(l, source, "a backfill needs \"set\" and \"where\", or a \"statement\"");
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct backfill_fields *raw = decoded;
    struct backfill_def *def = arena_alloc(l->arena, sizeof(*def));
    step->target = load_step_target(l, source, raw->target, step);
    if (raw->statement)
        load_postgresql_only(l, load_at(source, "statement"), "a \"statement\" of a backfill", step->target);
    step->backfill = def;
    step->lock_timeout_us = raw->lock_timeout_us;
    step->statement_timeout_us = raw->statement_timeout_us;
    step->retry.attempts = 1;
    def->table = load_sql_part(l, source, "table", raw->table, step->target);
    load_change(l, source, raw, step->target, def);
    def->key_count = raw->key.count;
    def->key = load_columns(l, load_at(source, "key"), &raw->key);
    def->batch = raw->batch ? load_batch(l, raw->batch) : 5000;
    def->batch_time_us = raw->batch_time_us;
    def->pause_us = raw->pause_us;
    def->attempts = (int)raw->attempts;
    def->throttle = load_passing_conditions(l, raw->throttle, "a throttle", &def->throttle_count);
    if (raw->lock_timeout_us == 0 || raw->statement_timeout_us == 0)
        load_fault(l, load_at(source, raw->lock_timeout_us == 0 ? "lock_timeout" : "statement_timeout"),
                   "a batch has both timeouts: nobody may wait for it without an end");
    load_step_probe(l, &raw->change, step);
    load_step_change(l, source, &raw->change, step);
}

const char *backfill_batch_text(struct arena *arena, const struct backfill_def *def)
{
    const char *keys = "";
    if (!def->statement)
        return arena_format(arena, "UPDATE %s SET %s WHERE %s", def->table, def->set, def->where);
    for (size_t i = 0; i < def->key_count; i++)
        keys = arena_format(arena, "%s%s%s", keys, i > 0 ? ", " : "", def->key[i]);
    return arena_format(arena,
                        "WITH tminus_batch AS (SELECT %s FROM %s), tminus_done AS (%s RETURNING 1) SELECT 1",
                        keys, def->table, def->statement);
}

const struct step_kind_def backfill_kind = {
    .fields = fields,
    .size = sizeof(struct backfill_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
