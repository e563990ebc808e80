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

#include "fill.h"
#include "maria.h"

#define SCRIPT "script.sql"

struct bench {
    struct maria maria;
    struct fill fill;
};

/* ---- ours and the others ---- */

static void run_ours(struct bench *bench)
{
    fill_ours(&bench->fill);
}

static void run_loop(struct bench *bench)
{
    MYSQL *mysql = my_pair_connect(&bench->maria.pair, MY_PRIMARY);
    for (int64_t from = 0; from < bench->fill.rows; from += bench->fill.batch) {
        char sql[200];
        fill_batch_text(&bench->fill, sql, sizeof(sql), from);
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
    fill_write_script(&bench->fill, path);
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
    (void)my_value(bench->maria.primary, "UPDATE people SET " FILL_SET " WHERE " FILL_WHERE);
}

static void run_archiver(struct bench *bench, const char *const *does)
{
    char source[200], limit[40];
    (void)snprintf(source, sizeof(source), "S=%s/s0,u=root,D=shop,t=people,L=1", bench->maria.pair.dir);
    (void)snprintf(limit, sizeof(limit), "%lld", (long long)bench->fill.batch);
    const char *argv[24] = { "pt-archiver",
                             "--no-version-check",
                             "--no-check-charset",
                             "--source",
                             source,
                             "--where",
                             FILL_WHERE,
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
    [OURS] = { "ours", run_ours, "SELECT COUNT(*) FROM people WHERE " FILL_WHERE },
    [LOOP] = { "loop", run_loop, "SELECT COUNT(*) FROM people WHERE " FILL_WHERE },
    [SHELL] = { "shell", run_shell, "SELECT COUNT(*) FROM people WHERE " FILL_WHERE },
    [PURGE] = { "purge", run_purge, "SELECT COUNT(*) FROM people" },
    [COPY] = { "copy", run_copy, "SELECT COUNT(*) FROM people WHERE id NOT IN (SELECT id FROM copied)" },
    [WHOLE] = { "whole", run_whole, "SELECT COUNT(*) FROM people WHERE " FILL_WHERE },
};

/* Gives the rows a second. */
static double measure(struct bench *bench, const struct way *way)
{
    const struct maria *maria = &bench->maria;
    char name[100];
    maria_make_table(maria, "people", bench->fill.rows, "NULL");
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
    (void)snprintf(name, sizeof(name), "%s.%s", bench->fill.prefix, way->name);
    figure(name, "rows_s", (double)bench->fill.rows / took_s);
    figure(name, "replicated_rows_s", (double)bench->fill.rows / (took_s + behind_ms / 1e3));
    figure(name, "cpu_s", servers_s);
    figure(name, "client_cpu_s", client_s);
    figure(name, "catch_up_ms", behind_ms);
    return (double)bench->fill.rows / took_s;
}

/* Rows a second of ours for each of another's in the same round. */
static void figure_ratios_of(const struct bench *bench, const char *of, struct measured *ratios)
{
    char name[100];
    (void)snprintf(name, sizeof(name), "%s.of_%s", bench->fill.prefix, of);
    figure_ratios(name, ratios);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        cannot("usage: maria_backfill PREFIX ROWS BATCH ROUNDS");
    struct bench bench = { .fill = { .prefix = argv[1],
                                     .engine = BULK_MYSQL,
                                     .rows = strtoll(argv[2], NULL, 10),
                                     .batch = strtoll(argv[3], NULL, 10) } };
    struct measured ratios[WAYS] = { 0 };
    maria_start(&bench.maria);
    bench.fill.dsn = bench.maria.pair.dsn[MY_PRIMARY];
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
        figure_ratios_of(&bench, ways[way].name, &ratios[way]);
    fill_figures(&bench.fill);
    maria_stop(&bench.maria);
    return 0;
}
