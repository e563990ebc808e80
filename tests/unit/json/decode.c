#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "helper.h"

/* A made-up thing with a field of every kind. */
struct thing {
    const char *id;
    const char *title;
    bool background;
    int64_t attempts;
    int64_t spare;
    int64_t any;
    double weight;
    int64_t timeout_us;
    struct duration_range estimate;
    int64_t volume_bytes;
    int kind;
    struct json_texts after;
    const struct json *value;
    const struct json *sense;
    const struct json *steps;
};

static const char *const kind_words[] = { "sql", "check", "command", NULL };

#define FIELD(key, kind, member, ...)                                                                        \
    {                                                                                                        \
        key, kind, offsetof(struct thing, member), __VA_ARGS__, .help = ""                                   \
    }

static const struct json_field fields[] = {
    FIELD("id", JSON_FIELD_ID, id, JSON_REQUIRED),
    FIELD("title", JSON_FIELD_TEXT, title, JSON_REQUIRED | JSON_NONEMPTY),
    FIELD("background", JSON_FIELD_BOOL, background, 0),
    FIELD("attempts", JSON_FIELD_INTEGER, attempts, 0, .min = 1, .max = 10),
    FIELD("spare", JSON_FIELD_INTEGER, spare, 0, .min = 0, .max = 3),
    FIELD("any", JSON_FIELD_INTEGER, any, 0),
    FIELD("weight", JSON_FIELD_NUMBER, weight, 0),
    FIELD("timeout", JSON_FIELD_DURATION, timeout_us, 0),
    FIELD("estimate", JSON_FIELD_RANGE, estimate, 0),
    FIELD("volume", JSON_FIELD_SIZE, volume_bytes, 0),
    FIELD("kind", JSON_FIELD_ENUM, kind, 0, .words = kind_words),
    FIELD("after", JSON_FIELD_TEXTS, after, JSON_NONEMPTY),
    FIELD("value", JSON_FIELD_VALUE, value, 0),
    FIELD("sense", JSON_FIELD_OBJECT, sense, 0),
    FIELD("steps", JSON_FIELD_ARRAY, steps, 0),
    { .key = NULL },
};

static int decode(struct arena *arena, const char *text, struct thing *thing, struct json_faults *faults)
{
    json_faults_init(faults, arena);
    const struct json *object = parse_exactly(arena, text, strlen(text), faults);
    assert_non_null(object);
    return json_decode(arena, object, fields, thing, "step \"add-column\"", faults);
}

static void test_every_kind(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    struct thing thing = { 0 };
    int r = decode(arena,
                   "{\"id\":\"add-column\",\"title\":\"Add \\u00e9\",\"background\":true,\"attempts\":10,"
                   "\"any\":-9007199254740992,\"weight\":0.5,\"timeout\":\"1h30m\",\"estimate\":\"1s..5s\","
                   "\"volume\":\"64KiB\",\"kind\":\"command\",\"after\":[\"a\",\"b\"],\"value\":null,"
                   "\"sense\":{\"x\":1},\"steps\":[1,2,3]}",
                   &thing, &faults);
    assert_string_equal(list_faults(&faults), "");
    assert_int_equal(r, 0);
    assert_string_equal(thing.id, "add-column");
    assert_string_equal(thing.title, "Add \xc3\xa9");
    assert_true(thing.background);
    assert_int_equal(thing.attempts, 10);
    assert_int_equal(thing.any, -(INT64_C(1) << 53));
    assert_true(thing.weight > 0.49 && thing.weight < 0.51);
    assert_int_equal(thing.timeout_us, 90 * MINUTE_US);
    assert_int_equal(thing.estimate.min_us, SECOND_US);
    assert_int_equal(thing.estimate.max_us, 5 * SECOND_US);
    assert_int_equal(thing.volume_bytes, 65536);
    assert_int_equal(thing.kind, 2);
    assert_int_equal(thing.after.count, 2);
    assert_string_equal(thing.after.list[1], "b");
    assert_int_equal(thing.value->type, JSON_NULL);
    assert_int_equal(json_member(thing.sense, "x")->type, JSON_NUMBER);
    assert_int_equal(thing.steps->count, 3);
    arena_destroy(arena);
}

static void test_what_is_absent_keeps_its_default(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    struct thing thing = { .timeout_us = 7, .kind = 1, .attempts = 3 };
    assert_int_equal(decode(arena, "{\"title\":\"T\",\"id\":\"x\",\"after\":\"one\"}", &thing, &faults), 0);
    assert_int_equal(thing.timeout_us, 7);
    assert_int_equal(thing.kind, 1);
    assert_int_equal(thing.attempts, 3);
    assert_null(thing.value);
    assert_int_equal(thing.after.count, 1); /* one text counts as an array of one */
    assert_string_equal(thing.after.list[0], "one");
    arena_destroy(arena);
}

/* Each case stands behind a good id and title: `"id":"x","title":"T",` takes 22 columns, so that the member
 * begins in column 23. */
static void test_faults_of_one_member(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        const char *want;
    } cases[] = {
        { "\"tilte\":1", "1:23: unknown field \"tilte\" in step \"add-column\"; did you mean \"title\"?" },
        { "\"zebra\":1", "1:23: unknown field \"zebra\" in step \"add-column\"" },
        { "\"a\\u001bb\":1", "1:23: unknown field \"a^[b\" in step \"add-column\"" },
        { "\"timeout\":3",
          "1:33: \"timeout\" of step \"add-column\" wants a duration such as \"250ms\", \"3s\", "
          "\"20m\" or \"2h\", not a number" },
        { "\"timeout\":null",
          "1:33: \"timeout\" of step \"add-column\" wants a duration such as \"250ms\", \"3s\", "
          "\"20m\" or \"2h\", not null" },
        { "\"timeout\":\"3\"",
          "1:33: \"timeout\" of step \"add-column\" is wrong: \"3\" is not a duration: expected "
          "one such as \"250ms\", \"3s\", \"20m\", \"2h\" or \"1h30m\"" },
        { "\"estimate\":1",
          "1:34: \"estimate\" of step \"add-column\" wants a duration or a range of two such as "
          "\"1s..5s\", not a number" },
        { "\"estimate\":\"5s..1s\"",
          "1:34: \"estimate\" of step \"add-column\" is wrong: range \"5s..1s\" begins "
          "with its longer end: expected \"min..max\"" },
        { "\"volume\":5",
          "1:32: \"volume\" of step \"add-column\" wants a size such as \"200GB\", \"512MB\" or "
          "\"64KiB\", not a number" },
        { "\"volume\":\"5 GB\"",
          "1:32: \"volume\" of step \"add-column\" is wrong: \"5 GB\" is not a size: expected "
          "a whole number of bytes, or one with a unit such as \"200GB\", \"512MB\" or "
          "\"64KiB\"" },
        { "\"background\":\"yes\"",
          "1:36: \"background\" of step \"add-column\" wants true or false, not a text" },
        { "\"attempts\":\"1\"",
          "1:34: \"attempts\" of step \"add-column\" wants a whole number, not a text" },
        { "\"attempts\":0",
          "1:34: \"attempts\" of step \"add-column\" wants a whole number from 1 to 10, not 0" },
        { "\"attempts\":11",
          "1:34: \"attempts\" of step \"add-column\" wants a whole number from 1 to 10, not 11" },
        { "\"attempts\":1.0",
          "1:34: \"attempts\" of step \"add-column\" wants a whole number, not one with a fraction "
          "or an exponent" },
        { "\"spare\":-1", "1:31: \"spare\" of step \"add-column\" wants a whole number from 0 to 3, not -1" },
        { "\"weight\":{}", "1:32: \"weight\" of step \"add-column\" wants a number, not an object" },
        { "\"kind\":1", "1:30: \"kind\" of step \"add-column\" wants a word, not a number" },
        { "\"kind\":\"chekc\"",
          "1:30: \"kind\" of step \"add-column\" wants \"sql\", \"check\" or \"command\", not "
          "\"chekc\"; did you mean \"check\"?" },
        { "\"kind\":\"\"",
          "1:30: \"kind\" of step \"add-column\" wants \"sql\", \"check\" or \"command\", not \"\"" },
        { "\"after\":true",
          "1:31: \"after\" of step \"add-column\" wants a text or an array of texts, not true or "
          "false" },
        { "\"after\":[\"a\",2]",
          "1:36: \"after\" of step \"add-column\" wants texts only, but item 2 is a number" },
        { "\"after\":[]", "1:31: \"after\" of step \"add-column\" must not be empty" },
        { "\"sense\":[]", "1:31: \"sense\" of step \"add-column\" wants an object, not an array" },
        { "\"steps\":{}", "1:31: \"steps\" of step \"add-column\" wants an array, not an object" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct json_faults faults;
        const struct thing untouched = { .kind = -1, .timeout_us = -1, .attempts = -1, .volume_bytes = -1 };
        struct thing thing = untouched;
        const char *text = arena_format(arena, "{\"id\":\"x\",\"title\":\"T\",%s}", cases[i].member);
        assert_int_equal(decode(arena, text, &thing, &faults), ERR_INVALID);
        assert_string_equal(list_faults(&faults), arena_format(arena, "%s\n", cases[i].want));
        thing.id = NULL;
        thing.title = NULL;
        assert_memory_equal(&thing, &untouched, sizeof(thing)); /* nothing of the bad member was stored */
        arena_destroy(arena);
    }
}

static void test_all_faults_are_found_in_one_pass(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    struct thing thing = { 0 };
    assert_int_equal(decode(arena, "\n {\"id\":\"No Id\",\n\"kidn\":\"sql\",\n\"title\":\"\",\"attempts\":2}",
                            &thing, &faults),
                     ERR_INVALID);
    assert_string_equal(
        list_faults(&faults),
        "2:8: \"id\" of step \"add-column\" wants an id of at most 64 characters from a-z, 0-9, \".\", "
        "\"_\" and \"-\", beginning with a letter or digit, not \"No Id\"\n"
        "3:1: unknown field \"kidn\" in step \"add-column\"; did you mean \"kind\"?\n"
        "4:9: \"title\" of step \"add-column\" must not be empty\n");
    assert_int_equal(thing.attempts, 2);
    assert_int_equal(decode(arena, "\n {}", &thing, &faults), ERR_INVALID);
    assert_string_equal(list_faults(&faults), "2:2: step \"add-column\" lacks the field \"id\"\n"
                                              "2:2: step \"add-column\" lacks the field \"title\"\n");
    assert_int_equal(decode(arena, "[1]", &thing, &faults), ERR_INVALID);
    assert_string_equal(list_faults(&faults), "1:1: step \"add-column\" must be an object, not an array\n");
    arena_destroy(arena);
}

static void test_faults_before_do_not_count(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    for (int i = 0; i < JSON_FAULTS_MAX; i++)
        json_fault_add(&faults, 1, 1, "earlier");
    static const char good[] = "{\"id\":\"x\",\"title\":\"T\"}";
    static const char bad[] = "{\"id\":\"x\",\"title\":7}";
    struct thing thing = { 0 };
    const struct json *object = parse_exactly(arena, good, sizeof(good) - 1, &faults);
    assert_int_equal(json_decode(arena, object, fields, &thing, "step", &faults), 0);
    object = parse_exactly(arena, bad, sizeof(bad) - 1, &faults);
    assert_int_equal(json_decode(arena, object, fields, &thing, "step", &faults),
                     ERR_INVALID); /* though not kept */
    assert_int_equal(faults.more, 1);
    object = parse_exactly(arena, good, sizeof(good) - 1, &faults);
    assert_int_equal(json_decode(arena, object, fields, &thing, "step", &faults), 0);
    arena_destroy(arena);
}

static void test_long_texts_are_quoted_by_their_beginning(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    struct thing thing = { 0 };
    char word[5001];
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    const char *text =
        arena_format(arena, "{\"id\":\"x\",\"title\":\"T\",\"kind\":\"%s\",\"%s\":1}", word, word);
    assert_int_equal(decode(arena, text, &thing, &faults), ERR_INVALID);
    const char *want =
        arena_format(arena,
                     "1:30: \"kind\" of step \"add-column\" wants \"sql\", \"check\" or \"command\", not "
                     "\"%.60s...\"\n"
                     "1:5033: unknown field \"%.60s...\" in step \"add-column\"\n",
                     word, word);
    assert_string_equal(list_faults(&faults), want);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_what_is_absent_keeps_its_default),
        cmocka_unit_test(test_faults_of_one_member),
        cmocka_unit_test(test_all_faults_are_found_in_one_pass),
        cmocka_unit_test(test_faults_before_do_not_count),
        cmocka_unit_test(test_long_texts_are_quoted_by_their_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
