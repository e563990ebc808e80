#include "load.h"
#include "shape.h"

/* What the checker is told not to say, and why. */

struct ignored_fields {
    const char *code;
    const char *reason;
};

static const struct json_field fields[] = {
    { "code", JSON_FIELD_ID, offsetof(struct ignored_fields, code), JSON_REQUIRED, NULL, 0, 0,
      "what the checker says, by its code" },
    { "reason", JSON_FIELD_TEXT, offsetof(struct ignored_fields, reason), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "why it is right all the same" },
    { 0 },
};
const struct shape ignored_shape = { .name = "ignore", .fields = fields };

size_t load_ignored(struct loader *l, const struct json *source, const struct ignored **ret)
{
    size_t count = load_count(source);
    struct ignored *list = arena_array(l->arena, count + 1, sizeof(*list));
    *ret = list;
    for (size_t i = 0; i < count; i++) {
        const struct json *item = &source->items[i];
        struct ignored_fields raw = { 0 };
        load_fields(l, item, fields, &raw, "an item of ignore");
        list[i] = (struct ignored){ .code = raw.code,
                                    .reason = resolve(l, load_at(item, "reason"), raw.reason, LAND_LINE),
                                    .line = item->line,
                                    .column = item->column };
    }
    return count;
}
