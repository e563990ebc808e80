/*
 * A run: the state that the events fold to.
 *
 * run_apply is the only mutator and is pure: no clock, no I/O, no randomness. Everything else here looks.
 * What depends on the present moment (ages, what is stale, clocks) takes `now`.
 */
#ifndef ENGINE_RUN_H
#define ENGINE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/event.h"
#include "runbook/book.h"

#define STEP_STATES(X)                                                                                       \
    X(STEP_PENDING, "pending")                                                                               \
    X(STEP_READY, "ready")     /* only shown: pending, and nothing stands before it */                       \
    X(STEP_BLOCKED, "blocked") /* only shown: pending, and something that should be done is not */           \
    X(STEP_RUNNING, "running") /* also: waiting for its next attempt */                                      \
    X(STEP_DONE, "done")                                                                                     \
    X(STEP_FAILED, "failed")                                                                                 \
    X(STEP_SKIPPED, "skipped")                                                                               \
    X(STEP_DEFERRED, "deferred")                                                                             \
    X(STEP_UNKNOWN, "unknown")                                                                               \
    X(STEP_ROLLED_BACK, "rolled back")                                                                       \
    X(STEP_ROLLBACK_FAILED, "rollback failed")

enum step_state {
#define X(name, word) name,
    STEP_STATES(X)
#undef X
        STEP_STATE_COUNT
};

#define RUN_STATES(X)                                                                                        \
    X(RUN_OPEN, "open")                                                                                      \
    X(RUN_HELD, "held")                                                                                      \
    X(RUN_AT_GATE, "at a gate")                                                                              \
    X(RUN_ROLLING_BACK, "rolling back")                                                                      \
    X(RUN_FINISHED, "finished")                                                                              \
    X(RUN_SCRUBBED, "scrubbed")                                                                              \
    X(RUN_ABORTED, "aborted")

enum run_state {
#define X(name, word) name,
    RUN_STATES(X)
#undef X
        RUN_STATE_COUNT
};

/* Runtime side of a condition. What it is at a moment, run_condition_view tells. */
struct run_condition {
    const struct condition *def;
    bool holds;             /* by the last sample */
    int64_t since_boot_us;  /* continuously true since, when it holds */
    int64_t told_boot_us;   /* the last sample that could tell, or when the first one was due */
    const char *overridden; /* a criterion: the reason; NULL */
    const char *overridden_by;
};

/* One item of a step that is done for each of many. */
struct run_item {
    const char *name;
    bool done;  /* else it has begun, and what it came to is not known or a failure */
    bool again; /* it was begun more than once: what is found done may be of the time before */
    bool found; /* done, and not by this run: it is not to be undone */
};

/* One thing that was or is carried out: a step, or one entry of its rollback. In what follows an `entry` is 0
 * for the step itself and n for the n-th entry of its rollback, as in events. */
struct work {
    enum step_state state; /* of an entry: PENDING, RUNNING, DONE, FAILED, UNKNOWN */
    int64_t attempt;       /* of the last start; 0: never. Goes on counting when a person starts it again */
    int64_t first_attempt; /* with which the retries of the book began to count; for each: those of an item */
    struct instant started; /* of the first attempt since a person started it, or the rollback did */
    struct instant ended;
    int64_t elapsed_us;    /* from the first start to the end, waits between attempts included */
    bool between_attempts; /* RUNNING, but waiting for `retry_at_boot_us` */
    int64_t retry_at_boot_us;
    bool cancelling;
    bool probing;
    bool again;       /* last started once more although it was done: what it came to the first time stands */
    bool reported;    /* RUNNING: a person has said that it is done, and its probe has to confirm it */
    bool clean;       /* FAILED: certainly no effect remained */
    const char *who;  /* who ticked, ruled, overrode or started it */
    const char *text; /* evidence, error, reason: the last sentence about it */
    const char *code, *detail, *hint, *value;
    const char *waiting;        /* whom it waits for, as last seen; NULL */
    const char *settings;       /* the last note that begins with a setting, "lock_timeout 3s, ..."; NULL */
    enum choice probe;          /* last answer of its probe: NONE, YES, NO, UNKNOWN */
    struct run_condition until; /* a wait: its condition, from its start on */
    struct progress progress;   /* as last told; rows 0 and total -1 before */
    const char *pauses;         /* why it sends nothing now, as last told; NULL */
    const char *lacks;          /* a wait: what is not answered as expected, as last told; NULL */
    struct kept_text {          /* private: where they stand, for they change often */
        char *text;
        size_t room;
    } told;
    const char *checkpoint; /* from where it can go on; NULL: from the beginning */
    size_t item_count;
    struct run_item *items; /* for each: those that have begun, in the order in which they did */
    size_t item_room;       /* private */
};

struct run_step {
    struct work work;
    struct work *undo;    /* one for each rollback entry of the book, [0] is entry 1 */
    bool effect;          /* it ran and what it did stands: it is to be undone in a rollback */
    bool effect_before;   /* so it was already before its last attempt */
    bool denied;          /* a person ruled that an unknown attempt had done nothing */
    uint64_t order;       /* seq of the event that started it; newest is undone first */
    const char *leftover; /* an invalid index that has to go before it is tried again; NULL */
    bool cleaning;
    /* sensed check */
    enum choice sensed; /* last answer: NONE, YES, NO, UNKNOWN */
    const char *sensed_value, *sensed_why;
    int64_t sensed_boot_us;
    struct arena *sensed_arena; /* of the texts of the last answer; private */
    /* what it would lock now, before it begins: YES nothing of it is dangerous, NO something is, UNKNOWN it
     * cannot be told; NONE: not looked at. For people: run_foreseen. */
    enum choice foreseen;
    const char *foreseen_text;
    int64_t foreseen_boot_us;
    struct arena *foreseen_arena; /* of the last text; private */
    size_t deferred_gate;         /* last gate at which it was deferred; BOOK_NONE */
    uint64_t since;               /* seq of the last tick, untick or override of it */
};

struct run_vote {
    enum choice vote; /* NONE, GO, NO_GO */
    uint64_t seq;     /* of the last one, also when it lapsed */
    const char *actor, *text;
    const char *key; /* with which it was signed; NULL */
    struct instant at;
};

struct run_gate {
    enum choice decision; /* NONE, GO, NO_GO */
    struct instant decided;
    struct run_vote *votes; /* one for each of the gate's votes */
    struct run_condition *criteria;
    const char *lapsed; /* why an approval lapsed last; NULL */
    bool begun_on;      /* GO, and a step of a later phase was started on it */
    const char *forced; /* GO because somebody broke the glass, and why; NULL */
    uint64_t since;     /* seq of what changed it last: a decision that was signed before counts no more */
};

enum trigger_state { TRIGGER_ARMED, TRIGGER_BLIND, TRIGGER_FIRED };
struct run_trigger {
    struct run_condition condition;
    enum trigger_state state;
    const char *evidence; /* of the last time it fired */
};

struct run_monitor {
    const struct sample *last;       /* NULL: none yet */
    const struct sample *last_known; /* NULL: none yet */
    /* private: where the two are, and whom a sample concerns */
    struct arena *last_arena, *known_arena;
    size_t condition_count;
    struct run_condition **conditions;
};

/* A session of a server that somebody asked to cancel, or to terminate. */
struct run_kill {
    size_t monitor;             /* by which it was seen */
    const char *pid, *identity; /* as in run_session */
    enum choice how;            /* CANCEL, TERMINATE: what was asked for last */
    enum choice outcome;        /* NONE: under way; DONE: it was sent; GONE, FAILED, UNKNOWN */
    bool cancelled;             /* a cancel was sent to it */
    uint64_t seq;               /* of the record that asked for it */
    struct instant at;          /* of the last record about it */
};

struct run_person {
    const char *name;
    const char *role; /* "operator", "watcher" */
    int attached;     /* how many screens */
};

/* What run_apply keeps in step with the rest, so that looking is cheap. */
struct run_counts {
    size_t *complete;        /* by phase: its steps that are complete */
    size_t *begun;           /* by phase: its steps that are not checks and have begun */
    size_t deferred;         /* steps that are complete only in that sense */
    size_t current_phase;    /* see run_current_phase */
    size_t begun_phases;     /* no step of this phase or a later one has begun; checks do not count */
    size_t running, unknown; /* steps and entries */
};

/* What a remote holds of the trail, as far as it was recorded. */
struct run_witness {
    bool everywhere; /* every gate asks for it, whatever the book says */
    uint64_t due;    /* the last record that it should hold (event_wants_witness) */
    uint64_t seq;    /* it holds everything up to this one; 0: nothing is known */
    struct instant at;
    const char *trouble; /* why it gets no further; NULL */
    const char *alarm;   /* it holds something else than our trail; NULL */
};

struct run {
    const struct book *book;
    struct arena *arena; /* what lives as long as the run; samples are in arenas of their own */
    const char *id, *operator, * environment, *book_sha256, *targets_sha256, *settings_sha256, *boot_id;
    const char *policy_sha256; /* whose key is whose is known by this policy; NULL: names are claimed */
    const char *operator_key;  /* fingerprint; NULL */
    const char *glass; /* "go-swap by mia: nobody answers": the last time that glass was broken; NULL */
    uint64_t last_seq;
    struct instant opened;
    /* Pair of clocks at the last start or resume: turns boot time into run time, and into the wall time by
     * which the window is kept, which does not follow when the wall clock jumps. */
    struct instant anchor;
    int64_t wall_jump_us;  /* how far the wall clock is from that now, as far as was noticed */
    int64_t ran_before_us; /* run time until `anchor` */
    int64_t held_total_us; /* of holds that are over */
    bool held;
    struct instant held_since;
    const char *held_by, *held_why;
    bool rolling_back;
    size_t rollback_to;    /* undo what ran from this step on; BOOK_NONE: everything */
    size_t rollback_phase; /* first phase in which this rollback has undone a step; BOOK_NONE */
    bool rolled_back;      /* everything was rolled back, and nothing was started since */
    size_t proposed_by;    /* trigger that proposes a rollback, undecided yet; BOOK_NONE */
    enum choice closed;    /* NONE, FINISHED, SCRUBBED, ABORTED */
    struct instant closed_at;
    const char *trouble; /* the trail cannot be published: no gate becomes GO; NULL */
    struct run_witness witness;
    struct run_step *steps;
    struct run_gate *gates;
    struct run_trigger *triggers;
    struct run_monitor *monitors;
    size_t kill_count, kills_under_way;
    struct run_kill *kills; /* one for each session, in the order in which they were first asked for */
    size_t person_count;
    struct run_person *people;
    struct run_counts counts;
};

/* An empty run of `book` (borrowed as long as the run lives). */
struct run *run_create(const struct book *book);
void run_destroy(struct run *run); /* NULL-safe */

/* Folds one event in. A record must follow the last one (seq + 1). ERR_CORRUPT, and nothing changed, when the
 * event cannot have happened in this state or names what the book does not have. */
int run_apply(struct run *run, const struct event *event, struct err *err) MUST_CHECK;

/* ---- looking ---- */

/* What became of the step, or of the n-th entry of its rollback. */
const struct work *run_work(const struct run *run, size_t step, size_t entry);

const char *step_state_word(enum step_state state);
const char *run_state_word(enum run_state state);

enum run_state run_state(const struct run *run);

/* The state with PENDING told apart into pending, ready and blocked. */
enum step_state run_step_shown(const struct run *run, size_t step);
/* Done, skipped, or deferred where that was accepted: what depends on it may go on. */
bool run_step_complete(const struct run *run, size_t step);
/* First phase that is not complete or whose gate is not GO; phase_count when all are. */
size_t run_current_phase(const struct run *run);
bool run_phase_complete(const struct run *run, size_t phase); /* its steps, not its gate */
/* What Enter would start: the first ready step that is not a check; BOOK_NONE. */
size_t run_next_step(const struct run *run);
/* Whether it sends statements that change something: what they lock can be told before. */
bool step_takes_locks(const struct step *step);
/* Appends what a step that is next would lock, a line each, and how old that is when it is old; nothing for
 * one that is not next or was not looked at. */
void run_foreseen(const struct run *run, size_t step, struct instant now, struct buf *buf);
/* The step to look at: running, unknown, failed, else next, else the first that is not complete. */
size_t run_focus_step(const struct run *run);
/* A step (or entry, in `ret_entry`; NULL allowed; 0: the step itself) that is running, or unknown; BOOK_NONE.
 */
size_t run_running_step(const struct run *run, size_t *ret_entry);
size_t run_unknown_step(const struct run *run, size_t *ret_entry);
/* Steps that are done or skipped, and all: what was deferred is no progress. */
void run_progress(const struct run *run, size_t *ret_complete, size_t *ret_total);

/* What a rollback from `to` on (BOOK_NONE: of everything) has still to undo, newest first; returns how many
 * there are and fills the first `max`. */
size_t run_rollback_list(const struct run *run, size_t to, size_t *steps, size_t max);
/* Whether a step that ran is a point of no return: the book says so, or has no way back for it. */
bool step_is_final(const struct step *step);
/* Why, for a sentence. */
const char *step_final_why(const struct step *step);
/* A sensed check that the runner has to ask about: its phase is reached, and no step was started after it: on
 * the GO of its gate or, where it has none, at all; one that was deferred, to the end. */
bool run_wants_sense(const struct run *run, size_t step);

enum condition_verdict { CONDITION_MET, CONDITION_HOLDING, CONDITION_UNMET, CONDITION_UNKNOWN };
struct condition_view {
    enum condition_verdict verdict; /* HOLDING: true, but not yet for as long as it must be */
    bool has_value;
    double value;
    int64_t held_us; /* 0 unless it holds; up to the last sample: what lies after it nobody has seen */
    int64_t age_us;  /* of the sample; -1: there is none */
    const char *why; /* UNKNOWN: "no sample yet", "stale", what the monitor said */
};
void run_condition_view(const struct run *run, const struct run_condition *condition, struct instant now,
                        struct condition_view *ret);
/* "lag.seconds 0.2 (< 1, held 31.0 s)", "lag.seconds unknown (< 1): stale". */
void run_condition_evidence(const struct run *run, const struct run_condition *condition, struct instant now,
                            struct buf *buf);
/* Whether a condition holds by a fresh sample just now, whatever it was before; what was seen is in `why`. */
bool run_condition_now(const struct run *run, const struct condition *condition, struct instant now,
                       struct buf *why);
/* The last sample is older than three of its intervals (or there is none): how old, else -1. */
int64_t run_monitor_stale_us(const struct run *run, size_t monitor, struct instant now);

/* A session as a row of a monitor of locks or of old transactions shows it; borrowed from the sample. */
struct run_session {
    size_t monitor;
    const struct sample *sample;
    size_t row;
    const char *pid, *who, *state, *age, *query;
    const char *identity; /* which of those that have had the pid; "": it cannot be told */
    bool ours;            /* of tminus */
};
/* False: that kind of monitor has no sessions in its rows. */
bool run_session_of(const struct run *run, size_t monitor, const struct sample *sample, size_t row,
                    struct run_session *ret);
/* How many sessions wait for it, as its sample says, directly or not. */
size_t run_session_behind(const struct run *run, const struct run_session *session);
/* What was asked for about the same session; NULL: nothing. */
const struct run_kill *run_kill_of(const struct run *run, size_t monitor, const char *pid,
                                   const char *identity);
bool run_gate_asks_witness(const struct run *run, size_t gate);
/* Why a gate has to wait for its witness, in `buf`, which stays empty when it has not. */
void run_witness_lacks(const struct run *run, size_t gate, struct buf *buf);
/* Every criterion is met or overridden, by what is known now. */
bool run_gate_met(const struct run *run, size_t gate, struct instant now);

/* "47000 of ~100000 rows, 46000/s, 00:11 left", "3 done, at tenant_4", "2 of 3 hold; not yet: ..."; nothing
 * where nothing is known. */
void work_progress_text(struct buf *buf, const struct step *step, const struct work *work);

struct clocks {
    bool has_window;
    int64_t window_end_us;   /* wall */
    int64_t window_left_us;  /* never stops; negative when over */
    int64_t work_left_us;    /* upper estimates of what is still to do; in a rollback: to undo */
    size_t work_unestimated; /* steps of it that have no estimate: then there is more to do than work_left_us
                                says */
    int64_t held_us;         /* spent in holds */
    int64_t run_us;          /* since the run was opened, until it was closed */
    int64_t rollback_us;     /* to undo what has run, and what runs or is unknown, by the estimates */
    size_t rollback_unestimated; /* entries of it that have none: reckoned by how long the way forward took */
    int64_t safe_until_us;       /* wall: latest safe decision; meaningless without a window */
    int64_t safe_left_us;
    size_t no_return;        /* next irreversible step, BOOK_NONE */
    size_t passed_no_return; /* an irreversible step that ran, BOOK_NONE */
};
void run_clocks(const struct run *run, struct instant now, struct clocks *ret);

enum pace { PACE_UNKNOWN, PACE_AS_ESTIMATED, PACE_SLOW, PACE_FAST };
/* Slow: over the upper estimate by more than 20 %, and a second or more. Fast: under a tenth of the lower one
 * (of 10 s or more): something that should take minutes and took none probably did nothing. */
enum pace pace_of(const struct duration_range *estimate, int64_t elapsed_us, bool ended);

#endif
