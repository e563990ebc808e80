#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "wire/wire.h"

/* In every text of this file ' stands for ". */
static char *quoted(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);

    for (char *at = copy; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

/* Reads a copy that ends where its memory ends, so that reading past it is seen by the sanitizers. */
static int read_exactly(struct arena *arena, const char *text, size_t len, struct wire_message *ret,
                        struct err *err)
{
    char *copy = mem_alloc(len > 0 ? len : 1);
    int r;

    memcpy(copy, text, len);
    r = wire_read(arena, copy, len, ret, err);
    free(copy);
    return r;
}

static const char *written(struct arena *arena, const struct wire_message *message)
{
    const char *text;
    struct buf buf;

    buf_init(&buf, 4096);
    wire_write(&buf, message);
    assert_false(buf.overflow);
    text = arena_text(arena, buf_str(&buf));
    buf_finish(&buf);
    return text;
}

static void assert_text(const char *got, const char *want)
{
    if (!text_equal(got, want))
        fail_msg("got %s, expected %s", got ? got : "NULL", want ? want : "NULL");
}

static void assert_same(const struct wire_message *got, const struct wire_message *want)
{
    assert_int_equal(got->type, want->type);
    assert_int_equal(got->version, want->version);
    assert_int_equal(got->client, want->client);
    assert_int_equal(got->watch, want->watch);
    assert_int_equal(got->ok, want->ok);
    assert_int_equal(got->number, want->number);
    assert_text(got->name, want->name);
    assert_text(got->run, want->run);
    assert_text(got->step, want->step);
    assert_text(got->bytes, want->bytes);
    assert_text(got->rule, want->rule);
    assert_text(got->text, want->text);
    assert_int_equal(got->action.verb, want->action.verb);
    assert_int_equal(got->action.choice, want->action.choice);
    assert_text(got->action.actor, NULL); /* who asks is known to the runner, not said by the client */
    assert_false(got->action.watcher);
    assert_text(got->action.subject, want->action.subject);
    assert_text(got->action.role, want->action.role);
    assert_text(got->action.text, want->action.text);
    assert_int_equal(got->event.seq, want->event.seq);
    assert_int_equal(got->event.type, want->event.type);
    assert_int_equal(got->event.at.wall_us, want->event.at.wall_us);
    assert_int_equal(got->event.at.boot_us, want->event.at.boot_us);
    assert_text(got->event.actor, want->event.actor);
    assert_text(got->event.text, want->event.text);
}

static const struct {
    struct wire_message message;
    const char *text;
} good[] = {
    { { .type = WIRE_HELLO, .version = 1, .name = "mia", .client = WIRE_SCREEN },
      "{'hello':{'wire':1,'name':'mia','kind':'screen','watch':false}}" },
    { { .type = WIRE_HELLO, .version = 7, .name = "J\xc3\xb6", .client = WIRE_SCRIPT, .watch = true },
      "{'hello':{'wire':7,'name':'J\\u00f6','kind':'script','watch':true}}" },
    { { .type = WIRE_HELLO, .version = 1, .name = "status", .client = WIRE_FOLLOWER, .watch = true },
      "{'hello':{'wire':1,'name':'status','kind':'follower','watch':true}}" },
    { { .type = WIRE_WELCOME, .version = 1, .run = "demo-20261120-230000", .name = "mia", .watch = true },
      "{'welcome':{'wire':1,'run':'demo-20261120-230000','operator':'mia','watch':true}}" },
    { { .type = WIRE_EVENT,
        .event = { .seq = 3, .type = EVENT_RUN_NOTE, .at = { 5, 6 }, .actor = "jo", .text = "a\nb" } },
      "{'event':{'seq':3,'type':'run.note','wall_us':5,'boot_us':6,'actor':'jo','text':'a\\nb'}}" },
    { { .type = WIRE_LIVE }, "{'live':{}}" },
    { { .type = WIRE_OUTPUT, .step = "deploy", .bytes = "10 %\n" },
      "{'output':{'step':'deploy','bytes':'10 %\\n'}}" },
    { { .type = WIRE_ACTION, .number = 1, .action = { .verb = VERB_NEXT } },
      "{'action':{'n':1,'verb':'next'}}" },
    { { .type = WIRE_ACTION,
        .number = INT64_C(9007199254740992),
        .action = { .verb = VERB_VOTE,
                    .subject = "go",
                    .role = "reviewer",
                    .text = "seen",
                    .choice = CHOICE_NO_GO } },
      "{'action':{'n':9007199254740992,'verb':'vote','subject':'go','role':'reviewer','text':'seen',"
      "'choice':'no-go'}}" },
    { { .type = WIRE_REPLY, .number = 2, .ok = true }, "{'reply':{'n':2,'ok':true}}" },
    { { .type = WIRE_REPLY, .number = 3, .ok = false, .rule = "unticked check", .text = "unticked check: x" },
      "{'reply':{'n':3,'ok':false,'rule':'unticked check','text':'unticked check: x'}}" },
    { { .type = WIRE_HALT, .text = "no space" }, "{'halt':{'text':'no space'}}" },
    { { .type = WIRE_FROZEN, .settings_len = 7, .book_len = 300, .targets_len = -1, .certificate_len = -1 },
      "{'frozen':{'settings':7,'book':300,'targets':-1,'certificate':-1}}" },
};

static void test_round_trip(void **state)
{
    bool met[WIRE_TYPE_COUNT] = { false };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena *arena = arena_create();
        const char *text = written(arena, &good[i].message);
        struct wire_message back;
        struct err err = ERR_INIT;

        assert_string_equal(text, quoted(arena, good[i].text));
        if (read_exactly(arena, text, strlen(text), &back, &err) < 0)
            fail_msg("%s: %s", text, err.message);
        assert_same(&back, &good[i].message);
        met[good[i].message.type] = true;
        arena_destroy(arena);
    }
    for (int type = 0; type < WIRE_TYPE_COUNT; type++)
        assert_true(met[type]);
}

static void test_every_verb_travels(void **state)
{
    struct arena *arena = arena_create();

    (void)state;
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        struct wire_message message = { .type = WIRE_ACTION, .number = 1, .action.verb = (enum verb)verb };
        const char *text = written(arena, &message);
        struct wire_message back;

        assert_int_equal(read_exactly(arena, text, strlen(text), &back, NULL), 0);
        assert_int_equal(back.action.verb, verb);
    }
    arena_destroy(arena);
}

/* A record goes out as it stands in the journal, hash of the one before included. */
static void test_raw_event(void **state)
{
    struct arena *arena = arena_create();
    const char *record = quoted(
        arena, "{'prev':'00ff','seq':9,'type':'run.held','wall_us':1,'boot_us':2,'actor':'mia','text':'x'}");
    struct wire_message message;
    struct buf line;

    (void)state;
    buf_init(&line, 4096);
    wire_write_raw_event(&line, record, strlen(record));
    assert_int_equal(read_exactly(arena, line.data, line.len, &message, NULL), 0);
    assert_int_equal(message.type, WIRE_EVENT);
    assert_int_equal(message.event.type, EVENT_RUN_HELD);
    assert_int_equal(message.event.seq, 9);
    assert_string_equal(message.event.text, "x");
    buf_finish(&line);
    arena_destroy(arena);
}

static const struct {
    const char *line;
    const char *want;
} bad[] = {
    { "", "column 1: expected a value, found the end" },
    { "hello", "found the word hello" },
    { "{'live':{}}{", "column 12: expected nothing after the value" },
    { "{'live':{},'live':{}}", "for the second time" },
    { "[]", "a message is an object with one member, which is an object" },
    { "{}", "a message is an object with one member, which is an object" },
    { "{'live':{},'halt':{'text':'x'}}", "a message is an object with one member, which is an object" },
    { "{'live':true}", "a message is an object with one member, which is an object" },
    { "{'live':[]}", "a message is an object with one member, which is an object" },
    { "{'goodbye':{}}", "no message is called \"goodbye\"" },
    { "{'good\\u001bbye':{}}", "no message is called \"good^[bye\"" },
    { "{'live':{'x':1}}", "unknown field \"x\" in live" },
    { "{'hello':{'name':'mia','kind':'screen','watch':false}}", "hello lacks the field \"wire\"" },
    { "{'hello':{'wire':1,'kind':'screen','watch':false}}", "hello lacks the field \"name\"" },
    { "{'hello':{'wire':1,'name':'','kind':'screen','watch':false}}", "\"name\" of hello must not be empty" },
    { "{'hello':{'wire':1,'name':'mia','watch':false}}", "hello lacks the field \"kind\"" },
    { "{'hello':{'wire':1,'name':'mia','kind':'scren','watch':false}}", "did you mean \"screen\"?" },
    { "{'hello':{'wire':1,'name':'mia','kind':'screen'}}", "hello lacks the field \"watch\"" },
    { "{'hello':{'wire':1.5,'name':'mia','kind':'screen','watch':false}}",
      "\"wire\" of hello wants a whole number" },
    { "{'hello':{'wire':'1','name':'mia','kind':'screen','watch':false}}",
      "\"wire\" of hello wants a whole number" },
    { "{'hello':{'wire':1,'name':'mia','kind':'screen','watch':0}}",
      "\"watch\" of hello wants true or false" },
    { "{'welcome':{'wire':1,'operator':'mia','watch':false}}", "welcome lacks the field \"run\"" },
    { "{'welcome':{'wire':1,'run':'r','watch':false}}", "welcome lacks the field \"operator\"" },
    { "{'output':{'bytes':''}}", "output lacks the field \"step\"" },
    { "{'output':{'step':'s'}}", "output lacks the field \"bytes\"" },
    { "{'output':{'step':'s','bytes':null}}", "\"bytes\" of output wants a text, not null" },
    { "{'action':{'verb':'next'}}", "action lacks the field \"n\"" },
    { "{'action':{'n':1}}", "action lacks the field \"verb\"" },
    { "{'action':{'n':1,'verb':'explode'}}", "no action is called \"explode\"" },
    { "{'action':{'n':1,'verb':''}}", "no action is called \"\"" },
    { "{'action':{'n':1,'verb':'vote','choice':'perhaps'}}", "\"perhaps\" cannot be chosen" },
    { "{'action':{'n':1,'verb':'next','actor':'mia'}}", "unknown field \"actor\" in action" },
    { "{'action':{'n':1,'verb':'next','watcher':false}}", "unknown field \"watcher\" in action" },
    { "{'reply':{'ok':true}}", "reply lacks the field \"n\"" },
    { "{'reply':{'n':1}}", "reply lacks the field \"ok\"" },
    { "{'reply':{'n':1,'ok':false}}", "a refusal does not say why" },
    { "{'halt':{}}", "halt lacks the field \"text\"" },
    { "{'frozen':{'settings':7,'book':-1,'targets':0,'certificate':-1}}", "not of a size that is taken" },
    { "{'frozen':{'settings':7,'book':99999999,'targets':0,'certificate':-1}}",
      "not of a size that is taken" },
    { "{'event':{}}", "event: \"seq\" is not an integer" },
    { "{'event':{'seq':1,'type':'run.exploded','wall_us':1,'boot_us':1,'actor':'x'}}",
      "event 1: there is no type \"run.exploded\"" },
    { "{'event':{'seq':1,'type':'run.note','wall_us':1,'boot_us':1,'actor':'x','text':'y','gate':'z'}}",
      "event 1: run.note has no \"gate\"" },
    { "{'event':{'seq':-1,'type':'run.note','wall_us':1,'boot_us':1,'actor':'x','text':'y'}}",
      "event: \"seq\" is not" },
};

static void test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena *arena = arena_create();
        const char *line = quoted(arena, bad[i].line);
        struct wire_message message;
        struct err err = ERR_INIT;

        if (read_exactly(arena, line, strlen(line), &message, &err) != ERR_INVALID)
            fail_msg("%s was taken", line);
        assert_int_equal(err.code, ERR_INVALID);
        if (!strstr(err.message, bad[i].want))
            fail_msg("%s: said \"%s\", expected \"%s\"", line, err.message, bad[i].want);
        arena_destroy(arena);
    }
}

/* What JSON itself forbids is the json room's business; these are the ones that would reach a screen. */
static void test_hostile_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        { "{\"halt\":{\"text\":\"\xff\"}}", 21 },
        { "{\"halt\":{\"text\":\"\0\"}}", 21 },
        { "{\"halt\":{\"text\":\"\\u0000\"}}", 26 },
        { "{\"halt\":{\"text\":\"\x1b\"}}", 21 },
        { "{\"action\":{\"n\":1e999,\"verb\":\"next\"}}", 36 },
        { "{\"live\":{}}\0", 12 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct wire_message message;

        assert_int_equal(read_exactly(arena, cases[i].bytes, cases[i].len, &message, NULL), ERR_INVALID);
        arena_destroy(arena);
    }
}

/* A line cut anywhere is no message, and reading it does not read past its end. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct arena *arena = arena_create();
        const char *text = quoted(arena, good[i].text);
        struct wire_message message;

        for (size_t len = 0; len < strlen(text); len++)
            assert_int_equal(read_exactly(arena, text, len, &message, NULL), ERR_INVALID);
        arena_destroy(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_every_verb_travels),
        cmocka_unit_test(test_raw_event),     cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_hostile_bytes), cmocka_unit_test(test_cut_anywhere),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
