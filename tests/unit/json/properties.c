#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "helper.h"

/* Properties over made-up input. The seed is fixed: what fails once fails again. */
#define SEED 20261120u

/* A value is one that stays itself: written, read and written again it is the same bytes. */
static void check_stable(struct arena *arena, const struct json *value)
{
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const char *once = encode(arena, value);
    const struct json *back = parse_exactly(arena, once, strlen(once), &faults);
    if (back == NULL)
        fail_msg("%s does not read back: %s", once, list_faults(&faults));
    assert_string_equal(encode(arena, back), once);
}

/* Either a value that is stable, or nothing and exactly one fault with a place inside the text. */
static bool check_parse(const char *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct json_faults faults;
    json_faults_init(&faults, arena);
    const struct json *value = parse_exactly(arena, bytes, len, &faults);
    assert_int_equal(faults.count, value == NULL ? 1 : 0);
    if (value != NULL)
        check_stable(arena, value);
    else
        assert_true(faults.list[0].line >= 1 && faults.list[0].column >= 1 &&
                    (size_t)faults.list[0].column <= len + 1);
    arena_destroy(arena);
    return value != NULL;
}

static void test_any_bytes(void **state)
{
    (void)state;
    unsigned seed = SEED;
    for (int round = 0; round < 20000; round++) {
        char bytes[48];
        size_t len = (size_t)rand_r(&seed) % sizeof(bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rand_r(&seed);
        check_parse(bytes, len);
    }
}

/* Pieces of JSON in any order come much nearer to JSON than bytes do. */
static void test_any_pieces(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"a\"",
        "\"b\"",
        "\"\\u0061\"",
        "1",
        "-",
        "0",
        ".5",
        "e3",
        "true",
        "nu",
        "null",
        " ",
        "\n",
        "\"",
        "\\",
        "\\ud800",
        "\xc3",
        "\xc3\xa9",
        "\"k\":1,",
        "[1]",
        "{}",
        "1e999",
        "\\u00",
        "\"\\n\"",
        "9007199254740993",
    };
    unsigned seed = SEED;
    int good = 0;
    for (int round = 0; round < 100000; round++) {
        struct buf text;
        buf_init(&text, 1000);
        for (int count = rand_r(&seed) % 7; count >= 0; count--)
            buf_text(&text, pieces[(size_t)rand_r(&seed) % ARRAY_LEN(pieces)]);
        good += check_parse(buf_str(&text), text.len);
        buf_finish(&text);
    }
    assert_true(good > 1000); /* or the loop would test refusal only */
}

static void write_text(struct json_writer *w, const char *key, unsigned *seed)
{
    char bytes[12];
    size_t len = (size_t)rand_r(seed) % sizeof(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(rand_r(seed) % 4 == 0 ? rand_r(seed) : 'a' + rand_r(seed) % 26);
    json_put_bytes(w, key, bytes, len);
}

static void write_value(struct json_writer *w, const char *key, unsigned *seed, int depth)
{
    int kind = rand_r(seed) % (depth < 6 ? 8 : 6);
    int count = rand_r(seed) % 5;
    if (kind == 0)
        json_put_null(w, key);
    else if (kind == 1)
        json_put_bool(w, key, count % 2 == 0);
    else if (kind == 2)
        json_put_integer(w, key, ((int64_t)rand_r(seed) << 22) - rand_r(seed));
    else if (kind == 3)
        json_put_number(w, key, ldexp(rand_r(seed) - 1e9, rand_r(seed) % 200 - 100));
    else if (kind < 6)
        write_text(w, key, seed);
    else if (kind == 6) {
        json_open_array(w, key);
        for (int i = 0; i < count; i++)
            write_value(w, NULL, seed, depth + 1);
        json_close_array(w);
    } else {
        static const char *const keys[] = { "a", "b\n", "c\xc3\xa9", "", "\x1b" };
        json_open(w, key);
        for (int i = 0; i < count; i++)
            write_value(w, keys[i], seed, depth + 1);
        json_close(w);
    }
}

/* What the writer writes, the reader reads, and it comes out as the same bytes; broken in one place, it is
 * still only refused. */
static void test_written_documents(void **state)
{
    (void)state;
    unsigned seed = SEED;
    for (int round = 0; round < 3000; round++) {
        struct buf text;
        struct json_writer w;
        buf_init(&text, JSON_MAX_BYTES);
        json_write_init(&w, &text);
        write_value(&w, NULL, &seed, 0);
        assert_false(text.overflow);
        struct arena *arena = arena_create();
        struct json_faults faults;
        json_faults_init(&faults, arena);
        const struct json *value = parse_exactly(arena, buf_str(&text), text.len, &faults);
        assert_string_equal(list_faults(&faults), "");
        assert_string_equal(encode(arena, value), buf_str(&text));
        arena_destroy(arena);
        for (int k = 0; k < 5; k++) {
            text.data[(size_t)rand_r(&seed) % text.len] = (char)rand_r(&seed);
            check_parse(buf_str(&text), (size_t)rand_r(&seed) % text.len + 1);
        }
        buf_finish(&text);
    }
}

/* Every finite double comes back as the same bits, but for the sign of zero. */
static void test_any_double(void **state)
{
    (void)state;
    unsigned seed = SEED;
    struct buf text;
    buf_init(&text, 100);
    for (int round = 0; round < 50000; round++) {
        uint64_t bits =
            (uint64_t)rand_r(&seed) << 42 ^ (uint64_t)rand_r(&seed) << 21 ^ (uint64_t)rand_r(&seed);
        double number;
        memcpy(&number, &bits, sizeof(number));
        if (!isfinite(number))
            continue;
        struct arena *arena = arena_create();
        struct json_faults faults;
        struct json_writer w;
        buf_clear(&text);
        json_write_init(&w, &text);
        json_put_number(&w, NULL, number);
        json_faults_init(&faults, arena);
        const struct json *value = parse_exactly(arena, buf_str(&text), text.len, &faults);
        assert_string_equal(list_faults(&faults), "");
        assert_memory_equal(&value->number, &number, sizeof(number));
        arena_destroy(arena);
    }
    buf_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_any_pieces),
        cmocka_unit_test(test_written_documents),
        cmocka_unit_test(test_any_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
