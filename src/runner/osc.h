/*
 * Private to the room: what an online schema change has to do with a program and a server.
 *
 * A program that was stopped leaves things on the server. What is ours of them is known by a token of the run
 * and the table: it stands in the name of what the program makes, and in the name of a lock that each of its
 * connections takes first and holds as long as the server knows it.
 */
#ifndef RUNNER_OSC_H
#define RUNNER_OSC_H

#include "base/dsn.h"
#include "runner.h"

#define OSC_MADE_MAX 2

struct osc_names {
    const char *schema, *table;
    const char *token;
    const char *made[OSC_MADE_MAX]; /* tables that the program makes; it is them that a swap or a drop ends */
    size_t made_count;
    const char *old;  /* the table as it was, after the swap; behind "_" as often as that was taken */
    const char *mark; /* the lock of a connection is this and its id */
};

/* The database is that of the connection unless the book names one. ERR_INVALID when there is neither, or the
 * program cannot be told how to connect. */
int osc_names_make(const struct runner *runner, struct arena *arena, const struct step *work,
                   struct osc_names *ret, struct err *err) MUST_CHECK;

/* ---- osc_look.c: what there is on the server ---- */

/* Lists for people are NULL when there is nothing. Borrowed during the call. */
struct osc_state {
    const char *why;      /* it cannot be told; then nothing else is */
    bool is_table;        /* not a view */
    bool has_key;         /* unique, without NULLs */
    const char *children; /* tables with foreign keys that point at it */
    const char *parents;  /* its own foreign keys */
    const char *triggers; /* of others */
    const char *olds;     /* tables as after a swap */
    const char *sessions; /* ids of connections of the program */
    const char *left;     /* what the program made, in the words of an event */
    size_t drop_count;    /* and what removes that: triggers before tables */
    const char *const *drops;
};

/* How much is asked: what was made, and who is at work; or all of it. */
enum osc_scope { OSC_MADE, OSC_WHOLE };
typedef void (*osc_seen)(void *data, const struct osc_state *state);
/* Called exactly once, perhaps at once. */
void osc_look(struct runner *runner, size_t target, const struct osc_names *names, enum osc_scope scope,
              osc_seen seen, void *data);

/* ---- osc_tool.c: the programs ---- */

/* What is there for one attempt, in a directory of its own. */
struct osc_files {
    const char *directory, *defaults, *plugin, *pause, *panic, *socket;
};
struct osc_files osc_files_of(struct arena *arena, const char *run_directory, const char *step);

/* What the program is told about the server: a file that only we can read. */
void osc_defaults(struct buf *buf, const struct osc_def *def, const struct osc_names *names,
                  const struct dsn_mysql *dsn, const char *password, enum target_engine engine);
/* Its arguments, the program first. */
const char *const *osc_arguments(struct arena *arena, const struct step *work, const struct osc_names *names,
                                 const struct dsn_mysql *dsn, const struct osc_files *files,
                                 size_t *ret_count);
/* What pt-online-schema-change takes as a plugin. */
extern const char osc_plugin[];

/* How far it has come, when the line says that. */
bool osc_line_read(enum osc_tool tool, const char *line, struct progress *ret);

/* Why the program cannot do what the book says, as the table is; NULL: it can. */
const char *osc_objection(struct arena *arena, const struct osc_def *def, const struct osc_state *state);

/* ---- work_osc.c ---- */

void osc_begin(struct execution *execution);
void osc_tick(struct execution *execution, struct instant now);
void osc_cancel(struct execution *execution);
void osc_line_add(struct execution *execution, const char *bytes, size_t len);
void osc_finish(struct osc *osc); /* NULL-safe */
/* Removes what programs were told by an earlier runner, a password perhaps: to be called when none is alive.
 */
void osc_sweep(const struct runner *runner);

/* ---- osc_clean.c ---- */

/* Whether the program of that step is still at work on the server: as survivor_ask. */
void osc_survivor_ask(struct runner *runner, const struct step *work, survivor_told told, void *data);
bool osc_is_in(const struct step *step); /* it, or an entry of its rollback, is one */
/* What programs of the step left, ends as an input. */
void osc_clean(struct runner *runner, size_t step);

#endif
