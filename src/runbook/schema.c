#include "runbook/schema.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "shape.h"
#include "step.h"

#define NAMED_MAX  64
#define PLACES_MAX 8

/* As duration_parse and size_parse have them: each unit at most once, the larger first, or a param. A maximum
 * cannot be said. */
#define DURATION                                                                                             \
    "([0-9]+d([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?|[0-9]+h([0-9]+m)?([0-9]+s)?([0-9]+ms)?|"              \
    "[0-9]+m([0-9]+s)?([0-9]+ms)?|[0-9]+s([0-9]+ms)?|[0-9]+ms|\\$\\{[a-z0-9][a-z0-9._-]{0,63}\\})"
#define SIZE "[0-9]+(kB|MB|GB|TB|KiB|MiB|GiB|TiB)?"

/* The kinds of fields. What has a pattern is a text of its own kind: it is named, and written once. */
static const struct {
    const char *type;
    const char *name;
    const char *pattern;
    const char *help;
} kinds[] = {
    [JSON_FIELD_TEXT] = { .type = "string" },
    [JSON_FIELD_ID] = { "string", "id", SHAPE_ID, "a name, such as \"add-column\"" },
    [JSON_FIELD_BOOL] = { .type = "boolean" },
    [JSON_FIELD_INTEGER] = { .type = "integer" },
    [JSON_FIELD_NUMBER] = { .type = "number" },
    [JSON_FIELD_DURATION] = { "string", "duration", "^" DURATION "$",
                              "such as \"250ms\", \"3s\", \"20m\", \"2h\", \"1h30m\" or \"30d\"" },
    [JSON_FIELD_RANGE] = { "string", "range", "^" DURATION "(\\.\\." DURATION ")?$",
                           "a duration, or two such as \"1s..5s\"" },
    [JSON_FIELD_SIZE] = { "string", "size", "^" SIZE "$", "such as \"200GB\", \"512MB\" or \"64KiB\"" },
    [JSON_FIELD_ENUM] = { .type = "string" },
    [JSON_FIELD_TEXTS] = { .type = NULL }, /* of two types, see put_texts */
    [JSON_FIELD_VALUE] = { .type = NULL }, /* as its part says */
    [JSON_FIELD_OBJECT] = { .type = "object" },
    [JSON_FIELD_ARRAY] = { .type = "array" },
};

static const char *const type_words[] = {
    [JSON_NULL] = "null",   [JSON_BOOL] = "boolean",  [JSON_NUMBER] = "number",      [JSON_TEXT] = "string",
    [JSON_ARRAY] = "array", [JSON_OBJECT] = "object", [JSON_OBJECT + 1] = "integer",
};

/* What is being written, and the shapes with names and the places of steps that were met: each is written
 * once, at the end. */
struct schema {
    struct json_writer w;
    size_t named_count;
    const struct shape *named[NAMED_MAX];
    size_t place_count;
    const struct step_place *places[PLACES_MAX];
};

/* Where an object that is no step stands: nothing is left out of it. */
static const char *const no_keys[] = { NULL };
static const struct step_place anywhere = { .required = JSON_REQUIRED, .without = no_keys };

const struct shape_part *shape_part(const struct shape *shape, const char *key)
{
    for (const struct shape_part *part = shape->parts; part && part->key; part++) {
        if (text_equal(part->key, key))
            return part;
    }
    return NULL;
}

static void put_words(struct schema *s, const char *key, const char *const *words)
{
    json_open_array(&s->w, key);
    for (; *words; words++)
        json_put_text(&s->w, NULL, *words);
    json_close_array(&s->w);
}

/* ---- values ---- */

/* "#/$defs/step-sql" */
static void put_reference(struct schema *s, const char *name, const char *kind)
{
    struct buf path;
    buf_init(&path, 256);
    buf_format(&path, "#/$defs/%s%s%s", name, kind ? "-" : "", kind ? kind : "");
    json_put_text(&s->w, "$ref", buf_str(&path));
    buf_finish(&path);
}

static void put_texts(struct schema *s)
{
    static const char *const types[] = { "string", "array", NULL };
    put_words(s, "type", types);
    json_open(&s->w, "items");
    json_put_text(&s->w, "type", "string");
    json_close(&s->w);
}

static void put_range(struct schema *s, const struct json_field *field)
{
    if (field->min == 0 && field->max == 0)
        return;
    if (field->min == field->max) {
        json_put_integer(&s->w, "const", field->min);
        return;
    }
    json_put_integer(&s->w, "minimum", field->min);
    json_put_integer(&s->w, "maximum", field->max);
}

static void put_kind(struct schema *s, const struct json_field *field)
{
    assert((size_t)field->kind < ARRAY_LEN(kinds));
    if (kinds[field->kind].name) {
        put_reference(s, kinds[field->kind].name, NULL);
        return;
    }
    if (kinds[field->kind].type)
        json_put_text(&s->w, "type", kinds[field->kind].type);
    if (field->kind == JSON_FIELD_INTEGER)
        put_range(s, field);
    if (field->kind == JSON_FIELD_ENUM)
        put_words(s, "enum", field->words);
    if (field->kind == JSON_FIELD_TEXTS)
        put_texts(s);
}

/* Each of the two means something to its own type only. */
static void put_nonempty(struct schema *s, const struct json_field *field)
{
    if ((field->flags & JSON_NONEMPTY) == 0)
        return;
    if (field->kind == JSON_FIELD_TEXT || field->kind == JSON_FIELD_TEXTS)
        json_put_integer(&s->w, "minLength", 1);
    if (field->kind == JSON_FIELD_ARRAY || field->kind == JSON_FIELD_TEXTS)
        json_put_integer(&s->w, "minItems", 1);
}

/* ---- parts ---- */

static void put_object(struct schema *s, const struct shape *shape, const struct step_place *place,
                       const char *kind);

static void put_named(struct schema *s, const struct shape *shape)
{
    size_t at = 0;
    while (at < s->named_count && s->named[at] != shape)
        at++;
    assert(at < NAMED_MAX);
    s->named[at] = shape;
    s->named_count += at == s->named_count ? 1 : 0;
    put_reference(s, shape->name, NULL);
}

static void put_place(struct schema *s, const struct step_place *place)
{
    size_t at = 0;
    while (at < s->place_count && s->places[at] != place)
        at++;
    assert(at < PLACES_MAX);
    s->places[at] = place;
    s->place_count += at == s->place_count ? 1 : 0;
    put_reference(s, place->name, NULL);
}

static void put_types(struct schema *s, unsigned types)
{
    if (types == SHAPE_NOTHING) {
        json_open(&s->w, "not");
        json_close(&s->w);
        return;
    }
    json_open_array(&s->w, "type");
    for (size_t i = 0; i < ARRAY_LEN(type_words); i++) {
        if ((types & SHAPE_TYPE(i)) != 0)
            json_put_text(&s->w, NULL, type_words[i]);
    }
    json_close_array(&s->w);
}

static void put_value_or_object(struct schema *s, const struct shape_part *part)
{
    json_open_array(&s->w, "anyOf");
    json_open(&s->w, NULL);
    put_types(s, part->types);
    json_close(&s->w);
    json_open(&s->w, NULL);
    put_named(s, part->shape);
    json_close(&s->w);
    json_close_array(&s->w);
}

/* What stands there, or each in the list or map. */
static void put_content(struct schema *s, const struct shape_part *part)
{
    if (part->types != 0 && part->shape)
        put_value_or_object(s, part);
    else if (part->types != 0)
        put_types(s, part->types);
    else if (part->item)
        put_kind(s, part->item);
    else if (part->shape->name)
        put_named(s, part->shape);
    else
        put_object(s, part->shape, &anywhere, NULL);
}

static void put_list(struct schema *s, const struct shape_part *part)
{
    json_put_text(&s->w, "type", "array");
    json_open(&s->w, "items");
    if (part->form == FORM_STEPS)
        put_place(s, part->place);
    else
        put_content(s, part);
    json_close(&s->w);
}

static void put_map(struct schema *s, const struct shape_part *part)
{
    json_put_text(&s->w, "type", "object");
    if (part->keys) {
        json_open(&s->w, "propertyNames");
        json_put_text(&s->w, "pattern", part->keys);
        json_close(&s->w);
    }
    json_open(&s->w, "additionalProperties");
    put_content(s, part);
    json_close(&s->w);
}

static void put_part(struct schema *s, const struct shape_part *part)
{
    switch (part->form) {
    case FORM_ONE:
        put_content(s, part);
        break;
    case FORM_LIST:
    case FORM_STEPS:
        put_list(s, part);
        break;
    case FORM_MAP:
        put_map(s, part);
        break;
    }
}

/* ---- objects ---- */

static bool is_among(const char *const *keys, const char *key)
{
    while (*keys && !text_equal(*keys, key))
        keys++;
    return *keys != NULL;
}

static bool has_fields(const struct json_field *fields, const char *const *keys)
{
    for (; *keys; keys++) {
        const struct json_field *field = fields;
        while (field->key && !text_equal(field->key, *keys))
            field++;
        if (!field->key)
            return false;
    }
    return true;
}

/* Exactly one of the fields. */
static void put_rule(struct schema *s, const char *const *keys)
{
    json_open(&s->w, NULL);
    json_open_array(&s->w, "oneOf");
    for (; *keys; keys++) {
        json_open(&s->w, NULL);
        put_words(s, "required", (const char *const[]){ *keys, NULL });
        json_close(&s->w);
    }
    json_close_array(&s->w);
    json_close(&s->w);
}

static void put_rules(struct schema *s, const struct shape *shape, const struct step_place *place)
{
    bool placed = place->either && has_fields(shape->fields, place->either);
    if (!shape->either && !placed)
        return;
    json_open_array(&s->w, "allOf");
    if (shape->either)
        put_rule(s, shape->either);
    if (placed)
        put_rule(s, place->either);
    json_close_array(&s->w);
}

static void put_field(struct schema *s, const struct json_field *field, const struct shape_part *part)
{
    json_open(&s->w, field->key);
    json_put_text(&s->w, "description", field->help);
    if (part)
        put_part(s, part);
    else
        put_kind(s, field);
    put_nonempty(s, field);
    json_close(&s->w);
}

static void put_kind_field(struct schema *s, const struct json_field *field, const char *kind)
{
    json_open(&s->w, field->key);
    json_put_text(&s->w, "description", field->help);
    json_put_text(&s->w, "const", kind);
    json_close(&s->w);
}

static void put_required(struct schema *s, const struct json_field *fields, const struct step_place *place)
{
    bool opened = false;
    for (const struct json_field *field = fields; field->key; field++) {
        if ((field->flags & place->required) == 0 || is_among(place->without, field->key))
            continue;
        if (!opened)
            json_open_array(&s->w, "required");
        opened = true;
        json_put_text(&s->w, NULL, field->key);
    }
    if (opened)
        json_close_array(&s->w);
}

/* `kind`: of a step; NULL for what is none. */
static void put_object(struct schema *s, const struct shape *shape, const struct step_place *place,
                       const char *kind)
{
    json_put_text(&s->w, "type", "object");
    json_open(&s->w, "properties");
    for (const struct json_field *field = shape->fields; field->key; field++) {
        if (is_among(place->without, field->key))
            continue;
        if (kind && text_equal(field->key, "kind"))
            put_kind_field(s, field, kind);
        else
            put_field(s, field, shape_part(shape, field->key));
    }
    json_close(&s->w);
    put_required(s, shape->fields, place);
    put_rules(s, shape, place);
    json_put_bool(&s->w, "additionalProperties", false);
}

/* ---- steps: each kind has fields of its own ---- */

/* "if it is of this kind, then it looks like that": a fault is told of the kind that is meant, and of no
 * other. */
static void put_case(struct schema *s, const struct step_place *place, const char *kind)
{
    json_open(&s->w, NULL);
    json_open(&s->w, "if");
    put_words(s, "required", (const char *const[]){ "kind", NULL });
    json_open(&s->w, "properties");
    json_open(&s->w, "kind");
    json_put_text(&s->w, "const", kind);
    json_close(&s->w);
    json_close(&s->w);
    json_close(&s->w);
    json_open(&s->w, "then");
    put_reference(s, place->name, kind);
    json_close(&s->w);
    json_close(&s->w);
}

static void put_any_kind(struct schema *s, const struct step_place *place)
{
    const char *words[STEP_KIND_COUNT + 1] = { NULL };
    size_t count = 0;
    for (size_t i = 0; i < STEP_KIND_COUNT; i++) {
        if (place->kinds[i])
            words[count++] = step_kind_words[i];
    }
    json_open(&s->w, place->name);
    json_put_text(&s->w, "type", "object");
    put_words(s, "required", (const char *const[]){ "kind", NULL });
    json_open(&s->w, "properties");
    json_open(&s->w, "kind");
    put_words(s, "enum", words);
    json_close(&s->w);
    json_close(&s->w);
    json_open_array(&s->w, "allOf");
    for (size_t i = 0; i < count; i++)
        put_case(s, place, words[i]);
    json_close_array(&s->w);
    json_close(&s->w);
}

static void put_step(struct schema *s, const struct step_place *place, enum step_kind kind)
{
    const struct step_kind_def *def = step_kind_def(kind);
    const struct shape shape = { .fields = def->fields, .parts = def->parts, .either = def->either };
    struct buf name;
    buf_init(&name, 256);
    buf_format(&name, "%s-%s", place->name, step_kind_word(kind));
    json_open(&s->w, buf_str(&name));
    put_object(s, &shape, place, step_kind_word(kind));
    json_close(&s->w);
    buf_finish(&name);
}

static void put_steps(struct schema *s, const struct step_place *place)
{
    put_any_kind(s, place);
    for (size_t i = 0; i < STEP_KIND_COUNT; i++) {
        if (place->kinds[i])
            put_step(s, place, (enum step_kind)i);
    }
}

/* ---- the whole ---- */

static void put_all_kinds(struct schema *s)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!kinds[i].name)
            continue;
        json_open(&s->w, kinds[i].name);
        json_put_text(&s->w, "description", kinds[i].help);
        json_put_text(&s->w, "type", kinds[i].type);
        json_put_text(&s->w, "pattern", kinds[i].pattern);
        json_close(&s->w);
    }
}

/* A shape may bring another one with a name, which then is written after it. */
static void put_all_named(struct schema *s)
{
    for (size_t i = 0; i < s->named_count; i++) {
        json_open(&s->w, s->named[i]->name);
        put_object(s, s->named[i], &anywhere, NULL);
        json_close(&s->w);
    }
}

void book_schema(struct buf *buf)
{
    struct schema s = { .named_count = 0 };
    json_write_init(&s.w, buf);
    json_open(&s.w, NULL);
    json_put_text(&s.w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_put_text(&s.w, "title", "A book of tminus");
    json_put_text(&s.w, "description",
                  "One cutover: phases, steps, gates, and the way back. What takes more than the shape "
                  "`tminus dry-run` tells.");
    put_object(&s, &book_shape, &anywhere, NULL);
    json_open(&s.w, "$defs");
    for (size_t i = 0; i < s.place_count; i++) /* a place may bring another one */
        put_steps(&s, s.places[i]);
    put_all_named(&s);
    put_all_kinds(&s);
    json_close(&s.w);
    json_close(&s.w);
}
