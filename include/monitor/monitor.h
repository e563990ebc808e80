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
 *   kind          metrics
 *   lag           seconds (heartbeat; or from the replica's LSN distance only as bytes), bytes, reply_seconds
 *   locks         waiting, behind_us (sessions queued behind one of ours), roots, longest_wait_seconds
 *   transactions  oldest_seconds, idle_in_transaction, prepared, oldest_xmin_age
 *   progress      running, percent
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
};

struct http_client;

struct monitor_config {
    const char *id; /* becomes sample.monitor */
    enum monitor_type type;
    struct driver *driver;          /* the server that is asked; lag: the replica; http: NULL */
    struct driver *primary;         /* lag: its primary, else NULL */
    bool heartbeat;                 /* lag: a table may be made on the primary */
    const char *heartbeat_table;    /* "public.tminus_heartbeat_<run>", quoted as needed */
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

/* Stops; a lag monitor with a heartbeat first removes its table (tries for at most `limit_us`). `stopped` is
 * called exactly once, with NULL or with what was left behind; after it the monitor may be destroyed. */
void monitor_stop(struct monitor *monitor, int64_t limit_us,
                  void (*stopped)(void *data, const char *left_behind), void *data);
void monitor_destroy(struct monitor *monitor); /* NULL-safe; without stop: closes and removes nothing */

#endif
