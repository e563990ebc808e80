/*
 * A script and, after a NUL, a schema dump that it is judged with. Whatever it is: each statement stands
 * where there is text, what was not understood is dangerous, what is told is in order; and the same again the
 * second time.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "sql/sql.h"

static void check_statement(const struct sql_statement *statement)
{
    assert(statement->line >= 1 && statement->column >= 1);
    assert(statement->understood || statement->dangerous);
    for (size_t i = 0; i < statement->lock_count; i++) {
        assert(statement->locks[i].relation[0]);
        assert(statement->locks[i].mode > SQL_LOCK_NONE && statement->locks[i].mode <= SQL_ACCESS_EXCLUSIVE);
        assert(i == 0 || strcmp(statement->locks[i - 1].relation, statement->locks[i].relation) < 0);
    }
    for (size_t i = 0; i < statement->finding_count; i++) {
        assert(statement->findings[i].message[0]);
        assert(i == 0 || statement->findings[i - 1].rule->severity >= statement->findings[i].rule->severity);
    }
}

static const struct sql_script *judge(struct arena *arena, const char *script, const char *schema,
                                      int version)
{
    const struct sql_server server = { SQL_POSTGRESQL, version };
    const struct sql_options options = { .transaction = version & 1, .exists = schema != NULL };
    struct sql_catalog *catalog = sql_catalog_create(&server);
    size_t ignored = 0;

    if (schema && sql_catalog_load(catalog, schema, &ignored, NULL) < 0)
        assert(ignored > 0);
    const struct sql_script *judged = sql_judge(arena, &server, catalog, script, &options);
    sql_catalog_destroy(catalog);
    return judged;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create();
    const char *script = arena_text_len(arena, (const char *)data, size);
    size_t len = strlen(script);
    const char *schema = len < size ? script + len + 1 : NULL;
    int version = size % 3 == 0 ? 90624 : size % 3 == 1 ? 150020 : 180001;
    const struct sql_script *once = judge(arena, script, schema, version);
    const struct sql_script *again = judge(arena, script, schema, version);

    assert(once->count == again->count);
    for (size_t i = 0; i < once->count; i++) {
        check_statement(&once->statements[i]);
        assert(once->statements[i].lock_count == again->statements[i].lock_count);
        assert(once->statements[i].finding_count == again->statements[i].finding_count);
    }
    arena_destroy(arena);
    return 0;
}
