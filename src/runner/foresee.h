/*
 * What is foreseen of the step that is next, while it is found out (foresee.c) and when it is told
 * (foresee_told.c).
 */
#ifndef RUNNER_FORESEE_H
#define RUNNER_FORESEE_H

#include "runner.h"
#include "sql/sql.h"

struct counted {
    bool known;
    int64_t bytes, rows, writes, scans, at_us; /* the server's clock */
};

struct table {
    const char *name;
    enum sql_lock_mode mode;
    bool rewritten, scanned;
    struct counted before, now;
};

struct foresight {
    struct runner *runner;
    struct arena *arena; /* of the round that is under way; NULL: none is */
    size_t step;         /* of the last round */
    int64_t began_boot_us, counted_boot_us;
    bool out;      /* a question is */
    size_t counts; /* how often it was counted */
    size_t table_count;
    struct table *tables;       /* the strongest lock first */
    const char *worst;          /* what is dangerous about it; NULL */
    const char *not_counted;    /* why; NULL */
    const char *not_understood; /* what of it; NULL */
    const char *item;           /* of a step that is done for each of many: the first that is left; NULL */
    size_t item_count;          /* that are left */
};

/* Tells the run, and ends the round. */
void foresight_tell_unknown(struct foresight *foresight, const char *why);
void foresight_tell_empty(struct foresight *foresight); /* there is nothing that it is to be done for */
void foresight_tell_judged(struct foresight *foresight);
void foresight_end_round(struct foresight *foresight);
/* Appends the question that counts them (foresee_count.c). */
void foresight_put_count_postgresql(const struct foresight *foresight, struct buf *ret);
void foresight_put_count_mysql(const struct foresight *foresight, struct buf *ret);
/* How many of its tables are told, and so counted. */
size_t foresight_shown(const struct foresight *foresight);

#endif
