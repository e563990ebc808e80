#include "step.h"

#include <string.h>

#include "sqlscan.h"

/* Statements on a target. */
struct sql_fields {
    struct step_common common;
    struct step_change change;
    const char *target;
    struct json_texts sql;
    const struct json *file;
    bool transaction;
    int64_t lock_timeout_us;
    int64_t statement_timeout_us;
    const struct json *retry;
    const struct json *locks;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_CHANGE_ROWS(struct sql_fields),
    { "target", JSON_FIELD_TEXT, offsetof(struct sql_fields, target), 0, NULL, 0, 0,
      "which server it runs on" },
    { "sql", JSON_FIELD_TEXTS, offsetof(struct sql_fields, sql), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "one text or several, each sent as one query" },
    { "file", JSON_FIELD_VALUE, offsetof(struct sql_fields, file), 0, NULL, 0, 0, "not supported yet" },
    { "transaction", JSON_FIELD_BOOL, offsetof(struct sql_fields, transaction), 0, NULL, 0, 0,
      "all of it in one transaction; true unless stated or impossible (CONCURRENTLY, VACUUM)" },
    { "lock_timeout", JSON_FIELD_DURATION, offsetof(struct sql_fields, lock_timeout_us), 0, NULL, 0, 0,
      "how long it may stand in a lock queue, with everybody else behind it" },
    { "statement_timeout", JSON_FIELD_DURATION, offsetof(struct sql_fields, statement_timeout_us), 0, NULL, 0,
      0, "how long one statement may take" },
    { "retry", JSON_FIELD_OBJECT, offsetof(struct sql_fields, retry), 0, NULL, 0, 0,
      "how often and how fast it is tried again" },
    { "locks", JSON_FIELD_OBJECT, offsetof(struct sql_fields, locks), 0, NULL, 0, 0,
      "the locks that it is expected to take: table to mode" },
    { 0 },
};

struct retry_fields {
    int64_t attempts;
    struct duration_range backoff;
};

static const struct json_field retry_rows[] = {
    { "attempts", JSON_FIELD_INTEGER, offsetof(struct retry_fields, attempts), JSON_REQUIRED, NULL, 1, 100,
      "how often it is tried in all" },
    { "backoff", JSON_FIELD_RANGE, offsetof(struct retry_fields, backoff), 0, NULL, 0, 0,
      "the first wait and the longest; 1s..30s unless stated" },
    { 0 },
};

/* PostgreSQL 15 documentation, 13.3.1, without the word LOCK. */
static const char *const lock_modes[] = { "AccessShare",  "RowShare",
                                          "RowExclusive", "ShareUpdateExclusive",
                                          "Share",        "ShareRowExclusive",
                                          "Exclusive",    "AccessExclusive" };

static void load_retry(struct loader *l, const struct json *source, struct step *step)
{
    struct retry_fields raw = { .attempts = 1, .backoff = { SECOND_US, 30 * SECOND_US } };
    if (source)
        load_fields(l, source, retry_rows, &raw, "retry");
    step->retry = (struct retry){ .attempts = (int)raw.attempts, .backoff = raw.backoff };
}

static void load_lock(struct loader *l, const struct json *mode, struct lock_claim *claim)
{
    claim->table = resolve(l, mode, mode->key, LAND_LINE);
    if (mode->type != JSON_TEXT) {
        load_fault(l, mode, "a lock mode is a text, this is %s", json_type_word(mode->type));
        return;
    }
    claim->mode = mode->text;
    for (size_t i = 0; i < ARRAY_LEN(lock_modes); i++) {
        if (strcmp(mode->text, lock_modes[i]) == 0)
            return;
    }
    load_fault(l, mode, "\"%s\" is no lock mode%s", mode->text,
               load_hint(l, mode->text, lock_modes, ARRAY_LEN(lock_modes)));
}

static void load_locks(struct loader *l, const struct json *source, struct step *step)
{
    size_t count = load_count(source);
    struct lock_claim *claims = arena_array(l->arena, count + 1, sizeof(*claims));
    for (size_t i = 0; i < count; i++)
        load_lock(l, &source->items[i], &claims[i]);
    step->locks = claims;
    step->lock_count = count;
}

/* Several statements in one query are a transaction to the server, whatever the step says. */
static void check_alone(struct loader *l, const struct json *where, const struct sql_facts *facts,
                        bool transaction)
{
    const char *word = facts->vacuum ? "VACUUM" : "CONCURRENTLY";
    if (!facts->vacuum && !facts->concurrently)
        return;
    if (transaction)
        load_fault(l, where, "%s cannot run in a transaction: leave \"transaction\" out or make it false",
                   word);
    if (facts->statements > 1)
        load_fault(l, where,
                   "%s among several statements of one text runs in a transaction: make \"sql\" an array "
                   "with one statement in each text",
                   word);
}

static void load_statements(struct loader *l, const struct json *source, const struct sql_fields *raw,
                            struct step *step)
{
    const struct json *where = load_at(source, "sql");
    const char **list = arena_array(l->arena, raw->sql.count + 1, sizeof(*list));
    struct sql_facts *facts = arena_array(l->arena, raw->sql.count + 1, sizeof(*facts));
    bool outside = false;
    for (size_t i = 0; i < raw->sql.count; i++) {
        const struct json *item = load_item(where, i);
        list[i] = resolve(l, item, raw->sql.list[i], LAND_SQL);
        facts[i] = sql_facts(list[i]);
        outside = outside || facts[i].vacuum || facts[i].concurrently;
        if (facts[i].statements == 0)
            load_fault(l, item, "no statement stands in this SQL");
        if (facts[i].transaction_control)
            load_fault(l, item,
                       "transactions are begun and ended for a step: say \"transaction\": true or false");
    }
    step->sql = list;
    step->sql_count = raw->sql.count;
    step->transaction = json_member(source, "transaction") ? raw->transaction : !outside;
    for (size_t i = 0; i < raw->sql.count; i++)
        check_alone(l, load_item(where, i), &facts[i], step->transaction);
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct sql_fields *raw = decoded;
    step->target = load_step_target(l, source, raw->target, step);
    step->lock_timeout_us = raw->lock_timeout_us;
    step->statement_timeout_us = raw->statement_timeout_us;
    if (raw->file)
        load_fault(l, raw->file, "\"file\" is not supported yet: put its text into \"sql\"");
    load_statements(l, source, raw, step);
    load_retry(l, raw->retry, step);
    load_locks(l, raw->locks, step);
    load_step_change(l, source, &raw->change, step);
}

const struct step_kind_def sql_kind = { fields, sizeof(struct sql_fields), NULL, build };
