/*
 * Secrets in every form that is promised, whole and in pieces.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/redact.h"

#define VALUE "p4ss w'o\"rd/+\\x%"

static struct redactor *make(const char *name, const char *value)
{
    struct redactor *redactor = redactor_create();
    struct err err = ERR_INIT;

    if (redactor_add(redactor, name, value, &err) < 0)
        fail_msg("%s", err.message);
    return redactor;
}

/* What GNU's and others' programs make of VALUE; base64 with 0, 1 and 2 bytes ("a", "ab") before it, and some
 * more after it. Made with base64, xxd, jq, printf %q and python3's urllib. */
static const char *const forms[] = {
    "p4ss w'o\"rd/+\\x%",
    "cDRzcyB3J28icmQvK1x4JQ==",
    "YXA0c3MgdydvInJkLytceCU=",
    "YWJwNHNzIHcnbyJyZC8rXHgl",
    "cDRzcyB3J28icmQvK1x4JXh5eg==",
    "YXA0c3MgdydvInJkLytceCV4eXo=",
    "cDRzcyB3J28icmQvK1x4JQ",
    "703473732077276f2272642f2b5c7825",
    "703473732077276F2272642F2B5C7825",
    "p4ss%20w%27o%22rd%2F%2B%5Cx%25",
    "p4ss%20w%27o%22rd%2f%2b%5cx%25",
    "p4ss+w%27o%22rd%2F%2B%5Cx%25",
    "%70%34%73%73%20%77%27%6F%22%72%64%2F%2B%5C%78%25",
    "p4ss w'o\\\"rd/+\\\\x%",
    "p4ss w''o\"rd/+\\x%",
    "p4ss w'\\''o\"rd/+\\x%",
    "p4ss\\ w\\'o\\\"rd\\/\\+\\\\x\\%",
};

static void test_forms(void **state)
{
    struct redactor *redactor = make("HOOK", VALUE);
    struct arena *arena = arena_create();

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        const char *clean = redact_text(redactor, arena, arena_format(arena, "before %s after", forms[i]));

        if (!strstr(clean, "[secret HOOK]") || strncmp(clean, "before ", 7) != 0 ||
            strcmp(clean + strlen(clean) - 6, " after") != 0)
            fail_msg("form %zu, %s: %s", i, forms[i], clean);
        /* Of base64 only the characters at the edges may be left, which are not of the value alone. */
        if (strlen(clean) > strlen("before [secret HOOK] after") + 8)
            fail_msg("form %zu leaves too much: %s", i, clean);
    }
    arena_destroy(arena);
    redactor_destroy(redactor);
}

static void test_nothing_to_do(void **state)
{
    struct redactor *redactor = make("HOOK", VALUE), *empty = redactor_create();
    struct arena *arena = arena_create();
    const char *text = "p4ss w'o\"rd/+\\x and no more";

    (void)state;
    assert_ptr_equal(redact_text(redactor, arena, text), text);
    assert_null(redact_text(redactor, arena, NULL));
    assert_true(redactor_is_empty(empty) && !redactor_is_empty(redactor));
    assert_ptr_equal(redact_text(empty, arena, VALUE), VALUE);
    arena_destroy(arena);
    redactor_destroy(empty);
    redactor_destroy(redactor);
}

static void test_limits(void **state)
{
    struct redactor *redactor = redactor_create();
    char longest[REDACT_LONGEST + 2];
    struct err err = ERR_INIT;

    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(redactor_add(redactor, "A", "", &err), 0);
    assert_true(redactor_is_empty(redactor));
    assert_int_equal(redactor_add(redactor, "A", "abc", &err), ERR_LIMIT);
    assert_null(strstr(err.message, "abc"));
    assert_int_equal(redactor_add(redactor, "A", longest, &err), ERR_LIMIT);
    redactor_destroy(redactor);
}

static void test_lines(void **state)
{
    struct redactor *redactor = make("KEY", "-----BEGIN\nMIIEvQIBADANBgkq\nshort\n");
    struct arena *arena = arena_create();

    (void)state;
    assert_string_equal(redact_text(redactor, arena, "x MIIEvQIBADANBgkq y short"), "x [secret KEY] y short");
    arena_destroy(arena);
    redactor_destroy(redactor);
}

/* ---- in pieces ---- */

/* The same bytes, cut anywhere, give the same as in one piece. */
static void test_pieces(void **state)
{
    struct redactor *redactor = make("HOOK", VALUE);
    struct arena *arena = arena_create();
    struct err err = ERR_INIT;
    struct buf whole, got;
    const char *clean;
    unsigned seed = 7;

    (void)state;
    assert_int_equal(redactor_add(redactor, "OTHER", "p4ssp4ss", &err), 0);
    buf_init(&whole, 100000);
    buf_init(&got, 100000);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        buf_format(&whole, "%s p4ss p4ssp4s p4ssp4ssp4ss %s%s\n", forms[i], forms[i], "p4ss w'o");
    clean = redact_text(redactor, arena, buf_str(&whole));
    for (int round = 0; round < 2000; round++) {
        struct redact_stream stream;
        size_t at = 0;

        redact_stream_init(&stream, redactor);
        buf_clear(&got);
        while (at < whole.len) {
            size_t len = 1 + (size_t)rand_r(&seed) % (round % 2 ? 3 : 60);

            if (len > whole.len - at)
                len = whole.len - at;
            redact_stream_add(&stream, whole.data + at, len, &got);
            at += len;
        }
        redact_stream_end(&stream, &got);
        redact_stream_finish(&stream);
        assert_string_equal(buf_str(&got), clean);
    }
    buf_finish(&whole);
    buf_finish(&got);
    arena_destroy(arena);
    redactor_destroy(redactor);
}

/* Only what may become a secret is held back: a prompt without a newline is seen at once. */
static void test_holds_little(void **state)
{
    struct redactor *redactor = make("HOOK", VALUE);
    struct redact_stream stream;
    struct buf got;

    (void)state;
    buf_init(&got, 1000);
    redact_stream_init(&stream, redactor);
    redact_stream_add(&stream, "password: ", 10, &got);
    assert_string_equal(buf_str(&got), "password: ");
    redact_stream_add(&stream, "p4", 2, &got);
    assert_string_equal(buf_str(&got), "password: ");
    redact_stream_add(&stream, "x", 1, &got);
    assert_string_equal(buf_str(&got), "password: p4x");
    redact_stream_finish(&stream);
    buf_finish(&got);
    redactor_destroy(redactor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),  cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_pieces), cmocka_unit_test(test_holds_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
