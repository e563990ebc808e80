/* What is found of statements: where, by what the steps before did, and how bad. */
#include "example.h"

#include <string.h>

#include "base/text.h"
#include "sql/sql.h"

#define STEP(id, sql, rest)                                                                                  \
    "{\n\"id\": \"" id "\", \"kind\": \"sql\", \"target\": \"primary\",\n\"sql\": " sql                      \
    ",\n\"statement_timeout\": \"30m\", \"estimate\": \"1s\", \"done_when\": { \"sql\": \"SELECT true\" "    \
    "}, " rest " }"
#define PATIENT "\"lock_timeout\": \"1s\""
#define NO_UNDO "\"rollback\": [ { \"kind\": \"none\", \"why\": \"it goes with the table\" } ]"
#define PHASE(steps)                                                                                         \
    "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"Change\", \"steps\": [\n" steps "\n] }"

struct fixture {
    struct arena *arena;
    const struct check_report *report;
};

static struct fixture judge(const char *example)
{
    struct fixture f = { .arena = arena_create() };
    f.report = report_of(f.arena, example_text(f.arena, example));
    return f;
}

static void assert_found(const struct fixture *f, const char *code, enum check_severity severity,
                         const char *part)
{
    const struct check_finding *finding = finding_of(f->report, code);
    if (!finding)
        fail_msg("no %s in:\n%s", code, told(f->arena, f->report));
    if (finding->severity != severity || !strstr(finding->message, part))
        fail_msg("%s is not so: %s", part, told(f->arena, f->report));
}

static void assert_clean(const struct fixture *f)
{
    if (f->report->by_severity[CHECK_ERROR] + f->report->by_severity[CHECK_WARNING] > 0)
        fail_msg("something is said:\n%s", told(f->arena, f->report));
}

/* What others notice of each step, and of the way back. */
static void test_locks(void **state)
{
    struct fixture f = judge(PHASE(
        STEP("s", "[ \"ALTER TABLE users ALTER id TYPE bigint\", \"UPDATE users SET a = 1 WHERE id = 2\" ]",
             PATIENT ", \"rollback\": [ { \"kind\": \"sql\", \"sql\": \"CREATE INDEX i ON users "
                     "(email)\", \"lock_timeout\": \"1s\", \"statement_timeout\": \"1s\", "
                     "\"estimate\": \"1s\" } ]")));
    static const struct check_lock want[] = {
        { 0, 0, "public.users", "AccessExclusiveLock", "blocks reads and writes", "rewrites it", false,
          true },
        { 0, 0, "public.users", "AccessExclusiveLock", "blocks reads and writes", "", true, true },
        { 0, 1, "public.users", "ShareLock", "blocks writes", "reads all of it to build an index", false,
          true },
    };
    (void)state;
    assert_int_equal(f.report->lock_count, ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        const struct check_lock *lock = &f.report->locks[i];
        assert_int_equal(lock->entry, want[i].entry);
        assert_string_equal(lock->relation, want[i].relation);
        assert_string_equal(lock->mode, want[i].mode);
        assert_string_equal(lock->blocks, want[i].blocks);
        assert_string_equal(lock->work, want[i].work);
        assert_int_equal(lock->kept, want[i].kept);
        assert_int_equal(lock->dangerous, want[i].dangerous);
    }
    arena_destroy(f.arena);
}

static void test_danger(void **state)
{
    struct fixture f = judge(PHASE(STEP("s", "\"CREATE INDEX i ON users (email)\"", PATIENT ", " NO_UNDO)));
    struct check_rule rule;
    (void)state;
    for (size_t i = 0; i < f.report->count; i++) {
        if (f.report->findings[i].severity == CHECK_ERROR) {
            assert_true(check_rule_find(f.report->findings[i].code, &rule));
            assert_non_null(sql_rule_find(f.report->findings[i].code));
            assert_true(strstr(f.report->findings[i].message, "users") != NULL);
            assert_true(strstr(f.report->findings[i].safe_form, "CONCURRENTLY") != NULL);
            arena_destroy(f.arena);
            return;
        }
    }
    fail_msg("CREATE INDEX is not found:\n%s", told(f.arena, f.report));
}

/* NOT VALID and then VALIDATE in steps of their own; the second half is judged by what the first did. */
static void test_order(void **state)
{
    static const char staged[] = PHASE(
        STEP("add", "\"ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID\"",
             PATIENT ", " NO_UNDO) ",\n" STEP("validate", "\"ALTER TABLE users VALIDATE CONSTRAINT c\"",
                                              PATIENT ", " NO_UNDO) ",\n" STEP("set",
                                                                               "\"ALTER TABLE users ALTER "
                                                                               "COLUMN email SET NOT NULL\"",
                                                                               PATIENT ", " NO_UNDO));
    static const char at_once[] =
        PHASE(STEP("set", "\"ALTER TABLE users ALTER COLUMN email SET NOT NULL\"", PATIENT ", " NO_UNDO));
    struct fixture f = judge(staged);
    (void)state;
    assert_clean(&f);
    arena_destroy(f.arena);
    f = judge(at_once);
    assert_true(f.report->by_severity[CHECK_ERROR] + f.report->by_severity[CHECK_WARNING] > 0);
    arena_destroy(f.arena);
}

/* The lock of the first statement is kept while the second reads the whole table. */
static void test_transaction(void **state)
{
    static const char texts[] =
        PHASE(STEP("s",
                   "[ \"ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID\", "
                   "\"ALTER TABLE users VALIDATE CONSTRAINT c\" ]",
                   PATIENT ", " NO_UNDO));
    struct fixture f = judge(texts);
    (void)state;
    assert_true(f.report->by_severity[CHECK_ERROR] > 0);
    arena_destroy(f.arena);
}

/* A value that is known only on the night stands in by some name. */
static void test_later(void **state)
{
    struct fixture f = judge(PHASE(STEP("s", "\"CREATE INDEX i ON ${tenant}.users (email)\"",
                                        "\"for_each\": { \"sql\": \"SELECT nspname FROM pg_namespace\", "
                                        "\"as\": \"tenant\" }, " PATIENT ", " NO_UNDO)));
    (void)state;
    assert_true(f.report->by_severity[CHECK_ERROR] > 0);
    arena_destroy(f.arena);
}

/* A way back is judged too, with the timeouts of its own. */
static void test_rollback(void **state)
{
    struct fixture f = judge(PHASE(
        STEP("s", "\"ALTER TABLE users ADD COLUMN a int\"",
             PATIENT ", \"rollback\": [ { \"kind\": \"sql\", \"sql\": \"ALTER TABLE users DROP COLUMN a\", "
                     "\"statement_timeout\": \"1m\", \"estimate\": \"1s\" } ]")));
    (void)state;
    assert_found(&f, "no-lock-timeout", CHECK_ERROR, "s.rollback.1");
    assert_int_equal(f.report->by_severity[CHECK_ERROR], 1);
    arena_destroy(f.arena);
}

/* All that asks: probes, senses, what is waited for, what a loop goes over, monitors. */
static void test_queries(void **state)
{
    static const char *const examples[] = {
        "{ \"id\": \"s\", \"kind\": \"check\", \"sense\": { \"target\": \"primary\", \"sql\": \"DELETE FROM "
        "t\" } }",
        "{ \"id\": \"s\", \"kind\": \"check\", \"sense\": { \"target\": \"primary\", \"sql\": \"WITH d AS "
        "(DELETE "
        "FROM t RETURNING 1) SELECT count(*) FROM d\" } }",
        "{ \"id\": \"s\", \"kind\": \"wait\", \"timeout\": \"1m\", \"estimate\": \"1s\", \"all\": [ { "
        "\"target\": \"primary\", \"sql\": \"TRUNCATE t\" } ] }",
        "{ \"monitors\": [ { \"id\": \"lag\", \"kind\": \"query\", \"target\": \"replica\", \"sql\": "
        "\"SELECT 1\" "
        "}, { \"id\": \"q\", \"kind\": \"query\", \"target\": \"primary\", \"sql\": \"CREATE TABLE t (a "
        "int)\" } ], "
        "\"triggers\": [ { \"id\": \"t\", \"then\": \"hold\", \"when\": { \"metric\": \"lag.value\", \"is\": "
        "\">\", \"value\": 60, \"for\": \"30s\" } } ] }",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        struct fixture f = judge(examples[i]);
        assert_found(&f, "query-changes", CHECK_ERROR, "changes something");
        arena_destroy(f.arena);
    }
}

/* Of several statements in one text each has a place of its own, whatever the text is written with. */
static void test_places(void **state)
{
    static const struct {
        const char *sql; /* JSON */
        const char *at;  /* the text of the book from there on */
    } cases[] = {
        { "\"SELECT 1;\\n-- one\\n  CREATE INDEX i ON users (email);\\nSELECT 2\"", "CREATE INDEX i" },
        { "\"SELECT '\\u00e9\\ud83d\\ude00;\\\"';CREATE INDEX i ON users (email)\"", "CREATE INDEX i" },
        { "\"SELECT ${how--many}, '$${';  CREATE INDEX i ON users (email)\"", "CREATE INDEX i" },
        { "[ \"SELECT 1\", \"SELECT ${how--many}; CREATE INDEX i ON users (email)\", \"SELECT 2\" ]",
          "CREATE INDEX i" },
        { "[ \"SELECT 1; SELECT 2\", \"CREATE INDEX i ON users (email)\" ]", "\"CREATE INDEX i" },
        { "\"CREATE INDEX i ON users (email)\"", "\"CREATE INDEX i" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int alone = 0; alone < 2; alone++) {
            struct arena *arena = arena_create();
            const char *text = example_text(
                arena,
                arena_format(
                    arena,
                    "{ \"params\": { \"how--many\": { \"type\": \"text\", \"default\": \"a; b; c\" } }, "
                    "\"phases\": [ { \"id\": \"change\", \"kind\": \"expand\", \"title\": \"C\", "
                    "\"steps\": [ { \"id\": \"s\", \"title\": \"${how--many}\", \"kind\": \"sql\", "
                    "\"target\": \"primary\", "
                    "\"sql\": %s, \"transaction\": %s, " PATIENT ", " NO_UNDO " } ] } ] }",
                    cases[i].sql, alone ? "false" : "true"));
            const char *newline = strchr(text, '\n');
            const struct check_report *report = report_of(arena, text);
            const struct check_finding *finding = finding_of(report, "create-index");
            assert_null(newline); /* all of it stands in the first line */
            assert_non_null(finding);
            assert_int_equal(finding->line, 1);
            if (finding->column != strstr(text, cases[i].at) - text + 1)
                fail_msg("%s: column %d is \"%.20s\"", cases[i].sql, finding->column,
                         text + finding->column - 1);
            arena_destroy(arena);
        }
    }
}

/* A backfill is the UPDATE that its batches are: what cannot be read is told where it stands, and what the
 * table does not have. */
static void test_backfill(void **state)
{
    static const struct {
        const char *fields, *code, *at; /* the field; NULL: nothing is to be found */
    } cases[] = {
        { "\"table\": \"users\", \"key\": [ \"id\" ], \"set\": \"a = 1\", \"where\": \"a IS NULL\"", NULL,
          NULL },
        { "\"table\": \"users\", \"key\": [ \"id\" ], \"set\": \"a = 1\", \"where\": \"true\"", NULL, NULL },
        { "\"table\": \"users\", \"key\": [ \"id\" ], \"set\": \"a == 1\", \"where\": \"a IS NULL\"",
          "not-understood", "\"a == 1" },
        { "\"table\": \"users\", \"key\": [ \"id\" ], \"set\": \"a = 1\", \"where\": \"a IS NUL\"",
          "not-understood", "\"a IS NUL" },
        { "\"table\": \"users u x\", \"key\": [ \"id\" ], \"set\": \"a = 1\", \"where\": \"a IS NULL\"",
          "not-understood", "\"users u x" },
        { "\"table\": \"known\", \"key\": [ \"id\" ], \"set\": \"b = 1\", \"where\": \"a IS NULL\"",
          "no-such-column", "\"b = 1" },
        { "\"table\": \"known\", \"key\": [ \"\\\"id\\\"\" ], \"set\": \"a = 1, ID = 2\", \"where\": \"a IS "
          "NULL\"",
          "backfill-sets-key", "\"a = 1, ID" },
        { "\"table\": \"users\", \"key\": [ \"id\" ], \"statement\": \"INSERT INTO known SELECT id, 1 FROM "
          "tminus_batch ON CONFLICT DO NOTHING\"",
          NULL, NULL },
        { "\"table\": \"users\", \"key\": [ \"id\" ], \"statement\": \"INSERT INTO known SELCT id FROM "
          "tminus_batch\"",
          "not-understood", "\"INSERT INTO known" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        const char *text = example_text(
            arena,
            arena_format(
                arena,
                PHASE(STEP("make", "\"CREATE TABLE known (id int, a int)\"",
                           NO_UNDO) ", { \"id\": \"s\", \"kind\": \"backfill\", \"target\": \"primary\", %s, "
                                    "\"estimate\": \"1s\", " NO_UNDO " }"),
                cases[i].fields));
        const struct check_report *report = report_of(arena, text);
        const struct check_finding *finding = cases[i].code ? finding_of(report, cases[i].code) : NULL;
        if (!cases[i].code && report->by_severity[CHECK_ERROR] > 0)
            fail_msg("%s: %s", cases[i].fields, told(arena, report));
        if (cases[i].code && (!finding || !text_starts(text + finding->column - 1, cases[i].at)))
            fail_msg("%s: %s", cases[i].fields, told(arena, report));
        arena_destroy(arena);
    }
}

/* A range of versions is judged by its end that is named, and never by a version that does not fit. */
static void test_versions(void **state)
{
    static const struct {
        const char *constraint;
        int major;
    } cases[] = { { "15", 15 },  { "==14", 14 }, { ">=12", 12 },  { "<=13", 13 },
                  { "<15", 14 }, { ">12", 13 },  { "<15.4", 15 }, { ">=12.3", 12 } };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct target target = { .engine = ENGINE_POSTGRESQL, .version = cases[i].constraint };
        const struct book book = { .targets = &target, .target_count = 1 };
        struct sql_server server;
        check_server(&book, 0, &server);
        assert_int_equal(server.version / 10000, cases[i].major);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_danger),      cmocka_unit_test(test_locks),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_transaction), cmocka_unit_test(test_later),  cmocka_unit_test(test_rollback),
        cmocka_unit_test(test_queries),     cmocka_unit_test(test_places), cmocka_unit_test(test_backfill),
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
