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

/* What undoes the step comes in that order; -1 where it does not come. */
static int undone_at(const struct step *step, const char *title)
{
    for (size_t i = 0; i < step->rollback_count; i++) {
        if (strcmp(step->rollback[i].title, title) == 0)
            return (int)i;
    }
    return -1;
}

static bool asks_a_person(const struct step *step)
{
    return step->kind == STEP_MANUAL || (step->kind == STEP_CHECK && !query_is_there(&step->query));
}

/* A rehearsal has nobody to ask: each person has somebody who stands in. */
static void assert_no_question_left(const struct book *book)
{
    for (size_t i = 0; i < book->step_count; i++) {
        for (size_t entry = 0; entry <= book->steps[i].rollback_count; entry++) {
            const struct step *step = book_work(book, i, entry);
            if (asks_a_person(step) && step->unattended == NULL)
                fail_msg("nobody stands in for who does %s", step->id);
        }
    }
}

static void test_add_status_column(void **state)
{
    struct load load;
    (void)state;
    static const struct book_param params[] = { { "set_flag", "true" } };
    load_shipped(&load, "add-status-column", params, ARRAY_LEN(params));
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
    static const struct book_param params[] = { { "schema", "My Shop" },
                                                { "table", "user\"s" },
                                                { "set_flag", "true" } };
    struct load load;
    (void)state;
    load_shipped(&load, "add-status-column", params, ARRAY_LEN(params));
    assert_string_equal(load.book->title,
                        "Add user\"s.status with a default, and an index on (status, created_at)");
    assert_string_equal(load.book->steps[step_at(load.book, "analyze")].sql[0],
                        "ANALYZE \"My Shop\".\"user\"\"s\" (status, created_at)");
    load_finish(&load);
}

/* Nothing between `first` and `last`, which are among the steps, is long to undo. */
static void assert_quick_back(const struct book *book, const char *first, const char *last)
{
    for (size_t i = step_at(book, first); i <= step_at(book, last); i++)
        assert_true(step_rollback_us(&book->steps[i]) <= MINUTE_US);
}

static void test_split_users(void **state)
{
    static const struct book_param params[] = { { "set_flag", "true" }, { "settle", "2s" } };
    struct load load;
    (void)state;
    load_shipped(&load, "split-users", params, ARRAY_LEN(params));
    assert_cautious(load.book);
    const struct book *book = load.book;
    /* Rows are copied only when every write is carried over, and nothing flows back before they are there. */
    assert_true(step_at(book, "trigger-forward") < step_at(book, "fill-profiles"));
    assert_true(step_at(book, "fill-preferences") < step_at(book, "trigger-reverse-profiles"));
    assert_true(step_at(book, "trigger-reverse-preferences") < step_at(book, "reads-5"));
    /* The soak stands before the first step with a long way back. */
    assert_quick_back(book, "working-schema", "drop-forward");
    assert_true(step_at(book, "soaked") < step_at(book, "drop-forward"));
    assert_true(step_rollback_us(&book->steps[step_at(book, "drop-reverse")]) > 5 * MINUTE_US);
    /* On the way back the values come when what carries them over is there again. */
    const struct step *reverse = &book->steps[step_at(book, "drop-reverse")];
    assert_int_equal(undone_at(reverse, "Whoever writes the children writes users too"), 0);
    assert_true(undone_at(reverse, "users gets what profiles has") > 0);
    assert_int_equal(book->steps[step_at(book, "soaked")].until.for_us, 24 * HOUR_US);
    assert_int_equal(book->steps[step_at(book, "reads-5-steady")].until.for_us, 2 * SECOND_US);
    load_finish(&load);
}

static void test_status_v2(void **state)
{
    static const struct book_param params[] = { { "set_flag", "true" },
                                                { "metrics", "http://127.0.0.1/p95" },
                                                { "p95_limit_ms", "7" } };
    struct load load;
    (void)state;
    load_shipped(&load, "status-to-status-v2", params, ARRAY_LEN(params));
    assert_cautious(load.book);
    const struct book *book = load.book;
    assert_true(step_at(book, "dual-write") < step_at(book, "fill"));
    assert_true(step_at(book, "validate") < step_at(book, "not-null"));
    assert_true(step_at(book, "archive") < step_at(book, "drop-dual-write"));
    assert_quick_back(book, "working-schema", "archive");
    const struct trigger *latency = &book->triggers[book_find_trigger(book, "latency-up")];
    assert_int_equal(latency->when.for_us, 10 * MINUTE_US);
    assert_true(latency->when.value > 6.9 && latency->when.value < 7.1);
    const struct step *dual = &book->steps[step_at(book, "drop-dual-write")];
    assert_int_equal(undone_at(dual, "Whoever writes one column writes both"), 0);
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

/* The way back from the exchange is one transaction before anything that takes long, and nothing is let go of
 * before a gate of its own. */
static void test_widen(void **state)
{
    struct load load;
    (void)state;
    load_shipped(&load, "widen-user-id", NULL, 0);
    assert_cautious(load.book);
    assert_no_question_left(load.book);
    size_t keeps = step_at(load.book, "users-trigger"), fills = step_at(load.book, "fill-users");
    size_t proves = step_at(load.book, "users-validate"), not_null = step_at(load.book, "users-not-null");
    size_t swap = step_at(load.book, "swap"), released = step_at(load.book, "stop-keeping");
    size_t wide = step_at(load.book, "sequence"), drops = step_at(load.book, "drop-id-old");
    assert_true(keeps < fills && fills < proves && proves < not_null && not_null < swap);
    assert_true(swap < released && released < wide && wide < drops);
    assert_true(load.book->steps[swap].phase < load.book->steps[released].phase);
    assert_true(load.book->steps[wide].phase < load.book->steps[drops].phase);
    const struct step *exchange = &load.book->steps[swap];
    assert_int_equal(exchange->lock_timeout_us, 500 * MS_US);
    assert_true(exchange->transaction && exchange->rollback[0].transaction);
    assert_int_equal(exchange->rollback[0].lock_timeout_us, 500 * MS_US);
    /* The parent first, as who writes both locks them. */
    assert_non_null(strstr(exchange->sql[0], "public.users, ONLY public.orders"));
    assert_string_equal(exchange->rollback[0].sql[0], exchange->sql[0]);
    load_finish(&load);
}

/* What the application wrote is kept after its flag went back, for the canary and for all. */
static void test_tenants(void **state)
{
    struct load load;
    (void)state;
    load_shipped(&load, "tenants", NULL, 0);
    assert_cautious(load.book);
    assert_no_question_left(load.book);
    assert_true(step_at(load.book, "canary-keep") < step_at(load.book, "canary-app-on"));
    assert_true(step_at(load.book, "keep") < step_at(load.book, "app-on"));
    size_t canary = step_at(load.book, "canary-index"), rest = step_at(load.book, "rest-column");
    assert_true(load.book->steps[canary].phase < load.book->steps[rest].phase);
    assert_non_null(load.book->steps[rest].each);
    load_finish(&load);
}

/* There is a way back from everything before the application is let in, and it says that there is none after.
 */
static void test_pg_upgrade(void **state)
{
    static const struct book_param params[] = {
        { "connection", "service=old" }, { "application", "app" },        { "configure_new", "true" },
        { "rebuild_replica", "true" },   { "close_application", "true" }, { "open_application", "true" },
    };
    struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    struct load load;
    (void)state;
    load_shipped_with(&load, "postgresql-pg-upgrade", &options);
    const struct book *book = load.book;
    size_t open = step_at(book, "open");
    assert_non_null(book->steps[open].irreversible);
    for (size_t i = 0; i < book->step_count; i++) {
        const struct step *step = &book->steps[i];
        if (i != open && step_kind_changes(step->kind))
            assert_true(step->rollback_count > 0);
    }
    assert_no_question_left(book);
    /* Before it the new server was looked at, behind a gate. */
    assert_true(book->steps[step_at(book, "rows-same")].phase < book->steps[open].phase);
    load_finish(&load);
}

static void test_replace_service(void **state)
{
    static const struct book_param params[] = {
        { "green_version", "2" }, { "deploy_green", "true" },  { "remove_green", "true" },
        { "try_green", "true" },  { "set_share", "true" },     { "ttl_low", "true" },
        { "ttl_back", "true" },   { "name_to_green", "true" }, { "name_to_blue", "true" },
        { "stop_blue", "true" },  { "start_blue", "true" },    { "remove_blue", "true" },
    };
    struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    struct load load;
    (void)state;
    load_shipped_with(&load, "replace-service", &options);
    assert_cautious(load.book);
    assert_no_question_left(load.book);
    assert_int_equal(load.book->target_count, 0);
    /* Nobody holds the name for long before anything is moved, and nobody asks blue when it is stopped. */
    size_t ttl = step_at(load.book, "old-ttl-out"), first = step_at(load.book, "to-5");
    assert_true(ttl < first && first < step_at(load.book, "to-50"));
    assert_true(step_at(load.book, "drained") < step_at(load.book, "stop-blue"));
    load_finish(&load);
}

/* Each definition is a step of its own, says how it is carried out, and waits for nobody for long. */
static void test_mysql_column(void **state)
{
    static const struct book_param params[] = { { "set_flag", "true" }, { "schema", "a`b\"c" } };
    struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    struct load load;
    (void)state;
    load_shipped_with(&load, "mysql-add-column-index", &options);
    const struct book *book = load.book;
    assert_cautious(book);
    assert_no_question_left(book);
    static const char *const alters[] = { "add-column", "create-index" };
    for (size_t i = 0; i < ARRAY_LEN(alters); i++) {
        const struct step *way[] = { &book->steps[step_at(book, alters[i])], NULL };
        way[1] = &way[0]->rollback[0];
        for (size_t k = 0; k < ARRAY_LEN(way); k++) {
            assert_int_equal(way[k]->sql_count, 1);
            assert_false(way[k]->transaction);
            assert_in_range(way[k]->lock_timeout_us, SECOND_US, 5 * SECOND_US);
            assert_true(way[k]->retry.attempts > 1 && query_is_there(&way[k]->probe));
            assert_non_null(strstr(way[k]->sql[0], "ALTER TABLE \"a`b\"\"c\".\"users\" "));
            assert_non_null(
                strstr(way[k]->sql[0], i == 0 ? "ALGORITHM=INSTANT" : "ALGORITHM=INPLACE, LOCK=NONE"));
        }
    }
    /* The replica has the column before rows are written for it; the values are kept after the flag went
     * back. */
    assert_true(step_at(book, "column-on-replica") < step_at(book, "fill"));
    assert_true(step_at(book, "keep-values") < step_at(book, "app-on"));
    load_finish(&load);
}

/* Nobody writes while it is compared; MySQL follows before anybody writes on MariaDB, and has everything
 * before it is looked at whether it does. */
static void test_mysql_move(void **state)
{
    static const struct book_param params[] = {
        { "old_host", "old" },
        { "new_host", "new" },
        { "old_options", "old.cnf" },
        { "new_options", "new.cnf" },
        { "application_on_old", "a" },
        { "application_on_new", "b" },
        { "smoke", "INSERT INTO t () VALUES ()" },
        { "route_to_old", "true" },
        { "route_to_new", "true" },
    };
    struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    struct load load;
    (void)state;
    load_shipped_with(&load, "mysql-5.6-to-mariadb", &options);
    const struct book *book = load.book;
    assert_cautious(book);
    assert_no_question_left(book);
    size_t fenced = step_at(book, "fence-old"), quiet = step_at(book, "writers-gone");
    size_t drained = step_at(book, "drained"), compared = step_at(book, "compared");
    size_t off = step_at(book, "forward-off"), back = step_at(book, "follow-back");
    size_t opened = step_at(book, "open-new");
    assert_true(fenced < quiet && quiet < step_at(book, "close-log") && step_at(book, "close-log") < drained);
    assert_true(drained < compared && compared < off && off < back && back < opened);
    assert_true(book->steps[fenced].phase < book->steps[opened].phase);
    /* What a fence takes is written down before it is taken. */
    assert_true(step_at(book, "remember") < step_at(book, "revoke"));
    const struct step *open = &book->steps[opened];
    int applied = undone_at(open, "MySQL has applied everything");
    assert_int_equal(undone_at(open, "Fence MariaDB"), 0);
    assert_true(applied > 0 && applied < undone_at(open, "Both are equal"));
    load_finish(&load);
}

/* DMS ends before triggers are on Aurora, nobody writes while it is compared, and MySQL follows before
 * anybody writes on Aurora. */
static void test_aurora(void **state)
{
    static const struct book_param params[] = {
        { "new_host", "new" },
        { "old_options", "old.cnf" },
        { "new_options", "new.cnf" },
        { "application_on_old", "a" },
        { "application_on_new", "b" },
        { "instance_arn", "arn" },
        { "instance_id", "mig" },
        { "source_arn", "arn" },
        { "target_arn", "arn" },
        { "cluster", "shop" },
        { "app_down", "true" },
        { "app_up", "true" },
        { "smoke", "INSERT INTO t () VALUES ()" },
        { "route_to_old", "true" },
        { "route_to_new", "true" },
    };
    struct book_options options = { .param_count = ARRAY_LEN(params), .params = params };
    struct load load;
    (void)state;
    load_shipped_with(&load, "mysql-to-aurora", &options);
    const struct book *book = load.book;
    assert_cautious(book);
    assert_no_question_left(book);
    size_t fenced = step_at(book, "fence-old"), drained = step_at(book, "drained");
    size_t ended = step_at(book, "stop-task"), compared = step_at(book, "compared");
    size_t back = step_at(book, "follow-back"), opened = step_at(book, "open-new");
    assert_true(fenced < drained && drained < ended && ended < step_at(book, "programs"));
    assert_true(ended < compared && compared < back && back < opened);
    assert_true(step_at(book, "cost") < step_at(book, "create-task"));
    const struct step *open = &book->steps[opened];
    int applied = undone_at(open, "MySQL has applied everything");
    assert_int_equal(undone_at(open, "It may not"), 0);
    assert_true(applied > 0 && applied < undone_at(open, "Both are equal"));
    load_finish(&load);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_status_column),
        cmocka_unit_test(test_other_table),
        cmocka_unit_test(test_split_users),
        cmocka_unit_test(test_status_v2),
        cmocka_unit_test(test_demo),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_widen),
        cmocka_unit_test(test_tenants),
        cmocka_unit_test(test_pg_upgrade),
        cmocka_unit_test(test_replace_service),
        cmocka_unit_test(test_mysql_column),
        cmocka_unit_test(test_mysql_move),
        cmocka_unit_test(test_aurora),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
