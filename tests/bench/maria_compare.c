/*
 * How long a comparison of a table of a MariaDB with that of its replica takes, beside three others:
 *
 *   checksum   pt-table-checksum, from its start to its end, with chunks as it likes them
 *   scan       one SELECT over the whole table on both servers at once, until the slower one is done, with
 *              the same hash: that it is the same is checked
 *   crc        such a SELECT with the hash that pt-table-checksum takes, BIT_XOR of CRC32: 32 bits, which
 *              tell rows apart worse
 *
 *   maria_compare PREFIX ROWS CHUNK ROUNDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "bulk/compare.h"
#include "driver/mysql.h"
#include "figure.h"
#include "maria.h"

#define CHECKSUMS "checksums.txt"
/* By the names of the columns, as src/bulk/compare_mysql_hash.c has it. */
#define CHAIN(crc)                                                                                           \
    crc "(" crc "(" crc "(" crc "(" crc "(0,a)+2,b),created_at)+2,id)+2+ISNULL(status),IFNULL(status,'n'))"
/* Of the sum the lower 64 bits, as a comparison tells them. */
#define SCAN                                                                                                 \
    "SELECT LOWER(LPAD(HEX(CAST(SUM(" CHAIN("CRC32") "*" CHAIN(                                              \
        "CRC32C") ") MOD 18446744073709551616 AS UNSIGNED)), 16, '0')), COUNT(*) FROM shop.people"
#define CRC                                                                                                  \
    "SELECT COALESCE(BIT_XOR(CRC32(CONCAT_WS('#', id, a, b, status, created_at, ISNULL(status)))), 0), "     \
    "COUNT(*) FROM shop.people"

struct bench {
    struct maria maria;
    const char *prefix;
    int64_t rows, chunk;
    char hash[40]; /* of the whole table */
};

/* ---- the limit ---- */

static void finish_scan(MYSQL *mysql, char *ret, size_t size)
{
    MYSQL_RES *res = mysql_read_query_result(mysql) == 0 ? mysql_store_result(mysql) : NULL;
    MYSQL_ROW row = res != NULL ? mysql_fetch_row(res) : NULL;
    if (row == NULL)
        cannot("the scan: %s", mysql_error(mysql));
    (void)snprintf(ret, size, "%s %s", row[0], row[1]);
    mysql_free_result(res);
}

static void scan_both(const struct bench *bench, const char *sql, char *ret, size_t size)
{
    MYSQL *const sides[] = { bench->maria.primary, bench->maria.replica };
    char other[100];
    for (int i = 0; i < 2; i++) {
        if (mysql_send_query(sides[i], sql, strlen(sql)) != 0)
            cannot("the scan: %s", mysql_error(sides[i]));
    }
    finish_scan(sides[0], ret, size);
    finish_scan(sides[1], other, sizeof(other));
    if (strcmp(ret, other) != 0)
        cannot("the two tables are not the same");
}

static void run_scan(struct bench *bench)
{
    char sum[100];
    scan_both(bench, SCAN, sum, sizeof(sum));
    (void)snprintf(bench->hash, sizeof(bench->hash), "hash %.16s", sum);
}

static void run_crc(struct bench *bench)
{
    char sum[100];
    scan_both(bench, CRC, sum, sizeof(sum));
}

/* ---- ours ---- */

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

struct ours {
    const struct bench *bench;
    bool done, same_hash;
};

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

static void run_ours(struct bench *bench)
{
    static const struct compare_events events = { on_progress, on_checkpoint, on_report, on_done };
    static const char *const names[] = { "left", "right" };
    struct driver_target targets[2];
    struct driver *drivers[2];
    struct ours ours = { .bench = bench };
    struct compare *compare;
    struct err err = ERR_INIT;
    uv_loop_t loop;
    uv_loop_init(&loop);
    for (int i = 0; i < 2; i++) {
        targets[i] = (struct driver_target){ .id = names[i],
                                             .dsn = bench->maria.pair.dsn[i],
                                             .application_name = "bench",
                                             .connect_timeout_us = 5 * SECOND_US };
        drivers[i] = driver_mysql_create(&loop, &targets[i]);
    }
    const struct compare_config config = { .left = { BULK_MYSQL, drivers[0], "left", "people" },
                                           .right = { BULK_MYSQL, drivers[1], "right", "people" },
                                           .chunk = bench->chunk,
                                           .timeout_us = 60 * SECOND_US,
                                           .application_name = "bench" };
    must(compare_start(&loop, &config, &events, &ours, &compare, &err), &err);
    while (!ours.done)
        (void)uv_run(&loop, UV_RUN_ONCE);
    if (!ours.same_hash)
        cannot("what was measured as the limit computes another hash than a comparison does");
    compare_destroy(compare);
    driver_destroy(drivers[0]);
    driver_destroy(drivers[1]);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
}

/* ---- pt-table-checksum ---- */

/* It finds the replica by a table, since the one that the primary sees has no port. */
static void prepare_checksums(const struct bench *bench)
{
    char sql[300];
    (void)my_value(bench->maria.primary, "CREATE DATABASE percona");
    (void)my_value(bench->maria.primary, "CREATE TABLE percona.dsns (id int PRIMARY KEY, parent_id int, dsn "
                                         "varchar(255) NOT NULL)");
    (void)snprintf(sql, sizeof(sql), "INSERT INTO percona.dsns VALUES (1, NULL, 'S=%s/s1,u=root')",
                   bench->maria.pair.dir);
    (void)my_value(bench->maria.primary, sql);
}

/* It writes statements to the log for the replica to repeat, whose own log is of rows: told to, it does not
 * mind. */
static void run_checksum(struct bench *bench)
{
    char server[200], method[200];
    (void)snprintf(server, sizeof(server), "S=%s/s0,u=root", bench->maria.pair.dir);
    (void)snprintf(method, sizeof(method), "--recursion-method=dsn=S=%s/s0,u=root,D=percona,t=dsns",
                   bench->maria.pair.dir);
    const char *const argv[] = { "pt-table-checksum",
                                 "--no-version-check",
                                 "--no-check-binlog-format",
                                 "--tables=shop.people",
                                 "--quiet",
                                 method,
                                 server,
                                 NULL };
    maria_run(&bench->maria, argv, NULL, CHECKSUMS);
}

/* That it has seen every row on both sides, and no difference. */
static void judge_checksum(const struct bench *bench)
{
    char expected[40];
    (void)maria_catch_up(&bench->maria);
    (void)snprintf(expected, sizeof(expected), "%lld 0", (long long)bench->rows);
    const char *seen = my_value(bench->maria.replica,
                                "SELECT CONCAT(SUM(this_cnt), ' ', SUM(this_crc <> master_crc OR this_cnt "
                                "<> master_cnt)) FROM percona.checksums WHERE tbl = 'people'");
    if (strcmp(seen, expected) != 0)
        cannot("pt-table-checksum has rows and chunks that differ: %s, and not %s", seen, expected);
}

/* ---- side by side ---- */

enum { OURS, CHECKSUM, SAME_HASH, OTHER_HASH, WAYS };

static const struct way {
    const char *name;
    void (*run)(struct bench *bench);
} ways[WAYS] = { [OURS] = { "ours", run_ours },
                 [CHECKSUM] = { "checksum", run_checksum },
                 [SAME_HASH] = { "scan", run_scan },
                 [OTHER_HASH] = { "crc", run_crc } };

/* Gives the seconds. */
static double measure(struct bench *bench, const struct way *way)
{
    const struct maria *maria = &bench->maria;
    char name[100];
    double servers_s = maria_servers_cpu_s(maria), client_s = maria_client_cpu_s(), from_us = now_us();
    way->run(bench);
    const double took_s = (now_us() - from_us) / 1e6;
    client_s = maria_client_cpu_s() - client_s;
    (void)maria_catch_up(maria);
    servers_s = maria_servers_cpu_s(maria) - servers_s;
    (void)snprintf(name, sizeof(name), "%s.%s", bench->prefix, way->name);
    figure(name, "ms", took_s * 1e3);
    figure(name, "rows_s", (double)bench->rows / took_s);
    figure(name, "cpu_s", servers_s);
    figure(name, "client_cpu_s", client_s);
    return took_s;
}

static void figure_ratios_of(const struct bench *bench, const char *of, struct measured *ratios)
{
    char name[100];
    (void)snprintf(name, sizeof(name), "%s.of_%s", bench->prefix, of);
    figure_ratios(name, ratios);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        cannot("usage: maria_compare PREFIX ROWS CHUNK ROUNDS");
    struct bench bench = { .prefix = argv[1],
                           .rows = strtoll(argv[2], NULL, 10),
                           .chunk = strtoll(argv[3], NULL, 10) };
    struct measured ratios[WAYS] = { 0 };
    maria_start(&bench.maria);
    maria_make_table(&bench.maria, "people", bench.rows, "IF(seq % 3 > 0, 'active', NULL)");
    prepare_checksums(&bench);
    (void)maria_catch_up(&bench.maria);
    run_scan(&bench); /* what was not asked for is in no cache yet */
    for (int i = (int)strtol(argv[4], NULL, 10); i > 0; i--) {
        double seconds[WAYS];
        /* there and back, so that nobody always has what the same one left */
        for (int way = 0; way < WAYS; way++) {
            const int turn = i % 2 == 0 ? way : WAYS - 1 - way;
            seconds[turn] = measure(&bench, &ways[turn]);
        }
        judge_checksum(&bench);
        for (int way = CHECKSUM; way < WAYS; way++)
            measured_add(&ratios[way], seconds[OURS] / seconds[way]);
    }
    for (int way = CHECKSUM; way < WAYS; way++)
        figure_ratios_of(&bench, ways[way].name, &ratios[way]);
    maria_stop(&bench.maria);
    return 0;
}
