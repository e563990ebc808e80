#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <string.h>

#include "helper.h"

static void test_document(void **state)
{
    (void)state;
    struct buf buf;
    struct json_writer w;
    buf_init(&buf, 1000);
    json_write_init(&w, &buf);
    json_open(&w, NULL);
    json_put_text(&w, "text", "a");
    json_put_text(&w, "none", NULL);
    json_put_integer(&w, "integer", -5);
    json_put_bool(&w, "yes", true);
    json_put_bool(&w, "no", false);
    json_put_null(&w, "null");
    json_open_array(&w, "empty");
    json_close_array(&w);
    json_open_array(&w, "array");
    json_put_integer(&w, NULL, 1);
    json_open(&w, NULL);
    json_put_number(&w, "n", 0.5);
    json_close(&w);
    json_open(&w, NULL);
    json_close(&w);
    json_close_array(&w);
    json_put_text(&w, "k\"\n", "");
    json_close(&w);
    assert_string_equal(buf_str(&buf),
                        "{\"text\":\"a\",\"none\":null,\"integer\":-5,\"yes\":true,\"no\":false,"
                        "\"null\":null,\"empty\":[],\"array\":[1,{\"n\":0.5},{}],\"k\\\"\\n\":\"\"}");
    buf_finish(&buf);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *want;
    } cases[] = {
        { 0.0, "0" },
        { -0.0, "0" },
        { 1.0, "1" },
        { -42.0, "-42" },
        { 1e15, "1000000000000000" },
        { 9007199254740992.0, "9007199254740992" },
        { -9007199254740992.0, "-9007199254740992" },
        { 9007199254740994.0, "9007199254740994.0" }, /* as an integer it would be refused */
        { -1e16, "-1e+16" },
        { 1e22, "1e+22" },
        { 0.1, "0.1" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 1.0 / 3.0, "0.3333333333333333" },
        { 100.25, "100.25" },
        { 1e-7, "1e-07" },
        { 5e-324, "4.94065645841247e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { INFINITY, "null" },
        { -INFINITY, "null" },
        { NAN, "null" },
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_writer w;
        buf_clear(&buf);
        json_write_init(&w, &buf);
        json_put_number(&w, NULL, cases[i].number);
        assert_string_equal(buf_str(&buf), cases[i].want);
    }
    buf_finish(&buf);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        int64_t number;
        const char *want;
    } cases[] = {
        { 0, "0" },
        { INT64_C(1795215998123456), "1795215998123456" },
        { INT64_C(1) << 53, "9007199254740992" },
        { -(INT64_C(1) << 53), "-9007199254740992" },
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct json_writer w;
        buf_clear(&buf);
        json_write_init(&w, &buf);
        json_put_integer(&w, NULL, cases[i].number);
        assert_string_equal(buf_str(&buf), cases[i].want);
    }
    buf_finish(&buf);
}

static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } cases[] = {
        { "", 0, "\"\"" },
        { "plain ~/", 8, "\"plain ~/\"" },
        { "\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\"" },
        { "\x01\x1b\x1f\x7f", 4, "\"\\u0001\\u001b\\u001f\\u007f\"" },
        { "\xc3\xa9\xe2\x82\xac", 5, "\"\\u00e9\\u20ac\"" },
        { "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf", 8, "\"\\ud83d\\ude00\\udbff\\udfff\"" },
        { "a\0b", 3, "\"a\\ufffdb\"" },
        { "\xff\xc3", 2, "\"\\ufffd\\ufffd\"" },
        { "\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"" },
    };
    struct buf buf;
    buf_init(&buf, 100);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *arena = arena_create();
        struct json_faults faults;
        struct json_writer w;
        buf_clear(&buf);
        json_write_init(&w, &buf);
        json_put_bytes(&w, NULL, cases[i].bytes, cases[i].len);
        assert_string_equal(buf_str(&buf), cases[i].want);
        json_faults_init(&faults, arena);
        const struct json *back = parse_exactly(arena, buf_str(&buf), buf.len, &faults);
        assert_non_null(back); /* whatever was written can be read */
        assert_string_equal(encode(arena, back), cases[i].want);
        arena_destroy(arena);
    }
    buf_finish(&buf);
}

static void test_a_full_buffer_is_told(void **state)
{
    (void)state;
    struct buf buf;
    struct json_writer w;
    struct err err = ERR_INIT;
    buf_init(&buf, 10);
    json_write_init(&w, &buf);
    json_open_array(&w, NULL);
    json_put_text(&w, NULL, "longer than ten");
    json_close_array(&w);
    assert_int_equal(buf_ok(&buf, "the message", &err), ERR_LIMIT);
    buf_finish(&buf);
}

/* Numbers do not follow the locale, in neither direction. Without a locale that has another decimal point on
 * this machine it holds what the other tests hold. */
static void test_the_locale_does_not_matter(void **state)
{
    (void)state;
    static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF.UTF-8" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)setlocale(LC_NUMERIC, names[i]); /* not there: the one before stays */
        struct arena *arena = arena_create();
        struct json_faults faults;
        json_faults_init(&faults, arena);
        const struct json *value = parse_exactly(arena, "[0.5,1.25e-10]", 14, &faults);
        assert_non_null(value);
        assert_true(value->items[0].number > 0.49 && value->items[0].number < 0.51);
        assert_string_equal(encode(arena, value), "[0.5,1.25e-10]");
        arena_destroy(arena);
    }
    assert_non_null(setlocale(LC_NUMERIC, "C"));
}

/* What is long gets lines, what fits stays on one; what stands in texts is left alone. */
static void test_layout(void **state)
{
    (void)state;
    static const struct {
        const char *canonical;
        const char *want;
    } cases[] = {
        { "1", "1\n" },
        { "{}", "{}\n" },
        { "[]", "[]\n" },
        { "{\"a\":[1,{\"b\":[]}],\"c\":{}}", "{ \"a\": [1, { \"b\": [] }], \"c\": {} }\n" },
        { "[\"{,:\\\"}]\\\\\",2]", "[\"{,:\\\"}]\\\\\", 2]\n" },
        { "{\"long\":[\"0123456789012345678901234567890123456789\",{\"n\":[1,2]},"
          "\"012345678901234567890123456789\"],\"b\":{\"c\":null}}",
          "{\n"
          "  \"long\": [\"0123456789012345678901234567890123456789\", { \"n\": [1, 2] }, "
          "\"012345678901234567890123456789\"],\n"
          "  \"b\": { \"c\": null }\n"
          "}\n" },
        { "{\"long\":[\"0123456789012345678901234567890123456789\",[],"
          "\"0123456789012345678901234567890123456789012345678901234\"]}",
          "{\n"
          "  \"long\": [\n"
          "    \"0123456789012345678901234567890123456789\",\n"
          "    [],\n"
          "    \"0123456789012345678901234567890123456789012345678901234\"\n"
          "  ]\n"
          "}\n" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf buf;
        buf_init(&buf, 1000);
        json_indent(&buf, cases[i].canonical);
        assert_string_equal(buf_str(&buf), cases[i].want);
        buf_finish(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_a_full_buffer_is_told),
        cmocka_unit_test(test_the_locale_does_not_matter),
        cmocka_unit_test(test_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
