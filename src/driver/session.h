/*
 * What the sessions of all engines are: a queue of questions over a connection that is made again when it is
 * lost. One question is out at a time; each has its own end, which is watched also while it waits for its
 * turn or for the connection.
 *
 * An engine connects, sends and stops, and says with the functions below what came of it, in its `state`.
 * Which question is out, who is told what, and when there is another attempt is decided here alone.
 */
#ifndef DRIVER_SESSION_H
#define DRIVER_SESSION_H

#include "driver/failure.h"
#include "driver/server.h"

#define SESSION_ANSWER_MAX (8 * 1024 * 1024)

struct session_core;

/* One const table for each engine. Nothing may be said from inside these. */
struct session_engine {
    /* Begins to connect; session_core_up or session_core_down comes later. */
    void (*connect)(void *state);
    /* Closes what `connect` has begun, if anything; nothing is said of it any more. */
    void (*disconnect)(void *state);
    /* What a connection has to be told before its first question, as one text; NULL: the engine has done that
     * when it says that it is up. */
    const char *(*pin)(enum session_access access);
    /* Sends one text, which session_core_answered or session_core_down ends. */
    void (*send)(void *state, const char *sql);
    /* Asks the server to stop what was sent; can come too late. */
    void (*cancel)(void *state);
    /* The text that sets the server's own limit for what is sent next, so that it stops also where nobody can
     * tell it to any more; 0: none. False: this server has none. */
    bool (*limit)(const void *state, int64_t limit_ms, struct buf *text);
    int64_t (*pid)(const void *state);        /* these two: while connected */
    int (*server_version)(const void *state); /* as session_server_version */
    void (*release)(void *state);             /* the last call */
};

/* What a server said to one text; borrowed during the call. */
struct session_said {
    enum driver_status status;     /* of the engine's words for an error, DRIVER_OK without one */
    const struct failure *failure; /* what it is, when not DRIVER_OK */
    size_t row_count, column_count;
    int64_t counted; /* rows, as the server says */
    const char *(*cell)(const struct answer *answer, size_t row, size_t column);
    const char *(*column)(const struct answer *answer, size_t column);
    const void *private_data; /* of `cell` and `column` */
    bool in_transaction;      /* one is open now */
};

/* Opens a session, and begins to connect. `ret_core` is set before that. */
void session_core_open(struct server_driver *driver, enum session_access access,
                       const struct session_engine *engine, void *state, struct session_core **ret_core);
struct session *session_core_session(struct session_core *core);

/* The state of a session that is one of `engine`, and connected; NULL: it is not. */
const void *session_core_state(const struct session *session, const struct session_engine *engine);

void session_core_up(struct session_core *core);
/* `connecting`: what it means where no connection was there yet. */
void session_core_down(struct session_core *core, const struct failure *failure,
                       enum driver_status connecting);
/* The connection cannot be used any more, and this is why. */
void session_core_give_up(struct session_core *core, const char *why);
void session_core_answered(struct session_core *core, const struct session_said *said);

/* The answer that comes is larger than SESSION_ANSWER_MAX. */
void session_core_too_large(struct session_core *core);
/* Whether somebody waits for the answer to what is out. */
bool session_core_listens(const struct session_core *core);

#endif
