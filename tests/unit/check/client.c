/* What is found of the SQL that programs are given: by an argument, in a file, through others. */
#include "example.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define INDEX      "CREATE INDEX i ON users (email)"
#define CONCURRENT "CREATE INDEX CONCURRENTLY i ON users (email)"
#define ALONE      "not-in-transaction"

static const struct {
    const char *name, *text;
} files[] = {
    { "index.sql", "\\set ON_ERROR_STOP on\nSELECT 1;\n  " INDEX ";\n" },
    { "concurrent.sql", "SELECT 1;\n" CONCURRENT ";\nSELECT 2;\n" },
    { "rows.sql", "COPY users FROM stdin;\n1\tit's; \\N\n\\.\n" INDEX ";\n" },
    { "include.sql", "SELECT ';\n\\i no';\n\\i other.sql\n" INDEX ";\n" },
    { "generated.sql", "SELECT 'DROP TABLE users' \\gexec\n" INDEX ";\n" },
    { "variables.sql", "SELECT ':a', b::text;\n" INDEX " WHERE a = :'a';\n" },
    { "casts.sql", "SELECT ':a', $$:b$$, a[1:2], b::text -- :c\n; " INDEX ";\n" },
    { "sub/index.sql", INDEX },
};

static const char *read_file(void *data, const char *path, const char **ret_why)
{
    (void)data;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (text_equal(path, files[i].name))
            return files[i].text;
    }
    *ret_why = "it is not there";
    return NULL;
}

static const char *step_of(struct arena *arena, const char *id, const char *fields)
{
    return arena_format(
        arena,
        "{ \"id\": \"%s\", \"kind\": \"command\", %s, \"timeout\": \"1m\", \"estimate\": \"1s\", "
        "\"rollback\": [ { \"kind\": \"none\", \"why\": \"so\" } ] }",
        id, fields);
}

static const struct check_report *judge(struct arena *arena, const char *steps, const char **ret_text)
{
    *ret_text = example_text(
        arena, arena_format(
                   arena, "{ \"id\": \"change\", \"kind\": \"expand\", \"title\": \"C\", \"steps\": [ %s ] }",
                   steps));
    return report_with(arena, *ret_text, &(struct check_options){ .text = *ret_text, .read = read_file });
}

static const struct {
    const char *fields;
    const char *code;  /* that is found, or with "-" before it not */
    const char *place; /* "file:line:column", or the text of the book from there on; NULL */
} cases[] = {
    /* the argument is the text */
    { "\"argv\": [ \"psql\", \"-c\", \"" INDEX "\" ]", "create-index", "\"CREATE INDEX i" },
    { "\"argv\": [ \"/usr/bin/psql\", \"-Xc\", \"SELECT 1; " INDEX "\" ]", "create-index", "CREATE INDEX i" },
    { "\"argv\": [ \"psql\", \"-XcSELECT 1;\\n" INDEX "\" ]", "create-index", "CREATE INDEX i" },
    { "\"argv\": [ \"psql\", \"--command=SELECT 1;\\n" INDEX "\" ]", "create-index", "CREATE INDEX i" },
    { "\"argv\": [ \"psql\", \"--comm\", \"" INDEX "\" ]", "create-index", "\"CREATE INDEX i" },
    { "\"argv\": [ \"sudo\", \"-u\", \"postgres\", \"psql\", \"-c\", \"" INDEX "\" ]", "create-index", NULL },
    { "\"argv\": [ \"psql\", \"-c\", \"CREATE INDX i ON users (email)\" ]", "not-understood", NULL },
    { "\"argv\": [ \"psql\", \"-h\", \"-c\", \"" INDEX "\" ]", "-create-index", NULL },
    { "\"argv\": [ \"psql\", \"-c\", \"SELECT 1\" ]", "-sql-not-judged", NULL },
    { "\"argv\": [ \"psql\", \"-c\", \"\\\\i a.sql\" ]", "sql-not-judged", "\"\\\\i a.sql" },
    /* one text is one transaction, several are several, but for -1 */
    { "\"argv\": [ \"psql\", \"-c\", \"SELECT 1; " CONCURRENT "\" ]", ALONE, NULL },
    { "\"argv\": [ \"psql\", \"-c\", \"SELECT 1\", \"-c\", \"" CONCURRENT "\" ]", "-" ALONE, NULL },
    { "\"argv\": [ \"psql\", \"-c\", \"SELECT 1\", \"-1c\", \"" CONCURRENT "\" ]", ALONE, NULL },
    { "\"argv\": [ \"psql\", \"--single-transaction\", \"-c\", \"" CONCURRENT "\" ]", ALONE, NULL },
    { "\"argv\": [ \"psql\", \"-f\", \"concurrent.sql\" ]", "-" ALONE, NULL },
    { "\"argv\": [ \"psql\", \"-1\", \"-f\", \"concurrent.sql\" ]", ALONE, "concurrent.sql:2:1" },
    { "\"argv\": [ \"psql\", \"-1\", \"-c\", \"SELECT 1\", \"-f\", \"concurrent.sql\" ]", ALONE,
      "concurrent.sql:2:1" },
    /* files, as psql reads them */
    { "\"argv\": [ \"psql\", \"-f\", \"index.sql\" ]", "create-index", "index.sql:3:3" },
    { "\"argv\": [ \"psql\", \"-f\", \"index.sql\" ]", "-sql-not-judged", NULL },
    { "\"argv\": [ \"psql\", \"-findex.sql\" ]", "create-index", "index.sql:3:3" },
    { "\"directory\": \"sub\", \"argv\": [ \"psql\", \"--file=index.sql\" ]", "create-index",
      "sub/index.sql:1:1" },
    { "\"argv\": [ \"psql\", \"-f\", \"rows.sql\" ]", "create-index", "rows.sql:4:1" },
    { "\"argv\": [ \"psql\", \"-f\", \"rows.sql\" ]", "-not-understood", NULL },
    { "\"argv\": [ \"psql\", \"-f\", \"include.sql\" ]", "create-index", "include.sql:4:1" },
    { "\"argv\": [ \"psql\", \"-f\", \"include.sql\" ]", "sql-not-judged", "include.sql:3:1" },
    { "\"argv\": [ \"psql\", \"-f\", \"generated.sql\" ]", "create-index", "generated.sql:2:1" },
    { "\"argv\": [ \"psql\", \"-f\", \"generated.sql\" ]", "sql-not-judged", "generated.sql:1:27" },
    { "\"argv\": [ \"psql\", \"-f\", \"variables.sql\" ]", "sql-not-judged", "variables.sql:2:43" },
    { "\"argv\": [ \"psql\", \"-f\", \"variables.sql\" ]", "-not-understood", NULL },
    { "\"argv\": [ \"psql\", \"-f\", \"casts.sql\" ]", "create-index", "casts.sql:2:3" },
    { "\"argv\": [ \"psql\", \"-f\", \"no.sql\" ]", "sql-not-judged", "\"no.sql" },
    { "\"argv\": [ \"psql\", \"-f\", \"-\" ]", "sql-not-judged", NULL },
    /* what others read first */
    { "\"argv\": [ \"sh\", \"-c\", \"psql -c '" INDEX "'\" ]", "sql-not-judged", "\"psql -c" },
    { "\"argv\": [ \"bash\", \"-c\", \"mysql shop <a.sql\" ]", "sql-not-judged", "\"mysql shop" },
    { "\"argv\": [ \"ssh\", \"db\", \"psql\", \"-c\", \"" INDEX "\" ]", "sql-not-judged", NULL },
    { "\"argv\": [ \"sh\", \"-c\", \"echo done\" ]", "-sql-not-judged", NULL },
    { "\"argv\": [ \"inventory\", \"-c\", \"a\" ]", "-sql-not-judged", NULL },
    /* MySQL's and MariaDB's */
    { "\"argv\": [ \"mysql\", \"-pword\", \"-e\", \"SELECT 1; ALTER TABLE t ENGINE = InnoDB\" ]",
      "mysql-rebuild", "ALTER TABLE t" },
    { "\"argv\": [ \"mariadb\", \"--execute=ALTER TABLE t ENGINE = InnoDB\" ]", "mysql-rebuild", NULL },
    { "\"argv\": [ \"mysql\", \"-e\", \"source a.sql\" ]", "sql-not-judged", NULL },
    /* how long it waits */
    { "\"argv\": [ \"psql\", \"-c\", \"ALTER TABLE users ADD a int\" ]", "no-lock-timeout", NULL },
    { "\"argv\": [ \"psql\", \"-c\", \"SET lock_timeout = 1000\", \"-c\", \"ALTER TABLE users ADD a int\" ]",
      "-no-lock-timeout", NULL },
    { "\"env\": { \"PGOPTIONS\": \"-c lock_timeout=1s\" }, \"argv\": [ \"psql\", \"-c\", \"ALTER TABLE users "
      "ADD a int\" ]",
      "-no-lock-timeout", NULL },
};

static void judge_case(size_t i)
{
    struct arena *arena = arena_create();
    const char *text, *code = cases[i].code + (cases[i].code[0] == '-');
    const struct check_report *report = judge(arena, step_of(arena, "s", cases[i].fields), &text);
    const struct check_finding *finding = finding_of(report, code);
    const char *place = cases[i].place;

    if ((finding != NULL) == (cases[i].code[0] == '-'))
        fail_msg("%s: %s, and there is:\n%s", cases[i].fields, cases[i].code, told(arena, report));
    if (place && strchr(place, ':'))
        assert_string_equal(arena_format(arena, "%s:%d:%d", finding->file, finding->line, finding->column),
                            place);
    else if (place && strncmp(text + finding->column - 1, place, strlen(place)) != 0)
        fail_msg("%s: at \"%.20s\"", cases[i].fields, text + finding->column - 1);
    arena_destroy(arena);
}

static void test_clients(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        judge_case(i);
}

/* A command moves the catalog on as a step's own statements do, and its locks are told. */
static void test_order(void **state)
{
    struct arena *arena = arena_create();
    const char *text,
        *steps = arena_format(arena, "%s, %s, %s",
                              step_of(arena, "a",
                                      "\"argv\": [ \"psql\", \"-c\", \"SET lock_timeout = 1\", \"-c\", "
                                      "\"ALTER TABLE users ADD CHECK (email IS NOT NULL) NOT VALID\" ]"),
                              step_of(arena, "b",
                                      "\"argv\": [ \"psql\", \"-c\", \"ALTER TABLE users VALIDATE CONSTRAINT "
                                      "users_email_check\" ]"),
                              step_of(arena, "c",
                                      "\"argv\": [ \"psql\", \"-c\", \"SET lock_timeout = 1\", \"-c\", "
                                      "\"ALTER TABLE users ALTER email SET NOT NULL\" ]"));
    const struct check_report *report = judge(arena, steps, &text);
    (void)state;
    if (report->by_severity[CHECK_ERROR] > 0)
        fail_msg("%s", told(arena, report));
    assert_int_equal(report->lock_count, 3);
    assert_string_equal(report->locks[0].mode, "AccessExclusiveLock");
    arena_destroy(arena);
}

/* Who reads no files says so of each that is named. */
static void test_no_files(void **state)
{
    struct arena *arena = arena_create();
    const char *text =
        example_text(arena, step_of(arena, "s", "\"argv\": [ \"psql\", \"-f\", \"index.sql\" ]"));
    (void)state;
    assert_non_null(finding_of(report_of(arena, text), "sql-not-judged"));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
