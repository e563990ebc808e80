/* Private to the room: what the commands share. */
#ifndef APP_APP_H
#define APP_APP_H

#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

/* A command of the command line, as it is told. The screen's program and the runner's program share the list;
 * a command that needs the journal, a server or the trail is carried out by the latter. */
struct command {
    const char *name;
    bool by_runner;
    const char *usage; /* what follows the name */
    const char *summary;
};
extern const struct command all_commands[];           /* ends with a row whose name is NULL */
const struct command *command_find(const char *name); /* NULL if there is none */
const char *command_nearest(const char *name);        /* NULL if none is near */

/* What a program does for a command: argv[0] is the command's name; returns the exit status. */
struct handler {
    const char *name;
    int (*run)(int argc, char **argv);
};
/* Runs the handler for argv[1]; -1 when there is none. Broken standard output is an error of its own. */
int handler_run(const struct handler *handlers, int argc, char **argv);
/* The exit status when all that was to be said has left; else says so, and gives a failure. */
int said(int status);

/* ---- arguments ---- */

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_LIST };
struct option_row {
    const char *name; /* "--targets" */
    enum option_kind kind;
    void *into; /* bool *, const char **, struct option_list * */
};
#define OPTION_LIST_MAX 64
struct option_list {
    size_t count;
    const char *items[OPTION_LIST_MAX];
};
#define ARGUMENTS_MAX 16
struct arguments {
    size_t count;
    const char *list[ARGUMENTS_MAX]; /* what is no option, in order */
};

/* Options may stand anywhere; `--name VALUE` and `--name=VALUE`; `--` ends them. ERR_USAGE with the nearest
 * known option. `options` ends with a row whose name is NULL. */
int arguments_parse(int argc, char **argv, const struct option_row *options, struct arguments *ret,
                    struct err *err) MUST_CHECK;
/* ERR_USAGE unless there are min..max of them; `usage` is said. */
int arguments_count(const struct arguments *arguments, size_t min, size_t max, const char *command,
                    struct err *err) MUST_CHECK;

/* ---- saying ---- */

/* "tminus: <message>" on stderr; returns the exit status that the error means. */
int fail(const struct err *err);
/* Appends "<path>:<line>:<column>: error: <message>" for each, a line each: to be printed on stderr, where
 * there is a screen after it is gone. */
#define REPORT_MAX ((size_t)1024 * 1024)
void report_faults(struct buf *report, const char *path, const struct json_faults *faults);

/* A JSON object on stdout, a line: what is put into `w` between the two are its members. One that is over
 * `max` bytes is not said (buf_ok). */
struct said_object {
    struct json_writer w;
    struct buf buf;
};
void said_object_open(struct said_object *object, size_t max);
int said_object_close(struct said_object *object, struct err *err) MUST_CHECK;

/* First of all: a standard stream that was closed is opened on nothing, so that no file gets its number. What
 * is written to it fails as before. */
void standard_streams_hold(void);

/* ---- people and programs ---- */

/* Who sits here: `as`, else the user's name. ERR_USAGE when `as` is no name; ERR_ENVIRONMENT when there is
 * none, or one that cannot be said (wire_is_name). */
int who_am_i(struct arena *arena, const char *as, const char **ret, struct err *err) MUST_CHECK;

/* The path of a program that is installed beside this one. */
int sibling_program(struct arena *arena, const char *name, const char **ret, struct err *err) MUST_CHECK;
/* A file of the project, "themes/dark.json": below $TMINUS_DATA if that is set, else as it is installed or
 * stands in the checkout. */
int data_file(struct arena *arena, const char *name, const char **ret, struct err *err) MUST_CHECK;

#endif
