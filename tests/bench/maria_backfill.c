/*
 * How fast a backfill of a MariaDB is, beside what changes as many rows otherwise, one after the other on the
 * same servers, each on a fresh copy of the table; all but "whole" in transactions of as many rows:
 *
 *   ours   the room's own API: UPDATE by ranges of the key that are asked for
 *   loop   a hand-written loop over libmysqlclient: BEGIN, UPDATE by a range of keys that it knows, COMMIT
 *   shell  the same statements in a file, fed to the program mariadb
 *   purge  pt-archiver --purge --bulk-delete: the same rows, each deleted
 *   copy   pt-archiver --no-delete --bulk-insert: the same rows, each inserted into another table
 *   whole  one UPDATE of everything: the limit
 *
 * pt-archiver changes no column of a row: the two are what it does that is nearest, one change for each row
 * by the primary key. "catch_up" is how long the replica is behind at the end; "replicated" counts until it
 * has all: where both servers are on one machine, the replica of "whole" takes its share of it only
 * afterwards.
 *
 *   maria_backfill PREFIX ROWS BATCH ROUNDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "bulk/backfill.h"
#include "driver/mysql.h"
#include "figure.h"
#include "maria.h"

#define SET_   "status = 'active'"
#define WHERE_ "status IS NULL"
#define SCRIPT "script.sql"

struct bench {
    struct maria maria;
    const char *prefix;
    int64_t rows, batch;
    struct measured batches; /* of ours, ms, each with asking for its range */
};

/* ---- ours ---- */

struct ours {
    struct bench *bench;
    double batch_us; /* when the one before was asked for */
    int asked;
    bool done;
};

/* Asked before each statement: the range of a batch is one, and the batch another. */
static const char *on_may_go_on(void *data)
{
    struct ours *ours = data;
    double now = now_us();
    if (ours->asked++ % 2 == 0) {
        if (ours->batch_us > 0)
            measured_add(&ours->bench->batches, (now - ours->batch_us) / 1e3);
        ours->batch_us = now;
    }
    return NULL;
}

static void on_identified(void *data, int64_t pid)
{
    (void)data;
    (void)pid;
}

static void on_settings(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static void on_progress(void *data, const struct backfill_state *state)
{
    (void)data;
    (void)state;
}

static void on_checkpoint(void *data, const char *text, const struct backfill_state *state)
{
    (void)data;
    (void)text;
    (void)state;
}

static void on_done(void *data, const struct backfill_result *result)
{
    struct ours *ours = data;
    if (result->status != DRIVER_OK || result->state.rows != ours->bench->rows)
        cannot("the backfill changed %lld rows: %s", (long long)result->state.rows, result->message);
    ours->done = true;
}

static void run_ours(struct bench *bench)
{
    static const struct backfill_events events = { on_may_go_on, on_identified, on_settings,
                                                   on_progress,  on_checkpoint, on_done };
    static const char *const key[] = { "id" };
    struct ours ours = { .bench = bench };
    uv_loop_t loop;
    struct backfill *backfill;
    struct err err = ERR_INIT;
    const struct driver_target target = { .id = "primary",
                                          .dsn = bench->maria.pair.dsn[MY_PRIMARY],
                                          .application_name = "bench",
                                          .connect_timeout_us = 5 * SECOND_US };
    uv_loop_init(&loop);
    struct driver *driver = driver_mysql_create(&loop, &target);
    const struct backfill_config config = { .engine = BULK_MYSQL,
                                            .driver = driver,
                                            .table = "people",
                                            .key_count = 1,
                                            .key = key,
                                            .set = SET_,
                                            .where = WHERE_,
                                            .batch = bench->batch,
                                            .lock_timeout_us = SECOND_US,
                                            .statement_timeout_us = 60 * SECOND_US,
                                            .attempts = 3,
                                            .application_name = "bench" };
    must(backfill_start(&loop, &config, &events, &ours, &backfill, &err), &err);
    while (!ours.done)
        (void)uv_run(&loop, UV_RUN_ONCE);
    driver_destroy(driver);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
}

/* ---- the others ---- */

static void batch_text(char *sql, size_t size, int64_t from, int64_t to)
{
    (void)snprintf(sql, size, "UPDATE people SET " SET_ " WHERE id > %lld AND id <= %lld AND " WHERE_,
                   (long long)from, (long long)to);
}

static void run_loop(struct bench *bench)
{
    MYSQL *mysql = my_pair_connect(&bench->maria.pair, MY_PRIMARY);
    for (int64_t from = 0; from < bench->rows; from += bench->batch) {
        char sql[200];
        batch_text(sql, sizeof(sql), from, from + bench->batch);
        (void)my_value(mysql, "BEGIN");
        (void)my_value(mysql, sql);
        (void)my_value(mysql, "COMMIT");
    }
    mysql_close(mysql);
}

static void write_script(const struct bench *bench)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "%s/" SCRIPT, bench->maria.pair.dir);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        cannot("cannot write %s", path);
    for (int64_t from = 0; from < bench->rows; from += bench->batch) {
        char sql[200];
        batch_text(sql, sizeof(sql), from, from + bench->batch);
        (void)fprintf(file, "BEGIN;\n%s;\nCOMMIT;\n", sql);
    }
    (void)fclose(file);
}

static void run_shell(struct bench *bench)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "--socket=%s/s0", bench->maria.pair.dir);
    const char *const argv[] = { "mariadb", "--no-defaults", path, "--user=root", "shop", NULL };
    maria_run(&bench->maria, argv, SCRIPT, NULL);
}

static void run_whole(struct bench *bench)
{
    (void)my_value(bench->maria.primary, "UPDATE people SET " SET_ " WHERE " WHERE_);
}

static void run_archiver(struct bench *bench, const char *const *does)
{
    char source[200], limit[40];
    (void)snprintf(source, sizeof(source), "S=%s/s0,u=root,D=shop,t=people,L=1", bench->maria.pair.dir);
    (void)snprintf(limit, sizeof(limit), "%lld", (long long)bench->batch);
    const char *argv[24] = { "pt-archiver",
                             "--no-version-check",
                             "--no-check-charset",
                             "--source",
                             source,
                             "--where",
                             WHERE_,
                             "--limit",
                             limit,
                             "--commit-each" };
    size_t count = 10;
    for (; *does != NULL; does++)
        argv[count++] = *does;
    maria_run(&bench->maria, argv, NULL, NULL);
}

static void run_purge(struct bench *bench)
{
    static const char *const does[] = { "--purge", "--bulk-delete", "--primary-key-only", NULL };
    run_archiver(bench, does);
}

static void run_copy(struct bench *bench)
{
    static const char *const does[] = { "--dest", "t=copied", "--no-delete", "--bulk-insert", NULL };
    run_archiver(bench, does);
}

/* ---- side by side ---- */

enum { OURS, LOOP, SHELL, PURGE, COPY, WHOLE, WAYS };

static const struct way {
    const char *name;
    void (*run)(struct bench *bench);
    const char *left; /* how many rows it has not done */
} ways[WAYS] = {
    [OURS] = { "ours", run_ours, "SELECT COUNT(*) FROM people WHERE " WHERE_ },
    [LOOP] = { "loop", run_loop, "SELECT COUNT(*) FROM people WHERE " WHERE_ },
    [SHELL] = { "shell", run_shell, "SELECT COUNT(*) FROM people WHERE " WHERE_ },
    [PURGE] = { "purge", run_purge, "SELECT COUNT(*) FROM people" },
    [COPY] = { "copy", run_copy, "SELECT COUNT(*) FROM people WHERE id NOT IN (SELECT id FROM copied)" },
    [WHOLE] = { "whole", run_whole, "SELECT COUNT(*) FROM people WHERE " WHERE_ },
};

/* Gives the rows a second. */
static double measure(struct bench *bench, const struct way *way)
{
    const struct maria *maria = &bench->maria;
    char name[100];
    maria_make_table(maria, "people", bench->rows, "NULL");
    (void)my_value(maria->primary, "CREATE OR REPLACE TABLE copied LIKE people");
    (void)maria_catch_up(maria);
    double servers_s = maria_servers_cpu_s(maria), client_s = maria_client_cpu_s(), from_us = now_us();
    way->run(bench);
    const double took_s = (now_us() - from_us) / 1e6;
    client_s = maria_client_cpu_s() - client_s;
    const double behind_ms = maria_catch_up(maria);
    servers_s = maria_servers_cpu_s(maria) - servers_s;
    const char *left = my_value(maria->primary, way->left);
    if (strcmp(left, "0") != 0)
        cannot("%s left %s rows", way->name, left);
    (void)snprintf(name, sizeof(name), "%s.%s", bench->prefix, way->name);
    figure(name, "rows_s", (double)bench->rows / took_s);
    figure(name, "replicated_rows_s", (double)bench->rows / (took_s + behind_ms / 1e3));
    figure(name, "cpu_s", servers_s);
    figure(name, "client_cpu_s", client_s);
    figure(name, "catch_up_ms", behind_ms);
    return (double)bench->rows / took_s;
}

/* Rows a second of ours for each of another's in the same round. */
static void figure_ratios(const struct bench *bench, const char *of, struct measured *ratios)
{
    char name[100];
    (void)snprintf(name, sizeof(name), "%s.of_%s", bench->prefix, of);
    figure(name, "ratio", measured_part(ratios, 0.5));
    figure(name, "ratio_least", measured_part(ratios, 0));
    figure(name, "ratio_most", measured_part(ratios, 1));
    measured_finish(ratios);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        cannot("usage: maria_backfill PREFIX ROWS BATCH ROUNDS");
    struct bench bench = { .prefix = argv[1],
                           .rows = strtoll(argv[2], NULL, 10),
                           .batch = strtoll(argv[3], NULL, 10) };
    struct measured ratios[WAYS] = { 0 };
    maria_start(&bench.maria);
    write_script(&bench);
    for (int i = (int)strtol(argv[4], NULL, 10); i > 0; i--) {
        double rates[WAYS];
        /* there and back, so that nobody always has what the same one left */
        for (int way = 0; way < WAYS; way++) {
            const int turn = i % 2 == 0 ? way : WAYS - 1 - way;
            rates[turn] = measure(&bench, &ways[turn]);
        }
        for (int way = LOOP; way < WAYS; way++)
            measured_add(&ratios[way], rates[OURS] / rates[way]);
    }
    for (int way = LOOP; way < WAYS; way++)
        figure_ratios(&bench, ways[way].name, &ratios[way]);
    figure(bench.prefix, "batch_ms_p50", measured_part(&bench.batches, 0.5));
    figure(bench.prefix, "batch_ms_p99", measured_part(&bench.batches, 0.99));
    figure(bench.prefix, "batch_ms_most", measured_part(&bench.batches, 1));
    measured_finish(&bench.batches);
    maria_stop(&bench.maria);
    return 0;
}
