#include "dsn.h"
#include "load.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- as the book names them ---- */

struct target_fields {
    int engine;
    const char *version;
    int role;
    const char *of;
};

static const struct json_field fields[] = {
    { "engine", JSON_FIELD_ENUM, offsetof(struct target_fields, engine), JSON_REQUIRED, target_engine_words,
      0, 0, "what server it is" },
    { "version", JSON_FIELD_TEXT, offsetof(struct target_fields, version), JSON_NONEMPTY, NULL, 0, 0,
      "what versions the book was written for, as in \">=15\"" },
    { "role", JSON_FIELD_ENUM, offsetof(struct target_fields, role), 0, target_role_words, 0, 0,
      "whether it is written to" },
    { "of", JSON_FIELD_TEXT, offsetof(struct target_fields, of), 0, NULL, 0, 0,
      "replica: the target that it follows" },
    { 0 },
};
const struct shape target_shape = { .fields = fields };

bool is_version_constraint(const char *text)
{
    static const char *const signs[] = { "", "=", "==", "<", "<=", ">", ">=" };
    size_t sign = strspn(text, "<>=");
    bool known = false;
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        known = known || (strlen(signs[i]) == sign && strncmp(text, signs[i], sign) == 0);
    text += sign;
    size_t digits = strspn(text, "0123456789.");
    return known && digits > 0 && digits < 16 && text[digits] == '\0' && text[0] != '.' &&
           text[digits - 1] != '.';
}

/* "15" is any 15.x; "15.4" is that one. A number of the server is 150004. */
bool version_fits(const char *constraint, int version)
{
    size_t sign = strspn(constraint, "<>=");
    char *end;
    long major = strtol(constraint + sign, &end, 10);
    bool minor_said = *end == '.';
    long minor = minor_said ? strtol(end + 1, NULL, 10) : 0;
    long has = minor_said ? version : version / 10000;
    long wants = minor_said ? major * 10000 + minor : major;
    if (sign == 0 || (constraint[0] == '=' && sign <= 2))
        return has == wants;
    if (sign == 1)
        return constraint[0] == '<' ? has < wants : has > wants;
    return constraint[0] == '<' ? has <= wants : has >= wants;
}

bool target_version_fits(const struct target *target, int version)
{
    char text[32];
    if (target->version == NULL || target->engine == ENGINE_POSTGRESQL)
        return target->version == NULL || version_fits(target->version, version);
    target_version_text(target->engine, version, text);
    return tool_version_fits(target->version, text);
}

void target_version_text(enum target_engine engine, int version, char ret_text[32])
{
    if (engine == ENGINE_POSTGRESQL)
        (void)snprintf(ret_text, 32, "%d.%d", version / 10000, version % 10000);
    else
        (void)snprintf(ret_text, 32, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
}

void load_postgresql_only(struct loader *l, const struct json *where, const char *what, size_t target)
{
    if (target != BOOK_NONE && l->book->targets[target].engine != ENGINE_POSTGRESQL)
        load_fault(l, where, "%s is for postgresql in this version, and target \"%s\" is %s", what,
                   l->book->targets[target].id, target_engine_word(l->book->targets[target].engine));
}

static void load_of(struct loader *l, struct target *target, const struct json *source, const char *of)
{
    if (!of)
        return;
    if (target->role != TARGET_REPLICA)
        load_fault(l, load_at(source, "of"), "only a target with \"role\": \"replica\" is \"of\" another");
    target->of = load_reference(l, load_at(source, "of"), &l->ids->targets, "target", of);
    if (target->of != BOOK_NONE && &l->book->targets[target->of] == target)
        load_fault(l, load_at(source, "of"), "target \"%s\" follows itself", target->id);
}

static void load_target(struct loader *l, struct target *target, const struct json *source)
{
    struct target_fields raw = { .role = -1 };
    const char *what = arena_format(l->arena, "target \"%s\"", source->key);
    *target =
        (struct target){ .id = source->key, .of = BOOK_NONE, .line = source->line, .column = source->column };
    if (!load_fields(l, source, fields, &raw, what))
        return;
    target->engine = (enum target_engine)raw.engine;
    target->version = raw.version;
    target->role = (enum target_role)(raw.role + 1);
    if (raw.version && !is_version_constraint(raw.version))
        load_fault(l, load_at(source, "version"), "\"%s\" is no version, as in \"15\" or \">=15.4\"",
                   raw.version);
    load_of(l, target, source, raw.of);
}

void load_targets(struct loader *l, const struct json *targets)
{
    size_t count = load_count(targets);
    l->book->targets = arena_array(l->arena, count + 1, sizeof(*l->book->targets));
    l->book->target_count = count;
    id_map_init(&l->ids->targets, l->arena, count);
    for (size_t i = 0; i < count; i++)
        load_id(l, &targets->items[i], &l->ids->targets, "target", targets->items[i].key, i);
    for (size_t i = 0; i < count; i++)
        load_target(l, &l->book->targets[i], &targets->items[i]);
}

/* ---- as the targets file says where they are ---- */

struct place_fields {
    int engine;
    const char *dsn;
    const char *password_from;
    bool live;
};

static const struct json_field place_rows[] = {
    { "engine", JSON_FIELD_ENUM, offsetof(struct place_fields, engine), JSON_REQUIRED, target_engine_words, 0,
      0, "the same as in the book" },
    { "dsn", JSON_FIELD_TEXT, offsetof(struct place_fields, dsn), JSON_REQUIRED, NULL, 0, 0,
      "how to connect, without a password" },
    { "password_from", JSON_FIELD_TEXT, offsetof(struct place_fields, password_from), 0, NULL, 0, 0,
      "\"env:NAME\", \"file:PATH\" or \"command: ...\"" },
    { "live", JSON_FIELD_BOOL, offsetof(struct place_fields, live), 0, NULL, 0, 0,
      "people depend on it: nothing is rehearsed there" },
    { 0 },
};

static bool is_password_source(const char *text)
{
    static const char *const kinds[] = { "env:", "file:", "command:" };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (text_starts(text, kinds[i])) {
            const char *rest = text + strlen(kinds[i]);
            return rest[strspn(rest, " ")] != '\0';
        }
    }
    return false;
}

static void load_place(struct loader *l, struct target *target, const struct json *source)
{
    static int (*const check_dsn[TARGET_ENGINE_COUNT])(const char *dsn, struct err *err) = {
        [ENGINE_POSTGRESQL] = dsn_check,
        [ENGINE_MYSQL] = dsn_check_mysql,
        [ENGINE_MARIADB] = dsn_check_mysql,
    };
    struct err err = ERR_INIT;
    struct place_fields raw = { .engine = -1 };
    const char *what = arena_format(l->arena, "target \"%s\"", target->id);
    if (!load_fields(l, source, place_rows, &raw, what))
        return;
    if (raw.engine != (int)target->engine)
        load_fault(l, load_at(source, "engine"), "target \"%s\" is %s in the book", target->id,
                   target_engine_word(target->engine));
    if (check_dsn[target->engine](raw.dsn, &err) < 0)
        load_fault(l, load_at(source, "dsn"), "the dsn of \"%s\": %s", target->id, err.message);
    if (raw.password_from && !is_password_source(raw.password_from))
        load_fault(l, load_at(source, "password_from"),
                   "a password comes from \"env:NAME\", \"file:PATH\" or \"command: ...\"");
    target->dsn = raw.dsn;
    target->password_from = raw.password_from;
    target->live = raw.live;
}

static void load_places(struct loader *l, const struct json *root)
{
    bool *seen = arena_array(l->arena, l->book->target_count + 1, sizeof(*seen));
    if (root->type != JSON_OBJECT) {
        load_fault(l, root, "a targets file is an object, this is %s", json_type_word(root->type));
        return;
    }
    for (size_t i = 0; i < root->count; i++) {
        const struct json *source = &root->items[i];
        size_t index = id_map_find(&l->ids->targets, source->key);
        if (index == BOOK_NONE) {
            const struct id_map *map = &l->ids->targets;
            json_fault_add(l->faults, source->key_line, source->key_column, "the book has no target \"%s\"%s",
                           source->key, load_hint(l, source->key, map->names, map->count));
            continue;
        }
        seen[index] = true;
        load_place(l, &l->book->targets[index], source);
    }
    for (size_t i = 0; i < l->book->target_count; i++) {
        if (!seen[i])
            load_fault(l, root, "target \"%s\" of the book is not in this file", l->book->targets[i].id);
    }
}

void load_targets_file(struct loader *l, struct json_faults *faults)
{
    struct json_faults *of_the_book = l->faults;
    l->faults = faults;
    const struct json *root = json_parse(l->arena, l->options->targets_text, l->options->targets_len, faults);
    if (root)
        load_places(l, root);
    l->faults = of_the_book;
}
