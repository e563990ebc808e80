/*
 * A script of MySQL or MariaDB, and the same as a dump: whatever it is, each statement is understood or told
 * to be dangerous, and stands in the text where it says.
 */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "sql/sql.h"

static void check_statement(const struct sql_statement *statement)
{
    assert(statement->line > 0 && statement->column > 0);
    assert(statement->understood || statement->dangerous);
    for (size_t i = 0; i < statement->finding_count; i++)
        assert(statement->findings[i].rule && statement->findings[i].message[0]);
    for (size_t i = 0; i < statement->lock_count; i++)
        assert(statement->locks[i].mode >= SQL_METADATA_NONE &&
               statement->locks[i].mode <= SQL_METADATA_EXCLUSIVE);
    assert(!statement->copies || statement->rewrite_count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sql_server servers[] = { { SQL_MYSQL, 80400 },
                                          { SQL_MARIADB, 101119 },
                                          { SQL_MYSQL, 50744 } };
    const struct sql_options options = { .transaction = size % 2 == 0, .exists = size % 3 == 0 };
    const struct sql_server *server = &servers[size % 3];
    struct arena *arena = arena_create();
    struct sql_catalog *catalog = sql_catalog_create(server);
    char *text = arena_text_len(arena, (const char *)data, size);
    const struct sql_script *script;
    size_t ignored = 0;

    if (sql_catalog_load(catalog, text, &ignored, NULL) < 0)
        assert(ignored > 0);
    script = sql_judge(arena, server, catalog, text, &options);
    for (size_t i = 0; i < script->count; i++)
        check_statement(&script->statements[i]);
    sql_catalog_destroy(catalog);
    arena_destroy(arena);
    return 0;
}
