/* How long a commit takes, early and late in a trail, and how long all of it takes to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "git.h"

#define RECORDS 50000
#define SAMPLES 100
#define EACH    4 /* records a commit */

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Publishes SAMPLES small batches after record `seq`. */
static void measure_commits(struct audit *audit, uint64_t seq)
{
    int64_t took_us[SAMPLES];
    for (size_t i = 0; i < SAMPLES; i++) {
        struct batch batch;
        batch_make(&batch, seq + i * EACH + 1, seq + (i + 1) * EACH);
        int64_t start_us = clock_now().boot_us;
        assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
        took_us[i] = clock_now().boot_us - start_us;
        batch_finish(&batch);
    }
    qsort(took_us, SAMPLES, sizeof(took_us[0]), compare);
    printf("commit of %d after record %6ju: p50 %jd us, p95 %jd us\n", EACH, (uintmax_t)seq,
           (intmax_t)took_us[SAMPLES / 2], (intmax_t)took_us[SAMPLES * 95 / 100]);
}

static void publish_rest(struct audit *audit, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq += AUDIT_SEGMENT)
        trail_publish(audit, seq, seq + AUDIT_SEGMENT - 1 < last ? seq + AUDIT_SEGMENT - 1 : last,
                      AUDIT_SEGMENT);
}

static void test_measure(void **state)
{
    (void)state;
    fixture_journal("journal", RECORDS);
    struct audit *audit = trail_open();
    publish_rest(audit, 1, 1000);
    measure_commits(audit, 1000);
    publish_rest(audit, 1000 + SAMPLES * EACH + 1, RECORDS - SAMPLES * EACH);
    measure_commits(audit, RECORDS - SAMPLES * EACH);
    int64_t start_us = clock_now().boot_us;
    uint64_t last;
    struct sha256 head;
    assert_int_equal(audit_last(audit, &last, &head, NULL), 0);
    assert_int_equal(last, RECORDS);
    int64_t last_us = clock_now().boot_us - start_us;
    audit_close(audit);
    start_us = clock_now().boot_us;
    assert_int_equal(audit_read("audit.git", "r1", NULL, NULL, NULL), 0);
    printf("last record found in %jd us; read %d records: %jd ms\n", (intmax_t)last_us, RECORDS,
           (intmax_t)((clock_now().boot_us - start_us) / MS_US));
    struct buf size = git_line("-C audit.git count-objects -vH");
    printf("%s", buf_str(&size));
    buf_finish(&size);
    git_quiet("-C audit.git gc --quiet --prune=now");
    size = git_line("-C audit.git count-objects -vH");
    printf("after gc:\n%s", buf_str(&size));
    buf_finish(&size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_measure, fixture_enter, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
