/* Sessions with an engine that says only what it is told to: what no server can be brought to say in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "driver/session.h"
#include "support/loop.h"

/* ---- the engine ---- */

struct script {
    uv_loop_t loop;
    struct driver_target target;
    struct driver *driver;
    struct session_core *core;
    struct session *session;
    int connects, sends, cancels;
    bool open, released;
    char sent[100]; /* the last text */
};

static void connect_script(void *state)
{
    struct script *script = state;
    assert_false(script->open);
    script->connects++;
    script->open = true;
}

static void disconnect(void *state)
{
    ((struct script *)state)->open = false;
}

static const char *pin(enum session_access access)
{
    static const char *const pins[] = { "pin to read", "pin to write", "pin a snapshot" };
    return pins[access];
}

static void send_text(void *state, const char *sql)
{
    struct script *script = state;
    assert_true(script->open);
    script->sends++;
    snprintf(script->sent, sizeof(script->sent), "%s", sql);
}

static void cancel(void *state)
{
    ((struct script *)state)->cancels++;
}

static bool limit(const void *state, int64_t limit_ms, struct buf *text)
{
    (void)state;
    buf_format(text, "limit %d", (int)limit_ms);
    return true;
}

static int64_t pid(const void *state)
{
    (void)state;
    return 77;
}

static int server_version(const void *state)
{
    (void)state;
    return 10203;
}

static void release(void *state)
{
    struct script *script = state;
    assert_false(script->released);
    script->released = true;
}

static const struct session_engine engine = { connect_script, disconnect, pin, send_text, cancel, limit, pid,
                                              server_version, release };
static const struct session_engine other_engine;

static void open_as(struct script *script, enum session_access access)
{
    memset(script, 0, sizeof(*script));
    uv_loop_init(&script->loop);
    run_for(&script->loop, 0); /* a new loop does not say yet for how long it would wait */
    script->target = (struct driver_target){ .id = "primary" };
    script->driver = server_driver_create(NULL, &script->loop, &script->target);
    session_core_open((struct server_driver *)script->driver, access, &engine, script, &script->core);
    script->session = session_core_session(script->core);
    assert_int_equal(script->connects, 1);
}

static void close_script(struct script *script)
{
    server_driver_destroy(script->driver);
    run_out(&script->loop);
    assert_true(script->released);
    assert_false(script->open);
}

static void says(struct script *script, bool in_transaction)
{
    session_core_answered(script->core, &(struct session_said){ .in_transaction = in_transaction });
}

static void refuses(struct script *script, enum driver_status status, const char *message)
{
    struct failure failure = { 0 };
    failure_set(&failure, "12345", message);
    session_core_answered(script->core, &(struct session_said){ .status = status, .failure = &failure });
    failure_finish(&failure);
}

static void is_lost(struct script *script, enum driver_status connecting)
{
    struct failure failure = { 0 };
    failure_set(&failure, "", "gone");
    session_core_down(script->core, &failure, connecting);
    failure_finish(&failure);
}

/* Connected, and pinned. */
static void up(struct script *script)
{
    session_core_up(script->core);
    assert_memory_equal(script->sent, "pin ", 4);
    assert_false(session_connected(script->session));
    says(script, strcmp(script->sent, "pin a snapshot") == 0);
    assert_true(session_connected(script->session));
}

/* ---- questions ---- */

struct heard {
    int times;
    enum driver_status status;
    int64_t elapsed_us;
    char message[100], code[16];
    struct session *again; /* asked from inside the answer */
};

static void on_answer(void *data, const struct answer *answer)
{
    struct heard *heard = data;
    heard->times++;
    heard->status = answer->result->status;
    heard->elapsed_us = answer->result->elapsed_us;
    snprintf(heard->message, sizeof(heard->message), "%s", answer->result->message);
    snprintf(heard->code, sizeof(heard->code), "%s", answer->result->code);
    if (heard->again != NULL && heard->times < 100)
        assert_int_equal(session_ask(heard->again, "again", SECOND_US, on_answer, heard, NULL), 0);
}

static void ask(struct script *script, struct heard *heard, int64_t timeout_us)
{
    struct err err = ERR_INIT;
    memset(heard, 0, sizeof(*heard));
    assert_int_equal(session_ask(script->session, "question", timeout_us, on_answer, heard, &err), 0);
}

static bool has_heard(void *data)
{
    return ((struct heard *)data)->times > 0;
}

static void hear(struct script *script, struct heard *heard, enum driver_status status)
{
    assert_true(run_until(&script->loop, has_heard, heard, 20000));
    assert_int_equal(heard->times, 1);
    assert_string_equal(driver_status_word(heard->status), driver_status_word(status));
}

static bool has_connected_again(void *data)
{
    return ((struct script *)data)->connects == 2;
}

/* Nothing is asked of a connection that did not take what makes it one that only reads, say. */
static void test_a_refused_pin(void **state)
{
    struct script script;
    struct heard heard;
    (void)state;
    open_as(&script, SESSION_READS);
    ask(&script, &heard, 200 * MS_US);
    session_core_up(script.core);
    refuses(&script, DRIVER_REJECTED, "it cannot be made to read only");
    assert_false(session_connected(script.session));
    assert_int_equal(session_pid(script.session), 0);
    assert_string_equal(session_trouble(script.session), "it cannot be made to read only");
    assert_false(script.open);
    assert_int_equal(script.sends, 1);
    hear(&script, &heard, DRIVER_LOST);
    assert_string_equal(heard.message, "it cannot be made to read only");
    assert_string_equal(heard.code, "12345");
    assert_true(run_until(&script.loop, has_connected_again, &script, 20000));
    ask(&script, &heard, 20 * SECOND_US);
    up(&script);
    assert_string_equal(script.sent, "limit 20000");
    assert_string_equal(session_trouble(script.session), "");
    close_script(&script);
}

/* A question whose time ends before anything can be asked is told what the trouble was, where there was any.
 */
static void test_time_over_while_pinned(void **state)
{
    struct script script;
    struct heard heard;
    (void)state;
    open_as(&script, SESSION_READS);
    ask(&script, &heard, 10 * MS_US);
    session_core_up(script.core);
    hear(&script, &heard, DRIVER_TIMED_OUT);
    is_lost(&script, DRIVER_LOST);
    assert_true(run_until(&script.loop, has_connected_again, &script, 20000));
    session_core_up(script.core);
    ask(&script, &heard, 10 * MS_US);
    hear(&script, &heard, DRIVER_LOST);
    assert_string_equal(heard.message, "gone");
    assert_int_equal(heard.elapsed_us, 0);
    assert_int_equal(script.cancels, 0);
    close_script(&script);
}

/* Less and less often, unless something is asked of it; a server that does not let us in is not pressed. */
static void test_attempts(void **state)
{
    static const int waits_ms[] = { 250, 500, 1000, 2000, 4000, 5000, 5000 };
    struct script script;
    struct heard heard;
    (void)state;
    open_as(&script, SESSION_READS);
    for (size_t i = 0; i < ARRAY_LEN(waits_ms); i++) {
        is_lost(&script, DRIVER_LOST);
        assert_int_equal(uv_backend_timeout(&script.loop), waits_ms[i]);
    }
    ask(&script, &heard, 20 * SECOND_US);
    assert_int_equal(uv_backend_timeout(&script.loop), 250);
    is_lost(&script, DRIVER_AUTH);
    assert_int_equal(heard.status, DRIVER_AUTH);
    ask(&script, &heard, 20 * SECOND_US);
    assert_true(uv_backend_timeout(&script.loop) > 250);
    close_script(&script);
    assert_int_equal(script.connects, 1);

    open_as(&script, SESSION_READS);
    is_lost(&script, DRIVER_LOST);
    assert_true(run_until(&script.loop, has_connected_again, &script, 20000));
    up(&script);
    is_lost(&script, DRIVER_LOST); /* what was before it was there does not count any more */
    assert_int_equal(uv_backend_timeout(&script.loop), 250);
    close_script(&script);
}

/* Who asks again from inside the refusal waits for the next attempt. */
static void test_asked_again_when_refused(void **state)
{
    struct script script;
    struct heard heard;
    (void)state;
    open_as(&script, SESSION_READS);
    ask(&script, &heard, 20 * SECOND_US);
    heard.again = script.session;
    is_lost(&script, DRIVER_AUTH);
    assert_int_equal(heard.times, 1);
    assert_int_equal(heard.status, DRIVER_AUTH);
    heard.again = NULL;
    assert_true(run_until(&script.loop, has_connected_again, &script, 20000));
    is_lost(&script, DRIVER_AUTH);
    assert_int_equal(heard.times, 2);
    close_script(&script);
}

/* The server's own limit goes out where it is another one, and after a question that did not end by itself.
 */
static void test_limits(void **state)
{
    static const char *const sent[] = { "limit 5000", "question", "question", "limit 100", "question" };
    struct script script;
    struct heard heard[4];
    (void)state;
    open_as(&script, SESSION_READS);
    for (int i = 0; i < 3; i++)
        ask(&script, &heard[i], i < 2 ? 5 * SECOND_US : 100 * MS_US);
    up(&script);
    for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
        assert_string_equal(script.sent, sent[i]);
        if (i < ARRAY_LEN(sent) - 1)
            says(&script, false);
    }
    assert_int_equal(heard[1].status, DRIVER_OK);
    hear(&script, &heard[2], DRIVER_TIMED_OUT);
    assert_int_equal(script.cancels, 1);
    assert_true(heard[2].elapsed_us > 0);
    ask(&script, &heard[3], 100 * MS_US);
    refuses(&script, DRIVER_CANCELLED, "cancelled");
    assert_int_equal(heard[2].times, 1);
    assert_int_equal(heard[3].times, 0);
    assert_string_equal(script.sent, "limit 100");
    close_script(&script);
    assert_int_equal(heard[3].status, DRIVER_LOST);
}

/* One that ends behind one that does not answer was never sent. */
static void test_never_sent(void **state)
{
    struct script script;
    struct heard first, behind;
    (void)state;
    open_as(&script, SESSION_READS);
    ask(&script, &first, 20 * MS_US);
    ask(&script, &behind, 40 * MS_US);
    up(&script);
    says(&script, false);
    hear(&script, &first, DRIVER_TIMED_OUT);
    hear(&script, &behind, DRIVER_TIMED_OUT);
    assert_int_equal(behind.elapsed_us, 0);
    assert_int_equal(script.cancels, 1);
    close_script(&script);
}

/* A cancel that comes from elsewhere is told as the end of the time: the engine's word does not leave here.
 */
static void test_cancelled_from_outside(void **state)
{
    struct script script;
    struct heard heard;
    (void)state;
    open_as(&script, SESSION_READS);
    ask(&script, &heard, 20 * SECOND_US);
    up(&script);
    says(&script, false); /* to the limit */
    refuses(&script, DRIVER_CANCELLED, "somebody else stopped it");
    hear(&script, &heard, DRIVER_TIMED_OUT);
    assert_string_equal(heard.message, "somebody else stopped it");
    close_script(&script);
}

static void test_too_large(void **state)
{
    struct script script;
    struct heard heard;
    (void)state;
    open_as(&script, SESSION_READS);
    up(&script);
    session_core_too_large(script.core); /* of nobody's question */
    ask(&script, &heard, 20 * SECOND_US);
    assert_false(session_core_listens(script.core));
    says(&script, false);
    assert_true(session_core_listens(script.core));
    session_core_too_large(script.core);
    hear(&script, &heard, DRIVER_REJECTED);
    assert_int_equal(script.cancels, 1);
    assert_false(session_core_listens(script.core));
    says(&script, false); /* what still came of it */
    assert_int_equal(heard.times, 1);
    assert_true(session_connected(script.session));
    close_script(&script);
}

/* The one that is out may have been carried out; those behind it were not. */
static void test_a_lost_snapshot(void **state)
{
    struct script script;
    struct heard heard[3];
    (void)state;
    open_as(&script, SESSION_SNAPSHOT);
    for (size_t i = 0; i < ARRAY_LEN(heard); i++)
        ask(&script, &heard[i], 20 * SECOND_US);
    up(&script);
    says(&script, true);
    is_lost(&script, DRIVER_AUTH);
    assert_int_equal(heard[0].status, DRIVER_AMBIGUOUS);
    assert_int_equal(heard[1].status, DRIVER_LOST);
    assert_int_equal(heard[2].status, DRIVER_LOST);
    ask(&script, &heard[0], 400 * MS_US); /* longer than it would take to connect again */
    hear(&script, &heard[0], DRIVER_LOST);
    assert_int_equal(script.connects, 1);
    close_script(&script);
}

/* It would hold locks, and what comes next would be part of it. */
static void test_a_transaction_left_open(void **state)
{
    struct script script;
    struct heard heard[2];
    (void)state;
    open_as(&script, SESSION_WRITES);
    for (size_t i = 0; i < ARRAY_LEN(heard); i++)
        ask(&script, &heard[i], 20 * SECOND_US);
    up(&script);
    says(&script, false);
    says(&script, true);
    assert_int_equal(heard[0].status, DRIVER_OK);
    assert_int_equal(heard[1].times, 0);
    assert_false(script.open);
    assert_string_equal(script.sent, "question");
    assert_true(run_until(&script.loop, has_connected_again, &script, 20000));
    up(&script);
    says(&script, false);
    says(&script, false);
    assert_int_equal(heard[1].status, DRIVER_OK);
    close_script(&script);
}

static void test_whose_session(void **state)
{
    struct script script;
    struct session somebody_elses = { 0 };
    (void)state;
    open_as(&script, SESSION_READS);
    assert_null(session_core_state(script.session, &engine));
    up(&script);
    assert_ptr_equal(session_core_state(script.session, &engine), &script);
    assert_null(session_core_state(script.session, &other_engine));
    assert_null(session_core_state(&somebody_elses, &engine));
    assert_int_equal(session_pid(script.session), 77);
    assert_int_equal(session_server_version(script.session), 10203);
    close_script(&script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_refused_pin),
        cmocka_unit_test(test_time_over_while_pinned),
        cmocka_unit_test(test_attempts),
        cmocka_unit_test(test_asked_again_when_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_never_sent),
        cmocka_unit_test(test_cancelled_from_outside),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_a_lost_snapshot),
        cmocka_unit_test(test_a_transaction_left_open),
        cmocka_unit_test(test_whose_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
