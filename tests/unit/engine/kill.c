/* Killing a session: which one is meant, when it is refused, and what is recorded of it. */
#include "scene.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const book =
    "{'tminus':1,'id':'b','title':'B','targets':{'a':{'engine':'postgresql'},'b':{'engine':'postgresql'}},"
    "'roles':{'operator':{}},"
    "'monitors':[{'id':'locks','kind':'locks','target':'a'},{'id':'old','kind':'transactions','target':'a'},"
    "{'id':'locks-b','kind':'locks','target':'b'},{'id':'lag','kind':'lag','target':'a'}],"
    "'phases':[{'id':'p','kind':'expand','title':'P','steps':[{'id':'add','kind':'sql','target':'a',"
    "'sql':'SELECT 1','rollback':[{'kind':'sql','sql':'SELECT 2'}]}]}]}";

#define SINCE   "since 2026-11-21 22:00:00.000001 UTC"
#define ANOTHER "since 2026-11-21 22:30:00.000001 UTC"

static const struct sample_row root = {
    0, false, { "4711", "psql, app@local", "idle in tx", "03:12", "", "", "", "", "", "UPDATE t", SINCE }
};
static const struct sample_row waiter = {
    1, true, { "4720", "tminus:r:step, op@local", "active", "", "00:04", "", "", "", "", "ALTER", SINCE }
};
static const struct sample_row neighbour = { /* it is not known to be ours, but its name says so */
                                             0,
                                             false,
                                             { "4730", "tminus:other:step, op@local", "active", "", "", "",
                                               "", "", "", "ALTER", SINCE }
};
static const struct sample_row prepared = { 0, false, { "0", "prepared 'x', app", "prepared" } };
static const struct sample_row hidden = { 0, false, { "4740", "@local", "active" } };
static const struct sample_row same_number = {
    0, false, { "4711", "psql, app@local", "active", "", "", "", "", "", "", "SELECT 1", ANOTHER }
};
static const struct sample_row old = {
    0, false, { "4711", "psql, app@local", "idle in tx", "03:14", "", "", "UPDATE t", SINCE }
};

static void put(struct scene *s, const char *monitor, bool known, size_t count, const struct sample_row *rows)
{
    const struct sample sample = { .monitor = monitor,
                                   .at = s->now,
                                   .known = known,
                                   .why = known ? "" : "connection lost",
                                   .row_count = count,
                                   .rows = rows };
    const struct input input = { .type = INPUT_SAMPLE, .now = s->now, .sample = &sample };
    assert_int_equal(scene_put(s, &input), 0);
}

static void put_all(struct scene *s)
{
    const struct sample_row rows[] = { root, waiter, neighbour, prepared, hidden };
    put(s, "locks", true, ARRAY_LEN(rows), rows);
}

/* What became of the kill that the last record asked for. */
static void ended(struct scene *s, enum choice choice, const char *text)
{
    const struct input input = {
        .type = INPUT_KILLED, .now = s->now, .seq = s->run->last_seq, .choice = choice, .text = text
    };
    assert_int_equal(scene_put(s, &input), 0);
}

static struct scene *scene_seen(void)
{
    struct scene *s = scene_open(book);
    put_all(s);
    (void)scene_trail(s);
    return s;
}

static void stage_seen(struct scene *s)
{
    (void)s;
}

static void stage_stale(struct scene *s)
{
    scene_wait(s, 4 * SECOND_US);
}

static void stage_blind(struct scene *s)
{
    put(s, "locks", false, 0, NULL);
}

static void stage_gone(struct scene *s)
{
    put(s, "locks", true, 0, NULL);
}

static void stage_number_reused(struct scene *s)
{
    put(s, "locks", true, 1, &same_number);
}

static void stage_two_servers(struct scene *s)
{
    put(s, "locks-b", true, 1, &same_number);
}

static void stage_under_way(struct scene *s)
{
    scene_ok(s, "mia", "kill 4711 --reason x");
}

static void stage_cancelled(struct scene *s)
{
    stage_under_way(s);
    ended(s, CHOICE_DONE, NULL);
}

static void stage_cancel_failed(struct scene *s)
{
    stage_under_way(s);
    ended(s, CHOICE_FAILED, "42501");
    scene_wait(s, SECOND_US);
    put_all(s);
}

static void stage_other_cancelled(struct scene *s)
{
    stage_cancelled(s);
    scene_wait(s, SECOND_US);
    stage_number_reused(s);
}

static void stage_scrubbed(struct scene *s)
{
    scene_ok(s, "mia", "scrub --reason x");
}

static const struct {
    void (*stage)(struct scene *s);
    const char *actor, *words;
    enum rule rule;
    const char *part;
} refusals[] = {
    { stage_seen, "mia", "kill 4711", RULE_REASON, "4711" },
    { stage_seen, "mia", "kill 4711 --reason ' '", RULE_REASON, "4711" },
    { stage_seen, "jo", "kill 4711 --reason x", RULE_WATCHER, "mia" },
    { stage_seen, "mia", "kill psql --reason x", RULE_NAME, "MONITOR:PID" },
    { stage_seen, "mia", "kill 047 --reason x", RULE_NAME, "MONITOR:PID" },
    { stage_seen, "mia", "kill locks: --reason x", RULE_NAME, "MONITOR:PID" },
    { stage_seen, "mia", "kill lag:4711 --reason x", RULE_NAME, "\"lag\"" },
    { stage_seen, "mia", "kill none:4711 --reason x", RULE_NAME, "\"none\"" },
    { stage_seen, "mia", "kill 12 --reason x", RULE_SESSION, "session 12" },
    { stage_seen, "mia", "kill 4720 --reason x", RULE_OWN_SESSION, "tminus:r:step" },
    { stage_seen, "mia", "kill 4730 --reason x", RULE_OWN_SESSION, "tminus:other:step" },
    { stage_seen, "mia", "kill 0 --reason x", RULE_SESSION, "ROLLBACK PREPARED" },
    { stage_seen, "mia", "kill 4740 --reason x", RULE_SESSION, "nothing tells session 4740" },
    { stage_seen, "mia", "kill 4711 --session '" ANOTHER "' --reason x", RULE_SESSION, "another one now" },
    { stage_seen, "mia", "kill 4711 terminate --reason x", RULE_CANCEL_FIRST, "was not cancelled" },
    { stage_stale, "mia", "kill 4711 --reason x", RULE_SESSION, "does not see anything now" },
    { stage_blind, "mia", "kill 4711 --reason x", RULE_SESSION, "does not see anything now" },
    { stage_gone, "mia", "kill locks:4711 --reason x", RULE_SESSION, "is gone" },
    { stage_number_reused, "mia", "kill 4711 --session '" SINCE "' --reason x", RULE_SESSION,
      "another one now" },
    { stage_two_servers, "mia", "kill 4711 --reason x", RULE_NAME, "locks-b:4711" },
    { stage_under_way, "mia", "kill 4711 --reason x", RULE_STATE, "already" },
    { stage_under_way, "mia", "scrub --reason x", RULE_STATE, "being killed" },
    { stage_cancelled, "mia", "kill 4711 terminate --reason x", RULE_CANCEL_FIRST, "nobody has looked yet" },
    { stage_cancel_failed, "mia", "kill 4711 terminate --reason x", RULE_CANCEL_FIRST, "was not cancelled" },
    { stage_other_cancelled, "mia", "kill 4711 terminate --reason x", RULE_CANCEL_FIRST,
      "was not cancelled" },
    { stage_scrubbed, "mia", "kill 4711 --reason x", RULE_CLOSED, "scrubbed" },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct scene *s = scene_seen();
        refusals[i].stage(s);
        (void)scene_trail(s);
        scene_no(s, refusals[i].actor, refusals[i].words, refusals[i].rule, refusals[i].part);
        assert_trail(s, "");
        scene_close(s);
    }
    struct scene *s = scene_seen();
    assert_int_equal(scene_watch(s, "mia", "kill 4711 --reason x"), RULE_WATCHER);
    scene_close(s);
}

/* What was decided lives no longer than the decision. */
static void keep_event(struct scene *s, const struct event *event)
{
    s->data = event_copy(s->arena, event);
}

static const struct event *last_event(const struct scene *s)
{
    return s->data;
}

/* Cancel, look, terminate; also while the run is held. */
static void test_cancel_then_terminate(void **state)
{
    struct scene *s = scene_seen();
    (void)state;
    s->watcher = keep_event;
    scene_ok(s, "jo", "hold wait");
    scene_ok(s, "mia", "kill 4711 --session '" SINCE "' --reason 'gone home'");
    assert_string_equal(last_event(s)->subject, "locks");
    assert_string_equal(last_event(s)->value, "4711");
    assert_string_equal(last_event(s)->code, SINCE);
    assert_string_equal(last_event(s)->text, "gone home");
    assert_string_equal(last_event(s)->detail,
                        "psql, app@local, idle in tx for 03:12, 1 waits behind it: UPDATE t");
    assert_int_equal(s->run->kills_under_way, 1);
    ended(s, CHOICE_DONE, NULL);
    assert_string_equal(last_event(s)->text, "the server was told to cancel what it does");
    assert_int_equal(s->run->kills_under_way, 0);
    scene_wait(s, SECOND_US);
    put(s, "old", true, 1, &old); /* of the same server: it is the same session */
    scene_ok(s, "mia", "kill old:4711 terminate --reason 'gone home'");
    ended(s, CHOICE_DONE, NULL);
    assert_int_equal(s->run->kill_count, 1);
    scene_ok(s, "mia", "kill old:4711 cancel --reason 'and once more'");
    ended(s, CHOICE_GONE, NULL);
    assert_trail(s, "run.held\nkill.started locks cancel\nkill.ended locks done\nkill.started old terminate\n"
                    "kill.ended old done\nkill.started old cancel\nkill.ended old gone\n");
    scene_folds(s);
    scene_close(s);
}

/* Of two monitors of one server the one that looked last is believed. */
static void test_newest_sample(void **state)
{
    struct scene *s = scene_seen();
    (void)state;
    s->watcher = keep_event;
    put(s, "old", true, 1, &old);
    scene_wait(s, SECOND_US);
    put(s, "locks", true, 1, &same_number);
    scene_ok(s, "mia", "kill 4711 --reason x");
    assert_string_equal(last_event(s)->code, ANOTHER);
    scene_close(s);
}

/* A runner that was about it is gone: it is said, and not done again. */
static void test_resume(void **state)
{
    struct scene *s = scene_seen();
    (void)state;
    stage_under_way(s);
    (void)scene_trail(s);
    scene_resume(s, "another boot");
    assert_trail(s, "run.resumed\nkill.ended locks unknown\n");
    assert_int_equal(s->run->kills_under_way, 0);
    assert_false(s->run->held);
    put_all(s);
    scene_no(s, "mia", "kill 4711 terminate --reason x", RULE_CANCEL_FIRST, "was not cancelled");
    scene_ok(s, "mia", "kill 4711 --reason x");
    scene_folds(s);
    scene_close(s);
}

/* So many can be under way that all fit into the decision of a runner that takes the run up. */
static void test_many(void **state)
{
    struct sample_row rows[9];
    char pids[9][24], words[64];
    struct scene *s = scene_seen();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)snprintf(pids[i], sizeof(pids[i]), "%zu", 100 + i);
        rows[i] = root;
        rows[i].cells[LOCK_PID] = pids[i];
    }
    put(s, "locks", true, ARRAY_LEN(rows), rows);
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(words, sizeof(words), "kill %zu --reason x", 100 + i);
        scene_ok(s, "mia", words);
    }
    scene_no(s, "mia", "kill 108 --reason x", RULE_STATE, "8 sessions");
    (void)scene_trail(s);
    scene_resume(s, "another boot");
    assert_int_equal(s->run->kills_under_way, 0);
    scene_folds(s);
    scene_close(s);
}

/* What cannot have happened is not folded. */
static void test_not_folded(void **state)
{
    static const struct {
        struct event event;
        const char *part;
    } cases[] = {
#define STARTED .type = EVENT_KILL_STARTED, .actor = "mia"
        { { STARTED, .subject = "lag", .value = "4711", .code = SINCE, .choice = CHOICE_CANCEL, .text = "x" },
          "sees no sessions" },
        { { STARTED, .subject = "locks", .value = "x", .code = SINCE, .choice = CHOICE_CANCEL, .text = "x" },
          "which session" },
        { { STARTED, .subject = "locks", .value = "4711", .choice = CHOICE_CANCEL, .text = "x" },
          "which session" },
        { { STARTED, .subject = "locks", .value = "4711", .code = SINCE, .choice = CHOICE_GO, .text = "x" },
          "what is done" },
        { { STARTED, .subject = "locks", .value = "4711", .code = SINCE, .choice = CHOICE_CANCEL }, "why" },
        { { STARTED, .subject = "locks", .value = "4711", .code = SINCE, .choice = CHOICE_TERMINATE,
            .text = "x" },
          "was not cancelled" },
        { { .type = EVENT_KILL_ENDED,
            .actor = "tminus",
            .subject = "locks",
            .value = "4711",
            .code = SINCE,
            .choice = CHOICE_DONE },
          "is not being killed" },
        { { .type = EVENT_KILL_ENDED,
            .actor = "tminus",
            .subject = "locks",
            .value = "4711",
            .code = SINCE,
            .choice = CHOICE_YES },
          "what became of" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *s = scene_seen();
        struct event event = cases[i].event;
        struct err err = ERR_INIT;
        event.seq = s->run->last_seq + 1;
        assert_int_equal(run_apply(s->run, &event, &err), ERR_CORRUPT);
        if (strstr(err.message, cases[i].part) == NULL)
            fail_msg("%zu: \"%s\" has no \"%s\"", i, err.message, cases[i].part);
        scene_close(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_cancel_then_terminate),
        cmocka_unit_test(test_newest_sample), cmocka_unit_test(test_resume),
        cmocka_unit_test(test_many),          cmocka_unit_test(test_not_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
