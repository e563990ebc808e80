/*
 * The forms of the table of facts, as statements that a PostgreSQL can be asked about: each number of the
 * facts has a row for each form that it tells of. What a statement does is not written here: the server says
 * it. A row says only what kind of thing it has to be (`lock`, `work`), so that a form that does nothing on
 * this server is noticed.
 */
#ifndef TESTS_LOCKS_ROWS_H
#define TESTS_LOCKS_ROWS_H

#include <stdbool.h>
#include <stddef.h>

/* What others have to wait for, and what ends the statement. */
enum work {
    WORK_NONE = 0,
    WORK_REWRITE = 1,
    WORK_SCAN = 2, /* of a table that is not rewritten */
    WORK_BUILD = 4,
    WORK_FAILS = 8,
};

enum verdict {
    VERDICT_BY_WORK, /* dangerous when it works under a lock that blocks writes, or fails; else as it is
                        judged */
    VERDICT_DANGER,  /* dangerous for another reason: the lock is kept, the name is gone, rows are */
    VERDICT_LEFT, /* as it is judged: it fails for rows that nobody knows, or blocks writes that nobody makes
                   */
    VERDICT_CATALOG, /* it fails for what stands there: only who knows the catalog can say so */
    VERDICT_FINE,    /* must not be called dangerous: others do, wrongly, or it is the safe form */
};

#define ROW_STATEMENTS_MAX 4
#define ROW_HOLDERS_MAX    2

struct row {
    int fact;
    /* The last one is what the row is about. Without `holders` all run in one transaction, which is rolled
     * back. */
    const char *statements[ROW_STATEMENTS_MAX];
    const char *lock; /* the strongest on any relation: "AccessExclusiveLock"; "" for none */
    unsigned work;
    enum verdict verdict;
    /* Each statement is a transaction of its own; the last waits for each of these transactions in turn, and
     * is watched where it waits. */
    const char *holders[ROW_HOLDERS_MAX];
    /* What a dump does not tell decides (TimeZone of the session): the claim may be stronger than the truth.
     */
    bool open;
};

/* What stands there before each: tables "public.*" with rows. Loaded into the server and into the catalog. */
extern const char setup_tables[], setup_partitions[];

/* What the facts have numbers for; and other forms, without a number. */
extern const struct row fact_rows[];
extern const size_t fact_count;
extern const struct row other_rows[];
extern const size_t other_count;

#endif
