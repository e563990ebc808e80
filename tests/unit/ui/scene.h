/*
 * A scene: a book, a run of it and a screen on that run, moved by inputs as the runner would, without runner,
 * database or clock. Every event goes through decide and run_apply, so a scene cannot show what cannot
 * happen.
 */
#ifndef TESTS_UI_SCENE_H
#define TESTS_UI_SCENE_H

#include "base/mem.h"
#include "engine/decide.h"
#include "ui/ui.h"

#define SCENE_EVENTS_MAX 8192

struct scene {
    struct arena *arena;
    const struct book *book;
    struct run *run;
    struct ui *ui;
    struct canvas canvas;
    struct instant now;
    uint64_t seq;
    struct err refusal;                           /* of the last input; code 0: none */
    const struct event *events[SCENE_EVENTS_MAX]; /* all that were applied; the first so many */
    size_t event_count;
};

struct scene_options {
    const char *book; /* path; NULL: the orders book */
    bool ascii, watcher, replay;
    const char *me;          /* NULL: "mia", and "jo" who watches */
    const char *environment; /* NULL: "live" */
    const char *witness;     /* NULL: none; "every gate" */
};

struct scene *scene_create(const struct scene_options *options);
void scene_destroy(struct scene *scene);

/* Time passes, and what follows from that alone. */
void scene_wait(struct scene *scene, int64_t us);
/* One input; then what follows. Returns what decide said. */
int scene_input(struct scene *scene, struct input *input);
int scene_do(struct scene *scene, const char *actor, enum verb verb, const char *subject, enum choice choice,
             const char *text);
/* The runner's answers about a step. */
void scene_end(struct scene *scene, const char *step, enum outcome_status status, const char *code,
               const char *message);
void scene_sensed(struct scene *scene, const char *step, enum choice choice, const char *value);
void scene_waiting(struct scene *scene, const char *step, const char *whom);
void scene_probed(struct scene *scene, const char *step, enum choice choice, const char *value);

/* A sample of now. */
void scene_sample(struct scene *scene, struct sample *sample);
/* A sample with one metric; `known` false: why instead. */
void scene_lag(struct scene *scene, double seconds);
void scene_lag_unknown(struct scene *scene, const char *why);
/* Which session it is that is in the way. */
#define SCENE_SINCE "since 2026-10-14 01:58:11.204518 UTC"
void scene_locks(struct scene *scene, int waiting);
/* A monitor of a book's own number; that of "shop" is asked over HTTP. */
void scene_metric(struct scene *scene, const char *monitor, double value);
void scene_metric_unknown(struct scene *scene, const char *monitor, const char *why);
/* How far a long step has come. */
void scene_item(struct scene *scene, const char *step, const char *item, enum choice choice);
void scene_rows(struct scene *scene, const char *step, const struct progress *progress, const char *pauses);
void scene_transactions(struct scene *scene, int idle);
void scene_progress(struct scene *scene, int percent);
/* All four, quiet, once a second for so long. */
void scene_quiet(struct scene *scene, int seconds);

/* Keys as typed: characters, and "<Enter>", "<Esc>", "<Tab>", "<Up>", ... */
void scene_type(struct scene *scene, const char *keys);
/* Requests that came up since the last call, as text: "action start swap-column", "detach"; one a line. */
void scene_requests(struct scene *scene, struct buf *buf);
/* Carries the actions out that the screen asked for, as the owner does. */
void scene_carry_out(struct scene *scene);

/* The screen as text. */
const char *scene_draw(struct scene *scene, int rows, int columns);

/* ---- moments.c: named moments of the cutover of orders ---- */

size_t moment_count(void);
const char *moment_name(size_t index);
/* NULL when there is none of that name. */
struct scene *moment_play(const char *name, bool ascii);
/* The same, seen by a watcher; by another one than the operator who said nothing of watching; by the
 * operator.
 */
struct scene *moment_watch(const char *name);
struct scene *moment_other(const char *name);
struct scene *moment_operator(const char *name);
/* As a replay that stands there, somewhere in the middle of what there is. */
struct scene *moment_replay(const char *name, bool ascii);

#endif
