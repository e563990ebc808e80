#include "driver/postgresql_index.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

/* pg_stat_progress_create_index is of version 12; it also covers REINDEX. */
const char *pg_indexes_question(void)
{
    return "SELECT i.indexrelid,"
           " pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),"
           " (SELECT min(p.pid) FROM pg_catalog.pg_stat_progress_create_index p"
           "   WHERE p.index_relid = i.indexrelid)"
           " FROM pg_catalog.pg_index i"
           " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
           " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
           " WHERE NOT i.indisvalid OR NOT i.indisready ORDER BY 2";
}

static uint32_t oid_of(const PGresult *res, int row)
{
    return (uint32_t)strtoul(PQgetvalue(res, row, 0), NULL, 10);
}

void pg_indexes_add(struct pg_indexes *indexes, const PGresult *res)
{
    size_t more = (size_t)PQntuples(res);
    if (more == 0)
        return;
    indexes->oids = mem_realloc(indexes->oids, (indexes->count + more) * sizeof(*indexes->oids));
    for (int row = 0; row < PQntuples(res); row++)
        indexes->oids[indexes->count++] = oid_of(res, row);
}

static bool has(const struct pg_indexes *indexes, uint32_t oid)
{
    for (size_t i = 0; i < indexes->count; i++) {
        if (indexes->oids[i] == oid)
            return true;
    }
    return false;
}

void pg_indexes_difference(const struct pg_indexes *before, const PGresult *res, int64_t pid,
                           struct buf *names)
{
    for (int row = 0; row < PQntuples(res); row++) {
        bool by_another = !PQgetisnull(res, row, 2) && strtoll(PQgetvalue(res, row, 2), NULL, 10) != pid;
        if (by_another || has(before, oid_of(res, row)))
            continue;
        if (names->len > 0)
            buf_text(names, ", ");
        buf_text(names, PQgetvalue(res, row, 1));
    }
}

void pg_indexes_finish(struct pg_indexes *indexes)
{
    free(indexes->oids);
    *indexes = (struct pg_indexes){ 0 };
}
