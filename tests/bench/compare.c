/*
 * How long a comparison of two tables takes, beside the limit: one SELECT over the whole table with the same
 * hash, on both servers at once, until the slower one is done; by one process of each server, to which the
 * comparison is held here, too, and by as many as the server likes. That all come to the same hash is
 * checked.
 *
 *   compare PREFIX LEFT RIGHT ROWS CHUNK ROUNDS
 *
 * LEFT and RIGHT are DSNs; RIGHT is a replica of LEFT, or gets a table of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bulk/compare.h"
#include "driver/postgresql.h"
#include "figure.h"
#include "servers.h"

#define NULL_SEED "7046029254386353131"
/* A column that may be NULL: what opens its hash. */
#define TEXT(name)                                                                                           \
    "hashtextextended(coalesce(" name "::text, '') COLLATE \"C\", (CASE WHEN " name                          \
    " IS NULL THEN " NULL_SEED " ELSE 0 END) # "
/* By the names of the columns, as src/bulk/compare_sql.c has it. */
#define ROW_HASH                                                                                             \
    TEXT("a")                                                                                                \
    TEXT("b")                                                                                                \
    TEXT("created_at")                                                                                       \
    "hashint8extended(id, coalesce(id::int8 & -4294967296, " NULL_SEED ") # " TEXT("status") "1::int8)))))"

enum { LEFT, RIGHT, SIDES };

struct bench {
    const char *dsn[SIDES];
    int64_t rows, chunk;
    char hash[40]; /* of the whole table */
};

/* ---- the table ---- */

static void make_table(const struct bench *bench, PGconn *conn)
{
    char sql[600];
    (void)snprintf(
        sql, sizeof(sql),
        "DROP TABLE IF EXISTS people; CREATE TABLE people AS SELECT g::bigint AS id, md5(g::text) AS a, "
        "md5((g + 1)::text) AS b, CASE WHEN g %% 3 > 0 THEN 'active' END AS status, '2026-01-01 "
        "00:00:00Z'::timestamptz + g * interval '1 minute' AS created_at FROM generate_series(1, %lld) g; "
        "ALTER TABLE people ADD PRIMARY KEY (id), SET (autovacuum_enabled = off)",
        (long long)bench->rows);
    (void)server_ask(conn, sql);
    (void)server_ask(conn, "VACUUM (ANALYZE) people");
    (void)server_ask(conn, "CHECKPOINT");
}

static void make_tables(const struct bench *bench)
{
    PGconn *left = server_connect(bench->dsn[LEFT]), *right = server_connect(bench->dsn[RIGHT]);
    make_table(bench, left);
    if (strcmp(server_ask(right, "SELECT pg_is_in_recovery()"), "f") == 0)
        make_table(bench, right);
    while (strcmp(server_ask(left, "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn < "
                                   "pg_current_wal_lsn()"),
                  "0") != 0) {
        uv_sleep(20);
    }
    PQfinish(left);
    PQfinish(right);
}

/* ---- the limit ---- */

struct scan {
    const char *dsn, *workers; /* SQL */
    uv_thread_t thread;
    double took_ms;
    uint64_t hash;
};

/* Of a sum of any length, modulo 2^64. */
static uint64_t low_bits(const char *text)
{
    uint64_t sum = 0;
    for (const char *at = text + (*text == '-'); *at != '\0'; at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    return *text == '-' ? 0 - sum : sum;
}

static void run_scan(void *data)
{
    struct scan *scan = data;
    PGconn *conn = server_connect(scan->dsn);
    (void)server_ask(conn, scan->workers);
    (void)server_ask(conn, "SET jit = off; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'");
    double from_us = now_us();
    scan->hash = low_bits(server_ask(conn, "SELECT sum(" ROW_HASH "), count(*) FROM people"));
    scan->took_ms = (now_us() - from_us) / 1e3;
    PQfinish(conn);
}

/* Of the slower side, in ms. */
static double scan_both(struct bench *bench, const char *workers)
{
    struct scan scans[SIDES] = { { .dsn = bench->dsn[LEFT], .workers = workers },
                                 { .dsn = bench->dsn[RIGHT], .workers = workers } };
    for (int i = 0; i < SIDES; i++)
        uv_thread_create(&scans[i].thread, run_scan, &scans[i]);
    for (int i = 0; i < SIDES; i++)
        uv_thread_join(&scans[i].thread);
    if (scans[LEFT].hash != scans[RIGHT].hash)
        cannot("the two tables are not the same");
    (void)snprintf(bench->hash, sizeof(bench->hash), "hash %016" PRIx64, scans[LEFT].hash);
    return scans[LEFT].took_ms > scans[RIGHT].took_ms ? scans[LEFT].took_ms : scans[RIGHT].took_ms;
}

/* ---- ours ---- */

struct ours {
    const struct bench *bench;
    bool done, same_hash;
};

static void on_progress(void *data, int64_t rows, int64_t total, const char *text)
{
    (void)data;
    (void)rows;
    (void)total;
    (void)text;
}

static void on_checkpoint(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static void on_report(void *data, const char *line)
{
    struct ours *ours = data;
    if (strstr(line, ours->bench->hash) != NULL)
        ours->same_hash = true;
}

static void on_done(void *data, const struct compare_result *result)
{
    struct ours *ours = data;
    if (result->verdict != COMPARE_EQUAL || result->rows != ours->bench->rows)
        cannot("%s", result->message);
    ours->done = true;
}

static double compare_both(const struct bench *bench)
{
    static const struct compare_events events = { on_progress, on_checkpoint, on_report, on_done };
    static const char *const names[] = { "left", "right" };
    struct driver_target targets[SIDES];
    struct driver *drivers[SIDES];
    char dsn[SIDES][600];
    struct ours ours = { .bench = bench };
    struct compare *compare;
    struct err err = ERR_INIT;
    uv_loop_t loop;
    uv_loop_init(&loop);
    for (int i = 0; i < SIDES; i++) {
        (void)snprintf(dsn[i], sizeof(dsn[i]), "%s options='-c max_parallel_workers_per_gather=0'",
                       bench->dsn[i]);
        targets[i] = (struct driver_target){
            .id = names[i], .dsn = dsn[i], .application_name = "bench", .connect_timeout_us = 5 * SECOND_US
        };
        drivers[i] = driver_postgresql_create(&loop, &targets[i]);
    }
    const struct compare_config config = { .left = { BULK_POSTGRESQL, drivers[LEFT], "left", "people" },
                                           .right = { BULK_POSTGRESQL, drivers[RIGHT], "right", "people" },
                                           .chunk = bench->chunk,
                                           .timeout_us = 60 * SECOND_US,
                                           .application_name = "bench" };
    double from_us = now_us();
    must(compare_start(&loop, &config, &events, &ours, &compare, &err), &err);
    while (!ours.done)
        (void)uv_run(&loop, UV_RUN_ONCE);
    double took_ms = (now_us() - from_us) / 1e3;
    if (!ours.same_hash)
        cannot("what was measured as the limit computes another hash than a comparison does");
    compare_destroy(compare);
    driver_destroy(drivers[LEFT]);
    driver_destroy(drivers[RIGHT]);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    return took_ms;
}

/* Of both servers, so far: what a machine that is busy with other things does not change. */
static double cpu_s(const struct bench *bench)
{
    double sum = 0;
    uv_sleep(100); /* what a process took counts once the server has seen it end */
    for (int i = 0; i < SIDES; i++) {
        PGconn *conn = server_connect(bench->dsn[i]);
        sum += server_cpu_s(conn);
        PQfinish(conn);
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc != 7)
        cannot("usage: compare PREFIX LEFT RIGHT ROWS CHUNK ROUNDS");
    const char *prefix = argv[1];
    struct bench bench = { .dsn = { argv[2], argv[3] },
                           .rows = strtoll(argv[4], NULL, 10),
                           .chunk = strtoll(argv[5], NULL, 10) };
    static const char one_process[] = "SET max_parallel_workers_per_gather = 0";
    static const char as_it_likes[] = "RESET max_parallel_workers_per_gather";
    struct measured ratios = { 0, 0, NULL };
    make_tables(&bench);
    (void)scan_both(&bench, one_process); /* what was not asked for is in no cache yet */
    for (int i = (int)strtol(argv[6], NULL, 10); i > 0; i--) {
        const double before_s = cpu_s(&bench), scan_ms = scan_both(&bench, one_process);
        const double between_s = cpu_s(&bench), ours_ms = compare_both(&bench);
        figure(prefix, "ours_cpu_s", cpu_s(&bench) - between_s);
        figure(prefix, "scan_cpu_s", between_s - before_s);
        figure(prefix, "workers_ms", scan_both(&bench, as_it_likes));
        figure(prefix, "scan_ms", scan_ms);
        figure(prefix, "ours_ms", ours_ms);
        measured_add(&ratios, ours_ms / scan_ms);
    }
    figure_ratios(prefix, &ratios);
    return 0;
}
