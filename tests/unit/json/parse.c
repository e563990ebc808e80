#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "helper.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static void test_reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* as it is written again */
    } cases[] = {
        { "null", "null" },
        { " \t\r\n true \n", "true" },
        { "false", "false" },
        { "0", "0" },
        { "-0", "0" },
        { "-12", "-12" },
        { "9007199254740992", "9007199254740992" },
        { "-9007199254740992", "-9007199254740992" },
        { "9007199254740991", "9007199254740991" },
        { "1.5", "1.5" },
        { "0.1", "0.1" },
        { "-1.25e2", "-125" },
        { "1E3", "1000" },
        { "1e+3", "1000" },
        { "1e-3", "0.001" },
        { "0e999", "0" },
        { "0.0e-999", "0" },
        { "1e300", "1e+300" },
        { "2.2250738585072014e-308", "2.2250738585072014e-308" },
        { "5e-324", "4.94065645841247e-324" },
        { "1.7976931348623157e308", "1.7976931348623157e+308" },
        { "123456789012345678901234567890123456789012345678901234567890.5", "1.2345678901234567e+59" },
        { "\"\"", "\"\"" },
        { "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"a\\\"\\\\/\\b\\f\\n\\r\\t\"" },
        { "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "\"A\\u00e9\\u20ac\\ud83d\\ude00\"" },
        { "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\\u00e9\\u20ac\\ud83d\\ude00\"" },
        { "\"\\ud800\\udc00\\udbff\\udfff\"", "\"\\ud800\\udc00\\udbff\\udfff\"" },
        { "\"\\u001b\\u007f\x7f\"", "\"\\u001b\\u007f\\u007f\"" },
        { "[]", "[]" },
        { "[ ]", "[]" },
        { "{ }", "{}" },
        { "[ 1 , [ 2 ] , { } ]", "[1,[2],{}]" },
        { "{ \"b\" : 1 , \"a\" : { \"b\" : null } }", "{\"b\":1,\"a\":{\"b\":null}}" }, /* order is kept */
        { "{\"\":0,\"A\":1,\"a\":2}", "{\"\":0,\"A\":1,\"a\":2}" },
        { "[{\"a\":1},{\"a\":1}]", "[{\"a\":1},{\"a\":1}]" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct json_faults faults;
        json_faults_init(&faults, arena);
        const struct json *value = parse_exactly(arena, cases[i].text, strlen(cases[i].text), &faults);
        assert_string_equal(list_faults(&faults), "");
        assert_non_null(value);
        assert_string_equal(encode(arena, value), cases[i].want);
        arena_destroy(arena);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } cases[] = {
        { BYTES(""), "1:1: expected a value, found the end of the text" },
        { BYTES(" \n "), "2:2: expected a value, found the end of the text" },
        { BYTES("1 2"), "1:3: expected nothing after the value, found '2'" },
        { BYTES("{}\n}"), "2:1: expected nothing after the value, found '}'" },
        { BYTES("1\0"), "1:2: expected nothing after the value, found the control character U+0000" },
        { BYTES("\xef\xbb\xbf{}"), "1:1: expected a value, found a byte order mark" },
        { BYTES("\f1"), "1:1: expected a value, found the control character U+000C" },
        { BYTES("nul"),
          "1:1: expected a value, found the word nul: a text stands in double quotes, words are true, "
          "false, null" },
        { BYTES("True"), "1:1: expected a value, found the word True" },
        { BYTES("A"), "1:1: expected a value, found the word A:" },
        { BYTES("NaN"), "1:1: expected a value, found the word NaN" },
        { BYTES("truex"), "1:1: expected a value, found the word truex" },
        { BYTES("'a'"), "1:1: expected a value, found '''" },
        { BYTES("// a\n1"), "1:1: expected a value, found '/'" },
        { BYTES("\xe2\x80\xae"), "1:1: expected a value, found '<U+202E>'" },
        { BYTES("\xff"), "1:1: expected a value, found the byte 0xff, which is not UTF-8" },
        /* numbers */
        { BYTES("01"), "1:1: expected a number that does not begin with 0, found '0'" },
        { BYTES("-01"), "1:2: expected a number that does not begin with 0, found '0'" },
        { BYTES("+1"), "1:1: expected a value, found '+'" },
        { BYTES(".5"), "1:1: expected a value, found '.'" },
        { BYTES("-"), "1:2: expected a digit, found the end of the text" },
        { BYTES("1."), "1:3: expected a digit, found the end of the text" },
        { BYTES("1.e5"), "1:3: expected a digit, found 'e'" },
        { BYTES("1e"), "1:3: expected a digit, found the end of the text" },
        { BYTES("1e+-5"), "1:4: expected a digit, found '-'" },
        { BYTES("0x10"), "1:2: expected nothing after the value, found 'x'" },
        { BYTES("9007199254740993"), "1:1: the integer 9007199254740993 is beyond 2^53" },
        { BYTES("-9007199254740993"), "1:1: the integer -9007199254740993 is beyond 2^53" },
        { BYTES("[18446744073709551617]"),
          "1:2: the integer 18446744073709551617 is beyond 2^53" }, /* 2^64+1 */
        { BYTES("90071992547409920"), "1:1: the integer 90071992547409920 is beyond 2^53" },
        { BYTES("[1, 1e999]"), "1:5: the number is too big for a double to hold" },
        { BYTES("-1e999"), "1:1: the number is too big for a double to hold" },
        { BYTES("1e-999"), "1:1: the number is too small for a double to hold" },
        { BYTES("0.00000000000000000000000000000000000000000000000000000000000001"), /* 64 characters */
          "1:1: a number of 64 characters is over the maximum of 63" },
        /* texts */
        { BYTES("[\"abc"), "1:2: the text that begins here has no closing quote" },
        { BYTES("\"abc\\\""), "1:1: the text that begins here has no closing quote" },
        { BYTES("\"a\nb\""),
          "1:3: expected a character or an escape such as \\n or \\u001b in a text, found the "
          "control character U+000A" },
        { BYTES("\"a\tb\""), "1:3: expected a character or an escape" },
        { BYTES("\"a\0b\""), "1:3: expected a character or an escape" },
        { BYTES("\"a\\u0000b\""), "1:3: \\u0000 is not allowed in a text" },
        { BYTES("{\"\\u0000\":1}"), "1:3: \\u0000 is not allowed in a text" },
        { BYTES("\"\\x41\""), "1:3: expected one of \" \\ / b f n r t u after \\ in a text, found 'x'" },
        { BYTES("\"\\"),
          "1:3: expected one of \" \\ / b f n r t u after \\ in a text, found the end of the text" },
        { BYTES("\"\\u12g4\""), "1:6: expected four hexadecimal digits after \\u, found 'g'" },
        { BYTES("\"\\u12"), "1:6: expected four hexadecimal digits after \\u, found the end of the text" },
        { BYTES("\"\\ud800\""), "1:2: \\ud800 is the first half of a surrogate pair without the second" },
        { BYTES("\"\\ud800x\""), "1:2: \\ud800 is the first half" },
        { BYTES("\"\\ud800\\n\""), "1:2: \\ud800 is the first half" },
        { BYTES("\"\\ud800\\ud800\""), "1:2: \\ud800 is the first half" },
        { BYTES("\"a\\udc00\""), "1:3: \\udc00 is the second half of a surrogate pair without the first" },
        { BYTES("\"a\xff\""), "1:3: expected UTF-8 in a text, found the byte 0xff, which is not UTF-8" },
        { BYTES("\"\xc0\xaf\""), "1:2: expected UTF-8 in a text, found the byte 0xc0" },
        { BYTES("\"\xed\xa0\x80\""), "1:2: expected UTF-8 in a text, found the byte 0xed" },
        { BYTES("\"\xe2\x82"), "1:2: expected UTF-8 in a text, found the byte 0xe2" },
        /* arrays and objects */
        { BYTES("["), "1:2: expected a value, found the end of the text" },
        { BYTES("[1"), "1:3: expected \",\" or \"]\" after an item of an array, found the end of the text" },
        { BYTES("[1 2]"), "1:4: expected \",\" or \"]\" after an item of an array, found '2'" },
        { BYTES("[1,]"), "1:4: expected a value, found ']'" },
        { BYTES("[,1]"), "1:2: expected a value, found ','" },
        { BYTES("[1}"), "1:3: expected \",\" or \"]\" after an item of an array, found '}'" },
        { BYTES("{a:1}"), "1:2: expected a key in double quotes, found 'a'" },
        { BYTES("{1:1}"), "1:2: expected a key in double quotes, found '1'" },
        { BYTES("{\"a\" 1}"), "1:6: expected \":\" after a key, found '1'" },
        { BYTES("{\"a\":}"), "1:6: expected a value, found '}'" },
        { BYTES("{\"a\":1 \"b\":2}"),
          "1:8: expected \",\" or \"}\" after a member of an object, found '\"'" },
        { BYTES("{\"a\":1,}"), "1:8: expected a key in double quotes, found '}'" },
        { BYTES("{\"a\":1,\n \"a\":2}"),
          "2:2: the key \"a\" stands here for the second time; the first is at line 1, "
          "column 2" },
        { BYTES("{\"a\":1,\"\\u0061\":2}"), "1:8: the key \"a\" stands here for the second time" },
        { BYTES("{\"b\":1,\"a\":2,\"a\":3,\"b\":4}"), "1:14: the key \"a\" stands here for the second time" },
        { BYTES("{\"a\":1,\"a\":2,\"a\":3}"), "1:8: the key \"a\" stands here for the second time" },
        { BYTES("[{\"x\":{\"\":1,\"\":2}}]"), "1:13: the key \"\" stands here for the second time" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct json_faults faults;
        json_faults_init(&faults, arena);
        assert_null(parse_exactly(arena, cases[i].bytes, cases[i].len, &faults));
        assert_int_equal(faults.count, 1);
        if (!text_starts(list_faults(&faults), cases[i].want))
            fail_msg("case %zu: %s", i, list_faults(&faults));
        arena_destroy(arena);
    }
}

static void test_types_and_values(void **state)
{
    (void)state;
    static const char text[] =
        "{\"n\":null,\"t\":true,\"i\":-3,\"d\":3.0,\"e\":3e0,\"s\":\"x\",\"a\":[7,8],\"o\":{}}";
    static const struct {
        const char *key;
        enum json_type type;
        const char *word;
        bool integer;
        size_t count;
    } cases[] = {
        { "n", JSON_NULL, "null", false, 0 },       { "t", JSON_BOOL, "true or false", false, 0 },
        { "i", JSON_NUMBER, "a number", true, 0 },  { "d", JSON_NUMBER, "a number", false, 0 },
        { "e", JSON_NUMBER, "a number", false, 0 }, { "s", JSON_TEXT, "a text", false, 0 },
        { "a", JSON_ARRAY, "an array", false, 2 },  { "o", JSON_OBJECT, "an object", false, 0 },
    };
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const struct json *root = parse_exactly(arena, BYTES(text), &faults);
    assert_non_null(root);
    assert_int_equal(root->count, ARRAY_LEN(cases));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *value = json_member(root, cases[i].key);
        assert_ptr_equal(value, &root->items[i]);
        assert_int_equal(value->type, cases[i].type);
        assert_string_equal(json_type_word(value->type), cases[i].word);
        assert_int_equal(value->integer, cases[i].integer);
        assert_int_equal(value->count, cases[i].count);
    }
    assert_true(json_member(root, "t")->boolean);
    assert_int_equal((int)json_member(root, "i")->number, -3);
    assert_string_equal(json_member(root, "s")->text, "x");
    assert_int_equal((int)json_member(root, "a")->items[1].number, 8);
    assert_null(json_member(root, "missing"));
    assert_null(json_member(json_member(root, "a"), "n"));
    assert_null(json_member(NULL, "n"));
    arena_destroy(arena);
}

static void test_places(void **state)
{
    (void)state;
    static const char text[] = "\n  { \"id\": 1,\n"
                               "    \"\xc3\xa9\"  :\n"
                               "      [ true,\r\n"
                               "\tnull, {\"k\":\"v\"} ] }";
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const struct json *root = parse_exactly(arena, BYTES(text), &faults);
    assert_non_null(root);
    const struct json *array = &root->items[1];
    const struct {
        const struct json *value;
        const char *key;
        int line, column, key_line, key_column;
    } cases[] = {
        { root, NULL, 2, 3, 0, 0 },
        { &root->items[0], "id", 2, 11, 2, 5 },
        { array, "\xc3\xa9", 4, 7, 3, 5 },
        { &array->items[0], NULL, 4, 9, 0, 0 },
        { &array->items[1], NULL, 5, 2, 0, 0 },
        { &array->items[2], NULL, 5, 8, 0, 0 },
        { &array->items[2].items[0], "k", 5, 13, 5, 9 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(text_equal(cases[i].value->key, cases[i].key));
        assert_int_equal(cases[i].value->line, cases[i].line);
        assert_int_equal(cases[i].value->column, cases[i].column);
        assert_int_equal(cases[i].value->key_line, cases[i].key_line);
        assert_int_equal(cases[i].value->key_column, cases[i].key_column);
    }
    arena_destroy(arena);
}

/* A document of `len` bytes: a number and spaces. */
static void test_size(void **state)
{
    (void)state;
    char *bytes = malloc(JSON_MAX_BYTES + 1);
    memset(bytes, ' ', JSON_MAX_BYTES + 1);
    bytes[0] = '1';
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    assert_non_null(json_parse(arena, bytes, JSON_MAX_BYTES, &faults));
    assert_null(json_parse(arena, bytes, JSON_MAX_BYTES + 1, &faults));
    assert_string_equal(list_faults(&faults), "1:1: 1048577 bytes are over the maximum of 1048576\n");
    arena_destroy(arena);
    free(bytes);
}

static void test_depth(void **state)
{
    (void)state;
    static const struct {
        const char *open, *close;
        int levels;
        const char *want_faults;
    } cases[] = {
        { "[", "]", JSON_MAX_DEPTH, "" },
        { "[", "]", JSON_MAX_DEPTH + 1, "1:33: nested deeper than 32 levels\n" },
        { "{\"a\":", "}", JSON_MAX_DEPTH, "" },
        { "{\"a\":", "}", JSON_MAX_DEPTH + 1, "1:161: nested deeper than 32 levels\n" },
        { "[", "", 100000, "1:33: nested deeper than 32 levels\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text;
        buf_init(&text, JSON_MAX_BYTES);
        for (int k = 0; k < cases[i].levels; k++)
            buf_text(&text, cases[i].open);
        if (cases[i].open[0] == '{')
            buf_text(&text, "1");
        for (int k = 0; k < cases[i].levels; k++)
            buf_text(&text, cases[i].close);
        struct arena *arena = arena_create();
        struct json_faults faults;
        json_faults_init(&faults, arena);
        const struct json *value = parse_exactly(arena, buf_str(&text), text.len, &faults);
        assert_string_equal(list_faults(&faults), cases[i].want_faults);
        assert_int_equal(value == NULL, faults.count > 0);
        arena_destroy(arena);
        buf_finish(&text);
    }
}

/* Comparing each key with each would be ten thousand million comparisons; the limit is far below that and far
 * above what sorting takes. */
static void test_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 80000 };
    static const struct {
        int last;
        const char *want;
    } cases[] = {
        { KEYS, "" },
        { 0,
          "80001:1: the key \"00000\" stands here for the second time; the first is at line 1, column 2\n" },
        { KEYS / 2, "80001:1: the key \"40000\" stands here for the second time; the first is at line 40001, "
                    "column 1\n" },
    };
    clock_t start = clock();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf text;
        buf_init(&text, JSON_MAX_BYTES);
        for (int k = 0; k < KEYS; k++)
            buf_format(&text, "%s\"%05d\":0", k == 0 ? "{" : ",\n", k);
        buf_format(&text, ",\n\"%05d\":0}", cases[i].last);
        assert_false(text.overflow);
        struct arena *arena = arena_create();
        struct json_faults faults;
        json_faults_init(&faults, arena);
        const struct json *value = parse_exactly(arena, buf_str(&text), text.len, &faults);
        assert_string_equal(list_faults(&faults), cases[i].want);
        assert_int_equal(value != NULL && value->count == KEYS + 1, faults.count == 0);
        arena_destroy(arena);
        buf_finish(&text);
    }
    assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
}

static void test_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t max;
        int want;
        const char *want_message;
    } cases[] = {
        { "{\"a\":1}", 7, 0, "" },
        { "{\"a\":1}", 6, ERR_LIMIT, "a line of 7 bytes is over the maximum of 6" },
        { "{\"a\":}", 100, ERR_INVALID, "line 1, column 6: expected a value, found '}'" },
        { "{\"a\":1,\"a\":1}", 100, ERR_INVALID,
          "line 1, column 8: the key \"a\" stands here for the second time; the first is at line 1, column "
          "2" },
        { "", 100, ERR_INVALID, "line 1, column 1: expected a value, found the end of the text" },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct err err = ERR_INIT;
        const struct json *value =
            json_parse_line(arena, cases[i].text, strlen(cases[i].text), cases[i].max, &err);
        assert_int_equal(value == NULL, cases[i].want < 0);
        assert_int_equal(err.code, cases[i].want);
        assert_string_equal(err.message, cases[i].want_message);
        assert_int_equal(json_parse_line(arena, cases[i].text, strlen(cases[i].text), cases[i].max, NULL) ==
                             NULL,
                         cases[i].want < 0);
        arena_destroy(arena);
    }
}

static void test_faults_are_visible_and_bounded(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    json_fault_add(&faults, 3, 4, "found \"%s\"", "\x1b[2J");
    for (int i = 1; i < JSON_FAULTS_MAX + 5; i++)
        json_fault_add(&faults, i, 1, "fault %d", i);
    assert_int_equal(faults.count, JSON_FAULTS_MAX);
    assert_int_equal(faults.more, 5);
    assert_string_equal(faults.list[0].message, "found \"^[[2J\"");
    assert_string_equal(faults.list[JSON_FAULTS_MAX - 1].message, "fault 99");
    arena_destroy(arena);
}

/* What stands before each part of a text, as it is written and as it reads. */
static void test_written(void **state)
{
    static const char *const parts[] = { "ab",
                                         "\\n",
                                         "\\\"",
                                         "\\/",
                                         "\xc3\xa9",
                                         "\\u00e9",
                                         "c",
                                         "\\ud83d\\ude00",
                                         "\\u20ac",
                                         "\\u007f",
                                         "\xf0\x9f\x98\x80",
                                         "z" };
    static const size_t lengths[] = { 2, 1, 1, 1, 2, 2, 1, 4, 3, 1, 4, 1 };
    struct arena *arena = arena_create();
    const char *written = "";
    size_t at = 0, read = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        written = arena_format(arena, "%s%s", written, parts[i]);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        assert_int_equal(json_written(written, read), at);
        at += strlen(parts[i]);
        read += lengths[i];
    }
    assert_int_equal(json_written(written, read), strlen(written));
    const char *document = arena_format(arena, "\"%s\"", written);
    struct json_faults faults;
    json_faults_init(&faults, arena);
    assert_int_equal(strlen(json_parse(arena, document, strlen(document), &faults)->text), read);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),   cmocka_unit_test(test_written),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_types_and_values),
        cmocka_unit_test(test_places),  cmocka_unit_test(test_size),
        cmocka_unit_test(test_depth),   cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_line),    cmocka_unit_test(test_faults_are_visible_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
