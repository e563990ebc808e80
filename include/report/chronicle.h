/*
 * What happened in a run, for the people who were not there and for the post-mortem: fed event by event, then
 * written as a document.
 *
 * Only what the events say stands in it. What they do not tell is said to be not known; a value that nobody
 * has seen is drawn as a gap, never joined and never zero.
 */
#ifndef REPORT_CHRONICLE_H
#define REPORT_CHRONICLE_H

#include "engine/run.h"
#include "report/document.h"

struct chronicle;

/* The book is borrowed as long as the chronicle lives. */
struct chronicle *chronicle_create(const struct book *book);
void chronicle_destroy(struct chronicle *chronicle); /* NULL-safe */

/* The next event, a record or a passing one, in the order in which they came; copied as far as it is kept. A
 * passing event that does not fold says nothing; a record that does not is ERR_CORRUPT, and the chronicle
 * stays where it was. */
int chronicle_event(struct chronicle *chronicle, const struct event *event, struct err *err) MUST_CHECK;

/* What the run's frozen certificate says, and who says it. */
struct chronicle_certificate {
    const char *sha256; /* of its file */
    int64_t ended_us;   /* wall clock: when the rehearsal did */
    const char *host, *operator, * version, *asked;
    const char *servers;      /* "primary: PostgreSQL 15.20; ..." */
    const char *wrong;        /* NULL: it passed */
    bool all;                 /* the way back was tried from every step */
    const char *person, *key; /* of its signature, by the run's policy; NULL where there is none */
    const char *lack;         /* why the signature says nothing; NULL: it is right */
};

/* What the events do not say. */
struct chronicle_facts {
    const char *head;   /* hash of the last record's line; NULL: not said */
    const char *source; /* where it was read: "the run's directory", a repository; NULL: not said */
    bool is_local;      /* whether a runner is at work on it can be told, and `is_live` says so */
    bool is_live;
    const struct chronicle_certificate *certificate; /* NULL: the run has none */
    /* As of when a run that is not over is told; wall_us 0: as of the newest thing that is known of it. */
    struct instant now;
};

/* Appends the whole document to `out`. */
void chronicle_write(const struct chronicle *chronicle, const struct chronicle_facts *facts,
                     enum document_form form, struct buf *out);

#endif
