/* How long it takes to verify a long trail, and one with many signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "fixture.h"
#include "play.h"

static void measure(bool keys, size_t notes, size_t most)
{
    struct play play;
    struct verify_report report;
    struct arena *arena = arena_create();
    play_make(&play, keys);
    play.most = most;
    play_notes(&play, notes);
    play_publish(&play, "audit.git");
    int64_t start_us = clock_now().boot_us;
    assert_int_equal(play_verify(&play, "audit.git", arena, &report), 0);
    int64_t took_us = clock_now().boot_us - start_us;
    assert_int_equal(report.found, 0);
    printf("verified %ju records in %zu commits, %zu signatures: %jd ms\n", (uintmax_t)report.records,
           report.commits, report.commits_signed + report.decisions_signed, (intmax_t)(took_us / MS_US));
    arena_destroy(arena);
    play_finish(&play);
}

static void test_records(void **state)
{
    (void)state;
    measure(false, 50000, 8);
}

static void test_signatures(void **state)
{
    (void)state;
    measure(true, 1000, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_records), TEST(test_signatures) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
