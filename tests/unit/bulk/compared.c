#include "compared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

int sides_set_up(struct sides *sides)
{
    static const char *const names[] = { "old", "new" };
    char more[40];
    if (pg_pair_start(&sides->pair) < 0)
        return -1;
    PGconn *admin = pg_pair_connect(&sides->pair, PG_PRIMARY, "");
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
        snprintf(sides->dsn[i], sizeof(sides->dsn[i]), "%s %s", sides->pair.dsn[PG_PRIMARY], more);
        sides->conn[i] = pg_pair_connect(&sides->pair, PG_PRIMARY, more);
    }
    return 0;
}

void sides_tear_down(struct sides *sides)
{
    PQfinish(sides->conn[0]);
    PQfinish(sides->conn[1]);
    pg_pair_stop(&sides->pair);
}

void on_one(struct sides *sides, int side, const char *sql)
{
    if (sql[0] != '\0')
        pg_value(sides->conn[side], sql);
}

void on_both(struct sides *sides, const char *sql)
{
    on_one(sides, 0, sql);
    on_one(sides, 1, sql);
}

void sides_fresh(struct sides *sides, const char *sql)
{
    on_both(sides,
            "SET client_min_messages = warning; DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop;"
            "DROP TABLE IF EXISTS public.a");
    on_both(sides, sql);
}

const char items[] = "CREATE TABLE shop.items (id serial PRIMARY KEY, tenant int, price numeric, note text);"
                     "INSERT INTO shop.items (tenant, price, note) SELECT g % 3, g + 0.25, 'n' || g"
                     " FROM generate_series(1, 1000) g";

/* ---- what is heard ---- */

static void on_progress(void *data, int64_t rows, int64_t total, const char *text)
{
    struct compared *compared = data;
    assert_true(rows >= compared->last_rows && total >= rows);
    compared->progresses++;
    compared->last_rows = rows;
    snprintf(compared->last_text, sizeof(compared->last_text), "%s", text);
}

static void on_checkpoint(void *data, const char *text)
{
    struct compared *compared = data;
    assert_true(strlen(text) <= 900 && strchr(text, '\n') == NULL);
    compared->checkpoints++;
    snprintf(compared->checkpoint, sizeof(compared->checkpoint), "%s", text);
    if (compared->at_checkpoint != NULL)
        compared->at_checkpoint(compared);
}

static void on_report(void *data, const char *line)
{
    struct compared *compared = data;
    size_t len = strlen(compared->report);
    assert_null(strchr(line, '\n'));
    snprintf(compared->report + len, sizeof(compared->report) - len, "%s\n", line);
}

static void on_done(void *data, const struct compare_result *result)
{
    struct compared *compared = data;
    compared->done++;
    compared->verdict = result->verdict;
    compared->cancelled = result->cancelled;
    compared->tables = result->tables;
    compared->rows = result->rows;
    compared->differences = result->differences;
    snprintf(compared->message, sizeof(compared->message), "%s", result->message);
    snprintf(compared->code, sizeof(compared->code), "%s", result->code);
}

/* ---- one comparison ---- */

void compared_open(struct compared *compared, struct sides *sides)
{
    static const char *const names[] = { "old", "new" }, *const all[] = { "*" };
    *compared = (struct compared){ .sides = sides };
    uv_loop_init(&compared->loop);
    for (int i = 0; i < 2; i++) {
        compared->targets[i] = (struct driver_target){ .id = names[i],
                                                       .dsn = sides->dsn[i],
                                                       .application_name = "tminus:r1:x",
                                                       .connect_timeout_us = 5 * SECOND_US };
        compared->drivers[i] = driver_postgresql_create(&compared->loop, &compared->targets[i]);
    }
    compared->config = (struct compare_config){
        .left = { compared->drivers[0], "old", NULL },
        .right = { compared->drivers[1], "new", NULL },
        .pattern_count = 1,
        .patterns = all,
        .chunk = 100,
        .timeout_us = 10 * SECOND_US,
        .application_name = "tminus:r1:compare",
    };
}

void compared_begin(struct compared *compared)
{
    static const struct compare_events events = { on_progress, on_checkpoint, on_report, on_done };
    struct err err = ERR_INIT;
    compared->done = 0;
    compared->report[0] = compared->checkpoint[0] = '\0';
    compared->progresses = compared->checkpoints = 0;
    compared->last_rows = 0;
    if (compare_start(&compared->loop, &compared->config, &events, compared, &compared->compare, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(compared->done, 0);
}

static bool is_done(void *data)
{
    return ((struct compared *)data)->done > 0;
}

void compared_end(struct compared *compared)
{
    if (!run_until(&compared->loop, is_done, compared, 20000))
        fail_msg("no end; %s", compared->report);
    run_for(&compared->loop, 10);
    assert_int_equal(compared->done, 1);
    compare_destroy(compared->compare);
}

void compared_close(struct compared *compared)
{
    driver_destroy(compared->drivers[0]);
    driver_destroy(compared->drivers[1]);
    run_out(&compared->loop);
}

void compare_all(struct compared *compared, struct sides *sides, const char *pattern)
{
    compared_open(compared, sides);
    compared->config.patterns = &pattern;
    compared_begin(compared);
    compared_end(compared);
    compared_close(compared);
}

void compared_check(const struct compared *compared, enum compare_verdict verdict, int64_t differences,
                    const char *message)
{
    if (compared->verdict != verdict || compared->differences != differences ||
        strstr(compared->message, message) == NULL)
        fail_msg("verdict %d, %d differences, wanted %s; got %s; report:\n%s", (int)compared->verdict,
                 (int)compared->differences, message, compared->message, compared->report);
}
