#include "mysql_helper.h"

#include <string.h>

void judge_with(struct judged *judged, const char *server, const char *dump, const char *text,
                const struct sql_options *options)
{
    struct sql_server parsed;
    struct err err = ERR_INIT;
    size_t ignored = 0;

    assert_int_equal(sql_server_parse(server, &parsed, &err), 0);
    judged->arena = arena_create();
    judged->catalog = sql_catalog_create(&parsed);
    if (dump) {
        assert_int_equal(sql_catalog_load(judged->catalog, dump, &ignored, &err), 0);
        assert_int_equal(ignored, 0);
    }
    judged->script = sql_judge(judged->arena, &parsed, judged->catalog, text, options);
    judged->last = judged->script->count > 0 ? &judged->script->statements[judged->script->count - 1] : NULL;
}

void judge(struct judged *judged, const char *server, const char *dump, const char *text)
{
    const struct sql_options options = { 0 };

    judge_with(judged, server, dump, text, &options);
}

void judged_finish(struct judged *judged)
{
    sql_catalog_destroy(judged->catalog);
    arena_destroy(judged->arena);
}

bool statement_has(const struct sql_statement *statement, const char *code)
{
    for (size_t i = 0; i < statement->finding_count; i++) {
        if (strcmp(statement->findings[i].rule->code, code) == 0)
            return true;
    }
    return false;
}

bool script_has(const struct sql_script *script, const char *code)
{
    for (size_t i = 0; i < script->count; i++) {
        if (statement_has(&script->statements[i], code))
            return true;
    }
    return false;
}

const char *lock_on(const struct sql_statement *statement, const char *relation)
{
    for (size_t i = 0; i < statement->lock_count; i++) {
        if (strcmp(statement->locks[i].relation, relation) == 0)
            return sql_lock_mode_word(statement->locks[i].mode);
    }
    return "-";
}
