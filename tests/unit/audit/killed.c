#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "fixture.h"
#include "git.h"
#include "killed.h"

static int publish_batch(void *data)
{
    struct audit *audit = NULL;
    const struct batch *batch = data;
    int r = audit_open("audit.git", "r1", &audit, NULL);
    if (r == 0)
        r = audit_publish(audit, &batch->audit, NULL);
    audit_close(audit);
    return r;
}

/* Killed at any system call of a publication: the branch holds the batch or does not, and goes on. */
static void test_killed(void **state)
{
    (void)state;
    static const char lock[] = "audit.git/refs/heads/runs/r1.lock";
    bool killed = true;
    uint64_t seq = 3;
    fixture_journal("journal", 4000);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 3, 3);
    audit_close(audit);
    for (int nth = 1; killed; nth++) {
        struct batch batch;
        struct sha256 head;
        uint64_t last = 0;
        batch_make(&batch, seq + 1, seq + 2);
        killed = killed_at(nth, publish_batch, &batch);
        if (access(lock, F_OK) == 0)
            git_make_old(lock);
        audit = trail_open();
        assert_int_equal(audit_last(audit, &last, &head, NULL), 0);
        assert_string_equal(audit_remark(audit), "");
        assert_true(last == seq || last == seq + 2);
        assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
        audit_close(audit);
        batch_finish(&batch);
        seq += 2;
    }
    assert_true(seq > 100);
    audit = trail_open();
    trail_expect(audit, seq);
    audit_close(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, fixture_enter_memory, fixture_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
