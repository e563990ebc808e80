#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "driver/postgresql_failure.h"

/* The one question that matters: can something remain? */
static void test_verdicts(void **state)
{
    static const struct {
        const char *what;
        struct pg_facts facts;
        enum driver_status want;
        bool clean;
    } cases[] = {
        { "it went well",
          { .transaction = true, .sent = true, .answered = true, .done = 2, .code = "" },
          DRIVER_OK,
          false },
        { "an error in a transaction",
          { .transaction = true, .sent = true, .answered = true, .done = 1, .failed = true, .code = "23505" },
          DRIVER_REJECTED,
          true },
        { "lock timeout in a transaction",
          { .transaction = true, .sent = true, .done = 1, .failed = true, .answered = true, .code = "55P03" },
          DRIVER_RETRYABLE,
          true },
        { "lost in a transaction",
          { .transaction = true, .sent = true, .lost = true, .code = "" },
          DRIVER_LOST,
          true },
        { "ended by an administrator in a transaction",
          { .transaction = true, .sent = true, .failed = true, .lost = true, .code = "57P01" },
          DRIVER_LOST,
          true },
        { "lost while COMMIT was out",
          { .transaction = true, .sent = true, .commit_out = true, .lost = true, .code = "" },
          DRIVER_AMBIGUOUS,
          false },
        { "COMMIT said error",
          { .transaction = true,
            .sent = true,
            .answered = true,
            .commit_out = true,
            .failed = true,
            .code = "23503" },
          DRIVER_REJECTED,
          true },
        { "the text committed",
          { .transaction = true,
            .sent = true,
            .answered = true,
            .broke_out = true,
            .failed = true,
            .code = "40001" },
          DRIVER_REJECTED,
          false },
        { "the text committed, then lost",
          { .transaction = true, .sent = true, .broke_out = true, .lost = true, .code = "" },
          DRIVER_AMBIGUOUS,
          false },
        { "one statement alone failed",
          { .sent = true, .answered = true, .failed = true, .code = "40P01" },
          DRIVER_RETRYABLE,
          true },
        { "the second alone failed",
          { .sent = true, .answered = true, .done = 1, .failed = true, .code = "40P01" },
          DRIVER_REJECTED,
          false },
        { "one that works in parts failed",
          { .sent = true, .answered = true, .parts = true, .failed = true, .code = "55P03" },
          DRIVER_REJECTED,
          false },
        { "lost with a statement out", { .sent = true, .lost = true, .code = "" }, DRIVER_AMBIGUOUS, false },
        { "lost before anything was sent",
          { .lost = true, .answered = true, .code = "" },
          DRIVER_LOST,
          true },
        { "cancelled by us",
          { .transaction = true,
            .sent = true,
            .answered = true,
            .failed = true,
            .cancel_asked = true,
            .code = "57014" },
          DRIVER_CANCELLED,
          true },
        { "cancelled by somebody else",
          { .transaction = true, .sent = true, .answered = true, .failed = true, .code = "57014" },
          DRIVER_REJECTED,
          true },
        { "statement timeout",
          { .transaction = true,
            .sent = true,
            .answered = true,
            .failed = true,
            .time_over = true,
            .code = "57014" },
          DRIVER_TIMED_OUT,
          true },
        { "the cancel came too late",
          { .transaction = true,
            .sent = true,
            .answered = true,
            .done = 1,
            .cancel_asked = true,
            .code = "" },
          DRIVER_OK,
          false },
        { "another error won the race with the cancel",
          { .transaction = true,
            .sent = true,
            .answered = true,
            .failed = true,
            .cancel_asked = true,
            .code = "23505" },
          DRIVER_REJECTED,
          true },
        { "stopped between two statements",
          { .sent = true,
            .answered = true,
            .done = 1,
            .failed = true,
            .cancel_asked = true,
            .stopped = true,
            .code = "" },
          DRIVER_CANCELLED,
          false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool clean;
        enum driver_status is = pg_verdict(&cases[i].facts, &clean);
        if (is != cases[i].want || clean != cases[i].clean)
            fail_msg("%s: %s%s", cases[i].what, driver_status_word(is), clean ? ", clean" : "");
    }
}

static void test_connection_text(void **state)
{
    static const struct {
        const char *text, *code, *message;
        enum driver_status want;
    } cases[] = {
        { "connection to server at \"h\", port 1 failed: Connection refused\n\tIs the server running?\n", "",
          "connection to server at \"h\", port 1 failed: Connection refused; Is the server running?",
          DRIVER_LOST },
        { "connection to server at \"h\" failed: FATAL:  28P01: password authentication failed for user "
          "\"u\"\n"
          "LOCATION:  auth_failed, auth.c:338\n",
          "28P01",
          "connection to server at \"h\" failed: FATAL:  28P01: password authentication failed for user "
          "\"u\"",
          DRIVER_AUTH },
        { "FATAL:  57P03: the database system is starting up\n", "57P03",
          "FATAL:  57P03: the database system is starting up", DRIVER_RETRYABLE },
        { "FATAL:  3D000: database \"x\" does not exist", "3D000",
          "FATAL:  3D000: database \"x\" does not exist", DRIVER_REJECTED },
        { "FATAL:  not a code: something", "", "FATAL:  not a code: something", DRIVER_LOST },
        { "", "", "", DRIVER_LOST },
    };
    (void)state;
    struct failure failure = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        pg_failure_from_connection(&failure, cases[i].text);
        assert_string_equal(failure.message, cases[i].message);
        assert_string_equal(failure.code, cases[i].code);
        assert_int_equal(pg_connect_status(&failure), cases[i].want);
    }
    failure_finish(&failure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_connection_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
