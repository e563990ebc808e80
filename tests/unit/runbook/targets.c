#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/dsn.h"
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

static const struct {
    const char *dsn, *fault; /* part of what is said; NULL: it is fine */
} mysql_dsns[] = {
    { "host=db1 port=3307 user=app dbname=shop", NULL },
    { "host=db1 database=shop ssl-mode=verify-identity ssl-ca=/etc/ca.pem", NULL },
    { "unix_socket='/run/my sql/s' user=app", NULL },
    { "defaults-file=/etc/my.cnf defaults_group=tminus", NULL },
    { "host=db1 password=x", "a password stands in it" },
    { "host=db1 PassWord=x", "a password stands in it" },
    { "host=db1 user=a passwd = x", "a password stands in it" },
    { "mysql://me:x@db1/shop", "no URI" },
    { "host=db1 sslmode=require", "a key that is not known" },
    { "host=db1 ssl-mode=preferred", "would promise nothing" },
    { "host=db1 ssl-mode=verify-identity defaults-file=/f", "cannot be promised" },
    { "host=db1 ssl-ca=/etc/ca.pem", "want an ssl-mode" },
    { "host=db1 host=db2", "stands in it twice" },
    { "host=db1 dbname=a database=b", "stands in it twice" },
    { "host=db1 unix_socket=/s", "which is meant" },
    { "host=db1 port=70000", "port is a number" },
    { "host=db1 user=", "has no value" },
    { "host='db1", "a quote" },
    { "db1", "not \"key=value ...\"" },
};

static void test_mysql_dsns(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(mysql_dsns); i++) {
        struct err err = ERR_INIT;
        int r = dsn_check_mysql(mysql_dsns[i].dsn, &err);
        if (r != (mysql_dsns[i].fault ? ERR_INVALID : 0) ||
            (mysql_dsns[i].fault && !strstr(err.message, mysql_dsns[i].fault)))
            fail_msg("%s: %s", mysql_dsns[i].dsn, err.message);
    }
}

/* What stays on the machine needs no encryption; all else has it unless the DSN says otherwise. */
static void test_mysql_tls(void **state)
{
    static const struct {
        const char *dsn;
        enum dsn_tls tls;
    } rows[] = {
        { "user=a", DSN_TLS_DISABLED },
        { "unix_socket=/s", DSN_TLS_DISABLED },
        { "host=localhost", DSN_TLS_DISABLED },
        { "host=127.0.0.1", DSN_TLS_DISABLED },
        { "host=db1", DSN_TLS_REQUIRED },
        { "host=10.0.0.1", DSN_TLS_REQUIRED },
        { "defaults-file=/etc/my.cnf", DSN_TLS_REQUIRED },
        { "host=127.0.0.1 ssl-mode=REQUIRED", DSN_TLS_REQUIRED },
        { "host=db1 ssl_mode=disabled", DSN_TLS_DISABLED },
        { "host=db1 ssl-mode=verify_identity", DSN_TLS_VERIFIED },
    };
    struct arena *arena = arena_create();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = ERR_INIT;
        struct dsn_mysql place;
        assert_int_equal(dsn_mysql_parse(arena, rows[i].dsn, &place, &err), 0);
        if (place.tls != rows[i].tls)
            fail_msg("%s: %d", rows[i].dsn, (int)place.tls);
    }
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mysql_dsns),   cmocka_unit_test(test_mysql_tls),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_no_object),
        cmocka_unit_test(test_secret_given), cmocka_unit_test(test_dsns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
