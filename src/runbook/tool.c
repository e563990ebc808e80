#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "load.h"
#include "shape.h"

/* The programs that a book needs, and those that none of its steps may call. */

struct tools_fields {
    const struct json *required;
    struct json_texts forbidden;
};
static const struct json_field tools_rows[] = {
    { "required", JSON_FIELD_ARRAY, offsetof(struct tools_fields, required), 0, NULL, 0, 0,
      "programs that must be there when a run begins" },
    { "forbidden", JSON_FIELD_TEXTS, offsetof(struct tools_fields, forbidden), 0, NULL, 0, 0,
      "programs that no step may call" },
    { 0 },
};

struct tool_fields {
    const char *name;
    const char *version;
};
static const struct json_field tool_rows[] = {
    { "name", JSON_FIELD_TEXT, offsetof(struct tool_fields, name), JSON_REQUIRED | JSON_NONEMPTY, NULL, 0, 0,
      "of the program, as it is looked for in PATH" },
    { "version", JSON_FIELD_TEXT, offsetof(struct tool_fields, version), JSON_NONEMPTY, NULL, 0, 0,
      "what it has to say when it is called with --version, as in \">=15\"" },
    { 0 },
};

static const struct shape tool_shape = { .fields = tool_rows };
static const struct shape_part parts[] = { { "required", FORM_LIST, .shape = &tool_shape }, { 0 } };
const struct shape tools_shape = { .fields = tools_rows, .parts = parts };

/* ---- versions ---- */

bool tool_version_fits(const char *constraint, const char *version)
{
    size_t sign = strspn(constraint, "<>=");
    const char *wanted = constraint + sign;
    int order = 0; /* of the version to what is wanted, in as many parts as are wanted */
    while (order == 0 && *wanted != '\0') {
        char *wanted_end, *version_end;
        unsigned long wants = strtoul(wanted, &wanted_end, 10);
        unsigned long has = strtoul(version, &version_end, 10);
        order = has < wants ? -1 : has > wants;
        wanted = wanted_end + strspn(wanted_end, ".");
        version = version_end + strspn(version_end, ".");
    }
    if (sign == 0 || (constraint[0] == '=' && sign <= 2))
        return order == 0;
    if (sign == 1)
        return constraint[0] == '<' ? order < 0 : order > 0;
    return constraint[0] == '<' ? order <= 0 : order >= 0;
}

/* ---- what is needed ---- */

static const char *load_name(struct loader *l, const struct json *where, const char *text)
{
    const char *name = resolve(l, where, text, LAND_ARGUMENT);
    if (name && (name[0] == '\0' || strchr(name, '/') || strpbrk(name, " \t\n")))
        load_fault(l, where, "\"%s\" is no name of a program: it is looked for in PATH", name);
    return name;
}

static void load_tool(struct loader *l, const struct json *source, struct tool *tool)
{
    struct tool_fields raw = { 0 };
    if (!load_fields(l, source, tool_rows, &raw, "a required tool"))
        return;
    tool->name = load_name(l, load_at(source, "name"), raw.name);
    tool->version = resolve(l, load_at(source, "version"), raw.version, LAND_ARGUMENT);
    if (tool->version && !is_version_constraint(tool->version))
        load_fault(l, load_at(source, "version"), "\"%s\" is no version, as in \"15\" or \">=8.0.35\"",
                   tool->version);
}

static void load_forbidden(struct loader *l, const struct json *source, const struct json_texts *texts)
{
    const char **names = arena_array(l->arena, texts->count + 1, sizeof(*names));
    for (size_t i = 0; i < texts->count; i++) {
        const struct json *where = load_item(source, i);
        names[i] = load_name(l, where, texts->list[i]);
        for (size_t t = 0; t < l->book->tool_count; t++) {
            if (text_equal(l->book->tools[t].name, names[i]))
                load_fault(l, where, "\"%s\" is required as well", names[i]);
        }
    }
    l->book->forbidden = names;
    l->book->forbidden_count = texts->count;
}

/* ---- what a kind of step needs, whether the book says so or not ---- */

static const char *const osc_versions[OSC_TOOL_COUNT] = {
#define X(name, word, version) [name] = version,
    OSC_TOOLS(X)
#undef X
};

static void add_osc_tool(struct book *book, struct tool *tools, const struct step *work)
{
    const char *name = work->osc ? osc_tool_word(work->osc->tool) : NULL;
    for (size_t i = 0; name && i < book->tool_count; i++) {
        if (text_equal(tools[i].name, name))
            return;
    }
    if (name)
        tools[book->tool_count++] = (struct tool){ name, osc_versions[work->osc->tool] };
}

static void add_tools_of_steps(struct book *book, struct tool *tools)
{
    for (size_t i = 0; i < book->step_count; i++) {
        add_osc_tool(book, tools, &book->steps[i]);
        for (size_t entry = 0; entry < book->steps[i].rollback_count; entry++)
            add_osc_tool(book, tools, &book->steps[i].rollback[entry]);
    }
}

void load_tools(struct loader *l, const struct json *source)
{
    struct tools_fields raw = { 0 };
    if (source)
        (void)load_fields(l, source, tools_rows, &raw,
                          "tools"); /* what can be read is read, for its faults */
    size_t count = load_count(raw.required);
    struct tool *tools = arena_array(l->arena, count + OSC_TOOL_COUNT + 1, sizeof(*tools));
    for (size_t i = 0; i < count; i++)
        load_tool(l, &raw.required->items[i], &tools[i]);
    l->book->tools = tools;
    l->book->tool_count = count;
    if (source)
        load_forbidden(l, load_at(source, "forbidden"), &raw.forbidden);
    add_tools_of_steps(l->book, tools);
}

/* ---- what is forbidden ---- */

static bool ends_as_path(const char *word, size_t len, const char *name)
{
    for (size_t i = len; i > 0; i--) {
        if (word[i - 1] == '/') {
            word += i;
            len -= i;
            break;
        }
    }
    return strlen(name) == len && memcmp(word, name, len) == 0;
}

static bool is_shell(const char *program)
{
    static const char *const shells[] = { "sh", "bash", "dash", "ksh", "zsh" };
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (ends_as_path(program, strlen(program), shells[i]))
            return true;
    }
    return false;
}

/* Not a parser of shells: what is only said there counts as called, and what is put together does not. */
static bool has_word(const char *script, const char *name)
{
    static const char between[] = " \t\n;&|()<>`$\"'{}=";
    for (const char *at = script + strspn(script, between); *at; at += strspn(at, between)) {
        size_t len = strcspn(at, between);
        if (ends_as_path(at, len, name))
            return true;
        at += len;
    }
    return false;
}

static bool calls(const char *const *argv, size_t count, const char *name)
{
    if (count == 0 || !argv[0] || !name)
        return false;
    if (ends_as_path(argv[0], strlen(argv[0]), name))
        return true;
    for (size_t i = 1; i < count && is_shell(argv[0]); i++) {
        if (argv[i] && has_word(argv[i], name))
            return true;
    }
    return false;
}

static void check_work(struct loader *l, const struct step *work)
{
    for (size_t i = 0; i < l->book->forbidden_count; i++) {
        const char *name = l->book->forbidden[i];
        bool told = work->notice && calls(work->notice->argv, work->notice->argv_count, name);
        bool stands_in =
            work->unattended && calls(work->unattended->argv, work->unattended->argv_count, name);
        bool drives = work->osc && text_equal(osc_tool_word(work->osc->tool), name);
        if (told || stands_in || drives || calls(work->argv, work->argv_count, name))
            json_fault_add(l->faults, work->line, work->column,
                           "step \"%s\" calls %s, which this book forbids", work->id ? work->id : "", name);
    }
}

void check_forbidden_tools(struct loader *l)
{
    for (size_t i = 0; i < l->book->step_count; i++) {
        const struct step *step = &l->book->steps[i];
        check_work(l, step);
        for (size_t entry = 0; entry < step->rollback_count; entry++)
            check_work(l, &step->rollback[entry]);
    }
}
