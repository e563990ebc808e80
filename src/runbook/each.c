#include "shape.h"
#include "step.h"

struct each_fields {
    const char *target;
    const char *sql;
    int64_t timeout_us;
    const char *as;
    int type;
};

static const char *const type_words[] = { "text", "identifier", NULL }; /* as enum fill_type */

static const struct json_field fields[] = {
    { "target", JSON_FIELD_TEXT, offsetof(struct each_fields, target), 0, NULL, 0, 0,
      "which server is asked; the step's own unless stated" },
    { "sql", JSON_FIELD_TEXT, offsetof(struct each_fields, sql), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "a query whose first column names the items, each once, in the order in which they are done" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct each_fields, timeout_us), 0, NULL, 0, 0,
      "30s unless stated" },
    { "as", JSON_FIELD_TEXT, offsetof(struct each_fields, as), JSON_REQUIRED, NULL, 0, 0,
      "the name under which the step and its rollback use the item, as ${name}" },
    { "type", JSON_FIELD_ENUM, offsetof(struct each_fields, type), 0, type_words, 0, 0,
      "how it is quoted in SQL: text unless stated" },
    { 0 },
};
const struct shape each_shape = { .name = "for-each", .fields = fields };

void load_each(struct loader *l, const struct json *source, struct step *step)
{
    struct each *each = arena_alloc(l->arena, sizeof(*each));
    struct each_fields raw = { .timeout_us = 30 * SECOND_US };
    load_fields(l, source, fields, &raw, "for_each");
    each->query.target =
        raw.target ? load_reference(l, load_at(source, "target"), &l->ids->targets, "target", raw.target)
                   : step->target;
    if (!raw.target && step->target == BOOK_NONE)
        load_fault(l, source, "for_each needs a \"target\" to ask");
    each->query.sql = load_query_sql(l, load_at(source, "sql"), raw.sql, each->query.target);
    each->query.timeout_us = raw.timeout_us;
    each->as = raw.as;
    later_declare(l, load_at(source, "as"), raw.as, (enum fill_type)raw.type, true);
    step->each = each;
}
