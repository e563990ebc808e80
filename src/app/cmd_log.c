#include <stdio.h>
#include <string.h>

#include "app.h"
#include "audit/audit.h"
#include "base/text.h"
#include "cast.h"
#include "clone.h"
#include "cmd.h"
#include "lines.h"

struct log_options {
    struct cast_options cast; /* where, and for a cast how */
    const char *format, *size;
};

/* ---- text and json: nothing but the records is needed ---- */

static int print_text(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)data;
    (void)line;
    (void)len;
    (void)err;
    print_event_line(event);
    return 0;
}

static int print_json(void *data, const struct event *event, const char *line, size_t len, struct err *err)
{
    (void)data;
    (void)event;
    (void)err;
    printf("%.*s\n", (int)(strcspn(line, "\n") < len ? strcspn(line, "\n") : len) - JOURNAL_LINE_PREFIX,
           line + JOURNAL_LINE_PREFIX);
    return 0;
}

static int each_record(struct arena *arena, const char *where, journal_reader print, struct err *err)
{
    struct rundir_entry entry;
    struct clone clone;
    size_t torn;
    bool in_clone = where && strchr(where, ':');
    int r = in_clone ? clone_at(arena, where, &clone, err) : rundir_find(arena, where, false, &entry, err);

    if (r < 0)
        return r;
    return in_clone ? audit_read(clone.path, clone.id, print, NULL, err)
                    : journal_read(rundir_path(arena, entry.dir, "journal"), print, NULL, &torn, err);
}

static int log_text(struct arena *arena, const struct log_options *options, struct err *err)
{
    return each_record(arena, options->cast.where, print_text, err);
}

static int log_json(struct arena *arena, const struct log_options *options, struct err *err)
{
    return each_record(arena, options->cast.where, print_json, err);
}

/* ---- cast ---- */

static int take_size(struct log_options *options, struct err *err)
{
    char rest[2];

    options->cast.columns = CAST_COLUMNS;
    options->cast.rows = CAST_ROWS;
    if (!options->size ||
        (sscanf(options->size, "%4dx%4d%1s", &options->cast.columns, &options->cast.rows, rest) == 2 &&
         options->cast.columns >= 20 && options->cast.columns <= 500 && options->cast.rows >= 5 &&
         options->cast.rows <= 300))
        return 0;
    return err_set(err, ERR_USAGE, "--size is COLUMNSxROWS, from 20x5 to 500x300, as in 120x40: not \"%s\"",
                   options->size);
}

static int log_cast(struct arena *arena, const struct log_options *options, struct err *err)
{
    return cast_write(arena, &options->cast, err);
}

static int print_log(struct arena *arena, struct log_options *options, struct err *err)
{
    static const struct {
        const char *name;
        int (*print)(struct arena *, const struct log_options *, struct err *);
    } formats[] = { { "text", log_text }, { "json", log_json }, { "cast", log_cast } };

    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (text_equal(options->format, formats[i].name))
            return formats[i].print(arena, options, err);
    }
    return err_set(err, ERR_USAGE, "--format is text, json or cast, not \"%s\"", options->format);
}

int cmd_log(int argc, char **argv)
{
    struct arena *arena = arena_create();
    struct log_options log = { .format = "text" };
    const struct option_row options[] = { { "--format", OPTION_VALUE, &log.format },
                                          { "--size", OPTION_VALUE, &log.size },
                                          { "--theme", OPTION_VALUE, &log.cast.theme },
                                          { NULL, OPTION_FLAG, NULL } };
    struct arguments arguments;
    struct err err = ERR_INIT;
    int r = arguments_parse(argc, argv, options, &arguments, &err);

    if (r == 0)
        r = arguments_count(&arguments, 0, 1, "log", &err);
    if (r == 0)
        r = take_size(&log, &err);
    if (r == 0) {
        log.cast.where = arguments.count > 0 ? arguments.list[0] : NULL;
        r = print_log(arena, &log, &err);
    }
    arena_destroy(arena);
    return r < 0 ? fail(&err) : 0;
}
