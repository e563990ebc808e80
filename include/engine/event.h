/*
 * Events: everything that happens in a run.
 *
 * A *record* is numbered, goes into the journal before anything is done because of it, and is published. A
 * *passing* event (a sample, the answer of a sensed check) is not numbered: it is shown, kept beside the
 * journal for the trail, and the fold of the records never needs it.
 *
 * The event that begins something ("step.started") is also the intent: the runner carries it out after it is
 * durable, and only then.
 */
#ifndef ENGINE_EVENT_H
#define ENGINE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "base/time.h"
#include "json/json.h"

/* name, word, record?, and the fields that it has besides seq, type, at and actor (see EVENT_FIELDS) */
#define EVENTS(X)                                                                                            \
    X(EVENT_RUN_OPENED, "run.opened", true,                                                                  \
      F_RUN | F_SUBJECT | F_TEXT | F_BOOK | F_TARGETS | F_SETTINGS | F_BOOT | F_HOST | F_VERSION |           \
          F_ENVIRONMENT | F_POLICY | F_KEY | F_WITNESS)                                                      \
    X(EVENT_RUN_RESUMED, "run.resumed", true, F_TEXT | F_BOOT | F_HOST | F_VERSION | F_KEY)                  \
    X(EVENT_RUN_HELD, "run.held", true, F_TEXT)                                                              \
    X(EVENT_RUN_RELEASED, "run.released", true, F_TEXT)                                                      \
    X(EVENT_RUN_NOTE, "run.note", true, F_TEXT)                                                              \
    X(EVENT_RUN_CLOSED, "run.closed", true, F_CHOICE | F_TEXT)                                               \
    X(EVENT_PERSON_JOINED, "person.joined", true, F_ROLE | F_TEXT)                                           \
    X(EVENT_PERSON_LEFT, "person.left", true, F_ROLE | F_TEXT)                                               \
    X(EVENT_CHECK_TICKED, "check.ticked", true, F_SUBJECT | F_ENTRY | F_ROLE | F_TEXT | F_VALUE | F_SIGNED)  \
    X(EVENT_CHECK_UNTICKED, "check.unticked", true, F_SUBJECT | F_TEXT | F_VALUE)                            \
    X(EVENT_CHECK_SENSED, "check.sensed", false, F_SUBJECT | F_CHOICE | F_TEXT | F_VALUE)                    \
    X(EVENT_STEP_STARTED, "step.started", true, F_SUBJECT | F_ENTRY | F_ATTEMPT | F_TEXT)                    \
    X(EVENT_STEP_NOTED, "step.noted", true, F_SUBJECT | F_ENTRY | F_TEXT)                                    \
    X(EVENT_STEP_WAITING, "step.waiting", true, F_SUBJECT | F_ENTRY | F_TEXT)                                \
    X(EVENT_STEP_RETRYING, "step.retrying", true,                                                            \
      F_SUBJECT | F_ENTRY | F_ATTEMPT | F_CODE | F_TEXT | F_DETAIL | F_HINT | F_WAIT)                        \
    X(EVENT_STEP_CANCELLING, "step.cancelling", true, F_SUBJECT | F_ENTRY | F_TEXT)                          \
    X(EVENT_STEP_REPORTED, "step.reported", true, F_SUBJECT | F_ENTRY | F_TEXT)                              \
    X(EVENT_STEP_ENDED, "step.ended", true,                                                                  \
      F_SUBJECT | F_ENTRY | F_ATTEMPT | F_CHOICE | F_CLEAN | F_CODE | F_TEXT | F_DETAIL | F_HINT | F_VALUE | \
          F_LEFTOVER | F_ELAPSED | F_OUTPUT)                                                                 \
    X(EVENT_STEP_RULED, "step.ruled", true, F_SUBJECT | F_ENTRY | F_CHOICE | F_TEXT)                         \
    X(EVENT_STEP_CHECKPOINT, "step.checkpoint", true, F_SUBJECT | F_ENTRY | F_VALUE | F_PROGRESS)            \
    X(EVENT_STEP_PROGRESSED, "step.progressed", false, F_SUBJECT | F_ENTRY | F_TEXT | F_PROGRESS)            \
    X(EVENT_STEP_AWAITED, "step.awaited", false, F_SUBJECT | F_ENTRY | F_TEXT | F_PROGRESS)                  \
    X(EVENT_STEP_LOCKED, "step.locked", true, F_SUBJECT | F_ENTRY | F_ATTEMPT | F_VALUE | F_TEXT)            \
    X(EVENT_STEP_FORESEEN, "step.foreseen", false, F_SUBJECT | F_CHOICE | F_TEXT)                            \
    X(EVENT_ITEM_STARTED, "item.started", true, F_SUBJECT | F_ENTRY | F_VALUE)                               \
    X(EVENT_ITEM_ENDED, "item.ended", true, F_SUBJECT | F_ENTRY | F_VALUE | F_CHOICE)                        \
    X(EVENT_PROBE_STARTED, "probe.started", true, F_SUBJECT | F_ENTRY)                                       \
    X(EVENT_PROBE_ENDED, "probe.ended", true, F_SUBJECT | F_ENTRY | F_CHOICE | F_TEXT | F_VALUE)             \
    X(EVENT_CLEAN_STARTED, "clean.started", true, F_SUBJECT | F_TEXT)                                        \
    X(EVENT_CLEAN_ENDED, "clean.ended", true, F_SUBJECT | F_CHOICE | F_CODE | F_TEXT)                        \
    X(EVENT_GATE_VOTED, "gate.voted", true, F_SUBJECT | F_ROLE | F_CHOICE | F_TEXT | F_VALUE | F_SIGNED)     \
    X(EVENT_GATE_LAPSED, "gate.lapsed", true, F_SUBJECT | F_TEXT)                                            \
    X(EVENT_GATE_DECIDED, "gate.decided", true, F_SUBJECT | F_CHOICE | F_TEXT | F_VALUE)                     \
    X(EVENT_GATE_FORCED, "gate.forced", true, F_SUBJECT | F_TEXT | F_VALUE | F_SIGNED)                       \
    X(EVENT_ITEM_OVERRIDDEN, "item.overridden", true, F_SUBJECT | F_ROLE | F_GATE | F_TEXT | F_SIGNED)       \
    X(EVENT_TRIGGER_FIRED, "trigger.fired", true, F_SUBJECT | F_TEXT | F_VALUE)                              \
    X(EVENT_TRIGGER_BLIND, "trigger.blind", true, F_SUBJECT | F_TEXT)                                        \
    X(EVENT_TRIGGER_CLEARED, "trigger.cleared", true, F_SUBJECT | F_TEXT)                                    \
    X(EVENT_ROLLBACK_STARTED, "rollback.started", true, F_SUBJECT | F_TEXT)                                  \
    X(EVENT_ROLLBACK_ENDED, "rollback.ended", true, F_CHOICE | F_TEXT)                                       \
    X(EVENT_KILL_STARTED, "kill.started", true, F_SUBJECT | F_VALUE | F_CODE | F_CHOICE | F_TEXT | F_DETAIL) \
    X(EVENT_KILL_ENDED, "kill.ended", true, F_SUBJECT | F_VALUE | F_CODE | F_CHOICE | F_TEXT)                \
    X(EVENT_MONITOR_STARTED, "monitor.started", true, F_SUBJECT | F_TEXT)                                    \
    X(EVENT_MONITOR_STOPPED, "monitor.stopped", true, F_SUBJECT | F_TEXT)                                    \
    X(EVENT_TRAIL_TROUBLE, "trail.trouble", true, F_TEXT)                                                    \
    X(EVENT_CLOCK_JUMPED, "clock.jumped", true, F_ELAPSED)                                                   \
    X(EVENT_WITNESS_PUSHED, "witness.pushed", true, F_CHOICE | F_VALUE | F_ATTEMPT | F_TEXT)                 \
    X(EVENT_WITNESS_ALARMED, "witness.alarmed", true, F_TEXT)                                                \
    X(EVENT_SAMPLE, "sample", false, F_SAMPLE)

/* A decision of somebody whose key is known: which key, what was signed (engine/statement.h), the signature.
 */
#define F_SIGNED (F_KEY | F_STATEMENT | F_SIGNATURE)

/* flag, JSON key, member of struct event, how it is held */
#define EVENT_FIELDS(X)                                                                                      \
    X(F_RUN, "run", run, TEXT)                /* the run's id */                                             \
    X(F_SUBJECT, "subject", subject, TEXT)    /* id of the step, gate, trigger, monitor */                   \
    X(F_ENTRY, "entry", entry, INTEGER)       /* n-th entry of the step's rollback; 0: the step itself */    \
    X(F_ATTEMPT, "attempt", attempt, INTEGER) /* from 1 */                                                   \
    X(F_ROLE, "role", role, TEXT)                                                                            \
    X(F_GATE, "gate", gate, TEXT)                                                                            \
    X(F_CHOICE, "choice", choice, CHOICE)                                                                    \
    X(F_CODE, "code", code, TEXT) /* SQLSTATE, exit status; kill: which session of that pid */               \
    X(F_TEXT, "text", text, TEXT) /* reason, evidence, error: the sentence */                                \
    X(F_DETAIL, "detail", detail, TEXT)                                                                      \
    X(F_HINT, "hint", hint, TEXT)                                                                            \
    X(F_VALUE, "value", value, TEXT)          /* what was read; kill: the pid */                             \
    X(F_LEFTOVER, "leftover", leftover, TEXT) /* invalid index, quoted name */                               \
    X(F_CLEAN, "clean", clean, BOOL)          /* certainly no effect remains */                              \
    X(F_WAIT, "wait_us", wait_us, INTEGER)                                                                   \
    X(F_ELAPSED, "elapsed_us", elapsed_us, INTEGER)                                                          \
    X(F_OUTPUT, "output", output, TEXT)       /* SHA-256 of the output file */                               \
    X(F_BOOK, "book", book, TEXT)             /* SHA-256 of the frozen book */                               \
    X(F_TARGETS, "targets", targets, TEXT)    /* SHA-256 of the frozen targets file, of "" without one */    \
    X(F_SETTINGS, "settings", settings, TEXT) /* SHA-256 of the frozen run.json: params, operator, ... */    \
    X(F_BOOT, "boot", boot, TEXT)             /* boot id */                                                  \
    X(F_HOST, "host", host, TEXT)                                                                            \
    X(F_VERSION, "version", version, TEXT)                                                                   \
    X(F_ENVIRONMENT, "environment", environment, TEXT)                                                       \
    X(F_POLICY, "policy", policy, TEXT)    /* SHA-256 of the frozen policy; not there without one */         \
    X(F_WITNESS, "witness", witness, TEXT) /* "every gate" waits for it; else not there */                   \
    X(F_KEY, "key", key, TEXT)             /* fingerprint, "SHA256:..." */                                   \
    X(F_STATEMENT, "statement", statement, TEXT)                                                             \
    X(F_SIGNATURE, "signature", signature, TEXT) /* armoured, as ssh-keygen writes it */                     \
    X(F_SAMPLE, "sample", sample, SAMPLE)                                                                    \
    X(F_PROGRESS, "progress", progress, PROGRESS)

enum event_field_bit {
#define X(flag, key, member, how) flag##_BIT,
    EVENT_FIELDS(X)
#undef X
        EVENT_FIELD_COUNT
};
enum event_field {
#define X(flag, key, member, how) flag = 1 << flag##_BIT,
    EVENT_FIELDS(X)
#undef X
};

enum event_type {
#define X(name, word, record, fields) name,
    EVENTS(X)
#undef X
        EVENT_TYPE_COUNT
};

/* One list for all that can be chosen or come out; the words are unique. */
#define CHOICES(X)                                                                                           \
    X(CHOICE_NONE, "")                                                                                       \
    X(CHOICE_GO, "go")                                                                                       \
    X(CHOICE_NO_GO, "no-go")                                                                                 \
    X(CHOICE_DONE, "done")                                                                                   \
    X(CHOICE_FAILED, "failed")                                                                               \
    X(CHOICE_SKIPPED, "skipped") /* its probe said that it was done already */                               \
    X(CHOICE_UNKNOWN, "unknown")                                                                             \
    X(CHOICE_NOT_DONE, "not-done")                                                                           \
    X(CHOICE_PARTIAL, "partial")                                                                             \
    X(CHOICE_YES, "yes")                                                                                     \
    X(CHOICE_NO, "no")                                                                                       \
    X(CHOICE_FINISHED, "finished")                                                                           \
    X(CHOICE_SCRUBBED, "scrubbed")                                                                           \
    X(CHOICE_ABORTED, "aborted")                                                                             \
    X(CHOICE_CANCEL, "cancel")                                                                               \
    X(CHOICE_TERMINATE, "terminate")                                                                         \
    X(CHOICE_GONE, "gone") /* it was not there any more: nothing was sent */

enum choice {
#define X(name, word) name,
    CHOICES(X)
#undef X
        CHOICE_COUNT
};

/* How far something long has come. Of a wait for queries: how many of how many are answered as expected. */
struct progress {
    int64_t rows;       /* done */
    int64_t total;      /* about how many there are; -1: not known */
    int64_t per_second; /* lately */
    int64_t left_us;    /* by that; -1: not known */
    bool again;         /* it goes over the rows once more */
};

struct event {
    uint64_t seq; /* from 1 in a run; 0 for a passing event, and before it was recorded */
    enum event_type type;
    struct instant at;
    const char *actor; /* who; "tminus" when nobody asked for it */
    const char *run, *subject, *role, *gate, *code, *text, *detail, *hint, *value, *leftover, *output, *book,
        *targets, *settings, *boot, *host, *version, *environment, *policy, *witness, *key, *statement,
        *signature; /* NULL where the type does not have it */
    int64_t entry, attempt, wait_us, elapsed_us;
    enum choice choice;
    bool clean;
    const struct sample *sample;
    struct progress progress;
};

#define EVENT_ACTOR_SELF         "tminus"
#define EVENT_WITNESS_EVERYWHERE "every gate"
#define EVENT_STEP_AGAIN         "again" /* text of a step.started: it was done, and is done once more */
#define ENVIRONMENT_REHEARSAL    "rehearsal"

const char *event_word(enum event_type type);
bool event_is_record(enum event_type type);
/* What somebody else should have seen before a gate that asks for a witness is passed: what was said, ticked,
 * decided, held and undone. What the witness itself is told about is not of these. */
bool event_wants_witness(enum event_type type);
const char *choice_word(enum choice choice);
/* CHOICE_COUNT if there is none of that word. */
enum choice choice_of(const char *word);

/* Writes the fields of an event into an object that the writer has open (so that a journal can put its own
 * beside them): seq, type, wall_us, boot_us, actor, then those of its type. */
void event_write(struct json_writer *w, const struct event *event);
/* The other way; texts are copied into `arena`. ERR_INVALID on an unknown type, field or value. Members of
 * the object that event_write does not write are ignored when they are named in `others` (NULL-terminated).
 */
int event_read(struct arena *arena, const struct json *object, const char *const *others,
               struct event *ret_event, struct err *err) MUST_CHECK;

struct event *event_copy(struct arena *arena, const struct event *event);

/* One line that tells it to a person, without time and without actor, made to be read after who did it:
 * "held the run: disk is full", "step add-column done in 1.2 s". */
void event_story(struct buf *buf, const struct event *event);

#endif
