#include "json/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"

#define QUOTED_CELLS_MAX 60 /* of a text from the input inside a message */
#define TYPE(type)       (1u << (type))
#define ANY_TYPE         (~0u)

/* One object being decoded. */
struct decode {
    struct arena *arena;
    const char *what;
    struct json_faults *faults;
};

/* A kind's way of putting a value, whose type is right already, where the field says. */
typedef void store_fn(const struct decode *decode, const struct json_field *field, const struct json *value,
                      void *slot);

/* The text, or its beginning and "..." when it is too long to stand inside a message. */
static const char *brief(const struct decode *decode, const char *text)
{
    size_t cut = text_cut(text, QUOTED_CELLS_MAX);
    if (text[cut] == '\0')
        return text;
    return arena_format(decode->arena, "%.*s...", (int)cut, text);
}

static PRINTF_LIKE(4, 5) void refuse(const struct decode *decode, const struct json_field *field,
                                     const struct json *value, const char *format, ...)
{
    struct err reason = ERR_INIT;
    va_list args;
    va_start(args, format);
    (void)err_setv(&reason, ERR_INVALID, format, args); /* wanted for its message, the code is known */
    va_end(args);
    json_fault_add(decode->faults, value->line, value->column, "\"%s\" of %s %s", field->key, decode->what,
                   reason.message);
}

static store_fn store_text, store_id, store_bool, store_integer, store_number, store_duration, store_range,
    store_size, store_enum, store_texts, store_value;

/* What each kind takes and how it is asked for. */
static const struct {
    unsigned types;
    const char *wants;
    store_fn *store;
} kinds[] = {
    [JSON_FIELD_TEXT] = { TYPE(JSON_TEXT), "a text", store_text },
    [JSON_FIELD_ID] = { TYPE(JSON_TEXT), "an id", store_id },
    [JSON_FIELD_BOOL] = { TYPE(JSON_BOOL), "true or false", store_bool },
    [JSON_FIELD_INTEGER] = { TYPE(JSON_NUMBER), "a whole number", store_integer },
    [JSON_FIELD_NUMBER] = { TYPE(JSON_NUMBER), "a number", store_number },
    [JSON_FIELD_DURATION] = { TYPE(JSON_TEXT), "a duration such as \"250ms\", \"3s\", \"20m\" or \"2h\"",
                              store_duration },
    [JSON_FIELD_RANGE] = { TYPE(JSON_TEXT), "a duration or a range of two such as \"1s..5s\"", store_range },
    [JSON_FIELD_SIZE] = { TYPE(JSON_TEXT), "a size such as \"200GB\", \"512MB\" or \"64KiB\"", store_size },
    [JSON_FIELD_ENUM] = { TYPE(JSON_TEXT), "a word", store_enum },
    [JSON_FIELD_TEXTS] = { TYPE(JSON_TEXT) | TYPE(JSON_ARRAY), "a text or an array of texts", store_texts },
    [JSON_FIELD_VALUE] = { ANY_TYPE, "a value", store_value },
    [JSON_FIELD_OBJECT] = { TYPE(JSON_OBJECT), "an object", store_value },
    [JSON_FIELD_ARRAY] = { TYPE(JSON_ARRAY), "an array", store_value },
};

static void store_text(const struct decode *decode, const struct json_field *field, const struct json *value,
                       void *slot)
{
    (void)decode;
    (void)field;
    *(const char **)slot = value->text;
}

static void store_id(const struct decode *decode, const struct json_field *field, const struct json *value,
                     void *slot)
{
    if (text_is_id(value->text))
        *(const char **)slot = value->text;
    else
        refuse(decode, field, value,
               "wants an id of at most 64 characters from a-z, 0-9, \".\", \"_\" and \"-\", beginning with a "
               "letter or "
               "digit, not \"%s\"",
               brief(decode, value->text));
}

static void store_bool(const struct decode *decode, const struct json_field *field, const struct json *value,
                       void *slot)
{
    (void)decode;
    (void)field;
    *(bool *)slot = value->boolean;
}

static void store_integer(const struct decode *decode, const struct json_field *field,
                          const struct json *value, void *slot)
{
    if (!value->integer) {
        refuse(decode, field, value, "wants a whole number, not one with a fraction or an exponent");
        return;
    }
    int64_t number = (int64_t)value->number;
    bool limited = field->min != 0 || field->max != 0;
    if (limited && (number < field->min || number > field->max))
        refuse(decode, field, value, "wants a whole number from %" PRId64 " to %" PRId64 ", not %" PRId64,
               field->min, field->max, number);
    else
        *(int64_t *)slot = number;
}

static void store_number(const struct decode *decode, const struct json_field *field,
                         const struct json *value, void *slot)
{
    (void)decode;
    (void)field;
    *(double *)slot = value->number;
}

static void store_duration(const struct decode *decode, const struct json_field *field,
                           const struct json *value, void *slot)
{
    struct err err = ERR_INIT;
    if (duration_parse(value->text, slot, &err) < 0)
        refuse(decode, field, value, "is wrong: %s", err.message);
}

static void store_range(const struct decode *decode, const struct json_field *field, const struct json *value,
                        void *slot)
{
    struct err err = ERR_INIT;
    if (duration_range_parse(value->text, slot, &err) < 0)
        refuse(decode, field, value, "is wrong: %s", err.message);
}

static void store_size(const struct decode *decode, const struct json_field *field, const struct json *value,
                       void *slot)
{
    struct err err = ERR_INIT;
    if (size_parse(value->text, slot, &err) < 0)
        refuse(decode, field, value, "is wrong: %s", err.message);
}

/* The words as a sentence wants them: "a", "b" or "c". */
static const char *list_words(const struct decode *decode, const char *const *words, size_t count)
{
    const char *list = "";
    for (size_t i = 0; i < count; i++) {
        const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        list = arena_format(decode->arena, "%s%s\"%s\"", list, between, words[i]);
    }
    return list;
}

/* `; did you mean "x"?`, or nothing when no candidate is near. */
static const char *suggestion(const struct decode *decode, const char *word, const char *const *candidates,
                              size_t count)
{
    const char *nearest = text_nearest(word, candidates, count);
    return nearest != NULL ? arena_format(decode->arena, "; did you mean \"%s\"?", nearest) : "";
}

static void store_enum(const struct decode *decode, const struct json_field *field, const struct json *value,
                       void *slot)
{
    size_t count = 0;
    for (; field->words[count] != NULL; count++) {
        if (strcmp(field->words[count], value->text) == 0) {
            *(int *)slot = (int)count;
            return;
        }
    }
    refuse(decode, field, value, "wants %s, not \"%s\"%s", list_words(decode, field->words, count),
           brief(decode, value->text), suggestion(decode, value->text, field->words, count));
}

static void store_texts(const struct decode *decode, const struct json_field *field, const struct json *value,
                        void *slot)
{
    const struct json *items = value->type == JSON_ARRAY ? value->items : value;
    size_t count = value->type == JSON_ARRAY ? value->count : 1;
    const char **list = arena_array(decode->arena, count, sizeof(*list));
    bool all_texts = true;
    for (size_t i = 0; i < count; i++) {
        list[i] = items[i].text;
        if (items[i].type == JSON_TEXT)
            continue;
        refuse(decode, field, &items[i], "wants texts only, but item %zu is %s", i + 1,
               json_type_word(items[i].type));
        all_texts = false;
    }
    if (all_texts)
        *(struct json_texts *)slot = (struct json_texts){ .count = count, .list = list };
}

static void store_value(const struct decode *decode, const struct json_field *field, const struct json *value,
                        void *slot)
{
    (void)decode;
    (void)field;
    *(const struct json **)slot = value;
}

static bool is_empty(const struct json *value)
{
    return (value->type == JSON_TEXT && value->text[0] == '\0') ||
           (value->type == JSON_ARRAY && value->count == 0);
}

static void decode_field(const struct decode *decode, const struct json_field *field,
                         const struct json *value, void *out)
{
    assert((size_t)field->kind < ARRAY_LEN(kinds));
    if ((kinds[field->kind].types & TYPE(value->type)) == 0)
        refuse(decode, field, value, "wants %s, not %s", kinds[field->kind].wants,
               json_type_word(value->type));
    else if ((field->flags & JSON_NONEMPTY) != 0 && is_empty(value))
        refuse(decode, field, value, "must not be empty");
    else
        kinds[field->kind].store(decode, field, value, (char *)out + field->offset);
}

static void refuse_unknown(const struct decode *decode, const struct json_field *fields,
                           const struct json *member)
{
    size_t count = 0;
    while (fields[count].key != NULL)
        count++;
    const char **keys = arena_array(decode->arena, count, sizeof(*keys));
    for (size_t i = 0; i < count; i++)
        keys[i] = fields[i].key;
    json_fault_add(decode->faults, member->key_line, member->key_column, "unknown field \"%s\" in %s%s",
                   brief(decode, member->key), decode->what, suggestion(decode, member->key, keys, count));
}

int json_decode(struct arena *arena, const struct json *object, const struct json_field *fields, void *out,
                const char *what, struct json_faults *faults)
{
    const struct decode decode = { .arena = arena, .what = what, .faults = faults };
    size_t before = faults->count + faults->more;
    if (object->type != JSON_OBJECT) {
        json_fault_add(faults, object->line, object->column, "%s must be an object, not %s", what,
                       json_type_word(object->type));
        return ERR_INVALID;
    }
    for (size_t i = 0; i < object->count; i++) {
        const struct json *member = &object->items[i];
        const struct json_field *field = fields;
        while (field->key != NULL && strcmp(field->key, member->key) != 0)
            field++;
        if (field->key != NULL)
            decode_field(&decode, field, member, out);
        else
            refuse_unknown(&decode, fields, member);
    }
    for (const struct json_field *field = fields; field->key != NULL; field++) {
        if ((field->flags & JSON_REQUIRED) != 0 && json_member(object, field->key) == NULL)
            json_fault_add(faults, object->line, object->column, "%s lacks the field \"%s\"", what,
                           field->key);
    }
    return faults->count + faults->more > before ? ERR_INVALID : 0;
}
