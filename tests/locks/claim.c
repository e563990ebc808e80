#include "claim.h"

#include <stdio.h>
#include <stdlib.h>

static void names_of(struct effect_names *ret, size_t count, const char *const *names)
{
    for (size_t i = 0; i < count; i++)
        effect_name_add(ret, names[i]);
}

static void effect_of(const struct sql_statement *statement, struct effect *ret)
{
    for (size_t i = 0; i < statement->lock_count; i++)
        effect_lock_add(ret, statement->locks[i].relation, statement->locks[i].mode);
    names_of(&ret->rewrites, statement->rewrite_count, statement->rewrites);
    for (size_t i = 0; i < statement->scan_count; i++) {
        if (!effect_name_in(&ret->rewrites, statement->scans[i]))
            effect_name_add(&ret->scans, statement->scans[i]);
    }
    names_of(&ret->builds, statement->build_count, statement->builds);
    ret->dangerous = statement->dangerous;
    ret->wants_timeout = statement->needs_lock_timeout;
    ret->understood = statement->understood;
    ret->rule = statement->finding_count > 0 ? statement->findings[0].rule->code : NULL;
}

void claim_of(struct arena *arena, const struct row *row, const char *dump, struct effect *ret)
{
    static const struct sql_server server = { SQL_POSTGRESQL, 150000 };
    struct sql_options options = { .transaction = row->holders[0] == NULL };
    struct sql_catalog *catalog = sql_catalog_create(&server);
    const struct sql_script *script;
    struct err err = ERR_INIT;
    struct buf text;
    size_t ignored, count = 0;

    if (dump && sql_catalog_load(catalog, dump, &ignored, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        abort();
    }
    buf_init(&text, 64 * 1024);
    while (count < ROW_STATEMENTS_MAX && row->statements[count])
        buf_format(&text, "%s;\n", row->statements[count++]);
    script = sql_judge(arena, &server, catalog, buf_str(&text), &options);
    if (script->count != count) {
        (void)fprintf(stderr, "%zu statements for %zu: %s", script->count, count, buf_str(&text));
        abort();
    }
    for (size_t i = 0; i < count; i++)
        effect_of(&script->statements[i], &ret[i]);
    buf_finish(&text);
    sql_catalog_destroy(catalog);
}
