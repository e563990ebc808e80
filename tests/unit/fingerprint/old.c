/* A server of the oldest version that a fingerprint is taken of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "printed.h"
#include "support/pg_group.h"

static int set_up(void **state)
{
    (void)state;
    if (pg_old_start(&pair) < 0)
        return -1;
    admin = pg_pair_connect(&pair, PG_PRIMARY, "");
    return 0;
}

static void test_old(void **state)
{
    static const char *const made_there[] = {
        "CREATE TABLE public.users (id int PRIMARY KEY, name text)",
        "CREATE PUBLICATION pub FOR TABLE public.users",
        "CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere password=hidden' PUBLICATION pub"
        " WITH (connect = false, slot_name = NONE)",
        "CREATE STATISTICS public.related ON id, name FROM public.users",
        "CREATE TYPE public.mood AS ENUM ('sad')",
        "CREATE DOMAIN public.word AS text COLLATE \"C\" CHECK (VALUE <> '')",
        "CREATE ROLE plain LOGIN IN ROLE pg_read_all_settings",
        NULL,
    };
    struct arena *arena = arena_create();
    struct buf text;
    char dsn[300];
    (void)state;
    buf_init(&text, 100000);
    (void)pg_value(admin, "SET client_min_messages = error");
    struct fingerprint *before = taken(arena);
    assert_in_range(before->version, 120000, 129999);
    on_server(made_there);
    struct fingerprint *after = taken(arena);
    differences(arena, before, after, &text);
    assert_non_null(strstr(buf_str(&text), "publication table pub: public.users is new"));
    assert_non_null(strstr(buf_str(&text), "connection host=/nowhere password=***"));
    assert_non_null(strstr(buf_str(&text), "column public.users.name is new (text, place 2)"));
    assert_null(strstr(buf_str(&text), "hidden"));
    (void)snprintf(dsn, sizeof(dsn), "%s user=plain", pair.dsn[PG_PRIMARY]);
    after = taken_with(arena, dsn, NULL, 0);
    assert_non_null(strstr(value_of(after, "subscription", "sub"), "connection and options not readable"));
    buf_finish(&text);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_old) };
    return cmocka_run_group_tests(tests, set_up, pg_group_tear_down);
}
