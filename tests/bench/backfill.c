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
#include "bulk/backfill.h"
#include "driver/postgresql.h"
#include "figure.h"
#include "servers.h"

#define SET_   "status = 'active'"
#define WHERE_ "status IS NULL"

struct bench {
    const char *prefix, *dsn, *script;
    int64_t rows, batch;
    PGconn *conn;
    struct measured batches; /* of ours, ms */
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
        (long long)bench->rows);
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
    const char *left = server_ask(bench->conn, "SELECT count(*) FROM people WHERE " WHERE_);
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

/* ---- ours ---- */

struct ours {
    struct bench *bench;
    double batch_us; /* when it was sent */
    bool done;
};

static const char *on_may_go_on(void *data)
{
    struct ours *ours = data;
    double now = now_us();
    if (ours->batch_us > 0)
        measured_add(&ours->bench->batches, (now - ours->batch_us) / 1e3);
    ours->batch_us = now;
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
    const struct driver_target target = {
        .id = "primary", .dsn = bench->dsn, .application_name = "bench", .connect_timeout_us = 5 * SECOND_US
    };
    uv_loop_init(&loop);
    struct driver *driver = driver_postgresql_create(&loop, &target);
    const struct backfill_config config = { .driver = driver,
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
    PGconn *conn = server_connect(bench->dsn);
    for (int64_t from = 0; from < bench->rows; from += bench->batch) {
        char sql[200];
        batch_text(sql, sizeof(sql), from, from + bench->batch);
        (void)server_ask(conn, "BEGIN");
        (void)server_ask(conn, sql);
        (void)server_ask(conn, "COMMIT");
    }
    PQfinish(conn);
}

static void write_script(const struct bench *bench)
{
    FILE *file = fopen(bench->script, "we");
    if (file == NULL)
        cannot("cannot write %s", bench->script);
    for (int64_t from = 0; from < bench->rows; from += bench->batch) {
        char sql[200];
        batch_text(sql, sizeof(sql), from, from + bench->batch);
        (void)fprintf(file, "BEGIN;\n%s;\nCOMMIT;\n", sql);
    }
    (void)fclose(file);
}

static void run_shell(struct bench *bench)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execlp("psql", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", bench->dsn, "-f",
                     bench->script, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        cannot("psql failed");
}

static void run_whole(struct bench *bench)
{
    PGconn *conn = server_connect(bench->dsn);
    (void)server_ask(conn, "UPDATE people SET " SET_ " WHERE " WHERE_);
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
    struct watch watch = { .dsn = bench->dsn };
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
    (void)snprintf(name, sizeof(name), "%s.%s", bench->prefix, way->name);
    figure(name, "rows_s", (double)bench->rows / took_s);
    figure(name, "cpu_s", cpu_s);
    figure(name, "lag_mb", watch.bytes / 1e6);
    figure(name, "lag_ms", watch.seconds * 1e3);
    return (double)bench->rows / took_s;
}

int main(int argc, char **argv)
{
    if (argc < 7)
        cannot("usage: backfill PREFIX DSN ROWS BATCH ROUNDS SCRIPT [alone]");
    struct bench bench = { .prefix = argv[1],
                           .dsn = argv[2],
                           .rows = strtoll(argv[3], NULL, 10),
                           .batch = strtoll(argv[4], NULL, 10),
                           .script = argv[6] };
    const int rounds = (int)strtol(argv[5], NULL, 10);
    const bool alone = argc > 7;
    struct measured ratios = { 0, 0, NULL };
    bench.conn = server_connect(bench.dsn);
    make_seed(&bench);
    write_script(&bench);
    for (int i = 0; i < rounds; i++) {
        /* by turns, so that neither always has what the other left */
        double first = measure(&bench, &ways[i % 2]), second = measure(&bench, &ways[1 - i % 2]);
        measured_add(&ratios, i % 2 == 0 ? first / second : second / first);
        for (size_t way = 2; way < ARRAY_LEN(ways) && !alone; way++)
            (void)measure(&bench, &ways[way]);
    }
    figure(bench.prefix, "ratio", measured_part(&ratios, 0.5));
    figure(bench.prefix, "ratio_least", measured_part(&ratios, 0));
    figure(bench.prefix, "ratio_most", measured_part(&ratios, 1));
    figure(bench.prefix, "batch_ms_p50", measured_part(&bench.batches, 0.5));
    figure(bench.prefix, "batch_ms_p99", measured_part(&bench.batches, 0.99));
    figure(bench.prefix, "batch_ms_most", measured_part(&bench.batches, 1));
    measured_finish(&ratios);
    measured_finish(&bench.batches);
    (void)server_ask(bench.conn, "DROP TABLE people, seed");
    PQfinish(bench.conn);
    return 0;
}
