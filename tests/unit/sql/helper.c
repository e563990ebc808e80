#include "helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"

static void tell_names(struct buf *out, const char *what, size_t count, const char *const *names)
{
    for (size_t i = 0; i < count; i++)
        buf_format(out, " %s:%s", what, names[i]);
}

const char *told(struct arena *arena, const struct sql_statement *statement)
{
    struct buf out;
    buf_init(&out, (size_t)1024 * 1024);
    for (size_t i = 0; i < statement->lock_count; i++)
        buf_format(&out, " %s:%s%s", statement->locks[i].relation,
                   sql_lock_mode_word(statement->locks[i].mode), statement->locks[i].kept ? "+" : "");
    tell_names(&out, "rewrite", statement->rewrite_count, statement->rewrites);
    tell_names(&out, "scan", statement->scan_count, statement->scans);
    tell_names(&out, "build", statement->build_count, statement->builds);
    for (size_t i = 0; i < statement->finding_count; i++)
        buf_format(&out, " %s%s%s", statement->findings[i].rule->severity == SQL_DANGER ? "!" : "",
                   statement->findings[i].rule->code, statement->findings[i].depends ? "?" : "");
    const char *text = arena_text(arena, out.len ? out.data + 1 : "");
    buf_finish(&out);
    return text;
}

const char *told_last(struct arena *arena, int version, const char *schema, const char *script,
                      bool transaction)
{
    const struct sql_server server = { SQL_POSTGRESQL, version };
    const struct sql_options options = { .transaction = transaction };
    struct sql_catalog *catalog = sql_catalog_create(&server);
    struct err err = ERR_INIT;
    size_t ignored;

    if (schema && sql_catalog_load(catalog, schema, &ignored, &err) < 0)
        fail_msg("%s", err.message);
    if (schema && ignored)
        fail_msg("%zu statements of the schema were not read", ignored);
    const struct sql_script *judged = sql_judge(arena, &server, catalog, script, &options);
    assert_true(judged->count > 0);
    const char *text = told(arena, &judged->statements[judged->count - 1]);
    sql_catalog_destroy(catalog);
    return text;
}

bool has_finding(const struct sql_statement *statement, const char *code)
{
    for (size_t i = 0; i < statement->finding_count; i++)
        if (strcmp(statement->findings[i].rule->code, code) == 0)
            return true;
    return false;
}
