/*
 * Private to the room: the parts of the world.
 *
 * There is one world at a time, because what the runner calls takes no world: world() gives it. All memory of
 * a run, the runner's and the world's, comes from one pool that is emptied before the next run: a runner that
 * was killed frees nothing. Parts that belong to the runner's process are marked so and go with it.
 */
#ifndef SIM_PRIVATE_H
#define SIM_PRIVATE_H

#include <setjmp.h>
#include <uv.h>

#include "engine/decide.h"
#include "journal/chain.h"
#include "sim/sim.h"
#include "wire/rundir.h"

/* Where the run is, on the made-up disk. */
#define RUN_ID       "sim-1"
#define RUN_DIR      "/run"
#define JOURNAL_PATH RUN_DIR "/journal"
#define OPERATOR     "dana"

#define DEFS_MAX   96
#define DUES_MAX   512
#define PEOPLE_MAX 5

/* ---- due.c: what happens when ---- */

typedef void (*due_function)(void *data);

struct due {
    int64_t at_us; /* on `world.now_us` */
    uint32_t lot;  /* decides among those of one moment */
    bool of_runner;
    due_function fire;
    void *data;
};

void due_in(int64_t us, bool of_runner, due_function fire, void *data);
void due_forget(const void *data); /* all that was to be done with it */
void due_forget_runner(void);
/* Fires the next one, at the latest at `until_us`; false when there is none. */
bool due_next(int64_t until_us);

/* ---- chance.c ---- */

uint64_t chance_next(void);
size_t chance_below(size_t n);           /* 0 .. n - 1 */
int64_t chance_us(int64_t a, int64_t b); /* a .. b */
bool chance(unsigned in_thousand);
/* A fault of that probability; never once everything is to be well. Counted. */
bool chance_fault(unsigned in_thousand);

/* ---- truth.c: what really happened ---- */

/* One piece of work of the book: a step, or an entry of its rollback. */
struct def {
    const struct step *step; /* as it is in the book */
    size_t index, entry;     /* as in inputs */
    /* The world's truth: the effect is there; of an entry: what it undoes is undone. */
    bool applied, partial;
    bool leftover; /* an invalid index stands */
    /* What the records say of it. */
    bool may;     /* an attempt was begun that may have left an effect */
    bool running; /* begun and not ended */
    bool again;   /* begun by a person although an earlier attempt may have left something */
    bool excused; /* a person has ruled what was not so, or could not be known yet */
    bool is_done;
    bool hard, soft; /* forward: it stands and has to be undone; it left only an index behind */
    uint64_t order;  /* seq of its last start */
    /* What is done for each of many: what became of each, as if it were work of its own. */
    struct def *items;
    size_t item_count;
    struct def *whole; /* of an item: whose */
    const char *item;  /* and which */
    bool found;        /* of an item: it was there before the run; there is nothing to undo */
    bool allowed;      /* of an item: somebody has said since its last start that it may be begun again */
    /* Of a backfill and of all that undoes it: the rows. */
    struct table *table;
    /* Of a comparison: what the last one has really seen. */
    bool equal;
    /* Of a message: somebody may have heard it. */
    bool told, sent;  /* at all; by its last attempt */
    int64_t since_us; /* it was started, on `world.now_us` */
    bool under_way;   /* by the records; a resume has to say what became of it */
};

struct def *def_of_sql(const char *const *sql);
struct def *def_of_argv(size_t argc, const char *const *argv);
struct def *def_at(size_t step, size_t entry);
struct def *item_at(const struct def *def, const char *name); /* NULL: it has none of that name */
/* The item with which a text of the book has become this text; NULL. */
struct def *item_of_text(const struct def *def, const char *book, const char *text);
void truth_create(void);
/* The effect of that work happens now, wholly or in part. */
void truth_effect(struct def *def, bool partial);
/* An undo of the step was done, perhaps by hand. */
void truth_settle(const struct def *def);
/* What is made of parts is there as far as its parts are. */
void truth_recount(size_t step);
/* Whether anything of it is there that a rollback has to take away. */
bool truth_left(const struct def *forward);
/* A person does it, where a probe can see it. */
void truth_by_hand(struct def *def);
/* A message goes out: it may be heard. */
void truth_tell(struct def *def);

/* ---- batches.c: the rows of a backfill ---- */

struct table *table_create(void);
void table_clear(struct table *table); /* as it was before the first batch */
/* Rows that are as the backfill, or its undo, wants them: of those up to `key`, or of all (0). */
bool table_is_done(const struct def *def, int64_t key);
bool table_is_begun(const struct def *def); /* at least one */
bool batches_busy(void);
int64_t batches_find(const char *but); /* as backends_find */
void batches_create(void);
void batches_runner_ended(void);

/* ---- disk.c ---- */

struct disk_file {
    char *bytes;
    size_t len, capacity;
    size_t durable; /* of `bytes`, from the front */
    bool lost;      /* a sync failed: what is behind that never comes to the disk any more */
    uint64_t number;
};

void disk_create(void);
struct disk_file *disk_find(const char *path);
void disk_remove(const char *path);
void disk_write(const char *path, const void *bytes, size_t len);
void disk_process_ended(void);
void disk_power_lost(void);

/* ---- server.c, process.c, comparing.c, notices.c, monitors.c, trail.c, people.c ---- */

void backends_runner_ended(bool machine);
bool backends_busy(void); /* a backend of an earlier runner is at work */
void backends_create(void);
bool backends_at_work(const struct def *def); /* one that nobody is attached to any more */
void processes_create(void);
void processes_runner_ended(bool machine);
bool processes_busy(void);
void comparing_create(void);
void monitors_create(void);
/* The last sample that the runner was given; NULL: none since it began. */
const struct sample *monitors_last(size_t monitor);
void monitors_runner_ended(void);
void trail_create(void);
uint64_t trail_seq(void);
void trail_runner_ended(void);
void people_create(void);
void people_runner_ended(void);
bool people_see_halt(void);
void people_answer(const char *question, bool *ret); /* a sensed check's truth */

/* ---- somebody.c: a session of others that is in the way ---- */

#define SOMEBODY_PID "77"

void somebody_create(void);
/* Since when the session that has the number now is there. */
const char *somebody_since(void);
/* The server was told to do that: what it answers, or NULL for no row. */
const char *somebody_asked(const char *sql);
void somebody_check(const struct event *event);

/* ---- loop.c ---- */

void loop_runner_ended(void);
void loop_terminate(void); /* SIGTERM, if the runner listens */

/* ---- judge.c: what was promised ---- */

void judge_create(void);
/* The journal as far as it is durable now, perhaps with the beginning of one more line. */
void judge_journal(const char *bytes, size_t len);
void judge_begins(const struct def *def); /* something with an effect is being sent or spawned */
void judge_refused(const char *why);      /* a person was refused what comes next */
void judge_batch(const struct def *def);  /* a batch of a backfill is being sent */
void judge_at_rest(void);                 /* the runner's state against the fold */
void judge_runner_begins(void);
void judge_applied(const struct run *run, const struct event *event); /* the runner folded a passing event */
bool judge_recorded(uint64_t after, enum event_type type, const char *actor);
void judge_effect_again(const struct def *def);
const char *judge_line(uint64_t seq, size_t *ret_len); /* of the durable journal; NULL: not there */
void judge_end(void);
void run_dump(struct buf *buf, const struct run *run);

/* ---- the world ---- */

struct world {
    const struct sim_options *options;
    struct sim_result *result;
    const struct sim_book *book;
    uint64_t chance;
    bool in_runner;
    bool well; /* no faults any more, and people who want to come to the end */
    bool ready;
    sigjmp_buf crash;
    int64_t crash_in; /* calls until the runner is killed; negative: never */
    bool machine;     /* it is the machine that goes down */
    sigjmp_buf failed;

    int64_t now_us;    /* since the world began */
    int64_t boot_us;   /* what the boot clock is ahead of that */
    int64_t wall_us;   /* the same of the wall clock */
    int boot;          /* how often the machine was started */
    long pid;          /* of the runner */
    uint64_t due_seen; /* for what never comes to rest */

    struct due dues[DUES_MAX];
    size_t due_count;

    struct def defs[DEFS_MAX];
    size_t def_count;

    struct run *runner_run; /* the runner's own; NULL before it made one */
    struct run *fold;       /* of what is durable */
    uint64_t seq;           /* of the last durable record */
    uint64_t inherited;     /* of the last record that another runner wrote */
};

struct world *world(void);
/* A call from the runner to the outside: it may be killed here. */
void world_called(void);
void world_trace(const char *format, ...) PRINTF_LIKE(1, 2);
void world_hash(const void *bytes, size_t len);
/* The first promise that was not kept ends the run. */
_Noreturn void world_failed(enum sim_failure failure, const char *format, ...) PRINTF_LIKE(2, 3);
bool world_broken(enum sim_break broken);

void pool_begin(void); /* from here on memory comes from the pool, which is empty */
void pool_end(void);

/* The name under which the linker finds what stands for a function: see `wraps`. */
#define FAKE(name) __wrap_##name
#define REAL(name) __real_##name

#endif
