#include "runbook/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "runbook/schema.h"
#include "runbook/step.h"

#define SHAPES_MAX 200

/* Everything that is not as shape.h wants it, a line each: "object.key: ...". Shapes may hold each other. */
struct judge {
    struct buf said;
    size_t count;
    const struct shape *seen[SHAPES_MAX];
};

static void judge_shape(struct judge *judge, const char *name, const struct shape *shape);

static const struct json_field *field_of(const struct shape *shape, const char *key)
{
    const struct json_field *field = shape->fields;
    while (field->key && !text_equal(field->key, key))
        field++;
    return field->key ? field : NULL;
}

static bool needs_part(const struct json_field *field)
{
    return field->kind == JSON_FIELD_OBJECT || field->kind == JSON_FIELD_ARRAY ||
           field->kind == JSON_FIELD_VALUE;
}

/* The kinds of fields that may hold what stands in such a form. */
static bool fits(const struct shape_part *part, enum json_kind kind)
{
    switch (part->form) {
    case FORM_ONE:
        return part->types != 0 ? kind == JSON_FIELD_VALUE : kind == JSON_FIELD_OBJECT;
    case FORM_MAP:
        return kind == JSON_FIELD_OBJECT;
    case FORM_LIST:
        return kind == JSON_FIELD_ARRAY || (part->item && kind == JSON_FIELD_TEXTS);
    case FORM_STEPS:
        return kind == JSON_FIELD_ARRAY;
    }
    return false;
}

static bool says_what(const struct shape_part *part)
{
    int said = (part->shape != NULL) + (part->item != NULL) + (part->types != 0);
    if (part->shape && part->types != 0) /* an object or a value: only the object has a name to refer to */
        return part->form == FORM_ONE && said == 2 && !part->place && part->shape->name;
    return part->form == FORM_STEPS ? part->place && said == 0 : !part->place && said == 1;
}

static void judge_part(struct judge *judge, const char *name, const struct shape *shape,
                       const struct shape_part *part)
{
    const struct json_field *field = field_of(shape, part->key);
    if (!field)
        buf_format(&judge->said, "%s.%s: is no field\n", name, part->key);
    else if (!fits(part, field->kind))
        buf_format(&judge->said, "%s.%s: its part has another form\n", name, part->key);
    else if (!says_what(part))
        buf_format(&judge->said, "%s.%s: its part does not say what it is\n", name, part->key);
    else if (part->shape)
        judge_shape(judge, part->key, part->shape);
}

static void judge_rows(struct judge *judge, const char *name, const struct shape *shape)
{
    for (const struct json_field *field = shape->fields; field->key; field++) {
        if (needs_part(field) && !shape_part(shape, field->key))
            buf_format(&judge->said, "%s.%s: nothing says what stands in it\n", name, field->key);
        if (!field->help || *field->help == '\0')
            buf_format(&judge->said, "%s.%s: has no line of help\n", name, field->key);
    }
    for (const struct shape_part *part = shape->parts; part && part->key; part++)
        judge_part(judge, name, shape, part);
    for (const char *const *key = shape->either; key && *key; key++) {
        if (!field_of(shape, *key))
            buf_format(&judge->said, "%s.%s: is no field\n", name, *key);
    }
}

static void judge_shape(struct judge *judge, const char *name, const struct shape *shape)
{
    for (size_t i = 0; i < judge->count; i++) {
        if (judge->seen[i] == shape)
            return;
    }
    assert_true(judge->count < SHAPES_MAX);
    judge->seen[judge->count++] = shape;
    judge_rows(judge, name, shape);
}

static void test_every_object_is_described(void **state)
{
    (void)state;
    struct judge judge = { .count = 0 };
    buf_init(&judge.said, 100000);
    judge_shape(&judge, "book", &book_shape);
    for (size_t i = 0; i < STEP_KIND_COUNT; i++) {
        const struct step_kind_def *def = step_kind_def((enum step_kind)i);
        if (!def) /* no book says it */
            continue;
        const struct shape shape = { .fields = def->fields, .parts = def->parts, .either = def->either };
        judge_rows(&judge, step_kind_word((enum step_kind)i), &shape);
    }
    assert_string_equal(buf_str(&judge.said), "");
    buf_finish(&judge.said);
}

/* A judge that finds nothing proves nothing. */
static void test_what_is_missing_is_found(void **state)
{
    (void)state;
    static const struct json_field inner[] = {
        { "value", JSON_FIELD_VALUE, 0, 0, NULL, 0, 0, "anything" },
        { 0 },
    };
    static const struct json_field fields[] = {
        { "object", JSON_FIELD_OBJECT, 0, 0, NULL, 0, 0, "an object" },
        { "array", JSON_FIELD_ARRAY, 0, 0, NULL, 0, 0, "an array" },
        { "list", JSON_FIELD_ARRAY, 0, 0, NULL, 0, 0, "a list" },
        { "text", JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, "" },
        { "map", JSON_FIELD_OBJECT, 0, 0, NULL, 0, 0, "a map" },
        { 0 },
    };
    static const struct shape inner_shape = { .fields = inner };
    static const struct shape_part parts[] = {
        { "list", FORM_ONE, .shape = &inner_shape },
        { "map", FORM_MAP, .shape = NULL },
        { "object", FORM_ONE, .shape = &inner_shape },
        { "gone", FORM_ONE, .shape = &inner_shape },
        { 0 },
    };
    static const struct shape shape = { .fields = fields, .parts = parts };
    struct judge judge = { .count = 0 };
    buf_init(&judge.said, 100000);
    judge_shape(&judge, "sample", &shape);
    assert_string_equal(buf_str(&judge.said), "sample.array: nothing says what stands in it\n"
                                              "sample.text: has no line of help\n"
                                              "sample.list: its part has another form\n"
                                              "sample.map: its part does not say what it is\n"
                                              "object.value: nothing says what stands in it\n"
                                              "sample.gone: is no field\n");
    buf_finish(&judge.said);
}

/* Who reads books can read their schema, and it stays the same. */
static void test_schema_is_strict_json(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    struct buf schema;
    struct buf again;
    struct json_writer w;
    buf_init(&schema, JSON_MAX_BYTES);
    buf_init(&again, JSON_MAX_BYTES);
    book_schema(&schema);
    assert_false(schema.overflow);
    json_faults_init(&faults, arena);
    const struct json *root = json_parse(arena, buf_str(&schema), schema.len, &faults);
    assert_non_null(root);
    json_write_init(&w, &again);
    json_put_value(&w, NULL, root);
    assert_string_equal(buf_str(&again), buf_str(&schema));
    buf_finish(&again);
    buf_finish(&schema);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_object_is_described),
        cmocka_unit_test(test_what_is_missing_is_found),
        cmocka_unit_test(test_schema_is_strict_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
