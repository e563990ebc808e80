/*
 * A book and, after a NUL, the targets file. Whatever it is: a book, or faults that stand where there is
 * text; and the same again the second time.
 */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "runbook/book.h"

static int lines_of(const char *text, size_t len)
{
    int lines = 1;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

static void check_faults(const struct json_faults *faults, const char *text, size_t len)
{
    int lines = lines_of(text, len);

    for (size_t i = 0; i < faults->count; i++) {
        const struct json_fault *fault = &faults->list[i];

        assert(fault->line >= 0 && fault->line <= lines);
        assert(fault->message && fault->message[0]);
    }
}

static void check_book(const struct book *book)
{
    for (size_t i = 0; i < book->step_count; i++) {
        assert(book_find_step(book, book->steps[i].id) == i);
        assert(book->steps[i].phase < book->phase_count);
    }
    for (size_t i = 0; i < book->gate_count; i++)
        assert(book_find_gate(book, book->gates[i].id) == i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *nul = memchr(data, '\0', size);
    size_t len = nul ? (size_t)(nul - text) : size;
    struct book_options options = { .targets_path = nul ? "targets.json" : NULL,
                                    .targets_text = nul ? nul + 1 : NULL,
                                    .targets_len = nul ? size - len - 1 : 0 };
    size_t faulty[2];

    for (int i = 0; i < 2; i++) {
        struct arena *arena = arena_create();
        struct json_faults faults, target_faults;
        const struct book *book;

        json_faults_init(&faults, arena);
        json_faults_init(&target_faults, arena);
        book = book_load(arena, "book.json", text, len, &options, &faults, &target_faults);
        faulty[i] = faults.count + target_faults.count;
        assert((book != NULL) == (faulty[i] == 0));
        check_faults(&faults, text, len);
        if (nul)
            check_faults(&target_faults, options.targets_text, options.targets_len);
        if (book)
            check_book(book);
        arena_destroy(arena);
    }
    assert(faulty[0] == faulty[1]);
    return 0;
}
