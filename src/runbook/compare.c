#include "shape.h"
#include "step.h"

#include <string.h>

/* Tables of two targets, by counts and hashes. */
struct compare_fields {
    struct step_common common;
    const struct json *left;
    const struct json *right;
    struct json_texts tables;
    struct json_texts key;
    struct json_texts columns;
    struct json_texts sums;
    const char *where;
    int64_t chunk;
    struct json_texts also;
    int64_t margin;
    const struct json *recheck;
    int64_t timeout_us;
};

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    { "left", JSON_FIELD_OBJECT, offsetof(struct compare_fields, left), JSON_REQUIRED, NULL, 0, 0,
      "the one side: the source" },
    { "right", JSON_FIELD_OBJECT, offsetof(struct compare_fields, right), JSON_REQUIRED, NULL, 0, 0,
      "the other side" },
    { "tables", JSON_FIELD_TEXTS, offsetof(struct compare_fields, tables), JSON_NONEMPTY, NULL, 0, 0,
      "without a table on either side: patterns of \"schema.table\", \"*\" stands for anything, \"!\" before "
      "one "
      "leaves out" },
    { "key", JSON_FIELD_TEXTS, offsetof(struct compare_fields, key), 0, NULL, 0, 0,
      "the columns of the key; the primary key unless stated" },
    { "columns", JSON_FIELD_TEXTS, offsetof(struct compare_fields, columns), 0, NULL, 0, 0,
      "what is compared; all columns unless stated" },
    { "sums", JSON_FIELD_TEXTS, offsetof(struct compare_fields, sums), 0, NULL, 0, 0,
      "columns whose sums are told and compared besides" },
    { "where", JSON_FIELD_TEXT, offsetof(struct compare_fields, where), JSON_NONEMPTY, NULL, 0, 0,
      "the rows that count, on both sides" },
    { "chunk", JSON_FIELD_INTEGER, offsetof(struct compare_fields, chunk), 0, NULL, 100, 1000000,
      "rows of a chunk; 50000 unless stated" },
    { "also", JSON_FIELD_TEXTS, offsetof(struct compare_fields, also), 0, NULL, 0, 0, "\"sequences\"" },
    { "margin", JSON_FIELD_INTEGER, offsetof(struct compare_fields, margin), 0, NULL, 0, 1000000000,
      "how many increments a sequence of the right side has to be ahead; 0 unless stated" },
    { "recheck", JSON_FIELD_OBJECT, offsetof(struct compare_fields, recheck), 0, NULL, 0, 0,
      "how often what differs is looked at again before it counts: replication may be on its way" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct compare_fields, timeout_us), 0, NULL, 0, 0,
      "of one question; 5m unless stated" },
    { 0 },
};

static const struct compare_fields defaults = { .chunk = 50000, .timeout_us = 5 * MINUTE_US };

struct side_fields {
    const char *target;
    const char *table;
};

static const struct json_field side_fields[] = {
    { "target", JSON_FIELD_TEXT, offsetof(struct side_fields, target), JSON_REQUIRED, NULL, 0, 0,
      "which server it is on" },
    { "table", JSON_FIELD_TEXT, offsetof(struct side_fields, table), JSON_NONEMPTY, NULL, 0, 0,
      "the table, as in SQL" },
    { 0 },
};

struct recheck_fields {
    int64_t attempts;
    int64_t wait_us;
};

static const struct json_field recheck_fields[] = {
    { "attempts", JSON_FIELD_INTEGER, offsetof(struct recheck_fields, attempts), JSON_REQUIRED, NULL, 1, 1000,
      "how often" },
    { "wait", JSON_FIELD_DURATION, offsetof(struct recheck_fields, wait_us), 0, NULL, 0, 0,
      "how long between; 1s unless stated" },
    { 0 },
};

static const struct shape side_shape = { .fields = side_fields };
static const struct shape recheck_shape = { .fields = recheck_fields };
static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    { "left", FORM_ONE, .shape = &side_shape },
    { "right", FORM_ONE, .shape = &side_shape },
    { "recheck", FORM_ONE, .shape = &recheck_shape },
    { 0 },
};

static void load_side(struct loader *l, const struct json *source, const char *what, size_t *ret_target,
                      const char **ret_table)
{
    struct side_fields raw = { 0 };
    *ret_target = BOOK_NONE;
    if (!source)
        return;
    load_fields(l, source, side_fields, &raw, what);
    *ret_target = load_reference(l, load_at(source, "target"), &l->ids->targets, "target", raw.target);
    refuse_later(l, load_at(source, "table"), raw.table);
    *ret_table = load_sql_part(l, source, "table", raw.table, *ret_target);
}

static void check_tables(struct loader *l, const struct json *source, const struct compare_def *def)
{
    bool named = def->left_table && def->right_table;
    if ((!def->left_table) != (!def->right_table))
        load_fault(l, load_at(source, def->left_table ? "right" : "left"),
                   "one side names a table, the other does not");
    else if (named == (def->pattern_count > 0))
        load_fault(l, load_at(source, "tables"),
                   "compare either a \"table\" of each side or the \"tables\" that fit patterns");
    else if (!named && (def->key_count > 0 || def->column_count > 0 || def->sum_count > 0 || def->where))
        load_fault(l, source, "\"key\", \"columns\", \"sums\" and \"where\" go with one table of each side");
    if (def->left != BOOK_NONE && def->left == def->right && named &&
        strcmp(def->left_table, def->right_table) == 0)
        load_fault(l, load_at(source, "right"), "a table is compared with itself");
}

/* A "schema.table" of PostgreSQL has another schema than that of MySQL or MariaDB, which is a database. */
static void check_engines(struct loader *l, const struct json *source, const struct compare_def *def)
{
    const struct target *targets = l->book->targets;
    const size_t sides[] = { def->left, def->right };
    for (size_t i = 0; def->sequences && i < ARRAY_LEN(sides); i++)
        load_postgresql_only(l, load_at(source, "also"), "a comparison of sequences", sides[i]);
    if (def->left == BOOK_NONE || def->right == BOOK_NONE || def->pattern_count == 0)
        return;
    if ((targets[def->left].engine == ENGINE_POSTGRESQL) != (targets[def->right].engine == ENGINE_POSTGRESQL))
        load_fault(l, load_at(source, "tables"),
                   "the names of tables are not the same on %s and %s: compare a \"table\" of each side",
                   target_engine_word(targets[def->left].engine),
                   target_engine_word(targets[def->right].engine));
}

static void load_also(struct loader *l, const struct json *source, const struct json_texts *also,
                      struct compare_def *def)
{
    const struct json *where = load_at(source, "also");
    for (size_t i = 0; i < also->count; i++) {
        if (strcmp(also->list[i], "sequences") != 0)
            load_fault(l, load_item(where, i), "\"%s\" is not compared: \"sequences\" are", also->list[i]);
        def->sequences = true;
    }
    if (def->sequence_margin > 0 && !def->sequences)
        load_fault(l, load_at(source, "margin"), "a \"margin\" goes with \"also\": \"sequences\"");
}

static void load_recheck(struct loader *l, const struct json *source, struct compare_def *def)
{
    struct recheck_fields raw = { .wait_us = SECOND_US };
    if (!source)
        return;
    load_fields(l, source, recheck_fields, &raw, "recheck");
    def->rechecks = (int)raw.attempts;
    def->recheck_wait_us = raw.wait_us;
}

/* One text is sent to both, and has to be what it is by the rules of either. */
static void load_rows(struct loader *l, const struct json *source, const char *where, struct compare_def *def)
{
    size_t faults = l->faults->count;
    def->where = load_sql_part(l, source, "where", where, def->left);
    if (l->faults->count == faults && engine_of(l, def->left) != engine_of(l, def->right))
        (void)load_sql_part(l, source, "where", where, def->right); /* without a fault it is the same text */
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct compare_fields *raw = decoded;
    struct compare_def *def = arena_alloc(l->arena, sizeof(*def));
    step->compare = def;
    load_side(l, raw->left, "left", &def->left, &def->left_table);
    load_side(l, raw->right, "right", &def->right, &def->right_table);
    def->pattern_count = raw->tables.count;
    def->patterns = load_fixed_texts(l, load_at(source, "tables"), &raw->tables, LAND_LINE);
    def->key_count = raw->key.count;
    def->key = load_columns(l, load_at(source, "key"), &raw->key);
    def->column_count = raw->columns.count;
    def->columns = load_columns(l, load_at(source, "columns"), &raw->columns);
    def->sum_count = raw->sums.count;
    def->sums = load_columns(l, load_at(source, "sums"), &raw->sums);
    load_rows(l, source, raw->where, def);
    def->chunk = raw->chunk;
    def->sequence_margin = raw->margin;
    def->timeout_us = raw->timeout_us;
    load_also(l, source, &raw->also, def);
    load_recheck(l, raw->recheck, def);
    check_engines(l, source, def);
    if (raw->left && raw->right)
        check_tables(l, source, def);
}

const struct step_kind_def compare_kind = {
    .fields = fields,
    .size = sizeof(struct compare_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
