/* The book of kinds as it is decoded: each field, what it is when nobody says so, and what steps are made. */
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int setup(void **state)
{
    return load_state(state, kinds_book, &kinds_options);
}

static void test_backfill(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *step = step_of(book, "backfill");
    const struct backfill_def *def = step->backfill;
    assert_int_equal(step->kind, STEP_BACKFILL);
    assert_int_equal(step->target, book_find_target(book, "old"));
    assert_string_equal(def->table, "public.big");
    assert_string_equal(def->set, "c = ';' || 'it''s'");
    assert_string_equal(def->where, "c IS NULL");
    assert_int_equal(def->key_count, 2);
    assert_string_equal(def->key[1], "b");
    assert_int_equal(def->batch, 500);
    assert_int_equal(def->batch_time_us, 200 * MS_US);
    assert_int_equal(def->pause_us, 5 * MS_US);
    assert_int_equal(def->attempts, 3);
    assert_int_equal(step->lock_timeout_us, 2 * SECOND_US);
    assert_int_equal(step->statement_timeout_us, 9 * SECOND_US);
    assert_int_equal(def->throttle_count, 2);
    assert_int_equal(def->throttle[1].monitor, book_find_monitor(book, "web"));
    assert_string_equal(def->throttle[1].metric, "value");
    assert_int_equal(def->throttle[1].age_us, 4 * SECOND_US);
    assert_string_equal(step->probe.sql, "SELECT all_done()");
    assert_int_equal(step->probe.target, step->target);
    assert_true(step->background);
    assert_true(step_is_beside(step));
    assert_true(step_kind_changes(STEP_BACKFILL) && step_kind_resumes(STEP_BACKFILL));
}

static void test_backfill_statement(void **state)
{
    struct load load;
    char *text = replaced(kinds_book, "`set`:`a = 1`,`where`:`a IS NULL`",
                          "`statement`:`INSERT INTO x SELECT id, ${word} FROM tminus_batch`");
    (void)state;
    load_init(&load, text, &kinds_options);
    assert_string_equal(buf_str(&load.faults), "");
    const struct backfill_def *def = step_of(load.book, "plain")->backfill;
    assert_string_equal(def->statement, "INSERT INTO x SELECT id, 'it''s' FROM tminus_batch");
    assert_null(def->set);
    assert_string_equal(backfill_batch_text(load.arena, def),
                        "WITH tminus_batch AS (SELECT id FROM t), tminus_done AS (INSERT INTO x SELECT id, "
                        "'it''s' FROM tminus_batch RETURNING 1) SELECT 1");
    load_finish(&load);
    free(text);
}

/* Its keys are a part of the statement only where the statement can be one of a query. */
static void test_backfill_statement_elsewhere(void **state)
{
    struct load load;
    char *engine = replaced(kinds_book, "`old`:{`engine`:`postgresql`", "`old`:{`engine`:`mariadb`");
    char *text = replaced(engine, "`set`:`a = 1`,`where`:`a IS NULL`",
                          "`statement`:`INSERT INTO x SELECT id FROM tminus_batch`");
    (void)state;
    load_init(&load, text, &kinds_options);
    assert_non_null(strstr(buf_str(&load.faults), "31:83: a \"statement\" of a backfill is for postgresql in "
                                                  "this version, and target \"old\" is mariadb"));
    load_finish(&load);
    free(text);
    free(engine);
}

/* What a metric is compared with may be a param. */
static void test_threshold_from_param(void **state)
{
    struct load load;
    char *text = replaced(kinds_book, "`is`:`<`,`value`:9}", "`is`:`<`,`value`:`${batch}`}");
    (void)state;
    load_init(&load, text, &kinds_options);
    assert_string_equal(buf_str(&load.faults), "");
    double value = step_of(load.book, "settled")->until.value;
    assert_true(value > 499 && value < 501);
    load_finish(&load);
    free(text);
}

static void test_backfill_defaults(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *step = step_of(book, "plain");
    const struct step *undo = &step->rollback[0];
    const struct backfill_def *def = step->backfill;
    assert_int_equal(def->key_count, 1);
    assert_int_equal(def->batch, 5000);
    assert_int_equal(def->batch_time_us, 100 * MS_US);
    assert_int_equal(def->pause_us, 0);
    assert_int_equal(def->attempts, 10);
    assert_int_equal(def->throttle_count, 0);
    assert_int_equal(step->lock_timeout_us, SECOND_US);
    assert_int_equal(step->statement_timeout_us, 30 * SECOND_US);
    assert_int_equal(step->retry.attempts, 1);
    assert_false(query_is_there(&step->probe));
    assert_false(step_is_beside(step));
    assert_int_equal(undo->kind, STEP_BACKFILL);
    assert_int_equal(undo->target, step->target);
    assert_string_equal(undo->backfill->set, "a = NULL");
}

static void test_compare(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct compare_def *same = step_of(book, "same")->compare;
    const struct compare_def *all = step_of(book, "all")->compare;
    assert_int_equal(same->left, book_find_target(book, "old"));
    assert_int_equal(same->right, book_find_target(book, "new"));
    assert_string_equal(same->left_table, "public.big");
    assert_string_equal(same->right_table, "big");
    assert_int_equal(same->key_count, 1);
    assert_string_equal(same->key[0], "id");
    assert_int_equal(same->column_count, 2);
    assert_string_equal(same->columns[1], "b");
    assert_int_equal(same->sum_count, 1);
    assert_string_equal(same->where, "b = 'it''s'");
    assert_int_equal(same->chunk, 1000);
    assert_int_equal(same->timeout_us, MINUTE_US);
    assert_int_equal(same->rechecks, 0);
    assert_false(same->sequences);
    assert_int_equal(same->pattern_count, 0);
    assert_null(all->left_table);
    assert_null(all->right_table);
    assert_int_equal(all->pattern_count, 2);
    assert_string_equal(all->patterns[1], "!public.x*");
    assert_int_equal(all->key_count + all->column_count + all->sum_count, 0);
    assert_null(all->where);
    assert_int_equal(all->chunk, 50000);
    assert_int_equal(all->timeout_us, 5 * MINUTE_US);
    assert_true(all->sequences);
    assert_int_equal(all->sequence_margin, 100);
    assert_int_equal(all->rechecks, 5);
    assert_int_equal(all->recheck_wait_us, SECOND_US);
    assert_false(step_kind_changes(STEP_COMPARE));
}

static void test_notify(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *tell = step_of(book, "tell");
    const struct notice *hooked = step_of(book, "hook")->notice;
    const struct notice *posted = step_of(book, "post")->notice;
    assert_string_equal(tell->notice->id, "begun");
    assert_string_equal(tell->notice->to, "all");
    assert_string_equal(tell->notice->text, "it begins");
    assert_int_equal(tell->notice->argv_count, 2);
    assert_string_equal(tell->notice->argv[1], "it's");
    assert_null(tell->notice->url);
    assert_int_equal(tell->timeout_us, 10 * SECOND_US);
    assert_true(step_is_beside(tell));
    assert_null(hooked->url); /* a secret stands in no book */
    assert_string_equal(hooked->url_from, "env:HOOK");
    assert_string_equal(hooked->url_label, "hook");
    assert_int_equal(step_of(book, "hook")->timeout_us, 3 * SECOND_US);
    assert_string_equal(posted->url, "https://chat.test/x");
    assert_null(posted->url_from);
    assert_false(step_kind_changes(STEP_NOTIFY));
}

static void test_wait(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *step = step_of(book, "caught-up");
    const struct step *settled = step_of(book, "settled");
    const struct query *queries = step->until_queries;
    assert_int_equal(step->until_count, 2);
    assert_int_equal(queries[0].target, book_find_target(book, "new"));
    assert_string_equal(queries[0].sql, "SELECT replayed() >= ${lsn}::pg_lsn"); /* until it is known */
    assert_string_equal(queries[0].expect.value, "true");
    assert_int_equal(queries[0].timeout_us, 30 * SECOND_US);
    assert_true(queries[1].target == BOOK_NONE);
    assert_null(queries[1].sql);
    assert_string_equal(queries[1].http->url, "http://shop.test/${lsn}");
    assert_int_equal(step->until_for_us, 2 * SECOND_US);
    assert_int_equal(step->until_every_us, SECOND_US);
    assert_int_equal(step->timeout_us, MINUTE_US);
    assert_true(step->until.monitor == BOOK_NONE);
    assert_int_equal(settled->until_count, 0);
    assert_int_equal(settled->until.monitor, book_find_monitor(book, "active"));
}

static void test_verify(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *here = step_of(book, "here");
    const struct query *answers = &step_of(book, "answers")->query;
    const struct query *number = &step_of(book, "number")->query;
    const struct query *text = &step_of(book, "text")->query;
    const struct query *equal = &step_of(book, "equal")->query;
    const struct step *seen = step_of(book, "seen");
    assert_string_equal(here->as, "lsn");
    assert_int_equal(here->query.expect.kind, EXPECT_NOTHING);
    assert_string_equal(answers->http->method, "GET");
    assert_null(answers->http->pointer);
    assert_int_equal(answers->http->status, 200);
    assert_int_equal(answers->expect.kind, EXPECT_NOTHING);
    assert_true(answers->target == BOOK_NONE);
    assert_string_equal(number->http->method, "GET");
    assert_string_equal(number->http->pointer, "/a/0");
    assert_int_equal(number->http->status, 204);
    assert_int_equal(number->expect.kind, EXPECT_BETWEEN);
    assert_string_equal(number->expect.value, "-1");
    assert_string_equal(number->expect.most, "2.5");
    assert_int_equal(number->timeout_us, 2 * SECOND_US);
    assert_int_equal(text->expect.kind, EXPECT_MATCHES);
    assert_string_equal(text->expect.value, "^1[0-9]+$");
    assert_int_equal(equal->expect.kind, EXPECT_EQUALS);
    assert_int_equal(equal->expect.other->target, book_find_target(book, "old"));
    assert_string_equal(equal->expect.other->sql, "SELECT 2");
    assert_true(step_is_sensed(seen));
    assert_true(seen->target == BOOK_NONE);
    assert_int_equal(seen->query.expect.kind, EXPECT_NOTHING);
}

static void test_sql(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *make = step_of(book, "make");
    const struct step *gen = step_of(book, "gen");
    const struct step *each = step_of(book, "each");
    assert_int_equal(make->sql_count, 1);
    assert_string_equal(make->sql[0], "CREATE TABLE big (a int, b text DEFAULT 'it''s');\n");
    assert_string_equal(make->as, "made");
    assert_true(make->transaction);
    assert_int_equal(gen->sql_count, 0);
    assert_int_equal(gen->generate.target, book_find_target(book, "new"));
    assert_string_equal(gen->generate.sql, "SELECT a FROM b WHERE c > ${lsn}");
    assert_int_equal(gen->generate.timeout_us, 7 * SECOND_US);
    assert_true(gen->transaction);
    assert_int_equal(gen->give_way_count, 1);
    assert_string_equal(gen->give_way[0].metric, "value");
    assert_true(gen->give_way[0].value == 500);
    assert_int_equal(each->each->query.target, each->target);
    assert_string_equal(each->each->query.sql, "SELECT n FROM t WHERE m = ${made}");
    assert_int_equal(each->each->query.timeout_us, 30 * SECOND_US);
    assert_string_equal(each->each->as, "tenant");
    assert_string_equal(each->sql[0], "CREATE SCHEMA ${tenant}");
    assert_ptr_equal(each->rollback[0].each, each->each); /* undone for each */
    assert_null(make->each);
}

static void test_use(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *quiet = step_of(book, "quiet");
    assert_int_equal(quiet->kind, STEP_CHECK);
    assert_true(step_is_sensed(quiet));
    assert_string_equal(quiet->title, "At most 7 of it's");
    assert_string_equal(quiet->instructions, "Ask it's.");
    assert_string_equal(quiet->query.sql, "SELECT count(*) <= 7 FROM a WHERE w = 'it''s'");
    assert_int_equal(quiet->query.target, book_find_target(book, "old"));
    assert_int_equal(quiet->freshness_us, 20 * SECOND_US);
}

/* What the step says itself wins over the ready-made check; its params have their defaults. */
static void test_use_changed(void **state)
{
    struct load load;
    char *text = replaced(kinds_book, "`with`:{`limit`:7,`who`:`${word}`}",
                          "`with`:{`limit`:`8`},`title`:`T`,`instructions`:`I`,`freshness`:`5s`");
    (void)state;
    load_init(&load, text, &kinds_options);
    assert_string_equal(buf_str(&load.faults), "");
    const struct step *quiet = step_of(load.book, "quiet");
    assert_string_equal(quiet->title, "T");
    assert_string_equal(quiet->instructions, "I");
    assert_string_equal(quiet->query.sql, "SELECT count(*) <= 8 FROM a WHERE w = 'all'");
    assert_int_equal(quiet->freshness_us, 5 * SECOND_US);
    load_finish(&load);
    free(text);
}

/* A check can be one for several kinds of server. */
static void test_use_either(void **state)
{
    struct load load;
    char *text = replaced(kinds_book, "`use`:`pg/quiet`,`target`:`old`,`with`:{`limit`:7,`who`:`${word}`}",
                          "`use`:`either`,`target`:`old`");
    (void)state;
    load_init(&load, text, &kinds_options);
    assert_string_equal(buf_str(&load.faults), "");
    assert_string_equal(step_of(load.book, "quiet")->query.sql, "SELECT 1");
    load_finish(&load);
    free(text);
}

static void test_monitors(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct monitor_def *active = &book->monitors[book_find_monitor(book, "active")];
    const struct monitor_def *web = &book->monitors[book_find_monitor(book, "web")];
    assert_int_equal(active->kind, MONITOR_QUERY);
    assert_int_equal(active->target, book_find_target(book, "old"));
    assert_string_equal(active->sql, "SELECT count(*) FROM a");
    assert_int_equal(active->every_us, 2 * SECOND_US);
    assert_null(active->http);
    assert_int_equal(web->kind, MONITOR_HTTP);
    assert_true(web->target == BOOK_NONE);
    assert_string_equal(web->http->url, "https://shop.test/health");
    assert_string_equal(web->http->pointer, "/error_rate");
    assert_int_equal(web->every_us, SECOND_US);
}

static void assert_after(const struct book *book, const char *id, const char *const *want, size_t count)
{
    const struct step *step = step_of(book, id);
    if (step->after_count != count)
        fail_msg("%s is after %zu steps, not %zu", id, step->after_count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(book->steps[step->after[i]].id, want[i]);
}

#define AFTER(book, id, ...)                                                                                 \
    assert_after(book, id, (const char *const[]){ __VA_ARGS__ },                                             \
                 sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* A mark first, the verification last and after everything; what runs beside is waited for only by name. */
static void test_order(void **state)
{
    static const char *const order[] = { "fill.begin", "here",          "make",     "gen",
                                         "each",       "caught-up",     "backfill", "plain",
                                         "bump",       "fill.verify.1", "settled" };
    const struct book *book = ((struct load *)*state)->book;
    const struct phase *fill = &book->phases[1];
    assert_int_equal(fill->step_count, ARRAY_LEN(order));
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        assert_string_equal(book->steps[fill->first_step + i].id, order[i]);
    assert_int_equal(fill->mark, fill->first_step);
    assert_int_equal(fill->first_verification, step_of(book, "fill.verify.1")->index);
    assert_int_equal(step_of(book, "fill.begin")->after_count, 0);
    assert_int_equal(step_of(book, "here")->after_count, 0); /* the mark begins with it */
    AFTER(book, "make", "here");
    AFTER(book, "backfill", "caught-up");
    AFTER(book, "plain", "caught-up");
    AFTER(book, "bump", "backfill", "plain");
    AFTER(book, "fill.verify.1", "here", "make", "gen", "each", "caught-up", "backfill", "plain", "bump");
    AFTER(book, "settled", "here", "make", "gen", "each", "caught-up", "backfill", "plain", "bump",
          "fill.verify.1");
    /* notices are beside too, and check boxes are not */
    AFTER(book, "tell", "quiet");
    AFTER(book, "post", "quiet");
    assert_true(book->phases[0].mark == BOOK_NONE);
}

static void test_phase_rollback(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    const struct step *mark = step_of(book, "fill.begin");
    const struct step *make = step_of(book, "make");
    assert_int_equal(mark->kind, STEP_MARK);
    assert_string_equal(mark->title, "Begin: Fill");
    assert_int_equal(mark->rollback_count, 2);
    assert_string_equal(mark->rollback[0].id, "fill.begin.rollback.1");
    assert_string_equal(mark->rollback[0].sql[0], "DROP TABLE big");
    assert_int_equal(mark->rollback[0].target, book_find_target(book, "old"));
    assert_int_equal(mark->rollback[1].kind, STEP_MANUAL);
    assert_ptr_equal(mark->rollback[1].owner_step, mark);
    /* steps without a rollback of their own are undone with the phase */
    assert_int_equal(make->rollback_count, 1);
    assert_int_equal(make->rollback[0].kind, STEP_NONE);
    assert_string_equal(make->rollback[0].why, "the rollback of the phase undoes it");
    assert_ptr_equal(make->rollback[0].owner_step, make);
    assert_int_equal(step_of(book, "each")->rollback[0].kind, STEP_SQL);
}

static const struct {
    const char *step, *text;
} told[] = {
    { "quiet", "SELECT count(*) <= 7 FROM a WHERE w = 'it''s'\nmust answer: = true" },
    { "tell", "to all: it begins\nby tell 'it's'" },
    { "hook", "to chat: so far\nby POST hook" },
    { "post", "to chat: so far\nby POST https://chat.test/..." },
    { "fill.begin", "nothing: what has to be undone with the phase begins here" },
    { "here", "SELECT pg_current_wal_lsn()" },
    { "make", "CREATE TABLE big (a int, b text DEFAULT 'it''s');\n;" },
    { "gen", "what this answers:\nSELECT a FROM b WHERE c > ${lsn}\ngives way when active.value >= 500" },
    { "each", "CREATE SCHEMA ${tenant};\nfor each ${tenant} of SELECT n FROM t WHERE m = ${made}" },
    { "caught-up",
      "on new: SELECT replayed() >= ${lsn}::pg_lsn\nmust answer: = true\nand: GET http://shop.test/${lsn} "
      "/ready\nmust answer: = true\nfor 2s" },
    { "backfill", "UPDATE public.big SET c = ';' || 'it''s' WHERE (c IS NULL), by a, b, at most 500 rows a "
                  "transaction\nonly while lag.seconds < 5 and web.value < 0.5" },
    { "bump", "bump '${lsn}'" },
    { "settled", "active.value < 9" },
    { "same", "public.big of old and big of new, columns a, b, rows with b = 'it''s'" },
    { "all", "the tables public.*, !public.x* of old and new, and their sequences with a margin of 100" },
    { "answers", "GET http://shop.test/${made}" },
    { "number", "GET https://shop.test/a /a/0\nmust answer: from -1 to 2.5" },
    { "text", "SELECT v FROM w WHERE l = ${lsn}\nmust answer: text like /^1[0-9]+$/" },
    { "equal", "SELECT 1\nmust answer: = what \"old\" answers to SELECT 2" },
};

static void assert_text(const struct step *step, const struct book *book, const char *want)
{
    struct buf buf;
    buf_init(&buf, 4096);
    step_text(&buf, step, book);
    assert_string_equal(buf_str(&buf), want);
    buf_finish(&buf);
}

static void test_texts(void **state)
{
    const struct book *book = ((struct load *)*state)->book;
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        assert_text(step_of(book, told[i].step), book, told[i].text);
    assert_text(&step_of(book, "each")->rollback[0], book,
                "DROP SCHEMA ${tenant};\nfor each ${tenant} of what had begun, newest first");
    assert_text(&step_of(book, "make")->rollback[0], book, "the rollback of the phase undoes it");
    assert_text(&step_of(book, "fill.begin")->rollback[1], book, "Look");
}

static void test_files_named(void **state)
{
    static const char text[] =
        "{\"file\":\"not-of-a-step\",\"phases\":[{\"steps\":[{\"kind\":\"sql\",\"file\":\"a.sql\"},"
        "{\"kind\":\"check\",\"use\":\"pg/quiet\"},{\"kind\":\"sql\",\"file\":\"a.sql\",\"rollback\":["
        "{\"kind\":\"sql\",\"file\":\"b/c.sql\"},{\"kind\":\"sql\",\"file\":\"../e\"},{\"kind\":\"sql\","
        "\"file\":\"/e\"},{\"kind\":\"check\",\"use\":\"../../e\"},{\"kind\":\"command\",\"env\":{\"kind\":"
        "\"a\",\"file\":\"e\"}}]},{\"kind\":\"sql\",\"file\":7},{\"file\":\"no-kind\"}],"
        "\"verification\":[{\"kind\":\"check\",\"use\":\"x\"}],\"rollback\":[{\"kind\":\"sql\",\"file\":"
        "\"d\"}]}]}";
    static const char *const want[] = { "a.sql", "checks/pg/quiet.json", "b/c.sql", "checks/x.json", "d" };
    struct arena *arena = arena_create();
    (void)state;
    const char *const *names = book_files_named(arena, text, strlen(text));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_string_equal(names[i], want[i]);
    assert_null(names[ARRAY_LEN(want)]);
    static const char escaped[] = "{\"phases\":[{\"steps\":[{\"kind\":\"sql\",\"f\\u0069le\":\"a.sql\"}]}]}";
    assert_string_equal(book_files_named(arena, escaped, strlen(escaped))[0], "a.sql");
    assert_null(book_files_named(arena, "{", 1)[0]);
    assert_null(book_files_named(arena, "[1,\"x\"]", 7)[0]);
    arena_destroy(arena);
}

static void test_version_fits(void **state)
{
    static const struct {
        const char *constraint;
        int version;
        bool fits;
    } rows[] = {
        { ">=15", 150000, true },    { ">=15", 170002, true },   { ">=15", 149999, false },
        { ">15", 150020, false },    { ">15", 160000, true },    { "<=15", 150020, true },
        { "<=15", 160000, false },   { "<17.2", 170001, true },  { "<17.2", 170002, false },
        { "=15", 150020, true },     { "15", 150020, true },     { "15", 160000, false },
        { "==15", 150020, true },    { "15.3", 150003, true },   { "15.3", 150004, false },
        { ">=15.3", 150002, false }, { ">=15.3", 150003, true }, { "<15", 149999, true },
        { "<15", 150000, false },    { "<=15.3", 150003, true }, { ">15.3", 150003, false },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (version_fits(rows[i].constraint, rows[i].version) != rows[i].fits)
            fail_msg("%s and %d", rows[i].constraint, rows[i].version);
    }
}

static void test_target_version_fits(void **state)
{
    static const struct {
        enum target_engine engine;
        const char *constraint;
        int version;
        bool fits;
    } rows[] = {
        { ENGINE_POSTGRESQL, "15.20", 150020, true },  { ENGINE_POSTGRESQL, NULL, 150020, true },
        { ENGINE_MYSQL, "8.0", 80036, true },          { ENGINE_MYSQL, "8.0.35", 80036, false },
        { ENGINE_MYSQL, ">=8.0.36", 80036, true },     { ENGINE_MYSQL, "8", 80401, true },
        { ENGINE_MYSQL, "8.0", 80401, false },         { ENGINE_MARIADB, ">=10.6", 101106, true },
        { ENGINE_MARIADB, "<10.11.6", 101106, false }, { ENGINE_MARIADB, "10.11", 101106, true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct target target = { .engine = rows[i].engine, .version = rows[i].constraint };
        if (target_version_fits(&target, rows[i].version) != rows[i].fits)
            fail_msg("%s and %d", rows[i].constraint ? rows[i].constraint : "", rows[i].version);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_backfill, setup, finish_state),
        cmocka_unit_test(test_backfill_statement),
        cmocka_unit_test(test_backfill_statement_elsewhere),
        cmocka_unit_test(test_threshold_from_param),
        cmocka_unit_test_setup_teardown(test_backfill_defaults, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_compare, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_notify, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_wait, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_verify, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_sql, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_use, setup, finish_state),
        cmocka_unit_test(test_use_changed),
        cmocka_unit_test(test_use_either),
        cmocka_unit_test_setup_teardown(test_monitors, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_order, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_phase_rollback, setup, finish_state),
        cmocka_unit_test_setup_teardown(test_texts, setup, finish_state),
        cmocka_unit_test(test_files_named),
        cmocka_unit_test(test_version_fits),
        cmocka_unit_test(test_target_version_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
