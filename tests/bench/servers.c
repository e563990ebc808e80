#include "servers.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "figure.h"

PGconn *server_connect(const char *dsn)
{
    PGconn *conn = PQconnectdb(dsn);
    if (PQstatus(conn) != CONNECTION_OK)
        cannot("%s", PQerrorMessage(conn));
    (void)server_ask(conn, "SET client_min_messages = warning");
    return conn;
}

const char *server_ask(PGconn *conn, const char *sql)
{
    static _Thread_local char value[200];
    PGresult *res = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        cannot("%.60s: %s", sql, PQerrorMessage(conn));
    bool any = PQntuples(res) > 0 && PQnfields(res) > 0;
    (void)snprintf(value, sizeof(value), "%s", any ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return value;
}

/* Its parent, and its times in ticks: user, system, and those of its children that have ended (proc(5)). */
static bool read_process(const char *pid, long *ret_parent, double *ret_ticks)
{
    char path[300], line[1000];
    unsigned long user, system;
    long ended_user, ended_system;
    (void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool fine = fgets(line, sizeof(line), file) != NULL;
    (void)fclose(file);
    const char *at = fine ? strrchr(line, ')') : NULL; /* a program's name may have anything in it */
    if (at == NULL || sscanf(at + 1, " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
                             ret_parent, &user, &system, &ended_user, &ended_system) != 5)
        return false;
    *ret_ticks = (double)user + (double)system + (double)ended_user + (double)ended_system;
    return true;
}

double server_cpu_s(PGconn *conn)
{
    const long postmaster =
        strtol(server_ask(conn, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)"), NULL, 10);
    DIR *processes = opendir("/proc");
    double sum = 0;
    if (processes == NULL)
        cannot("there is no /proc");
    for (const struct dirent *entry = readdir(processes); entry != NULL; entry = readdir(processes)) {
        long parent;
        double ticks;
        if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
            read_process(entry->d_name, &parent, &ticks) &&
            (parent == postmaster || strtol(entry->d_name, NULL, 10) == postmaster))
            sum += ticks;
    }
    (void)closedir(processes);
    return sum / (double)sysconf(_SC_CLK_TCK);
}
