/* A job of the PostgreSQL driver: what its life (postgresql_job.c) and its stages (postgresql_stage.c) share.
 */
#ifndef DRIVER_POSTGRESQL_JOB_H
#define DRIVER_POSTGRESQL_JOB_H

#include "base/buf.h"
#include "driver/postgresql_driver.h"
#include "driver/postgresql_index.h"
#include "driver/postgresql_link.h"
#include "driver/postgresql_watch.h"

#define SETTINGS_MAX 256

enum stage {
    STAGE_CONNECT,
    STAGE_SET,       /* pin what the text depends on, and the timeouts */
    STAGE_READ_BACK, /* what the server has made of them */
    STAGE_INVALID,   /* indexes that are invalid already (only for CONCURRENTLY) */
    STAGE_LOOK,      /* what is there before (only to look at its locks) */
    STAGE_BEGIN,
    STAGE_STATEMENT, /* one after the other */
    STAGE_LOCKS,     /* what its transaction has locked by now */
    STAGE_COMMIT,
    STAGE_LEFTOVER, /* after a failure: indexes that are invalid now */
    STAGE_DONE,
};

struct pg_job {
    struct driver_job base; /* first */
    struct server_driver *driver;
    struct server_item item;
    const struct driver_sql *sql;
    const struct driver_events *events;
    void *data;
    struct pg_link *link;
    uv_timer_t timer; /* repeats the cancel; limits the look for leftovers; ends the job later */
    enum stage stage;
    size_t at; /* the statement that is out */
    bool concurrent;
    int read_back; /* how many of the two settings came back */
    bool in_rows;  /* a result of several rows has begun */
    bool looked;   /* for leftovers, with an answer */
    bool dropped;
    bool over; /* only the watch is waited for */
    int64_t pid;
    int64_t statement_timeout_ms; /* as read back */
    uint64_t started_ns, sent_ns, ended_ns;
    struct pg_watch *watch; /* NULL: nobody looks at its locks */
    uint64_t watch_ns;      /* since when it waits for the watch: that is not time of the job's */
    struct pg_facts facts;
    struct failure failure;
    PGresult *value; /* the first row of the last statement that counts rows */
    int64_t rows, notices;
    struct pg_indexes invalid;
    struct buf leftover, settings;
};

/* Notes that the job has failed, with our own words. */
void pg_job_fail(struct pg_job *job, const char *code, const char *message);

/* The watch has done what it was sent for. */
void pg_job_watched(void *data);

/* Sends what the job's stage is about. */
void pg_stage_send(struct pg_job *job);

/* Takes one result that is no error. */
void pg_stage_take(struct pg_job *job, const PGresult *res);

/* The stage that comes when this one went well. */
enum stage pg_stage_after(const struct pg_job *job);

#endif
