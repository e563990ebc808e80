#include "driver/postgresql_rows.h"

#include <stdlib.h>

#include "base/mem.h"

void pg_rows_add(struct pg_rows *rows, const PGresult *res)
{
    size_t columns = (size_t)PQnfields(res);
    if (rows->arena == NULL)
        rows->arena = arena_create();
    if (rows->cell_count + columns > rows->capacity) {
        rows->capacity = (rows->cell_count + columns) * 2;
        rows->cells = mem_realloc(rows->cells, rows->capacity * sizeof(*rows->cells));
    }
    for (int i = 0; i < PQnfields(res); i++) {
        const char *text = NULL;
        if (!PQgetisnull(res, 0, i))
            text = arena_text_len(rows->arena, PQgetvalue(res, 0, i), (size_t)PQgetlength(res, 0, i));
        rows->cells[rows->cell_count++] = text;
    }
    rows->column_count = columns;
    rows->row_count++;
}

size_t pg_rows_size(const struct pg_rows *rows)
{
    return rows->arena == NULL ? 0 : arena_used(rows->arena) + rows->cell_count * sizeof(*rows->cells);
}

void pg_rows_clear(struct pg_rows *rows)
{
    arena_destroy(rows->arena);
    rows->arena = NULL;
    rows->cell_count = rows->row_count = rows->column_count = 0;
}

void pg_rows_finish(struct pg_rows *rows)
{
    pg_rows_clear(rows);
    free(rows->cells);
    *rows = (struct pg_rows){ 0 };
}
