/*
 * Drivers: how something is carried out, or asked, outside this process. One contract; everything is
 * non-blocking and happens in the loop that the driver was made with.
 *
 * A *job* is one thing to carry out: the statements of a step, or a command. It ends exactly once, with a
 * result. A failure is a value; the most important question about it is whether an effect can remain:
 * `clean` is true only where it is certain that none does.
 *
 * A *session* is a kept connection for questions (probes, senses, monitors): it connects by itself, again
 * with backoff after a loss, and answers one question at a time, in order.
 */
#ifndef DRIVER_DRIVER_H
#define DRIVER_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

/* word; what it means for whoever started the job */
#define DRIVER_STATUSES(X)                                                                                   \
    X(DRIVER_OK, "ok")             /* it was done, and the server or the exit status said so */              \
    X(DRIVER_REJECTED, "rejected") /* refused by the server, or exit status not 0; not worth repeating */    \
    X(DRIVER_RETRYABLE,                                                                                      \
      "retryable")         /* no effect, and another try may succeed: lock timeout, deadlock, ... */         \
    X(DRIVER_AUTH, "auth") /* not let in; nothing was sent */                                                \
    X(DRIVER_LOST, "lost") /* no connection; certainly nothing remains */                                    \
    X(DRIVER_AMBIGUOUS, "ambiguous") /* the connection broke while an effect may have happened */            \
    X(DRIVER_CANCELLED, "cancelled") /* on our own request */                                                \
    X(DRIVER_TIMED_OUT, "timed out") /* its timeout was over */

enum driver_status {
#define X(name, word) name,
    DRIVER_STATUSES(X)
#undef X
        DRIVER_STATUS_COUNT
};
const char *driver_status_word(enum driver_status status);

#define DRIVER_CODE_MAX 16

/* Borrowed during the callback. Texts are raw bytes from outside: make them visible before showing. */
struct driver_result {
    enum driver_status status;
    bool clean;                 /* certainly no effect remains (always true for DRIVER_LOST, DRIVER_AUTH) */
    char code[DRIVER_CODE_MAX]; /* SQLSTATE, MySQL's error number, exit status, or "SIGKILL"; "" */
    const char *message;        /* one line; "" */
    const char *detail;         /* "" */
    const char *hint;           /* "" */
    const char *leftover;       /* an invalid index that this job left behind, as "schema.index" quoted; "" */
    size_t statements_done;     /* of the job's statements: how many the server answered without an error */
    int64_t rows;               /* of the last statement that counts rows: returned or affected */
    const char *value; /* first column of the first row of that statement; NULL for SQL NULL or no row */
    int64_t elapsed_us;
    int64_t output_bytes; /* command: all that it wrote, also what was not kept */
    bool output_cut;      /* command: not all was kept */
};

/* What a job did to a relation that was there before it. */
struct driver_lock {
    const char *relation; /* "public.users", quoted where SQL would need it */
    const char *mode;     /* the strongest lock that was seen, "AccessExclusiveLock"; "": none */
    const char *seen;     /* "before commit", when all that it had taken was to be seen; "sampled", so that a
                             short one may have been missed; "" without a lock */
    bool rewritten;       /* it has other files now */
    int64_t queued;       /* the most sessions that waited for the job's lock on it at once */
};

struct driver_events {
    /* The job has its session: a backend's pid, or a child's. Before anything with an effect was sent. */
    void (*identified)(void *data, int64_t pid);
    /* Settings as read back from the server: "lock_timeout 500ms, statement_timeout 30s". */
    void (*settings)(void *data, const char *text);
    /* A notice or warning of the server ("NOTICE 42P07: ..."), one call each; of a hundred of a job. With the
     * last call before `done` it says how many more there were. */
    void (*notice)(void *data, const char *text);
    /* Only of a job with `look_at_locks`, before `done`: of each relation that it locked so that others have
     * to wait, or rewrote. NULL: nobody wants to know. */
    void (*locked)(void *data, const struct driver_lock *lock);
    /* What of the bytes that a command wrote is to be kept and told, appended to `ret`; with no bytes: there
     * are no more, and what was held back is to come. NULL: all as it is. */
    void (*rewrite)(void *data, const char *bytes, size_t len, struct buf *ret);
    /* Bytes that a command wrote (stdout and stderr together, in order of arrival). */
    void (*output)(void *data, const char *bytes, size_t len);
    /* Exactly once, always later than the call that started the job. */
    void (*done)(void *data, const struct driver_result *result);
};

/* What is to be done. Everything is borrowed until `done`. */
struct driver_sql {
    size_t count;
    const char *const *statements; /* each sent as one query */
    bool transaction;              /* BEGIN before, COMMIT after; any failure rolls back */
    int64_t lock_timeout_us;       /* 0: the server's */
    int64_t statement_timeout_us;  /* 0: the server's */
    bool no_copy;       /* MySQL and MariaDB: a server that can is told to refuse what it would do by copying
                           a table */
    bool look_at_locks; /* a second session looks which locks it takes. Where it cannot, a notice says so; the
                           job goes on without it */
};
struct driver_command {
    size_t argc;
    const char *const *argv;
    size_t env_count;
    const char *const *env;  /* added to (a cleaned) environment: "NAME=value" */
    const char *directory;   /* NULL: this process's */
    int64_t timeout_us;      /* 0: none */
    int64_t grace_us;        /* from SIGTERM to SIGKILL, both to the whole group */
    const char *output_path; /* kept here (created, 0600); NULL: not kept */
    int64_t output_max;      /* bytes kept; the rest is drained, counted and marked as cut */
};

/* The first member of each engine's own job and session. */
struct driver_job {
    const struct driver_impl *impl;
};
struct session {
    const struct session_impl *impl;
};

/* How an engine is reached. Borrowed as long as the driver lives. */
struct driver_target {
    const char *id; /* for messages */
    const char *dsn;
    const char *password;         /* fetched by the caller from password_from; NULL */
    const char *application_name; /* "tminus:<run>:<what>" */
    int64_t connect_timeout_us;
};

struct driver;

/* What a session is for. One that reads is refused what would change something (the default of its
 * transactions: a text that sets it otherwise means to). Questions of a snapshot see one state, in one
 * transaction that reads: once it is lost, all that wait are answered with DRIVER_LOST, and no other is
 * begun. */
enum session_access { SESSION_READS, SESSION_WRITES, SESSION_SNAPSHOT };

/* One const table for each engine. */
struct driver_impl {
    const char *name;
    /* Begins to carry out `sql` on a connection of its own. Fails only for lack of descriptors or memory
     * limits; every other trouble arrives in `done`. */
    int (*start)(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err);
    /* Asks the server to stop it. The true result still arrives in `done`: a cancel can lose the race. */
    void (*cancel)(struct driver_job *job);
    int (*session_open)(struct driver *driver, const char *application_name, enum session_access access,
                        struct session **ret, struct err *err);
    /* As driver_has. */
    bool (*has)(const struct driver *driver, int64_t pid);
    /* Closes jobs (silently) and sessions (their questions are answered with DRIVER_LOST); none may be used
     * afterwards. What the loop still holds of them goes away when the loop runs next. */
    void (*destroy)(struct driver *driver);
};
struct driver {
    const struct driver_impl *impl;
};

int driver_start(struct driver *driver, const struct driver_sql *sql, const struct driver_events *events,
                 void *data, struct driver_job **ret, struct err *err) MUST_CHECK;
void driver_cancel(struct driver_job *job);
/* Whether a job or a session of this driver is at that backend now. */
bool driver_has(const struct driver *driver, int64_t pid);
/* Ends what still runs, without waiting: connections are closed; `done` is not called any more. NULL-safe. */
void driver_destroy(struct driver *driver);

/* ---- sessions ---- */

struct answer {
    const struct driver_result *result; /* status OK, or why there is no answer */
    size_t row_count, column_count;
    /* Cell as text, NULL for SQL NULL; valid during the callback. */
    const char *(*cell)(const struct answer *answer, size_t row, size_t column);
    /* Name of a column; valid during the callback. For statements whose columns differ by version, which only
     * MySQL and MariaDB have: NULL elsewhere. */
    const char *(*column)(const struct answer *answer, size_t column);
    const void *private_data;
};

typedef void (*session_answered)(void *data, const struct answer *answer);

/* One const table for each engine; each slot is described at the function of that name. */
struct session_impl {
    int (*ask)(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
               void *data, struct err *err);
    bool (*connected)(const struct session *session);
    int64_t (*pid)(const struct session *session);
    uint64_t (*connections)(const struct session *session);
    int (*server_version)(const struct session *session);
    const char *(*trouble)(const struct session *session);
    void (*close)(struct session *session);
};

/* Asks. `answered` is called exactly once, later; also when the session is closed first (DRIVER_LOST, from
 * inside session_close). Until the session is connected the question waits, for an attempt that is made soon,
 * and is answered with DRIVER_LOST and the trouble when its time is over; with DRIVER_AUTH at once where the
 * server does not let us in, and then nothing is tried sooner: some lock the account for that. One
 * that was out when the connection broke is DRIVER_AMBIGUOUS: only who asked knows whether it can be asked
 * again. A question that is not answered within `timeout_us` (more than 0) is cancelled and answered with
 * DRIVER_TIMED_OUT; an answer of more than 8 MiB with DRIVER_REJECTED. The sql is copied. ERR_BUSY when 16
 * questions are waiting. */
int session_ask(struct session *session, const char *sql, int64_t timeout_us, session_answered answered,
                void *data, struct err *err) MUST_CHECK;
bool session_connected(const struct session *session);
int64_t session_pid(const struct session *session); /* the backend's; 0 when not connected */
/* How many connections it has had: another number than before tells that what was said before was said over
 * another one, which a pid does not, since a server that was started again begins with the same ones. */
uint64_t session_connections(const struct session *session);
int session_server_version(const struct session *session); /* 150020, 80036, 101106; 0 when not connected */
/* Why it is not connected, "" when it is. Borrowed. */
const char *session_trouble(const struct session *session);
void session_close(struct session *session); /* NULL-safe */

int session_open(struct driver *driver, const char *application_name, enum session_access access,
                 struct session **ret, struct err *err) MUST_CHECK;

#endif
