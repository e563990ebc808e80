#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TOOLS(tools) "`title`:`A sample`", "`title`:`A sample`,`tools`:" tools

static const struct refusal declared[] = {
    { TOOLS("{`required`:[{`name`:`/bin/psql`}]}"),
      "3:49: `/bin/psql` is no name of a program: it is looked for in PATH" },
    { TOOLS("{`required`:[{`name`:`psql -X`}]}"),
      "3:49: `psql -X` is no name of a program: it is looked for in PATH" },
    { TOOLS("{`required`:[{`name`:`psql`,`version`:`new`}]}"),
      "3:66: `new` is no version, as in `15` or `>=8.0.35`" },
    { TOOLS("{`required`:[{`name`:`psql`}],`forbidden`:[`rm`,`psql`]}"), "3:76: `psql` is required as well" },
    { TOOLS("{`forbidden`:[``]}"), "3:42: `` is no name of a program: it is looked for in PATH" },
    { TOOLS("{`forbidden`:`deploy`}"), "34:1: step `deploy` calls deploy, which this book forbids" },
};

static void test_declared(void **state)
{
    (void)state;
    refuse_all(declared, sizeof(declared) / sizeof(declared[0]));
}

/* A step's command in a book that forbids pg_upgrade. */
static const struct {
    const char *argv;
    bool forbidden;
} calls[] = {
    { "[`pg_upgrade`,`--check`]", true },
    { "[`/usr/lib/postgresql/15/bin/pg_upgrade`]", true },
    { "[`pg_upgraded`]", false },
    { "[`echo`,`pg_upgrade`]", false },
    { "[`sh`,`-c`,`cd /tmp; pg_upgrade`]", true },
    { "[`/bin/bash`,`-ec`,`true&&(/usr/bin/pg_upgrade)`]", true },
    { "[`sh`,`-c`,`echo $(pg_upgrade --version)`]", true },
    { "[`sh`,`-c`,`echo pg_upgrade_log pg_upgrade.txt`]", false },
    { "[`sh`,`-c`,``]", false },
};

static void judge_calls(const char *find, const char *before, const char *after, const char *where)
{
    char *book = replaced(sample_book, "`title`:`A sample`",
                          "`title`:`A sample`,`tools`:{`forbidden`:[`pg_repack`,`pg_upgrade`]}");
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct load load;
        struct arena *arena = arena_create();
        char *broken = replaced(book, find, arena_format(arena, "%s%s%s", before, calls[i].argv, after));
        load_init(&load, broken, NULL);
        assert_string_equal(buf_str(&load.faults), calls[i].forbidden ? where : "");
        load_finish(&load);
        free(broken);
        arena_destroy(arena);
    }
    free(book);
}

static void test_called(void **state)
{
    (void)state;
    judge_calls("[`deploy`,`${batch}`]", "", "",
                "34:1: step \"deploy\" calls pg_upgrade, which this book forbids");
    judge_calls("`irreversible`:`the old version is gone`", "`rollback`:[{`kind`:`command`,`argv`:", "}]",
                "36:13: step \"deploy.rollback.1\" calls pg_upgrade, which this book forbids");
}

static void test_kept(void **state)
{
    (void)state;
    struct load load;
    char *book = replaced(sample_book, TOOLS("{`required`:[{`name`:`psql`,`version`:`>=8.0.${batch}`},"
                                             "{`name`:`rsync`}],`forbidden`:[`pg_upgrade`]}"));
    load_init(&load, book, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    assert_int_equal(load.book->tool_count, 2);
    assert_string_equal(load.book->tools[0].name, "psql");
    assert_string_equal(load.book->tools[0].version, ">=8.0.5000");
    assert_string_equal(load.book->tools[1].name, "rsync");
    assert_null(load.book->tools[1].version);
    assert_int_equal(load.book->forbidden_count, 1);
    assert_string_equal(load.book->forbidden[0], "pg_upgrade");
    load_finish(&load);
    free(book);
}

static const struct {
    const char *constraint, *version;
    bool fits;
} versions[] = {
    { "15", "15", true },          { "15", "15.4", true },         { "=15", "15.4.2", true },
    { "==15.4", "15.4", true },    { "15", "150", false },         { "15.4", "15", false },
    { "15.0", "15", true },        { "1.5.3", "1.5.3", true },     { "1.5.3", "1.5.30", false },
    { ">=15", "14.9", false },     { ">=15", "15.0", true },       { ">=15.4", "15.10", true },
    { ">=15.4", "15.3.9", false }, { ">=8.0.35", "8.0.35", true }, { ">=8.0.35", "8.0.4", false },
    { ">=8.0.35", "8.1", true },   { ">=8.0.35", "10", true },     { ">15", "15.9", false },
    { ">15", "16", true },         { "<=15", "15.9", true },       { "<15", "15", false },
    { "<15", "14.99.99", true },   { "<17.2", "17.1.9", true },    { "<17.2", "17.2", false },
};

static void test_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (tool_version_fits(versions[i].constraint, versions[i].version) != versions[i].fits)
            fail_msg("%s, %s", versions[i].constraint, versions[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declared),
        cmocka_unit_test(test_called),
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
