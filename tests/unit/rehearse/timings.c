/* What counts as a time, and the nearest ranks of hand-made tables. */
#include "rehearse/timings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "json/json.h"

static const char book_text[] =
    "{\"tminus\":1,\"id\":\"b\",\"title\":\"B\",\"targets\":{\"p\":{\"engine\":\"postgresql\"}},"
    "\"phases\":[{\"id\":\"m\",\"kind\":\"migrate\",\"title\":\"M\",\"steps\":["
    "{\"id\":\"a\",\"kind\":\"sql\",\"target\":\"p\",\"sql\":\"SELECT 1\","
    "\"rollback\":[{\"kind\":\"sql\",\"sql\":\"SELECT 2\"},{\"kind\":\"manual\",\"instructions\":\"x\"}]},"
    "{\"id\":\"hand\",\"kind\":\"manual\",\"instructions\":\"x\",\"rollback\":[{\"kind\":\"none\",\"why\":"
    "\"x\"}]},"
    "{\"id\":\"look\",\"kind\":\"verify\",\"target\":\"p\",\"sql\":\"SELECT "
    "1\",\"expect\":{\"value\":1}}]}]}";

struct fixture {
    struct arena *arena;
    struct timings *timings;
};

static int setup(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));
    struct json_faults faults;
    f->arena = arena_create();
    json_faults_init(&faults, f->arena);
    const struct book *book =
        book_load(f->arena, "b.json", book_text, strlen(book_text), NULL, &faults, NULL);
    assert_non_null(book);
    f->timings = timings_create(book);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    timings_destroy(f->timings);
    arena_destroy(f->arena);
    free(f);
    return 0;
}

static void add(struct fixture *f, enum event_type type, const char *subject, int64_t entry)
{
    timings_add(f->timings,
                &(struct event){ .type = type, .actor = "tminus", .subject = subject, .entry = entry });
}

static void end(struct fixture *f, const char *subject, int64_t entry, enum choice choice, int64_t took_us)
{
    timings_add(f->timings, &(struct event){ .type = EVENT_STEP_ENDED,
                                             .actor = "tminus",
                                             .subject = subject,
                                             .entry = entry,
                                             .choice = choice,
                                             .elapsed_us = took_us });
}

static void took(struct fixture *f, const char *subject, int64_t entry, int64_t took_us)
{
    add(f, EVENT_STEP_STARTED, subject, entry);
    end(f, subject, entry, CHOICE_DONE, took_us);
}

static void assert_timing(struct fixture *f, size_t index, const char *step, int64_t entry, int64_t count,
                          int64_t median_us, int64_t p95_us)
{
    const struct certificate_timing *list;
    assert_true(index < timings_of(f->timings, f->arena, &list));
    assert_string_equal(list[index].step, step);
    assert_int_equal(list[index].entry, entry);
    assert_int_equal(list[index].rehearsed.count, count);
    assert_int_equal(list[index].rehearsed.median_us, median_us);
    assert_int_equal(list[index].rehearsed.p95_us, p95_us);
}

static size_t count_of(struct fixture *f)
{
    const struct certificate_timing *list;
    return timings_of(f->timings, f->arena, &list);
}

/* The smallest that half, or 95 of a hundred, do not exceed. */
static void test_nearest_rank(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(count_of(f), 0);
    took(f, "a", 0, 30);
    assert_timing(f, 0, "a", 0, 1, 30, 30);
    took(f, "a", 0, 10);
    assert_timing(f, 0, "a", 0, 2, 10, 30);
    took(f, "a", 0, 20);
    assert_timing(f, 0, "a", 0, 3, 20, 30);
    took(f, "a", 0, 40);
    assert_timing(f, 0, "a", 0, 4, 20, 40);
    for (int64_t i = 5; i <= 20; i++)
        took(f, "a", 0, i * 10);
    assert_timing(f, 0, "a", 0, 20, 100, 190); /* 10, 20, .. 200 */
    took(f, "a", 0, 210);
    assert_timing(f, 0, "a", 0, 21, 110, 200);
}

static void test_order_of_the_book(void **state)
{
    struct fixture *f = *state;
    took(f, "look", 0, 1);
    took(f, "a", 1, 2);
    took(f, "a", 0, 3);
    assert_int_equal(count_of(f), 3);
    assert_timing(f, 0, "a", 0, 1, 3, 3);
    assert_timing(f, 1, "a", 1, 1, 2, 2);
    assert_timing(f, 2, "look", 0, 1, 1, 1);
}

/* Waits between attempts are of the time that the step takes: the event says it from the first start on. */
static void test_retries_count(void **state)
{
    struct fixture *f = *state;
    add(f, EVENT_STEP_STARTED, "a", 0);
    add(f, EVENT_STEP_RETRYING, "a", 0);
    add(f, EVENT_STEP_STARTED, "a", 0);
    end(f, "a", 0, CHOICE_DONE, 700);
    assert_timing(f, 0, "a", 0, 1, 700, 700);
}

static void test_what_does_not_count(void **state)
{
    struct fixture *f = *state;
    static const enum choice others[] = { CHOICE_SKIPPED, CHOICE_FAILED, CHOICE_UNKNOWN };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        add(f, EVENT_STEP_STARTED, "a", 0);
        end(f, "a", 0, others[i], 5);
    }
    took(f, "hand", 0, 6); /* a person's */
    took(f, "a", 2, 7);
    took(f, "hand", 1, 8); /* nothing */
    timings_add(f->timings, &(struct event){ .type = EVENT_STEP_STARTED, .subject = "a", .text = "again" });
    end(f, "a", 0, CHOICE_DONE, 9);
    end(f, "a", 0, CHOICE_DONE, 9); /* that never began */
    assert_int_equal(count_of(f), 0);
}

/* Neither does what a hold or the end of a runner came into; what begins afterwards does. */
static void test_held(void **state)
{
    static const enum event_type cuts[] = { EVENT_RUN_HELD, EVENT_RUN_RESUMED, EVENT_RUN_OPENED };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        add(f, EVENT_STEP_STARTED, "a", 0);
        add(f, cuts[i], NULL, 0);
        end(f, "a", 0, CHOICE_DONE, 5);
        assert_int_equal(count_of(f), 0);
    }
    took(f, "a", 0, 6);
    assert_timing(f, 0, "a", 0, 1, 6, 6);
}

static void test_against(void **state)
{
    static const struct {
        struct duration_range stated;
        struct rehearsed rehearsed;
        double want;
    } rows[] = {
        { { 10, 20 }, { 0, 0, 0 }, 1 },   { { 0, 0 }, { 1, 5, 5 }, 1 },     { { 10, 20 }, { 3, 12, 20 }, 1 },
        { { 10, 20 }, { 3, 12, 40 }, 2 }, { { 10, 20 }, { 3, 5, 8 }, 0.5 }, { { 10, 20 }, { 3, 5, 30 }, 1.5 },
        { { 0, 20 }, { 3, 1, 1 }, 1 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        double got = rehearsed_against(&rows[i].stated, &rows[i].rehearsed);
        assert_true(got > rows[i].want - 1e-9 && got < rows[i].want + 1e-9);
    }
}

static void test_text(void **state)
{
    static const struct {
        struct step step;
        const char *want;
        bool told;
    } rows[] = {
        { { .stated = { SECOND_US, 5 * SECOND_US }, .rehearsed = { 12, 2100000, 12 * SECOND_US } },
          "rehearsed 12 times: median 2.1 s, p95 12.0 s, 2.4 times the estimate of 1s..5s",
          true },
        { { .stated = { SECOND_US, 5 * SECOND_US }, .rehearsed = { 12, 2100000, 3 * SECOND_US } },
          "rehearsed 12 times: median 2.1 s, p95 3.0 s, estimate 1s..5s",
          false },
        { { .stated = { SECOND_US, SECOND_US }, .rehearsed = { 4, 7000, 14000 } },
          "rehearsed 4 times: median 7 ms, p95 14 ms, under a tenth of the estimate of 1s",
          true },
        { { .rehearsed = { 1, 7000, 7000 } }, "rehearsed once: 7 ms", false },
        { { .stated = { SECOND_US, SECOND_US } }, "", false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf buf;
        buf_init(&buf, 256);
        assert_int_equal(rehearsed_text(&buf, &rows[i].step), rows[i].told);
        assert_string_equal(buf_str(&buf), rows[i].want);
        buf_finish(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nearest_rank, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_of_the_book, setup, teardown),
        cmocka_unit_test_setup_teardown(test_retries_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_does_not_count, setup, teardown),
        cmocka_unit_test_setup_teardown(test_held, setup, teardown),
        cmocka_unit_test(test_against),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
