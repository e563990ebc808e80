#include "sql_place.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SCRIPT_MAX ((size_t)16 * 1024 * 1024)

/* ---- servers ---- */

static const char *const dialects[TARGET_ENGINE_COUNT] = { "postgresql", "mysql", "mariadb" };

static bool parse(enum target_engine engine, const char *version, struct sql_server *ret)
{
    char text[80];
    size_t skip = version ? strspn(version, "<>= ") : 0;
    int len = version ? snprintf(text, sizeof(text), "%s@%s", dialects[engine], version + skip)
                      : snprintf(text, sizeof(text), "%s", dialects[engine]);
    return len > 0 && (size_t)len < sizeof(text) && sql_server_parse(text, ret, NULL) == 0;
}

void check_server(const struct book *book, size_t target, struct sql_server *ret)
{
    static const struct target unknown = { .engine = ENGINE_POSTGRESQL };
    const struct target *def = target != BOOK_NONE ? &book->targets[target] : &unknown;
    const struct json *environment = json_member(book->source, "environment");
    const struct json *engine = json_member(environment, "engine");
    const struct json *version = json_member(environment, "version");
    if (def->version && parse(def->engine, def->version, ret))
        return;
    if (engine && version && text_equal(engine->text, dialects[def->engine]) &&
        parse(def->engine, version->text, ret))
        return;
    if (!parse(def->engine, NULL, ret))
        *ret = (struct sql_server){ .dialect = SQL_POSTGRESQL, .version = 150000 };
}

/* ---- what is known only later ---- */

static const char *stand_in(void *data, const struct later_value *later)
{
    (void)data;
    (void)later;
    return "item";
}

const char *filled(struct checking *c, const struct step *work, const char *text)
{
    const struct step *step = work->owner_step ? work->owner_step : work;
    const char *result = text;
    if (book_fill(c->book, c->arena, step->index, text, true, stand_in, NULL, &result, NULL) < 0)
        return text;
    return result;
}

/* ---- scripts ---- */

static int lines_in(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

/* Several statements in one query are a transaction to the server, whatever the step says. */
static bool is_several(const char *text)
{
    const char *end = strchr(text, ';');
    return end && end[1 + strspn(end + 1, "; \t\r\n")] != '\0';
}

/* Texts first..first+count as one script, each on a line of its own. */
static struct script joined(struct checking *c, const struct step *work, size_t first, size_t count)
{
    int *lines = arena_array(c->arena, count, sizeof(*lines));
    struct script script = { .first = first, .count = count, .lines = lines };
    struct buf buf;
    int line = 1;
    buf_init(&buf, SCRIPT_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *text = filled(c, work, work->sql[first + i]);
        lines[i] = line;
        buf_format(&buf, "%s%s", text, count > 1 ? "\n;\n" : "");
        line += lines_in(text) + 2;
    }
    script.text = arena_text(c->arena, buf_str(&buf));
    buf_finish(&buf);
    script.transaction = count > 1 || work->transaction || is_several(script.text);
    return script;
}

const struct script *scripts_of(struct checking *c, const struct step *work, size_t *ret_count)
{
    size_t count = work->sql_count == 0 ? 0 : work->transaction ? 1 : work->sql_count;
    struct script *scripts = arena_array(c->arena, count + 1, sizeof(*scripts));
    for (size_t i = 0; i < count; i++)
        scripts[i] = joined(c, work, i, work->transaction ? work->sql_count : 1);
    *ret_count = count;
    return scripts;
}

/* ---- places ---- */

/* As the book's path is given, so that a compiler's line can be clicked. */
static const char *beside(struct checking *c, const char *name)
{
    const char *slash = strrchr(c->book->path, '/');
    return slash ? arena_format(c->arena, "%.*s/%s", (int)(slash - c->book->path), c->book->path, name)
                 : name;
}

struct place at_statement(struct checking *c, const struct step *work, const struct script *script,
                          const struct sql_statement *statement)
{
    const struct json *source = source_of(c, work);
    const struct json *file = json_member(source, "file"), *sql = json_member(source, "sql");
    struct place place = at_field(c, work, "sql");
    size_t at = script->count;
    if (file && file->type == JSON_TEXT) {
        place.file = beside(c, file->text);
        place.line = statement->line;
        place.column = statement->column;
        return place;
    }
    while (at > 1 && script->lines[at - 1] > statement->line)
        at--;
    if (sql && sql->type == JSON_ARRAY && script->first + at - 1 < sql->count) {
        place.line = sql->items[script->first + at - 1].line;
        place.column = sql->items[script->first + at - 1].column;
    }
    return place;
}
