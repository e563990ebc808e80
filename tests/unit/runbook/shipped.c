#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"

/* The shipped books, as the operator would load them. */

static void load_shipped(struct load *load, const char *name, const struct book_param *params, size_t count)
{
    struct buf text;
    struct err err = ERR_INIT;
    struct book_options options = {
        .targets_path = "t.json", .targets_text = sample_targets, .param_count = count, .params = params
    };
    char *path = replaced(BOOKS "/@.json", "@", name);
    buf_init(&text, JSON_MAX_BYTES);
    if (file_read(path, &text, &err) < 0)
        fail_msg("%s", err.message);
    assert_null(strchr(buf_str(&text), '`')); /* it means something else in these tests */
    load_init(load, buf_str(&text), &options);
    assert_string_equal(buf_str(&load->faults), "");
    assert_string_equal(load->book->id, name);
    buf_finish(&text);
    free(path);
}

static size_t step_at(const struct book *book, const char *id)
{
    size_t index = book_find_step(book, id);
    if (index == BOOK_NONE)
        fail_msg("no step %s", id);
    return index;
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
        if (step_kind_changes(step->kind)) {
            assert_true(step->rollback_count > 0);
            assert_true(step->estimate.max_us > 0);
        }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_status_column),
        cmocka_unit_test(test_other_table),
        cmocka_unit_test(test_demo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
