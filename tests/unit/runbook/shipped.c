#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"

/* The shipped books, as the operator would load them. */

/* What the book names: it stands beside it. */
static void read_named(struct arena *arena, const struct buf *book, struct book_options *options)
{
    const char *const *names = book_files_named(arena, buf_str(book), book->len);
    size_t count = 0;
    while (names[count])
        count++;
    struct book_file *files = arena_array(arena, count + 1, sizeof(*files));
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        struct err err = ERR_INIT;
        buf_init(&text, JSON_MAX_BYTES);
        if (file_read(arena_format(arena, BOOKS "/%s", names[i]), &text, &err) < 0)
            fail_msg("%s", err.message);
        files[i] = (struct book_file){ .name = names[i], .text = arena_text(arena, buf_str(&text)) };
        buf_finish(&text);
    }
    options->files = files;
    options->file_count = count;
}

static void load_shipped_with(struct load *load, const char *name, struct book_options *options)
{
    struct arena *arena = arena_create();
    struct buf text;
    struct err err = ERR_INIT;
    char *path = replaced(BOOKS "/@.json", "@", name);
    buf_init(&text, JSON_MAX_BYTES);
    if (file_read(path, &text, &err) < 0)
        fail_msg("%s", err.message);
    assert_null(strchr(buf_str(&text), '`')); /* it means something else in these tests */
    read_named(arena, &text, options);
    load_init(load, buf_str(&text), options);
    assert_string_equal(buf_str(&load->faults), "");
    assert_string_equal(load->book->id, name);
    buf_finish(&text);
    arena_destroy(arena);
    free(path);
}

static void load_shipped(struct load *load, const char *name, const struct book_param *params, size_t count)
{
    struct book_options options = {
        .targets_path = "t.json", .targets_text = sample_targets, .param_count = count, .params = params
    };
    load_shipped_with(load, name, &options);
}

static size_t step_at(const struct book *book, const char *id)
{
    size_t index = book_find_step(book, id);
    if (index == BOOK_NONE)
        fail_msg("no step %s", id);
    return index;
}

/* Each change can be taken back, but in a phase that cleans up: there it says why it cannot be. */
static void assert_can_be_undone(const struct book *book, const struct step *step)
{
    if (!step_kind_changes(step->kind))
        return;
    assert_true(step->rollback_count > 0 ||
                (step->irreversible && book->phases[step->phase].kind == PHASE_CLEANUP));
    assert_true(step->estimate.max_us > 0);
}

/* What every shipped book promises: each change can be taken back, within a window, past a second person. */
static void assert_cautious(const struct book *book)
{
    assert_true(book->window_us > book->margin_us);
    assert_true(book->gate_count >= 2);
    for (size_t i = 0; i < book->gate_count; i++) {
        assert_int_equal(book->gates[i].vote_count, 2);
        assert_true(book->gates[i].criterion_count > 0);
    }
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        assert_can_be_undone(book, step);
        if (step->kind == STEP_SQL)
            assert_true(step->statement_timeout_us > 0);
        if (step->kind == STEP_SQL && step->transaction)
            assert_true(step->lock_timeout_us > 0);
    }
}

static void test_add_status_column(void **state)
{
    struct load load;
    (void)state;
    load_shipped(&load, "add-status-column", NULL, 0);
    assert_cautious(load.book);
    const struct step *alter = &load.book->steps[step_at(load.book, "add-column")];
    const struct step *index = &load.book->steps[step_at(load.book, "create-index")];
    assert_string_equal(alter->sql[0], "ALTER TABLE \"public\".\"users\" ADD COLUMN IF NOT EXISTS status "
                                       "varchar(50) NOT NULL DEFAULT 'active'");
    assert_int_equal(alter->lock_timeout_us, 500 * MS_US);
    assert_int_equal(alter->retry.attempts, 12);
    assert_false(index->transaction);
    assert_int_equal(index->lock_timeout_us, 0);
    assert_non_null(index->probe.sql);
    /* the values are kept after the flag went back */
    assert_true(step_at(load.book, "keep-values") < step_at(load.book, "app-on"));
    load_finish(&load);
}

static void test_other_table(void **state)
{
    static const struct book_param params[] = { { "schema", "My Shop" }, { "table", "user\"s" } };
    struct load load;
    (void)state;
    load_shipped(&load, "add-status-column", params, ARRAY_LEN(params));
    assert_string_equal(load.book->title,
                        "Add user\"s.status with a default, and an index on (status, created_at)");
    assert_string_equal(load.book->steps[step_at(load.book, "analyze")].sql[0],
                        "ANALYZE \"My Shop\".\"user\"\"s\" (status, created_at)");
    load_finish(&load);
}

static void test_demo(void **state)
{
    struct load load;
    int64_t longest_us = 0;
    (void)state;
    load_shipped(&load, "demo", NULL, 0);
    assert_cautious(load.book);
    assert_int_equal(load.book->window_us, 30 * MINUTE_US);
    assert_int_equal(load.book->margin_us, 2 * MINUTE_US);
    for (size_t i = 0; i < load.book->step_count; i++)
        longest_us += load.book->steps[i].estimate.max_us;
    assert_true(longest_us < 100 * SECOND_US);
    for (size_t kind = 0; kind <= STEP_WAIT; kind++) { /* it shows what most books have */
        size_t i = 0;
        while (i < load.book->step_count && load.book->steps[i].kind != (enum step_kind)kind)
            i++;
        assert_true(i < load.book->step_count);
    }
    load_finish(&load);
}

/* What undoes the step comes in that order; -1 where it does not come. */
static int undone_at(const struct step *step, const char *title)
{
    for (size_t i = 0; i < step->rollback_count; i++) {
        if (strcmp(step->rollback[i].title, title) == 0)
            return (int)i;
    }
    return -1;
}

static void test_upgrade(void **state)
{
    static const struct book_param params[] = {
        { "old_server", "service=old" },
        { "new_server", "service=new" },
        { "old_from_new", "service=old" },
        { "new_from_old", "service=new" },
        { "application_on_old", "service=old" },
        { "application_on_new", "service=new" },
        { "route_to_old", "true" },
        { "route_to_new", "true" },
    };
    struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    struct load load;
    (void)state;
    load_shipped_with(&load, "postgresql-12-to-15", &options);
    assert_cautious(load.book);
    /* Nobody writes while it is compared; there is a way back before anybody writes on 15. */
    size_t fenced = step_at(load.book, "fence-old"), compared = step_at(load.book, "compared");
    size_t back = step_at(load.book, "subscription-back"), opened = step_at(load.book, "open-new");
    assert_true(fenced < compared && compared < back && back < opened);
    assert_true(step_at(load.book, "forward-off") < back);
    assert_true(load.book->steps[fenced].phase < load.book->steps[opened].phase);
    /* Everything that was written is on 12 before it is looked at whether it is. */
    const struct step *open = &load.book->steps[opened];
    int drained = undone_at(open, "12 has everything, on disk");
    assert_int_equal(undone_at(open, "Fence 15"), 0);
    assert_true(drained > 0 && drained < undone_at(open, "Both are equal"));
    load_finish(&load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_status_column),
        cmocka_unit_test(test_other_table),
        cmocka_unit_test(test_demo),
        cmocka_unit_test(test_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
