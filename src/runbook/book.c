#include "load.h"
#include "param.h"
#include "shape.h"

#include <assert.h>
#include <string.h>

/* All texts of a book together, after its params were put in. */
#define RESOLVED_TOTAL_MAX (8 * JSON_MAX_BYTES)

struct book_fields {
    const char *schema;
    int64_t format;
    const char *id, *title, *summary;
    const struct json *described; /* the parts that are only shown: looked at in describe.c */
    const struct json *window, *params, *targets, *tools, *roles, *communications, *monitors, *triggers,
        *phases, *ignored, *rehearsal;
};

#define DESCRIBED offsetof(struct book_fields, described)

static const struct json_field fields[] = {
    { "$schema", JSON_FIELD_TEXT, offsetof(struct book_fields, schema), 0, NULL, 0, 0, "for editors" },
    { "tminus", JSON_FIELD_INTEGER, offsetof(struct book_fields, format), JSON_REQUIRED, NULL, BOOK_FORMAT,
      BOOK_FORMAT, "the version of this format" },
    { "id", JSON_FIELD_ID, offsetof(struct book_fields, id), JSON_REQUIRED, NULL, 0, 0, "of the book" },
    { "title", JSON_FIELD_TEXT, offsetof(struct book_fields, title), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0,
      0, "one line for the operator" },
    { "summary", JSON_FIELD_TEXT, offsetof(struct book_fields, summary), 0, NULL, 0, 0, "what it does" },
    { "strategy", JSON_FIELD_OBJECT, DESCRIBED, 0, NULL, 0, 0, "how, and why so" },
    { "environment", JSON_FIELD_OBJECT, DESCRIBED, 0, NULL, 0, 0, "what it was written for" },
    { "objectives", JSON_FIELD_OBJECT, DESCRIBED, 0, NULL, 0, 0, "downtime, time to recovery, data at risk" },
    { "window", JSON_FIELD_OBJECT, offsetof(struct book_fields, window), 0, NULL, 0, 0,
      "how long it may take in all" },
    { "params", JSON_FIELD_OBJECT, offsetof(struct book_fields, params), 0, NULL, 0, 0,
      "what differs from place to place; used as ${name}" },
    { "targets", JSON_FIELD_OBJECT, offsetof(struct book_fields, targets), 0, NULL, 0, 0,
      "the servers, by the names that the steps use" },
    { "tools", JSON_FIELD_OBJECT, offsetof(struct book_fields, tools), 0, NULL, 0, 0,
      "programs that must and must not be there" },
    { "roles", JSON_FIELD_OBJECT, offsetof(struct book_fields, roles), 0, NULL, 0, 0, "who takes part" },
    { "monitors", JSON_FIELD_ARRAY, offsetof(struct book_fields, monitors), 0, NULL, 0, 0,
      "what is watched all the time" },
    { "triggers", JSON_FIELD_ARRAY, offsetof(struct book_fields, triggers), 0, NULL, 0, 0,
      "what holds the run by itself" },
    { "phases", JSON_FIELD_ARRAY, offsetof(struct book_fields, phases), JSON_REQUIRED | JSON_NONEMPTY, NULL,
      0, 0, "in order" },
    { "rehearsal", JSON_FIELD_OBJECT, offsetof(struct book_fields, rehearsal), 0, NULL, 0, 0,
      "how it is rehearsed, and whether it has to be" },
    { "communications", JSON_FIELD_OBJECT, offsetof(struct book_fields, communications), 0, NULL, 0, 0,
      "what is told to whom" },
    { "risks", JSON_FIELD_ARRAY, DESCRIBED, 0, NULL, 0, 0, "what may go wrong" },
    { "postmortem", JSON_FIELD_ARRAY, DESCRIBED, 0, NULL, 0, 0, "what to ask afterwards" },
    { "ignore", JSON_FIELD_ARRAY, offsetof(struct book_fields, ignored), JSON_NONEMPTY, NULL, 0, 0,
      "what the checker says of the book and is right all the same" },
    { 0 },
};

struct window_fields {
    int64_t length_us;
    int64_t margin_us;
};

static const struct json_field window_rows[] = {
    { "length", JSON_FIELD_DURATION, offsetof(struct window_fields, length_us), JSON_REQUIRED, NULL, 0, 0,
      "from the first step to the end" },
    { "margin", JSON_FIELD_DURATION, offsetof(struct window_fields, margin_us), 0, NULL, 0, 0,
      "what has to be left after a rollback" },
    { 0 },
};

static const struct shape window_shape = { .fields = window_rows };
static const struct json_field question = { "postmortem", JSON_FIELD_TEXT, 0, 0, NULL, 0, 0, "a question" };

static const struct shape_part parts[] = {
    { "strategy", FORM_ONE, .shape = &strategy_shape, .shown = true },
    { "environment", FORM_ONE, .shape = &environment_shape, .shown = true },
    { "objectives", FORM_ONE, .shape = &objectives_shape, .shown = true },
    { "window", FORM_ONE, .shape = &window_shape },
    { "params", FORM_MAP, .shape = &param_shape, .keys = SHAPE_ID },
    { "targets", FORM_MAP, .shape = &target_shape, .keys = SHAPE_ID },
    { "tools", FORM_ONE, .shape = &tools_shape },
    { "roles", FORM_MAP, .shape = &role_shape, .keys = SHAPE_ID },
    { "monitors", FORM_LIST, .shape = &monitor_shape },
    { "triggers", FORM_LIST, .shape = &trigger_shape },
    { "phases", FORM_LIST, .shape = &phase_shape },
    { "rehearsal", FORM_ONE, .shape = &rehearsal_shape },
    { "communications", FORM_MAP, .shape = &notice_shape, .keys = SHAPE_ID },
    { "risks", FORM_LIST, .shape = &risk_shape, .shown = true },
    { "postmortem", FORM_LIST, .item = &question, .shown = true },
    { "ignore", FORM_LIST, .shape = &ignored_shape },
    { 0 },
};

const struct shape book_shape = { .fields = fields, .parts = parts };

static void load_window(struct loader *l, const struct json *source)
{
    struct window_fields raw = { 0 };
    if (!source || !load_fields(l, source, window_rows, &raw, "window"))
        return;
    l->book->window_us = raw.length_us;
    l->book->margin_us = raw.margin_us;
    if (raw.length_us <= raw.margin_us)
        load_fault(l, load_at(source, raw.length_us > 0 ? "margin" : "length"),
                   "the window has to be longer than its margin");
}

static void load_head(struct loader *l, const struct json *root, const struct book_fields *raw)
{
    l->book->id = raw->id;
    l->book->title = resolve(l, load_at(root, "title"), raw->title, LAND_LINE);
    l->book->summary = resolve(l, load_at(root, "summary"), raw->summary, LAND_TEXT);
    l->book->source = root;
    l->book->ignored_count = load_ignored(l, raw->ignored, &l->book->ignored);
}

/* Names before what refers to them; params before the texts that hold them. */
static void load_all(struct loader *l, const struct json *root)
{
    struct book_fields raw = { 0 };
    load_fields(l, root, fields, &raw, "book");
    load_params(l, raw.params);
    load_head(l, root, &raw);
    load_window(l, raw.window);
    load_targets(l, raw.targets);
    load_roles(l, raw.roles);
    load_communications(l, raw.communications);
    load_monitors(l, raw.monitors);
    load_triggers(l, raw.triggers);
    load_rehearsal(l, raw.rehearsal);
    load_phases(l, raw.phases);
    load_communications_unsent(l);
    load_tools(l, raw.tools);
    check_forbidden_tools(l);
    load_descriptions(l, root);
    if (raw.phases) /* else all of them would be unused */
        load_params_unused(l);
}

/* In the order of the file, and those of one place in the order in which they were found. */
static void sort_faults(struct json_faults *faults)
{
    for (size_t i = 1; i < faults->count; i++) {
        struct json_fault fault = faults->list[i];
        size_t at = i;
        for (; at > 0; at--) {
            const struct json_fault *before = &faults->list[at - 1];
            if (before->line < fault.line || (before->line == fault.line && before->column <= fault.column))
                break;
            faults->list[at] = *before;
        }
        faults->list[at] = fault;
    }
}

static bool has_faults(const struct json_faults *faults)
{
    return faults && faults->count > 0;
}

const struct book *book_load(struct arena *arena, const char *path, const char *text, size_t len,
                             const struct book_options *options, struct json_faults *faults,
                             struct json_faults *target_faults)
{
    static const struct book_options no_options = { 0 };
    struct params params = { 0 };
    struct loader l = { .arena = arena,
                        .faults = faults,
                        .options = options ? options : &no_options,
                        .book = arena_alloc(arena, sizeof(struct book)),
                        .ids = arena_alloc(arena, sizeof(struct book_ids)),
                        .params = &params,
                        .resolved_left = RESOLVED_TOTAL_MAX };
    const struct json *root = json_parse(arena, text, len, faults);
    if (!root)
        return NULL;
    l.book->path = arena_text(arena, path);
    l.book->unrehearsed = arena_text(arena, l.options->unrehearsed);
    l.book->ids = l.ids;
    load_all(&l, root);
    if (l.options->targets_text) {
        assert(target_faults);
        load_targets_file(&l, target_faults);
        sort_faults(target_faults);
    }
    sort_faults(faults);
    return has_faults(faults) || has_faults(target_faults) ? NULL : l.book;
}

size_t book_find_step(const struct book *book, const char *id)
{
    return id_map_find(&book->ids->steps, id);
}

size_t book_find_gate(const struct book *book, const char *id)
{
    return id_map_find(&book->ids->gates, id);
}

size_t book_find_role(const struct book *book, const char *id)
{
    return id_map_find(&book->ids->roles, id);
}

size_t book_find_monitor(const struct book *book, const char *id)
{
    return id_map_find(&book->ids->monitors, id);
}

size_t book_find_target(const struct book *book, const char *id)
{
    return id_map_find(&book->ids->targets, id);
}

size_t book_find_trigger(const struct book *book, const char *id)
{
    return id_map_find(&book->ids->triggers, id);
}

const struct step *book_work(const struct book *book, size_t step, size_t entry)
{
    return entry == 0 ? &book->steps[step] : &book->steps[step].rollback[entry - 1];
}

const struct step *book_find_work(const struct book *book, const char *id, int64_t entry)
{
    size_t step = id != NULL ? book_find_step(book, id) : BOOK_NONE;
    if (step == BOOK_NONE || entry < 0 || (uint64_t)entry > book->steps[step].rollback_count)
        return NULL;
    return book_work(book, step, (size_t)entry);
}
