/* Folding: what cannot have happened is refused and changes nothing; how much memory and time it takes. */
#include "scene.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void stage_nothing(struct scene *s)
{
    (void)s;
}

static void stage_running(struct scene *s)
{
    stage_go(s);
    scene_ok(s, "mia", "start add");
}

static void stage_unknown(struct scene *s)
{
    stage_running(s);
    scene_end(s, "add", OUTCOME_AMBIGUOUS);
}

static void stage_held(struct scene *s)
{
    stage_go(s);
    scene_ok(s, "jo", "hold");
}

static void stage_rolling(struct scene *s)
{
    stage_deployed(s);
    scene_ok(s, "mia", "rollback");
}

static void stage_one_vote(struct scene *s)
{
    stage_ticked(s);
    scene_ok(s, "mia", "vote go-expand go");
}

static void stage_closed(struct scene *s)
{
    scene_ok(s, "mia", "scrub --reason x");
}

static const struct {
    void (*stage)(struct scene *s);
    struct event event; /* its seq is how far it is from the one that is due; its actor is "x" */
    const char *part;
} cases[] = {
    { stage_nothing, { .type = EVENT_RUN_HELD, .seq = 1 }, "does not follow" },
    { stage_nothing, { .type = EVENT_TYPE_COUNT }, "not known" },
    { stage_nothing, { .type = EVENT_RUN_OPENED, .run = "x" }, "open already" },
    { stage_nothing, { .type = EVENT_RUN_RELEASED }, "not held" },
    { stage_nothing, { .type = EVENT_RUN_NOTE }, "says nothing" },
    { stage_nothing, { .type = EVENT_RUN_CLOSED, .choice = CHOICE_FINISHED }, "not everything is complete" },
    { stage_nothing,
      { .type = EVENT_RUN_CLOSED, .choice = CHOICE_ABORTED },
      "not everything was rolled back" },
    { stage_nothing, { .type = EVENT_RUN_CLOSED, .choice = CHOICE_GO }, "\"go\"" },
    { stage_nothing, { .type = EVENT_RUN_HELD, .choice = CHOICE_COUNT }, "not whole" },
    { stage_nothing, { .type = EVENT_PERSON_JOINED }, "as what" },
    { stage_nothing, { .type = EVENT_PERSON_LEFT, .role = "watcher" }, "was not there" },
    { stage_nothing, { .type = EVENT_STEP_STARTED, .attempt = 1 }, "names nothing" },
    { stage_nothing, { .type = EVENT_STEP_STARTED, .subject = "nothing", .attempt = 1 }, "no \"nothing\"" },
    { stage_nothing, { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 1 }, "not reached" },
    { stage_nothing, { .type = EVENT_STEP_STARTED, .subject = "told", .attempt = 1 }, "not started" },
    { stage_nothing, { .type = EVENT_CHECK_TICKED, .subject = "add" }, "not a check" },
    { stage_nothing, { .type = EVENT_CHECK_UNTICKED, .subject = "told" }, "not a ticked check" },
    { stage_nothing,
      { .type = EVENT_GATE_VOTED, .subject = "go-expand", .role = "nobody", .choice = CHOICE_GO },
      "no vote" },
    { stage_nothing,
      { .type = EVENT_GATE_VOTED, .subject = "go-expand", .role = "reviewer", .choice = CHOICE_YES },
      "no vote" },
    { stage_nothing,
      { .type = EVENT_GATE_DECIDED, .subject = "go-expand", .choice = CHOICE_GO },
      "cannot be go" },
    { stage_nothing,
      { .type = EVENT_GATE_DECIDED, .subject = "go-expand", .choice = CHOICE_NO_GO },
      "nobody said no-go" },
    { stage_nothing,
      { .type = EVENT_GATE_DECIDED, .subject = "nothing", .choice = CHOICE_GO },
      "no \"nothing\"" },
    { stage_nothing, { .type = EVENT_GATE_LAPSED, .subject = "go-expand" }, "nobody said go" },
    { stage_nothing, { .type = EVENT_ITEM_OVERRIDDEN, .subject = "told", .text = "x" }, "no override" },
    { stage_nothing,
      { .type = EVENT_ITEM_OVERRIDDEN, .subject = "nothing", .gate = "go-expand", .text = "x" },
      "no \"nothing\"" },
    { stage_nothing, { .type = EVENT_TRIGGER_CLEARED, .subject = "jam" }, "is armed" },
    { stage_nothing, { .type = EVENT_TRIGGER_FIRED, .subject = "nothing" }, "no \"nothing\"" },
    { stage_nothing, { .type = EVENT_MONITOR_STARTED, .subject = "nothing" }, "no \"nothing\"" },
    { stage_nothing, { .type = EVENT_ROLLBACK_ENDED, .choice = CHOICE_DONE }, "not at its end" },
    { stage_nothing, { .type = EVENT_CLEAN_STARTED, .subject = "add" }, "left nothing behind" },
    { stage_nothing,
      { .type = EVENT_CLEAN_ENDED, .subject = "add", .choice = CHOICE_DONE },
      "being removed" },
    { stage_one_vote,
      { .type = EVENT_GATE_DECIDED, .subject = "go-expand", .choice = CHOICE_GO },
      "cannot be go" },
    { stage_ticked, { .type = EVENT_CHECK_TICKED, .subject = "told" }, "ticked already" },
    { stage_ticked, { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 1 }, "not reached" },
    { stage_go, { .type = EVENT_STEP_STARTED, .subject = "index", .attempt = 1 }, "\"add\" is not complete" },
    { stage_go, { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 2 }, "pending after attempt 0" },
    { stage_go, { .type = EVENT_STEP_STARTED, .subject = "add", .entry = 1, .attempt = 1 }, "no rollback" },
    { stage_go,
      { .type = EVENT_STEP_STARTED, .subject = "add", .entry = 3, .attempt = 1 },
      "no rollback entry 3" },
    { stage_go,
      { .type = EVENT_STEP_STARTED, .subject = "add", .entry = -1, .attempt = 1 },
      "no rollback entry -1" },
    { stage_go, { .type = EVENT_STEP_ENDED, .subject = "add", .choice = CHOICE_DONE }, "is pending" },
    { stage_go, { .type = EVENT_STEP_CANCELLING, .subject = "add" }, "is pending" },
    { stage_go, { .type = EVENT_STEP_WAITING, .subject = "add" }, "is pending" },
    { stage_go, { .type = EVENT_STEP_RULED, .subject = "add", .choice = CHOICE_DONE }, "is pending" },
    { stage_go, { .type = EVENT_PROBE_STARTED, .subject = "add" }, "not to be probed" },
    { stage_go, { .type = EVENT_PROBE_ENDED, .subject = "add", .choice = CHOICE_YES }, "not being probed" },
    { stage_go, { .type = EVENT_ROLLBACK_STARTED, .subject = "add" }, "no effect" },
    { stage_held, { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 1 }, "held" },
    { stage_held,
      { .type = EVENT_GATE_VOTED, .subject = "go-contract", .role = "operator", .choice = CHOICE_GO },
      "held" },
    { stage_running,
      { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 2 },
      "running after attempt 1" },
    { stage_running,
      { .type = EVENT_STEP_ENDED, .subject = "add", .attempt = 2, .choice = CHOICE_DONE },
      "attempt 2" },
    { stage_running,
      { .type = EVENT_STEP_ENDED, .subject = "add", .attempt = 1, .choice = CHOICE_YES },
      "\"yes\"" },
    { stage_running,
      { .type = EVENT_STEP_RETRYING, .subject = "add", .attempt = 1, .wait_us = -1 },
      "did not just end" },
    { stage_running, { .type = EVENT_STEP_RETRYING, .subject = "add", .attempt = 9 }, "did not just end" },
    { stage_running, { .type = EVENT_RUN_CLOSED, .choice = CHOICE_SCRUBBED }, "under way" },
    { stage_running,
      { .type = EVENT_ITEM_OVERRIDDEN, .subject = "add", .gate = "go-contract", .text = "x" },
      "is running" },
    { stage_unknown, { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 2 }, "unknown" },
    { stage_unknown, { .type = EVENT_STEP_RULED, .subject = "add", .choice = CHOICE_GO }, "\"go\"" },
    { stage_unknown, { .type = EVENT_ROLLBACK_STARTED }, "unknown" },
    { stage_unknown, { .type = EVENT_RUN_CLOSED, .choice = CHOICE_SCRUBBED }, "under way" },
    { stage_deployed, { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 2 }, "is done" },
    { stage_rolling, { .type = EVENT_ROLLBACK_STARTED }, "under way" },
    { stage_rolling, { .type = EVENT_ROLLBACK_ENDED, .choice = CHOICE_DONE }, "not at its end" },
    { stage_rolling,
      { .type = EVENT_STEP_STARTED, .subject = "flag", .attempt = 1 },
      "rollback is under way" },
    { stage_rolling,
      { .type = EVENT_STEP_STARTED, .subject = "add", .entry = 2, .attempt = 1 },
      "undone next" },
    { stage_closed, { .type = EVENT_RUN_HELD }, "the run is over" },
    { stage_closed, { .type = EVENT_RUN_RESUMED }, "the run is over" },
    { stage_closed, { .type = EVENT_CLOCK_JUMPED }, "the run is over" },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct scene *s = scene_open(small_book);
        struct event event = cases[i].event;
        struct buf before, after;
        struct err err = ERR_INIT;
        cases[i].stage(s);
        event.seq += s->run->last_seq + 1;
        event.actor = "x";
        event.at = s->now;
        buf_init(&before, JSON_MAX_BYTES);
        buf_init(&after, JSON_MAX_BYTES);
        run_dump(&before, s->run);
        if (run_apply(s->run, &event, &err) != ERR_CORRUPT || strstr(err.message, cases[i].part) == NULL)
            fail_msg("case %zu, %s: \"%s\" has no \"%s\"", i, event_word(event.type), err.message,
                     cases[i].part);
        run_dump(&after, s->run);
        assert_string_equal(buf_str(&before), buf_str(&after));
        buf_finish(&before);
        buf_finish(&after);
        scene_close(s);
    }
}

static void test_refused_passing(void **state)
{
    const struct sample strange = { .monitor = "nothing", .known = false };
    const struct sample sample = { .monitor = "lag", .known = false };
    const struct event events[] = {
        { .type = EVENT_SAMPLE, .actor = "x" },
        { .type = EVENT_SAMPLE, .actor = "x", .sample = &strange },
        { .type = EVENT_SAMPLE, .actor = "x", .sample = &sample, .seq = 2 },
        { .type = EVENT_CHECK_SENSED, .actor = "x", .subject = "told", .choice = CHOICE_YES },
        { .type = EVENT_CHECK_SENSED, .actor = "x", .subject = "backup", .choice = CHOICE_GO },
        { .type = EVENT_CHECK_SENSED, .actor = NULL, .subject = "backup", .choice = CHOICE_YES },
    };
    (void)state;
    struct scene *s = scene_open(small_book);
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        assert_int_equal(run_apply(s->run, &events[i], &s->err), ERR_CORRUPT);
    scene_close(s);
    s = scene_of(small_book);
    const struct event early = { .type = EVENT_RUN_HELD, .actor = "x", .seq = 1 };
    const struct event nameless = { .type = EVENT_RUN_OPENED, .actor = "", .run = "x", .seq = 1 };
    assert_int_equal(run_apply(s->run, &early, &s->err), ERR_CORRUPT);
    assert_int_equal(run_apply(s->run, &nameless, &s->err), ERR_CORRUPT);
    scene_close(s);
}

/* A run that watches for days stays as small as it was. */
static void test_passing_events_take_no_memory(void **state)
{
    (void)state;
    struct scene *s = scene_open(small_book);
    struct sample sample = {
        .monitor = "lag", .known = true, .metric_count = 1, .metrics = { { "seconds", 1, true } }
    };
    struct event seen = { .type = EVENT_SAMPLE, .actor = "tminus", .sample = &sample };
    const struct event sensed = { .type = EVENT_CHECK_SENSED,
                                  .actor = "tminus",
                                  .subject = "backup",
                                  .choice = CHOICE_NO,
                                  .text = "it is old",
                                  .value = "f" };
    size_t used = arena_used(s->run->arena);
    for (int i = 0; i < 50000; i++) {
        sample.at.boot_us += SECOND_US;
        sample.known = i % 3 != 0;
        assert_int_equal(run_apply(s->run, &seen, &s->err), 0);
        assert_int_equal(run_apply(s->run, &sensed, &s->err), 0);
    }
    assert_int_equal(arena_used(s->run->arena), used);
    assert_true(arena_used(s->run->monitors[0].known_arena) < 4096);
    assert_non_null(s->run->monitors[0].last_known);
    assert_true(s->run->monitors[0].last_known->known);
    scene_close(s);
}

/* ---- time ---- */

#define PHASES         10
#define STEPS_IN_PHASE 100
#define EVENTS_OF_STEP 50
#define FOLD_SECONDS   0.5
#define SLOWER_CHECKED 20 /* what sanitizers may cost */

static const char *large_book(struct buf *buf)
{
    buf_text(buf,
             "{'tminus':1,'id':'large','title':'Large','targets':{'p':{'engine':'postgresql'}},'phases':[");
    for (int p = 0; p < PHASES; p++) {
        buf_format(buf, "%s{'id':'p%d','kind':'expand','title':'P','parallel':true,'steps':[",
                   p > 0 ? "," : "", p);
        for (int i = 0; i < STEPS_IN_PHASE; i++)
            buf_format(buf,
                       "%s{'id':'s%d-%d','kind':'sql','target':'p','sql':'SELECT 1',"
                       "'rollback':[{'kind':'sql','sql':'SELECT 2'}]}",
                       i > 0 ? "," : "", p, i);
        buf_text(buf, "]}");
    }
    buf_text(buf, "]}");
    return buf_str(buf);
}

static void apply(struct scene *s, struct event *event)
{
    event->seq = s->run->last_seq + 1;
    event->at.boot_us = s->now.boot_us + (int64_t)event->seq;
    if (run_apply(s->run, event, &s->err) < 0)
        fail_msg("%s", s->err.message);
}

static void fold_step(struct scene *s, const char *id)
{
    struct event event = { .type = EVENT_STEP_STARTED, .actor = "mia", .subject = id, .attempt = 1 };
    apply(s, &event);
    for (int i = 0; i < EVENTS_OF_STEP - 2; i++) {
        event.type = i % 2 == 0 ? EVENT_STEP_WAITING : EVENT_STEP_NOTED;
        event.text = i % 2 == 0 ? "31568 report@10.0.4.7, idle in transaction" : "lock_timeout 3s";
        apply(s, &event);
    }
    event.type = EVENT_STEP_ENDED;
    event.choice = CHOICE_DONE;
    apply(s, &event);
}

static double seconds_of(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

static void test_large(void **state)
{
    struct timespec from, folded, looked;
    struct buf text;
    size_t list[16], complete, total;
    (void)state;
    buf_init(&text, JSON_MAX_BYTES);
    struct scene *s = scene_open(large_book(&text));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (size_t i = 0; i < s->book->step_count; i++)
        fold_step(s, s->book->steps[i].id);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &folded);
    run_progress(s->run, &complete, &total);
    assert_int_equal(complete, PHASES * STEPS_IN_PHASE);
    assert_int_equal(s->run->last_seq, PHASES * STEPS_IN_PHASE * EVENTS_OF_STEP + 1);
    /* what a frame looks at, thirty times */
    for (int frame = 0; frame < 30; frame++) {
        struct clocks clocks;
        run_clocks(s->run, s->now, &clocks);
        for (size_t i = 0; i < s->book->step_count; i++)
            (void)run_step_shown(s->run, i);
        assert_int_equal(run_rollback_list(s->run, BOOK_NONE, list, ARRAY_LEN(list)),
                         PHASES * STEPS_IN_PHASE);
        assert_int_equal(run_focus_step(s->run), BOOK_NONE);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &looked);
    print_message("50000 events over 1000 steps: %.3f s, a frame: %.6f s\n", seconds_of(&from, &folded),
                  seconds_of(&folded, &looked) / 30);
    assert_true(seconds_of(&from, &folded) < FOLD_SECONDS * SLOWER_CHECKED);
    scene_close(s);
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_passing),
        cmocka_unit_test(test_passing_events_take_no_memory),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
