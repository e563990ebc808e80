/*
 * What a book says of its rehearsal, and what rehearsals say of a book.
 *
 * A rehearsal carries the book out on servers that nobody depends on, with nobody there: forward to a point,
 * back, and what is there afterwards is held against what was there before.
 */
#ifndef RUNBOOK_REHEARSAL_H
#define RUNBOOK_REHEARSAL_H

#include <stddef.h>
#include <stdint.h>

/* How long a step, or an entry of its rollback, took in rehearsals. */
struct rehearsed {
    int64_t count; /* how many times; 0: never */
    int64_t median_us, p95_us;
};

/* The same of a step by its id; entry 0 is the step itself, n the n-th entry of its rollback. */
struct step_timing {
    const char *step;
    int64_t entry;
    struct rehearsed rehearsed;
};

/* What stands in for the person whom a check or a manual step waits for ("unattended"). */
struct unattended {
    const char *text; /* the evidence; recorded as "unattended: <text>" */
    size_t argv_count;
    const char *const
        *argv; /* is carried out first, beside the book, and has to end with 0; none: nothing is */
};

/* What else than the schema has to be as before: every answer of `sql` in its order. A table is its count of
 * rows and the sum of their hashes. */
struct rehearsal_data {
    size_t target;
    const char *table;  /* as written, or NULL */
    const char *tables; /* a pattern of "schema.table", as those of a comparison; or NULL */
    const char *sql;    /* or NULL */
    int line, column;
};

/* What is looked at: the table, the pattern or the query. */
const char *rehearsal_data_text(const struct rehearsal_data *data);

/* Of the whole book ("rehearsal"). */
struct rehearsal {
    size_t data_count;
    const struct rehearsal_data *data;
    int64_t required_us; /* a live run wants a certificate that is not older; 0: it wants none */
    size_t override_by;  /* the role that may begin one without; BOOK_NONE: nobody may */
};

#endif
