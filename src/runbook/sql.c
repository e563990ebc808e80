#include "step.h"

#include <string.h>

#include "base/mysql_words.h"
#include "shape.h"
#include "sqlscan.h"

/* Statements on a target. */
struct sql_fields {
    struct step_common common;
    struct step_change change;
    const char *target;
    struct json_texts sql;
    const char *file;
    const struct json *generate;
    const struct json *for_each;
    const char *as;
    bool transaction;
    int64_t lock_timeout_us;
    int64_t statement_timeout_us;
    const struct json *give_way;
    const char *copies;
    const struct json *retry;
    const struct json *locks;
    bool idempotent;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_CHANGE_ROWS(struct sql_fields),
    { "target", JSON_FIELD_TEXT, offsetof(struct sql_fields, target), STEP_NEEDED_IN_PHASE, NULL, 0, 0,
      "which server it runs on" },
    { "sql", JSON_FIELD_TEXTS, offsetof(struct sql_fields, sql), JSON_NONEMPTY, NULL, 0, 0,
      "one text or several, each sent as one query" },
    { "file", JSON_FIELD_TEXT, offsetof(struct sql_fields, file), JSON_NONEMPTY, NULL, 0, 0,
      "instead: a file beside the book or below it, sent as one query" },
    { "generate", JSON_FIELD_OBJECT, offsetof(struct sql_fields, generate), 0, NULL, 0, 0,
      "instead: a query, of any target, whose rows are the statements" },
    { "for_each", JSON_FIELD_OBJECT, offsetof(struct sql_fields, for_each), 0, NULL, 0, 0,
      "what it is done for, one after the other" },
    { "as", JSON_FIELD_TEXT, offsetof(struct sql_fields, as), 0, NULL, 0, 0,
      "the name under which later steps can use the first value that the last statement answers, as "
      "${name}" },
    { "transaction", JSON_FIELD_BOOL, offsetof(struct sql_fields, transaction), 0, NULL, 0, 0,
      "all of it in one transaction; true unless stated or impossible (CONCURRENTLY, VACUUM)" },
    { "lock_timeout", JSON_FIELD_DURATION, offsetof(struct sql_fields, lock_timeout_us), 0, NULL, 0, 0,
      "how long it may stand in a lock queue, with everybody else behind it" },
    { "statement_timeout", JSON_FIELD_DURATION, offsetof(struct sql_fields, statement_timeout_us), 0, NULL, 0,
      0, "how long one statement may take" },
    { "give_way", JSON_FIELD_ARRAY, offsetof(struct sql_fields, give_way), 0, NULL, 0, 0,
      "while it runs: where one of them holds it is cancelled, and tried again" },
    { "copies", JSON_FIELD_TEXT, offsetof(struct sql_fields, copies), JSON_NONEMPTY, NULL, 0, 0,
      "mysql and mariadb: why a table may be copied while writers wait; else no statement is begun that "
      "could" },
    { "retry", JSON_FIELD_OBJECT, offsetof(struct sql_fields, retry), 0, NULL, 0, 0,
      "how often and how fast it is tried again" },
    { "locks", JSON_FIELD_OBJECT, offsetof(struct sql_fields, locks), 0, NULL, 0, 0,
      "the locks that it is expected to take: table to mode" },
    STEP_AGAIN_ROW(struct sql_fields),
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

/* PostgreSQL 15 documentation, 13.3.1, without the word LOCK; and behind them what MySQL and MariaDB call
 * what stops who writes, and everybody. */
#define LOCK_MODES_OTHERS 8
static const char *const lock_modes[] = { "AccessShare",
                                          "RowShare",
                                          "RowExclusive",
                                          "ShareUpdateExclusive",
                                          "Share",
                                          "ShareRowExclusive",
                                          "Exclusive",
                                          "AccessExclusive",
                                          "SHARED",
                                          "EXCLUSIVE",
                                          NULL };

static const struct json_field lock_mode = {
    "locks", JSON_FIELD_ENUM, 0, 0, lock_modes, 0, 0, "of the table"
};
static const char *const either[] = { "sql", "file", "generate", NULL };
static const struct shape retry_shape = { .fields = retry_rows };
static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    STEP_CHANGE_PARTS,
    { "generate", FORM_ONE, .shape = &query_shape },
    { "for_each", FORM_ONE, .shape = &each_shape },
    { "give_way", FORM_LIST, .shape = &condition_shape },
    { "retry", FORM_ONE, .shape = &retry_shape },
    { "locks", FORM_MAP, .item = &lock_mode },
    { 0 },
};

static void load_retry(struct loader *l, const struct json *source, struct step *step)
{
    struct retry_fields raw = { .attempts = 1, .backoff = { SECOND_US, 30 * SECOND_US } };
    if (source)
        load_fields(l, source, retry_rows, &raw, "retry");
    step->retry = (struct retry){ .attempts = (int)raw.attempts, .backoff = raw.backoff };
}

/* Modes are those of the target's engine; where it is not known any is taken. */
static void load_lock(struct loader *l, const struct json *mode, size_t target, struct lock_claim *claim)
{
    bool known = target != BOOK_NONE;
    bool other = known && l->book->targets[target].engine != ENGINE_POSTGRESQL;
    const char *const *words = lock_modes + (other ? LOCK_MODES_OTHERS : 0);
    size_t count = 0;
    claim->table = resolve(l, mode, mode->key, LAND_LINE);
    if (mode->type != JSON_TEXT) {
        load_fault(l, mode, "a lock mode is a text, this is %s", json_type_word(mode->type));
        return;
    }
    claim->mode = mode->text;
    for (; words[count] && !(known && !other && count == LOCK_MODES_OTHERS); count++) {
        if (strcmp(mode->text, words[count]) == 0)
            return;
    }
    load_fault(l, mode, "\"%s\" is no lock mode%s%s", mode->text,
               other ? " of mysql and mariadb, which are SHARED and EXCLUSIVE" : "",
               load_hint(l, mode->text, words, count));
}

static void load_locks(struct loader *l, const struct json *source, struct step *step)
{
    size_t count = load_count(source);
    struct lock_claim *claims = arena_array(l->arena, count + 1, sizeof(*claims));
    for (size_t i = 0; i < count; i++)
        load_lock(l, &source->items[i], step->target, &claims[i]);
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

/* These commit by themselves what defines something, and what may do so inside is not known before. */
static void check_commits(struct loader *l, const struct json *where, const char *text, size_t target,
                          bool transaction)
{
    const char *why = my_not_in_transaction(text);
    if (transaction && why && target != BOOK_NONE && l->book->targets[target].engine != ENGINE_POSTGRESQL)
        load_fault(l, where, "this statement cannot be in a transaction: %s; say \"transaction\": false",
                   why);
}

static void check_copies(struct loader *l, const struct json *source, const struct step *step)
{
    if (step->copies && step->target != BOOK_NONE &&
        l->book->targets[step->target].engine == ENGINE_POSTGRESQL)
        load_fault(l, load_at(source, "copies"), "\"copies\" is for targets of mysql and mariadb");
}

/* Each text is one query, and only PostgreSQL takes several statements in one. */
static void check_one(struct loader *l, const struct json *where, const struct sql_facts *facts,
                      size_t target)
{
    if (facts->statements > 1 && target != BOOK_NONE && l->book->targets[target].engine != ENGINE_POSTGRESQL)
        load_fault(l, where,
                   "several statements in one text are for postgresql only: make \"sql\" an array with one "
                   "statement "
                   "in each text");
}

static void load_statements(struct loader *l, const struct json *source, const struct sql_fields *raw,
                            struct step *step)
{
    const struct json *where = load_at(source, raw->file ? "file" : "sql");
    const char **list = arena_array(l->arena, raw->sql.count + 1, sizeof(*list));
    struct sql_facts *facts = arena_array(l->arena, raw->sql.count + 1, sizeof(*facts));
    bool outside = false;
    for (size_t i = 0; i < raw->sql.count; i++) {
        const struct json *item = load_item(where, i);
        list[i] = resolve(l, item, raw->sql.list[i], landing_sql(l, step->target));
        facts[i] = sql_facts(list[i], engine_of(l, step->target));
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
    for (size_t i = 0; i < raw->sql.count; i++) {
        check_alone(l, load_item(where, i), &facts[i], step->transaction);
        check_one(l, load_item(where, i), &facts[i], step->target);
        check_commits(l, load_item(where, i), list[i], step->target, step->transaction);
    }
}

/* What is generated is one statement a row, so that whatever each is, it is sent alone unless the step is one
 * transaction. */
static void load_generate(struct loader *l, const struct json *source, const struct sql_fields *raw,
                          struct step *step)
{
    step->generate = load_query(l, raw->generate, "generate", step->target);
    step->transaction = json_member(source, "transaction") ? raw->transaction : true;
    if (json_member(raw->generate, "expect"))
        load_fault(l, load_at(raw->generate, "expect"),
                   "the answer is executed: there is nothing to \"expect\"");
    if (step->generate.http)
        load_fault(l, load_at(raw->generate, "http"), "statements come from a server, not from the net");
}

static void load_text(struct loader *l, const struct json *source, const struct sql_fields *raw,
                      struct step *step)
{
    struct sql_fields from_file = *raw;
    const char *text;
    int said = (json_member(source, "sql") != NULL) + (json_member(source, "file") != NULL) +
               (json_member(source, "generate") != NULL);
    if (said != 1)
        load_fault(l, source, "step \"%s\" has its statements from one of \"sql\", \"file\" and \"generate\"",
                   step->id ? step->id : "");
    if (raw->generate) {
        load_generate(l, source, raw, step);
    } else if (raw->file) {
        text = load_file(l, load_at(source, "file"), raw->file);
        from_file.sql = (struct json_texts){ text ? 1 : 0, &text };
        load_statements(l, source, &from_file, step);
    } else {
        load_statements(l, source, raw, step);
    }
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct sql_fields *raw = decoded;
    step->target = load_step_target(l, source, raw->target, step);
    step->lock_timeout_us = raw->lock_timeout_us;
    step->statement_timeout_us = raw->statement_timeout_us;
    step->idempotent = raw->idempotent;
    step->copies = resolve(l, load_at(source, "copies"), raw->copies, LAND_TEXT);
    check_copies(l, source, step);
    if (raw->for_each)
        load_each(l, raw->for_each, step);
    load_text(l, source, raw, step);
    step->give_way =
        load_passing_conditions(l, raw->give_way, "what a statement gives way to", &step->give_way_count);
    load_retry(l, raw->retry, step);
    load_locks(l, raw->locks, step);
    load_step_probe(l, &raw->change, step);
    step->as = raw->as;
    later_declare(l, load_at(source, "as"), raw->as, FILL_TEXT, false);
    if (raw->as && raw->change.done_when)
        load_fault(l, load_at(source, "as"),
                   "a step that its \"done_when\" skips answers nothing: ask for the value in a \"verify\"");
    if (raw->as && step->each)
        load_fault(l, load_at(source, "as"), "a step that is done for each of many answers many values");
    load_step_change(l, source, &raw->change, step);
}

const struct step_kind_def sql_kind = {
    .fields = fields,
    .size = sizeof(struct sql_fields),
    .build = build,
    .parts = parts,
    .either = either,
};
