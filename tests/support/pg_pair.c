#include "support/pg_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define PORT_BASE 5432

static char bin_dir[200];

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

/* In a child: the servers refuse to run as root. Their end is tied to the keeper's after that, since setuid
 * forgets it. */
static void become_server_user(void)
{
    if (getuid() == 0) {
        const struct passwd *user = getpwnam("postgres");
        if (user == NULL || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
            _exit(126);
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

static pid_t launch(const char *dir, const char *program, const char *const *args)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    char path[300], log[100];
    const char *argv[24] = { path };
    (void)snprintf(path, sizeof(path), "%s/%s", bin_dir, program);
    (void)snprintf(log, sizeof(log), "%s/log", dir);
    for (size_t i = 0; i < 22 && args[i] != NULL; i++)
        argv[i + 1] = args[i];
    become_server_user();
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (fd < 0 || null < 0 || dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0 || chdir(dir) != 0)
        _exit(126);
    for (int other = 3; other < 64; other++)
        (void)close(other);
    (void)execv(path, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int run(const char *dir, const char *program, const char *const *args)
{
    int status;
    pid_t pid = launch(dir, program, args);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "pg_pair: %s failed, see %s/log\n", program, dir);
        return -1;
    }
    return 0;
}

static pid_t serve(const char *dir, enum pg_side side)
{
    char data[100], port[16], sockets[120];
    (void)snprintf(data, sizeof(data), "%s/%d", dir, (int)side);
    (void)snprintf(port, sizeof(port), "%d", PORT_BASE + (int)side);
    (void)snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", dir);
    const char *const args[] = { "-D", data,
                                 "-p", port,
                                 "-c", sockets,
                                 "-c", "listen_addresses=",
                                 "-c", side == PG_PRIMARY ? "cluster_name=one" : "cluster_name=two",
                                 NULL };
    pid_t pid = launch(dir, "postgres", args);
    for (int i = 0; i < 600 && pid > 0; i++) {
        char dsn[200];
        (void)snprintf(dsn, sizeof(dsn), "host=%s port=%s dbname=postgres user=postgres", dir, port);
        if (PQping(dsn) == PQPING_OK)
            return pid;
        if (waitpid(pid, NULL, WNOHANG) == pid)
            break;
        (void)usleep(50000);
    }
    fprintf(stderr, "pg_pair: no server came up in %s\n", dir);
    return -1;
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

static int bring_up(const char *dir, pid_t ret_servers[2])
{
    char first[100], second[100], port[16];
    (void)snprintf(first, sizeof(first), "%s/0", dir);
    (void)snprintf(second, sizeof(second), "%s/1", dir);
    (void)snprintf(port, sizeof(port), "%d", PORT_BASE);
    const char *const init[] = {
        "-D",          first, "-U",   "postgres",          "-A", "trust", "--no-sync",
        "--no-locale", "-E",  "UTF8", "--no-instructions", NULL
    };
    const char *const copy[] = { "-h", dir,      "-p", port,   "-U",        "postgres", "-D", second, "-R",
                                 "-X", "stream", "-c", "fast", "--no-sync", "-C",       "-S", "two",  NULL };
    if (run(dir, "initdb", init) < 0 || write_settings(dir) < 0)
        return -1;
    ret_servers[PG_PRIMARY] = serve(dir, PG_PRIMARY);
    if (ret_servers[PG_PRIMARY] < 0 || run(dir, "pg_basebackup", copy) < 0)
        return -1;
    ret_servers[PG_REPLICA] = serve(dir, PG_REPLICA);
    return ret_servers[PG_REPLICA] < 0 ? -1 : 0;
}

static void stop_server(pid_t pid)
{
    if (pid <= 0)
        return;
    (void)kill(pid, SIGQUIT);
    (void)kill(pid, SIGCONT);
    (void)waitpid(pid, NULL, 0);
}

static void keep(const char *dir, int control, int ready)
{
    pid_t servers[2] = { 0, 0 };
    char byte = 'n';
    (void)setsid();                 /* an interrupt at the keyboard is for the test */
    (void)signal(SIGPIPE, SIG_IGN); /* the test may be gone before its servers are up */
    if (bring_up(dir, servers) == 0)
        byte = 'y';
    if (write(ready, &byte, 1) == 1) {
        while (read(control, &byte, 1) < 0 && errno == EINTR) {
        }
    }
    stop_server(servers[PG_REPLICA]);
    stop_server(servers[PG_PRIMARY]);
    _exit(dir_remove(dir, NULL) < 0);
}

/* ---- the test's side ---- */

static int make_dir(char *dir, size_t size)
{
    const char *tmp = getenv("TMPDIR");
    /* ".s.PGSQL.5432.lock" and the terminator have to fit into 107 bytes as well. */
    if (tmp == NULL || strlen(tmp) > 50)
        tmp = "/tmp";
    (void)snprintf(dir, size, "%s/tminus-pg-XXXXXX", tmp);
    if (mkdtemp(dir) == NULL)
        return -1;
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;
    return user != NULL ? chown(dir, user->pw_uid, user->pw_gid) : 0;
}

int pg_pair_start(struct pg_pair *pair)
{
    int control[2], ready[2];
    if (find_bin_dir() < 0 || make_dir(pair->dir, sizeof(pair->dir)) < 0 || pipe2(control, O_CLOEXEC) != 0 ||
        pipe2(ready, O_CLOEXEC) != 0) {
        fprintf(stderr, "pg_pair: PostgreSQL is needed for this test: %s\n", strerror(errno));
        return -1;
    }
    for (int side = 0; side < 2; side++)
        (void)snprintf(pair->dsn[side], sizeof(pair->dsn[side]),
                       "host=%s port=%d dbname=postgres user=postgres", pair->dir, PORT_BASE + side);
    pair->keeper = fork();
    if (pair->keeper == 0) {
        (void)close(control[1]);
        (void)close(ready[0]);
        keep(pair->dir, control[0], ready[1]);
    }
    (void)close(control[0]);
    (void)close(ready[1]);
    pair->control = control[1];
    char byte = 'n';
    ssize_t n = read(ready[0], &byte, 1);
    (void)close(ready[0]);
    if (n == 1 && byte == 'y')
        return 0;
    pg_pair_stop(pair);
    return -1;
}

void pg_pair_stop(struct pg_pair *pair)
{
    (void)close(pair->control);
    (void)waitpid(pair->keeper, NULL, 0);
}

pid_t pg_pair_pid(const struct pg_pair *pair, enum pg_side side)
{
    char path[120], line[32] = "";
    (void)snprintf(path, sizeof(path), "%s/%d/postmaster.pid", pair->dir, (int)side);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        line[0] = '\0';
    if (file != NULL)
        (void)fclose(file);
    return (pid_t)strtol(line, NULL, 10);
}

PGconn *pg_pair_connect(const struct pg_pair *pair, enum pg_side side, const char *more)
{
    char dsn[400];
    (void)snprintf(dsn, sizeof(dsn), "%s %s", pair->dsn[side], more);
    PGconn *conn = PQconnectdb(dsn);
    if (PQstatus(conn) != CONNECTION_OK) {
        fprintf(stderr, "pg_pair: %s\n", PQerrorMessage(conn));
        abort();
    }
    (void)pg_value(conn, "SET statement_timeout = '30s'"); /* a test that waits for ever says nothing */
    return conn;
}

int pg_pair_open(struct pg_pair *pair, PGconn **ret_admin)
{
    if (pg_pair_start(pair) < 0)
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
        fprintf(stderr, "pg_pair: %s: %s\n", sql, PQerrorMessage(conn));
        abort();
    }
    bool any = PQntuples(res) > 0 && PQnfields(res) > 0;
    (void)snprintf(value, sizeof(value), "%s", any ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return value;
}

/* ---- the loop ---- */

#define TURN_MS 5

static void on_turn(uv_timer_t *turn)
{
    (void)turn;
}

/* It ends on time also when a timer that is due fulfils `done` in a turn that then would wait for something
 * else. */
bool run_until(uv_loop_t *loop, bool (*done)(void *data), void *data, int limit_ms)
{
    uint64_t end_ns = uv_hrtime() + (uint64_t)limit_ms * 1000000;
    uv_timer_t turn;
    uv_timer_init(loop, &turn);
    uv_update_time(loop);
    uv_timer_start(&turn, on_turn, TURN_MS, TURN_MS);
    bool fine = done(data);
    while (!fine && uv_hrtime() < end_ns) {
        (void)uv_run(loop, UV_RUN_ONCE);
        fine = done(data);
    }
    uv_close((uv_handle_t *)&turn, NULL);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    return fine;
}

static bool never(void *data)
{
    (void)data;
    return false;
}

void run_for(uv_loop_t *loop, int ms)
{
    (void)run_until(loop, never, NULL, ms);
}

void run_out(uv_loop_t *loop)
{
    for (int i = 0; i < 100 && uv_loop_alive(loop); i++)
        run_for(loop, 100);
    if (uv_loop_close(loop) != 0) {
        fprintf(stderr, "something is left in the loop\n");
        uv_print_all_handles(loop, stderr);
        abort();
    }
}
