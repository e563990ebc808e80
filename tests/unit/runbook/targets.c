#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runbook/dsn.h"

static const struct refusal files[] = {
    { "`primary`:{", "`primry`:{",
      "targets:1:1: target \"primary\" of the book is not in this file\n"
      "targets:1:2: the book has no target \"primry\"; did you mean \"primary\"?" },
    { "`dsn`:`service=one`", "`dns`:`service=one`",
      "targets:1:12: target \"primary\" lacks the field \"dsn\"\n"
      "targets:1:35: unknown field \"dns\" in target \"primary\"; did you mean \"dsn\"?" },
    { "{`engine`:`postgresql`,`dsn`:`service=one`}", "`service=one`",
      "targets:1:12: target \"primary\" must be an object, not a text" },
    { "`engine`:`postgresql`,`dsn`:`service=one`", "`engine`:`mysql`,`dsn`:`service=one`",
      "targets:1:22: target \"primary\" is postgresql in the book" },
    { "service=one", "host=a password=secret",
      "targets:1:41: the dsn of \"primary\": a password stands in it: use a service file, a password file or "
      "\"password_from\"" },
    { "service=one", "postgresql://me:secret@a/b",
      "targets:1:41: the dsn of \"primary\": a password stands in it: use a service file, a password file or "
      "\"password_from\"" },
    { "service=one", "db.example.com",
      "targets:1:41: the dsn of \"primary\": not \"key=value ...\" and no postgresql:// URI" },
    { "env:PW", "secret",
      "targets:2:77: a password comes from \"env:NAME\", \"file:PATH\" or \"command: ...\"" },
    { "env:PW",
      "command: ", "targets:2:77: a password comes from \"env:NAME\", \"file:PATH\" or \"command: ...\"" },
    { "}}\n", "}",
      "targets:2:86: expected \",\" or \"}\" after a member of an object, found the end of the text" },
    { "{`primary`", "[{`primary`",
      "targets:3:1: expected \",\" or \"]\" after an item of an array, found the end of the text" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct load load;
        char *targets = replaced(sample_targets, files[i].find, files[i].replacement);
        struct book_options options = { .targets_path = "t.json", .targets_text = targets };
        load_init(&load, sample_book, &options);
        assert_string_equal(buf_str(&load.faults), files[i].faults);
        load_finish(&load);
        free(targets);
    }
}

static void test_no_object(void **state)
{
    struct load load;
    struct book_options options = { .targets_path = "t.json", .targets_text = "[]" };
    (void)state;
    load_init(&load, sample_book, &options);
    assert_string_equal(buf_str(&load.faults), "targets:1:1: a targets file is an object, this is an array");
    load_finish(&load);
}

/* A secret on the command line would stand in the list of processes. */
static void test_secret_given(void **state)
{
    struct load load;
    const struct book_param param = { "hook", "https://chat" };
    struct book_options options = { .param_count = 1, .params = &param };
    (void)state;
    load_init(&load, sample_book, &options);
    assert_string_equal(buf_str(&load.faults),
                        "0:0: --param hook: is a secret: it comes from where the book says and "
                        "stands nowhere else");
    load_finish(&load);
}

static const struct {
    const char *dsn;
    bool ok;
} dsns[] = {
    { "service=prod", true },
    { "", true }, /* everything from the environment */
    { "host=a port=5432 dbname=b user=c sslmode=verify-full", true },
    { "host = a  port= 5432", true },
    { "options='-c x=password=y'", true },
    { "passfile=/etc/pw", true },
    { "application_name='it\\'s' host=a", true },
    { "postgresql://a/b", true },
    { "postgres://me@a:5432,b:5433/c?sslmode=require&target_session_attrs=read-write", true },
    { "postgresql:///b?host=/run/pg:x@y", true },
    { "host=a password=x", false },
    { "password=x", false },
    { "host=a password = x", false },
    { "host='a b' password='x y'", false },
    { "host=a\\ b password=x", false },
    { "host=a sslpassword=x", false },
    { "postgres://me:x@a/b", false },
    { "postgresql://me:@a/b", false },
    { "postgresql://a/b?password=x", false },
    { "postgresql://a/b?user=c&password=x", false },
    { "postgresql://a/b?p%61ssw%6Frd=x", false },
    { "host", false },
    { "host=a b", false },
    { "=a", false },
    { "host='a", false },
};

static void test_dsns(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(dsns); i++) {
        struct err err = ERR_INIT;
        if ((dsn_check(dsns[i].dsn, &err) == 0) != dsns[i].ok)
            fail_msg("%s: %s", dsns[i].dsn, err.message);
        assert_int_equal(err.code, dsns[i].ok ? 0 : ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_secret_given),
        cmocka_unit_test(test_dsns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
