/* JSON pointers: the examples of RFC 6901, and everything that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "helper.h"
#include "json/pointer.h"

static const struct json *parse(struct arena *arena, const char *text)
{
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const struct json *value = parse_exactly(arena, text, strlen(text), &faults);
    assert_non_null(value);
    return value;
}

/* The document and the answers of RFC 6901, section 5. */
static void test_examples_of_the_rfc(void **state)
{
    static const char document[] =
        "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
        "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
    static const struct {
        const char *pointer, *want;
    } cases[] = {
        { "", document },
        { "/foo", "[\"bar\",\"baz\"]" },
        { "/foo/0", "\"bar\"" },
        { "/foo/1", "\"baz\"" },
        { "/", "0" },
        { "/a~1b", "1" },
        { "/c%d", "2" },
        { "/e^f", "3" },
        { "/g|h", "4" },
        { "/i\\j", "5" },
        { "/k\"l", "6" },
        { "/ ", "7" },
        { "/m~0n", "8" },
    };
    (void)state;
    struct arena *arena = arena_create();
    const struct json *root = parse(arena, document);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        const struct json *value = json_pointer(root, cases[i].pointer, &err);
        assert_string_equal(err.message, "");
        assert_non_null(value);
        assert_string_equal(encode(arena, value), cases[i].want);
    }
    arena_destroy(arena);
}

static void test_deep_and_escaped(void **state)
{
    static const struct {
        const char *document, *pointer, *want;
    } cases[] = {
        { "7", "", "7" },
        { "{\"a\":{\"b\":[{\"c\":null}]}}", "/a/b/0/c", "null" },
        { "[[1,2],[3,[4]]]", "/1/1/0", "4" },
        { "[0,1,2,3,4,5,6,7,8,9,10]", "/10", "10" },
        { "{\"\":{\"\":1}}", "//", "1" },
        { "{\"~1\":1,\"/\":2}", "/~01", "1" },
        { "{\"~1\":1,\"/\":2}", "/~1", "2" },
        { "{\"ab\":1,\"a\":2}", "/a", "2" },
        { "{\"a\":1,\"ab\":2}", "/ab", "2" },
        { "{\"01\":1,\"-\":2}", "/01", "1" },
        { "{\"01\":1,\"-\":2}", "/-", "2" },
        { "{\"\\u00fc\":1}", "/\xc3\xbc", "1" },
    };
    (void)state;
    struct arena *arena = arena_create();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        const struct json *value = json_pointer(parse(arena, cases[i].document), cases[i].pointer, &err);
        assert_string_equal(err.message, "");
        assert_non_null(value);
        assert_string_equal(encode(arena, value), cases[i].want);
    }
    arena_destroy(arena);
}

static void test_missing_parts_are_named(void **state)
{
    static const struct {
        const char *document, *pointer, *want;
    } cases[] = {
        { "{\"a\":1}", "/b", "the value has no \"b\"" },
        { "{\"a\":1}", "/", "the value has no \"\"" },
        { "{}", "/a/b", "the value has no \"a\"" },
        { "{\"a\":{\"b\":{}}}", "/a/b/c/d", "\"/a/b\" has no \"c\"" },
        { "{\"a\":[1,2]}", "/a/2", "\"/a\" has 2 items, and none at \"2\"" },
        { "[1]", "/-", "the value has 1 item, and none at \"-\"" },
        { "[1]", "/00", "the value has 1 item, and none at \"00\"" },
        { "[1,2]", "/01", "the value has 2 items, and none at \"01\"" },
        { "[1]", "/", "the value has 1 item, and none at \"\"" },
        { "[1]", "/+0", "the value has 1 item, and none at \"+0\"" },
        { "[1]", "/0x0", "the value has 1 item, and none at \"0x0\"" },
        { "[]", "/0", "the value has 0 items, and none at \"0\"" },
        { "[1,2]", "/18446744073709551617",
          "the value has 2 items, and none at \"18446744073709551617\"" }, /* 2^64 + 1 */
        { "{\"a\":\"text\"}", "/a/0", "\"/a\" is a text, which has no \"0\"" },
        { "{\"a\":null}", "/a/b", "\"/a\" is null, which has no \"b\"" },
        { "3", "/a", "the value is a number, which has no \"a\"" },
        { "{\"a/b\":{}}", "/a~1b/c~0d", "\"/a~1b\" has no \"c~0d\"" },
    };
    (void)state;
    struct arena *arena = arena_create();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        assert_null(json_pointer(parse(arena, cases[i].document), cases[i].pointer, &err));
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_string_equal(err.message, cases[i].want);
    }
    arena_destroy(arena);
}

static void test_malformed_pointers(void **state)
{
    static const struct {
        const char *pointer;
        bool want;
    } cases[] = {
        { "", true },     { "/", true },     { "/a", true },     { "/~0~1", true },
        { "//", true },   { "a", false },    { "a/b", false },   { " /a", false },
        { "#/a", false }, { "/~", false },   { "/a~", false },   { "/~2", false },
        { "~0", false },  { "/~~0", false }, { "/a~/b", false }, { "0", false },
    };
    (void)state;
    struct arena *arena = arena_create();
    const struct json *root = parse(arena, "{\"a\":1}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(json_pointer_valid(cases[i].pointer), cases[i].want);
        const struct json *value = json_pointer(root, cases[i].pointer, &err);
        if (cases[i].want) {
            assert_int_not_equal(err.code, ERR_INVALID);
        } else {
            assert_null(value);
            assert_int_equal(err.code, ERR_INVALID);
            assert_non_null(strstr(err.message, "is not a JSON pointer"));
        }
    }
    assert_null(json_pointer(root, "/b", NULL));
    arena_destroy(arena);
}

/* A pointer can be longer than a message. */
static void test_very_long_pointers(void **state)
{
    static char pointer[5001];
    (void)state;
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    memset(pointer, 'x', sizeof(pointer) - 1);
    pointer[0] = '/';
    assert_null(json_pointer(parse(arena, "{\"a\":1}"), pointer, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "the value has no \"xxx"));

    const char *document = arena_format(arena, "{\"%s\":{\"%s\":[]}}", pointer + 1, "y");
    const char *behind = arena_format(arena, "%s/y/4", pointer);
    assert_null(json_pointer(parse(arena, document), behind, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.message, "the value there has 0 items, and none at \"4\"");
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),     cmocka_unit_test(test_deep_and_escaped),
        cmocka_unit_test(test_missing_parts_are_named), cmocka_unit_test(test_malformed_pointers),
        cmocka_unit_test(test_very_long_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
