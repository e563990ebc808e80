#include "param.h"
#include "shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PARAM_TEXT_MAX 4096
#define IDENTIFIER_MAX 63 /* PostgreSQL cuts longer ones (NAMEDATALEN - 1), and then means another object */

static const char *const type_words[] = { "identifier", "integer", "text", "boolean",
                                          "duration",   "secret",  NULL };
_Static_assert(ARRAY_LEN(type_words) == PARAM_TYPE_COUNT + 1, "a word for each");

struct param_fields {
    int type;
    const struct json *fallback;
    int64_t min, max;
    const char *from;
};

static const struct json_field fields[] = {
    { "type", JSON_FIELD_ENUM, offsetof(struct param_fields, type), JSON_REQUIRED, type_words, 0, 0,
      "what values it takes; decides how it is quoted" },
    { "default", JSON_FIELD_VALUE, offsetof(struct param_fields, fallback), 0, NULL, 0, 0,
      "its value unless another one is given; without one it must be given" },
    { "min", JSON_FIELD_INTEGER, offsetof(struct param_fields, min), 0, NULL, 0, 0, "integer: the least" },
    { "max", JSON_FIELD_INTEGER, offsetof(struct param_fields, max), 0, NULL, 0, 0, "integer: the most" },
    { "from", JSON_FIELD_TEXT, offsetof(struct param_fields, from), 0, NULL, 0, 0,
      "secret: where it is, \"env:NAME\", \"file:/PATH\" or \"command: WORDS\"" },
    { 0 },
};
static const struct shape_part parts[] = {
    { "default", FORM_ONE, .types = SHAPE_TYPE(JSON_BOOL) | SHAPE_INTEGER | SHAPE_TYPE(JSON_TEXT) },
    { 0 },
};
const struct shape param_shape = { .fields = fields, .parts = parts };

const char *param_type_word(enum param_type type)
{
    return type_words[type];
}

struct param *param_find(const struct loader *l, const char *name)
{
    size_t index = id_map_find(&l->ids->params, name);
    return index == BOOK_NONE ? NULL : &l->params->list[index];
}

/* ---- values: 0, or a sentence about what is wrong in `err` ---- */

static int check_printable(const char *value, size_t max, struct err *err)
{
    size_t len = strlen(value);
    if (len > max)
        return err_set(err, ERR_LIMIT, "is longer than %zu bytes", max);
    if (!text_valid_utf8(value, len))
        return err_set(err, ERR_INVALID, "is not UTF-8");
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
            return err_set(err, ERR_INVALID, "holds a control character");
    }
    return 0;
}

static int check_identifier(const struct param *param, const char *value, struct err *err)
{
    (void)param;
    if (*value == '\0')
        return err_set(err, ERR_INVALID, "is empty, which no identifier is");
    return check_printable(value, IDENTIFIER_MAX, err);
}

static int check_integer(const struct param *param, const char *value, struct err *err)
{
    size_t sign = value[0] == '-' ? 1 : 0;
    size_t digits = strspn(value + sign, "0123456789");
    errno = 0;
    long long number = strtoll(value, NULL, 10);
    if (digits == 0 || value[sign + digits] != '\0' || errno == ERANGE)
        return err_set(err, ERR_INVALID, "is \"%s\", not an integer", value);
    if (number < param->min)
        return err_set(err, ERR_INVALID, "is %lld, less than its min %" PRId64, number, param->min);
    if (number > param->max)
        return err_set(err, ERR_INVALID, "is %lld, more than its max %" PRId64, number, param->max);
    return 0;
}

static int check_text(const struct param *param, const char *value, struct err *err)
{
    (void)param;
    return check_printable(value, PARAM_TEXT_MAX, err);
}

static int check_boolean(const struct param *param, const char *value, struct err *err)
{
    (void)param;
    if (text_equal(value, "true") || text_equal(value, "false"))
        return 0;
    return err_set(err, ERR_INVALID, "is \"%s\", not true or false", value);
}

static int check_duration(const struct param *param, const char *value, struct err *err)
{
    (void)param;
    int64_t us;
    return duration_parse(value, &us, err);
}

static int check_secret(const struct param *param, const char *value, struct err *err)
{
    (void)param;
    (void)value;
    return err_set(err, ERR_INVALID,
                   "is a secret: it comes from where the book says and stands nowhere else");
}

static const struct {
    enum json_type json; /* of a default; JSON_NULL: of none */
    int (*check)(const struct param *param, const char *value, struct err *err);
} types[] = {
    [PARAM_IDENTIFIER] = { JSON_TEXT, check_identifier },
    [PARAM_INTEGER] = { JSON_NUMBER, check_integer },
    [PARAM_TEXT] = { JSON_TEXT, check_text },
    [PARAM_BOOLEAN] = { JSON_BOOL, check_boolean },
    [PARAM_DURATION] = { JSON_TEXT, check_duration },
    [PARAM_SECRET] = { JSON_NULL, check_secret },
};
_Static_assert(ARRAY_LEN(types) == PARAM_TYPE_COUNT, "a row for each");

/* ---- declarations ---- */

/* A default as the text that the same value would have on a command line. */
static const char *default_text(struct loader *l, const struct param *param, const struct json *value)
{
    if (param->type == PARAM_SECRET) {
        load_fault(l, value, "secret \"%s\" has no default: it comes from where \"from\" says", param->name);
        return NULL;
    }
    if (value->type != types[param->type].json) {
        load_fault(l, value, "the default of %s \"%s\" is %s", type_words[param->type], param->name,
                   json_type_word(value->type));
        return NULL;
    }
    if (value->type == JSON_NUMBER && !value->integer) {
        load_fault(l, value, "the default of integer \"%s\" has a fraction", param->name);
        return NULL;
    }
    if (value->type == JSON_NUMBER)
        return arena_format(l->arena, "%" PRId64, (int64_t)value->number);
    if (value->type == JSON_BOOL)
        return value->boolean ? "true" : "false";
    return value->text;
}

static void load_default(struct loader *l, struct param *param, const struct json *value)
{
    struct err err = ERR_INIT;
    const char *text = default_text(l, param, value);
    if (!text)
        return;
    if (types[param->type].check(param, text, &err) < 0)
        load_fault(l, value, "the default of \"%s\": %s", param->name, err.message);
    else
        param->value = text;
}

/* A path is absolute: where the runner stands is nobody's business. */
static bool is_secret_source(const char *from)
{
    if (text_starts(from, "env:"))
        return is_variable(from + strlen("env:"));
    if (text_starts(from, "file:"))
        return text_starts(from + strlen("file:"), "/");
    return text_starts(from, "command:") &&
           from[strlen("command:") + strspn(from + strlen("command:"), " \t")];
}

static void load_secret(struct loader *l, struct param *param, const struct param_fields *raw)
{
    if (!raw->from)
        load_fault(l, param->source, "secret \"%s\" needs \"from\", as in \"env:NAME\"", param->name);
    else if (!is_secret_source(raw->from))
        load_fault(l, load_at(param->source, "from"),
                   "a secret comes \"from\": \"env:NAME\", \"file:/PATH\" or \"command: WORDS\"");
    else
        param->from = raw->from;
}

static void load_bounds(struct loader *l, struct param *param, const struct param_fields *raw)
{
    bool bounded = json_member(param->source, "min") || json_member(param->source, "max");
    if (bounded && param->type != PARAM_INTEGER)
        load_fault(l, load_at(param->source, json_member(param->source, "min") ? "min" : "max"),
                   "only an integer has bounds, \"%s\" is of type %s", param->name, type_words[param->type]);
    if (raw->min > raw->max)
        load_fault(l, load_at(param->source, "min"), "the min of \"%s\" is more than its max", param->name);
    param->min = raw->min;
    param->max = raw->max;
}

static void load_param(struct loader *l, struct param *param, const struct json *source)
{
    struct param_fields raw = { .type = -1, .min = INT64_MIN, .max = INT64_MAX };
    const char *what = arena_format(l->arena, "param \"%s\"", source->key);
    param->name = source->key;
    param->source = source;
    if (!load_fields(l, source, fields, &raw, what) || raw.type < 0) {
        param->used = true; /* no second fault about it */
        return;
    }
    param->type = (enum param_type)raw.type;
    load_bounds(l, param, &raw);
    if (param->type == PARAM_SECRET)
        load_secret(l, param, &raw);
    else if (raw.from)
        load_fault(l, load_at(source, "from"), "only a secret has \"from\"");
    if (raw.fallback)
        load_default(l, param, raw.fallback);
}

/* ---- values that were given ---- */

/* Where faults of the command line stand: nowhere in the file. */
static const struct json nowhere = { .type = JSON_NULL };

static void give_value(struct loader *l, const struct book_param *given, bool *given_before)
{
    struct err err = ERR_INIT;
    size_t index = id_map_find(&l->ids->params, given->name);
    const char *by = l->params->of_check ? "with" : "--param";
    if (index == BOOK_NONE) {
        load_fault(l, &nowhere, "%s %s: no param of that name%s", by, given->name,
                   load_hint(l, given->name, l->ids->params.names, l->ids->params.count));
        return;
    }
    struct param *param = &l->params->list[index];
    if (given_before[index])
        load_fault(l, &nowhere, "%s %s: is given twice", by, given->name);
    else if (types[param->type].check(param, given->value, &err) < 0)
        load_fault(l, &nowhere, "%s %s: %s", by, given->name, err.message);
    else
        param->value = given->value;
    given_before[index] = true;
}

static const char *stand_in(struct loader *l, const struct param *param)
{
    switch (param->type) {
    case PARAM_INTEGER:
        return arena_format(l->arena, "%" PRId64, param->min == INT64_MIN ? INT64_C(1) : param->min);
    case PARAM_BOOLEAN:
        return "false";
    case PARAM_DURATION:
        return "1s";
    case PARAM_IDENTIFIER:
    case PARAM_TEXT:
    case PARAM_SECRET:
    case PARAM_TYPE_COUNT:
        break;
    }
    return arena_format(l->arena, "<%.60s>", param->name);
}

/* A default that was refused has its fault; a param with neither default nor value gets one here. */
static void require_values(struct loader *l, const bool *given)
{
    for (size_t i = 0; i < l->params->count; i++) {
        struct param *param = &l->params->list[i];
        if (param->value || given[i] || param->type == PARAM_SECRET || json_member(param->source, "default"))
            continue;
        if (!json_member(param->source, "type"))
            continue;
        if (l->options->unbound && !l->params->of_check) {
            param->value = stand_in(l, param);
            param->stands_in = true;
        } else if (l->params->of_check)
            load_fault(l, &nowhere, "param \"%s\" has no default: give it in \"with\"", param->name);
        else
            load_fault(l, param->source, "param \"%s\" has no default: give it with --param %s=...",
                       param->name, param->name);
    }
}

static bool was_rehearsed(const struct book_options *options, const struct param_value *param)
{
    for (size_t i = 0; i < options->rehearsed_param_count; i++) {
        if (text_equal(options->rehearsed_params[i].name, param->name))
            return text_equal(options->rehearsed_params[i].value, param->value);
    }
    return false;
}

/* A secret has no value that could be another one. */
static void tell_rehearsed(struct loader *l)
{
    struct book *book = l->book;
    const char *names = NULL;
    for (size_t i = 0; i < book->param_count && l->options->rehearsed_params; i++) {
        const struct param_value *param = &book->params[i];
        if (param->value && !was_rehearsed(l->options, param))
            names = names ? arena_format(l->arena, "%s, %s", names, param->name) : param->name;
    }
    book->rehearsed_otherwise = names;
}

static void tell_values(struct loader *l, const bool *given)
{
    struct book *book = l->book;
    book->param_count = l->params->count;
    book->params = arena_array(l->arena, book->param_count + 1, sizeof(*book->params));
    for (size_t i = 0; i < book->param_count; i++) {
        const struct param *param = &l->params->list[i];
        book->params[i] = (struct param_value){
            .name = param->name, .type = type_words[param->type], .value = param->value, .from = param->from
        };
        book->params[i].stands_in = !given[i] && param->value && !json_member(param->source, "default");
    }
    tell_rehearsed(l);
}

void load_params(struct loader *l, const struct json *params)
{
    size_t count = load_count(params);
    l->params->count = count;
    l->params->list = arena_array(l->arena, count + 1, sizeof(*l->params->list));
    id_map_init(&l->ids->params, l->arena, count);
    for (size_t i = 0; i < count; i++) {
        load_id(l, &params->items[i], &l->ids->params, "param", params->items[i].key, i);
        load_param(l, &l->params->list[i], &params->items[i]);
    }
    bool *given = arena_array(l->arena, count + 1, sizeof(*given));
    for (size_t i = 0; i < l->options->param_count; i++)
        give_value(l, &l->options->params[i], given);
    require_values(l, given);
    if (!l->params->of_check)
        tell_values(l, given);
}

void load_params_unused(struct loader *l)
{
    for (size_t i = 0; i < l->params->count; i++) {
        const struct param *param = &l->params->list[i];
        if (!param->used)
            load_fault(l, param->source, "param \"%s\" is never used", param->name);
    }
}
