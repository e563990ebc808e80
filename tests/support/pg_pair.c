#include "support/pg_pair.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_BASE 5432

static char bin_dir[200];
static bool old; /* initdb does not know all words yet */
static int count;

/* ---- the keeper ---- */

/* What pg_config says; reads the child's one line. */
static void ask_pg_config(void)
{
    int ends[2];
    size_t len = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], 1);
        (void)execlp("pg_config", "pg_config", "--bindir", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    for (ssize_t n = 1; n > 0 && len < sizeof(bin_dir) - 1; len += (size_t)n) {
        n = read(ends[0], bin_dir + len, sizeof(bin_dir) - 1 - len);
        n = n < 0 ? 0 : n;
    }
    (void)close(ends[0]);
    (void)waitpid(pid, NULL, 0);
    bin_dir[len] = '\0';
    bin_dir[strcspn(bin_dir, "\n")] = '\0';
}

static int find_bin_dir(void)
{
    static const char usual[] = "/usr/lib/postgresql/15/bin";
    if (access("/usr/lib/postgresql/15/bin/postgres", X_OK) == 0)
        memcpy(bin_dir, usual, sizeof(usual));
    else
        ask_pg_config();
    return bin_dir[0] == '\0' ? -1 : 0;
}

static int bring_up(const void *data, pid_t ret_servers[2]);

static const struct keeper_kind kind = {
    .name = "pg", .user = "postgres", .end_signal = SIGQUIT, .bring_up = bring_up
};

static int run(const char *dir, const char *program, const char *const *args)
{
    char path[300];
    const char *argv[24] = { path };
    (void)snprintf(path, sizeof(path), "%s/%s", bin_dir, program);
    for (size_t i = 0; i < 22 && args[i] != NULL; i++)
        argv[i + 1] = args[i];
    return keeper_run(&kind, dir, argv);
}

static bool is_up(const void *dsn)
{
    return PQping(dsn) == PQPING_OK;
}

static pid_t serve(const char *dir, enum pg_side side)
{
    char program[300], data[100], port[16], sockets[120], dsn[200];
    (void)snprintf(program, sizeof(program), "%s/postgres", bin_dir);
    (void)snprintf(data, sizeof(data), "%s/%d", dir, (int)side);
    (void)snprintf(port, sizeof(port), "%d", PORT_BASE + (int)side);
    (void)snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", dir);
    (void)snprintf(dsn, sizeof(dsn), "host=%s port=%s dbname=postgres user=postgres", dir, port);
    const char *const argv[] = { program,
                                 "-D",
                                 data,
                                 "-p",
                                 port,
                                 "-c",
                                 sockets,
                                 "-c",
                                 "listen_addresses=",
                                 "-c",
                                 side == PG_PRIMARY ? "cluster_name=one" : "cluster_name=two",
                                 NULL };
    return keeper_serve(&kind, dir, argv, is_up, dsn);
}

static int write_settings(const char *dir)
{
    static const char settings[] = "fsync = off\nfull_page_writes = off\nshared_buffers = 16MB\n"
                                   "max_connections = 60\nwal_level = logical\nmax_wal_senders = 5\n"
                                   "max_replication_slots = 5\nmax_prepared_transactions = 5\n"
                                   "hot_standby_feedback = on\nautovacuum = off\nautovacuum_naptime = 1d\n"
                                   "wal_receiver_status_interval = 1s\nlog_min_messages = fatal\n";
    char path[120];
    (void)snprintf(path, sizeof(path), "%s/0/postgresql.conf", dir);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, settings, sizeof(settings) - 1) != (ssize_t)sizeof(settings) - 1)
        return -1;
    return close(fd);
}

static int bring_up(const void *data, pid_t ret_servers[2])
{
    const char *dir = data;
    char first[100], second[100], port[16];
    (void)snprintf(first, sizeof(first), "%s/0", dir);
    (void)snprintf(second, sizeof(second), "%s/1", dir);
    (void)snprintf(port, sizeof(port), "%d", PORT_BASE);
    const char *const init[] = { "-D",
                                 first,
                                 "-U",
                                 "postgres",
                                 "-A",
                                 "trust",
                                 "--no-sync",
                                 "--no-locale",
                                 "-E",
                                 "UTF8",
                                 old ? NULL : "--no-instructions",
                                 NULL };
    const char *const copy[] = { "-h", dir,      "-p", port,   "-U",        "postgres", "-D", second, "-R",
                                 "-X", "stream", "-c", "fast", "--no-sync", "-C",       "-S", "two",  NULL };
    if (run(dir, "initdb", init) < 0 || write_settings(dir) < 0)
        return -1;
    ret_servers[PG_PRIMARY] = serve(dir, PG_PRIMARY);
    if (ret_servers[PG_PRIMARY] >= 0 && count == 1)
        return 0;
    if (ret_servers[PG_PRIMARY] < 0 || run(dir, "pg_basebackup", copy) < 0)
        return -1;
    ret_servers[PG_REPLICA] = serve(dir, PG_REPLICA);
    return ret_servers[PG_REPLICA] < 0 ? -1 : 0;
}

/* ---- the test's side ---- */

static int start(struct pg_pair *pair)
{
    char dir[KEEPER_DIR_MAX]; /* a copy: the compiler cannot tell that the two in a pair do not overlap */
    if (keeper_make_dir(&kind, dir) < 0)
        return -1;
    memcpy(pair->dir, dir, sizeof(dir));
    for (int side = 0; side < 2; side++)
        (void)snprintf(pair->dsn[side], sizeof(pair->dsn[side]),
                       "host=%s port=%d dbname=postgres user=postgres", dir, PORT_BASE + side);
    return keeper_start(&pair->keeper, &kind, pair->dir, pair->dir);
}

int pg_pair_start(struct pg_pair *pair, int servers)
{
    old = false;
    count = servers;
    if (find_bin_dir() == 0)
        return start(pair);
    fprintf(stderr, "pg: PostgreSQL is needed for this test\n");
    return -1;
}

int pg_old_start(struct pg_pair *pair)
{
    const char *directory = getenv("TMINUS_PG12");
    old = true;
    count = 1;
    if (directory == NULL) {
        fprintf(stderr, "pg: TMINUS_PG12 names no PostgreSQL 12: ./dev setup makes one\n");
        return -1;
    }
    (void)snprintf(bin_dir, sizeof(bin_dir), "%s/bin", directory);
    return start(pair);
}

void pg_pair_stop(struct pg_pair *pair)
{
    keeper_stop(&pair->keeper);
}

pid_t pg_pair_pid(const struct pg_pair *pair, enum pg_side side)
{
    return keeper_pid_in(pair->dir, side == PG_PRIMARY ? "0/postmaster.pid" : "1/postmaster.pid");
}

PGconn *pg_pair_connect(const struct pg_pair *pair, enum pg_side side, const char *more)
{
    char dsn[400];
    (void)snprintf(dsn, sizeof(dsn), "%s %s", pair->dsn[side], more);
    PGconn *conn = PQconnectdb(dsn);
    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "pg: %s\n", PQerrorMessage(conn));
        abort();
    }
    (void)pg_value(conn, "SET statement_timeout = '30s'"); /* a test that waits for ever says nothing */
    return conn;
}

int pg_pair_open(struct pg_pair *pair, int servers, PGconn **ret_admin)
{
    if (pg_pair_start(pair, servers) < 0)
        return -1;
    *ret_admin = pg_pair_connect(pair, PG_PRIMARY, "");
    return 0;
}

void pg_pair_close(struct pg_pair *pair, PGconn *admin)
{
    PQfinish(admin);
    pg_pair_stop(pair);
}

const char *pg_value(PGconn *conn, const char *sql)
{
    static char value[4096];
    PGresult *res = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fprintf(stderr, "pg: %s: %s\n", sql, PQerrorMessage(conn));
        abort();
    }
    bool any = PQntuples(res) > 0 && PQnfields(res) > 0;
    (void)snprintf(value, sizeof(value), "%s", any ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return value;
}
