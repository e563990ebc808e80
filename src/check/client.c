/* Programs that are given SQL by their arguments: psql, mysql, mariadb. What a shell or another machine makes
 * of its text is not guessed. */
#include "client.h"

#include <string.h>

#include "base/text.h"
#include "psql.h"

/* ---- which program, and what it is given ---- */

/* An option is known by its letter, or by its name down to as many letters as are its own. */
struct option {
    char letter;
    const char *name;
    size_t least;
};

static const struct program {
    const char *name;
    enum target_engine engine;
    const char *takes; /* letters whose value follows; of those in `attached` only at once */
    const char *attached;
    struct option sql, file, single;
} programs[] = {
    { "psql",
      ENGINE_POSTGRESQL,
      "cdfFhLopPRTUv",
      "",
      { 'c', "command", 2 },
      { 'f', "file", 3 },
      { '1', "single-transaction", 8 } },
    { "mysql", ENGINE_MYSQL, "ehuPDSO", "p#", { 'e', "execute", 3 }, { 0 }, { 0 } },
    { "mariadb", ENGINE_MARIADB, "ehuPDSO", "p#", { 'e', "execute", 3 }, { 0 }, { 0 } },
};

/* These hand the arguments on as they are. */
static const char *const hand_on[] = { "chroot", "docker", "env",  "ionice",  "kubectl", "nice",
                                       "nohup",  "podman", "sudo", "setpriv", "stdbuf",  "timeout" };

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const struct program *program_of(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
        if (text_equal(last_part(path), programs[i].name))
            return &programs[i];
    }
    return NULL;
}

static bool hands_on(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(hand_on); i++) {
        if (text_equal(last_part(path), hand_on[i]))
            return true;
    }
    return false;
}

/* The arguments of a program while they are read. */
struct reading {
    struct checking *c;
    const struct step *work;
    const struct program *program;
    const struct json *argv; /* in the book */
    struct client *client;
    bool single;
    size_t count;
    struct part *parts;
};

static const struct json *argument_at(const struct json *argv, size_t index)
{
    return argv && argv->type == JSON_ARRAY && index < argv->count ? &argv->items[index] : NULL;
}

static void not_judged(struct reading *r, size_t argument, const char *why)
{
    const struct json *at = argument_at(r->argv, argument);
    if (r->client->not_judged)
        return;
    r->client->not_judged = why;
    r->client->at_not_judged = at_work(r->work);
    if (at) {
        r->client->at_not_judged.line = at->line;
        r->client->at_not_judged.column = at->column;
    }
}

static bool is_of_client(const struct program *program, const char *sql)
{
    sql += strspn(sql, " \t\r\n");
    return sql[0] == '\\' ||
           (program->engine != ENGINE_POSTGRESQL && (text_starts(sql, "source ") || strstr(sql, "\\.")));
}

/* A text of statements, behind the first `skip` bytes of an argument. */
static void take_sql(struct reading *r, size_t argument, size_t skip)
{
    const char *sql = r->work->argv[argument] + skip;
    if (is_of_client(r->program, sql)) {
        not_judged(r, argument, "it is a command of the program's own");
        return;
    }
    r->parts[r->count++] = (struct part){ filled(r->c, r->work, sql, FILL_IN_TEXT),
                                          { .where = argument_at(r->argv, argument), .skip = skip } };
}

static const char *path_of(struct reading *r, const char *name)
{
    const char *directory = r->work->directory;
    return directory && name[0] != '/' ? arena_format(r->c->arena, "%s/%s", directory, name) : name;
}

static void take_file(struct reading *r, size_t argument, const char *name)
{
    const struct check_options *options = r->c->options;
    const char *path = path_of(r, name), *why = "nobody reads files here";
    const char *text = NULL;
    struct psql_file file;
    if (text_equal(name, "-"))
        why = "it is read from the standard input";
    else if (options->read)
        text = options->read(options->data, path, &why);
    if (!text) {
        not_judged(r, argument, why);
        return;
    }
    psql_read(r->c->arena, text, &file);
    if (file.not_judged && !r->client->not_judged) {
        not_judged(r, argument, file.not_judged);
        place_in_file(r->c, &r->client->at_not_judged, path, text, file.at);
    }
    if (file.sql)
        r->parts[r->count++] =
            (struct part){ file.sql, { .where = argument_at(r->argv, argument), .file = path } };
}

static bool is_option(const struct option *option, const char *name, size_t len)
{
    return option->name && len >= option->least && len <= strlen(option->name) &&
           strncmp(option->name, name, len) == 0;
}

/* "--command=..." or the argument behind it. Returns the last argument that it is. */
static size_t take_long(struct reading *r, size_t at)
{
    const char *name = r->work->argv[at] + 2;
    size_t len = strcspn(name, "="), skip = name[len] ? 2 + len + 1 : 0;
    size_t value = skip > 0 ? at : at + 1;
    if (is_option(&r->program->single, name, len)) {
        r->single = true;
        return at;
    }
    bool sql = is_option(&r->program->sql, name, len), file = is_option(&r->program->file, name, len);
    if ((!sql && !file) || value >= r->work->argv_count)
        return at;
    if (sql)
        take_sql(r, value, skip);
    else
        take_file(r, value, r->work->argv[value] + skip);
    return value;
}

/* "-Atc", with the value in the same argument or in the next. */
static size_t take_letters(struct reading *r, size_t at)
{
    const char *letters = r->work->argv[at];
    for (size_t i = 1; letters[i]; i++) {
        r->single = r->single || letters[i] == r->program->single.letter;
        if (strchr(r->program->attached, letters[i]))
            return at;
        if (!strchr(r->program->takes, letters[i]))
            continue;
        size_t skip = letters[i + 1] ? i + 1 : 0, value = skip > 0 ? at : at + 1;
        if (value < r->work->argv_count && letters[i] == r->program->sql.letter)
            take_sql(r, value, skip);
        else if (value < r->work->argv_count && letters[i] == r->program->file.letter)
            take_file(r, value, r->work->argv[value] + skip);
        return value;
    }
    return at;
}

static void take_arguments(struct reading *r, size_t first)
{
    for (size_t i = first; i < r->work->argv_count && !text_equal(r->work->argv[i], "--"); i++) {
        if (text_starts(r->work->argv[i], "--"))
            i = take_long(r, i);
        else if (text_starts(r->work->argv[i], "-"))
            i = take_letters(r, i);
    }
}

/* Each text alone, unless all are one transaction: a text of several is a transaction to PostgreSQL, the
 * statements of a file are not; nor are any of MySQL's, which commit by themselves. */
static struct scripts scripts_in(struct reading *r)
{
    struct scripts scripts = { .count = r->single && r->count > 0 ? 1 : r->count };
    scripts.list = arena_array(r->c->arena, scripts.count + 1, sizeof(*scripts.list));
    if (r->single && r->count > 0)
        scripts.list[0] = script_of(r->c, r->parts, r->count, true);
    for (size_t i = 0; !r->single && i < r->count; i++) {
        const struct part *part = &r->parts[i];
        bool transaction =
            !part->text.file && r->program->engine == ENGINE_POSTGRESQL && sql_is_several(part->sql);
        scripts.list[i] = script_of(r->c, part, 1, transaction);
    }
    return scripts;
}

/* ---- texts that others read ---- */

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

/* The program that a text calls; NULL. */
static const struct program *named_in(const char *text)
{
    char name[16];
    while (*text) {
        size_t len = strspn(text, NAME_BYTES);
        const struct program *program = NULL;
        if (len > 0 && len < sizeof(name) && text[len] != '/') {
            memcpy(name, text, len);
            name[len] = '\0';
            program = program_of(name);
        }
        if (program)
            return program;
        text += len > 0 ? len : 1;
    }
    return NULL;
}

static bool gives_sql(const char *text)
{
    static const char *const signs[] = { "-c", "-e", "-f", "-A", "-q", "-X", "<", "|" };
    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (says(text, signs[i]))
            return true;
    }
    return false;
}

static bool is_called_by_other(struct reading *r)
{
    const struct step *work = r->work;
    size_t named = 1;
    while (named < work->argv_count && !named_in(work->argv[named]))
        named++;
    for (size_t i = named; i < work->argv_count; i++) {
        if (!gives_sql(work->argv[i]))
            continue;
        r->program = named_in(work->argv[named]);
        not_judged(r, named, arena_format(r->c->arena, "%s reads it first", last_part(work->argv[0])));
        return true;
    }
    return false;
}

bool client_of(struct checking *c, const struct step *work, struct client *ret)
{
    struct reading r = { .c = c, .work = work, .client = ret };
    size_t at = 0;
    *ret = (struct client){ 0 };
    if (work->kind != STEP_COMMAND || work->argv_count == 0)
        return false;
    r.argv = json_member(source_of(c, work), "argv");
    r.parts = arena_array(c->arena, work->argv_count, sizeof(*r.parts));
    while (at < work->argv_count && !program_of(work->argv[at]) && hands_on(work->argv[0]))
        at++;
    r.program = at < work->argv_count ? program_of(work->argv[at]) : NULL;
    if (r.program)
        take_arguments(&r, at + 1);
    else if (!is_called_by_other(&r))
        return false;
    ret->program = r.program->name;
    ret->engine = r.program->engine;
    ret->scripts = scripts_in(&r);
    return true;
}
