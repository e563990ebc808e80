#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static bool all_zero(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void test_memory_is_zeroed_and_never_null(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 7, 4096, 1 << 20 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        void *memory = mem_alloc(sizes[i]);
        assert_non_null(memory);
        assert_true(all_zero(memory, sizes[i]));
        memory = mem_realloc(memory, sizes[i] * 2);
        assert_non_null(memory);
        assert_true(all_zero(memory, sizes[i]));
        free(memory);
    }
    int *array = mem_array(1000, sizeof(int));
    assert_true(all_zero(array, 1000 * sizeof(int)));
    free(array);
    void *nothing = mem_realloc(NULL, 0);
    assert_non_null(nothing);
    free(nothing);
}

static void test_text_copies(void **state)
{
    (void)state;
    char original[] = "text";
    char *copy = mem_text(original);
    original[0] = 'n';
    assert_string_equal(copy, "text");
    free(copy);
    assert_null(mem_text(NULL));
}

static jmp_buf back;

static void jump_back(void)
{
    longjmp(back, 1);
}

static void test_a_product_too_big_counts_as_exhausted(void **state)
{
    (void)state;
    static const struct {
        size_t count, size;
    } cases[] = {
        { SIZE_MAX, 2 }, { 2, SIZE_MAX }, { SIZE_MAX / 2, 3 }, { SIZE_MAX, 1 }, { (size_t)1 << 63, 1 }
    };
    struct arena *arena = arena_create();
    mem_on_exhausted(jump_back);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (setjmp(back) == 0) {
            void *memory = mem_array(cases[i].count, cases[i].size);
            free(memory);
            fail_msg("case %zu gave memory", i);
        }
        if (setjmp(back) == 0) {
            arena_array(arena, cases[i].count, cases[i].size);
            fail_msg("case %zu gave memory of the arena", i);
        }
    }
    mem_on_exhausted(NULL);
    arena_destroy(arena);
}

static void test_the_default_handler_says_a_line_and_exits_with_3(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        mem_on_exhausted(NULL);
        free(mem_array(SIZE_MAX, 2));
        _exit(0);
    }
    close(ends[1]);
    char line[100] = "";
    ssize_t len = read(ends[0], line, sizeof(line) - 1);
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_true(len > 0);
    assert_string_equal(line, "tminus: out of memory\n");
}

/* Fills each piece with its own number and looks at the end whether all still hold it. */
static void test_arena_pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    enum { PIECES = 2000 };
    static unsigned char *pieces[PIECES];
    static size_t sizes[PIECES];
    struct arena *arena = arena_create();
    size_t total = 0;
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = i % 97 == 0 ? 10000 + i * 50 : i % 61;
        pieces[i] = arena_alloc(arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        assert_true(all_zero(pieces[i], sizes[i]));
        memset(pieces[i], (int)(i % 251) + 1, sizes[i]);
        total += sizes[i];
    }
    assert_int_equal(arena_used(arena), total);
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i % 251 + 1);
    }
    arena_destroy(arena);
}

static void test_arena_texts(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    assert_null(arena_text(arena, NULL));
    assert_string_equal(arena_text(arena, ""), "");
    assert_string_equal(arena_text(arena, "whole"), "whole");
    assert_string_equal(arena_text_len(arena, "whole", 3), "who");
    assert_string_equal(arena_text_len(arena, NULL, 0), "");
    assert_string_equal(arena_format(arena, "%s %d", "step", 12), "step 12");
    char big[20000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    const char *formatted = arena_format(arena, "<%s>", big);
    assert_int_equal(strlen(formatted), sizeof(big) + 1);
    assert_int_equal(formatted[sizeof(big)], '>');
    arena_destroy(arena);
    arena_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_never_null),
        cmocka_unit_test(test_text_copies),
        cmocka_unit_test(test_a_product_too_big_counts_as_exhausted),
        cmocka_unit_test(test_the_default_handler_says_a_line_and_exits_with_3),
        cmocka_unit_test(test_arena_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(test_arena_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
