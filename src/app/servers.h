/* What the servers of a book's targets are, as they say it themselves. */
#ifndef APP_SERVERS_H
#define APP_SERVERS_H

#include "base/err.h"
#include "base/mem.h"
#include "runbook/book.h"

/* What is not known is "", and `why` says why. */
struct server {
    const char *version; /* "PostgreSQL 15.20" */
    const char *why;     /* it does not answer; NULL: it did */
    bool no_database;    /* it answered that the target's database is not there */
};

/* Asks all targets at the same time, by index in the book; in `arena`. Blocks for some seconds at most. Who
 * does not answer is no error. */
int servers_ask(struct arena *arena, const struct book *book, struct server **ret,
                struct err *err) MUST_CHECK;

#endif
