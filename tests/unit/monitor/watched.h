/* A monitor and what it said, for the tests with real servers. */
#ifndef TESTS_MONITOR_WATCHED_H
#define TESTS_MONITOR_WATCHED_H

#include "base/mem.h"
#include "driver/postgresql.h"
#include "monitor/monitor.h"
#include "support/pg_pair.h"

struct watched {
    uv_loop_t loop;
    struct driver_target targets[2];
    struct driver *drivers[2];
    struct monitor_config config;
    struct http_client *http; /* of watch_url */
    struct monitor *monitor;
    struct arena *arena; /* of the last sample */
    const struct sample *last;
    int samples;
    bool stopped;
    char left_behind[300];
};

/* `dsn` is of the server that is asked; `primary` only for lag. */
void watch(struct watched *watched, enum monitor_type type, const char *dsn, const char *primary);
/* Lag without a heartbeat. */
void watch_bytes(struct watched *watched, const char *dsn, const char *primary);
/* The same of a MariaDB; without a primary: no lag. */
void watch_mysql(struct watched *watched, enum monitor_type type, const char *dsn, const char *primary);
/* The number that a query answers. */
void watch_query(struct watched *watched, const char *dsn, const char *sql);
/* The same, once an hour. */
void watch_query_seldom(struct watched *watched, const char *dsn, const char *sql);
/* What a URL answers; the loop is there already, and `pointer` may be NULL. */
void watch_url(struct watched *watched, const char *url, const char *pointer);
/* Destroys without stopping. */
void unwatch(struct watched *watched);
/* Stops, destroys; what was left behind is in `left_behind`. */
void stop_watching(struct watched *watched);
/* The same, where what is to be removed may be in somebody's way for so long. */
void stop_watching_within(struct watched *watched, int64_t limit_us);

/* Turns the loop until a sample fulfils `is`; fails the test after 30 s, with the last sample: a machine that
 * is busy is no fault of the monitor. */
void until_sample(struct watched *watched, bool (*is)(const struct sample *sample));

/* For until_sample. */
bool is_known(const struct sample *sample);
bool is_unknown(const struct sample *sample);
bool is_unknown_of_the_primary(const struct sample *sample);
bool is_unknown_of_the_replica(const struct sample *sample);
bool is_without_heartbeat(const struct sample *sample); /* for want of a privilege */
bool is_small(const struct sample *sample);             /* lag: less than 0.3 s */

/* For more than a second the lag is not known, as no beat has come back. */
void expect_no_beat(struct watched *watched);

/* The value of a metric, -1 when it is not known. */
double metric(const struct sample *sample, const char *name);
/* The cell of a row, "" when there is none. */
const char *cell_of(const struct sample *sample, size_t row, int cell);

#endif
