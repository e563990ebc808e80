/* Where statements are sent, and where they stand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "script.h"

/* ---- servers ---- */

static const char *const dialects[TARGET_ENGINE_COUNT] = { "postgresql", "mysql", "mariadb" };

/* How far the nearest series that fits a constraint is from the one that it names: "<15" never is 15. */
static long distance(const char *version)
{
    if (version[0] == '\0' || version[1] == '=' || strchr(version, '.'))
        return 0;
    return version[0] == '<' ? -1 : version[0] == '>' ? 1 : 0;
}

static bool parse(enum target_engine engine, const char *version, struct sql_server *ret)
{
    char text[80];
    long off = version && engine == ENGINE_POSTGRESQL ? distance(version) : 0;
    const char *named = version ? version + strspn(version, "<>= ") : NULL;
    int len = !named ? snprintf(text, sizeof(text), "%s", dialects[engine])
              : off != 0
                  ? snprintf(text, sizeof(text), "%s@%ld", dialects[engine], strtol(named, NULL, 10) + off)
                  : snprintf(text, sizeof(text), "%s@%s", dialects[engine], named);
    return len > 0 && (size_t)len < sizeof(text) && sql_server_parse(text, ret, NULL) == 0;
}

void server_of_engine(const struct book *book, enum target_engine engine, struct sql_server *ret)
{
    const struct json *environment = json_member(book->source, "environment");
    const struct json *said = json_member(environment, "engine");
    const struct json *version = json_member(environment, "version");
    if (said && version && text_equal(said->text, dialects[engine]) && parse(engine, version->text, ret))
        return;
    if (!parse(engine, NULL, ret))
        *ret = (struct sql_server){ .dialect = SQL_POSTGRESQL, .version = 150000 };
}

void check_server(const struct book *book, size_t target, struct sql_server *ret)
{
    const struct target *def = target != BOOK_NONE ? &book->targets[target] : NULL;
    if (!def || !def->version || !parse(def->engine, def->version, ret))
        server_of_engine(book, def ? def->engine : ENGINE_POSTGRESQL, ret);
}

/* ---- places ---- */

void script_judged(struct script *script, const struct sql_script *judged)
{
    size_t at = 0;
    for (size_t i = 0; i < judged->count; i++) {
        for (; at + 1 < script->count && script->texts[at + 1].line <= judged->statements[i].line; at++)
            script->texts[at + 1].first = i;
        script->texts[at].count++;
    }
}

/* A copy in which what stands for a value is one word of the same length, so that all has its place. */
static char *without_params(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);
    for (char *at = copy; (at = strstr(at, "${")) != NULL;) {
        bool is_escape = at > copy && at[-1] == '$';
        size_t len = is_escape ? 2 : strcspn(at, "}");
        if (at[len] == '\0')
            break;
        memset(is_escape ? at - 1 : at, 'x', len + 1);
        at += len;
    }
    return copy;
}

/* The columns of the statements of a text that stands in one line of the book, as all of its texts do. NULL:
 * the book is not there to look at, or its values are statements themselves. */
static const int *columns_of(struct checking *c, const struct sql_server *server, const struct text *text)
{
    const char *written =
        text->where->type == JSON_TEXT ? written_at(c, text->where->line, text->where->column) : NULL;
    if (!written || strlen(text->where->text) < text->skip)
        return NULL;
    const char *sql = without_params(c->arena, text->where->text) + text->skip;
    const size_t *begins;
    size_t count = sql_split(c->arena, server, sql, &begins), at = 0, read = 0;
    int *columns = arena_array(c->arena, count + 1, sizeof(*columns));
    for (size_t i = 0; count == text->count && i < count; i++) {
        at += json_written(written + 1 + at, text->skip + begins[i] - read);
        read = text->skip + begins[i];
        columns[i] = text->where->column + 1 + (int)at;
    }
    return count == text->count ? columns : NULL;
}

/* As the book's path is given, so that a compiler's line can be clicked. */
static const char *beside(struct checking *c, const char *name)
{
    const char *slash = name[0] == '/' ? NULL : strrchr(c->book->path, '/');
    return slash ? arena_format(c->arena, "%.*s/%s", (int)(slash - c->book->path), c->book->path, name)
                 : name;
}

void place_in_file(struct checking *c, struct place *place, const char *name, const char *text, size_t at)
{
    *place = (struct place){ beside(c, name), 1, 1, place->phase, place->work };
    for (size_t i = 0; i < at; i++) {
        place->line += text[i] == '\n';
        place->column = text[i] == '\n' ? 1 : place->column + 1;
    }
}

struct place at_statement(struct checking *c, const struct statement *of)
{
    const struct script *script = of->script;
    const struct sql_statement *statement = &of->judged->statements[of->index];
    struct place place = at_work(of->work);
    size_t at = 0;
    while (at + 1 < script->count && of->index >= script->texts[at].first + script->texts[at].count)
        at++;
    struct text *text = &script->texts[at];
    if (text->where) {
        place.line = text->where->line;
        place.column = text->where->column;
    }
    if (text->file) {
        place.file = beside(c, text->file);
        place.line = statement->line - text->line + 1;
        place.column = statement->column;
    } else if (text->where && text->count > 1) {
        text->columns = text->columns ? text->columns : columns_of(c, of->server, text);
        place.column = text->columns ? text->columns[of->index - text->first] : place.column;
    }
    return place;
}
