#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd.h"
#include "locks.h"

#define SCRIPT_MAX ((size_t)16 * 1024 * 1024)
#define SCHEMA_MAX ((size_t)64 * 1024 * 1024)

struct locks_options {
    const char *engine, *schema, *format; /* the schema may be NULL */
    const char *file;                     /* "-" is standard input, also as the schema */
    struct sql_options judge;
};

static int read_input(struct buf *ret, struct err *err)
{
    char block[16 * 1024];

    for (;;) {
        ssize_t got = read(STDIN_FILENO, block, sizeof(block));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_IO, errno, "cannot read standard input");
        if (got == 0)
            return buf_ok(ret, "standard input", err);
        buf_add(ret, block, (size_t)got);
        if (ret->overflow)
            return buf_ok(ret, "standard input", err);
    }
}

/* A NUL would end the text for who reads it, and what stands behind it would be judged by nobody. */
static int read_text(const char *path, struct buf *ret, struct err *err)
{
    bool input = text_equal(path, "-");
    int r = input ? read_input(ret, err) : file_read(path, ret, err);

    if (r == 0 && memchr(buf_str(ret), '\0', ret->len))
        r = err_set(err, ERR_INVALID, "%s is no text: it has a NUL byte", input ? "standard input" : path);
    /* 1 is for what was found in it. */
    return r < 0 ? err_set(err, ERR_ENVIRONMENT, "%s", err->message) : 0;
}

static int load_schema(struct sql_catalog *catalog, const char *path, size_t *ret_ignored, struct err *err)
{
    struct buf dump;
    int r;

    buf_init(&dump, SCHEMA_MAX);
    r = read_text(path, &dump, err);
    if (r == 0 && sql_catalog_load(catalog, buf_str(&dump), ret_ignored, err) < 0)
        r = err_set(err, ERR_ENVIRONMENT, "--schema %s: %s", path, err->message);
    buf_finish(&dump);
    return r;
}

typedef void (*print_fn)(const struct locks_view *, const struct sql_script *);

static int take_format(const char *format, print_fn *ret, struct err *err)
{
    *ret = text_equal(format, "json") ? locks_print_json : locks_print_text;
    if (text_equal(format, "json") || text_equal(format, "text"))
        return 0;
    return err_set(err, ERR_USAGE, "--format is text or json, not \"%s\"", format);
}

static int take_engine(const char *engine, struct sql_server *ret, struct err *err)
{
    if (!engine)
        return err_set(err, ERR_USAGE,
                       "--engine is needed: what is locked depends on it (as in postgresql@15)");
    if (sql_server_parse(engine, ret, err) < 0)
        return err_set(err, ERR_USAGE, "--engine: %s", err->message);
    return 0;
}

/* 0, 1 when it found something that is dangerous or not understood, or an error. */
static int judge(struct arena *arena, const struct locks_options *options, struct err *err)
{
    struct locks_view view = { .name = text_equal(options->file, "-") ? "<stdin>" : options->file,
                               .engine = options->engine,
                               .has_schema = options->schema != NULL };
    const struct sql_script *script;
    struct sql_catalog *catalog;
    struct buf text;
    print_fn show;
    int r = take_format(options->format, &show, err);

    if (r == 0)
        r = take_engine(options->engine, &view.server, err);
    if (r == 0 && options->schema && text_equal(options->file, "-") && text_equal(options->schema, "-"))
        r = err_set(err, ERR_USAGE, "FILE and --schema cannot both be standard input");
    if (r < 0)
        return r;
    buf_init(&text, SCRIPT_MAX);
    catalog = sql_catalog_create(&view.server);
    r = read_text(options->file, &text, err);
    if (r == 0 && options->schema)
        r = load_schema(catalog, options->schema, &view.ignored, err);
    if (r == 0) {
        script = sql_judge(arena, &view.server, catalog, buf_str(&text), &options->judge);
        show(&view, script);
        r = locks_any_bad(script);
    }
    sql_catalog_destroy(catalog);
    buf_finish(&text);
    return r;
}

int cmd_locks(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct locks_options locks = { .format = "text" };
    const struct option_row options[] = { { "--engine", OPTION_VALUE, &locks.engine },
                                          { "--schema", OPTION_VALUE, &locks.schema },
                                          { "--transaction", OPTION_FLAG, &locks.judge.transaction },
                                          { "--format", OPTION_VALUE, &locks.format },
                                          { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 1, "locks", &err);
    if (r == 0) {
        locks.file = arguments.count > 0 ? arguments.list[0] : "-";
        r = judge(arena, &locks, &err);
    }
    arena_destroy(arena);
    return r < 0 ? fail(&err) : r;
}
