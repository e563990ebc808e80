#include "maria.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"
#include "process.h"

/* ---- the servers ---- */

static MYSQL *connect_to(const struct maria *maria, enum my_side side)
{
    MYSQL *mysql = my_pair_connect(&maria->pair, side);
    (void)my_value(mysql, "SET max_statement_time = 0");
    return mysql;
}

/* What the tests' servers give up for speed is taken back, and what is measured fits into memory and log:
 * nobody has to write the pages that somebody else has changed. */
static void make_durable(MYSQL *mysql)
{
    static const char *const texts[] = { "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
                                         "SET GLOBAL sync_binlog = 1",
                                         "SET GLOBAL innodb_buffer_pool_size = 512 * 1024 * 1024",
                                         "SET GLOBAL innodb_log_file_size = 256 * 1024 * 1024" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        (void)my_value(mysql, texts[i]);
}

void maria_start(struct maria *maria)
{
    memset(maria, 0, sizeof(*maria));
    maria->pair.options[0] = "--innodb-flush-method=fsync";
    maria->pair.options[1] = "--innodb-doublewrite=ON";
    maria->pair.options[2] = "--skip-debug-no-sync";
    if (my_pair_is_mysql())
        cannot("what is measured here is MariaDB: TMINUS_TEST_MYSQLD must not be set");
    if (my_pair_start(&maria->pair, 2) < 0)
        cannot("no servers");
    maria->primary = connect_to(maria, MY_PRIMARY);
    maria->replica = connect_to(maria, MY_REPLICA);
    make_durable(maria->primary);
    make_durable(maria->replica);
}

void maria_stop(struct maria *maria)
{
    mysql_close(maria->primary);
    mysql_close(maria->replica);
    my_pair_stop(&maria->pair);
}

void maria_make_table(const struct maria *maria, const char *table, int64_t rows, const char *status)
{
    char sql[600];
    (void)snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS %s", table);
    (void)my_value(maria->primary, sql);
    (void)snprintf(
        sql, sizeof(sql),
        "CREATE TABLE %s (id bigint NOT NULL PRIMARY KEY, a varchar(40) NOT NULL, b varchar(40) "
        "NOT NULL, status varchar(20), created_at datetime NOT NULL) ENGINE = InnoDB CHARACTER SET utf8mb4",
        table);
    (void)my_value(maria->primary, sql);
    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO %s SELECT seq, MD5(seq), MD5(seq + 1), %s, '2026-01-01' - INTERVAL seq MINUTE "
        "FROM seq_1_to_%lld",
        table, status, (long long)rows);
    (void)my_value(maria->primary, sql);
    (void)snprintf(sql, sizeof(sql), "ANALYZE TABLE %s", table);
    (void)my_value(maria->primary, sql);
}

/* ---- waiting ---- */

double maria_catch_up(const struct maria *maria)
{
    char sql[300];
    const double from_us = now_us();
    (void)snprintf(sql, sizeof(sql), "SELECT MASTER_GTID_WAIT('%s', 300)",
                   my_value(maria->primary, "SELECT @@gtid_binlog_pos"));
    if (strcmp(my_value(maria->replica, sql), "0") != 0)
        cannot("the replica has not caught up within five minutes");
    return (now_us() - from_us) / 1e3;
}

/* ---- processes ---- */

double maria_servers_cpu_s(const struct maria *maria)
{
    return process_cpu_s(my_pair_pid(&maria->pair, MY_PRIMARY)) +
           process_cpu_s(my_pair_pid(&maria->pair, MY_REPLICA));
}

double maria_client_cpu_s(void)
{
    return process_cpu_s(getpid());
}

static void redirect(const struct maria *maria, const char *name, int flags, int fd)
{
    char path[200];
    (void)snprintf(path, sizeof(path), "%s/%s", maria->pair.dir, name);
    int file = open(name != NULL ? path : "/dev/null", flags, 0600);
    if (file < 0 || dup2(file, fd) < 0)
        _exit(126);
}

void maria_run(const struct maria *maria, const char *const *argv, const char *input, const char *output)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        redirect(maria, input, O_RDONLY, STDIN_FILENO);
        redirect(maria, output, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
        (void)setenv("HOME", maria->pair.dir, 1); /* nobody's settings */
        (void)execvp(argv[0], (char *const *)argv);
        (void)fprintf(stderr, "%s is not installed\n", argv[0]);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        cannot("%s failed (its output says why)", argv[0]);
}
