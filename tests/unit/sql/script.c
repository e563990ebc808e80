/* Scripts: what a statement says depends on those before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "helper.h"

#define AEL "AccessExclusiveLock"
#define SRE "ShareRowExclusiveLock"
#define SUE "ShareUpdateExclusiveLock"
#define T   "public.t:" AEL

#define ADDED      "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; "
#define ADDED_NULL "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; "
#define VALIDATED  "ALTER TABLE t VALIDATE CONSTRAINT k; "
#define SET_NULL   "ALTER TABLE t ALTER a SET NOT NULL"
#define FREE       T " set-not-null-proven"
#define READS      T " scan:public.t !set-not-null?"

static const struct {
    int version;
    bool transaction;
    const char *script, *want; /* of its last statement */
} cases[] = {
    /* A lock is kept to the end of its transaction, and what comes then is done under it. */
    { 15, false, ADDED VALIDATED, "public.t:" SUE " scan:public.t validate-constraint" },
    { 15, true, ADDED VALIDATED, T "+ scan:public.t !work-under-lock validate-constraint" },
    { 15, false, "BEGIN; " ADDED VALIDATED, T "+ scan:public.t !work-under-lock validate-constraint" },
    { 15, false, "BEGIN; " ADDED "COMMIT; " VALIDATED, "public.t:" SUE " scan:public.t validate-constraint" },
    { 15, true, ADDED "COMMIT; " VALIDATED, "public.t:" SUE " scan:public.t validate-constraint" },
    { 15, true, "ALTER TABLE t ADD c int; SELECT * FROM u", T "+ public.u:AccessShareLock lock-kept" },
    { 15, true, "ALTER TABLE t ADD c int; INSERT INTO u VALUES (1)",
      T "+ public.u:RowExclusiveLock !work-under-lock" },
    { 15, true, "ALTER TABLE t ADD c int; UPDATE u SET a = 1 WHERE b = 2",
      T "+ public.u:RowExclusiveLock !work-under-lock" },
    /* A function may do anything, also when it is known to be there; one that is stable changes nothing. */
    { 15, false, "SELECT f()", "unknown-code" },
    { 15, false, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT f(a) FROM t",
      "public.t:AccessShareLock unknown-code" },
    { 15, false, "CREATE FUNCTION f() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1'; SELECT f()", "" },
    /* What is set has to be there, where the table is known from its beginning, with all of its columns. */
    { 15, false, "CREATE TABLE n (a int); ALTER TABLE n ADD b int; UPDATE n SET (a, b) = (1, 2) WHERE a = 1",
      "" },
    { 15, false, "CREATE TABLE n (a int, b int); ALTER TABLE n DROP b; UPDATE n SET b = 1 WHERE a = 1",
      "!no-such-column" },
    { 15, false, "CREATE TABLE n (LIKE t); UPDATE n SET b = 1 WHERE a = 1", "" },
    { 15, false, "CREATE TABLE n (LIKE t, c int); UPDATE n SET b = 1 WHERE a = 1", "" },
    { 15, false, "CREATE TABLE n (c int) INHERITS (t); UPDATE n SET b = 1 WHERE a = 1", "" },
    { 15, false,
      "CREATE TABLE p (c int) PARTITION BY RANGE (c); CREATE TABLE n PARTITION OF p DEFAULT; "
      "UPDATE n SET c = 1 WHERE c = 2",
      "" },
    { 15, true, "SELECT 1 FROM t; CREATE INDEX i ON u (a)",
      "public.t:AccessShareLock+ public.u:ShareLock scan:public.u build:public.i !create-index" },
    { 15, true, "LOCK TABLE t IN SHARE MODE; ALTER TABLE t ADD c int", T " lock-kept add-column" },
    { 15, false, "START TRANSACTION; " ADDED "COMMIT AND CHAIN; " VALIDATED,
      "public.t:" SUE " scan:public.t validate-constraint" },
    /* What is rolled back is gone, locks and objects; what a savepoint does not cover stays. */
    { 15, false, "BEGIN; " ADDED_NULL "ROLLBACK; " VALIDATED SET_NULL, READS },
    { 15, false, "BEGIN; SAVEPOINT x; ALTER TABLE t ADD c int; ROLLBACK TO x; ANALYZE u",
      "public.u:" SUE " share-update" },
    { 15, false,
      "BEGIN; ALTER TABLE t ADD c int; SAVEPOINT x; ALTER TABLE v ADD c int; ROLLBACK TO x; ANALYZE u",
      T "+ public.u:" SUE " lock-kept share-update" },
    { 15, false, "BEGIN; SAVEPOINT x; ALTER TABLE t ADD c int; RELEASE x; ANALYZE u",
      T "+ public.u:" SUE " lock-kept share-update" },
    { 15, false, "BEGIN; CREATE TABLE n (a int); ROLLBACK; CREATE INDEX i ON n (a)",
      "public.n:ShareLock scan:public.n build:public.i !create-index" },
    { 15, false,
      "BEGIN; CREATE TABLE n (a int); SAVEPOINT x; DROP TABLE n; ROLLBACK TO x; CREATE INDEX i ON n (a)",
      "" },
    /* What the server refuses in a transaction. */
    { 15, true, "CREATE INDEX CONCURRENTLY i ON t (a)",
      "public.t:" SUE " scan:public.t build:public.i !not-in-transaction concurrently-invalid" },
    { 15, false, "BEGIN; VACUUM t", "public.t:" SUE " !not-in-transaction vacuum-truncate? share-update" },
    { 15, true, "DROP INDEX CONCURRENTLY i", "public.i:" SUE " !not-in-transaction" },
    { 11, true, "ALTER TYPE e ADD VALUE 'x'", "!not-in-transaction enum-add-value" },
    { 12, true, "ALTER TYPE e ADD VALUE 'x'", "enum-add-value" },
    /* What this script created is nobody's to wait for. */
    { 15, false, "CREATE TABLE n (a int); ALTER TABLE n ALTER a TYPE bigint", "" },
    { 15, false, "CREATE TABLE n (a int); ALTER TABLE n ADD PRIMARY KEY (a)", "" },
    { 15, false, "CREATE TABLE n (a int); DROP TABLE n", "" },
    { 15, false, "CREATE TEMP TABLE t (a int); CREATE INDEX i ON t (a)", "" },
    { 15, false, "CREATE TABLE n AS SELECT 1 AS a; CREATE INDEX ON n (a)", "" },
    { 15, false, "CREATE TABLE n (a int); UPDATE n SET a = 1", "" },
    { 15, false, "CREATE TABLE n (a int); ALTER TABLE n ADD FOREIGN KEY (a) REFERENCES p",
      "public.p:" SRE " create-table-references" },
    { 15, false, "CREATE INDEX i ON t (a); DROP INDEX i", "public.i:" AEL " " T " drop-index" },
    /* Facts that statements before have made. */
    { 15, false, ADDED_NULL VALIDATED SET_NULL, FREE },
    { 11, false, ADDED_NULL VALIDATED SET_NULL, READS },
    { 15, false, ADDED_NULL SET_NULL, READS },
    { 15, false, ADDED VALIDATED SET_NULL, READS },
    { 15, false, "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL OR b > 0); " SET_NULL, READS },
    { 15, false, "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL AND b > 0); " SET_NULL, FREE },
    { 15, false, ADDED_NULL VALIDATED "ALTER TABLE t DROP CONSTRAINT k; " SET_NULL, READS },
    { 15, false, "ALTER TABLE t ALTER c TYPE varchar(10); ALTER TABLE t ALTER c TYPE varchar(20)",
      T " alter-type-metadata" },
    { 15, false,
      "ALTER TABLE t ADD c varchar(10); ALTER TABLE t RENAME TO u; ALTER TABLE u ALTER c TYPE text",
      "public.u:" AEL " alter-type-metadata" },
    { 15, false,
      "SET timezone = 'UTC'; ALTER TABLE t ADD c timestamptz; ALTER TABLE t ALTER c TYPE timestamp",
      T " alter-type-metadata" },
    { 15, false,
      "SET TIME ZONE 'Europe/Zurich'; ALTER TABLE t ADD c timestamptz; ALTER TABLE t ALTER c TYPE timestamp",
      T " rewrite:public.t !alter-type-rewrites" },
    { 15, false, "ALTER TABLE t ADD c timestamptz; ALTER TABLE t ALTER c TYPE timestamp",
      T " rewrite:public.t !alter-type-rewrites?" },
    { 11, false,
      "SET timezone = 'UTC'; ALTER TABLE t ADD c timestamptz; ALTER TABLE t ALTER c TYPE timestamp",
      T " rewrite:public.t !alter-type-rewrites" },
    /* SET LOCAL ends with its transaction, and a SET that is rolled back was none. */
    { 15, false,
      "ALTER TABLE t ADD c timestamptz; BEGIN; SET LOCAL timezone = 'UTC'; ALTER TABLE t ALTER c TYPE "
      "timestamp",
      T " alter-type-metadata" },
    { 15, false,
      "SET timezone = 'CET'; ALTER TABLE t ADD c timestamptz; BEGIN; SET LOCAL timezone = 'UTC'; COMMIT;"
      "ALTER TABLE t ALTER c TYPE timestamp",
      T " rewrite:public.t !alter-type-rewrites" },
    { 15, false,
      "ALTER TABLE t ADD c timestamptz; BEGIN; SET timezone = 'UTC'; ROLLBACK; ALTER TABLE t ALTER c TYPE "
      "timestamp",
      T " rewrite:public.t !alter-type-rewrites?" },
    { 15, false,
      "ALTER TABLE t ADD c timestamptz; BEGIN; SET timezone = 'UTC'; COMMIT; ALTER TABLE t ALTER c TYPE "
      "timestamp",
      T " alter-type-metadata" },
    { 15, false, "SET LOCAL search_path = app; ANALYZE t", "public.t:" SUE " share-update" },
    { 15, false, "BEGIN; SAVEPOINT x; SET search_path = app; ROLLBACK TO x; ANALYZE t",
      "public.t:" SUE " share-update" },
    /* Names. */
    { 15, false, "SET search_path = app, public; ALTER TABLE t ADD c int", "app.t:" AEL " add-column" },
    { 15, false, "CREATE TABLE public.t (a int); SET search_path = app, public; ANALYZE t", "" },
    { 15, false, "SELECT pg_catalog.set_config('search_path', 'app', false); ANALYZE t",
      "app.t:" SUE " share-update" },
    { 15, false, "ALTER TABLE ONLY \"My; App\".\"T's\" /* no; */ ADD -- x; y\n c int",
      "My; App.T's:" AEL " add-column" },
    { 15, false, "ALTER TABLE IF EXISTS T ADD C INT", T " add-column" },
    /* One ALTER, several subcommands: one pass, the strongest lock, a finding each. */
    { 15, false, "ALTER TABLE t ADD c int, VALIDATE CONSTRAINT k, ALTER b SET NOT NULL",
      T " scan:public.t !set-not-null? add-column validate-constraint" },
    /* DO: what is written out is judged, what is put together is not called harmless. */
    { 15, false, "DO $$ BEGIN ALTER TABLE t ADD c int; END $$", T " add-column" },
    { 15, false,
      "DO $$ BEGIN IF true THEN FOR i IN 1..2 LOOP EXECUTE 'ALTER TABLE t ADD c int'; END LOOP; END IF; END "
      "$$",
      T " add-column" },
    { 15, false, "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 't'); END $$", "!dynamic-sql" },
    { 15, false, "DO $$ DECLARE r record; BEGIN FOR r IN SELECT 1 FROM t LOOP EXECUTE r.x; END LOOP; END $$",
      "public.t:AccessShareLock !dynamic-sql" },
    { 15, false, "DO $$ BEGIN " ADDED VALIDATED " END $$",
      T " scan:public.t !work-under-lock add-check-not-valid validate-constraint" },
    { 15, false, "DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON t (a); END $$",
      "public.t:" SUE " scan:public.t build:public.i !not-in-transaction concurrently-invalid" },
    { 15, false, "DO LANGUAGE plpython3u 'x'", "!dynamic-sql" },
    { 15, false, "DO 'BEGIN nonsense'", "!dynamic-sql" },
    { 15, false, "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t; END $$", "" },
    { 15, false,
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END", "" },
    { 15, false, "SELECT partman_run()", "unknown-code" },
    { 15, false, "CALL p()", "unknown-code" },
    { 15, false, "SELECT count(*), lower(x) FROM t", "public.t:AccessShareLock" },
    { 15, false, "EXPLAIN ANALYZE UPDATE t SET a = 1",
      "public.t:RowExclusiveLock scan:public.t !unbounded-write" },
    { 15, false, "WITH d AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM d",
      "public.t:RowExclusiveLock public.u:RowExclusiveLock scan:public.t !unbounded-write" },
    { 15, false, "SELECT * FROM t FOR UPDATE", "public.t:RowShareLock" },
    { 15, false, "COPY t FROM STDIN", "public.t:RowExclusiveLock" },
    /* Versions. */
    { 10, false, "ALTER TABLE t ADD c int DEFAULT 1", T " rewrite:public.t !add-column-default-rewrites" },
    { 11, false, "ALTER TABLE t ADD c int DEFAULT 1", T " add-column" },
    { 10, false, "ALTER TABLE t ADD c int DEFAULT NULL", T " add-column" },
    { 11, false, "REINDEX TABLE CONCURRENTLY t", "!not-in-version" },
    { 13, false, "ALTER TABLE m DETACH PARTITION t CONCURRENTLY", "!not-in-version" },
    { 11, false, "ALTER INDEX i RENAME TO j", "public.i:" AEL " brief-exclusive" },
    { 12, false, "ALTER INDEX i RENAME TO j", "public.i:" SUE " share-update" },
    { 11, false, "ALTER TABLE m ATTACH PARTITION t DEFAULT",
      "public.m:" AEL " " T " scan:public.t !attach-partition?" },
    /* Nothing is known: the worst, and of what it depends. */
    { 15, false, "ALTER TABLE t ALTER c TYPE text", T " rewrite:public.t !alter-type-rewrites?" },
    { 15, false, "ALTER TABLE t ADD c odd_type", T " rewrite:public.t !add-column-domain?" },
    { 15, false, "ALTER TABLE t DROP CONSTRAINT k", T " drop-constraint?" },
    { 15, false, "DROP INDEX i", "public.i:" AEL " drop-index?" },
    { 15, false, "ALTER DOMAIN d SET NOT NULL", "!alter-domain?" },
    { 15, false, "DROP FUNCTION f CASCADE", "!drop-cascade-unknown?" },
    { 15, false, "CREATE TABLE n PARTITION OF t FOR VALUES IN (1)", T " !create-partition-default?" },
    { 18, false, "ALTER TABLE t ADD c int GENERATED ALWAYS AS (a) VIRTUAL", "!not-understood" },
};

static void test_scripts(void **state)
{
    (void)state;
    bool wrong = false;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena *arena = arena_create();
        const char *got =
            told_last(arena, cases[i].version * 10000, NULL, cases[i].script, cases[i].transaction);
        if (strcmp(got, cases[i].want) != 0) {
            print_error("%d: %s\n  want %s\n  got  %s\n", cases[i].version, cases[i].script, cases[i].want,
                        got);
            wrong = true;
        }
        arena_destroy(arena);
    }
    assert_false(wrong);
}

/* The same forms under all the ways in which a table can be named. */
static void test_names(void **state)
{
    static const char *const forms[] = {
        "ALTER TABLE %s ADD COLUMN c bigserial",
        "ALTER TABLE ONLY %s ALTER c SET NOT NULL",
        "ALTER TABLE IF EXISTS %s ADD UNIQUE (c)",
        "CREATE INDEX ON %s (c)",
        "TRUNCATE ONLY %s",
        "LOCK TABLE %s",
        "CLUSTER %s",
        "VACUUM FULL %s",
        "DROP TABLE IF EXISTS %s",
        "UPDATE ONLY %s SET c = 1",
        "CREATE TRIGGER g AFTER INSERT ON %s EXECUTE FUNCTION f()",
        "ALTER TABLE %s /* ; */ OWNER TO mia -- ;",
    };
    static const struct {
        const char *name, *relation;
    } names[] = { { "t", "public.t" },
                  { "\"T\"", "public.T" },
                  { "public.t", "public.t" },
                  { "app.t", "app.t" },
                  { "\"Our App\".\"t.u\"", "Our App.t.u" },
                  { "PUBLIC.T", "public.t" },
                  { "\"a\"\"b\"", "public.a\"b" },
                  { "U&\"d\\0061t\"", "public.dat" } };
    static const struct sql_server server = { SQL_POSTGRESQL, 150020 };
    static const struct sql_options options;

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            struct arena *arena = arena_create();
            struct buf sql;
            buf_init(&sql, 4096);
            const char *at = strstr(forms[i], "%s");
            buf_add(&sql, forms[i], (size_t)(at - forms[i]));
            buf_format(&sql, "%s%s", names[k].name, at + 2);
            const struct sql_script *script = sql_judge(arena, &server, NULL, buf_str(&sql), &options);
            assert_int_equal(script->count, 1);
            assert_int_equal(script->statements[0].lock_count, 1);
            assert_string_equal(script->statements[0].locks[0].relation, names[k].relation);
            buf_finish(&sql);
            arena_destroy(arena);
        }
}

static void test_places(void **state)
{
    static const struct sql_server server = { SQL_POSTGRESQL, 150020 };
    static const struct sql_options options;
    struct arena *arena = arena_create();

    (void)state;
    const struct sql_script *script =
        sql_judge(arena, &server, NULL,
                  "-- first\nSELECT 1;\n  ;; ALTER oops; /* x\n */ DROP TABLE t ;\nSELECT 'open", &options);
    assert_int_equal(script->count, 4);
    static const struct {
        int line, column;
        const char *text;
        bool understood;
    } want[] = { { 2, 1, "SELECT 1", true },
                 { 3, 6, "ALTER oops", false },
                 { 4, 5, "DROP TABLE t", true },
                 { 5, 1, "SELECT 'open", false } };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(script->statements[i].line, want[i].line);
        assert_int_equal(script->statements[i].column, want[i].column);
        assert_string_equal(script->statements[i].text, want[i].text);
        assert_int_equal(script->statements[i].understood, want[i].understood);
        assert_int_equal(script->statements[i].dangerous, !want[i].understood);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
