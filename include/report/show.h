/*
 * A book for people: what will be done, when, by whom, what may go wrong and how it is undone. Everything
 * stands in it that is executed, as it will be executed; nothing is left out to be short.
 */
#ifndef REPORT_SHOW_H
#define REPORT_SHOW_H

#include "report/document.h"
#include "runbook/book.h"

/* What a statement of the book does to those who use its tables; from whoever can read SQL. */
struct show_lock {
    size_t step, entry;   /* entry 0: the step, else the n-th of its rollback */
    const char *relation; /* "public.users" */
    const char *lock;     /* "AccessExclusiveLock" */
    const char *blocks;   /* "blocks reads and writes" */
    const char *work;     /* "rewrites the table"; "" for an instant */
    bool dangerous;
};

struct show_facts {
    const char *hash; /* of the book's file, for who compares; NULL: not said */
    bool has_locks;   /* false: nobody has looked, and the document says so */
    size_t lock_count;
    const struct show_lock *locks;
};

/* Appends the whole document to `out`. */
void show_book(const struct book *book, const struct show_facts *facts, enum document_form form,
               struct buf *out);

#endif
