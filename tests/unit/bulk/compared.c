#include "compared.h"

#include "driver/mysql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sides sides;
struct compared compared;

int sides_set_up(void **state)
{
    static const char *const names[] = { "old", "new" };
    char more[40];
    (void)state;
    if (pg_pair_start(&sides.pair, 2) < 0)
        return -1;
    PGconn *admin = pg_pair_connect(&sides.pair, PG_PRIMARY, "");
    pg_value(admin, "CREATE DATABASE old");
    pg_value(admin, "CREATE DATABASE new");
    /* how a server likes to write its values is of no account */
    pg_value(
        admin,
        "ALTER DATABASE new SET TimeZone = 'Asia/Tokyo'; ALTER DATABASE new SET DateStyle = 'SQL, DMY';"
        "ALTER DATABASE new SET IntervalStyle = 'iso_8601'; ALTER DATABASE new SET bytea_output = 'escape';"
        "ALTER DATABASE new SET extra_float_digits = -3");
    PQfinish(admin);
    for (int i = 0; i < 2; i++) {
        snprintf(more, sizeof(more), "dbname=%s", names[i]);
        snprintf(sides.dsn[i], sizeof(sides.dsn[i]), "%s %s", sides.pair.dsn[PG_PRIMARY], more);
        sides.conn[i] = pg_pair_connect(&sides.pair, PG_PRIMARY, more);
    }
    return 0;
}

int sides_tear_down(void **state)
{
    (void)state;
    PQfinish(sides.conn[0]);
    PQfinish(sides.conn[1]);
    pg_pair_stop(&sides.pair);
    return 0;
}

void on_one(int side, const char *sql)
{
    if (sql[0] != '\0')
        pg_value(sides.conn[side], sql);
}

void on_both(const char *sql)
{
    on_one(0, sql);
    on_one(1, sql);
}

void sides_fresh(const char *sql)
{
    on_both("SET client_min_messages = warning; DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
            "DROP TABLE IF EXISTS public.a");
    on_both(sql);
}

const char items[] = "CREATE TABLE shop.items (id serial PRIMARY KEY, tenant int, price numeric, note text);"
                     "INSERT INTO shop.items (tenant, price, note) SELECT g % 3, g + 0.25, 'n' || g"
                     " FROM generate_series(1, 1000) g";

/* ---- what is heard ---- */

static void on_progress(void *data, int64_t rows, int64_t total, const char *text)
{
    struct compared *heard = data;
    assert_true(rows >= heard->last_rows && total >= rows);
    heard->progresses++;
    heard->last_rows = rows;
    snprintf(heard->last_text, sizeof(heard->last_text), "%s", text);
}

static void on_checkpoint(void *data, const char *text)
{
    struct compared *heard = data;
    assert_true(strlen(text) <= 900 && strchr(text, '\n') == NULL);
    heard->checkpoints++;
    snprintf(heard->checkpoint, sizeof(heard->checkpoint), "%s", text);
    if (heard->at_checkpoint != NULL)
        heard->at_checkpoint(heard);
}

static void on_report(void *data, const char *line)
{
    struct compared *heard = data;
    size_t len = strlen(heard->report);
    assert_null(strchr(line, '\n'));
    snprintf(heard->report + len, sizeof(heard->report) - len, "%s\n", line);
}

static void on_done(void *data, const struct compare_result *result)
{
    struct compared *heard = data;
    heard->done++;
    heard->verdict = result->verdict;
    heard->cancelled = result->cancelled;
    heard->tables = result->tables;
    heard->rows = result->rows;
    heard->differences = result->differences;
    snprintf(heard->message, sizeof(heard->message), "%s", result->message);
    snprintf(heard->code, sizeof(heard->code), "%s", result->code);
}

/* ---- one comparison ---- */

void compared_open(void)
{
    static const char *const names[] = { "old", "new" }, *const all[] = { "*" };
    compared = (struct compared){ 0 };
    uv_loop_init(&compared.loop);
    for (int i = 0; i < 2; i++) {
        compared.targets[i] = (struct driver_target){ .id = names[i],
                                                      .dsn = sides.dsn[i],
                                                      .application_name = "tminus:r1:x",
                                                      .connect_timeout_us = 20 * SECOND_US };
        compared.drivers[i] = sides.engine[i] == BULK_MYSQL
                                  ? driver_mysql_create(&compared.loop, &compared.targets[i])
                                  : driver_postgresql_create(&compared.loop, &compared.targets[i]);
    }
    compared.config = (struct compare_config){
        .left = { sides.engine[0], compared.drivers[0], "old", NULL },
        .right = { sides.engine[1], compared.drivers[1], "new", NULL },
        .pattern_count = 1,
        .patterns = all,
        .chunk = 100,
        .timeout_us = 10 * SECOND_US,
        .application_name = "tminus:r1:compare",
    };
}

void compared_begin(void)
{
    static const struct compare_events events = { on_progress, on_checkpoint, on_report, on_done };
    struct err err = ERR_INIT;
    compared.done = 0;
    compared.report[0] = compared.checkpoint[0] = '\0';
    compared.progresses = compared.checkpoints = 0;
    compared.last_rows = 0;
    if (compare_start(&compared.loop, &compared.config, &events, &compared, &compared.compare, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(compared.done, 0);
}

static bool is_done(void *data)
{
    return ((const struct compared *)data)->done > 0;
}

void compared_end(void)
{
    if (!run_until(&compared.loop, is_done, &compared, 60000))
        fail_msg("no end; %s", compared.report);
    run_for(&compared.loop, 10);
    assert_int_equal(compared.done, 1);
    compare_destroy(compared.compare);
}

void compared_close(void)
{
    driver_destroy(compared.drivers[0]);
    driver_destroy(compared.drivers[1]);
    run_out(&compared.loop);
}

void compared_open_pair(const char *left, const char *right)
{
    compared_open();
    compared.config.left.table = left;
    compared.config.right.table = right;
    compared.config.pattern_count = 0;
}

void compared_run(void)
{
    compared_begin();
    compared_end();
    compared_close();
}

void compare_all(const char *pattern)
{
    compared_open();
    compared.config.patterns = &pattern;
    compared_run();
}

void compared_check(enum compare_verdict verdict, int64_t differences, const char *message)
{
    if (compared.verdict != verdict || compared.differences != differences ||
        strstr(compared.message, message) == NULL)
        fail_msg("verdict %d, %d differences, wanted %s; got %s; report:\n%s", (int)compared.verdict,
                 (int)compared.differences, message, compared.message, compared.report);
}
