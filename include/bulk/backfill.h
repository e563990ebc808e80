/*
 * Backfilling: one UPDATE of a large table, or another change for its rows, in batches along its key, each of
 * them a transaction of its own, small enough that nobody waits for it.
 *
 * `where` tells the rows that are still to be done, and a `statement` has to leave out by itself what is
 * done: a batch that is repeated changes nothing twice. An attempt goes on behind the last checkpoint of the
 * one before. But a server can lose what it has confirmed: so when the connection was lost, or an earlier
 * attempt had ended, another pass over all rows follows, which changes what is not there; it is done after a
 * pass over one connection, or fails after `attempts` more.
 *
 * A row that gets the key of a batch that is over, or stops being done later, may not be seen again: that
 * nothing is left is for the step's probe to say.
 *
 * The size of a batch follows the time that the last ones took, between a tenth of `batch` and `batch`.
 * Before each batch `may_go_on` is asked; while it says why not, nothing is sent and nothing is locked.
 */
#ifndef BULK_BACKFILL_H
#define BULK_BACKFILL_H

#include <uv.h>

#include "bulk/engine.h"
#include "driver/driver.h"

/* Everything is borrowed until `done`. Names and expressions are SQL. */
struct backfill_config {
    enum bulk_engine engine;
    struct driver *driver; /* of that engine */
    const char *table;
    size_t key_count; /* at least one: the columns of the key, in the order of its index */
    const char *const *key;
    const char *set;       /* what stands behind SET */
    const char *where;     /* the rows that are still to be done */
    const char *statement; /* in their place, NULL: an INSERT, UPDATE or DELETE without RETURNING, which
                            * takes the keys of a batch from tminus_batch */
    int64_t batch;         /* rows of the key that a batch covers at most */
    int64_t target_us;     /* how long a batch should take; 0: batches are all of one size */
    int64_t pause_us;      /* after a batch that changed something */
    int64_t lock_timeout_us, statement_timeout_us;
    /* Of a batch that met a lock timeout, a deadlock or a lost connection, in a row; and of passes after the
     * first. */
    int attempts;
    const char *application_name;
    const char *checkpoint; /* as for compare: NULL, or where an earlier attempt of the same text had come */
};

struct backfill_state {
    /* Changed, in all attempts: a statement may change several for a row of the key, and what a server lost
     * and got again counts twice. */
    int64_t rows;
    int64_t seen;      /* rows of the key passed, in this pass over them */
    bool again;        /* it is not the first pass */
    int64_t total;     /* about how many there are, by the server's statistics; -1: not known */
    int64_t rate;      /* rows passed in a second, lately */
    int64_t left_us;   /* by that rate; -1: not known */
    const char *waits; /* why no batch is sent now; "" while they are */
};

struct backfill_result {
    enum driver_status status;
    bool clean; /* not OK: certainly nothing was changed, by this attempt or an earlier one */
    const char *code, *message, *hint; /* "" */
    int64_t pid; /* of its backend, which is at work no more; 0: none, or a batch may be out on it */
    struct backfill_state state;
};

struct backfill_events {
    /* NULL when the next batch may be sent, else why not, borrowed until it is asked again. Asked before
     * each, and four times a second while it may not. */
    const char *(*may_go_on)(void *data);
    void (*identified)(void *data, int64_t pid); /* the backend; again after a lost connection */
    /* What is worth a line: timeouts as read back; why it goes over the rows once more. */
    void (*note)(void *data, const char *text);
    void (*progress)(void *data, const struct backfill_state *state); /* at most four times a second */
    /* At most once a second, and at the end of a pass: everything up to here is committed. One line of text
     * of at most 900 bytes. */
    void (*checkpoint)(void *data, const char *text, const struct backfill_state *state);
    /* Exactly once, later than the call that started it. */
    void (*done)(void *data, const struct backfill_result *result);
};

struct backfill;
struct buf;

/* The statement of a batch, for people. */
void backfill_show(struct buf *sql, const struct backfill_config *config);

int backfill_start(uv_loop_t *loop, const struct backfill_config *config,
                   const struct backfill_events *events, void *data, struct backfill **ret,
                   struct err *err) MUST_CHECK;
/* The backend that it has now, also before it was told; 0 while there is none. */
int64_t backfill_pid(const struct backfill *backfill);
/* No further batch is sent; the one that is out ends by itself or by its timeouts. */
void backfill_cancel(struct backfill *backfill);
/* Ends it at once; `done` is not called any more. NULL-safe. Not from inside an event. */
void backfill_destroy(struct backfill *backfill);

#endif
