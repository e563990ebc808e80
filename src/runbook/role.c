#include "load.h"
#include "shape.h"

struct role_fields {
    const char *not_role;
};

static const struct json_field fields[] = {
    { "not", JSON_FIELD_TEXT, offsetof(struct role_fields, not_role), 0, NULL, 0, 0,
      "a role whose holder must be another person" },
    { 0 },
};
const struct shape role_shape = { .fields = fields };

static void load_role(struct loader *l, struct role *role, const struct json *source)
{
    struct role_fields raw = { 0 };
    const char *what = arena_format(l->arena, "role \"%s\"", source->key);
    role->id = source->key;
    role->not_role = BOOK_NONE;
    if (!load_fields(l, source, fields, &raw, what))
        return;
    role->not_role = load_reference(l, load_at(source, "not"), &l->ids->roles, "role", raw.not_role);
    if (role->not_role != BOOK_NONE && &l->book->roles[role->not_role] == role)
        load_fault(l, load_at(source, "not"), "nobody is another person than themselves");
}

void load_roles(struct loader *l, const struct json *roles)
{
    size_t count = load_count(roles);
    l->book->roles = arena_array(l->arena, count + 1, sizeof(*l->book->roles));
    l->book->role_count = count;
    id_map_init(&l->ids->roles, l->arena, count);
    for (size_t i = 0; i < count; i++)
        load_id(l, &roles->items[i], &l->ids->roles, "role", roles->items[i].key, i);
    for (size_t i = 0; i < count; i++)
        load_role(l, &l->book->roles[i], &roles->items[i]);
}
