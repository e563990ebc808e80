#include "step.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "param.h"

/* A ready-made check: a file with a question, and params of its own. */
struct fragment_fields {
    const char *title;
    const char *instructions;
    struct json_texts engine;
    const struct json *params;
    const struct json *sense;
    int64_t freshness_us;
};

static const struct json_field fields[] = {
    { "title", JSON_FIELD_TEXT, offsetof(struct fragment_fields, title), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "one line for the operator" },
    { "instructions", JSON_FIELD_TEXT, offsetof(struct fragment_fields, instructions),
      JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0, "what it means, and what to do when it does not hold" },
    { "engine", JSON_FIELD_TEXTS, offsetof(struct fragment_fields, engine), JSON_REQUIRED | JSON_NONEMPTY,
      NULL, 0, 0, "what server it asks, or which ones it can ask" },
    { "params", JSON_FIELD_OBJECT, offsetof(struct fragment_fields, params), 0, NULL, 0, 0,
      "what \"with\" can set" },
    { "sense", JSON_FIELD_OBJECT, offsetof(struct fragment_fields, sense), JSON_REQUIRED, NULL, 0, 0,
      "the question" },
    { "freshness", JSON_FIELD_DURATION, offsetof(struct fragment_fields, freshness_us), 0, NULL, 0, 0,
      "how old an answer may be" },
    { 0 },
};

/* What "with" says, as on a command line. */
static void take_values(struct loader *l, const struct json *with, struct book_options *options)
{
    size_t count = load_count(with);
    struct book_param *params = arena_array(l->arena, count + 1, sizeof(*params));
    for (size_t i = 0; i < count; i++) {
        const struct json *item = &with->items[i];
        const char *value = item->type == JSON_TEXT   ? resolve(l, item, item->text, LAND_ARGUMENT)
                            : item->type == JSON_BOOL ? (item->boolean ? "true" : "false")
                            : item->type == JSON_NUMBER && item->integer
                                ? arena_format(l->arena, "%" PRId64, (int64_t)item->number)
                                : NULL;
        if (item->type == JSON_TEXT)
            refuse_later(l, item, item->text);
        if (!value)
            load_fault(l, item, "\"%s\" is a text, an integer, true or false", item->key);
        else
            params[options->param_count++] = (struct book_param){ item->key, value };
    }
    options->params = params;
}

static int engine_named(const char *word)
{
    for (int i = 0; i < TARGET_ENGINE_COUNT; i++) {
        if (text_equal(target_engine_words[i], word))
            return i;
    }
    return -1;
}

/* "mysql or mariadb" */
static const char *engines_text(struct loader *l, const struct json_texts *engines)
{
    const char *text = engines->list[0];
    for (size_t i = 1; i < engines->count; i++)
        text = arena_format(l->arena, "%s or %s", text, engines->list[i]);
    return text;
}

/* Whether the target is one of those that it can ask. */
static bool check_engines(struct loader *l, const struct json *root, const struct json_texts *engines,
                          enum target_engine asked)
{
    const struct json *where = load_at(root, "engine");
    bool fits = false, known = true;
    for (size_t i = 0; i < engines->count; i++) {
        int engine = engine_named(engines->list[i]);
        fits = fits || engine == (int)asked;
        known = known && engine >= 0;
    }
    if (!known)
        load_fault(l, where, "an engine is postgresql, mysql or mariadb");
    else if (!fits)
        load_fault(l, root, "it asks %s, and the target is %s", engines_text(l, engines),
                   target_engine_words[asked]);
    return known && fits;
}

static void build_fragment(struct loader *l, const struct json *root, const struct fragment_fields *raw,
                           struct step *step)
{
    load_params(l, raw->params);
    step->title = resolve(l, load_at(root, "title"), raw->title, LAND_LINE);
    step->instructions = resolve(l, load_at(root, "instructions"), raw->instructions, LAND_TEXT);
    if (raw->sense)
        step->query = load_query(l, raw->sense, "sense", step->target);
    step->freshness_us = raw->freshness_us;
    if (step->target != BOOK_NONE && raw->engine.count > 0 &&
        check_engines(l, root, &raw->engine, l->book->targets[step->target].engine) && raw->sense)
        load_truth(l, raw->sense, &step->query);
    load_params_unused(l);
}

/* With the fragment's own params in the place of the book's, and its faults told where it is used. */
static void load_fragment(struct loader *l, const char *text, const struct json *with, struct step *step,
                          struct json_faults *faults)
{
    struct book_options options = { 0 };
    struct params own = { .of_check = true };
    struct fragment_fields raw = { .freshness_us = MINUTE_US };
    take_values(l, with, &options);
    struct loader outer = *l;
    struct id_map outer_names = l->ids->params;
    size_t later_count = l->book->later_count;
    l->faults = faults;
    l->options = &options;
    l->params = &own;
    l->book->later_count = 0;
    const struct json *root = json_parse(l->arena, text, strlen(text), faults);
    if (root && load_fields(l, root, fields, &raw, "check"))
        build_fragment(l, root, &raw, step);
    l->book->later_count = later_count;
    l->ids->params = outer_names;
    l->params = outer.params;
    l->options = outer.options;
    l->faults = outer.faults;
}

void load_use(struct loader *l, const struct json *source, const char *name, const struct json *with,
              struct step *step)
{
    const struct json *where = load_at(source, "use");
    const char *text = load_file(l, where, arena_format(l->arena, "checks/%s.json", name));
    struct json_faults *faults = arena_alloc(l->arena, sizeof(*faults));
    if (!text)
        return;
    json_faults_init(faults, l->arena);
    load_fragment(l, text, with, step, faults);
    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->list[i];
        if (fault->line > 0)
            load_fault(l, where, "checks/%s.json:%d:%d: %s", name, fault->line, fault->column,
                       fault->message);
        else
            load_fault(l, load_at(source, "with"), "%s", fault->message);
    }
}
