/*
 * Simulation: the runner as it is, in a world that is made up from one number.
 *
 * The runner, the engine, the journal and the messages are the real code. Around them everything is made up:
 * the clock (which jumps to whatever is due next), the disk (which tells what was written from what is
 * durable), the servers, the commands, the monitors, the trail, and the people at their screens. The number
 * decides what happens, in what order, and what goes wrong; the same number always gives the same run, to the
 * byte. The runner is killed at any call that it makes to the outside, and taken up again, until the run is
 * over.
 *
 * What the program promises is judged all along, against what really happened to the made-up servers and
 * what is really durable on the made-up disk. The first thing that does not hold ends the run.
 *
 * A program that uses this room has to be linked with its `wraps`, one for each call that is made up.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runbook/book.h"

/* A book to be run, as it was loaded, with its targets. Borrowed, and shared by all runs. */
struct sim_book {
    const struct book *book;
    const char *text;
    size_t len;
};

/* What can be broken on purpose, to see that it is noticed. The word, and what is wrong then. */
#define SIM_BREAKS(X)                                                                                        \
    X(BREAK_NOTHING, "nothing", "")                                                                          \
    X(BREAK_SYNC, "sync", "fdatasync says that it is done and does nothing")                                 \
    X(BREAK_CLEAN, "clean", "a server says that nothing remains, and the effect is there")                   \
    X(BREAK_TWICE, "twice", "a server carries a statement out twice")                                        \
    X(BREAK_PROBE, "probe", "a probe says \"no\" although it is done")                                       \
    X(BREAK_SURVIVOR, "survivor", "a backend that is still at work is not seen")                             \
    X(BREAK_UNKNOWN, "unknown", "a resume takes what is unknown for never begun")                            \
    X(BREAK_HOLD, "hold", "a hold is recorded and not kept")                                                 \
    X(BREAK_ACKNOWLEDGE, "acknowledge", "a note is acknowledged and not recorded")                           \
    X(BREAK_LAPSE, "lapse", "an approval does not lapse")                                                    \
    X(BREAK_GATE, "gate", "the runner takes an undecided gate for GO")                                       \
    X(BREAK_CHECK, "check", "the runner takes an unticked box for ticked")                                   \
    X(BREAK_FOLD, "fold", "the runner forgets something that the journal has")                               \
    X(BREAK_ORDER, "order", "a rollback undoes the oldest first")                                            \
    X(BREAK_SHORT, "short", "a rollback ends before everything is undone")                                   \
    X(BREAK_TRAIL, "trail", "the trail is given a record that is not the journal's")                         \
    X(BREAK_CUT, "cut", "opening the journal cuts off a whole record")                                       \
    X(BREAK_ANSWER, "answer", "a job whose connection breaks never answers")                                 \
    X(BREAK_BATCH, "batch", "a server says that a batch is done and does nothing")                           \
    X(BREAK_WHERE, "where", "a batch changes rows that are done already")                                    \
    X(BREAK_THROTTLE, "throttle", "a throttle that does not hold, or is not known, lets a batch pass")       \
    X(BREAK_START, "start", "a backfill that was under way is taken for never begun")                        \
    X(BREAK_MATCH, "match", "a comparison that failed says that both sides are equal")                       \
    X(BREAK_ITEM, "item", "the runner forgets that an item is done")                                         \
    X(BREAK_PASSED, "passed", "the runner passes over an item")                                              \
    X(BREAK_UNDONE, "undone", "a rollback forgets an item that was begun")                                   \
    X(BREAK_FOUND, "found", "a rollback undoes an item that was there before")                               \
    X(BREAK_RESEND, "resend", "a message that was being sent is taken for never begun")                      \
    X(BREAK_BLOCK, "block", "a message that did not get through holds the run up")                           \
    X(BREAK_WORD, "word", "a person's word is taken although the probe has not seen it")

enum sim_break {
#define X(name, word, text) name,
    SIM_BREAKS(X)
#undef X
        SIM_BREAK_COUNT
};
const char *sim_break_word(enum sim_break broken);
const char *sim_break_text(enum sim_break broken);

struct sim_options {
    uint64_t seed;
    const struct sim_book *books; /* the seed chooses one */
    size_t book_count;
    enum sim_break broken;
    /* Told what happens, one line each; NULL: nobody asks. */
    void (*tell)(void *data, const char *line);
    void *data;
};

/* What there was, to be added up over many runs. */
#define SIM_COUNTS(X)                                                                                        \
    X(events)  /* records that became durable */                                                             \
    X(effects) /* that happened on servers and by commands */                                                \
    X(crashes) /* of the runner and of its machine */                                                        \
    X(resumes) /* of a run, after a crash or an orderly end */                                               \
    X(faults)  /* of disk, servers, commands, trail, clock */                                                \
    X(actions) /* that people asked for */                                                                   \
    X(unknown) /* steps and undos that became unknown */                                                     \
    X(rollbacks)                                                                                             \
    X(kills) /* that a session of others was told */

struct sim_counts {
#define X(name) uint64_t name;
    SIM_COUNTS(X)
#undef X
};

/* What the promise is that was not kept. */
enum sim_failure {
    SIM_HOLDS,
    SIM_LOST,     /* an acknowledged action, a durable record, or an effect without its record */
    SIM_TWICE,    /* an effect happened again, or could have, and nobody had said so */
    SIM_DIVERGED, /* runner, journal and trail do not tell the same */
    SIM_RULE,     /* something began that a rule of the engine stands against */
    SIM_WEDGED    /* with everything well again the run did not come to its end */
};

struct sim_result {
    struct sim_counts counts;
    enum sim_failure failure;
    char why[1024]; /* which promise, and where; "" */
    uint64_t hash;  /* of all that happened: equal for two runs of one seed */
};

/* Runs one seed to its end. Not to be called again before it returned: the world is one. */
void sim_run(const struct sim_options *options, struct sim_result *ret);

#endif
