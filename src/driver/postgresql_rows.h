/* The rows of an answer, gathered one by one as they come. All cells have the life of the rows. */
#ifndef DRIVER_POSTGRESQL_ROWS_H
#define DRIVER_POSTGRESQL_ROWS_H

#include <libpq-fe.h>
#include <stddef.h>

struct pg_rows {
    struct arena *arena;
    const char **cells; /* NULL for SQL NULL */
    size_t cell_count, capacity, row_count, column_count;
};

/* Adds the one row of `res`; all rows have the same columns. */
void pg_rows_add(struct pg_rows *rows, const PGresult *res);
size_t pg_rows_size(const struct pg_rows *rows); /* bytes */
void pg_rows_clear(struct pg_rows *rows);
void pg_rows_finish(struct pg_rows *rows);

#endif
