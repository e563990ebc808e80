#include <stdio.h>
#include <string.h>

#include "app.h"
#include "base/file.h"
#include "base/text.h"
#include "cmd.h"
#include "findings.h"
#include "launch.h"
#include "online.h"

#define SCHEMA_MAX ((size_t)64 * 1024 * 1024)
#define FILE_MAX   ((size_t)8 * 1024 * 1024)

struct asked {
    struct launch_options launch;
    struct option_list params;
    const char *format;
    bool strict, online;
    const char *schema;
};

static const struct format {
    const char *name;
    void (*tell)(struct buf *buf, const struct checked *books, size_t count);
} formats[] = {
    { "text", findings_text },
    { "json", findings_json },
    { "sarif", findings_sarif },
};

static const struct format *find_format(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (!name || text_equal(formats[i].name, name))
            return &formats[i];
    }
    return NULL;
}

/* What is known besides the book: a schema dump, or the servers themselves. */
static int look_around(struct arena *arena, const struct asked *asked, const struct book *book,
                       struct known *ret, struct err *err)
{
    struct buf dump;
    int r = 0;

    if (asked->online)
        return known_of_servers(arena, book, ret, err);
    buf_init(&dump, SCHEMA_MAX);
    if (asked->schema)
        r = file_read(asked->schema, &dump, err);
    if (r == 0)
        r = known_of_book(arena, book, asked->schema, asked->schema ? buf_str(&dump) : NULL, ret, err);
    buf_finish(&dump);
    return r;
}

/* What a command of the book reads. */
struct beside {
    struct arena *arena;
    const char *book;
};

static const char *read_beside(void *data, const char *path, const char **ret_why)
{
    const struct beside *beside = data;
    const char *slash = path[0] == '/' ? NULL : strrchr(beside->book, '/');
    struct err err = ERR_INIT;
    const char *text = NULL;
    struct buf buf;

    if (slash)
        path = arena_format(beside->arena, "%.*s/%s", (int)(slash - beside->book), beside->book, path);
    buf_init(&buf, FILE_MAX);
    if (file_read(path, &buf, &err) == 0 && memchr(buf_str(&buf), '\0', buf.len))
        err_set(&err, ERR_INVALID, "%s is not text", path);
    if (err.code == 0)
        text = arena_text(beside->arena, buf_str(&buf));
    else
        *ret_why = arena_text(beside->arena, err.message);
    buf_finish(&buf);
    return text;
}

static int check_one(struct arena *arena, const struct asked *asked, const char *path, struct checked *ret,
                     struct err *err)
{
    struct launch_options launch = asked->launch;
    struct known known = { NULL, NULL };
    struct beside beside = { arena, path };
    struct loaded loaded;
    int r;

    launch.book = path;
    launch.unbound = !asked->online; /* nothing is executed or asked: the values may come on the night */
    r = launch_judge(arena, &launch, &loaded, err);
    if (r < 0)
        return r;
    ret->path = path;
    if (!loaded.book) {
        ret->report = check_faults(arena, path, loaded.faults, launch.targets ? launch.targets : "targets",
                                   loaded.target_faults);
        return 0;
    }
    r = look_around(arena, asked, loaded.book, &known, err);
    if (r == 0)
        ret->report = check_book(arena, loaded.book,
                                 &(struct check_options){ .catalogs = known.catalogs,
                                                          .servers = known.servers,
                                                          .text = loaded.frozen.book_text,
                                                          .read = read_beside,
                                                          .data = &beside });
    known_finish(&known, loaded.book->target_count);
    return r;
}

static bool is_bad(const struct check_report *report, bool strict)
{
    return report->by_severity[CHECK_ERROR] > 0 || (strict && report->by_severity[CHECK_WARNING] > 0);
}

/* A book that cannot be read is said at once, and does not keep the others from being judged. */
static int check_all(struct arena *arena, const struct asked *asked, const struct arguments *books)
{
    struct checked checked[ARGUMENTS_MAX];
    size_t count = 0;
    int status = 0;
    struct buf out;

    for (size_t i = 0; i < books->count; i++) {
        struct err err = ERR_INIT;

        if (check_one(arena, asked, books->list[i], &checked[count], &err) < 0) {
            int worse = fail(&err);

            status = worse > status ? worse : status;
        } else if (is_bad(checked[count++].report, asked->strict) && status == 0) {
            status = 1;
        }
    }
    buf_init(&out, FINDINGS_TEXT_MAX);
    find_format(asked->format)->tell(&out, checked, count);
    if (out.overflow) {
        (void)fprintf(stderr, "tminus: there is more to say than can be said at once\n");
        status = status > 0 ? status : 1;
    }
    (void)fputs(buf_str(&out), stdout);
    buf_finish(&out);
    return status;
}

int cmd_check(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct asked asked = { 0 };
    const struct option_row options[] = {
        { "--targets", OPTION_VALUE, &asked.launch.targets },
        { "--param", OPTION_LIST, &asked.params },
        { "--format", OPTION_VALUE, &asked.format },
        { "--strict", OPTION_FLAG, &asked.strict },
        { "--online", OPTION_FLAG, &asked.online },
        { "--schema", OPTION_VALUE, &asked.schema },
        { NULL, OPTION_FLAG, NULL },
    };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int status, r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 1, ARGUMENTS_MAX, "check", &err);
    if (r == 0 && !find_format(asked.format))
        r = err_set(&err, ERR_USAGE, "--format is text, json or sarif, not \"%s\"", asked.format);
    if (r == 0 && asked.online && !asked.launch.targets)
        r = err_set(&err, ERR_USAGE, "--online asks the servers: say where they are with --targets FILE");
    if (r == 0 && asked.online && asked.schema)
        r = err_set(&err, ERR_USAGE, "--online and --schema both say what is there: one of them is enough");
    if (r == 0) {
        asked.launch.param_count = asked.params.count;
        r = parse_params(arena, asked.params.items, asked.params.count, &asked.launch.params, &err);
    }
    status = r < 0 ? fail(&err) : check_all(arena, &asked, &arguments);
    arena_destroy(arena);
    return status;
}
