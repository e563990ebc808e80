/* Events as JSON and as words. */
#include "scene.h"

#include <string.h>

/* Every text that needs care in JSON, and in a log. */
#define AWKWARD "a \"quote\", a \\, a new\nline and \xc3\xa9"

static const struct sample_row rows[] = {
    { .depth = 0, .ours = false, .cells = { "31568", "report", "", NULL, "x" } },
    { .depth = 1, .ours = true, .cells = { NULL } },
};

static const struct sample full_sample = { .monitor = "locks",
                                           .at = { 17, 18 },
                                           .known = true,
                                           .why = "a remark",
                                           .metric_count = 2,
                                           .metrics = { { "waiting", 3.25, true }, { "roots", 0, false } },
                                           .row_count = 2,
                                           .rows_left_out = 7,
                                           .rows = rows };

/* An event that has something in every field of its type, and nothing in the others. */
static struct event full_event(enum event_type type)
{
    struct event event = { .seq = event_is_record(type) ? 12 : 0,
                           .type = type,
                           .at = { 1800000000000000, 99 } };
    event.actor = "mia";
#define TEXT(flag, member)    event.member = AWKWARD " " flag;
#define INTEGER(flag, member) event.member = 5;
#define BOOL(flag, member)    event.member = true;
#define CHOICE(flag, member)  event.member = CHOICE_NO_GO;
#define SAMPLE(flag, member)  event.member = &full_sample;
#define PROGRESS(flag, member)                                                                               \
    event.member = (struct progress){ .rows = 7, .total = -1, .per_second = 3, .left_us = 11, .again = true };
    static const unsigned fields[EVENT_TYPE_COUNT] = {
#define X(name, word, record, its_fields) [name] = its_fields,
        EVENTS(X)
#undef X
    };
#define X(flag, key, member, how)                                                                            \
    if ((fields[type] & flag) != 0) {                                                                        \
        how(key, member)                                                                                     \
    }
    EVENT_FIELDS(X)
#undef X
#undef TEXT
#undef INTEGER
#undef BOOL
#undef CHOICE
#undef SAMPLE
#undef PROGRESS
    return event;
}

static void write_event(struct buf *buf, const struct event *event)
{
    struct json_writer w;
    json_write_init(&w, buf);
    json_open(&w, NULL);
    event_write(&w, event);
    json_put_text(&w, "prev", "00ff");
    json_close(&w);
}

static int read_event(struct arena *arena, const char *text, struct event *ret, struct err *err)
{
    static const char *const others[] = { "prev", NULL };
    const struct json *object = json_parse_line(arena, text, strlen(text), JSON_MAX_BYTES, err);
    return object == NULL ? ERR_INVALID : event_read(arena, object, others, ret, err);
}

static void assert_same_sample(const struct sample *a, const struct sample *b)
{
    assert_string_equal(a->monitor, b->monitor);
    assert_int_equal(a->at.wall_us, b->at.wall_us);
    assert_int_equal(a->at.boot_us, b->at.boot_us);
    assert_int_equal(a->known, b->known);
    assert_string_equal(a->why, b->why);
    assert_int_equal(a->metric_count, b->metric_count);
    for (size_t i = 0; i < a->metric_count; i++) {
        assert_string_equal(a->metrics[i].name, b->metrics[i].name);
        assert_true(a->metrics[i].value == b->metrics[i].value);
        assert_int_equal(a->metrics[i].known, b->metrics[i].known);
    }
    assert_int_equal(a->row_count, b->row_count);
    assert_int_equal(a->rows_left_out, b->rows_left_out);
    for (size_t i = 0; i < a->row_count; i++) {
        assert_int_equal(a->rows[i].depth, b->rows[i].depth);
        assert_int_equal(a->rows[i].ours, b->rows[i].ours);
        for (size_t k = 0; k < SAMPLE_CELLS_MAX; k++) {
            const char *cell = a->rows[i].cells[k];
            assert_string_equal(cell != NULL ? cell : "", b->rows[i].cells[k]);
        }
    }
}

static void assert_same(const struct event *a, const struct event *b)
{
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->at.wall_us, b->at.wall_us);
    assert_int_equal(a->at.boot_us, b->at.boot_us);
    assert_string_equal(a->actor, b->actor);
#define TEXT(member)                                                                                         \
    if (a->member == NULL)                                                                                   \
        assert_null(b->member);                                                                              \
    else                                                                                                     \
        assert_string_equal(a->member, b->member);
#define INTEGER(member) assert_int_equal(a->member, b->member);
#define BOOL(member)    assert_int_equal(a->member, b->member);
#define CHOICE(member)  assert_int_equal(a->member, b->member);
#define SAMPLE(member)                                                                                       \
    if (a->member != NULL)                                                                                   \
        assert_same_sample(a->member, b->member);
#define PROGRESS(member)                                                                                     \
    assert_int_equal(a->member.rows, b->member.rows);                                                        \
    assert_int_equal(a->member.total, b->member.total);                                                      \
    assert_int_equal(a->member.per_second, b->member.per_second);                                            \
    assert_int_equal(a->member.left_us, b->member.left_us);                                                  \
    assert_int_equal(a->member.again, b->member.again);
#define X(flag, key, member, how) how(member)
    EVENT_FIELDS(X)
#undef X
#undef TEXT
#undef INTEGER
#undef BOOL
#undef CHOICE
#undef SAMPLE
#undef PROGRESS
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t type = 0; type < EVENT_TYPE_COUNT; type++) {
        struct arena *arena = arena_create();
        const struct event bare = {
            .seq = 1, .type = (enum event_type)type, .actor = "tminus", .sample = &full_sample
        };
        const struct event full = full_event((enum event_type)type);
        const struct event *const events[] = { &full, event_copy(arena, &full), &bare };
        for (size_t i = 0; i < ARRAY_LEN(events); i++) {
            struct buf first, second;
            struct event back;
            struct err err;
            buf_init(&first, JSON_MAX_BYTES);
            buf_init(&second, JSON_MAX_BYTES);
            write_event(&first, events[i]);
            if (read_event(arena, buf_str(&first), &back, &err) != 0)
                fail_msg("%s\n%s", buf_str(&first), err.message);
            if (i < 2)
                assert_same(events[i], &back);
            write_event(&second, &back);
            assert_string_equal(buf_str(&first), buf_str(&second));
            buf_finish(&first);
            buf_finish(&second);
        }
        arena_destroy(arena);
    }
}

/* The form is kept for ever: journals of years ago have to be read. */
static void test_form(void **state)
{
    const struct event event = { .seq = 7,
                                 .type = EVENT_GATE_VOTED,
                                 .at = { 1800000000000001, 42 },
                                 .actor = "jo",
                                 .subject = "go",
                                 .role = "reviewer",
                                 .choice = CHOICE_GO };
    const struct event sample = { .type = EVENT_SAMPLE, .actor = "tminus", .sample = &full_sample };
    struct buf buf;
    (void)state;
    buf_init(&buf, JSON_MAX_BYTES);
    write_event(&buf, &event);
    assert_string_equal(buf_str(&buf),
                        "{\"seq\":7,\"type\":\"gate.voted\",\"wall_us\":1800000000000001,"
                        "\"boot_us\":42,\"actor\":\"jo\",\"subject\":\"go\",\"role\":\"reviewer\","
                        "\"choice\":\"go\",\"prev\":\"00ff\"}");
    buf_clear(&buf);
    write_event(&buf, &sample);
    assert_string_equal(buf_str(&buf),
                        "{\"seq\":0,\"type\":\"sample\",\"wall_us\":0,\"boot_us\":0,\"actor\":\"tminus\","
                        "\"sample\":{\"monitor\":\"locks\",\"wall_us\":17,\"boot_us\":18,\"known\":true,"
                        "\"why\":\"a remark\",\"metrics\":[[\"waiting\",3.25],[\"roots\",null]],"
                        "\"rows\":[[0,false,\"31568\",\"report\",\"\",\"\",\"x\"],[1,true]],\"left_out\":7},"
                        "\"prev\":\"00ff\"}");
    buf_finish(&buf);
}

#define HEAD "\"seq\":1,\"wall_us\":1,\"boot_us\":1,\"actor\":\"a\""
#define SAMPLE_OF(rest)                                                                                      \
    "{\"seq\":0,\"wall_us\":1,\"boot_us\":1,\"actor\":\"a\",\"type\":\"sample\",\"sample\":{\"monitor\":"    \
    "\"m\","                                                                                                 \
    "\"wall_us\":1,\"boot_us\":1,\"known\":true," rest "}}"

static void test_refused(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "[]", "an event is an object" },
        { "{}", "\"seq\"" },
        { "{" HEAD "}", "\"type\"" },
        { "{" HEAD ",\"type\":\"step.exploded\"}", "no type \"step.exploded\"" },
        { "{" HEAD ",\"type\":\"run.held\",\"colour\":\"red\"}", "run.held has no \"colour\"" },
        { "{" HEAD ",\"type\":\"run.held\",\"choice\":\"go\"}", "run.held has no \"choice\"" },
        { "{" HEAD ",\"type\":\"run.held\",\"text\":3}", "\"text\" is not a text" },
        { "{" HEAD ",\"type\":\"run.closed\"}", "\"choice\"" },
        { "{" HEAD ",\"type\":\"run.closed\",\"choice\":\"perhaps\"}", "\"choice\"" },
        { "{" HEAD ",\"type\":\"clock.jumped\"}", "\"elapsed_us\"" },
        { "{" HEAD ",\"type\":\"clock.jumped\",\"elapsed_us\":1.5}", "\"elapsed_us\" is not an integer" },
        { "{" HEAD ",\"type\":\"sample\"}", "\"sample\"" },
        { "{\"seq\":-1,\"wall_us\":1,\"boot_us\":1,\"actor\":\"a\",\"type\":\"run.held\"}", "\"seq\"" },
        { "{\"seq\":1,\"boot_us\":1,\"actor\":\"a\",\"type\":\"run.held\"}", "\"wall_us\"" },
        { "{\"seq\":1,\"wall_us\":1,\"boot_us\":1,\"type\":\"run.held\"}", "\"actor\"" },
        { SAMPLE_OF("\"metrics\":{},\"rows\":[],\"left_out\":0"), "\"metrics\"" },
        { SAMPLE_OF("\"metrics\":[[\"a\"]],\"rows\":[],\"left_out\":0"), "\"metrics\"" },
        { SAMPLE_OF("\"metrics\":[[\"a\",true]],\"rows\":[],\"left_out\":0"), "\"a\"" },
        { SAMPLE_OF("\"metrics\":[],\"rows\":[[0]],\"left_out\":0"), "\"rows\"" },
        { SAMPLE_OF("\"metrics\":[],\"rows\":[[-1,true]],\"left_out\":0"), "\"rows\"" },
        { SAMPLE_OF("\"metrics\":[],\"rows\":[[0,true,1]],\"left_out\":0"), "\"rows\"" },
        { SAMPLE_OF("\"metrics\":[],\"rows\":[],\"left_out\":-1"), "\"left_out\"" },
        { SAMPLE_OF(
              "\"metrics\":[[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1],"
              "[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1],[\"a\",1]],\"rows\":[],\"left_out\":0"),
          "\"metrics\"" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct event event = { .seq = 77 };
        struct err err = ERR_INIT;
        assert_int_equal(read_event(arena, cases[i].text, &event, &err), ERR_INVALID);
        if (strstr(err.message, cases[i].part) == NULL)
            fail_msg("%s\n\"%s\" has no %s", cases[i].text, err.message, cases[i].part);
        assert_int_equal(event.seq, 77);
        arena_destroy(arena);
    }
}

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHOICE_COUNT; i++)
        assert_int_equal(choice_of(choice_word((enum choice)i)), i);
    assert_int_equal(choice_of("perhaps"), CHOICE_COUNT);
    for (size_t i = 0; i < VERB_COUNT; i++)
        assert_int_equal(verb_of(verb_word((enum verb)i)), i);
    assert_int_equal(verb_of("explode"), VERB_COUNT);
    assert_string_equal(event_word(EVENT_STEP_STARTED), "step.started");
    assert_true(verb_for_anyone(VERB_HOLD));
    assert_false(verb_for_anyone(VERB_START));
    assert_false(event_is_record(EVENT_SAMPLE));
    assert_true(event_is_record(EVENT_RUN_HELD));
}

static void test_stories(void **state)
{
    static const struct {
        struct event event;
        const char *story;
    } cases[] = {
        { { .type = EVENT_RUN_OPENED,
            .actor = "mia",
            .run = "r-1",
            .subject = "book",
            .environment = "live" },
          "opened run r-1 of book (live)" },
        { { .type = EVENT_RUN_OPENED, .actor = "mia", .run = "r-1", .subject = "book" },
          "opened run r-1 of book" },
        { { .type = EVENT_RUN_HELD, .actor = "jo" }, "held the run" },
        { { .type = EVENT_RUN_HELD, .actor = "jo", .text = "disk" }, "held the run: disk" },
        { { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 1 }, "started add" },
        { { .type = EVENT_STEP_STARTED, .subject = "add", .attempt = 2 }, "started add, attempt 2" },
        { { .type = EVENT_STEP_STARTED, .subject = "add", .entry = 1, .attempt = 1 },
          "started the undo of add (entry 1)" },
        { { .type = EVENT_STEP_ENDED, .subject = "add", .choice = CHOICE_DONE, .elapsed_us = 1200 * MS_US },
          "step add done in 1.2 s" },
        { { .type = EVENT_STEP_ENDED,
            .subject = "add",
            .entry = 1,
            .choice = CHOICE_DONE,
            .elapsed_us = 400 * MS_US },
          "add rolled back (entry 1): done in 400 ms" },
        { { .type = EVENT_STEP_ENDED,
            .subject = "add",
            .choice = CHOICE_FAILED,
            .code = "55P03",
            .text = "lock" },
          "step add failed: 55P03: lock" },
        { { .type = EVENT_STEP_ENDED, .subject = "add", .choice = CHOICE_UNKNOWN, .text = "lost" },
          "step add is unknown: lost" },
        { { .type = EVENT_STEP_RETRYING,
            .subject = "add",
            .attempt = 1,
            .code = "55P03",
            .wait_us = 2 * SECOND_US },
          "step add, attempt 1 failed: 55P03; again in 2.0 s" },
        { { .type = EVENT_STEP_RETRYING,
            .subject = "add",
            .attempt = 1,
            .text = "not started",
            .wait_us = 2 * SECOND_US },
          "step add, attempt 1 failed: not started; again in 2.0 s" },
        { { .type = EVENT_STEP_RULED,
            .actor = "mia",
            .subject = "add",
            .choice = CHOICE_NOT_DONE,
            .text = "x" },
          "ruled add not-done: x" },
        { { .type = EVENT_STEP_WAITING, .subject = "add", .text = "31568" }, "step add waits for 31568" },
        { { .type = EVENT_STEP_WAITING, .subject = "add", .text = "" },
          "step add waits for nobody any more" },
        { { .type = EVENT_TRAIL_TROUBLE, .text = "" }, "the trail is published again" },
        { { .type = EVENT_WITNESS_PUSHED, .choice = CHOICE_YES, .attempt = 12 },
          "the witness holds the trail up to record 12" },
        { { .type = EVENT_WITNESS_PUSHED, .choice = CHOICE_NO, .attempt = 12, .text = "no route" },
          "the witness does not get the trail: no route" },
        { { .type = EVENT_WITNESS_ALARMED, .text = "[rejected] (fetch first)" },
          "WITNESS ALARM: the remote holds another history: [rejected] (fetch first)" },
        { { .type = EVENT_GATE_VOTED,
            .actor = "jo",
            .subject = "go-expand",
            .role = "reviewer",
            .choice = CHOICE_GO,
            .text = "calm" },
          "voted GO on go-expand as reviewer: \"calm\"" },
        { { .type = EVENT_GATE_DECIDED, .subject = "g", .choice = CHOICE_NO_GO, .text = "jo as reviewer" },
          "gate g decided: NO-GO: jo as reviewer" },
        { { .type = EVENT_TRIGGER_FIRED,
            .subject = "lag-runaway",
            .text = "lag.seconds 12.3 (> 10, held 3.1 s)" },
          "trigger lag-runaway fired: lag.seconds 12.3 (> 10, held 3.1 s)" },
        { { .type = EVENT_ROLLBACK_STARTED, .actor = "mia" }, "started a rollback" },
        { { .type = EVENT_ROLLBACK_STARTED, .actor = "mia", .subject = "add" }, "started a rollback to add" },
        { { .type = EVENT_RUN_CLOSED, .actor = "mia", .choice = CHOICE_SCRUBBED, .text = "lag" },
          "scrubbed the run: lag" },
        { { .type = EVENT_PERSON_JOINED, .actor = "jo", .role = "watcher", .text = "pts/3" },
          "joined as watcher from pts/3" },
        { { .type = EVENT_STEP_CANCELLING, .actor = "mia", .subject = "add", .entry = 1, .text = "slow" },
          "cancelling the undo of add (entry 1): slow" },
        { { .type = EVENT_ITEM_OVERRIDDEN,
            .actor = "jo",
            .subject = "locks",
            .gate = "go",
            .role = "reviewer",
            .text = "two reports" },
          "overrode locks at gate go as reviewer: \"two reports\"" },
        /* a person ticks; a check that is sensed does it itself */
        { { .type = EVENT_CHECK_TICKED,
            .actor = "jo",
            .subject = "read",
            .role = "reviewer",
            .text = "done" },
          "ticked read as reviewer: \"done\"" },
        { { .type = EVENT_CHECK_TICKED, .actor = EVENT_ACTOR_SELF, .subject = "writable", .value = "t" },
          "check writable ticked itself (t)" },
        { { .type = EVENT_CHECK_UNTICKED, .actor = "jo", .subject = "read", .text = "an old one" },
          "unticked read: an old one" },
        { { .type = EVENT_CHECK_UNTICKED, .actor = EVENT_ACTOR_SELF, .subject = "writable", .text = "f" },
          "check writable unticked itself: f" },
        { { .type = EVENT_KILL_STARTED,
            .actor = "mia",
            .subject = "locks",
            .value = "4711",
            .code = "since 1",
            .choice = CHOICE_TERMINATE,
            .text = "gone home",
            .detail = "psql, app@local, idle in tx for 01:00" },
          "asked to terminate session 4711 of locks: \"gone home\" (psql, app@local, idle in tx for 01:00)" },
        { { .type = EVENT_KILL_ENDED,
            .subject = "locks",
            .value = "4711",
            .choice = CHOICE_DONE,
            .text = "the server was told to end it" },
          "session 4711 of locks: the server was told to end it" },
        { { .type = EVENT_KILL_ENDED, .subject = "locks", .value = "4711", .choice = CHOICE_GONE },
          "session 4711 of locks was gone already: nothing was sent" },
        { { .type = EVENT_KILL_ENDED,
            .subject = "locks",
            .value = "4711",
            .choice = CHOICE_FAILED,
            .text = "42501: permission denied" },
          "session 4711 of locks: nothing was done: 42501: permission denied" },
        { { .type = EVENT_KILL_ENDED,
            .subject = "locks",
            .value = "4711",
            .choice = CHOICE_UNKNOWN,
            .text = "no answer in time" },
          "session 4711 of locks: it is not known whether it was told to end: no answer in time" },
        { { .type = EVENT_CLOCK_JUMPED, .elapsed_us = -90 * SECOND_US }, "the wall clock jumped by -01:30" },
        /* one line, and nothing in it that a terminal would obey */
        { { .type = EVENT_RUN_NOTE, .actor = "jo", .text = "a\nb\x1b[2J" }, "noted: a^Jb^[[2J" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf buf;
        buf_init(&buf, 4096);
        event_story(&buf, &cases[i].event);
        assert_string_equal(buf_str(&buf), cases[i].story);
        buf_finish(&buf);
    }
}

/* Every type tells something, in one line, without who did it, with everything or nothing in it; a long text
 * is cut and says so. */
static void test_stories_of_all(void **state)
{
    (void)state;
    for (size_t type = 0; type < EVENT_TYPE_COUNT; type++) {
        for (size_t choice = 0; choice < CHOICE_COUNT; choice++) {
            struct event event = full_event((enum event_type)type);
            struct buf buf;
            event.actor = "somebody";
            event.choice = (enum choice)choice;
            buf_init(&buf, 4096);
            event_story(&buf, &event);
            assert_null(strpbrk(buf_str(&buf), "\n{}"));
            assert_null(strstr(buf_str(&buf), "somebody"));
            if (type != EVENT_STEP_ENDED && type != EVENT_KILL_ENDED)
                assert_true(buf.len > 0);
            buf_finish(&buf);
        }
    }
    char text[2000];
    const struct event note = { .type = EVENT_RUN_NOTE, .actor = "jo", .text = text };
    struct buf buf;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    buf_init(&buf, 4096);
    event_story(&buf, &note);
    assert_true(buf.len < 300);
    assert_string_equal(buf_str(&buf) + buf.len - 4, "x...");
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_form),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_words),
        cmocka_unit_test(test_stories),    cmocka_unit_test(test_stories_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
