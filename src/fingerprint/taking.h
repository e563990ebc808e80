/*
 * What a fingerprint is made of while it is taken: the conversation with the server and the lines so far. An
 * engine asks in its own way (postgresql.c, mysql.c); fingerprint.c begins it, and puts the lines in order.
 */
#ifndef FINGERPRINT_TAKING_H
#define FINGERPRINT_TAKING_H

#include "base/time.h"
#include "fingerprint/asking.h"
#include "fingerprint/fingerprint.h"

#define CONNECT_TIMEOUT_US (10 * SECOND_US)
#define DATA_TIMEOUT_US    (3600 * SECOND_US)
#define SQL_MAX            (1024 * 1024)

struct taking {
    struct asking asking;
    struct arena *arena;
    struct fingerprint *made;
    struct fingerprint_line *lines;
    size_t count, capacity;
    size_t rows; /* of the last answer that was read as lines */
};

/* All is copied. */
void taking_add(struct taking *taking, const char *what, const char *name, const char *value);
/* Rows of what, name and value; `data` is the taking. */
void taking_read(void *data, const struct answer *answer);
/* "" for a NULL. */
const char *taking_cell(const struct answer *answer, size_t row, size_t column);
/* The name of an item of data: one that has the name of an item before it is told apart by a number. */
const char *taking_data_name(const struct taking *taking, const struct fingerprint_data *data, size_t at);
/* How long it may take until the first answer comes. */
int64_t taking_connect_us(const struct taking *taking);

/* All of an engine's topics, and the data. Without an answer, because there is no such database, nothing is
 * added (asking.no_database). */
int taking_postgresql(struct taking *taking, const struct fingerprint_data *data, size_t data_count,
                      struct err *err) MUST_CHECK;
int taking_mysql(struct taking *taking, const struct fingerprint_data *data, size_t data_count,
                 struct err *err) MUST_CHECK;

#endif
