/* What differs between two that are made up, and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fingerprint/fingerprint.h"

static const struct fingerprint_line old_lines[] = {
    { "column", "public.users.a", "integer" },
    { "column", "public.users.b", "text" },
    { "index", "public.users_idx", "CREATE INDEX ..." },
    { "table", "public.users", "owner postgres" },
};
static const struct fingerprint_line new_lines[] = {
    { "column", "public.users.a", "bigint" },
    { "column", "public.users.b", "text" },
    { "column", "public.users.c", "text\x1b[2J" },
    { "table", "public.users", "owner postgres" },
    { "view", "public.v", "SELECT 1" },
};
static const struct fingerprint before = { .target = "primary", .count = 4, .lines = old_lines };
static const struct fingerprint after = { .target = "primary", .count = 5, .lines = new_lines };
static const struct fingerprint empty = { .target = "primary" };

static void check_text(const struct difference *difference, const char *want)
{
    struct buf text;
    buf_init(&text, 10000);
    difference_text(&text, difference);
    assert_string_equal(buf_str(&text), want);
    buf_finish(&text);
}

static void test_differences(void **state)
{
    static const char *const want[] = {
        "primary: column public.users.a has changed: it was integer; it is bigint",
        "primary: column public.users.c is new (text^[[2J)",
        "primary: index public.users_idx is gone (CREATE INDEX ...)",
        "primary: view public.v is new (SELECT 1)",
    };
    struct arena *arena = arena_create();
    const struct difference *found;
    (void)state;
    assert_int_equal(fingerprint_compare(arena, &before, &after, &found), ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        check_text(&found[i], want[i]);
    assert_int_equal(found[0].kind, DIFFERENCE_CHANGED);
    assert_int_equal(found[1].kind, DIFFERENCE_NEW);
    assert_null(found[1].before);
    assert_int_equal(found[2].kind, DIFFERENCE_GONE);
    assert_null(found[2].after);
    assert_int_equal(fingerprint_compare(arena, &before, &before, &found), 0);
    assert_int_equal(fingerprint_compare(arena, &empty, &after, &found), after.count);
    assert_int_equal(fingerprint_compare(arena, &before, &empty, &found), before.count);
    assert_int_equal(fingerprint_compare(arena, &empty, &empty, &found), 0);
    arena_destroy(arena);
}

/* The first difference in a long value is what people want to see; no character is cut in two. */
static void test_long(void **state)
{
    char a[2000], b[2000];
    struct buf text;
    (void)state;
    for (size_t i = 0; i + 2 < sizeof(a); i += 2)
        memcpy(a + i, "\xc3\xa9", 2);
    a[sizeof(a) - 2] = '\0';
    memcpy(b, a, sizeof(a));
    memcpy(b + 1000, "XY", 2);
    struct difference difference = {
        .kind = DIFFERENCE_CHANGED, .target = "p", .what = "function", .name = "f()", .before = a, .after = b
    };
    buf_init(&text, 10000);
    difference_text(&text, &difference);
    assert_non_null(strstr(buf_str(&text), "XY"));
    assert_null(strstr(buf_str(&text), "\\x"));
    assert_true(text.len < 700);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_differences), cmocka_unit_test(test_long) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
