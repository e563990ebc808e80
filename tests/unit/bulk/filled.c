#include "filled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

int fill_server_set_up(struct fill_server *server)
{
    return pg_pair_open(&server->pair, 1, &server->admin);
}

void fill_server_tear_down(struct fill_server *server)
{
    pg_pair_close(&server->pair, server->admin);
}

/* ---- what is heard ---- */

static const char *on_may_go_on(void *data)
{
    struct filled *filled = data;
    filled->asked++;
    if (filled->at_batch != NULL)
        filled->at_batch(filled);
    return filled->hold_after > 0 && filled->asked > filled->hold_after ? "held" : filled->why_not;
}

static void on_identified(void *data, int64_t pid)
{
    ((struct filled *)data)->pid = pid;
}

static void on_note(void *data, const char *text)
{
    struct filled *filled = data;
    if (text_starts(text, "once more from the first row: "))
        filled->passes++;
    else
        snprintf(filled->settings, sizeof(filled->settings), "%s", text);
}

static void on_progress(void *data, const struct backfill_state *state)
{
    struct filled *filled = data;
    if (state->waits[0] != '\0')
        snprintf(filled->waits, sizeof(filled->waits), "%s", state->waits);
}

static void on_checkpoint(void *data, const char *text, const struct backfill_state *state)
{
    struct filled *filled = data;
    assert_true(strlen(text) <= 900 && strchr(text, '\n') == NULL);
    assert_true(filled->passes > 0 || state->rows <= state->seen);
    filled->checkpoints++;
    snprintf(filled->checkpoint, sizeof(filled->checkpoint), "%s", text);
}

static void on_done(void *data, const struct backfill_result *result)
{
    struct filled *filled = data;
    filled->done++;
    filled->status = result->status;
    filled->clean = result->clean;
    filled->ended_pid = result->pid;
    filled->state = result->state;
    snprintf(filled->message, sizeof(filled->message), "%s", result->message);
    snprintf(filled->code, sizeof(filled->code), "%s", result->code);
}

/* ---- one backfill ---- */

static void open_at(struct filled *filled, const char *dsn, enum bulk_engine engine, const char *table)
{
    *filled = (struct filled){ .key = { "id" } };
    uv_loop_init(&filled->loop);
    filled->target = (struct driver_target){
        .id = "primary", .dsn = dsn, .application_name = "tminus:r1:x", .connect_timeout_us = 20 * SECOND_US
    };
    filled->driver = engine == BULK_MYSQL ? driver_mysql_create(&filled->loop, &filled->target)
                                          : driver_postgresql_create(&filled->loop, &filled->target);
    filled->config = (struct backfill_config){ .engine = engine,
                                               .driver = filled->driver,
                                               .table = table,
                                               .key_count = 1,
                                               .key = filled->key,
                                               .set = "b = 'done'",
                                               .where = "b IS NULL",
                                               .batch = 100,
                                               .lock_timeout_us = 100 * MS_US,
                                               .statement_timeout_us = 10 * SECOND_US,
                                               .attempts = 5,
                                               .application_name = "tminus:r1:fill" };
}

void filled_open(struct filled *filled, struct fill_server *server)
{
    open_at(filled, server->pair.dsn[PG_PRIMARY], BULK_POSTGRESQL, "public.t");
}

void filled_open_mysql(struct filled *filled, const char *dsn)
{
    open_at(filled, dsn, BULK_MYSQL, "t");
}

void filled_begin(struct filled *filled)
{
    static const struct backfill_events events = { on_may_go_on, on_identified, on_note,
                                                   on_progress,  on_checkpoint, on_done };
    struct err err = ERR_INIT;
    filled->done = filled->passes = 0;
    if (backfill_start(&filled->loop, &filled->config, &events, filled, &filled->backfill, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(filled->done, 0);
}

static bool is_done(void *data)
{
    return ((struct filled *)data)->done > 0;
}

void filled_end(struct filled *filled)
{
    if (!run_until(&filled->loop, is_done, filled, 60000))
        fail_msg("no end after %d looks; %s", filled->asked, filled->waits);
    run_for(&filled->loop, 10);
    assert_int_equal(filled->done, 1);
}

void filled_close(struct filled *filled)
{
    driver_destroy(filled->driver);
    run_out(&filled->loop);
}

void filled_check(const struct filled *filled, enum driver_status status, int64_t rows, int64_t seen)
{
    if (filled->status != status || filled->state.rows != rows || filled->state.seen != seen)
        fail_msg("%s, %d rows of %d seen, wanted %d of %d; %s", driver_status_word(filled->status),
                 (int)filled->state.rows, (int)filled->state.seen, (int)rows, (int)seen, filled->message);
}

void filled_run(struct filled *filled, enum driver_status status, int64_t rows, int64_t seen)
{
    filled_begin(filled);
    filled_end(filled);
    filled_check(filled, status, rows, seen);
}

void filled_run_shape(struct filled *filled, const struct fill_shape *shape, const char *settings)
{
    memcpy(filled->key, shape->key, sizeof(filled->key));
    filled->config.key_count = shape->key_count;
    filled->config.batch = shape->batch;
    filled_run(filled, DRIVER_OK, shape->count, shape->count);
    assert_int_equal(filled->clean, shape->count == 0);
    assert_string_equal(filled->settings, settings);
}

static bool waits(void *data)
{
    return ((struct filled *)data)->waits[0] != '\0';
}

void filled_until_waits(struct filled *filled)
{
    assert_true(run_until(&filled->loop, waits, filled, 20000));
}

void filled_stop_after(struct filled *filled, int asked)
{
    filled->hold_after = asked;
    filled_begin(filled);
    filled_until_waits(filled);
    assert_string_equal(filled->waits, "held");
    backfill_cancel(filled->backfill);
    filled_end(filled);
    assert_int_equal(filled->status, DRIVER_CANCELLED);
    assert_false(filled->clean);
    filled->hold_after = 0;
}

void filled_resume(struct filled *filled, enum driver_status status, int64_t rows, int64_t seen)
{
    memcpy(filled->resumed, filled->checkpoint, sizeof(filled->resumed)); /* the other is written over */
    filled->config.checkpoint = filled->resumed;
    filled_run(filled, status, rows, seen);
}

/* public.t with `rows` to be done, and a count of how often each was changed. */
void table_make(struct fill_server *server, const char *columns, const char *rows)
{
    char sql[1000];
    snprintf(sql, sizeof(sql),
             "SET client_min_messages = warning; DROP TABLE IF EXISTS t; CREATE TABLE t (%s, b text, n int "
             "DEFAULT 0); "
             "INSERT INTO t SELECT %s; ANALYZE t;"
             "CREATE OR REPLACE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.n = OLD.n "
             "+ 1; RETURN "
             "NEW; END'; CREATE TRIGGER counted BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION counted()",
             columns, rows);
    pg_value(server->admin, sql);
}

void table_make_plain(struct fill_server *server)
{
    table_make(server, "id bigint PRIMARY KEY", "g FROM generate_series(1, 1000) g");
}

/* Every row is done, and was changed once. */
void table_check(struct fill_server *server)
{
    assert_string_equal(
        pg_value(server->admin, "SELECT count(*) FROM t WHERE b IS DISTINCT FROM 'done' OR n <> 1"), "0");
}
