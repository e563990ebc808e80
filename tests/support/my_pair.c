#include "support/my_pair.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

/* ---- the keeper's side ---- */

struct start {
    const struct my_pair *pair;
    int servers;
};

static int bring_up(const void *data, pid_t ret_servers[2]);

static const struct keeper_kind kind = {
    .name = "my", .user = "tminus-lab", .end_signal = SIGKILL, .bring_up = bring_up
};

static MYSQL *try_connect(const char *dir, int side)
{
    char path[120];
    MYSQL *mysql = mysql_init(NULL);
    (void)snprintf(path, sizeof(path), "%s/s%d", dir, side);
    if (mysql_real_connect(mysql, "localhost", "root", NULL, NULL, 0, path, 0) != NULL)
        return mysql;
    mysql_close(mysql);
    return NULL;
}

struct place {
    const char *dir;
    int side;
};

static bool is_up(const void *data)
{
    const struct place *place = data;
    MYSQL *mysql = try_connect(place->dir, place->side);
    if (mysql != NULL)
        mysql_close(mysql);
    return mysql != NULL;
}

/* ---- what the two flavours call things ---- */

/* clang-format off */
static const char *const of_mariadb[] = {
    "--gtid-strict-mode", "--log-slave-updates", "--innodb-log-file-size=16M", "--debug-no-sync", "--skip-sync-frm",
    NULL
};
/* performance_schema is as MariaDB has it when nobody says anything. */
static const char *const of_mysql[] = {
    "--gtid-mode=ON", "--enforce-gtid-consistency=ON", "--innodb-redo-log-capacity=16M", "--mysqlx=OFF",
    "--secure-file-priv=NULL", "--performance-schema=OFF", NULL
};
static const char *const mysql_users[] = {
    "CREATE USER root@'127.0.0.1'", "GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION", NULL
};
static const char *const no_users[] = { NULL };

static const struct flavour {
    const char *const *options, *const *users;
    const char *change, *and_change, *start, *limit; /* the port stands between the first two */
} flavours[] = {
    { of_mariadb, no_users,
      "CHANGE MASTER TO master_host='127.0.0.1', master_user='repl', master_password='r', master_port=",
      ", master_use_gtid=slave_pos, master_connect_retry=1",
      "START SLAVE", "SET max_statement_time = 30" },
    { of_mysql, mysql_users,
      "CHANGE REPLICATION SOURCE TO source_host='127.0.0.1', source_user='repl', source_password='r', source_port=",
      ", source_auto_position=1, source_connect_retry=1, get_source_public_key=1",
      "START REPLICA", "SET max_execution_time = 30000" },
};
/* clang-format on */

static const char *mysql_program(void)
{
    const char *program = getenv("TMINUS_TEST_MYSQLD");
    return program != NULL && program[0] != '\0' ? program : NULL;
}

bool my_pair_is_mysql(void)
{
    return mysql_program() != NULL;
}

static const struct flavour *flavour(void)
{
    return &flavours[my_pair_is_mysql()];
}

static pid_t serve(const struct my_pair *pair, int side)
{
    char data[120], path[120], pid_file[120], tmp[120], port[32], id[32];
    (void)snprintf(data, sizeof(data), "--datadir=%s/%d", pair->dir, side);
    (void)snprintf(path, sizeof(path), "--socket=%s/s%d", pair->dir, side);
    (void)snprintf(pid_file, sizeof(pid_file), "--pid-file=%s/pid%d", pair->dir, side);
    /* A server that starts removes the temporary tables of all servers from its directory for them. */
    (void)snprintf(tmp, sizeof(tmp), "--tmpdir=%s/%d", pair->dir, side);
    (void)snprintf(port, sizeof(port), "--port=%d", pair->port[side]);
    (void)snprintf(id, sizeof(id), "--server-id=%d", side + 1);
    const char *argv[40] = { my_pair_is_mysql() ? mysql_program() : "mariadbd",
                             "--no-defaults",
                             data,
                             path,
                             pid_file,
                             tmp,
                             port,
                             id,
                             "--bind-address=127.0.0.1",
                             "--skip-name-resolve",
                             "--innodb-buffer-pool-size=32M",
                             "--innodb-flush-log-at-trx-commit=0",
                             "--innodb-flush-method=nosync",
                             "--skip-innodb-doublewrite",
                             "--log-bin=bin",
                             "--binlog-format=ROW",
                             "--sync-binlog=0",
                             "--max-connections=60",
                             "--max-allowed-packet=64M" };
    size_t count = 0;
    while (argv[count] != NULL)
        count++;
    for (const char *const *option = flavour()->options; *option != NULL; option++)
        argv[count++] = *option;
    for (size_t i = 0; i < MY_OPTIONS_MAX && pair->options[i] != NULL; i++)
        argv[count++] = pair->options[i];
    return keeper_serve(&kind, pair->dir, argv, is_up, &(struct place){ pair->dir, side });
}

static int tell(const struct my_pair *pair, int side, const char *const *texts)
{
    MYSQL *mysql = try_connect(pair->dir, side);
    int r = mysql == NULL ? -1 : 0;
    for (; r == 0 && *texts != NULL; texts++) {
        if (mysql_query(mysql, *texts) != 0) {
            fprintf(stderr, "my: %s: %s\n", *texts, mysql_error(mysql));
            r = -1;
        }
    }
    if (mysql != NULL)
        mysql_close(mysql);
    return r;
}

static int follow(const struct my_pair *pair)
{
    char source[300];
    (void)snprintf(source, sizeof(source), "%s%d%s", flavour()->change, pair->port[MY_PRIMARY],
                   flavour()->and_change);
    const char *const texts[] = { source, flavour()->start, "SET GLOBAL read_only = 1", NULL };
    return tell(pair, MY_REPLICA, texts);
}

/* The data of the first, and a copy of them that is another server's. */
static int make_data(const struct my_pair *pair, int count)
{
    char data[120], tmp[120], first[100], second[100], uuid[120];
    (void)snprintf(data, sizeof(data), "--datadir=%s/0", pair->dir);
    (void)snprintf(tmp, sizeof(tmp), "--tmpdir=%s", pair->dir); /* a server is started to install, too */
    (void)snprintf(first, sizeof(first), "%s/0", pair->dir);
    (void)snprintf(second, sizeof(second), "%s/1", pair->dir);
    (void)snprintf(uuid, sizeof(uuid), "%s/1/auto.cnf", pair->dir);
    const char *const install[] = { "mariadb-install-db",
                                    "--no-defaults",
                                    data,
                                    tmp,
                                    "--auth-root-authentication-method=normal",
                                    "--skip-test-db",
                                    NULL };
    const char *const initialize[] = {
        mysql_program(), "--no-defaults", data, tmp, "--initialize-insecure", NULL
    };
    const char *const copy[] = { "cp", "-r", first, second, NULL };
    const char *const forget[] = { "rm", "-f", uuid, NULL };
    if (keeper_run(&kind, pair->dir, my_pair_is_mysql() ? initialize : install) < 0)
        return -1;
    return count == 2 && (keeper_run(&kind, pair->dir, copy) < 0 || keeper_run(&kind, pair->dir, forget) < 0)
               ? -1
               : 0;
}

static int bring_up(const void *start, pid_t ret_servers[2])
{
    static const char *const primary[] = { "CREATE DATABASE shop",
                                           "CREATE USER repl@'127.0.0.1' IDENTIFIED BY 'r'",
                                           "GRANT REPLICATION SLAVE ON *.* TO repl@'127.0.0.1'", NULL };
    const struct my_pair *pair = ((const struct start *)start)->pair;
    int count = ((const struct start *)start)->servers;
    if (make_data(pair, count) < 0)
        return -1;
    for (int side = 0; side < count; side++) {
        ret_servers[side] = serve(pair, side);
        if (ret_servers[side] < 0)
            return -1;
    }
    if (tell(pair, MY_PRIMARY, flavour()->users) < 0 || tell(pair, MY_PRIMARY, primary) < 0)
        return -1;
    return count == 2 ? follow(pair) : 0;
}

/* ---- the test's side ---- */

/* Ports that nobody has, held together until all are known. */
static int find_ports(int ret_ports[2])
{
    int fds[2], r = 0;
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof(at);
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fds[i], (struct sockaddr *)&at, len) != 0 ||
            getsockname(fds[i], (struct sockaddr *)&at, &len) != 0)
            r = -1;
        ret_ports[i] = ntohs(at.sin_port);
    }
    (void)close(fds[0]);
    (void)close(fds[1]);
    return r;
}

/* The package has the server where only root's path looks. */
static void extend_path(void)
{
    char path[4096];
    const char *old = getenv("PATH");
    (void)snprintf(path, sizeof(path), "%s:/usr/sbin:/usr/local/sbin", old != NULL ? old : "/usr/bin:/bin");
    (void)setenv("PATH", path, 1);
}

static void name_servers(struct my_pair *pair)
{
    for (int side = 0; side < 2; side++) {
        (void)snprintf(pair->dsn[side], sizeof(pair->dsn[side]), "unix_socket=%s/s%d user=root dbname=shop",
                       pair->dir, side);
        (void)snprintf(pair->tcp_dsn[side], sizeof(pair->tcp_dsn[side]),
                       "host=127.0.0.1 port=%d user=root dbname=shop", pair->port[side]);
    }
}

int my_pair_start(struct my_pair *pair, int servers)
{
    const struct start start = { pair, servers };
    extend_path();
    if (find_ports(pair->port) < 0) {
        fprintf(stderr, "my: no ports\n");
        return -1;
    }
    if (keeper_make_dir(&kind, pair->dir) < 0)
        return -1;
    name_servers(pair);
    return keeper_start(&pair->keeper, &kind, pair->dir, &start);
}

void my_pair_stop(struct my_pair *pair)
{
    keeper_stop(&pair->keeper);
}

pid_t my_pair_pid(const struct my_pair *pair, enum my_side side)
{
    return keeper_pid_in(pair->dir, side == MY_PRIMARY ? "pid0" : "pid1");
}

MYSQL *my_pair_connect(const struct my_pair *pair, enum my_side side)
{
    MYSQL *mysql = try_connect(pair->dir, (int)side);
    if (mysql == NULL) {
        fprintf(stderr, "my: no connection to %s\n", pair->dsn[side]);
        abort();
    }
    if (side == MY_PRIMARY)
        (void)my_value(mysql, "USE shop");
    (void)my_value(mysql, flavour()->limit); /* a test that waits for ever says nothing */
    return mysql;
}

const char *my_value(MYSQL *mysql, const char *sql)
{
    static char value[4096];
    MYSQL_RES *res = NULL;
    if (mysql_query(mysql, sql) == 0)
        res = mysql_store_result(mysql);
    if (mysql_errno(mysql) != 0) {
        fprintf(stderr, "my: %s: %s\n", sql, mysql_error(mysql));
        abort();
    }
    MYSQL_ROW row = res != NULL ? mysql_fetch_row(res) : NULL;
    (void)snprintf(value, sizeof(value), "%s", row != NULL && row[0] != NULL ? row[0] : "");
    if (res != NULL)
        mysql_free_result(res);
    return value;
}

void my_make_sequences(MYSQL *mysql)
{
    static const int lasts[] = { 4, 1000, 20000, 60000 };
    char sql[300];
    if (!my_pair_is_mysql())
        return;
    (void)my_value(mysql, "SET cte_max_recursion_depth = 100000");
    for (size_t i = 0; i < ARRAY_LEN(lasts); i++) {
        (void)snprintf(sql, sizeof(sql),
                       "CREATE TABLE IF NOT EXISTS seq_1_to_%d (seq bigint unsigned PRIMARY KEY)", lasts[i]);
        (void)my_value(mysql, sql);
        (void)snprintf(
            sql, sizeof(sql),
            "INSERT IGNORE INTO seq_1_to_%d WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
            " WHERE i < %d) SELECT i FROM n",
            lasts[i], lasts[i]);
        (void)my_value(mysql, sql);
    }
}
