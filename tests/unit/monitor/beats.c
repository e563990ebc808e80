#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "monitor/beats.h"

static void test_lag(void **state)
{
    struct beats *beats = calloc(1, sizeof(*beats));
    int64_t lag;
    (void)state;
    assert_false(beats_lag(beats, 100, &lag));
    beats_acknowledged(beats, 11, 1000);
    assert_false(beats_lag(beats, 1500, &lag));
    beats_shown(beats, 10); /* from an earlier run */
    assert_false(beats_lag(beats, 1500, &lag));
    beats_acknowledged(beats, 12, 2000);
    beats_acknowledged(beats, 13, 3000);
    beats_shown(beats, 11);
    assert_true(beats_lag(beats, 3500, &lag));
    assert_int_equal(lag, 1500);
    beats_shown(beats, 11); /* an old answer is a growing lag */
    assert_true(beats_lag(beats, 5500, &lag));
    assert_int_equal(lag, 3500);
    beats_shown(beats, 13);
    assert_true(beats_lag(beats, 9000, &lag));
    assert_int_equal(lag, 0);
    beats_shown(beats, 12);
    assert_true(beats_lag(beats, 9000, &lag));
    assert_int_equal(lag, 0);
    free(beats);
}

/* However many are out, the oldest one's moment stays, and what remains never reads too low. */
static void test_many(void **state)
{
    struct beats *beats = calloc(1, sizeof(*beats));
    int64_t lag;
    (void)state;
    beats_acknowledged(beats, 1, 0);
    beats_shown(beats, 1);
    for (int64_t seq = 2; seq <= 20000; seq++)
        beats_acknowledged(beats, seq, seq * 250);
    assert_in_range(beats->count, 2, BEATS_MAX);
    assert_true(beats_lag(beats, 20000 * 250, &lag));
    assert_int_equal(lag, (20000 - 2) * 250);
    for (int64_t shown = 2; shown <= 20000; shown += 97) {
        beats_shown(beats, shown);
        beats_lag(beats, 20000 * 250, &lag);
        assert_true(lag >= (20000 - shown - 1) * 250);
    }
    beats_shown(beats, 20000);
    assert_true(beats_lag(beats, 20000 * 250, &lag));
    assert_int_equal(lag, 0);
    free(beats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lag),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
