/*
 * How fast a backfill is, beside what changes the same rows otherwise, one after the other on the same
 * server, each on a fresh copy of the table:
 *
 *   ours   the room's own API
 *   loop   a hand-written loop over libpq: BEGIN, UPDATE by a range of keys that it knows, COMMIT
 *   shell  the same statements in a file, fed to psql
 *   whole  one UPDATE of everything: the limit
 *
 * The connections are to a primary with a replica; how far the replica falls behind meanwhile is a figure,
 * too.
 *
 *   backfill PREFIX DSN ROWS BATCH ROUNDS SCRIPT [alone]
 *
 * SCRIPT is a file to write for psql. "alone" leaves out shell and whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/mem.h"
#include "fill.h"
#include "servers.h"

struct bench {
    struct fill fill;
    const char *script;
    PGconn *conn;
};

/* ---- the table ---- */

static void make_seed(const struct bench *bench)
{
    char sql[600];
    (void)snprintf(
        sql, sizeof(sql),
        "DROP TABLE IF EXISTS seed; CREATE TABLE seed AS SELECT g::bigint AS id, md5(g::text) AS a, md5((g + "
        "1)::text) AS b, NULL::text AS status, now() - g * interval '1 minute' AS created_at FROM "
        "generate_series(1, %lld) g",
        (long long)bench->fill.rows);
    (void)server_ask(bench->conn, sql);
}

/* Nothing is left to be done for it by the server, and the replica has it. */
static void make_table(const struct bench *bench)
{
    (void)server_ask(bench->conn,
                     "DROP TABLE IF EXISTS people; CREATE TABLE people AS TABLE seed; ALTER TABLE people "
                     "ADD PRIMARY KEY (id), SET (autovacuum_enabled = off)");
    (void)server_ask(bench->conn, "VACUUM (ANALYZE) people");
    (void)server_ask(bench->conn, "CHECKPOINT");
    while (strcmp(server_ask(bench->conn, "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn < "
                                          "pg_current_wal_lsn()"),
                  "0") != 0) {
        uv_sleep(20);
    }
}

static void judge(const struct bench *bench, const char *what)
{
    const char *left = server_ask(bench->conn, "SELECT count(*) FROM people WHERE " FILL_WHERE);
    if (strcmp(left, "0") != 0)
        cannot("%s left %s rows", what, left);
}

/* ---- the replica ---- */

struct watch {
    const char *dsn;
    uv_thread_t thread;
    uv_sem_t end;
    double bytes, seconds; /* the most */
};

static void run_watch(void *data)
{
    static const char *const questions[] = {
        "SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0) FROM pg_stat_replication",
        "SELECT coalesce(max(extract(epoch FROM replay_lag)), 0) FROM pg_stat_replication",
    };
    struct watch *watch = data;
    PGconn *conn = server_connect(watch->dsn);
    do {
        double bytes = strtod(server_ask(conn, questions[0]), NULL);
        double seconds = strtod(server_ask(conn, questions[1]), NULL);
        watch->bytes = bytes > watch->bytes ? bytes : watch->bytes;
        watch->seconds = seconds > watch->seconds ? seconds : watch->seconds;
        uv_sleep(100);
    } while (uv_sem_trywait(&watch->end) != 0);
    PQfinish(conn);
}

/* ---- ours and the others ---- */

static void run_ours(struct bench *bench)
{
    fill_ours(&bench->fill);
}

static void run_loop(struct bench *bench)
{
    PGconn *conn = server_connect(bench->fill.dsn);
    for (int64_t from = 0; from < bench->fill.rows; from += bench->fill.batch) {
        char sql[200];
        fill_batch_text(&bench->fill, sql, sizeof(sql), from);
        (void)server_ask(conn, "BEGIN");
        (void)server_ask(conn, sql);
        (void)server_ask(conn, "COMMIT");
    }
    PQfinish(conn);
}

static void run_shell(struct bench *bench)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("psql", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", bench->fill.dsn, "-f",
                     bench->script, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        cannot("psql failed");
}

static void run_whole(struct bench *bench)
{
    PGconn *conn = server_connect(bench->fill.dsn);
    (void)server_ask(conn, "UPDATE people SET " FILL_SET " WHERE " FILL_WHERE);
    PQfinish(conn);
}

/* ---- side by side ---- */

static const struct way {
    const char *name;
    void (*run)(struct bench *bench);
} ways[] = { { "ours", run_ours }, { "loop", run_loop }, { "shell", run_shell }, { "whole", run_whole } };

/* Gives the rows a second. */
static double measure(struct bench *bench, const struct way *way)
{
    struct watch watch = { .dsn = bench->fill.dsn };
    char name[100];
    make_table(bench);
    uv_sem_init(&watch.end, 0);
    uv_thread_create(&watch.thread, run_watch, &watch);
    double cpu_s = server_cpu_s(bench->conn), from_us = now_us();
    way->run(bench);
    double took_s = (now_us() - from_us) / 1e6;
    uv_sleep(100); /* what its process took counts once the server has seen it end */
    cpu_s = server_cpu_s(bench->conn) - cpu_s;
    uv_sem_post(&watch.end);
    uv_thread_join(&watch.thread);
    uv_sem_destroy(&watch.end);
    judge(bench, way->name);
    (void)snprintf(name, sizeof(name), "%s.%s", bench->fill.prefix, way->name);
    figure(name, "rows_s", (double)bench->fill.rows / took_s);
    figure(name, "cpu_s", cpu_s);
    figure(name, "lag_mb", watch.bytes / 1e6);
    figure(name, "lag_ms", watch.seconds * 1e3);
    return (double)bench->fill.rows / took_s;
}

int main(int argc, char **argv)
{
    if (argc < 7)
        cannot("usage: backfill PREFIX DSN ROWS BATCH ROUNDS SCRIPT [alone]");
    struct bench bench = { .fill = { .prefix = argv[1],
                                     .engine = BULK_POSTGRESQL,
                                     .dsn = argv[2],
                                     .rows = strtoll(argv[3], NULL, 10),
                                     .batch = strtoll(argv[4], NULL, 10) },
                           .script = argv[6] };
    const int rounds = (int)strtol(argv[5], NULL, 10);
    const bool alone = argc > 7;
    struct measured ratios = { 0, 0, NULL };
    bench.conn = server_connect(bench.fill.dsn);
    make_seed(&bench);
    fill_write_script(&bench.fill, bench.script);
    for (int i = 0; i < rounds; i++) {
        /* by turns, so that neither always has what the other left */
        double first = measure(&bench, &ways[i % 2]), second = measure(&bench, &ways[1 - i % 2]);
        measured_add(&ratios, i % 2 == 0 ? first / second : second / first);
        for (size_t way = 2; way < ARRAY_LEN(ways) && !alone; way++)
            (void)measure(&bench, &ways[way]);
    }
    figure_ratios(bench.fill.prefix, &ratios);
    fill_figures(&bench.fill);
    (void)server_ask(bench.conn, "DROP TABLE people, seed");
    PQfinish(bench.conn);
    return 0;
}
