/* A lab that nobody disturbs. */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_contents(const char *dir)
{
    static const struct {
        const char *target, *sql, *want;
    } cases[] = {
        { "primary", "SELECT count(*) FROM public.users", "200000" },
        { "replica", "SELECT count(*) FROM public.orders", "50000" },
        { "primary", "SELECT current_user || '@' || current_database()", "operator@shop" },
        { "primary", "SELECT tableowner FROM pg_tables WHERE tablename = 'users'", "app" },
        { "replica", "SELECT pg_is_in_recovery()", "t" },
        { "primary", "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'",
          "replica" },
        { "primary", "SHOW wal_level", "logical" },
        { "replica", "SHOW hot_standby_feedback", "on" },
        { "primary", "SHOW listen_addresses", "" },
        { "replica", "SHOW cluster_name", "replica" },
        { "primary", "SELECT count(*) FROM public.orders WHERE user_id NOT BETWEEN 1 AND 200000", "0" },
        { "primary", "SET ROLE app; INSERT INTO public.users (email) VALUES ('new') RETURNING id", "200001" },
        { "primary", "SET ROLE app; INSERT INTO public.orders (user_id, total) VALUES (1, 2.5) RETURNING id",
          "50001" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(ask(dir, cases[i].target, cases[i].sql), cases[i].want);
}

static void test_up_and_down(void **state)
{
    const char *dir = in_base("lab with space");
    (void)state;
    int64_t began = now_ms();
    struct said up = lab("up", "pg-pair", "--dir", dir, NULL);
    print_message("lab up: %d ms\n",
                  (int)(now_ms() - began)); /* under 5 s on a machine that does nothing else */
    assert_string_equal(up.err, "");
    assert_int_equal(up.status, 0);
    assert_int_equal(strncmp(up.out, dir, strlen(dir)), 0);
    assert_string_equal(up.out + strlen(dir), "/targets.json\n");

    check_contents(dir);
    await(dir, "replica", "SELECT count(*) FROM public.users", "200001");

    struct said status = lab("status", "--json", "--dir", dir, NULL);
    assert_int_equal(status.status, 0);
    assert_non_null(strstr(status.out, "\"up\":true"));
    assert_non_null(strstr(status.out, "\"primary, streaming, "));
    assert_non_null(strstr(status.out, "\"replica, following\""));

    struct segments segments = segments_of(dir);
    assert_true(segments.ids[0] >= 0 && segments.ids[1] >= 0);
    began = now_ms();
    struct said down = lab("down", "--dir", dir, NULL);
    print_message("lab down: %d ms\n", (int)(now_ms() - began));
    assert_string_equal(down.err, "");
    assert_int_equal(down.status, 0);
    assert_nothing_left(dir);
    assert_segments_gone(&segments);
}

static void test_up_twice_and_load(void **state)
{
    const char *dir = in_base("twice");
    (void)state;
    struct said first = lab("up", "pg-pair", "--dir", dir, NULL);
    struct said second = lab("up", "pg-pair", "--load", "--dir", dir, NULL);
    assert_int_equal(second.status, 0);
    assert_string_equal(second.out, first.out);
    assert_non_null(strstr(second.err, "up already"));
    assert_non_null(strstr(lab("status", "--dir", dir, NULL).out, "with load"));
    await(dir, "replica", "SELECT count(*) > 50050 FROM public.orders", "t");
    await(dir, "replica", "SELECT count(*) > 200010 FROM public.users", "t");
    assert_string_equal(ask(dir, "primary",
                            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"
                            " AND application_name = 'shop'"),
                        "2");
    /* A third time it is not doubled. */
    assert_int_equal(lab("up", "pg-pair", "--load", "--dir", dir, NULL).status, 0);
    assert_string_equal(ask(dir, "primary", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"),
                        "2");
    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_nothing_left(dir);
}

static void test_side_by_side(void **state)
{
    const char *dirs[] = { in_base("one"), in_base("two") };
    (void)state;
    pid_t ups[] = { lab_begin("up", "pg-pair", "--dir", dirs[0], "--load", NULL),
                    lab_begin("up", "pg-pair", "--dir", dirs[1], NULL) };
    assert_int_equal(lab_end(ups[0]), 0);
    assert_int_equal(lab_end(ups[1]), 0);
    assert_string_equal(ask(dirs[0], "primary", "CREATE TABLE here (); SELECT to_regclass('here')"), "here");
    assert_string_equal(ask(dirs[1], "primary", "SELECT to_regclass('here')"), "");
    assert_int_equal(lab("down", "--dir", dirs[0], NULL).status, 0);
    assert_nothing_left(dirs[0]);
    assert_int_equal(lab("status", "--dir", dirs[1], NULL).status, 0);
    check_contents(dirs[1]);
    assert_int_equal(lab("down", "--dir", dirs[1], NULL).status, 0);
    assert_nothing_left(dirs[1]);
}

/* Of two that come at once for one directory, one makes it; the other finds it made, or somebody at work. */
static void test_two_at_once(void **state)
{
    const char *dir = in_base("contended");
    (void)state;
    pid_t ups[] = { lab_begin("up", "pg-pair", "--dir", dir, NULL),
                    lab_begin("up", "pg-pair", "--dir", dir, NULL) };
    int status[] = { lab_end(ups[0]), lab_end(ups[1]) };
    assert_true(status[0] == 0 || status[1] == 0);
    assert_true(status[0] + status[1] <= 1);
    assert_int_equal(lab("status", "--dir", dir, NULL).status, 0);
    assert_int_equal(lab("down", "--dir", dir, NULL).status, 0);
    assert_nothing_left(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_up_and_down, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_up_twice_and_load, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_side_by_side, make_base, remove_base),
        cmocka_unit_test_setup_teardown(test_two_at_once, make_base, remove_base),
    };
    return lab_test_main(argc, argv, "lab", tests, ARRAY_LEN(tests));
}
