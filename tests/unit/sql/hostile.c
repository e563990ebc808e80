/* Texts that nobody in their right mind wrote: an answer for each, and never a harmless one for what was not
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "helper.h"

static const struct {
    const char *begin, *middle;
    int times;
    const char *end;
    bool understood;
} cases[] = {
    { "SELECT 1", "+1", 400000, "", false },
    { "SELECT 1", "+1", 450, "", true },
    { "SELECT ", "(", 500000, "", false },
    { "SELECT ", "(SELECT ", 5000, "1", false },
    { "SELECT ", "NOT ", 200000, "a", false },
    { "SELECT 1", " UNION SELECT 1, 2", 30000, "", false },
    { "SELECT a", "[1]", 100000, "", false },
    { "SELECT a", "::int", 100000, "", false },
    { "SELECT a", " IS NULL", 50000, "", false },
    { "SELECT a", " COLLATE b", 50000, "", false },
    { "SELECT * FROM a", " JOIN b ON a.x = b.x", 20000, "", false },
    { "SELECT ", "CASE WHEN a THEN 1 ELSE ", 20000, "", false },
    { "SELECT * FROM t WHERE a = 1", " OR a = 1 AND NOT b = 2", 5000, "", true },
    { "SELECT CASE", " WHEN a = 1 THEN 2", 5000, " END", true },
    { "INSERT INTO t VALUES (1)", ", (-1, 'it''s', now() - interval '1 day')", 3000, "", true },
    { "SELECT '", "x", 1000000, "", false },
    { "SELECT \"", "x", 100000, "", false },
    { "SELECT $a$", "$a ", 300000, "", false },
    { "", "/*", 300000, "", false },
    { "CREATE TABLE x (a int", ", b int", 1500, ")", true },
};

static void test_long(void **state)
{
    static const struct sql_server server = { SQL_POSTGRESQL, 150020 };
    static const struct sql_options options;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena *arena = arena_create();
        struct buf text;
        buf_init(&text, (size_t)16 * 1024 * 1024);
        buf_text(&text, cases[i].begin);
        for (int k = 0; k < cases[i].times; k++)
            buf_text(&text, cases[i].middle);
        buf_text(&text, cases[i].end);
        const struct sql_script *script = sql_judge(arena, &server, NULL, buf_str(&text), &options);
        assert_int_equal(script->count, 1);
        if (script->statements[0].understood != cases[i].understood)
            fail_msg("%s%s...: %s", cases[i].begin, cases[i].middle, told(arena, &script->statements[0]));
        assert_int_equal(script->statements[0].dangerous, !cases[i].understood);
        buf_finish(&text);
        arena_destroy(arena);
    }
}

/* A body that cannot be read is dangerous, also where the DO itself is understood. */
static void test_deep_bodies(void **state)
{
    static const char *const bodies[][3] = { { "IF a THEN ", "NULL; ", "END IF; " },
                                             { "BEGIN ", "NULL; ", "END; " },
                                             { "LOOP ", "NULL; ", "END LOOP; " } };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct arena *arena = arena_create();
        struct buf text;
        buf_init(&text, (size_t)1024 * 1024);
        buf_text(&text, "DO $$ BEGIN ");
        for (int k = 0; k < 1500; k++)
            buf_text(&text, bodies[i][0]);
        buf_text(&text, bodies[i][1]);
        for (int k = 0; k < 1500; k++)
            buf_text(&text, bodies[i][2]);
        buf_text(&text, "END $$");
        assert_string_equal(told_last(arena, 150020, NULL, buf_str(&text), false), "!dynamic-sql");
        buf_finish(&text);
        arena_destroy(arena);
    }
}

static void test_many(void **state)
{
    static const struct sql_server server = { SQL_POSTGRESQL, 150020 };
    static const struct sql_options options = { .transaction = true };
    struct arena *arena = arena_create();
    struct buf text;

    (void)state;
    buf_init(&text, (size_t)4 * 1024 * 1024);
    for (int i = 0; i < 10000; i++)
        buf_format(&text, i % 100 == 99 ? "ALTER odd%d;\n" : "ALTER TABLE t%d ADD c int;\n", i % 300);
    const struct sql_script *script = sql_judge(arena, &server, NULL, buf_str(&text), &options);
    assert_int_equal(script->count, 10000);
    assert_int_equal(script->statements[9999].line, 10000);
    assert_false(script->statements[9999].understood);
    assert_true(script->statements[9998].understood);
    buf_finish(&text);
    arena_destroy(arena);
}

static void test_nothing(void **state)
{
    static const struct sql_server server = { SQL_POSTGRESQL, 150020 };
    static const struct sql_options options;
    static const char *const texts[] = { "", " \n", ";;;", "-- nothing", "/* nothing */ ;", "\xef\xbb\xbf" };
    struct arena *arena = arena_create();

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(sql_judge(arena, &server, NULL, texts[i], &options)->count, 0);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_deep_bodies),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
