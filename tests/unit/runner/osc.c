/* What the programs of an online schema change are told, what they say, and what they cannot do. */
#include "osc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

static const struct osc_names names[OSC_TOOL_COUNT] = {
    [OSC_PERCONA] = { .schema = "shop",
                      .table = "users",
                      .token = "0a1b2c3d",
                      .made = { "_users_0a1b2c3d_new" },
                      .made_count = 1,
                      .old = "users_old",
                      .mark = "tminus_osc_0a1b2c3d_" },
    [OSC_GHOST] = { .schema = "shop",
                    .table = "users",
                    .token = "0a1b2c3d",
                    .made = { "_users_0a1b2c3d_gho", "_users_0a1b2c3d_ghc" },
                    .made_count = 2,
                    .old = "users_0a1b2c3d_del",
                    .mark = "tminus_osc_0a1b2c3d_" },
};

static const struct {
    enum osc_tool tool;
    enum dsn_tls tls;
    const char *directory, *arguments;
} calls[] = {
    { OSC_PERCONA, DSN_TLS_DISABLED, "/run",
      "pt-online-schema-change|--config|/dev/"
      "null|--execute|--no-version-check|--no-drop-old-table|--progress=time,2|"
      "--pause-file=/run/osc/s/pause|--plugin=/run/osc/s/plugin.pm|--new-table-name=_users_0a1b2c3d_new|"
      "--set-vars=lock_wait_timeout=2|--recursion-method=none|--alter=ADD a INT|"
      "F=/run/osc/s/server.cnf,D=shop,t=users|--sleep=1" },
    { OSC_PERCONA, DSN_TLS_REQUIRED, "/a,b",
      "pt-online-schema-change|--config|/dev/"
      "null|--execute|--no-version-check|--no-drop-old-table|--progress=time,2|"
      "--pause-file=/a,b/osc/s/pause|--plugin=/a,b/osc/s/plugin.pm|--new-table-name=_users_0a1b2c3d_new|"
      "--set-vars=lock_wait_timeout=2|--recursion-method=none|--alter=ADD a INT|"
      "F=/a\\,b/osc/s/server.cnf,D=shop,t=users|--sleep=1" },
    { OSC_GHOST, DSN_TLS_REQUIRED, "/run",
      "gh-ost|--execute|--allow-on-master|--conf=/run/osc/s/server.cnf|--host=db|--port=3307|--database=shop|"
      "--table=users|--alter=ADD a "
      "INT|--force-table-names=users_0a1b2c3d|--throttle-flag-file=/run/osc/s/pause|"
      "--panic-flag-file=/run/osc/s/panic|--serve-socket-file=/run/osc/s/"
      "socket|--cut-over-lock-timeout-seconds=2|"
      "--ssl|--ssl-allow-insecure|--sleep=1" },
};

static void test_arguments(void **state)
{
    static const char *const options[] = { "--sleep=1" };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        struct arena *arena = arena_create();
        const struct osc_def def = { .tool = calls[i].tool,
                                     .table = "users",
                                     .alter = "ADD a INT",
                                     .option_count = 1,
                                     .options = options };
        const struct step work = { .osc = &def, .lock_timeout_us = 1500 * MS_US };
        const struct dsn_mysql dsn = { .host = "db", .port = 3307, .tls = calls[i].tls };
        const struct osc_files files = osc_files_of(arena, calls[i].directory, "s");
        size_t count;
        const char *const *list = osc_arguments(arena, &work, &names[def.tool], &dsn, &files, &count);
        const char *all = list[0];

        for (size_t k = 1; k < count; k++)
            all = arena_format(arena, "%s|%s", all, list[k]);
        assert_string_equal(all, calls[i].arguments);
        arena_destroy(arena);
    }
}

static void assert_defaults(enum osc_tool tool, const struct dsn_mysql *dsn, enum target_engine engine,
                            const char *expected)
{
    const struct osc_def def = { .tool = tool };
    struct buf text;

    buf_init(&text, 4096);
    osc_defaults(&text, &def, &names[tool], dsn, "a\"b\\c#", engine);
    assert_string_equal(buf_str(&text), expected);
    buf_finish(&text);
}

#define MARK "init-command=\"DO GET_LOCK(CONCAT('tminus_osc_0a1b2c3d_', CONNECTION_ID()), 0)\"\n"

static void test_defaults(void **state)
{
    const struct dsn_mysql here = { .user = "app", .unix_socket = "/s", .tls = DSN_TLS_DISABLED };
    const struct dsn_mysql there = {
        .user = "app", .host = "db", .port = 3307, .tls = DSN_TLS_VERIFIED, .ssl_ca = "/ca"
    };
    (void)state;

    assert_defaults(
        OSC_PERCONA, &here, ENGINE_MARIADB,
        "[client]\nuser=\"app\"\npassword=\"a\\\"b\\\\c#\"\nsocket=\"/s\"\nssl-mode=DISABLED\n" MARK);
    assert_defaults(
        OSC_PERCONA, &there, ENGINE_MYSQL,
        "[client]\nuser=\"app\"\npassword=\"a\\\"b\\\\c#\"\nhost=\"db\"\nport=3307\n"
        "ssl-mode=VERIFY_IDENTITY\nssl-enforce=1\nssl-verify-server-cert=1\nssl-ca=\"/ca\"\n"
        "init-command=\"DO (SELECT 1 UNION ALL SELECT 2 FROM performance_schema.session_status WHERE "
        "variable_name = 'Ssl_cipher' AND variable_value = '')\"\n" MARK);
    assert_defaults(OSC_GHOST, &there, ENGINE_MYSQL, "[client]\nuser=\"app\"\npassword=\"a\\\"b\\\\c#\"\n");
}

static const struct {
    enum osc_tool tool;
    const char *line;
    bool told;
    int64_t rows, total, left_us;
} lines[] = {
    { OSC_PERCONA, "Copying `shop`.`users`:  34% 00:30 remain", true, 34, 100, 30 * SECOND_US },
    { OSC_PERCONA, "Copying `shop`.`users`: 100% 00:00 remain", true, 100, 100, 0 },
    { OSC_PERCONA, "Copying `shop`.`users`:   1% 02:03:04 remain", true, 1, 100, 7384 * SECOND_US },
    { OSC_PERCONA, "Copying `shop`.`users`:   0% 1+00:00:01 remain", true, 0, 100, 86401 * SECOND_US },
    { OSC_PERCONA, "Copying approximately 8020 rows...", false, 0, 0, 0 },
    { OSC_PERCONA, "Copying `shop`.`users`: 134% 00:30 remain", false, 0, 0, 0 },
    { OSC_PERCONA, "Copying `shop`.`users`:  34 rows", false, 0, 0, 0 },
    { OSC_PERCONA, "", false, 0, 0, 0 },
    { OSC_GHOST,
      "Copy: 460/1000 46.0%; Applied: 7; Backlog: 0/100; Time: 22s(total), 22s(copy); State: migrating; ETA: "
      "1m12s",
      true, 460, 1000, 72 * SECOND_US },
    { OSC_GHOST, "Copy: 0/1000 0.0%; Applied: 0; State: throttled, flag-file; ETA: N/A", true, 0, 1000, -1 },
    { OSC_GHOST, "Copy: 1000/1000 100.0%; Applied: 0; State: postponing cut-over; ETA: due", true, 1000, 1000,
      -1 },
    { OSC_GHOST, "Copy: 9/1000 0.9%; ETA: 2h0m5s", true, 9, 1000, 7205 * SECOND_US },
    { OSC_GHOST, "Copy: many", false, 0, 0, 0 },
    { OSC_GHOST, "# Migrating `shop`.`users`", false, 0, 0, 0 },
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct progress progress = { 0 };
        bool told = osc_line_read(lines[i].tool, lines[i].line, &progress);

        if (told != lines[i].told || progress.rows != lines[i].rows || progress.total != lines[i].total ||
            progress.left_us != lines[i].left_us)
            fail_msg("%s", lines[i].line);
    }
}

static const struct {
    enum osc_tool tool;
    struct osc_state state;
    const char *option, *objection;
} tables[] = {
    { OSC_PERCONA, { .is_table = true, .has_key = true }, "--a", NULL },
    { OSC_PERCONA, { .has_key = true }, "--a", "there is no such table" },
    { OSC_PERCONA,
      { .is_table = true },
      "--a",
      "the table has no primary or unique key without NULLs, along which it could be copied" },
    { OSC_PERCONA,
      { .is_table = true, .has_key = true, .triggers = "t" },
      "--a",
      "the table has triggers (t): pt-online-schema-change needs to be told by an option what to do with "
      "them" },
    { OSC_PERCONA, { .is_table = true, .has_key = true, .triggers = "t" }, "--preserve-triggers", NULL },
    { OSC_PERCONA,
      { .is_table = true, .has_key = true, .children = "s.c" },
      "--a",
      "foreign keys point at the table (of s.c): pt-online-schema-change needs to be told by an option what "
      "to do with "
      "them" },
    { OSC_PERCONA,
      { .is_table = true, .has_key = true, .children = "s.c" },
      "--alter-foreign-keys-method=rebuild_constraints",
      NULL },
    { OSC_PERCONA, { .is_table = true, .has_key = true, .parents = "k" }, "--a", NULL },
    { OSC_GHOST,
      { .is_table = true, .has_key = true, .parents = "k" },
      "--a",
      "the table has foreign keys (k), which gh-ost does not keep" },
    { OSC_GHOST, { .is_table = true, .has_key = true, .parents = "k" }, "--discard-foreign-keys", NULL },
};

static void test_objections(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        struct arena *arena = arena_create();
        const struct osc_def def = { .tool = tables[i].tool,
                                     .option_count = 1,
                                     .options = &tables[i].option };
        const char *objection = osc_objection(arena, &def, &tables[i].state);

        if (!text_equal(objection, tables[i].objection))
            fail_msg("%zu: %s", i, objection ? objection : "no objection");
        arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_objections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
