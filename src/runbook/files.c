#include "load.h"

#include <string.h>

#include "base/text.h"

/* ---- which files a book names ---- */

struct names {
    struct arena *arena;
    const char **list;
    size_t count, room;
};

static void add(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (text_equal(names->list[i], name))
            return;
    }
    if (names->count + 1 >= names->room) {
        size_t room = names->room * 2 + 8;
        const char **list = arena_array(names->arena, room, sizeof(*list));
        for (size_t i = 0; i < names->count; i++)
            list[i] = names->list[i];
        names->list = list;
        names->room = room;
    }
    names->list[names->count++] = name;
}

/* Beside the book or below it: what stands elsewhere is another machine's tomorrow. */
static bool is_below(const char *name)
{
    if (*name == '/' || *name == '\0')
        return false;
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        if (text_starts(part, "..") && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}

/* A name that load_file refuses is left out: what is frozen and published are only files of the book. */
static void look_at_step(struct names *names, const struct json *step)
{
    const struct json *file = json_member(step, "file"), *use = json_member(step, "use");
    if (!json_member(step, "kind"))
        return;
    if (file && file->type == JSON_TEXT && is_below(file->text))
        add(names, file->text);
    const char *check =
        use && use->type == JSON_TEXT ? arena_format(names->arena, "checks/%s.json", use->text) : "";
    if (is_below(check))
        add(names, check);
}

/* Where steps stand, and nowhere else: "file" may be a variable in an "env", too. */
static void look_at_steps(struct names *names, const struct json *value)
{
    static const char *const lists[] = { "phases", "steps", "verification", "rollback" };
    for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
        const struct json *list = json_member(value, lists[k]);
        for (size_t i = 0; list && list->type == JSON_ARRAY && i < list->count; i++) {
            look_at_step(names, &list->items[i]);
            look_at_steps(names, &list->items[i]);
        }
    }
}

/* Whether the text is worth parsing for it: a key may be written with escapes. */
static bool may_name(const char *text, size_t len)
{
    static const char *const signs[] = { "\"file\"", "\"use\"", "\\u" };
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (memmem(text, len, signs[i], strlen(signs[i])))
            return true;
    }
    return false;
}

const char *const *book_files_named(struct arena *arena, const char *text, size_t len)
{
    struct names names = { .arena = arena };
    struct json_faults *faults = arena_alloc(arena, sizeof(*faults));
    json_faults_init(faults, arena);
    const struct json *root = may_name(text, len) ? json_parse(arena, text, len, faults) : NULL;
    names.list = arena_array(arena, 1, sizeof(*names.list));
    if (root)
        look_at_steps(&names, root);
    return names.list;
}

/* ---- one of them ---- */

const char *load_file(struct loader *l, const struct json *where, const char *name)
{
    if (!name)
        return NULL;
    if (!is_below(name)) {
        load_fault(l, where, "\"%s\" does not stand beside the book or below it", name);
        return NULL;
    }
    for (size_t i = 0; i < l->options->file_count; i++) {
        const struct book_file *file = &l->options->files[i];
        if (!text_equal(file->name, name))
            continue;
        if (!file->text)
            load_fault(l, where, "%s", file->why);
        return file->text;
    }
    load_fault(l, where, "the file \"%s\" was not given", name);
    return NULL;
}
