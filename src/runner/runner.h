/*
 * Private to the room: the runner's parts and what they say to each other. All run in one thread, the loop's,
 * except what publish.c hands to a worker.
 */
#ifndef RUNNER_PRIVATE_H
#define RUNNER_PRIVATE_H

#include <uv.h>

#include "audit/audit.h"
#include "base/redact.h"
#include "bulk/backfill.h"
#include "bulk/compare.h"
#include "driver/driver.h"
#include "driver/http.h"
#include "engine/decide.h"
#include "journal/journal.h"
#include "monitor/monitor.h"
#include "runner/runner.h"
#include "wire/link.h"
#include "wire/wire.h"

/* Backends of steps that have answered their last question: the server shows one for a moment longer. */
#define ENDED_MAX 64

/* A server of the book, as this runner reaches it. */
struct server {
    struct driver_target target;
    struct driver *driver;
    struct session *steps;  /* probes and verifications */
    struct session *senses; /* sensed checks: a slow verification must not make them stale */
    struct session *kills; /* where its sessions are watched: what others are asked may wait for whom is to be
                            * killed, and a server that is full lets nobody new in. NULL */
    enum bulk_engine bulk;
};

struct execution;
struct client;
struct publisher;
struct witness;
struct watch;
struct sense;
struct queued;
struct approvals;
struct foresight;
struct osc;

struct runner {
    uv_loop_t loop;
    const struct runner_options *options;
    const struct book *book;
    struct arena *arena; /* lives as long as the runner */
    struct run *run;
    struct run *trial; /* the same, where events are tried out before they are recorded */
    struct journal *journal;
    const char *journal_path;
    size_t journal_len;     /* bytes of it that are durable */
    size_t under_way;       /* cleanings and probes that are out */
    struct server *servers; /* one for each target of the book */
    struct http_client *http;
    const char *application_prefix;
    int64_t ended[ENDED_MAX]; /* pids, the newest over the oldest */
    size_t ended_at;
    bool adrift;              /* a connection of a step broke: what it had begun may still be at work */
    const char *step_name;    /* application_name of the connections of steps */
    const char *compare_name; /* and of comparisons, which only read */

    struct queued *queue_first, *queue_last;
    bool processing;
    bool halted;
    char halted_why[ERR_MESSAGE_MAX];
    bool low;                /* it was said that the journal's disk is full */
    bool stopping;           /* asked by SIGTERM: ends when nothing runs */
    bool ending;             /* the run is closed, or stopping has come true: parts are being shut */
    bool finishing;          /* the loop only drains: nothing is taken, published or ended any more */
    int64_t ending_since_us; /* boot clock */

    uv_timer_t tick;
    uv_signal_t sigterm;
    struct listener *listener;
    struct client *clients;
    struct execution *executions;
    struct publisher *publisher;
    struct witness *witness;      /* NULL: the run has none */
    const struct policy *policy;  /* NULL: names are claimed */
    const char *operator_key;     /* fingerprint; NULL */
    struct redactor *redactor;    /* knows all secrets of this run */
    struct secret_value *secrets; /* what commands get in their environment */
    struct judging *judgings;     /* signatures that a worker looks at */
    struct watch *watches;
    size_t watches_stopping;
    bool watching_fast; /* locks are looked at more often, because a statement of ours runs */
    struct sense *senses;
    size_t sensed_phase; /* whose checks were asked for when it was reached; BOOK_NONE */
    size_t sensed_done;  /* and how many of its steps were done then */
    struct foresight *foresight;
    struct approvals *approvals; /* NULL: none are taken */

    int samples_fd;
    off_t samples_len;         /* of what is whole in it */
    bool samples_lost;         /* the last one could not be kept */
    struct buf recent;         /* passing events, one line each, newest last: for screens that attach */
    struct buf output_pending; /* of the running command, not yet sent */
    struct buf output_tail;
    size_t output_dropped;
    const char *output_step;
    uv_timer_t output_timer;
    bool output_waiting;
};

/* ---- core.c: inputs in, events out ---- */

/* Takes an input: decides, records, applies, carries out; then lets time pass until nothing follows. Texts
 * are borrowed for the call. When an input is being taken already it is copied and taken after it. */
void runner_take(struct runner *runner, struct input *input);
/* A note of the runner's own in the trail. */
void runner_note(struct runner *runner, const char *text);
/* The same as runner_take for what a person asks: ERR_REFUSED with the rule and the sentence. */
int runner_act(struct runner *runner, const struct action *action, enum rule *ret_rule,
               struct err *err) MUST_CHECK;
/* The journal is broken: see runner.h. The reason is kept for whoever comes later. */
void runner_halt(struct runner *runner, const char *why);
void runner_end_if_due(struct runner *runner);
void queue_destroy(struct runner *runner);

/* ---- carry.c, work*.c: what an event begins ---- */

void carry_out(struct runner *runner, const struct event *event);

/* The longest value that a step can hand on to later ones, and the most SQL that can be generated, in bytes.
 */
#define VALUE_MAX     1000
#define GENERATED_MAX (4 * 1024 * 1024)

/* For which step, and which of its items (NULL: it has none), a text is to be filled. */
struct work_place {
    size_t step;
    const char *item;
};

/* One attempt that is under way. */
struct execution {
    struct runner *runner;
    struct execution *next;
    size_t step, entry;
    int64_t attempt;
    const struct step *definition;
    struct driver_job *job;
    struct process *process;
    void (*process_ended)(struct execution *execution, const struct driver_result *result);
    int64_t pid;                /* of the backend or the child; 0 not known yet */
    bool cancelled;             /* somebody asked for it */
    bool asking;                /* its probe or query is out */
    struct arena *arena;        /* what lives as long as it, secrets of its environment among it */
    const char *output_path;    /* command, compare, generated statements */
    struct sha256 output_hash;  /* generated statements */
    struct redact_stream clean; /* command: what it writes goes through it */
    int64_t written;            /* command: bytes that were not captured */
    struct driver_sql sql;
    struct driver_command command;
    char waiting[ERR_MESSAGE_MAX];     /* whom it waits for, as last told; "" */
    char gave_way[ERR_MESSAGE_MAX];    /* why its statement was cancelled by ourselves; "" */
    void (*start)(struct execution *); /* what its probe says is still to be done */
    struct outcome done;               /* how it ended, while the probe confirms */
    struct taken *taken;               /* what it locked, in a rehearsal (locked.c) */
    /* done for each of many: */
    const char *const *items;
    size_t item_count, item_at;
    const char *item;
    bool item_was_begun; /* by an earlier attempt, which may have left something of it */
    void (*begin_item)(struct execution *);
    bool paused; /* held between two items */
    /* in parts: */
    struct backfill *backfill;
    struct backfill_config backfill_config;
    struct osc *osc;
    struct compare *compare;
    struct compare_config compare_config;
    struct progress compared;
    int report; /* where its lines go; -1 */
    struct buf pause;
    /* a wait for queries: */
    size_t waited, met; /* of this round: how many were asked, and how many of them answered as expected */
    int64_t asked_boot_us, since_boot_us; /* the last round began; all were met from here on, 0: not met */
    int64_t began_boot_us, ticked_boot_us;
    char seen[ERR_MESSAGE_MAX]; /* what the first of the round that was not met answered; "" */
    char told[ERR_MESSAGE_MAX]; /* the same, and how many were met, as last told */
    size_t told_met;
    int64_t told_boot_us; /* 0: nothing was told */
};

void work_begin(struct runner *runner, size_t step, size_t entry, int64_t attempt);
void sql_begin(struct execution *execution);
void command_begin(struct execution *execution);
void verify_begin(struct execution *execution);
void wait_begin(struct execution *execution);
void backfill_begin(struct execution *execution);
void compare_begin(struct execution *execution);
void notify_begin(struct execution *execution);
/* Why no more is to be changed now by what runs for long: the run is held, or its throttle does not hold by
 * what the monitors see now; NULL: it may go on. Borrowed until the next call. */
const char *work_pauses(struct execution *execution);
/* What time does to them: a held one goes on, a wait asks again, a runner that is to stop stops them. */
/* ---- locked.c: which locks a step took, in a rehearsal ---- */

bool locks_are_recorded(const struct runner *runner);
void locks_add(struct execution *execution, const struct driver_lock *lock);
/* Tells what was added, once. */
void locks_tell(struct execution *execution);

void works_tick(struct runner *runner, struct instant now);
void wait_tick(struct execution *execution, struct instant now);
/* Ends a wait that somebody wants to stop; one whose queries are out ends when they have answered. */
void wait_cancel(struct execution *execution);

/* ---- work_probe.c: is it done already, and is it done now ---- */

/* Ends the execution, or the item that it is at. */
void work_end(struct execution *execution, const struct outcome *outcome);
void work_end_plain(struct execution *execution, enum outcome_status status, bool clean, const char *value,
                    const char *what, const char *why);
/* Calls `start` when it is still to be done, else ends it. */
void probe_before(struct execution *execution, void (*start)(struct execution *));
/* It was done: ends it as that when the probe confirms it. */
void probe_after(struct execution *execution, const struct outcome *done);

/* ---- work_copies.c: what must not be copied ---- */

/* Ends it, with nothing sent, when a statement could copy a table and the step does not say that it may; else
 * puts into `execution->sql` that the server is to refuse it. */
bool copies_refused(struct execution *execution, const char *const *statements, size_t count);

/* ---- work_process.c: a program that a step starts ---- */

/* Puts in the WORK_PROCESS_ENV variables that every one of them gets. By them, and the mark that the driver
 * adds, the next runner finds one that is still at work. */
#define WORK_PROCESS_ENV 2
void work_process_environment(struct execution *execution, const char **environment);
/* Where it runs unless the book says so: beside the book. */
const char *work_process_directory(struct execution *execution);
/* Starts the `command` of the execution. What it writes goes to the screens without the secrets of the run.
 */
int work_process_start(struct execution *execution,
                       void (*ended)(struct execution *execution, const struct driver_result *result),
                       struct err *err) MUST_CHECK;

/* ---- work_each.c: a step that is done for each of many ---- */

/* Asks for the list, or takes what has to be undone, and then for each of them calls `begin_item`, which ends
 * in each_ended. */
void each_begin(struct execution *execution, void (*begin_item)(struct execution *));
void each_next(struct execution *execution);
void each_ended(struct execution *execution, const struct outcome *outcome);

/* ---- value.c: texts with what is known only now ---- */

int runner_fill(const struct runner *runner, struct arena *arena, const struct work_place *place,
                const char *text, enum fill_in in, const char **ret, struct err *err) MUST_CHECK;
int runner_fill_all(const struct runner *runner, struct arena *arena, const struct work_place *place,
                    const char *const *texts, size_t count, enum fill_in in, const char *const **ret,
                    struct err *err) MUST_CHECK;

/* ---- fit.c: whether a server is the one that the book means ---- */

/* `text`: what does not fit, or why that cannot be told; NULL: it fits. Called exactly once, perhaps at once.
 */
typedef void (*fit_told)(void *data, const char *text);
void fit_ask(struct runner *runner, size_t target, fit_told told, void *data);

/* Whether it has a backend at work that can take locks. */
bool execution_is_at_work(const struct execution *execution);
/* Something to be known about it: a pid, settings as read back, a notice. */
void execution_note(struct execution *execution, const char *text);
/* Reports the end, and frees the execution. */
void execution_end(struct execution *execution, const struct outcome *outcome);
void executions_destroy(struct runner *runner);
void work_cancel(struct runner *runner, size_t step, size_t entry);
void work_clean(struct runner *runner, size_t step);
/* Cancels or terminates the session that a kill.started names; what came of it comes as an input. */
void work_kill(struct runner *runner, const struct event *event);
bool sql_is_running(const struct runner *runner);

/* ---- question.c: a query of the book, and whether it answered what was expected ---- */

/* `answer`: YES, NO, or UNKNOWN with `why`. Called exactly once; at once when it cannot be asked. */
typedef void (*question_answered)(void *data, enum choice answer, const char *value, const char *why);
void question_ask(struct runner *runner, const struct work_place *place, const struct query *query,
                  bool for_sense, question_answered answered, void *data);
/* Asks the probe of a step that is unknown; the answer comes as an input. */
void probe_unknown(struct runner *runner, size_t step, size_t entry);

/* ---- survivor.c: what an earlier runner began and what is still at work ---- */

/* A process of this run that is not this runner's; 0 when there is none. */
long survivor_process(const char *run);
/* A backend of this runner has answered all that it was asked, and how: it is no survivor. */
void survivor_never(struct runner *runner, int64_t pid, enum driver_status status);
/* `text`: which backend is still at work, or why that cannot be told; NULL: none is. Called exactly once,
 * perhaps at once. */
typedef void (*survivor_told)(void *data, const char *text);
void survivor_ask(struct runner *runner, size_t target, survivor_told told, void *data);

/* ---- secrets.c ---- */

/* Fetches what the commands of the book get in their environment, all of it before anything begins, and takes
 * it out of this process's own, which others can look at. ERR_ENVIRONMENT names everything that is missing.
 */
int secrets_begin(struct runner *runner, struct err *err) MUST_CHECK;
/* The value of the variable `from`. */
const char *secrets_value(const struct runner *runner, const char *from);
/* What is said or was read, without any secret; borrowed from `text` or `arena`. */
const char *clean_text(const struct runner *runner, struct arena *arena, const char *text);

/* ---- server.c ---- */

/* Through whom URLs are asked; made when it is first wanted. */
int runner_http(struct runner *runner, struct http_client **ret, struct err *err) MUST_CHECK;
int servers_create(struct runner *runner, struct err *err) MUST_CHECK;
/* Nobody asks any more, and who has asked is told so. The runner is finishing. */
void servers_close(struct runner *runner);
void servers_destroy(struct runner *runner);

/* ---- sense.c ---- */

void senses_create(struct runner *runner);
void senses_tick(struct runner *runner, struct instant now);
/* What a phase that was just reached senses is asked at once, not with the next tick; so is what was not true
 * yet when a step of it has ended. */
void senses_follow(struct runner *runner);

/* ---- foresee.c: what the step that is next would lock, and how large and busy that is ---- */

void foresight_create(struct runner *runner);
/* Asks when it is due, and nothing is carried out on that server. */
void foresight_tick(struct runner *runner, struct instant now);
void foresight_destroy(struct runner *runner); /* after the servers are closed: they answer it */

/* ---- watch.c ---- */

int watches_start(struct runner *runner, struct err *err) MUST_CHECK;
/* To be called when a statement begins or ends. */
void watches_pace(struct runner *runner);
/* Who begins to be waited for, by a wait or at a gate, is asked at once: what was seen before does not count
 * for a wait, and nobody waits for the next tick to see what there is. */
void watches_follow(struct runner *runner);
/* Stops all monitors, which remove what they made; calls runner_end_if_due when the last has stopped. */
void watches_stop(struct runner *runner);
void watches_destroy(struct runner *runner);

/* ---- publish.c ---- */

/* Opens the trail; on resume tells what it holds already. */
int publisher_create(struct runner *runner, uint64_t *ret_last_seq, struct sha256 *ret_head,
                     struct err *err) MUST_CHECK;
/* A record that the trail may hold already: what later ones refer to is taken from it. */
void publisher_see(struct publisher *publisher, const struct event *event);
/* What the folded run says about it: trouble that was told is to be told as over. */
void publisher_resume(struct publisher *publisher);
/* A record is durable: to be published. `line` is as it stands in the journal, newline included. */
void publisher_add(struct publisher *publisher, const struct event *event, const char *line, size_t len);
void publisher_add_passing(struct publisher *publisher, const char *line, size_t len);
void publisher_tick(struct publisher *publisher, struct instant now);
bool publisher_idle(const struct publisher *publisher); /* nothing left to publish, or it cannot be */
/* What the trail ends with; false before anything is published. Not while a worker is about it. */
bool publisher_tip(const struct publisher *publisher, struct audit_tip *ret);
void publisher_destroy(struct publisher *publisher);

/* ---- witness.c; each NULL-safe ---- */

/* After the publisher, which knows what is there already. Nothing when the run has no witness. */
int witness_create(struct runner *runner, struct err *err) MUST_CHECK;
/* The trail ends with this now; `wanted`: the witness should hold it. */
void witness_published(struct witness *witness, const struct audit_tip *tip, bool wanted);
void witness_tick(struct witness *witness, struct instant now);
bool witness_idle(const struct witness *witness); /* the remote has all, or is not waited for any more */
/* The remote lacks something that is published. */
bool witness_owed(const struct witness *witness);
/* At the end: no more is tried. Whether that led to a record, which is to be published still. */
bool witness_give_up(struct witness *witness);
void witness_destroy(struct witness *witness);

/* ---- signed.c: decisions that are signed ---- */

/* Reads the frozen policy, holds it against what this machine has seen, and the operator's key against it. */
int policy_begin(struct runner *runner, struct err *err) MUST_CHECK;

/* How it went: 0, or the code with the rule (NULL) and the sentence. Called exactly once, later, unless it
 * was forgotten. */
typedef void (*signed_told)(void *data, int result, const char *rule, const char *why);
/* A decision came with a signature, from a client or from elsewhere: has a worker judge it, and then decides
 * by what it says and by whose key it was. Texts are copied. */
void runner_take_signed(struct runner *runner, const char *statement, const char *signature, bool watcher,
                        signed_told told, void *data);
/* Nobody is there any more to be told, as `data`. */
void signed_forget(struct runner *runner, const void *data);

/* ---- client.c ---- */

int clients_listen(struct runner *runner, struct err *err) MUST_CHECK;
void clients_event(struct runner *runner, const struct event *event);
void clients_send(struct runner *runner, const struct wire_message *message);
void clients_close(struct runner *runner);

/* ---- approvals.c: votes given in another clone; each NULL-safe ---- */

/* After policy and witness. Nothing when the run goes by no policy. */
void approvals_create(struct runner *runner);
void approvals_tick(struct approvals *approvals, struct instant now);
/* Nothing is looked for any more; what is under way is forgotten. */
void approvals_stop(struct approvals *approvals);
void approvals_destroy(struct approvals *approvals); /* when the loop has drained */

/* ---- passing.c: what is shown and not numbered ---- */

int passing_open(struct runner *runner, struct err *err) MUST_CHECK;
void passing_keep(struct runner *runner, const struct event *event);
void passing_close(struct runner *runner);

/* ---- output.c: what a running command writes ---- */

void output_create(struct runner *runner);
void output_add(struct runner *runner, const char *step, const char *bytes, size_t len);
void output_flush(struct runner *runner);
void output_destroy(struct runner *runner);

#endif
