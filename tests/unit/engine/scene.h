/*
 * A scene: a book, a run and a clock that stands still until it is told to go. What is put in is decided,
 * written as JSON, read again and applied, as in a live run; then ticks follow until nothing is due.
 */
#ifndef TEST_ENGINE_SCENE_H
#define TEST_ENGINE_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/decide.h"
#include "base/mem.h"

#define BEGIN_WALL_US (INT64_C(1800000000) * SECOND_US)
#define BEGIN_BOOT_US (1000 * SECOND_US)

struct scene;
/* Sees each event before it is applied. */
typedef void (*scene_watcher)(struct scene *scene, const struct event *event);

struct scene {
    struct arena *arena;
    const struct book *book;
    struct run *run;
    struct instant now;
    const char *environment;
    scene_watcher watcher;    /* NULL: none */
    void *data;               /* of the watcher */
    struct decision decision; /* the last one that was not a tick */
    struct err err;
    struct buf records;  /* every record so far, a line of JSON each */
    bool tells_triggers; /* trigger.blind and trigger.cleared are in the trail too */
    struct buf trail;    /* since the last scene_trail: "step.started add 1\n" */
    struct buf told;     /* what scene_trail returned last */
};

/* Single quotes stand for double ones. */
const struct book *book_of(struct arena *arena, const char *text);

struct scene *scene_of(const char *book);   /* not opened yet */
struct scene *scene_open(const char *book); /* opened by "mia" */
struct scene *scene_rehearse(const char *book); /* the same, in a rehearsal */
void scene_again(struct scene *scene);      /* a new run of the same book, opened */
void scene_close(struct scene *scene);

/* Puts an input in and lets everything happen that follows at this moment. Returns what decide returned. */
int scene_put(struct scene *scene, const struct input *input);
/* Lets time go by, without samples. */
void scene_wait(struct scene *scene, int64_t us);

/* The rule by which an action is refused; RULE_COUNT when it is not. `words` as for `tminus do`. */
enum rule scene_do(struct scene *scene, const char *actor, const char *words);
enum rule scene_watch(struct scene *scene, const char *actor, const char *words);
/* It is not refused. */
void scene_ok(struct scene *scene, const char *actor, const char *words);
/* It is refused by this rule, and the sentence has `part` in it. */
void scene_no(struct scene *scene, const char *actor, const char *words, enum rule rule, const char *part);

size_t step_of(const struct scene *scene, const char *step);
/* The outcome of a step ("add") or an entry of its rollback ("add/1"). */
int scene_outcome(struct scene *scene, const char *work, const struct outcome *outcome);
void scene_end(struct scene *scene, const char *work, enum outcome_status status);
void scene_probed(struct scene *scene, const char *work, enum choice answer);
void scene_sense(struct scene *scene, const char *check, enum choice answer, const char *text);
/* One known metric; NULL: a sample that is not known. */
void scene_sample(struct scene *scene, const char *monitor, const char *metric, double value);
/* A sample each second. */
void scene_samples(struct scene *scene, const char *monitor, const char *metric, double value, int seconds);
void scene_resume(struct scene *scene, const char *boot);

enum step_state scene_state(const struct scene *scene, const char *work);
/* What was recorded since this was asked last: a line for each, "type subject[/entry] [choice]". */
const char *scene_trail(struct scene *scene);
#define assert_trail(scene, want) assert_string_equal(scene_trail(scene), want)
#define assert_state(scene, id, want)                                                                        \
    assert_string_equal(step_state_word(scene_state(scene, id)), step_state_word(want))

/* Folds the records that were written into a run of its own. */
struct run *scene_fold(struct scene *scene);
/* Fails unless that is the same run. */
void scene_folds(struct scene *scene);
/* All that a run is, as text, so that two can be compared; what passing events left is not in it. */
void run_dump(struct buf *buf, const struct run *run);

/* A gate with everything, a phase with every kind of step, and behind a second gate a phase side by side with
 * a point of no return. */
extern const char *const small_book;

/* Stages of a run of the small book; each begins with the one before. */
void scene_calm(struct scene *scene, int seconds); /* every second, samples that meet every criterion */
void stage_ticked(struct scene *scene);            /* the boxes of the first phase, and calm long enough */
void stage_go(struct scene *scene);                /* both votes */
void stage_deployed(struct scene *scene);          /* add, index, deploy are done */
void stage_expanded(struct scene *scene);          /* and the rest of the second phase */
void stage_contract(struct scene *scene);          /* and the second gate is GO */
/* Starts a step and ends it well. */
void scene_run(struct scene *scene, const char *step);

#endif
