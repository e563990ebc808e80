/*
 * Deciding: what follows from an input, by the rules, whatever the screen does.
 *
 * decide() is pure. It answers with events (to be recorded, applied, and where they begin something carried
 * out) or with a refusal that names the rule. After the events of an input have been applied, the caller asks
 * again with INPUT_TICK until nothing follows: lapses, triggers, decided gates, due attempts and the next
 * entry of a rollback all come from there.
 */
#ifndef ENGINE_DECIDE_H
#define ENGINE_DECIDE_H

#include "engine/run.h"

#define RULES(X)                                                                                             \
    X(RULE_NAME, "no such name")                                                                             \
    X(RULE_CLOSED, "the run is over")                                                                        \
    X(RULE_WATCHER, "only the operator executes")                                                            \
    /* Rule 7 wins over it: stopping is never harder, so what runs beside the unknown can be cancelled. */   \
    X(RULE_UNKNOWN_STEP, "an unknown step blocks everything but its probe, a ruling, a hold and a cancel")   \
    X(RULE_HELD, "the run is held")                                                                          \
    X(RULE_ROLLING_BACK, "a rollback is under way")                                                          \
    X(RULE_ORDER, "nothing begins before all that it depends on is done")                                    \
    X(RULE_CHECK, "unticked check")                                                                          \
    X(RULE_GATE, "undecided gate")                                                                           \
    X(RULE_CRITERION, "GO needs every criterion met by fresh samples")                                       \
    X(RULE_WITNESS, "the witness does not hold the trail yet")                                               \
    X(RULE_SELF_VOTE, "the approver is not the operator")                                                    \
    X(RULE_SIGNATURE, "a signature is asked for")                                                            \
    X(RULE_ROLE, "another role has to do this")                                                              \
    X(RULE_EVIDENCE, "evidence is asked for")                                                                \
    X(RULE_REASON, "a reason is asked for")                                                                  \
    X(RULE_SENSED, "a sensed check ticks itself")                                                            \
    X(RULE_OVERRIDE, "the book allows no override here")                                                     \
    X(RULE_LEFTOVER, "what a failed attempt left behind has to go first")                                    \
    X(RULE_NO_RETURN, "what cannot be undone has run")                                                       \
    X(RULE_SESSION, "only a session that is seen now is killed")                                             \
    X(RULE_OWN_SESSION, "a session of tminus is not killed")                                                 \
    X(RULE_CANCEL_FIRST, "a session is cancelled before it is terminated")                                   \
    X(RULE_STATE, "not possible in this state")

enum rule {
#define X(name, text) name,
    RULES(X)
#undef X
        RULE_COUNT
};
const char *rule_text(enum rule rule);

/* verb, word, who may (an operator only, or any person), arguments for the help */
#define VERBS(X)                                                                                             \
    X(VERB_TICK, "tick", true, "CHECK [--evidence TEXT] [--role ROLE]")                                      \
    X(VERB_UNTICK, "untick", true, "CHECK")                                                                  \
    X(VERB_START, "start", false, "STEP")                                                                    \
    X(VERB_NEXT, "next", false, "")                                                                          \
    X(VERB_CANCEL, "cancel", false, "STEP")                                                                  \
    X(VERB_RETRY, "retry", false, "STEP")                                                                    \
    X(VERB_AGAIN, "again", false, "STEP")                                                                    \
    X(VERB_CLEAN, "clean", false, "STEP")                                                                    \
    X(VERB_VOTE, "vote", true, "GATE go|no-go [--role ROLE] [--reason TEXT]")                                \
    X(VERB_BREAK_GLASS, "break-glass", true, "GATE --reason TEXT")                                           \
    X(VERB_OVERRIDE, "override", true, "ITEM --reason TEXT")                                                 \
    X(VERB_RULE, "rule", false, "STEP done|not-done|partial --reason TEXT")                                  \
    X(VERB_PROBE, "probe", false, "STEP")                                                                    \
    X(VERB_KILL, "kill", false, "[MONITOR:]PID [cancel|terminate] [--session TEXT] --reason TEXT")           \
    X(VERB_HOLD, "hold", true, "[REASON]")                                                                   \
    X(VERB_RELEASE, "release", false, "[--reason TEXT]")                                                     \
    X(VERB_ROLLBACK, "rollback", false, "[--to STEP] [--reason TEXT]")                                       \
    X(VERB_SCRUB, "scrub", false, "--reason TEXT")                                                           \
    X(VERB_NOTE, "note", true, "TEXT")                                                                       \
    X(VERB_CLOSE, "close", false, "")

enum verb {
#define X(name, word, anyone, arguments) name,
    VERBS(X)
#undef X
        VERB_COUNT
};
const char *verb_word(enum verb verb);
const char *verb_arguments(enum verb verb);
bool verb_for_anyone(enum verb verb);
enum verb verb_of(const char *word); /* VERB_COUNT if there is none */

/* What a person asks for. */
struct action {
    enum verb verb;
    const char *actor;   /* name */
    bool watcher;        /* attached with --watch */
    const char *subject; /* check, step, gate, item, session; NULL */
    const char *role;    /* NULL: the one that fits */
    const char *text;    /* reason, evidence, note; NULL */
    enum choice choice;  /* vote, rule, kill */
    /* kill: which session it was when somebody looked at it (run_session.identity); NULL: the one that is
     * there now */
    const char *session;
    /* Of a decision that was signed and judged: whose key, what was said, the signature; NULL. */
    const char *key, *statement, *signature;
    uint64_t seen_seq; /* what was signed was said after this record */
};

/* How something that was carried out ended. */
enum outcome_status { OUTCOME_OK, OUTCOME_SKIPPED, OUTCOME_FAILED, OUTCOME_RETRYABLE, OUTCOME_AMBIGUOUS };
struct outcome {
    enum outcome_status status;
    bool clean; /* not OK: certainly no effect remains */
    const char *code, *message, *detail, *hint, *value, *leftover,
        *output; /* NULL or "" where there is none */
};

enum input_type {
    INPUT_OPEN,     /* open, action.actor (the operator): begins a run; only on an empty one */
    INPUT_RESUME,   /* open.host, boot, version: a runner took the run up again */
    INPUT_TICK,     /* time passes */
    INPUT_ACTION,   /* action */
    INPUT_OUTCOME,  /* step, entry, outcome */
    INPUT_SENSED,   /* step, choice YES/NO/UNKNOWN, value, text */
    INPUT_PROBED,   /* step, entry, choice YES/NO/UNKNOWN, value, text */
    INPUT_CLEANED,  /* step, outcome */
    INPUT_WAITING,  /* step, entry, text: whom it waits for, "" nobody any more */
    INPUT_NOTED,    /* step, entry, text: settings read back, a notice */
    INPUT_PROGRESS, /* step, entry, progress, text: why it pauses, "" it does not (of a wait: what is not
                       answered as expected, "" all is); value: a checkpoint, NULL */
    INPUT_ITEM, /* step, entry, value: which; choice NONE it is to begin, DONE, SKIPPED, FAILED and nothing of
                   it remains */
    INPUT_FORESEEN, /* step, choice (as run_step.foreseen), text: what it would lock */
    INPUT_LOCKED, /* step, entry, value: what it locked, as JSON; text: the same for people. In a rehearsal */
    INPUT_KILLED, /* seq: of the kill.started; choice DONE: it was sent, GONE, FAILED or UNKNOWN; text: why */
    INPUT_SAMPLE, /* sample */
    INPUT_JOINED, /* action.actor, .watcher, .text: where from */
    INPUT_LEFT,   /* same */
    INPUT_MONITOR, /* subject, text, choice YES started / NO stopped */
    INPUT_TROUBLE, /* text: the trail cannot be published, and until "" no gate becomes GO; a remote that
                      cannot be reached is no trouble of this kind */
    INPUT_WITNESS, /* choice YES: the remote holds the trail up to record `seq`, whose hash is `value`; NO: it
                      does not get there, and `text` is why; UNKNOWN: it holds something else, `text` what */
};

/* `entry` is 0 for the step itself, n for the n-th entry of its rollback. */
struct input {
    enum input_type type;
    struct instant now;
    struct action action;
    size_t step, entry;
    struct outcome outcome;
    enum choice choice;
    uint64_t seq;
    const char *subject, *text, *value;
    const struct sample *sample;
    struct progress progress;
    struct {
        const char *run, *book_sha256, *targets_sha256, *settings_sha256, *boot, *host, *version,
            *environment, *policy_sha256, *witness, *key;
    } open;
};

#define DECISION_EVENTS_MAX 16

struct decision {
    size_t count;
    struct event events[DECISION_EVENTS_MAX]; /* texts in the arena that was given */
    enum rule rule;                           /* when refused */
};

/* What a person asks for is refused by a rule; what the world tells is never refused. An answer that came too
 * late to matter (a sense of a phase that was passed, anything after the end of the run) leads to nothing; an
 * outcome of what is not being carried out is a bug of the caller: ERR_CORRUPT.
 *
 * Returns 0, or ERR_REFUSED with `decision->rule` and the sentence in `err` ("undecided gate: \"go-expand\"
 * stands before ..."). New texts are made in `arena`. Seqs are not given here. */
int decide(const struct run *run, const struct input *input, struct arena *arena, struct decision *decision,
           struct err *err) MUST_CHECK;

#endif
