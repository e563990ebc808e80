/*
 * What the files of this room share. Three parts: the tables of events, folding (`struct change`: one event
 * on its way into a run), and deciding (`struct deciding`: one input on its way to events).
 */
#ifndef ENGINE_PRIVATE_H
#define ENGINE_PRIVATE_H

#include <inttypes.h>

#include "base/mem.h"
#include "engine/decide.h"

/* ---- events (event.c) ---- */

enum event_field_how {
    EVENT_FIELD_TEXT,
    EVENT_FIELD_INTEGER,
    EVENT_FIELD_BOOL,
    EVENT_FIELD_CHOICE,
    EVENT_FIELD_SAMPLE,
    EVENT_FIELD_PROGRESS,
};

struct event_field_row {
    const char *key;
    enum event_field_how how;
    size_t offset; /* in struct event */
};

extern const struct event_field_row event_fields[EVENT_FIELD_COUNT];

bool event_has(enum event_type type, size_t field);
enum event_type event_type_of(const char *word); /* EVENT_TYPE_COUNT if there is none */
const char **event_text_slot(struct event *event, size_t field);

/* ---- looking (run.c, look.c, condition.c, apply_resume.c) ---- */

/* "add-column", "entry 2 of the rollback of add-column": for a sentence. */
const char *work_name(const struct run *run, size_t step, size_t entry, struct arena *arena);

bool step_state_complete(enum step_state state);
/* Whether what comes after a step in this state may begin. */
bool step_is_complete(const struct step *def, enum step_state state);

/* A person's work that a probe is asked about: before it, and when the person says that it is done. */
bool step_is_probed_by_hand(const struct step *step);
/* What the runner carries out; the rest a person ends, or the engine itself. */
bool step_is_carried_out(const struct step *step);
/* Nothing is remembered of how far it had come. */
void work_forget(struct work *work);

/* Its phase is reached, and all that it comes after is complete. */
bool step_is_next(const struct run *run, size_t step);

/* Doing a step once more, which only a rehearsal does (again.c): whether the run is one, whether something
 * can tell that it changes nothing, and the step that has begun since; BOOK_NONE. */
bool run_is_rehearsal(const struct run *run);
bool step_can_be_again(const struct step *def);
size_t step_begun_since(const struct run *run, size_t step);

/* The first step of a phase that is not complete; BOOK_NONE. */
size_t phase_first_incomplete(const struct run *run, size_t phase);
/* The first ticked sensed box that was not seen since a runner took the run up; BOOK_NONE. */
size_t phase_first_not_seen(const struct run *run, size_t phase);

/* The first step of the gate's phase or one before it that was deferred, but not at this gate; BOOK_NONE. */
size_t gate_first_deferred(const struct run *run, size_t gate);

/* The newest step that a rollback has still to undo; BOOK_NONE. */
size_t rollback_newest(const struct run *run, size_t to);
/* The first entry of a step's rollback that is not done; 0 when all are. */
size_t rollback_entry(const struct run *run, size_t step);

/* The gate asks for no witness, or the witness holds all that was said. */
bool gate_is_witnessed(const struct run *run, size_t gate);

/* The first criterion of a gate that is neither met nor overridden; its count when there is none. */
size_t gate_first_unmet(const struct run *run, size_t gate, struct instant now, struct condition_view *ret);

/* Whether the runner itself is about it: what that is when it ends, nobody would know. */
bool run_in_flight(const struct run *run, size_t step, size_t entry);

/* The wall time that the window is kept by. */
int64_t run_wall_us(const struct run *run, struct instant now);

/* ---- folding (apply*.c) ---- */

/* One event on its way into a run. What its subject names has been looked up and is there. */
struct change {
    struct run *run;
    const struct event *event;
    size_t subject; /* index of the step, gate, trigger or monitor; BOOK_NONE for an optional one */
    size_t entry;
    const struct step *def; /* of a step or entry; NULL else */
    struct run_step *step;
    struct work *work;
    struct err *err;
};

/* ERR_CORRUPT with "event 12 (step.ended): ...". */
int change_refuse(const struct change *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* A copy that lives as long as the run. */
const char *run_keep(struct run *run, const char *text);

/* The only way in which a state changes: the counts follow. */
void run_set_state(struct run *run, size_t step, size_t entry, enum step_state state);
void run_count_phases(struct run *run);

void run_hold(struct run *run, const struct event *event, const char *who, const char *why);
void run_end_hold(struct run *run, const struct event *event);
/* Nothing was said at the gate. `why` lives as long as the run. */
void gate_reset(struct run *run, size_t gate, const char *why);
/* All entries are done: the step is rolled back. Called after an entry became done. */
void rollback_settle(struct run *run, size_t step);

/* Conditions. */
void run_condition_init(struct run_condition *condition, const struct condition *def);
void run_conditions_connect(struct run *run);
void run_conditions_reset(struct run *run, struct instant at);

typedef int (*apply_function)(struct change *c);

int apply_opened(struct change *c);
int apply_resumed(struct change *c);
int apply_held(struct change *c);
int apply_released(struct change *c);
int apply_note(struct change *c);
int apply_closed(struct change *c);
int apply_joined(struct change *c);
int apply_left(struct change *c);
int apply_monitor(struct change *c);
int apply_trouble(struct change *c);
int apply_jumped(struct change *c);
int apply_witnessed(struct change *c);
int apply_alarmed(struct change *c);
int apply_ticked(struct change *c);
int apply_unticked(struct change *c);
int apply_sensed(struct change *c);
int apply_started(struct change *c);
int apply_noted(struct change *c);
int apply_locked(struct change *c);
int apply_waiting(struct change *c);
int apply_retrying(struct change *c);
int apply_cancelling(struct change *c);
int apply_reported(struct change *c);
int apply_ended(struct change *c);
int apply_ruled(struct change *c);
int apply_checkpoint(struct change *c);
int apply_progressed(struct change *c);
int apply_awaited(struct change *c);
int apply_foreseen(struct change *c);
int apply_item_started(struct change *c);
int apply_item_ended(struct change *c);
int apply_probe_started(struct change *c);
int apply_probe_ended(struct change *c);
int apply_clean_started(struct change *c);
int apply_clean_ended(struct change *c);
int apply_voted(struct change *c);
int apply_lapsed(struct change *c);
int apply_decided(struct change *c);
int apply_forced(struct change *c);
int apply_overridden(struct change *c);
int apply_fired(struct change *c);
int apply_blind(struct change *c);
int apply_cleared(struct change *c);
int apply_rollback_started(struct change *c);
int apply_rollback_ended(struct change *c);
int apply_sample(struct change *c);
int apply_kill_started(struct change *c);
int apply_kill_ended(struct change *c);

/* ---- deciding (decide*.c) ---- */

struct deciding {
    const struct run *run;
    const struct input *input;
    struct arena *arena;
    struct decision *decision;
    struct err *err;
};

/* The next event of the decision, by the program itself. */
struct event *emit(struct deciding *d, enum event_type type);
/* The same by the actor of the input's action. */
struct event *emit_by_actor(struct deciding *d, enum event_type type);
/* About a step or an entry of its rollback. */
struct event *emit_work(struct deciding *d, enum event_type type, size_t step, size_t entry);

/* ERR_REFUSED with "<the rule's text>: ...". */
int refuse(struct deciding *d, enum rule rule, const char *format, ...) PRINTF_LIKE(3, 4);
/* ERR_CORRUPT: the caller said what cannot be. */
int impossible(struct deciding *d, const char *format, ...) PRINTF_LIKE(2, 3);

/* A buffer's text in the decision's arena; the buffer is finished. */
const char *text_taken(struct deciding *d, struct buf *buf);
const char *duration_in(struct deciding *d, int64_t us);
/* NULL for "" and NULL. */
const char *text_or_null(const char *text);
/* NULL for blanks too: what a person is asked for has to say something. */
const char *said_or_null(const char *text);
/* Whether two names are of one person: "MIA" is not somebody else than "mia". NULL is nobody. */
bool is_same_person(const char *a, const char *b);

/* "lag.seconds 0.2 (< 1, held 31.0 s); locks.waiting 3 (= 0), overridden by jo: ..." */
const char *gate_seen_at(struct deciding *d, size_t gate);

/* Refuses in a run with a policy what nobody has signed, and what was signed before record `since`. */
int check_signed(struct deciding *d, uint64_t since);
/* Puts what was signed into the event. */
void put_signed(struct deciding *d, struct event *event);

/* A person's verb. The subject has been looked up where the verb names a step. */
typedef int (*verb_function)(struct deciding *d, size_t step);

int verb_tick(struct deciding *d, size_t step);
int verb_untick(struct deciding *d, size_t step);
int verb_start(struct deciding *d, size_t step);
int verb_next(struct deciding *d, size_t step);
int verb_cancel(struct deciding *d, size_t step);
int verb_retry(struct deciding *d, size_t step);
int verb_again(struct deciding *d, size_t step);
int verb_clean(struct deciding *d, size_t step);
int verb_vote(struct deciding *d, size_t step);
int verb_break_glass(struct deciding *d, size_t step);
int verb_override(struct deciding *d, size_t step);
int verb_rule(struct deciding *d, size_t step);
int verb_probe(struct deciding *d, size_t step);
int verb_kill(struct deciding *d, size_t step);
int verb_hold(struct deciding *d, size_t step);
int verb_release(struct deciding *d, size_t step);
int verb_rollback(struct deciding *d, size_t step);
int verb_scrub(struct deciding *d, size_t step);
int verb_note(struct deciding *d, size_t step);
int verb_close(struct deciding *d, size_t step);

int decide_action(struct deciding *d);
int decide_outcome(struct deciding *d);
int decide_sensed(struct deciding *d);
int decide_foreseen(struct deciding *d);
int decide_probed(struct deciding *d);
int decide_cleaned(struct deciding *d);
int decide_waiting(struct deciding *d);
int decide_noted(struct deciding *d);
int decide_locked(struct deciding *d);
int decide_progress(struct deciding *d);
int decide_item(struct deciding *d);
int decide_witness(struct deciding *d);
int decide_killed(struct deciding *d);
/* A runner that was about them is gone: whether they were sent nobody knows. */
void emit_kills_lost(struct deciding *d);

/* What follows by itself. Each emits what is due by its rule, or nothing. */
void tick_clock(struct deciding *d);
void tick_triggers(struct deciding *d);
void tick_senses(struct deciding *d);
void tick_waits(struct deciding *d);
void tick_rollback(struct deciding *d);
void tick_gates(struct deciding *d);
void tick_retries(struct deciding *d);

/* Whether the actor is the run's operator, whatever screen they sit at. */
bool is_operator(const struct deciding *d);
/* Refuses, by `self`, when the actor holds a role that excludes this one, and by RULE_ROLE when the role is
 * the operator's and the actor is not. */
int check_role(struct deciding *d, size_t role, enum rule self);
/* Refuses when an earlier phase is not complete, or a gate before the phase is not GO, and names it. */
int check_reached(struct deciding *d, size_t phase);
/* Refuses when all has been said at a gate, and only its witness has not heard it. */
int check_witnessed(struct deciding *d, size_t gate);
/* Refuses when a step of the phase is not complete, and names it. */
int check_complete(struct deciding *d, size_t phase);
/* Refuses when a sensed box of the phase that was ticked has not been seen since a runner took the run up. */
int check_seen(struct deciding *d, size_t phase);
/* Refuses in each state of the run in which nothing new begins. */
int check_quiet(struct deciding *d);
/* Refuses when a rollback from `to` on cannot begin. */
int check_rollback(struct deciding *d, size_t to);

/* Begins its next attempt; `actor` lives as long as the decision. */
void emit_begun(struct deciding *d, size_t step, size_t entry, const char *actor);
/* What a piece of work that runs came to. */
struct event *emit_ended(struct deciding *d, size_t step, size_t entry, enum choice choice);
/* Holds the run because a rollback does not go on by itself. */
void emit_undo_failed(struct deciding *d, size_t step, const char *why);
/* Asks for a running piece of work to be stopped, or ends it where nothing has to be asked. */
void cancel_work(struct deciding *d, size_t step, size_t entry, const char *why);

#endif
