#include "judge.h"

#include <string.h>

static judge_dialect *const judges[SQL_DIALECT_COUNT] = {
    [SQL_POSTGRESQL] = judge_postgresql, [SQL_MYSQL] = judge_mysql, [SQL_MARIADB] = judge_mysql
};
static load_dialect *const loaders[SQL_DIALECT_COUNT] = {
    [SQL_POSTGRESQL] = load_postgresql, [SQL_MYSQL] = load_mysql, [SQL_MARIADB] = load_mysql
};
static split_dialect *const splitters[SQL_DIALECT_COUNT] = {
    [SQL_POSTGRESQL] = split_postgresql, [SQL_MYSQL] = split_mysql, [SQL_MARIADB] = split_mysql
};

const struct sql_script *sql_judge(struct arena *arena, const struct sql_server *server,
                                   struct sql_catalog *catalog, const char *text,
                                   const struct sql_options *options)
{
    struct sql_catalog *given = catalog ? catalog : sql_catalog_create(server);
    given->script++;
    const struct sql_script *script = judges[server->dialect](arena, server, given, text, options);
    if (catalog == NULL)
        sql_catalog_destroy(given);
    return script;
}

size_t sql_split(struct arena *arena, const struct sql_server *server, const char *text,
                 const size_t **ret_begins)
{
    return splitters[server->dialect](arena, server, text, ret_begins);
}

struct sql_catalog *sql_catalog_create(const struct sql_server *server)
{
    struct arena *arena = arena_create();
    struct sql_catalog *catalog = arena_alloc(arena, sizeof(*catalog));
    catalog->arena = arena;
    catalog->server = *server;
    dict_init(&catalog->relations, arena);
    dict_init(&catalog->domains, arena);
    dict_init(&catalog->functions, arena);
    return catalog;
}

void sql_catalog_destroy(struct sql_catalog *catalog)
{
    if (catalog)
        arena_destroy(catalog->arena);
}

int sql_catalog_load(struct sql_catalog *catalog, const char *dump, size_t *ret_ignored, struct err *err)
{
    size_t read = loaders[catalog->server.dialect](catalog, dump, ret_ignored);
    if (read == 0 && *ret_ignored)
        return err_set(err, ERR_INVALID, "none of the %zu statements of the schema could be read",
                       *ret_ignored);
    catalog->told = true;
    return 0;
}

const char *sql_catalog_query(const struct sql_server *server)
{
    return server->dialect == SQL_POSTGRESQL ? catalog_query_postgresql(server) : NULL;
}

int sql_catalog_row(struct sql_catalog *catalog, const char *const *fields, size_t count, struct err *err)
{
    if (catalog->server.dialect != SQL_POSTGRESQL || count != SQL_CATALOG_FIELDS || fields[0] == NULL)
        return err_set(err, ERR_INVALID, "a row of %zu fields: expected one that the catalog's query answers",
                       count);
    catalog->told = true;
    return catalog_row_postgresql(catalog, fields, err);
}

bool sql_catalog_size(const struct sql_catalog *catalog, const char *relation, struct sql_size *ret)
{
    const struct relation *known = catalog_relation(catalog, relation);
    if (known == NULL || !known->has_size)
        return false;
    *ret = known->size;
    return true;
}

bool sql_is_several(const char *text)
{
    const char *end = strchr(text, ';');
    return end && end[strspn(end, "; \t\r\n")] != '\0';
}
