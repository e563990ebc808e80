/*
 * Comparing tables of two servers: counts, and hashes that the servers compute, by chunks of the key, on both
 * sides at once; what differs is narrowed down to the keys. What leaves a server is counts, hashes and keys
 * of rows that differ, never the rows.
 *
 * The hash of a row is a chain over its columns, in the order of their names: hashtextextended(value::text,
 * the hash so far), or hashint8extended where the column is an integer on both sides, with the upper half of
 * a bigint in the seed (that function folds it into the lower one), and a seed of its own for NULL. The hash
 * of a chunk is the sum of those of its rows, beside their count. A chain, and not the XOR of the columns'
 * hashes: with that, two rows that have swapped a value come to the same sum once in a hundred million times.
 * Both functions give the same on every version since 11. How values become text is pinned on both sides
 * (TimeZone, DateStyle, IntervalStyle, extra_float_digits, bytea_output, lc_monetary, search_path), and text
 * is hashed by its bytes, whatever its collation. So 1.0 and 1.00 differ; the name of a type is no
 * difference.
 *
 * Where a side is MySQL or MariaDB, it is 64 bits of the SHA-256 of the row's values, one after the other, in
 * a form that both engines give (src/bulk/compare_form.c): 1.0 and 1.00 differ there, too. A type without
 * one, or two types with two of them, are an error. Between two MariaDBs from 10.8 on whose columns have the
 * same types it is the product of two CRCs over the values as they are (src/bulk/compare_mysql_hash.c), which
 * takes less than half the time.
 *
 * A table of at most 2,000,000 rows, by the left side's statistics, is hashed as a whole first, in one scan,
 * and by chunks only where that differs or takes longer than 5 s. Chunks are ranges of the key,
 * which has to have the same order on both sides. Where that is not certain (a text with another collation
 * than "C", an enum) and a row seems to be on one side only, the table is begun again, cut by the hash of its
 * key: some scans of the whole of it instead.
 *
 * An error is never a match: whatever cannot be asked, answered, understood or finished is COMPARE_FAILED,
 * and so is a row level policy that would hide rows, or two encodings. A table, column or sequence that only
 * one side has is a difference. A question that only lost its connection is asked again.
 */
#ifndef BULK_COMPARE_H
#define BULK_COMPARE_H

#include <uv.h>

#include "bulk/engine.h"
#include "driver/driver.h"

/* What is compared. Everything is borrowed until `done`. Names are as they are written in SQL, and quoted
 * there where they have to be; one without a schema is in "public". */
struct compare_side {
    enum bulk_engine engine;
    struct driver *driver; /* of that engine */
    const char *name;      /* of the target, for messages */
    const char *table;     /* NULL: those that the patterns say */
};

struct compare_config {
    struct compare_side left, right;
    /* Without a table on either side: those of each server whose "schema.table" (unquoted) fits one of these
     * patterns, in which "*" stands for any number of characters, and none that begins with "!". Partitioned
     * tables are compared by their leaves; views, foreign and temporary tables are not compared. */
    size_t pattern_count;
    const char *const *patterns;
    /* The columns of the key (it need not be unique, but an index should have it on both sides), none: the
     * primary key of the left side, else its smallest unique index of columns that are NOT NULL. A table
     * without one is compared as one chunk, and of what differs in it only the number of rows is told. */
    size_t key_count;
    const char *const *key;
    size_t column_count; /* none: all */
    const char *const *columns;
    const char *where; /* the rows that count on both sides; may use what is in "public". NULL: all */
    int64_t chunk;     /* rows that a chunk has on the side that cuts it, more than 0 */
    size_t sum_count;  /* columns whose sum is compared and told besides */
    const char *const *sums;
    bool sequences; /* also all sequences that fit the patterns, or that a column of the table owns */
    /* A sequence of the right side has to be at least this many increments ahead of the left one's. */
    int64_t sequence_margin;
    /* Rows, sums and sequences that differ are looked at again so often, so long apart, before they count:
     * replication may be on its way. A row counts if the same row differs each time. In a table in which a
     * thousand do, nobody waits. */
    int rechecks;
    int64_t recheck_wait_us;
    int64_t timeout_us; /* of each question */
    const char *application_name;
    /* Where an earlier attempt of the same comparison had come; NULL: from the beginning. One of another
     * comparison, or that cannot be understood, is not used, and that is reported. */
    const char *checkpoint;
};

enum compare_verdict { COMPARE_EQUAL, COMPARE_DIFFERENT, COMPARE_FAILED };

struct compare_result {
    enum compare_verdict verdict;
    bool cancelled;
    int64_t tables, rows, differences;
    /* "3 tables, 423,000 rows equal", "2 differences: public.users: 1 row differs (id 17: email), ..."; where
     * it went on from a checkpoint, how many of the rows were compared before, and how long ago. */
    const char *message;
    const char *code; /* SQLSTATE of what failed, "" */
};

/* Each but `done` may be called any number of times. */
struct compare_events {
    /* How far it is, at most four times a second: rows of the left side, and about how many there are in
     * all, by its statistics; `text` is what it is about: "public.orders". */
    void (*progress)(void *data, int64_t rows, int64_t total, const char *text);
    /* From here an interrupted comparison can go on: at most once a second, one line of text of at most 900
     * bytes. What was found different before stands in it. */
    void (*checkpoint)(void *data, const char *text);
    /* A line of the report: a table that is done, with rows, hash and time of each side; a difference, of
     * rows at most twenty for each table. Made visible, and of at most 1,003 cells. */
    void (*report)(void *data, const char *line);
    /* Exactly once, later than the call that started it. */
    void (*done)(void *data, const struct compare_result *result);
};

struct compare;

/* Fails only where it could not even begin to ask. */
int compare_start(uv_loop_t *loop, const struct compare_config *config, const struct compare_events *events,
                  void *data, struct compare **ret, struct err *err) MUST_CHECK;
/* It ends soon, COMPARE_FAILED and `cancelled`. */
void compare_cancel(struct compare *compare);
/* Ends it at once; `done` is not called any more. NULL-safe. Of the events only from inside `done`, after
 * which it is still to be called. */
void compare_destroy(struct compare *compare);

#endif
