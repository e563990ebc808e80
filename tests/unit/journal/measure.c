/* How long a record takes to become durable, early and late in a journal, and how long all of it takes to
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fixture.h"

#define RECORDS 50000
#define SAMPLES 200

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Appends SAMPLES records one by one after record `seq`. */
static void measure_appends(struct journal *journal, uint64_t seq)
{
    int64_t took_us[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) {
        int64_t start_us = clock_now().boot_us;
        fixture_append(journal, seq + i + 1, seq + i + 1);
        took_us[i] = clock_now().boot_us - start_us;
    }
    qsort(took_us, SAMPLES, sizeof(took_us[0]), compare);
    printf("append after record %6ju: p50 %jd us, p95 %jd us\n", (uintmax_t)seq,
           (intmax_t)took_us[SAMPLES / 2], (intmax_t)took_us[SAMPLES * 95 / 100]);
}

static int64_t cpu_now_us(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

static void test_measure(void **state)
{
    (void)state;
    struct journal *journal;
    size_t torn;
    assert_int_equal(journal_create("journal", &journal, NULL), 0);
    fixture_append(journal, 1, 100);
    measure_appends(journal, 100);
    for (uint64_t first = 101 + SAMPLES; first < RECORDS - SAMPLES; first += 100)
        fixture_append(journal, first, first + 99 < RECORDS - SAMPLES ? first + 99 : RECORDS - SAMPLES);
    measure_appends(journal, RECORDS - SAMPLES);
    assert_int_equal(journal_seq(journal), RECORDS);
    journal_close(journal);
    int64_t start_us = clock_now().boot_us;
    int64_t cpu_us = cpu_now_us();
    assert_int_equal(journal_read("journal", NULL, NULL, &torn, NULL), 0);
    int64_t took_us = clock_now().boot_us - start_us;
    cpu_us = cpu_now_us() - cpu_us;
    struct buf text = fixture_bytes("journal");
    printf("read %d records, %zu bytes: %jd ms, of them %jd ms of work\n", RECORDS, text.len,
           (intmax_t)(took_us / MS_US), (intmax_t)(cpu_us / MS_US));
    buf_finish(&text);
    assert_true(cpu_us < SECOND_US); /* whatever else the machine does meanwhile */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_measure, fixture_enter, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
