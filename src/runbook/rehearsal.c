#include "load.h"
#include "shape.h"

/* What the book says of its rehearsal. */

struct rehearsal_fields {
    const struct json *data;
    int64_t required_us;
    const char *override_by;
};

static const struct json_field fields[] = {
    { "data", JSON_FIELD_ARRAY, offsetof(struct rehearsal_fields, data), 0, NULL, 0, 0,
      "what else than the schema has to be as before" },
    { "required", JSON_FIELD_DURATION, offsetof(struct rehearsal_fields, required_us), 0, NULL, 0, 0,
      "a live run begins only with a certificate that is not older" },
    { "override_by", JSON_FIELD_TEXT, offsetof(struct rehearsal_fields, override_by), JSON_NONEMPTY, NULL, 0,
      0, "the role that may begin a live run without one, with a reason; nobody unless stated" },
    { 0 },
};

struct data_fields {
    const char *target;
    const char *table;
    const char *tables;
    const char *sql;
};

static const struct json_field data_rows[] = {
    { "target", JSON_FIELD_TEXT, offsetof(struct data_fields, target), JSON_REQUIRED, NULL, 0, 0,
      "which server is asked" },
    { "table", JSON_FIELD_TEXT, offsetof(struct data_fields, table), JSON_NONEMPTY, NULL, 0, 0,
      "all of this table, as SQL names it: how many rows it has and the sum of their hashes" },
    { "tables", JSON_FIELD_TEXT, offsetof(struct data_fields, tables), JSON_NONEMPTY, NULL, 0, 0,
      "instead: each table that a pattern of \"schema.table\" fits, \"*\" standing for anything" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct data_fields, sql), JSON_NONEMPTY, NULL, 0, 0,
      "instead: a query, every row of whose answer is compared, in its order" },
    { 0 },
};

static const char *const either[] = { "table", "tables", "sql", NULL };
static const struct shape data_shape = { .fields = data_rows, .either = either };
static const struct shape_part parts[] = { { "data", FORM_LIST, .shape = &data_shape }, { 0 } };
const struct shape rehearsal_shape = { .fields = fields, .parts = parts };

static void load_data(struct loader *l, const struct json *source, struct rehearsal_data *data)
{
    struct data_fields raw = { 0 };
    size_t named = 0;
    load_fields(l, source, data_rows, &raw, "an item of data");
    size_t target = load_reference(l, load_at(source, "target"), &l->ids->targets, "target", raw.target);
    *data = (struct rehearsal_data){
        .target = target,
        .table = load_sql_part(l, source, "table", raw.table, target),
        .tables = resolve(l, load_at(source, "tables"), raw.tables, LAND_LINE),
        .sql = load_query_sql(l, load_at(source, "sql"), raw.sql, target),
        .line = source->line,
        .column = source->column,
    };
    for (size_t i = 0; either[i]; i++)
        named += json_member(source, either[i]) != NULL;
    if (source->type == JSON_OBJECT && named != 1)
        load_fault(l, source, "an item of data is one of \"table\", \"tables\" and \"sql\"");
}

const char *rehearsal_data_text(const struct rehearsal_data *data)
{
    return data->table ? data->table : data->tables ? data->tables : data->sql;
}

void load_rehearsal(struct loader *l, const struct json *source)
{
    struct rehearsal_fields raw = { 0 };
    if (!source)
        return;
    struct rehearsal *rehearsal = arena_alloc(l->arena, sizeof(*rehearsal));
    bool right = load_fields(l, source, fields, &raw, "rehearsal");
    size_t count = load_count(raw.data);
    struct rehearsal_data *data = arena_array(l->arena, count + 1, sizeof(*data));
    for (size_t i = 0; i < count; i++)
        load_data(l, &raw.data->items[i], &data[i]);
    *rehearsal = (struct rehearsal){
        .data_count = count,
        .data = data,
        .required_us = raw.required_us,
        .override_by =
            load_reference(l, load_at(source, "override_by"), &l->ids->roles, "role", raw.override_by),
    };
    if (right && json_member(source, "required") && raw.required_us == 0)
        load_fault(l, load_at(source, "required"), "no certificate is that young");
    if (raw.override_by && !json_member(source, "required"))
        load_fault(l, load_at(source, "override_by"), "without \"required\" there is nothing to override");
    l->book->rehearsal = rehearsal;
}
