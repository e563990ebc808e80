/* When what would run, and what of it must not take longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "report/schedule.h"
#include "sample.h"

#define BOOK(phases)                                                                                         \
    "{`tminus`:1,`id`:`b`,`title`:`B`,`targets`:{`p`:{`engine`:`postgresql`}},`phases`:[" phases "]}"
#define STEP(id, more)                                                                                       \
    "{`id`:`" id "`,`kind`:`sql`,`target`:`p`,`sql`:`SELECT 1`,`rollback`:[{`kind`:`none`,`why`:`x`}]" more  \
    "}"
#define PHASE(id, more, steps) "{`id`:`" id "`,`kind`:`migrate`,`title`:`" id "`" more ",`steps`:[" steps "]}"

/* Each step as "id start-end slack", "*" for one on the critical path; the phases; the whole; in seconds. */
static void assert_schedule(const char *text, const char *want)
{
    struct load load;
    struct buf got;
    load_init(&load, text, NULL);
    assert_string_equal(buf_str(&load.faults), "");
    const struct schedule *schedule = schedule_of(load.arena, load.book);
    buf_init(&got, 10000);
    for (size_t i = 0; i < load.book->step_count; i++) {
        const struct slot *slot = &schedule->steps[i];
        buf_format(&got, "%s%s %d-%d +%d, ", load.book->steps[i].id, slot->critical ? "*" : "",
                   (int)(slot->start_us / SECOND_US), (int)(slot->end_us / SECOND_US),
                   (int)(slot->slack_us / SECOND_US));
    }
    for (size_t i = 0; i < load.book->phase_count; i++)
        buf_format(&got, "%s%s %d-%d, ", load.book->phases[i].id, schedule->phases[i].critical ? "*" : "",
                   (int)(schedule->phases[i].start_us / SECOND_US),
                   (int)(schedule->phases[i].end_us / SECOND_US));
    buf_format(&got, "%d, %zu without", (int)(schedule->total_us / SECOND_US), schedule->unestimated);
    assert_string_equal(buf_str(&got), want);
    buf_finish(&got);
    load_finish(&load);
}

static void test_one_after_the_other(void **state)
{
    (void)state;
    assert_schedule(
        BOOK(PHASE("m", "", STEP("a", ",`estimate`:`1s..5s`") "," STEP("b", ",`estimate`:`2s`")) "," PHASE(
            "n", "", STEP("c", ",`estimate`:`3s`"))),
        "a* 0-5 +0, b* 5-7 +0, c* 7-10 +0, m 0-7, n 7-10, 10, 0 without");
}

static void test_side_by_side(void **state)
{
    (void)state;
    assert_schedule(
        BOOK(PHASE("m", ",`parallel`:true",
                   STEP("a", ",`estimate`:`5s`") "," STEP("b", ",`estimate`:`2s`") "," STEP(
                       "c", ",`estimate`:`1s`,`after`:[`b`]")) "," PHASE("n", "",
                                                                         STEP("d", ",`estimate`:`3s`"))),
        "a* 0-5 +0, b 0-2 +2, c 2-3 +2, d* 5-8 +0, m 0-5, n 5-8, 8, 0 without");
}

static void test_background(void **state)
{
    (void)state;
    assert_schedule(BOOK(PHASE("m", "",
                               STEP("a", ",`estimate`:`9s`,`background`:true") "," STEP(
                                   "b", ",`estimate`:`2s`") "," STEP("c", ",`estimate`:`1s`"))),
                    "a* 0-9 +0, b 0-2 +6, c 2-3 +6, m 0-9, 9, 0 without");
}

/* What the phase says of itself counts where it is more, and is then what lasts. */
static void test_stated_phase(void **state)
{
    (void)state;
    assert_schedule(
        BOOK(PHASE("m", ",`estimate`:`20s`", STEP("a", ",`estimate`:`5s`") "," STEP("b", "")) "," PHASE(
            "n", ",`estimate`:`1s`", STEP("c", ",`estimate`:`3s`")) "," PHASE("o", "", STEP("d", ""))),
        "a 0-5 +15, b 5-5 +15, c* 20-23 +0, d 23-23 +0, m* 0-20, n 20-23, o 23-23, 23, 1 without");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_after_the_other),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_stated_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
