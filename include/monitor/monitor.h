/*
 * Monitors: what to ask which server, and the samples that come back.
 *
 * A monitor asks on sessions of its own (statement_timeout 900 ms, named "<prefix>monitor:<id>", and left out
 * of what it shows) and emits a sample at least once in `every`, or in a second where that is longer, also
 * when it could not read anything: then an unknown one that says why. It never turns an error, a NULL or a
 * missing privilege into a number. See base/sample.h for the meaning of rows.
 *
 * Lag with a heartbeat beats four times a second whatever `every` is, and says a lag above 0.3 s with every
 * read. It is unknown while one of its two ends fails or is silent for 1.5 s; a replica that answers with an
 * old beat is a growing lag. Monitors of one run can share a table: each has a row, by its id; the first that
 * stops removes it.
 *
 * MySQL and MariaDB have no names of sessions: one of ours is known by the mark that its statement begins
 * with (driver/mysql.h), so that one which is between two statements of a transaction is not known to be
 * ours. How long a session has waited is how long its statement has run. Who holds a metadata lock is told by
 * performance_schema.metadata_locks, or by MariaDB's plugin metadata_lock_info; where neither is there, or a
 * row lock has not been looked up yet (every 5 s), the tree says "holder not known" and why, and whoever
 * waits stands below. All want the PROCESS privilege of the account itself; of MySQL
 * `locks` wants SELECT on performance_schema, and says what it does not know without it, `transactions` wants
 * XA_RECOVER_ADMIN, and `progress` the consumer events_stages_current, which is off unless somebody says so.
 *
 * InnoDB's list of transactions is a copy that a server renews only when nobody has asked for 100 ms. Of
 * `locks` and `transactions` it is read at most every 120 ms, also in a hurry or at a shorter pace; where it
 * is not of now it is read again, up to three times in about half a second, by which a sample is later; then
 * the sample is not known, or, where nobody waits for rows, says nothing of transactions.
 *
 * Tried on MariaDB 10.11.19 and MySQL 9.7.4 (a source and a replica with GTIDs; also without
 * performance_schema).
 *
 *   kind          metrics
 *   lag           seconds (heartbeat; or from the replica's LSN distance only as bytes), bytes,
 * reply_seconds; MySQL, MariaDB: seconds, transactions (by GTID), the other two never known locks waiting,
 * behind_us (sessions queued behind one of ours), roots, longest_wait_seconds transactions  oldest_seconds,
 * idle_in_transaction, prepared, oldest_xmin_age (MySQL, MariaDB: never known) progress      running, percent
 *   query         value: the first value of a query's answer
 *   http          value: a number in what a URL answers; status, seconds
 */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/sample.h"
#include "driver/driver.h"

enum monitor_type {
    MONITOR_TYPE_LAG,
    MONITOR_TYPE_LOCKS,
    MONITOR_TYPE_TRANSACTIONS,
    MONITOR_TYPE_PROGRESS,
    MONITOR_TYPE_QUERY,
    MONITOR_TYPE_HTTP,
    MONITOR_TYPE_COUNT
};

/* Whose questions are asked. Which of the two, and which version, the server says itself. */
enum monitor_engine { MONITOR_ENGINE_POSTGRESQL, MONITOR_ENGINE_MYSQL, MONITOR_ENGINE_COUNT };

/* What tells a session from another one that gets its number, in `sql`: an expression whose text is what
 * LOCK_BACKEND_START and TX_BACKEND_START say. PostgreSQL: of the row `a` of pg_stat_activity, when it began.
 * MySQL and MariaDB use no number twice while a server is up: which server, and since when. False: the
 * session is not connected, and what it is connected to is not known. */
bool monitor_identity(struct buf *sql, enum monitor_engine engine, const struct session *session);

struct http_client;

struct monitor_config {
    const char *id; /* becomes sample.monitor */
    enum monitor_type type;
    enum monitor_engine engine;  /* of driver and primary */
    struct driver *driver;       /* the server that is asked; lag: the replica; http: NULL */
    struct driver *primary;      /* lag: its primary, else NULL */
    bool heartbeat;              /* lag: a table may be made on the primary */
    const char *heartbeat_table; /* as it stands in SQL text: "public.tminus_heartbeat_<run>"; MySQL: in the
                                 database of both DSNs */
    const char *application_prefix; /* sessions whose application_name begins so are ours: "tminus:<run>:" */
    int64_t every_us;
    const char *sql;          /* query */
    struct http_client *http; /* http: through whom it is asked, */
    const char *url;          /* what, */
    const char *pointer; /* and where in the JSON of the answer the value stands; NULL: none is looked for */
};

/* The sample is valid during the call. */
typedef void (*monitor_sampled)(void *data, const struct sample *sample);

struct monitor;

/* Begins at once. Everything in `config` is borrowed until monitor_destroy. */
int monitor_create(uv_loop_t *loop, const struct monitor_config *config, monitor_sampled sampled, void *data,
                   struct monitor **ret, struct err *err) MUST_CHECK;

/* Another pace from now on (250 ms while a statement of ours waits for a lock); 0 restores the configured
 * one. */
void monitor_pace(struct monitor *monitor, int64_t every_us);

/* The next sample in that time, and those after it in the pace that it has: somebody waits for what it says,
 * also of a server that it could not reach so far. While a question is out its answer is that sample. */
void monitor_hurry(struct monitor *monitor, int64_t in_us);

/* Stops; a lag monitor with a heartbeat first removes its table (tries for at most `limit_us`). `stopped` is
 * called exactly once, with NULL or with what was left behind; after it the monitor may be destroyed. */
void monitor_stop(struct monitor *monitor, int64_t limit_us,
                  void (*stopped)(void *data, const char *left_behind), void *data);
void monitor_destroy(struct monitor *monitor); /* NULL-safe; without stop: closes and removes nothing */

#endif
