/* What a server said to one query: made in a connection's thread, then handed over to the loop's. */
#ifndef DRIVER_MYSQL_ANSWER_H
#define DRIVER_MYSQL_ANSWER_H

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/mysql_failure.h"

struct arena;

/* How much of the rows is kept; the rest is read and dropped. */
struct my_keep {
    size_t rows;  /* at most; what is over is dropped silently */
    size_t bytes; /* 0: any; what is over makes the answer `too_large`, without rows */
    bool warnings;
};

struct my_answer {
    struct arena *arena;
    /* rows of the last result that has any */
    const char **cells; /* NULL for SQL NULL */
    const char **names; /* of the columns */
    size_t row_count, column_count, capacity;
    size_t first_len; /* of the first row's first cell */
    bool rows_asked;  /* the last result that counts is one of rows */
    int64_t counted;  /* of the last result that counts rows: returned or changed */
    bool too_large, zero_byte;
    bool failed;
    struct failure failure;
    bool in_transaction; /* as the server said with its last answer without an error */
    char **notices;      /* "Warning 1264: ..." */
    size_t notice_count;
    int64_t warnings; /* how many there were */
};

/* Sends it, and waits for all that the server says. `large` is called once, as soon as it is known that the
 * answer is over what is to be kept. */
struct my_answer *my_answer_get(MYSQL *mysql, const char *sql, size_t len, const struct my_keep *keep,
                                void (*large)(void *data), void *data);
void my_answer_free(struct my_answer *answer); /* NULL-safe */

/* A query of ours of which only the first row matters. 0, or -1 with `failure` set. `ret_cell` has `size`
 * bytes, or is NULL.
 */
int my_answer_simple(MYSQL *mysql, const char *sql, char *ret_cell, size_t size, struct failure *failure);

#endif
