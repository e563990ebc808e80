/*
 * A book: one JSON file, decoded, checked, resolved and from then on immutable.
 *
 * Everything in a book lives in the arena that it was loaded into and is borrowed by everyone else. Ids have
 * become indices: a step's target, a criterion's monitor, a gate's roles. `${name}` has been replaced, in one
 * pass, quoted by where it landed, so `sql` and `argv` here are exactly what will be executed.
 *
 * Positions (line, column) of what may be named in a message are kept.
 */
#ifndef RUNBOOK_BOOK_H
#define RUNBOOK_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "json/json.h"
#include "runbook/expect.h"
#include "runbook/rehearsal.h"

#define BOOK_FORMAT     1
#define BOOK_STEPS_MAX  5000
#define BOOK_PHASES_MAX 200
#define BOOK_NONE       SIZE_MAX /* "no index" */

/* The word in JSON; whether it can change anything (so: needs a rollback, becomes UNKNOWN in a crash);
 * whether an attempt goes on where the one before had come, doing nothing twice (so: is not UNKNOWN after
 * all) */
#define STEP_KINDS(X)                                                                                        \
    X(STEP_CHECK, "check", false, false)     /* a box to tick: by hand, or sensed by a query */              \
    X(STEP_MANUAL, "manual", true, false)    /* a person does it, and says so with evidence */               \
    X(STEP_SQL, "sql", true, false)          /* statements on a target */                                    \
    X(STEP_COMMAND, "command", true, false)  /* argv */                                                      \
    X(STEP_VERIFY, "verify", false, false)   /* a query and what it must answer */                           \
    X(STEP_WAIT, "wait", false, false)       /* until a condition holds, or queries answer, for a time */    \
    X(STEP_BACKFILL, "backfill", true, true) /* one change of a large table, in batches along its key */     \
    X(STEP_OSC, "osc", true, false)          /* a table altered by an online schema change tool */           \
    X(STEP_COMPARE, "compare", false, true)  /* tables of two targets, by counts and hashes */               \
    X(STEP_NOTIFY, "notify", false, false)   /* somebody is told; nothing waits for it */                    \
    X(STEP_MARK, "mark", true, false)  /* made for a phase with a rollback of its own: its beginning */      \
    X(STEP_NONE, "none", false, false) /* only in rollback: nothing to undo, and why */

enum step_kind {
#define X(name, word, changes, resumes) name,
    STEP_KINDS(X)
#undef X
        STEP_KIND_COUNT
};

#define PHASE_KINDS(X)                                                                                       \
    X(PHASE_PREFLIGHT, "preflight")                                                                          \
    X(PHASE_EXPAND, "expand")                                                                                \
    X(PHASE_MIGRATE, "migrate")                                                                              \
    X(PHASE_CUTOVER, "cutover")                                                                              \
    X(PHASE_VERIFY, "verify")                                                                                \
    X(PHASE_CONTRACT, "contract")                                                                            \
    X(PHASE_CLEANUP, "cleanup")                                                                              \
    X(PHASE_ROLLBACK, "rollback")

enum phase_kind {
#define X(name, word) name,
    PHASE_KINDS(X)
#undef X
        PHASE_KIND_COUNT
};

enum risk { RISK_UNSTATED, RISK_LOW, RISK_MEDIUM, RISK_HIGH, RISK_COUNT };
enum target_engine { ENGINE_POSTGRESQL, ENGINE_MYSQL, ENGINE_MARIADB, TARGET_ENGINE_COUNT };
enum target_role { TARGET_ROLE_UNSTATED, TARGET_PRIMARY, TARGET_REPLICA, TARGET_ROLE_COUNT };
enum monitor_kind {
    MONITOR_LAG,
    MONITOR_LOCKS,
    MONITOR_TRANSACTIONS,
    MONITOR_PROGRESS,
    MONITOR_QUERY, /* a number that a query answers */
    MONITOR_HTTP,  /* a number in what a URL answers */
    MONITOR_KIND_COUNT
};

struct target {
    const char *id;
    enum target_engine engine;
    const char *version; /* constraint as written, ">=15", or NULL */
    enum target_role role;
    size_t of;       /* replica: index of its primary, BOOK_NONE else */
    const char *dsn; /* from the targets file; never holds a password; NULL when no targets were given */
    const char *password_from; /* "env:NAME", "file:PATH", "command: ..."; NULL */
    bool live; /* the targets file says that people depend on it: nothing is rehearsed there */
    int line, column;
};

struct monitor_def {
    const char *id;
    enum monitor_kind kind;
    size_t target;                 /* BOOK_NONE: http */
    bool heartbeat;                /* lag: a heartbeat table may be made (and is removed afterwards) */
    int64_t every_us;              /* 1 s unless stated */
    const char *sql;               /* query */
    const struct http_query *http; /* http */
    int line, column;
};

/* "metric is value", perhaps sustained `for_us`, by a sample not older than `age_us`. */
struct condition {
    size_t monitor;     /* index */
    const char *metric; /* the part after the dot */
    const char *name;   /* as written: "lag.seconds" */
    enum comparison is;
    double value;
    int64_t for_us; /* must have held continuously this long; 0: just now */
    int64_t age_us; /* a sample older than this is stale = unknown; 3 s unless stated */
};

enum trigger_then { THEN_HOLD, THEN_ROLLBACK, TRIGGER_THEN_COUNT };

struct trigger {
    const char *id;
    struct condition when;
    enum trigger_then then; /* rollback without asking only where the book says so */
    bool propose_rollback;  /* put the rollback decision up with the evidence */
    const char *why;
    int line, column;
};

/* What the checker would say of a thing, and why it is right all the same ("ignore"). The code is the
 * checker's: what it is loading does not know. */
struct ignored {
    const char *code, *reason;
    int line, column;
};

struct retry {
    int attempts;                  /* 1: no retry */
    struct duration_range backoff; /* first wait .. longest, doubling */
};

/* A secret that a command gets in its environment. Its value never stands in a book: whoever carries the
 * command out reads the variable `from` of its own environment at that moment. */
struct secret_env {
    const char *name;  /* the variable that the command sees */
    const char *from;  /* "env:NAME", "file:PATH", "command: ..." */
    const char *label; /* what it is called where it is left out: NAME of the environment, else the param */
};

struct lock_claim {
    const char *table;
    const char *mode; /* "AccessExclusive" */
};

/* What a step is done for, one after the other: the first column of a query's answer. */
struct each {
    struct query query; /* its expectation is not looked at */
    const char *as;     /* the name of the item in the step's texts */
};

struct backfill_def {
    const char *table, *set, *where; /* SQL */
    const char *statement;           /* in the place of `set` and `where`, NULL */
    size_t key_count;
    const char *const *key;
    int64_t batch, batch_time_us, pause_us;
    int attempts; /* of one batch */
    size_t throttle_count;
    const struct condition *throttle; /* each has to hold, by fresh samples, or no batch is sent */
};

/* The programs that change the schema of a table which is in use. */
#define OSC_TOOLS(X)                                                                                         \
    X(OSC_PERCONA, "pt-online-schema-change", ">=3")                                                         \
    X(OSC_GHOST, "gh-ost", ">=1")

enum osc_tool {
#define X(name, word, version) name,
    OSC_TOOLS(X)
#undef X
        OSC_TOOL_COUNT
};

struct osc_def {
    enum osc_tool tool;
    const char *schema; /* NULL: the database of the target's connection */
    const char *table;
    const char *alter; /* what stands behind ALTER TABLE t, names in `...` */
    size_t option_count;
    const char *const *options; /* further arguments of the tool */
    size_t throttle_count;
    const struct condition *throttle; /* each has to hold, by fresh samples, or the tool is paused */
};

struct compare_def {
    size_t left, right;                   /* targets */
    const char *left_table, *right_table; /* NULL: by patterns */
    size_t pattern_count, key_count, column_count, sum_count;
    const char *const *patterns, *const *key, *const *columns, *const *sums;
    const char *where;
    int64_t chunk;
    bool sequences;
    int64_t sequence_margin;
    int rechecks;
    int64_t recheck_wait_us;
    int64_t timeout_us; /* of one question */
};

/* Who is told what, from the book's communications. */
struct notice {
    const char *id, *to, *text;
    const char *url;      /* webhook; NULL: a command, or the URL is a secret */
    const char *url_from; /* the URL is a secret: where it is; NULL */
    const char *url_label;
    size_t argv_count; /* command: gets the text as one more argument */
    const char *const *argv;
};

/* One step, or one entry of a step's rollback (then `rollback` is empty and `owner_step` says whose). */
struct step {
    const char *id;    /* of a rollback entry: "<step>.rollback.<n>", n from 1 */
    const char *title; /* the id unless stated; of a rollback entry: "Undo: ..." */
    enum step_kind kind;
    size_t index; /* in book.steps; of a rollback entry: its place in the list */
    size_t phase;
    const char *by;               /* the role that has to tick it; NULL: the operator */
    bool evidence;                /* a person has to type what they saw */
    struct duration_range stated; /* the book's own estimate; 0..0: none */
    struct duration_range
        estimate; /* what is reckoned with: median..p95 of rehearsals where known, else `stated` */
    struct rehearsed rehearsed;
    const struct unattended *unattended; /* who does it in a rehearsal, where a person would; NULL */
    bool idempotent;                     /* sql, command: doing it again changes nothing */
    size_t after_count;
    const size_t *after; /* steps that must be done before; in a sequential phase: the step before as well */

    bool background;         /* what comes after it in the phase need not wait for it */
    const char *as;          /* sql, verify: the name under which what it answered can be used later; NULL */
    const struct each *each; /* sql; NULL: it is done once */

    size_t target;    /* sql, verify, sensed check, backfill; BOOK_NONE else */
    size_t sql_count; /* sql: statements, each sent as one query */
    const char *const *sql;
    struct query generate;        /* sql: its statements are the rows that this answers; not there else */
    bool transaction;             /* sql: all of it in one transaction */
    int64_t lock_timeout_us;      /* 0: none set */
    int64_t statement_timeout_us; /* 0: none set */
    const char *copies;           /* sql of mysql and mariadb: why a table may be copied; NULL: none may */
    struct retry retry;
    size_t give_way_count; /* sql: where one of them holds, by a fresh sample, what runs is cancelled */
    const struct condition *give_way;
    size_t lock_count;
    const struct lock_claim *locks;
    struct query probe; /* "done_when": true means that it is done already */

    struct query query;   /* verify; check with "sense" (not there: ticked by hand) */
    int64_t freshness_us; /* sensed check: how old its last answer may be; 1 min unless stated */

    size_t argv_count; /* command */
    const char *const *argv;
    size_t env_count; /* "NAME=value" */
    const char *const *env;
    size_t secret_count;
    const struct secret_env *secrets;
    const char *directory; /* where a command runs: the directory of the book unless stated; NULL: there */
    int64_t timeout_us;    /* command, osc, wait; 0: none */
    bool keeps_nothing;    /* command, "capture": "none": what it writes is neither kept nor shown */
    int64_t grace_us;      /* command: between SIGTERM and SIGKILL; 5 s unless stated */

    const struct backfill_def *backfill;
    const struct osc_def *osc;
    const struct compare_def *compare;
    const struct notice *notice; /* notify */

    struct condition until; /* wait for a metric */
    size_t until_count;     /* wait for queries: all of them have to be answered as expected; 0 else */
    const struct query *until_queries;
    int64_t until_for_us;     /* how long without a break */
    int64_t until_every_us;   /* how often they are asked */
    const char *instructions; /* manual, check */
    const char *why;          /* none */

    size_t rollback_count;
    const struct step *rollback;
    const char *irreversible;      /* why it cannot be undone; NULL: it can */
    const struct step *owner_step; /* rollback entries: whose; NULL else */
    size_t ignored_count;
    const struct ignored *ignored;
    int line, column;
};

struct criterion {
    const char *id; /* "<gate>.<n>", n from 1, or as written */
    struct condition when;
};

struct gate {
    const char *id;
    size_t index; /* in book.gates */
    size_t phase; /* it stands at the end of this phase */
    size_t vote_count;
    const size_t *votes; /* roles whose vote is needed */
    size_t criterion_count;
    const struct criterion *criteria;
    bool override_allowed;
    size_t override_by; /* role */
    bool witness;       /* GO only when the remote holds the trail up to what was said here */
    int64_t valid_us; /* how long a GO stands before the next step must have started; 15 min unless stated */
    int line, column;
};

struct phase {
    const char *id;
    const char *title;
    enum phase_kind kind;
    enum risk risk;
    const char *owner;
    bool parallel;
    struct duration_range estimate; /* the sum of its steps where unstated */
    size_t first_step;              /* index in book.steps */
    size_t step_count;
    size_t gate;               /* index in book.gates, BOOK_NONE */
    size_t first_verification; /* the steps from here on judge those before */
    size_t mark; /* the step that stands for its beginning, where it has a rollback of its own; BOOK_NONE */
    size_t ignored_count;
    const struct ignored *ignored;
    int line, column;
};

struct role {
    const char *id;
    size_t not_role; /* must be another person than who holds that role; BOOK_NONE */
};

/* A value that is known only while the book is executed: what a step answered ("as"), or an item. Texts that
 * use it hold "${name}" until then (book_fill). */
enum fill_type { FILL_TEXT, FILL_IDENTIFIER };
struct later_value {
    const char *name;
    enum fill_type type;
    size_t step;  /* who gets it */
    bool is_item; /* of `step`, and known to it and its rollback alone */
};

/* What the book was loaded with. */
struct param_value {
    const char *name;
    const char *type;  /* "identifier" */
    const char *value; /* NULL: a secret */
    const char *from;  /* a secret: where it is */
    bool stands_in;    /* nothing was given, and the value only stands for one (book_options.unbound) */
};

/* A program that has to be there when a run begins. */
struct tool {
    const char *name;    /* as it is looked for in PATH */
    const char *version; /* a constraint: ">=15", "8.0.35"; NULL: any */
};

struct book_ids; /* private to the room */

struct book {
    const char *path; /* as it was given; for messages */
    const char *id, *title, *summary;
    int64_t window_us; /* 0: no window */
    int64_t margin_us;
    size_t target_count, monitor_count, trigger_count, role_count, phase_count, step_count, gate_count;
    struct target *targets;
    struct monitor_def *monitors;
    struct trigger *triggers;
    struct role *roles;
    struct phase *phases;
    struct step *steps; /* of all phases, in order */
    struct gate *gates;
    size_t tool_count, forbidden_count;
    const struct tool *tools;
    const char *const *forbidden; /* programs that no step calls */
    size_t later_count;
    struct later_value *later;
    size_t param_count;
    struct param_value *params;
    size_t ignored_count;
    const struct ignored *ignored;
    const struct rehearsal *rehearsal; /* NULL: the book says nothing of one */
    const char *unrehearsed;           /* why it is begun without the certificate that it asks for; NULL */
    const char *rehearsed_otherwise; /* params that had another value in the rehearsal: "a, b"; NULL: none */
    const struct json *source;       /* the whole document, for what is shown and not executed */
    const struct book_ids *ids;      /* what the book_find_ functions look in; set by book_load */
};

struct book_param {
    const char *name, *value;
};

/* A file that the book names, as it was when the run began. */
struct book_file {
    const char *name; /* as the book names it */
    const char *text; /* NULL: it could not be read, and `why` */
    const char *why;
};

struct book_options {
    const char *targets_path; /* for messages; NULL: no targets file */
    const char *targets_text;
    size_t targets_len;
    size_t param_count;
    const struct book_param *params;
    /* A param that needs a value and has none is let pass: "<name>" stands for a text or an identifier, the
     * least that it may be for an integer, 1 else, "false", "1s". For who only looks at a book; never for a
     * run. */
    bool unbound;
    size_t file_count;
    const struct book_file *files;
    /* What rehearsals took: becomes the estimates (`stated` stays). What is of no step is left out. */
    size_t timing_count;
    const struct step_timing *timings;
    const struct book_param *rehearsed_params; /* those of the rehearsal; NULL: there was none */
    size_t rehearsed_param_count;
    const char *unrehearsed; /* see struct book; NULL */
};

/* The files that a book names ("file", "use"), each once: fragments as "checks/<name>.json". NULL-terminated,
 * in `arena`; nothing for a text that is no JSON. */
const char *const *book_files_named(struct arena *arena, const char *text, size_t len);

/* Decodes, checks and resolves a book that stands in `text`. `path` is for messages and for files named
 * beside it. All faults of one pass are in `faults` (each of the book) and `target_faults` (each of the
 * targets file; may be NULL when there is none), in the order of the file; NULL is returned when there is
 * one. Faults of the params in `options` stand at line 0 and begin with "--param NAME". `options` may be
 * NULL. Reads no file, looks at no environment and connects to nothing. */
const struct book *book_load(struct arena *arena, const char *path, const char *text, size_t len,
                             const struct book_options *options, struct json_faults *faults,
                             struct json_faults *target_faults);

/* Index of the thing with that id, BOOK_NONE if there is none. */
size_t book_find_step(const struct book *book, const char *id);
size_t book_find_gate(const struct book *book, const char *id);
size_t book_find_role(const struct book *book, const char *id);
size_t book_find_monitor(const struct book *book, const char *id);
size_t book_find_target(const struct book *book, const char *id);
size_t book_find_trigger(const struct book *book, const char *id);

/* The step, or the n-th entry of its rollback (from 1 on; 0 is the step itself). */
const struct step *book_work(const struct book *book, size_t step, size_t entry);
/* The same by the step's id, as an event names it. NULL when the book has none. */
const struct step *book_find_work(const struct book *book, const char *id, int64_t entry);

/* Whether a server's version (150020) fits a target's constraint: ">=15", "15", "<17.2". */
bool version_fits(const char *constraint, int version);
/* The same of a target, whose constraint may be NULL, by its engine's numbers: 150020 is PostgreSQL's 15.20,
 * 80036 MySQL's 8.0.36; and such a number as people write it. */
bool target_version_fits(const struct target *target, int version);
void target_version_text(enum target_engine engine, int version, char ret_text[32]);
/* The same of a program's version, with any number of parts ("8.0.35"): compared are as many parts as the
 * constraint has, so that "15" and "<=15" let any 15.x pass; a part that the version lacks is 0. */
bool tool_version_fits(const char *constraint, const char *version);

const char *step_kind_word(enum step_kind kind);
bool step_kind_changes(enum step_kind kind); /* whether such a step can have an effect */
bool step_kind_resumes(enum step_kind kind); /* whether it goes on where an attempt before had come */
/* Whether what follows in the phase may begin while it runs. */
bool step_is_beside(const struct step *step);
const char *phase_kind_word(enum phase_kind kind);
const char *risk_word(enum risk risk); /* "LOW"; "" unstated */
const char *monitor_kind_word(enum monitor_kind kind);
const char *target_engine_word(enum target_engine engine);
const char *osc_tool_word(enum osc_tool tool);

/* Whether a sensed check (a check with a query). */
bool step_is_sensed(const struct step *step);

/* `text` of that step or its rollback, with the values that are known only now in the place of "${name}", in
 * one pass, quoted by where they land: in SQL, read as that engine does; in a URL, percent-encoded, and
 * ERR_INVALID when its path would get a "." or ".." by it; elsewhere as they are. `value_of` gives a value or
 * NULL: ERR_NOT_FOUND then, and its name. `text` itself when it uses none. */
enum fill_in { FILL_IN_TEXT, FILL_IN_URL, FILL_IN_POSTGRESQL, FILL_IN_MYSQL, FILL_IN_MARIADB };
/* Where a text lands that is for that target (BOOK_NONE: it is none that is asked). */
enum fill_in fill_in_sql(const struct book *book, size_t target);
typedef const char *(*book_value_of)(void *data, const struct later_value *later);
int book_fill(const struct book *book, struct arena *arena, size_t step, const char *text, enum fill_in in,
              book_value_of value_of, void *data, const char **ret, struct err *err) MUST_CHECK;
/* A descriptive text of the book (its risks, its strategy) with the params that it names replaced; what is no
 * param's name is left as it is. `text` itself when it names none. */
const char *book_described(const struct book *book, struct arena *arena, const char *text);
/* "lag.seconds < 1 for 30s". */
void condition_text(struct buf *buf, const struct condition *condition);
/* What is looked at again and again while a step runs: a throttle, or what it gives way to. */
const struct condition *step_conditions(const struct step *step, size_t *ret_count);

/* A batch of it, but for which keys it covers: what its locks are. */
const char *backfill_batch_text(struct arena *arena, const struct backfill_def *def);

/* What a step does, for people: its SQL, its command, what it asks or waits for, as it will be executed but
 * for values that are known only then. */
void step_text(struct buf *buf, const struct step *step, const struct book *book);

/* A command so that where an argument begins and ends can be seen; for eyes, no shell ever reads it. */
void arguments_text(struct buf *buf, const char *const *argv, size_t count);

/* Sum of the estimates of a step's rollback entries (the upper ends). */
int64_t step_rollback_us(const struct step *step);

#endif
