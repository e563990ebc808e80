#include <string.h>

#include "base/text.h"
#include "param.h"
#include "shape.h"
#include "step.h"

/* A program and its arguments. */
struct command_fields {
    struct step_common common;
    struct step_change change;
    struct json_texts argv;
    const struct json *env;
    const char *directory;
    int64_t timeout_us;
    int64_t grace_us;
    int capture;
    bool idempotent;
};

static const char *const capture_words[] = { "all", "none", NULL };
enum { CAPTURE_ALL, CAPTURE_NONE };

static const struct json_field fields[] = {
    STEP_COMMON_ROWS,
    STEP_CHANGE_ROWS(struct command_fields),
    { "argv", JSON_FIELD_TEXTS, offsetof(struct command_fields, argv), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "the program and its arguments; no shell unless it names one" },
    { "env", JSON_FIELD_OBJECT, offsetof(struct command_fields, env), 0, NULL, 0, 0,
      "variables that it gets besides; the only place for a secret" },
    { "directory", JSON_FIELD_TEXT, offsetof(struct command_fields, directory), JSON_NONEMPTY, NULL, 0, 0,
      "where it runs; the book's directory unless stated" },
    { "timeout", JSON_FIELD_DURATION, offsetof(struct command_fields, timeout_us), 0, NULL, 0, 0,
      "how long it may take; no limit unless stated" },
    { "grace", JSON_FIELD_DURATION, offsetof(struct command_fields, grace_us), 0, NULL, 0, 0,
      "from the request to end until it is killed; 5s unless stated" },
    { "capture", JSON_FIELD_ENUM, offsetof(struct command_fields, capture), 0, capture_words, 0, 0,
      "\"none\": what it writes is neither kept nor shown, only counted; \"all\" unless stated" },
    STEP_AGAIN_ROW(struct command_fields),
    { 0 },
};

static const struct json_field argument = {
    "argv", JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, "the program, or an argument"
};
static const struct json_field variable = { "env", JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, "its value" };
static const struct shape_part parts[] = {
    STEP_COMMON_PARTS,
    STEP_CHANGE_PARTS,
    { "argv", FORM_LIST, .item = &argument }, /* not one text, see load_argv */
    { "env", FORM_MAP, .item = &variable, .keys = SHAPE_VARIABLE },
    { 0 },
};

static const struct command_fields defaults = { .grace_us = 5 * SECOND_US };

const char *const *load_argv(struct loader *l, const struct json *source, const struct json_texts *texts)
{
    const struct json *where = load_at(source, "argv");
    const char **argv = arena_array(l->arena, texts->count + 1, sizeof(*argv));
    if (where != source && where->type == JSON_TEXT)
        load_fault(l, where, "\"argv\" is an array, one text for each argument: nothing is split at spaces");
    for (size_t i = 0; i < texts->count; i++)
        argv[i] = resolve(l, load_item(where, i), texts->list[i], LAND_ARGUMENT);
    if (texts->count > 0 && argv[0][0] == '\0')
        load_fault(l, load_item(where, 0), "the program has no name");
    return argv;
}

static struct secret_env secret_env_of(struct loader *l, const struct json *item, const struct param *secret)
{
    const char *from = secret->from ? secret->from : "env:";
    const char *label = text_starts(from, "env:") ? from + strlen("env:") : secret->name;

    return (struct secret_env){ item->key, from, arena_format(l->arena, "%.100s", label) };
}

static void load_env(struct loader *l, const struct json *source, struct step *step)
{
    size_t count = load_count(source);
    const char **env = arena_array(l->arena, count + 1, sizeof(*env));
    struct secret_env *secrets = arena_array(l->arena, count + 1, sizeof(*secrets));
    step->env = env;
    step->secrets = secrets;
    for (size_t i = 0; i < count; i++) {
        const struct json *item = &source->items[i];
        if (!is_variable(item->key))
            load_fault(l, item, "\"%s\" is no name of an environment variable", item->key);
        if (item->type != JSON_TEXT) {
            load_fault(l, item, "an environment variable is a text, this is %s", json_type_word(item->type));
            continue;
        }
        const struct param *secret = resolve_secret(l, item->text);
        if (secret)
            secrets[step->secret_count++] = secret_env_of(l, item, secret);
        else
            env[step->env_count++] =
                arena_format(l->arena, "%s=%s", item->key, resolve(l, item, item->text, LAND_ARGUMENT));
    }
}

static void build(struct loader *l, const struct json *source, const void *decoded, struct step *step)
{
    const struct command_fields *raw = decoded;
    step->argv = load_argv(l, source, &raw->argv);
    step->argv_count = raw->argv.count;
    load_env(l, raw->env, step);
    step->directory = resolve(l, load_at(source, "directory"), raw->directory, LAND_ARGUMENT);
    step->timeout_us = raw->timeout_us;
    step->grace_us = raw->grace_us;
    step->idempotent = raw->idempotent;
    step->keeps_nothing = raw->capture == CAPTURE_NONE;
    load_step_probe(l, &raw->change, step);
    load_step_change(l, source, &raw->change, step);
}

const struct step_kind_def command_kind = {
    .fields = fields,
    .size = sizeof(struct command_fields),
    .defaults = &defaults,
    .build = build,
    .parts = parts,
};
