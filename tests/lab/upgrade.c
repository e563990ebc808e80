/* The servers of a move from PostgreSQL 12 to a later one. */
#include "helper.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Both servers' settings are checked where the target is "". */
static void check_contents(const char *dir)
{
    static const struct {
        const char *target, *sql, *want;
    } cases[] = {
        { "old", "SELECT current_setting('server_version_num')::int / 10000", "12" },
        { "new-admin", "SELECT current_setting('server_version_num')::int >= 150000", "t" },
        { "old", "SELECT current_user || '@' || current_database()", "operator@shop" },
        { "new-admin", "SELECT current_user || '@' || current_database()", "operator@postgres" },
        { "new-admin", "SELECT count(*) FROM pg_database WHERE NOT datistemplate", "1" },
        { "", "SHOW wal_level", "logical" },
        { "", "SHOW listen_addresses", "" },
        { "", "SHOW max_wal_senders", "10" },
        { "", "SHOW max_replication_slots", "10" },
        { "", "SHOW max_logical_replication_workers", "10" },
        { "", "SHOW max_worker_processes", "20" },
        { "old", "SELECT count(*) FROM customers", "5000" },
        { "old", "SELECT count(*) FROM orders", "10000" },
        { "old", "SELECT sum(quantity * price) = sum(amount) FROM order_items", "t" },
        { "old", "SELECT count(*) FROM pg_partition_tree('events') WHERE isleaf", "3" },
        { "old",
          "SELECT string_agg(tablename, ' ' ORDER BY tablename) FROM pg_tables"
          " WHERE tableowner <> 'shop_owner' AND schemaname = 'public'",
          "" },
        { "old",
          "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class c WHERE relkind = 'r'"
          " AND relnamespace = 'public'::regnamespace AND NOT EXISTS"
          " (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary)",
          "access_log carts" },
        { "old", "SELECT relname FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r'", "sessions" },
        { "old", "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin",
          "mig_repl operator postgres shop_app" },
        { "old", "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolreplication",
          "mig_repl postgres" },
        { "old", "SET ROLE shop_app; INSERT INTO customers (email, name) VALUES ('new', 'new') RETURNING id",
          "5001" },
        { "old", "SET ROLE shop_app; INSERT INTO orders (customer_id, total) VALUES (1, 2.5) RETURNING id",
          "10001" },
        { "old",
          "SELECT has_table_privilege('shop_ro', 'carts', 'SELECT')"
          " AND NOT has_table_privilege('shop_ro', 'carts', 'UPDATE')",
          "t" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool both = cases[i].target[0] == '\0';
        assert_string_equal(ask(dir, both ? "old" : cases[i].target, cases[i].sql), cases[i].want);
        if (both)
            assert_string_equal(ask(dir, "new-admin", cases[i].sql), cases[i].want);
    }
}

/* A lab is of the kind that it was made as. */
static void check_kind(const char *dir)
{
    static const char *const words[] = { "up", "down", "status" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct said said = lab(words[i], "pg-pair", "--dir", dir, NULL);
        assert_int_equal(said.status, 1);
        assert_non_null(strstr(said.err, "is of the kind \"pg-upgrade\""));
    }
    struct said again = lab("up", "pg-upgrade", "--dir", dir, NULL);
    assert_int_equal(again.status, 0);
    assert_non_null(strstr(again.err, "up already"));
    assert_int_equal(lab("status", "pg-upgrade", "--dir", dir, NULL).status, 0);
}

static void test_up_and_down(void **state)
{
    const char *dir = in_base("lab with space");
    (void)state;
    int64_t began = now_ms();
    struct said up = lab("up", "pg-upgrade", "--dir", dir, NULL);
    print_message("lab up: %d ms\n", (int)(now_ms() - began)); /* 2 s on a machine that does nothing else */
    assert_string_equal(up.err, "");
    assert_int_equal(up.status, 0);
    assert_string_equal(up.out + strlen(dir), "/targets.json\n");
    check_contents(dir);
    check_kind(dir);

    struct said status = lab("status", "--json", "--dir", dir, NULL);
    assert_int_equal(status.status, 0);
    assert_non_null(strstr(status.out, "\"up\":true"));
    assert_non_null(strstr(status.out, "\"PostgreSQL 12."));
    assert_non_null(strstr(status.out, ", with the shop\""));
    assert_non_null(strstr(status.out, ", without the shop\""));

    struct segments segments = segments_of(dir);
    assert_true(segments.ids[2] >= 0 && segments.ids[3] >= 0);
    struct said down = lab("down", "--dir", dir, NULL);
    assert_string_equal(down.err, "");
    assert_int_equal(down.status, 0);
    assert_nothing_left(dir);
    assert_segments_gone(&segments);
}

/* Runs it with $PGHOST, $PGUSER and no questions; it must end well. */
static void shell(const char *dir, const char *script)
{
    char sockets[300];
    int status;
    (void)snprintf(sockets, sizeof(sockets), "%s/sockets", dir);
    pid_t pid = fork();
    if (pid == 0) {
        if (setenv("PGHOST", sockets, 1) == 0 && setenv("PGUSER", "operator", 1) == 0)
            (void)execl("/bin/sh", "sh", "-euc", script, (char *)NULL);
        _exit(126);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What a book of such a move begins with. */
static const char copy_forward[] =
    "psql='psql -XqAt -v ON_ERROR_STOP=1'\n"
    "$psql -p 5432 -d shop -c 'ALTER TABLE carts REPLICA IDENTITY USING INDEX carts_token'"
    " -c 'ALTER TABLE access_log REPLICA IDENTITY FULL'"
    " -c 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO mig_repl'"
    " -c 'CREATE PUBLICATION move FOR ALL TABLES'\n"
    "pg_dumpall -p 5432 -l shop --globals-only | grep -v -E '^(CREATE|ALTER) ROLE (postgres|operator)[ ;]' |"
    " $psql -p 5433 -d postgres\n"
    "pg_dump -p 5432 -C -s --no-publications shop | $psql -p 5433 -d postgres >/dev/null\n"
    "$psql -p 5433 -d shop -c \"CREATE SUBSCRIPTION move CONNECTION"
    " 'host=$PGHOST port=5432 user=mig_repl dbname=shop' PUBLICATION move\" 2>&1\n";

static void test_replication_under_load(void **state)
{
    static const char compared[] = "SELECT count(*) || ' ' || sum(hashtext(t::text)::bigint) FROM orders t";
    const char *dir = in_base("moving");
    char want[256];
    (void)state;
    assert_int_equal(lab("up", "pg-upgrade", "--load", "--dir", dir, NULL).status, 0);
    shell(dir, copy_forward);
    await(dir, "new", "SELECT count(*) || ' ' || bool_and(srsubstate = 'r') FROM pg_subscription_rel",
          "8 true");
    await(dir, "old", "SELECT count(*) > 10020 FROM orders", "t");

    /* No statement of the load failed, which would have ended a session, and what it wrote arrives. */
    assert_non_null(strstr(lab("status", "--dir", dir, NULL).out, "with load"));
    assert_string_equal(ask(dir, "old", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_app'"),
                        "2");
    assert_string_equal(ask(dir, "old",
                            "ALTER ROLE shop_app NOLOGIN; SELECT bool_and(pg_terminate_backend(pid))"
                            " FROM pg_stat_activity WHERE usename = 'shop_app'"),
                        "t");
    await(dir, "old", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_app'", "0");
    (void)snprintf(want, sizeof(want), "%s", ask(dir, "old", compared));
    await(dir, "new", compared, want);
    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_nothing_left(dir);
}

static void test_up_killed(void **state)
{
    static const char *const milestones[] = { "initdb-new.log", "old/postmaster.pid", "new/postmaster.pid",
                                              "fill.log", "targets.json" };
    (void)state;
    up_killed("pg-upgrade", milestones, ARRAY_LEN(milestones));
}

/* Brings it up with that as the directory of PostgreSQL 12. */
static struct said up_with(const char *old_server, const char *dir)
{
    const char *usual = getenv("TMINUS_PG12");
    char kept[300];
    (void)snprintf(kept, sizeof(kept), "%s", usual != NULL ? usual : "");
    assert_int_equal(setenv("TMINUS_PG12", old_server, 1), 0);
    struct said said = lab("up", "pg-upgrade", "--dir", dir, NULL);
    assert_int_equal(usual != NULL ? setenv("TMINUS_PG12", kept, 1) : unsetenv("TMINUS_PG12"), 0);
    return said;
}

static void test_no_old_server(void **state)
{
    const char *dir = in_base("without");
    (void)state;
    struct said up = up_with("/nonexistent", dir);
    assert_int_equal(up.status, 3);
    assert_string_equal(up.err, "tminus lab: PostgreSQL 12's programs are not in /nonexistent/bin: install"
                                " postgresql-12 or name their directory with TMINUS_PG12\n");
    assert_nothing_left(dir);
}

/* A later server is not an old one, whatever it is called. */
static void test_old_server_is_not_old(void **state)
{
    const char *dir = in_base("mistaken");
    (void)state;
    glob_t found;
    assert_int_equal(glob("/usr/lib/postgresql/1[3-9]/bin", 0, NULL, &found), 0);
    assert_int_equal(symlink(found.gl_pathv[0], in_base("bin")), 0);
    globfree(&found);
    struct said up = up_with(in_base(""), dir);
    assert_int_equal(unlink(in_base("bin")), 0);
    assert_int_equal(up.status, 3);
    assert_non_null(strstr(up.err, "has not PostgreSQL 12: its data says 1"));
    assert_nothing_left(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_up_and_down, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_replication_under_load, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_up_killed, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_no_old_server, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_old_server_is_not_old, make_base, remove_base),
    };
    return lab_test_main(argc, argv, "lab-upgrade", tests, ARRAY_LEN(tests));
}
