/* What is known of a server: from a dump, from its own answers, and from the scripts that went before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "helper.h"

static const struct sql_server server = { SQL_POSTGRESQL, 150020 };

static const char *judge(struct arena *arena, struct sql_catalog *catalog, const char *script, bool exists)
{
    const struct sql_options options = { .exists = exists };
    const struct sql_script *judged = sql_judge(arena, &server, catalog, script, &options);
    return told(arena, &judged->statements[judged->count - 1]);
}

/* The scripts of one book: each sees what the one before did, but what that created is no longer its own. */
static void test_scripts_of_a_book(void **state)
{
    struct arena *arena = arena_create();
    struct sql_catalog *catalog = sql_catalog_create(&server);

    (void)state;
    (void)judge(arena, catalog, "CREATE TABLE n (a int)", false);
    assert_string_equal(judge(arena, catalog, "CREATE INDEX i ON n (a)", false),
                        "public.n:ShareLock scan:public.n build:public.i !create-index");
    assert_string_equal(judge(arena, catalog, "DROP INDEX i", false),
                        "public.i:AccessExclusiveLock public.n:AccessExclusiveLock drop-index");
    (void)judge(arena, catalog, "ALTER TABLE n ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID", false);
    (void)judge(arena, catalog, "ALTER TABLE n VALIDATE CONSTRAINT k", false);
    assert_string_equal(judge(arena, catalog, "ALTER TABLE n ALTER a SET NOT NULL", false),
                        "public.n:AccessExclusiveLock set-not-null-proven");
    sql_catalog_destroy(catalog);
    arena_destroy(arena);
}

static const char dump[] =
    "\\restrict abc\n"
    "SET statement_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
    "CREATE TYPE public.mood AS ENUM ('a;b');\n"
    "CREATE DOMAIN public.d AS integer CONSTRAINT c CHECK ((VALUE > 0));\n"
    "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $_$ BEGIN; RETURN 'x'; END $_$;\n"
    "CREATE TABLE public.t (id bigint NOT NULL, a integer, at timestamp with time zone, d public.d,\n"
    "    CONSTRAINT k CHECK ((a IS NOT NULL)));\n"
    "ALTER TABLE public.t OWNER TO mia;\n"
    "CREATE SEQUENCE public.t_id_seq START WITH 1;\nALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;\n"
    "ALTER TABLE ONLY public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);\n"
    "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n"
    "CREATE TABLE public.c (t_id bigint);\n"
    "ALTER TABLE ONLY public.c ADD CONSTRAINT c_t FOREIGN KEY (t_id) REFERENCES public.t(id);\n"
    "CREATE TRIGGER g AFTER INSERT ON public.c FOR EACH ROW EXECUTE FUNCTION public.f();\n"
    "CREATE TABLE public.m (a integer) PARTITION BY LIST (a);\n"
    "CREATE TABLE public.m1 (a integer);\n"
    "ALTER TABLE ONLY public.m ATTACH PARTITION public.m1 FOR VALUES IN (1);\n"
    "COMMENT ON TABLE public.t IS 'x';\nGRANT SELECT ON TABLE public.t TO mia;\n\\unrestrict abc\n";

static void test_dump(void **state)
{
    static const struct {
        const char *script, *want;
    } cases[] = {
        { "ALTER TABLE t ALTER a SET NOT NULL", "public.t:AccessExclusiveLock set-not-null-proven" },
        { "ALTER TABLE t ADD e mood", "public.t:AccessExclusiveLock add-column" },
        { "ALTER TABLE t ADD e d",
          "public.t:AccessExclusiveLock rewrite:public.t build:public.t_pkey !add-column-domain" },
        { "ALTER TABLE c DROP CONSTRAINT c_t",
          "public.c:AccessExclusiveLock public.t:AccessExclusiveLock drop-foreign-key" },
        { "DROP FUNCTION f CASCADE", "public.c:AccessExclusiveLock drop-cascade" },
        { "DROP FUNCTION other CASCADE", "" },
        { "ALTER TABLE m ADD c int",
          "public.m:AccessExclusiveLock public.m1:AccessExclusiveLock add-column" },
        { "DROP INDEX t_pkey", "public.t:AccessExclusiveLock public.t_pkey:AccessExclusiveLock drop-index" },
        { "ALTER TABLE nowhere ADD c int", "!no-such-relation" },
        { "DROP TABLE IF EXISTS nowhere", "" },
        { "DROP SEQUENCE t_id_seq CASCADE",
          "public.t:AccessExclusiveLock public.t_id_seq:AccessExclusiveLock drop" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena *arena = arena_create();
        struct sql_catalog *catalog = sql_catalog_create(&server);
        size_t ignored = 99;
        assert_int_equal(sql_catalog_load(catalog, dump, &ignored, NULL), 0);
        assert_int_equal(ignored, 0);
        assert_string_equal(judge(arena, catalog, cases[i].script, true), cases[i].want);
        sql_catalog_destroy(catalog);
        arena_destroy(arena);
    }
}

static void test_dump_that_cannot_be_read(void **state)
{
    struct sql_catalog *catalog = sql_catalog_create(&server);
    struct err err = ERR_INIT;
    size_t ignored;

    (void)state;
    assert_int_equal(sql_catalog_load(catalog, "PGDMP\1\2 binary; more", &ignored, &err), ERR_INVALID);
    assert_int_equal(ignored, 2);
    assert_int_equal(sql_catalog_load(catalog, "CREATE TABLE a (b int); CREATE ODD THING;", &ignored, &err),
                     0);
    assert_int_equal(ignored, 1);
    assert_int_equal(sql_catalog_load(catalog, "", &ignored, &err), 0);
    sql_catalog_destroy(catalog);
}

static void test_rows_of_a_server(void **state)
{
    static const char *const rows[][SQL_CATALOG_FIELDS] = {
        { "setting", "TimeZone", "UTC", "0", "0", "0" },
        { "function", "public.mine", "s", "0", "0", "0" },
        { "ddl", "", "CREATE TABLE public.t (z timestamp with time zone)", "0", "0", "0" },
        { "ddl", "", "CREATE TABLE public.m (a integer) PARTITION BY RANGE (a)", "0", "0", "0" },
        { "ddl", "", "CREATE INDEX i ON public.t USING btree (z)", "0", "0", "0" },
        { "invalid", "public.i", "", "0", "0", "0" },
        { "default", "public.t", "public.m", "0", "0", "0" },
        { "size", "public.t", "", "8192", "-1", "7" },
    };
    struct arena *arena = arena_create();
    struct sql_catalog *catalog = sql_catalog_create(&server);
    struct sql_size size;
    struct err err = ERR_INIT;

    (void)state;
    static const struct sql_server old = { SQL_POSTGRESQL, 90624 };
    assert_non_null(sql_catalog_query(&server));
    assert_null(sql_catalog_query(&old));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(sql_catalog_row(catalog, rows[i], SQL_CATALOG_FIELDS, &err), 0);
    assert_true(sql_catalog_size(catalog, "public.t", &size));
    assert_int_equal(size.bytes, 8192);
    assert_int_equal(size.rows, -1);
    assert_int_equal(size.writes, 7);
    assert_false(sql_catalog_size(catalog, "public.m", &size));
    assert_string_equal(judge(arena, catalog, "ALTER TABLE t ADD c int DEFAULT mine()", true),
                        "public.t:AccessExclusiveLock add-column");
    /* An invalid index is not there for IF NOT EXISTS to be content with. */
    assert_string_equal(judge(arena, catalog, "CREATE INDEX IF NOT EXISTS i ON t (z)", true),
                        "public.t:ShareLock scan:public.t build:public.i !create-index");
    assert_string_equal(
        judge(arena, catalog, "CREATE TABLE n PARTITION OF m FOR VALUES FROM (1) TO (2)", true),
        "public.m:AccessExclusiveLock public.t:AccessExclusiveLock scan:public.t"
        " !create-partition-default");
    assert_string_equal(judge(arena, catalog, "ALTER TABLE t ALTER z TYPE timestamp", true),
                        "public.t:AccessExclusiveLock scan:public.t build:public.i !alter-type-index");
    static const char *const odd[SQL_CATALOG_FIELDS] = { "odd", "a", "b", "0", "0", "0" };
    static const char *const short_size[SQL_CATALOG_FIELDS] = { "size", "a", "", NULL, "0", "0" };
    assert_int_equal(sql_catalog_row(catalog, odd, SQL_CATALOG_FIELDS, &err), ERR_INVALID);
    assert_int_equal(sql_catalog_row(catalog, short_size, SQL_CATALOG_FIELDS, &err), ERR_INVALID);
    assert_int_equal(sql_catalog_row(catalog, rows[0], 3, &err), ERR_INVALID);
    sql_catalog_destroy(catalog);
    arena_destroy(arena);
}

static void test_servers(void **state)
{
    static const struct {
        const char *text;
        int version; /* 0: refused */
    } cases[] = {
        { "postgresql@15", 150099 },
        { "postgresql@9.6.24", 90624 },
        { "postgresql@9.6", 90699 },
        { "postgresql@15.20", 150020 },
        { "mysql@8.0", 80099 }, /* the last release of the series */
        { "mysql@8.0.0", 80000 },
        { "mysql@5.5", 0 },
        { "mariadb@10.11", 101199 },
        { "mariadb@10.11.6", 101106 },
        { "mariadb@11", 119999 },
        { "oracle", 0 },
        { "postgresql@", 0 },
        { "postgresql@9.1", 0 },
        { "postgresql@x", 0 },
        { "postgresql@15.", 0 },
        { "", 0 },
        { "mysql@1.2.3.4", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sql_server got;
        struct err err = ERR_INIT;
        int r = sql_server_parse(cases[i].text, &got, &err);
        assert_int_equal(r, cases[i].version ? 0 : ERR_INVALID);
        if (r < 0)
            continue;
        assert_int_equal(got.version, cases[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts_of_a_book),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_dump_that_cannot_be_read),
        cmocka_unit_test(test_rows_of_a_server),
        cmocka_unit_test(test_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
