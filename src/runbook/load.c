#include "load.h"

#include <string.h>

#include "base/text.h"
#include "sqlscan.h"

/* With more faults than this nobody reads hints, and finding them is the only slow part of a load. */
#define HINTED_FAULTS_MAX 20

void load_fault(struct loader *l, const struct json *where, const char *format, ...)
{
    struct err err = ERR_INIT;
    va_list args;
    if (l->faults->count == JSON_FAULTS_MAX) { /* counted and not told: it need not be put into words */
        l->faults->more++;
        return;
    }
    va_start(args, format);
    (void)err_setv(&err, ERR_INVALID, format, args); /* wanted for its message, the code is known */
    va_end(args);
    json_fault_add(l->faults, where->line, where->column, "%s", err.message);
}

/* A duration that names params, with their values in its place. After a fault, also one for which a param has
 * no value, one that is right: nothing else is to be said of it. */
static const char *with_params(struct loader *l, const struct json *value)
{
    size_t before = l->faults->count + l->faults->more;
    const char *text = resolve(l, value, value->text, LAND_LINE);
    bool told = l->faults->count + l->faults->more > before || (!text[0] && before > 0);
    return told ? "1s" : text;
}

static bool is_duration(const struct json_field *fields, const char *key)
{
    for (; fields->key; fields++) {
        if (text_equal(fields->key, key))
            return fields->kind == JSON_FIELD_DURATION || fields->kind == JSON_FIELD_RANGE;
    }
    return false;
}

/* `object` with the params in its durations replaced; itself when there are none. */
static const struct json *with_durations(struct loader *l, const struct json *object,
                                         const struct json_field *fields)
{
    struct json *copy = NULL, *items = NULL;
    for (size_t i = 0; object->type == JSON_OBJECT && i < object->count; i++) {
        const struct json *item = &object->items[i];
        if (item->type != JSON_TEXT || !strstr(item->text, "${") || !is_duration(fields, item->key))
            continue;
        if (!copy) {
            copy = arena_alloc(l->arena, sizeof(*copy));
            items = arena_array(l->arena, object->count, sizeof(*items));
            memcpy(items, object->items, object->count * sizeof(*items));
            *copy = *object;
            copy->items = items;
        }
        items[i].text = with_params(l, item);
    }
    return copy ? copy : object;
}

bool load_fields(struct loader *l, const struct json *object, const struct json_field *fields, void *out,
                 const char *what)
{
    object = with_durations(l, object, fields);
    return json_decode(l->arena, object, fields, out, what, l->faults) == 0;
}

const struct json *load_at(const struct json *object, const char *key)
{
    const struct json *member = json_member(object, key);
    return member ? member : object;
}

const struct json *load_item(const struct json *value, size_t index)
{
    return value->type == JSON_ARRAY && index < value->count ? &value->items[index] : value;
}

size_t load_count(const struct json *value)
{
    return value ? value->count : 0;
}

const char *load_hint(struct loader *l, const char *word, const char *const *names, size_t count)
{
    if (l->faults->count >= HINTED_FAULTS_MAX)
        return "";
    const char *nearest = text_nearest(word, names, count);
    return nearest ? arena_format(l->arena, "; did you mean \"%s\"?", nearest) : "";
}

size_t load_reference(struct loader *l, const struct json *where, const struct id_map *map, const char *what,
                      const char *name)
{
    if (!name)
        return BOOK_NONE;
    size_t index = id_map_find(map, name);
    if (index == BOOK_NONE)
        load_fault(l, where, "no %s \"%s\"%s", what, name, load_hint(l, name, map->names, map->count));
    return index;
}

void load_id(struct loader *l, const struct json *where, struct id_map *map, const char *what,
             const char *name, size_t index)
{
    if (!name)
        return;
    if (!text_is_id(name)) {
        load_fault(l, where, "\"%s\" is no id: letters a-z, digits, \".\", \"_\" and \"-\", at most 64",
                   name);
        return;
    }
    if (id_map_add(map, name, index) != BOOK_NONE)
        load_fault(l, where, "a second %s \"%s\"", what, name);
}

const char *const *load_texts(struct loader *l, const struct json *where, const struct json_texts *texts,
                              enum landing landing)
{
    const char **list = arena_array(l->arena, texts->count + 1, sizeof(*list));
    for (size_t i = 0; i < texts->count; i++)
        list[i] = resolve(l, load_item(where, i), texts->list[i], landing);
    return list;
}

const char *const *load_fixed_texts(struct loader *l, const struct json *where,
                                    const struct json_texts *texts, enum landing landing)
{
    for (size_t i = 0; i < texts->count; i++)
        refuse_later(l, load_item(where, i), texts->list[i]);
    return load_texts(l, where, texts, landing);
}

/* One word that is no number, or one text in double quotes: every engine reads these alike. */
static bool is_column(const char *text)
{
    struct sql_scan scan = { .text = text, .engine = ENGINE_POSTGRESQL };
    struct sql_token token;
    if (!sql_next(&scan, &token) || text[scan.at] != '\0')
        return false;
    return (token.kind == SQL_WORD && !strchr("0123456789", *text)) ||
           (token.kind == SQL_IDENTIFIER && !token.unterminated && token.len > strlen("\"\""));
}

const char *const *load_columns(struct loader *l, const struct json *where, const struct json_texts *texts)
{
    const char *const *list = load_fixed_texts(l, where, texts, LAND_POSTGRESQL);
    for (size_t i = 0; i < texts->count; i++) {
        if (!is_column(list[i]) && !strstr(list[i], "${")) /* that was refused before */
            load_fault(
                l, load_item(where, i),
                "\"%s\" is not the name of one column: a word, or any text in double quotes, in an item "
                "of its own",
                list[i]);
    }
    return list;
}

bool is_variable(const char *name)
{
    return *name && !strchr("0123456789", *name) &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")] == '\0';
}
