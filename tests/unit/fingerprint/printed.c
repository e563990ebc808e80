#include "printed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"

struct fingerprint *taken_with(struct arena *arena, const char *dsn, const struct fingerprint_data *data,
                               size_t count)
{
    struct driver_target target = { .id = "primary",
                                    .dsn = dsn,
                                    .application_name = "tminus:r1:fingerprint" };
    struct fingerprint *ret = NULL;
    struct err err = ERR_INIT;
    if (fingerprint_take(arena, printed_engine, &target, data, count, &ret, &err) < 0)
        fail_msg("%s", err.message);
    return ret;
}

struct fingerprint *taken(struct arena *arena)
{
    return taken_with(arena, printed_dsn(), NULL, 0);
}

/* ---- what is not as others ---- */

void check_refused(const char *dsn, const struct fingerprint_data *data, int code, const char *message)
{
    struct driver_target target = { .id = "primary",
                                    .dsn = dsn,
                                    .application_name = "tminus:r1:fingerprint",
                                    .connect_timeout_us = 20 * SECOND_US };
    struct arena *arena = arena_create();
    struct fingerprint *ret = NULL;
    struct err err = ERR_INIT;
    int r = fingerprint_take(arena, printed_engine, &target, data, data != NULL, &ret, &err);
    if (r != code || strstr(err.message, message) == NULL || strstr(err.message, "primary") == NULL)
        fail_msg("wanted %d, %s; got %d, %s", code, message, r, err.message);
    assert_null(ret);
    arena_destroy(arena);
}

void check_no_database(const char *dsn)
{
    static const char *const create[] = { "CREATE DATABASE moved", NULL };
    static const char *const drop[] = { "DROP DATABASE moved", NULL };
    const struct fingerprint_data data[] = { { .name = "d", .table = "users" } };
    const struct difference *found;
    struct arena *arena = arena_create();
    int64_t began_us = clock_now().boot_us;
    struct fingerprint *before = taken_with(arena, dsn, data, 1);
    assert_true(clock_now().boot_us - began_us < 9 * SECOND_US); /* told at once: to connect may take 10 s */
    assert_int_equal(before->version, 0);
    assert_int_equal(before->count, 1);
    assert_string_equal(value_of(before, "database", "of the target"), "is not there");
    assert_int_equal(fingerprint_compare(arena, before, taken_with(arena, dsn, data, 1), &found), 0);
    on_server(create);
    assert_true(fingerprint_compare(arena, before, taken_with(arena, dsn, NULL, 0), &found) > 1);
    on_server(drop);
    arena_destroy(arena);
}

/* ---- changes ---- */

void check_made(struct arena *arena, const struct fingerprint *before, const struct change *change)
{
    struct buf text;
    buf_init(&text, 1000000);
    on_server(change->make);
    differences(arena, before, taken(arena), &text);
    bool fine = change->want == NULL ? text.len == 0 : strstr(buf_str(&text), change->want) != NULL;
    if (!fine || strstr(buf_str(&text), "hidden") != NULL)
        fail_msg("%s\nwanted: %s\ngot: %s", change->make[0], change->want != NULL ? change->want : "nothing",
                 buf_str(&text));
    buf_finish(&text);
}

static void check_undone(struct arena *arena, const struct fingerprint *before, const struct change *change)
{
    struct buf text;
    buf_init(&text, 1000000);
    on_server(change->undo);
    differences(arena, before, taken(arena), &text);
    if (text.len > 0)
        fail_msg("%s\nundone, and yet: %s", change->make[0], buf_str(&text));
    buf_finish(&text);
}

/* Every so many: the server, which does most of the work, is the same one under a sanitizer. */
static size_t each(void)
{
    const char *wanted = getenv("TMINUS_TEST_EACH");
    size_t step = wanted != NULL ? strtoul(wanted, NULL, 10) : 1;
    return step > 0 ? step : 1;
}

void check_changes(const struct change *changes, size_t count)
{
    struct arena *all = arena_create();
    const struct fingerprint *before = taken(all); /* of each: what was undone leaves nothing */
    for (size_t i = 0; i < count; i += each()) {
        struct arena *arena = arena_create();
        check_made(arena, before, &changes[i]);
        check_undone(arena, before, &changes[i]);
        arena_destroy(arena);
    }
    arena_destroy(all);
}
