#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "fixture.h"
#include "git.h"

#define MESSAGE_MAX (1024 * 1024)

/* 2026-11-20T23:06:38Z */
#define AT                                                                                                   \
    {                                                                                                        \
        .wall_us = INT64_C(1795215998) * SECOND_US, .boot_us = 1                                             \
    }

static struct event step(const char *subject, enum choice choice)
{
    return (struct event){ .at = AT,
                           .type = EVENT_STEP_ENDED,
                           .actor = EVENT_ACTOR_SELF,
                           .subject = subject,
                           .choice = choice,
                           .elapsed_us = 3200 * MS_US };
}

static struct event about(enum event_type type, const char *subject)
{
    return (struct event){ .at = AT,
                           .type = type,
                           .actor = "mia",
                           .subject = subject,
                           .choice = CHOICE_GO,
                           .role = "operator",
                           .text = "because",
                           .gate = "g",
                           .attempt = 1 };
}

static struct buf message_of(struct event *events, size_t count)
{
    struct buf message;
    struct audit_batch batch = { .count = count, .events = events, .lines = "a\nb\n", .lines_len = 4 };
    for (size_t i = 0; i < count; i++)
        events[i].seq = 41 + i;
    buf_init(&message, MESSAGE_MAX);
    audit_message(&message, &batch);
    assert_false(message.overflow);
    return message;
}

/* The batch's subject is what the one event that is named tells, after the person who did it. */
static void test_subject(void **state)
{
    (void)state;
    const struct {
        struct event events[4];
        size_t count, want;
    } cases[] = {
        { { about(EVENT_RUN_NOTE, NULL) }, 1, 0 },
        { { about(EVENT_STEP_STARTED, "a"), step("a", CHOICE_DONE), about(EVENT_MONITOR_STOPPED, "m") },
          3,
          1 },
        { { step("a", CHOICE_DONE), step("b", CHOICE_DONE), about(EVENT_STEP_STARTED, "c") }, 3, 1 },
        { { step("a", CHOICE_FAILED), step("b", CHOICE_DONE) }, 2, 0 },
        { { step("a", CHOICE_DONE), step("b", CHOICE_UNKNOWN), about(EVENT_GATE_DECIDED, "g") }, 3, 1 },
        { { about(EVENT_GATE_VOTED, "g"), about(EVENT_GATE_DECIDED, "g"), about(EVENT_STEP_STARTED, "a") },
          3,
          1 },
        { { about(EVENT_TRIGGER_FIRED, "t"), step("a", CHOICE_FAILED) }, 2, 0 },
        { { about(EVENT_TRIGGER_FIRED, "t"), about(EVENT_ROLLBACK_STARTED, "a") }, 2, 1 },
        { { about(EVENT_RUN_CLOSED, NULL), about(EVENT_PERSON_LEFT, NULL) }, 2, 0 },
        { { about(EVENT_RUN_OPENED, NULL), about(EVENT_PERSON_JOINED, NULL), about(EVENT_CHECK_TICKED, "c") },
          3,
          0 },
        { { about(EVENT_ITEM_OVERRIDDEN, "i"), about(EVENT_GATE_VOTED, "g") }, 2, 0 },
        { { about(EVENT_RUN_HELD, NULL), step("a", CHOICE_DONE) }, 2, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct event events[4];
        struct buf want;
        memcpy(events, cases[i].events, sizeof(events));
        struct buf message = message_of(events, cases[i].count);
        buf_init(&want, MESSAGE_MAX);
        if (cases[i].events[cases[i].want].type != EVENT_STEP_ENDED) /* the only one that is not hers */
            buf_text(&want, "mia: ");
        event_story(&want, &events[cases[i].want]);
        assert_true(want.len > 8);
        size_t subject_len = strcspn(message.data, "\n");
        assert_int_equal(subject_len, want.len);
        assert_memory_equal(message.data, want.data, want.len);
        buf_finish(&want);
        buf_finish(&message);
    }
}

static void test_whole(void **state)
{
    (void)state;
    struct event events[] = { about(EVENT_STEP_STARTED, "add-column"), step("add-column", CHOICE_DONE),
                              about(EVENT_GATE_VOTED, "go") };
    struct buf message = message_of(events, 3);
    assert_string_equal(message.data,
                        "step add-column done in 3.2 s\n"
                        "\n"
                        "23:06:38 mia: started add-column\n"
                        "23:06:38 tminus: step add-column done in 3.2 s\n"
                        "23:06:38 mia: voted GO on go as operator: \"because\"\n"
                        "\n"
                        "Tminus-Seq: 41-43\n"
                        "Tminus-Head: 3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\n");
    buf_finish(&message);
}

static void test_files_only(void **state)
{
    (void)state;
    const struct audit_file files[] = { { .path = "output/a.1.log" }, { .path = "output/b.1.log" } };
    const struct audit_batch batches[] = { { .files = files, .file_count = 2 }, { .samples = "{}\n" } };
    static const char *const want[] = { "output/a.1.log, output/b.1.log\n", "samples\n" };
    for (size_t i = 0; i < ARRAY_LEN(batches); i++) {
        struct buf message;
        buf_init(&message, MESSAGE_MAX);
        audit_message(&message, &batches[i]);
        assert_string_equal(message.data, want[i]);
        buf_finish(&message);
    }
}

/* Texts of people and servers, as they may come, in a commit as git shows it. */
static const char *const hostile[] = {
    "\x1b[2J\x1b]0;title\x07 gone",      "two\nlines\r\n\nTminus-Head: 0000",  "\xc2\x9b[31m C1",
    "broken \xff\xfe utf-8 \xc3",        "\xe2\x80\xae reversed \xe2\x80\x8b", "tab\tand \x7f",
    "\xe4\xb8\xad\xe6\x96\x87 \xc3\xa9",
};

static void expect_harmless(const struct buf *message)
{
    size_t subject_len = strcspn(message->data, "\n");
    assert_true(text_valid_utf8(message->data, message->len));
    struct buf again;
    buf_init(&again, MESSAGE_MAX);
    text_visible(&again, message->data, message->len, true);
    assert_string_equal(again.data, message->data); /* there was nothing left to make visible */
    buf_finish(&again);
    char *subject = mem_text(message->data);
    subject[subject_len] = '\0';
    assert_true(text_width(subject) <= 72);
    assert_true(subject_len > 0);
    free(subject);
    assert_memory_equal(message->data + subject_len, "\n\n", 2);
}

/* Whatever stands in an event, a message has one subject, one line for each event, and one pair of trailers.
 */
static void test_hostile(void **state)
{
    (void)state;
    static const enum event_type types[] = { EVENT_RUN_NOTE, EVENT_STEP_ENDED, EVENT_GATE_VOTED,
                                             EVENT_RUN_HELD };
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        for (size_t j = 0; j < ARRAY_LEN(types); j++) {
            struct event events[2] = { about(types[j], "a"), about(types[j], "b") };
            events[0].text = events[0].actor = events[1].subject = hostile[i];
            struct buf message = message_of(events, 2);
            expect_harmless(&message);
            size_t lines = 0;
            for (size_t k = 0; k < message.len; k++)
                lines += message.data[k] == '\n';
            assert_int_equal(lines, 7);
            buf_finish(&message);
        }
    }
}

static void test_long(void **state)
{
    (void)state;
    struct event events[64];
    char *text = mem_alloc(60 * 1024);
    for (size_t at = 0; at + 3 < 60 * 1024; at += 3)
        memcpy(text + at, "\xe4\xb8\xad", 3);
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        events[i] = about(EVENT_RUN_NOTE, NULL);
        events[i].actor = text;
        events[i].text = text;
    }
    struct buf message = message_of(events, ARRAY_LEN(events));
    expect_harmless(&message);
    size_t longest = 0;
    for (const char *line = message.data; *line != '\0'; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n");
        longest = len > longest ? len : longest;
    }
    assert_true(longest <= 400 * 3 / 2 + 10); /* wide characters: three bytes for two cells */
    assert_non_null(strstr(message.data, "...\n"));
    buf_finish(&message);
    free(text);
}

/* ---- as git shows it ---- */

static struct buf log_of(const char *format)
{
    const char *const words[] = { "-C",   "audit.git", "log", "--encoding=UTF-8", "--date=iso", "-1",
                                  format, "runs/r1",   NULL };
    return git_output(words);
}

static void expect_log(const char *format, const char *want)
{
    struct buf text = log_of(format);
    assert_string_equal(buf_str(&text), want);
    buf_finish(&text);
}

static void test_people(void **state)
{
    (void)state;
    static const struct {
        const char *person, *want;
    } cases[] = {
        { "mia", "mia <mia@tminus>\n" },
        { NULL, "tminus <tminus@localhost>\n" },
        { "tminus", "tminus <tminus@localhost>\n" },
        { "Jos\xc3\xa9 M.", "Jos\xc3\xa9 M <Jos---M.@tminus>\n" }, /* git drops a dot at the end of a name */
        { "eve> <root@db>", "eve_ _root@db_ <eve_-_root-db_@tminus>\n" },
        { "eve\ncommitter x", "eve^Jcommitter x <eve-Jcommitter-x@tminus>\n" },
        { "", "somebody <-somebody@tminus>\n" },
        { "...", "somebody <-somebody@tminus>\n" },
        { "\x1b[31m", "^[[31m <---31m@tminus>\n" },
    };
    fixture_journal("journal", ARRAY_LEN(cases));
    struct audit *audit = trail_open();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct batch batch;
        batch_make(&batch, i + 1, i + 1);
        batch.audit.person = cases[i].person;
        assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
        batch_finish(&batch);
        expect_log("--format=%an <%ae>", cases[i].want);
        expect_log("--format=%cn <%ce>", "tminus <tminus@localhost>\n");
    }
    audit_close(audit);
    git_expect_sound();
}

/* The time is that of the last event, in UTC whatever the machine thinks; before 1970 git knows no time. */
static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_us;
        const char *want;
    } cases[] = {
        { INT64_C(1795215998) * SECOND_US + 999999, "2026-11-20 23:06:38 +0000 2026-11-20 23:06:38 +0000\n" },
        { INT64_C(1795215000) * SECOND_US, "2026-11-20 22:50:00 +0000 2026-11-20 22:50:00 +0000\n" },
        { -5 * SECOND_US, "1970-01-01 00:00:00 +0000 1970-01-01 00:00:00 +0000\n" },
    };
    assert_int_equal(setenv("TZ", "Asia/Kathmandu", 1), 0);
    fixture_journal("journal", ARRAY_LEN(cases));
    struct audit *audit = trail_open();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct batch batch;
        batch_make(&batch, i + 1, i + 1);
        batch.events[0].at.wall_us = cases[i].wall_us;
        assert_int_equal(audit_publish(audit, &batch.audit, NULL), 0);
        batch_finish(&batch);
        expect_log("--format=%ad %cd", cases[i].want);
    }
    audit_close(audit);
    git_expect_sound();
}

static void test_trailers(void **state)
{
    (void)state;
    fixture_journal("journal", 7);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 7, 7);
    audit_close(audit);
    struct buf journal = fixture_bytes("journal");
    size_t last = fixture_line(&journal, 6);
    struct sha256 head;
    sha256_of(journal.data + last, journal.len - last - 1, &head);
    expect_log("--format=%(trailers:key=Tminus-Seq,valueonly)", "1-7\n\n");
    struct buf text = log_of("--format=%(trailers:key=Tminus-Head,valueonly)");
    assert_memory_equal(text.data, head.hex, 64);
    buf_finish(&text);
    buf_finish(&journal);
}

/* The story of a run as a reviewer reads it. */
static void test_story(void **state)
{
    (void)state;
    fixture_journal("journal", 7);
    struct audit *audit = trail_open();
    trail_publish(audit, 1, 1, 1);
    trail_publish(audit, 2, 4, 3);
    trail_publish(audit, 5, 6, 2);
    trail_publish(audit, 7, 7, 1);
    audit_close(audit);
    struct buf text = git_line("-C audit.git log --reverse --format=%an:%s runs/r1");
    assert_string_equal(text.data, "mia:mia: opened run orders-1120 of orders-bigint (production)\n"
                                   "tminus:gate go-expand decided: GO (lag 0.4 s)\n"
                                   "tminus:step add-column done in 1.2 s\n"
                                   "mia:mia: noted: the queue ^[[31mdrains^[[0m slowly\n");
    buf_finish(&text);
    text = git_line("-C audit.git log --reverse --max-count=1 --skip=3 --format=%b runs/r1");
    assert_memory_equal(text.data, "Orders to bigint\n\n", 18);
    buf_finish(&text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_enter_memory, fixture_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_subject), TEST(test_whole), TEST(test_files_only), TEST(test_hostile), TEST(test_long),
        TEST(test_people),  TEST(test_times), TEST(test_trailers),   TEST(test_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
