#include "json/pointer.h"

#include <stdint.h>
#include <string.h>

/* One part of a pointer, as it is written there, without its slash. */
struct part {
    const char *start;
    size_t len;
};

bool json_pointer_valid(const char *pointer)
{
    if (*pointer != '\0' && *pointer != '/')
        return false;
    for (const char *at = strchr(pointer, '~'); at != NULL; at = strchr(at + 1, '~'))
        if (at[1] != '0' && at[1] != '1')
            return false;
    return true;
}

/* Compares with the escapes undone; "~01" is "~1" and not "/", since each is looked at once. */
static bool part_is(struct part part, const char *key)
{
    for (size_t i = 0; i < part.len; i++, key++) {
        char c = part.start[i];
        if (c == '~')
            c = part.start[++i] == '0' ? '~' : '/';
        if (*key != c)
            return false;
    }
    return *key == '\0';
}

static const struct json *find_member(const struct json *object, struct part part)
{
    for (size_t i = 0; i < object->count; i++)
        if (part_is(part, object->items[i].key))
            return &object->items[i];
    return NULL;
}

static const struct json *find_item(const struct json *array, struct part part)
{
    size_t index = 0;
    if (part.len == 0 || (part.len > 1 && part.start[0] == '0'))
        return NULL;
    for (size_t i = 0; i < part.len; i++) {
        if (part.start[i] < '0' || part.start[i] > '9')
            return NULL;
        index = index * 10 + (size_t)(part.start[i] - '0');
        if (index >= array->count) /* also keeps many digits from going round */
            return NULL;
    }
    return &array->items[index];
}

static const struct json *find(const struct json *value, struct part part)
{
    if (value->type == JSON_OBJECT)
        return find_member(value, part);
    return value->type == JSON_ARRAY ? find_item(value, part) : NULL;
}

static void set_missing(struct err *err, const struct json *value, const char *pointer, struct part part)
{
    struct buf where;
    /* What a message can hold; a pointer over that makes it end in "..." all the same. */
    buf_init(&where, ERR_MESSAGE_MAX);
    if (part.start - 1 == pointer)
        buf_text(&where, "the value");
    else
        buf_format(&where, "\"%.*s\"", (int)(part.start - 1 - pointer), pointer);
    const char *place = where.overflow ? "the value there" : buf_str(&where);
    int shown = part.len < ERR_MESSAGE_MAX ? (int)part.len : ERR_MESSAGE_MAX;
    if (value->type == JSON_OBJECT)
        (void)err_set(err, ERR_NOT_FOUND, "%s has no \"%.*s\"", place, shown, part.start);
    else if (value->type == JSON_ARRAY)
        (void)err_set(err, ERR_NOT_FOUND, "%s has %zu item%s, and none at \"%.*s\"", place, value->count,
                      value->count == 1 ? "" : "s", shown, part.start);
    else
        (void)err_set(err, ERR_NOT_FOUND, "%s is %s, which has no \"%.*s\"", place,
                      json_type_word(value->type), shown, part.start);
    buf_finish(&where);
}

const struct json *json_pointer(const struct json *root, const char *pointer, struct err *err)
{
    if (!json_pointer_valid(pointer)) {
        (void)err_set(
            err, ERR_INVALID,
            "\"%s\" is not a JSON pointer: expected \"\" or one such as \"/status/lag\", with \"~0\" "
            "for \"~\" and \"~1\" for \"/\" in a name",
            pointer);
        return NULL;
    }
    const struct json *value = root;
    for (const char *at = pointer; *at == '/';) {
        struct part part = { .start = at + 1, .len = strcspn(at + 1, "/") };
        const struct json *next = find(value, part);
        if (next == NULL) {
            set_missing(err, value, pointer, part);
            return NULL;
        }
        value = next;
        at = part.start + part.len;
    }
    return value;
}

/* ---- out of a text ---- */

int json_value_at(struct arena *arena, const char *bytes, size_t len, const char *pointer, const char **ret,
                  struct err *err)
{
    const struct json *root = json_parse_line(arena, bytes, len, JSON_MAX_BYTES, err);
    if (root == NULL)
        return err_prefix(err, "what was answered is no JSON");
    const struct json *value = json_pointer(root, pointer, err);
    if (value == NULL)
        return ERR_NOT_FOUND;
    *ret = NULL;
    if (value->type == JSON_NULL)
        return 0;
    if (value->type == JSON_TEXT) {
        *ret = value->text;
        return 0;
    }
    struct json_writer writer;
    struct buf buf;
    buf_init(&buf, JSON_MAX_BYTES);
    json_write_init(&writer, &buf);
    json_put_value(&writer, NULL, value);
    int r = buf_ok(&buf, "what was answered", err);
    if (r == 0)
        *ret = arena_text(arena, buf_str(&buf));
    buf_finish(&buf);
    return r;
}
