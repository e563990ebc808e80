/*
 * Judging SQL: a book's worth of statements of all kinds, at once and one transaction each, on a schema of a
 * thousand tables.
 */
#include "base/buf.h"
#include "figure.h"
#include "sql/sql.h"

#define STATEMENTS 1000
#define TABLES     1000
#define ROUNDS     9

static const struct sql_server server = { SQL_POSTGRESQL, 150020 };

static void write_schema(struct buf *schema)
{
    for (int i = 0; i < TABLES; i++)
        buf_format(schema,
                   "CREATE TABLE t%d (id bigint PRIMARY KEY, a int NOT NULL, b text, c varchar(20));\n"
                   "CREATE INDEX i%d ON t%d (a, b);\n",
                   i, i, i);
}

static void write_script(struct buf *script)
{
    static const char *const forms[] = {
        "ALTER TABLE t%d ADD COLUMN status text NOT NULL DEFAULT 'x', ADD CONSTRAINT k CHECK (a > 0) NOT "
        "VALID;\n",
        "CREATE INDEX CONCURRENTLY ON t%d (c, a);\n",
        "UPDATE t%d SET a = a + 1 WHERE id BETWEEN 1 AND 1000;\n",
        "ALTER TABLE t%d ALTER COLUMN c TYPE varchar(40);\n",
        "DO $$ BEGIN ALTER TABLE t%d DROP COLUMN b; END $$;\n",
    };
    for (int i = 0; i < STATEMENTS; i++) {
        const char *form = forms[(size_t)i % ARRAY_LEN(forms)];
        for (const char *at = form; *at; at++)
            if (*at == '%' && *++at == 'd')
                buf_format(script, "%d", i);
            else
                buf_char(script, *at);
    }
}

static void measure(const char *name, const char *schema, const char *script, bool transaction)
{
    const struct sql_options options = { .transaction = transaction };
    struct sql_catalog *catalog = sql_catalog_create(&server);
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    size_t ignored;

    double from_us = now_us();
    must(sql_catalog_load(catalog, schema, &ignored, &err), &err);
    double loaded_us = now_us();
    if (sql_judge(arena, &server, catalog, script, &options)->count != STATEMENTS || ignored)
        cannot("the statements were not read");
    figure("sql", "load_ms", (loaded_us - from_us) / 1e3);
    figure("sql", name, (now_us() - loaded_us) / 1e3);
    arena_destroy(arena);
    sql_catalog_destroy(catalog);
}

int main(void)
{
    struct buf schema, script;
    buf_init(&schema, (size_t)8 * 1024 * 1024);
    buf_init(&script, (size_t)8 * 1024 * 1024);
    write_schema(&schema);
    write_script(&script);
    for (int i = 0; i < ROUNDS; i++) {
        measure("judge_ms", buf_str(&schema), buf_str(&script), false);
        measure("judge_transaction_ms", buf_str(&schema), buf_str(&script), true);
    }
    buf_finish(&schema);
    buf_finish(&script);
    return 0;
}
